//! Reading, signing and sending parts.
//!
//! Each file is read once, front to back, while its hash is counted; a part that goes again is read again alone and must
//! have the same CRC. Parts larger than a quarter of the pool are read twice (hash, then stream), so that no part ever needs
//! the whole pool (F186).

use std::collections::btree_map::Entry;

use super::file::{File, OrderKey, Phase, Stage};
use super::records::Change;
use super::{BufferId, Effect, Machine, PutId, ReadMode, ReadOutcome, Reserved, SignAsk, Size};
use crate::error::Failure;
use crate::fingerprint::SourceChange;
use crate::ids::{DestinationId, FileId};
use crate::states::FileState;
use crate::time::Timestamp;
use crate::units::PartNumber;

use super::destination::CALLS;

/// An eighth of the pool is for files of one PUT, while some wait: they are not to stand behind large ones.
const POOL_SHARE: u64 = 8;

/// How many of all readers or connections large files may take, while small ones have their share in percent.
pub(super) fn for_large(all: usize, small_wait: bool, share: u8) -> usize {
    if small_wait && all > 1 {
        all - (all * usize::from(share) / 100).clamp(1, all - 1)
    } else {
        all
    }
}

impl Machine {
    fn is_large(&self, part_bytes: u64) -> bool {
        part_bytes > self.config.pool_bytes / 4
    }

    pub(super) fn schedule_reads(&mut self) {
        let mut free = (self.config.readers as usize).saturating_sub(self.reads.len());
        if free == 0 || (self.ready.read.is_empty() && self.ready.read_large.is_empty()) {
            return;
        }
        let small_wait = !self.ready.read.is_empty();
        let large_out = self.reads.values().filter(|s| **s == Size::Large).count();
        let mut large_free = for_large(self.config.readers as usize, small_wait, self.config.small_share)
            .saturating_sub(large_out);
        let kept_for_small = self.config.pool_bytes / POOL_SHARE;
        let mut crowded = false;
        for id in self.next_reads(free) {
            if free == 0 {
                break;
            }
            let Some(file) = self.files.get(&id) else { continue };
            let Some((i, in_pass)) = file.next_read() else {
                continue;
            };
            let part = &file.parts[i];
            let keep = file.stage == Stage::Sending && part.phase == Phase::Todo && !file.unproved;
            let range = match PartNumber::from_index(i).ok().and_then(|n| file.plan.part(n)) {
                Some(range) => range,
                None => continue,
            };
            let last = file.plan.is_single();
            let size = file.size();
            if size == Size::Large && (large_free == 0 || (crowded && keep)) {
                continue;
            }
            let from_disk = self.is_large(range.len);
            let bytes = if keep && !from_disk { range.len } else { 0 };
            let short = |m: &Self| {
                let shared = match size {
                    Size::Large if small_wait => bytes + kept_for_small > m.pool_free,
                    // A large part waits for room: small ones take no more than their share before it.
                    Size::Small if crowded => m.pool_small + bytes > kept_for_small,
                    Size::Large | Size::Small => false,
                };
                shared || bytes > m.pool_free || m.pool_parts >= m.config.pool_parts
            };
            if keep && short(self) {
                self.reclaim();
                if short(self) {
                    // Later files may not overtake for ever: what is in the pool goes first, then this.
                    if size == Size::Small {
                        break;
                    }
                    crowded = true;
                    continue;
                }
            }
            free -= 1;
            if size == Size::Large {
                large_free -= 1;
            }
            let mode = match (in_pass, keep && !from_disk) {
                (true, true) => ReadMode::HashAndKeep,
                (true, false) => ReadMode::Hash,
                (false, false) => ReadMode::Crc,
                (false, true) => ReadMode::Keep,
            };
            let restart_hash = in_pass && i == 0;
            let buffer = BufferId(self.number());
            self.pool_free -= bytes;
            self.pool_parts += usize::from(keep);
            if size == Size::Small {
                self.pool_small += bytes;
            }
            let reserved = Reserved {
                bytes,
                counted: keep,
                size,
            };
            self.reserved.insert(buffer, reserved);
            self.reads.insert(buffer, size);
            let mut changes = Vec::new();
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            if !in_pass {
                file.again.remove(&i);
            }
            file.reading = Some(buffer);
            file.reads_pass = in_pass;
            if keep {
                file.parts[i].phase = Phase::Reading;
                file.parts[i].buffer = Some(buffer);
            }
            if file.state == FileState::Registered && keep {
                file.state = FileState::Uploading;
                changes.push(Change::FileState {
                    id,
                    from: FileState::Registered,
                    to: FileState::Uploading,
                });
            }
            if !changes.is_empty() {
                self.persist(changes, vec![]);
            }
            self.out.push(Effect::Read {
                file: id,
                part: range,
                mode,
                buffer,
                restart_hash,
                last,
            });
            self.reindex(id);
        }
    }

