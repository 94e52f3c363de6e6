//! Reconcile: what a launch has to do, as a plan.
//!
//! A launch compares three truths, and the files on disk: what the queue says ([`LocalFile`]), what the control plane and its
//! storage say ([`Remote`]), what `stat` says ([`Source`]). [`plan`] makes of them a list of actions, each with its reason; it
//! is born and ends in memory, decides everything and does nothing. The engine applies one action after the other, each as
//! guarded updates in one transaction; kill -9 in the middle leaves the rest for the next launch, whose plan is the same for
//! it (I16). What a listing adds is learned; what the own record says is given up only where the listing shows that the part
//! is gone. [`check`] holds a plan against the transition tables; [`report`] folds it into what a person is told.

mod check;
mod observation;
mod parts;
mod plan;
mod report;

pub use check::check;
pub use observation::{LocalFile, Observation, Remote, RemoteSession, Source};
pub use plan::{Action, ReconcilePlan, plan};
pub use report::{Finding, GroupReport, report};

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
    /// The disk of the source is not connected; it goes on when it is.
    DiskMissing,
    /// Nothing of it had been sent.
    NotStarted,
    /// Another computer left it.
    AbandonedElsewhere,
}
