//! A file in the machine: where each of its parts stands, and what it needs next.

use std::collections::{BTreeMap, BTreeSet};

use super::records::{FileRecord, PartRecord};
use super::{BufferId, ContentHash, Machine, PutId, Size};
use crate::fingerprint::{SourceChange, SourceFingerprint};
use crate::ids::{FileId, GroupId};
use crate::part_plan::PartPlan;
use crate::states::{BlockedReason, FileState, Intent, PartState};
use crate::time::Timestamp;
use crate::units::{Crc64Nvme, ETag, Sha256};

/// So often a file may come under other numbers.
const RENUMBERED: u32 = 12;
/// Parts that are read ahead of the hashing pass and not stored yet.
const AHEAD: usize = 8;

/// The order of work: group, then place in the group.
pub(super) type OrderKey = (i64, GroupId, i64, FileId);

/// What the file waits for from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// To be announced.
    Announce,
    /// `Init` is out.
    Announcing,
    /// Its content is to be known before it is announced again.
    HashFirst,
    /// Parts go.
    Sending,
    /// `Check` is out.
    Checking,
    /// To be completed; the check was fine, the state is `verifying`.
    Complete,
    /// `Complete` is out.
    Completing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Todo,
    Reading,
    Buffered,
    Signing,
    Signed,
    Sending,
    Stored,
}

#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) phase: Phase,
    pub(super) crc64: Option<Crc64Nvme>,
    pub(super) etag: Option<ETag>,
    pub(super) buffer: Option<BufferId>,
    /// Failures in a row.
    pub(super) tries: u8,
    /// Times in a row that the storage refused its checksum.
    pub(super) refused: u8,
    /// Times in a row that its URL was refused as expired.
    pub(super) resigned: u8,
}

impl Part {
    fn new(record: Option<&PartRecord>) -> Self {
        let stored = record.filter(|r| r.state == PartState::Uploaded);
        Self {
            phase: if stored.is_some() {
                Phase::Stored
            } else {
                Phase::Todo
            },
            crc64: stored.and_then(|r| r.crc64),
            etag: stored.and_then(|r| r.etag.clone()),
            buffer: None,
            tries: 0,
            refused: 0,
            resigned: 0,
        }
    }

    pub(super) fn is_stored(&self) -> bool {
        self.phase == Phase::Stored
    }
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) id: FileId,
    pub(super) group: GroupId,
    pub(super) key: OrderKey,
    pub(super) intent: Intent,
    pub(super) state: FileState,
    pub(super) attempt: u32,
    pub(super) fingerprint: SourceFingerprint,
    pub(super) plan: PartPlan,
    pub(super) sha256: Option<Sha256>,
    pub(super) stage: Stage,
    pub(super) parts: Vec<Part>,
    /// The next place of the hashing pass, while it goes on.
    pub(super) pass: Option<usize>,
    /// Places that are read outside the pass.
    pub(super) again: BTreeSet<usize>,
    pub(super) reading: Option<BufferId>,
    /// That read belongs to the hashing pass.
    pub(super) reads_pass: bool,
    pub(super) buffered: BTreeSet<usize>,
    pub(super) signed: BTreeMap<usize, Timestamp>,
    pub(super) sending: BTreeMap<usize, PutId>,
    pub(super) stored: usize,
    /// Failures in a row.
    pub(super) tries: u32,
    /// New starts in a row; one that is queued brings them along.
    pub(super) restarts: u32,
    /// Signatures asked for in an earlier life of the file and not answered: they are for another attempt, and no more are
    /// asked for until they came.
    pub(super) old_signs: u32,
    pub(super) wait_until: Option<Timestamp>,
    /// Why it waits by itself.
    pub(super) blocked: Option<BlockedReason>,
    /// Since when the same content is waited for that is on its way elsewhere.
    pub(super) follows: Option<Timestamp>,
    /// The source's metadata changed: the hashing pass compares its bytes before the fingerprint is believed and any more
    /// of it is sent (F18).
    pub(super) unproved: bool,
    /// How often it came under other numbers.
    pub(super) renumbered: u32,
    pub(super) counted_finishing: bool,
}

