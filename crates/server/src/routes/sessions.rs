//! Sessions.

use axum::extract::State;
use windlass_protocol::files::{FileJobs, NewFile, SignFile};
use windlass_protocol::sessions::{
    Answers, Batch, CompleteItem, CompleteOutcome, CompleteResult, DeleteResult, Ids, InitAnswer, InitResult,
    Query, QueryAnswer, SignResult, VerifyResult,
};

use super::wire::{From, Json, Problems};
use super::{Site, reach};
use crate::auth::{Delete, Read, Scoped, Upload};

type Answer<T> = Result<Json<Answers<T>>, Problems>;

pub(super) async fn init(
    State(site): State<Site>,
    who: Scoped<Upload>,
    From(from): From,
    Json(batch): Json<Batch<NewFile>>,
) -> Answer<InitResult> {
    reach::groups(&site, &who, batch.items.iter().filter_map(|i| i.group_id)).await?;
    let mut who = who.0;
    for place in site.service.file_places(&batch.items).await? {
        who.require_destination(place)?;
        who = site.keeper.admit(&who, place, from).await?;
    }
    let items = site.service.init(who.owner, batch.items).await?;
    for item in &items {
        let answer = match &item.answer {
            InitAnswer::Upload { .. } => "upload",
            InitAnswer::MaybeDuplicate => "maybe_duplicate",
            InitAnswer::Duplicate { .. } => "duplicate",
            InitAnswer::Settled(_) => "settled",
            InitAnswer::Refused { .. } => "refused",
        };
        site.metrics
            .count("windlass_init_total", &[("answer", answer)], 1);
    }
    Ok(Json(Answers { items }))
}

pub(super) async fn sign(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Json(batch): Json<Batch<SignFile>>,
) -> Answer<SignResult> {
    reach::sessions(&site, &who, batch.items.iter().map(|i| i.id)).await?;
    let items = site.service.sign(who.owner, batch.items).await?;
    let parts: usize = items.iter().map(|i| i.uploads.len()).sum();
    site.metrics
        .count("windlass_signed_parts_total", &[], parts as u64);
    Ok(Json(Answers { items }))
}

pub(super) async fn complete(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Json(batch): Json<Batch<CompleteItem>>,
) -> Answer<CompleteResult> {
    reach::sessions(&site, &who, batch.items.iter().map(|i| i.id)).await?;
    let items = site.service.complete(who.owner, batch.items).await?;
    for item in &items {
        let (outcome, bytes) = match &item.outcome {
            CompleteOutcome::Settled(settled) => ("settled", settled.size),
            CompleteOutcome::PartsMissing { .. } => ("parts_missing", 0),
            CompleteOutcome::Failed { .. } => ("failed", 0),
            CompleteOutcome::Verifying => ("verifying", 0),
        };
        site.metrics
            .count("windlass_complete_total", &[("outcome", outcome)], 1);
        site.metrics.count("windlass_complete_bytes_total", &[], bytes);
    }
    Ok(Json(Answers { items }))
}

pub(super) async fn query(
    State(site): State<Site>,
    who: Scoped<Read>,
    Json(query): Json<Query>,
) -> Result<Json<QueryAnswer>, Problems> {
    reach::sessions(&site, &who, query.ids.iter().copied()).await?;
    Ok(Json(site.service.query(who.owner, query).await?))
}

pub(super) async fn delete(
    State(site): State<Site>,
    who: Scoped<Delete>,
    Json(ids): Json<Ids>,
) -> Answer<DeleteResult> {
    reach::sessions(&site, &who, ids.ids.iter().copied()).await?;
    let items = site.service.delete(who.owner, ids.ids).await?;
    site.metrics
        .count("windlass_deleted_total", &[], items.len() as u64);
    Ok(Json(Answers { items }))
}

pub(super) async fn verify(
    State(site): State<Site>,
    who: Scoped<Read>,
    Json(ids): Json<Ids>,
) -> Answer<VerifyResult> {
    reach::sessions(&site, &who, ids.ids.iter().copied()).await?;
    Ok(Json(Answers {
        items: site.service.verify(who.owner, ids.ids).await?,
    }))
}

/// The processing track of many files at once.
pub(super) async fn jobs(
    State(site): State<Site>,
    who: Scoped<Read>,
    Json(ids): Json<Ids>,
) -> Answer<FileJobs> {
    reach::sessions(&site, &who, ids.ids.iter().copied()).await?;
    let items = site.service.jobs_of(who.owner, ids.ids).await?;
    Ok(Json(Answers { items }))
}
