//! Receipts: what went where, when, proved how. Written with `done` in one transaction, never changed, never deleted.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::records::{DoneResult, Proof};
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;

use crate::QueueError;
use crate::row::{self, key};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Number; a later line has a higher one.
    pub seq: i64,
    /// Group.
    pub group: GroupId,
    /// File.
    pub file: FileId,
    /// Which attempt.
    pub attempt: u32,
    /// Destination.
    pub destination: DestinationId,
    /// Its name then.
    pub destination_name: String,
    /// Path of the source, byte for byte.
    pub path: Vec<u8>,
    /// Path inside the group.
    pub rel_path: String,
    /// The version that was sent.
    pub fingerprint: SourceFingerprint,
    /// The proof. Its hash may have been learned later.
    pub proof: Proof,
    /// When it was written down here.
    pub recorded_at: Timestamp,
}

const COLUMNS: &str = "r.seq, r.group_id, r.file_id, r.attempt, r.destination_id, r.destination_name, r.path, r.rel_path, \
     r.dev, r.inode, r.size, r.mtime_ns, r.ctime_ns, r.result, r.object_key, r.proof, coalesce(r.sha256, h.sha256), r.crc64, \
     r.uploaded_at, r.recorded_at";

fn read(r: &Row<'_>) -> rusqlite::Result<Receipt> {
    Ok(Receipt {
        seq: r.get(0)?,
        group: row::id(r, 1)?,
        file: row::id(r, 2)?,
        attempt: r.get(3)?,
        destination: row::id(r, 4)?,
        destination_name: r.get(5)?,
        path: r.get(6)?,
        rel_path: r.get(7)?,
        fingerprint: row::fingerprint(r, 8)?,
        proof: Proof {
            result: row::done_result(r, 13)?.unwrap_or(DoneResult::Uploaded),
            object_key: r.get(14)?,
            how: r.get(15)?,
            sha256: row::sha256(r, 16)?,
            crc64: row::crc64(r, 17)?,
            uploaded_at: row::time(r, 18)?,
        },
        recorded_at: row::time(r, 19)?,
    })
}

/// All lines of a group, in the order in which files were done. Also of a group whose card is gone.
///
/// # Errors
/// As for every read.
pub fn of_group(conn: &Connection, group: GroupId) -> Result<Vec<Receipt>, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM receipt r LEFT JOIN receipt_hash h ON h.file_id = r.file_id WHERE r.group_id = ?1 ORDER BY r.seq"
    ))?;
    let rows = q.query_map([key(group)], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Lines of a group after a number (`None`: from the first), in the order in which files were done.
///
/// # Errors
/// As for every read.
pub fn page(
    conn: &Connection,
    group: GroupId,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<Receipt>, QueueError> {
    // By receipt_group, which ends in seq.
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM receipt r LEFT JOIN receipt_hash h ON h.file_id = r.file_id
         WHERE r.group_id = ?1 AND r.seq > ?2 ORDER BY r.seq LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q
        .query_map(params![key(group), after.unwrap_or(-1), limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// What all lines of a group say together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Lines.
    pub files: u64,
    /// Of these: with a SHA-256 of the whole.
    pub hashed: u64,
    /// Ways of proof.
    pub proofs: Vec<String>,
    /// The first proof.
    pub first_at: Option<Timestamp>,
    /// The last proof.
    pub last_at: Option<Timestamp>,
}

/// What all lines of a group say together.
///
/// # Errors
/// As for every read.
pub fn facts(conn: &Connection, group: GroupId) -> Result<Facts, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT r.proof, count(*), count(coalesce(r.sha256, h.sha256)), min(r.uploaded_at), max(r.uploaded_at)
         FROM receipt r LEFT JOIN receipt_hash h ON h.file_id = r.file_id WHERE r.group_id = ?1 GROUP BY r.proof ORDER BY 2 DESC",
    )?;
    let mut rows = q.query([key(group)])?;
    let mut facts = Facts::default();
    while let Some(r) = rows.next()? {
        facts.proofs.push(r.get(0)?);
        facts.files += row::unsigned(r, 1)?;
        facts.hashed += row::unsigned(r, 2)?;
        facts.first_at = facts.first_at.into_iter().chain(row::maybe_time(r, 3)?).min();
        facts.last_at = facts.last_at.into_iter().chain(row::maybe_time(r, 4)?).max();
    }
    Ok(facts)
}

/// Lines by their numbers, in that order; those that are not there are left out.
///
/// # Errors
/// As for every read.
pub fn by_seq(conn: &Connection, seqs: &[i64]) -> Result<Vec<Receipt>, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM receipt r LEFT JOIN receipt_hash h ON h.file_id = r.file_id WHERE r.seq = ?1"
    ))?;
    let mut found = Vec::with_capacity(seqs.len());
    for seq in seqs {
        found.extend(q.query_row([seq], read).optional()?);
    }
    Ok(found)
}

