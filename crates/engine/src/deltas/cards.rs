//! Views of groups, made anew from the queue and the machine.

use std::collections::{BTreeMap, BTreeSet};

use windlass_core::error::Failure;
use windlass_core::ids::GroupId;
use windlass_core::machine::Machine;
use windlass_core::names::shown;
use windlass_core::states::{GroupState, Intent};
use windlass_queue::destinations::DestinationKind;
use windlass_queue::groups::GroupRow;
use windlass_queue::totals::{GroupTotals, error_folds, totals};
use windlass_queue::{destinations, groups, processing};

use super::State;
use crate::convert::{GroupNow, group_view, processing_view};
use crate::shell::Shared;
use crate::view::ErrorFold;

/// Makes the views of these groups (or all) anew; answers which of them differ from before.
pub(super) async fn refresh(
    shared: &Shared,
    state: &mut State,
    which: Option<BTreeSet<GroupId>>,
) -> Result<Vec<GroupId>, Failure> {
    if which.as_ref().is_some_and(BTreeSet::is_empty) {
        return Ok(Vec::new());
    }
    let wanted = which.clone();
    let (rows, places) = shared
        .queue
        .read(move |conn| {
            let places: BTreeMap<_, _> = destinations::list(conn)?
                .into_iter()
                .map(|d| (d.id, (d.name, d.kind)))
                .collect();
            let rows: Vec<GroupRow> = match &wanted {
                None => groups::list(conn)?,
                Some(ids) => {
                    let mut rows = Vec::with_capacity(ids.len());
                    for id in ids {
                        rows.extend(groups::get(conn, *id)?);
                    }
                    rows
                }
            };
            let mut full = Vec::with_capacity(rows.len());
            // One that went over to another has no card.
            for row in rows.into_iter().filter(|r| r.merged_into.is_none()) {
                let t: GroupTotals = totals(conn, row.record.id)?;
                let folds = if t.failed + t.rejected > 0 {
                    error_folds(conn, row.record.id)?
                } else {
                    Vec::new()
                };
                // Nobody but a server does anything with what arrived.
                let place = places.get(&row.record.destination);
                let done = if t.done > 0 && place.is_some_and(|(_, kind)| *kind == DestinationKind::Server) {
                    processing::counts(conn, row.record.id)?
                } else {
                    processing::Counts::default()
                };
                let unseen = if done.failed > 0 {
                    processing::unseen(conn, row.record.id)?
                } else {
                    Vec::new()
                };
                full.push((row, t, folds, (done, unseen)));
            }
            Ok((full, places))
        })
        .await?;
    if which.is_none() {
        // What left since the last delta is not in a picture of now.
        let there: BTreeSet<_> = rows.iter().map(|(r, ..)| r.record.id).collect();
        state.groups.retain(|id, _| there.contains(id));
    }
    let paused = shared.deltas.is_paused();
    let held: Vec<bool> = rows
        .iter()
        .map(|(r, ..)| shared.relaunch.is_held(r.record.id))
        .collect();
    let only: Vec<GroupRow> = rows.iter().map(|(r, ..)| r.clone()).collect();
    let nows = shared
        .inspect(move |m: &Machine| {
            only.iter()
                .zip(held)
                .map(|(r, held)| GroupNow::of(m, r, held, paused))
                .collect::<Vec<_>>()
        })
        .await
        .unwrap_or_default();
    let now = crate::clock::now();
    let mut changed = Vec::new();
    for ((row, totals, folds, (processed, unseen)), group_now) in rows
        .into_iter()
        .zip(nows.into_iter().chain(std::iter::repeat(GroupNow::default())))
    {
        let id = row.record.id;
        let place = places
            .get(&row.record.destination)
            .map(|(name, _)| name.clone())
            .unwrap_or_default();
        let mut view = group_view(&row, &totals, fold_views(folds), &group_now, place);
        view.processing = processing_view(&processed, fold_views(unseen));
        view.disk = group_now.no_disk.and_then(|file| shared.infos.name_of_disk(file));
        view.growing = u32::try_from(shared.infos.growing(id)).unwrap_or(u32::MAX);
        let ended = matches!(row.record.state, GroupState::Completed | GroupState::Cancelled);
        let runs = !ended && view.blocked_by.is_empty() && view.intent == Intent::Run;
        state.rates.measure(now, &mut view, runs);
        state.order.insert(id, row.record.position);
        if state.groups.get(&id) != Some(&view) {
            state.groups.insert(id, view);
            changed.push(id);
        }
    }
    Ok(changed)
}

fn fold_views(folds: Vec<windlass_queue::totals::ErrorFold>) -> Vec<ErrorFold> {
    folds
        .into_iter()
        .map(|f| ErrorFold {
            code: f.code,
            number: f.code.label(),
            files: u32::try_from(f.files).unwrap_or(u32::MAX),
            example: shown(&f.example),
            detail: f.detail,
        })
        .collect()
}
