//! Snapshots and deltas: what people see, made from rows and the machine, at most ten times a second.
//!
//! Everything that changes stirs a group (or the list); a task collects what was stirred, reads the counts of those groups
//! anew and sends what differs from what was sent last. Counts are computed from rows, never kept (I6, I45). Rows of files are
//! read only for the ranges that a window says it shows.

mod cards;
mod rates;
mod rows;
mod stirred;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use windlass_core::error::Failure;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::states::BlockedReason;
use windlass_queue::settings;

use crate::handle::RowRange;
use crate::infos::locked;
use crate::shell::Shared;
use crate::view::{Delta, FilePage, FileView, GroupView, Notice, RelaunchChange, Snapshot, Totals};
use cards::refresh;
use rates::Rates;
use rows::{Which, failures, found, rows, watched};
use stirred::Stirred;

pub(crate) use rows::views;

/// Least time between two deltas.
const EVERY: Duration = Duration::from_millis(100);
/// While something moves, figures are looked at this often even when nothing was stirred.
const PULSE: Duration = Duration::from_secs(1);
/// Deltas that a slow window may be behind before it asks for a snapshot again.
const BEHIND: usize = 256;
/// Notices that a snapshot carries.
const NOTICES: usize = 20;

/// The collector.
pub(crate) struct Deltas {
    out: broadcast::Sender<Arc<Delta>>,
    stirred: Mutex<Stirred>,
    wake: Notify,
    paused: AtomicBool,
    /// When that ends by itself, milliseconds; 0: not by itself.
    paused_until: AtomicI64,
    said: Mutex<Vec<Notice>>,
    state: tokio::sync::Mutex<State>,
}

/// What was sent last.
#[derive(Default)]
struct State {
    seq: u64,
    groups: BTreeMap<GroupId, GroupView>,
    order: BTreeMap<GroupId, i64>,
    rows: BTreeMap<FileId, FileView>,
    /// What the window shows; of a search, with the files that it found.
    ranges: Vec<(RowRange, Vec<FileId>)>,
    totals: Totals,
    rates: Rates,
}

