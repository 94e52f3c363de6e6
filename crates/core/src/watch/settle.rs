//! Standing still: how long, and since when.
//!
//! Size, times and identity have to be the same for 3 s and 1 s more for each 100 MB, at most 120 s; five times that where the disk is
//! on the network. A program that has the file open for writing keeps it moving.

use crate::fingerprint::{SourceChange, SourceFingerprint};
use crate::time::Timestamp;

const MS_PER_100_MB: u64 = 1_000;
const MOST_MS: i64 = 120_000;
const NETWORK_FACTOR: i64 = 5;
/// A file that a person gave stands still for so long before it is taken in, when another program was writing it: some write in
/// several goes.
const GIVEN_STILL_MS: i64 = 2_000;
/// A program that has a file open and writes nothing for so long only keeps it open, milliseconds.
const ONLY_OPEN_MS: i64 = 60_000;
/// A file that did not stand still for so long is told to a person (F150).
pub const NEVER_STILL_MS: i64 = 600_000;

/// How long a file of this size has to stand still.
#[must_use]
pub fn settle_ms(size: u64, least_ms: i64, network: bool) -> i64 {
    let by_size = i64::try_from(size / 100_000_000 * MS_PER_100_MB).unwrap_or(MOST_MS);
    let ms = least_ms.max(0).saturating_add(by_size).min(MOST_MS.max(least_ms));
    if network {
        ms.saturating_mul(NETWORK_FACTOR)
    } else {
        ms
    }
}

/// How a file stands: what was seen last, and since when it has been so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// As seen last.
    pub fingerprint: SourceFingerprint,
    /// When it was first seen unsettled.
    pub first_seen: Timestamp,
    /// Since when nothing changed.
    pub still_since: Timestamp,
    /// It changed while it was looked at.
    pub moved: bool,
}

impl Stand {
    /// Seen for the first time. Where the disk has this computer's clock, its change time tells since when it stands: no
    /// program can set that back. Elsewhere only what was seen counts.
    #[must_use]
    pub fn first(fingerprint: SourceFingerprint, now: Timestamp, own_clock: bool) -> Self {
        let touched = Timestamp::from_millis(fingerprint.mtime_ns.max(fingerprint.ctime_ns) / 1_000_000);
        let still_since = if own_clock && touched < now { touched } else { now };
        Self {
            fingerprint,
            first_seen: now,
            still_since,
            moved: false,
        }
    }

    /// Seen again. Answers whether it had changed.
    pub fn look(&mut self, fingerprint: SourceFingerprint, now: Timestamp) -> bool {
        // A clock that was set back must not make it wait for hours.
        self.still_since = self.still_since.min(now);
        if self.fingerprint == fingerprint {
            return false;
        }
        let rights_only = self.fingerprint.compare(&fingerprint) == SourceChange::MetadataOnly;
        self.fingerprint = fingerprint;
        self.still_since = now;
        self.moved |= !rights_only;
        true
    }

    /// A program has it open for writing.
    pub fn held(&mut self, now: Timestamp) {
        self.still_since = now;
    }

    /// When it will have stood still for long enough.
    #[must_use]
    pub fn settled_at(&self, settle_ms: i64) -> Timestamp {
        self.still_since.plus_millis(settle_ms)
    }
}

/// Whether a file changed so lately that a program which has it open may be writing it. Of another one it need not be asked who
/// has it open: he only keeps it open.
#[must_use]
pub fn changed_lately(file: &SourceFingerprint, now: Timestamp) -> bool {
    now.millis_since(Timestamp::from_millis(file.mtime_ns / 1_000_000)) < ONLY_OPEN_MS
}

