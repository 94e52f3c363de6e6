//! What the window and the CLI are shown: snapshots and deltas of the engine, never its truth.
//!
//! A [`Snapshot`] is taken at subscription and after a gap; [`Delta`]s follow, at most ten a second, each with the
//! next `seq`. All types cross the IPC as JSON; their TypeScript twins in `ui/src/lib/contract` are generated from
//! here by `cargo xtask generate`. Byte counts are numbers of at most 2^53.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::states::{BlockedReason, FileState, Intent};

/// The one word that a group's card shows (experience §0), derived in `core::display`.
pub use windlass_core::display::{FileWord, GroupWord};

mod details;
mod history;
mod insights;
mod preflight;
mod watch;

pub use details::{EventView, FileDetails, Find, FindKind, PartView};
pub use history::{
    FoundFile, FoundFiles, HistoryAsk, HistoryDetails, HistoryEnd, HistoryEntry, HistoryPage, HistoryPlace,
    ReceiptForm, ReceiptPage, SafeAnswer, SafeView,
};
pub use insights::{AbandonedGroup, DestinationFigures, DiagnosticsSection, Insights, Reason};
pub use preflight::{PreflightFold, PreflightKind, PreflightView};
pub use watch::{
    After, GroupRule, NewWatch, WatchCounts, WatchExample, WatchExplained, WatchFileView, WatchMode,
    WatchOriginal, WatchPage, WatchPreview, WatchQuery, WatchSettings, WatchState, WatchVerdict, WatchView,
    Why,
};
pub(crate) use watch::{code_view, error_view};

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
    /// The failure behind it, when the destination is what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub because: Option<FileError>,
    /// True while dropped paths are still being walked: counts grow.
    pub scanning: bool,
    /// Place among all groups: what stands first is sent first.
    #[ts(type = "number")]
    pub order: i64,
    /// True while files may be added by a drop on the card.
    pub accepts_files: bool,
    /// Counts of its files.
    pub files: FileCounts,
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
    /// Milliseconds since 1970.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When it ended.
    #[ts(type = "number | null")]
    pub finished_at: Option<i64>,
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

/// One file row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileView {
    /// Its id, also that of its session on the control plane.
    pub id: FileId,
    /// The group.
    pub group_id: GroupId,
    /// Place in the group, from 0, without gaps.
    pub position: u32,
    /// Last part of the path, made safe to show.
    pub name: String,
    /// Folder inside the group, `/`-separated, empty at the top.
    pub folder: String,
    /// Bytes.
    #[ts(type = "number")]
    pub size: u64,
    /// What is.
    pub state: FileState,
    /// The word on the row.
    pub word: FileWord,
    /// What the person wants.
    pub intent: Intent,
    /// Why it waits.
    pub blocked_by: Vec<BlockedReason>,
    /// Parts in all; 1 for a file that goes in one request.
    pub parts_total: u32,
    /// Parts that the storage holds.
    pub parts_done: u32,
    /// The strip: at most 46 cells, each `0`..`9` = tenths done of its parts that are all settled or waiting,
    /// `s` = one of its parts is being sent, `f` = one failed and goes again, `d` = there by content.
    pub cells: String,
    /// Bytes that the storage holds.
    #[ts(type = "number")]
    pub bytes_done: u64,
    /// Why it failed or was left out.
    pub error: Option<FileError>,
    /// The object's key, once known.
    pub object_key: Option<String>,
    /// What the server does with it since it arrived; absent where it does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub processing: Option<ProcessingView>,
}

/// The processing track of a file that arrived at a server. It never touches the upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProcessingView {
    /// How far it is.
    pub word: ProcessingWord,
    /// Why it failed.
    pub error: Option<FileError>,
}

/// How far processing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum ProcessingWord {
    /// Its turn comes.
    Waiting,
    /// It is worked on.
    Running,
    /// All of it was done.
    Done,
    /// A part of it failed for good; it may be done again without uploading.
    Failed,
}

/// Uploads that another machine began on a server and left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ElsewhereGroup {
    /// The destination, as it is known here.
    pub destination_id: DestinationId,
    /// Its name.
    pub destination: String,
    /// The group on the server; null: files without one.
    pub group_id: Option<GroupId>,
    /// Its name there; empty when it is not known.
    pub name: String,
    /// Files.
    pub files: u32,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Of these, at the server.
    #[ts(type = "number")]
    pub bytes_done: u64,
    /// Path of one of them inside the group.
    pub example: String,
    /// The last sign of life, milliseconds since 1970.
    #[ts(type = "number")]
    pub alive_at: i64,
}

/// Why a file failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileError {
    /// Stable code.
    pub code: ErrorCode,
    /// `WL-nnn`.
    pub number: String,
    /// The fact in it.
    pub detail: String,
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
}

/// A place where files go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DestinationView {
    /// Its id.
    pub id: DestinationId,
    /// Unique name.
    pub name: String,
    /// Which of the kinds.
    pub kind: DestinationKind,
    /// Where, for people: a path, or `bucket at host`.
    pub location: String,
    /// Used by a drop that names none.
    pub is_default: bool,
    /// Null when it answers; else why not.
    pub problem: Option<ErrorCode>,
}

/// Kinds of destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum DestinationKind {
    /// A folder here or on the network.
    Folder,
    /// An S3-compatible bucket of the person's own.
    S3,
    /// A Windlass server.
    Server,
}

/// What a person fills in to add a destination. Exactly one of `folder`, `s3`, `server` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewDestination {
    /// Unique name.
    pub name: String,
    /// Absolute path of a folder.
    pub folder: Option<String>,
    /// A bucket.
    pub s3: Option<NewS3>,
    /// A Windlass server.
    #[serde(default)]
    pub server: Option<NewServer>,
    /// Make it the default.
    pub make_default: bool,
}

