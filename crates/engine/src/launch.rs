//! Launch: three truths and the disk are compared, and the person is asked before anything moves (architecture §5).
//!
//! Groups with unfinished files are held. Their interrupted files are read from the queue a thousand at a time, asked about
//! at the control plane in one call, looked at on disk, and `core::reconcile::plan` says what to do; each action is one guarded
//! update, so that a crash in here is followed by the same plan for the rest. Then the report stands until it is
//! answered: Resume lets a group go, Start over begins its unfinished files anew, Discard cancels them.

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use windlass_core::complete::StoredPart;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::Event;
use windlass_core::machine::records::Change;
use windlass_core::part_plan::PartPlan;
use windlass_core::reconcile::{self, LocalFile, Observation, Remote, RemoteSession};
use windlass_core::states::{GroupState, Intent, PartState};
use windlass_protocol::sessions::{Query, QueryAnswer, Session};
use windlass_queue::acts::{self, ActKind, NewAct};
use windlass_queue::groups::GroupRow;
use windlass_queue::reconcile::{self as snapshot, Cursor, Interrupted};
use windlass_queue::totals::{GroupTotals, totals_all};
use windlass_queue::{Opened, cancelled, changes, files, groups, settings};
use windlass_transfer::source::look;

use crate::calls::proof;
use crate::clock;
use crate::groups::{PAUSED, path_of};
use crate::handle::{EngineHandle, Scope};
use crate::infos::{GroupInfo, locked};
use crate::shell::Shared;
use crate::view::{Finding, RelaunchAnswer, RelaunchGroup, RelaunchReport};

/// Files of one round.
const ROUND: usize = 1_000;
/// A server gets so long to say what it knows of them.
const SERVER_PATIENCE: Duration = Duration::from_secs(20);

/// What the launch found, and whether all of it is known.
pub(crate) struct Relaunch {
    stopped_at: Option<i64>,
    crashed: bool,
    groups: Mutex<BTreeMap<GroupId, Held>>,
    again: Mutex<u64>,
    known: watch::Sender<bool>,
}

/// A group that waits for an answer.
#[derive(Debug, Clone, Default)]
struct Held {
    /// A watched folder's: a standing order, which no person is asked about.
    watch: bool,
    name: String,
    order: i64,
    totals: GroupTotals,
    findings: Vec<Finding>,
}

impl Relaunch {
    pub(crate) fn new(opened: &Opened) -> Self {
        Self {
            stopped_at: opened.last_alive.map(|t| t.as_millis()),
            crashed: !opened.clean_exit && opened.last_alive.is_some(),
            groups: Mutex::default(),
            again: Mutex::new(0),
            known: watch::channel(false).0,
        }
    }

    pub(crate) fn is_held(&self, group: GroupId) -> bool {
        locked(&self.groups).contains_key(&group)
    }

    /// The report; `None` when nothing waits for an answer.
    pub(crate) fn report(&self) -> Option<RelaunchReport> {
        let held = locked(&self.groups);
        if held.values().all(|h| h.watch) {
            return None;
        }
        let mut groups: Vec<_> = held
            .iter()
            .filter(|(_, h)| !h.watch)
            .map(|(id, h)| {
                let view = RelaunchGroup {
                    id: *id,
                    name: h.name.clone(),
                    bytes_total: h.totals.bytes_total,
                    bytes_safe: h.totals.bytes_done,
                    files_total: u32::try_from(h.totals.total).unwrap_or(u32::MAX),
                    files_done: u32::try_from(h.totals.done).unwrap_or(u32::MAX),
                    findings: h.findings.clone(),
                    answer: None,
                };
                (h.order, view)
            })
            .collect();
        groups.sort_by_key(|(order, g)| (*order, g.id));
        Some(RelaunchReport {
            stopped_at: self.stopped_at,
            crashed: self.crashed,
            bytes_safe: held.values().map(|h| h.totals.bytes_done).sum(),
            bytes_again: *locked(&self.again),
            asking: !*self.known.borrow(),
            groups: groups.into_iter().map(|(_, g)| g).collect(),
        })
    }
}

