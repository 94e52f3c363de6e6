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
