//! Jobs, for those who own the files: listed, made, retried, cancelled, with their log and what was read from a file.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use windlass_core::error::ErrorCode;
use windlass_core::ids::{FileId, JobId};
use windlass_protocol::jobs::{CreateJob, Job, JobLog, Jobs, RetryJobs, RetryResult, Texts};
use windlass_protocol::sessions::Answers;

use super::wire::{Json, Problems};
use super::{Site, reach};
use crate::auth::{Principal, Process, Read, Scoped};
use crate::failure::Refusal;
use crate::service::jobs::state;
use crate::store::jobs::{self, JobFilter, JobRow};

/// Jobs of a page.
const PAGE: u32 = 100;
/// At the most.
const MAX_PAGE: u32 = 1_000;

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such job")
}

/// A job in reach of who asks.
async fn find(site: &Site, who: &Principal, id: &str) -> Result<JobRow, Refusal> {
    let id: JobId = id.parse().map_err(|_| missing())?;
    let job = site.service.job(who.owner, id).await?;
    match reach::sessions(site, who, [job.session]).await {
        Ok(()) => Ok(job),
        Err(_) => Err(missing()),
    }
}

/// Something of the query, parsed.
pub(super) fn asked<T: std::str::FromStr>(
    query: &BTreeMap<String, String>,
    name: &str,
) -> Result<Option<T>, Refusal> {
    let wrong = || Refusal::new(ErrorCode::InvalidField, format!("{name}: has no such value"));
    query
        .get(name)
        .map(|t| t.parse().map_err(|_| wrong()))
        .transpose()
}

/// `limit`, within bounds.
pub(super) fn limit(query: &BTreeMap<String, String>) -> Result<u32, Refusal> {
    Ok(asked(query, "limit")?.unwrap_or(PAGE).clamp(1, MAX_PAGE))
}

pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Jobs>, Problems> {
    let filter = JobFilter {
        owner: Some(who.owner),
        session: asked(&query, "session")?,
        run: asked(&query, "run")?,
        kind: query.get("type").cloned(),
        state: query.get("state").map(|w| state(w)).transpose()?,
        destinations: who.destinations.as_ref().map(|d| d.iter().copied().collect()),
        before: None,
        limit: limit(&query)?,
    };
    let cursor = query.get("cursor").map(String::as_str);
    Ok(Json(site.service.jobs(filter, cursor).await?))
}

pub(super) async fn get(
    State(site): State<Site>,
    who: Scoped<Read>,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problems> {
    Ok(Json(find(&site, &who, &id).await?.told()?))
}

pub(super) async fn log(
    State(site): State<Site>,
    who: Scoped<Read>,
    Path(id): Path<String>,
) -> Result<Json<JobLog>, Problems> {
    let job = find(&site, &who, &id).await?;
    let db = site.service.store().db();
    let read = db.read(move |tx| jobs::log(tx, job.owner, job.id));
    Ok(Json(JobLog { entries: read.await? }))
}

pub(super) async fn create(
    State(site): State<Site>,
    who: Scoped<Process>,
    Json(wanted): Json<CreateJob>,
) -> Result<Json<Job>, Problems> {
    reach::sessions(&site, &who, [wanted.session_id]).await?;
    Ok(Json(site.service.create_job(who.owner, wanted).await?))
}

pub(super) async fn retry(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problems> {
    let job = find(&site, &who, &id).await?;
    Ok(Json(site.service.retry_job(who.owner, job.id).await?))
}

pub(super) async fn retry_many(
    State(site): State<Site>,
    who: Scoped<Process>,
    Json(wanted): Json<RetryJobs>,
) -> Result<Json<Answers<RetryResult>>, Problems> {
    crate::service::check_batch(wanted.ids.len())?;
    let mut items = Vec::with_capacity(wanted.ids.len());
    for id in wanted.ids {
        let retried = match find(&site, &who, &id.to_string()).await {
            Ok(job) => site.service.retry_job(who.owner, job.id).await,
            Err(refusal) => Err(refusal),
        };
        let (job, error) = match retried {
            Ok(job) => (Some(job), None),
            Err(refusal) => (None, Some(refusal.problem())),
        };
        items.push(RetryResult { id, job, error });
    }
    Ok(Json(Answers { items }))
}

pub(super) async fn cancel(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problems> {
    let job = find(&site, &who, &id).await?;
    Ok(Json(site.service.cancel_job(who.owner, job.id).await?))
}

pub(super) async fn texts(
    State(site): State<Site>,
    who: Scoped<Read>,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Texts>, Problems> {
    let missing = || Refusal::new(ErrorCode::NotFound, "no such session");
    let id: FileId = id.parse().map_err(|_| missing())?;
    reach::sessions(&site, &who, [id]).await?;
    let from = asked(&query, "from")?.unwrap_or(0);
    Ok(Json(site.service.texts(who.owner, id, from).await?))
}