/// Tells the machine of all groups, and begins to compare.
pub(crate) async fn begin(shared: &Arc<Shared>) -> Result<(), Failure> {
    let away = shared.queue.read(files::disks_away).await?;
    if !away.is_empty() {
        shared.event(Event::DisksAway(away.clone())).await;
    }
    let (rows, all_totals, paused, cancelled) = shared
        .queue
        .read(|conn| {
            let paused = settings::get(conn, PAUSED)?
                .and_then(|v| v.as_bool())
                .unwrap_or(false);
            Ok((
                groups::list(conn)?,
                totals_all(conn)?,
                paused,
                cancelled::unconfirmed(conn)?,
            ))
        })
        .await?;
    if paused {
        shared.deltas.set_paused(true);
        shared.event(Event::AppPaused(true)).await;
    }
    for row in rows {
        let id = row.record.id;
        shared.infos.put_group(
            id,
            GroupInfo {
                name: row.name.clone(),
                destination: row.record.destination,
            },
        );
        if matches!(row.record.state, GroupState::Completed | GroupState::Cancelled) {
            continue;
        }
        let totals = all_totals.get(&id).copied().unwrap_or_default();
        let watch = row.origin == groups::Origin::Watch;
        if watch {
            shared.watches.put_group(id);
        }
        let held = row.record.intent == Intent::Run && (open_files(&totals) > 0 || row.scanning);
        if held {
            let entry = Held {
                watch,
                name: row.name.clone(),
                order: row.record.position,
                totals,
                findings: Vec::new(),
            };
            locked(&shared.relaunch.groups).insert(id, entry);
        }
        shared
            .event(Event::GroupAdded {
                record: row.record,
                held,
                scanning: row.scanning,
            })
            .await;
        // What is written to a watched folder is found by its own task.
        if row.scanning && !watch {
            crate::intake::resume_walk(shared, id).await?;
        }
    }
    for (id, group, state) in cancelled {
        EngineHandle::tell_file(shared, id, group, state, Intent::Cancelled).await;
    }
    shared.deltas.relaunch_changed();
    let comparer = Arc::clone(shared);
    shared.tasks.spawn(async move { compare(comparer, away).await });
    Ok(())
}

fn open_files(t: &GroupTotals) -> u64 {
    t.registered_or_queued + t.uploading + t.verifying
}

/// Compares all interrupted files, round by round; `away`: disks that were not connected when the queue was left.
async fn compare(shared: Arc<Shared>, away: BTreeSet<u64>) {
    let mut after: Option<Cursor> = None;
    let mut findings: BTreeMap<GroupId, Vec<Finding>> = BTreeMap::new();
    let mut silent = BTreeSet::new();
    loop {
        let round = shared
            .queue
            .read(move |conn| snapshot::interrupted(conn, after, ROUND))
            .await;
        let round = match round {
            Ok(round) if !round.is_empty() => round,
            Ok(_) => break,
            Err(e) => {
                shared.deltas.notice(Failure::from(&e), None);
                break;
            }
        };
        after = round.last().map(Interrupted::cursor);
        if let Err(failure) = one_round(&shared, round, &mut findings, &mut silent, &away).await {
            shared.deltas.notice(failure, None);
        }
        if shared.stop.is_cancelled() {
            return;
        }
    }
    for (group, found) in &findings {
        for f in found {
            tracing::info!(%group, found = ?f.kind, files = f.files, parts = f.parts, "found at launch");
        }
    }
    let read = shared
        .queue
        .read(|conn| Ok((groups::list(conn)?, totals_all(conn)?)))
        .await;
    if let Ok((rows, all_totals)) = read {
        publish(&shared, &rows, &all_totals, findings).await;
        keep(&shared).await;
    }
    let orders: Vec<GroupId> = locked(&shared.relaunch.groups)
        .iter()
        .filter(|(_, h)| h.watch)
        .map(|(id, _)| *id)
        .collect();
    if !orders.is_empty() {
        // Nobody presses anything here: not a byte goes over a network, or from a battery, of which nothing is known yet.
        crate::conditions::system_known(&shared).await;
    }
    for id in orders {
        settled(&shared, id);
        shared.event(Event::GroupReleased { id }).await;
    }
    shared.relaunch.known.send_replace(true);
    shared.deltas.relaunch_changed();
}

