//! What was done besides uploads, one line an act: checks, originals that were moved away and brought back, choices that
//! decide what is uploaded. Kept for 400 days.

use rusqlite::{Connection, Row, params};
use serde_json::Value;
use windlass_core::ids::GroupId;
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::row::{key, maybe_id, time, unsigned, word};
use crate::words::words;

/// Milliseconds that an act is kept.
pub const KEEP_MS: i64 = 400 * 24 * 60 * 60 * 1_000;

words! {
    /// What was done.
    ActKind, "act" {
        /// A start found work under way, and compared what is known of it.
        Check = "check",
        /// A destination was asked again for all that was proved of a group.
        Asked = "asked",
        /// Originals went to a folder.
        Moved = "moved",
        /// Originals went to the trash.
        Trashed = "trashed",
        /// They came back.
        PutBack = "put_back",
        /// A setting was chosen.
        Setting = "setting",
        /// A destination was added, changed or removed.
        Destination = "destination",
        /// A watched folder was.
        Watch = "watch",
    }
}

/// An act to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAct {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ActKind,
    /// The group that it was about, if it was about one.
    pub group: Option<GroupId>,
    /// Files that it was about.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files with which it did not go well.
    pub failed: u64,
    /// More facts, at most 64 KiB as JSON. No secrets.
    pub data: Value,
}

/// An act as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// Number; a later act has a higher one.
    pub seq: i64,
    /// The act.
    pub act: NewAct,
    /// The group's name, as the history or the list knows it.
    pub group_name: Option<String>,
}

/// Writes one. Answers with its number.
///
/// # Errors
/// As for every write.
pub fn append(conn: &Connection, act: &NewAct) -> Result<i64, QueueError> {
    let mut q = conn.prepare_cached(
        "INSERT INTO act (at, kind, group_id, files, bytes, failed, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    Ok(q.insert(params![
        act.at.as_millis(),
        act.kind.as_str(),
        act.group.map(key),
        act.files.cast_signed(),
        act.bytes.cast_signed(),
        act.failed.cast_signed(),
        act.data.to_string()
    ])?)
}

/// Milliseconds in which what is done one after the other with the same group is one act.
pub const TOGETHER_MS: i64 = 10 * 60 * 1_000;

/// Counts files into an act: into the newest of its kind about its group, when that was moments ago; else a new one is written.
///
/// # Errors
/// As for every write.
pub fn count(conn: &Connection, act: &NewAct) -> Result<(), QueueError> {
    // By act_at.
    let mut q = conn.prepare_cached(
        "UPDATE act SET at = ?1, files = files + ?4, bytes = bytes + ?5, failed = failed + ?6
         WHERE seq = (SELECT seq FROM act WHERE at >= ?7 AND kind = ?2 AND group_id IS ?3 ORDER BY at DESC, seq DESC LIMIT 1)",
    )?;
    let counted = q.execute(params![
        act.at.as_millis(),
        act.kind.as_str(),
        act.group.map(key),
        act.files.cast_signed(),
        act.bytes.cast_signed(),
        act.failed.cast_signed(),
        act.at.plus_millis(-TOGETHER_MS).as_millis()
    ])?;
    if counted == 0 {
        append(conn, act)?;
    }
    Ok(())
}

/// Writes an act in the place of the newest of its kind about the same (`data.of`), when that was moments ago; else behind all.
///
/// # Errors
/// As for every write.
pub fn last_word(conn: &Connection, act: &NewAct) -> Result<(), QueueError> {
    let data = act.data.to_string();
    // By act_at.
    let mut q = conn.prepare_cached(
        "UPDATE act SET at = ?1, data = ?3
         WHERE seq = (SELECT seq FROM act WHERE at >= ?4 AND kind = ?2 AND data ->> '$.of' = ?3 ->> '$.of'
                      ORDER BY at DESC, seq DESC LIMIT 1)",
    )?;
    let since = act.at.plus_millis(-TOGETHER_MS).as_millis();
    if q.execute(params![act.at.as_millis(), act.kind.as_str(), data, since])? == 0 {
        append(conn, act)?;
    }
    Ok(())
}

/// Acts before a place, newest first. `from`, `before`: in this time, the second not counted. `place`: when, and the number (the
/// act itself is not among them; `i64::MAX`: nor is anything later than that time).
///
/// # Errors
/// As for every read.
pub fn page(
    conn: &Connection,
    place: Option<(Timestamp, i64)>,
    (from, before): (Option<Timestamp>, Option<Timestamp>),
    limit: usize,
) -> Result<Vec<Act>, QueueError> {
    // By act_at.
    let mut q = conn.prepare_cached(
        "SELECT a.seq, a.at, a.kind, a.group_id, a.files, a.bytes, a.failed, a.data,
                coalesce((SELECT name FROM history WHERE group_id = a.group_id), (SELECT name FROM upload_group WHERE id = a.group_id))
         FROM act a WHERE (a.at, a.seq) < (?1, ?2) AND a.at >= ?3 ORDER BY a.at DESC, a.seq DESC LIMIT ?4",
    )?;
    let place = place.map_or((i64::MAX, i64::MAX), |(at, seq)| (at.as_millis(), seq));
    let until = before.map_or((i64::MAX, i64::MAX), |at| (at.as_millis(), i64::MIN));
    let (at, seq) = place.min(until);
    let from = from.map_or(i64::MIN, Timestamp::as_millis);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q
        .query_map(params![at, seq, from, limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

fn read(r: &Row<'_>) -> rusqlite::Result<Act> {
    let data = serde_json::from_str(r.get_ref(7)?.as_str()?).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(7, rusqlite::types::Type::Text, Box::new(e))
    })?;
    Ok(Act {
        seq: r.get(0)?,
        act: NewAct {
            at: time(r, 1)?,
            kind: word(r, 2)?,
            group: maybe_id(r, 3)?,
            files: unsigned(r, 4)?,
            bytes: unsigned(r, 5)?,
            failed: unsigned(r, 6)?,
            data,
        },
        group_name: r.get(8)?,
    })
}

/// Deletes what is too old. Answers with how many.
///
/// # Errors
/// As for every write.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, QueueError> {
    let mut q = conn.prepare_cached("DELETE FROM act WHERE at < ?1")?;
    Ok(q.execute([now.plus_millis(-KEEP_MS).as_millis()])?)
}
