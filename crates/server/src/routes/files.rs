//! Sessions one by one and in lists; what comes in batches is in [`super::sessions`].

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use windlass_core::error::ErrorCode;
use windlass_core::ids::FileId;
use windlass_protocol::files::{Deleted, FileView, Page, Parts, PatchFile, Retry};

use super::Site;
use super::lists::Fields;
use super::wire::{IfMatch, Json, Problems};
use crate::auth::{Delete, Principal, Read, Scoped, Upload};
use crate::failure::Refusal;

type Answer = Result<Json<FileView>, Problems>;

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such session")
}

/// The id in a path, of a session within reach.
async fn reached(site: &Site, who: &Principal, text: &str) -> Result<FileId, Refusal> {
    let id: FileId = text.parse().map_err(|_| missing())?;
    if who.destinations.is_some() {
        let row = site.service.store().sessions(who.owner, vec![id]).await?;
        let row = row.into_iter().next().flatten().ok_or_else(missing)?;
        if !who.reaches(row.destination) {
            return Err(missing());
        }
    }
    Ok(id)
}

pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page<FileView>>, Problems> {
    let own = site.service.token_client(who.owner, who.token_id).await?;
    let mut filter = Fields(query).files(own, site.service.now())?;
    filter.destinations = who.destinations.as_ref().map(|d| d.iter().copied().collect());
    Ok(Json(site.service.files(who.owner, filter).await?))
}

pub(super) async fn get(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    let id = reached(&site, &who, &id).await?;
    Ok(Json(site.service.file(who.owner, id).await?))
}

pub(super) async fn parts(
    State(site): State<Site>,
    who: Scoped<Read>,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Parts>, Problems> {
    let ask = Fields(query).known(&["storage"])?.flag("storage")?;
    let id = reached(&site, &who, &id).await?;
    Ok(Json(site.service.parts(who.owner, id, ask).await?))
}

pub(super) async fn patch(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(id): Path<String>,
    demanded: IfMatch,
    Json(wanted): Json<PatchFile>,
) -> Answer {
    let id = reached(&site, &who, &id).await?;
    Ok(Json(
        site.service
            .patch_file(who.owner, demanded.of(id), &wanted)
            .await?,
    ))
}

pub(super) async fn retry(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(id): Path<String>,
    body: axum::body::Bytes,
) -> Answer {
    let id = reached(&site, &who, &id).await?;
    let bad = |e: serde_json::Error| Refusal::new(ErrorCode::BadRequest, e.to_string());
    let wanted: Retry = match body.is_empty() {
        true => Retry::default(),
        false => serde_json::from_slice(&body).map_err(bad)?,
    };
    let start = wanted.from.is_some();
    Ok(Json(site.service.retry_file(who.owner, id, start).await?))
}

pub(super) async fn takeover(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(id): Path<String>,
) -> Answer {
    let id = reached(&site, &who, &id).await?;
    Ok(Json(site.service.take_over(who.owner, id).await?))
}

pub(super) async fn remove(
    State(site): State<Site>,
    who: Scoped<Delete>,
    Path(id): Path<String>,
    demanded: IfMatch,
) -> Result<Json<Deleted>, Problems> {
    let id = reached(&site, &who, &id).await?;
    Ok(Json(site.service.delete_file(who.owner, demanded.of(id)).await?))
}
