//! The log of what happened to files, groups and destinations. Append-only; the oldest leave after 90 days, or when there are
//! more than 1,000,000.

use rusqlite::{Connection, Row, params};
use serde_json::Value;
use uuid::Uuid;
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::states::UnknownState;
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::row::{self, key};

/// Milliseconds that an event is kept.
pub const KEEP_MS: i64 = 90 * 24 * 60 * 60 * 1_000;
/// Events kept.
pub const KEEP_EVENTS: i64 = 1_000_000;

/// What it happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventScope {
    /// The whole program.
    App,
    /// A destination.
    Destination(DestinationId),
    /// A group.
    Group(GroupId),
    /// A file.
    File(FileId),
}

impl EventScope {
    fn columns(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::App => ("app", None),
            Self::Destination(id) => ("destination", Some(key(id))),
            Self::Group(id) => ("group", Some(key(id))),
            Self::File(id) => ("file", Some(key(id))),
        }
    }

    fn read(r: &Row<'_>, i: usize) -> rusqlite::Result<Self> {
        let word: String = r.get(i)?;
        Ok(match word.as_str() {
            "app" => Self::App,
            "destination" => Self::Destination(row::id(r, i + 1)?),
            "group" => Self::Group(row::id(r, i + 1)?),
            "file" => Self::File(row::id(r, i + 1)?),
            _ => {
                let unknown = Box::new(UnknownState {
                    machine: "scope",
                    word,
                });
                return Err(rusqlite::Error::FromSqlConversionFailure(
                    i,
                    rusqlite::types::Type::Text,
                    unknown,
                ));
            }
        })
    }
}

/// An event to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// To what.
    pub scope: EventScope,
    /// What, one word: `failed`, `started_over`, …
    pub kind: String,
    /// The cause, if it was an error.
    pub code: Option<ErrorCode>,
    /// Facts, at most 64 KiB as JSON. No secrets, no signed URLs.
    pub data: Value,
}

/// An event as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Number; a later event has a higher one.
    pub seq: i64,
    /// The event.
    pub event: NewEvent,
}

/// Writes one. Answers with its number.
///
/// # Errors
/// As for every write.
pub fn append(conn: &Connection, e: &NewEvent) -> Result<i64, QueueError> {
    let (scope, scope_id) = e.scope.columns();
    Ok(conn
        .prepare_cached(
            "INSERT INTO event (at, scope, scope_id, kind, code, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .insert(params![
            e.at.as_millis(),
            scope,
            scope_id,
            e.kind,
            e.code.map(ErrorCode::as_str),
            e.data.to_string()
        ])?)
}

/// The newest before a number (none: from the newest), newest first.
///
/// # Errors
/// As for every read.
pub fn page(conn: &Connection, before: Option<i64>, limit: usize) -> Result<Vec<Event>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT seq, at, scope, scope_id, kind, code, data FROM event WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q
        .query_map(params![before.unwrap_or(i64::MAX), limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Those of one file, group or destination, newest first.
///
/// # Errors
/// As for every read.
pub fn of(conn: &Connection, scope: EventScope, limit: usize) -> Result<Vec<Event>, QueueError> {
    // By event_scope.
    let mut q = conn.prepare_cached(
        "SELECT seq, at, scope, scope_id, kind, code, data FROM event WHERE scope_id = ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q
        .query_map(params![scope.columns().1, limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Those of the files of a group's receipt that are of one of two kinds, oldest first.
///
/// # Errors
/// As for every read.
pub fn of_proved(conn: &Connection, group: GroupId, kinds: [&str; 2]) -> Result<Vec<Event>, QueueError> {
    // By event_scope.
    let mut q = conn.prepare_cached(
        "SELECT e.seq, e.at, e.scope, e.scope_id, e.kind, e.code, e.data FROM receipt r
         CROSS JOIN event e ON e.scope_id = r.file_id
         WHERE r.group_id = ?1 AND e.kind IN (?2, ?3) ORDER BY e.seq",
    )?;
    let rows = q
        .query_map(params![key(group), kinds[0], kinds[1]], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

fn read(r: &Row<'_>) -> rusqlite::Result<Event> {
    let code = if r.get_ref(5)? == rusqlite::types::ValueRef::Null {
        None
    } else {
        Some(row::word(r, 5)?)
    };
    let data = serde_json::from_str(r.get_ref(6)?.as_str()?).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(e))
    })?;
    let event = NewEvent {
        at: row::time(r, 1)?,
        scope: EventScope::read(r, 2)?,
        kind: r.get(4)?,
        code,
        data,
    };
    Ok(Event {
        seq: r.get(0)?,
        event,
    })
}

/// Deletes what is too old or too much. Answers with how many.
///
/// # Errors
/// As for every write.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, QueueError> {
    let mut q = conn.prepare_cached(
        "DELETE FROM event WHERE at < ?1 OR seq <= (SELECT seq FROM event ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
    )?;
    Ok(q.execute(params![now.plus_millis(-KEEP_MS).as_millis(), KEEP_EVENTS])?)
}

/// How files that still stand failed came to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// When the first of them failed.
    pub first: Timestamp,
    /// When one failed last.
    pub last: Timestamp,
    /// Tries of the one that was tried most.
    pub tries: u64,
}

/// How the files of a group that failed for a cause came to it; none when there are none. One that could not be taken in, or whose
/// event is too old to be kept, counts from when it was given.
///
/// # Errors
/// As for every read.
pub fn failures(conn: &Connection, group: GroupId, code: ErrorCode) -> Result<Option<Failures>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT min(coalesce(e.at, f.created_at)), max(coalesce(e.at, f.created_at)), max(f.tries) FROM upload_file f
         LEFT JOIN event e ON e.scope_id = f.id AND e.kind = 'failed' AND e.code = f.error_code
         WHERE f.group_id = ?1 AND f.state = 'failed' AND f.error_code = ?2",
    )?;
    Ok(q.query_row(params![key(group), code.as_str()], |r| {
        if r.get::<_, Option<i64>>(0)?.is_none() {
            return Ok(None);
        }
        Ok(Some(Failures {
            first: row::time(r, 0)?,
            last: row::time(r, 1)?,
            tries: row::unsigned(r, 2)?,
        }))
    })?)
}
