//! RFC 9457 problem details.

use serde::{Deserialize, Serialize};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::FileId;
use windlass_core::states::SessionState;

/// Media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error on the wire; in batches the same object stands as `error` of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:windlass:error:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Words for people; may change.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// The fact in it.
    pub detail: String,
    /// The stable word; one unknown to this program is kept as it is.
    pub code: String,
    /// The state that stood in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Wait that is asked for, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<i64>,
    /// What `finalize` still waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// A required file that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The slot, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_type: Option<String>,
    /// The file, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<FileId>,
    /// Its path inside the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rel_path: Option<String>,
    /// Its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<SessionState>,
}

impl Problem {
    /// The problem of a failure, with its HTTP status.
    #[must_use]
    pub fn new(status: u16, failure: &Failure) -> Self {
        Self {
            kind: format!("urn:windlass:error:{}", failure.code),
            title: failure.code.text().to_owned(),
            status,
            detail: failure.detail.clone(),
            code: failure.code.as_str().to_owned(),
            state: None,
            retry_after_ms: failure.retry_after_ms,
            missing: Vec::new(),
        }
    }

    /// As a failure of this side. A code that this program does not know is classified by its status.
    #[must_use]
    pub fn to_failure(&self) -> Failure {
        let code = self.code.parse().unwrap_or(match self.status {
            401 => ErrorCode::Unauthenticated,
            403 => ErrorCode::Forbidden,
            404 => ErrorCode::NotFound,
            429 | 503 => ErrorCode::DestinationSlowDown,
            507 => ErrorCode::StorageFull,
            500..=599 => ErrorCode::Internal,
            _ => ErrorCode::BadRequest,
        });
        Failure {
            code,
            detail: self.detail.clone(),
            retry_after_ms: self.retry_after_ms,
        }
    }
}
