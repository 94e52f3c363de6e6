//! Rows of the ledger, and what the store's methods take and give.

use windlass_core::accepts::Accepts;
use windlass_core::error::Failure;
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId, ObjectId};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, Sha256};
use windlass_protocol::destinations::{DestinationConfig, SecretKeep};
use windlass_protocol::sessions::Settled;

use crate::failure::Refusal;
use crate::storage::Capabilities;

/// How an object was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The storage computed the same SHA-256.
    Sha256,
    /// The storage computed the same CRC.
    Crc64,
    /// The server read it back.
    ReadBack,
    /// Its token or its own key, and its size: no checksum was told.
    Token,
}

impl Proof {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Crc64 => "crc64nvme",
            Self::ReadBack => "read_back",
            Self::Token => "token",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Sha256, Self::Crc64, Self::ReadBack, Self::Token]
            .into_iter()
            .find(|p| p.as_str() == word)
    }
}

/// One attempt's object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRow {
    /// Id.
    pub id: ObjectId,
    /// Who made it.
    pub session: FileId,
    /// Of which attempt.
    pub attempt: u32,
    /// Where it is.
    pub destination: DestinationId,
    /// Its key.
    pub key: String,
    /// State.
    pub state: ObjectState,
    /// True when the storage was asked whether the name is free.
    pub name_checked: bool,
    /// Of a multipart upload.
    pub upload_id: Option<String>,
    /// What tells it from everybody else's.
    pub token: [u8; 16],
    /// How it is cut.
    pub plan: PartPlan,
    /// Content type.
    pub mime: String,
    /// As the storage told it when it was proved.
    pub etag: Option<String>,
    /// CRC of the whole, proved.
    pub crc64: Option<Crc64Nvme>,
    /// Hash of the whole, proved.
    pub sha256: Option<Sha256>,
    /// How it was proved.
    pub proof: Option<Proof>,
    /// When the storage was last asked.
    pub checked_at: Option<Timestamp>,
}

impl ObjectRow {
    /// True when it was made for somebody who sends no header of one's own, so that its key is all that tells it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.token == [0; 16]
    }
}

/// A session with its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Id.
    pub id: FileId,
    /// The newest attempt.
    pub attempt: u32,
    /// Group.
    pub group: Option<GroupId>,
    /// Destination.
    pub destination: DestinationId,
    /// Path inside the group.
    pub rel_path: String,
    /// Slot of the group's template.
    pub file_type: Option<String>,
    /// Its group can't be completed without it.
    pub is_required: bool,
    /// The plan, with the size.
    pub plan: PartPlan,
    /// Content type.
    pub mime: String,
    /// What the content is said to be.
    pub sha256: Option<Sha256>,
    /// The session that it follows or duplicates.
    pub canonical: Option<FileId>,
    /// State.
    pub state: SessionState,
    /// The machine.
    pub client: Option<ClientId>,
    /// Last sign of life.
    pub alive_at: Timestamp,
    /// Until when somebody verifies.
    pub lease_until: Timestamp,
    /// Counts the leases.
    pub fence: i64,
    /// The last error.
    pub error: Option<Failure>,
    /// When it was proved.
    pub uploaded_at: Option<Timestamp>,
    /// True when it has a tombstone.
    pub deleted: bool,
    /// Where its bytes are or go.
    pub object: Option<ObjectRow>,
}

impl SessionRow {
    /// True when it is uploaded or deduplicated.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self.state, SessionState::Uploaded | SessionState::Deduplicated)
    }

    /// True when it waits for the same content of another session, or did so until that one failed: where it stands is
    /// decided by whoever looks at it.
    #[must_use]
    pub fn waits(&self) -> bool {
        let follows = self.canonical.is_some() || self.object.is_none();
        self.state == SessionState::Pending && follows && !self.deleted
    }

    /// The proof, when it is settled.
    #[must_use]
    pub fn settled(&self) -> Option<Settled> {
        let object = self.object.as_ref().filter(|_| self.is_settled())?;
        Some(Settled {
            object_key: object.key.clone(),
            proof: object.proof?.as_str().to_owned(),
            size: self.plan.size(),
            crc64: object.crc64,
            sha256: object.sha256,
            uploaded_at: self.uploaded_at?.as_millis(),
            deduplicated: self.state == SessionState::Deduplicated,
        })
    }
}

/// A file to announce, checked, with what a new object of it would be.
#[derive(Debug, Clone)]
pub struct InitRow {
    /// Id.
    pub id: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Group.
    pub group: Option<GroupId>,
    /// Where it goes when neither a slot nor the group says so.
    pub destination: Option<DestinationId>,
    /// Slot of the group's template.
    pub file_type: Option<String>,
    /// As the slot says where it is absent, else true.
    pub is_required: Option<bool>,
    /// JSON that is kept beside it; none: what is there stays.
    pub metadata: Option<String>,
    /// True: what can never be taken is written down as rejected.
    pub keep_rejected: bool,
    /// Path inside the group, checked.
    pub rel_path: String,
    /// Size and cut.
    pub plan: PartPlan,
    /// Content type.
    pub mime: String,
    /// What the content is, when it is known.
    pub sha256: Option<Sha256>,
    /// The machine.
    pub client: Option<ClientId>,
    /// Send in any case.
    pub race: bool,
    /// Id of the object, should one be made.
    pub object: ObjectId,
    /// Its token.
    pub token: [u8; 16],
    /// Objects of which the storage said just now that they are there.
    pub present: Vec<ObjectId>,
}

