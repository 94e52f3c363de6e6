//! Files of callers that tell no checksums, and perhaps no size, in the ledger (M2).

use windlass_core::complete::StoredPart;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::limits::{MAX_OBJECT_BYTES, PART_BYTES};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::SessionState;
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;

use super::{canonical, files, groups, placing, reads, settle};
use crate::db::{Tx, params};
use crate::failure::internal;
use crate::store::Settle;

/// What is told of a file's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    /// Bytes; none: unknown until they are there.
    pub(crate) size: Option<u64>,
    /// True when it goes in one request.
    pub(crate) single: bool,
    /// The largest that its destination takes.
    pub(crate) most: u64,
}

/// What is told of a file's size.
pub(crate) fn told(tx: &mut dyn Tx, owner: OwnerId, id: FileId) -> Result<Option<Told>, Failure> {
    tx.query_opt(
        "SELECT s.size, s.part_count, d.max_bytes FROM upload_session s JOIN destination d ON d.id = s.destination_id
         WHERE s.owner_id = ?1 AND s.id = ?2",
        params![owner, id],
    )?
    .map(|r| {
        Ok(Told {
            size: r.get(0)?,
            single: r.get::<Option<u32>>(1)? == Some(1),
            most: r.get::<Option<u64>>(2)?.unwrap_or(MAX_OBJECT_BYTES),
        })
    })
    .transpose()
}

/// A file that was just announced: its size is not known after all, nor in how many parts it comes.
pub(crate) fn forget_size(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    single: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "UPDATE stored_object SET size = NULL WHERE owner_id = ?1 AND session_id = ?2 AND state = 'open'",
        params![owner, id],
    )?;
    let count: Option<u32> = single.then_some(1);
    tx.execute(
        "UPDATE upload_session SET size = NULL, part_count = ?3, updated_at = ?4
         WHERE owner_id = ?1 AND id = ?2 AND state = 'pending' AND deleted_at IS NULL",
        params![owner, id, count, now],
    )?;
    Ok(())
}

/// Its group has a file that may be sent from here on.
pub(crate) fn under_way(
    tx: &mut dyn Tx,
    owner: OwnerId,
    group: Option<GroupId>,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "UPDATE upload_group SET state = 'uploading', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'draft' AND deleted_at IS NULL",
        params![owner, group, now],
    )?;
    Ok(())
}

/// The caller says that a group has failed: what is open of it fails too (L-2, L-16).
pub(crate) fn fail_group(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    why: &Failure,
    now: Timestamp,
) -> Result<(), Failure> {
    let open = tx.query(
        "SELECT id FROM upload_session WHERE owner_id = ?1 AND group_id = ?2 AND deleted_at IS NULL
           AND state IN ('pending', 'uploading', 'verifying')",
        params![owner, id],
    )?;
    for row in open {
        // Settled by another write of this transaction, or removed: nothing is left to fail.
        drop(files::fail(tx, owner, row.get(0)?, why, now)?);
    }
    tx.execute(
        "UPDATE upload_group SET state = 'failed', error_code = ?3, error_detail = ?4, updated_at = ?5, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('draft', 'uploading', 'failed') AND deleted_at IS NULL",
        params![owner, id, why.code, why.detail.as_str(), now],
    )?;
    Ok(())
}

/// What came of settling.
#[derive(Debug)]
pub(crate) enum Settled {
    /// It is settled.
    Yes,
    /// It is larger than its destination takes, and rejected.
    Rejected(Failure),
    /// Somebody else has the lease, or it was removed.
    RaceLost,
}

/// Proved: as [`settle::settle`]; a size that nobody told is the storage's, and judged here.
pub(crate) fn settle(
    tx: &mut dyn Tx,
    owner: OwnerId,
    item: &Settle,
    size: u64,
    parts: &[StoredPart],
    now: Timestamp,
) -> Result<Settled, Failure> {
    let Some(told) = told(tx, owner, item.id)? else {
        return Ok(Settled::RaceLost);
    };
    if told.size.is_none() {
        if size > told.most {
            return reject(tx, owner, item, size, told.most, now);
        }
        let one = size.max(PART_BYTES);
        let step = parts.first().map_or(one, |p| p.size.max(1));
        // Who cut it unevenly gets a plan of ours; of a settled file it only tells how many parts it has.
        let plan = PartPlan::stored(size, if told.single { one } else { step });
        let plan = plan.or_else(|_| PartPlan::new(size)).map_err(internal)?;
        tx.execute(
            "UPDATE upload_session SET size = ?4, part_size = ?5, part_count = ?6
             WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state = 'verifying' AND deleted_at IS NULL",
            params![owner, item.id, item.fence, size, plan.part_size(), plan.count()],
        )?;
        tx.execute(
            "UPDATE stored_object SET size = ?3 WHERE owner_id = ?1 AND id = ?2 AND state = 'open'",
            params![owner, item.object, size],
        )?;
    }
    note_parts(tx, owner, item.object, parts, now)?;
    let row = settle::settle(tx, owner, std::slice::from_ref(item), now)?
        .pop()
        .flatten();
    Ok(row.map_or(Settled::RaceLost, |_| Settled::Yes))
}

