//! What is more than one group should hold is taken in as several: a group for each top folder.
//!
//! One folder is opened, and on while it holds but one folder, and what lies in it decides; of several things each folder is one. Links inside the opened folder are
//! not followed, as everywhere: they go with none of the groups.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::names::{encode_path_bytes, shown};

use super::{add_without, name_of};
use crate::groups::checked_name;
use crate::handle::{AddPaths, Leave};
use crate::shell::Shared;

/// So many groups at most: beyond that, neighbouring folders share one.
const MOST: usize = 100;

/// What becomes one group.
#[derive(Debug, PartialEq, Eq)]
struct Share {
    /// What it is named after, besides the whole.
    of: Option<String>,
    paths: Vec<PathBuf>,
}

/// Takes things in as several new groups, in the order of their names.
///
/// # Errors
/// `bad_request` for a group that is there; as the disk answers; as [`add_without`].
pub(crate) async fn add_split(
    shared: &Arc<Shared>,
    add: AddPaths,
    leave: Leave,
) -> Result<Vec<GroupId>, Failure> {
    if add.group.is_some() {
        return Err(Failure::new(
            ErrorCode::BadRequest,
            "a group that is there stays one",
        ));
    }
    let paths = add.paths.clone();
    let whole = add.name.clone().unwrap_or_else(|| name_of(&paths));
    let (shares, opened) = tokio::task::spawn_blocking(move || shares(&paths))
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?
        .map_err(|e| Failure::new(ErrorCode::ReadError, format!("the folder can't be read: {e}")))?;
    let mut made = Vec::with_capacity(shares.len());
    for share in shares {
        let name = match &share.of {
            Some(of) => format!("{whole} – {of}"),
            None => whole.clone(),
        };
        // In a group of its own a subfolder's path begins with its own name.
        let above = opened.as_deref().unwrap_or_default();
        let inside = |name: &String| name.strip_prefix(above).map(str::to_owned);
        let leave = Leave {
            names: leave.names.iter().filter_map(inside).collect(),
            there: leave
                .there
                .iter()
                .filter_map(|(name, version)| Some((inside(name)?, *version)))
                .collect(),
            ..leave
        };
        let one = AddPaths {
            name: Some(checked_name(&name).unwrap_or_else(|_| whole.clone())),
            paths: share.paths,
            id: None,
            ..add.clone()
        };
        match add_without(shared, one, leave).await {
            Ok(id) => made.push(id),
            Err(failure) if made.is_empty() => return Err(failure),
            // Those that go are no reason to give them once more: what did not come is told beside them.
            Err(failure) => {
                shared.deltas.notice(failure, made.last().copied());
                break;
            }
        }
    }
    Ok(made)
}

/// The folder that is opened: the only thing that was given, and on while it holds but one folder. And what stands before the
/// paths of what lies in it, as the look told them. Blocks.
fn opened(paths: &[PathBuf]) -> std::io::Result<Option<(PathBuf, String)>> {
    let [one] = paths else { return Ok(None) };
    if !one.is_dir() {
        return Ok(None);
    }
    let (mut root, mut above) = (one.clone(), String::new());
    loop {
        let name = root.file_name().unwrap_or(OsStr::new(""));
        above.push_str(&encode_path_bytes(name.as_bytes()));
        above.push('/');
        match things_in(&root)?.as_slice() {
            [(only, true)] => root.clone_from(only),
            _ => return Ok(Some((root, above))),
        }
    }
}

/// What lies in a folder, and whether it is one. Without links.
fn things_in(folder: &Path) -> std::io::Result<Vec<(PathBuf, bool)>> {
    let mut things = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let (entry, kind) = entry.and_then(|e| Ok((e.path(), e.file_type()?)))?;
        if !kind.is_symlink() {
            things.push((entry, kind.is_dir()));
        }
    }
    Ok(things)
}

/// The groups, and what stands before their paths in the look. Blocks.
fn shares(paths: &[PathBuf]) -> std::io::Result<(Vec<Share>, Option<String>)> {
    let opened = opened(paths)?;
    let mut things = match &opened {
        Some((root, _)) => things_in(root)?,
        None => paths.iter().map(|p| (p.clone(), p.is_dir())).collect(),
    };
    things.sort();
    let (folders, files): (Vec<_>, Vec<_>) = things.into_iter().partition(|(_, is_dir)| *is_dir);
    let folders: Vec<PathBuf> = folders.into_iter().map(|(path, _)| path).collect();
    let mut shares: Vec<Share> = folders
        .chunks(folders.len().div_ceil(MOST).max(1))
        .map(|some| Share {
            of: Some(named(some)),
            paths: some.to_vec(),
        })
        .collect();
    if !files.is_empty() {
        shares.push(Share {
            of: None,
            paths: files.into_iter().map(|(path, _)| path).collect(),
        });
    }
    Ok((shares, opened.map(|(_, above)| above)))
}

/// One folder, or the first and the last of several.
fn named(folders: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        shown(&encode_path_bytes(name.as_bytes()))
    };
    match folders {
        [] => String::new(),
        [one] => name(one),
        [first, .., last] => format!("{} … {}", name(first), name(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_folders_than_groups_share_them_and_none_is_lost() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        for n in 0..250 {
            std::fs::create_dir_all(dir.path().join(format!("only/this/day {n:03}")))?;
        }
        std::fs::write(dir.path().join("only/this/loose.txt"), "x")?;
        std::os::unix::fs::symlink("/", dir.path().join("only/this/a link"))?;
        let (shares, above) = shares(&[dir.path().join("only")])?;
        assert_eq!(above.as_deref(), Some("only/this/"));
        assert!(shares.len() <= MOST + 1, "{}", shares.len());
        assert_eq!(shares.iter().map(|s| s.paths.len()).sum::<usize>(), 251);
        assert_eq!(shares[0].of.as_deref(), Some("day 000 … day 002"));
        assert_eq!(shares.last().map(|s| s.of.is_none()), Some(true));
        Ok(())
    }
}
