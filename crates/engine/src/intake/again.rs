//! The originals of a group once more.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::names::encode_path_bytes;
use windlass_queue::{destinations, files, groups, history, receipts};

use super::{BATCH, add};
use crate::handle::{AddPaths, Origin};
use crate::shell::Shared;

/// Takes the originals of a group in once more, as a new group of the same name: what was dropped then, as it is now.
pub(crate) async fn again(shared: &Arc<Shared>, group: GroupId) -> Result<GroupId, Failure> {
    let (name, origin, destination, paths) = shared
        .queue
        .read(move |conn| {
            let row = groups::get(conn, group)?;
            let ended = history::get(conn, group)?;
            let name = row
                .as_ref()
                .map(|r| r.name.clone())
                .or(ended.as_ref().map(|h| h.name.clone()));
            let place = row.map(|r| r.record.destination).or(ended.map(|h| h.destination));
            let mut paths = BTreeSet::new();
            let mut next = 0;
            loop {
                let rows = files::page(conn, group, next, BATCH, &[])?;
                let Some(last) = rows.last() else { break };
                next = last.position.unsigned_abs() + 1;
                paths.extend(rows.iter().map(|r| root_of(&r.path, &r.rel_path)));
            }
            for line in receipts::of_group(conn, group)? {
                paths.insert(root_of(&line.path, &line.rel_path));
            }
            let known = destinations::list(conn)?;
            let place = place.filter(|p| known.iter().any(|d| d.id == *p));
            Ok((name, Origin::Dialog, place, paths))
        })
        .await?;
    if paths.is_empty() {
        return Err(Failure::new(
            ErrorCode::NotFound,
            "its files are not known any more",
        ));
    }
    add(
        shared,
        AddPaths {
            paths: paths.into_iter().collect(),
            id: None,
            paused: false,
            group: None,
            name,
            destination,
            origin,
        },
    )
    .await
}

/// What was given for a file to come in: the folder in which its path inside the group begins, or the file itself.
fn root_of(path: &[u8], rel_path: &str) -> PathBuf {
    let whole = crate::groups::path_of(path);
    let below = rel_path.matches('/').count();
    let mut root = whole.as_path();
    for _ in 0..below {
        match root.parent() {
            Some(parent) => root = parent,
            None => return whole.clone(),
        }
    }
    // A file that came under another name (two of one name) is itself what was given, unless its folder is.
    let first = rel_path.split('/').next().unwrap_or(rel_path);
    let named = root
        .file_name()
        .is_some_and(|n| encode_path_bytes(n.as_bytes()) == first);
    if below == 0 || named {
        root.to_owned()
    } else {
        whole.clone()
    }
}
