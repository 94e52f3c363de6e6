//! Signing in the ledger: signs of life, the first sign, and what was learnt while beginning.

use std::collections::{BTreeMap, BTreeSet};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, OwnerId};
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;

use super::{groups, reads};
use crate::db::{Kind, Tx, Value, list, params, values_list};
use crate::failure::Refusal;
use crate::store::{Begun, ObjectRow, SessionRow, StartItem, Started};

/// A sign of life is written at most this often, milliseconds.
const ALIVE_STEP_MS: i64 = 10_000;

/// Takes signs of life; what is pending and wants URLs is uploading from here on.
pub(super) fn start(
    tx: &mut dyn Tx,
    owner: OwnerId,
    items: &[StartItem],
    now: Timestamp,
) -> Result<Vec<Result<Started, Refusal>>, Failure> {
    let mut rows = reads::sessions(tx, owner, items.iter().map(|i| i.id))?;
    let (mut started, mut alive, mut moved) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let row = match may_send(rows.get(&item.id), item.attempt) {
            Ok(row) => row.clone(),
            Err(refused) => {
                out.push(Err(refused));
                continue;
            }
        };
        // Whoever is named twice is as it became the first time.
        if item.urls && row.state == SessionState::Pending {
            started.push(item.id);
            moved.insert(row.group);
            rows.entry(item.id).and_modify(|r| {
                r.state = SessionState::Uploading;
                r.alive_at = now;
            });
        } else if now.millis_since(row.alive_at) > ALIVE_STEP_MS {
            alive.push(item.id);
            rows.entry(item.id).and_modify(|r| r.alive_at = now);
        }
        out.push(Ok(Started { row }));
    }
    let one_each = |ids: &[FileId]| -> Vec<_> { ids.iter().map(|id| [owner.into(), (*id).into()]).collect() };
    each(
        tx,
        params![now],
        &one_each(&started),
        &[Kind::Id, Kind::Id],
        "v(owner_id, id)",
        "UPDATE upload_session AS s SET state = 'uploading', alive_at = ?1, updated_at = ?1, rev = s.rev + 1
         FROM v WHERE s.owner_id = v.owner_id AND s.id = v.id AND s.state || '' = 'pending' AND s.deleted_at IS NULL",
    )?;
    for group in moved {
        groups::under_way(tx, owner, group, now)?;
    }
    each(
        tx,
        params![now],
        &one_each(&alive),
        &[Kind::Id, Kind::Id],
        "v(owner_id, id)",
        "UPDATE upload_session AS s SET alive_at = ?1 FROM v WHERE s.owner_id = v.owner_id AND s.id = v.id
           AND s.deleted_at IS NULL",
    )?;
    Ok(out)
}

/// The session, when parts of this attempt may be sent.
fn may_send(row: Option<&SessionRow>, attempt: u32) -> Result<&SessionRow, Refusal> {
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
            Err(Refusal::from(last_error(row)).with_state(row.state))
        }
    }
}

/// The living session, when the caller knows its newest attempt.
pub(super) fn this_attempt(row: Option<&SessionRow>, attempt: u32) -> Result<&SessionRow, Refusal> {
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
pub(super) fn begun(tx: &mut dyn Tx, items: &[Begun]) -> Result<Vec<Option<ObjectRow>>, Failure> {
    let learnt: Vec<_> = items
        .iter()
        .filter(|i| i.checked || i.upload_id.is_some())
        .map(|i| [i.object.into(), i.upload_id.clone().into(), i.checked.into()])
        .collect();
    each(
        tx,
        &[],
        &learnt,
        &[Kind::Id, Kind::Text, Kind::Int],
        "v(id, upload_id, checked)",
        "UPDATE stored_object AS o SET upload_id = COALESCE(o.upload_id, v.upload_id),
           name_checked = CASE WHEN v.checked = 1 THEN 1 ELSE o.name_checked END
         FROM v WHERE o.id = v.id AND o.state = 'open'",
    )?;
    let mut found = BTreeMap::new();
    let ids: Vec<_> = items.iter().map(|i| i.object).collect();
    for some in ids.chunks(reads::MOST) {
        let rule = format!("o.state = 'open' AND o.id IN ({})", list(1, some.len()));
        let ids: Vec<_> = some.iter().copied().map(Value::from).collect();
        let rows = reads::objects(tx, &rule, &ids)?;
        found.extend(rows.into_iter().map(|o| (o.id, o)));
    }
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

/// Changes many rows, each in its own way: `statement` reads the rows from `v`; its own parameters come first.
///
/// The key stands in the rows with its owner, and states are compared past their indexes (`s.state || ''`): PostgreSQL
/// would take an owner or a state that it has not counted yet for one of few rows, and look through all of them each time.
pub(super) fn each<const N: usize>(
    tx: &mut dyn Tx,
    first: &[Value],
    rows: &[[Value; N]],
    kinds: &[Kind; N],
    name: &str,
    statement: &str,
) -> Result<(), Failure> {
    for some in rows.chunks(TOGETHER) {
        // A row that stands there twice changes nothing the second time: of equal rows any one is taken.
        let last = some.last().into_iter();
        let fill = last.cycle().take(step(some.len()) - some.len());
        let mut values = first.to_vec();
        values.extend(some.iter().chain(fill).flatten().cloned());
        let list = values_list(tx.dialect(), first.len() + 1, step(some.len()), kinds);
        tx.execute(&format!("WITH {name} AS ({list}) {statement}"), &values)?;
    }
    Ok(())
}

/// Rows of one statement of [`each`], filled up to one of few lengths.
const TOGETHER: usize = 256;

fn step(len: usize) -> usize {
    [1, 16, TOGETHER].into_iter().find(|s| *s >= len).unwrap_or(len)
}
