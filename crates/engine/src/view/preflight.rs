//! What is told before a byte moves.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::ids::DestinationId;

/// What was given, looked at. Counts grow until `done`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PreflightView {
    /// All was looked at.
    pub done: bool,
    /// Files that are still compared, by their content, with what is there; an answer need not wait for it.
    pub comparing: u32,
    /// More than one group may hold: the rest was not looked at.
    pub too_many: bool,
    /// Where it would go.
    pub destination: Option<DestinationId>,
    /// Its name.
    pub destination_name: String,
    /// The name that a new group would get.
    pub name: String,
    /// Files that were given, those that can't go included.
    pub files: u32,
    /// Folders.
    pub folders: u32,
    /// Of these: without anything in them.
    pub empty_folders: u32,
    /// Bytes of all files.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Files that would be sent at once.
    pub ready: u32,
    /// Files that would be sent when nobody writes to them any more; not among `ready`.
    pub later: u32,
    /// The bytes of both.
    #[ts(type = "number")]
    pub ready_bytes: u64,
    /// The first of those of which there is nothing to say, at most 200.
    pub first: Vec<PreflightExample>,
    /// When the oldest and the newest were changed, milliseconds since 1970.
    #[ts(type = "number | null")]
    pub oldest: Option<i64>,
    /// The newest.
    #[ts(type = "number | null")]
    pub newest: Option<i64>,
    /// Bytes free there, where it is known.
    #[ts(type = "number | null")]
    pub free: Option<u64>,
    /// What there is to say, each kind once, in the order of telling.
    pub folds: Vec<PreflightFold>,
}

/// Files about which the same is to be said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PreflightFold {
    /// What.
    pub kind: PreflightKind,
    /// How many.
    pub files: u32,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// The first of them, at most 200.
    pub examples: Vec<PreflightExample>,
    /// The largest file that the destination takes, bytes; of `too_large` alone. Null where it has no limit of its own: they
    /// are more than any upload holds.
    #[ts(type = "number | null")]
    pub limit: Option<u64>,
    /// The types that are refused, each once: `.exe` by the ending of names, `image/png` by content; of `type_refused` alone.
    /// At most 100.
    pub types: Vec<String>,
    /// The content types that are taken, where some of `types` were refused for being none of them.
    pub taken: Vec<String>,
}

impl PreflightFold {
    /// Without any file yet; at a destination that takes so many bytes a file.
    pub(crate) fn of(kind: PreflightKind, max_bytes: Option<u64>) -> Self {
        Self {
            kind,
            files: 0,
            bytes: 0,
            examples: Vec::new(),
            limit: max_bytes.filter(|_| kind == PreflightKind::TooLarge),
            types: Vec::new(),
            taken: Vec::new(),
        }
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PreflightExample {
    /// Its path inside the group, to be shown.
    pub name: String,
    /// The same as it is written down: what an answer names it by.
    pub path: String,
    /// Its bytes.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// What there may be to say of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum PreflightKind {
    /// Proved there before and not changed since, or its content was, under another name.
    AlreadyThere,
    /// In the group already, as it is.
    InGroup,
    /// Another file of the group has its name.
    SameName,
    /// Was sent before, and has changed.
    Changed,
    /// Another program is writing it.
    Growing,
    /// Can't be read.
    Unreadable,
    /// Larger than goes there.
    TooLarge,
    /// Of a type that the destination refuses.
    TypeRefused,
    /// A name that can't be used there.
    OddName,
    /// A link, a device, a pipe.
    NotRegular,
}
