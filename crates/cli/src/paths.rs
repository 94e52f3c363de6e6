//! Paths as typed become absolute paths that are there.

use std::io;
use std::path::{Component, Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::names::{encode_path_bytes, shown};

use crate::report::Failed;

/// What was typed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Absolute, and there (or at least not known to be missing).
    pub there: Vec<PathBuf>,
    /// Not there.
    pub missing: Vec<Failed>,
}

/// Looks at each path. One that is not there is told at once and not queued: most likely it was mistyped.
///
/// # Errors
/// When the folder in which the command was typed is gone.
pub fn look(typed: &[PathBuf]) -> Result<Given, Failure> {
    let mut given = Given::default();
    for path in typed {
        let absolute = match absolute(path) {
            Ok(absolute) => absolute,
            Err(e) if is_missing(&e) => {
                given.missing.push(missing(path, &e));
                continue;
            }
            Err(e) => return Err(Failure::new(ErrorCode::ReadError, format!("{}: {e}", text(path)))),
        };
        match std::fs::symlink_metadata(&absolute) {
            Err(e) if is_missing(&e) => given.missing.push(missing(path, &e)),
            // Whatever else is wrong with it gets a row in the queue, with its reason.
            Ok(_) | Err(_) => given.there.push(absolute),
        }
    }
    Ok(given)
}

/// A path as text that can be shown.
#[must_use]
pub fn text(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    shown(&encode_path_bytes(path.as_os_str().as_bytes()))
}

fn missing(path: &Path, e: &io::Error) -> Failed {
    Failed {
        path: text(path),
        code: ErrorCode::FileMissing,
        detail: e.to_string(),
    }
}

fn is_missing(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput
    )
}

/// Absolute, without `.`, `..` and a slash at the end. Only a path with `..` has its links resolved, for `..` means the
/// folder above the link's target; the last part stays as it was typed.
fn absolute(path: &Path) -> io::Result<PathBuf> {
    let absolute: PathBuf = std::path::absolute(path)?.components().collect();
    if !absolute.components().any(|c| c == Component::ParentDir) {
        return Ok(absolute);
    }
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => Ok(parent.canonicalize()?.join(name)),
        _ => absolute.canonicalize(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f101_a_missing_path_is_told_and_the_others_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path().canonicalize().unwrap();
        std::fs::write(here.join("a"), "a").unwrap();
        std::os::unix::fs::symlink("nowhere", here.join("link")).unwrap();
        let given = look(&[
            here.join("a/"),
            here.join("gone"),
            here.join("a/b"),
            here.join("link"),
            "".into(),
        ])
        .unwrap();
        assert_eq!(given.there, [here.join("a"), here.join("link")]);
        let missing: Vec<_> = given.missing.iter().map(|f| f.code).collect();
        assert_eq!(missing, [ErrorCode::FileMissing; 3]);
    }

    #[test]
    fn dots_are_resolved_and_the_last_name_stays() {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(here.join("x/y")).unwrap();
        std::os::unix::fs::symlink(here.join("x/y"), here.join("link")).unwrap();
        // Above the link is where it leads, not where it stands.
        assert_eq!(absolute(&here.join("link/..")).unwrap(), here.join("x"));
        assert_eq!(absolute(&here.join("link/../y")).unwrap(), here.join("x/y"));
        assert_eq!(absolute(&here.join("x/../link")).unwrap(), here.join("link"));
        assert_eq!(absolute(&here.join("./x/.")).unwrap(), here.join("x"));
    }
}
