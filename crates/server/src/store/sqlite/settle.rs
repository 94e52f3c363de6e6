//! Verifying in the ledger: the lease, the proof, and what else may come of it.

use rusqlite::{Connection, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, OwnerId};
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;

use super::sign::{last_error, this_attempt};
use super::{groups, reads, sql};
use crate::failure::Refusal;
use crate::store::{Leased, Release, Released, SessionRow, Settle, rows::LeaseItem};

/// Takes the lease to verify a file.
pub(super) fn lease(
    conn: &Connection,
    owner: OwnerId,
    item: &LeaseItem,
    until: Timestamp,
    now: Timestamp,
) -> Result<Result<Leased, Refusal>, Failure> {
    let mut row = match this_attempt(reads::session(conn, owner, item.id)?, item.attempt) {
        Ok(row) => row,
        Err(refused) => return Ok(Err(refused)),
    };
    if row.is_settled() {
        return Ok(Ok(Leased::Settled(Box::new(row))));
    }
    if let Err(refused) = may_verify(&row, item) {
        return Ok(Err(refused));
    }
    if row.state == SessionState::Verifying && row.lease_until > now {
        return Ok(Ok(Leased::Busy));
    }
    conn.prepare_cached(
        "UPDATE upload_session SET state = 'verifying', fence = fence + 1, lease_until = ?3, alive_at = ?4, updated_at = ?4,
           rev = rev + 1, sha256 = COALESCE(sha256, ?5)
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('pending', 'uploading', 'verifying') AND deleted_at IS NULL",
    )
    .and_then(|mut q| {
        q.execute(params![
            owner.as_bytes(),
            item.id.as_bytes(),
            until.as_millis(),
            now.as_millis(),
            item.sha256.map(|h| h.0)
        ])
    })
    .map_err(sql)?;
    row.state = SessionState::Verifying;
    row.fence += 1;
    row.sha256 = row.sha256.or(item.sha256);
    Ok(Ok(Leased::Ours(Box::new(row))))
}

fn may_verify(row: &SessionRow, item: &LeaseItem) -> Result<(), Refusal> {
    if matches!(row.state, SessionState::Failed | SessionState::Rejected) {
        return Err(Refusal::from(last_error(row)).with_state(row.state));
    }
    if row.canonical.is_some() {
        return Err(
            Refusal::new(ErrorCode::FollowsOther, "the same content is on its way").with_state(row.state),
        );
    }
    if row.object.as_ref().is_none_or(|o| o.state != ObjectState::Open) {
        return Err(Refusal::new(
            ErrorCode::ObjectCondemned,
            "the attempt was given up",
        ));
    }
    if row.plan.size() != item.size {
        let detail = format!("{} bytes, announced were {}", item.size, row.plan.size());
        return Err(Refusal::new(ErrorCode::SizeMismatch, detail));
    }
    match (row.sha256, item.sha256) {
        (Some(said), Some(sent)) if said != sent => Err(Refusal::new(
            ErrorCode::ChecksumMismatch,
            "the content is not the one that was announced",
        )),
        _ => Ok(()),
    }
}

/// Prolongs leases that are still held.
pub(super) fn prolong(
    conn: &Connection,
    owner: OwnerId,
    held: &[(FileId, i64)],
    until: Timestamp,
) -> Result<(), Failure> {
    let mut update = conn
        .prepare_cached(
            "UPDATE upload_session SET lease_until = ?4
             WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state = 'verifying' AND deleted_at IS NULL",
        )
        .map_err(sql)?;
    for (id, fence) in held {
        update
            .execute(params![owner.as_bytes(), id.as_bytes(), fence, until.as_millis()])
            .map_err(sql)?;
    }
    Ok(())
}

/// Proved: object and session together, or nothing.
pub(super) fn settle(
    conn: &Connection,
    owner: OwnerId,
    item: &Settle,
    now: Timestamp,
) -> Result<Option<SessionRow>, Failure> {
    let Some(row) = reads::session(conn, owner, item.id)? else {
        return Ok(None);
    };
    if row.is_settled() && row.object.as_ref().is_some_and(|o| o.id == item.object) {
        return Ok(Some(row));
    }
    let held = row.state == SessionState::Verifying && row.fence == item.fence && !row.deleted;
    if !held || !object_is(&row, item) {
        return Ok(None);
    }
    store_object(conn, item, now)?;
    conn.prepare_cached(
        "UPDATE upload_session SET state = 'uploaded', uploaded_at = ?3, alive_at = ?3, updated_at = ?3, lease_until = 0,
           rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'verifying' AND fence = ?4 AND deleted_at IS NULL",
    )
    .and_then(|mut q| q.execute(params![owner.as_bytes(), item.id.as_bytes(), now.as_millis(), item.fence]))
    .map_err(sql)?;
    Ok(Some(proved(row, item, SessionState::Uploaded, now)))
}

