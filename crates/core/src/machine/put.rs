//! PUTs: which part goes next, and what came of it.
//!
//! Connections are counted in units: a part of a large file takes a whole one, small files share it. What stands first in
//! the person's order goes first; files of one PUT that stand behind large ones keep a share of their own.

use std::collections::BTreeSet;

use super::file::{OrderKey, Phase};
use super::records::Change;
use super::send::for_large;
use super::{Effect, Machine, Out, PutId, Size};
use crate::error::{ErrorCode, Failure, RetryClass};
use crate::ids::FileId;
use crate::states::{FileState, PartState};
use crate::time::Timestamp;
use crate::units::{ETag, PartNumber};

/// A part that was refused this often in a row sets the file aside (F86).
const PART_TRIES: u8 = 3;
/// A URL refused as expired this often in a row counts as a failure (F81).
const RESIGNS: u8 = 3;
/// A file of at most so many bytes costs the asking more than the sending: many go at once.
const SMALL_BYTES: u64 = 256 * 1024;

impl Machine {
    pub(super) fn schedule_puts(&mut self) {
        let unit = self.config.small_puts.max(1);
        let all = self.config.connections.saturating_mul(unit);
        let out = |size| -> u32 {
            let of = self.puts.values().filter(|o| o.size == size);
            of.map(|o| o.weight).sum()
        };
        let (small_out, large_out) = (out(Size::Small), out(Size::Large));
        let mut free = all.saturating_sub(small_out + large_out);
        if free == 0 {
            return;
        }
        let has_room = |key: &&OrderKey| {
            let d = self
                .groups
                .get(&key.1)
                .and_then(|g| self.destinations.get(&g.record.destination));
            d.is_some_and(|d| d.puts < d.slots.map_or(all, |slots| slots.saturating_mul(unit)))
        };
        let first = |of: &BTreeSet<OrderKey>| -> Vec<OrderKey> {
            of.iter().filter(has_room).take(free as usize).copied().collect()
        };
        let (small, large) = (first(&self.ready.put), first(&self.ready.put_large));
        let connections = self.config.connections as usize;
        let for_large = for_large(connections, !small.is_empty(), self.config.small_share);
        let units = |connections: usize| {
            u32::try_from(connections)
                .unwrap_or(u32::MAX)
                .saturating_mul(unit)
        };
        let mut large_free = units(for_large).saturating_sub(large_out);
        // What stands first goes first; those of the other size that stand behind it have their share.
        let behind = small.first().zip(large.first()).is_some_and(|(s, l)| l < s);
        let for_small = if behind {
            connections - for_large
        } else {
            connections
        };
        let mut small_free = units(for_small).saturating_sub(small_out);
        let mut keys = small;
        keys.extend(large);
        keys.sort_unstable();
        for key in keys {
            let (group, id) = (key.1, key.3);
            let Some(destination) = self.groups.get(&group).map(|g| g.record.destination) else {
                continue;
            };
            while let Some(file) = self.files.get_mut(&id) {
                let Some(i) = file.signed.first_key_value().map(|(i, _)| *i) else {
                    break;
                };
                let Some(range) = PartNumber::from_index(i).ok().and_then(|n| file.plan.part(n)) else {
                    break;
                };
                let size = file.size();
                let (weight, room) = match size {
                    Size::Small if range.len <= SMALL_BYTES => (1, &mut small_free),
                    Size::Small => (unit, &mut small_free),
                    Size::Large => (unit, &mut large_free),
                };
                if weight > free || weight > *room {
                    // Lighter ones behind it do not overtake for ever.
                    *room = 0;
                    break;
                }
                let Some(d) = self.destinations.get_mut(&destination) else {
                    break;
                };
                if d.puts >= d.slots.map_or(all, |slots| slots.saturating_mul(unit)) {
                    break;
                }
                file.signed.pop_first();
                let put = PutId(self.next_number + 1);
                self.next_number += 1;
                d.puts += weight;
                free -= weight;
                *room -= weight;
                let mut changes = Vec::new();
                if file.state == FileState::Registered {
                    file.state = FileState::Uploading;
                    changes.push(Change::FileState {
                        id,
                        from: FileState::Registered,
                        to: FileState::Uploading,
                    });
                }
                changes.push(Change::PartState {
                    id,
                    n: range.number,
                    to: PartState::Uploading,
                });
                file.parts[i].phase = Phase::Sending;
                file.sending.insert(i, put);
                let buffer = file.parts[i].buffer;
                let out = Out {
                    destination,
                    size,
                    weight,
                };
                self.puts.insert(put, out);
                // Written down before it moves.
                self.persist(
                    changes,
                    vec![Effect::Put {
                        file: id,
                        part: range,
                        put,
                        buffer,
                    }],
                );
            }
            self.reindex(id);
            if free == 0 {
                break;
            }
        }
    }

