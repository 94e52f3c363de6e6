//! Tombstones, and the end of objects.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, ObjectId, OwnerId};
use windlass_core::states::{GroupState, ObjectState};
use windlass_core::time::Timestamp;

use super::{audit, canonical, groups, placing, reads};
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
        if !row.is_settled() {
            canonical::pass_on(tx, owner, id, now)?;
        }
        // Of a group that ends or begins again, whoever ends it says what becomes of it.
        if reason != TombstoneReason::Cancelled {
            groups::failed(tx, owner, row.group, now)?;
        }
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

/// Gives up the stored bytes of a deleted file, unless a living file shares them or a job still reads them (M8, M10).
pub(super) fn release_bytes(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    now: Timestamp,
) -> Result<(), Failure> {
    let free = tx.query_opt(
        "SELECT o.id FROM upload_session s JOIN stored_object o ON o.owner_id = s.owner_id AND o.id = s.object_id
         WHERE s.owner_id = ?1 AND s.id = ?2 AND s.deleted_at IS NOT NULL AND o.state = 'stored'
           AND NOT EXISTS (SELECT 1 FROM upload_session r WHERE r.owner_id = o.owner_id AND r.object_id = o.id
             AND r.deleted_at IS NULL)
           AND NOT EXISTS (SELECT 1 FROM processing_job j JOIN upload_session r ON r.owner_id = j.owner_id
             AND r.id = j.session_id WHERE r.owner_id = o.owner_id AND r.object_id = o.id
             AND j.state IN ('pending', 'sending', 'running'))",
        params![owner, id],
    )?;
    let Some(row) = free else {
        return Ok(());
    };
    let object: ObjectId = row.get(0)?;
    placing::condemn(tx, object)?;
    let act = audit::Act {
        actor: audit::Actor {
            id: Some(owner),
            kind: audit::ActorKind::Owner,
        },
        action: "object.condemn",
        subject_kind: "object",
        subject: object.into(),
        owner: Some(owner),
        reason: Some("the last file that had it was deleted"),
        data: serde_json::json!({ "session_id": id }),
    };
    audit::write(tx, &act, now)
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
    // Whoever refers to it: its maker, duplicates that share it, and who took it over.
    let referring = tx.query(
        "SELECT s.owner_id, s.id, o.object_key FROM stored_object o
         JOIN upload_session s ON s.owner_id = o.owner_id AND s.object_id = o.id
         WHERE o.id = ?1 AND o.state = 'stored' AND s.deleted_at IS NULL",
        params![object],
    )?;
    for row in referring {
        let (owner, session): (OwnerId, FileId) = (row.get(0)?, row.get(1)?);
        write_tombstone(tx, owner, session, reason, now)?;
        canonical::pass_on(tx, owner, session, now)?;
        let act = audit::Act {
            actor: audit::Actor {
                id: None,
                kind: audit::ActorKind::Webhook,
            },
            action: "session.lost",
            subject_kind: "session",
            subject: session.into(),
            owner: Some(owner),
            reason: Some(match reason {
                TombstoneReason::Vanished => "the storage does not have its object any more",
                _ => "the storage has other bytes than were proved",
            }),
            data: serde_json::json!({ "object_id": object, "key": row.get::<String>(2)? }),
        };
        audit::write(tx, &act, now)?;
    }
    if reason == TombstoneReason::Vanished {
        placing::condemn(tx, object)?;
        return gone(tx, object, now);
    }
    // Before it counts for anything it is looked at again.
    tx.execute(
        "UPDATE stored_object SET checked_at = NULL WHERE id = ?1 AND state = 'stored'",
        params![object],
    )?;
    // What is there now may be the person's own work, or all that is left of theirs: it is not ours to clean.
    Ok(())
}