/// Whether a file that a person gave, and that was being written, is taken in now: it stood still after its last writer went, its
/// writer only keeps it open, or it never stands still, which then its upload tells.
#[must_use]
pub fn given_goes(stand: &Stand, is_open: bool, now: Timestamp) -> bool {
    let least = if is_open { ONLY_OPEN_MS } else { GIVEN_STILL_MS };
    now >= stand.settled_at(settle_ms(stand.fingerprint.size, least, false))
        || now.millis_since(stand.first_seen) >= NEVER_STILL_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GB: u64 = 1_000_000_000;

    fn f(size: u64, touched_ms: i64) -> SourceFingerprint {
        SourceFingerprint {
            dev: 1,
            inode: 1,
            size,
            mtime_ns: touched_ms * 1_000_000,
            ctime_ns: touched_ms * 1_000_000,
        }
    }

    //
    #[test]
    fn what_is_given_while_it_is_written_goes_when_it_stands_still_and_waits_for_nobody_for_ever() {
        let at = Timestamp::from_millis;
        let mut stand = Stand::first(f(10, 0), at(0), false);
        assert!(!given_goes(&stand, false, at(1_999)) && given_goes(&stand, false, at(2_000)));
        assert!(!given_goes(&stand, true, at(59_999)) && given_goes(&stand, true, at(60_000)));
        // A gigabyte stands still for longer.
        stand.look(f(GB, 5), at(5_000));
        assert!(!given_goes(&stand, false, at(16_999)) && given_goes(&stand, false, at(17_000)));
        // A log that is written for ever goes in as it is.
        stand.look(f(GB, 599_000), at(599_000));
        assert!(!given_goes(&stand, true, at(599_999)) && given_goes(&stand, true, at(600_000)));
        assert!(changed_lately(&f(1, 0), at(59_999)) && !changed_lately(&f(1, 0), at(60_000)));
        // Written by a clock that is ahead.
        assert!(changed_lately(&f(1, 90_000), at(0)));
    }

    #[test]
    fn x15_the_wait_grows_with_the_size_and_has_an_end() {
        for (size, network, ms) in [
            (0, false, 3_000),
            (99_999_999, false, 3_000),
            (100_000_000, false, 4_000),
            (GB, false, 13_000),
            (500 * GB, false, 120_000),
            (GB, true, 65_000),
            (u64::MAX, true, 600_000),
        ] {
            assert_eq!(settle_ms(size, 3_000, network), ms, "{size} {network}");
        }
    }

    #[test]
    fn e2_a_file_that_was_touched_long_ago_need_not_wait_and_one_of_a_strange_clock_has_to() {
        let now = Timestamp::from_millis(100_000);
        assert_eq!(
            Stand::first(f(1, 90_000), now, true)
                .settled_at(3_000)
                .as_millis(),
            93_000
        );
        assert_eq!(
            Stand::first(f(1, 90_000), now, false)
                .settled_at(3_000)
                .as_millis(),
            103_000
        );
        // The future is no past.
        assert_eq!(
            Stand::first(f(1, 900_000), now, true)
                .settled_at(3_000)
                .as_millis(),
            103_000
        );
    }

    #[test]
    fn f074_a_clock_that_goes_back_costs_one_wait_and_not_hours() {
        let mut stand = Stand::first(f(1, 0), Timestamp::from_millis(9_000_000), false);
        stand.look(f(1, 0), Timestamp::from_millis(50_000));
        assert_eq!(stand.settled_at(3_000).as_millis(), 53_000);
    }

    proptest! {
        // I38: never settled before the wait is over since the last change.
        #[test]
        fn i38_nothing_settles_before_it_stood_still(
            steps in prop::collection::vec((1i64..5_000, 0u64..4, any::<bool>()), 1..40),
            least in 0i64..10_000,
        ) {
            let mut now = Timestamp::from_millis(1_000_000);
            let mut last_change = now;
            let mut seen = f(0, now.as_millis());
            let mut stand = Stand::first(seen, now, true);
            for (wait, size, held) in steps {
                now = now.plus_millis(wait);
                if size > 0 {
                    seen = f(seen.size + size, now.as_millis());
                    last_change = now;
                }
                stand.look(seen, now);
                if held {
                    stand.held(now);
                    last_change = now;
                }
                prop_assert!(stand.settled_at(least) >= last_change.plus_millis(least));
            }
        }
    }
}
