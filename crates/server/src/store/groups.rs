//! Groups in the ledger. Counts are computed from the sessions, never stored (I6).

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId, OwnerId};
use windlass_core::states::GroupState;
use windlass_core::time::Timestamp;
use windlass_protocol::groups::{CreateGroup, Group};

use super::{destinations, reads, remove};
use crate::db::{Tx, params};
use crate::failure::{Refusal, internal};
use crate::store::{ObjectRow, TombstoneReason};

/// A group with its counts.
pub(super) fn load(tx: &mut dyn Tx, owner: OwnerId, id: GroupId) -> Result<Option<Group>, Failure> {
    tx.query_opt(
        "SELECT g.name, g.destination_id, g.state, g.created_at, g.rev,
           (SELECT COUNT(*) FROM upload_session s WHERE s.owner_id = g.owner_id AND s.group_id = g.id
              AND s.deleted_at IS NULL),
           (SELECT COUNT(*) FROM upload_session s WHERE s.owner_id = g.owner_id AND s.group_id = g.id
              AND s.deleted_at IS NULL AND s.state IN ('uploaded', 'deduplicated'))
         FROM upload_group g WHERE g.owner_id = ?1 AND g.id = ?2",
        params![owner, id],
    )?
    .map(|r| {
        Ok(Group {
            id,
            name: r.get(0)?,
            destination_id: r.get(1)?,
            state: r.get(2)?,
            created_at: r.get(3)?,
            rev: r.get(4)?,
            total_files: r.get(5)?,
            completed_files: r.get(6)?,
        })
    })
    .transpose()
}

/// State of a group, without counting.
pub(super) fn state(tx: &mut dyn Tx, owner: OwnerId, id: GroupId) -> Result<Option<GroupState>, Failure> {
    tx.query_opt(
        "SELECT state FROM upload_group WHERE owner_id = ?1 AND id = ?2",
        params![owner, id],
    )?
    .map(|r| r.get(0))
    .transpose()
}

/// Makes a group, or finds the one of these facts.
pub(super) fn create(
    tx: &mut dyn Tx,
    owner: OwnerId,
    wanted: &CreateGroup,
    now: Timestamp,
) -> Result<Result<Group, Refusal>, Failure> {
    if let Some(group) = load(tx, owner, wanted.id)? {
        let same = group.name == wanted.name && group.destination_id == wanted.destination_id;
        return Ok(if same {
            Ok(group)
        } else {
            Err(Refusal::new(
                ErrorCode::IdReused,
                "the id is that of another group",
            ))
        });
    }
    if !destinations::load(tx, wanted.destination_id)?.is_some_and(|d| d.active) {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such destination")));
    }
    tx.execute(
        "INSERT INTO upload_group (owner_id, id, name, destination_id, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, 'draft', ?5, ?5)",
        params![owner, wanted.id, &wanted.name, wanted.destination_id, now],
    )?;
    found(tx, owner, wanted.id).map(Ok)
}

/// Completes a group when it has a file and every living one is settled (M4).
pub(super) fn finalize(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<Result<Group, Refusal>, Failure> {
    let Some(group) = load(tx, owner, id)? else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such group")));
    };
    if group.state == GroupState::Completed {
        return Ok(Ok(group));
    }
    if group.state == GroupState::Cancelled {
        return Ok(Err(Refusal::new(
            ErrorCode::GroupClosed,
            "the group was cancelled",
        )));
    }
    let missing = group.total_files - group.completed_files;
    if missing > 0 || group.completed_files == 0 {
        let detail = format!(
            "Cannot finalize: {missing} of {} required files not completed",
            group.total_files
        );
        return Ok(Err(Refusal::new(ErrorCode::FinalizeIncomplete, detail)));
    }
    under_way(tx, owner, id, now)?;
    tx.execute(
        "UPDATE upload_group SET state = 'completed', completed_at = ?3, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'uploading'",
        params![owner, id, now],
    )?;
    found(tx, owner, id).map(Ok)
}

/// Cancels a group and gives up its unfinished files. Settled ones stay.
pub(super) fn cancel(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<Result<(Group, Vec<ObjectRow>), Refusal>, Failure> {
    let Some(group) = load(tx, owner, id)? else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such group")));
    };
    if group.state == GroupState::Completed {
        return Ok(Err(Refusal::new(
            ErrorCode::GroupCompleted,
            "the group is complete",
        )));
    }
    let unsettled = tx.query(
        "SELECT id FROM upload_session WHERE owner_id = ?1 AND group_id = ?2 AND deleted_at IS NULL
           AND state NOT IN ('uploaded', 'deduplicated')",
        params![owner, id],
    )?;
    for row in unsettled {
        let file: FileId = row.get(0)?;
        // One that was settled by another write of this transaction is no longer unsettled; nothing else refuses.
        drop(remove::tombstone(
            tx,
            owner,
            file,
            TombstoneReason::Cancelled,
            now,
        )?);
    }
    tx.execute(
        "UPDATE upload_group SET state = 'cancelled', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('draft', 'uploading', 'failed')",
        params![owner, id, now],
    )?;
    let to_clean = reads::objects(
        tx,
        "o.state = 'condemned' AND s.owner_id = ?1 AND s.group_id = ?2",
        params![owner, id],
    )?;
    Ok(Ok((found(tx, owner, id)?, to_clean)))
}

/// Draft or failed → uploading: something of it moves (again).
pub(super) fn under_way(tx: &mut dyn Tx, owner: OwnerId, id: GroupId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE upload_group SET state = 'uploading', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('draft', 'failed')",
        params![owner, id, now],
    )?;
    Ok(())
}

/// Failed → uploading: one of its files goes again.
pub(super) fn retried(tx: &mut dyn Tx, owner: OwnerId, id: GroupId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE upload_group SET state = 'uploading', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'failed'",
        params![owner, id, now],
    )?;
    Ok(())
}

/// Uploading → failed, when no living file is open and one is failed (M5).
pub(super) fn failed(tx: &mut dyn Tx, owner: OwnerId, id: GroupId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE upload_group SET state = 'failed', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'uploading'
           AND NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
             AND s.deleted_at IS NULL AND s.state IN ('pending', 'uploading', 'verifying'))
           AND EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
             AND s.deleted_at IS NULL AND s.state IN ('failed', 'rejected'))",
        params![owner, id, now],
    )?;
    Ok(())
}

fn found(tx: &mut dyn Tx, owner: OwnerId, id: GroupId) -> Result<Group, Failure> {
    load(tx, owner, id)?.ok_or_else(|| internal("a group that was just written is not there"))
}
