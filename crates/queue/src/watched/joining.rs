//! Groups that are still open for files of a watched folder.

use rusqlite::{Connection, params};
use windlass_core::ids::{GroupId, WatchId};
use windlass_core::time::Timestamp;

use crate::row::{id, key, time};
use crate::{QueueError, groups};

/// An open group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// What its files have in common.
    pub key: String,
    /// The group.
    pub group: GroupId,
    /// When a file joined last.
    pub joined_at: Timestamp,
}

/// All of a folder.
///
/// # Errors
/// As for every read.
pub fn joining(conn: &Connection, watch: WatchId) -> Result<Vec<Joining>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT key, group_id, joined_at FROM watched_group WHERE folder_id = ?1 ORDER BY key",
    )?;
    let rows = q.query_map([key(watch)], |r| {
        Ok(Joining {
            key: r.get(0)?,
            group: id(r, 1)?,
            joined_at: time(r, 2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Files join this group from now on. It counts as being walked, so that it does not end meanwhile.
///
/// # Errors
/// As for every write.
pub fn join(
    conn: &Connection,
    watch: WatchId,
    by: &str,
    group: GroupId,
    now: Timestamp,
) -> Result<(), QueueError> {
    conn.prepare_cached(
        "INSERT INTO watched_group (folder_id, key, group_id, joined_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (folder_id, key) DO UPDATE SET group_id = ?3, joined_at = ?4",
    )?
    .execute(params![key(watch), by, key(group), now.as_millis()])?;
    groups::set_scanning(conn, group, true)?;
    Ok(())
}

/// Nothing joins it any more: it may end.
///
/// # Errors
/// As for every write.
pub fn close(conn: &Connection, group: GroupId) -> Result<(), QueueError> {
    conn.prepare_cached("DELETE FROM watched_group WHERE group_id = ?1")?
        .execute([key(group)])?;
    groups::set_scanning(conn, group, false)?;
    Ok(())
}
