//! A destination in the machine: how many calls are out, and whether it stands still.
//!
//! One failure that concerns the whole destination (down, full, key refused) holds all of its files at once, with one
//! reason; after a growing wait everything tries again. The first success forgets the waits.

use super::{ContentHash, Failing, Held, Machine};
use crate::error::{ErrorCode, Failure, RetryClass};
use crate::ids::{DestinationId, FileId};
use crate::retry::next_try;
use crate::states::{BlockedReason, Intent};
use crate::time::Timestamp;

/// Calls of one kind that may be out at once: while they are, further items gather for the next one.
pub(super) const CALLS: u32 = 3;

/// A clock that went back by less is only being slewed, milliseconds.
const CLOCK_STEP_MS: i64 = 1_000;

#[derive(Debug, Default)]
pub(super) struct Destination {
    pub(super) hash: ContentHash,
    pub(super) held: Option<Held>,
    pub(super) failing: Option<Failing>,
    pub(super) tries: u32,
    pub(super) init_calls: u32,
    pub(super) sign_calls: u32,
    pub(super) complete_calls: u32,
    pub(super) other_calls: u32,
    /// PUTs that it may get at once; halved when it asks to slow down.
    pub(super) slots: Option<u32>,
    pub(super) puts: u32,
    pub(super) calm: u32,
    /// It was held for a PUT, and none succeeded since: the control plane's answers say nothing about that (F70).
    pub(super) storage_fails: bool,
}