/// What was found stays in the history.
async fn keep(shared: &Shared) {
    let Some(report) = shared.relaunch.report() else {
        return;
    };
    let mut findings: Vec<Finding> = Vec::new();
    for found in report.groups.iter().flat_map(|g| &g.findings) {
        match findings.iter_mut().find(|known| known.kind == found.kind) {
            Some(known) => known.add(found),
            None => findings.push(found.clone()),
        }
    }
    let files = |g: &RelaunchGroup| u64::from(g.files_total.saturating_sub(g.files_done));
    let act = NewAct {
        at: clock::now(),
        kind: ActKind::Check,
        group: match report.groups.as_slice() {
            [one] => Some(one.id),
            _ => None,
        },
        files: report.groups.iter().map(files).sum(),
        bytes: report.bytes_safe,
        failed: 0,
        data: serde_json::json!({ "groups": report.groups.len(), "findings": findings }),
    };
    let written = shared.queue.write(move |conn| acts::append(conn, &act)).await;
    if let Err(e) = written {
        tracing::warn!(error = %e, "what was found could not be written down");
    }
}

/// Enters what was found; a group in which nothing is left to do needs no answer.
async fn publish(
    shared: &Arc<Shared>,
    rows: &[GroupRow],
    all: &BTreeMap<GroupId, GroupTotals>,
    mut findings: BTreeMap<GroupId, Vec<Finding>>,
) {
    let mut over = Vec::new();
    for row in rows {
        let id = row.record.id;
        let totals = all.get(&id).copied().unwrap_or_default();
        let mut held = locked(&shared.relaunch.groups);
        let Some(entry) = held.get_mut(&id) else { continue };
        entry.totals = totals;
        entry.findings = findings.remove(&id).unwrap_or_default();
        if totals.registered_or_queued > 0 && entry.findings.is_empty() {
            let files = u32::try_from(totals.registered_or_queued).unwrap_or(u32::MAX);
            entry.findings.push(Finding {
                kind: reconcile::FindingKind::NotStarted,
                files,
                parts: 0,
                example: String::new(),
                disk: None,
            });
        }
        if open_files(&totals) == 0 && !row.scanning {
            held.remove(&id);
            over.push(id);
        }
    }
    for id in over {
        shared.event(Event::GroupReleased { id }).await;
        shared.deltas.stir(id);
    }
}

/// What the control planes know of the files, each asked by its destination. An answer that does not come leaves the rows as
/// they are: absence proves nothing (I39). Who was silent once is not asked again in this launch.
async fn remotes(
    shared: &Shared,
    round: &[Interrupted],
    silent: &mut BTreeSet<DestinationId>,
) -> BTreeMap<FileId, Remote> {
    let mut by_place: BTreeMap<DestinationId, Vec<FileId>> = BTreeMap::new();
    for f in round {
        if let Some(info) = shared.infos.group(f.record.group) {
            by_place.entry(info.destination).or_default().push(f.record.id);
        }
    }
    // The embedded control plane is asked once for all of its destinations.
    let mut asks: Vec<(Option<DestinationId>, DestinationId, Vec<FileId>)> = Vec::new();
    for (destination, ids) in by_place {
        let server = shared.planes.server(destination).map(|s| s.destination);
        match asks.iter_mut().find(|(s, ..)| s.is_none() && server.is_none()) {
            Some((.., more)) => more.extend(ids),
            None => asks.push((server, destination, ids)),
        }
    }
    let mut known = BTreeMap::new();
    for (server, destination, ids) in asks {
        if silent.contains(&destination) {
            continue;
        }
        let query = Query {
            ids: ids.clone(),
            parts: true,
        };
        let ask = async { shared.planes.of(destination).await?.client.query(&query).await };
        let answer = match server {
            None => ask.await,
            // A launch does not wait for ever for a server.
            Some(_) => tokio::time::timeout(SERVER_PATIENCE, ask)
                .await
                .unwrap_or_else(|_| Err(Failure::new(ErrorCode::SlowNetwork, "the server did not answer"))),
        };
        match answer {
            Ok(QueryAnswer { sessions, .. }) => {
                known.extend(ids.into_iter().map(|id| (id, Remote::Unknown)));
                known.extend(sessions.into_iter().map(|s| (s.id, Remote::Known(session(s)))));
            }
            Err(failure) => {
                tracing::warn!(%destination, error = %failure, "the control plane could not be asked");
                if server.is_some() {
                    silent.insert(destination);
                }
            }
        }
    }
    known
}

