//! What ended: one line a group, newest first, in pages that cost the same wherever they begin.
//!
//! A line is written by the queue's own triggers in the transaction of a group's end, or when its card is taken away before
//! one; it stays when the group's files leave.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::files::like;
use crate::groups::Origin;
use crate::row::{id, key, time, unsigned, word};
use crate::words::words;

words! {
    /// How a group ended.
    Ended, "end of a group" {
        /// All that was wanted is proved.
        Completed = "completed",
        /// By the person.
        Cancelled = "cancelled",
        /// Taken from the list with nothing more to be done.
        Failed = "failed",
    }
}

/// A group that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Its id.
    pub group: GroupId,
    /// Its name now.
    pub name: String,
    /// Where its files went.
    pub destination: DestinationId,
    /// The destination's name then.
    pub destination_name: String,
    /// How it came in.
    pub origin: Origin,
    /// How it ended.
    pub ended: Ended,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Files that were taken in.
    pub files: u64,
    /// Files proved.
    pub done: u64,
    /// Of these: the same content was there.
    pub deduplicated: u64,
    /// Of these: untouched since their receipt.
    pub unchanged: u64,
    /// Files that failed or were left out.
    pub failed: u64,
    /// Bytes of the proved files.
    pub bytes: u64,
}

/// Which lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Words of the name or the destination, all of them.
    pub text: String,
    /// How it ended.
    pub ended: Option<Ended>,
    /// Where it went.
    pub destination: Option<DestinationId>,
}

const COLUMNS: &str = "group_id, name, destination_id, destination_name, origin, state, created_at, ended_at, files, done, \
     deduplicated, unchanged, failed, bytes";

fn read(r: &Row<'_>) -> rusqlite::Result<HistoryRow> {
    Ok(HistoryRow {
        group: id(r, 0)?,
        name: r.get(1)?,
        destination: id(r, 2)?,
        destination_name: r.get(3)?,
        origin: word(r, 4)?,
        ended: word(r, 5)?,
        created_at: time(r, 6)?,
        ended_at: time(r, 7)?,
        files: unsigned(r, 8)?,
        done: unsigned(r, 9)?,
        deduplicated: unsigned(r, 10)?,
        unchanged: unsigned(r, 11)?,
        failed: unsigned(r, 12)?,
        bytes: unsigned(r, 13)?,
    })
}

/// A page, newest first, after a line of the page before (`None`: from the newest).
///
/// # Errors
/// As for every read.
pub fn page(
    conn: &Connection,
    after: Option<(Timestamp, GroupId)>,
    limit: usize,
    filter: &HistoryFilter,
) -> Result<Vec<HistoryRow>, QueueError> {
    // By history_ended.
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM history
         WHERE (ended_at, group_id) < (?1, ?2)
           AND (?3 IS NULL OR state = ?3) AND (?4 IS NULL OR destination_id = ?4)
           AND (name || ' ' || destination_name) LIKE ?5 ESCAPE '\\' AND (name || ' ' || destination_name) LIKE ?6 ESCAPE '\\'
           AND (name || ' ' || destination_name) LIKE ?7 ESCAPE '\\'
         ORDER BY ended_at DESC, group_id DESC LIMIT ?8"
    ))?;
    let mut words = filter.text.split_whitespace().map(like);
    let mut pattern = || words.next().unwrap_or_else(|| "%".to_owned());
    let (at, group) = after.map_or((i64::MAX, None), |(at, group)| (at.as_millis(), Some(key(group))));
    let rows = q
        .query_map(
            params![
                at,
                group.unwrap_or(uuid::Uuid::max()),
                filter.ended.map(Ended::as_str),
                filter.destination.map(key),
                pattern(),
                pattern(),
                pattern(),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            read,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// One line.
///
/// # Errors
/// As for every read.
pub fn get(conn: &Connection, group: GroupId) -> Result<Option<HistoryRow>, QueueError> {
    let mut q = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM history WHERE group_id = ?1"))?;
    Ok(q.query_row([key(group)], read).optional()?)
}
