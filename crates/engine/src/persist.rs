//! The lane to the queue: what the machine wants written, in order, many effects in one commit.
//!
//! A disk that is full or that fails holds the lane, not the changes: they stay in memory and are tried again until they
//! are written; meanwhile the machine is told to begin nothing new (F22, F23). A change whose expected state was not met is
//! answered with `Stale`: the row is the truth.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use windlass_core::error::Failure;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::records::Change;
use windlass_core::machine::{Effect, Event};
use windlass_core::states::BlockedReason;
use windlass_queue::changes::{self, Applied};
use windlass_queue::hash_cache::CachedHash;
use windlass_queue::{QueueError, files, hash_cache};

use crate::clock;
use crate::infos::locked;
use crate::shell::{Message, Shared};

/// Most changes of one commit.
const BATCH: usize = 2_000;
/// How soon a write that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Job {
    changes: Vec<Change>,
    then: Vec<Effect>,
    touched: Touched,
}

/// Whose cards show something else after a write.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) groups: BTreeSet<GroupId>,
    /// Files that are not in memory, as those of a paused group: the queue knows their groups.
    pub(crate) strangers: Vec<FileId>,
}

/// The lane's entrance.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    waiting: Mutex<Vec<Job>>,
    filled: Notify,
    emptied: Notify,
}

impl Lane {
    /// Puts changes on the lane. Never waits: what may be on it is bounded by the machine's own limits.
    pub(crate) fn push(&self, changes: Vec<Change>, then: Vec<Effect>, touched: Touched) {
        locked(&self.waiting).push(Job {
            changes,
            then,
            touched,
        });
        self.filled.notify_one();
    }

    fn take(&self) -> Vec<Job> {
        let mut waiting = locked(&self.waiting);
        let mut changes = 0;
        let upto = waiting.iter().take_while(|j| {
            let fits = changes < BATCH;
            changes += j.changes.len();
            fits
        });
        let upto = upto.count();
        waiting.drain(..upto).collect()
    }

    /// Waits until everything so far is written.
    pub(crate) async fn drained(&self) {
        loop {
            let emptied = self.emptied.notified();
            if locked(&self.waiting).is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

/// Writes until the engine stops and the lane is empty.
pub(crate) async fn run(shared: Arc<Shared>) {
    loop {
        let jobs = shared.lane.take();
        if jobs.is_empty() {
            shared.lane.emptied.notify_waiters();
            if shared.stop.is_cancelled() {
                return;
            }
            tokio::select! {
                () = shared.lane.filled.notified() => {}
                () = shared.stop.cancelled() => {}
            }
            continue;
        }
        write_jobs(&shared, jobs).await;
    }
}

/// The cards of what was written are made anew.
async fn stir(shared: &Shared, touched: Touched) {
    let Touched {
        mut groups,
        strangers,
    } = touched;
    if !strangers.is_empty() {
        let found = shared
            .queue
            .read(move |conn| {
                strangers
                    .iter()
                    .map(|file| files::group_of(conn, *file))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await;
        match found {
            Ok(found) => groups.extend(found.into_iter().flatten()),
            Err(e) => tracing::warn!(error = %Failure::from(&e), "a card may tell of what was"),
        }
    }
    shared.deltas.stir_all(groups);
}

async fn write_jobs(shared: &Arc<Shared>, jobs: Vec<Job>) {
    let all: Vec<Change> = jobs.iter().flat_map(|j| j.changes.iter().cloned()).collect();
    match write(shared, all).await {
        Ok(()) => {
            for job in jobs {
                stir(shared, job.touched).await;
                then(shared, job.then).await;
            }
        }
        // Something in the batch is refused by the database itself: each job alone shows which.
        Err(_) => {
            for job in jobs {
                let files: Vec<_> = job.changes.iter().filter_map(Change::file).collect();
                match write(shared, job.changes).await {
                    Ok(()) => {
                        stir(shared, job.touched).await;
                        then(shared, job.then).await;
                    }
                    Err(e) => {
                        tracing::error!(error = %e, "a change was refused; its rows are read again");
                        for file in files {
                            shared.event(Event::Stale { file }).await;
                        }
                    }
                }
            }
        }
    }
}

async fn then(shared: &Shared, effects: Vec<Effect>) {
    if !effects.is_empty() {
        let _ = shared.messages.send(Message::Effects(effects)).await;
    }
}

/// Writes; where the disk is the matter, again and again until it is done. `Err` is a refusal by the database.
async fn write(shared: &Arc<Shared>, all: Vec<Change>) -> Result<(), QueueError> {
    if all.is_empty() {
        return Ok(());
    }
    let all = Arc::new(all);
    let mut blocked = false;
    loop {
        let batch = Arc::clone(&all);
        let facts = Arc::clone(shared);
        let result = shared
            .queue
            .write(move |conn| {
                let applied = changes::apply(conn, &batch)?;
                remember_hashes(conn, &facts, &batch)?;
                Ok(applied)
            })
            .await;
        match result {
            Ok(applied) => {
                if blocked {
                    shared.event(Event::QueueBlocked(None)).await;
                    shared.deltas.around_changed();
                }
                told(shared, &all, &applied).await;
                return Ok(());
            }
            Err(e) => {
                let failure = Failure::from(&e);
                let refused = matches!(
                    e,
                    QueueError::Refused(_) | QueueError::Stored(_) | QueueError::Closed
                );
                if refused || (shared.stop.is_cancelled() && blocked) {
                    return Err(e);
                }
                if !blocked {
                    tracing::error!(error = %failure, "the queue can't be written; trying again");
                    blocked = true;
                    shared
                        .event(Event::QueueBlocked(Some(BlockedReason::QueueDiskFull)))
                        .await;
                    shared.deltas.around_changed();
                    shared.deltas.notice(failure, None);
                }
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    () = shared.stop.cancelled() => {}
                }
            }
        }
    }
}

/// A hash that one settled read found is remembered by the fingerprint, so that the same file is not read for it again.
fn remember_hashes(
    conn: &windlass_queue::Connection,
    shared: &Shared,
    batch: &[Change],
) -> Result<(), QueueError> {
    let mut known = Vec::new();
    for change in batch {
        if let Change::FileHashed { id, sha256 } = change
            && let Some(info) = shared.infos.file(*id)
            && info.hash_may_be_cached()
        {
            known.push((
                info.fingerprint,
                CachedHash {
                    sha256: *sha256,
                    crc64: None,
                },
            ));
        }
    }
    if known.is_empty() {
        Ok(())
    } else {
        hash_cache::put(conn, &known, clock::now())
    }
}

async fn told(shared: &Shared, all: &[Change], applied: &[Applied]) {
    for (change, applied) in all.iter().zip(applied) {
        if !matches!(applied, Applied::Stale { .. }) {
            shared.lines.change(change);
            if matches!(change, Change::FileDone { .. }) && shared.planes.has_servers() {
                shared.arrived.notify_one();
            }
        }
        if let Applied::Stale { actual } = applied {
            tracing::warn!(?change, ?actual, "the row was not as expected");
            if let Some(file) = change.file() {
                shared.event(Event::Stale { file }).await;
            }
        }
    }
}
