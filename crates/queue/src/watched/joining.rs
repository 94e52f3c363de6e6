//! Groups that are still open for files of a watched folder.

use rusqlite::{Connection, params};
use serde_json::Value;
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
    // What the person chose for the folder holds for it also when nothing joins it any more.
    conn.prepare_cached("UPDATE upload_group SET watch_id = ?2 WHERE id = ?1")?
        .execute([key(group), key(watch)])?;
    groups::set_scanning(conn, group, true)?;
    Ok(())
}

/// Groups that watched folders made and that have not ended, with the rules of their folders.
///
/// # Errors
/// As for every read.
pub fn open_groups(conn: &Connection) -> Result<Vec<(GroupId, Value)>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT g.id, w.rules FROM upload_group g JOIN watched_folder w ON w.id = g.watch_id
         WHERE g.watch_id IS NOT NULL AND g.finished_at IS NULL",
    )?;
    let rows = q.query_map([], |r| {
        let rules: String = r.get(1)?;
        // The column holds nothing but JSON.
        Ok((id(r, 0)?, serde_json::from_str(&rules).unwrap_or_default()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
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
