//! What destinations take, as their control planes told it last.
//!
//! The queue keeps it beside the destination, so that a look and an intake decide without a network. It is asked again when
//! one of them begins, and when a destination is added, changed or checked; without an answer in time what was told
//! last holds. The ledger has the last word: what passes here and not there is refused when it is announced.

use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass_core::accepts::{Accepts, Refused};
use windlass_core::error::Failure;
use windlass_core::filesystems::largest_on;
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::{Destination, DestinationConfig};
use windlass_queue::destinations;

use crate::shell::Shared;

/// Nobody waits longer for an answer: a look and an intake begin with what is known.
const PATIENCE: Duration = Duration::from_secs(2);
/// What the engine says of a file whose name tells no type.
const UNTYPED: &str = "application/octet-stream";

/// Why a destination does not take a file of this name and size.
pub(crate) fn refuses(accepts: &Accepts, path: &Path, rel_path: &str, size: u64) -> Option<Refused> {
    let mime = mime_guess::from_path(path).first_raw().unwrap_or(UNTYPED);
    accepts.refuses(rel_path, size, mime)
}

/// What a destination takes, asked anew where that goes at once.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn of(shared: &Shared, id: DestinationId) -> Result<Accepts, Failure> {
    match tokio::time::timeout(PATIENCE, ask(shared, id)).await {
        Ok(Ok(Some(told))) => learn(shared, id, &told).await?,
        Ok(Ok(None)) => {}
        Ok(Err(failure)) => {
            tracing::info!(%failure, "what a destination takes is not told; the last word holds");
        }
        Err(_) => tracing::info!("what a destination takes is not told in time; the last word holds"),
    }
    let row = shared.queue.read(move |conn| destinations::get(conn, id)).await?;
    Ok(row.map(|d| d.accepts).unwrap_or_default())
}

/// Asks the control plane. None: it does not know the destination.
async fn ask(shared: &Shared, id: DestinationId) -> Result<Option<Destination>, Failure> {
    let plane = shared.planes.of(id).await?;
    let all = plane.client.destinations().await?;
    Ok(all.into_iter().find(|d| d.id == plane.destination))
}

/// Notes what a control plane told of a destination.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn learn(shared: &Shared, id: DestinationId, told: &Destination) -> Result<(), Failure> {
    let accepts = with_nature(shared, told, id).await;
    let is_new = shared
        .queue
        .write(move |conn| destinations::set_accepts(conn, id, &accepts))
        .await?;
    if is_new {
        shared.deltas.destinations_changed();
    }
    Ok(())
}

/// As it was told, and no larger than the disk holds where the folder is on this computer.
async fn with_nature(shared: &Shared, told: &Destination, id: DestinationId) -> Accepts {
    match &told.config {
        DestinationConfig::Folder { path } if shared.planes.server(id).is_none() => {
            told.accepts().at_most(natural(PathBuf::from(path)).await)
        }
        DestinationConfig::Folder { .. } | DestinationConfig::S3 { .. } => told.accepts(),
    }
}

/// The largest file that the disk under a folder holds.
async fn natural(folder: PathBuf) -> Option<u64> {
    let look = tokio::task::spawn_blocking(move || {
        let there = folder.ancestors().find(|p| p.is_dir())?;
        largest_on(rustix::fs::statfs(there).ok()?.f_type)
    });
    tokio::time::timeout(PATIENCE, look).await.ok()?.ok()?
}