    /// Files of the next reads in their order, so many of either size. Few large files are begun before one of them is read
    /// to its end.
    fn next_reads(&self, free: usize) -> Vec<FileId> {
        // One that waits, or whose parts are all read, keeps no other from its turn.
        let half_read = |f: &&File| {
            !f.plan.is_single() && f.is_begun() && (f.reading.is_some() || f.wants_read()) && self.may_run(f)
        };
        // Counted only when one might begin: ten thousand small files need no look at each other.
        let mut large_open = None;
        let mut chosen: Vec<OrderKey> = self.ready.read.iter().take(free).copied().collect();
        let upto = chosen.len() + free;
        for file in self
            .ready
            .read_large
            .iter()
            .filter_map(|key| self.files.get(&key.3))
        {
            if !file.is_begun() {
                let open = large_open.get_or_insert_with(|| self.files.values().filter(half_read).count());
                if *open >= self.config.large_files {
                    continue;
                }
                *open += 1;
            }
            chosen.push(file.key);
            if chosen.len() == upto {
                break;
            }
        }
        chosen.sort_unstable();
        chosen.into_iter().map(|key| key.3).collect()
    }

    /// Takes back the buffers of files that wait or whose destination is held (I34): they are read again when they go on.
    fn reclaim(&mut self) {
        if self.waiting.is_empty() && self.destinations.values().all(|d| d.held.is_none()) {
            return;
        }
        let idle: Vec<_> = self
            .files
            .values()
            .filter(|f| !self.may_run(f))
            .map(|f| f.id)
            .collect();
        idle.into_iter().for_each(|id| self.drop_unsent(id));
    }

    /// Gives back what is in memory of the file and not being sent.
    pub(super) fn drop_unsent(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        let mut freed = Vec::new();
        for i in 0..file.parts.len() {
            if matches!(
                file.parts[i].phase,
                Phase::Buffered | Phase::Signing | Phase::Signed
            ) {
                freed.extend(file.parts[i].buffer.take());
                file.back_to_todo(i);
            }
        }
        freed.into_iter().for_each(|b| self.free_buffer(b));
    }

    /// Gives a buffer back to the pool. One whose read still goes on is given back when that ends.
    pub(super) fn free_buffer(&mut self, buffer: BufferId) {
        if !self.reads.contains_key(&buffer)
            && let Some(held) = self.reserved.remove(&buffer)
        {
            self.pool_free += held.bytes;
            self.pool_parts = self.pool_parts.saturating_sub(usize::from(held.counted));
            if held.size == Size::Small {
                self.pool_small = self.pool_small.saturating_sub(held.bytes);
            }
            self.out.push(Effect::DropBuffer { buffer });
        }
    }

    /// A PUT is over, whatever came of it. False when it was known to be over.
    pub(super) fn forget_put(&mut self, put: PutId) -> bool {
        self.grace.remove(&put);
        let Some(out) = self.puts.remove(&put) else {
            return false;
        };
        if let Some(d) = self.destinations.get_mut(&out.destination) {
            d.puts = d.puts.saturating_sub(out.weight);
        }
        true
    }

