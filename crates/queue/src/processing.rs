//! The processing track of files that arrived at a server: what was told last, and when to ask again. Born with the receipt
//! of the file, by a trigger; it never touches the upload.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::limits::MAX_TEXT_BYTES;
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::row::{id, key, time, unsigned, word};
use crate::totals::ErrorFold;
use crate::words::words;

words! {
    /// How far it is.
    State, "state of processing" {
        /// The server does nothing with it.
        None = "none",
        /// Its turn comes.
        Waiting = "waiting",
        /// It is worked on.
        Running = "running",
        /// All of it was done.
        Done = "done",
        /// A part of it failed for good.
        Failed = "failed",
    }
}

/// What was told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// How far it is.
    pub state: State,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// A file to ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The file.
    pub file: FileId,
    /// Its group.
    pub group: GroupId,
    /// Where it went.
    pub destination: DestinationId,
    /// How often it was asked about without an end.
    pub asks: u64,
    /// As it was told last.
    pub state: State,
}

/// Files of a group by how far they are; those with which the server does nothing are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Their turn comes.
    pub waiting: u64,
    /// They are worked on.
    pub running: u64,
    /// All of it was done.
    pub done: u64,
    /// A part of it failed for good.
    pub failed: u64,
}

pub(crate) fn track(r: &Row<'_>, i: usize) -> rusqlite::Result<Track> {
    Ok(Track {
        state: word(r, i)?,
        failure: failure(r, i + 1, i + 2)?,
    })
}

/// A newer server may have codes that this program does not know.
fn failure(r: &Row<'_>, code: usize, detail: usize) -> rusqlite::Result<Option<Failure>> {
    let (code, detail): (Option<String>, Option<String>) = (r.get(code)?, r.get(detail)?);
    Ok(code.map(|c| {
        let code = c.parse().unwrap_or(ErrorCode::ProcessingFailed);
        Failure::new(code, detail.unwrap_or_default())
    }))
}

/// The track of a file; none when it has none.
///
/// # Errors
/// As for every read.
pub fn get(conn: &Connection, file: FileId) -> Result<Option<Track>, QueueError> {
    let mut q = conn.prepare_cached("SELECT state, code, detail FROM processing WHERE file_id = ?1")?;
    Ok(q.query_row([key(file)], |r| track(r, 0)).optional()?)
}

/// How far processing of a group's files is. Looks at each file that arrived.
///
/// # Errors
/// As for every read.
pub fn counts(conn: &Connection, group: GroupId) -> Result<Counts, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT count(*) FILTER (WHERE p.state = 'waiting'), count(*) FILTER (WHERE p.state = 'running'),
                count(*) FILTER (WHERE p.state = 'done'), count(*) FILTER (WHERE p.state = 'failed')
         FROM upload_file f JOIN processing p ON p.file_id = f.id
         WHERE f.group_id = ?1 AND f.state = 'done'",
    )?;
    Ok(q.query_row([key(group)], |r| {
        Ok(Counts {
            waiting: unsigned(r, 0)?,
            running: unsigned(r, 1)?,
            done: unsigned(r, 2)?,
            failed: unsigned(r, 3)?,
        })
    })?)
}

