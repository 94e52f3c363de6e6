//! Time left, as an honest range (experience §15).
//!
//! The last ten minutes are cut into samples: so long, so many bytes, so many files. Two costs, a second per byte and a second
//! per file, are fitted to them; how much slower or faster than the fit each sample was gives the range. What is under way
//! and not acknowledged yet has taken its time already: that is taken off, so that the time left runs down also while a
//! large part is on its way.

use std::collections::VecDeque;

use super::passed;
use crate::time::Timestamp;

/// Nothing is said before, milliseconds.
const HIDDEN_MS: i64 = 8_000;
/// A sample is at least so long, milliseconds.
const SAMPLE_MS: i64 = 5_000;
/// Nothing is said when nothing moved for so long, unless parts are known to take longer, milliseconds.
const STALLED_MS: i64 = 60_000;
/// What is said stays for so long, milliseconds.
const STAYS_MS: i64 = 5_000;
/// Ten minutes of samples, milliseconds.
const MEMORY_MS: i64 = 600_000;

/// Seconds left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EtaRange {
    /// If it goes as well as in the best fifth of the time.
    pub low_s: u32,
    /// If it goes as badly as in the worst fifth.
    pub high_s: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    ms: i64,
    bytes: u64,
    files: u64,
}

impl Sample {
    fn moved(&self) -> bool {
        self.bytes > 0 || self.files > 0
    }
}

/// Estimates the time left.
#[derive(Debug, Clone, Default)]
pub struct Eta {
    last: Option<Timestamp>,
    /// Milliseconds that were fed since it began or went on.
    running_ms: i64,
    open: Sample,
    samples: VecDeque<Sample>,
    said: Option<(Timestamp, Option<EtaRange>)>,
}

impl Eta {
    /// So many bytes and files more were acknowledged.
    pub fn feed(&mut self, now: Timestamp, bytes: u64, files: u64) {
        let ms = self.last.replace(now).and_then(|last| passed(last, now));
        let Some(ms) = ms else {
            self.open = Sample::default();
            return;
        };
        self.running_ms = self.running_ms.saturating_add(ms);
        self.open.ms += ms;
        self.open.bytes = self.open.bytes.saturating_add(bytes);
        self.open.files = self.open.files.saturating_add(files);
        if self.open.ms >= SAMPLE_MS && self.open.moved() {
            // Longer than that it stood still, which says nothing about the speed.
            let stalled = self.stalled_ms();
            let mut sample = std::mem::take(&mut self.open);
            sample.ms = sample.ms.min(stalled);
            self.samples.push_back(sample);
            while self.samples.iter().map(|s| s.ms).sum::<i64>() > MEMORY_MS {
                self.samples.pop_front();
            }
        }
    }

    /// The longest sample.
    fn longest_ms(&self) -> i64 {
        self.samples.iter().map(|s| s.ms).max().unwrap_or(0)
    }

    /// From so long on without a move it stands still.
    fn stalled_ms(&self) -> i64 {
        (2 * self.longest_ms()).clamp(STALLED_MS, MEMORY_MS / 2)
    }

    /// It stands still on purpose: that time says nothing about the speed, and nothing is said for a while afterwards.
    pub fn rest(&mut self) {
        self.last = None;
        self.running_ms = 0;
        self.open = Sample::default();
        self.said = None;
    }

    /// The time left; `None` in the first seconds and while nothing moves.
    pub fn left(&mut self, now: Timestamp, bytes_left: u64, files_left: u64) -> Option<EtaRange> {
        if self.running_ms < HIDDEN_MS {
            return None;
        }
        if let Some((at, said)) = self.said
            && passed(at, now).is_some_and(|ms| ms < STAYS_MS)
        {
            return said;
        }
        let range = self.estimate(bytes_left, files_left);
        self.said = Some((now, range));
        range
    }

