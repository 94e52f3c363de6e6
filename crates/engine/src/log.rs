//! What the engine writes to the log: one line each for what a person may ask about later, and no more.
//!
//! Launch, what was found there, the beginning and end of groups, files that failed, waits with their reason. A cause
//! that meets ten thousand files is written a hundred times and then counted (I33). Details carry paths and the storage's
//! words, never a signed URL or a key (I42).

use std::collections::BTreeMap;
use std::sync::Mutex;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::machine::Machine;
use windlass_core::machine::records::Change;
use windlass_core::time::Timestamp;

use crate::infos::locked;

/// Lines of one cause; from there on each thousandth.
const FIRST: u64 = 100;
const EACH: u64 = 1_000;

/// How often each cause was met since the launch.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    causes: Mutex<BTreeMap<(&'static str, ErrorCode), u64>>,
}

impl Lines {
    /// A change that the queue took.
    pub(crate) fn change(&self, change: &Change) {
        match change {
            Change::FileFailed { id, failure, .. } => {
                if let Some(n) = self.counts("failed", failure) {
                    tracing::warn!(file = %id, code = failure.code.as_str(), detail = failure.detail, n, "a file failed");
                }
            }
            Change::FileTries {
                id,
                tries,
                failure: Some(failure),
                ..
            } => {
                if let Some(n) = self.counts("again", failure) {
                    tracing::info!(file = %id, tries, code = failure.code.as_str(), detail = failure.detail, n, "a file is tried again");
                }
            }
            Change::FileStartOver {
                id, attempt, because, ..
            } => {
                if let Some(n) = self.counts("over", because) {
                    tracing::info!(file = %id, attempt, code = because.code.as_str(), detail = because.detail, n, "a file starts over");
                }
            }
            Change::GroupState { id, from, to, .. } => {
                tracing::info!(group = %id, from = from.as_str(), to = to.as_str(), "a group moves on");
            }
            Change::GroupCancelled { id, .. } => tracing::info!(group = %id, "a group is cancelled"),
            _ => {}
        }
    }

    /// Which time this is; `None` when it is not written.
    fn counts(&self, what: &'static str, failure: &Failure) -> Option<u64> {
        let mut causes = locked(&self.causes);
        let n = causes.entry((what, failure.code)).or_default();
        *n += 1;
        (*n <= FIRST || (*n).is_multiple_of(EACH)).then_some(*n)
    }
}

/// Why a destination stands still, and what it fails of since when.
type Stand = (Option<ErrorCode>, Option<(ErrorCode, Timestamp)>);

/// Destinations that stand still.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// As they were last written down.
    told: BTreeMap<DestinationId, ErrorCode>,
    /// As they are: why they stand still, and what they fail of since when.
    now: BTreeMap<DestinationId, Stand>,
}

impl Holds {
    /// Writes what changed. Answers which destinations began to stand still or ended it: who looks has to see that, and
    /// between two tries a hold may last for less than the pulse of the figures.
    pub(crate) fn look(&mut self, machine: &Machine) -> Vec<DestinationId> {
        let mut changed = Vec::new();
        for (id, held, failing) in machine.destinations_held() {
            let is = (
                held.map(|h| h.failure.code),
                failing.map(|f| (f.failure.code, f.since)),
            );
            let was = self.now.get(&id).copied().unwrap_or_default();
            if was == is {
                continue;
            }
            self.now.insert(id, is);
            changed.push(id);
            let (Some(h), true) = (held, was.0 != is.0) else {
                continue;
            };
            let code = h.failure.code;
            if self.told.insert(id, code) != Some(code) {
                tracing::warn!(destination = %id, code = code.as_str(), detail = h.failure.detail, "a destination stands still");
            }
        }
        changed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// A part of it arrived: it goes on.
    pub(crate) fn goes_on(&mut self, id: DestinationId) {
        if self.told.remove(&id).is_some() {
            tracing::info!(destination = %id, "a destination goes on");
        }
    }
}
