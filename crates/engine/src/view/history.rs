//! What ended, and whether the originals are still needed.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::ids::{DestinationId, FileId, GroupId};

use super::{EventView, FileError, Finding, Interruptions, Notes, ReceiptLine, SettingKey};

/// How a group ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum HistoryEnd {
    /// All that was wanted is proved.
    Completed,
    /// By the person.
    Cancelled,
    /// Taken from the list with nothing more to be done.
    Failed,
}

/// A group that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryEntry {
    /// Its id.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Where its files went.
    pub destination_id: DestinationId,
    /// The destination's name then.
    pub destination_name: String,
    /// `drop`, `dialog`, `paste`, `cli`, `open_with`, `watch`.
    pub origin: String,
    /// How it ended.
    pub ended: HistoryEnd,
    /// When it was made.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When it ended.
    #[ts(type = "number")]
    pub ended_at: i64,
    /// Files that were taken in.
    pub files: u32,
    /// Files proved.
    pub done: u32,
    /// Of these: the same content was there.
    pub deduplicated: u32,
    /// Of these: untouched since their receipt.
    pub unchanged: u32,
    /// Files that failed or were left out.
    pub failed: u32,
    /// Bytes of the proved files.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// What was done besides uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum HistoryActKind {
    /// A start found work under way, and compared what is known of it.
    Check,
    /// A destination was asked again for all that was proved of a group.
    Asked,
    /// Originals went to a folder.
    Moved,
    /// Originals went to the trash.
    Trashed,
    /// They came back.
    PutBack,
    /// A setting was chosen.
    Setting,
    /// Something became of a destination.
    Destination,
    /// Something became of a watched folder.
    Watch,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is otherwise.
    Changed,
    /// It is gone.
    Removed,
}

/// A choice that decides what is uploaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryChange {
    /// What became of it.
    pub change: ChangeKind,
    /// The setting; null for what is none.
    pub setting: Option<SettingKey>,
    /// The name of the destination or the folder.
    pub name: String,
    /// What the setting holds now, when that is a number, a word or a yes; else null, which is also no choice.
    #[ts(type = "number | string | boolean | null")]
    pub value: serde_json::Value,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryAct {
    /// Number; a later act has a higher one.
    #[ts(type = "number")]
    pub seq: i64,
    /// When.
    #[ts(type = "number")]
    pub at: i64,
    /// What.
    pub kind: HistoryActKind,
    /// The group that it was about; null: more than one.
    pub group: Option<GroupId>,
    /// Its name; empty when it is not known any more.
    pub group_name: String,
    /// Files that it was about.
    pub files: u32,
    /// Their bytes; of a check, those that were found stored.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Files with which it did not go well.
    pub failed: u32,
    /// Of a check: how many groups were under way.
    pub groups: u32,
    /// Of a check: what was found.
    pub findings: Vec<Finding>,
    /// Of a choice: which.
    pub change: Option<HistoryChange>,
}

/// A place in the history: the last line of a page. Groups stand before acts of the same millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryPlace {
    /// When it was.
    #[ts(type = "number")]
    pub at: i64,
    /// The group, if it was one.
    pub group: Option<GroupId>,
    /// The act, if it was one.
    #[ts(type = "number | null")]
    pub act: Option<i64>,
}

/// Which lines of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryAsk {
    /// Which.
    pub filter: HistoryNarrow,
    /// Acts alone.
    pub acts_only: bool,
    /// After this line; null: from the newest.
    pub after: Option<HistoryPlace>,
    /// Lines, at most 200.
    pub limit: u32,
}

/// What the history is narrowed to. All of it holds together; what is null or empty does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct HistoryNarrow {
    /// Words of the name or the destination; for files, of the path or the checksum.
    pub text: String,
    /// How it ended; for files, how their group did.
    pub ended: Option<HistoryEnd>,
    /// Where it went.
    pub destination: Option<DestinationId>,
    /// Files lay in this folder or below it; a path as the window is told paths.
    pub folder: Option<String>,
    /// It ended then or later; for files, they were proved.
    #[ts(type = "number | null")]
    pub from: Option<i64>,
    /// It ended before; for files, they were proved.
    #[ts(type = "number | null")]
    pub before: Option<i64>,
}

/// Which proved files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum ProvedKind {
    /// All.
    #[default]
    All,
    /// Those that were sent.
    Sent,
    /// Those that did not have to be.
    Spared,
    /// Those that were processed where they arrived; their time is the end of that.
    Processed,
}

