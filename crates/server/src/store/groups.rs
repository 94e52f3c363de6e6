//! Groups in the ledger: made, found, changed, finalized, cancelled. Counts are computed from the sessions, never stored
//! (I6). How a group is read is in [`super::group_view`].
//!
//! All writes of an owner run one after another, so what a function counted still holds when it writes.

mod make;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId, OwnerId};
use windlass_core::states::GroupState;
use windlass_core::time::Timestamp;
use windlass_protocol::groups::{GroupView, PatchGroup};
use windlass_protocol::problem::Missing;

use super::group_view::{found, load, required};
use super::{reads, remove};
use crate::db::{Tx, params};
use crate::failure::{Refusal, internal};
use crate::store::{ObjectRow, TombstoneReason};
pub(crate) use make::{create, places, without_files};

/// State of a group, without counting; none when it was deleted.
pub(super) fn state(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: impl Into<Option<GroupId>>,
) -> Result<Option<GroupState>, Failure> {
    let Some(id) = id.into() else {
        return Ok(None);
    };
    tx.query_opt(
        "SELECT state FROM upload_group WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL",
        params![owner, id],
    )?
    .map(|r| r.get(0))
    .transpose()
}

/// Changes what is written about a group.
pub(crate) fn patch(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    wanted: &PatchGroup,
    now: Timestamp,
) -> Result<Result<GroupView, Refusal>, Failure> {
    let group = match living(tx, owner, id)? {
        Ok(group) => group,
        Err(refused) => return Ok(Err(refused)),
    };
    if group.state == GroupState::Completed {
        return Ok(Err(completed()));
    }
    let metadata = wanted
        .metadata
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(internal)?;
    tx.execute(
        "UPDATE upload_group SET name = COALESCE(?3, name),
           description = CASE WHEN ?4 = '' THEN NULL ELSE COALESCE(?4, description) END,
           metadata = COALESCE(?5, metadata), updated_at = ?6, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL AND state <> 'completed'",
        params![
            owner,
            id,
            wanted.name.clone(),
            wanted.description.clone(),
            metadata,
            now
        ],
    )?;
    found(tx, owner, id).map(Ok)
}

