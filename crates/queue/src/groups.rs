//! Upload groups: what the person gave in one gesture.
//!
//! A group is born `draft`, in the place after all others. Its state is moved by [`changes::apply`](crate::changes::apply)
//! for the machine, its intent by [`set_intent`] for the person. When its card is taken away ([`remove`]) it is hidden;
//! [`sweep`] then deletes its files bit by bit, and the group itself when it has no receipts. Receipts stay.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::machine::records::GroupRecord;
use windlass_core::states::{GroupState, Intent};
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::row::{id, key, maybe_id, maybe_time, time, word};
use crate::words::words;

words! {
    /// How it came in.
    Origin, "origin" {
        /// Dropped on the window.
        Drop = "drop",
        /// Chosen in a dialog.
        Dialog = "dialog",
        /// Pasted.
        Paste = "paste",
        /// `windlass up`.
        Cli = "cli",
        /// "Open with" of the desktop.
        OpenWith = "open_with",
        /// A watched folder.
        Watch = "watch",
    }
}

/// A group to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// Id, also on the control plane.
    pub id: GroupId,
    /// Name, 1 to 1,024 bytes.
    pub name: String,
    /// Where its files go.
    pub destination: DestinationId,
    /// How it came in.
    pub origin: Origin,
    /// When.
    pub created_at: Timestamp,
}

/// A group as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// What the machine knows of it.
    pub record: GroupRecord,
    /// Name.
    pub name: String,
    /// How it came in.
    pub origin: Origin,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was completed or cancelled.
    pub finished_at: Option<Timestamp>,
    /// When its end, or that it can't go on, was told to the person.
    pub told_at: Option<Timestamp>,
    /// Its paths are still being walked.
    pub scanning: bool,
    /// What the person wrote of it.
    pub notes: Notes,
    /// All of it went over to this group; it has no card.
    pub merged_into: Option<GroupId>,
}

/// What a person writes of a group: words, and keys with values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// At most 16 KiB.
    pub text: String,
    /// At most 64 KiB in all.
    pub pairs: BTreeMap<String, String>,
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum GroupRemoval {
    /// Its card is gone; its receipts stay.
    Removed,
    /// So many files are still to be done; nothing was changed.
    Open(u64),
    /// There was none.
    Missing,
}

/// Makes a group: `draft`, `run`, after all others. Answers with its record.
///
/// # Errors
/// When the id is taken or there is no such destination.
pub fn insert(conn: &Connection, g: &NewGroup) -> Result<GroupRecord, QueueError> {
    conn.prepare_cached(
        "INSERT INTO upload_group (id, name, destination_id, origin, intent, state, position, scanning, created_at)
         SELECT ?1, ?2, ?3, ?4, 'run', 'draft', coalesce(max(position) + 1, 0), 0, ?5 FROM upload_group",
    )?
    .execute(params![key(g.id), g.name, key(g.destination), g.origin.as_str(), g.created_at.as_millis()])?;
    get(conn, g.id)?
        .map(|row| row.record)
        .ok_or_else(|| QueueError::Internal("the group was not made".into()))
}

const COLUMNS: &str = "id, destination_id, position, intent, state, name, origin, created_at, finished_at, told_at, scanning, \
     note, pairs, merged_into";

/// Groups that are not hidden, in their order; those that went over to another are among them until they were given up.
///
/// # Errors
/// As for every read.
pub fn list(conn: &Connection) -> Result<Vec<GroupRow>, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM upload_group WHERE hidden = 0 ORDER BY position, created_at, id"
    ))?;
    let rows = q.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// One group with a card.
///
/// # Errors
/// As for every read.
pub fn get(conn: &Connection, group: GroupId) -> Result<Option<GroupRow>, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM upload_group WHERE id = ?1 AND hidden = 0"
    ))?;
    Ok(q.query_row([key(group)], read).optional()?)
}

fn read(r: &Row<'_>) -> rusqlite::Result<GroupRow> {
    Ok(GroupRow {
        record: GroupRecord {
            id: id(r, 0)?,
            destination: id(r, 1)?,
            position: r.get(2)?,
            intent: word::<Intent>(r, 3)?,
            state: word::<GroupState>(r, 4)?,
        },
        name: r.get(5)?,
        origin: word(r, 6)?,
        created_at: time(r, 7)?,
        finished_at: maybe_time(r, 8)?,
        told_at: maybe_time(r, 9)?,
        scanning: r.get(10)?,
        notes: Notes {
            text: r.get(11)?,
            pairs: read_pairs(r, 12)?,
        },
        merged_into: maybe_id(r, 13)?,
    })
}

fn read_pairs(r: &Row<'_>, column: usize) -> rusqlite::Result<BTreeMap<String, String>> {
    let text: String = r.get(column)?;
    serde_json::from_str(&text).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e))
    })
}

