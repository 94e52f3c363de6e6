//! Files on their way.
//!
//! A file is born `queued` with all its parts ([`insert_many`]), in the transaction that the person's screen waits for
//! (I10). A path that can't be taken is written down too, as `failed` with its cause, so that what was given is always what
//! is done, unfinished or left out (I8). States move by [`changes::apply`](crate::changes::apply) and
//! [`retry`](crate::retry); rows leave only with their group.

mod find;
mod parts;
mod rows;

pub(crate) use find::like;
pub use find::{
    Find, Kind, disks_away, find, find_ids, found_count, found_in_groups, ids_at, open_or_failed,
};
pub use parts::{PartRow, parts};
pub use rows::{FileRow, get, get_many, group_of, page, part_states, record};

use rusqlite::{Connection, Params, Row, Statement, params};
use windlass_core::error::Failure;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::records::{FileRecord, PartRecord};
use windlass_core::states::{FileState, Intent};
use windlass_core::time::Timestamp;
use windlass_core::units::{ETag, PartNumber};

use crate::QueueError;
use crate::row::{self, key, short};

/// A file to be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Id, also of its session.
    pub id: FileId,
    /// Group.
    pub group: GroupId,
    /// Place in the group; see [`next_position`].
    pub position: i64,
    /// Path, byte for byte (I40).
    pub path: Vec<u8>,
    /// Path inside the group, made showable.
    pub rel_path: String,
    /// The source as it was seen; zeros when it could not be seen.
    pub fingerprint: SourceFingerprint,
    /// Plan.
    pub part_size: u64,
    /// Number of parts of the plan, at least 1.
    pub part_count: u32,
    /// Type by its name.
    pub mime: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Why it is not taken: the row is `failed` from the start.
    pub failure: Option<Failure>,
}

/// What an intent is set on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One file.
    File(FileId),
    /// All files of a group.
    Group(GroupId),
}

/// Takes files in, with one row a part (C-5). All or none.
///
/// # Errors
/// When an id or a place is taken, the group is missing or has ended, or a plan is none.
pub fn insert_many(conn: &Connection, files: &[NewFile]) -> Result<(), QueueError> {
    let mut file = conn.prepare_cached(
        "INSERT INTO upload_file (id, group_id, position, path, rel_path, dev, inode, size, mtime_ns, ctime_ns, mime,
                                  intent, state, part_size, part_count, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'run', 'queued', ?12, ?13, ?14)",
    )?;
    let mut refused = conn.prepare_cached(
        "UPDATE upload_file SET state = 'failed', error_code = ?2, error_detail = ?3 WHERE id = ?1 AND state = 'queued'",
    )?;
    for f in files {
        let [dev, inode, size, mtime, ctime] = row::fingerprint_columns(&f.fingerprint);
        file.execute(params![
            key(f.id),
            key(f.group),
            f.position,
            f.path,
            f.rel_path,
            dev,
            inode,
            size,
            mtime,
            ctime,
            f.mime,
            f.part_size.cast_signed(),
            f.part_count,
            f.at.as_millis(),
        ])?;
        plan_parts(conn, f.id, f.fingerprint.size, f.part_size, f.part_count)?;
        if let Some(failure) = &f.failure {
            refused.execute(params![key(f.id), failure.code.as_str(), short(&failure.detail)])?;
        }
    }
    Ok(())
}

/// One row a part, all `pending`.
pub(crate) fn plan_parts(
    conn: &Connection,
    file: FileId,
    size: u64,
    part_size: u64,
    part_count: u32,
) -> Result<(), QueueError> {
    let mut part = conn
        .prepare_cached("INSERT INTO part (file_id, number, state, size) VALUES (?1, ?2, 'pending', ?3)")?;
    let mut left = size;
    for number in 1..=part_count {
        let bytes = if number == part_count {
            left
        } else {
            left.min(part_size)
        };
        if number == part_count && bytes > part_size {
            return Err(QueueError::Refused(format!(
                "{part_count} parts of {part_size} bytes do not hold {size} bytes"
            )));
        }
        left -= bytes;
        part.execute(params![key(file), number, bytes.cast_signed()])?;
    }
    Ok(())
}

/// The place after the last file of the group.
///
/// # Errors
/// As for every read.
pub fn next_position(conn: &Connection, group: GroupId) -> Result<i64, QueueError> {
    let mut q =
        conn.prepare_cached("SELECT coalesce(max(position) + 1, 0) FROM upload_file WHERE group_id = ?1")?;
    Ok(q.query_row([key(group)], |r| r.get(0))?)
}

/// Columns of a record; see [`read_record`].
pub(crate) const RECORD: &str = "f.id, f.group_id, f.position, f.intent, f.state, f.attempt, f.dev, f.inode, f.size, f.mtime_ns, \
     f.ctime_ns, f.part_size, f.sha256, f.tries, f.next_try_at";
/// How many they are.
pub(crate) const RECORD_COLUMNS: usize = 15;

