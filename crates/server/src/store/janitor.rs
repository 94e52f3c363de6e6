//! Cleaning up in the ledger: the facts that a run decides by, and its steps. A step looks again whether its fact holds,
//! and writes why it was done, in the transaction that does it.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId, ObjectId, OwnerId};
use windlass_core::states::SessionState;
use windlass_core::time::Timestamp;
use windlass_protocol::janitor::Abandoned;

use super::audit::{self, Act, Actor, ActorKind};
use super::{files, placing, reads, remove};
use crate::db::{Row, Tx, Value, list, params};
use crate::janitor::plan::{Draft, FailedObject, OddRow, OldObject, Step};
use crate::store::ObjectRow;
use crate::text::cut;

/// The janitor itself.
pub(super) const JANITOR: Actor = Actor {
    id: None,
    kind: ActorKind::Janitor,
};
/// Rows that point at nothing, of each kind, that a run tells.
const ODD: u32 = 100;

/// Abandoned uploads: how many, and the longest quiet of them (L-13).
///
/// # Errors
/// As the database answers.
pub fn abandoned(tx: &mut dyn Tx, before: Timestamp, limit: u32) -> Result<(u64, Vec<Abandoned>), Failure> {
    const OPEN: &str =
        "FROM upload_session WHERE deleted_at IS NULL AND state IN ('pending', 'uploading', 'verifying')
       AND alive_at <= ?1";
    let count = tx.query_one(&format!("SELECT COUNT(*) {OPEN}"), params![before])?;
    let sql = format!("SELECT owner_id, id, group_id, alive_at {OPEN} ORDER BY alive_at, id LIMIT ?2");
    let rows = tx.query(&sql, params![before, limit])?;
    let abandoned = |r: &Row| {
        Ok(Abandoned {
            owner_id: r.get(0)?,
            session_id: r.get::<FileId>(1)?.to_string(),
            group_id: r.get::<Option<GroupId>>(2)?.map(|g| g.to_string()),
            alive_at: r.get(3)?,
        })
    };
    Ok((
        count.get(0)?,
        rows.iter().map(abandoned).collect::<Result<_, Failure>>()?,
    ))
}

/// Open files without a sign of life since then that nobody verifies.
///
/// # Errors
/// As the database answers.
pub fn quiet(
    tx: &mut dyn Tx,
    before: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(OwnerId, FileId, Timestamp)>, Failure> {
    let rows = tx.query(
        "SELECT owner_id, id, alive_at FROM upload_session
         WHERE deleted_at IS NULL AND state IN ('pending', 'uploading', 'verifying') AND alive_at <= ?1
           AND (state <> 'verifying' OR lease_until <= ?2) ORDER BY alive_at, id LIMIT ?3",
        params![before, now, limit],
    )?;
    rows.iter()
        .map(|r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .collect()
}

/// When a group or one of its files last showed a sign of life.
const DRAFT_ALIVE: &str = "(SELECT MAX(a.at) FROM (SELECT g.updated_at AS at UNION ALL
   SELECT s.alive_at AS at FROM upload_session s WHERE s.owner_id = g.owner_id AND s.group_id = g.id
     AND s.deleted_at IS NULL) a)";

/// Drafts that are quiet for as long as their template says, or for `age` without one; the oldest first.
///
/// # Errors
/// As the database answers.
pub fn drafts(tx: &mut dyn Tx, age: i64, now: Timestamp, limit: u32) -> Result<Vec<Draft>, Failure> {
    let sql = format!(
        "SELECT g.owner_id, g.id, {DRAFT_ALIVE}, g.template_id IS NOT NULL, t.draft_days FROM upload_group g
         LEFT JOIN template t ON t.id = g.template_id
         WHERE g.deleted_at IS NULL AND g.state = 'draft' AND g.created_at <= ?1
           AND (g.template_id IS NULL OR t.draft_days IS NOT NULL)
           AND {DRAFT_ALIVE} <= ?1 - CASE WHEN g.template_id IS NULL THEN ?2 ELSE t.draft_days * 86400000 END
         ORDER BY g.created_at, g.id LIMIT ?3"
    );
    let rows = tx.query(&sql, params![now, age, limit])?;
    rows.iter()
        .map(|r| {
            Ok(Draft {
                owner: r.get(0)?,
                id: r.get(1)?,
                alive_at: r.get(2)?,
                has_template: truth(r, 3)?,
                draft_days: r.get(4)?,
            })
        })
        .collect()
}

