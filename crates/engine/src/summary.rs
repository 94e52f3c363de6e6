//! What one run did for a group: the last line of `windlass up --json`, and when a wait for it ends.

use serde::{Deserialize, Serialize};
use windlass_core::ids::GroupId;

/// Counts of a group, and what this run sent for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Group.
    pub group: GroupId,
    /// Files taken in, without those removed.
    pub files: u64,
    /// Sent and proved.
    pub uploaded: u64,
    /// Same content was there.
    pub deduplicated: u64,
    /// Proved before, untouched since.
    pub unchanged: u64,
    /// Left out for good.
    pub rejected: u64,
    /// Need a person.
    pub failed: u64,
    /// Not ended.
    pub open: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes that this run sent, those sent again included.
    pub bytes_sent: u64,
    /// Parts that this run sent.
    pub parts_sent: u64,
}

/// How a wait for a group ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupEnd {
    /// Every file is proved or left out.
    Done,
    /// Files failed; a person is needed.
    NeedsYou,
    /// Cancelled, and cleaned up.
    Cancelled,
    /// It stands still because the person paused it.
    Paused,
    /// The engine is shutting down.
    Stopped,
}
