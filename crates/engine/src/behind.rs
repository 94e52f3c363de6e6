//! What is done behind the uploads: what was sent is noted by the minute, receipts are made searchable, and a pause ends
//! when its time is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_queue::{acts, samples, search, spans};

use crate::clock;
use crate::infos::locked;
use crate::shell::Shared;

/// What was sent is noted so often.
const NOTE: Duration = Duration::from_secs(10);
/// Receipts of one step: the writer is busy with it for some milliseconds.
const STEP: u32 = 500;
/// Between two steps while there is more.
const BREATH: Duration = Duration::from_millis(250);
/// Looked for new receipts, and for the end of a pause, so often.
const SECOND: Duration = Duration::from_secs(1);
/// Notes between two removals of what is too old.
const PRUNE: u32 = 360;

/// What was noted of each group.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<GroupId, (u64, u64)>);

/// Runs until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut rounds = 0u32;
    let mut next = tokio::time::Instant::now() + NOTE;
    let mut wait = BREATH;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait.min(next.saturating_duration_since(tokio::time::Instant::now()))) => {}
            () = shared.stop.cancelled() => return,
        }
        crate::groups::end_pause(&shared).await;
        if tokio::time::Instant::now() >= next {
            next += NOTE;
            note(&shared).await;
            rounds = rounds.wrapping_add(1);
            if rounds % PRUNE == 1 {
                let now = clock::now();
                let pruned = shared.queue.write(move |c| {
                    samples::prune(c, now)?;
                    acts::prune(c, now)?;
                    spans::prune(c, now)
                });
                warn(pruned.await.map(drop).map_err(|e| Failure::from(&e)));
            }
        }
        let taken = shared.queue.write(|c| search::index(c, STEP)).await;
        let entered = crate::history::enter_folders(&shared).await;
        wait = match (taken, entered) {
            (Ok(n), Ok(groups)) if n >= STEP as usize || groups > 0 => BREATH,
            (Ok(_), Ok(_)) => SECOND,
            (taken, entered) => {
                warn(taken.map(drop).map_err(|e| Failure::from(&e)));
                warn(entered.map(drop));
                SECOND
            }
        };
    }
}

/// Notes what was sent since the last note.
pub(crate) async fn note(shared: &Shared) {
    let mut sums: BTreeMap<DestinationId, (u64, u64)> = BTreeMap::new();
    let mut again: BTreeMap<GroupId, u64> = BTreeMap::new();
    {
        let mut seen = locked(&shared.seen);
        for (group, sent) in shared.meter.all() {
            let before = seen.0.entry(group).or_default();
            let (bytes, lost) = (
                sent.bytes.saturating_sub(before.0),
                sent.lost.saturating_sub(before.1),
            );
            *before = (sent.bytes, sent.lost);
            if let Some(info) = shared.infos.group(group).filter(|_| bytes > 0) {
                let sum = sums.entry(info.destination).or_default();
                *sum = (sum.0 + bytes, sum.1 + lost);
                if lost > 0 {
                    again.insert(group, lost);
                }
            }
        }
    }
    if sums.is_empty() {
        return;
    }
    let now = clock::now();
    let written = shared
        .queue
        .write(move |c| {
            for (destination, (sent, lost)) in sums {
                samples::add(c, now, destination, sent, lost)?;
            }
            for (group, lost) in again {
                spans::add_sent_again(c, group, lost)?;
            }
            Ok(())
        })
        .await;
    warn(written.map_err(|e| Failure::from(&e)));
}

fn warn(done: Result<(), Failure>) {
    if let Err(failure) = done {
        tracing::warn!(error = %failure, "figures could not be noted");
    }
}
