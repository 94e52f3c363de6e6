//! Files as rows of a list.

use std::sync::LazyLock;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::error::Failure;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::records::{DoneResult, FileRecord};
use windlass_core::states::{FileState, Intent, PartState};
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;

use crate::QueueError;
use crate::processing::{self, Track};
use crate::row::{self, key};

/// A file as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Id, also of its session.
    pub id: FileId,
    /// Group.
    pub group: GroupId,
    /// Place in the group, from 0, without gaps.
    pub position: i64,
    /// Path, byte for byte.
    pub path: Vec<u8>,
    /// Path inside the group, made showable.
    pub rel_path: String,
    /// The version of the source that this attempt sends.
    pub fingerprint: SourceFingerprint,
    /// Plan.
    pub part_size: u64,
    /// Number of parts of the plan.
    pub part_count: u32,
    /// Type by its name.
    pub mime: Option<String>,
    /// What the person wants.
    pub intent: Intent,
    /// What is.
    pub state: FileState,
    /// Which attempt; from 1.
    pub attempt: u32,
    /// Hash of that version, when known.
    pub sha256: Option<Sha256>,
    /// Failures in a row.
    pub tries: u32,
    /// Not before.
    pub next_try_at: Option<Timestamp>,
    /// The last failure; also while it is tried again.
    pub error: Option<Failure>,
    /// How it came to be done.
    pub result: Option<DoneResult>,
    /// Key at the destination.
    pub object_key: Option<String>,
    /// When it was taken in.
    pub created_at: Timestamp,
    /// When it was done or removed.
    pub finished_at: Option<Timestamp>,
    /// Parts that the destination holds; all of a file that is done.
    pub parts_done: u32,
    /// Their bytes.
    pub bytes_done: u64,
    /// What a server does with it since it arrived.
    pub track: Option<Track>,
    /// It goes on as a file of this group.
    pub moved_to: Option<GroupId>,
}

/// Columns of [`read`]. Parts are counted only where some may be stored and some not.
pub(super) const COLUMNS: &str = "f.id, f.group_id, f.position, f.path, f.rel_path, f.dev, f.inode, f.size, f.mtime_ns, f.ctime_ns, \
     f.part_size, f.part_count, f.mime, f.intent, f.state, f.attempt, f.sha256, f.tries, f.next_try_at, f.error_code, \
     f.error_detail, f.result, f.object_key, f.created_at, f.finished_at, \
     CASE WHEN f.state IN ('registered', 'uploading', 'verifying', 'failed', 'removed') THEN \
         (SELECT count(*) FROM part p WHERE p.file_id = f.id AND p.state = 'uploaded') END, \
     CASE WHEN f.state IN ('registered', 'uploading', 'verifying', 'failed', 'removed') THEN \
         (SELECT coalesce(sum(p.size), 0) FROM part p WHERE p.file_id = f.id AND p.state = 'uploaded') END, \
     (SELECT t.state FROM processing t WHERE t.file_id = f.id), \
     (SELECT t.code FROM processing t WHERE t.file_id = f.id), \
     (SELECT t.detail FROM processing t WHERE t.file_id = f.id), f.moved_to";

pub(super) fn read(r: &Row<'_>) -> rusqlite::Result<FileRow> {
    let fingerprint = row::fingerprint(r, 5)?;
    let part_count = r.get(11)?;
    let state: FileState = row::word(r, 14)?;
    let (all_parts, all_bytes) = if state == FileState::Done {
        (part_count, fingerprint.size)
    } else {
        (0, 0)
    };
    Ok(FileRow {
        id: row::id(r, 0)?,
        group: row::id(r, 1)?,
        position: r.get(2)?,
        path: r.get(3)?,
        rel_path: r.get(4)?,
        fingerprint,
        part_size: row::unsigned(r, 10)?,
        part_count,
        mime: r.get(12)?,
        intent: row::word(r, 13)?,
        state,
        attempt: r.get(15)?,
        sha256: row::sha256(r, 16)?,
        tries: r.get(17)?,
        next_try_at: row::maybe_time(r, 18)?,
        error: row::failure(r, 19)?,
        result: row::done_result(r, 21)?,
        object_key: r.get(22)?,
        created_at: row::time(r, 23)?,
        finished_at: row::maybe_time(r, 24)?,
        parts_done: r.get::<_, Option<u32>>(25)?.unwrap_or(all_parts),
        bytes_done: r.get::<_, Option<i64>>(26)?.map_or(all_bytes, i64::cast_unsigned),
        track: match r.get_ref(27)? {
            ValueRef::Null => None,
            _ => Some(processing::track(r, 27)?),
        },
        moved_to: row::maybe_id(r, 30)?,
    })
}

