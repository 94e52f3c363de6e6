//! What ended: one line a group, newest first, in pages that cost the same wherever they begin.
//!
//! A line is written by the queue's own triggers in the transaction of a group's end, or when its card is taken away before
//! one; it stays when the group's files leave.

mod origins;

pub(crate) use origins::below;
pub use origins::{Folders, due, enter, folder_key};

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;
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

/// Which lines. What is absent does not matter; what is there has to hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Words of the name or the destination, all of them.
    pub text: String,
    /// How it ended.
    pub ended: Option<Ended>,
    /// Where it went.
    pub destination: Option<DestinationId>,
    /// A file of it lay in this folder or below it, byte for byte.
    pub folder: Option<Vec<u8>>,
    /// It ended then or later.
    pub from: Option<Timestamp>,
    /// It ended before.
    pub before: Option<Timestamp>,
}

const COLUMNS: &str = "h.group_id, h.name, h.destination_id, h.destination_name, h.origin, h.state, h.created_at, h.ended_at, \
     h.files, h.done, h.deduplicated, h.unchanged, h.failed, h.bytes";
/// All of a filter that a line says by itself.
const FITS: &str = "(?4 IS NULL OR h.state = ?4) AND (?5 IS NULL OR h.destination_id = ?5) \
     AND (h.name || ' ' || h.destination_name) LIKE ?8 ESCAPE '\\' AND (h.name || ' ' || h.destination_name) LIKE ?9 ESCAPE '\\' \
     AND (h.name || ' ' || h.destination_name) LIKE ?10 ESCAPE '\\'";

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

/// Which rows are walked, newest first, for a filter: `?4` is the state, `?5` the destination, `?6` the folder.
fn walked(filter: &HistoryFilter) -> &'static str {
    match (&filter.folder, filter.destination, filter.ended) {
        (Some(_), ..) => {
            "history_folder w CROSS JOIN history h ON h.group_id = w.group_id AND h.ended_at = w.ended_at WHERE w.folder = ?6"
        }
        (_, Some(_), Some(_)) => {
            "history h INDEXED BY history_destination_state WHERE h.destination_id = ?5 AND h.state = ?4"
        }
        (_, Some(_), None) => "history h INDEXED BY history_destination WHERE h.destination_id = ?5",
        (_, None, Some(_)) => "history h INDEXED BY history_state WHERE h.state = ?4",
        (_, None, None) => "history h INDEXED BY history_ended WHERE true",
    }
}

/// The statement of a page.
fn statement(filter: &HistoryFilter) -> String {
    // The place and the order stand at the columns of the index that is walked.
    let w = if filter.folder.is_some() { "w" } else { "h" };
    format!(
        "SELECT {COLUMNS} FROM {}
           AND ({w}.ended_at, {w}.group_id) < (?1, ?2) AND {w}.ended_at >= ?3 AND {FITS}
         ORDER BY {w}.ended_at DESC, {w}.group_id DESC LIMIT ?7",
        walked(filter)
    )
}

/// Groups that came from a folder and are not in the table of folders yet.
fn statement_of_due() -> String {
    format!(
        "SELECT {COLUMNS} FROM history_folder_due d CROSS JOIN history h ON h.group_id = d.group_id
         WHERE (h.ended_at, h.group_id) < (?1, ?2) AND h.ended_at >= ?3 AND {FITS}
           AND (EXISTS (SELECT 1 FROM receipt r WHERE r.group_id = h.group_id AND substr(r.path, 1, length(?6)) = ?6)
             OR EXISTS (SELECT 1 FROM upload_file f WHERE f.group_id = h.group_id AND f.moved_to IS NULL
                        AND substr(f.path, 1, length(?6)) = ?6))
         ORDER BY h.ended_at DESC, h.group_id DESC LIMIT ?7"
    )
}