/// Of what an object was made: rows for parts that nobody planned.
fn note_parts(
    tx: &mut dyn Tx,
    owner: OwnerId,
    object: ObjectId,
    parts: &[StoredPart],
    now: Timestamp,
) -> Result<(), Failure> {
    for part in parts {
        tx.execute(
            "INSERT INTO file_part (owner_id, object_id, part_number, size, state) VALUES (?1, ?2, ?3, ?4, 'pending')
             ON CONFLICT DO NOTHING",
            params![owner, object, part.n.get(), part.size],
        )?;
        tx.execute(
            "UPDATE file_part SET state = 'uploading'
             WHERE owner_id = ?1 AND object_id = ?2 AND part_number = ?3 AND state IN ('pending', 'failed')",
            params![owner, object, part.n.get()],
        )?;
        tx.execute(
            "UPDATE file_part SET state = 'uploaded', etag = ?4, uploaded_at = ?5
             WHERE owner_id = ?1 AND object_id = ?2 AND part_number = ?3 AND state = 'uploading'",
            params![owner, object, part.n.get(), part.etag.0.as_str(), now],
        )?;
    }
    Ok(())
}

/// Verifying → rejected: larger than is taken.
fn reject(
    tx: &mut dyn Tx,
    owner: OwnerId,
    item: &Settle,
    size: u64,
    most: u64,
    now: Timestamp,
) -> Result<Settled, Failure> {
    let why = Failure::new(ErrorCode::TooLarge, format!("{size} bytes, allowed are {most}"));
    let changed = tx.execute(
        "UPDATE upload_session SET state = 'rejected', lease_until = 0, error_code = ?4, error_detail = ?5, error_at = ?6,
           updated_at = ?6, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state = 'verifying' AND deleted_at IS NULL",
        params![owner, item.id, item.fence, why.code, why.detail.as_str(), now],
    )?;
    if changed == 0 {
        return Ok(Settled::RaceLost);
    }
    placing::condemn(tx, item.object)?;
    canonical::pass_on(tx, owner, item.id, now)?;
    if let Some(row) = reads::session(tx, owner, item.id)? {
        groups::failed(tx, owner, row.group, now)?;
    }
    Ok(Settled::Rejected(why))
}

/// The newest living file of a content that may be gone on with, or that is there (T-2).
pub(crate) fn of_content(
    tx: &mut dyn Tx,
    owner: OwnerId,
    hash: Sha256,
    to: DestinationId,
) -> Result<Option<FileId>, Failure> {
    tx.query_opt(
        "SELECT id FROM upload_session WHERE owner_id = ?1 AND destination_id = ?2 AND sha256 = ?3
           AND canonical_id IS NULL AND deleted_at IS NULL AND state <> 'rejected'
         ORDER BY state = 'uploaded' DESC, created_at DESC, id DESC LIMIT 1",
        params![owner, to, hash],
    )?
    .map(|r| r.get(0))
    .transpose()
}

/// True when a content is there, proved.
pub(crate) fn is_proved(
    tx: &mut dyn Tx,
    owner: OwnerId,
    hash: Sha256,
    to: DestinationId,
) -> Result<bool, Failure> {
    tx.exists(
        "SELECT 1 FROM upload_session s JOIN stored_object o ON o.owner_id = s.owner_id AND o.id = s.object_id
         WHERE s.owner_id = ?1 AND s.destination_id = ?2 AND s.sha256 = ?3 AND s.canonical_id IS NULL
           AND s.deleted_at IS NULL AND s.state = 'uploaded' AND o.state = 'stored' AND o.sha256 = ?3 LIMIT 1",
        params![owner, to, hash],
    )
}

/// The open session of a multipart upload, by what the storage calls it and by its key.
pub(crate) fn of_upload(
    tx: &mut dyn Tx,
    owner: OwnerId,
    upload_id: &str,
    key: &str,
) -> Result<Option<(FileId, SessionState)>, Failure> {
    tx.query_opt(
        "SELECT s.id, s.state FROM stored_object o JOIN upload_session s ON s.owner_id = o.owner_id AND s.id = o.session_id
         WHERE o.owner_id = ?1 AND o.object_key = ?2 AND o.upload_id = ?3 AND s.deleted_at IS NULL
           AND s.attempt = o.attempt",
        params![owner, key, upload_id],
    )?
    .map(|r| Ok((r.get(0)?, r.get(1)?)))
    .transpose()
}

/// The object of a file, by its own id.
pub(crate) fn object_of(tx: &mut dyn Tx, owner: OwnerId, id: FileId) -> Result<Option<ObjectId>, Failure> {
    tx.query_opt(
        "SELECT object_id FROM upload_session WHERE owner_id = ?1 AND id = ?2 AND object_id IS NOT NULL",
        params![owner, id],
    )?
    .map(|r| r.get(0))
    .transpose()
}