/// One file.
///
/// # Errors
/// As for every read.
pub fn get(conn: &Connection, file: FileId) -> Result<Option<FileRow>, QueueError> {
    static ONE: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {COLUMNS} FROM upload_file f WHERE f.id = ?1"));
    Ok(conn
        .prepare_cached(&ONE)?
        .query_row([key(file)], read)
        .optional()?)
}

/// The group of one file.
///
/// # Errors
/// As for every read.
pub fn group_of(conn: &Connection, file: FileId) -> Result<Option<GroupId>, QueueError> {
    Ok(conn
        .prepare_cached("SELECT group_id FROM upload_file WHERE id = ?1")?
        .query_row([key(file)], |r| row::id(r, 0))
        .optional()?)
}

/// Those of the files that are there, in the order asked.
///
/// # Errors
/// As for every read.
pub fn get_many(conn: &Connection, files: &[FileId]) -> Result<Vec<FileRow>, QueueError> {
    let rows = files.iter().filter_map(|id| get(conn, *id).transpose());
    rows.collect()
}

/// One file as the machine wants it, whatever its state.
///
/// # Errors
/// As for every read.
pub fn record(conn: &Connection, file: FileId) -> Result<Option<FileRecord>, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT {} FROM upload_file f WHERE f.id = ?1",
        super::RECORD
    ))?;
    let Some(mut found) = q.query_row([key(file)], super::read_record).optional()? else {
        return Ok(None);
    };
    let mut parts = super::parts_statement(conn)?;
    found.parts = super::moved_parts(&mut parts, &found)?;
    Ok(Some(found))
}

/// A page of the group's list, by place. Without a filter it begins at place `offset`; with one (not empty), after so many files
/// of these states.
///
/// # Errors
/// As for every read.
pub fn page(
    conn: &Connection,
    group: GroupId,
    offset: u64,
    limit: usize,
    states: &[FileState],
) -> Result<Vec<FileRow>, QueueError> {
    // Places have no gaps, so the first needs no counting. By upload_file_position.
    static ALL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {COLUMNS} FROM upload_file f WHERE f.group_id = ?1 AND f.position >= ?2 ORDER BY f.position LIMIT ?3"
        )
    });
    // What is skipped is skipped inside upload_file_totals, without touching rows; one slot a state there is.
    static SOME: LazyLock<String> = LazyLock::new(|| {
        let slots = (4..4 + FileState::ALL.len())
            .map(|n| format!("?{n}"))
            .collect::<Vec<_>>()
            .join(", ");
        format!(
            "SELECT {COLUMNS} FROM upload_file f WHERE f.rowid IN (
                 SELECT s.rowid FROM upload_file s INDEXED BY upload_file_totals
                 WHERE s.group_id = ?1 AND s.state IN ({slots}) ORDER BY s.position LIMIT ?3 OFFSET ?2)
             ORDER BY f.position"
        )
    });
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let Some(first) = states.first() else {
        let mut q = conn.prepare_cached(&ALL)?;
        let rows = q
            .query_map(params![key(group), offset, limit], read)?
            .collect::<Result<_, _>>()?;
        return Ok(rows);
    };
    let mut q = conn.prepare_cached(&SOME)?;
    q.raw_bind_parameter(1, key(group))?;
    q.raw_bind_parameter(2, offset)?;
    q.raw_bind_parameter(3, limit)?;
    for slot in 0..FileState::ALL.len() {
        q.raw_bind_parameter(4 + slot, states.get(slot).unwrap_or(first).as_str())?;
    }
    let mut found = q.raw_query();
    let mut rows = Vec::new();
    while let Some(r) = found.next()? {
        rows.push(read(r)?);
    }
    Ok(rows)
}

/// The state of each part, in order, as its place in [`PartState::ALL`]: one byte a part, for the strip of a row.
///
/// # Errors
/// As for every read.
pub fn part_states(conn: &Connection, file: FileId) -> Result<Vec<u8>, QueueError> {
    let mut q = conn.prepare_cached("SELECT state FROM part WHERE file_id = ?1 ORDER BY number")?;
    let states = q.query_map([key(file)], |r| {
        let state: PartState = row::word(r, 0)?;
        let place = PartState::ALL
            .iter()
            .position(|s| *s == state)
            .unwrap_or_default();
        Ok(u8::try_from(place).unwrap_or_default())
    })?;
    Ok(states.collect::<Result<_, _>>()?)
}
