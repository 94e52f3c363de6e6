//! Jobs on the wire: the processing track of a settled file. Made by its destination's pipeline or by `POST /v1/jobs`,
//! claimed by workers under a lease with a fence, ended by their report.
//!
//! Only the holder of the newest fence can end a job, so work that was done twice takes effect once. A worker that dies
//! loses its lease and another one claims the job again.

use serde::{Deserialize, Serialize};
use windlass_core::error::ErrorCode;
use windlass_core::ids::{FileId, JobId, OwnerId, RunId};
use windlass_core::states::JobState;

use crate::problem::Problem;

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Id.
    pub id: JobId,
    /// The file; of a duplicate its canonical.
    pub session_id: FileId,
    /// The run that it counts to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// What is done: `validate`, `extract_text`, `embed`, or any name that a worker asks for.
    #[serde(rename = "type")]
    pub kind: String,
    /// State.
    pub state: JobState,
    /// 1 to 10, the lower the earlier.
    pub priority: u8,
    /// Attempts that were begun.
    pub attempts: u32,
    /// At the most.
    pub max_attempts: u32,
    /// The earliest start of the next attempt, milliseconds since 1970.
    pub not_before: i64,
    /// For the worker.
    pub config: serde_json::Value,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Value>,
    /// What the last attempt failed of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// When its first attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<i64>,
    /// Counts its changes.
    pub rev: u64,
}

/// A page of jobs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Jobs {
    /// The page.
    pub jobs: Vec<Job>,
    /// For the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /v1/jobs`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateJob {
    /// Made by the caller.
    pub id: JobId,
    /// Of which file; a duplicate stands for its canonical.
    pub session_id: FileId,
    /// What to do.
    #[serde(rename = "type")]
    pub kind: String,
    /// 1 to 10, the lower the earlier.
    #[serde(default = "priority")]
    pub priority: u8,
    /// 1 to 100.
    #[serde(default = "max_attempts")]
    pub max_attempts: u32,
    /// For the worker.
    #[serde(default = "config")]
    pub config: serde_json::Value,
}

const fn priority() -> u8 {
    5
}

const fn max_attempts() -> u32 {
    3
}

fn config() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

/// A job of a pipeline: what is made for each file that is uploaded to a destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineStep {
    /// What to do.
    #[serde(rename = "type")]
    pub kind: String,
    /// 1 to 10, the lower the earlier.
    #[serde(default = "priority")]
    pub priority: u8,
    /// 1 to 100.
    #[serde(default = "max_attempts")]
    pub max_attempts: u32,
    /// For the worker.
    #[serde(default = "config")]
    pub config: serde_json::Value,
}

/// `POST /v1/jobs:retry`: dead letters that go again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryJobs {
    /// At most 1,000.
    pub ids: Vec<JobId>,
}

/// Answer to one job of `jobs:retry`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryResult {
    /// The job.
    pub id: JobId,
    /// As it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// Why it does not go again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// One change of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Place in the feed.
    pub id: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// State before; empty: it was made.
    pub from: String,
    /// State after.
    pub to: String,
    /// Attempts that were begun by then.
    pub attempt: u32,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Counts the job's changes.
    pub rev: u64,
}

/// `GET /v1/jobs/{id}/log`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLog {
    /// Oldest first.
    pub entries: Vec<LogEntry>,
}

/// `POST /v1/jobs:claim`, for workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Types that the worker can do.
    pub types: Vec<String>,
    /// At most so many.
    #[serde(default = "one")]
    pub max: u32,
    /// The lease, seconds.
    #[serde(default = "lease_s")]
    pub lease_s: u32,
    /// What people know the worker by.
    #[serde(default)]
    pub worker: String,
}

const fn one() -> u32 {
    1
}

const fn lease_s() -> u32 {
    60
}

/// A claimed job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimedJob {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// Whose it is.
    pub owner_id: OwnerId,
    /// To be said with each heartbeat and report.
    pub fence: i64,
    /// Until when it is held, milliseconds since 1970.
    pub lease_until: i64,
    /// Path inside its group.
    pub rel_path: String,
    /// Bytes.
    pub size: u64,
    /// Content type, as it was said.
    pub mime: String,
    /// A signed URL of the content; none when it is not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// Answer to `jobs:claim`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claimed {
    /// In the order in which they are due.
    pub jobs: Vec<ClaimedJob>,
}

/// `POST /v1/jobs/{id}/heartbeat`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Of the claim.
    pub fence: i64,
    /// The lease from now on, seconds.
    #[serde(default = "lease_s")]
    pub lease_s: u32,
}

/// Answer to a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Until when it is held now.
    pub lease_until: i64,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// Done.
    Completed,
    /// Not done.
    Failed,
    /// Given back untouched: the worker ends.
    Released,
}

/// `POST /v1/jobs/{id}/report`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Of the claim.
    pub fence: i64,
    /// How it ended.
    pub status: ReportStatus,
    /// What came of it; at most 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ReportedError>,
    /// False: no further attempt helps.
    #[serde(default = "yes")]
    pub retry: bool,
}

const fn yes() -> bool {
    true
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedError {
    /// One of the known codes.
    #[serde(default = "processing_failed")]
    pub code: ErrorCode,
    /// For people.
    #[serde(default)]
    pub detail: String,
}

const fn processing_failed() -> ErrorCode {
    ErrorCode::ProcessingFailed
}

/// `GET /v1/sessions/{id}/text`: what was read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// In reading order.
    pub pieces: Vec<Text>,
    /// For the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Its number.
    pub n: u64,
    /// Where it stood.
    pub place: String,
    /// The words.
    pub text: String,
}