/// Completes a group when it has a file, all required slots have one, and all other required files are settled (M4).
pub(crate) fn finalize(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<Result<GroupView, Refusal>, Failure> {
    let group = match living(tx, owner, id)? {
        Ok(group) => group,
        Err(refused) => return Ok(Err(refused)),
    };
    match group.state {
        GroupState::Completed => return Ok(Ok(group)),
        GroupState::Cancelled => {
            return Ok(Err(Refusal::new(
                ErrorCode::GroupClosed,
                "the group was cancelled",
            )));
        }
        GroupState::Draft | GroupState::Uploading | GroupState::Failed => {}
    }
    let (counts, missing) = required(tx, owner, id)?;
    if !missing.is_empty() || group.completed_files == 0 {
        return Ok(Err(incomplete(counts.total - counts.done, counts.total, missing)));
    }
    under_way(tx, owner, id, now)?;
    tx.execute(
        "UPDATE upload_group SET state = 'completed', completed_at = ?3, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'uploading'",
        params![owner, id, now],
    )?;
    found(tx, owner, id).map(Ok)
}

/// The refusal that counts what is missing (L-7).
fn incomplete(missing: u64, total: u64, which: Vec<Missing>) -> Refusal {
    // A group without any file waits for one.
    let (missing, total) = if missing == 0 {
        (1, total.max(1))
    } else {
        (missing, total)
    };
    let detail = format!("Cannot finalize: {missing} of {total} required files not completed");
    let mut refusal = Refusal::new(ErrorCode::FinalizeIncomplete, detail);
    refusal.missing = which;
    refusal
}

/// Cancels a group and gives up its unfinished files. Settled ones stay.
pub(crate) fn cancel(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<Result<(GroupView, Vec<ObjectRow>), Refusal>, Failure> {
    let group = match living(tx, owner, id)? {
        Ok(group) => group,
        Err(refused) => return Ok(Err(refused)),
    };
    if group.state == GroupState::Completed {
        return Ok(Err(completed()));
    }
    let unsettled = "s.state NOT IN ('uploaded', 'deduplicated')";
    give_up(tx, owner, id, unsettled, GroupState::Cancelled, now).map(Ok)
}

/// Failed → draft: all its files are given up, and it begins again.
pub(crate) fn reset(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<Result<(GroupView, Vec<ObjectRow>), Refusal>, Failure> {
    let group = match living(tx, owner, id)? {
        Ok(group) => group,
        Err(refused) => return Ok(Err(refused)),
    };
    match group.state {
        GroupState::Failed => {}
        // Asked again after a lost answer.
        GroupState::Draft if group.total_files == 0 => return Ok(Ok((group, Vec::new()))),
        GroupState::Completed => return Ok(Err(completed())),
        GroupState::Draft | GroupState::Uploading | GroupState::Cancelled => {
            return Ok(Err(conflict(&group, "only a failed group is reset")));
        }
    }
    give_up(tx, owner, id, "1 = 1", GroupState::Draft, now).map(Ok)
}

/// Deletes a group with all its files. Their rows stay, and what was true of them.
pub(crate) fn delete(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<Result<Vec<ObjectRow>, Refusal>, Failure> {
    let Some(group) = load(tx, owner, id)? else {
        return Ok(Err(missing()));
    };
    if group.deleted_at.is_none() {
        // The group first: a required file of a completed group goes only with it.
        tx.execute(
            "UPDATE upload_group SET deleted_at = ?3, delete_reason = 'user', released_at = NULL, public_id = NULL,
               updated_at = ?3, rev = rev + 1
             WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL",
            params![owner, id, now],
        )?;
        let files = tx.query(
            "SELECT id FROM upload_session WHERE owner_id = ?1 AND group_id = ?2 AND deleted_at IS NULL",
            params![owner, id],
        )?;
        for row in files {
            let file: FileId = row.get(0)?;
            drop(remove::tombstone(tx, owner, file, TombstoneReason::User, now)?);
            remove::release_bytes(tx, owner, file, now)?;
        }
    }
    condemned(tx, owner, id).map(Ok)
}

/// Gives a completed group out, or takes it back.
pub(crate) fn release(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    public_id: Option<[u8; 16]>,
    now: Timestamp,
) -> Result<Result<GroupView, Refusal>, Failure> {
    let group = match living(tx, owner, id)? {
        Ok(group) => group,
        Err(refused) => return Ok(Err(refused)),
    };
    if public_id.is_some() == group.released_at.is_some() {
        return Ok(Ok(group));
    }
    if public_id.is_some() && group.state != GroupState::Completed {
        return Ok(Err(conflict(&group, "only a completed group is released")));
    }
    tx.execute(
        "UPDATE upload_group SET released_at = ?3, public_id = ?4, updated_at = ?5, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL",
        params![owner, id, public_id.map(|_| now), public_id, now],
    )?;
    found(tx, owner, id).map(Ok)
}

/// Files of a failed or uploading group that failed; only those go again (L-14).
pub(crate) fn failed_files(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
) -> Result<Result<Vec<FileId>, Refusal>, Failure> {
    let group = match living(tx, owner, id)? {
        Ok(group) => group,
        Err(refused) => return Ok(Err(refused)),
    };
    match group.state {
        GroupState::Failed | GroupState::Uploading | GroupState::Draft => {}
        GroupState::Completed => return Ok(Err(completed())),
        GroupState::Cancelled => return Ok(Err(conflict(&group, "the group was cancelled"))),
    }
    let rows = tx.query(
        "SELECT id FROM upload_session WHERE owner_id = ?1 AND group_id = ?2 AND state = 'failed'
           AND deleted_at IS NULL ORDER BY created_at, id",
        params![owner, id],
    )?;
    rows.iter().map(|r| r.get(0)).collect::<Result<_, _>>().map(Ok)
}

/// Failed → uploading by an explicit retry of the group, also when no file of it is left to retry.
pub(crate) fn retry(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<GroupView, Failure> {
    retried(tx, owner, id, now)?;
    // What can't be retried (rejected) still stands in the way.
    failed(tx, owner, id, now)?;
    found(tx, owner, id)
}

/// Gives files of a group up and takes it where it goes with that; also what is to be cleaned.
fn give_up(
    tx: &mut dyn Tx,
    owner: OwnerId,
    group: GroupId,
    which: &str,
    to: GroupState,
    now: Timestamp,
) -> Result<(GroupView, Vec<ObjectRow>), Failure> {
    let sql = format!(
        "SELECT s.id FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2 AND s.deleted_at IS NULL AND {which}"
    );
    for row in tx.query(&sql, params![owner, group])? {
        let file: FileId = row.get(0)?;
        // One that was settled by another write of this transaction is no longer unsettled; nothing else refuses.
        drop(remove::tombstone(
            tx,
            owner,
            file,
            TombstoneReason::Cancelled,
            now,
        )?);
        remove::release_bytes(tx, owner, file, now)?;
    }
    tx.execute(
        "UPDATE upload_group SET state = ?4, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state <> 'completed' AND state <> ?4",
        params![owner, group, now, to],
    )?;
    let to_clean = condemned(tx, owner, group)?;
    Ok((found(tx, owner, group)?, to_clean))
}

fn condemned(tx: &mut dyn Tx, owner: OwnerId, group: GroupId) -> Result<Vec<ObjectRow>, Failure> {
    reads::objects(
        tx,
        "o.state = 'condemned' AND s.owner_id = ?1 AND s.group_id = ?2",
        params![owner, group],
    )
}

/// Draft or failed → uploading: something of it moves (again).
pub(super) fn under_way(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: impl Into<Option<GroupId>>,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(id) = id.into() else {
        return Ok(());
    };
    tx.execute(
        "UPDATE upload_group SET state = 'uploading', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('draft', 'failed') AND deleted_at IS NULL",
        params![owner, id, now],
    )?;
    Ok(())
}

/// Failed → uploading: one of its files goes again.
pub(super) fn retried(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: impl Into<Option<GroupId>>,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(id) = id.into() else {
        return Ok(());
    };
    tx.execute(
        "UPDATE upload_group SET state = 'uploading', retry_count = retry_count + 1, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'failed' AND deleted_at IS NULL",
        params![owner, id, now],
    )?;
    Ok(())
}

/// A living required file of it is not settled, and none is on its way.
const STUCK: &str = "NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
     AND s.deleted_at IS NULL AND s.is_required = 1 AND s.state IN ('pending', 'uploading', 'verifying'))
   AND EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
     AND s.deleted_at IS NULL AND s.is_required = 1 AND s.state IN ('failed', 'rejected'))";

/// Draft or uploading → failed, when no living required file is open and one is failed (M5); failed → uploading, when
/// what stood in the way was deleted or is not required any more.
pub(super) fn failed(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: impl Into<Option<GroupId>>,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(id) = id.into() else {
        return Ok(());
    };
    tx.execute(
        &format!(
            "UPDATE upload_group SET state = 'failed', updated_at = ?3, rev = rev + 1,
               error_detail = 'One or more file uploads failed',
               error_code = (SELECT s.error_code FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
                 AND s.deleted_at IS NULL AND s.is_required = 1 AND s.state IN ('failed', 'rejected')
                 ORDER BY s.error_at DESC, s.id LIMIT 1)
             WHERE owner_id = ?1 AND id = ?2 AND state IN ('draft', 'uploading') AND deleted_at IS NULL AND {STUCK}"
        ),
        params![owner, id, now],
    )?;
    tx.execute(
        &format!(
            "UPDATE upload_group SET state = 'uploading', updated_at = ?3, rev = rev + 1
             WHERE owner_id = ?1 AND id = ?2 AND state = 'failed' AND deleted_at IS NULL AND NOT ({STUCK})
               AND EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
                 AND s.deleted_at IS NULL)"
        ),
        params![owner, id, now],
    )?;
    Ok(())
}

fn living(tx: &mut dyn Tx, owner: OwnerId, id: GroupId) -> Result<Result<GroupView, Refusal>, Failure> {
    Ok(match load(tx, owner, id)? {
        None => Err(missing()),
        Some(group) if group.deleted_at.is_some() => {
            Err(Refusal::new(ErrorCode::GroupClosed, "the group was deleted"))
        }
        Some(group) => Ok(group),
    })
}

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such group")
}

fn completed() -> Refusal {
    Refusal::new(ErrorCode::GroupCompleted, "the group is complete")
}

fn conflict(group: &GroupView, why: &str) -> Refusal {
    Refusal::new(
        ErrorCode::StateConflict,
        format!("{why}; it is {}", group.state.as_str()),
    )
}
