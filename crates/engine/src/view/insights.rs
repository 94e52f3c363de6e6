//! Figures about a stretch of time.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, GroupId};

use super::{SpanView, Waited};

/// Figures about the hours up to now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Insights {
    /// Hours.
    pub hours: u32,
    /// Its beginning, milliseconds since 1970.
    #[ts(type = "number")]
    pub from: i64,
    /// Now.
    #[ts(type = "number")]
    pub to: i64,
    /// Files proved.
    #[ts(type = "number")]
    pub verified: u64,
    /// Files that failed and still stand so.
    #[ts(type = "number")]
    pub failed: u64,
    /// Bytes of the proved files.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Files that were there by content.
    #[ts(type = "number")]
    pub deduplicated: u64,
    /// Files untouched since they were proved.
    #[ts(type = "number")]
    pub unchanged: u64,
    /// Bytes that did not have to be sent for them.
    #[ts(type = "number")]
    pub saved: u64,
    /// Bytes that went over the network.
    #[ts(type = "number")]
    pub sent: u64,
    /// Of these: sent in vain, and sent again.
    #[ts(type = "number")]
    pub lost: u64,
    /// Time from the drop to the proof, milliseconds; zeros when nothing was sent.
    #[ts(type = "number")]
    pub mean_ms: i64,
    /// Half took no longer.
    #[ts(type = "number")]
    pub median_ms: i64,
    /// 95 of 100 took no longer.
    #[ts(type = "number")]
    pub p95_ms: i64,
    /// Milliseconds of one figure of the chart.
    #[ts(type = "number")]
    pub step_ms: i64,
    /// Bytes a second of each stretch, from `from` on, without gaps.
    pub rates: Vec<f64>,
    /// Bytes a second of files whose processing ended well where they arrived, of the same stretches, by when it was heard of; empty
    /// when there was none.
    pub processed_rates: Vec<f64>,
    /// From when to when work was held up or went by the limit of an hour, inside the stretch, the oldest first; of more than
    /// 100 the longest.
    pub spans: Vec<SpanView>,
    /// Times that something broke in that nobody wanted, in the stretch.
    pub interruptions: u32,
    /// How long each cause held anything in the last seven days, the longest first.
    pub waited: Vec<Waited>,
    /// Why files failed, the most frequent first.
    pub reasons: Vec<Reason>,
    /// Groups on which nothing moves.
    pub abandoned: Vec<AbandonedGroup>,
    /// What each destination took, most bytes first.
    pub destinations: Vec<DestinationFigures>,
    /// Files of groups in the list that were processed where they arrived, in the stretch; as it was heard of.
    #[ts(type = "number")]
    pub processed: u64,
    /// Files with which that failed for good.
    #[ts(type = "number")]
    pub unprocessed: u64,
}

/// A cause and how often it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Reason {
    /// The cause.
    pub code: ErrorCode,
    /// Its number for people.
    pub number: String,
    /// Files.
    #[ts(type = "number")]
    pub files: u64,
}

/// What a server counts of an account, over all its computers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AccountFigures {
    /// A destination that lies there.
    pub destination: DestinationId,
    /// The names of all that do, with this account.
    pub names: Vec<String>,
    /// Why the server told nothing; null: it did.
    pub problem: Option<ErrorCode>,
    /// Its number for people.
    pub number: Option<String>,
    /// Of files; null when it told nothing.
    pub files: Option<AccountCounts>,
    /// Of groups.
    pub groups: Option<AccountCounts>,
}

/// The four figures of a server: of the last 24 hours, and reasons of the last seven days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AccountCounts {
    /// How many ended well.
    #[ts(type = "number")]
    pub succeeded: u64,
    /// How many failed.
    #[ts(type = "number")]
    pub failed: u64,
    /// From made to proved, milliseconds; null when none ended well.
    #[ts(type = "number | null")]
    pub mean_ms: Option<i64>,
    /// Why they failed in seven days, the most frequent first.
    pub reasons: Vec<Reason>,
    /// Open for more than an hour without a sign of life.
    #[ts(type = "number")]
    pub abandoned: u64,
}

/// A group on which nothing moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AbandonedGroup {
    /// Its id.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Files proved.
    #[ts(type = "number")]
    pub done: u64,
    /// Files in all.
    #[ts(type = "number")]
    pub files: u64,
    /// Cancelled by the person; else it waits.
    pub cancelled: bool,
    /// When something of it moved last.
    #[ts(type = "number")]
    pub at: i64,
}

/// What a destination took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DestinationFigures {
    /// Its id.
    pub id: DestinationId,
    /// Its name.
    pub name: String,
    /// Files proved.
    #[ts(type = "number")]
    pub files: u64,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Of these: not sent.
    #[ts(type = "number")]
    pub saved: u64,
}

/// A part of the diagnostics bundle: a name and a text, nothing of it names a file, a person or a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DiagnosticsSection {
    /// One word: `versions`, `settings`, `queue`, `errors`, `destinations`, `log`.
    pub name: String,
    /// Its lines.
    pub text: String,
}