impl File {
    /// `None` when the stored plan does not fit the file: the row is damaged.
    pub(super) fn new(record: &FileRecord, group_position: i64, hash: ContentHash) -> Option<Self> {
        let plan = PartPlan::stored(record.fingerprint.size, record.part_size).ok()?;
        let known: BTreeMap<_, _> = record.parts.iter().map(|p| (p.n, p)).collect();
        let parts: Vec<_> = plan
            .parts()
            .map(|r| Part::new(known.get(&r.number).copied()))
            .collect();
        let stored = parts.iter().filter(|p| p.is_stored()).count();
        let mut file = Self {
            id: record.id,
            group: record.group,
            key: (group_position, record.group, record.position, record.id),
            intent: record.intent,
            state: record.state,
            attempt: record.attempt,
            fingerprint: record.fingerprint,
            plan,
            sha256: record.sha256,
            stage: if record.state == FileState::Queued {
                Stage::Announce
            } else {
                Stage::Sending
            },
            parts,
            pass: None,
            again: BTreeSet::new(),
            reading: None,
            reads_pass: false,
            buffered: BTreeSet::new(),
            signed: BTreeMap::new(),
            sending: BTreeMap::new(),
            stored,
            tries: record.tries,
            restarts: if record.state == FileState::Queued {
                record.tries
            } else {
                0
            },
            old_signs: 0,
            wait_until: None,
            blocked: None,
            follows: None,
            unproved: false,
            renumbered: 0,
            counted_finishing: false,
        };
        file.plan_reads(hash);
        Some(file)
    }

    /// Sets up what is to be read: a pass over the whole file while its hash is not known, else the parts that lack.
    pub(super) fn plan_reads(&mut self, hash: ContentHash) {
        let needs_hash = self.sha256.is_none() && hash == ContentHash::Always;
        self.pass = needs_hash.then_some(0);
        self.again.clear();
        if !needs_hash {
            self.again.extend(
                self.parts
                    .iter()
                    .enumerate()
                    .filter(|(_, p)| p.phase == Phase::Todo)
                    .map(|(i, _)| i),
            );
        }
    }

    pub(super) fn size(&self) -> Size {
        if self.plan.is_single() {
            Size::Small
        } else {
            Size::Large
        }
    }

    /// True when every part is stored and everything about the content is known.
    pub(super) fn is_whole(&self) -> bool {
        self.stored == self.parts.len() && self.pass.is_none() && self.reading.is_none()
    }

    /// Rights or links changed, and a write may hide behind that: the bytes decide (F18). All that was read is read once more
    /// and compared. So whatever is stored was read under one fingerprint, also when a crash forgets what was noticed.
    ///
    /// False when it came under other numbers too often: there are file systems that number anew at each look, and it would be
    /// read without an end.
    #[must_use]
    pub(super) fn compare_anew(&mut self, fingerprint: SourceFingerprint) -> bool {
        if self.fingerprint.compare(&fingerprint) == SourceChange::Renumbered {
            self.renumbered = self.renumbered.saturating_add(1);
        }
        self.fingerprint = fingerprint;
        self.unproved = true;
        self.pass = Some(0);
        self.renumbered <= RENUMBERED
    }

    /// The place that is read next, and whether that goes on with the pass.
    pub(super) fn next_read(&self) -> Option<(usize, bool)> {
        if self.unproved {
            return self.pass.map(|i| (i, true));
        }
        let again = self.again.first().copied().or_else(|| self.ahead());
        again.map(|i| (i, false)).or_else(|| self.pass.map(|i| (i, true)))
    }

    /// A part to send that lies behind stored ones which the pass reads only for the hash: it goes first, in turns with the
    /// pass, or the wire would stand still until the pass came by.
    fn ahead(&self) -> Option<usize> {
        let next = self.pass.filter(|_| self.stage == Stage::Sending)?;
        if !self.parts.get(next)?.is_stored() {
            return None;
        }
        let mut out = 0;
        let mut first = None;
        for (i, part) in self.parts.iter().enumerate().skip(next) {
            match part.phase {
                Phase::Todo if first.is_none() => first = Some(i),
                Phase::Todo | Phase::Stored => {}
                Phase::Reading | Phase::Buffered | Phase::Signing | Phase::Signed | Phase::Sending => {
                    out += 1;
                }
            }
        }
        first.filter(|_| out == 0 || (out < AHEAD && self.reads_pass))
    }

