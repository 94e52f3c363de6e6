//! What a launch found, and what other machines left.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::ids::{DestinationId, GroupId};
/// Kinds of finding; each is the reason of a reconcile action.
pub use windlass_core::reconcile::FindingKind;

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
    /// The name of the disk that is not connected, where all of them are on one and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub disk: Option<String>,
}

impl Finding {
    /// Adds more files of which the same was found.
    pub(crate) fn add(&mut self, more: &Self) {
        self.files = self.files.saturating_add(more.files);
        self.parts = self.parts.saturating_add(more.parts);
        if self.disk != more.disk {
            self.disk = None;
        }
    }
}

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
