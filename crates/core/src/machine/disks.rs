//! Files whose disk is not connected (F17). They wait together and cost nothing: who drives the machine says when disks came or
//! went, and a look now and then is for systems that do not. While a disk is away, another one may lie at its place: what is
//! read there is the same file or nothing, until one file of the disk was seen again.

use std::collections::{BTreeMap, BTreeSet};

use super::Machine;
use super::records::Change;
use crate::error::{ErrorCode, Failure};
use crate::fingerprint::{SourceChange, SourceFingerprint};
use crate::ids::{FileId, GroupId};
use crate::retry::next_try;
use crate::states::BlockedReason;
use crate::time::Timestamp;

/// A step of the backoff: after some seconds once, it may be nothing.
const FIRST: u32 = 3;
/// And every five minutes from then on.
const LATER: u32 = 9;

/// What is known of disks that are away.
#[derive(Debug, Default)]
pub(super) struct Disks {
    /// Their numbers, as the rows of the queue have them.
    away: BTreeSet<u64>,
    /// The files that wait for one.
    waiting: BTreeMap<FileId, GroupId>,
}

impl Disks {
    pub(super) fn forget(&mut self, file: FileId) {
        self.waiting.remove(&file);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn waiting_of_groups(&self) -> BTreeMap<GroupId, usize> {
        let mut count = BTreeMap::new();
        for group in self.waiting.values() {
            *count.entry(*group).or_default() += 1;
        }
        count
    }
}

impl Machine {
    /// True while a file waits for its disk.
    #[must_use]
    pub fn waits_for_a_disk(&self) -> bool {
        !self.disks.waiting.is_empty()
    }

    /// A file of this group that waits for its disk.
    #[must_use]
    pub fn without_its_disk(&self, group: GroupId) -> Option<FileId> {
        let mut waiting = self.disks.waiting.iter();
        waiting.find(|(_, of)| **of == group).map(|(id, _)| *id)
    }

    /// Disks that were away when the queue was left.
    pub(super) fn disks_were_away(&mut self, numbers: BTreeSet<u64>) {
        self.disks.away.extend(numbers);
    }

    /// Disks came or went: what waits for one is looked at now.
    pub(super) fn disks_changed(&mut self) {
        for id in std::mem::take(&mut self.disks.waiting).into_keys() {
            self.end_wait(id);
            self.reindex(id);
        }
    }

    /// The disk of a file is missing. That is no failure of the file, and counts for none.
    pub(super) fn disk_is_missing(&mut self, now: Timestamp, id: FileId, failure: Failure) {
        let random = self.chance();
        let told = self.tells_of_its_disk(id);
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        self.disks.away.insert(file.fingerprint.dev);
        // What was out together fails together.
        if file.wait_until.is_none() {
            file.blocked = Some(BlockedReason::DiskMissing);
            let (tries, group) = (file.tries, file.group);
            self.disks.waiting.insert(id, group);
            if !told {
                self.troubled.insert(id, (group, failure.clone()));
                let note = Change::FileTries {
                    id,
                    tries,
                    next_try_at: None,
                    failure: Some(failure),
                };
                self.persist(vec![note], vec![]);
            }
            self.wait(id, next_try(now, if told { LATER } else { FIRST }, None, random));
        }
        self.reindex(id);
    }

    /// A source was seen. Answers whether what lies there may be taken for a new version of the file: not while its disk is
    /// away, for then it is a file of another disk.
    pub(super) fn source_seen(&mut self, id: FileId, seen: &SourceFingerprint) -> bool {
        let Some(file) = self.files.get(&id) else {
            return true;
        };
        let (before, tries) = (file.fingerprint, file.tries);
        if before.compare(seen) == SourceChange::Changed {
            return !self.disks.away.contains(&before.dev);
        }
        self.disks.away.remove(&before.dev);
        if self.tells_of_its_disk(id) {
            self.troubled.remove(&id);
            let note = Change::FileTries {
                id,
                tries,
                next_try_at: None,
                failure: None,
            };
            self.persist(vec![note], vec![]);
        }
        true
    }

    fn tells_of_its_disk(&self, id: FileId) -> bool {
        let told = self.troubled.get(&id).map(|(_, failure)| failure.code);
        told == Some(ErrorCode::DiskMissing)
    }
}
