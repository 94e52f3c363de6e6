//! Rates and time left, from amounts and the time at which they arrived.
//!
//! The engine feeds each of these with what was acknowledged since the last time, at least every few seconds while something
//! runs, also when that was nothing. A clock that steps back or forward, and a computer that slept, never make a number
//! negative, infinite or absurd (F74): time that nobody fed is not counted.

mod eta;
mod history;
mod rate;

pub use eta::{Eta, EtaRange};
pub use history::History;
pub use rate::Rate;

use crate::time::Timestamp;

/// Longer than this between two feeds is a clock that jumped or a computer that slept, milliseconds.
const GAP_MS: i64 = 60_000;

/// How much time passed: `None` when the clock went back or jumped ahead.
fn passed(from: Timestamp, now: Timestamp) -> Option<i64> {
    let ms = now.as_millis().saturating_sub(from.as_millis());
    (0..=GAP_MS).contains(&ms).then_some(ms)
}