impl Deltas {
    pub(crate) fn new() -> Self {
        Self {
            out: broadcast::channel(BEHIND).0,
            stirred: Mutex::default(),
            wake: Notify::new(),
            paused: AtomicBool::new(false),
            paused_until: AtomicI64::new(0),
            said: Mutex::default(),
            state: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Delta>> {
        self.out.subscribe()
    }

    fn note(&self, change: impl FnOnce(&mut Stirred)) {
        change(&mut locked(&self.stirred));
        self.wake.notify_one();
    }

    /// Something of the group changed.
    pub(crate) fn stir(&self, group: GroupId) {
        self.note(|s| {
            s.groups.insert(group);
        });
    }

    /// Rows of these groups changed, which their cards don't show.
    pub(crate) fn stir_rows(&self, groups: impl IntoIterator<Item = GroupId>) {
        self.note(|s| s.rows.extend(groups));
    }

    /// Something of these groups changed.
    pub(crate) fn stir_all(&self, groups: impl IntoIterator<Item = GroupId>) {
        self.note(|s| s.groups.extend(groups));
    }

    pub(crate) fn removed(&self, group: GroupId) {
        self.note(|s| s.removed.push(group));
    }

    pub(crate) fn destinations_changed(&self) {
        self.note(|s| {
            s.destinations = true;
            s.everything = true;
        });
    }

    /// Whether a destination answers changed, and nothing else of the list.
    pub(crate) fn destination_stirred(&self) {
        self.note(|s| s.destinations = true);
    }

    /// Something of a watched folder changed.
    pub(crate) fn watches_changed(&self) {
        self.note(|s| s.watches = true);
    }

    pub(crate) fn relaunch_changed(&self) {
        self.note(|s| {
            s.relaunch = true;
            s.everything = true;
        });
    }

    pub(crate) fn notice(&self, failure: Failure, group: Option<GroupId>) {
        let notice = Notice {
            code: failure.code,
            detail: failure.detail,
            group,
        };
        {
            // One who comes later reads it in the snapshot.
            let mut said = locked(&self.said);
            said.push(notice.clone());
            let over = said.len().saturating_sub(NOTICES);
            said.drain(..over);
        }
        self.note(|s| s.notices.push(notice));
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
        self.note(|s| s.everything = true);
    }

    pub(crate) fn set_paused_until(&self, until: Option<i64>) {
        self.paused_until.store(until.unwrap_or(0), Ordering::Relaxed);
        self.note(|s| s.everything = true);
    }

    /// A choice of the person is another one.
    pub(crate) fn settings_changed(&self) {
        self.note(|s| s.settings = true);
    }

    /// Network, power, the hour or the room for the queue are other than before.
    pub(crate) fn around_changed(&self) {
        self.note(|s| s.everything = true);
    }

    /// When the pause of everything ends by itself.
    pub(crate) fn paused_until(&self) -> Option<i64> {
        Some(self.paused_until.load(Ordering::Relaxed)).filter(|until| *until > 0 && self.is_paused())
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    pub(crate) async fn snapshot(&self, shared: &Shared) -> Result<Snapshot, Failure> {
        let mut state = self.state.lock().await;
        let owed = refresh(shared, &mut state, None).await?;
        // Who asks now sees them; who looks since longer has to be told all the same.
        if !owed.is_empty() {
            self.note(|s| s.owed.extend(owed));
        }
        let totals = sum(shared, &mut state);
        let mut ordered: Vec<_> = state.groups.values().cloned().collect();
        ordered.sort_by_key(|g| (state.order.get(&g.id).copied().unwrap_or(i64::MAX), g.id));
        let all = shared.queue.read(settings::all).await?;
        let destinations = crate::places::list(shared).await?;
        let first_run = destinations.is_empty() && !all.contains_key(crate::places::FIRST_RUN_DONE);
        Ok(Snapshot {
            seq: state.seq,
            groups: ordered,
            totals,
            destinations,
            relaunch: shared.relaunch.report(),
            watches: crate::watch::views(shared).await?,
            first_run,
            suggested_folder: shared.suggested_folder.to_string_lossy().into_owned(),
            notices: locked(&self.said).clone(),
            settings: shown_settings(all),
        })
    }

    pub(crate) async fn page(&self, shared: &Shared, range: RowRange) -> Result<FilePage, Failure> {
        let files = rows(shared, range.group, Which::Range(range.clone())).await?;
        Ok(FilePage {
            group_id: range.group,
            offset: range.offset,
            total: found(shared, &range).await?,
            failures: failures(shared, &range).await?,
            files,
        })
    }

    pub(crate) async fn watch(
        &self,
        shared: &Shared,
        ranges: Vec<RowRange>,
    ) -> Result<Vec<FilePage>, Failure> {
        let mut state = self.state.lock().await;
        let mut pages = Vec::with_capacity(ranges.len());
        state.rows.clear();
        let mut looked = Vec::with_capacity(ranges.len());
        for range in ranges {
            let files = rows(shared, range.group, Which::Range(range.clone())).await?;
            state.rows.extend(files.iter().map(|f| (f.id, f.clone())));
            let ids = files.iter().map(|f| f.id).collect();
            pages.push(FilePage {
                group_id: range.group,
                offset: range.offset,
                total: found(shared, &range).await?,
                failures: None,
                files,
            });
            looked.push((range, ids));
        }
        state.ranges = looked;
        Ok(pages)
    }
}

/// Without what the engine keeps for itself.
fn shown_settings(all: BTreeMap<String, serde_json::Value>) -> BTreeMap<String, serde_json::Value> {
    all.into_iter()
        .filter(|(key, _)| key != crate::conditions::ANYWAY)
        .collect()
}

/// Sends deltas until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            () = shared.deltas.wake.notified() => {}
            () = tokio::time::sleep(PULSE) => {}
            () = shared.stop.cancelled() => return,
        }
        let began = tokio::time::Instant::now();
        if let Err(failure) = one(&shared).await {
            tracing::warn!(error = %failure, "a delta could not be made");
        }
        // What costs more is made less often: the window never takes more than a fifth of a core here.
        let pause = EVERY.max(began.elapsed() * 4);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.stop.cancelled() => return,
        }
    }
}

async fn one(shared: &Shared) -> Result<(), Failure> {
    let stirred = std::mem::take(&mut *locked(&shared.deltas.stirred));
    let mut state = shared.deltas.state.lock().await;
    let made = send(shared, &mut state, stirred.clone()).await;
    if made.is_err() {
        // Nothing of it was told: all of it is owed, and the next pulse tries again.
        let mut since = locked(&shared.deltas.stirred);
        since.owe(stirred);
        since.owed.extend(state.groups.keys());
    }
    made
}

