//! What operators see and start, on the wire: `POST /v1/janitor/run`, `GET /v1/audit`, `GET /v1/storage-events`,
//! `POST /v1/storage-events/{seq}/replay`, `POST /v1/destinations/{id}/hook`. All of it takes an admin.

use serde::{Deserialize, Serialize};
use windlass_core::ids::{DestinationId, OwnerId};

/// `POST /v1/janitor/run`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunJanitor {
    /// Only tells what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What the janitor does about one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JanitorAction {
    /// All bytes of the file are there although its client never said so: it is finished.
    Settle,
    /// A file without a sign of life for long fails; what is there of it stays for a retry.
    FailSession,
    /// A draft without a sign of life for long fails.
    FailDraft,
    /// The bytes of a file that failed long ago are given up. They are deleted after that is written down.
    Condemn,
    /// Bytes that were given up are deleted.
    Clean,
    /// Something arrived under the key of bytes that were deleted: it is deleted too.
    CleanLate,
    /// Something that carries our mark and that no row knows was seen for the first time; it stays.
    StraySeen,
    /// The same was seen again after a day: an admin decides.
    StrayTold,
    /// The same is not there any more, or a row knows it now.
    StrayOver,
    /// The row of bytes that were deleted long ago and that nothing refers to goes.
    ForgetObject,
    /// Rows of the parts that a stored object was made of go; that it is stored says all of them.
    ForgetParts,
    /// A row that points at nothing: can't be, and is told.
    OddRow,
}

impl JanitorAction {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settle => "settle",
            Self::FailSession => "fail_session",
            Self::FailDraft => "fail_draft",
            Self::Condemn => "condemn",
            Self::Clean => "clean",
            Self::CleanLate => "clean_late",
            Self::StraySeen => "stray_seen",
            Self::StrayTold => "stray_told",
            Self::StrayOver => "stray_over",
            Self::ForgetObject => "forget_object",
            Self::ForgetParts => "forget_parts",
            Self::OddRow => "odd_row",
        }
    }
}

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEnd {
    /// Not begun: a dry run.
    Planned,
    /// Done.
    Done,
    /// It had changed meanwhile: nothing was to be done any more.
    Passed,
    /// Not done; it is tried again by the next run.
    Failed,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JanitorStep {
    /// What.
    pub action: JanitorAction,
    /// About what kind of thing: session, group, object, stray.
    pub subject_kind: String,
    /// Its id; for strays the key.
    pub subject: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<OwnerId>,
    /// Where it lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// Under which key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of which unfinished upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<String>,
    /// Why.
    pub reason: String,
    /// How far it came.
    pub end: StepEnd,
    /// Why not further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An abandoned upload: nothing is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandoned {
    /// Its id.
    pub session_id: String,
    /// Its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// Whose it is.
    pub owner_id: OwnerId,
    /// Last sign of life, milliseconds since 1970.
    pub alive_at: i64,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JanitorReport {
    /// When it began, milliseconds since 1970.
    pub at: i64,
    /// True when nothing was done.
    pub dry_run: bool,
    /// Abandoned uploads, the longest quiet first; at most 1,000 of them.
    pub abandoned: Vec<Abandoned>,
    /// How many there are.
    pub abandoned_total: u64,
    /// The steps.
    pub steps: Vec<JanitorStep>,
    /// True when there is more than one run does; the next one goes on.
    pub more: bool,
    /// Destinations that could not be looked through, with the reason.
    pub unseen: Vec<Unseen>,
}

/// A destination that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// Which.
    pub destination_id: DestinationId,
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// A row of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number.
    pub seq: i64,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Whose token; none: the program itself, or the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<OwnerId>,
    /// In which capacity: owner, worker, janitor, webhook, admin.
    pub actor_kind: String,
    /// What, as `object.condemn`.
    pub action: String,
    /// To what kind of thing.
    pub subject_kind: String,
    /// To which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<String>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<OwnerId>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// More.
    pub data: serde_json::Value,
}

/// A page, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none: this is the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// An event of a storage that nobody could place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageEvent {
    /// Its number.
    pub seq: i64,
    /// The destination that it was sent for.
    pub destination_id: DestinationId,
    /// When it came, milliseconds since 1970.
    pub at: i64,
    /// Why it was set aside.
    pub reason: String,
    /// The fact in it.
    pub detail: String,
    /// The event, or its beginning.
    pub event: String,
    /// When it was tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_at: Option<i64>,
}

/// `POST /v1/destinations/{id}/hook`: how the storage of a destination tells us. The secret is in this answer and nowhere
/// else; the one before it ends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageHook {
    /// Where to post, for storages that send a header: `Authorization: Bearer SECRET`.
    pub path: String,
    /// The secret.
    pub secret: String,
    /// Where to post, for storages that send none.
    pub path_with_secret: String,
}

impl std::fmt::Debug for StorageHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageHook")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
