//! Calls carry many items: while one is under way, further items gather, for a moment, to go together.
//!
//! The first call goes at once, so that one file waits for nobody. A second beside it goes when enough came together or the
//! first of them waited long enough, so that a slow call holds nobody up either (I34).

use std::collections::BTreeSet;

use super::Machine;
use super::destination::{CALLS, Destination};
use crate::ids::DestinationId;
use crate::time::Timestamp;

/// So many go at once.
const ENOUGH: usize = 64;

/// Items of one kind of call.
#[derive(Debug)]
pub(super) struct Gather {
    since: Option<Timestamp>,
    most_ms: i64,
}

impl Gather {
    /// Nothing waits longer than so many milliseconds.
    pub(super) fn new(most_ms: i64) -> Self {
        Self { since: None, most_ms }
    }

    /// Whether a call may go now, with so many under way (`None`: no more are allowed) and so many items waiting.
    pub(super) fn goes(&mut self, now: Timestamp, out: Option<u32>, waiting: usize) -> bool {
        let Some(out) = out.filter(|_| waiting > 0) else {
            // An answer brings the next look.
            self.since = None;
            return false;
        };
        let since = *self.since.get_or_insert(now);
        let goes = out == 0 || waiting >= ENOUGH || now.millis_since(since) >= self.most_ms;
        if goes {
            self.since = None;
        }
        goes
    }

    /// When what waits goes in any case.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.since.map(|at| at.plus_millis(self.most_ms))
    }

    /// The clock went back.
    pub(super) fn sooner(&mut self, by_ms: i64) {
        self.since = self.since.map(|at| at.plus_millis(-by_ms));
    }
}

impl Machine {
    /// Calls of a kind under way at the destination that has most of them, among those with files here; `None` when all
    /// of these have as many as may be.
    pub(super) fn calls_out(&self, of: impl Fn(&Destination) -> u32) -> Option<u32> {
        let used: BTreeSet<DestinationId> = self
            .groups
            .values()
            .filter(|g| g.active > 0)
            .map(|g| g.record.destination)
            .collect();
        let out = || used.iter().filter_map(|id| self.destinations.get(id)).map(&of);
        if out().all(|calls| calls >= CALLS) {
            return None;
        }
        out().max()
    }
}