/// Which proved files, and from where on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProvedAsk {
    /// Which.
    pub filter: HistoryNarrow,
    /// Of what kind.
    pub proved: ProvedKind,
    /// Before this place; null: from the newest.
    #[ts(type = "number | null")]
    pub place: Option<i64>,
    /// Files, at most 200.
    pub limit: u32,
}

/// A page of the history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryPage {
    /// Groups, newest first.
    pub entries: Vec<HistoryEntry>,
    /// Acts between them, newest first.
    pub acts: Vec<HistoryAct>,
    /// Where the next page begins; null: this is the last.
    pub next: Option<HistoryPlace>,
}

/// A proved file that a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FoundFile {
    /// Its id.
    pub file: FileId,
    /// Its group.
    pub group: GroupId,
    /// The group's name.
    pub group_name: String,
    /// Path inside the group.
    pub rel_path: String,
    /// Its line.
    pub line: ReceiptLine,
}

/// Proved files that a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FoundFiles {
    /// Newest first.
    pub files: Vec<FoundFile>,
    /// Where the next page begins; null: this is the last. A page may hold few files or none and yet have a next one.
    #[ts(type = "number | null")]
    pub next: Option<i64>,
}

/// One group of the history in full, without its lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryDetails {
    /// Its line.
    pub entry: HistoryEntry,
    /// Files of the receipt.
    pub proved: u32,
    /// Of these: with a SHA-256 of the whole.
    pub hashed: u32,
    /// How the storage proved them: `crc64nvme`, `sha256`, `read_back`.
    pub proofs: Vec<String>,
    /// The first and the last proof.
    #[ts(type = "number | null")]
    pub first_at: Option<i64>,
    /// The last proof.
    #[ts(type = "number | null")]
    pub last_at: Option<i64>,
    /// When the destination was asked again last, and how it was then: `verified` or `doubted`.
    pub asked: Option<EventView>,
    /// True while its card stands in the list.
    pub on_list: bool,
    /// Its number for people.
    pub receipt: String,
    /// What the person wrote of it.
    #[serde(default)]
    pub notes: Notes,
    /// Folders in which nothing was.
    #[serde(default)]
    pub empty_folders: Vec<EmptyFolder>,
    /// What held it while it was open.
    #[serde(default)]
    pub interruptions: Interruptions,
}

/// A folder in which nothing was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EmptyFolder {
    /// Path inside the group.
    pub path: String,
    /// It stands at the destination too; else it is kept in the receipt alone.
    pub made: bool,
}

/// What became of originals that were to go into the trash.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Trashed {
    /// In the trash now.
    pub trashed: u32,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Left where they are: changed, or not to be read to the end as they were.
    pub kept: u32,
    /// Why one of them was left.
    pub error: Option<FileError>,
    /// Its path inside the group.
    pub example: Option<String>,
}

/// Originals of a group that the trash holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InTrash {
    /// How many.
    pub files: u32,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// What became of originals that were to come back out of the trash.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PutBack {
    /// Where they were again.
    pub back: u32,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Still in the trash.
    pub kept: u32,
    /// Why one of them is.
    pub error: Option<FileError>,
    /// Its path inside the group.
    pub example: Option<String>,
}

/// Lines of a receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptPage {
    /// In the order in which files were done.
    pub lines: Vec<ReceiptLine>,
    /// Where the next page begins; null: this is the last.
    #[ts(type = "number | null")]
    pub next: Option<i64>,
}

/// Whether originals may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum SafeAnswer {
    /// Each file is proved by its whole content, unchanged since, asked about in the last day, and on another disk.
    Yes,
    /// Something is open or changed.
    NotYet,
    /// There is no proof to tell it from.
    CantTell,
}

/// The answer to "can I delete the originals?", with what it stands on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SafeView {
    /// The answer.
    pub answer: SafeAnswer,
    /// Files whose originals are still there and covered by a proof.
    pub covered: u32,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Files without a proof.
    pub open: u32,
    /// Files that changed after they were sent.
    pub changed: u32,
    /// Originals that are gone already.
    pub gone: u32,
    /// Files whose whole content was not compared by SHA-256.
    pub unhashed: u32,
    /// The destination lies on the disk of the originals.
    pub same_disk: bool,
    /// When the destination was asked last.
    #[ts(type = "number | null")]
    pub asked_at: Option<i64>,
    /// That was more than a day ago, or it answered with doubts.
    pub stale: bool,
    /// One of the files that stand in the way.
    pub example: Option<String>,
}

/// A form in which a receipt leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptForm {
    /// A table.
    Csv,
    /// All of it, exact.
    Json,
    /// To print.
    Pdf,
}
