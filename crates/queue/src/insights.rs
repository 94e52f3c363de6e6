//! Figures about a stretch of time up to now, from receipts, events and rows as they are.
//!
//! Receipts are numbered in the order in which they were written down, so the first of a stretch is found by halving.

use rusqlite::{Connection, params};
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::receipts::first_since;
use crate::row::{id, key, time, unsigned, word};

/// Uploads of which the time is looked at, the newest.
pub const TIMED: u32 = 20_000;

/// What was proved in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proved {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of the files: the same content was there.
    pub deduplicated: u64,
    /// Bytes that did not have to be sent: of deduplicated and of unchanged files.
    pub saved: u64,
    /// Of the files: untouched since their receipt.
    pub unchanged: u64,
}

/// How long uploads took, from the drop to the proof, milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// Uploads looked at.
    pub files: u64,
    /// Mean.
    pub mean_ms: i64,
    /// Half took no longer.
    pub median_ms: i64,
    /// 95 of 100 took no longer.
    pub p95_ms: i64,
}

/// A group on which nothing moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandoned {
    /// Its id.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Files proved.
    pub done: u64,
    /// Files in all.
    pub files: u64,
    /// Cancelled by the person; else it waits.
    pub cancelled: bool,
    /// When something of it moved last.
    pub at: Timestamp,
}

/// What was proved since, everywhere or at one destination.
///
/// # Errors
/// As for every read.
pub fn proved(
    conn: &Connection,
    since: Timestamp,
    destination: Option<DestinationId>,
) -> Result<Proved, QueueError> {
    let first = first_since(conn, since)?;
    let mut q = conn.prepare_cached(
        "SELECT count(*), coalesce(sum(size), 0), count(*) FILTER (WHERE result = 'deduplicated'),
                coalesce(sum(size) FILTER (WHERE result <> 'uploaded'), 0), count(*) FILTER (WHERE result = 'unchanged')
         FROM receipt WHERE seq >= ?1 AND (?2 IS NULL OR destination_id = ?2)",
    )?;
    Ok(q.query_row(params![first, destination.map(key)], |r| {
        Ok(Proved {
            files: unsigned(r, 0)?,
            bytes: unsigned(r, 1)?,
            deduplicated: unsigned(r, 2)?,
            saved: unsigned(r, 3)?,
            unchanged: unsigned(r, 4)?,
        })
    })?)
}

