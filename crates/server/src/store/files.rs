//! Sessions as they are read one by one and in lists, and the small things that change in them.

use std::collections::BTreeMap;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId, OwnerId, TokenId};
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;
use windlass_protocol::files::{FileView, JobBrief};
use windlass_protocol::groups::{Metadata, RowError};
use windlass_protocol::sessions::Settled;

use super::cursor::{self, Cursor};
use super::{canonical, groups, reads, remove};
use crate::db::{Row, Tx, Value, list, params};
use crate::failure::Refusal;
use crate::store::{ObjectRow, TombstoneReason};

const FILE: &str = "SELECT s.id, s.attempt, s.group_id, s.destination_id, s.rel_path, s.file_type, s.is_required, s.size,
       s.mime, s.sha256, s.state, s.rev, s.deleted_at, s.delete_reason, o.object_key, o.upload_id, s.canonical_id,
       s.part_size, s.part_count, s.error_code, s.error_detail, s.error_at, s.retry_count, s.client_id, s.alive_at,
       s.created_at, s.updated_at, s.uploaded_at, s.verified_at, s.metadata, o.proof, o.crc64, o.sha256,
       (SELECT COUNT(*) FROM file_part p WHERE p.owner_id = s.owner_id AND p.object_id = s.object_id
          AND p.state = 'uploaded'),
       (SELECT CAST(COALESCE(SUM(p.size), 0) AS bigint) FROM file_part p WHERE p.owner_id = s.owner_id
          AND p.object_id = s.object_id AND p.state = 'uploaded')
     FROM upload_session s LEFT JOIN stored_object o ON o.owner_id = s.owner_id AND o.id = s.object_id";

/// What a list of sessions is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct FileFilter {
    /// One of these states; empty: any.
    pub states: Vec<SessionState>,
    /// Of this group.
    pub group: Option<GroupId>,
    /// In this slot.
    pub file_type: Option<String>,
    /// Of this machine, or of every other.
    pub client: Option<(ClientId, Whose)>,
    /// Open, without a sign of life since then (L-13).
    pub abandoned_before: Option<Timestamp>,
    /// Only in these.
    pub destinations: Option<Vec<DestinationId>>,
    /// Deleted ones too.
    pub deleted: bool,
    /// After this one.
    pub cursor: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// Which machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Its own.
    Mine,
    /// Of others.
    Other,
}

/// A session, also a deleted one.
pub(crate) fn load(tx: &mut dyn Tx, owner: OwnerId, id: FileId) -> Result<Option<FileView>, Failure> {
    let sql = format!("{FILE} WHERE s.owner_id = ?1 AND s.id = ?2");
    let rows = tx.query(&sql, params![owner, id])?;
    Ok(views(tx, owner, &rows)?.pop())
}

/// Sessions of an owner, newest first.
pub(crate) fn page(
    tx: &mut dyn Tx,
    owner: OwnerId,
    filter: &FileFilter,
) -> Result<(Vec<FileView>, Option<Cursor>), Failure> {
    let mut sql = format!("{FILE} WHERE s.owner_id = ?1");
    let mut values: Vec<Value> = vec![owner.into()];
    if !filter.deleted {
        sql.push_str(" AND s.deleted_at IS NULL");
    }
    let among = |column: &str, some: Vec<Value>, sql: &mut String, values: &mut Vec<Value>| {
        sql.push_str(&format!(
            " AND {column} IN ({})",
            list(values.len() + 1, some.len())
        ));
        values.extend(some);
    };
    if !filter.states.is_empty() {
        // The words themselves, so that the planner sees which index has them.
        let words: Vec<_> = filter
            .states
            .iter()
            .map(|s| format!("'{}'", s.as_str()))
            .collect();
        sql.push_str(&format!(" AND s.state IN ({})", words.join(", ")));
    }
    if let Some(some) = &filter.destinations {
        if some.is_empty() {
            return Ok((Vec::new(), None));
        }
        let ids = some.iter().copied().map(Value::from).collect();
        among("s.destination_id", ids, &mut sql, &mut values);
    }
    let mut and = |rule: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(
            " AND {}",
            rule.replace("??", &format!("?{}", values.len()))
        ));
    };
    if let Some(group) = filter.group {
        and("s.group_id = ??", group.into());
    }
    if let Some(file_type) = &filter.file_type {
        and("s.file_type = ??", file_type.into());
    }
    match filter.client {
        Some((client, Whose::Mine)) => and("s.client_id = ??", client.into()),
        Some((client, Whose::Other)) => and("s.client_id IS DISTINCT FROM ??", client.into()),
        None => {}
    }
    if let Some(before) = filter.abandoned_before {
        and(
            "s.state IN ('pending', 'uploading', 'verifying') AND s.alive_at < ??",
            before.into(),
        );
    }
    if let Some(cursor) = filter.cursor {
        cursor::after("s", cursor, &mut sql, &mut values);
    }
    // Of one group its own rows are put in order; in the order of all, those of every other group would be passed by.
    let by = if filter.group.is_some() { "+" } else { "" };
    sql.push_str(&format!(
        " ORDER BY {by}s.created_at DESC, s.id DESC LIMIT {}",
        u64::from(filter.limit) + 1
    ));
    let rows = tx.query(&sql, &values)?;
    let most = filter.limit as usize;
    let files = views(tx, owner, rows.get(..most).unwrap_or(&rows))?;
    let next = files.last().filter(|_| rows.len() > most).map(|f| Cursor {
        at: f.created_at,
        id: *f.id.as_bytes(),
    });
    Ok((files, next))
}

