//! What the shell has to know of things by name while the machine works on them: paths, keys, names.

mod away;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::{SourceChange, SourceFingerprint};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_transfer::disks::{place_of_disk, with_its_disk};

use self::away::Away;
use crate::intake::OfGroup;

/// A file in the machine.
#[derive(Debug)]
pub(crate) struct FileInfo {
    pub(crate) group: GroupId,
    pub(crate) path: PathBuf,
    pub(crate) rel_path: String,
    pub(crate) mime: String,
    pub(crate) part_size: u64,
    pub(crate) fingerprint: SourceFingerprint,
    /// Something else was seen at its place since, be it the same file under other numbers.
    renumbered: AtomicBool,
    read_began_ns: AtomicI64,
}

impl FileInfo {
    pub(crate) fn new(
        group: GroupId,
        path: PathBuf,
        rel_path: String,
        mime: String,
        part_size: u64,
        fingerprint: SourceFingerprint,
    ) -> Self {
        Self {
            group,
            path,
            rel_path,
            mime,
            part_size,
            fingerprint,
            renumbered: AtomicBool::new(false),
            read_began_ns: AtomicI64::new(i64::MIN),
        }
    }

    /// Its hashing pass begins now.
    pub(crate) fn read_begins(&self, now_ns: i64) {
        self.read_began_ns.store(now_ns, Ordering::Relaxed);
    }

    /// True when the hash of that pass may be remembered for this fingerprint (F181).
    pub(crate) fn hash_may_be_cached(&self) -> bool {
        !self.renumbered.load(Ordering::Relaxed)
            && self
                .fingerprint
                .may_be_cached(self.read_began_ns.load(Ordering::Relaxed))
    }
}

/// A group that is not hidden.
#[derive(Debug, Clone)]
pub(crate) struct GroupInfo {
    pub(crate) name: String,
    pub(crate) destination: DestinationId,
}

/// Both, behind locks that are never held over an await.
#[derive(Debug, Default)]
pub(crate) struct Infos {
    files: Mutex<BTreeMap<FileId, Arc<FileInfo>>>,
    groups: Mutex<BTreeMap<GroupId, GroupInfo>>,
    growing: Mutex<BTreeMap<GroupId, usize>>,
    walks: Mutex<BTreeMap<GroupId, Arc<OfGroup>>>,
    /// The numbers that disks have now, by those that rows have of them.
    disks: Mutex<BTreeMap<u64, u64>>,
    away: Mutex<Away>,
}

impl Infos {
    /// A source with this fingerprint was seen: its disk has this number now.
    pub(crate) fn disk_seen(&self, path: &Path, known: &SourceFingerprint, seen: &SourceFingerprint) {
        if known.compare(seen) == SourceChange::Changed {
            return;
        }
        locked(&self.away).seen(path, known.dev);
        let mut disks = locked(&self.disks);
        if known.dev == seen.dev {
            disks.remove(&known.dev);
        } else {
            disks.insert(known.dev, seen.dev);
        }
    }

    /// A failure of a source as it is when its disk is what is missing. Blocks.
    pub(crate) fn with_its_disk(&self, failure: Failure, path: &Path, known: &SourceFingerprint) -> Failure {
        let now = locked(&self.disks).get(&known.dev).copied();
        let dev = now.unwrap_or(known.dev);
        let told = with_its_disk(failure, path, dev);
        // Once for all of its files, and without the lock: it is looked for on what is left of the way to it.
        if told.code == ErrorCode::DiskMissing && !locked(&self.away).knows(path, known.dev) {
            let place = place_of_disk(path, dev);
            locked(&self.away).missed(path, known.dev, place);
        }
        told
    }

    /// The name of the disk of a file that waits for it.
    pub(crate) fn name_of_disk(&self, id: FileId) -> Option<String> {
        let file = self.file(id)?;
        self.name_of_missing(&file.path, file.fingerprint.dev)
    }

    /// The name of a disk that was found to be away: that of a file, by the number that its row has.
    pub(crate) fn name_of_missing(&self, path: &Path, dev: u64) -> Option<String> {
        locked(&self.away).name(path, dev)
    }

    /// What a look at a source, or a read of it, came to. Blocks.
    pub(crate) fn seen<T>(
        &self,
        info: &FileInfo,
        result: Result<T, Failure>,
        fingerprint: impl Fn(&T) -> SourceFingerprint,
    ) -> Result<T, Failure> {
        match result {
            Ok(seen) => {
                let now = fingerprint(&seen);
                self.disk_seen(&info.path, &info.fingerprint, &now);
                if now != info.fingerprint {
                    info.renumbered.store(true, Ordering::Relaxed);
                }
                Ok(seen)
            }
            Err(failure) => Err(self.with_its_disk(failure, &info.path, &info.fingerprint)),
        }
    }

    pub(crate) fn file(&self, id: FileId) -> Option<Arc<FileInfo>> {
        locked(&self.files).get(&id).cloned()
    }

    pub(crate) fn put_files(&self, files: impl IntoIterator<Item = (FileId, FileInfo)>) {
        let mut map = locked(&self.files);
        for (id, info) in files {
            map.insert(id, Arc::new(info));
        }
    }

    pub(crate) fn drop_file(&self, id: FileId) {
        locked(&self.files).remove(&id);
    }

    pub(crate) fn group(&self, id: GroupId) -> Option<GroupInfo> {
        locked(&self.groups).get(&id).cloned()
    }

    /// Where a group goes.
    pub(crate) fn destination(&self, id: GroupId) -> Option<DestinationId> {
        locked(&self.groups).get(&id).map(|group| group.destination)
    }

    /// Files of a group that wait until nobody writes to them.
    pub(crate) fn growing(&self, id: GroupId) -> usize {
        locked(&self.growing).get(&id).copied().unwrap_or(0)
    }

    /// A walk of the group that waited for so many waits for so many now.
    pub(crate) fn change_growing(&self, id: GroupId, before: usize, now: usize) {
        let mut map = locked(&self.growing);
        let all = map.remove(&id).unwrap_or(0).saturating_sub(before) + now;
        if all > 0 {
            map.insert(id, all);
        }
    }

    /// The walks of a group.
    pub(crate) fn walks(&self, id: GroupId) -> Arc<OfGroup> {
        Arc::clone(locked(&self.walks).entry(id).or_default())
    }

    pub(crate) fn put_group(&self, id: GroupId, info: GroupInfo) {
        locked(&self.groups).insert(id, info);
    }
}

/// The data behind a lock, also after a panic of another holder: all of it is replaced whole, so none is half-written.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