/// The same by destination, most bytes first, with the name that the newest receipt knows.
///
/// # Errors
/// As for every read.
pub fn proved_by_destination(
    conn: &Connection,
    since: Timestamp,
) -> Result<Vec<(DestinationId, String, Proved)>, QueueError> {
    let first = first_since(conn, since)?;
    let mut q = conn.prepare_cached(
        "SELECT destination_id, destination_name, count(*), sum(size), count(*) FILTER (WHERE result = 'deduplicated'),
                coalesce(sum(size) FILTER (WHERE result <> 'uploaded'), 0), count(*) FILTER (WHERE result = 'unchanged'), max(seq)
         FROM receipt WHERE seq >= ?1 GROUP BY destination_id ORDER BY 4 DESC",
    )?;
    let rows = q.query_map([first], |r| {
        let proved = Proved {
            files: unsigned(r, 2)?,
            bytes: unsigned(r, 3)?,
            deduplicated: unsigned(r, 4)?,
            saved: unsigned(r, 5)?,
            unchanged: unsigned(r, 6)?,
        };
        Ok((id(r, 0)?, r.get(1)?, proved))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Files that failed since and still stand so.
///
/// # Errors
/// As for every read.
pub fn failed(
    conn: &Connection,
    since: Timestamp,
    destination: Option<DestinationId>,
) -> Result<u64, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT count(DISTINCT e.scope_id) FROM event e JOIN upload_file f ON f.id = e.scope_id
         JOIN upload_group g ON g.id = f.group_id
         WHERE e.at >= ?1 AND e.kind = 'failed' AND f.state = 'failed' AND (?2 IS NULL OR g.destination_id = ?2)",
    )?;
    Ok(
        q.query_row(params![since.as_millis(), destination.map(key)], |r| {
            unsigned(r, 0)
        })?,
    )
}

/// Why files failed since, also those that went well later; the most frequent first.
///
/// # Errors
/// As for every read.
pub fn reasons(
    conn: &Connection,
    since: Timestamp,
    destination: Option<DestinationId>,
) -> Result<Vec<(ErrorCode, u64)>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT e.code, count(DISTINCT e.scope_id) AS n FROM event e
         LEFT JOIN upload_file f ON f.id = e.scope_id LEFT JOIN upload_group g ON g.id = f.group_id
         WHERE e.at >= ?1 AND e.kind = 'failed' AND e.code IS NOT NULL AND (?2 IS NULL OR g.destination_id = ?2)
         GROUP BY e.code ORDER BY n DESC, e.code",
    )?;
    let rows = q.query_map(params![since.as_millis(), destination.map(key)], |r| {
        Ok((word(r, 0)?, unsigned(r, 1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How long the newest uploads since took; files of groups that left the list are not among them.
///
/// # Errors
/// As for every read.
pub fn times(
    conn: &Connection,
    since: Timestamp,
    destination: Option<DestinationId>,
) -> Result<Times, QueueError> {
    let first = first_since(conn, since)?;
    let mut q = conn.prepare_cached(
        "SELECT max(0, f.finished_at - f.created_at) FROM receipt r CROSS JOIN upload_file f ON f.id = r.file_id
         WHERE r.seq >= ?1 AND r.result = 'uploaded' AND f.state = 'done' AND (?2 IS NULL OR r.destination_id = ?2)
         ORDER BY r.seq DESC LIMIT ?3",
    )?;
    let mut took: Vec<i64> = q
        .query_map(params![first, destination.map(key), TIMED], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    took.sort_unstable();
    let Some(last) = took.len().checked_sub(1) else {
        return Ok(Times::default());
    };
    let at = |share: usize| took.get(last * share / 100).copied().unwrap_or_default();
    let sum: i128 = took.iter().map(|t| i128::from(*t)).sum();
    let count = i128::try_from(took.len()).unwrap_or(1);
    Ok(Times {
        files: took.len() as u64,
        mean_ms: i64::try_from(sum / count).unwrap_or(i64::MAX),
        median_ms: at(50),
        p95_ms: at(95),
    })
}

/// Groups that were cancelled since before all was proved, and groups on which nothing has moved since `still`; newest first.
///
/// # Errors
/// As for every read.
pub fn abandoned(
    conn: &Connection,
    since: Timestamp,
    still: Timestamp,
    limit: u32,
) -> Result<Vec<Abandoned>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT group_id, name, done, files, 1, ended_at FROM history
         WHERE state = 'cancelled' AND done < files AND ended_at >= ?1
         UNION ALL
         SELECT * FROM (SELECT g.id, g.name, (SELECT count(*) FROM upload_file f WHERE f.group_id = g.id AND f.state = 'done'),
                (SELECT count(*) FROM upload_file f WHERE f.group_id = g.id), 0,
                max(g.created_at, coalesce((SELECT recorded_at FROM receipt WHERE seq =
                    (SELECT max(seq) FROM receipt WHERE group_id = g.id)), 0)) AS moved
         FROM upload_group g
         WHERE g.hidden = 0 AND g.state NOT IN ('completed', 'cancelled'))
         WHERE moved <= ?2
         ORDER BY 6 DESC LIMIT ?3",
    )?;
    let rows = q.query_map(params![since.as_millis(), still.as_millis(), limit], |r| {
        Ok(Abandoned {
            group: id(r, 0)?,
            name: r.get(1)?,
            done: unsigned(r, 2)?,
            files: unsigned(r, 3)?,
            cancelled: r.get(4)?,
            at: time(r, 5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
