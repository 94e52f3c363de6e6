//! The task of one watched folder: from the launch, or from its adding, until it is removed or the engine stops.
//!
//! It wakes when the system tells of a change, when an upload ended, when a wait is over, when it is asked, and now and then by
//! itself. It looks, lets `core::watch` decide, and carries that out. It owns nothing that a crash could lose: what waits is
//! found again by the look at everything that each launch begins with.

mod process;
mod scan;
mod settled;

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::states::Intent;
use windlass_core::time::Timestamp;
use windlass_core::watch::WatchMode;
use windlass_queue::watched::{self, AfterState, FolderRow};

use super::events::{Bell, Watching};
use super::look;
use super::root::{self, Identity, Root};
use super::rules::Rules;
use super::{Command, Live};
use crate::accepts;
use crate::clock;
use crate::groups::path_of;
use crate::infos::locked;
use crate::shell::Shared;
use crate::view::WatchSettings;

pub(super) use settled::close;

/// Events that come together are looked at together.
const TOGETHER: Duration = Duration::from_millis(100);
/// A look at everything, where the system tells of changes too.
const SCAN_MS: i64 = 15 * 60_000;
/// The same on a network drive that nobody tells of.
const SCAN_NETWORK_MS: i64 = 60_000;
/// The same where the system has no more watches.
const SCAN_POLLING_MS: i64 = 30_000;
/// Between two looks at the folder itself.
const ROOT_MS: i64 = 10_000;
/// The same while something is wrong with it.
const ROOT_TROUBLE_MS: i64 = 1_000;
/// A sleep of the computer that is longer than this is followed by a look at everything.
const SLEPT_MS: i64 = 30_000;
/// Between two tries with originals whose destination did not answer.
const ORIGINALS_MS: i64 = 60_000;
/// A new subfolder is looked at again: what was written before the system watched it was told of nowhere.
const AGAIN_MS: [i64; 2] = [500, 3_000];
/// Between two looks whether there is something to do, in a program that does not watch.
const IDLE_MS: i64 = 5_000;
/// Rows of one step.
const STEP: usize = 500;

pub(super) struct Task {
    shared: Arc<Shared>,
    live: Arc<Live>,
    inbox: mpsc::Receiver<Command>,
    row: FolderRow,
    root: PathBuf,
    rules: Arc<Rules>,
    network: bool,
    bell: Arc<Bell>,
    watching: Option<Watching>,
    /// When each waiting file is looked at.
    due: BTreeSet<(Timestamp, Vec<u8>)>,
    /// Files that go whatever holds them.
    anyway: HashSet<Vec<u8>>,
    /// New subfolders that are looked at again.
    again: Vec<(Timestamp, PathBuf)>,
    next_scan: Timestamp,
    next_root: Timestamp,
    /// When the system is asked again to watch, where it could not.
    next_arm: Timestamp,
    next_groups: Option<Timestamp>,
    next_originals: Option<Timestamp>,
    last_awake: Timestamp,
}

impl Task {
    pub(super) fn new(
        shared: Arc<Shared>,
        live: Arc<Live>,
        row: FolderRow,
        inbox: mpsc::Receiver<Command>,
    ) -> Self {
        let now = clock::now();
        Self {
            root: path_of(&row.path),
            rules: Arc::new(rules_of(&row)),
            shared,
            live,
            inbox,
            row,
            network: false,
            bell: Arc::default(),
            watching: None,
            due: BTreeSet::new(),
            anyway: HashSet::new(),
            again: Vec::new(),
            next_scan: now,
            next_root: now,
            next_arm: now,
            next_groups: Some(now),
            next_originals: Some(now),
            last_awake: now,
        }
    }

    pub(super) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        let mut deltas = self.shared.deltas.subscribe();
        let mut active = self.shared.watches.active.subscribe();
        if let Err(failure) = self.uploads_ended().await {
            self.stumbled(&failure);
        }
        loop {
            let wait = Duration::from_millis(
                u64::try_from(self.next_wake().millis_since(clock::now())).unwrap_or(0),
            );
            let watches = self.shared.watches.is_active();
            let done = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = active.changed() => Ok(()),
                command = self.inbox.recv() => match command {
                    Some(command) => self.asked(command).await,
                    None => return,
                },
                ended = concerns(&self.shared, &mut deltas) => {
                    if !ended { return }
                    self.uploads_ended().await
                }
                () = self.bell.rung(), if watches => {
                    tokio::time::sleep(TOGETHER).await;
                    self.hinted().await
                }
                () = tokio::time::sleep(wait.min(Duration::from_secs(5))) => Ok(()),
            };
            let done = match done {
                Ok(()) if self.shared.watches.is_active() => self.in_time().await,
                other => other,
            };
            if let Err(failure) = done {
                self.stumbled(&failure);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }

    fn stumbled(&self, failure: &Failure) {
        if !self.shared.stop.is_cancelled() {
            tracing::warn!(watch = %self.row.id, error = %failure, "a watched folder stumbled; it goes on");
        }
    }

