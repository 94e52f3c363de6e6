//! What the window and the CLI are shown: snapshots and deltas of the engine, never its truth.
//!
//! A [`Snapshot`] is taken at subscription and after a gap; [`Delta`]s follow, at most ten a second, each with the
//! next `seq`. All types cross the IPC as JSON; their TypeScript twins in `ui/src/lib/contract` are generated from
//! here by `cargo xtask generate`. Byte counts are numbers of at most 2^53.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::states::{BlockedReason, Intent};

/// The one word that a group's card shows (experience §0), derived in `core::display`.
pub use windlass_core::display::{FileWord, GroupWord};
pub use windlass_way::ProxyChoice;

mod around;
mod destination;
mod details;
mod file;
mod history;
mod insights;
mod preflight;
mod receipt;
mod relaunch;
mod setting;
mod spans;
mod watch;

pub use around::Around;
pub use destination::{
    CheckOutcome, CheckStep, DestinationCheck, DestinationKind, DestinationView, KeepSecret, NewDestination,
    NewS3, NewServer, OwnProxy, Room,
};
pub use details::{EventView, FileDetails, Find, FindKind, PartView};
pub use file::{Failures, FileError, FilePage, FileView, ProcessingCounts, ProcessingView, ProcessingWord};
pub use history::{
    ChangeKind, EmptyFolder, FoundFile, FoundFiles, HistoryAct, HistoryActKind, HistoryAsk, HistoryChange,
    HistoryDetails, HistoryEnd, HistoryEntry, HistoryNarrow, HistoryPage, HistoryPlace, InTrash, ProvedAsk,
    ProvedKind, PutBack, ReceiptForm, ReceiptPage, SafeAnswer, SafeView, Trashed,
};
pub use insights::{
    AbandonedGroup, AccountCounts, AccountFigures, DestinationFigures, DiagnosticsSection, Insights, Reason,
};
pub use preflight::{PreflightExample, PreflightFold, PreflightKind, PreflightView};
pub use receipt::{ReceiptLine, ReceiptView};
pub use relaunch::{ElsewhereGroup, Finding, FindingKind, RelaunchAnswer, RelaunchGroup, RelaunchReport};
pub use setting::SettingKey;
pub use spans::{Interruptions, SpanView, Waited};
pub(crate) use watch::code_view;
pub use watch::{
    After, GroupRule, NewWatch, WatchCounts, WatchExample, WatchExplained, WatchFileView, WatchMode,
    WatchOriginal, WatchPage, WatchPreview, WatchQuery, WatchSettings, WatchState, WatchVerdict, WatchView,
    Why,
};

/// All that a window needs to draw itself from nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Snapshot {
    /// Number of the last delta that is already in this snapshot.
    #[ts(type = "number")]
    pub seq: u64,
    /// Groups in the order in which they are shown.
    pub groups: Vec<GroupView>,
    /// Figures over all groups.
    pub totals: Totals,
    /// Where files may go.
    pub destinations: Vec<DestinationView>,
    /// What the launch found, until each of its groups was answered or dismissed.
    pub relaunch: Option<RelaunchReport>,
    /// Folders whose files are sent by themselves.
    #[serde(default)]
    pub watches: Vec<WatchView>,
    /// True until a destination was chosen or the choice was put off.
    pub first_run: bool,
    /// The folder that the first run offers, already chosen.
    pub suggested_folder: String,
    /// What was to be said since the engine started (a queue that was set aside), newest last, at most 20.
    pub notices: Vec<Notice>,
    /// Theme, language and other choices of the person, by key.
    #[ts(type = "Record<string, unknown>")]
    pub settings: std::collections::BTreeMap<String, serde_json::Value>,
}

/// What changed since the delta before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Delta {
    /// One more than the last. A gap means: ask for a snapshot.
    #[ts(type = "number")]
    pub seq: u64,
    /// Groups that changed or are new, whole.
    pub groups: Vec<GroupView>,
    /// Groups that left the list.
    pub removed: Vec<GroupId>,
    /// Rows that changed, of the groups and ranges that the window watches.
    pub files: Vec<FileView>,
    /// Present when it changed.
    pub totals: Option<Totals>,
    /// Present when one changed.
    pub destinations: Option<Vec<DestinationView>>,
    /// Present when one changed.
    #[serde(default)]
    pub watches: Option<Vec<WatchView>>,
    /// All choices of the person, when one changed.
    #[serde(default)]
    #[ts(type = "Record<string, unknown> | null")]
    pub settings: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// Present when it changed; `Some(None)` crosses as `{"report": null}`.
    pub relaunch: Option<RelaunchChange>,
    /// Things to say once in the window (a refused drop, a destroyed queue), as codes.
    pub notices: Vec<Notice>,
}

/// A new relaunch report, or that it is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RelaunchChange {
    /// The report; null when every question was answered.
    pub report: Option<RelaunchReport>,
}

/// A message shown once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Notice {
    /// What it is about.
    pub code: ErrorCode,
    /// The fact in it: a name, a number, a path.
    pub detail: String,
    /// The group it belongs to.
    pub group: Option<GroupId>,
}