    fn estimate(&self, bytes_left: u64, files_left: u64) -> Option<EtaRange> {
        if !self.open.moved() && self.open.ms >= self.stalled_ms() {
            return None;
        }
        let mut samples: Vec<_> = self.samples.iter().copied().collect();
        if samples.is_empty() && self.open.moved() {
            samples.push(self.open);
        }
        let (a, b) = fit(&samples)?;
        let cost = |bytes: u64, files: u64| a * bytes as f64 + b * files as f64;
        let mut slower: Vec<f64> = samples
            .iter()
            .map(|s| {
                let expected = cost(s.bytes, s.files);
                if expected > 0.0 {
                    s.ms as f64 / expected
                } else {
                    f64::INFINITY
                }
            })
            .collect();
        slower.sort_by(f64::total_cmp);
        let ms = cost(bytes_left, files_left);
        // What takes longer than it ever did is late, not done.
        let under_way = if self.samples.is_empty() {
            0.0
        } else {
            let spent = self.open.ms as f64 - cost(self.open.bytes, self.open.files);
            spent.clamp(0.0, self.longest_ms() as f64)
        };
        let range = |percent| Some((ms * percentile(&slower, percent)? - under_way).max(1.0));
        let (low, high) = (range(20)?, range(80)?);
        (low.is_finite() && high.is_finite()).then(|| EtaRange {
            low_s: rounded(low, false),
            high_s: rounded(high, true),
        })
    }
}

/// Milliseconds a byte and a file, neither negative, by least squares. `None` when nothing moved.
fn fit(samples: &[Sample]) -> Option<(f64, f64)> {
    let (mut bb, mut bf, mut ff, mut bt, mut ft) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for s in samples {
        let (bytes, files, ms) = (s.bytes as f64, s.files as f64, s.ms as f64);
        bb += bytes * bytes;
        bf += bytes * files;
        ff += files * files;
        bt += bytes * ms;
        ft += files * ms;
    }
    let alone = |xx: f64, xt: f64| if xx > 0.0 { xt / xx } else { 0.0 };
    let det = bb * ff - bf * bf;
    // Bytes and files that go in step tell nothing apart: then the bytes bear it all.
    let (a, b) = if det > 1e-3 * bb * ff {
        match ((bt * ff - ft * bf) / det, (ft * bb - bt * bf) / det) {
            (a, b) if a >= 0.0 && b >= 0.0 => (a, b),
            (a, _) if a < 0.0 => (0.0, alone(ff, ft)),
            _ => (alone(bb, bt), 0.0),
        }
    } else if bb > 0.0 {
        (alone(bb, bt), 0.0)
    } else {
        (0.0, alone(ff, ft))
    };
    (a.is_finite() && b.is_finite() && a + b > 0.0).then_some((a, b))
}

/// The value below which so many percent lie; the list is sorted.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    sorted
        .get((sorted.len().checked_sub(1)? * percent + 50) / 100)
        .copied()
}

