//! Stretches of time in which work was held up ([`windlass_core::spans`]). Kept for 40 days, as samples are, and never more than
//! [`MOST`].
//!
//! A row is born by `Begin`, ends once by `End`, and may go on soon after by `GoOn`; each is one guarded write that does nothing
//! where the row is not as expected. A run that is cut leaves rows open: [`end_all`] ends them at the next launch.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;
use windlass_core::ids::GroupId;
use windlass_core::spans::{Key, Reach, Span, Step};
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::row::{id, key, maybe_id, maybe_time, time, unsigned, word};
use crate::samples::KEEP_MS;

/// Rows that are kept at most: the newest.
pub const MOST: i64 = 20_000;

const COLUMNS: &str = "cause, destination_id, group_id, rate_limit, code, from_at, to_at";
/// Is it this key, `?1` to `?4`?
const THIS: &str = "cause = ?1 AND destination_id IS ?2 AND group_id IS ?3 AND rate_limit IS ?4";

/// The columns of a reach.
fn columns(reach: Reach) -> (Option<Uuid>, Option<Uuid>) {
    match reach {
        Reach::Everything => (None, None),
        Reach::Destination(destination) => (Some(key(destination)), None),
        Reach::Group(destination, group) => (Some(key(destination)), Some(key(group))),
    }
}

fn read(r: &Row<'_>) -> rusqlite::Result<Span> {
    let reach = match (maybe_id(r, 1)?, maybe_id(r, 2)?) {
        (None, _) => Reach::Everything,
        (Some(destination), None) => Reach::Destination(destination),
        (Some(destination), Some(group)) => Reach::Group(destination, group),
    };
    let limit: Option<i64> = r.get(3)?;
    let code = match r.get_ref(4)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(word(r, 4)?),
    };
    Ok(Span {
        key: Key {
            cause: word(r, 0)?,
            limit: limit.map(i64::cast_unsigned),
            reach,
        },
        code,
        from: time(r, 5)?,
        to: maybe_time(r, 6)?,
    })
}

/// Writes one step. `false`: the row was not as the step expects it, and nothing was written.
///
/// # Errors
/// As for every write.
pub fn apply(conn: &Connection, step: &Step) -> Result<bool, QueueError> {
    let (Step::Begin { key, .. } | Step::GoOn { key, .. } | Step::End { key, .. }) = step;
    let (destination, group) = columns(key.reach);
    let (cause, limit) = (key.cause.as_str(), key.limit.map(u64::cast_signed));
    let written = match step {
        Step::Begin { code, at, .. } => conn
            .prepare_cached(
                "INSERT INTO span (cause, destination_id, group_id, rate_limit, code, from_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                cause,
                destination,
                group,
                limit,
                code.map(|c| c.as_str()),
                at.as_millis()
            ])?,
        Step::GoOn { ended, .. } => conn
            .prepare_cached(&format!(
                "UPDATE OR IGNORE span SET to_at = NULL WHERE id = (
                     SELECT id FROM span WHERE to_at >= ?5 AND {THIS} ORDER BY to_at DESC, id DESC LIMIT 1)"
            ))?
            .execute(params![cause, destination, group, limit, ended.as_millis()])?,
        // A clock that was set back makes no span of less than nothing.
        Step::End { at, .. } => conn
            .prepare_cached(&format!(
                "UPDATE span SET to_at = max(from_at, ?5) WHERE to_at IS NULL AND {THIS}"
            ))?
            .execute(params![cause, destination, group, limit, at.as_millis()])?,
    };
    Ok(written > 0)
}

/// Writes down a span that is over.
///
/// # Errors
/// As for every write.
pub fn add(conn: &Connection, span_key: Key, from: Timestamp, to: Timestamp) -> Result<(), QueueError> {
    let (destination, group) = columns(span_key.reach);
    conn.prepare_cached(
        "INSERT INTO span (cause, destination_id, group_id, rate_limit, from_at, to_at) VALUES (?1, ?2, ?3, ?4, ?5, max(?5, ?6))",
    )?
    .execute(params![
        span_key.cause.as_str(),
        destination,
        group,
        span_key.limit.map(u64::cast_signed),
        from.as_millis(),
        to.as_millis()
    ])?;
    Ok(())
}

