//! The feed of changes on the wire: `GET /v1/changes`, `GET /v1/changes/stream`, and what webhooks are sent.
//!
//! Each change of state is told once under an id that stays; nothing is skipped, and what is told in order was committed.

use serde::{Deserialize, Serialize};

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its place; also the cursor behind it.
    pub id: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// `session`, `group`, `job` or `run`.
    pub machine: String,
    /// Of which.
    pub subject_id: String,
    /// `state`, `deleted`, `canonical` or `released`.
    pub kind: String,
    /// State before; empty: it was made.
    pub from: String,
    /// State after.
    pub to: String,
    /// Counts the subject's changes; an older one than is known says nothing.
    pub rev: u64,
    /// Why it failed or was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// More, by kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}

/// `GET /v1/changes`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// In order.
    pub events: Vec<Change>,
    /// For the next call.
    pub cursor: String,
}
