//! Groups as they are read: with their counts, their slots and what is missing.

use windlass_core::error::Failure;
use windlass_core::ids::{GroupId, OwnerId};
use windlass_core::states::{GroupState, SessionState};
use windlass_core::time::Timestamp;
use windlass_protocol::groups::{Counts, FileLink, GroupView, Metadata, RowError, Slot};
use windlass_protocol::problem::Missing;

use super::cursor::{self, Cursor};
use crate::db::{Row, Tx, Value, params};
use crate::failure::internal;
use crate::text::hex;

/// Living sessions of the group.
const FILES: &str =
    "FROM upload_session s WHERE s.owner_id = g.owner_id AND s.group_id = g.id AND s.deleted_at IS NULL";

fn select() -> String {
    format!(
        "SELECT g.id, g.name, g.description, g.destination_id, g.entity_type, t.version, g.entity_id, g.parent_id, g.state,
           g.error_code, g.error_detail, g.retry_count, g.metadata, g.client_id, w.kind = 'anonymous', g.released_at,
           g.public_id, g.created_at, g.updated_at, g.completed_at, g.deleted_at, g.rev,
           (SELECT COUNT(*) {FILES}),
           (SELECT COUNT(*) {FILES} AND s.state IN ('uploaded', 'deduplicated')),
           (SELECT CAST(COALESCE(SUM(s.size), 0) AS bigint) {FILES}),
           (SELECT CAST(COALESCE(SUM(s.size), 0) AS bigint) {FILES} AND s.state IN ('uploaded', 'deduplicated')),
           (SELECT CAST(COALESCE(SUM(p.size), 0) AS bigint) FROM upload_session s JOIN file_part p
              ON p.owner_id = s.owner_id AND p.object_id = s.object_id AND p.state = 'uploaded'
              WHERE s.owner_id = g.owner_id AND s.group_id = g.id AND s.deleted_at IS NULL
                AND s.state IN ('pending', 'uploading', 'verifying', 'failed')),
           g.template_id
         FROM upload_group g JOIN owner w ON w.id = g.owner_id LEFT JOIN template t ON t.id = g.template_id"
    )
}

/// A group with its counts, also a deleted one.
pub(crate) fn load(tx: &mut dyn Tx, owner: OwnerId, id: GroupId) -> Result<Option<GroupView>, Failure> {
    let sql = format!("{} WHERE g.owner_id = ?1 AND g.id = ?2", select());
    match tx.query_opt(&sql, params![owner, id])? {
        Some(row) => view(tx, owner, &row).map(Some),
        None => Ok(None),
    }
}

/// One that was just written.
pub(super) fn found(tx: &mut dyn Tx, owner: OwnerId, id: GroupId) -> Result<GroupView, Failure> {
    load(tx, owner, id)?.ok_or_else(|| internal("a group that was just written is not there"))
}

fn view(tx: &mut dyn Tx, owner: OwnerId, r: &Row) -> Result<GroupView, Failure> {
    let id = r.get(0)?;
    let error: Option<String> = r.get(9)?;
    let detail: Option<String> = r.get(10)?;
    let public: Option<Vec<u8>> = r.get(16)?;
    let metadata: String = r.get(12)?;
    let slots = match r.get::<Option<Vec<u8>>>(27)? {
        Some(template) => slots(tx, owner, id, template)?,
        None => Vec::new(),
    };
    let (required, _) = required(tx, owner, id)?;
    let settled: u64 = r.get(25)?;
    let parts: u64 = r.get(26)?;
    Ok(GroupView {
        id,
        name: r.get(1)?,
        description: r.get(2)?,
        destination_id: r.get(3)?,
        entity_type: r.get(4)?,
        template_version: r.get(5)?,
        entity_id: r.get(6)?,
        parent_id: r.get(7)?,
        state: r.get(8)?,
        error: (error.is_some() || detail.is_some()).then(|| RowError {
            code: error.unwrap_or_default(),
            detail: detail.unwrap_or_default(),
            at: None,
        }),
        retry_count: r.get(11)?,
        metadata: serde_json::from_str::<Metadata>(&metadata).unwrap_or_default(),
        client_id: r.get(13)?,
        anonymous: r.get(14)?,
        released_at: r.get(15)?,
        public_id: public.map(|b| hex(&b)),
        created_at: r.get(17)?,
        updated_at: r.get(18)?,
        completed_at: r.get(19)?,
        deleted_at: r.get(20)?,
        rev: r.get(21)?,
        total_files: r.get(22)?,
        completed_files: r.get(23)?,
        bytes: r.get(24)?,
        bytes_done: settled + parts,
        required,
        slots,
    })
}

