//! Sessions with all that a server keeps of them: announced in full, listed, looked at one by one, changed.
//!
//! What the desktop sends ([`crate::sessions`]) is a part of this; both go to the same routes.

use serde::{Deserialize, Serialize};
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId};
use windlass_core::states::{FilePartState, SessionState};
use windlass_core::units::{Crc64Nvme, ETag, PartNumber, Sha256};

use crate::groups::{Metadata, RowError};
use crate::sessions::{DonePart, InitItem, Settled, SignItem, SignPart};

/// `sessions:init`, one file with all that it may have; an [`InitItem`] is one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// Made by the client.
    pub id: FileId,
    /// From 1; raised to start over.
    #[serde(default = "first")]
    pub attempt: u32,
    /// The group; a file may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// Where it goes when neither a slot nor the group says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The same by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Path inside the group, `/`-separated, as `core::names` encodes it.
    pub rel_path: String,
    /// A slot of the group's template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_type: Option<String>,
    /// Must be settled before its group can be completed; as the slot says, else true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_required: Option<bool>,
    /// Bytes.
    pub size: u64,
    /// Bytes of each part but the last; the server plans where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_size: Option<u64>,
    /// `application/octet-stream` when unknown.
    #[serde(default = "unknown_mime")]
    pub mime: String,
    /// What the content is, when it is known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// True: never answer `maybe_duplicate`, never wait for another; send in any case.
    #[serde(default)]
    pub race: bool,
    /// Kept as it is.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// True: what can never be taken (type, size) is written down as `rejected`.
    #[serde(default)]
    pub keep_rejected: bool,
    /// True: whoever sends it sends no header of one's own and tells no checksum. Said by routes, never by callers.
    #[serde(skip)]
    pub plain: bool,
}

const fn first() -> u32 {
    1
}

fn unknown_mime() -> String {
    "application/octet-stream".to_owned()
}

impl From<InitItem> for NewFile {
    fn from(item: InitItem) -> Self {
        Self {
            id: item.id,
            attempt: item.attempt,
            group_id: Some(item.group_id),
            destination_id: None,
            destination: None,
            rel_path: item.rel_path,
            file_type: None,
            is_required: None,
            size: item.size,
            part_size: Some(item.part_size),
            mime: item.mime,
            sha256: item.sha256,
            client_id: Some(item.client_id),
            race: item.race,
            metadata: Metadata::new(),
            keep_rejected: false,
            plain: false,
        }
    }
}

/// `sessions:sign`, one file: parts that are about to be sent, and what became of earlier ones. All empty: a sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignFile {
    /// The file.
    pub id: FileId,
    /// Attempt.
    #[serde(default = "first")]
    pub attempt: u32,
    /// Parts, each with the checksum that goes into the signature.
    #[serde(default)]
    pub parts: Vec<SignPart>,
    /// Parts that were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<DonePart>,
    /// Parts that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<PartNumber>,
}

impl From<SignItem> for SignFile {
    fn from(item: SignItem) -> Self {
        Self {
            id: item.id,
            attempt: item.attempt,
            parts: item.parts,
            done: Vec::new(),
            failed: Vec::new(),
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Asks for the next page; none at the end.
    pub next: Option<String>,
}

/// The newest job of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobBrief {
    /// Id.
    pub id: uuid::Uuid,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: String,
    /// State.
    pub state: windlass_core::states::JobState,
    /// Times that it was begun.
    pub attempts: u32,
    /// The last error.
    pub error: Option<RowError>,
}

/// `POST /v1/sessions:jobs`: the processing track of one of the files that were asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileJobs {
    /// The file.
    pub id: FileId,
    /// The newest job of each type; of a duplicate, its canonical's. None of a file that is not known.
    pub jobs: Vec<JobBrief>,
}

/// A session with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    /// Id.
    pub id: FileId,
    /// The newest attempt.
    pub attempt: u32,
    /// Its group.
    pub group_id: Option<GroupId>,
    /// Where it goes.
    pub destination_id: DestinationId,
    /// Last part of the path.
    pub name: String,
    /// Path inside the group.
    pub rel_path: String,
    /// Slot.
    pub file_type: Option<String>,
    /// Must be settled before its group can be completed.
    pub is_required: bool,
    /// Bytes; none of callers that don't tell it, until it is proved.
    pub size: Option<u64>,
    /// Content type.
    pub mime: String,
    /// What the content is said to be.
    pub sha256: Option<Sha256>,
    /// State.
    pub state: SessionState,
    /// Counts up with each change of state.
    pub rev: u64,
    /// True when it was deleted, cancelled or found missing; the state tells what was true.
    pub deleted: bool,
    /// Milliseconds since 1970.
    pub deleted_at: Option<i64>,
    /// `user`, `cancelled`, `mismatch`, `vanished`, `admin`.
    pub delete_reason: Option<String>,
    /// Key of the object of this attempt.
    pub object_key: Option<String>,
    /// Of its multipart upload.
    pub upload_id: Option<String>,
    /// The session that it follows or duplicates.
    pub canonical_id: Option<FileId>,
    /// Stored plan.
    pub part_size: Option<u64>,
    /// Parts.
    pub part_count: u32,
    /// Parts that are known to be there.
    pub parts_done: u32,
    /// Bytes that are known to be there.
    pub bytes_done: u64,
    /// The last error; it stays after success.
    pub error: Option<RowError>,
    /// Times that it was retried.
    pub retry_count: u32,
    /// The machine.
    pub client_id: Option<ClientId>,
    /// Last sign of life, milliseconds since 1970.
    pub alive_at: i64,
    /// The same.
    pub created_at: i64,
    /// The same.
    pub updated_at: i64,
    /// The same.
    pub uploaded_at: Option<i64>,
    /// The same.
    pub verified_at: Option<i64>,
    /// Kept as it was given.
    pub metadata: Metadata,
    /// The proof, when settled.
    pub settled: Option<Settled>,
    /// The newest job of each type; of a duplicate, its canonical's.
    pub jobs: Vec<JobBrief>,
}

/// A part of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartView {
    /// `{session}:{n}`.
    pub id: String,
    /// Number.
    pub n: PartNumber,
    /// Bytes.
    pub size: u64,
    /// CRC of the bytes.
    pub crc64: Option<Crc64Nvme>,
    /// What storage answered.
    pub etag: Option<ETag>,
    /// State.
    pub state: FilePartState,
    /// Times that it was signed.
    pub attempts: u32,
    /// Milliseconds since 1970.
    pub uploaded_at: Option<i64>,
}

/// Answer to `GET /v1/sessions/{id}/parts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// In order.
    pub parts: Vec<PartView>,
    /// True when the storage was asked just now.
    pub from_storage: bool,
}

/// `PATCH /v1/sessions/{id}`; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchFile {
    /// The source changed: bytes now. Begins the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// With `size`: what the content is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// False: the group can be completed without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_required: Option<bool>,
    /// Replaces all of it; not of a settled file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// `POST /v1/sessions/{id}/retry`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// `start`: nothing of what was sent is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<RetryFrom>,
}

/// Where a retry begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryFrom {
    /// From the first byte.
    Start,
}

/// Answer to `DELETE /v1/sessions/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// What was true of it.
    pub state: SessionState,
    /// Milliseconds since 1970.
    pub deleted_at: Option<i64>,
    /// True when nothing of it is left at the storage that is not needed.
    pub cleaned: bool,
}
