//! Chance by a number that is printed, and ids.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers by chance: the same for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut chance = Self((seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
        // The first numbers of neighbours are alike.
        for _ in 0..8 {
            chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Less than this.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound.max(1)
    }

    /// True once in so many.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

fn since_1970() -> std::time::Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "a client of its own, with a clock of its own"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A number that is another one in each run.
pub(crate) fn seed() -> u64 {
    u64::try_from(since_1970().as_nanos() & u128::from(u64::MAX)).unwrap_or_default()
}

/// A new id, as clients make them: UUID version 7.
pub(crate) fn id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let (now, n) = (since_1970().as_millis(), NEXT.fetch_add(1, Ordering::Relaxed));
    let random = Chance::new(seed(), n).next();
    format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        (now >> 16) & 0xffff_ffff,
        now & 0xffff,
        (n >> 24) & 0xfff,
        (n >> 12) & 0xfff,
        ((n & 0xfff) << 36) | (random & 0xf_ffff_ffff)
    )
}
