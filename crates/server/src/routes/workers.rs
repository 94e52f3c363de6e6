//! For workers that run elsewhere: claim, heartbeat, report; and the one route of D-9 that says it all.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use windlass_core::error::ErrorCode;
use windlass_core::ids::JobId;
use windlass_protocol::jobs::{Claim, Claimed, Heartbeat, Held, Job, Report, ReportedError};
use windlass_protocol::owners::Role;

use super::Site;
use super::wire::{Json, Problems};
use crate::auth::{Process, Scoped};
use crate::compat::words::parse_word;
use crate::failure::Refusal;
use crate::service::jobs::{OutboxWord, reported};
use crate::store::jobs::ends::End;

fn id(text: &str) -> Result<JobId, Refusal> {
    text.parse()
        .map_err(|_| Refusal::new(ErrorCode::NotFound, "no such job"))
}

pub(super) async fn claim(
    State(site): State<Site>,
    who: Scoped<Process>,
    Json(wanted): Json<Claim>,
) -> Result<Json<Claimed>, Problems> {
    who.require_role(Role::Worker)?;
    Ok(Json(site.service.claim_jobs(wanted).await?))
}

pub(super) async fn heartbeat(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(job): Path<String>,
    Json(said): Json<Heartbeat>,
) -> Result<Json<Held>, Problems> {
    who.require_role(Role::Worker)?;
    Ok(Json(site.service.job_heartbeat(id(&job)?, said).await?))
}

pub(super) async fn report(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(job): Path<String>,
    Json(said): Json<Report>,
) -> Result<Json<Job>, Problems> {
    who.require_role(Role::Worker)?;
    Ok(Json(site.service.job_report(id(&job)?, said).await?))
}

/// What a worker says in the words of D-9.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OutboxStatus {
    process_id: JobId,
    status: String,
    fence: Option<i64>,
    result: Option<serde_json::Value>,
    error: Option<OutboxError>,
    #[serde(default = "yes")]
    retry: bool,
}

const fn yes() -> bool {
    true
}

/// An error in words, or with a code.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OutboxError {
    Words(String),
    Coded(ReportedError),
}

/// The answer, in the same words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutboxAnswer {
    process_id: JobId,
    status: &'static str,
}

pub(super) async fn outbox_status(
    State(site): State<Site>,
    who: Scoped<Process>,
    Json(said): Json<OutboxStatus>,
) -> Result<Json<OutboxAnswer>, Problems> {
    who.require_role(Role::Worker)?;
    let error = said.error.map(|e| match e {
        OutboxError::Words(detail) => ReportedError {
            code: ErrorCode::ProcessingFailed,
            detail,
        },
        OutboxError::Coded(error) => error,
    });
    let word = match said.status.as_str() {
        "processing" => OutboxWord::Processing,
        "completed" => OutboxWord::Ended(End::Completed(said.result.map(|r| r.to_string()))),
        "failed" => OutboxWord::Ended(End::Failed(reported(error), said.retry)),
        _ => {
            let what = "status: processing, completed or failed";
            return Err(Refusal::new(ErrorCode::InvalidField, what).into());
        }
    };
    let job = site
        .service
        .outbox_status(said.process_id, said.fence, word)
        .await?;
    Ok(Json(OutboxAnswer {
        process_id: job.id,
        status: parse_word(job.state),
    }))
}
