//! Files that the person cancelled and that the control plane has not confirmed yet.

use rusqlite::Connection;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::states::FileState;

use crate::QueueError;
use crate::row;

/// Cancelled files that have not ended, of groups that are not cancelled as a whole, with where they stand.
///
/// # Errors
/// As for every read.
pub fn unconfirmed(conn: &Connection) -> Result<Vec<(FileId, GroupId, FileState)>, QueueError> {
    // Open ones by upload_file_open, which knows intents; failed ones by upload_file_totals.
    let mut q = conn.prepare_cached(
        "SELECT f.id, f.group_id, f.state FROM upload_file f INDEXED BY upload_file_open
         JOIN upload_group g ON g.id = f.group_id
         WHERE f.intent = 'cancelled' AND f.state <> 'done' AND f.state <> 'failed' AND f.state <> 'removed'
           AND g.intent <> 'cancelled' AND g.hidden = 0 AND g.state NOT IN ('completed', 'cancelled')
         UNION ALL
         SELECT f.id, f.group_id, f.state FROM upload_group g
         CROSS JOIN upload_file f ON f.group_id = g.id AND f.state = 'failed'
         WHERE f.intent = 'cancelled'
           AND g.intent <> 'cancelled' AND g.hidden = 0 AND g.state NOT IN ('completed', 'cancelled')",
    )?;
    let rows = q.query_map([], |r| Ok((row::id(r, 0)?, row::id(r, 1)?, row::word(r, 2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
