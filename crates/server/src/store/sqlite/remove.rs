//! Tombstones, and the end of objects.

use rusqlite::{Connection, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, ObjectId, OwnerId};
use windlass_core::states::{GroupState, ObjectState};
use windlass_core::time::Timestamp;

use super::{groups, placing, reads, sql};
use crate::failure::Refusal;
use crate::store::{Tombstone, TombstoneReason};

/// Writes a tombstone. What is settled keeps its bytes; an unfinished attempt is given up and its object returned.
pub(super) fn tombstone(
    conn: &Connection,
    owner: OwnerId,
    id: FileId,
    reason: TombstoneReason,
    now: Timestamp,
) -> Result<Option<Result<Tombstone, Refusal>>, Failure> {
    let Some(row) = reads::session(conn, owner, id)? else {
        return Ok(None);
    };
    if !row.deleted {
        let completed = groups::state(conn, owner, row.group)? == Some(GroupState::Completed);
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
            placing::condemn(conn, object.id)?;
        }
        write_tombstone(conn, owner, id, reason, now)?;
        groups::failed(conn, owner, row.group, now)?;
    }
    let objects = reads::objects(
        conn,
        "o.state = 'condemned' AND o.owner_id = ?1 AND o.session_id = ?2",
        params![owner.as_bytes(), id.as_bytes()],
    )?;
    Ok(Some(Ok(Tombstone { objects })))
}

fn write_tombstone(
    conn: &Connection,
    owner: OwnerId,
    id: FileId,
    reason: TombstoneReason,
    now: Timestamp,
) -> Result<(), Failure> {
    conn.prepare_cached(
        "UPDATE upload_session SET deleted_at = ?3, delete_reason = ?4, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL",
    )
    .and_then(|mut q| {
        q.execute(params![
            owner.as_bytes(),
            id.as_bytes(),
            now.as_millis(),
            reason.as_str()
        ])
    })
    .map_err(sql)?;
    Ok(())
}

/// Condemned → gone.
pub(super) fn gone(conn: &Connection, object: ObjectId, now: Timestamp) -> Result<(), Failure> {
    conn.prepare_cached(
        "UPDATE stored_object SET state = 'gone', gone_at = ?2 WHERE id = ?1 AND state = 'condemned'",
    )
    .and_then(|mut q| q.execute(params![object.as_bytes(), now.as_millis()]))
    .map_err(sql)?;
    Ok(())
}

/// The storage was asked and has it.
pub(super) fn seen(conn: &Connection, object: ObjectId, now: Timestamp) -> Result<(), Failure> {
    conn.prepare_cached("UPDATE stored_object SET checked_at = ?2 WHERE id = ?1 AND state = 'stored'")
        .and_then(|mut q| q.execute(params![object.as_bytes(), now.as_millis()]))
        .map_err(sql)?;
    Ok(())
}

/// The storage lost it, or has other bytes: its sessions get a tombstone, none is edited (M10, F96, F97).
pub(super) fn lost(
    conn: &Connection,
    object: ObjectId,
    reason: TombstoneReason,
    now: Timestamp,
) -> Result<(), Failure> {
    let referring: Vec<(OwnerId, FileId)> = conn
        .prepare_cached(
            "SELECT s.owner_id, s.id FROM stored_object o JOIN upload_session s ON s.owner_id = o.owner_id
               AND (s.id = o.session_id OR s.canonical_id = o.session_id)
             WHERE o.id = ?1 AND o.state = 'stored' AND s.object_id = o.id AND s.deleted_at IS NULL",
        )
        .and_then(|mut q| {
            q.query_map([object.as_bytes()], |r| Ok((reads::id(r, 0)?, reads::id(r, 1)?)))?
                .collect()
        })
        .map_err(sql)?;
    for (owner, id) in referring {
        write_tombstone(conn, owner, id, reason, now)?;
    }
    if reason == TombstoneReason::Vanished {
        placing::condemn(conn, object)?;
        return gone(conn, object, now);
    }
    // What is there now may be the person's own work, or all that is left of theirs: it is not ours to clean.
    Ok(())
}