/// The views of rows as [`FILE`] selects them, with their jobs.
fn views(tx: &mut dyn Tx, owner: OwnerId, rows: &[Row]) -> Result<Vec<FileView>, Failure> {
    let mut files = rows.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let with_jobs: Vec<FileId> = files
        .iter()
        .filter(|f| matches!(f.state, SessionState::Uploaded | SessionState::Deduplicated))
        .map(|f| f.canonical_id.unwrap_or(f.id))
        .collect();
    let jobs = newest_jobs(tx, owner, &with_jobs)?;
    for file in &mut files {
        if let Some(found) = jobs.get(&file.canonical_id.unwrap_or(file.id)) {
            file.jobs.clone_from(found);
        }
    }
    Ok(files)
}

/// The newest job of each type, by session. Newest by when it was made: its id is a client's, and may say any time (A129).
pub(crate) fn newest_jobs(
    tx: &mut dyn Tx,
    owner: OwnerId,
    of: &[FileId],
) -> Result<BTreeMap<FileId, Vec<JobBrief>>, Failure> {
    let mut found: BTreeMap<FileId, Vec<JobBrief>> = BTreeMap::new();
    for some in of.chunks(reads::MOST) {
        let sql = format!(
            "SELECT j.session_id, j.id, j.type, j.state, j.attempts, j.error_code, j.error_detail, j.finished_at
             FROM processing_job j WHERE j.owner_id = ?1 AND j.session_id IN ({})
               AND NOT EXISTS (SELECT 1 FROM processing_job n WHERE n.owner_id = j.owner_id
                 AND n.session_id = j.session_id AND n.type = j.type AND (n.created_at, n.id) > (j.created_at, j.id))
             ORDER BY j.session_id, j.type",
            list(2, reads::step(some.len()))
        );
        for r in tx.query(&sql, &reads::filled(owner.into(), some))? {
            let code: Option<String> = r.get(5)?;
            let id: [u8; 16] = r.get(1)?;
            found.entry(r.get(0)?).or_default().push(JobBrief {
                id: uuid::Uuid::from_bytes(id),
                kind: r.get(2)?,
                state: r.get(3)?,
                attempts: r.get(4)?,
                error: match code {
                    Some(code) => Some(RowError {
                        code,
                        detail: r.get::<Option<String>>(6)?.unwrap_or_default(),
                        at: r.get(7)?,
                    }),
                    None => None,
                },
            });
        }
    }
    Ok(found)
}

