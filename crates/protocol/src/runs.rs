//! Runs on the wire: several jobs of one purpose, counted together. Doing the failed ones again is a new run.

use serde::{Deserialize, Serialize};
use windlass_core::ids::{FileId, GroupId, JobId, RunId};
use windlass_core::states::{JobState, RunState};

use crate::problem::Problem;

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Processing of sources.
    Train,
    /// Removing what was derived from sources that were deleted.
    Cleanup,
}

impl RunKind {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Cleanup => "cleanup",
        }
    }
}

/// `POST /v1/runs`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRun {
    /// Made by the caller.
    pub id: RunId,
    /// What it is for.
    #[serde(default = "train")]
    pub kind: RunKind,
    /// What people know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// These sources. Of a cleanup without sources: all deleted ones that something is left of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_ids: Option<Vec<FileId>>,
    /// All settled files of this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// What is done to each.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind_of_jobs: Option<String>,
    /// For the workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<serde_json::Value>,
}

const fn train() -> RunKind {
    RunKind::Train
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All.
    pub total: u64,
    /// Waiting or claimed.
    pub open: u64,
    /// Being done.
    pub running: u64,
    /// Done.
    pub completed: u64,
    /// Not done.
    pub failed: u64,
    /// Given up by a person.
    pub cancelled: u64,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Id.
    pub id: RunId,
    /// What it is for.
    pub kind: RunKind,
    /// What people know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of which group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// State, by its jobs.
    pub state: RunState,
    /// Its jobs.
    pub counts: Counts,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// When its first job began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// When its last job ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<i64>,
    /// Counts its changes.
    pub rev: u64,
    /// Its sources; in the answer to `POST` and `GET /v1/runs/{id}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<RunSource>,
}

/// A source of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSource {
    /// The file, as it was named.
    pub session_id: FileId,
    /// Its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The job's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// Why it is not part of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// A page of runs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// The page.
    pub runs: Vec<Run>,
    /// For the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
