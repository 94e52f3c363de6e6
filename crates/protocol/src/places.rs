//! What admins set: destinations beyond their place, templates, rows of an older system.

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;
use windlass_core::ids::{DestinationId, FileId, GroupId, OwnerId};
use windlass_core::states::{GroupState, SessionState};
use windlass_core::units::Sha256;

use crate::destinations::DestinationConfig;
use crate::groups::Metadata;
use crate::problem::Problem;

/// Who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Those who made it.
    Private,
    /// Everybody.
    Public,
}

impl Visibility {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

/// How objects without a slot are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// `{group}/{path}`.
    Group,
    /// `{owner}/{group id}/{path}`.
    Owner,
}

impl Naming {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Owner => "owner",
        }
    }
}

/// What becomes of a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// Its own bytes, made there: folders.
    Copy,
    /// Shares the object: buckets.
    Link,
}

/// A job that is made for each file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineJob {
    /// What it does.
    #[serde(rename = "type")]
    pub kind: String,
    /// 1 to 10, lower first.
    #[serde(default = "five")]
    pub priority: u32,
    /// 1 to 100.
    #[serde(default = "three")]
    pub max_attempts: u32,
    /// For the processor.
    #[serde(default)]
    pub config: Metadata,
}

const fn five() -> u32 {
    5
}

const fn three() -> u32 {
    3
}

/// What is set of a destination, for admins; everybody else reads it without the place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationView {
    /// Id.
    pub id: DestinationId,
    /// Name.
    pub name: String,
    /// Where and how; without secrets.
    pub config: DestinationConfig,
    /// Largest file, when limited.
    pub max_bytes: Option<u64>,
    /// Endings of names that are refused: small letters, without the first dot.
    pub refused_types: Vec<String>,
    /// Content types, when limited; `image/*` is a pattern.
    pub allowed_mime: Option<Vec<String>>,
    /// Who may read.
    pub visibility: Visibility,
    /// How objects are named.
    pub naming: Naming,
    /// What becomes of a duplicate.
    pub duplicates: Duplicates,
    /// Jobs of each file.
    pub pipeline: Vec<PipelineJob>,
    /// People without an account may upload.
    pub allow_anonymous: bool,
    /// Seconds that a signed URL lives.
    pub url_ttl_s: u32,
    /// `active`, `read_only`.
    pub state: String,
}

/// `PATCH /v1/destinations/{id}`; what is absent stays, `null` takes a limit away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchDestination {
    /// Unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Largest file.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<Option<u64>>,
    /// Endings of names that are refused, all of them: small letters, without the first dot, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_types: Option<Vec<String>>,
    /// Content types.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub allowed_mime: Option<Option<Vec<String>>>,
    /// Who may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// How objects are named from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<Naming>,
    /// What becomes of a duplicate; what the place can't do is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Duplicates>,
    /// Jobs of each file from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Vec<PipelineJob>>,
    /// People without an account may upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_anonymous: Option<bool>,
    /// 60 to 3,600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_ttl_s: Option<u32>,
    /// True: takes no new files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
}

/// Tells `null` from what is absent.
fn given<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(from).map(Some)
}

/// A template: what files an entity has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Id.
    pub id: Uuid,
    /// What it is for.
    pub entity_type: String,
    /// Counts up; groups are made of the newest.
    pub version: u32,
    /// First word of its keys.
    pub key_word: String,
    /// Drafts older than this fail.
    pub draft_days: Option<u32>,
    /// Its slots.
    pub slots: Vec<TemplateSlot>,
}

/// A slot of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateSlot {
    /// Its word.
    pub file_type: String,
    /// A group can't be completed without it.
    pub is_required: bool,
    /// Where its files go.
    pub destination_id: DestinationId,
    /// Begins the last part of its keys; as `file_type` where it is empty.
    #[serde(default)]
    pub key_word: String,
}

/// `POST /v1/templates`: the next version for an entity type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTemplate {
    /// What it is for.
    pub entity_type: String,
    /// First word of its keys; the entity type with an `s` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_word: Option<String>,
    /// Drafts older than this fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_days: Option<u32>,
    /// At least one.
    pub slots: Vec<TemplateSlot>,
}

/// `POST /v1/import`: entities of an older system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Whose they become; the caller's where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<OwnerId>,
    /// At most 1,000.
    pub entities: Vec<ImportEntity>,
}

/// One entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportEntity {
    /// Its id; also the id of its group, so that it is imported once.
    pub id: GroupId,
    /// A template's entity type.
    pub template: String,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Kept as it is.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// Its files.
    #[serde(default)]
    pub files: Vec<ImportFile>,
}

/// One file of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportFile {
    /// A slot of the template.
    pub file_type: String,
    /// Where it is in the slot's destination: its whole key in the bucket, or its path below the folder.
    pub location: String,
    /// Content type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
}

/// What became of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Its id.
    pub id: GroupId,
    /// Its state now.
    pub state: Option<GroupState>,
    /// Its files.
    pub files: Vec<ImportedFile>,
    /// Why it was not imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile {
    /// Its slot.
    pub file_type: String,
    /// Its session.
    pub session_id: Option<FileId>,
    /// The session's state.
    pub state: Option<SessionState>,
    /// Hash that the server computed.
    pub sha256: Option<Sha256>,
    /// Why it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// What the figures count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsOf {
    /// Files.
    Sessions,
    /// Groups.
    Groups,
}

/// Answer to `GET /v1/metrics/uploads` (L-18).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadMetrics {
    /// Of those that ended in the last 24 hours: the part that succeeded, 0 to 1; none when none ended.
    pub success_rate_24h: Option<f64>,
    /// How many succeeded in the last 24 hours.
    pub succeeded_24h: u64,
    /// How many failed.
    pub failed_24h: u64,
    /// From made to proved, of those that succeeded in the last 24 hours.
    pub average_upload_seconds_24h: Option<f64>,
    /// Failures of the last 7 days by reason, most first.
    pub failed_reasons_7d: Vec<FailedReason>,
    /// Open for more than an hour without a sign of life.
    pub abandoned: u64,
}

/// A reason with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedReason {
    /// The stable word of the error.
    pub reason: String,
    /// How often.
    pub count: u64,
}
