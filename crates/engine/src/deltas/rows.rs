//! Rows of files: only those of the ranges that a window says it shows are read.

use std::collections::BTreeSet;

use windlass_core::error::Failure;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::Machine;
use windlass_core::states::{BlockedReason, FileState};
use windlass_queue::{files, groups};

use super::State;
use crate::convert::{GroupNow, file_view};
use crate::handle::RowRange;
use crate::shell::Shared;
use crate::view::{Failures, FileView, FindKind};

/// Rows of one watched range.
const RANGE: u32 = 500;

/// Rows of the watched ranges that differ from what was sent.
pub(super) async fn watched(
    shared: &Shared,
    state: &mut State,
    changed: &BTreeSet<GroupId>,
    everything: bool,
) -> Result<Vec<FileView>, Failure> {
    let mut out = Vec::new();
    for (range, ids) in state.ranges.clone() {
        let moves = state.groups.get(&range.group).is_some_and(|g| g.files.active > 0);
        if !(everything || moves || changed.contains(&range.group)) {
            continue;
        }
        let group = range.group;
        // A search is not done again ten times a second: what it found is looked at, and the window asks anew now and then.
        let which = if range.find.is_some() {
            Which::Files(ids)
        } else {
            Which::Range(range)
        };
        for view in rows(shared, group, which).await? {
            if state.rows.get(&view.id) != Some(&view) {
                state.rows.insert(view.id, view.clone());
                out.push(view);
            }
        }
    }
    Ok(out)
}

/// Which rows of a group.
pub(super) enum Which {
    Range(RowRange),
    Files(Vec<FileId>),
}

/// How many files a search found; `None` where nothing was searched for.
pub(super) async fn found(shared: &Shared, range: &RowRange) -> Result<Option<u32>, Failure> {
    let Some(find) = range.find.as_ref().map(crate::convert::find) else {
        return Ok(None);
    };
    let group = range.group;
    let count = shared
        .queue
        .read(move |conn| files::found_count(conn, group, &find))
        .await?;
    Ok(Some(u32::try_from(count).unwrap_or(u32::MAX)))
}

/// How the files of a cause came to fail, where that was searched for.
pub(super) async fn failures(shared: &Shared, range: &RowRange) -> Result<Option<Failures>, Failure> {
    let Some(code) = range
        .find
        .as_ref()
        .filter(|find| find.kind == FindKind::Failed)
        .and_then(|find| find.code)
    else {
        return Ok(None);
    };
    let group = range.group;
    let told = shared
        .queue
        .read(move |conn| windlass_queue::events::failures(conn, group, code))
        .await?;
    Ok(told.map(|f| Failures {
        first_at: f.first.as_millis(),
        last_at: f.last.as_millis(),
        tries: u32::try_from(f.tries).unwrap_or(u32::MAX),
    }))
}

/// Rows of a group as people see them now.
pub(crate) async fn views(
    shared: &Shared,
    group: GroupId,
    ids: Vec<FileId>,
) -> Result<Vec<FileView>, Failure> {
    rows(shared, group, Which::Files(ids)).await
}

pub(super) async fn rows(shared: &Shared, group: GroupId, which: Which) -> Result<Vec<FileView>, Failure> {
    let (row, rows) = shared
        .queue
        .read(move |conn| {
            let mut rows = Vec::new();
            let found = match which {
                Which::Files(ids) => files::get_many(conn, &ids)?,
                Which::Range(range) => {
                    let (offset, limit) = (u64::from(range.offset), range.limit.min(RANGE) as usize);
                    match range.find.as_ref().map(crate::convert::find) {
                        Some(find) => files::find(conn, group, &find, offset, limit)?,
                        None => files::page(conn, group, offset, limit, &[])?,
                    }
                }
            };
            for row in found {
                // A settled row is drawn from its word alone.
                let parts = if row.state == FileState::Done {
                    Vec::new()
                } else {
                    files::part_states(conn, row.id)?
                };
                rows.push((row, parts));
            }
            Ok((groups::get(conn, group)?, rows))
        })
        .await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let held = shared.relaunch.is_held(group);
    let paused = shared.deltas.is_paused();
    let ids: Vec<FileId> = rows.iter().map(|(r, _)| r.id).collect();
    let intent = row.record.intent;
    let looked = shared
        .inspect(move |m: &Machine| {
            let blocked = GroupNow::of(m, &row, held, paused).blocked_by;
            (ids.iter().map(|id| m.activity(*id)).collect::<Vec<_>>(), blocked)
        })
        .await;
    let (activities, blocked): (Vec<_>, Vec<BlockedReason>) = looked.unwrap_or_default();
    let activities = activities.into_iter().chain(std::iter::repeat(None));
    Ok(rows
        .iter()
        .zip(activities)
        .map(|((r, parts), a)| file_view(r, parts, a.as_ref(), intent, &blocked))
        .collect())
}
