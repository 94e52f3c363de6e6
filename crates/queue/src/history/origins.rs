//! From which folders groups came. The table of them is filled behind the writer ([`due`] and [`enter`]); a group that is not
//! in it yet is looked through file by file.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use windlass_core::ids::GroupId;

use crate::QueueError;
use crate::row::{id, key};

/// Folders, each as [`folder_key`] makes it.
pub type Folders = BTreeSet<Vec<u8>>;

/// A folder as it is kept and compared: byte for byte, without slashes at its end.
#[must_use]
pub fn folder_key(path: &[u8]) -> &[u8] {
    let mut path = path;
    while let Some(shorter) = path.strip_suffix(b"/") {
        path = shorter;
    }
    path
}

/// What every path below a folder begins with.
pub(crate) fn below(folder: &[u8]) -> Vec<u8> {
    [folder_key(folder), b"/"].concat()
}

/// Groups whose folders are not in the table yet, with all of them: up to `groups`, and no further one after `files` files were
/// looked at. Empty when all groups are.
///
/// # Errors
/// As for every read.
pub fn due(conn: &Connection, groups: usize, files: usize) -> Result<Vec<(GroupId, Folders)>, QueueError> {
    let mut q = conn.prepare_cached("SELECT group_id FROM history_folder_due LIMIT ?1")?;
    let mut rows = q.query([i64::try_from(groups).unwrap_or(i64::MAX)])?;
    let (mut found, mut looked) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if looked >= files {
            break;
        }
        let group = id(row, 0)?;
        let (folders, of) = sources(conn, group)?;
        looked += of;
        found.push((group, folders));
    }
    Ok(found)
}

/// Each folder that files of a group lay in, and each above it. Looks at every file that it has a receipt of or still has a row of.
/// Answers with how many these were, too.
fn sources(conn: &Connection, group: GroupId) -> Result<(Folders, usize), QueueError> {
    let (mut found, mut looked) = (Folders::new(), 0);
    for sql in [
        "SELECT path FROM receipt WHERE group_id = ?1",
        "SELECT path FROM upload_file WHERE group_id = ?1 AND moved_to IS NULL",
    ] {
        let mut q = conn.prepare_cached(sql)?;
        let mut rows = q.query([key(group)])?;
        while let Some(row) = rows.next()? {
            looked += 1;
            let mut rest = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            while let Some(slash) = rest.iter().rposition(|b| *b == b'/') {
                rest = rest.get(..slash).unwrap_or_default();
                // What is above a folder that is in it is in it too.
                if found.contains(rest) {
                    break;
                }
                found.insert(rest.to_vec());
            }
        }
    }
    Ok((found, looked))
}

/// Enters the folders of a group.
///
/// # Errors
/// As for every write.
pub fn enter(conn: &Connection, group: GroupId, folders: &Folders) -> Result<(), QueueError> {
    let mut q = conn.prepare_cached(
        "INSERT OR IGNORE INTO history_folder (folder, ended_at, group_id)
         SELECT ?1, ended_at, group_id FROM history WHERE group_id = ?2",
    )?;
    for folder in folders {
        q.execute(params![folder, key(group)])?;
    }
    conn.prepare_cached("DELETE FROM history_folder_due WHERE group_id = ?1")?
        .execute([key(group)])?;
    Ok(())
}
