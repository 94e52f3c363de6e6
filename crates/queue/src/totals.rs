//! Figures of groups: always counted from the rows, never kept (I6). They are read from one index alone; only files under way
//! are looked at part by part.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::{Connection, Row, params};
use windlass_core::error::{ErrorCode, RetryClass};
use windlass_core::ids::GroupId;
use windlass_core::machine::Counts;

use crate::row::{id, key, unsigned, word};
use crate::{QueueError, files};

/// What became of a group's files. `total` is the sum of all counts but `removed`, `deduplicated` and `unchanged`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupTotals {
    /// All that were taken in, without those removed.
    pub total: u64,
    /// Done; deduplicated and unchanged ones included.
    pub done: u64,
    /// Of these: the same content was there.
    pub deduplicated: u64,
    /// Of these: untouched since its receipt.
    pub unchanged: u64,
    /// Failed in a way that may be tried again.
    pub failed: u64,
    /// Refused for good.
    pub rejected: u64,
    /// Not begun.
    pub registered_or_queued: u64,
    /// Parts are sent.
    pub uploading: u64,
    /// The proof is awaited.
    pub verifying: u64,
    /// Cancelled.
    pub removed: u64,
    /// Bytes of all files but those removed or refused for good.
    pub bytes_total: u64,
    /// Of these: bytes that the destination holds.
    pub bytes_done: u64,
}

/// Files of one group that failed for the same cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorFold {
    /// The cause.
    pub code: ErrorCode,
    /// How many.
    pub files: u64,
    /// The first of them.
    pub example: String,
    /// Its detail.
    pub detail: String,
}

/// Codes of what is refused for good, as an SQL list. The words are ours and hold no quote.
pub(crate) static FOR_GOOD: LazyLock<String> = LazyLock::new(|| {
    let never = ErrorCode::ALL
        .iter()
        .filter(|c| c.retry_class() == RetryClass::Never);
    never.map(|c| format!("'{c}'")).collect::<Vec<_>>().join(", ")
});

static ALL: LazyLock<String> = LazyLock::new(|| statement(""));
static ONE: LazyLock<String> = LazyLock::new(|| statement("AND g.id = ?1"));

fn statement(which: &str) -> String {
    let for_good = FOR_GOOD.as_str();
    let rejected = format!("f.state = 'failed' AND f.error_code IN ({for_good})");
    // Inside: one pass over upload_file_totals in its own order. Parts only of files under way, by their key.
    format!(
        "SELECT id,
           coalesce(sum(files) FILTER (WHERE state <> 'removed'), 0),
           coalesce(sum(files) FILTER (WHERE state = 'done'), 0),
           sum(deduplicated),
           sum(unchanged),
           coalesce(sum(files - rejected) FILTER (WHERE state = 'failed'), 0),
           sum(rejected),
           coalesce(sum(files) FILTER (WHERE state IN ('queued', 'registered')), 0),
           coalesce(sum(files) FILTER (WHERE state = 'uploading'), 0),
           coalesce(sum(files) FILTER (WHERE state = 'verifying'), 0),
           coalesce(sum(files) FILTER (WHERE state = 'removed'), 0),
           coalesce(sum(bytes - rejected_bytes) FILTER (WHERE state <> 'removed'), 0),
           coalesce(sum(bytes) FILTER (WHERE state = 'done'), 0)
             + (SELECT coalesce(sum(p.size), 0) FROM upload_file u CROSS JOIN part p ON p.file_id = u.id
                WHERE u.group_id = counted.id AND p.state = 'uploaded'
                  AND u.state IN ('registered', 'uploading', 'verifying', 'failed')
                  AND (u.state <> 'failed' OR u.error_code NOT IN ({for_good})))
         FROM (SELECT g.id AS id, f.state AS state, count(*) AS files, sum(f.size) AS bytes,
                 count(*) FILTER (WHERE f.result = 'deduplicated') AS deduplicated,
                 count(*) FILTER (WHERE f.result = 'unchanged') AS unchanged,
                 count(*) FILTER (WHERE {rejected}) AS rejected,
                 coalesce(sum(f.size) FILTER (WHERE {rejected}), 0) AS rejected_bytes
               FROM upload_group g CROSS JOIN upload_file f ON f.group_id = g.id
               WHERE g.hidden = 0 {which} GROUP BY g.id, f.state) AS counted
         GROUP BY id"
    )
}

