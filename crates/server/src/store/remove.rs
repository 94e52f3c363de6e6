//! Tombstones, and the end of objects.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, ObjectId, OwnerId};
use windlass_core::states::{GroupState, ObjectState};
use windlass_core::time::Timestamp;

use super::{groups, placing, reads};
use crate::db::{Tx, params};
use crate::failure::Refusal;
use crate::store::{Tombstone, TombstoneReason};

/// Writes a tombstone. What is settled keeps its bytes; an unfinished attempt is given up and its object returned.
pub(super) fn tombstone(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    reason: TombstoneReason,
    now: Timestamp,
) -> Result<Option<Result<Tombstone, Refusal>>, Failure> {
    let Some(row) = reads::session(tx, owner, id)? else {
        return Ok(None);
    };
    if !row.deleted {
        let completed = groups::state(tx, owner, row.group)? == Some(GroupState::Completed);
        if completed && row.is_settled() && reason == TombstoneReason::User {
            let refused =
                Refusal::new(ErrorCode::GroupCompleted, "a file of a complete group").with_state(row.state);
            return Ok(Some(Err(refused)));
        }
        // A link's object is its canonical's; only an attempt's own open object is given up.
        if let Some(object) = row
            .object
            .as_ref()
            .filter(|o| o.state == ObjectState::Open && o.session == id)
        {
            placing::condemn(tx, object.id)?;
        }
        write_tombstone(tx, owner, id, reason, now)?;
        groups::failed(tx, owner, row.group, now)?;
    }
    let objects = reads::objects(
        tx,
        "o.state = 'condemned' AND o.owner_id = ?1 AND o.session_id = ?2",
        params![owner, id],
    )?;
    Ok(Some(Ok(Tombstone { objects })))
}

fn write_tombstone(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    reason: TombstoneReason,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "UPDATE upload_session SET deleted_at = ?3, delete_reason = ?4, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL",
        params![owner, id, now, reason.as_str()],
    )?;
    Ok(())
}

/// Condemned → gone.
pub(super) fn gone(tx: &mut dyn Tx, object: ObjectId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE stored_object SET state = 'gone', gone_at = ?2 WHERE id = ?1 AND state = 'condemned'",
        params![object, now],
    )?;
    Ok(())
}

/// The storage was asked and has it.
pub(super) fn seen(tx: &mut dyn Tx, object: ObjectId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE stored_object SET checked_at = ?2 WHERE id = ?1 AND state = 'stored'",
        params![object, now],
    )?;
    Ok(())
}

/// The storage lost it, or has other bytes: its sessions get a tombstone, none is edited (M10, F96, F97).
pub(super) fn lost(
    tx: &mut dyn Tx,
    object: ObjectId,
    reason: TombstoneReason,
    now: Timestamp,
) -> Result<(), Failure> {
    let referring = tx.query(
        "SELECT s.owner_id, s.id FROM stored_object o JOIN upload_session s ON s.owner_id = o.owner_id
           AND (s.id = o.session_id OR s.canonical_id = o.session_id)
         WHERE o.id = ?1 AND o.state = 'stored' AND s.object_id = o.id AND s.deleted_at IS NULL",
        params![object],
    )?;
    for row in referring {
        write_tombstone(tx, row.get(0)?, row.get(1)?, reason, now)?;
    }
    if reason == TombstoneReason::Vanished {
        placing::condemn(tx, object)?;
        return gone(tx, object, now);
    }
    // What is there now may be the person's own work, or all that is left of theirs: it is not ours to clean.
    Ok(())
}
