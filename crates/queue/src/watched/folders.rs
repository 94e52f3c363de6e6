//! The folders.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;
use windlass_core::ids::{DestinationId, WatchId};
use windlass_core::states::Intent;
use windlass_core::time::Timestamp;
use windlass_core::watch::{After, GroupRule};

use crate::QueueError;
use crate::row::{id, key, maybe_time, time, unsigned, word};

/// A watched folder.
#[derive(Debug, Clone, PartialEq)]
pub struct FolderRow {
    /// Id.
    pub id: WatchId,
    /// Name, for people and for groups.
    pub name: String,
    /// Absolute path, byte for byte.
    pub path: Vec<u8>,
    /// The disk.
    pub dev: u64,
    /// Tells it from another folder at the same place.
    pub marker: String,
    /// Where its files go.
    pub destination: DestinationId,
    /// What makes a group.
    pub group_rule: GroupRule,
    /// Patterns, sizes, depth, waits.
    pub rules: Value,
    /// What becomes of originals.
    pub after: After,
    /// Where they are moved.
    pub after_path: Option<Vec<u8>>,
    /// What the person wants.
    pub intent: Intent,
    /// Files that were there before are still to be written down as such.
    pub only_new: bool,
    /// End of the last full look.
    pub last_scan_at: Option<Timestamp>,
    /// Since when it is watched.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, name, path, dev, marker, destination_id, group_rule, rules, after, after_path, intent, only_new, last_scan_at, created_at";

fn read(r: &Row<'_>) -> rusqlite::Result<FolderRow> {
    let rules: String = r.get(7)?;
    let rules = serde_json::from_str(&rules).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(7, rusqlite::types::Type::Text, Box::new(e))
    })?;
    Ok(FolderRow {
        id: id(r, 0)?,
        name: r.get(1)?,
        path: r.get(2)?,
        dev: unsigned(r, 3)?,
        marker: r.get(4)?,
        destination: id(r, 5)?,
        group_rule: word(r, 6)?,
        rules,
        after: word(r, 8)?,
        after_path: r.get(9)?,
        intent: word(r, 10)?,
        only_new: r.get(11)?,
        last_scan_at: maybe_time(r, 12)?,
        created_at: time(r, 13)?,
    })
}

/// Adds one.
///
/// # Errors
/// When its path is watched already, or there is no such destination.
pub fn add(conn: &Connection, f: &FolderRow) -> Result<(), QueueError> {
    conn.prepare_cached(&format!(
        "INSERT INTO watched_folder ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    ))?
    .execute(params![
        key(f.id),
        f.name,
        f.path,
        f.dev.cast_signed(),
        f.marker,
        key(f.destination),
        f.group_rule.as_str(),
        f.rules.to_string(),
        f.after.as_str(),
        f.after_path,
        f.intent.as_str(),
        f.only_new,
        f.last_scan_at.map(Timestamp::as_millis),
        f.created_at.as_millis(),
    ])?;
    Ok(())
}

/// All, oldest first.
///
/// # Errors
/// As for every read.
pub fn all(conn: &Connection) -> Result<Vec<FolderRow>, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM watched_folder ORDER BY created_at, id"
    ))?;
    let rows = q.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// One.
///
/// # Errors
/// As for every read.
pub fn folder(conn: &Connection, watch: WatchId) -> Result<Option<FolderRow>, QueueError> {
    let mut q = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM watched_folder WHERE id = ?1"))?;
    Ok(q.query_row([key(watch)], read).optional()?)
}

/// Forgets it and its files. What was uploaded, and its receipts, stay. False when there is none.
///
/// # Errors
/// As for every write.
pub fn remove(conn: &Connection, watch: WatchId) -> Result<bool, QueueError> {
    Ok(conn
        .prepare_cached("DELETE FROM watched_folder WHERE id = ?1")?
        .execute([key(watch)])?
        == 1)
}

/// How many watched folders send to a destination.
///
/// # Errors
/// As for every read.
pub fn used_by(conn: &Connection, destination: DestinationId) -> Result<u64, QueueError> {
    let n: i64 = conn
        .prepare_cached("SELECT count(*) FROM watched_folder WHERE destination_id = ?1")?
        .query_row([key(destination)], |r| r.get(0))?;
    Ok(n.cast_unsigned())
}

/// What the person wants of it. False when there is none.
///
/// # Errors
/// As for every write.
pub fn set_intent(conn: &Connection, watch: WatchId, intent: Intent) -> Result<bool, QueueError> {
    let mut q = conn.prepare_cached("UPDATE watched_folder SET intent = ?2 WHERE id = ?1")?;
    Ok(q.execute(params![key(watch), intent.as_str()])? == 1)
}

/// Other rules, another name, another way to group. False when there is none.
///
/// # Errors
/// As for every write.
pub fn set_rules(
    conn: &Connection,
    watch: WatchId,
    name: &str,
    rule: GroupRule,
    rules: &Value,
) -> Result<bool, QueueError> {
    let mut q = conn
        .prepare_cached("UPDATE watched_folder SET name = ?2, group_rule = ?3, rules = ?4 WHERE id = ?1")?;
    Ok(q.execute(params![key(watch), name, rule.as_str(), rules.to_string()])? == 1)
}

/// What becomes of originals from now on. False when there is none.
///
/// # Errors
/// When a folder is missing where one is moved to.
pub fn set_after_upload(
    conn: &Connection,
    watch: WatchId,
    after: After,
    path: Option<&[u8]>,
) -> Result<bool, QueueError> {
    let mut q = conn.prepare_cached("UPDATE watched_folder SET after = ?2, after_path = ?3 WHERE id = ?1")?;
    Ok(q.execute(params![key(watch), after.as_str(), path])? == 1)
}

/// The disk and the marker as they are now.
///
/// # Errors
/// As for every write.
pub fn set_identity(conn: &Connection, watch: WatchId, dev: u64, marker: &str) -> Result<(), QueueError> {
    conn.prepare_cached("UPDATE watched_folder SET dev = ?2, marker = ?3 WHERE id = ?1")?
        .execute(params![key(watch), dev.cast_signed(), marker])?;
    Ok(())
}

/// A full look ended.
///
/// # Errors
/// As for every write.
pub fn set_scanned(conn: &Connection, watch: WatchId, at: Timestamp) -> Result<(), QueueError> {
    conn.prepare_cached("UPDATE watched_folder SET last_scan_at = ?2 WHERE id = ?1")?
        .execute(params![key(watch), at.as_millis()])?;
    Ok(())
}

/// What was there before is written down.
///
/// # Errors
/// As for every write.
pub fn set_only_new_done(conn: &Connection, watch: WatchId) -> Result<(), QueueError> {
    conn.prepare_cached("UPDATE watched_folder SET only_new = 0 WHERE id = ?1")?
        .execute([key(watch)])?;
    Ok(())
}