/// A page, newest first, after a line of the page before (`None`: from the newest), or after all lines of a millisecond.
///
/// # Errors
/// As for every read.
pub fn page(
    conn: &Connection,
    after: Option<(Timestamp, Option<GroupId>)>,
    limit: usize,
    filter: &HistoryFilter,
) -> Result<Vec<HistoryRow>, QueueError> {
    let after = after.map(|(at, group)| (at.as_millis(), group.map_or(Uuid::nil(), key)));
    let until = filter.before.map(|at| (at.as_millis(), Uuid::nil()));
    let (at, group) = after
        .into_iter()
        .chain(until)
        .min()
        .unwrap_or((i64::MAX, Uuid::max()));
    let mut words = filter.text.split_whitespace().map(like);
    let mut pattern = || words.next().unwrap_or_else(|| "%".to_owned());
    let patterns = [pattern(), pattern(), pattern()];
    let rows = |sql: &str, folder: Option<&[u8]>| -> Result<Vec<HistoryRow>, QueueError> {
        let mut q = conn.prepare_cached(sql)?;
        let rows = q.query_map(
            params![
                at,
                group,
                filter.from.map_or(i64::MIN, Timestamp::as_millis),
                filter.ended.map(Ended::as_str),
                filter.destination.map(key),
                folder,
                i64::try_from(limit).unwrap_or(i64::MAX),
                patterns[0],
                patterns[1],
                patterns[2],
            ],
            read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let Some(folder) = &filter.folder else {
        return rows(&statement(filter), None);
    };
    let mut found = rows(&statement(filter), Some(folder_key(folder)))?;
    found.extend(rows(&statement_of_due(), Some(&below(folder)))?);
    // Those that were entered meanwhile, or in part, are in both.
    found.sort_by_key(|row| std::cmp::Reverse((row.ended_at, key(row.group))));
    found.dedup_by_key(|row| row.group);
    found.truncate(limit);
    Ok(found)
}

/// One line.
///
/// # Errors
/// As for every read.
pub fn get(conn: &Connection, group: GroupId) -> Result<Option<HistoryRow>, QueueError> {
    let mut q = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM history h WHERE h.group_id = ?1"))?;
    Ok(q.query_row([key(group)], read).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connection, create};

    /// Each combination of what chooses the index.
    fn filters() -> Vec<HistoryFilter> {
        let mut all = Vec::new();
        for n in 0..8 {
            all.push(HistoryFilter {
                folder: (n & 1 > 0).then(|| b"/media".to_vec()),
                destination: (n & 2 > 0).then(|| DestinationId::from(Uuid::nil())),
                ended: (n & 4 > 0).then_some(Ended::Failed),
                ..HistoryFilter::default()
            });
        }
        all
    }

    // G-7
    #[test]
    fn each_page_of_the_history_is_one_walk_along_an_index_in_its_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("queue.sqlite");
        create::new_queue(&path, Timestamp::from_millis(7), [1; 10]).unwrap();
        let conn = connection::writer(&path).unwrap();
        for filter in filters() {
            let mut q = conn
                .prepare(&format!("EXPLAIN QUERY PLAN {}", statement(&filter)))
                .unwrap();
            let steps: Vec<String> = q
                .raw_query()
                .mapped(|r| r.get(3))
                .collect::<Result<_, _>>()
                .unwrap();
            let (index, equal) = match (&filter.folder, filter.destination, filter.ended) {
                (Some(_), ..) => ("PRIMARY KEY", "folder=? AND "),
                (_, Some(_), Some(_)) => ("history_destination_state", "destination_id=? AND state=? AND "),
                (_, Some(_), None) => ("history_destination", "destination_id=? AND "),
                (_, None, Some(_)) => ("history_state", "state=? AND "),
                (_, None, None) => ("history_ended", ""),
            };
            let walk = format!("{index} ({equal}ended_at>? AND (ended_at,group_id)<(?,?))");
            assert!(steps[0].ends_with(&walk), "{filter:?}: {steps:?}");
            assert!(
                !steps.iter().any(|s| s.contains("TEMP B-TREE")),
                "{filter:?}: {steps:?}"
            );
        }
    }
}
