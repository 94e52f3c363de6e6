//! Search by similarity on the wire: `POST /v1/search`, `GET /v1/search?q=`.

use serde::{Deserialize, Serialize};
use windlass_core::ids::FileId;

/// `POST /v1/search`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// What is looked for, in words.
    pub text: String,
    /// At most so many hits; 1 to 100.
    #[serde(default = "ten")]
    pub most: usize,
    /// The least score, -1 to 1.
    #[serde(default)]
    pub least: f32,
}

const fn ten() -> usize {
    10
}

/// A place that is about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The file.
    pub session_id: FileId,
    /// Path inside its group.
    pub rel_path: String,
    /// Number of the chunk.
    pub n: u64,
    /// 1 is the same, 0 has nothing to do with it.
    pub score: f32,
    /// The words.
    pub text: String,
}

/// Answer to a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchAnswer {
    /// The best first.
    pub hits: Vec<SearchHit>,
    /// Chunks of another model, which can't be compared: to be embedded again.
    pub other_models: usize,
}
