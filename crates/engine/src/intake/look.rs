//! What the walk finds: everything below what was given, each with its fingerprint or the reason why it can't be taken.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::names::{checked_rel_path, encode_path_bytes};
use windlass_core::part_plan::PartPlan;
use windlass_transfer::source;

/// One thing that the walk found.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) rel_path: String,
    pub(crate) fingerprint: SourceFingerprint,
    pub(crate) refused: Option<Failure>,
}

/// Everything below the roots, in order, each with the folder from which its name counts. What was given itself may be a
/// link: the person pointed at it. Links below are not followed.
pub(crate) fn walk_roots(
    paths: &[PathBuf],
) -> impl Iterator<Item = (walkdir::Result<walkdir::DirEntry>, PathBuf)> + '_ {
    paths.iter().flat_map(|root| {
        let parent = root.parent().unwrap_or(Path::new("")).to_owned();
        WalkDir::new(root)
            .follow_links(false)
            .follow_root_links(true)
            .sort_by_file_name()
            .into_iter()
            .map(move |entry| (entry, parent.clone()))
    })
}

/// How much one gesture may bring: so many files, and no more folders on the way to them.
pub(crate) struct Room {
    files: usize,
    folders: usize,
}

impl Room {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            files: most,
            folders: most,
        }
    }

    /// Takes what the walk found next; false when there is no room for it.
    pub(crate) fn takes(&mut self, entry: &walkdir::Result<walkdir::DirEntry>) -> bool {
        let is_folder = entry.as_ref().is_ok_and(|e| e.file_type().is_dir());
        let left = if is_folder {
            &mut self.folders
        } else {
            &mut self.files
        };
        let takes = *left > 0;
        *left = left.saturating_sub(1);
        takes
    }
}

pub(crate) fn found(entry: walkdir::Result<walkdir::DirEntry>, parent: &Path) -> Option<Found> {
    let rel =
        |path: &Path| encode_path_bytes(path.strip_prefix(parent).unwrap_or(path).as_os_str().as_bytes());
    let refuse = |path: &Path, failure: Failure| Found {
        path: path.to_owned(),
        rel_path: rel(path),
        fingerprint: SourceFingerprint::NOTHING,
        refused: Some(failure),
    };
    let entry = match entry {
        Ok(entry) => entry,
        Err(e) => {
            let path = e.path().map_or_else(|| parent.to_owned(), Path::to_owned);
            let failure = match (e.loop_ancestor(), e.io_error()) {
                (Some(_), _) => Failure::new(
                    ErrorCode::NotRegularFile,
                    "the link leads back to a folder above it",
                ),
                (None, Some(io)) => source::source_failure(io, &path, None),
                (None, None) => Failure::new(ErrorCode::ReadError, e.to_string()),
            };
            return Some(refuse(&path, failure));
        }
    };
    let kind = entry.file_type();
    if kind.is_dir() {
        return None;
    }
    let path = entry.path();
    if kind.is_symlink() && entry.depth() > 0 {
        return Some(refuse(
            path,
            Failure::new(
                ErrorCode::NotRegularFile,
                "a link; links inside a folder are not followed",
            ),
        ));
    }
    // A root that is a link is looked at through the link.
    let meta = if entry.depth() == 0 {
        std::fs::metadata(path)
    } else {
        entry.metadata().map_err(Into::into)
    };
    match meta {
        Err(e) => Some(refuse(path, source::source_failure(&e, path, None))),
        Ok(meta) if meta.is_dir() => None,
        Ok(meta) if !meta.is_file() => Some(refuse(
            path,
            Failure::new(ErrorCode::NotRegularFile, "a pipe, a socket or a device"),
        )),
        Ok(meta) => {
            let fingerprint = source::fingerprint(&meta);
            let rel_path = rel(path);
            let refused = if checked_rel_path(&rel_path).is_none() {
                Some(Failure::new(ErrorCode::NameInvalid, rel_path.clone()))
            } else {
                PartPlan::new(fingerprint.size)
                    .err()
                    .map(|e| Failure::new(ErrorCode::TooLarge, e.to_string()))
            };
            Some(Found {
                path: path.to_owned(),
                rel_path,
                fingerprint,
                refused,
            })
        }
    }
}

/// Tells folders in which nothing was: a walk that goes from one to anything else than its content has left it empty.
#[derive(Default)]
pub(super) struct EmptyFolders {
    last: Option<(PathBuf, String)>,
}

impl EmptyFolders {
    /// Takes what the walk found next; answers with the folder that it left empty, as a path inside the group.
    pub(super) fn next(
        &mut self,
        entry: &walkdir::Result<walkdir::DirEntry>,
        parent: &Path,
    ) -> Option<String> {
        let last = self.last.take();
        let (path, is_dir) = match entry {
            Ok(entry) => (Some(entry.path()), entry.file_type().is_dir()),
            Err(e) => (e.path(), false),
        };
        if let (Some(path), true) = (path, is_dir) {
            let rel = encode_path_bytes(path.strip_prefix(parent).unwrap_or(path).as_os_str().as_bytes());
            self.last = checked_rel_path(&rel).is_some().then(|| (path.to_owned(), rel));
        }
        // What can't be looked into is told for itself, and is not known to be empty.
        let is_of = |last: &Path| path.is_some_and(|p| p == last || p.parent() == Some(last));
        last.filter(|(last, _)| !is_of(last)).map(|(_, rel)| rel)
    }

    /// The walk is over.
    pub(super) fn end(self) -> Option<String> {
        self.last.map(|(_, rel)| rel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A-1, I34
    #[test]
    fn regression_folders_take_no_room_from_files() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        for name in ["a", "b", "c"] {
            std::fs::create_dir(dir.path().join(name))?;
            std::fs::write(dir.path().join(name).join("file"), name)?;
        }
        let taken = |most| {
            let mut room = Room::new(most);
            let roots = [dir.path().to_owned()];
            walk_roots(&roots)
                .take_while(|(entry, _)| room.takes(entry))
                .filter_map(|(entry, parent)| found(entry, &parent))
                .count()
        };
        // Four folders, three files: folders have as much room of their own.
        assert_eq!((taken(4), taken(2)), (3, 1));
        Ok(())
    }
}