/// A comparison's answer; both databases give it as a number, PostgreSQL also as a truth value.
pub(super) fn truth(row: &Row, at: usize) -> Result<bool, Failure> {
    row.get(at)
}

/// Nobody living but its own failed file refers to the object, and no job reads it.
const UNUSED: &str = "NOT EXISTS (SELECT 1 FROM upload_session r WHERE r.owner_id = o.owner_id AND r.object_id = o.id
     AND r.deleted_at IS NULL AND r.state <> 'failed')
   AND NOT EXISTS (SELECT 1 FROM processing_job j JOIN upload_session r ON r.owner_id = j.owner_id AND r.id = j.session_id
     WHERE r.owner_id = o.owner_id AND r.object_id = o.id AND j.state IN ('pending', 'sending', 'running'))";

/// Objects of files that failed before.
///
/// # Errors
/// As the database answers.
pub fn failed(tx: &mut dyn Tx, before: Timestamp, limit: u32) -> Result<Vec<FailedObject>, Failure> {
    let sql = format!(
        "SELECT s.owner_id, s.id, o.id, o.destination_id, o.object_key, COALESCE(s.error_at, s.updated_at)
         FROM upload_session s JOIN stored_object o ON o.owner_id = s.owner_id AND o.id = s.object_id
         WHERE s.deleted_at IS NULL AND s.state = 'failed' AND s.updated_at <= ?1
           AND COALESCE(s.error_at, s.updated_at) <= ?1 AND o.session_id = s.id AND o.state IN ('open', 'stored')
           AND {UNUSED} ORDER BY s.updated_at, s.id LIMIT ?2"
    );
    let rows = tx.query(&sql, params![before, limit])?;
    rows.iter()
        .map(|r| {
            Ok(FailedObject {
                owner: r.get(0)?,
                session: r.get(1)?,
                object: r.get(2)?,
                destination: r.get(3)?,
                key: r.get(4)?,
                failed_at: r.get(5)?,
            })
        })
        .collect()
}

pub(super) fn old(row: &Row) -> Result<OldObject, Failure> {
    Ok(OldObject {
        owner: row.get(0)?,
        id: row.get(1)?,
        destination: row.get(2)?,
        key: row.get(3)?,
        at: row.get(4)?,
    })
}

/// Objects that were given up and may be deleted.
///
/// # Errors
/// As the database answers.
pub fn condemned(tx: &mut dyn Tx, now: Timestamp, limit: u32) -> Result<Vec<OldObject>, Failure> {
    let sql = "SELECT owner_id, id, destination_id, object_key, delete_after FROM stored_object
       WHERE state = 'condemned' AND delete_after <= ?1 ORDER BY delete_after, id LIMIT ?2";
    tx.query(sql, params![now, limit])?.iter().map(old).collect()
}

/// Objects that were gone before and that no file refers to.
///
/// # Errors
/// As the database answers.
pub fn gone(tx: &mut dyn Tx, before: Timestamp, limit: u32) -> Result<Vec<OldObject>, Failure> {
    let sql = "SELECT o.owner_id, o.id, o.destination_id, o.object_key, o.gone_at FROM stored_object o
       WHERE o.state = 'gone' AND o.gone_at <= ?1 AND NOT EXISTS (SELECT 1 FROM upload_session s
         WHERE s.owner_id = o.owner_id AND s.object_id = o.id) ORDER BY o.gone_at, o.id LIMIT ?2";
    tx.query(sql, params![before, limit])?.iter().map(old).collect()
}

/// Objects that were stored before and still have rows of their parts; there are as many as were stored lately.
///
/// # Errors
/// As the database answers.
pub fn parts(tx: &mut dyn Tx, before: Timestamp, limit: u32) -> Result<Vec<OldObject>, Failure> {
    let sql = "SELECT o.owner_id, o.id, o.destination_id, o.object_key, o.stored_at
       FROM (SELECT DISTINCT owner_id, object_id FROM file_part) p
       JOIN stored_object o ON o.owner_id = p.owner_id AND o.id = p.object_id
       WHERE o.state = 'stored' AND o.stored_at <= ?1 ORDER BY o.stored_at, o.id LIMIT ?2";
    tx.query(sql, params![before, limit])?.iter().map(old).collect()
}