/// A copy was placed and proved: object and session together, or nothing.
pub(super) fn settle_copy(
    conn: &Connection,
    owner: OwnerId,
    item: &Settle,
    now: Timestamp,
) -> Result<Option<SessionRow>, Failure> {
    let Some(row) = reads::session(conn, owner, item.id)? else {
        return Ok(None);
    };
    if row.state == SessionState::Deduplicated {
        return Ok(Some(row));
    }
    let Some(canonical) = row
        .canonical
        .filter(|_| row.state == SessionState::Pending && !row.deleted)
    else {
        return Ok(None);
    };
    let source = reads::session(conn, owner, canonical)?;
    let holds = source.is_some_and(|s| {
        s.state == SessionState::Uploaded
            && s.object.is_some_and(|o| {
                o.state == ObjectState::Stored && o.sha256.is_some() && o.sha256 == row.sha256
            })
    });
    if !holds || !object_is(&row, item) || item.sha256 != row.sha256 {
        return Ok(None);
    }
    store_object(conn, item, now)?;
    conn.prepare_cached(
        "UPDATE upload_session SET state = 'deduplicated', uploaded_at = ?3, alive_at = ?3, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'pending' AND deleted_at IS NULL",
    )
    .and_then(|mut q| q.execute(params![owner.as_bytes(), item.id.as_bytes(), now.as_millis()]))
    .map_err(sql)?;
    groups::under_way(conn, owner, row.group, now)?;
    Ok(Some(proved(row, item, SessionState::Deduplicated, now)))
}

fn object_is(row: &SessionRow, item: &Settle) -> bool {
    row.object
        .as_ref()
        .is_some_and(|o| o.id == item.object && o.state == ObjectState::Open)
}

fn store_object(conn: &Connection, item: &Settle, now: Timestamp) -> Result<(), Failure> {
    conn.prepare_cached(
        "UPDATE stored_object SET state = 'stored', etag = ?2, crc64 = ?3, sha256 = ?4, proof = ?5, stored_at = ?6,
           checked_at = ?6 WHERE id = ?1 AND state = 'open'",
    )
    .and_then(|mut q| {
        q.execute(params![
            item.object.as_bytes(),
            item.etag,
            item.crc64.to_bytes(),
            item.sha256.map(|h| h.0),
            item.proof.as_str(),
            now.as_millis()
        ])
    })
    .map_err(sql)?;
    Ok(())
}

/// The row as it stands after the writes above.
fn proved(mut row: SessionRow, item: &Settle, state: SessionState, now: Timestamp) -> SessionRow {
    row.state = state;
    row.uploaded_at = Some(now);
    row.lease_until = Timestamp::from_millis(0);
    if let Some(o) = &mut row.object {
        o.state = ObjectState::Stored;
        o.etag.clone_from(&item.etag);
        o.crc64 = Some(item.crc64);
        o.sha256 = item.sha256;
        o.proof = Some(item.proof);
        o.checked_at = Some(now);
    }
    row
}

/// Gives a lease back, if it is still held.
pub(super) fn release(
    conn: &Connection,
    owner: OwnerId,
    item: &Release,
    now: Timestamp,
) -> Result<(), Failure> {
    let to = match item.to {
        Released::Uploading => SessionState::Uploading,
        Released::Free => SessionState::Verifying,
        Released::Failed => SessionState::Failed,
    };
    let changed = conn
        .prepare_cached(
            "UPDATE upload_session SET state = ?4, lease_until = 0, updated_at = ?5, rev = rev + 1,
               error_code = COALESCE(?6, error_code), error_detail = COALESCE(?7, error_detail),
               error_at = CASE WHEN ?6 IS NULL THEN error_at ELSE ?5 END
             WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state = 'verifying' AND deleted_at IS NULL",
        )
        .and_then(|mut q| {
            q.execute(params![
                owner.as_bytes(),
                item.id.as_bytes(),
                item.fence,
                to.as_str(),
                now.as_millis(),
                item.error.as_ref().map(|e| e.code.as_str()),
                item.error.as_ref().map(|e| e.detail.as_str())
            ])
        })
        .map_err(sql)?;
    if changed == 1
        && to == SessionState::Failed
        && let Some(row) = reads::session(conn, owner, item.id)?
    {
        groups::failed(conn, owner, row.group, now)?;
    }
    Ok(())
}
