//! Groups on the wire.

use serde::{Deserialize, Serialize};
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId};
use windlass_core::states::{GroupState, SessionState};
use windlass_core::units::Sha256;

/// A JSON object with whatever the caller keeps beside a row.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// `POST /v1/groups`: makes a group, or answers the one that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateGroup {
    /// Made by the client.
    pub id: GroupId,
    /// At most 1,024 bytes.
    pub name: String,
    /// Where its files go.
    pub destination_id: DestinationId,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Id.
    pub id: GroupId,
    /// Name.
    pub name: String,
    /// Where its files go.
    pub destination_id: DestinationId,
    /// State.
    pub state: GroupState,
    /// Living files.
    pub total_files: u64,
    /// Of these, settled.
    pub completed_files: u64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Counts up with each change of state.
    pub rev: u64,
}

/// `POST /v1/groups` with all that a group may have; a [`CreateGroup`] is one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Made by the client.
    pub id: GroupId,
    /// At most 1,024 bytes.
    pub name: String,
    /// At most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where files without a slot go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The same by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// What it is a group of: the entity type of a template. Its newest version is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The caller's own id of the entity; the group's where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<GroupId>,
    /// The group that it belongs to; that one has no parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<GroupId>,
    /// Kept as it is.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

impl From<CreateGroup> for NewGroup {
    fn from(group: CreateGroup) -> Self {
        Self {
            id: group.id,
            name: group.name,
            description: None,
            destination_id: Some(group.destination_id),
            destination: None,
            template: None,
            entity_id: None,
            parent_id: None,
            metadata: Metadata::new(),
            client_id: None,
        }
    }
}

/// `PATCH /v1/groups/{id}`; what is absent stays. Not when the group is completed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchGroup {
    /// At most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 1,024 bytes; empty removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Replaces all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// The last error of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// The stable word.
    pub code: String,
    /// The fact in it.
    pub detail: String,
    /// When, milliseconds since 1970; not known of groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
}

/// Done of a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Settled.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// A slot of a group's template, with the newest living file in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its word.
    pub file_type: String,
    /// Must be settled before the group can be completed.
    pub is_required: bool,
    /// Where its files go.
    pub destination_id: DestinationId,
    /// The newest settled file in it, else the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<FileId>,
    /// Its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<SessionState>,
}

/// A group with all that is known of it; reads as a [`Group`] where it has a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupView {
    /// Id.
    pub id: GroupId,
    /// Name.
    pub name: String,
    /// Words about it.
    pub description: Option<String>,
    /// Where files without a slot go.
    pub destination_id: Option<DestinationId>,
    /// The template's entity type.
    pub entity_type: Option<String>,
    /// Version of the template.
    pub template_version: Option<u32>,
    /// The entity.
    pub entity_id: Option<GroupId>,
    /// The group that it belongs to.
    pub parent_id: Option<GroupId>,
    /// State.
    pub state: GroupState,
    /// Living files.
    pub total_files: u64,
    /// Of these, settled.
    pub completed_files: u64,
    /// Bytes of living files.
    pub bytes: u64,
    /// Of these, in settled files and uploaded parts.
    pub bytes_done: u64,
    /// Required slots and files.
    pub required: Counts,
    /// Of the template, in its order.
    pub slots: Vec<Slot>,
    /// The last error.
    pub error: Option<RowError>,
    /// Times that it was retried.
    pub retry_count: u32,
    /// Kept as it was given.
    pub metadata: Metadata,
    /// The machine that made it.
    pub client_id: Option<ClientId>,
    /// True for uploads of people without an account.
    pub anonymous: bool,
    /// When it was released, milliseconds since 1970.
    pub released_at: Option<i64>,
    /// By which a released group is read; 32 hex digits.
    pub public_id: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// The same.
    pub updated_at: i64,
    /// The same.
    pub completed_at: Option<i64>,
    /// The same.
    pub deleted_at: Option<i64>,
    /// Counts up with each change of state.
    pub rev: u64,
}

/// A file of a completed group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLink {
    /// Slot, or `file`.
    #[serde(rename = "type")]
    pub file_type: String,
    /// Where it is read.
    pub url: String,
    /// Bytes.
    pub size: u64,
    /// The session.
    pub session_id: FileId,
    /// Key of the object.
    pub object_key: String,
    /// Path inside the group.
    pub rel_path: String,
    /// Hash of the whole, when it was proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
}

/// `POST /v1/groups/{id}/folders`: folders of a group in which nothing is. The answer has those that stand at the destination now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folders {
    /// Paths inside the group; at most 1,000.
    pub paths: Vec<String>,
}

/// Answer to `finalize`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finalized {
    /// Always true; a refusal is a problem.
    pub success: bool,
    /// The first settled files, as many as were asked for.
    pub files: Vec<FileLink>,
    /// There are more; a list of the group's files has them all.
    pub more: bool,
    /// The group.
    #[serde(flatten)]
    pub group: GroupView,
}