async fn one_round(
    shared: &Arc<Shared>,
    round: Vec<Interrupted>,
    findings: &mut BTreeMap<GroupId, Vec<Finding>>,
    silent: &mut BTreeSet<DestinationId>,
    away: &BTreeSet<u64>,
) -> Result<(), Failure> {
    let mut remotes = remotes(shared, &round, silent).await;
    let left: Vec<sources::Left> = round
        .iter()
        .map(|f| sources::Left {
            group: f.record.group,
            path: path_of(&f.path),
            fingerprint: f.record.fingerprint,
            strict: shared.watches.has_group(f.record.group),
        })
        .collect();
    let (looker, away) = (Arc::clone(shared), away.clone());
    let looked = tokio::task::spawn_blocking(move || {
        let sources = sources::look_at(&looker.infos, &away, &left);
        let disks = sources::disks_missed(&looker.infos, &left, &sources);
        (sources, disks)
    })
    .await;
    let (sources, mut disks) = looked.map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    let observations: Vec<Observation> = round
        .into_iter()
        .zip(sources)
        .map(|(f, source)| {
            let remote = remotes.remove(&f.record.id).unwrap_or(Remote::NotAsked);
            (local(f), remote, source)
        })
        .collect();
    let plan = reconcile::plan(&observations, clock::now());
    count_again(shared, &observations, &plan);
    for group in reconcile::report(&plan) {
        let into = findings.entry(group.group).or_default();
        for f in group.findings {
            let found = Finding {
                kind: f.kind,
                files: f.files,
                parts: f.parts,
                example: windlass_core::names::shown(&f.example),
                disk: (f.kind == reconcile::FindingKind::DiskMissing)
                    .then(|| disks.remove(&group.group))
                    .flatten(),
            };
            match into.iter_mut().find(|known| known.kind == found.kind) {
                Some(known) => known.add(&found),
                None => into.push(found),
            }
        }
    }
    let steps: Vec<Vec<Change>> = plan
        .actions
        .into_iter()
        .map(|a| a.changes)
        .filter(|c| !c.is_empty())
        .collect();
    shared
        .queue
        .write(move |conn| {
            for step in &steps {
                let _ = changes::apply(conn, step)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Bytes that were in flight and are not known to be stored: they go again (I12).
fn count_again(shared: &Shared, files: &[Observation], plan: &reconcile::ReconcilePlan) {
    let adopted: std::collections::BTreeSet<_> = plan
        .actions
        .iter()
        .flat_map(|a| &a.changes)
        .filter_map(|c| {
            if let Change::PartUploaded { id, n, .. } = c {
                Some((*id, *n))
            } else {
                None
            }
        })
        .collect();
    let mut bytes = 0;
    for (file, ..) in files {
        let Ok(cut) = PartPlan::stored(file.fingerprint.size, file.part_size) else {
            continue;
        };
        bytes += file
            .parts
            .iter()
            .filter(|p| p.state == PartState::Uploading && !adopted.contains(&(file.id, p.n)))
            .filter_map(|p| cut.part(p.n))
            .map(|r| r.len)
            .sum::<u64>();
    }
    *locked(&shared.relaunch.again) += bytes;
}

fn local(f: Interrupted) -> LocalFile {
    let r = f.record;
    LocalFile {
        id: r.id,
        group: r.group,
        name: f.rel_path,
        attempt: r.attempt,
        state: r.state,
        fingerprint: r.fingerprint,
        part_size: r.part_size,
        sha256: r.sha256,
        parts: r.parts,
    }
}

fn session(s: Session) -> RemoteSession {
    let parts = s.parts_known.then(|| {
        s.parts
            .into_iter()
            .map(|p| StoredPart {
                n: p.n,
                size: p.size,
                etag: p.etag,
                crc64: p.crc64,
            })
            .collect()
    });
    RemoteSession {
        attempt: s.attempt,
        state: s.state,
        deleted: s.deleted,
        settled: s.settled.map(proof),
        parts,
    }
}

pub(crate) async fn known(shared: &Shared) {
    let mut known = shared.relaunch.known.subscribe();
    tokio::select! {
        _ = known.wait_for(|k| *k) => {}
        () = shared.stop.cancelled() => {}
    }
}

/// The group needs no answer any more.
pub(crate) fn settled(shared: &Shared, id: GroupId) {
    if locked(&shared.relaunch.groups).remove(&id).is_some() {
        shared.deltas.relaunch_changed();
        shared.deltas.stir(id);
    }
}

/// A group that was made of one that waits for an answer waits for it too.
pub(crate) fn held_like(shared: &Shared, from: GroupId, new: GroupId, name: &str, order: i64) {
    let mut held = locked(&shared.relaunch.groups);
    let Some(of) = held.get(&from).cloned() else {
        return;
    };
    let entry = Held {
        name: name.to_owned(),
        order,
        totals: GroupTotals::default(),
        findings: Vec::new(),
        ..of
    };
    held.insert(new, entry);
    drop(held);
    shared.deltas.relaunch_changed();
}

pub(crate) async fn answer(
    shared: &Arc<Shared>,
    group: Option<GroupId>,
    answer: RelaunchAnswer,
) -> Result<(), Failure> {
    known(shared).await;
    let asked: Vec<GroupId> = {
        let held = locked(&shared.relaunch.groups);
        held.keys()
            .copied()
            .filter(|id| group.is_none_or(|g| g == *id))
            .collect()
    };
    if let (Some(_), true) = (group, asked.is_empty()) {
        return Err(Failure::new(
            ErrorCode::NotFound,
            "the report asks nothing about this group",
        ));
    }
    for id in asked {
        match answer {
            RelaunchAnswer::Resume => {
                let tried_now = move |conn: &_| files::end_waits(conn, id);
                shared.queue.write(tried_now).await?;
            }
            RelaunchAnswer::StartOver => start_over(shared, id).await?,
            RelaunchAnswer::Discard => {
                crate::groups::set_intent(shared, Scope::Group(id), Intent::Cancelled).await?;
                continue;
            }
        }
        settled(shared, id);
        shared.event(Event::GroupReleased { id }).await;
    }
    Ok(())
}

/// Unfinished files of a held group begin anew: a new attempt each, of the source as it is now.
async fn start_over(shared: &Arc<Shared>, group: GroupId) -> Result<(), Failure> {
    let mut after: Option<Cursor> = None;
    loop {
        let round = shared
            .queue
            .read(move |conn| snapshot::interrupted(conn, after, ROUND))
            .await?;
        let Some(last) = round.last() else { return Ok(()) };
        after = Some(last.cursor());
        let mine: Vec<(LocalFile, PathBuf)> = round
            .into_iter()
            .filter(|f| f.record.group == group)
            .map(|f| (path_of(&f.path), local(f)))
            .map(|(p, f)| (f, p))
            .collect();
        let steps = tokio::task::spawn_blocking(move || {
            mine.iter()
                .filter_map(|(f, path)| anew(f, path))
                .collect::<Vec<_>>()
        })
        .await;
        let steps = steps.map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
        shared
            .queue
            .write(move |conn| changes::apply(conn, &steps).map(|_| ()))
            .await?;
    }
}

fn anew(f: &LocalFile, path: &std::path::Path) -> Option<Change> {
    let fingerprint = look(path).unwrap_or(f.fingerprint);
    let plan = PartPlan::new(fingerprint.size).ok()?;
    Some(Change::FileStartOver {
        id: f.id,
        from: f.state,
        attempt: f.attempt.saturating_add(1),
        fingerprint,
        part_size: plan.part_size(),
        part_count: plan.count(),
        because: Failure::new(ErrorCode::Cancelled, "started over by the person"),
        at: clock::now(),
    })
}
