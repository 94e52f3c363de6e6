//! Watched folders as people see them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, FileId, GroupId, WatchId};
use windlass_core::states::{BlockedReason, Intent};
pub use windlass_core::watch::{After, GroupRule, WatchMode, Why};

use super::FileError;

/// What a watched folder is about, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum WatchState {
    /// All is up.
    UpToDate,
    /// It is being looked through.
    Scanning,
    /// Files do not stand still yet.
    Settling,
    /// Files are in the queue or on their way.
    Uploading,
    /// The person paused it.
    Paused,
    /// Its disk is not connected. Nothing is lost, nothing is deleted.
    DiskMissing,
    /// It needs a person; see `problem`.
    NeedsYou,
}

/// A watched folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WatchView {
    /// Its id.
    pub id: WatchId,
    /// Its name.
    pub name: String,
    /// Its path, as text that can be turned back.
    pub path: String,
    /// Where its files go.
    pub destination_id: DestinationId,
    /// The destination's name.
    pub destination_name: String,
    /// The word on the card.
    pub state: WatchState,
    /// What the person wants.
    pub intent: Intent,
    /// What is wrong with it.
    pub problem: Option<FileError>,
    /// How changes are noticed.
    pub mode: WatchMode,
    /// Why by looking only, where the system could tell: the limit was reached, or a network drive.
    pub mode_because: Option<String>,
    /// What the person chose.
    pub settings: WatchSettings,
    /// Counts of its files.
    pub counts: WatchCounts,
    /// When a file of it was proved last.
    #[ts(type = "number | null")]
    pub last_upload_at: Option<i64>,
    /// When it was looked through last.
    #[ts(type = "number | null")]
    pub last_scan_at: Option<i64>,
    /// Missed events since the start, each followed by a full look.
    pub overflows: u32,
    /// False in a program that lives for a moment: it only answers.
    pub watching: bool,
}

/// Counts of a watched folder's files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WatchCounts {
    /// All that are known.
    pub total: u32,
    /// They do not stand still yet.
    pub settling: u32,
    /// In the queue or on their way.
    pub queued: u32,
    /// Proved.
    pub uploaded: u32,
    /// Proved today.
    pub today: u32,
    /// Left out.
    pub ignored: u32,
    /// Failed.
    pub failed: u32,
}

/// What may be chosen for a watched folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct WatchSettings {
    /// Only what one of these fits, as in a `.gitignore`; empty: all.
    pub include: Vec<String>,
    /// Never what one of these fits.
    pub exclude: Vec<String>,
    /// Smallest size in bytes.
    #[ts(type = "number")]
    pub min_size: u64,
    /// Largest size in bytes; null: any.
    #[ts(type = "number | null")]
    pub max_size: Option<u64>,
    /// Only what was changed within so many days; null: whenever.
    pub max_age_days: Option<u32>,
    /// How many subfolders deep; null: all, 0: none.
    pub max_depth: Option<u32>,
    /// Hidden files too.
    pub hidden: bool,
    /// What makes a group.
    pub group_rule: GroupRule,
    /// How long a file has to stand still at least, milliseconds.
    pub settle_min_ms: u32,
    /// A group ends when nothing came for so long, milliseconds.
    pub quiet_ms: u32,
    /// What becomes of originals.
    pub after: After,
    /// Where they are moved.
    pub after_path: Option<String>,
    /// What does not hold its files: a metered network, a low battery, a computer that saves power, the schedule.
    pub despite: Vec<BlockedReason>,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            min_size: 0,
            max_size: None,
            max_age_days: None,
            max_depth: None,
            hidden: false,
            group_rule: GroupRule::Batch,
            settle_min_ms: 3_000,
            quiet_ms: 60_000,
            after: After::Keep,
            after_path: None,
            despite: Vec::new(),
        }
    }
}

/// A folder to be watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewWatch {
    /// Absolute path, as text that can be turned back.
    pub path: String,
    /// Its name; null: that of the folder.
    pub name: Option<String>,
    /// Where its files go; null: the default destination.
    pub destination: Option<DestinationId>,
    /// What the person chose.
    pub settings: WatchSettings,
    /// Files that are there already stay out.
    pub only_new: bool,
}

/// What the rules would do with the files that are there now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WatchPreview {
    /// Files that fit.
    pub matched: u32,
    /// All files.
    pub total: u32,
    /// Bytes of those that fit.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Some that fit.
    pub examples: Vec<String>,
    /// Some that are left out.
    pub left_out: Vec<WatchExample>,
    /// Not all was looked at: there are more.
    pub more: bool,
}

/// A file that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WatchExample {
    /// Below the folder.
    pub path: String,
    /// Why.
    pub why: Why,
    /// The rule.
    pub detail: String,
}

/// What became of a file in a watched folder, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum WatchVerdict {
    /// It does not stand still yet.
    Settling,
    /// In the queue.
    Waiting,
    /// On its way.
    Uploading,
    /// Proved.
    Uploaded,
    /// Its content was there.
    Deduplicated,
    /// It does not go.
    Ignored,
    /// Failed.
    Failed,
}

/// Why one file was, is or will not be uploaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WatchFileView {
    /// Below the folder, as text that can be turned back.
    pub path: String,
    /// Last part of the path, made safe to show.
    pub name: String,
    /// The folder before it.
    pub folder: String,
    /// Bytes.
    #[ts(type = "number")]
    pub size: u64,
    /// The word.
    pub verdict: WatchVerdict,
    /// Why.
    pub why: Why,
    /// The rule, the name or the number in it.
    pub detail: String,
    /// When it goes, if nothing changes: the countdown.
    #[ts(type = "number | null")]
    pub until: Option<i64>,
    /// When it was looked at last; null where that does not matter any more.
    #[ts(type = "number | null")]
    pub looked_at: Option<i64>,
    /// How long it has to stand still, milliseconds.
    #[ts(type = "number | null")]
    pub settle_ms: Option<i64>,
    /// Since when it is so.
    #[ts(type = "number")]
    pub at: i64,
    /// Hundredths that the destination holds, while it is on its way.
    pub percent: Option<u8>,
    /// Its newest upload.
    pub file_id: Option<FileId>,
    /// That upload's group.
    pub group_id: Option<GroupId>,
    /// Where it is.
    pub object_key: Option<String>,
    /// How many versions of it were proved.
    pub versions: u32,
    /// It left the folder.
    pub gone: bool,
    /// What became of the original.
    pub original: WatchOriginal,
    /// Why the upload failed, or the original stays.
    pub error: Option<FileError>,
}

/// What became of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum WatchOriginal {
    /// It stays.
    Kept,
    /// It will be moved or thrown away when all is proved.
    Due,
    /// It was moved or thrown away.
    Gone,
    /// It stays: something did not bear out.
    Refused,
}

/// Which files of a watched folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct WatchQuery {
    /// Of these states; empty: all.
    pub states: Vec<windlass_core::watch::EntryState>,
    /// With this in their path.
    pub text: String,
    /// First place.
    pub offset: u32,
    /// How many.
    pub limit: u32,
}

/// Files of a watched folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WatchPage {
    /// The folder.
    pub watch_id: WatchId,
    /// First place.
    pub offset: u32,
    /// How many there are.
    pub total: u32,
    /// The files.
    pub files: Vec<WatchFileView>,
}

/// One path, explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WatchExplained {
    /// The folder.
    pub watch: WatchView,
    /// The file.
    pub file: WatchFileView,
}

/// A code without a fact.
pub(crate) fn code_view(code: ErrorCode) -> FileError {
    FileError {
        code,
        number: code.label(),
        detail: String::new(),
    }
}
