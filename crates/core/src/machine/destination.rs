//! A destination in the machine: how many calls are out, and whether it stands still.
//!
//! One failure that concerns the whole destination (down, full, key refused) holds all of its files at once, with one
//! reason; after a growing wait everything tries again. The first success forgets the waits.

use super::{ContentHash, Held, Machine};
use crate::error::{Failure, RetryClass};
use crate::ids::DestinationId;
use crate::retry::next_try;
use crate::states::BlockedReason;
use crate::time::Timestamp;

/// Calls of one kind that may be out at once: while they are, further items gather for the next one.
pub(super) const CALLS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Destination {
    pub(super) hash: ContentHash,
    pub(super) held: Option<Held>,
    pub(super) tries: u32,
    pub(super) init_calls: u32,
    pub(super) sign_calls: u32,
    pub(super) complete_calls: u32,
    pub(super) other_calls: u32,
    /// PUTs that it may get at once; halved when it asks to slow down.
    pub(super) slots: Option<u32>,
    pub(super) puts: u32,
    pub(super) calm: u32,
}

impl Destination {
    pub(super) fn calls(&self) -> u32 {
        self.init_calls + self.sign_calls + self.complete_calls + self.other_calls
    }
}

/// The reasons that hold a whole destination rather than one file.
fn concerns_destination(reason: BlockedReason) -> bool {
    match reason {
        BlockedReason::Offline
        | BlockedReason::DestinationDown
        | BlockedReason::DestinationSlowDown
        | BlockedReason::StorageFull
        | BlockedReason::SignedOut => true,
        BlockedReason::User
        | BlockedReason::Question
        | BlockedReason::DiskMissing
        | BlockedReason::QueueDiskFull
        | BlockedReason::FileMissing
        | BlockedReason::LockedFile
        | BlockedReason::Following => false,
    }
}

impl Machine {
    /// Holds the destination when the failure concerns all of it. False: it is the file's own.
    pub(super) fn hold_destination(&mut self, now: Timestamp, id: DestinationId, failure: &Failure) -> bool {
        let RetryClass::When(reason) = failure.code.retry_class() else { return false };
        if !concerns_destination(reason) {
            return false;
        }
        let random = self.chance();
        let Some(d) = self.destinations.get_mut(&id) else { return true };
        if reason == BlockedReason::DestinationSlowDown {
            let slots = d.slots.unwrap_or(self.config.connections);
            d.slots = Some((slots / 2).max(1));
            d.calm = 0;
        }
        // Everything that was out fails together: that is one failure, not eight.
        if d.held.is_none() {
            d.tries = d.tries.saturating_add(1);
            let until = next_try(now, d.tries, failure.retry_after_ms, random);
            d.held = Some(Held { reason, failure: failure.clone(), until });
            self.reindex_destination(id);
        }
        true
    }

    /// Something of it succeeded.
    pub(super) fn destination_answers(&mut self, id: DestinationId) {
        let connections = self.config.connections;
        if let Some(d) = self.destinations.get_mut(&id) {
            d.tries = 0;
            d.calm += 1;
            if d.calm >= 16 {
                d.calm = 0;
                d.slots = d.slots.map(|s| s + 1).filter(|s| *s < connections);
            }
        }
    }

    pub(super) fn unblock_destination(&mut self, id: DestinationId) {
        if let Some(d) = self.destinations.get_mut(&id) {
            d.held = None;
            d.tries = 0;
        }
        self.wake_destination(id);
    }

    pub(super) fn wake_destination(&mut self, id: DestinationId) {
        self.reindex_destination(id);
    }

    fn reindex_destination(&mut self, id: DestinationId) {
        let files: Vec<_> = self
            .files
            .values()
            .filter(|f| self.groups.get(&f.group).is_some_and(|g| g.record.destination == id))
            .map(|f| f.id)
            .collect();
        files.into_iter().for_each(|f| self.reindex(f));
    }

    /// Ends the waits that are over.
    pub(super) fn wake_due(&mut self, now: Timestamp) {
        let due: Vec<_> =
            self.destinations.iter().filter(|(_, d)| d.held.as_ref().is_some_and(|h| h.until <= now)).map(|(id, _)| *id).collect();
        for id in due {
            if let Some(d) = self.destinations.get_mut(&id) {
                d.held = None;
            }
            self.reindex_destination(id);
        }
        while let Some(&(at, id)) = self.waiting.first() {
            if at > now {
                break;
            }
            self.waiting.pop_first();
            if let Some(f) = self.files.get_mut(&id) {
                f.wait_until = None;
                f.blocked = None;
            }
            self.reindex(id);
        }
        self.end_grace(now);
    }
}
