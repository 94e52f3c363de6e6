//! Empty folders of a group: written down with what was given, made at a destination that can hold them, told in the receipt.

use rusqlite::{Connection, params};
use windlass_core::ids::GroupId;

use crate::QueueError;
use crate::row::key;

/// A folder in which nothing was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmptyFolder {
    /// Path inside the group, made showable.
    pub rel_path: String,
    /// It stands at the destination too.
    pub made: bool,
}

/// Writes folders down; those that are known stay as they are.
///
/// # Errors
/// When a path is too long.
pub fn add(conn: &Connection, group: GroupId, paths: &[String]) -> Result<(), QueueError> {
    let mut q = conn.prepare_cached(
        "INSERT INTO group_folder (group_id, rel_path) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for path in paths {
        q.execute(params![key(group), path])?;
    }
    Ok(())
}

/// All of a group, by path. Also of one whose card is gone.
///
/// # Errors
/// As for every read.
pub fn of_group(conn: &Connection, group: GroupId) -> Result<Vec<EmptyFolder>, QueueError> {
    let mut q =
        conn.prepare_cached("SELECT rel_path, made FROM group_folder WHERE group_id = ?1 ORDER BY rel_path")?;
    let folders = q.query_map([key(group)], |r| {
        Ok(EmptyFolder {
            rel_path: r.get(0)?,
            made: r.get(1)?,
        })
    })?;
    Ok(folders.collect::<Result<_, _>>()?)
}

/// They stand at the destination.
///
/// # Errors
/// As for every write.
pub fn made(conn: &Connection, group: GroupId, paths: &[String]) -> Result<(), QueueError> {
    let mut q =
        conn.prepare_cached("UPDATE group_folder SET made = 1 WHERE group_id = ?1 AND rel_path = ?2")?;
    for path in paths {
        q.execute(params![key(group), path])?;
    }
    Ok(())
}
