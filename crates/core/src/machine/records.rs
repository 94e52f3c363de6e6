//! What the machine is handed from the queue, and what it asks the queue to write.
//!
//! A [`Change`] is one guarded update: it names the state it expects. The queue applies the changes of one
//! `Persist` effect in one transaction, in order.

use crate::error::Failure;
use crate::fingerprint::SourceFingerprint;
use crate::ids::{DestinationId, FileId, GroupId};
use crate::states::{FileState, GroupState, Intent, PartState};
use crate::time::Timestamp;
use crate::units::{Crc64Nvme, ETag, PartNumber, Sha256};

/// A group as the queue holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// Id.
    pub id: GroupId,
    /// Where its files go.
    pub destination: DestinationId,
    /// Place among the groups; lower goes first.
    pub position: i64,
    /// What the person wants.
    pub intent: Intent,
    /// What is.
    pub state: GroupState,
}

/// A file as the queue holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Id, also of its session.
    pub id: FileId,
    /// Group.
    pub group: GroupId,
    /// Place in the group; files of one group are loaded in this order.
    pub position: i64,
    /// What the person wants of this file.
    pub intent: Intent,
    /// What is.
    pub state: FileState,
    /// Which attempt; from 1.
    pub attempt: u32,
    /// The version of the source that this attempt sends.
    pub fingerprint: SourceFingerprint,
    /// Stored plan.
    pub part_size: u64,
    /// Hash of that version, when known.
    pub sha256: Option<Sha256>,
    /// Failures in a row.
    pub tries: u32,
    /// Not before.
    pub next_try_at: Option<Timestamp>,
    /// Parts that are not `pending`, in order; all others are pending.
    pub parts: Vec<PartRecord>,
}

/// A part as the queue holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRecord {
    /// Number.
    pub n: PartNumber,
    /// State.
    pub state: PartState,
    /// CRC of its bytes, once read.
    pub crc64: Option<Crc64Nvme>,
    /// What storage answered.
    pub etag: Option<ETag>,
}

/// How a file came to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoneResult {
    /// Sent and proved.
    Uploaded,
    /// Same content was there, proved.
    Deduplicated,
    /// Proved before, and untouched since.
    Unchanged,
}

impl DoneResult {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Deduplicated => "deduplicated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// The proof that goes into a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// How it came about.
    pub result: DoneResult,
    /// Key of the object.
    pub object_key: String,
    /// `sha256`, `crc64nvme`, `read_back`.
    pub how: String,
    /// Hash of the whole.
    pub sha256: Option<Sha256>,
    /// CRC of the whole.
    pub crc64: Option<Crc64Nvme>,
    /// When, by the control plane.
    pub uploaded_at: Timestamp,
}

/// One guarded update of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The file moves from one state to another.
    FileState {
        /// File.
        id: FileId,
        /// Expected.
        from: FileState,
        /// New.
        to: FileState,
    },
    /// The control plane knows the file: `queued` → `registered`, with its key.
    FileRegistered {
        /// File.
        id: FileId,
        /// Key at the destination.
        object_key: String,
    },
    /// Facts that one whole read found.
    FileHashed {
        /// File.
        id: FileId,
        /// Hash.
        sha256: Sha256,
    },
    /// It stays in its state and is tried again; or the note is cleared.
    FileTries {
        /// File.
        id: FileId,
        /// Failures in a row.
        tries: u32,
        /// Not before.
        next_try_at: Option<Timestamp>,
        /// The last failure; kept until the file is done.
        failure: Option<Failure>,
    },
    /// It failed.
    FileFailed {
        /// File.
        id: FileId,
        /// Expected.
        from: FileState,
        /// Cause.
        failure: Failure,
        /// When.
        at: Timestamp,
    },
    /// It starts over as a new attempt, maybe of a new version: state `queued`, all its parts are planned anew. Parts in
    /// `keep` stay known by their checksum only as hints for the reader; they are sent again.
    FileStartOver {
        /// File.
        id: FileId,
        /// Expected.
        from: FileState,
        /// The new attempt.
        attempt: u32,
        /// The version that it sends.
        fingerprint: SourceFingerprint,
        /// Plan of that version.
        part_size: u64,
        /// Number of parts of that plan.
        part_count: u32,
        /// Why; shown on the row and kept in the log of events.
        because: Failure,
        /// When.
        at: Timestamp,
    },
    /// It is done: → `done`, with its receipt in the same transaction.
    FileDone {
        /// File.
        id: FileId,
        /// Expected.
        from: FileState,
        /// The proof.
        proof: Proof,
        /// When, here.
        at: Timestamp,
    },
    /// Cancelled, and the control plane confirmed it.
    FileRemoved {
        /// File.
        id: FileId,
        /// Expected.
        from: FileState,
        /// When.
        at: Timestamp,
    },
    /// A part is about to be sent, or failed, or is to be sent again.
    PartState {
        /// File.
        id: FileId,
        /// Part.
        n: PartNumber,
        /// New; refused by the trigger when the step is not allowed.
        to: PartState,
    },
    /// The storage holds the part.
    PartUploaded {
        /// File.
        id: FileId,
        /// Part.
        n: PartNumber,
        /// CRC of its bytes.
        crc64: Crc64Nvme,
        /// What storage answered.
        etag: ETag,
        /// When.
        at: Timestamp,
    },
    /// The group moves from one state to another.
    GroupState {
        /// Group.
        id: GroupId,
        /// Expected.
        from: GroupState,
        /// New.
        to: GroupState,
        /// When.
        at: Timestamp,
    },
    /// The group was cancelled and the control plane confirmed it: every file of it that is not done becomes `removed`, the
    /// group `cancelled`.
    GroupCancelled {
        /// Group.
        id: GroupId,
        /// When.
        at: Timestamp,
    },
    /// Only metadata of the source changed and its bytes were compared since: the fingerprint is taken over.
    FileFingerprint {
        /// File.
        id: FileId,
        /// As it is.
        fingerprint: SourceFingerprint,
    },
    /// Its end was told to the person; once only.
    GroupTold {
        /// Group.
        id: GroupId,
        /// When.
        at: Timestamp,
    },
}

impl Change {
    /// The file it is about.
    #[must_use]
    pub fn file(&self) -> Option<FileId> {
        match self {
            Self::FileState { id, .. }
            | Self::FileRegistered { id, .. }
            | Self::FileHashed { id, .. }
            | Self::FileTries { id, .. }
            | Self::FileFailed { id, .. }
            | Self::FileStartOver { id, .. }
            | Self::FileDone { id, .. }
            | Self::FileRemoved { id, .. }
            | Self::FileFingerprint { id, .. }
            | Self::PartState { id, .. }
            | Self::PartUploaded { id, .. } => Some(*id),
            Self::GroupState { .. } | Self::GroupCancelled { .. } | Self::GroupTold { .. } => None,
        }
    }
}