/// What the person wrote of a group, also of one whose card is gone.
///
/// # Errors
/// As for every read.
pub fn notes(conn: &Connection, group: GroupId) -> Result<Notes, QueueError> {
    let mut q = conn.prepare_cached("SELECT note, pairs FROM upload_group WHERE id = ?1")?;
    let found = q.query_row([key(group)], |r| {
        Ok(Notes {
            text: r.get(0)?,
            pairs: read_pairs(r, 1)?,
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}

/// Notes something of a group, instead of what was noted before. False when there is none.
///
/// # Errors
/// When it is too long.
pub fn set_notes(conn: &Connection, group: GroupId, notes: &Notes) -> Result<bool, QueueError> {
    let pairs = serde_json::to_string(&notes.pairs).map_err(|e| QueueError::Internal(e.to_string()))?;
    let n = conn
        .prepare_cached("UPDATE upload_group SET note = ?2, pairs = ?3 WHERE id = ?1")?
        .execute(params![key(group), notes.text, pairs])?;
    Ok(n == 1)
}

/// What the person wants of it. Cancelled stays cancelled, and what has ended wants nothing. False when it was refused.
///
/// # Errors
/// As for every write.
pub fn set_intent(conn: &Connection, group: GroupId, intent: Intent) -> Result<bool, QueueError> {
    let n = conn
        .prepare_cached(
            "UPDATE upload_group SET intent = ?2
             WHERE id = ?1 AND hidden = 0 AND state NOT IN ('completed', 'cancelled')
               AND (intent <> 'cancelled' OR ?2 = 'cancelled')",
        )?
        .execute(params![key(group), intent.as_str()])?;
    Ok(n == 1)
}

/// Its paths are being walked, or the walk ended. False when there is none.
///
/// # Errors
/// As for every write.
pub fn set_scanning(conn: &Connection, group: GroupId, scanning: bool) -> Result<bool, QueueError> {
    let n = conn
        .prepare_cached("UPDATE upload_group SET scanning = ?2 WHERE id = ?1 AND hidden = 0")?
        .execute(params![key(group), scanning])?;
    Ok(n == 1)
}

/// Names it. False when there is none.
///
/// # Errors
/// When the name is empty or longer than 1,024 bytes.
pub fn rename(conn: &Connection, group: GroupId, name: &str) -> Result<bool, QueueError> {
    let n = conn
        .prepare_cached("UPDATE upload_group SET name = ?2 WHERE id = ?1 AND hidden = 0")?
        .execute(params![key(group), name])?;
    Ok(n == 1)
}

/// Puts it before the group that stands at `place` of the list, from 0, or at the end. Groups are numbered anew then. False
/// when there is none.
///
/// # Errors
/// As for every write.
pub fn set_position(conn: &Connection, group: GroupId, place: usize) -> Result<bool, QueueError> {
    let mut order: Vec<GroupId> = list(conn)?.into_iter().map(|g| g.record.id).collect();
    let Some(was) = order.iter().position(|g| *g == group) else {
        return Ok(false);
    };
    order.remove(was);
    order.insert(place.min(order.len()), group);
    let mut q =
        conn.prepare_cached("UPDATE upload_group SET position = ?2 WHERE id = ?1 AND position <> ?2")?;
    for (position, id) in (0_i64..).zip(order) {
        q.execute(params![key(id), position])?;
    }
    Ok(true)
}

/// Takes its card away, unless a file of it is still to be done.
///
/// # Errors
/// As for every write.
pub fn remove(conn: &Connection, group: GroupId) -> Result<GroupRemoval, QueueError> {
    let open: i64 = conn
        .prepare_cached(
            "SELECT count(*) FROM upload_file
             WHERE group_id = ?1 AND state <> 'done' AND state <> 'failed' AND state <> 'removed'",
        )?
        .query_row([key(group)], |r| r.get(0))?;
    if open > 0 {
        return Ok(GroupRemoval::Open(open.cast_unsigned()));
    }
    let n = conn
        .prepare_cached("UPDATE upload_group SET hidden = 1, scanning = 0 WHERE id = ?1 AND hidden = 0")?
        .execute([key(group)])?;
    Ok(if n == 1 {
        GroupRemoval::Removed
    } else {
        GroupRemoval::Missing
    })
}

/// Deletes up to `limit` files of removed groups, then such groups as have neither files nor receipts. Answers with the number
/// of rows; 0 when there is nothing left to do. In small steps, since others wait for the writer.
///
/// # Errors
/// As for every write.
pub fn sweep(conn: &Connection, limit: u32) -> Result<usize, QueueError> {
    let files = conn
        .prepare_cached(
            "DELETE FROM upload_file WHERE rowid IN (
                 SELECT f.rowid FROM upload_group g CROSS JOIN upload_file f ON f.group_id = g.id
                 WHERE g.hidden = 1 LIMIT ?1)",
        )?
        .execute([limit])?;
    if files > 0 {
        return Ok(files);
    }
    Ok(conn
        .prepare_cached(
            "DELETE FROM upload_group WHERE hidden = 1
             AND NOT EXISTS (SELECT 1 FROM receipt WHERE group_id = upload_group.id)",
        )?
        .execute([])?)
}
