//! Reconcile: what a launch has to do, as a plan.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Kinds of finding; each is the reason of a reconcile action (experience §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FindingKind {
    /// Parts match; it goes on where it stood.
    Continues,
    /// The destination has more parts than this computer knew.
    MoreStored,
    /// Parts are gone at the destination and are sent again.
    FewerStored,
    /// Everything is there; it only has to be finished.
    Finishes,
    /// It was finished after all.
    WasFinished,
    /// The destination forgot the upload; it starts over.
    SessionGone,
    /// The source changed; the new version is sent.
    FileChanged,
    /// The source is gone.
    FileMissing,
    /// Nothing of it had been sent.
    NotStarted,
    /// Another computer left it.
    AbandonedElsewhere,
}