fn read(r: &Row<'_>) -> rusqlite::Result<(GroupId, GroupTotals)> {
    let totals = GroupTotals {
        total: unsigned(r, 1)?,
        done: unsigned(r, 2)?,
        deduplicated: unsigned(r, 3)?,
        unchanged: unsigned(r, 4)?,
        failed: unsigned(r, 5)?,
        rejected: unsigned(r, 6)?,
        registered_or_queued: unsigned(r, 7)?,
        uploading: unsigned(r, 8)?,
        verifying: unsigned(r, 9)?,
        removed: unsigned(r, 10)?,
        bytes_total: unsigned(r, 11)?,
        bytes_done: unsigned(r, 12)?,
    };
    Ok((id(r, 0)?, totals))
}

/// Figures of one group; zeros when it has no files.
///
/// # Errors
/// As for every read.
pub fn totals(conn: &Connection, group: GroupId) -> Result<GroupTotals, QueueError> {
    let mut q = conn.prepare_cached(&ONE)?;
    let found = q.query_map([key(group)], read)?.next().transpose()?;
    Ok(found.map(|(_, totals)| totals).unwrap_or_default())
}

/// Figures of all groups with a card and at least one file.
///
/// # Errors
/// As for every read.
pub fn totals_all(conn: &Connection) -> Result<BTreeMap<GroupId, GroupTotals>, QueueError> {
    let mut q = conn.prepare_cached(&ALL)?;
    let rows = q.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// What the machine asks about a group before it ends it.
///
/// # Errors
/// As for every read.
pub fn counts(conn: &Connection, group: GroupId) -> Result<Counts, QueueError> {
    static COUNTS: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT count(*) FILTER (WHERE state <> 'done' AND state <> 'failed' AND state <> 'removed'),
                    count(*) FILTER (WHERE state = 'done'),
                    count(*) FILTER (WHERE state = 'failed'),
                    count(*) FILTER (WHERE state = 'failed' AND error_code IN ({})),
                    coalesce((SELECT scanning FROM upload_group WHERE id = ?1), 0)
             FROM upload_file WHERE group_id = ?1",
            FOR_GOOD.as_str()
        )
    });
    let next_try_at = files::earliest_next_try(conn, group)?;
    let mut q = conn.prepare_cached(&COUNTS)?;
    Ok(q.query_row([key(group)], |r| {
        let rejected = unsigned(r, 3)?;
        Ok(Counts {
            open: unsigned(r, 0)?,
            done: unsigned(r, 1)?,
            failed: unsigned(r, 2)? - rejected,
            rejected,
            next_try_at,
            scanning: r.get(4)?,
        })
    })?)
}

/// Failed files of a group, equal causes as one (I44); the most frequent first.
///
/// # Errors
/// As for every read.
pub fn error_folds(conn: &Connection, group: GroupId) -> Result<Vec<ErrorFold>, QueueError> {
    // With min(), SQLite takes the other columns from the row of the minimum.
    let mut q = conn.prepare_cached(
        "SELECT error_code, count(*) AS files, rel_path, error_detail, min(position) FROM upload_file
         WHERE group_id = ?1 AND state = 'failed' GROUP BY error_code ORDER BY files DESC, error_code",
    )?;
    let folds = q
        .query_map(params![key(group)], |r| {
            Ok(ErrorFold {
                code: word(r, 0)?,
                files: unsigned(r, 1)?,
                example: r.get(2)?,
                detail: r.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(folds)
}
