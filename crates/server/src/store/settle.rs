//! Verifying in the ledger: the lease, the proof, and what else may come of it.

use std::collections::BTreeSet;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, OwnerId};
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;

use super::canonical::{self, Canonicals, Content};
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
            taken.push([owner.into(), item.id.into(), item.sha256.into()]);
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
        params![until, now],
        &taken,
        &[Kind::Id, Kind::Id, Kind::Bytes],
        "v(owner_id, id, sha256)",
        "UPDATE upload_session AS s SET state = 'verifying', fence = s.fence + 1, lease_until = ?1, alive_at = ?2,
           updated_at = ?2, rev = s.rev + 1, sha256 = COALESCE(s.sha256, v.sha256)
         FROM v WHERE s.owner_id = v.owner_id AND s.id = v.id
           AND s.state || '' IN ('pending', 'uploading', 'verifying') AND s.deleted_at IS NULL",
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
    let holds = |row: &SessionRow, item: &Settle| {
        row.state == SessionState::Verifying
            && row.fence == item.fence
            && !row.deleted
            && object_is(row, item)
    };
    let contents: BTreeSet<Content> = items
        .iter()
        .filter_map(|i| content(rows.get(&i.id).filter(|r| holds(r, i))?, i))
        .collect();
    let mut canonicals = Canonicals::find(tx, owner, &contents, now)?;
    let (mut proofs, mut held, mut uploaded) = (Vec::new(), Vec::new(), Vec::new());
    let (mut doubles, mut hashed) = (Vec::new(), Vec::new());
    let answers = items
        .iter()
        .map(|item| {
            let row = rows.get(&item.id)?;
            if row.is_settled() && row.object.as_ref().is_some_and(|o| o.id == item.object) {
                return Some(row.clone());
            }
            if !holds(row, item) {
                return None;
            }
            let content = content(row, item);
            if let Some(canonical) = content.and_then(|c| canonicals.of(c, item.id)).cloned() {
                // The same content is there: this one is its duplicate (D-2, D-9).
                let links = canonicals.links(row.destination);
                let mut row = proved(row.clone(), item, SessionState::Deduplicated, now);
                row.canonical = Some(canonical.id);
                if links {
                    row.object.clone_from(&canonical.object);
                } else {
                    proofs.push(item);
                }
                doubles.push((row.clone(), item, canonical));
                rows.insert(item.id, row.clone());
                return Some(row);
            }
            proofs.push(item);
            held.push([owner.into(), item.id.into(), item.fence.into()]);
            uploaded.push((item.id, row.destination));
            let row = proved(row.clone(), item, SessionState::Uploaded, now);
            if let Some(content) = content {
                canonicals.is_there(content, &row);
                hashed.push((item.id, content.0, content.1));
            }
            rows.insert(item.id, row.clone());
            Some(row)
        })
        .collect();
    store_objects(tx, owner, &proofs, now)?;
    each(
        tx,
        params![now],
        &held,
        &[Kind::Id, Kind::Id, Kind::Int],
        "v(owner_id, id, fence)",
        "UPDATE upload_session AS s SET state = 'uploaded', uploaded_at = ?1, verified_at = ?1, alive_at = ?1,
           updated_at = ?1, lease_until = 0, rev = s.rev + 1,
           holds_slot = CASE WHEN s.sha256 IS NULL OR EXISTS (SELECT 1 FROM upload_session h WHERE h.owner_id = s.owner_id
             AND h.destination_id = s.destination_id AND h.sha256 = s.sha256 AND h.holds_slot = 1 AND h.id <> s.id
             AND h.canonical_id IS NULL AND h.deleted_at IS NULL
             AND h.state IN ('pending', 'uploading', 'verifying', 'uploaded')) THEN 0 ELSE 1 END
         FROM v WHERE s.owner_id = v.owner_id AND s.id = v.id AND s.fence = v.fence
           AND s.state || '' = 'verifying' AND s.deleted_at IS NULL",
    )?;
    for (row, item, canonical) in &doubles {
        canonical::join(tx, owner, row, item, canonical, now)?;
    }
    canonical::succeed(tx, owner, &hashed, now)?;
    super::jobs::make::by_pipeline(tx, owner, &uploaded, now)?;
    Ok(answers)
}

/// The content of a proved file, when it may be a duplicate: an empty one costs nothing.
fn content(row: &SessionRow, item: &Settle) -> Option<Content> {
    let hash = item.sha256.filter(|_| row.plan.size() > 0)?;
    Some((row.destination, hash, row.plan.size()))
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

fn store_objects(tx: &mut dyn Tx, owner: OwnerId, items: &[&Settle], now: Timestamp) -> Result<(), Failure> {
    let proofs: Vec<_> = items
        .iter()
        .map(|i| {
            [
                owner.into(),
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
        params![now],
        &proofs,
        &[
            Kind::Id,
            Kind::Id,
            Kind::Text,
            Kind::Bytes,
            Kind::Bytes,
            Kind::Text,
        ],
        "v(owner_id, id, etag, crc64, sha256, proof)",
        "UPDATE stored_object AS o SET state = 'stored', etag = v.etag, crc64 = v.crc64, sha256 = v.sha256,
           proof = v.proof, stored_at = ?1, checked_at = ?1
         FROM v WHERE o.owner_id = v.owner_id AND o.id = v.id AND o.state || '' = 'open'",
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
        o.crc64 = item.crc64;
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
        canonical::pass_on(tx, owner, item.id, now)?;
        groups::failed(tx, owner, row.group, now)?;
    }
    Ok(())
}
