//! The parts of one file, for who wants to see them.

use rusqlite::{Connection, params};
use windlass_core::ids::FileId;
use windlass_core::states::PartState;
use windlass_core::time::Timestamp;
use windlass_core::units::Crc64Nvme;

use crate::QueueError;
use crate::row::{self, key};

/// A part as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    /// From 1.
    pub number: u32,
    /// What is.
    pub state: PartState,
    /// Bytes.
    pub size: u64,
    /// Checksum, once it is stored.
    pub crc64: Option<Crc64Nvme>,
    /// When the destination confirmed it.
    pub uploaded_at: Option<Timestamp>,
}

/// Parts of a file from a number on.
///
/// # Errors
/// As for every read.
pub fn parts(conn: &Connection, file: FileId, from: u32, limit: u32) -> Result<Vec<PartRow>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT number, state, size, crc64, uploaded_at FROM part WHERE file_id = ?1 AND number >= ?2
         ORDER BY number LIMIT ?3",
    )?;
    let parts = q.query_map(params![key(file), from, limit], |r| {
        Ok(PartRow {
            number: r.get(0)?,
            state: row::word(r, 1)?,
            size: row::unsigned(r, 2)?,
            crc64: row::crc64(r, 3)?,
            uploaded_at: row::maybe_time(r, 4)?,
        })
    })?;
    Ok(parts.collect::<Result<_, _>>()?)
}
