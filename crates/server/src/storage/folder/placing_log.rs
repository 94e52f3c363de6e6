//! The record of what is about to get its name: after kill -9 it tells whether a file that stands under the name is ours.
//!
//! One record an object about to be renamed, its id and inode, appended before the rename; a record that was cut counts as
//! not written. Once the ledger knows what became of an object its record counts no more. A log of which nothing counts is
//! removed; where uploads never pause, one that is mostly done with is written anew under the next number, so that it
//! stays small and the next launch reads all of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, OFlags};
use windlass_core::ids::ObjectId;

use super::root::Root;
use crate::text::hex;

/// Bytes of a record: id, inode.
const RECORD: usize = 24;
/// Name of the logs; the launch and a number are in between.
const NAME: (&str, &str) = ("placing-", ".log");
/// Records of a log that is not looked at yet for being mostly done with: half a mebibyte.
const SMALL: usize = (512 << 10) / RECORD;
/// Most bytes that are read of an earlier launch's log.
const MOST: u64 = 64 << 20;

/// Which files are about to get their names.
pub(crate) struct PlacingLog {
    launch: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    log: Option<Log>,
    /// Numbers given to logs of this launch.
    logs: u64,
    ours: BTreeMap<ObjectId, u64>,
    earlier: Option<BTreeMap<ObjectId, u64>>,
}

/// A log that is written to.
struct Log {
    file: File,
    name: String,
    records: usize,
}

