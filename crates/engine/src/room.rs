//! Room at a destination: what is free on the disk of a folder, or left of the quota at a server. Of a bucket nobody tells.
//!
//! Nothing waits for it for long: a network drive that hangs and a server that is slow have no room to tell of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_queue::destinations::{self, DestinationKind, DestinationRow};

use crate::infos::locked;
use crate::shell::Shared;
use crate::view::Room;

/// Nobody waits longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Folders whose disks are being asked.
static ASKED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Of a destination on the list.
///
/// # Errors
/// `not_found`; errors of the queue.
pub(crate) async fn of(shared: &Shared, id: DestinationId) -> Result<Option<Room>, Failure> {
    let row = shared
        .queue
        .read(move |conn| destinations::get(conn, id))
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such destination"))?;
    Ok(at(shared, &row).await)
}

/// None where it is not known, or not in time.
pub(crate) async fn at(shared: &Shared, row: &DestinationRow) -> Option<Room> {
    let asked = async {
        match row.kind {
            DestinationKind::Folder => {
                let folder = PathBuf::from(&row.location);
                // A drive that hangs is asked by one thread, however often somebody looks.
                if !locked(&ASKED).insert(folder.clone()) {
                    return None;
                }
                let asked = tokio::task::spawn_blocking(move || {
                    let room = on_disk(&folder);
                    locked(&ASKED).remove(&folder);
                    room
                });
                asked.await.ok()?
            }
            DestinationKind::Server => of_quota(shared, row.id).await,
            DestinationKind::S3 => None,
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.ok()?
}

async fn of_quota(shared: &Shared, id: DestinationId) -> Option<Room> {
    let asked = async { shared.planes.of(id).await?.client.quota().await };
    match asked.await {
        Ok(told) => told.left().map(|free| Room {
            free,
            total: told.quota_bytes,
            quota: true,
        }),
        Err(failure) => {
            tracing::info!(%failure, "a server did not tell the quota");
            None
        }
    }
}

/// Bytes for this person where the folder is, or will be. Blocks.
fn on_disk(folder: &Path) -> Option<Room> {
    let there = folder.ancestors().find(|p| p.is_dir())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    Some(Room {
        free: stat.f_bavail.saturating_mul(stat.f_frsize),
        total: Some(stat.f_blocks.saturating_mul(stat.f_frsize)),
        quota: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_will_be_made_has_the_room_of_where_it_will_be() {
        let dir = tempfile::tempdir().expect("a folder");
        let here = on_disk(dir.path()).expect("a disk");
        assert!(here.free > 0 && Some(here.free) <= here.total);
        let later = on_disk(&dir.path().join("not/yet")).expect("a disk");
        assert_eq!(later.total, here.total);
    }
}
