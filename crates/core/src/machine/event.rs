//! What the machine is told: what happened, and how what it asked for went.

use std::collections::BTreeSet;

use super::config::ContentHash;
use super::effect::{BufferId, PutId};
use super::records::{FileRecord, GroupRecord, Proof};
use crate::conditions::Holds;
use crate::error::Failure;
use crate::fingerprint::SourceFingerprint;
use crate::ids::{DestinationId, FileId, GroupId};
use crate::states::{BlockedReason, FileState, Intent};
use crate::time::Timestamp;
use crate::units::{Crc64Nvme, ETag, PartNumber, Sha256};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A destination is there, or its setting changed.
    DestinationAdded {
        /// Id.
        id: DestinationId,
        /// Setting.
        hash: ContentHash,
    },
    /// A person or a check says that the destination answers again.
    DestinationReady {
        /// Id.
        id: DestinationId,
    },
    /// A group is there. `held`: the relaunch report asks about it first.
    GroupAdded {
        /// As in the queue.
        record: GroupRecord,
        /// Waits for an answer.
        held: bool,
        /// Paths are still being walked.
        scanning: bool,
    },
    /// Rows of the group changed by other hands: files were added, retried, resumed; or the walk ended.
    GroupWork {
        /// Group.
        id: GroupId,
        /// Paths are still being walked.
        scanning: bool,
    },
    /// The report about the group was answered with Resume.
    GroupReleased {
        /// Group.
        id: GroupId,
    },
    /// The person paused, resumed or cancelled the group; written in the queue before.
    GroupIntent {
        /// Group.
        id: GroupId,
        /// Wanted.
        intent: Intent,
    },
    /// The same for one file, with where its row stands.
    FileIntent {
        /// File.
        id: FileId,
        /// Its group.
        group: GroupId,
        /// Its state in the queue.
        state: FileState,
        /// Wanted.
        intent: Intent,
    },
    /// Everything is paused or goes on.
    AppPaused(bool),
    /// Network, power or the hour hold other things than before.
    Hold(Holds),
    /// The computer woke, or is on another network: connections that were open lead nowhere.
    NewLines,
    /// A disk was connected, or went away.
    DisksChanged,
    /// Disks that were away when the queue was left, by the numbers in its rows.
    DisksAway(BTreeSet<u64>),
    /// The person put the groups in another order; written in the queue before.
    GroupsOrdered(Vec<(GroupId, i64)>),
    /// So many PUTs at once from now on, at least one. What is under way ends as it began.
    Connections(u32),
    /// What small files have of connections and readers from now on, in percent. What is under way ends as it began.
    SmallShare(u8),
    /// Answer to `Load`.
    Loaded {
        /// Group.
        group: GroupId,
        /// In order of position.
        files: Vec<FileRecord>,
        /// True when there were no more.
        last: bool,
    },
    /// Answer to `Count`.
    Counted {
        /// Group.
        group: GroupId,
        /// What was counted.
        counts: Counts,
    },
    /// Answer to `CreateGroup`.
    GroupCreated {
        /// Group.
        group: GroupId,
        /// How it went.
        result: Result<(), Failure>,
    },
    /// Answer to `Init`.
    InitAnswered {
        /// Whom was asked.
        destination: DestinationId,
        /// Files asked about, with the attempt.
        asked: Vec<(FileId, u32)>,
        /// One an item asked, or the failure of the call.
        result: Result<Vec<InitOutcome>, Failure>,
    },
    /// Answer to `Read`.
    PartRead {
        /// File.
        file: FileId,
        /// The buffer's name, also when nothing was kept.
        buffer: BufferId,
        /// Part.
        n: PartNumber,
        /// What was read, or why not.
        result: Result<ReadOutcome, Failure>,
    },
    /// Answer to `Sign`.
    Signed {
        /// Whom was asked.
        destination: DestinationId,
        /// What was asked.
        asked: Vec<(FileId, PartNumber)>,
        /// One a part asked: valid until; or the failure of the call.
        result: Result<Vec<Result<Timestamp, Failure>>, Failure>,
    },
    /// Answer to `Put`.
    PutDone {
        /// File.
        file: FileId,
        /// Part.
        n: PartNumber,
        /// Which PUT.
        put: PutId,
        /// The storage's tag.
        result: Result<ETag, Failure>,
    },
    /// Answer to `Check`: the sources as they are.
    Checked {
        /// One a file.
        files: Vec<(FileId, Result<SourceFingerprint, Failure>)>,
    },
    /// Answer to `Complete`.
    Completed {
        /// Whom was asked.
        destination: DestinationId,
        /// Files asked for, with the attempt.
        asked: Vec<(FileId, u32)>,
        /// One an item, or the failure of the call.
        result: Result<Vec<CompleteOutcome>, Failure>,
    },
    /// Answer to `Delete`.
    Deleted {
        /// Whom was asked.
        destination: DestinationId,
        /// Files.
        asked: Vec<FileId>,
        /// One an item: nothing unfinished is left; or the failure of the call.
        result: Result<Vec<bool>, Failure>,
    },
    /// Answer to `CancelGroup`.
    GroupCancelled {
        /// Group.
        group: GroupId,
        /// How it went.
        result: Result<(), Failure>,
    },
    /// Answer to `Finalize`.
    Finalized {
        /// Group.
        group: GroupId,
        /// How it went.
        result: Result<(), Failure>,
    },
    /// A guarded update met another state than expected: the rows are the truth, the machine lets go.
    Stale {
        /// File.
        file: FileId,
    },
    /// The queue can't be written (`Some`), or can be again.
    QueueBlocked(Option<BlockedReason>),
    /// Time went on.
    Tick,
}

/// What `Count` found in the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files not done, not failed, not removed.
    pub open: u64,
    /// Done.
    pub done: u64,
    /// Failed and can be retried.
    pub failed: u64,
    /// Refused for good.
    pub rejected: u64,
    /// When the first of the open ones may be tried again.
    pub next_try_at: Option<Timestamp>,
    /// Paths are still being walked.
    pub scanning: bool,
}

/// What `init` says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitOutcome {
    /// Send it.
    Upload {
        /// Its key.
        object_key: String,
    },
    /// Hash first, ask again.
    HashFirst,
    /// The same content is on its way elsewhere.
    Follow,
    /// There already.
    Settled(Proof),
    /// Not taken.
    Refused(Failure),
}

/// What `complete` says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompleteOutcome {
    /// Proved.
    Settled(Proof),
    /// These parts go again.
    PartsMissing(Vec<PartNumber>),
    /// Not known yet: ask again.
    Verifying,
    /// Not done.
    Failed(Failure),
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOutcome {
    /// CRC of the part.
    pub crc64: Crc64Nvme,
    /// SHA-256 of the whole, when this was the last part of a hashing pass.
    pub sha256: Option<Sha256>,
    /// The source after the read.
    pub source: SourceFingerprint,
}
