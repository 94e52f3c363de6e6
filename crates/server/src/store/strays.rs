//! Things in storages that carry our mark and that no row knows: what the ledger remembers of them.

use std::collections::BTreeSet;

use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, ObjectId};
use windlass_core::names::collision_form;
use windlass_core::states::ObjectState;
use windlass_core::time::Timestamp;

use super::audit::{self, Act};
use super::janitor::{JANITOR, old, truth};
use crate::db::{Row, Tx, params};
use crate::janitor::plan::{NoStray, OldObject, Step};
use crate::storage::Found;
use crate::text::cut;

/// What the ledger knows of something that lies in a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// A row has it: nothing is to be done.
    Row,
    /// Its row says that it is gone.
    Late(OldObject),
    /// No row has it. When it was seen first, and whether it was told.
    Stray(Option<Timestamp>, bool),
}

/// What the ledger knows of each of these.
///
/// # Errors
/// As the database answers.
pub fn known(
    tx: &mut dyn Tx,
    destination: DestinationId,
    is_folder: bool,
    found: &[Found],
) -> Result<Vec<Known>, Failure> {
    found
        .iter()
        .map(|one| known_one(tx, destination, is_folder, one))
        .collect()
}

fn known_one(
    tx: &mut dyn Tx,
    destination: DestinationId,
    is_folder: bool,
    found: &Found,
) -> Result<Known, Failure> {
    const OBJECT: &str =
        "SELECT owner_id, id, destination_id, object_key, COALESCE(gone_at, 0), state, upload_id
       FROM stored_object";
    let row = if is_folder {
        let id: Option<ObjectId> = found.upload_id.as_deref().and_then(|id| id.parse().ok());
        tx.query_opt(&format!("{OBJECT} WHERE id = ?1"), params![id])?
    } else if found.key.contains('\0') {
        None
    } else {
        let rows = tx.query(
            &format!("{OBJECT} WHERE destination_id = ?1 AND key_form = ?2"),
            params![destination, collision_form(&found.key, false)],
        )?;
        let same = |r: &Row| r.get::<String>(3).is_ok_and(|key| key == found.key);
        rows.into_iter().find(same)
    };
    if let Some(row) = row {
        let state: ObjectState = row.get(5)?;
        let own_upload =
            found.upload_id.is_none() || is_folder || row.get::<Option<String>>(6)? == found.upload_id;
        match state {
            // Whatever is unfinished under an open or condemned row is ended by its own row.
            ObjectState::Open | ObjectState::Condemned => return Ok(Known::Row),
            ObjectState::Stored if found.upload_id.is_none() => return Ok(Known::Row),
            ObjectState::Gone if own_upload => return Ok(Known::Late(old(&row)?)),
            ObjectState::Stored | ObjectState::Gone => {}
        }
    }
    let seen = tx.query_opt(
        "SELECT first_seen, told_at IS NOT NULL FROM stray WHERE destination_id = ?1 AND object_key = ?2 AND upload_id = ?3",
        params![destination, stray_key(found), found.upload_id.clone().unwrap_or_default()],
    )?;
    match seen {
        Some(row) => Ok(Known::Stray(Some(row.get(0)?), truth(&row, 1)?)),
        None => Ok(Known::Stray(None, false)),
    }
}

fn stray_key(found: &Found) -> String {
    cut(&found.key, 8_192)
}

/// Strays of a destination that are none of those seen now.
///
/// # Errors
/// As the database answers.
pub fn over(tx: &mut dyn Tx, destination: DestinationId, seen: &[Found]) -> Result<Vec<NoStray>, Failure> {
    let rows = tx.query(
        "SELECT object_key, upload_id FROM stray WHERE destination_id = ?1 ORDER BY object_key, upload_id",
        params![destination],
    )?;
    let seen: BTreeSet<_> = seen
        .iter()
        .map(|f| (stray_key(f), f.upload_id.clone().unwrap_or_default()))
        .collect();
    let mut over = Vec::new();
    for row in rows {
        let one: (String, String) = (row.get(0)?, row.get(1)?);
        if !seen.contains(&one) {
            over.push(NoStray {
                destination,
                key: one.0,
                upload_id: one.1,
            });
        }
    }
    Ok(over)
}

/// A stray was seen.
///
/// # Errors
/// As the database answers.
pub fn stray_seen(
    tx: &mut dyn Tx,
    destination: DestinationId,
    found: &Found,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "INSERT INTO stray (destination_id, object_key, upload_id, size, first_seen, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (destination_id, object_key, upload_id) DO UPDATE SET last_seen = excluded.last_seen",
        params![
            destination,
            stray_key(found),
            found.upload_id.clone().unwrap_or_default(),
            found.size,
            now
        ],
    )
    .map(drop)
}

/// A stray is told, once.
///
/// # Errors
/// As the database answers.
pub fn stray_told(
    tx: &mut dyn Tx,
    step: &Step,
    destination: DestinationId,
    found: &Found,
    now: Timestamp,
) -> Result<bool, Failure> {
    let upload = found.upload_id.clone().unwrap_or_default();
    let changed = tx.execute(
        "UPDATE stray SET told_at = ?4, last_seen = ?4
         WHERE destination_id = ?1 AND object_key = ?2 AND upload_id = ?3 AND told_at IS NULL",
        params![destination, stray_key(found), upload.as_str(), now],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    let act = Act {
        actor: JANITOR,
        action: "janitor.stray_told",
        subject_kind: "destination",
        subject: destination.into(),
        owner: None,
        reason: Some(&step.reason),
        data: serde_json::json!({ "key": stray_key(found), "upload_id": upload, "size": found.size }),
    };
    audit::write(tx, &act, now)?;
    Ok(true)
}

/// A stray is none any more.
///
/// # Errors
/// As the database answers.
pub fn stray_over(tx: &mut dyn Tx, destination: DestinationId, found: &Found) -> Result<bool, Failure> {
    let changed = tx.execute(
        "DELETE FROM stray WHERE destination_id = ?1 AND object_key = ?2 AND upload_id = ?3",
        params![
            destination,
            stray_key(found),
            found.upload_id.clone().unwrap_or_default()
        ],
    )?;
    Ok(changed == 1)
}