/// The first receipt that was written down at or after a time; one past the last when there is none.
pub(crate) fn first_since(conn: &Connection, since: Timestamp) -> Result<i64, QueueError> {
    let mut ends = conn.prepare_cached("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM receipt")?;
    let (mut low, mut high): (i64, i64) = ends.query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    high += 1;
    let mut at = conn.prepare_cached("SELECT recorded_at FROM receipt WHERE seq = ?1")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let when: Option<i64> = at.query_row([middle], |r| r.get(0)).optional()?;
        // Numbers have no gaps; one that is missing all the same is taken for old.
        if when.is_some_and(|w| w >= since.as_millis()) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// The line of one file.
///
/// # Errors
/// As for every read.
pub fn of_file(conn: &Connection, file: FileId) -> Result<Option<Receipt>, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM receipt r LEFT JOIN receipt_hash h ON h.file_id = r.file_id WHERE r.file_id = ?1"
    ))?;
    Ok(q.query_row([key(file)], read).optional()?)
}

/// The newest line that says that this path was sent to this destination, or was there by its content: the upload that a
/// later `unchanged` stands on. Whether the source is unchanged since is the caller's comparison of fingerprints; whether the
/// object is still there, the control plane's answer.
///
/// # Errors
/// As for every read.
pub fn of_upload(
    conn: &Connection,
    destination: DestinationId,
    path: &[u8],
) -> Result<Option<Receipt>, QueueError> {
    // By receipt_path, which ends in seq.
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM receipt r LEFT JOIN receipt_hash h ON h.file_id = r.file_id
         WHERE r.destination_id = ?1 AND r.path = ?2 AND r.result <> 'unchanged' ORDER BY r.seq DESC LIMIT 1"
    ))?;
    Ok(q.query_row(params![key(destination), path], read).optional()?)
}

/// As [`of_upload`], of what was proved where the destination lies now.
///
/// # Errors
/// As for every read.
pub fn of_upload_here(
    conn: &Connection,
    destination: DestinationId,
    path: &[u8],
) -> Result<Option<Receipt>, QueueError> {
    let newest = of_upload(conn, destination, path)?;
    let after: Option<i64> = conn
        .prepare_cached("SELECT receipts_after FROM destination WHERE id = ?1")?
        .query_row([key(destination)], |r| r.get(0))
        .optional()?;
    Ok(newest.filter(|r| r.seq > after.unwrap_or_default()))
}

/// Whether a receipt tells of some content of so many bytes where a destination lies now: only then is it worth to read a file for its hash.
///
/// # Errors
/// As for every read.
pub fn has_size(conn: &Connection, destination: DestinationId, size: u64) -> Result<bool, QueueError> {
    // By receipt_content.
    let mut q = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM receipt WHERE destination_id = ?1 AND size = ?2 AND seq > coalesce((
             SELECT receipts_after FROM destination WHERE id = ?1), 0))",
    )?;
    Ok(q.query_row(params![key(destination), size.cast_signed()], |r| r.get(0))?)
}

/// Whether a receipt tells of this very content where a destination lies now, under whatever name.
///
/// # Errors
/// As for every read.
pub fn has_content(
    conn: &Connection,
    destination: DestinationId,
    size: u64,
    sha256: Sha256,
) -> Result<bool, QueueError> {
    // By receipt_content, and by receipt_hash_content for what was hashed after its proof: in this order, for many receipts may be
    // of one size and few of one content.
    let mut q = conn.prepare_cached(
        "WITH moved (after) AS (SELECT coalesce((SELECT receipts_after FROM destination WHERE id = ?1), 0))
         SELECT EXISTS (
             SELECT 1 FROM receipt WHERE destination_id = ?1 AND size = ?2 AND sha256 = ?3 AND seq > (SELECT after FROM moved)
             UNION ALL
             SELECT 1 FROM receipt_hash h CROSS JOIN receipt r ON r.file_id = h.file_id
             WHERE h.sha256 = ?3 AND r.destination_id = ?1 AND r.size = ?2 AND r.seq > (SELECT after FROM moved))",
    )?;
    Ok(
        q.query_row(params![key(destination), size.cast_signed(), sha256.0], |r| {
            r.get(0)
        })?,
    )
}
