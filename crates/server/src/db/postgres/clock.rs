//! The database's clock, as this program knows it.
//!
//! Read in the round trip that begins a transaction, when the last reading is a while ago; between two readings it goes on
//! by this computer's steady clock, which nobody sets. So a replica whose wall clock is wrong, or jumps, still knows what
//! all others know. It is never ahead of the database, only late by the way of the answer.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use windlass_core::time::Timestamp;

/// A reading is good for so long: steady clocks of two computers part by less than a millisecond in it.
const GOOD: Duration = Duration::from_secs(1);

/// Read by the database itself, at the end of what begins a transaction: behind the wait for a lock.
pub(super) const READ: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// The last reading, and when it was.
#[derive(Debug, Default)]
pub(super) struct Clock(Mutex<Option<(Timestamp, Instant)>>);

impl Clock {
    /// What it shows; none before the first reading.
    pub(super) fn now(&self) -> Option<Timestamp> {
        let (shown, at) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let since = i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX);
        Some(shown.plus_millis(since))
    }

    /// Is it time to read it again?
    pub(super) fn is_stale(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|(_, at)| at.elapsed() > GOOD)
    }

    /// It has just been read.
    pub(super) fn shows(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Instant::now()));
    }
}