/// Rows that point at nothing. The keys of the database don't let them arise; this looks all the same (L-15).
///
/// # Errors
/// As the database answers.
pub fn odd(tx: &mut dyn Tx) -> Result<Vec<OddRow>, Failure> {
    const QUESTIONS: [(&str, &str, &str); 3] = [
        (
            "session",
            "it is of a group that is not there",
            "SELECT s.owner_id, s.id FROM upload_session s WHERE s.group_id IS NOT NULL AND NOT EXISTS
               (SELECT 1 FROM upload_group g WHERE g.owner_id = s.owner_id AND g.id = s.group_id) LIMIT ?1",
        ),
        (
            "session",
            "it duplicates a file that is not there",
            "SELECT s.owner_id, s.id FROM upload_session s WHERE s.canonical_id IS NOT NULL AND NOT EXISTS
               (SELECT 1 FROM upload_session c WHERE c.owner_id = s.owner_id AND c.id = s.canonical_id) LIMIT ?1",
        ),
        (
            "object",
            "it is of a file that is not there",
            "SELECT o.owner_id, o.id FROM stored_object o WHERE NOT EXISTS
               (SELECT 1 FROM upload_session s WHERE s.owner_id = o.owner_id AND s.id = o.session_id) LIMIT ?1",
        ),
    ];
    let mut odd = Vec::new();
    for (kind, what, sql) in QUESTIONS {
        for row in tx.query(sql, params![ODD])? {
            odd.push(OddRow {
                owner: row.get(0)?,
                kind,
                id: row.get(1)?,
                what,
            });
        }
    }
    Ok(odd)
}

/// Objects by id.
///
/// # Errors
/// As the database answers.
pub fn objects(tx: &mut dyn Tx, ids: &[ObjectId]) -> Result<Vec<ObjectRow>, Failure> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(reads::MOST) {
        let values: Vec<Value> = some.iter().copied().map(Value::from).collect();
        found.extend(reads::objects(
            tx,
            &format!("o.id IN ({})", list(1, some.len())),
            &values,
        )?);
    }
    Ok(found)
}

fn told(
    tx: &mut dyn Tx,
    step: &Step,
    kind: &str,
    id: Value,
    owner: Option<OwnerId>,
    now: Timestamp,
) -> Result<(), Failure> {
    let action = format!("janitor.{}", step.action.as_str());
    let place = step
        .place
        .as_ref()
        .map(|(destination, key)| (destination.to_string(), cut(key, 8_192)));
    let act = Act {
        actor: JANITOR,
        action: &action,
        subject_kind: kind,
        subject: id,
        owner,
        reason: Some(&step.reason),
        data: match place {
            Some((destination, key)) => serde_json::json!({ "destination_id": destination, "key": key }),
            None => serde_json::json!({}),
        },
    };
    audit::write(tx, &act, now)
}

/// Open → failed, when the file is still quiet.
///
/// # Errors
/// As the database answers.
pub fn fail_session(
    tx: &mut dyn Tx,
    step: &Step,
    owner: OwnerId,
    id: FileId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let Some(row) = reads::session(tx, owner, id)? else {
        return Ok(false);
    };
    let is_open = match row.state {
        SessionState::Pending | SessionState::Uploading => true,
        SessionState::Verifying => row.lease_until <= now,
        SessionState::Uploaded
        | SessionState::Deduplicated
        | SessionState::Failed
        | SessionState::Rejected => false,
    };
    if !is_open || row.deleted || row.alive_at > step.before {
        return Ok(false);
    }
    let why = Failure::new(ErrorCode::UploadAbandoned, step.reason.as_str());
    if files::fail(tx, owner, id, &why, now)?.is_err() {
        return Ok(false);
    }
    told(tx, step, "session", id.into(), Some(owner), now)?;
    Ok(true)
}

