//! What jobs got out of files: text in pieces, chunks with vectors, hashes that were proved later. Written in the
//! transaction of the report, so it is there once or not at all.

use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, FileId, ObjectId, OwnerId};
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, Sha256};

use super::canonical;
use crate::db::{Tx, Value, params, rows_list};

/// Rows of one statement.
const TOGETHER: usize = 64;

/// A piece of text: where it stood, and the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    /// Its number.
    pub n: u64,
    /// Where it stood, as its reader wrote it.
    pub place: String,
    /// The words.
    pub text: String,
}

/// A chunk with its vector, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkRow {
    /// The words.
    pub text: String,
    /// Little-endian `f32`s.
    pub vector: Vec<u8>,
}

/// Writes the text of a file in place of what was there.
///
/// # Errors
/// As the database answers.
pub fn put_texts(
    tx: &mut dyn Tx,
    owner: OwnerId,
    session: FileId,
    pieces: &[TextRow],
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "DELETE FROM document_text WHERE owner_id = ?1 AND session_id = ?2",
        params![owner, session],
    )?;
    for some in pieces.chunks(TOGETHER) {
        let values: Vec<Value> = some
            .iter()
            .flat_map(|p| {
                [
                    owner.into(),
                    session.into(),
                    p.n.into(),
                    p.place.as_str().into(),
                    p.text.as_str().into(),
                    now.into(),
                ]
            })
            .collect();
        let rows = rows_list(1, some.len(), 6);
        tx.execute(
            &format!(
                "INSERT INTO document_text (owner_id, session_id, n, place, text, created_at) VALUES {rows}"
            ),
            &values,
        )?;
    }
    Ok(())
}

/// Writes the chunks of a file in place of what was there.
///
/// # Errors
/// As the database answers.
pub fn put_chunks(
    tx: &mut dyn Tx,
    owner: OwnerId,
    session: FileId,
    model: &str,
    chunks: &[ChunkRow],
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "DELETE FROM chunk WHERE owner_id = ?1 AND session_id = ?2",
        params![owner, session],
    )?;
    for (at, some) in chunks.chunks(TOGETHER).enumerate() {
        let values: Vec<Value> = some
            .iter()
            .enumerate()
            .flat_map(|(n, c)| {
                [
                    owner.into(),
                    session.into(),
                    (at * TOGETHER + n).into(),
                    c.text.as_str().into(),
                    c.vector.clone().into(),
                    model.into(),
                    now.into(),
                ]
            })
            .collect();
        let rows = rows_list(1, some.len(), 7);
        tx.execute(
            &format!(
                "INSERT INTO chunk (owner_id, session_id, n, text, vector, model, created_at) VALUES {rows}"
            ),
            &values,
        )?;
    }
    Ok(())
}

/// Text of a file from a number on.
///
/// # Errors
/// As the database answers.
pub fn texts(
    tx: &mut dyn Tx,
    owner: OwnerId,
    session: FileId,
    from: u64,
    most: u32,
) -> Result<Vec<TextRow>, Failure> {
    let rows = tx.query(
        "SELECT n, COALESCE(place, ''), text FROM document_text
         WHERE owner_id = ?1 AND session_id = ?2 AND n >= ?3 ORDER BY n LIMIT ?4",
        params![owner, session, from, most],
    )?;
    let read = |r: &crate::db::Row| {
        Ok(TextRow {
            n: r.get(0)?,
            place: r.get(1)?,
            text: r.get(2)?,
        })
    };
    rows.iter().map(read).collect()
}

/// A hash that the server computed itself, of an object whose hash nobody had proved (M6).
///
/// # Errors
/// As the database answers.
pub fn prove(
    tx: &mut dyn Tx,
    object: ObjectId,
    sha256: Sha256,
    crc64: Crc64Nvme,
    now: Timestamp,
) -> Result<(), Failure> {
    let proved = tx.query_opt(
        "UPDATE stored_object SET sha256 = ?2, crc64 = COALESCE(crc64, ?3), proof = 'read_back', checked_at = ?4
         WHERE id = ?1 AND state = 'stored' AND sha256 IS NULL RETURNING owner_id",
        params![object, sha256, crc64, now],
    )?;
    let Some(row) = proved else {
        return Ok(());
    };
    // Announced without a hash, it says from here on what it has: others may be its duplicates (M6).
    let owner: OwnerId = row.get(0)?;
    let learnt = tx.query(
        "UPDATE upload_session AS s SET sha256 = ?3, updated_at = ?4, rev = s.rev + 1,
           holds_slot = CASE WHEN EXISTS (SELECT 1 FROM upload_session h WHERE h.owner_id = s.owner_id
             AND h.destination_id = s.destination_id AND h.sha256 = ?3 AND h.holds_slot = 1 AND h.id <> s.id
             AND h.canonical_id IS NULL AND h.deleted_at IS NULL
             AND h.state IN ('pending', 'uploading', 'verifying', 'uploaded')) THEN 0 ELSE 1 END
         WHERE s.owner_id = ?1 AND s.object_id = ?2 AND s.state || '' = 'uploaded' AND s.sha256 IS NULL
           AND s.canonical_id IS NULL AND s.deleted_at IS NULL RETURNING id, destination_id",
        params![owner, object, sha256, now],
    )?;
    let files: Vec<(FileId, DestinationId, Sha256)> = learnt
        .iter()
        .map(|r| Ok((r.get(0)?, r.get(1)?, sha256)))
        .collect::<Result<_, Failure>>()?;
    canonical::succeed(tx, owner, &files, now)
}

/// Removes what was derived from a file, and the results of its jobs.
///
/// # Errors
/// As the database answers.
pub fn forget(tx: &mut dyn Tx, owner: OwnerId, session: FileId) -> Result<u64, Failure> {
    let mut gone = 0;
    for sql in [
        "DELETE FROM document_text WHERE owner_id = ?1 AND session_id = ?2",
        "DELETE FROM chunk WHERE owner_id = ?1 AND session_id = ?2",
        "UPDATE processing_job SET result = NULL
         WHERE owner_id = ?1 AND session_id = ?2 AND result IS NOT NULL AND type <> 'cleanup'",
    ] {
        gone += tx.execute(sql, params![owner, session])?;
    }
    Ok(gone)
}

/// The bytes of an object are not those that were proved: its living files get a tombstone (M7, M10).
///
/// # Errors
/// As the database answers.
pub fn mismatch(tx: &mut dyn Tx, object: ObjectId, now: Timestamp) -> Result<(), Failure> {
    super::remove::lost(tx, object, super::TombstoneReason::Mismatch, now)
}
