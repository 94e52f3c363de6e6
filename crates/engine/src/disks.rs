//! Disks that come and go. While a file waits for its disk, the system's list of mounts is looked at each moment; when it is
//! another one, the machine looks at what waits (F17). Where the system has no such list, the waits of the machine do it.

use std::sync::Arc;
use std::time::Duration;

use windlass_core::machine::{Event, Machine};

use crate::shell::Shared;

/// Between two looks: what a person who connects a disk takes for at once.
const LOOK: Duration = Duration::from_secs(2);

/// Looks until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut known = mounts().await;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = shared.stop.cancelled() => return,
        }
        if shared.inspect(Machine::waits_for_a_disk).await != Some(true) {
            continue;
        }
        let now = mounts().await;
        if now != known {
            known = now;
            tracing::info!("disks came or went");
            shared.event(Event::DisksChanged).await;
        }
    }
}

/// The system's list of what is mounted where; empty where there is none.
async fn mounts() -> Vec<u8> {
    tokio::fs::read("/proc/self/mountinfo").await.unwrap_or_default()
}