fn view(r: &Row) -> Result<FileView, Failure> {
    let rel_path: String = r.get(4)?;
    let state: SessionState = r.get(10)?;
    let size: Option<u64> = r.get(7)?;
    let object_key: Option<String> = r.get(14)?;
    let canonical_id: Option<FileId> = r.get(16)?;
    let part_count: u32 = r.get::<Option<u32>>(18)?.unwrap_or(1);
    let uploaded_at: Option<i64> = r.get(27)?;
    let is_settled = matches!(state, SessionState::Uploaded | SessionState::Deduplicated);
    let deleted_at: Option<i64> = r.get(12)?;
    let code: Option<String> = r.get(19)?;
    let metadata: String = r.get(29)?;
    let proof: Option<String> = r.get(30)?;
    let settled = match (&object_key, proof, size, uploaded_at) {
        (Some(key), Some(proof), Some(size), Some(uploaded_at)) if is_settled => Some(Settled {
            object_key: key.clone(),
            proof,
            size,
            crc64: r.get(31)?,
            sha256: r.get(32)?,
            uploaded_at,
            deduplicated: state == SessionState::Deduplicated,
        }),
        _ => None,
    };
    Ok(FileView {
        id: r.get(0)?,
        attempt: r.get(1)?,
        group_id: r.get(2)?,
        destination_id: r.get(3)?,
        name: rel_path.rsplit('/').next().unwrap_or_default().to_owned(),
        rel_path,
        file_type: r.get(5)?,
        is_required: r.get(6)?,
        size,
        mime: r.get(8)?,
        sha256: r.get(9)?,
        state,
        rev: r.get(11)?,
        deleted: deleted_at.is_some(),
        deleted_at,
        delete_reason: r.get(13)?,
        // A follower has none: its place is kept for the day that it goes alone.
        object_key: object_key.filter(|_| is_settled || canonical_id.is_none()),
        upload_id: r.get(15)?,
        canonical_id,
        part_size: r.get(17)?,
        part_count,
        parts_done: if is_settled { part_count } else { r.get(33)? },
        bytes_done: if is_settled { size.unwrap_or(0) } else { r.get(34)? },
        error: match code {
            Some(code) => Some(RowError {
                code,
                detail: r.get::<Option<String>>(20)?.unwrap_or_default(),
                at: r.get(21)?,
            }),
            None => None,
        },
        retry_count: r.get(22)?,
        client_id: r.get(23)?,
        alive_at: r.get(24)?,
        created_at: r.get(25)?,
        updated_at: r.get(26)?,
        uploaded_at,
        verified_at: r.get(28)?,
        metadata: serde_json::from_str::<Metadata>(&metadata).unwrap_or_default(),
        settled,
        jobs: Vec::new(),
    })
}

/// Changes what is written beside a file: whether its group needs it, and what the caller keeps.
pub(crate) fn patch(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    is_required: Option<bool>,
    metadata: Option<&str>,
    now: Timestamp,
) -> Result<Result<(), Refusal>, Failure> {
    let Some(row) = reads::session(tx, owner, id)? else {
        return Ok(Err(missing()));
    };
    if row.deleted {
        return Ok(Err(deleted().with_state(row.state)));
    }
    if metadata.is_some() && row.is_settled() {
        let refused = Refusal::new(ErrorCode::SessionSettled, "metadata: the file is settled");
        return Ok(Err(refused.with_state(row.state)));
    }
    if is_required == Some(false) && row.is_required {
        let fixed = tx.exists(
            "SELECT 1 FROM upload_group g LEFT JOIN template_slot t ON t.template_id = g.template_id AND t.file_type = ?3
             WHERE g.owner_id = ?1 AND g.id = ?2 AND (g.state = 'completed' OR t.is_required = 1)",
            params![owner, row.group, row.file_type.clone()],
        )?;
        if fixed {
            let detail = "is_required: its slot can't be done without, or the group is complete";
            return Ok(Err(
                Refusal::new(ErrorCode::StateConflict, detail).with_state(row.state)
            ));
        }
    }
    tx.execute(
        "UPDATE upload_session SET is_required = COALESCE(?3, is_required), metadata = COALESCE(?4, metadata),
           updated_at = ?5, rev = rev + 1 WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL",
        params![owner, id, is_required, metadata.map(str::to_owned), now],
    )?;
    groups::failed(tx, owner, row.group, now)?;
    Ok(Ok(()))
}