/// A record without its parts.
pub(crate) fn read_record(r: &Row<'_>) -> rusqlite::Result<FileRecord> {
    Ok(FileRecord {
        id: row::id(r, 0)?,
        group: row::id(r, 1)?,
        position: r.get(2)?,
        intent: row::word(r, 3)?,
        state: row::word(r, 4)?,
        attempt: r.get(5)?,
        fingerprint: row::fingerprint(r, 6)?,
        part_size: row::unsigned(r, 11)?,
        sha256: row::sha256(r, 12)?,
        tries: r.get(13)?,
        next_try_at: row::maybe_time(r, 14)?,
        parts: Vec::new(),
    })
}

/// The statement for [`moved_parts`].
pub(crate) fn parts_statement(conn: &Connection) -> rusqlite::Result<rusqlite::CachedStatement<'_>> {
    conn.prepare_cached("SELECT number, state, crc64, etag FROM part WHERE file_id = ?1 AND state <> 'pending' ORDER BY number")
}

/// Parts of a file that are not `pending`.
pub(crate) fn moved_parts(
    statement: &mut Statement<'_>,
    file: &FileRecord,
) -> rusqlite::Result<Vec<PartRecord>> {
    // A queued file has none: a start over plans all anew.
    if file.state == FileState::Queued {
        return Ok(Vec::new());
    }
    let parts = statement.query_map([key(file.id)], |r| {
        let number = r.get::<_, u32>(0)?;
        let n = PartNumber::try_from(number)
            .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, number.into()))?;
        Ok(PartRecord {
            n,
            state: row::word(r, 1)?,
            crc64: row::crc64(r, 2)?,
            etag: r.get::<_, Option<String>>(3)?.map(ETag),
        })
    })?;
    parts.collect()
}

/// Files of the group that are to be worked on now, beyond a place (-1: from the first), by place: wanted, not ended, not
/// waiting for a later time.
///
/// # Errors
/// As for every read.
pub fn load_work(
    conn: &Connection,
    group: GroupId,
    after_position: i64,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<FileRecord>, QueueError> {
    // By upload_file_open. A wait of more than 20 minutes is none that was ever meant: the clock was set back (F74).
    let mut q = conn.prepare_cached(&format!(
        "SELECT {RECORD} FROM upload_file f
         WHERE f.group_id = ?1 AND f.position > ?2 AND f.intent = 'run'
           AND f.state <> 'done' AND f.state <> 'failed' AND f.state <> 'removed'
           AND (f.next_try_at IS NULL OR f.next_try_at <= ?3 OR f.next_try_at > ?3 + 1200000)
         ORDER BY f.position LIMIT ?4"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut files: Vec<FileRecord> = q
        .query_map(
            params![key(group), after_position, now.as_millis(), limit],
            read_record,
        )?
        .collect::<Result<_, _>>()?;
    let mut parts = parts_statement(conn)?;
    for file in &mut files {
        file.parts = moved_parts(&mut parts, file)?;
    }
    Ok(files)
}

/// When the first of the group's wanted files may be tried again; none waits for a time otherwise.
///
/// # Errors
/// As for every read.
pub fn earliest_next_try(conn: &Connection, group: GroupId) -> Result<Option<Timestamp>, QueueError> {
    // By upload_file_open alone.
    let mut q = conn.prepare_cached(
        "SELECT min(next_try_at) FROM upload_file INDEXED BY upload_file_open
         WHERE group_id = ?1 AND intent = 'run' AND state <> 'done' AND state <> 'failed' AND state <> 'removed'",
    )?;
    Ok(q.query_row([key(group)], |r| row::maybe_time(r, 0))?)
}

/// Ends the waits for a later time of the group's files: they are tried now. Their tries still count.
///
/// # Errors
/// As for every write.
pub fn end_waits(conn: &Connection, group: GroupId) -> Result<usize, QueueError> {
    end_waits_in(conn, "= ?1", [key(group)])
}

/// The same for all groups that are to run.
///
/// # Errors
/// As for every write.
pub fn end_all_waits(conn: &Connection) -> Result<usize, QueueError> {
    let running = "IN (SELECT id FROM upload_group WHERE hidden = 0 AND intent = 'run')";
    end_waits_in(conn, running, [])
}

fn end_waits_in(conn: &Connection, groups: &str, of: impl Params) -> Result<usize, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "UPDATE upload_file SET next_try_at = NULL
         WHERE group_id {groups} AND next_try_at IS NOT NULL AND state <> 'done' AND state <> 'failed' AND state <> 'removed'"
    ))?;
    Ok(q.execute(of)?)
}

/// What the person wants of a file or of all files of a group. Ended files want nothing, cancelled ones stay cancelled; what is to
/// go on waits for no later time.
/// Answers with the number of files.
///
/// # Errors
/// As for every write.
pub fn set_intent(conn: &Connection, scope: Scope, intent: Intent) -> Result<usize, QueueError> {
    let (column, id) = match scope {
        Scope::File(id) => ("id", key(id)),
        Scope::Group(id) => ("group_id", key(id)),
    };
    let mut q = conn.prepare_cached(&format!(
        "UPDATE upload_file SET intent = ?2, next_try_at = CASE WHEN ?2 = 'run' THEN NULL ELSE next_try_at END
         WHERE {column} = ?1 AND state NOT IN ('done', 'removed') AND intent <> ?2 AND intent <> 'cancelled'"
    ))?;
    Ok(q.execute(params![id, intent.as_str()])?)
}