    pub(super) fn put_done(
        &mut self,
        now: Timestamp,
        id: FileId,
        n: PartNumber,
        put: PutId,
        result: Result<ETag, Failure>,
    ) {
        let destination = self.puts.get(&put).map(|out| out.destination);
        let Some(destination) = destination.filter(|_| self.forget_put(put)) else {
            return;
        };
        let i = n.index();
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        if file.sending.get(&i) != Some(&put) {
            return;
        }
        file.sending.remove(&i);
        match result {
            Ok(etag) => {
                let Some(crc64) = file.parts[i].crc64 else { return };
                let buffer = file.parts[i].buffer.take();
                let part = &mut file.parts[i];
                part.phase = Phase::Stored;
                part.etag = Some(etag.clone());
                part.tries = 0;
                part.refused = 0;
                part.resigned = 0;
                file.stored += 1;
                file.tries = 0;
                self.troubled.remove(&id);
                self.persist(
                    vec![Change::PartUploaded {
                        id,
                        n,
                        crc64,
                        etag,
                        at: now,
                    }],
                    vec![],
                );
                buffer.into_iter().for_each(|b| self.free_buffer(b));
                self.storage_answers(destination);
                self.reindex(id);
            }
            Err(failure) => self.put_failed(now, id, i, failure),
        }
        self.leave_if_paused(id);
    }

    fn put_failed(&mut self, now: Timestamp, id: FileId, i: usize, failure: Failure) {
        let runs = self.files.get(&id).is_some_and(|f| self.may_run(f));
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        let has_bytes = runs && (file.parts[i].buffer.is_some() || file.parts[i].crc64.is_some());
        // An expired URL is signed again with the bytes in hand; that is no failure. One that another clock refused is, too: the
        // control plane learns the storage's time from its own calls (F76).
        let signed_again =
            failure.code.retry_class() == RetryClass::Now || failure.code == ErrorCode::ClockSkew;
        if signed_again && file.parts[i].resigned < RESIGNS {
            file.parts[i].resigned += 1;
            if has_bytes {
                file.parts[i].phase = Phase::Buffered;
                file.buffered.insert(i);
            } else {
                let buffer = file.parts[i].buffer.take();
                file.back_to_todo(i);
                buffer.into_iter().for_each(|b| self.free_buffer(b));
            }
            return self.reindex(id);
        }
        file.parts[i].tries = file.parts[i].tries.saturating_add(1);
        file.parts[i].resigned = 0;
        let n = PartNumber::from_index(i);
        let damaged = failure.code == ErrorCode::ChecksumMismatch;
        file.parts[i].refused = file.parts[i].refused.saturating_add(u8::from(damaged));
        let refused = file.parts[i].refused;
        let buffer = file.parts[i].buffer.take();
        // Read again from the source: what was in memory may be what is wrong (F16).
        file.back_to_todo(i);
        buffer.into_iter().for_each(|b| self.free_buffer(b));
        if let Ok(n) = n {
            self.persist(
                vec![Change::PartState {
                    id,
                    n,
                    to: PartState::Failed,
                }],
                vec![],
            );
        }
        // Cut connections and busy answers are no refusals: only what the storage says of the bytes counts here.
        if damaged && refused >= PART_TRIES {
            let detail = format!("part {} was refused {refused} times: {}", i + 1, failure.detail);
            return self.fail(now, id, Failure::new(ErrorCode::ReadError, detail));
        }
        self.file_failure(now, id, failure);
        self.reindex(id);
    }
}
