//! The queue's snapshot for a launch: what was under way when the last run ended.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use windlass_core::ids::GroupId;
use windlass_core::machine::records::FileRecord;

use crate::QueueError;
use crate::files::{self, RECORD, RECORD_COLUMNS};
use crate::row::{id, key, unsigned};

/// A file that was under way: `registered`, `uploading` or `verifying`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// As the machine wants it, with its parts that are not pending.
    pub record: FileRecord,
    /// Path, byte for byte.
    pub path: Vec<u8>,
    /// Path inside the group.
    pub rel_path: String,
    /// Key at the destination.
    pub object_key: Option<String>,
}

/// Where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    group: GroupId,
    position: i64,
}

impl Interrupted {
    /// The place after this one.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        Cursor {
            group: self.record.group,
            position: self.record.position,
        }
    }
}

/// A page of what was under way, in groups with a card, by group and place. Shorter than `limit`: it was the last.
///
/// # Errors
/// As for every read.
pub fn interrupted(
    conn: &Connection,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Interrupted>, QueueError> {
    // By upload_file_open: queued files are passed over inside the index.
    let mut q = conn.prepare_cached(&format!(
        "SELECT {RECORD}, f.path, f.rel_path, f.object_key
         FROM upload_file f INDEXED BY upload_file_open CROSS JOIN upload_group g ON g.id = f.group_id
         WHERE (f.group_id, f.position) > (?1, ?2)
           AND f.state <> 'done' AND f.state <> 'failed' AND f.state <> 'removed' AND f.state <> 'queued' AND g.hidden = 0
         ORDER BY f.group_id, f.position LIMIT ?3"
    ))?;
    let (group, position) = after.map_or((uuid::Uuid::nil(), -1), |c| (key(c.group), c.position));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found: Vec<Interrupted> = q
        .query_map(params![group, position, limit], |r| {
            Ok(Interrupted {
                record: files::read_record(r)?,
                path: r.get(RECORD_COLUMNS)?,
                rel_path: r.get(RECORD_COLUMNS + 1)?,
                object_key: r.get(RECORD_COLUMNS + 2)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    let mut parts = files::parts_statement(conn)?;
    for file in &mut found {
        file.record.parts = files::moved_parts(&mut parts, &file.record)?;
    }
    Ok(found)
}

/// How many files of each group wait for their turn, untouched so far.
///
/// # Errors
/// As for every read.
pub fn queued(conn: &Connection) -> Result<BTreeMap<GroupId, u64>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT g.id, count(*) FROM upload_group g CROSS JOIN upload_file f ON f.group_id = g.id
         WHERE g.hidden = 0 AND f.state = 'queued' GROUP BY g.id",
    )?;
    let counts = q
        .query_map([], |r| Ok((id(r, 0)?, unsigned(r, 1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(counts)
}
