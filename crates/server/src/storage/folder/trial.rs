//! Trying a folder before it becomes a destination: each step that an upload needs, on a file of its own that is removed.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::filesystems::largest_on;
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::{Check, CheckStep, StepOutcome};

use super::root::{Ground, Root, ground};
use crate::failure::folder_failure;

/// Less free space than this is worth a warning.
const LITTLE_SPACE: u64 = 1 << 30;

/// How the folder is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not saved: it may be new or made later.
    New,
    /// Saved: it must be there, with its mark.
    Known(DestinationId),
}

/// Steps as they are taken.
#[derive(Default)]
pub struct Steps(Vec<CheckStep>);

impl Steps {
    /// A step that went well.
    pub fn fine(&mut self, step: &str, detail: impl Into<String>) {
        self.push(step, StepOutcome::Ok, detail.into(), None);
    }

    /// A step that went well, with something to know.
    pub fn warn(&mut self, step: &str, detail: impl Into<String>, code: Option<ErrorCode>) {
        self.push(step, StepOutcome::Warning, detail.into(), code);
    }

    /// The step that failed.
    pub fn fail(&mut self, step: &str, failure: &Failure) {
        self.push(
            step,
            StepOutcome::Failed,
            failure.detail.clone(),
            Some(failure.code),
        );
    }

    fn push(&mut self, step: &str, outcome: StepOutcome, detail: String, code: Option<ErrorCode>) {
        self.0.push(CheckStep {
            step: step.to_owned(),
            outcome,
            detail,
            code,
        });
    }

    /// The answer.
    #[must_use]
    pub fn check(self) -> Check {
        Check {
            ok: self.0.iter().all(|s| s.outcome != StepOutcome::Failed),
            steps: self.0,
        }
    }
}

/// Tries a folder. Blocks. `random` makes the names of its files its own.
#[must_use]
pub fn try_folder(path: &Path, standing: Standing, random: u64) -> Check {
    let mut steps = Steps::default();
    if let Err((step, failure)) = run(path, standing, random, &mut steps) {
        steps.fail(step, &failure);
    }
    steps.check()
}

fn run(
    path: &Path,
    standing: Standing,
    random: u64,
    steps: &mut Steps,
) -> Result<(), (&'static str, Failure)> {
    let found = ground(path).map_err(|e| ("reachable", e))?;
    if let Standing::Known(id) = standing {
        Root::open(path, id).map_err(|e| ("reachable", e))?;
    }
    // The folder itself, or the one that it will be made in.
    let at = match found {
        Ground::There => {
            steps.fine("reachable", "the folder is there");
            path
        }
        Ground::CanBeMade => {
            steps.fine("reachable", "the folder will be made");
            path.parent().unwrap_or(path)
        }
    };
    let first = at.join(format!(".windlass-test-{random:016x}.partial"));
    let last = at.join(format!(".windlass-test-{random:016x}"));
    let tried = write_and_rename(&first, &last, steps);
    let removed = [&first, &last]
        .into_iter()
        .filter(|p| p.exists())
        .try_for_each(fs::remove_file);
    tried?;
    removed.map_err(|e| ("remove", folder_failure("the test file can't be removed", e)))?;
    steps.fine("remove", "removed");
    space(at, steps)?;
    same_disk(at, steps);
    largest(at, steps);
    steps.fine("checksums", "crc64nvme");
    Ok(())
}

fn write_and_rename(first: &Path, last: &Path, steps: &mut Steps) -> Result<(), (&'static str, Failure)> {
    const BYTES: &[u8] = b"windlass writes, renames, reads and removes this file to test the folder\n";
    let failed = |step: &'static str, what: &str, e| (step, folder_failure(what, e));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(first)
        .map_err(|e| failed("create", "no file can be made there", e))?;
    steps.fine("create", "a file was made");
    file.write_all(BYTES)
        .and_then(|()| file.sync_all())
        .map_err(|e| failed("write", "a file can't be written there", e))?;
    steps.fine("write", format!("{} bytes", BYTES.len()));
    fs::rename(first, last).map_err(|e| failed("complete", "a file can't be renamed there", e))?;
    steps.fine("complete", "renamed");
    let mut back = Vec::new();
    File::open(last)
        .and_then(|mut f| f.read_to_end(&mut back))
        .map_err(|e| failed("read_back", "the file can't be read back", e))?;
    if back != BYTES {
        let differs = Failure::new(
            ErrorCode::VerifyMismatch,
            "other bytes came back than were written",
        );
        return Err(("read_back", differs));
    }
    steps.fine("read_back", "the same bytes");
    Ok(())
}

/// A disk that holds no large files, by how it is formatted.
fn largest(at: &Path, steps: &mut Steps) {
    if let Some(most) = rustix::fs::statfs(at).ok().and_then(|fs| largest_on(fs.f_type)) {
        steps.warn("largest_file", most.to_string(), None);
    }
}

fn space(at: &Path, steps: &mut Steps) -> Result<(), (&'static str, Failure)> {
    let fs = rustix::fs::statvfs(at)
        .map_err(|e| ("free_space", folder_failure("free space can't be read", e.into())))?;
    let free = fs.f_bavail.saturating_mul(fs.f_frsize);
    if free < LITTLE_SPACE {
        steps.warn("free_space", free.to_string(), Some(ErrorCode::StorageFull));
    } else {
        steps.fine("free_space", free.to_string());
    }
    Ok(())
}

/// A copy on the disk of the originals is lost with them.
fn same_disk(at: &Path, steps: &mut Steps) {
    let home = std::env::var_os("HOME").and_then(|home| fs::metadata(home).ok());
    match (home, fs::metadata(at)) {
        (Some(home), Ok(there)) if home.dev() == there.dev() => {
            steps.warn("same_disk", "on the same disk as the home folder", None);
        }
        _ => steps.fine("same_disk", "on another disk than the home folder"),
    }
}
