//! The durable queue: rows, and guarded updates by the transition tables. It survives every crash.

use std::collections::BTreeMap;

use windlass_core::error::{Failure, RetryClass};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::Counts;
use windlass_core::machine::records::{Change, FileRecord, GroupRecord, PartRecord, Proof};
use windlass_core::reconcile::LocalFile;
use windlass_core::states::{FileState, GroupState, Intent, PartState};
use windlass_core::time::Timestamp;
use windlass_core::units::PartNumber;

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) record: FileRecord,
    pub(crate) failure: Option<Failure>,
    /// The control plane gave it a key.
    pub(crate) registered: bool,
    /// The proof, and the version that it is about.
    pub(crate) receipt: Option<(Proof, SourceFingerprint)>,
}

#[derive(Debug, Clone)]
pub(crate) struct GroupRow {
    pub(crate) record: GroupRecord,
    pub(crate) scanning: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) files: BTreeMap<FileId, Row>,
    pub(crate) groups: BTreeMap<GroupId, GroupRow>,
}

/// Why a guarded update changed no row.
pub(crate) type Refused = String;

impl Queue {
    /// Makes one change. New plans take `part_size`, so that small files keep many parts.
    pub(crate) fn apply(&mut self, change: &Change, part_size: u64) -> Result<(), Refused> {
        match change {
            Change::GroupState { id, from, to, .. } => self.group_step(*id, *from, *to),
            Change::GroupTold { .. } => Ok(()),
            Change::GroupCancelled { id, .. } => {
                let from = self.groups[id].record.state;
                self.group_step(*id, from, GroupState::Cancelled)?;
                for row in self.files.values_mut().filter(|r| r.record.group == *id) {
                    if row.record.state != FileState::Done {
                        row.record.state = FileState::Removed;
                    }
                }
                Ok(())
            }
            Change::FileState { id, .. }
            | Change::FileRegistered { id, .. }
            | Change::FileHashed { id, .. }
            | Change::FileTries { id, .. }
            | Change::FileFailed { id, .. }
            | Change::FileStartOver { id, .. }
            | Change::FileDone { id, .. }
            | Change::FileRemoved { id, .. }
            | Change::FileFingerprint { id, .. }
            | Change::PartState { id, .. }
            | Change::PartUploaded { id, .. } => {
                let row = self.files.get_mut(id).ok_or("no such file")?;
                row.change(change, part_size)
            }
        }
    }

    fn group_step(&mut self, id: GroupId, from: GroupState, to: GroupState) -> Result<(), Refused> {
        let row = &mut self.groups.get_mut(&id).ok_or("no such group")?.record;
        if row.state != from || !from.may_become(to) {
            return Err(format!(
                "the group is {}, expected {from}, to become {to}",
                row.state
            ));
        }
        row.state = to;
        Ok(())
    }

    pub(crate) fn of_group(&self, id: GroupId) -> impl Iterator<Item = &Row> {
        self.files.values().filter(move |r| r.record.group == id)
    }

    /// A page of open rows. `due`: only those that are wanted and may be tried by now.
    pub(crate) fn load(
        &self,
        id: GroupId,
        after: i64,
        limit: usize,
        due: Option<Timestamp>,
    ) -> (Vec<FileRecord>, bool) {
        let mut rows: Vec<_> = self
            .of_group(id)
            .map(|r| &r.record)
            .filter(|r| r.position > after && is_open(r.state))
            .filter(|r| due.is_none_or(|now| r.intent == Intent::Run && is_due(r.next_try_at, now)))
            .cloned()
            .collect();
        rows.sort_by_key(|r| r.position);
        let last = rows.len() <= limit;
        rows.truncate(limit);
        (rows, last)
    }

    pub(crate) fn count(&self, id: GroupId) -> Counts {
        let mut counts = Counts {
            scanning: self.groups[&id].scanning,
            ..Counts::default()
        };
        for row in self.of_group(id) {
            match row.record.state {
                FileState::Done => counts.done += 1,
                FileState::Removed => {}
                FileState::Failed => match row.failure.as_ref().map(|f| f.code.retry_class()) {
                    Some(RetryClass::Never) => counts.rejected += 1,
                    Some(_) | None => counts.failed += 1,
                },
                FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying => {
                    counts.open += 1;
                    if row.record.intent == Intent::Run {
                        counts.next_try_at = match (counts.next_try_at, row.record.next_try_at) {
                            (Some(a), Some(b)) => Some(a.min(b)),
                            (a, b) => a.or(b),
                        };
                    }
                }
            }
        }
        counts
    }
}

impl Row {
    pub(crate) fn local(&self) -> LocalFile {
        let r = &self.record;
        LocalFile {
            id: r.id,
            group: r.group,
            name: format!("file-{}", r.position),
            attempt: r.attempt,
            state: r.state,
            fingerprint: r.fingerprint,
            part_size: r.part_size,
            sha256: r.sha256,
            parts: r.parts.clone(),
        }
    }