/// A bucket and the keys to it.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewS3 {
    /// `https://host[:port]`.
    pub endpoint: String,
    /// Region of the signature.
    pub region: String,
    /// Bucket.
    pub bucket: String,
    /// Before every key; may be empty.
    pub prefix: String,
    /// `http://host/bucket/key` instead of `http://bucket.host/key`.
    pub path_style: bool,
    /// Key id.
    pub access_key: String,
    /// Secret. Goes to the keyring, never to the queue.
    pub secret_key: String,
    /// Where the secret is kept.
    pub keep_secret: KeepSecret,
}

impl std::fmt::Debug for NewS3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret can't reach a log.
        f.debug_struct("NewS3")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

/// A Windlass server and the right to use it.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewServer {
    /// `https://host[:port]`.
    pub url: String,
    /// A token of the server. Goes to the keyring, never to the queue. Empty on an edit: the stored one stays.
    pub token: String,
    /// Which of the server's destinations, by its name there; empty: the only one.
    pub place: String,
    /// Where the token is kept.
    pub keep_secret: KeepSecret,
}

impl std::fmt::Debug for NewServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token can't reach a log.
        f.debug_struct("NewServer")
            .field("url", &self.url)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum KeepSecret {
    /// The system's keyring.
    Keyring,
    /// A file of mode 0600 in the data folder, by explicit consent.
    File,
    /// Memory, until the program ends.
    Session,
}

/// The answer to a test of a destination: steps in order, up to the first that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DestinationCheck {
    /// True when it can be saved.
    pub ok: bool,
    /// What was tried.
    pub steps: Vec<CheckStep>,
    /// Destinations that the server offers, by name; one of them has to be chosen.
    #[serde(default)]
    pub places: Vec<String>,
}

/// One step of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CheckStep {
    /// `reachable`, `clock`, `create`, `write`, `complete`, `read_back`, `remove`, `free_space`, `same_disk`, `checksums`; of
    /// a server: `reachable`, `encrypted`, `clock`, `sign_in`, `place`.
    pub step: String,
    /// How it went.
    pub outcome: CheckOutcome,
    /// The fact in it: free bytes, checksum kind, clock skew, answer of the storage.
    pub detail: String,
    /// The code of a failure or warning.
    pub code: Option<ErrorCode>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Fine.
    Ok,
    /// Works, with something to know.
    Warning,
    /// Does not work.
    Failed,
}

/// What a launch found (experience §7). Groups in it stand still until they are answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RelaunchReport {
    /// When the last run ended, as far as the queue knows; null when unknown.
    #[ts(type = "number | null")]
    pub stopped_at: Option<i64>,
    /// True when the last run did not end by itself.
    pub crashed: bool,
    /// Bytes that are safely stored, over all groups.
    #[ts(type = "number")]
    pub bytes_safe: u64,
    /// Bytes that were in flight and go again.
    #[ts(type = "number")]
    pub bytes_again: u64,
    /// True while destinations are still being asked.
    pub asking: bool,
    /// One entry a group.
    pub groups: Vec<RelaunchGroup>,
}

/// One interrupted group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RelaunchGroup {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Bytes in all.
    #[ts(type = "number")]
    pub bytes_total: u64,
    /// Bytes stored: what Resume keeps.
    #[ts(type = "number")]
    pub bytes_safe: u64,
    /// Files in all.
    pub files_total: u32,
    /// Files proved.
    pub files_done: u32,
    /// What was found, each with a count; words are the window's.
    pub findings: Vec<Finding>,
    /// Null until the person chose.
    pub answer: Option<RelaunchAnswer>,
}

/// One thing found, with how many files it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Finding {
    /// Kind.
    pub kind: FindingKind,
    /// Files.
    pub files: u32,
    /// Parts, where it is about parts.
    pub parts: u32,
    /// A file's name, when it is one.
    pub example: String,
}

/// Kinds of finding; each is the reason of a reconcile action.
pub use windlass_core::reconcile::FindingKind;

/// What a person may answer for an interrupted group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum RelaunchAnswer {
    /// Go on; stored parts are kept.
    Resume,
    /// Forget stored parts of unfinished files, send them from the first byte. Verified files stay.
    StartOver,
    /// Cancel what is unfinished, remove its parts at the destination. Verified files stay.
    Discard,
}

/// A page of file rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FilePage {
    /// The group.
    pub group_id: GroupId,
    /// Position of the first row.
    pub offset: u32,
    /// How many files a search found; null where nothing was searched for.
    pub total: Option<u32>,
    /// Rows.
    pub files: Vec<FileView>,
}

/// The proof of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptView {
    /// The group.
    pub group_id: GroupId,
    /// Its name.
    pub group: String,
    /// Lines, one a file.
    pub lines: Vec<ReceiptLine>,
}

/// One file of a receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptLine {
    /// Path on this computer; bytes that are no UTF-8 as `%XX`.
    pub path: String,
    /// Where it went.
    pub destination: String,
    /// Key of the object there.
    pub object_key: String,
    /// Bytes.
    #[ts(type = "number")]
    pub size: u64,
    /// Hex; null where the destination's content hash is `never` or still to come.
    pub sha256: Option<String>,
    /// CRC64NVME of the whole, base64.
    pub crc64: String,
    /// How the storage proved it: `crc64nvme`, `sha256`, `read_back`.
    pub proof: String,
    /// `uploaded`, `deduplicated`, `unchanged`.
    pub result: String,
    /// When, milliseconds since 1970.
    #[ts(type = "number")]
    pub uploaded_at: i64,
}