    /// Some of it was read.
    pub(super) fn is_begun(&self) -> bool {
        self.stored > 0 || self.pass.is_none_or(|p| p > 0) || self.reading.is_some()
    }

    pub(super) fn wants_read(&self) -> bool {
        self.reading.is_none()
            && match self.stage {
                Stage::Sending => self.pass.is_some() || !self.again.is_empty(),
                Stage::HashFirst => self.pass.is_some(),
                Stage::Announce
                | Stage::Announcing
                | Stage::Checking
                | Stage::Complete
                | Stage::Completing => false,
            }
    }

    /// A part goes back to be read (again) and sent.
    pub(super) fn back_to_todo(&mut self, i: usize) {
        let was_stored = self.parts[i].is_stored();
        if was_stored {
            self.stored -= 1;
        }
        self.parts[i].phase = Phase::Todo;
        self.buffered.remove(&i);
        self.signed.remove(&i);
        // The pass will come by and read it anyway when it lies ahead.
        if self.pass.is_none_or(|next| i < next) {
            self.again.insert(i);
        }
    }
}

impl Machine {
    /// Puts the file into the sets of what it needs now, and out of all others.
    pub(super) fn reindex(&mut self, id: FileId) {
        let Some(file) = self.files.get(&id) else { return };
        let key = file.key;
        self.ready.remove(&key);
        if !self.may_run(file) {
            return;
        }
        match file.stage {
            Stage::Announce => {
                self.ready.init.insert(key);
            }
            Stage::HashFirst | Stage::Sending => {
                let small = file.size() == Size::Small;
                if file.wants_read() {
                    let set = if small {
                        &mut self.ready.read
                    } else {
                        &mut self.ready.read_large
                    };
                    set.insert(key);
                }
                if !file.buffered.is_empty() && file.old_signs == 0 {
                    self.ready.sign.insert(key);
                }
                if !file.signed.is_empty() {
                    let set = if small {
                        &mut self.ready.put
                    } else {
                        &mut self.ready.put_large
                    };
                    set.insert(key);
                }
                if file.stage == Stage::Sending && file.is_whole() {
                    self.ready.check.insert(key);
                }
            }
            Stage::Complete => {
                self.ready.complete.insert(key);
            }
            Stage::Announcing | Stage::Checking | Stage::Completing => {}
        }
    }

    /// Takes the file out of the machine; everything under way for it is given back.
    pub(super) fn let_go(&mut self, id: FileId) {
        let Some(file) = self.files.get(&id) else { return };
        let (key, group) = (file.key, file.group);
        self.ready.remove(&key);
        self.stop_sending(id);
        let Some(file) = self.files.remove(&id) else {
            return;
        };
        if let Some(until) = file.wait_until {
            self.waiting.remove(&(until, id));
        }
        self.troubled.remove(&id);
        self.disks.forget(id);
        self.touch(group, id);
        if let Some(g) = self.groups.get_mut(&group) {
            g.active = g.active.saturating_sub(1);
            if file.counted_finishing {
                g.finishing = g.finishing.saturating_sub(1);
            }
        }
        self.out.push(super::Effect::Close { file: id });
    }

    /// Cuts all PUTs of the file and gives its buffers back; its parts that are not stored are to be read again.
    pub(super) fn stop_sending(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        let mut freed = Vec::new();
        let mut cut = Vec::new();
        for i in 0..file.parts.len() {
            match file.parts[i].phase {
                Phase::Buffered | Phase::Signing | Phase::Signed | Phase::Sending => {
                    freed.extend(file.parts[i].buffer.take());
                    cut.extend(file.sending.remove(&i));
                    file.back_to_todo(i);
                }
                Phase::Todo | Phase::Reading | Phase::Stored => {}
            }
        }
        for put in cut {
            self.forget_put(put);
            self.out.push(super::Effect::CancelPut { put });
        }
        freed.into_iter().for_each(|b| self.free_buffer(b));
    }
}
