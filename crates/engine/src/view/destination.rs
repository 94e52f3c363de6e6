//! Destinations: how they are listed, filled in and tested.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::accepts::Accepts;
use windlass_core::error::ErrorCode;
use windlass_core::ids::DestinationId;
use windlass_way::ProxyChoice;

/// A place where files go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DestinationView {
    /// Its id.
    pub id: DestinationId,
    /// Unique name.
    pub name: String,
    /// Which of the kinds.
    pub kind: DestinationKind,
    /// Where, for people: a path, or `bucket at host`.
    pub location: String,
    /// Used by a drop that names none.
    pub is_default: bool,
    /// Null when it answers; else why not.
    pub problem: Option<ErrorCode>,
    /// Since when not, milliseconds since 1970.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub since: Option<i64>,
    /// What it takes, as was told last.
    #[serde(default)]
    pub accepts: Accepts,
}

/// Room at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Room {
    /// Bytes that may still go there.
    #[ts(type = "number")]
    pub free: u64,
    /// Of so many; null where that is not known.
    #[ts(type = "number | null")]
    pub total: Option<u64>,
    /// A server's limit for this account; else the disk's.
    pub quota: bool,
}

/// Kinds of destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum DestinationKind {
    /// A folder here or on the network.
    Folder,
    /// An S3-compatible bucket of the person's own.
    S3,
    /// A Windlass server.
    Server,
}

/// What a person fills in to add a destination. Exactly one of `folder`, `s3`, `server` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewDestination {
    /// Unique name.
    pub name: String,
    /// Absolute path of a folder.
    pub folder: Option<String>,
    /// A bucket.
    pub s3: Option<NewS3>,
    /// A Windlass server.
    #[serde(default)]
    pub server: Option<NewServer>,
    /// Make it the default.
    pub make_default: bool,
    /// What it shall take, types as a person writes them; of a server: what it was told to take, which is not changed here.
    #[serde(default)]
    pub accepts: Accepts,
    /// By which proxy it is reached, where that is not the one of all.
    #[serde(default)]
    pub proxy: Option<OwnProxy>,
}

/// A proxy, and the password for the name that it asks for.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OwnProxy {
    /// Which.
    pub choice: ProxyChoice,
    /// Goes to the keyring, never to the queue, and is never told. Empty: the one that is kept stays, while address and name do.
    #[serde(default)]
    pub password: String,
    /// Where the password is kept.
    pub keep_secret: KeepSecret,
}

impl std::fmt::Debug for OwnProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password can't reach a log.
        f.debug_struct("OwnProxy")
            .field("choice", &self.choice)
            .finish_non_exhaustive()
    }
}

/// A bucket and the keys to it.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewS3 {
    /// `https://host[:port]`.
    pub endpoint: String,
    /// Region of the signature.
    pub region: String,
    /// Bucket.
    pub bucket: String,
    /// Before every key; may be empty.
    pub prefix: String,
    /// `http://host/bucket/key` instead of `http://bucket.host/key`.
    pub path_style: bool,
    /// An empty folder is kept as an object without bytes whose key ends in `/`.
    #[serde(default)]
    pub folder_markers: bool,
    /// Key id.
    pub access_key: String,
    /// Secret. Goes to the keyring, never to the queue.
    pub secret_key: String,
    /// Where the secret is kept.
    pub keep_secret: KeepSecret,
}

impl std::fmt::Debug for NewS3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret can't reach a log.
        f.debug_struct("NewS3")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

/// A Windlass server and the right to use it.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewServer {
    /// `https://host[:port]`.
    pub url: String,
    /// A token of the server. Goes to the keyring, never to the queue. Empty on an edit: the stored one stays.
    pub token: String,
    /// Which of the server's destinations, by its name there; empty: the only one.
    pub place: String,
    /// Where the token is kept.
    pub keep_secret: KeepSecret,
}

impl std::fmt::Debug for NewServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token can't reach a log.
        f.debug_struct("NewServer")
            .field("url", &self.url)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum KeepSecret {
    /// The system's keyring.
    Keyring,
    /// A file of mode 0600 in the data folder, by explicit consent.
    File,
    /// Memory, until the program ends.
    Session,
}

/// The answer to a test of a destination: steps in order, up to the first that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DestinationCheck {
    /// True when it can be saved.
    pub ok: bool,
    /// What was tried.
    pub steps: Vec<CheckStep>,
    /// Destinations that the server offers, by name; one of them has to be chosen.
    #[serde(default)]
    pub places: Vec<String>,
}

/// One step of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CheckStep {
    /// `reachable`, `key`, `bucket`, `clock`, `create`, `write`, `complete`, `read_back`, `remove`, `free_space`, `same_disk`,
    /// `largest_file`, `checksums`; of a server: `reachable`, `encrypted`, `clock`, `sign_in`, `place`.
    pub step: String,
    /// How it went.
    pub outcome: CheckOutcome,
    /// The fact in it: free bytes, checksum kind, clock skew, answer of the storage.
    pub detail: String,
    /// The code of a failure or warning.
    pub code: Option<ErrorCode>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Fine.
    Ok,
    /// Works, with something to know.
    Warning,
    /// Does not work.
    Failed,
}