/// Slots of the template, each with its best file: settled before others, newer before older.
fn slots(tx: &mut dyn Tx, owner: OwnerId, group: GroupId, template: Vec<u8>) -> Result<Vec<Slot>, Failure> {
    let rows = tx.query(
        "SELECT t.file_type, t.is_required, t.destination_id,
           (SELECT s.id FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2 AND s.file_type = t.file_type
              AND s.deleted_at IS NULL
            ORDER BY CASE WHEN s.state IN ('uploaded', 'deduplicated') THEN 0 ELSE 1 END, s.created_at DESC, s.id DESC
            LIMIT 1)
         FROM template_slot t WHERE t.template_id = ?3 ORDER BY t.is_required DESC, t.file_type",
        params![owner, group, template],
    )?;
    let mut slots = Vec::with_capacity(rows.len());
    for r in rows {
        let session_id: Option<windlass_core::ids::FileId> = r.get(3)?;
        let state = match session_id {
            Some(id) => tx
                .query_opt(
                    "SELECT state FROM upload_session WHERE owner_id = ?1 AND id = ?2",
                    params![owner, id],
                )?
                .map(|r| r.get(0))
                .transpose()?,
            None => None,
        };
        slots.push(Slot {
            file_type: r.get(0)?,
            is_required: r.get(1)?,
            destination_id: r.get(2)?,
            session_id,
            state,
        });
    }
    Ok(slots)
}

/// Required slots and the required files outside of them: how many are done, and which are not (M4).
pub(super) fn required(
    tx: &mut dyn Tx,
    owner: OwnerId,
    group: GroupId,
) -> Result<(Counts, Vec<Missing>), Failure> {
    let mut missing = Vec::new();
    let slots = tx.query(
        "SELECT t.file_type, CASE WHEN EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = g.owner_id
             AND s.group_id = g.id AND s.file_type = t.file_type AND s.deleted_at IS NULL
             AND s.state IN ('uploaded', 'deduplicated')) THEN 1 ELSE 0 END
         FROM upload_group g JOIN template_slot t ON t.template_id = g.template_id AND t.is_required = 1
         WHERE g.owner_id = ?1 AND g.id = ?2 ORDER BY t.file_type",
        params![owner, group],
    )?;
    let mut counts = Counts {
        done: 0,
        total: slots.len() as u64,
    };
    for r in &slots {
        if r.get::<bool>(1)? {
            counts.done += 1;
        } else {
            missing.push(Missing {
                file_type: r.get(0)?,
                session_id: None,
                rel_path: None,
                state: None,
            });
        }
    }
    let outside = "FROM upload_session s JOIN upload_group g ON g.owner_id = s.owner_id AND g.id = s.group_id
         WHERE s.owner_id = ?1 AND s.group_id = ?2 AND s.deleted_at IS NULL AND s.is_required = 1
           AND NOT EXISTS (SELECT 1 FROM template_slot t WHERE t.template_id = g.template_id
             AND t.file_type = s.file_type AND t.is_required = 1)";
    let total: u64 = tx
        .query_one(&format!("SELECT COUNT(*) {outside}"), params![owner, group])?
        .get(0)?;
    let done: u64 = tx
        .query_one(
            &format!("SELECT COUNT(*) {outside} AND s.state IN ('uploaded', 'deduplicated')"),
            params![owner, group],
        )?
        .get(0)?;
    counts.total += total;
    counts.done += done;
    if done < total {
        let rows = tx.query(
            &format!(
                "SELECT s.file_type, s.id, s.rel_path, s.state {outside}
                   AND s.state NOT IN ('uploaded', 'deduplicated') ORDER BY s.created_at, s.id LIMIT 100"
            ),
            params![owner, group],
        )?;
        for r in rows {
            missing.push(Missing {
                file_type: r.get(0)?,
                session_id: Some(r.get(1)?),
                rel_path: Some(r.get(2)?),
                state: Some(r.get::<SessionState>(3)?),
            });
        }
    }
    Ok((counts, missing))
}

