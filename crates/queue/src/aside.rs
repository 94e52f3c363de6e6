//! Sets a damaged queue aside: the file, its log and its shared memory together, under one new name beside it.
//!
//! The file goes first. A crash between the renames leaves a log without a file; [`orphan`] takes it aside at the next
//! launch, so that it is neither lost nor applied to a new file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::header::companions;

/// Moves the three away and answers with the new name of the file.
pub(crate) fn set_aside(path: &Path, now: Timestamp) -> Result<PathBuf, QueueError> {
    let target = free_name(path, now);
    for (from, to) in triple(path).into_iter().zip(triple(&target)) {
        match fs::rename(&from, &to) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(QueueError::from_io(&e, "the damaged queue can't be set aside")),
        }
    }
    Ok(target)
}

/// Where there is no file but a log with content: the rest of a queue. It is set aside like one.
pub(crate) fn orphan(path: &Path, now: Timestamp) -> Result<Option<PathBuf>, QueueError> {
    let holds_something = companions(path)
        .iter()
        .any(|c| fs::metadata(c).is_ok_and(|m| m.len() > 0));
    if holds_something {
        set_aside(path, now).map(Some)
    } else {
        Ok(None)
    }
}

fn triple(path: &Path) -> [PathBuf; 3] {
    let [log, shared] = companions(path);
    [path.to_path_buf(), log, shared]
}

/// `queue.damaged-<ms>.sqlite`, with a later number where that is taken.
fn free_name(path: &Path, now: Timestamp) -> PathBuf {
    let part = |p: Option<&std::ffi::OsStr>| p.map(|s| s.to_string_lossy().into_owned());
    let stem = part(path.file_stem()).unwrap_or_else(|| "queue".into());
    let extension = part(path.extension()).map_or_else(String::new, |e| format!(".{e}"));
    let mut ms = now.as_millis();
    loop {
        let name = path.with_file_name(format!("{stem}.damaged-{ms}{extension}"));
        if triple(&name).iter().all(|p| fs::symlink_metadata(p).is_err()) {
            return name;
        }
        ms += 1;
    }
}