    pub(super) fn part_read(
        &mut self,
        now: Timestamp,
        id: FileId,
        buffer: BufferId,
        n: PartNumber,
        result: Result<ReadOutcome, Failure>,
    ) {
        self.reads.remove(&buffer);
        let ours = self.files.get(&id).is_some_and(|f| f.reading == Some(buffer));
        if !ours {
            return self.free_buffer(buffer);
        }
        let i = n.index();
        let runs = self.files.get(&id).is_some_and(|f| self.may_run(f));
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        file.reading = None;
        let kept = file.parts[i].buffer == Some(buffer) && file.parts[i].phase == Phase::Reading;
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(failure) => {
                if kept {
                    file.parts[i].buffer = None;
                    file.back_to_todo(i);
                }
                // A hash knows no way back to the beginning of a part.
                if file.reads_pass {
                    file.pass = file.pass.map(|_| 0);
                }
                self.free_buffer(buffer);
                return self.file_failure(now, id, failure);
            }
        };
        let change = file.fingerprint.compare(&outcome.source);
        if change != SourceChange::Changed {
            self.source_seen(id, &outcome.source);
        }
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        let mut changes = Vec::new();
        match change {
            SourceChange::Same => {}
            // Nothing was read before that it could be held against.
            SourceChange::MetadataOnly | SourceChange::Renumbered
                if file.sha256.is_none() && file.parts.iter().all(|p| p.crc64.is_none()) =>
            {
                file.fingerprint = outcome.source;
                changes.push(Change::FileFingerprint {
                    id,
                    fingerprint: outcome.source,
                });
            }
            SourceChange::MetadataOnly | SourceChange::Renumbered => {
                if kept {
                    file.parts[i].buffer = None;
                    file.back_to_todo(i);
                }
                let goes_on = file.compare_anew(outcome.source);
                self.free_buffer(buffer);
                if !goes_on {
                    return self.never_the_same(now, id);
                }
                return self.reindex(id);
            }
            SourceChange::Changed => {
                if kept {
                    file.parts[i].buffer = None;
                    file.back_to_todo(i);
                }
                self.free_buffer(buffer);
                return self.source_changed(now, id, outcome.source);
            }
        }
        // Bytes that were read before must be the same bytes now: one object is made of one version only (I2).
        let other_part = file.parts[i].crc64.is_some_and(|known| known != outcome.crc64);
        let other_whole = outcome
            .sha256
            .is_some_and(|hash| file.sha256.is_some_and(|known| known != hash));
        if other_part || other_whole {
            if kept {
                file.parts[i].buffer = None;
                file.back_to_todo(i);
            }
            self.free_buffer(buffer);
            return self.source_changed(now, id, outcome.source);
        }
        file.parts[i].crc64 = Some(outcome.crc64);
        if file.reads_pass && file.pass == Some(i) {
            // Sent ahead of the pass, it failed while the pass read it for the hash alone: the pass does not come by again.
            let behind = !kept && file.parts[i].phase == Phase::Todo;
            if behind && file.stage == Stage::Sending && !file.unproved {
                file.again.insert(i);
            }
            if i + 1 < file.parts.len() {
                file.pass = Some(i + 1);
            } else {
                file.pass = None;
                let compared = std::mem::take(&mut file.unproved);
                if compared {
                    changes.push(Change::FileFingerprint {
                        id,
                        fingerprint: file.fingerprint,
                    });
                }
                if let Some(sha256) = outcome.sha256 {
                    file.sha256 = Some(sha256);
                    changes.push(Change::FileHashed { id, sha256 });
                }
                if file.stage == Stage::HashFirst {
                    file.stage = Stage::Announce;
                } else if compared {
                    let rest = (0..file.parts.len()).filter(|i| file.parts[*i].phase == Phase::Todo);
                    file.again = rest.collect();
                }
            }
        }
        let large = file
            .plan
            .part(n)
            .is_some_and(|r| r.len > self.config.pool_bytes / 4);
        // What stands still keeps nothing in memory that others could use.
        let wanted = kept && runs;
        if wanted {
            file.parts[i].phase = Phase::Buffered;
            file.buffered.insert(i);
        } else if kept {
            file.back_to_todo(i);
        }
        if kept && (large || !wanted) {
            // A large part is streamed from the source when it is sent: the buffer is a name only.
            file.parts[i].buffer = None;
        }
        if !wanted || large {
            self.free_buffer(buffer);
        }
        if !changes.is_empty() {
            self.persist(changes, vec![]);
        }
        self.reindex(id);
    }

    pub(super) fn schedule_signs(&mut self, now: Timestamp) {
        let out = self.calls_out(|d| d.sign_calls);
        if !self.gather_signs.goes(now, out, self.ready.sign.len()) {
            return;
        }
        let mut by_destination: Vec<(DestinationId, Vec<SignAsk>)> = Vec::new();
        let keys: Vec<_> = self.ready.sign.iter().copied().collect();
        for key in keys {
            let (group, id) = (key.1, key.3);
            let Some(destination) = self.groups.get(&group).map(|g| g.record.destination) else {
                continue;
            };
            if self
                .destinations
                .get(&destination)
                .is_none_or(|d| d.sign_calls >= CALLS)
            {
                continue;
            }
            let slot = match by_destination.iter().position(|(d, _)| *d == destination) {
                Some(i) => i,
                None => {
                    by_destination.push((destination, Vec::new()));
                    by_destination.len() - 1
                }
            };
            let asks = &mut by_destination[slot].1;
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            while asks.len() < self.config.batch {
                let Some(i) = file.buffered.pop_first() else { break };
                let range = PartNumber::from_index(i).ok().and_then(|n| file.plan.part(n));
                let (Some(range), Some(crc64)) = (range, file.parts[i].crc64) else {
                    continue;
                };
                file.parts[i].phase = Phase::Signing;
                let sha256 = file.sha256.filter(|_| file.plan.is_single());
                *self.signing.entry(id).or_default() += 1;
                asks.push(SignAsk {
                    file: id,
                    attempt: file.attempt,
                    n: range.number,
                    size: range.len,
                    crc64,
                    sha256,
                    again: file.parts[i].resigned > 0,
                });
            }
            self.reindex(id);
        }
        for (destination, parts) in by_destination {
            if parts.is_empty() {
                continue;
            }
            if let Some(d) = self.destinations.get_mut(&destination) {
                d.sign_calls += 1;
            }
            self.out.push(Effect::Sign { destination, parts });
        }
    }

    pub(super) fn signed(
        &mut self,
        now: Timestamp,
        destination: DestinationId,
        asked: &[(FileId, PartNumber)],
        result: Result<Vec<Result<Timestamp, Failure>>, Failure>,
    ) {
        if let Some(d) = self.destinations.get_mut(&destination) {
            d.sign_calls = d.sign_calls.saturating_sub(1);
        }
        let old: Vec<bool> = asked.iter().map(|(id, _)| self.sign_is_old(*id)).collect();
        let outcomes = match result {
            Ok(outcomes) => {
                self.destination_answers(destination);
                outcomes
            }
            Err(failure) => {
                if !self.hold_destination(now, destination, &failure) {
                    self.hold_as_down(now, destination, failure);
                }
                // They keep their bytes and are asked for again.
                for ((id, n), old) in asked.iter().zip(old) {
                    if !old {
                        self.still_buffered(*id, n.index());
                    }
                }
                return;
            }
        };
        for (((id, n), outcome), old) in asked.iter().zip(outcomes).zip(old) {
            let i = n.index();
            let Some(file) = self.files.get_mut(id).filter(|_| !old) else {
                continue;
            };
            if file.parts.get(i).is_none_or(|p| p.phase != Phase::Signing) {
                continue;
            }
            match outcome {
                Ok(until) => {
                    file.parts[i].phase = Phase::Signed;
                    file.signed.insert(i, until);
                    self.reindex(*id);
                }
                Err(failure) => {
                    self.still_buffered(*id, i);
                    self.file_failure(now, *id, failure);
                }
            }
        }
    }

    /// Counts the answer to one signature. True when an earlier life of the file asked for it: its URL is of another attempt.
    fn sign_is_old(&mut self, id: FileId) -> bool {
        if let Entry::Occupied(mut left) = self.signing.entry(id) {
            *left.get_mut() -= 1;
            if *left.get() == 0 {
                left.remove();
            }
        }
        let Some(file) = self.files.get_mut(&id).filter(|f| f.old_signs > 0) else {
            return false;
        };
        file.old_signs -= 1;
        self.reindex(id);
        true
    }

    fn still_buffered(&mut self, id: FileId, i: usize) {
        if let Some(file) = self.files.get_mut(&id)
            && file.parts.get(i).is_some_and(|p| p.phase == Phase::Signing)
        {
            file.parts[i].phase = Phase::Buffered;
            file.buffered.insert(i);
        }
        self.reindex(id);
    }
}
