//! Parts in the ledger: rows of multipart uploads, made at the first signature (G-5).
//!
//! What a row says is what was reported or listed; whether a part is there is decided by the storage, when the file is
//! completed. A single PUT has no row: it is one part, computed.

use std::collections::BTreeMap;

use windlass_core::error::Failure;
use windlass_core::ids::{FileId, ObjectId, OwnerId};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::FilePartState;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber};
use windlass_protocol::files::PartView;

use super::sign::each;
use crate::db::{Kind, Tx, Value, params, rows_list};
use crate::store::ObjectRow;

/// Rows of one INSERT.
const TOGETHER: usize = 500;

/// A part that is there.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) n: PartNumber,
    pub(crate) etag: ETag,
    pub(crate) crc64: Option<Crc64Nvme>,
}

/// What was learnt of the parts of one object.
#[derive(Debug, Clone)]
pub(crate) struct Learnt {
    pub(crate) object: ObjectId,
    pub(crate) plan: PartPlan,
    /// About to be sent.
    pub(crate) signed: Vec<(PartNumber, Option<Crc64Nvme>)>,
    /// There.
    pub(crate) sent: Vec<Sent>,
    /// Not there.
    pub(crate) failed: Vec<PartNumber>,
}

impl Learnt {
    /// Nothing yet.
    pub(crate) fn of(object: &ObjectRow) -> Self {
        Self {
            object: object.id,
            plan: object.plan,
            signed: Vec::new(),
            sent: Vec::new(),
            failed: Vec::new(),
        }
    }
}

/// Writes what was learnt. Objects that are in one part are passed over.
pub(crate) fn learn(tx: &mut dyn Tx, owner: OwnerId, all: &[Learnt], now: Timestamp) -> Result<(), Failure> {
    for one in all.iter().filter(|l| !l.plan.is_single()) {
        plan(tx, owner, one)?;
        mark_sent(tx, owner, one, now)?;
        mark_failed(tx, owner, one)?;
        let signed: Vec<_> = one
            .signed
            .iter()
            .map(|(n, crc)| [Value::from(n.get()), Value::from(*crc)])
            .collect();
        // Signed again for other bytes: what was there is not wanted any more.
        each(
            tx,
            params![owner, one.object],
            &signed,
            &[Kind::Int, Kind::Bytes],
            "v(n, crc64)",
            "UPDATE file_part AS p SET state = 'uploading', crc64 = v.crc64, attempts = p.attempts + 1, etag = NULL,
               uploaded_at = NULL
             FROM v WHERE p.owner_id = ?1 AND p.object_id = ?2 AND p.part_number = v.n",
        )?;
    }
    Ok(())
}

/// All parts of the plan, when there are none yet.
fn plan(tx: &mut dyn Tx, owner: OwnerId, one: &Learnt) -> Result<(), Failure> {
    let there = tx.exists(
        "SELECT 1 FROM file_part WHERE owner_id = ?1 AND object_id = ?2 LIMIT 1",
        params![owner, one.object],
    )?;
    if there {
        return Ok(());
    }
    let ranges: Vec<_> = one.plan.parts().collect();
    for some in ranges.chunks(TOGETHER) {
        let values: Vec<Value> = some
            .iter()
            .flat_map(|r| {
                [
                    owner.into(),
                    one.object.into(),
                    r.number.get().into(),
                    r.len.into(),
                    "pending".into(),
                ]
            })
            .collect();
        let sql = format!(
            "INSERT INTO file_part (owner_id, object_id, part_number, size, state) VALUES {} ON CONFLICT DO NOTHING",
            rows_list(1, some.len(), 5)
        );
        tx.execute(&sql, &values)?;
    }
    Ok(())
}

fn mark_sent(tx: &mut dyn Tx, owner: OwnerId, one: &Learnt, now: Timestamp) -> Result<(), Failure> {
    let rows: Vec<_> = one
        .sent
        .iter()
        .map(|s| [Value::from(s.n.get()), s.etag.0.as_str().into(), s.crc64.into()])
        .collect();
    // Listed without having been signed by this ledger's knowledge: it was signed, and the note of it was lost.
    each(
        tx,
        params![owner, one.object],
        &rows,
        &[Kind::Int, Kind::Text, Kind::Bytes],
        "v(n, etag, crc64)",
        "UPDATE file_part AS p SET state = 'uploading' FROM v WHERE p.owner_id = ?1 AND p.object_id = ?2
           AND p.part_number = v.n AND p.state IN ('pending', 'failed')",
    )?;
    each(
        tx,
        params![owner, one.object, now],
        &rows,
        &[Kind::Int, Kind::Text, Kind::Bytes],
        "v(n, etag, crc64)",
        "UPDATE file_part AS p SET state = 'uploaded', etag = v.etag, crc64 = COALESCE(v.crc64, p.crc64),
           uploaded_at = COALESCE(p.uploaded_at, ?3)
         FROM v WHERE p.owner_id = ?1 AND p.object_id = ?2 AND p.part_number = v.n
           AND p.state IN ('uploading', 'uploaded')",
    )
}

fn mark_failed(tx: &mut dyn Tx, owner: OwnerId, one: &Learnt) -> Result<(), Failure> {
    let rows: Vec<_> = one.failed.iter().map(|n| [Value::from(n.get())]).collect();
    each(
        tx,
        params![owner, one.object],
        &rows,
        &[Kind::Int],
        "v(n)",
        "UPDATE file_part AS p SET state = 'failed', etag = NULL, uploaded_at = NULL FROM v
         WHERE p.owner_id = ?1 AND p.object_id = ?2 AND p.part_number = v.n AND p.state IN ('uploading', 'uploaded')",
    )
}

/// The rows of an object, by number.
pub(crate) fn load(
    tx: &mut dyn Tx,
    owner: OwnerId,
    session: FileId,
    object: ObjectId,
) -> Result<BTreeMap<u32, PartView>, Failure> {
    let rows = tx.query(
        "SELECT part_number, size, crc64, etag, state, attempts, uploaded_at FROM file_part
         WHERE owner_id = ?1 AND object_id = ?2 ORDER BY part_number",
        params![owner, object],
    )?;
    let mut parts = BTreeMap::new();
    for r in rows {
        let n: u32 = r.get(0)?;
        let Ok(number) = PartNumber::try_from(n) else {
            continue;
        };
        parts.insert(
            n,
            PartView {
                id: format!("{session}:{n}"),
                n: number,
                size: r.get(1)?,
                crc64: r.get(2)?,
                etag: r.get::<Option<String>>(3)?.map(ETag),
                state: r.get(4)?,
                attempts: r.get(5)?,
                uploaded_at: r.get(6)?,
            },
        );
    }
    Ok(parts)
}

/// The parts of a plan of which no row says anything: a single PUT, or one that nothing was signed for.
pub(crate) fn planned(
    session: FileId,
    plan: &PartPlan,
    state: FilePartState,
    at: Option<i64>,
) -> Vec<PartView> {
    plan.parts()
        .map(|r| PartView {
            id: format!("{session}:{}", r.number),
            n: r.number,
            size: r.len,
            crc64: None,
            etag: None,
            state,
            attempts: 0,
            uploaded_at: at.filter(|_| state == FilePartState::Uploaded),
        })
        .collect()
}