    fn next_wake(&self) -> Timestamp {
        if !self.shared.watches.is_active() {
            return clock::now().plus_millis(IDLE_MS);
        }
        let mut next = self
            .next_groups
            .map_or(self.next_root, |at| at.min(self.next_root));
        // What is not looked at while it is paused or away wakes nobody.
        if self.runs() {
            next = next.min(self.next_scan);
            for at in [
                self.due.first().map(|(at, _)| *at),
                self.again.iter().map(|(at, _)| *at).min(),
                self.next_originals,
            ] {
                next = at.map_or(next, |at| next.min(at));
            }
        }
        next
    }

    fn runs(&self) -> bool {
        self.row.intent == Intent::Run && locked(&self.live.now).trouble.is_none()
    }

    /// The folder's rules, with what its destination takes: asked anew where that goes at once.
    async fn make_rules(&mut self) -> Result<(), Failure> {
        let accepts = accepts::of(&self.shared, self.row.destination).await?;
        self.rules = Arc::new(rules_of(&self.row).to(accepts));
        Ok(())
    }

    fn settings(&self) -> &WatchSettings {
        self.rules.settings()
    }

    async fn asked(&mut self, command: Command) -> Result<(), Failure> {
        match command {
            Command::Look(answer) => {
                self.look_at_root().await?;
                let trouble = locked(&self.live.now).trouble.clone();
                let done = match trouble {
                    Some(failure) => Err(failure),
                    None => self.scan().await,
                };
                let _ = answer.send(done);
            }
            Command::Changed(answer) => {
                let id = self.row.id;
                let row = self
                    .shared
                    .queue
                    .read(move |conn| watched::folder(conn, id))
                    .await?;
                if let Some(row) = row {
                    self.row = row;
                    // Who changed them waits for the answer: the destination is asked by the scan that follows.
                    self.rules = Arc::new(rules_of(&self.row).to(self.rules.accepts().clone()));
                    self.next_scan = clock::now();
                    self.next_originals = Some(clock::now());
                }
                let _ = answer.send(());
            }
            Command::Anyway(paths, answer) => {
                let paths = paths.unwrap_or_else(|| locked(&self.live.now).pending.keys().cloned().collect());
                let n = paths.len() as u64;
                self.anyway.extend(paths.iter().cloned());
                let done = self.look_at(paths).await;
                let _ = answer.send(n);
                done?;
            }
            Command::Same(answer) => {
                let _ = answer.send(self.is_same().await);
            }
        }
        self.shared.deltas.watches_changed();
        Ok(())
    }

    /// The person says that it is the same folder, on another disk.
    async fn is_same(&mut self) -> Result<(), Failure> {
        let path = self.root.clone();
        let found = blocking(move || root::identity(&path)).await?;
        let found = found.map_err(|e| Failure::new(ErrorCode::WatchMissing, e.to_string()))?;
        self.adopt(found).await?;
        self.look_at_root().await
    }

    async fn adopt(&mut self, found: Identity) -> Result<(), Failure> {
        let id = self.row.id;
        (self.row.dev, self.row.marker) = (found.dev, found.marker.clone());
        self.shared
            .queue
            .write(move |conn| watched::set_identity(conn, id, found.dev, &found.marker))
            .await?;
        Ok(())
    }

    /// All that is due by the clock.
    async fn in_time(&mut self) -> Result<(), Failure> {
        let now = clock::now();
        // The computer slept, or the clock was set: events may be lost, waits are meaningless.
        if now.millis_since(self.last_awake) > SLEPT_MS || now < self.last_awake {
            self.next_scan = now;
            self.next_root = now;
        }
        self.last_awake = now;
        if now >= self.next_root {
            self.look_at_root().await?;
        }
        if self.runs() {
            if now >= self.next_scan {
                self.scan().await?;
            }
            let over: Vec<PathBuf> = self
                .again
                .extract_if(.., |(at, _)| *at <= now)
                .map(|(_, p)| p)
                .collect();
            for folder in over {
                self.walk(folder).await?;
            }
            let mut ready = Vec::new();
            while self.due.first().is_some_and(|(at, _)| *at <= now) {
                ready.extend(self.due.pop_first().map(|(_, rel)| rel));
            }
            self.look_at(ready).await?;
        }
        if self.next_groups.is_some_and(|at| at <= now) {
            self.close_groups(now).await?;
        }
        if self.next_originals.is_some_and(|at| at <= now) && self.runs() {
            self.originals(AfterState::Due).await;
        }
        self.last_awake = clock::now();
        Ok(())
    }