/// Draft → failed, when neither it nor one of its files showed a sign of life.
///
/// # Errors
/// As the database answers.
pub fn fail_draft(
    tx: &mut dyn Tx,
    step: &Step,
    owner: OwnerId,
    id: GroupId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let sql = format!(
        "UPDATE upload_group AS g SET state = 'failed', error_code = ?3, error_detail = ?4, updated_at = ?5, rev = rev + 1
         WHERE g.owner_id = ?1 AND g.id = ?2 AND g.state = 'draft' AND g.deleted_at IS NULL AND {DRAFT_ALIVE} <= ?6"
    );
    let changed = tx.execute(
        &sql,
        params![
            owner,
            id,
            ErrorCode::UploadAbandoned,
            step.reason.as_str(),
            now,
            step.before
        ],
    )?;
    if changed == 1 {
        told(tx, step, "group", id.into(), Some(owner), now)?;
    }
    Ok(changed == 1)
}

/// Open, stored → condemned, when its file is still failed and nobody else uses it. Nothing is deleted before this is
/// committed.
///
/// # Errors
/// As the database answers.
pub fn condemn(
    tx: &mut dyn Tx,
    step: &Step,
    owner: OwnerId,
    object: ObjectId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT 1 FROM stored_object o JOIN upload_session s ON s.owner_id = o.owner_id AND s.id = o.session_id
         WHERE o.owner_id = ?1 AND o.id = ?2 AND o.state IN ('open', 'stored') AND s.state = 'failed'
           AND s.object_id = o.id AND s.deleted_at IS NULL AND COALESCE(s.error_at, s.updated_at) <= ?3 AND {UNUSED}"
    );
    if !tx.exists(&sql, params![owner, object, step.before])? {
        return Ok(false);
    }
    placing::condemn(tx, object)?;
    told(tx, step, "object", object.into(), Some(owner), now)?;
    Ok(true)
}

/// Condemned → gone, after the storage said that nothing is left.
///
/// # Errors
/// As the database answers.
pub fn cleaned(
    tx: &mut dyn Tx,
    step: &Step,
    owner: OwnerId,
    object: ObjectId,
    now: Timestamp,
) -> Result<(), Failure> {
    remove::gone(tx, object, now)?;
    told(tx, step, "object", object.into(), Some(owner), now)
}

/// The row of an object that is gone goes too, with its parts; its key is free again.
///
/// # Errors
/// As the database answers.
pub fn forget(
    tx: &mut dyn Tx,
    step: &Step,
    owner: OwnerId,
    object: ObjectId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let changed = tx.execute(
        "DELETE FROM stored_object WHERE owner_id = ?1 AND id = ?2 AND state = 'gone' AND gone_at <= ?3
           AND NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.object_id = ?2)",
        params![owner, object, step.before],
    )?;
    if changed == 1 {
        told(tx, step, "object", object.into(), Some(owner), now)?;
    }
    Ok(changed == 1)
}

/// The rows of the parts of a stored object go.
///
/// # Errors
/// As the database answers.
pub fn forget_parts(
    tx: &mut dyn Tx,
    step: &Step,
    owner: OwnerId,
    object: ObjectId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let gone = tx.execute(
        "DELETE FROM file_part WHERE owner_id = ?1 AND object_id = ?2 AND EXISTS (SELECT 1 FROM stored_object o
           WHERE o.owner_id = ?1 AND o.id = ?2 AND o.state = 'stored' AND o.stored_at <= ?3)",
        params![owner, object, step.before],
    )?;
    if gone > 0 {
        told(tx, step, "object", object.into(), Some(owner), now)?;
    }
    Ok(gone > 0)
}

/// Writes a step down that changes nothing but the audit.
///
/// # Errors
/// As the database answers.
pub fn noted(
    tx: &mut dyn Tx,
    step: &Step,
    kind: &str,
    id: Value,
    owner: OwnerId,
    now: Timestamp,
) -> Result<(), Failure> {
    told(tx, step, kind, id, Some(owner), now)
}

/// Writes a run down.
///
/// # Errors
/// As the database answers.
pub fn ran(
    tx: &mut dyn Tx,
    by: Option<OwnerId>,
    data: &serde_json::Value,
    now: Timestamp,
) -> Result<(), Failure> {
    let act = Act {
        actor: match by {
            Some(id) => Actor {
                id: Some(id),
                kind: ActorKind::Admin,
            },
            None => JANITOR,
        },
        action: "janitor.run",
        subject_kind: "ledger",
        subject: Value::Null,
        owner: None,
        reason: None,
        data: data.clone(),
    };
    audit::write(tx, &act, now)
}
