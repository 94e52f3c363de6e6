//! Destinations: where groups go.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::accepts::Accepts;
use windlass_core::ids::DestinationId;

use crate::QueueError;
use crate::row::{id, key, word};
use crate::words::words;

words! {
    /// What kind of place it is.
    DestinationKind, "kind of destination" {
        /// A folder on this computer or a NAS.
        Folder = "folder",
        /// A bucket of the person's own.
        S3 = "s3",
        /// A Windlass server.
        Server = "server",
    }
}

words! {
    /// When the SHA-256 of the whole is counted.
    ContentHash, "content hash" {
        /// While it is sent.
        Always = "always",
        /// In the background, after it was proved by its CRC.
        After = "after",
        /// Not at all.
        Never = "never",
    }
}

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationRow {
    /// Id.
    pub id: DestinationId,
    /// As the person named it.
    pub name: String,
    /// Kind.
    pub kind: DestinationKind,
    /// Path, address, or what the kind needs to find it. Never a secret.
    pub location: String,
    /// New groups go there. At most one is.
    pub is_default: bool,
    /// Place in the list.
    pub position: i64,
    /// When the SHA-256 is counted.
    pub content_hash: ContentHash,
    /// What it takes, as its control plane told it last.
    pub accepts: Accepts,
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum DestinationRemoval {
    /// It is off the list.
    Removed,
    /// So many groups still send there; nothing was done.
    InUse(u64),
    /// There was none.
    Missing,
}

/// Adds one. When it is to be the default, the one before is not any more.
///
/// # Errors
/// When the id is taken.
pub fn insert(conn: &Connection, d: &DestinationRow) -> Result<(), QueueError> {
    if d.is_default {
        clear_default(conn)?;
    }
    conn.prepare_cached(
        "INSERT INTO destination (id, name, kind, location, is_default, position, content_hash, accepts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        key(d.id),
        d.name,
        d.kind.as_str(),
        d.location,
        d.is_default,
        d.position,
        d.content_hash.as_str(),
        kept(&d.accepts)?
    ])?;
    Ok(())
}

/// Writes all fields of one. False when it is not on the list. In another
/// bucket or at another server nothing that was proved before counts as there; a folder is known by its marker, wherever it is.
///
/// # Errors
/// When a field is not allowed.
pub fn update(conn: &Connection, d: &DestinationRow) -> Result<bool, QueueError> {
    if d.is_default && get(conn, d.id)?.is_some() {
        clear_default(conn)?;
    }
    let n = conn
        .prepare_cached(
            "UPDATE destination SET name = ?2, kind = ?3, location = ?4, is_default = ?5, position = ?6, content_hash = ?7,
               accepts = ?8, receipts_after = CASE WHEN location = ?4 OR ?3 = 'folder' THEN receipts_after
                 ELSE coalesce((SELECT max(seq) FROM receipt), 0) END
             WHERE id = ?1 AND hidden = 0",
        )?
        .execute(params![
            key(d.id), d.name, d.kind.as_str(), d.location, d.is_default, d.position, d.content_hash.as_str(),
            kept(&d.accepts)?
        ])?;
    Ok(n == 1)
}

/// Notes what one takes. False when it was noted already, or is not on the list.
///
/// # Errors
/// As for every write.
pub fn set_accepts(
    conn: &Connection,
    destination: DestinationId,
    accepts: &Accepts,
) -> Result<bool, QueueError> {
    let n = conn
        .prepare_cached("UPDATE destination SET accepts = ?2 WHERE id = ?1 AND hidden = 0 AND accepts <> ?2")?
        .execute(params![key(destination), kept(accepts)?])?;
    Ok(n == 1)
}

fn kept(accepts: &Accepts) -> Result<String, QueueError> {
    serde_json::to_string(accepts).map_err(|e| QueueError::Internal(e.to_string()))
}

/// Takes one off the list, unless a group that has not ended sends there. Groups that have ended keep their row of it.
///
/// # Errors
/// As for every write.
pub fn remove(conn: &Connection, destination: DestinationId) -> Result<DestinationRemoval, QueueError> {
    let users: i64 = conn
        .prepare_cached(
            "SELECT count(*) FROM upload_group
             WHERE destination_id = ?1 AND hidden = 0 AND state NOT IN ('completed', 'cancelled')",
        )?
        .query_row([key(destination)], |r| r.get(0))?;
    let users = users.cast_unsigned() + crate::watched::used_by(conn, destination)?;
    if users > 0 {
        return Ok(DestinationRemoval::InUse(users));
    }
    let n = conn
        .prepare_cached("UPDATE destination SET hidden = 1, is_default = 0 WHERE id = ?1 AND hidden = 0")?
        .execute([key(destination)])?;
    conn.prepare_cached(
        "DELETE FROM destination WHERE id = ?1
         AND NOT EXISTS (SELECT 1 FROM upload_group WHERE destination_id = ?1)",
    )?
    .execute([key(destination)])?;
    Ok(if n == 1 {
        DestinationRemoval::Removed
    } else {
        DestinationRemoval::Missing
    })
}

/// Makes one the default. False when it is not on the list; the default stays then.
///
/// # Errors
/// As for every write.
pub fn set_default(conn: &Connection, destination: DestinationId) -> Result<bool, QueueError> {
    if get(conn, destination)?.is_none() {
        return Ok(false);
    }
    clear_default(conn)?;
    conn.prepare_cached("UPDATE destination SET is_default = 1 WHERE id = ?1")?
        .execute([key(destination)])?;
    Ok(true)
}

fn clear_default(conn: &Connection) -> Result<(), QueueError> {
    conn.prepare_cached("UPDATE destination SET is_default = 0 WHERE is_default = 1")?
        .execute([])?;
    Ok(())
}

/// The list, in its order.
///
/// # Errors
/// As for every read.
pub fn list(conn: &Connection) -> Result<Vec<DestinationRow>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT id, name, kind, location, is_default, position, content_hash, accepts FROM destination
         WHERE hidden = 0 ORDER BY position, id",
    )?;
    let rows = q.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// One, if it is on the list.
///
/// # Errors
/// As for every read.
pub fn get(conn: &Connection, destination: DestinationId) -> Result<Option<DestinationRow>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT id, name, kind, location, is_default, position, content_hash, accepts FROM destination
         WHERE id = ?1 AND hidden = 0",
    )?;
    Ok(q.query_row([key(destination)], read).optional()?)
}

fn read(r: &Row<'_>) -> rusqlite::Result<DestinationRow> {
    Ok(DestinationRow {
        id: id(r, 0)?,
        name: r.get(1)?,
        kind: word(r, 2)?,
        location: r.get(3)?,
        is_default: r.get(4)?,
        position: r.get(5)?,
        content_hash: word(r, 6)?,
        // A newer program may have noted what this one does not know; it asks again.
        accepts: serde_json::from_str(&r.get::<_, String>(7)?).unwrap_or_default(),
    })
}