/// To 10 s under 2 min, to 1 min under 1 h, to 5 min under 6 h, else to hours; outwards, so that the range stays true.
fn rounded(ms: f64, up: bool) -> u32 {
    let seconds = ms / 1_000.0;
    let step = match seconds {
        s if s < 120.0 => 10.0,
        s if s < 3_600.0 => 60.0,
        s if s < 21_600.0 => 300.0,
        _ => 3_600.0,
    };
    let steps = seconds / step;
    // Beyond the type it stays at its end.
    (if up { steps.ceil() } else { steps.floor() } * step) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn nothing_is_said_in_the_first_eight_seconds_nor_after_a_rest() {
        let mut eta = Eta::default();
        (0..8).for_each(|i| eta.feed(at(i * 1_000), 1_000, 0));
        assert_eq!(eta.left(at(7_900), 10_000, 0), None);
        eta.feed(at(8_000), 1_000, 0);
        assert!(eta.left(at(8_000), 10_000, 0).is_some());
        eta.rest();
        eta.feed(at(100_000), 0, 0);
        assert_eq!(eta.left(at(100_000), 10_000, 0), None);
    }

    #[test]
    fn a_steady_flow_is_a_narrow_range_and_stays_for_five_seconds() {
        let mut eta = Eta::default();
        (0..=60).for_each(|i| eta.feed(at(i * 1_000), 1_000, 0));
        let told = eta.left(at(60_000), 95_000, 0);
        assert_eq!(
            told,
            Some(EtaRange {
                low_s: 90,
                high_s: 100
            })
        );
        assert_eq!(eta.left(at(64_999), 1_000, 0), told);
        assert_ne!(eta.left(at(65_000), 1_000, 0), told);
    }

    #[test]
    fn small_files_have_a_cost_of_their_own() {
        let mut eta = Eta::default();
        eta.feed(at(0), 0, 0);
        // A minute of large files at 1 MB/s, then a minute of small ones at 100 files/s.
        (1..=60).for_each(|i| eta.feed(at(i * 1_000), 1_000_000, 0));
        (61..=120).for_each(|i| eta.feed(at(i * 1_000), 1_000, 100));
        let small = eta.left(at(120_000), 600_000, 60_000).expect("an estimate");
        assert!(
            (540..=600).contains(&small.low_s) && (600..=660).contains(&small.high_s),
            "ten minutes: {small:?}"
        );
    }

    /// Eight parts of 8 MB go side by side over a slow line and arrive together, 80 s after each other.
    fn in_bursts(eta: &mut Eta, from: i64, bursts: i64) {
        for second in 1..=bursts * 80 {
            let arrived = if second % 80 == 0 { 64_000_000 } else { 0 };
            eta.feed(at((from + second) * 1_000), arrived, 0);
        }
    }

    #[test]
    fn the_time_left_runs_down_while_the_last_parts_are_on_their_way() {
        let mut eta = Eta::default();
        eta.feed(at(0), 0, 0);
        in_bursts(&mut eta, 0, 4);
        // Nothing is acknowledged until the end: 64 MB are left all the time.
        let mut told = Vec::new();
        for second in 321..400 {
            eta.feed(at(second * 1_000), 0, 0);
            told.push(eta.left(at(second * 1_000), 64_000_000, 0).expect("it moves"));
        }
        let highs: Vec<u32> = told.iter().map(|e| e.high_s).collect();
        assert!(highs.is_sorted_by(|a, b| a >= b), "{highs:?}");
        assert!(
            highs.first().is_some_and(|s| (70..=90).contains(s)) && highs.last().is_some_and(|s| *s <= 20),
            "{highs:?}"
        );
    }

    #[test]
    fn after_a_rest_the_time_left_runs_down_too() {
        let mut eta = Eta::default();
        eta.feed(at(0), 0, 0);
        in_bursts(&mut eta, 0, 2);
        eta.rest();
        eta.feed(at(500_000), 0, 0);
        in_bursts(&mut eta, 500, 1);
        (581..650).for_each(|s| eta.feed(at(s * 1_000), 0, 0));
        let told = eta.left(at(649_000), 64_000_000, 0).expect("it moves");
        assert!(told.high_s <= 20, "{told:?}");
    }

    #[test]
    fn nothing_is_said_of_what_stands_still_and_the_speed_before_is_not_forgotten() {
        let mut eta = Eta::default();
        (0..=60).for_each(|i| eta.feed(at(i * 1_000), 1_000, 0));
        (61..=125).for_each(|i| eta.feed(at(i * 1_000), 0, 0));
        assert_eq!(eta.left(at(125_000), 60_000, 0), None);
        (126..=150).for_each(|i| eta.feed(at(i * 1_000), 1_000, 0));
        let told = eta.left(at(150_000), 60_000, 0).expect("it moves");
        assert!((50..=70).contains(&told.low_s), "{told:?}");
    }

    #[test]
    fn an_unsteady_network_widens_the_range() {
        let mut eta = Eta::default();
        (0..=120).for_each(|i| eta.feed(at(i * 1_000), if (i / 10) % 2 == 0 { 10_000 } else { 1_000 }, 0));
        let told = eta.left(at(120_000), 1_000_000, 0).expect("an estimate");
        assert!(told.high_s > 4 * told.low_s, "{told:?}");
    }

    #[test]
    fn rounding_goes_outwards_by_the_length() {
        let told = |s: f64| (rounded(s * 1_000.0, false), rounded(s * 1_000.0, true));
        assert_eq!(told(95.0), (90, 100));
        assert_eq!(told(130.0), (120, 180));
        assert_eq!(told(4_000.0), (3_900, 4_200));
        assert_eq!(told(30_000.0), (28_800, 32_400));
        assert_eq!(told(f64::MAX), (u32::MAX, u32::MAX));
    }

    proptest! {
        #[test]
        fn f074_no_clock_makes_the_time_left_negative_or_reversed(
            feeds in prop::collection::vec((prop_oneof![0i64..200_000, any::<i64>()], any::<u64>(), any::<u64>()), 0..60),
            now: i64, bytes: u64, files: u64,
        ) {
            let mut eta = Eta::default();
            for (ms, bytes, files) in feeds {
                eta.feed(at(ms), bytes, files);
            }
            if let Some(told) = eta.left(at(now), bytes, files) {
                prop_assert!(told.low_s <= told.high_s);
            }
        }
    }
}
