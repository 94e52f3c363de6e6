//! Stretches of time in which work was held up.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::error::ErrorCode;
use windlass_core::spans::SpanCause;

/// From when to when work was held up, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SpanView {
    /// Why.
    pub cause: SpanCause,
    /// Nobody wanted it; else it is a pause of the person or of the person's rules, or a limit.
    pub interruption: bool,
    /// Its beginning, milliseconds since 1970.
    #[ts(type = "number")]
    pub from: i64,
    /// Its end; now, where it goes on.
    #[ts(type = "number")]
    pub to: i64,
    /// It goes on.
    pub open: bool,
    /// The destination at which it lies, by its name.
    pub destination: Option<String>,
    /// It held one group, while others were open that it did not hold.
    pub one_group: bool,
    /// That group's name.
    pub group: Option<String>,
    /// The error behind it.
    pub code: Option<ErrorCode>,
    /// Its number for people, `WL-nnn`.
    pub number: Option<String>,
    /// With the cause `limit`: bytes a second.
    #[ts(type = "number | null")]
    pub limit: Option<u64>,
}

/// How long one cause held anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Waited {
    /// Why.
    pub cause: SpanCause,
    /// Milliseconds.
    #[ts(type = "number")]
    pub ms: i64,
}

/// What held a group between its beginning and its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Interruptions {
    /// Times that something broke in that nobody wanted.
    pub count: u32,
    /// All that held it, pauses too, the oldest first; of more than 20 the longest.
    pub spans: Vec<SpanView>,
    /// Bytes that went over the network in vain, and were sent again.
    #[ts(type = "number")]
    pub again: u64,
    /// How long the person had it paused, milliseconds.
    #[ts(type = "number")]
    pub paused_ms: i64,
}
