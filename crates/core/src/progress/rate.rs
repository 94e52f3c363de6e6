//! An amount a second, smoothed.

use super::passed;
use crate::time::Timestamp;

/// Amounts within this are one, milliseconds: a rate of an instant means nothing.
const STEP_MS: i64 = 250;

/// An amount a second, smoothed exponentially: what arrived one half-life ago counts half.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    half_life_ms: f64,
    last: Option<Timestamp>,
    /// Not yet folded in.
    fresh: f64,
    rate: f64,
    /// How much of the rate's memory is filled; it begins empty.
    weight: f64,
}

impl Rate {
    /// A rate that forgets half in so many milliseconds.
    #[must_use]
    pub fn new(half_life_ms: u32) -> Self {
        Self {
            half_life_ms: f64::from(half_life_ms.max(1)),
            last: None,
            fresh: 0.0,
            rate: 0.0,
            weight: 0.0,
        }
    }

    /// So much more arrived. The first feed begins the time; its amount is what came before.
    pub fn feed(&mut self, now: Timestamp, amount: u64) {
        let Some(ms) = self.last.and_then(|last| passed(last, now)) else {
            // The first, or time that nobody saw: what arrived in it has no rate, what was known fades no further.
            self.last = Some(now);
            self.fresh = 0.0;
            return;
        };
        self.fresh += amount as f64;
        if ms >= STEP_MS {
            self.fold(ms);
            self.last = Some(now);
        }
    }

    /// The amount a second, as of now. 0 before anything is known.
    #[must_use]
    pub fn per_second(&self, now: Timestamp) -> f64 {
        let mut seen = *self;
        seen.feed(now, 0);
        if seen.weight > 0.0 {
            seen.rate / seen.weight
        } else {
            0.0
        }
    }

    fn fold(&mut self, ms: i64) {
        let ms = ms as f64;
        let keep = 0.5_f64.powf(ms / self.half_life_ms);
        self.rate = self.rate * keep + self.fresh * 1_000.0 / ms * (1.0 - keep);
        self.weight = self.weight * keep + (1.0 - keep);
        self.fresh = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_steady_flow_is_told_exactly_from_the_first_second_on() {
        let mut rate = Rate::new(5_000);
        for i in 0..100 {
            rate.feed(at(i * 100), 50);
            if i >= 10 {
                let told = rate.per_second(at(i * 100));
                assert!((told - 500.0).abs() < 1.0, "{told} after {i}");
            }
        }
    }

    #[test]
    fn after_a_half_life_the_new_speed_counts_half() {
        let mut rate = Rate::new(5_000);
        (0..=1_200).for_each(|i| rate.feed(at(i * 250), 250));
        (1_201..=1_220).for_each(|i| rate.feed(at(i * 250), 0));
        let told = rate.per_second(at(1_220 * 250));
        assert!((told - 500.0).abs() < 5.0, "{told}");
    }

    #[test]
    fn f074_a_night_asleep_leaves_the_rate_as_it_was() {
        let mut rate = Rate::new(5_000);
        (0..=40).for_each(|i| rate.feed(at(i * 250), 250));
        let before = rate.per_second(at(10_000));
        rate.feed(at(10_000 + 8 * 3_600_000), 9_000_000);
        let after = rate.per_second(at(10_000 + 8 * 3_600_000));
        assert!((before - after).abs() < 1.0, "{before} {after}");
    }

    proptest! {
        #[test]
        fn f074_no_clock_makes_a_rate_negative_or_endless(
            feeds in prop::collection::vec((any::<i64>(), any::<u64>()), 0..40), now: i64, half_life: u32,
        ) {
            let mut rate = Rate::new(half_life);
            for (ms, amount) in feeds {
                rate.feed(at(ms), amount);
            }
            let told = rate.per_second(at(now));
            prop_assert!(told >= 0.0 && told.is_finite(), "{told}");
        }
    }
}