/// One upload group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct GroupView {
    /// Its id, also on the control plane.
    pub id: GroupId,
    /// As the person named it, or the name made from what was dropped.
    pub name: String,
    /// Where its files go.
    pub destination_id: DestinationId,
    /// The destination's name.
    pub destination_name: String,
    /// The word on the card.
    pub word: GroupWord,
    /// What the person wants.
    pub intent: Intent,
    /// Why it waits, in the order of telling; empty when it does not.
    pub blocked_by: Vec<BlockedReason>,
    /// What would hold it too, had the person not said "anyway".
    #[serde(default)]
    pub anyway: Vec<BlockedReason>,
    /// The failure behind it, when the destination is what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub because: Option<FileError>,
    /// Since when the destination fails, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub since: Option<i64>,
    /// The name of the disk that is not connected, where files of the group wait for one and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub disk: Option<String>,
    /// True while dropped paths are still being walked: counts grow.
    pub scanning: bool,
    /// Files that other programs are still writing: they are taken in when they stand still. No row counts them yet.
    #[serde(default)]
    pub growing: u32,
    /// Place among all groups: what stands first is sent first.
    #[ts(type = "number")]
    pub order: i64,
    /// True while files may be added by a drop on the card.
    pub accepts_files: bool,
    /// Counts of its files.
    pub files: FileCounts,
    /// What the server does with those that arrived; absent where it does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub processing: Option<ProcessingCounts>,
    /// Sum of the sizes of its files, without those left out.
    #[ts(type = "number")]
    pub bytes_total: u64,
    /// Bytes that the destination holds.
    #[ts(type = "number")]
    pub bytes_done: u64,
    /// Smoothed bytes a second (half-life 5 s); null while paused or unknown.
    pub rate_bytes: Option<f64>,
    /// Smoothed files a second (half-life 30 s).
    pub rate_files: Option<f64>,
    /// Time left as a range; null in the first 8 s and while nothing moves.
    pub eta: Option<Eta>,
    /// The first error, when files failed: folded by code, most files first.
    pub errors: Vec<ErrorFold>,
    /// What the person wrote of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub notes: Option<Notes>,
    /// True where files may go over to another group, or come from one.
    #[serde(default)]
    pub regroups: bool,
    /// Milliseconds since 1970.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When it ended.
    #[ts(type = "number | null")]
    pub finished_at: Option<i64>,
}

/// What a person writes of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Notes {
    /// In words, at most 16 KiB.
    pub text: String,
    /// Keys with values; a key has 1 to 255 bytes.
    pub pairs: std::collections::BTreeMap<String, String>,
}

impl Notes {
    /// True when nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.pairs.is_empty()
    }
}

/// What became of a change of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Regrouped {
    /// Where the files are now.
    pub group: GroupId,
    /// Files that went over.
    pub moved: u32,
    /// Files that stay, since something of them was stored already.
    pub stayed: u32,
    /// Takes it back, as long as nothing else was changed.
    pub undo: u32,
}

/// Counts by what became of the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileCounts {
    /// All that were taken in, without those removed.
    pub total: u32,
    /// Proved at the destination, deduplicated and unchanged ones included.
    pub done: u32,
    /// Of these: same content was already there.
    pub deduplicated: u32,
    /// Of these: proved before and not changed since.
    pub unchanged: u32,
    /// Needs a person or gave up.
    pub failed: u32,
    /// Left out with a reason: refused, links, devices.
    pub rejected: u32,
    /// Being read or sent just now.
    pub active: u32,
    /// All parts sent, waiting for the proof.
    pub finishing: u32,
    /// Cancelled: not among the total, but each keeps its place in the list.
    pub removed: u32,
}

/// Equal errors as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ErrorFold {
    /// The cause.
    pub code: ErrorCode,
    /// Its number for people, `WL-nnn`.
    pub number: String,
    /// How many files.
    pub files: u32,
    /// The name of one of them.
    pub example: String,
    /// The technical line to copy. Never a signed URL or a secret.
    pub detail: String,
}

/// Time left, from the 20th to the 80th percentile of the last ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Eta {
    /// Seconds, lower end.
    pub low_s: u32,
    /// Seconds, upper end.
    pub high_s: u32,
}

/// Figures over everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Totals {
    /// Groups that are not finished.
    pub groups_open: u32,
    /// Groups that need a person.
    pub groups_attention: u32,
    /// Files of open groups.
    pub files_total: u32,
    /// Of these, done.
    pub files_done: u32,
    /// Bytes of open groups.
    #[ts(type = "number")]
    pub bytes_total: u64,
    /// Of these, held by the destinations.
    #[ts(type = "number")]
    pub bytes_done: u64,
    /// Bytes a second now.
    pub rate_bytes: f64,
    /// The last five minutes, one figure each 5 s, oldest first.
    pub rate_history: Vec<f64>,
    /// Time left for all of it.
    pub eta: Option<Eta>,
    /// When the pause of everything ends by itself, milliseconds since 1970.
    #[ts(type = "number | null")]
    pub paused_until: Option<i64>,
    /// True when the person paused everything.
    pub paused: bool,
    /// Reasons that hold everything.
    pub blocked_by: Vec<BlockedReason>,
    /// What is known of network, power and the hour.
    #[serde(default)]
    pub around: Around,
}
