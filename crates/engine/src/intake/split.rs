//! What is more than one group should hold is taken in as several: a group for each top folder.
//!
//! One folder is opened, and what lies in it decides; of several things each folder is one. Links inside the opened folder are
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
    let opened = opened(&paths).map(|root| {
        let name = root.file_name().unwrap_or(OsStr::new(""));
        format!("{}/", encode_path_bytes(name.as_bytes()))
    });
    let shares = tokio::task::spawn_blocking(move || shares(&paths))
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?
        .map_err(|e| Failure::new(ErrorCode::ReadError, format!("the folder can't be read: {e}")))?;
    let mut made = Vec::with_capacity(shares.len());
    for share in shares {
        let name = match &share.of {
            Some(of) => format!("{whole} – {of}"),
            None => whole.clone(),
        };
        let leave = Leave {
            // In a group of its own a subfolder's path begins with its own name.
            names: match &opened {
                Some(above) => leave
                    .names
                    .iter()
                    .filter_map(|n| n.strip_prefix(above.as_str()))
                    .map(str::to_owned)
                    .collect(),
                None => leave.names.clone(),
            },
            ..leave
        };
        let one = AddPaths {
            name: Some(checked_name(&name).unwrap_or_else(|_| whole.clone())),
            paths: share.paths,
            id: None,
            ..add.clone()
        };
        made.push(add_without(shared, one, leave).await?);
    }
    Ok(made)
}

/// The folder that is opened: the only thing that was given.
fn opened(paths: &[PathBuf]) -> Option<&Path> {
    match paths {
        [one] if one.is_dir() => Some(one),
        _ => None,
    }
}

/// Blocks.
fn shares(paths: &[PathBuf]) -> std::io::Result<Vec<Share>> {
    let mut things: Vec<(PathBuf, bool)> = Vec::new();
    match opened(paths) {
        Some(root) => {
            for entry in std::fs::read_dir(root)? {
                let (entry, kind) = entry.and_then(|e| Ok((e.path(), e.file_type()?)))?;
                if !kind.is_symlink() {
                    things.push((entry, kind.is_dir()));
                }
            }
        }
        None => things.extend(paths.iter().map(|p| (p.clone(), p.is_dir()))),
    }
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
    Ok(shares)
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
            std::fs::create_dir(dir.path().join(format!("day {n:03}")))?;
        }
        std::fs::write(dir.path().join("loose.txt"), "x")?;
        std::os::unix::fs::symlink("/", dir.path().join("a link"))?;
        let shares = shares(&[dir.path().to_owned()])?;
        assert!(shares.len() <= MOST + 1, "{}", shares.len());
        assert_eq!(shares.iter().map(|s| s.paths.len()).sum::<usize>(), 251);
        assert_eq!(shares[0].of.as_deref(), Some("day 000 … day 002"));
        assert_eq!(shares.last().map(|s| s.of.is_none()), Some(true));
        Ok(())
    }
}
