//! Sessions: one file on its way.
//!
//! All calls are batches of at most 1,000 items, under `POST /v1/sessions:VERB`. `attempt` fences: it starts at 1 and the
//! client raises it when the file starts over (changed source, forgotten upload). A call with an older attempt than the
//! ledger's is refused with `lease_lost`; `init` with a newer one gives up the older object and begins the next.

use serde::{Deserialize, Serialize};
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId};
use windlass_core::states::SessionState;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber, Sha256};

use crate::problem::Problem;

/// A batch of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch<T> {
    /// At most 1,000.
    pub items: Vec<T>,
}

/// The answers, one an item, in the order of the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers<T> {
    /// In order.
    pub items: Vec<T>,
}

/// `sessions:init`, one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitItem {
    /// Made by the client.
    pub id: FileId,
    /// From 1; raised to start over.
    pub attempt: u32,
    /// The group.
    pub group_id: GroupId,
    /// Path inside the group, `/`-separated, as `core::names` encodes it.
    pub rel_path: String,
    /// Bytes.
    pub size: u64,
    /// The stored plan: bytes of each part but the last.
    pub part_size: u64,
    /// As guessed from the name; `application/octet-stream` when unknown.
    pub mime: String,
    /// What the content is, when it is known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// The machine.
    pub client_id: ClientId,
    /// True: never answer `maybe_duplicate`; send in any case.
    #[serde(default)]
    pub race: bool,
}

/// Answer to one file of `init`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitResult {
    /// The file.
    pub id: FileId,
    /// What to do.
    #[serde(flatten)]
    pub answer: InitAnswer,
}

/// What `init` says about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum InitAnswer {
    /// Send it.
    Upload {
        /// Where it will be.
        object_key: String,
    },
    /// A settled file of this size is there: hash first, then ask again with the same id. Nothing was written.
    MaybeDuplicate,
    /// Same content is there, or on its way.
    Duplicate {
        /// The session that has or brings the bytes.
        of: FileId,
        /// Present when it is settled: done without a byte. Absent: wait, ask `query`.
        settled: Option<Settled>,
    },
    /// Was settled before; the answer had been lost.
    Settled(Settled),
    /// Can't be taken.
    Refused {
        /// Why.
        error: Problem,
    },
}

/// A settled file: the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Key of the object.
    pub object_key: String,
    /// How it was proved: `sha256`, `crc64nvme`, `read_back`.
    pub proof: String,
    /// Bytes.
    pub size: u64,
    /// CRC of the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc64: Option<Crc64Nvme>,
    /// Hash of the whole, as the client said and one read proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// Milliseconds since 1970.
    pub uploaded_at: i64,
    /// True when it is settled as a duplicate.
    pub deduplicated: bool,
}

/// `sessions:sign`, the parts of one file that are about to be sent. Without parts: a sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignItem {
    /// The file.
    pub id: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Parts, each with the checksum that goes into the signature.
    pub parts: Vec<SignPart>,
}

/// One part to sign for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignPart {
    /// Number.
    pub n: PartNumber,
    /// Bytes; must fit the plan.
    pub size: u64,
    /// CRC of the bytes.
    pub crc64: Crc64Nvme,
    /// Hash of the bytes: given, and signed, when the file is one PUT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// A URL for it was refused as too old just now: the control plane asks the storage for its time before it signs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// Answer to one file of `sign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignResult {
    /// The file.
    pub id: FileId,
    /// One a part that was asked for; empty with an error.
    pub uploads: Vec<SignedPart>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// Permission to send one part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPart {
    /// Number.
    pub n: PartNumber,
    /// Where to PUT. Never logged.
    pub url: String,
    /// Headers that are in the signature and must be sent exactly, `content-length` excepted (the body tells it).
    pub headers: Vec<(String, String)>,
    /// By the server's clock, milliseconds since 1970.
    pub expires_at: i64,
    /// Milliseconds that it lives from now on: what a client with a wrong clock counts by.
    pub valid_ms: i64,
}

impl std::fmt::Debug for SignedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL is a permission: it can't reach a log.
        f.debug_struct("SignedPart")
            .field("n", &self.n)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// `sessions:complete`, one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompleteItem {
    /// The file.
    pub id: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Bytes.
    pub size: u64,
    /// CRC of the whole, combined from the parts.
    pub crc64: Crc64Nvme,
    /// Hash of the whole from the same read; absent where the content hash is `after` or `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// All parts, 1 to n.
    pub parts: Vec<DonePart>,
}

/// A part that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DonePart {
    /// Number.
    pub n: PartNumber,
    /// Bytes.
    pub size: u64,
    /// CRC of the bytes.
    pub crc64: Crc64Nvme,
    /// What storage answered.
    pub etag: ETag,
}

/// Answer to one file of `complete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteResult {
    /// The file.
    pub id: FileId,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: CompleteOutcome,
}

/// What `complete` says about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CompleteOutcome {
    /// Proved.
    Settled(Settled),
    /// The storage lacks these parts, or has others; they go again.
    PartsMissing {
        /// Numbers.
        parts: Vec<PartNumber>,
    },
    /// Somebody is at it, or the storage has not answered: ask again.
    Verifying,
    /// Not done.
    Failed {
        /// Why.
        error: Problem,
    },
}

/// `sessions:query`: what the ledger and the storage know, for reconcile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// At most 1,000.
    pub ids: Vec<FileId>,
    /// True: list the parts that the storage holds of open multipart uploads.
    pub parts: bool,
}

/// Answer to `query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryAnswer {
    /// Those that are known.
    pub sessions: Vec<Session>,
    /// Those that are not.
    pub unknown: Vec<FileId>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Id.
    pub id: FileId,
    /// The newest attempt.
    pub attempt: u32,
    /// Its group.
    pub group_id: GroupId,
    /// Where it goes.
    pub destination_id: DestinationId,
    /// Path inside the group.
    pub rel_path: String,
    /// Bytes.
    pub size: u64,
    /// Stored plan.
    pub part_size: u64,
    /// State.
    pub state: SessionState,
    /// True when it was deleted, cancelled or found missing; the state tells what was true.
    pub deleted: bool,
    /// Key of the object of this attempt.
    pub object_key: Option<String>,
    /// Parts that the storage holds, when asked for.
    pub parts: Vec<ListedPart>,
    /// False when the storage could not be asked for the parts: the list says nothing then.
    pub parts_known: bool,
    /// The proof, when settled.
    pub settled: Option<Settled>,
    /// The last error.
    pub error: Option<Problem>,
    /// Last sign of life, milliseconds since 1970.
    pub alive_at: i64,
}

/// A part as the storage lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPart {
    /// Number.
    pub n: PartNumber,
    /// Bytes.
    pub size: u64,
    /// What storage calls it.
    pub etag: ETag,
    /// CRC, where the storage tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc64: Option<Crc64Nvme>,
}

/// `sessions:delete` and `sessions:verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ids {
    /// At most 1,000.
    pub ids: Vec<FileId>,
}

/// Answer to one file of `delete`: given up or tombstoned. Unknown ids are answered as deleted (nothing is there).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteResult {
    /// The file.
    pub id: FileId,
    /// True when nothing unfinished is left at the storage.
    pub cleaned: bool,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// Answer to one file of `verify`: the storage was asked again just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyResult {
    /// The file.
    pub id: FileId,
    /// The proof, when it still holds.
    pub settled: Option<Settled>,
    /// Why it does not: `object_missing`, `size_mismatch`, `verify_mismatch`, `storage_down`, ….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}