impl PlacingLog {
    pub(crate) fn new(launch: &[u8; 8]) -> Self {
        Self {
            launch: hex(launch),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes records, before the names are given.
    ///
    /// # Errors
    /// As the disk answers; no name may be given then.
    pub(crate) fn note(&self, root: &Root, about: &[(ObjectId, u64)]) -> std::io::Result<()> {
        let mut state = self.state();
        let State { log, logs, ours, .. } = &mut *state;
        ours.extend(about.iter().copied());
        match log {
            Some(log) if log.records < SMALL || log.records / 2 < ours.len() => {
                if let Err(e) = log.file.write_all(&records(about.iter().copied())) {
                    // A record may be cut: what came after it would not be understood.
                    log.records = usize::MAX;
                    return Err(e);
                }
                log.records += about.len();
            }
            _ => {
                *logs += 1;
                let name = format!("{}{}-{logs}{}", NAME.0, self.launch, NAME.1);
                let mut file = root.open_work(&name, OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND)?;
                let written = records(ours.iter().map(|(id, inode)| (*id, *inode)));
                if let Err(e) = file.write_all(&written) {
                    remove(root, &name);
                    return Err(e);
                }
                let records = ours.len();
                if let Some(before) = log.replace(Log { file, name, records }) {
                    remove(root, &before.name);
                }
            }
        }
        Ok(())
    }

    /// The inode that an object had when it was about to get its name.
    pub(crate) fn inode(&self, root: &Root, object: ObjectId) -> Option<u64> {
        let mut state = self.state();
        if let Some(inode) = state.ours.get(&object) {
            return Some(*inode);
        }
        let launch = &self.launch;
        state
            .earlier
            .get_or_insert_with(|| earlier(root, launch))
            .get(&object)
            .copied()
    }

    /// The ledger knows what became of these.
    pub(crate) fn forget(&self, root: Option<&Root>, objects: &[ObjectId]) {
        let mut state = self.state();
        for object in objects {
            state.ours.remove(object);
        }
        if state.ours.is_empty()
            && let Some(log) = state.log.take()
            && let Some(root) = root
        {
            remove(root, &log.name);
        }
    }
}

fn records(about: impl Iterator<Item = (ObjectId, u64)>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(about.size_hint().0 * RECORD);
    for (object, inode) in about {
        bytes.extend_from_slice(object.as_bytes());
        bytes.extend_from_slice(&inode.to_le_bytes());
    }
    bytes
}

fn remove(root: &Root, name: &str) {
    if let Err(e) = rustix::fs::unlinkat(root.work(), name, AtFlags::empty()) {
        tracing::debug!(error = %e, "a placing log stays");
    }
}

/// Records of earlier launches, which ended without telling what became of them.
fn earlier(root: &Root, launch: &str) -> BTreeMap<ObjectId, u64> {
    let mut found = BTreeMap::new();
    let Ok(dir) = rustix::fs::Dir::read_from(root.work()) else {
        return found;
    };
    for entry in dir.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(of) = name.strip_prefix(NAME.0).and_then(|n| n.strip_suffix(NAME.1)) else {
            continue;
        };
        if of.starts_with(launch) {
            continue;
        }
        let mut bytes = Vec::new();
        if let Ok(file) = root.open_work(&name, OFlags::RDONLY)
            && file.take(MOST).read_to_end(&mut bytes).is_ok()
        {
            for record in bytes.chunks_exact(RECORD) {
                if let (Ok(id), Ok(inode)) = (ObjectId::from_slice(&record[..16]), record[16..].try_into()) {
                    found.insert(id, u64::from_le_bytes(inode));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use windlass_core::ids::DestinationId;

    use super::*;

    fn object(n: u64) -> ObjectId {
        ObjectId::from_slice(&u128::from(n).to_be_bytes()).unwrap()
    }

    /// Names and sizes of the logs, by name.
    fn logs(folder: &std::path::Path) -> Vec<(String, u64)> {
        let mut found: Vec<_> = std::fs::read_dir(folder.join(".windlass"))
            .unwrap()
            .map(|e| e.unwrap())
            .map(|e| (e.file_name().into_string().unwrap(), e.metadata().unwrap().len()))
            .filter(|(name, _)| name.starts_with(NAME.0))
            .collect();
        found.sort();
        found
    }

    // F-11: a launch that ends in the middle of a million files is understood by the next one.
    #[test]
    fn uploads_that_never_pause_leave_a_small_log_that_the_next_launch_reads_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::make(folder.path(), DestinationId::from_slice(&[1; 16]).unwrap()).unwrap();
        let log = PlacingLog::new(b"launch-1");
        let (all, batch) = (20 * SMALL as u64, 64);
        for from in (0..all).step_by(batch) {
            let ids: Vec<_> = (from..from + batch as u64).map(|n| (object(n), n)).collect();
            log.note(&root, &ids).unwrap();
            // The batch before this one is known to the ledger: something is always about to get its name.
            let before: Vec<_> = (from.saturating_sub(batch as u64)..from).map(object).collect();
            log.forget(Some(&root), &before);
        }
        let there = logs(folder.path());
        assert_eq!(there.len(), 1, "{there:?}");
        assert!(there[0].1 <= 2 * (SMALL * RECORD) as u64, "{there:?}");
        let last = all.next_multiple_of(batch as u64) - 1;
        let next = PlacingLog::new(b"launch-2");
        assert_eq!(next.inode(&root, object(last)), Some(last));
        assert_eq!(next.inode(&root, object(last + 1)), None);
    }

    #[test]
    fn a_log_of_which_nothing_counts_is_removed_and_a_cut_record_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::make(folder.path(), DestinationId::from_slice(&[1; 16]).unwrap()).unwrap();
        let log = PlacingLog::new(b"launch-1");
        log.note(&root, &[(object(1), 1), (object(2), 2)]).unwrap();
        let name = logs(folder.path()).remove(0).0;
        let path = folder.path().join(".windlass").join(name);
        let cut = std::fs::File::options().write(true).open(path).unwrap();
        cut.set_len(RECORD as u64 + 9).unwrap();
        let next = PlacingLog::new(b"launch-2");
        assert_eq!(
            (next.inode(&root, object(1)), next.inode(&root, object(2))),
            (Some(1), None)
        );
        log.forget(Some(&root), &[object(1)]);
        assert_eq!(logs(folder.path()).len(), 1);
        log.forget(Some(&root), &[object(2)]);
        assert_eq!(logs(folder.path()), []);
    }
}
