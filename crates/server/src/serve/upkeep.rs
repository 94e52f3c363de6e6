//! What a server does by itself: each minute it looks after files whose client is quiet and deletes what was given up, and
//! once a day, and after a start, it cleans up. Of several replicas on one database one does each of these, by its lease;
//! when it dies the next one takes over.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use windlass_core::error::Failure;

use crate::clock::random;
use crate::service::Service;
use crate::store::lease;
use crate::text::hex;

/// Between two sweeps.
const SWEEP: Duration = Duration::from_secs(60);
/// The one who sweeps stays the one while it lives, milliseconds.
const SWEEP_LEASE_MS: i64 = 150_000;
/// Between two questions whether cleaning up is due.
const ASK: Duration = Duration::from_secs(300);
/// Between two runs, milliseconds.
const DAY_MS: i64 = 86_400_000;
/// A start cleans up unless that was done so short ago, milliseconds.
const LATELY_MS: i64 = 3_600_000;

/// Runs until the end, and gives its lease back then.
pub(super) async fn upkeep(service: Arc<Service>, stop: CancellationToken) {
    let holder = match random::<8>(service.world()) {
        Ok(bytes) => hex(&bytes),
        Err(e) => return tracing::error!(error = %e, "nobody sweeps"),
    };
    let both = async {
        tokio::join!(sweeping(&service, &holder), cleaning(&service));
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = both => {}
    }
    let name = holder.clone();
    let back = service
        .store()
        .db()
        .write(None, move |tx| lease::give_back_all(tx, &name));
    if let Err(e) = back.await {
        tracing::info!(error = %e, "the lease of the sweep runs out by itself");
    }
}

async fn sweeping(service: &Arc<Service>, holder: &str) {
    let mut tick = tokio::time::interval(SWEEP);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(e) = sweep_once(service, holder).await {
            tracing::warn!(error = %e, "the sweep could not run");
        }
    }
}

/// One sweep, by the one who has the lease.
async fn sweep_once(service: &Arc<Service>, holder: &str) -> Result<(), Failure> {
    let (name, now) = (holder.to_owned(), service.now());
    let take = service.store().db().write(None, move |tx| {
        lease::take(tx, lease::SWEEP, &name, now.plus_millis(SWEEP_LEASE_MS), now)
    });
    if take.await?.is_none() {
        return Ok(());
    }
    let settled = service.sweep_quiet().await?;
    if settled > 0 {
        tracing::info!(settled, "files were finished without their clients");
    }
    service.sweep().await
}

async fn cleaning(service: &Arc<Service>) {
    let mut tick = tokio::time::interval(ASK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ahead = DAY_MS - LATELY_MS;
    loop {
        tick.tick().await;
        match service.janitor_if_due(DAY_MS, ahead).await {
            Ok(None) => {}
            Ok(Some(report)) => {
                let (steps, abandoned) = (report.steps.len(), report.abandoned_total);
                tracing::info!(steps, abandoned, more = report.more, "cleaned up");
            }
            Err(e) => tracing::warn!(error = %e, "cleaning up could not be done"),
        }
        ahead = 0;
    }
}