    fn change(&mut self, change: &Change, part_size: u64) -> Result<(), Refused> {
        let r = &mut self.record;
        match change {
            Change::FileState { from, to, .. } => self.step(*from, *to),
            Change::FileRegistered { .. } => {
                self.step(FileState::Queued, FileState::Registered)?;
                self.registered = true;
                Ok(())
            }
            Change::FileHashed { sha256, .. } => {
                open(r)?;
                r.sha256 = Some(*sha256);
                Ok(())
            }
            Change::FileTries {
                tries,
                next_try_at,
                failure,
                ..
            } => {
                open(r)?;
                r.tries = *tries;
                r.next_try_at = *next_try_at;
                self.failure = failure.clone();
                Ok(())
            }
            Change::FileFailed { from, failure, .. } => {
                self.step(*from, FileState::Failed)?;
                self.failure = Some(failure.clone());
                Ok(())
            }
            Change::FileStartOver {
                from,
                attempt,
                fingerprint,
                because,
                ..
            } => {
                if r.state != *from {
                    return Err(format!("is {}, expected {from}", r.state));
                }
                if *attempt <= r.attempt {
                    return Err(format!("attempt {attempt} after {}", r.attempt));
                }
                if *from != FileState::Queued {
                    self.step(*from, FileState::Queued)?;
                }
                let r = &mut self.record;
                (r.attempt, r.fingerprint, r.part_size, r.sha256) = (*attempt, *fingerprint, part_size, None);
                r.parts.clear();
                self.registered = false;
                self.failure = Some(because.clone());
                Ok(())
            }
            Change::FileDone { from, proof, .. } => {
                self.step(*from, FileState::Done)?;
                self.receipt = Some((proof.clone(), self.record.fingerprint));
                Ok(())
            }
            Change::FileRemoved { from, .. } => self.step(*from, FileState::Removed),
            Change::FileFingerprint { fingerprint, .. } => {
                open(r)?;
                // The hash belongs to the fingerprint before.
                (r.fingerprint, r.sha256) = (*fingerprint, None);
                Ok(())
            }
            Change::PartState { n, to, .. } => {
                let part = part(r, *n)?;
                part_step(part, *to)?;
                // The checksum stays for a part that failed, to compare with its next read.
                (part.etag, part.crc64) = (None, part.crc64.filter(|_| *to == PartState::Failed));
                Ok(())
            }
            Change::PartUploaded { n, crc64, etag, .. } => {
                let part = part(r, *n)?;
                part_step(part, PartState::Uploaded)?;
                (part.crc64, part.etag) = (Some(*crc64), Some(etag.clone()));
                Ok(())
            }
            Change::GroupState { .. } | Change::GroupCancelled { .. } | Change::GroupTold { .. } => Ok(()),
        }
    }

    /// A person's "try again": from where it stood.
    pub(crate) fn retry(&mut self) -> bool {
        let r = &mut self.record;
        let for_good = self
            .failure
            .as_ref()
            .is_some_and(|f| f.code.retry_class() == RetryClass::Never);
        if r.state != FileState::Failed || r.intent == Intent::Cancelled || for_good {
            return false;
        }
        r.state = match (
            self.registered,
            r.parts.iter().any(|p| p.state == PartState::Uploaded),
        ) {
            (false, _) => FileState::Queued,
            (true, true) => FileState::Uploading,
            (true, false) => FileState::Registered,
        };
        (r.tries, r.next_try_at, self.failure) = (0, None, None);
        true
    }

    fn step(&mut self, from: FileState, to: FileState) -> Result<(), Refused> {
        let state = self.record.state;
        if state != from || !from.may_become(to) {
            return Err(format!("is {state}, expected {from}, to become {to}"));
        }
        self.record.state = to;
        Ok(())
    }
}

/// A time that no wait reaches was written by a clock that was wrong.
fn is_due(next_try_at: Option<Timestamp>, now: Timestamp) -> bool {
    next_try_at.is_none_or(|at| at <= now || at.millis_since(now) > 1_200_000)
}

/// Staying is no step and changes nothing; every other is in the table.
fn part_step(part: &mut PartRecord, to: PartState) -> Result<(), Refused> {
    if part.state != to && !part.state.may_become(to) {
        return Err(format!("part {} is {}, to become {to}", part.n, part.state));
    }
    part.state = to;
    Ok(())
}

fn part(r: &mut FileRecord, n: PartNumber) -> Result<&mut PartRecord, Refused> {
    if matches!(r.state, FileState::Queued | FileState::Done | FileState::Removed) {
        return Err(format!("is {}: no part of it moves", r.state));
    }
    let at = match r.parts.binary_search_by_key(&n, |p| p.n) {
        Ok(at) => at,
        Err(at) => {
            r.parts.insert(
                at,
                PartRecord {
                    n,
                    state: PartState::Pending,
                    crc64: None,
                    etag: None,
                },
            );
            at
        }
    };
    Ok(&mut r.parts[at])
}

fn open(r: &FileRecord) -> Result<(), Refused> {
    if is_open(r.state) {
        Ok(())
    } else {
        Err(format!("is {}", r.state))
    }
}

pub(crate) fn is_open(state: FileState) -> bool {
    !matches!(state, FileState::Done | FileState::Failed | FileState::Removed)
}
