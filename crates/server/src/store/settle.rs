//! Verifying in the ledger: the lease, the proof, and what else may come of it.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, OwnerId};
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;

use super::sign::{each, last_error, this_attempt};
use super::{groups, reads};
use crate::db::{Kind, Tx, params};
use crate::failure::Refusal;
use crate::store::{Leased, Release, Released, SessionRow, Settle, rows::LeaseItem};

/// Takes leases to verify files.
pub(super) fn lease(
    tx: &mut dyn Tx,
    owner: OwnerId,
    items: &[LeaseItem],
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<Result<Leased, Refusal>>, Failure> {
    let mut rows = reads::sessions(tx, owner, items.iter().map(|i| i.id))?;
    let mut taken = Vec::new();
    let answers = items
        .iter()
        .map(|item| {
            let row = this_attempt(rows.get(&item.id), item.attempt)?;
            if row.is_settled() {
                return Ok(Leased::Settled(Box::new(row.clone())));
            }
            may_verify(row, item)?;
            if row.state == SessionState::Verifying && row.lease_until > now {
                return Ok(Leased::Busy);
            }
            let mut row = row.clone();
            row.state = SessionState::Verifying;
            row.fence += 1;
            row.sha256 = row.sha256.or(item.sha256);
            taken.push([item.id.into(), item.sha256.into()]);
            // Whoever is named twice finds the lease taken.
            let after = SessionRow {
                lease_until: until,
                ..row.clone()
            };
            rows.insert(item.id, after);
            Ok(Leased::Ours(Box::new(row)))
        })
        .collect();
    each(
        tx,
        params![owner, until, now],
        &taken,
        &[Kind::Id, Kind::Bytes],
        "v(id, sha256)",
        "UPDATE upload_session AS s SET state = 'verifying', fence = s.fence + 1, lease_until = ?2, alive_at = ?3,
           updated_at = ?3, rev = s.rev + 1, sha256 = COALESCE(s.sha256, v.sha256)
         FROM v WHERE s.owner_id = ?1 AND s.id = v.id AND s.state IN ('pending', 'uploading', 'verifying')
           AND s.deleted_at IS NULL",
    )?;
    Ok(answers)
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
    tx: &mut dyn Tx,
    owner: OwnerId,
    held: &[(FileId, i64)],
    until: Timestamp,
) -> Result<(), Failure> {
    for (id, fence) in held {
        tx.execute(
            "UPDATE upload_session SET lease_until = ?4
             WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state = 'verifying' AND deleted_at IS NULL",
            params![owner, *id, *fence, until],
        )?;
    }
    Ok(())
}

/// Proved: objects and sessions together, or nothing.
pub(super) fn settle(
    tx: &mut dyn Tx,
    owner: OwnerId,
    items: &[Settle],
    now: Timestamp,
) -> Result<Vec<Option<SessionRow>>, Failure> {
    let mut rows = reads::sessions(tx, owner, items.iter().map(|i| i.id))?;
    let (mut proofs, mut held, mut uploaded) = (Vec::new(), Vec::new(), Vec::new());
    let answers = items
        .iter()
        .map(|item| {
            let row = rows.get(&item.id)?;
            if row.is_settled() && row.object.as_ref().is_some_and(|o| o.id == item.object) {
                return Some(row.clone());
            }
            let is_held = row.state == SessionState::Verifying && row.fence == item.fence && !row.deleted;
            if !is_held || !object_is(row, item) {
                return None;
            }
            proofs.push(item);
            held.push([item.id.into(), item.fence.into()]);
            uploaded.push((item.id, row.destination));
            let row = proved(row.clone(), item, SessionState::Uploaded, now);
            rows.insert(item.id, row.clone());
            Some(row)
        })
        .collect();
    store_objects(tx, owner, &proofs, now)?;
    each(
        tx,
        params![owner, now],
        &held,
        &[Kind::Id, Kind::Int],
        "v(id, fence)",
        "UPDATE upload_session AS s SET state = 'uploaded', uploaded_at = ?2, verified_at = ?2, alive_at = ?2,
           updated_at = ?2, lease_until = 0, rev = s.rev + 1
         FROM v WHERE s.owner_id = ?1 AND s.id = v.id AND s.fence = v.fence AND s.state = 'verifying'
           AND s.deleted_at IS NULL",
    )?;
    super::jobs::make::by_pipeline(tx, owner, &uploaded, now)?;
    Ok(answers)
}

/// A copy was placed and proved: object and session together, or nothing.
pub(super) fn settle_copy(
    tx: &mut dyn Tx,
    owner: OwnerId,
    item: &Settle,
    now: Timestamp,
) -> Result<Option<SessionRow>, Failure> {
    let Some(row) = reads::session(tx, owner, item.id)? else {
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
    let source = reads::session(tx, owner, canonical)?;
    let holds = source.is_some_and(|s| {
        s.state == SessionState::Uploaded
            && s.object.is_some_and(|o| {
                o.state == ObjectState::Stored && o.sha256.is_some() && o.sha256 == row.sha256
            })
    });
    if !holds || !object_is(&row, item) || item.sha256 != row.sha256 {
        return Ok(None);
    }
    store_objects(tx, owner, &[item], now)?;
    tx.execute("UPDATE upload_session SET state = 'deduplicated', uploaded_at = ?3, alive_at = ?3, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'pending' AND deleted_at IS NULL", params![owner, item.id, now])?;
    groups::under_way(tx, owner, row.group, now)?;
    Ok(Some(proved(row, item, SessionState::Deduplicated, now)))
}

fn object_is(row: &SessionRow, item: &Settle) -> bool {
    row.object
        .as_ref()
        .is_some_and(|o| o.id == item.object && o.state == ObjectState::Open)
}

fn store_objects(
    tx: &mut dyn Tx,
    owner: OwnerId,
    items: &[&Settle],
    now: Timestamp,
) -> Result<(), Failure> {
    let proofs: Vec<_> = items
        .iter()
        .map(|i| {
            [
                i.object.into(),
                i.etag.clone().into(),
                i.crc64.into(),
                i.sha256.into(),
                i.proof.as_str().into(),
            ]
        })
        .collect();
    each(
        tx,
        params![owner, now],
        &proofs,
        &[Kind::Id, Kind::Text, Kind::Bytes, Kind::Bytes, Kind::Text],
        "v(id, etag, crc64, sha256, proof)",
        "UPDATE stored_object AS o SET state = 'stored', etag = v.etag, crc64 = v.crc64, sha256 = v.sha256,
           proof = v.proof, stored_at = ?2, checked_at = ?2
         FROM v WHERE o.owner_id = ?1 AND o.id = v.id AND o.state = 'open'",
    )
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
    tx: &mut dyn Tx,
    owner: OwnerId,
    item: &Release,
    now: Timestamp,
) -> Result<(), Failure> {
    let to = match item.to {
        Released::Uploading => SessionState::Uploading,
        Released::Free => SessionState::Verifying,
        Released::Failed => SessionState::Failed,
    };
    let changed = tx.execute(
        "UPDATE upload_session SET state = ?4, lease_until = 0, updated_at = ?5, rev = rev + 1,
               error_code = COALESCE(?6, error_code), error_detail = COALESCE(?7, error_detail),
               error_at = CASE WHEN ?6 IS NULL THEN error_at ELSE ?5 END
             WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state = 'verifying' AND deleted_at IS NULL",
        params![
            owner,
            item.id,
            item.fence,
            to,
            now,
            item.error.as_ref().map(|e| e.code),
            item.error.as_ref().map(|e| e.detail.as_str())
        ],
    )?;
    if changed == 1
        && to == SessionState::Failed
        && let Some(row) = reads::session(tx, owner, item.id)?
    {
        groups::failed(tx, owner, row.group, now)?;
    }
    Ok(())
}
