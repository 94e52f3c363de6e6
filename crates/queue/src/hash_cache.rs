//! Hashes of files by their fingerprint, so that an untouched file is not read again. Whether a fingerprint may be remembered is the
//! caller's decision ([`SourceFingerprint::may_be_cached`], F181); deleting originals never rests on this.

use rusqlite::{Connection, OptionalExtension as _, params};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, Sha256};

use crate::QueueError;
use crate::row;

/// Entries kept (server model §4).
pub const MAX_ENTRIES: u32 = 1_000_000;

/// What is known of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachedHash {
    /// Hash of the whole.
    pub sha256: Sha256,
    /// CRC of the whole, when it was counted.
    pub crc64: Option<Crc64Nvme>,
}

/// Looks one up.
///
/// # Errors
/// As for every read.
pub fn get(conn: &Connection, f: &SourceFingerprint) -> Result<Option<CachedHash>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT sha256, crc64 FROM hash_cache
         WHERE dev = ?1 AND inode = ?2 AND size = ?3 AND mtime_ns = ?4 AND ctime_ns = ?5",
    )?;
    let found = q
        .query_row(row::fingerprint_columns(f), |r| {
            Ok((row::sha256(r, 0)?, row::crc64(r, 1)?))
        })
        .optional()?;
    Ok(found.and_then(|(sha256, crc64)| sha256.map(|sha256| CachedHash { sha256, crc64 })))
}

/// Remembers some, also as used now.
///
/// # Errors
/// As for every write.
pub fn put(
    conn: &Connection,
    known: &[(SourceFingerprint, CachedHash)],
    now: Timestamp,
) -> Result<(), QueueError> {
    let mut q = conn.prepare_cached(
        "INSERT INTO hash_cache (dev, inode, size, mtime_ns, ctime_ns, sha256, crc64, used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET sha256 = excluded.sha256, crc64 = coalesce(excluded.crc64, crc64), used_at = excluded.used_at",
    )?;
    for (f, hash) in known {
        let [dev, inode, size, mtime, ctime] = row::fingerprint_columns(f);
        let crc64 = hash.crc64.map(Crc64Nvme::to_bytes);
        q.execute(params![
            dev,
            inode,
            size,
            mtime,
            ctime,
            hash.sha256.0,
            crc64,
            now.as_millis()
        ])?;
    }
    Ok(())
}

/// Forgets those that were not used for longest, until `keep` are left ([`MAX_ENTRIES`]). Answers with how many it forgot.
///
/// # Errors
/// As for every write.
pub fn prune(conn: &Connection, keep: u32) -> Result<usize, QueueError> {
    // By hash_cache_used.
    let mut q = conn.prepare_cached(
        "DELETE FROM hash_cache WHERE (dev, inode, size, mtime_ns, ctime_ns) IN (
             SELECT dev, inode, size, mtime_ns, ctime_ns FROM hash_cache
             ORDER BY used_at LIMIT max((SELECT count(*) FROM hash_cache) - ?1, 0))",
    )?;
    Ok(q.execute([keep])?)
}
