//! The last five minutes as a line.

use std::collections::VecDeque;

use super::passed;
use crate::time::Timestamp;

/// Figures kept.
const FIGURES: usize = 60;
/// Milliseconds of one figure.
const STEP_MS: i64 = 5_000;

/// The rate of the last five minutes, one figure each 5 s.
#[derive(Debug, Clone, Default)]
pub struct History {
    began: Option<Timestamp>,
    fresh: u64,
    figures: VecDeque<f64>,
}

impl History {
    /// So much more arrived.
    pub fn feed(&mut self, now: Timestamp, amount: u64) {
        let Some(began) = self.began else {
            self.began = Some(now);
            self.fresh = amount;
            return;
        };
        let Some(ms) = passed(began, now) else {
            // Time that nobody saw is no flat line; the figure begins anew.
            self.began = Some(now);
            self.fresh = amount;
            return;
        };
        if ms >= STEP_MS {
            let figure = self.fresh as f64 * 1_000.0 / STEP_MS as f64;
            let still = ms / STEP_MS - 1;
            self.push(figure);
            (0..still).for_each(|_| self.push(0.0));
            self.began = Some(began.plus_millis(ms / STEP_MS * STEP_MS));
            self.fresh = 0;
        }
        self.fresh = self.fresh.saturating_add(amount);
    }

    /// Amounts a second, oldest first; at most 60.
    #[must_use]
    pub fn rates(&self) -> Vec<f64> {
        self.figures.iter().copied().collect()
    }

    fn push(&mut self, figure: f64) {
        if self.figures.len() == FIGURES {
            self.figures.pop_front();
        }
        self.figures.push_back(figure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_figure_is_the_mean_of_its_five_seconds() {
        let mut history = History::default();
        (0..11).for_each(|i| history.feed(Timestamp::from_millis(i * 1_000), 100));
        assert_eq!(history.rates(), [100.0, 100.0]);
        history.feed(Timestamp::from_millis(20_500), 0);
        assert_eq!(history.rates(), [100.0, 100.0, 20.0, 0.0]);
    }

    proptest! {
        #[test]
        fn f074_no_clock_makes_more_than_sixty_figures_or_a_negative_one(
            feeds in prop::collection::vec((any::<i64>(), any::<u64>()), 0..100), steady in prop::collection::vec(0i64..90_000, 0..200),
        ) {
            let mut history = History::default();
            feeds.into_iter().for_each(|(ms, amount)| history.feed(Timestamp::from_millis(ms), amount));
            let mut now = 0;
            for step in steady {
                now += step;
                history.feed(Timestamp::from_millis(now), 7);
            }
            prop_assert!(history.rates().len() <= FIGURES);
            prop_assert!(history.rates().iter().all(|r| *r >= 0.0 && r.is_finite()));
        }
    }
}