impl Destination {
    /// It stands still until it is tried again; it fails since now, or since its first failure.
    pub(super) fn hold(&mut self, now: Timestamp, reason: BlockedReason, failure: Failure, random: u64) {
        self.tries = self.tries.saturating_add(1);
        let until = next_try(now, self.tries, failure.retry_after_ms, random);
        self.failing = Some(Failing {
            since: self.failing.as_ref().map_or(now, |f| f.since),
            failure: failure.clone(),
        });
        self.held = Some(Held {
            reason,
            failure,
            until,
        });
    }

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
        | BlockedReason::Metered
        | BlockedReason::Battery
        | BlockedReason::PowerSaver
        | BlockedReason::Schedule
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
        let RetryClass::When(reason) = failure.code.retry_class() else {
            return false;
        };
        if !concerns_destination(reason) {
            return false;
        }
        let random = self.chance();
        let Some(d) = self.destinations.get_mut(&id) else {
            return true;
        };
        if reason == BlockedReason::DestinationSlowDown {
            let slots = d.slots.unwrap_or(self.config.connections);
            d.slots = Some((slots / 2).max(1));
            d.calm = 0;
        }
        // Everything that was out fails together: that is one failure, not eight.
        if d.held.is_none() {
            d.hold(now, reason, failure.clone(), random);
            self.reindex_destination(id);
        }
        true
    }

    /// Something of it succeeded.
    pub(super) fn destination_answers(&mut self, id: DestinationId) {
        let connections = self.config.connections;
        if let Some(d) = self.destinations.get_mut(&id) {
            if !d.storage_fails {
                d.tries = 0;
                d.failing = None;
            }
            d.calm += 1;
            if d.calm >= 16 {
                d.calm = 0;
                d.slots = d.slots.map(|s| s + 1).filter(|s| *s < connections);
            }
        }
    }

    /// A PUT of it succeeded, or an object of it is proved to be there.
    pub(super) fn storage_answers(&mut self, id: DestinationId) {
        if let Some(d) = self.destinations.get_mut(&id) {
            d.storage_fails = false;
        }
        self.destination_answers(id);
    }

    /// It is held for what the storage said of a PUT or of a file.
    pub(super) fn storage_fails(&mut self, id: DestinationId) {
        if let Some(d) = self.destinations.get_mut(&id) {
            d.storage_fails = true;
        }
    }

    pub(super) fn unblock_destination(&mut self, id: DestinationId) {
        if let Some(d) = self.destinations.get_mut(&id) {
            d.held = None;
            d.tries = 0;
            d.storage_fails = false;
        }
        self.wake_destination(id);
    }

    /// A person or a check says that it answers.
    pub(super) fn destination_is_ready(&mut self, id: DestinationId) {
        if let Some(d) = self.destinations.get_mut(&id) {
            d.failing = None;
        }
        self.unblock_destination(id);
    }

    /// The computer slept, or is on another network: what waited for an answer waits for one that can't come. Everything is
    /// tried again now, over new connections.
    pub(super) fn lines_are_new(&mut self) {
        let sending: Vec<_> = self
            .files
            .values()
            .filter(|f| !f.sending.is_empty())
            .map(|f| f.id)
            .collect();
        for id in sending {
            self.stop_sending(id);
            self.reindex(id);
            self.leave_if_paused(id);
        }
        for d in self.destinations.values_mut() {
            d.failing = d.failing.take().filter(|f| f.failure.code != ErrorCode::Offline);
        }
        let all: Vec<_> = self.destinations.keys().copied().collect();
        all.into_iter().for_each(|id| self.unblock_destination(id));
    }

    pub(super) fn wake_destination(&mut self, id: DestinationId) {
        self.reindex_destination(id);
    }

    fn reindex_destination(&mut self, id: DestinationId) {
        let files: Vec<_> = self
            .files
            .values()
            .filter(|f| {
                self.groups
                    .get(&f.group)
                    .is_some_and(|g| g.record.destination == id)
            })
            .map(|f| f.id)
            .collect();
        files.into_iter().for_each(|f| self.reindex(f));
    }

    /// A clock that was set back leaves every wait as long as it was (F74).
    pub(super) fn hold_to_the_clock(&mut self, now: Timestamp) {
        let back = self.last.millis_since(now);
        self.last = now;
        if back < CLOCK_STEP_MS {
            return;
        }
        let sooner = |at: Timestamp| at.plus_millis(-back);
        self.waiting = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|(at, id)| (sooner(at), id))
            .collect();
        self.files
            .values_mut()
            .for_each(|f| f.wait_until = f.wait_until.map(sooner));
        self.grace.values_mut().for_each(|at| *at = sooner(*at));
        for d in self.destinations.values_mut() {
            d.held.iter_mut().for_each(|h| h.until = sooner(h.until));
            d.failing.iter_mut().for_each(|f| f.since = sooner(f.since));
        }
        for g in self.groups.values_mut() {
            g.reload_at = g.reload_at.map(sooner);
            g.look_again_at = g.look_again_at.map(sooner);
        }
        for gather in [
            &mut self.gather_signs,
            &mut self.gather_checks,
            &mut self.gather_completes,
        ] {
            gather.sooner(back);
        }
        self.cancels_sooner(back);
    }

    /// Ends the waits that are over.
    pub(super) fn wake_due(&mut self, now: Timestamp) {
        let due: Vec<_> = self
            .destinations
            .iter()
            .filter(|(_, d)| d.held.as_ref().is_some_and(|h| h.until <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            // Nobody will find out whether it answers again, so nobody says that it does not.
            let wanted = self
                .groups
                .values()
                .any(|g| g.record.destination == id && g.record.intent == Intent::Run && !g.has_ended());
            if let Some(d) = self.destinations.get_mut(&id) {
                d.held = None;
                d.failing = d.failing.take().filter(|_| wanted);
            }
            self.reindex_destination(id);
        }
        while let Some(&(at, id)) = self.waiting.first() {
            if at > now {
                break;
            }
            self.waiting.pop_first();
            self.end_wait(id);
            self.reindex(id);
        }
        self.end_grace(now);
    }

    /// A file that waits for a time waits no more.
    pub(super) fn end_wait(&mut self, id: FileId) {
        let Some(f) = self.files.get_mut(&id) else { return };
        if let Some(until) = f.wait_until.take() {
            f.blocked = None;
            self.waiting.remove(&(until, id));
            self.disks.forget(id);
        }
    }
}