async fn send(shared: &Shared, state: &mut State, stirred: Stirred) -> Result<(), Failure> {
    let moving: BTreeSet<GroupId> = state
        .groups
        .values()
        .filter(|g| g.files.active > 0 || g.rate_bytes.is_some())
        .map(|g| g.id)
        .collect();
    let mut which: BTreeSet<GroupId> = stirred.groups;
    which.extend(&moving);
    let with_rows = stirred.rows;
    let fresh = if stirred.everything {
        refresh(shared, state, None).await?
    } else {
        refresh(shared, state, Some(which)).await?
    };
    let changed: BTreeSet<GroupId> = fresh.into_iter().chain(stirred.owed).collect();
    for id in &stirred.removed {
        state.groups.remove(id);
    }
    let touched: BTreeSet<GroupId> = changed.iter().copied().chain(with_rows).collect();
    let files = watched(shared, state, &touched, stirred.everything).await?;
    let totals = sum(shared, state);
    shared.spans.see(state.groups.values(), totals.around.limit);
    let totals = (totals != state.totals).then_some(totals);
    if let Some(t) = &totals {
        state.totals = t.clone();
    }
    let destinations = if stirred.destinations || !changed.is_empty() && stirred.everything {
        Some(crate::places::list(shared).await?)
    } else {
        None
    };
    let delta = Delta {
        seq: state.seq + 1,
        groups: changed
            .into_iter()
            .filter_map(|id| state.groups.get(&id).cloned())
            .collect(),
        removed: stirred.removed,
        files,
        totals,
        destinations,
        watches: if stirred.watches {
            Some(crate::watch::views(shared).await?)
        } else {
            None
        },
        settings: if stirred.settings {
            Some(shown_settings(shared.queue.read(settings::all).await?))
        } else {
            None
        },
        relaunch: stirred.relaunch.then(|| RelaunchChange {
            report: shared.relaunch.report(),
        }),
        notices: stirred.notices,
    };
    let empty = Delta {
        seq: delta.seq,
        ..Delta::default()
    } == delta;
    if !empty {
        state.seq += 1;
        // Nobody listens: the next snapshot has it.
        let _ = shared.deltas.out.send(Arc::new(delta));
    }
    Ok(())
}

/// The figures over all groups.
fn sum(shared: &Shared, state: &mut State) -> Totals {
    use windlass_core::display::GroupWord as W;
    let mut t = Totals {
        paused: shared.deltas.is_paused(),
        paused_until: shared.deltas.paused_until(),
        around: shared.conditions.view(),
        ..Totals::default()
    };
    let mut common: Option<Vec<BlockedReason>> = None;
    for g in state.groups.values() {
        let open = !matches!(g.word, W::Done | W::DoneLeftOut | W::Cancelled);
        let unprocessed = g.processing.as_ref().is_some_and(|p| !p.errors.is_empty());
        if g.word == W::NeedsYou || g.files.failed > 0 && open || unprocessed {
            t.groups_attention += 1;
        }
        if open {
            t.groups_open += 1;
            t.files_total += g.files.total;
            t.files_done += g.files.done;
            t.bytes_total += g.bytes_total;
            t.bytes_done += g.bytes_done;
            t.rate_bytes += g.rate_bytes.unwrap_or(0.0);
            // What holds everything is what holds each group that is left to do.
            if g.word != W::NeedsYou {
                match &mut common {
                    None => common = Some(g.blocked_by.clone()),
                    Some(all) => all.retain(|r| g.blocked_by.contains(r)),
                }
            }
        }
    }
    if t.groups_open > 0 {
        t.blocked_by = common.unwrap_or_else(|| t.around.reasons.clone());
        // A destination that asks for a moment gets it; that is no stop of everything.
        t.blocked_by.retain(|r| *r != BlockedReason::DestinationSlowDown);
    }
    if t.paused && !t.blocked_by.contains(&BlockedReason::User) {
        t.blocked_by.insert(0, BlockedReason::User);
    }
    state.rates.overall(crate::clock::now(), &mut t);
    t
}
