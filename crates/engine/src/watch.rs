//! Watched folders: what is written to them arrives, once, whole.
//!
//! Each folder has a task ([`folder`]) from the launch, or from the moment it is added, until it is removed. The task is told by the
//! system where something happened ([`events`]), or looks by itself where nobody tells; it looks at what is there ([`look`]), and
//! `core::watch` decides. What is ready goes to the queue in one transaction with the note that it did ([`handover`]), what came
//! of it is noted ([`ends`]), and then the original may go ([`originals`]). A folder that is not there is a pause, never a deletion
//! ([`root`]).
//!
//! Events only make it quicker. A look at everything, at start, after lost events, after sleep and every 15 minutes, finds the same.
//!
//! A file that changes between the hand-over and its proof is not sent as it happens to be: its upload fails as changed
//! ([`Watches::strictly`]), it settles again, and the same upload takes the new version.

mod api;
mod ends;
mod events;
mod folder;
mod handover;
mod look;
mod originals;
mod root;
mod rules;
mod trash;
mod views;
pub(crate) mod writers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, oneshot, watch};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{GroupId, WatchId};
use windlass_core::time::Timestamp;
use windlass_core::watch::{Stand, WatchMode, Why};
use windlass_queue::watched;
use windlass_queue::watched::FolderRow;

pub(crate) use api::may_be_destination;
pub(crate) use originals::{content, content_while, to_trash};
pub(crate) use trash::{holds, take_back};
pub(crate) use views::all as views;

use crate::infos::locked;
use crate::shell::Shared;

/// All watched folders of an engine.
#[derive(Default)]
pub(crate) struct Watches {
    live: Mutex<BTreeMap<WatchId, Arc<Live>>>,
    groups: Mutex<BTreeSet<GroupId>>,
    /// Whether this engine watches: one that lives for a moment only answers.
    active: watch::Sender<bool>,
}

/// A folder's task, from outside.
pub(crate) struct Live {
    commands: mpsc::Sender<Command>,
    now: Mutex<Now>,
    overflows: AtomicU32,
}

/// How a folder stands, as its task sees it.
#[derive(Debug)]
struct Now {
    /// Files that do not stand still yet.
    pending: BTreeMap<Vec<u8>, Pending>,
    trouble: Option<Failure>,
    scanning: bool,
    mode: WatchMode,
    mode_because: Option<String>,
}

/// A file that is waited for.
#[derive(Debug, Clone)]
struct Pending {
    stand: Stand,
    until: Timestamp,
    why: Why,
    looked_at: Timestamp,
    settle_ms: i64,
}

/// What a folder's task is asked.
enum Command {
    /// Look at everything; answer when that is done.
    Look(oneshot::Sender<Result<(), Failure>>),
    /// Its row was changed.
    Changed(oneshot::Sender<()>),
    /// Send these files whatever holds them; `None`: all that wait.
    Anyway(Option<Vec<Vec<u8>>>, oneshot::Sender<u64>),
    /// It is the same folder, says the person.
    Same(oneshot::Sender<Result<(), Failure>>),
}

impl Watches {
    /// Files of this group come from a watched folder.
    pub(crate) fn put_group(&self, group: GroupId) {
        locked(&self.groups).insert(group);
    }

    /// Whether files of this group come from a watched folder.
    pub(crate) fn has_group(&self, group: GroupId) -> bool {
        locked(&self.groups).contains(&group)
    }

    fn is_active(&self) -> bool {
        *self.active.borrow()
    }

    fn all(&self) -> Vec<(WatchId, Arc<Live>)> {
        locked(&self.live)
            .iter()
            .map(|(id, l)| (*id, Arc::clone(l)))
            .collect()
    }

    fn get(&self, id: WatchId) -> Result<Arc<Live>, Failure> {
        locked(&self.live)
            .get(&id)
            .cloned()
            .ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such watched folder"))
    }
}

/// Of a watched folder, only the version that settled is sent: one that was seen to differ is a failure, for the watcher to heal.
pub(crate) fn strictly(
    settled: &SourceFingerprint,
    seen: SourceFingerprint,
) -> Result<SourceFingerprint, Failure> {
    if settled.compare(&seen).is_same_file() {
        return Ok(seen);
    }
    Err(Failure::new(
        ErrorCode::FileChanged,
        format!(
            "{} bytes when it stood still, {} bytes now",
            settled.size, seen.size
        ),
    ))
}

/// Begins with all folders that are written down.
pub(crate) async fn begin(shared: &Arc<Shared>) -> Result<(), Failure> {
    for row in shared.queue.read(watched::all).await? {
        spawn(shared, row);
    }
    Ok(())
}

fn spawn(shared: &Arc<Shared>, row: FolderRow) {
    let (commands, inbox) = mpsc::channel(64);
    let live = Arc::new(Live {
        commands,
        now: Mutex::new(Now {
            pending: BTreeMap::new(),
            trouble: None,
            scanning: true,
            mode: WatchMode::Events,
            mode_because: None,
        }),
        overflows: AtomicU32::new(0),
    });
    locked(&shared.watches.live).insert(row.id, Arc::clone(&live));
    let task = folder::Task::new(Arc::clone(shared), live, row, inbox);
    shared.tasks.spawn(task.run());
}

impl Live {
    fn lost(&self, times: u32) {
        self.overflows.fetch_add(times, Ordering::Relaxed);
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Failure> {
        let ended = || Failure::new(ErrorCode::NotFound, "the folder is not watched any more");
        let (answer, wait) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| ended())?;
        wait.await.map_err(|_| ended())
    }
}
