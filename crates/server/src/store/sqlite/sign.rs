//! Signing in the ledger: signs of life, the first sign, and what was learnt while beginning.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;

use super::{groups, reads, sql};
use crate::failure::Refusal;
use crate::store::{Begun, ObjectRow, SessionRow, StartItem, Started};

/// A sign of life is written at most this often, milliseconds.
const ALIVE_STEP_MS: i64 = 10_000;

/// Takes signs of life; what is pending and wants URLs is uploading from here on.
pub(super) fn start(
    conn: &Connection,
    owner: OwnerId,
    items: &[StartItem],
    now: Timestamp,
) -> Result<Vec<Result<Started, Refusal>>, Failure> {
    let mut moved = BTreeSet::new();
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let row = match may_send(reads::session(conn, owner, item.id)?, item.attempt) {
            Ok(row) => row,
            Err(refused) => {
                out.push(Err(refused));
                continue;
            }
        };
        if item.urls && row.state == SessionState::Pending {
            conn.prepare_cached(
                "UPDATE upload_session SET state = 'uploading', alive_at = ?3, updated_at = ?3, rev = rev + 1
                 WHERE owner_id = ?1 AND id = ?2 AND state = 'pending' AND deleted_at IS NULL",
            )
            .and_then(|mut q| q.execute(params![owner.as_bytes(), item.id.as_bytes(), now.as_millis()]))
            .map_err(sql)?;
            if moved.insert(row.group) {
                groups::under_way(conn, owner, row.group, now)?;
            }
        } else if now.millis_since(row.alive_at) > ALIVE_STEP_MS {
            conn.prepare_cached("UPDATE upload_session SET alive_at = ?3 WHERE owner_id = ?1 AND id = ?2")
                .and_then(|mut q| q.execute(params![owner.as_bytes(), item.id.as_bytes(), now.as_millis()]))
                .map_err(sql)?;
        }
        out.push(Ok(Started { row }));
    }
    Ok(out)
}

/// The session, when parts of this attempt may be sent.
fn may_send(row: Option<SessionRow>, attempt: u32) -> Result<SessionRow, Refusal> {
    let row = this_attempt(row, attempt)?;
    match row.state {
        SessionState::Pending if row.canonical.is_some() => {
            Err(Refusal::new(ErrorCode::FollowsOther, "the same content is on its way").with_state(row.state))
        }
        SessionState::Pending | SessionState::Uploading => match &row.object {
            Some(o) if o.state == ObjectState::Open => Ok(row),
            _ => Err(Refusal::new(
                ErrorCode::ObjectCondemned,
                "the attempt was given up",
            )),
        },
        SessionState::Verifying => {
            Err(Refusal::new(ErrorCode::StateConflict, "the file is being verified").with_state(row.state))
        }
        SessionState::Uploaded | SessionState::Deduplicated => {
            Err(Refusal::new(ErrorCode::SessionSettled, "the file is settled").with_state(row.state))
        }
        SessionState::Failed | SessionState::Rejected => {
            Err(Refusal::from(last_error(&row)).with_state(row.state))
        }
    }
}

/// The living session, when the caller knows its newest attempt.
pub(super) fn this_attempt(row: Option<SessionRow>, attempt: u32) -> Result<SessionRow, Refusal> {
    let Some(row) = row else {
        return Err(Refusal::new(ErrorCode::NotFound, "no such session"));
    };
    if row.deleted {
        return Err(Refusal::new(ErrorCode::SessionDeleted, "the session was removed").with_state(row.state));
    }
    if row.attempt != attempt {
        let detail = format!("attempt {attempt}, the ledger has {}", row.attempt);
        return Err(Refusal::new(ErrorCode::LeaseLost, detail).with_state(row.state));
    }
    Ok(row)
}

/// What a failed session failed of.
pub(super) fn last_error(row: &SessionRow) -> Failure {
    row.error
        .clone()
        .unwrap_or_else(|| Failure::new(ErrorCode::StateConflict, "the file has failed"))
}

/// Writes what was learnt, and answers what the ledger holds then; an upload id that is there stays.
pub(super) fn begun(conn: &Connection, item: &Begun) -> Result<Option<ObjectRow>, Failure> {
    if item.checked || item.upload_id.is_some() {
        conn.prepare_cached(
            "UPDATE stored_object SET name_checked = MAX(name_checked, ?3), upload_id = COALESCE(upload_id, ?2)
             WHERE id = ?1 AND state = 'open'",
        )
        .and_then(|mut q| q.execute(params![item.object.as_bytes(), item.upload_id, item.checked]))
        .map_err(sql)?;
    }
    Ok(reads::objects(
        conn,
        "o.id = ?1 AND o.state = 'open'",
        params![item.object.as_bytes()],
    )?
    .pop())
}
