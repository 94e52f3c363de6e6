//! When to try again: exponential backoff with full jitter, clamped.

use crate::limits::RETRY_AFTER_MS;
use crate::time::Timestamp;

/// First step of the backoff, milliseconds.
const BASE_MS: i64 = 1_000;
/// Largest step (experience §17: 1 s to 5 min).
const CAP_MS: i64 = 300_000;

/// The time of the next try after `attempts` failures in a row: a random point in [step/8, step], step = 1 s × 2^(attempts-1),
/// at most 5 min. `random` is any number. A wait that the other side asked for is honoured as the least, clamped to
/// 1 s..15 min (F78).
#[must_use]
pub fn next_try(now: Timestamp, attempts: u32, retry_after_ms: Option<i64>, random: u64) -> Timestamp {
    let step = BASE_MS
        .saturating_mul(1 << attempts.saturating_sub(1).min(20))
        .min(CAP_MS);
    let floor = step / 8;
    let jitter = i64::try_from(random % (step - floor + 1).unsigned_abs()).unwrap_or(0);
    let asked = retry_after_ms.map_or(0, |ms| ms.clamp(*RETRY_AFTER_MS.start(), *RETRY_AFTER_MS.end()));
    // Those that were told the same wait must not come back in the same instant (F68).
    now.plus_millis(if asked > 0 {
        asked + jitter.min(asked / 4)
    } else {
        floor + jitter
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn f078_no_wait_is_absurd(attempts in 0u32..1_000, asked in proptest::option::of(any::<i64>()), random: u64) {
            let now = Timestamp::from_millis(1_000_000);
            let wait = next_try(now, attempts, asked, random).millis_since(now);
            prop_assert!((125..=900_000 + 225_000).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn waits_grow_and_spread() {
        let now = Timestamp::from_millis(0);
        assert!(next_try(now, 1, None, u64::MAX).as_millis() <= 1_000);
        assert!(next_try(now, 9, None, 0).as_millis() >= 30_000);
        assert_ne!(next_try(now, 9, None, 5), next_try(now, 9, None, 77_777));
        assert!(next_try(now, 1, Some(20_000), 3).as_millis() >= 20_000);
    }
}
