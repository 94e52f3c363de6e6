//! What a launch sees of one file: in the queue, at the destination, on disk.

use crate::complete::StoredPart;
use crate::error::Failure;
use crate::fingerprint::SourceFingerprint;
use crate::ids::{FileId, GroupId};
use crate::machine::records::{PartRecord, Proof};
use crate::states::{FileState, SessionState};
use crate::units::Sha256;

/// A file as the queue holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Id, also of its session.
    pub id: FileId,
    /// Its group.
    pub group: GroupId,
    /// Path inside the group, for the report.
    pub name: String,
    /// Which attempt.
    pub attempt: u32,
    /// What is.
    pub state: FileState,
    /// The version of the source that this attempt sends.
    pub fingerprint: SourceFingerprint,
    /// Stored plan.
    pub part_size: u64,
    /// Hash of that version, when known.
    pub sha256: Option<Sha256>,
    /// Parts that are not `pending`, in order; all others are pending.
    pub parts: Vec<PartRecord>,
}

/// What the destination says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// It could not be asked; nothing is concluded from that (I39).
    NotAsked,
    /// It does not know the file.
    Unknown,
    /// It knows it.
    Known(RemoteSession),
}

/// A session as the control plane and its storage tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteSession {
    /// Which attempt.
    pub attempt: u32,
    /// Its state.
    pub state: SessionState,
    /// It was deleted there, or its object given up.
    pub deleted: bool,
    /// The proof, once it is settled.
    pub settled: Option<Proof>,
    /// The parts that the storage lists; `None` when it could not be asked or when there is no multipart upload.
    pub parts: Option<Vec<StoredPart>>,
}

/// What `stat` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is there.
    Present(SourceFingerprint),
    /// Its folder is there, it is not.
    Missing,
    /// It could not be looked at: disk missing, no permission.
    Failed(Failure),
}

/// One file with all that is known of it.
pub type Observation = (LocalFile, Remote, Source);
