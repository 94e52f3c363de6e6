//! Destinations on the wire: `GET /v1/destinations`, `PUT /v1/destinations/{id}` (add or edit, tested first), `DELETE
//! /v1/destinations/{id}`, `POST /v1/destinations:test` (nothing is saved), `POST /v1/destinations/{id}/test`.

use std::pin::Pin;

use serde::{Deserialize, Serialize};
use windlass_core::accepts::Accepts;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;

/// A destination with its configuration, as an admin writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutDestination {
    /// Made by the client.
    pub id: DestinationId,
    /// Unique.
    pub name: String,
    /// Where and how.
    pub config: DestinationConfig,
    /// Keys, for S3. Absent on an edit: those stored stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<StorageSecret>,
    /// What it takes, all of it. Absent on an edit: what was set stays; on a new one: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepts: Option<Accepts>,
}

/// Where and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DestinationConfig {
    /// A folder; made when it is not there and its parent is.
    Folder {
        /// Absolute path.
        path: String,
    },
    /// A bucket.
    S3 {
        /// `https://host[:port]`.
        endpoint: String,
        /// Region of the signature.
        region: String,
        /// Bucket.
        bucket: String,
        /// Before every key; may be empty.
        prefix: String,
        /// Path style.
        path_style: bool,
        /// An empty folder is kept as an object without bytes whose key ends in `/`.
        #[serde(default)]
        folder_markers: bool,
    },
}

/// Keys to a bucket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageSecret {
    /// Key id.
    pub access_key: String,
    /// Secret.
    pub secret_key: String,
    /// Of temporary keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
    /// Where it is kept: `keyring`, `file` (0600 in the data folder), `session` (memory).
    pub keep: SecretKeep,
}

impl std::fmt::Debug for StorageSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageSecret")
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKeep {
    /// The system's keyring.
    Keyring,
    /// A file of mode 0600.
    File,
    /// Memory.
    Session,
}

/// Where tokens of servers are kept: beside the keys of buckets, never in a queue or a log. Each by the id of the destination
/// that it opens. Asking may take as long as a person needs to open the keyring.
pub trait TokenStore: Send + Sync {
    /// Keeps a token; one kept elsewhere for the destination is removed.
    fn put<'a>(&'a self, id: DestinationId, token: &'a str, keep: SecretKeep) -> Kept<'a, ()>;
    /// The token of a destination; none when there is none.
    fn get(&self, id: DestinationId, keep: SecretKeep) -> Kept<'_, Option<String>>;
    /// Forgets a token.
    fn remove(&self, id: DestinationId, keep: SecretKeep) -> Kept<'_, ()>;
}

/// What a [`TokenStore`] answers: `keyring_locked`, `queue_read_only`, `queue_disk_full` when it can't.
pub type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Id.
    pub id: DestinationId,
    /// Name.
    pub name: String,
    /// Where and how; without secrets.
    pub config: DestinationConfig,
    /// Largest file, when limited.
    pub max_bytes: Option<u64>,
    /// Endings of names that are refused. Absent where the server is older: none are.
    #[serde(default)]
    pub refused_types: Vec<String>,
    /// Content types, when limited; `image/*` is a pattern.
    #[serde(default)]
    pub allowed_mime: Option<Vec<String>>,
}

impl Destination {
    /// What it takes.
    #[must_use]
    pub fn accepts(&self) -> Accepts {
        Accepts {
            max_bytes: self.max_bytes,
            refused_types: self.refused_types.clone(),
            allowed_mime: self.allowed_mime.clone(),
        }
    }
}

/// Answer to a test, and to `PUT`: steps in order, up to the first that failed. Nothing is saved unless `ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// True when it can be used.
    pub ok: bool,
    /// What was tried.
    pub steps: Vec<CheckStep>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStep {
    /// `reachable`, `key`, `bucket`, `clock`, `create`, `write`, `complete`, `read_back`, `remove`, `free_space`, `same_disk`, `largest_file`, `checksums`; of a
    /// server: `reachable`, `encrypted`, `clock`, `sign_in`, `place`.
    pub step: String,
    /// How it went.
    pub outcome: StepOutcome,
    /// The fact in it.
    pub detail: String,
    /// Code of a failure or warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// Fine.
    Ok,
    /// Works, with something to know.
    Warning,
    /// Does not work.
    Failed,
}
