//! Empty folders: a destination that is a folder gets them too, beside the files of the group, before the group is closed. A
//! bucket has no folders; there they are kept in the receipt.

use std::path::{Component, Path, PathBuf};

use windlass_core::error::Failure;
use windlass_core::ids::GroupId;
use windlass_core::names::{checked_rel_path, decode_path_text};
use windlass_queue::destinations::DestinationKind;
use windlass_queue::{destinations, folders, receipts};

use crate::groups::path_of;
use crate::shell::Shared;

/// Receipts of one look for where the group stands there.
const LOOK: usize = 100;

/// Makes those that are not made yet. What can't be made is told in the receipt.
pub(crate) async fn make(shared: &Shared, group: GroupId) {
    if let Err(failure) = try_make(shared, group).await {
        tracing::warn!(%group, %failure, "empty folders were not made");
    }
}

async fn try_make(shared: &Shared, group: GroupId) -> Result<(), Failure> {
    let Some(info) = shared.infos.group(group) else {
        return Ok(());
    };
    let found = shared
        .queue
        .read(move |conn| {
            let wanted: Vec<String> = folders::of_group(conn, group)?
                .into_iter()
                .filter(|f| !f.made)
                .map(|f| f.rel_path)
                .collect();
            if wanted.is_empty() {
                return Ok(None);
            }
            let place = destinations::list(conn)?
                .into_iter()
                .find(|d| d.id == info.destination && d.kind == DestinationKind::Folder);
            let lines = receipts::page(conn, group, None, LOOK)?;
            let above = lines
                .iter()
                .find_map(|r| above(&r.proof.object_key, &r.rel_path).map(str::to_owned));
            Ok(place
                .zip(above)
                .map(|(place, above)| (wanted, place.location, above)))
        })
        .await?;
    let Some((wanted, location, above)) = found else {
        return Ok(());
    };
    let made = tokio::task::spawn_blocking(move || {
        let root = PathBuf::from(location);
        wanted
            .into_iter()
            .filter(|rel| make_one(&root, &above, rel))
            .collect::<Vec<_>>()
    });
    let made = made
        .await
        .map_err(|e| Failure::new(windlass_core::error::ErrorCode::Internal, e.to_string()))?;
    Ok(shared
        .queue
        .write(move |conn| folders::made(conn, group, &made))
        .await?)
}

/// What stands before the path inside the group in the key of one of its files.
fn above<'a>(key: &'a str, rel_path: &str) -> Option<&'a str> {
    match key.strip_suffix(rel_path)? {
        // A group of the name of its only folder stands there as that folder.
        "" => Some(""),
        above => above.strip_suffix('/'),
    }
}

/// Only in a destination that is there: a disk that is not plugged in gets no folders of its name.
fn make_one(root: &Path, above: &str, rel: &str) -> bool {
    let above = if above.is_empty() {
        Some(PathBuf::new())
    } else {
        plain(above)
    };
    let (Some(above), Some(rel)) = (above, plain(rel)) else {
        return false;
    };
    let group = root.join(above);
    group.is_dir() && std::fs::create_dir_all(group.join(rel)).is_ok()
}

/// A path inside a destination as the disk has it; `None` for one that leads anywhere else.
fn plain(text: &str) -> Option<PathBuf> {
    let path = path_of(&checked_rel_path(text).and_then(decode_path_text)?);
    let below = path.components().all(|part| matches!(part, Component::Normal(_)));
    below.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    //
    #[test]
    fn folders_stand_beside_the_files_of_the_group_and_nowhere_else() {
        assert_eq!(above("Shoot/a/b.txt", "a/b.txt"), Some("Shoot"));
        assert_eq!(above("Shoot (2)/b.txt", "b.txt"), Some("Shoot (2)"));
        assert_eq!(above("a/b.txt", "a/b.txt"), Some(""));
        assert_eq!(above("xa/b.txt", "a/b.txt"), None);
        let dir = tempfile::tempdir().unwrap();
        assert!(!make_one(dir.path(), "Shoot", "a/empty"), "no such group there");
        std::fs::create_dir(dir.path().join("Shoot")).unwrap();
        assert!(make_one(dir.path(), "Shoot", "a/empty") && dir.path().join("Shoot/a/empty").is_dir());
        for bad in ["../out", "/out", "a/../../out", "a/%2E%2E/%2e%2e/out"] {
            assert!(!make_one(dir.path(), "Shoot", bad), "{bad}");
        }
    }
}
