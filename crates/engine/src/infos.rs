//! What the shell has to know of things by name while the machine works on them: paths, keys, names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{DestinationId, FileId, GroupId};

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
            read_began_ns: AtomicI64::new(i64::MIN),
        }
    }

    /// Its hashing pass begins now.
    pub(crate) fn read_begins(&self, now_ns: i64) {
        self.read_began_ns.store(now_ns, Ordering::Relaxed);
    }

    /// True when the hash of that pass may be remembered for this fingerprint (F181).
    pub(crate) fn hash_may_be_cached(&self) -> bool {
        self.fingerprint
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
}

impl Infos {
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