    /// Looks at the folder itself, and begins or ends the system's watching of it.
    async fn look_at_root(&mut self) -> Result<(), Failure> {
        let known = Identity {
            dev: self.row.dev,
            marker: self.row.marker.clone(),
        };
        let (path, before) = (self.root.clone(), known.clone());
        let found = blocking(move || root::look(&path, &before)).await?;
        let trouble = match found {
            Root::Here(now) => {
                if now != known {
                    // Another inode: what the system watches is the folder that was.
                    self.watching = None;
                    self.next_arm = clock::now();
                    self.adopt(now).await?;
                }
                None
            }
            Root::DiskMissing => Some(Failure::new(
                ErrorCode::DiskMissing,
                self.root.display().to_string(),
            )),
            Root::Trouble(failure) => Some(failure),
        };
        let was = std::mem::replace(&mut locked(&self.live.now).trouble, trouble.clone());
        let now = clock::now();
        let wait = if trouble.is_some() {
            ROOT_TROUBLE_MS
        } else {
            ROOT_MS
        };
        self.next_root = now.plus_millis(wait);
        if was != trouble {
            tracing::info!(watch = %self.row.id, trouble = ?trouble, "a watched folder stands otherwise now");
            self.next_scan = now;
            self.shared.deltas.watches_changed();
        }
        let asks =
            self.watching.is_none() && self.row.intent == Intent::Run && self.shared.watches.is_active();
        if trouble.is_some() {
            self.watching = None;
            self.next_arm = now;
        } else if asks && now >= self.next_arm {
            self.arm().await?;
            self.next_arm = now.plus_millis(SCAN_MS);
            self.next_scan = now;
        }
        Ok(())
    }

    /// Asks the system to tell of changes.
    async fn arm(&mut self) -> Result<(), Failure> {
        let (path, bell) = (self.root.clone(), Arc::clone(&self.bell));
        let (network, armed) = blocking(move || {
            if root::is_network(&path) {
                (true, None)
            } else {
                (false, Some(Watching::begin(&path, &bell)))
            }
        })
        .await?;
        self.network = network;
        let (mode, because) = match armed {
            None => (WatchMode::Polling, Some("network".to_owned())),
            Some(Ok(watching)) => {
                self.watching = Some(watching);
                (WatchMode::Events, None)
            }
            Some(Err(failure)) => {
                if locked(&self.live.now).mode_because.is_none() {
                    self.shared.deltas.notice(
                        Failure::new(
                            failure.code,
                            format!("{}: {}", self.root.display(), failure.detail),
                        ),
                        None,
                    );
                }
                (WatchMode::Polling, Some(failure.code.as_str().to_owned()))
            }
        };
        let mut now = locked(&self.live.now);
        (now.mode, now.mode_because) = (mode, because);
        Ok(())
    }

    /// What the system told.
    async fn hinted(&mut self) -> Result<(), Failure> {
        let hints = self.bell.take();
        if let Some(limit) = hints.limit {
            // What is watched stays watched; the rest is looked at by itself.
            let mut now = locked(&self.live.now);
            now.mode = WatchMode::Polling;
            if now
                .mode_because
                .replace(ErrorCode::WatchLimit.as_str().to_owned())
                .is_none()
            {
                self.shared
                    .deltas
                    .notice(Failure::new(ErrorCode::WatchLimit, limit), None);
            }
            self.next_scan = clock::now();
        }
        if hints.lost > 0 {
            self.live.lost(hints.lost);
            self.next_scan = clock::now();
        }
        if hints.everything {
            self.next_scan = clock::now();
        }
        if hints.paths.contains(&self.root) || hints.folders.contains(&self.root) {
            self.next_root = clock::now();
        }
        if !self.runs() {
            return Ok(());
        }
        let now = clock::now();
        for folder in hints.folders {
            self.again
                .extend(AGAIN_MS.map(|ms| (now.plus_millis(ms), folder.clone())));
            self.walk(folder).await?;
        }
        let paths = hints
            .paths
            .iter()
            .filter_map(|p| look::below(&self.root, p))
            .collect();
        self.look_at(paths).await
    }

    fn drop_pending(&mut self, rel: &[u8]) {
        if let Some(old) = locked(&self.live.now).pending.remove(rel) {
            self.due.remove(&(old.until, rel.to_vec()));
        }
    }
}

/// Waits for a change of groups that come from watched folders. False when the engine ends.
async fn concerns(shared: &Shared, deltas: &mut broadcast::Receiver<Arc<crate::view::Delta>>) -> bool {
    loop {
        match deltas.recv().await {
            Ok(delta) if delta.groups.iter().any(|g| shared.watches.has_group(g.id)) => return true,
            Ok(delta) if delta.removed.iter().any(|g| shared.watches.has_group(*g)) => return true,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => return true,
            Err(broadcast::error::RecvError::Closed) => return false,
        }
    }
}

fn rules_of(row: &FolderRow) -> Rules {
    let settings: WatchSettings = serde_json::from_value(row.rules.clone()).unwrap_or_default();
    // They were checked when they were written down.
    Rules::new(&settings).unwrap_or_else(|_| Rules::none(settings))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))
}