/// What became of an announced file.
#[derive(Debug, Clone)]
pub enum InitDecision {
    /// Send it; written.
    Upload {
        /// Key of its object.
        key: String,
    },
    /// Hash first; nothing was written.
    MaybeDuplicate,
    /// Same content is on its way; written as its follower.
    Follow {
        /// Who brings it.
        of: FileId,
    },
    /// Same content is there; settled.
    Linked {
        /// Who has it.
        of: FileId,
        /// The session.
        row: Box<SessionRow>,
    },
    /// Same content is there; a copy is to be placed under the file's own name.
    Copy {
        /// Who has it.
        of: FileId,
        /// The object to copy.
        from: Box<ObjectRow>,
        /// The session, with the object to make.
        row: Box<SessionRow>,
    },
    /// Same content should be there, but the storage was not asked for a day: ask, then init again. Nothing was written.
    AskFirst {
        /// The object.
        object: Box<ObjectRow>,
    },
    /// Was settled before.
    Settled {
        /// The session.
        row: Box<SessionRow>,
    },
    /// Can't be taken.
    Refused(Refusal),
    /// Can never be taken, and that is written down.
    Rejected(Refusal),
}

/// A file about to be signed for.
#[derive(Debug, Clone, Copy)]
pub struct StartItem {
    /// Id.
    pub id: FileId,
    /// Attempt.
    pub attempt: u32,
    /// False for a mere sign of life.
    pub urls: bool,
}

/// A started file.
#[derive(Debug, Clone)]
pub struct Started {
    /// The session; with its state as it was before.
    pub row: SessionRow,
}

/// What was learnt while beginning.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The object.
    pub object: ObjectId,
    /// The storage was asked whether the name is free, and it is.
    pub checked: bool,
    /// Of its multipart upload.
    pub upload_id: Option<String>,
}

/// A file to verify.
#[derive(Debug, Clone, Copy)]
pub struct LeaseItem {
    /// Id.
    pub id: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Bytes, as the client says.
    pub size: u64,
    /// Hash of the whole, as the client says.
    pub sha256: Option<Sha256>,
}

/// What came of asking for the lease.
#[derive(Debug, Clone)]
pub enum Leased {
    /// It is ours, with this fence; the session's object is open.
    Ours(Box<SessionRow>),
    /// Settled already.
    Settled(Box<SessionRow>),
    /// Somebody is at it.
    Busy,
}

/// A proved object.
#[derive(Debug, Clone)]
pub struct Settle {
    /// The session.
    pub id: FileId,
    /// Of the lease; 0 for a copy.
    pub fence: i64,
    /// Its object.
    pub object: ObjectId,
    /// As the storage told it.
    pub etag: Option<String>,
    /// CRC of the whole; none where neither the caller nor the storage told one.
    pub crc64: Option<Crc64Nvme>,
    /// Hash of the whole, when one read proved it.
    pub sha256: Option<Sha256>,
    /// How.
    pub proof: Proof,
}

/// What a lease is given back as.
#[derive(Debug, Clone)]
pub enum Released {
    /// Parts are missing: uploading.
    Uploading,
    /// The storage did not answer: stays verifying, free for the next.
    Free,
    /// No retry heals it: failed.
    Failed,
}

/// A lease given back.
#[derive(Debug, Clone)]
pub struct Release {
    /// The session.
    pub id: FileId,
    /// Of the lease.
    pub fence: i64,
    /// To what.
    pub to: Released,
    /// Why.
    pub error: Option<Failure>,
}

/// Why a tombstone is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TombstoneReason {
    /// Its owner deleted it.
    User,
    /// Its group was cancelled.
    Cancelled,
    /// The storage has other bytes.
    Mismatch,
    /// The storage lost it.
    Vanished,
}

impl TombstoneReason {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Cancelled => "cancelled",
            Self::Mismatch => "mismatch",
            Self::Vanished => "vanished",
        }
    }
}

/// A session with a tombstone.
#[derive(Debug, Clone)]
pub struct Tombstone {
    /// Objects that were given up and are to be cleaned; of all its attempts.
    pub objects: Vec<ObjectRow>,
}

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationRow {
    /// Id.
    pub id: DestinationId,
    /// Name.
    pub name: String,
    /// Where and how.
    pub config: DestinationConfig,
    /// Where its keys are kept.
    pub keep: Option<SecretKeep>,
    /// What was probed.
    pub capabilities: Option<Capabilities>,
    /// What it takes; read, and not written with the row.
    pub accepts: Accepts,
    /// False when it was taken out of use.
    pub active: bool,
}
