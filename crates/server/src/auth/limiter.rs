//! Rates: how often somebody may ask. A bucket each, refilled all the time; what it lacks is told as a wait.
//!
//! Born with the first request of somebody, forgotten once the bucket is full again. Pure: the time is handed in.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use windlass_core::time::Timestamp;

/// How much may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// A second, in the long run.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

/// Somebodies that are remembered; beyond that those whose buckets are full are let go.
const MOST: usize = 100_000;
/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// Buckets by key. The value is when the bucket will be full again, in microseconds (GCRA).
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    full_at: Mutex<BTreeMap<K, i64>>,
}

impl<K: Ord + Clone> Limiter<K> {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            full_at: Mutex::default(),
        }
    }

    /// Takes one; or says in how many milliseconds there will be one. A rate of 0 is no limit.
    ///
    /// # Errors
    /// The wait.
    pub fn take(&self, key: &K, now: Timestamp) -> Result<(), i64> {
        self.ask(key, now, true)
    }

    /// As [`Limiter::take`], taking none.
    ///
    /// # Errors
    /// The wait.
    pub fn peek(&self, key: &K, now: Timestamp) -> Result<(), i64> {
        self.ask(key, now, false)
    }

    fn ask(&self, key: &K, now: Timestamp, take: bool) -> Result<(), i64> {
        if self.rate.per_second == 0 {
            return Ok(());
        }
        let step = SECOND / i64::from(self.rate.per_second);
        let room = step * i64::from(self.rate.burst.max(1));
        let now = now.as_millis().saturating_mul(1_000);
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = all.get(key).copied().unwrap_or(now).max(now);
        let next = full_at + step;
        let lacks = next - now - room;
        if lacks > 0 {
            return Err((lacks + 999) / 1_000);
        }
        if take {
            if all.len() >= MOST {
                all.retain(|_, full_at| *full_at > now);
                // Asked from everywhere at once: everybody gets a full bucket, and memory stays bounded.
                if all.len() > MOST / 2 {
                    all.clear();
                }
            }
            all.insert(key.clone(), next);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[test]
    fn a_burst_passes_then_the_rate_holds_and_the_wait_is_exact() {
        let limiter = Limiter::new(Rate {
            per_second: 10,
            burst: 3,
        });
        for _ in 0..3 {
            assert_eq!(limiter.take(&1, T0), Ok(()));
        }
        assert_eq!(limiter.take(&1, T0), Err(100));
        assert_eq!(limiter.take(&2, T0), Ok(()), "others have their own");
        assert_eq!(limiter.take(&1, T0.plus_millis(99)), Err(1));
        assert_eq!(limiter.peek(&1, T0.plus_millis(100)), Ok(()));
        assert_eq!(limiter.take(&1, T0.plus_millis(100)), Ok(()));
        assert_eq!(limiter.take(&1, T0.plus_millis(100)), Err(100));
        // After a while the bucket is full, and not fuller.
        let later = T0.plus_millis(60_000);
        assert_eq!((0..9).filter(|_| limiter.take(&1, later).is_ok()).count(), 3);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let limiter = Limiter::new(Rate {
            per_second: 0,
            burst: 0,
        });
        assert!((0..1_000).all(|_| limiter.take(&(), T0).is_ok()));
    }
}
