//! Groups on their way, as a stream: how they stand, at most ten times a second, and how each ended.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use windlass_core::error::Failure;
use windlass_core::ids::GroupId;

use crate::handle::EngineHandle;
use crate::summary::GroupEnd;
use crate::view::{GroupView, Notice};

/// Events that a slow reader may be behind before the watching waits for it.
const BEHIND: usize = 64;
/// Least time between two progress events.
const EVERY: Duration = Duration::from_millis(100);

/// What a watch tells.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// How groups stand that changed since the last such event.
    Progress(Vec<GroupView>),
    /// A thing to say once.
    Notice(Notice),
    /// A group ended.
    Ended {
        /// The group.
        group: GroupId,
        /// How.
        end: GroupEnd,
    },
}

/// Watches groups until each has ended; then the channel closes, after the last view of each. An error is the last event.
///
/// # Cancel safety
/// Dropping the receiver ends the watch; the groups go on.
#[must_use]
pub fn watch(handle: &EngineHandle, groups: Vec<GroupId>) -> mpsc::Receiver<Result<WatchEvent, Failure>> {
    let (send, receive) = mpsc::channel(BEHIND);
    let handle = handle.clone();
    tokio::spawn(async move {
        if let Err(failure) = run(&handle, &groups, &send).await {
            let _ = send.send(Err(failure)).await;
        }
    });
    receive
}

type Out = mpsc::Sender<Result<WatchEvent, Failure>>;

async fn run(handle: &EngineHandle, groups: &[GroupId], send: &Out) -> Result<(), Failure> {
    let mut deltas = handle.deltas();
    tell_all(handle, groups, send).await?;
    // All have to end, so they are waited for one after another.
    for &group in groups {
        let end = {
            let ended = handle.wait_group(group);
            tokio::pin!(ended);
            loop {
                tokio::select! {
                    biased;
                    end = &mut ended => break end?,
                    () = send.closed() => return Ok(()),
                    told = told(handle, groups, send, &mut deltas) => told?,
                }
            }
        };
        let left = send.send(Ok(WatchEvent::Ended { group, end })).await.is_err();
        // The queue of a stopped engine is closed; nothing can be read from it.
        if left || end == GroupEnd::Stopped {
            return Ok(());
        }
    }
    tell_all(handle, groups, send).await
}

/// How all of them stand.
async fn tell_all(handle: &EngineHandle, groups: &[GroupId], send: &Out) -> Result<(), Failure> {
    let mut views = handle.snapshot().await?.groups;
    views.retain(|g| groups.contains(&g.id));
    if !views.is_empty() {
        // A reader that left is noticed by who calls next.
        let _ = send.send(Ok(WatchEvent::Progress(views))).await;
    }
    Ok(())
}

/// Waits for changes of these groups, and tells them.
async fn told(
    handle: &EngineHandle,
    groups: &[GroupId],
    send: &Out,
    deltas: &mut broadcast::Receiver<std::sync::Arc<crate::view::Delta>>,
) -> Result<(), Failure> {
    let delta = match deltas.recv().await {
        Ok(delta) => delta,
        Err(broadcast::error::RecvError::Lagged(_)) => {
            tokio::time::sleep(EVERY).await;
            return tell_all(handle, groups, send).await;
        }
        // The engine ends; the wait for the group says so.
        Err(broadcast::error::RecvError::Closed) => {
            std::future::pending::<()>().await;
            return Ok(());
        }
    };
    for notice in &delta.notices {
        if notice.group.is_none_or(|g| groups.contains(&g)) {
            let _ = send.send(Ok(WatchEvent::Notice(notice.clone()))).await;
        }
    }
    let views: BTreeMap<GroupId, &GroupView> = delta
        .groups
        .iter()
        .filter(|g| groups.contains(&g.id))
        .map(|g| (g.id, g))
        .collect();
    if !views.is_empty() {
        let views = views.into_values().cloned().collect();
        let _ = send.send(Ok(WatchEvent::Progress(views))).await;
    }
    Ok(())
}