/// Ends what a run that was cut left open; answers what that was, with its end.
///
/// # Errors
/// As for every write.
pub fn end_all(conn: &Connection, at: Timestamp) -> Result<Vec<(Key, Timestamp)>, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "UPDATE span SET to_at = max(from_at, ?1) WHERE to_at IS NULL RETURNING {COLUMNS}"
    ))?;
    let rows = q.query_map([at.as_millis()], |r| {
        let span = read(r)?;
        Ok((span.key, span.to.unwrap_or(at)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Spans that touch the stretch from `from` to `to`, the oldest first.
///
/// # Errors
/// As for every read.
pub fn between(conn: &Connection, from: Timestamp, to: Timestamp) -> Result<Vec<Span>, QueueError> {
    // By span_ended and span_open.
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM span WHERE to_at IS NOT NULL AND to_at > ?1 AND from_at < ?2
         UNION ALL SELECT {COLUMNS} FROM span WHERE to_at IS NULL AND from_at < ?2 ORDER BY from_at"
    ))?;
    let rows = q.query_map([from.as_millis(), to.as_millis()], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The last moment at which the run before is known to have lived: what it said, what it did, what it proved. Not later than
/// `now`.
///
/// # Errors
/// As for every read.
pub fn last_sign_of_life(
    conn: &Connection,
    said: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT max(t) FROM (SELECT at AS t FROM event WHERE seq = (SELECT max(seq) FROM event)
         UNION ALL SELECT recorded_at FROM receipt WHERE seq = (SELECT max(seq) FROM receipt)
         UNION ALL SELECT max(at) FROM sample UNION ALL SELECT max(from_at) FROM span UNION ALL SELECT max(to_at) FROM span)",
    )?;
    let did = q.query_row([], |r| maybe_time(r, 0))?;
    Ok(said.max(did).map(|at| at.min(now)))
}

/// Deletes what is too old, and what is too much.
///
/// # Errors
/// As for every write.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, QueueError> {
    let mut q = conn.prepare_cached(
        "DELETE FROM span WHERE to_at IS NOT NULL
         AND (to_at < ?1 OR id <= (SELECT id FROM span ORDER BY id DESC LIMIT 1 OFFSET ?2))",
    )?;
    Ok(q.execute([now.plus_millis(-KEEP_MS).as_millis(), MOST])?)
}

/// Adds to what a group had to send in vain, bytes.
///
/// # Errors
/// As for every write.
pub fn add_sent_again(conn: &Connection, group: GroupId, bytes: u64) -> Result<(), QueueError> {
    conn.prepare_cached(
        "INSERT INTO sent_again (group_id, bytes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes",
    )?
    .execute(params![key(group), bytes.cast_signed()])?;
    Ok(())
}

/// What a group had to send in vain, bytes.
///
/// # Errors
/// As for every read.
pub fn sent_again(conn: &Connection, group: GroupId) -> Result<u64, QueueError> {
    let mut q = conn.prepare_cached("SELECT coalesce(sum(bytes), 0) FROM sent_again WHERE group_id = ?1")?;
    Ok(q.query_row([key(group)], |r| unsigned(r, 0))?)
}

/// The names of groups, of the list or of the history; one that neither knows is absent.
///
/// # Errors
/// As for every read.
pub fn names(conn: &Connection, groups: &[GroupId]) -> Result<Vec<(GroupId, String)>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT ?1, name FROM upload_group WHERE id = ?1 UNION SELECT ?1, name FROM history WHERE group_id = ?1 LIMIT 1",
    )?;
    let mut all = Vec::with_capacity(groups.len());
    for group in groups {
        let rows = q.query_map([key(*group)], |r| Ok((id(r, 0)?, r.get(1)?)))?;
        for row in rows {
            all.push(row?);
        }
    }
    Ok(all)
}

/// Whether a group of the list has files that are left to send.
///
/// # Errors
/// As for every read.
pub fn work_is_open(conn: &Connection) -> Result<bool, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM upload_group g
         WHERE g.hidden = 0 AND g.state NOT IN ('completed', 'cancelled') AND g.intent <> 'cancelled'
           AND EXISTS (SELECT 1 FROM upload_file f WHERE f.group_id = g.id
                       AND f.state IN ('registered', 'queued', 'uploading', 'verifying')))",
    )?;
    Ok(q.query_row([], |r| r.get(0))?)
}
