//! Rows of sessions with their objects.

use std::collections::BTreeMap;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, OwnerId};
use windlass_core::limits::PART_BYTES;
use windlass_core::part_plan::PartPlan;
use windlass_core::time::Timestamp;

use crate::db::{Kind, Row, Tx, Value, params, values_list};
use crate::failure::internal;
use crate::store::{ObjectRow, Proof, SessionRow};

/// Values of one query. A shorter list is filled up with its last value, so that there are few statements to prepare.
const STEPS: [usize; 4] = [1, 16, 128, MOST];
/// The longest list.
pub(super) const MOST: usize = 1_024;

const SESSION: &str =
    "SELECT s.id, s.attempt, s.group_id, s.destination_id, s.rel_path, s.size, s.part_size, s.mime, s.sha256,
       s.canonical_id, s.state, s.client_id, s.alive_at, s.lease_until, s.fence, s.error_code, s.error_detail,
       s.uploaded_at, s.deleted_at IS NOT NULL, o.id, o.session_id, o.attempt, o.destination_id, o.object_key,
       o.state, o.name_checked, o.upload_id, o.token, o.etag, o.crc64, o.sha256, o.proof, o.checked_at,
       s.file_type, s.is_required
     FROM upload_session s LEFT JOIN stored_object o ON o.id = s.object_id";

/// One session.
pub(super) fn session(tx: &mut dyn Tx, owner: OwnerId, id: FileId) -> Result<Option<SessionRow>, Failure> {
    tx.query_opt(
        &format!("{SESSION} WHERE s.owner_id = ?1 AND s.id = ?2"),
        params![owner, id],
    )?
    .map(|r| session_row(&r))
    .transpose()
}

/// Sessions by id, in no order; unknown ones are left out.
pub(super) fn sessions(
    tx: &mut dyn Tx,
    owner: OwnerId,
    ids: impl IntoIterator<Item = FileId>,
) -> Result<BTreeMap<FileId, SessionRow>, Failure> {
    let ids: Vec<_> = ids.into_iter().collect();
    let mut found = BTreeMap::new();
    for some in ids.chunks(MOST) {
        let steps = step(some.len());
        let list = values_list(tx.dialect(), 1, steps, &[Kind::Id, Kind::Id]);
        // The owner stands in each row: PostgreSQL would take an owner whom it has not counted yet for one with few files.
        let mut pairs: Vec<Value> = some.iter().flat_map(|id| [owner.into(), (*id).into()]).collect();
        pairs.resize(2 * steps, Value::Null);
        let sql = format!(
            "WITH v(owner_id, id) AS ({list}) {SESSION} JOIN v ON s.owner_id = v.owner_id AND s.id = v.id"
        );
        for row in tx.query(&sql, &pairs)? {
            let row = session_row(&row)?;
            found.insert(row.id, row);
        }
    }
    Ok(found)
}

/// So many placeholders for so many values.
pub(super) fn step(len: usize) -> usize {
    STEPS.into_iter().find(|s| *s >= len).unwrap_or(len)
}

/// A first value, and others filled up to their step.
pub(super) fn filled<T: Clone>(first: Value, others: &[T]) -> Vec<Value>
where
    Value: From<T>,
{
    let last = others.last().cloned();
    let more = std::iter::repeat_n(last, step(others.len()) - others.len()).flatten();
    std::iter::once(first)
        .chain(others.iter().cloned().chain(more).map(Value::from))
        .collect()
}

/// A row as [`SESSION`] selects it.
fn session_row(r: &Row) -> Result<SessionRow, Failure> {
    // Of callers that don't tell a size it is not known before it is proved.
    let (size, part_size): (Option<u64>, Option<u64>) = (r.get(5)?, r.get(6)?);
    let plan = PartPlan::stored(size.unwrap_or(0), part_size.unwrap_or(PART_BYTES))
        .map_err(|e| internal(format!("ledger: {e}")))?;
    let mime: String = r.get(7)?;
    let object = if r.is_null(19) {
        None
    } else {
        Some(object_row(r, 19, plan, mime.clone())?)
    };
    let error: Option<String> = r.get(15)?;
    Ok(SessionRow {
        id: r.get(0)?,
        attempt: r.get(1)?,
        group: r.get(2)?,
        destination: r.get(3)?,
        rel_path: r.get(4)?,
        file_type: r.get(33)?,
        is_required: r.get(34)?,
        plan,
        mime,
        sha256: r.get(8)?,
        canonical: r.get(9)?,
        state: r.get(10)?,
        client: r.get(11)?,
        alive_at: r.get(12)?,
        lease_until: r.get(13)?,
        fence: r.get(14)?,
        error: match error {
            None => None,
            Some(code) => Some(Failure::new(
                code.parse().unwrap_or(ErrorCode::Internal),
                r.get::<Option<String>>(16)?.unwrap_or_default(),
            )),
        },
        uploaded_at: r.get(17)?,
        deleted: r.get(18)?,
        object,
    })
}

/// An object from column `at` on.
fn object_row(r: &Row, at: usize, plan: PartPlan, mime: String) -> Result<ObjectRow, Failure> {
    Ok(ObjectRow {
        id: r.get(at)?,
        session: r.get(at + 1)?,
        attempt: r.get(at + 2)?,
        destination: r.get(at + 3)?,
        key: r.get(at + 4)?,
        state: r.get(at + 5)?,
        name_checked: r.get(at + 6)?,
        upload_id: r.get(at + 7)?,
        token: r.get(at + 8)?,
        plan,
        mime,
        etag: r.get(at + 9)?,
        crc64: r.get(at + 10)?,
        sha256: r.get(at + 11)?,
        proof: r
            .get::<Option<String>>(at + 12)?
            .as_deref()
            .and_then(Proof::parse),
        checked_at: r.get(at + 13)?,
    })
}

/// Objects that were given up and may be deleted; with the plan of their session.
pub(super) fn condemned(tx: &mut dyn Tx, now: Timestamp, limit: u32) -> Result<Vec<ObjectRow>, Failure> {
    let rule = "o.state = 'condemned' AND o.delete_after <= ?1 ORDER BY o.delete_after, o.id LIMIT ?2";
    objects(tx, rule, params![now, limit])
}

/// Objects by a condition.
pub(super) fn objects(tx: &mut dyn Tx, rule: &str, p: &[Value]) -> Result<Vec<ObjectRow>, Failure> {
    let sql = format!(
        "SELECT o.size, s.part_size, s.mime, o.id, o.session_id, o.attempt, o.destination_id, o.object_key, o.state,
           o.name_checked, o.upload_id, o.token, o.etag, o.crc64, o.sha256, o.proof, o.checked_at
         FROM stored_object o JOIN upload_session s ON s.owner_id = o.owner_id AND s.id = o.session_id WHERE {rule}"
    );
    let rows = tx.query(&sql, p)?;
    rows.iter()
        .map(|r| {
            // The session may have a newer plan; a given-up object needs none that fits, only its size.
            let (size, part_size): (Option<u64>, Option<u64>) = (r.get(0)?, r.get(1)?);
            let size = size.unwrap_or(0);
            let plan = PartPlan::stored(size, part_size.unwrap_or(PART_BYTES))
                .or_else(|_| PartPlan::new(size))
                .map_err(|e| internal(format!("ledger: {e}")))?;
            object_row(r, 3, plan, r.get(2)?)
        })
        .collect()
}
