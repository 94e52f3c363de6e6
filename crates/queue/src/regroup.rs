//! Groups that are put together and taken apart.
//!
//! A file goes over as a new row of the other group, with an id of its own; its old row is cancelled in the same transaction and
//! leaves as every cancelled file does, when the control plane gave it up. So the ledger never learns of one file in two groups,
//! and a crash at any point leaves each file in exactly one of them. Only files of which nothing was stored yet go over: what is
//! under way stays where it is.

use std::collections::HashSet;

use rusqlite::{Connection, params};
use windlass_core::ids::{FileId, GroupId};
use windlass_core::names::numbered;
use windlass_core::states::{FileState, Intent};
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::files::{self, FileRow, NewFile, Scope};
use crate::row::key;

/// Files of a group that may go over to another, by place; of these ids only, where some are given.
///
/// # Errors
/// As for every read.
pub fn movable(conn: &Connection, group: GroupId, of: Option<&[FileId]>) -> Result<Vec<FileRow>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT f.id FROM upload_file f
         WHERE f.group_id = ?1 AND f.intent <> 'cancelled' AND f.state IN ('queued', 'registered', 'failed')
           AND NOT EXISTS (SELECT 1 FROM part p WHERE p.file_id = f.id AND p.state <> 'pending')
         ORDER BY f.position",
    )?;
    let ids = q.query_map([key(group)], |r| crate::row::id(r, 0))?;
    let mut ids: Vec<FileId> = ids.collect::<Result<_, _>>()?;
    if let Some(of) = of {
        let of: HashSet<&FileId> = of.iter().collect();
        ids.retain(|id| of.contains(id));
    }
    files::get_many(conn, &ids)
}

/// Files of a group that are neither removed nor on their way out.
///
/// # Errors
/// As for every read.
pub fn living(conn: &Connection, group: GroupId) -> Result<u64, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT count(*) FROM upload_file WHERE group_id = ?1 AND state <> 'removed' AND intent <> 'cancelled'",
    )?;
    Ok(q.query_row([key(group)], |r| crate::row::unsigned(r, 0))?)
}

/// Moves these files behind the others of a group. `fresh` makes their new ids, which are the answer. The old rows are cancelled;
/// the caller sees to it that the control plane hears of that.
///
/// # Errors
/// When the group has ended.
pub fn carry(
    conn: &Connection,
    rows: Vec<FileRow>,
    to: GroupId,
    at: Timestamp,
    mut fresh: impl FnMut() -> FileId,
) -> Result<Vec<FileId>, QueueError> {
    let mut taken = names(conn, to)?;
    let first = files::next_position(conn, to)?;
    let mut moved =
        conn.prepare_cached("UPDATE upload_file SET moved_to = ?2, intent = 'cancelled' WHERE id = ?1")?;
    let mut ids = Vec::with_capacity(rows.len());
    for (position, row) in (first..).zip(rows) {
        let mut rel_path = row.rel_path.clone();
        let mut n = 2;
        while !taken.insert(rel_path.clone()) {
            rel_path = numbered(&row.rel_path, n);
            n += 1;
        }
        let id = fresh();
        let failure = row.error.filter(|_| row.state == FileState::Failed);
        let new = NewFile {
            id,
            group: to,
            position,
            path: row.path,
            rel_path,
            fingerprint: row.fingerprint,
            part_size: row.part_size,
            part_count: row.part_count,
            mime: row.mime,
            at,
            failure,
        };
        files::insert_many(conn, &[new])?;
        if row.intent == Intent::Paused {
            files::set_intent(conn, Scope::File(id), Intent::Paused)?;
        }
        moved.execute(params![key(row.id), key(to)])?;
        ids.push(id);
    }
    Ok(ids)
}

/// All that the group has went over to another: its notes and its empty folders follow, and it has no card any more.
///
/// # Errors
/// As for every write.
pub fn dissolve(conn: &Connection, from: GroupId, to: GroupId) -> Result<(), QueueError> {
    let (theirs, mut ours) = (crate::groups::notes(conn, from)?, crate::groups::notes(conn, to)?);
    if ours.text.is_empty() {
        ours.text = theirs.text;
    }
    for (name, value) in theirs.pairs {
        ours.pairs.entry(name).or_insert(value);
    }
    crate::groups::set_notes(conn, to, &ours)?;
    conn.prepare_cached("UPDATE OR IGNORE group_folder SET group_id = ?2, made = 0 WHERE group_id = ?1")?
        .execute(params![key(from), key(to)])?;
    conn.prepare_cached("UPDATE upload_group SET merged_into = ?2, intent = 'cancelled' WHERE id = ?1")?
        .execute(params![key(from), key(to)])?;
    Ok(())
}

/// Names that are in use: those of files that left are free.
fn names(conn: &Connection, group: GroupId) -> Result<HashSet<String>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT rel_path FROM upload_file WHERE group_id = ?1 AND state <> 'removed' AND moved_to IS NULL",
    )?;
    Ok(q.query_map([key(group)], |r| r.get(0))?
        .collect::<Result<_, _>>()?)
}