/// Files of a group that could not be processed and of which no person knows yet, equal causes as one (I44).
///
/// # Errors
/// As for every read.
pub fn unseen(conn: &Connection, group: GroupId) -> Result<Vec<ErrorFold>, QueueError> {
    // With min(), SQLite takes the other columns from the row of the minimum.
    let mut q = conn.prepare_cached(
        "SELECT p.code, count(*) AS files, f.rel_path, p.detail, min(f.position)
         FROM upload_file f JOIN processing p ON p.file_id = f.id
         WHERE f.group_id = ?1 AND f.state = 'done' AND p.state = 'failed' AND p.seen = 0
         GROUP BY p.code ORDER BY files DESC, p.code",
    )?;
    let folds = q
        .query_map([key(group)], |r| {
            let why = failure(r, 0, 3)?.unwrap_or_else(|| Failure::new(ErrorCode::ProcessingFailed, ""));
            Ok(ErrorFold {
                code: why.code,
                files: unsigned(r, 1)?,
                example: r.get(2)?,
                detail: why.detail,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(folds)
}

/// A person has seen what could not be processed in a group. Answers how many files.
///
/// # Errors
/// As for every write.
pub fn see(conn: &Connection, group: GroupId) -> Result<usize, QueueError> {
    let mut q = conn.prepare_cached(
        "UPDATE processing SET seen = 1 WHERE state = 'failed' AND seen = 0
         AND file_id IN (SELECT id FROM upload_file WHERE group_id = ?1)",
    )?;
    Ok(q.execute([key(group)])?)
}

/// The tracks of a group's files that failed.
///
/// # Errors
/// As for every read.
pub fn failed(conn: &Connection, group: GroupId) -> Result<Vec<FileId>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT p.file_id FROM upload_file f JOIN processing p ON p.file_id = f.id
         WHERE f.group_id = ?1 AND p.state = 'failed' ORDER BY f.position",
    )?;
    let rows = q
        .query_map([key(group)], |r| id(r, 0))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Files to ask about, most overdue first; and when the next is due, when these are not all.
///
/// # Errors
/// As for every read.
pub fn due(
    conn: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<(Vec<Due>, Option<Timestamp>), QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT p.file_id, f.group_id, g.destination_id, p.asks, p.state
         FROM processing p JOIN upload_file f ON f.id = p.file_id JOIN upload_group g ON g.id = f.group_id
         WHERE (p.state = 'waiting' OR p.state = 'running') AND p.due_at <= ?1 ORDER BY p.due_at LIMIT ?2",
    )?;
    let read = |r: &Row<'_>| {
        Ok(Due {
            file: id(r, 0)?,
            group: id(r, 1)?,
            destination: id(r, 2)?,
            asks: unsigned(r, 3)?,
            state: word(r, 4)?,
        })
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due: Vec<Due> = q
        .query_map(params![now.as_millis(), limit], read)?
        .collect::<Result<_, _>>()?;
    let next: Option<i64> = conn
        .prepare_cached("SELECT min(due_at) FROM processing WHERE (state = 'waiting' OR state = 'running') AND due_at > ?1")?
        .query_row([now.as_millis()], |r| r.get(0))?;
    Ok((due, next.map(Timestamp::from_millis)))
}

/// Writes what was told now; asked again at `due_at` when it has not ended. An end that is told twice keeps its first time.
///
/// # Errors
/// As for every write.
pub fn told(
    conn: &Connection,
    file: FileId,
    track: &Track,
    now: Timestamp,
    due_at: Timestamp,
) -> Result<(), QueueError> {
    let failure = track.failure.as_ref().filter(|_| track.state == State::Failed);
    let detail = failure.map(|f| cut(&f.detail));
    conn.prepare_cached(
        "UPDATE processing SET asks = CASE WHEN state = ?2 THEN asks + 1 ELSE 0 END, seen = seen AND state = ?2, state = ?2,
            code = ?3, detail = ?4, due_at = ?5,
            ended_at = CASE WHEN ?2 <> 'done' AND ?2 <> 'failed' THEN NULL WHEN state = ?2 THEN coalesce(ended_at, ?6) ELSE ?6 END
         WHERE file_id = ?1",
    )?
    .execute(params![
        key(file),
        track.state.as_str(),
        failure.map(|f| f.code.as_str()),
        detail,
        due_at.as_millis(),
        now.as_millis()
    ])?;
    Ok(())
}

/// Files of which processing was heard to have ended, and of these those with which it went wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Processed {
    /// All of it was done.
    pub done: u64,
    /// A part of it failed for good.
    pub failed: u64,
}

/// What ended since, everywhere or at one destination; of groups that are still in the list.
///
/// # Errors
/// As for every read.
pub fn ended(
    conn: &Connection,
    since: Timestamp,
    destination: Option<DestinationId>,
) -> Result<Processed, QueueError> {
    // By processing_ended.
    let mut q = conn.prepare_cached(
        "SELECT count(*) FILTER (WHERE p.state = 'done'), count(*) FILTER (WHERE p.state = 'failed')
         FROM processing p JOIN receipt r ON r.file_id = p.file_id
         WHERE p.ended_at >= ?1 AND (?2 IS NULL OR r.destination_id = ?2)",
    )?;
    Ok(
        q.query_row(params![since.as_millis(), destination.map(key)], |r| {
            Ok(Processed {
                done: unsigned(r, 0)?,
                failed: unsigned(r, 1)?,
            })
        })?,
    )
}

/// Bytes whose processing ended well, of stretches of `step_ms`, oldest first; stretches in which nothing ended are absent. Of
/// groups that are still in the list.
///
/// # Errors
/// As for every read.
pub fn done_by_step(
    conn: &Connection,
    since: Timestamp,
    step_ms: i64,
    destination: Option<DestinationId>,
) -> Result<Vec<(Timestamp, u64)>, QueueError> {
    // By processing_ended.
    let mut q = conn.prepare_cached(
        "SELECT p.ended_at / ?2 * ?2 AS step, sum(r.size) FROM processing p JOIN receipt r ON r.file_id = p.file_id
         WHERE p.ended_at >= ?1 AND p.state = 'done' AND (?3 IS NULL OR r.destination_id = ?3) GROUP BY step ORDER BY step",
    )?;
    let rows = q.query_map(
        params![since.as_millis(), step_ms.max(1), destination.map(key)],
        |r| Ok((time(r, 0)?, unsigned(r, 1)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES))
        .unwrap_or(text)
}

/// Nobody answered: they are asked about later.
///
/// # Errors
/// As for every write.
pub fn later(conn: &Connection, files: &[FileId], due_at: Timestamp) -> Result<(), QueueError> {
    let mut q =
        conn.prepare_cached("UPDATE processing SET due_at = ?2, asks = asks + 1 WHERE file_id = ?1")?;
    for file in files {
        q.execute(params![key(*file), due_at.as_millis()])?;
    }
    Ok(())
}