/// What a list of groups is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct GroupFilter {
    /// State.
    pub state: Option<GroupState>,
    /// Uploading, and no file of it shows a sign of life since then (L-13).
    pub abandoned_before: Option<Timestamp>,
    /// What it is a group of.
    pub entity_type: Option<String>,
    /// The entity.
    pub entity_id: Option<GroupId>,
    /// The group that it belongs to.
    pub parent: Option<GroupId>,
    /// After this one.
    pub cursor: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// Groups of an owner, newest first.
pub(crate) fn page(
    tx: &mut dyn Tx,
    owner: OwnerId,
    filter: &GroupFilter,
) -> Result<(Vec<GroupView>, Option<Cursor>), Failure> {
    let mut sql = format!("{} WHERE g.owner_id = ?1 AND g.deleted_at IS NULL", select());
    let mut values: Vec<Value> = vec![owner.into()];
    let mut and = |rule: &str, value: Value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(&rule.replace("??", &format!("?{}", values.len())));
    };
    if let Some(state) = filter.state {
        and("g.state = ??", state.into());
    }
    if let Some(before) = filter.abandoned_before {
        and(
            "g.state = 'uploading' AND g.updated_at < ?? AND NOT EXISTS (SELECT 1 FROM upload_session s
               WHERE s.owner_id = g.owner_id AND s.group_id = g.id AND s.deleted_at IS NULL AND s.alive_at >= ??)",
            before.into(),
        );
    }
    if let Some(entity_type) = &filter.entity_type {
        and("g.entity_type = ??", entity_type.into());
    }
    if let Some(entity) = filter.entity_id {
        and("g.entity_id = ??", entity.into());
    }
    if let Some(parent) = filter.parent {
        and("g.parent_id = ??", parent.into());
    }
    if let Some(cursor) = filter.cursor {
        cursor::after("g", cursor, &mut sql, &mut values);
    }
    sql.push_str(&format!(
        " ORDER BY g.created_at DESC, g.id DESC LIMIT {}",
        u64::from(filter.limit) + 1
    ));
    let rows = tx.query(&sql, &values)?;
    let more = rows.len() > filter.limit as usize;
    let mut groups = Vec::with_capacity(rows.len());
    for row in rows.iter().take(filter.limit as usize) {
        groups.push(view(tx, owner, row)?);
    }
    let next = groups.last().filter(|_| more).map(|g| Cursor {
        at: g.created_at,
        id: *g.id.as_bytes(),
    });
    Ok((groups, next))
}

/// A settled file of a group, with where it is.
pub(crate) struct SettledFile {
    /// The file; its URL is not known here.
    pub(crate) link: FileLink,
    /// Name of its destination.
    pub(crate) destination: String,
    /// True when everybody may read there.
    pub(crate) is_public: bool,
}

/// The first settled files of a group; none costs nothing.
pub(crate) fn settled(
    tx: &mut dyn Tx,
    owner: OwnerId,
    group: GroupId,
    most: usize,
) -> Result<Vec<SettledFile>, Failure> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = tx.query(
        "SELECT s.file_type, s.size, s.id, o.object_key, s.rel_path, o.sha256, d.name, d.visibility = 'public'
         FROM upload_session s JOIN stored_object o ON o.owner_id = s.owner_id AND o.id = s.object_id
         JOIN destination d ON d.id = s.destination_id
         WHERE s.owner_id = ?1 AND s.group_id = ?2 AND s.deleted_at IS NULL AND s.state IN ('uploaded', 'deduplicated')
         ORDER BY s.file_type, s.rel_path, s.id LIMIT ?3",
        params![owner, group, most],
    )?;
    rows.iter()
        .map(|r| {
            Ok(SettledFile {
                link: FileLink {
                    file_type: r.get::<Option<String>>(0)?.unwrap_or_else(|| "file".to_owned()),
                    url: String::new(),
                    size: r.get(1)?,
                    session_id: r.get(2)?,
                    object_key: r.get(3)?,
                    rel_path: r.get(4)?,
                    sha256: r.get(5)?,
                },
                destination: r.get(6)?,
                is_public: r.get(7)?,
            })
        })
        .collect()
}
