//! One file in full, and what can be looked for among many.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::error::ErrorCode;
use windlass_core::states::PartState;

use super::FileView;

/// What is looked for among the files of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Find {
    /// Words that the path has, all of them; empty: any path.
    pub text: String,
    /// What became of the file.
    pub kind: FindKind,
    /// Only those that failed with this, the upload or, of the unprocessed, their processing; null: whatever it was.
    pub code: Option<ErrorCode>,
}

/// What became of a file, coarsely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum FindKind {
    /// Every file.
    All,
    /// Not ended.
    Open,
    /// Needs a person.
    Failed,
    /// Proved.
    Done,
    /// Refused for good, or cancelled.
    LeftOut,
    /// It arrived, and the server could not process it.
    Unprocessed,
    /// Not ended, and on a disk that is not connected.
    NoDisk,
}

/// All that is known of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileDetails {
    /// Its row.
    pub file: FileView,
    /// Where it stands on this computer; bytes that are no UTF-8 as `%XX`.
    pub path: String,
    /// Type by its name.
    pub mime: Option<String>,
    /// When it was last changed, milliseconds since 1970, as it was sent.
    #[ts(type = "number")]
    pub modified_at: i64,
    /// When it was taken in.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When it was proved or removed.
    #[ts(type = "number | null")]
    pub finished_at: Option<i64>,
    /// Which attempt; from 1.
    pub attempt: u32,
    /// Failures in a row.
    pub tries: u32,
    /// Not before.
    #[ts(type = "number | null")]
    pub next_try_at: Option<i64>,
    /// SHA-256 of the whole, hex.
    pub sha256: Option<String>,
    /// CRC64NVME of the whole, base64, once proved.
    pub crc64: Option<String>,
    /// How the storage proved it.
    pub proof: Option<String>,
    /// Bytes of each part but the last.
    #[ts(type = "number")]
    pub part_size: u64,
    /// Parts, from the asked number on, at most 500.
    pub parts: Vec<PartView>,
    /// What happened to it, newest first, at most 100.
    pub events: Vec<EventView>,
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PartView {
    /// From 1.
    pub number: u32,
    /// Bytes.
    #[ts(type = "number")]
    pub size: u64,
    /// What is.
    pub state: PartState,
    /// CRC64NVME, base64, once stored.
    pub crc64: Option<String>,
    /// When the destination confirmed it.
    #[ts(type = "number | null")]
    pub uploaded_at: Option<i64>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EventView {
    /// When, milliseconds since 1970.
    #[ts(type = "number")]
    pub at: i64,
    /// What, one word: `failed`, `started_over`, `verified`, …
    pub kind: String,
    /// The cause, if it was an error.
    pub code: Option<ErrorCode>,
    /// Its number for people.
    pub number: Option<String>,
    /// The fact in it.
    pub detail: String,
}
