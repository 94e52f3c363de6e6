//! File rows, and the pages they come in.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::error::ErrorCode;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::states::{BlockedReason, FileState, Intent};

use super::{ErrorFold, FileWord};

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
    /// It goes on as a file of this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub moved_to: Option<GroupId>,
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

/// What a server does with the files of a group that arrived.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProcessingCounts {
    /// Their turn comes.
    pub waiting: u32,
    /// They are worked on.
    pub running: u32,
    /// All of it was done.
    pub done: u32,
    /// A part of it failed for good.
    pub failed: u32,
    /// Of these: what no person has seen yet, folded by code.
    pub errors: Vec<ErrorFold>,
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
    /// How they came to fail; present where files that failed for one cause were searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub failures: Option<Failures>,
    /// Rows.
    pub files: Vec<FileView>,
}

/// How files that still stand failed came to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Failures {
    /// When the first of them failed, milliseconds since 1970.
    #[ts(type = "number")]
    pub first_at: i64,
    /// When one failed last.
    #[ts(type = "number")]
    pub last_at: i64,
    /// Tries of the one that was tried most.
    pub tries: u32,
}