/// Failed → uploading from where it stood, when its object is still open. False when it has to begin anew.
pub(crate) fn go_on(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    now: Timestamp,
) -> Result<Result<bool, Refusal>, Failure> {
    let Some(row) = reads::session(tx, owner, id)? else {
        return Ok(Err(missing()));
    };
    if row.deleted {
        return Ok(Err(deleted().with_state(row.state)));
    }
    match row.state {
        SessionState::Failed => {}
        // Asked again after a lost answer: it is under way.
        SessionState::Pending | SessionState::Uploading | SessionState::Verifying => return Ok(Ok(true)),
        SessionState::Uploaded | SessionState::Deduplicated => {
            let refused = Refusal::new(ErrorCode::SessionSettled, "the file is settled");
            return Ok(Err(refused.with_state(row.state)));
        }
        SessionState::Rejected => {
            let refused = Refusal::new(
                ErrorCode::StateConflict,
                "the file can never be taken: send another one",
            );
            return Ok(Err(refused.with_state(row.state)));
        }
    }
    if let Some(refused) = closed(tx, owner, row.group)? {
        return Ok(Err(refused.with_state(row.state)));
    }
    let own_and_open = row
        .object
        .as_ref()
        .is_some_and(|o| o.state == ObjectState::Open && o.session == id);
    if !own_and_open {
        return Ok(Ok(false));
    }
    tx.execute(
        "UPDATE upload_session SET state = 'uploading', retry_count = retry_count + 1, alive_at = ?3, updated_at = ?3,
           rev = rev + 1 WHERE owner_id = ?1 AND id = ?2 AND state = 'failed' AND deleted_at IS NULL",
        params![owner, id, now],
    )?;
    groups::retried(tx, owner, row.group, now)?;
    Ok(Ok(true))
}

/// Why nothing of a group may move any more.
fn closed(tx: &mut dyn Tx, owner: OwnerId, group: Option<GroupId>) -> Result<Option<Refusal>, Failure> {
    use windlass_core::states::GroupState;
    if group.is_none() {
        return Ok(None);
    }
    Ok(match groups::state(tx, owner, group)? {
        None => Some(Refusal::new(ErrorCode::GroupClosed, "the group was deleted")),
        Some(GroupState::Completed) => Some(Refusal::new(ErrorCode::GroupCompleted, "the group is complete")),
        Some(GroupState::Cancelled) => Some(Refusal::new(ErrorCode::GroupClosed, "the group was cancelled")),
        Some(GroupState::Draft | GroupState::Uploading | GroupState::Failed) => None,
    })
}

/// Deletes a file: tombstone, and its bytes unless somebody else has them. Returns what is to be cleaned.
pub(crate) fn delete(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    now: Timestamp,
) -> Result<Result<Vec<ObjectRow>, Refusal>, Failure> {
    match remove::tombstone(tx, owner, id, TombstoneReason::User, now)? {
        None => Ok(Err(missing())),
        Some(Err(refused)) => Ok(Err(refused)),
        Some(Ok(_)) => {
            remove::release_bytes(tx, owner, id, now)?;
            let rule = "o.state = 'condemned' AND o.owner_id = ?1 AND (o.session_id = ?2
               OR o.id = (SELECT d.object_id FROM upload_session d WHERE d.owner_id = ?1 AND d.id = ?2))";
            reads::objects(tx, rule, params![owner, id]).map(Ok)
        }
    }
}

/// The client says that a file can't be sent: open → failed, with its error (L-16).
pub(crate) fn fail(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    why: &Failure,
    now: Timestamp,
) -> Result<Result<(), Refusal>, Failure> {
    let Some(row) = reads::session(tx, owner, id)? else {
        return Ok(Err(missing()));
    };
    if row.deleted {
        return Ok(Err(deleted().with_state(row.state)));
    }
    if row.is_settled() {
        let refused = Refusal::new(ErrorCode::SessionSettled, "the file is settled");
        return Ok(Err(refused.with_state(row.state)));
    }
    tx.execute(
        "UPDATE upload_session SET state = 'failed', canonical_id = NULL, lease_until = 0, fence = fence + 1,
           error_code = ?3, error_detail = ?4, error_at = ?5, updated_at = ?5, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('pending', 'uploading', 'verifying') AND deleted_at IS NULL",
        params![owner, id, why.code, why.detail.as_str(), now],
    )?;
    canonical::pass_on(tx, owner, id, now)?;
    groups::failed(tx, owner, row.group, now)?;
    Ok(Ok(()))
}

/// The machine that a token was made for.
pub(crate) fn token_client(
    tx: &mut dyn Tx,
    owner: OwnerId,
    token: TokenId,
) -> Result<Option<ClientId>, Failure> {
    let sql = "SELECT client_id FROM api_token WHERE owner_id = ?1 AND id = ?2";
    let row = tx.query_opt(sql, params![owner, token])?;
    Ok(row.map(|r| r.get(0)).transpose()?.flatten())
}

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such session")
}

fn deleted() -> Refusal {
    Refusal::new(ErrorCode::SessionDeleted, "the session was removed")
}
