//! Groups in the ledger. Counts are computed from the sessions, never stored (I6).

use rusqlite::{Connection, OptionalExtension as _, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId, OwnerId};
use windlass_core::states::GroupState;
use windlass_core::time::Timestamp;
use windlass_protocol::groups::{CreateGroup, Group};

use super::{destinations, reads, remove, sql};
use crate::failure::{Refusal, internal};
use crate::store::{ObjectRow, TombstoneReason};

/// A group with its counts.
pub(super) fn load(conn: &Connection, owner: OwnerId, id: GroupId) -> Result<Option<Group>, Failure> {
    conn.prepare_cached(
        "SELECT g.name, g.destination_id, g.state, g.created_at, g.rev,
           (SELECT COUNT(*) FROM upload_session s WHERE s.owner_id = g.owner_id AND s.group_id = g.id
              AND s.deleted_at IS NULL),
           (SELECT COUNT(*) FROM upload_session s WHERE s.owner_id = g.owner_id AND s.group_id = g.id
              AND s.deleted_at IS NULL AND s.state IN ('uploaded', 'deduplicated'))
         FROM upload_group g WHERE g.owner_id = ?1 AND g.id = ?2",
    )
    .and_then(|mut q| {
        q.query_row(params![owner.as_bytes(), id.as_bytes()], |r| {
            Ok(Group {
                id,
                name: r.get(0)?,
                destination_id: reads::id(r, 1)?,
                state: reads::word(r, 2)?,
                created_at: r.get(3)?,
                rev: r.get::<_, i64>(4)?.unsigned_abs(),
                total_files: r.get::<_, i64>(5)?.unsigned_abs(),
                completed_files: r.get::<_, i64>(6)?.unsigned_abs(),
            })
        })
        .optional()
    })
    .map_err(sql)
}

/// State of a group, without counting.
pub(super) fn state(conn: &Connection, owner: OwnerId, id: GroupId) -> Result<Option<GroupState>, Failure> {
    conn.prepare_cached("SELECT state FROM upload_group WHERE owner_id = ?1 AND id = ?2")
        .and_then(|mut q| {
            q.query_row(params![owner.as_bytes(), id.as_bytes()], |r| reads::word(r, 0))
                .optional()
        })
        .map_err(sql)
}

/// Makes a group, or finds the one of these facts.
pub(super) fn create(
    conn: &Connection,
    owner: OwnerId,
    wanted: &CreateGroup,
    now: Timestamp,
) -> Result<Result<Group, Refusal>, Failure> {
    if let Some(group) = load(conn, owner, wanted.id)? {
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
    if !destinations::load(conn, wanted.destination_id)?.is_some_and(|d| d.active) {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such destination")));
    }
    conn.prepare_cached(
        "INSERT INTO upload_group (owner_id, id, name, destination_id, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, 'draft', ?5, ?5)",
    )
    .and_then(|mut q| {
        q.execute(params![
            owner.as_bytes(),
            wanted.id.as_bytes(),
            wanted.name,
            wanted.destination_id.as_bytes(),
            now.as_millis()
        ])
    })
    .map_err(sql)?;
    found(conn, owner, wanted.id).map(Ok)
}

/// Completes a group when it has a file and every living one is settled (M4).
pub(super) fn finalize(
    conn: &Connection,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<Result<Group, Refusal>, Failure> {
    let Some(group) = load(conn, owner, id)? else {
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
    under_way(conn, owner, id, now)?;
    conn.prepare_cached(
        "UPDATE upload_group SET state = 'completed', completed_at = ?3, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'uploading'",
    )
    .and_then(|mut q| q.execute(params![owner.as_bytes(), id.as_bytes(), now.as_millis()]))
    .map_err(sql)?;
    found(conn, owner, id).map(Ok)
}

/// Cancels a group and gives up its unfinished files. Settled ones stay.
pub(super) fn cancel(
    conn: &Connection,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<Result<(Group, Vec<ObjectRow>), Refusal>, Failure> {
    let Some(group) = load(conn, owner, id)? else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such group")));
    };
    if group.state == GroupState::Completed {
        return Ok(Err(Refusal::new(
            ErrorCode::GroupCompleted,
            "the group is complete",
        )));
    }
    let unsettled: Vec<FileId> = conn
        .prepare_cached(
            "SELECT id FROM upload_session WHERE owner_id = ?1 AND group_id = ?2 AND deleted_at IS NULL
               AND state NOT IN ('uploaded', 'deduplicated')",
        )
        .and_then(|mut q| {
            q.query_map(params![owner.as_bytes(), id.as_bytes()], |r| reads::id(r, 0))?
                .collect()
        })
        .map_err(sql)?;
    for file in unsettled {
        // One that was settled by another write of this transaction is no longer unsettled; nothing else refuses.
        drop(remove::tombstone(
            conn,
            owner,
            file,
            TombstoneReason::Cancelled,
            now,
        )?);
    }
    conn.prepare_cached(
        "UPDATE upload_group SET state = 'cancelled', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('draft', 'uploading', 'failed')",
    )
    .and_then(|mut q| q.execute(params![owner.as_bytes(), id.as_bytes(), now.as_millis()]))
    .map_err(sql)?;
    let to_clean = reads::objects(
        conn,
        "o.state = 'condemned' AND s.owner_id = ?1 AND s.group_id = ?2",
        params![owner.as_bytes(), id.as_bytes()],
    )?;
    Ok(Ok((found(conn, owner, id)?, to_clean)))
}

/// Draft or failed → uploading: something of it moves (again).
pub(super) fn under_way(
    conn: &Connection,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<(), Failure> {
    conn.prepare_cached(
        "UPDATE upload_group SET state = 'uploading', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('draft', 'failed')",
    )
    .and_then(|mut q| q.execute(params![owner.as_bytes(), id.as_bytes(), now.as_millis()]))
    .map_err(sql)?;
    Ok(())
}

/// Failed → uploading: one of its files goes again.
pub(super) fn retried(conn: &Connection, owner: OwnerId, id: GroupId, now: Timestamp) -> Result<(), Failure> {
    conn.prepare_cached(
        "UPDATE upload_group SET state = 'uploading', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'failed'",
    )
    .and_then(|mut q| q.execute(params![owner.as_bytes(), id.as_bytes(), now.as_millis()]))
    .map_err(sql)?;
    Ok(())
}

/// Uploading → failed, when no living file is open and one is failed (M5).
pub(super) fn failed(conn: &Connection, owner: OwnerId, id: GroupId, now: Timestamp) -> Result<(), Failure> {
    conn.prepare_cached(
        "UPDATE upload_group SET state = 'failed', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'uploading'
           AND NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
             AND s.deleted_at IS NULL AND s.state IN ('pending', 'uploading', 'verifying'))
           AND EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
             AND s.deleted_at IS NULL AND s.state IN ('failed', 'rejected'))",
    )
    .and_then(|mut q| q.execute(params![owner.as_bytes(), id.as_bytes(), now.as_millis()]))
    .map_err(sql)?;
    Ok(())
}

fn found(conn: &Connection, owner: OwnerId, id: GroupId) -> Result<Group, Failure> {
    load(conn, owner, id)?.ok_or_else(|| internal("a group that was just written is not there"))
}
