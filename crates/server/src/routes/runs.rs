//! Runs.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use windlass_core::error::ErrorCode;
use windlass_core::ids::RunId;
use windlass_protocol::runs::{CreateRun, Run, Runs};

use super::jobs::limit;
use super::wire::{Json, Problems};
use super::{Site, reach};
use crate::auth::{Principal, Process, Read, Scoped};
use crate::failure::Refusal;

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such run")
}

/// A run may be about files anywhere.
fn everywhere(who: &Principal) -> Result<(), Refusal> {
    if who.destinations.is_some() {
        let what = "the token is for some destinations; runs are about all";
        return Err(Refusal::new(ErrorCode::Forbidden, what));
    }
    Ok(())
}

pub(super) async fn create(
    State(site): State<Site>,
    who: Scoped<Process>,
    Json(wanted): Json<CreateRun>,
) -> Result<Json<Run>, Problems> {
    everywhere(&who)?;
    reach::sessions(&site, &who, wanted.session_ids.iter().flatten().copied()).await?;
    Ok(Json(site.service.create_run(who.owner, wanted).await?))
}

pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Runs>, Problems> {
    everywhere(&who)?;
    let after = query.get("cursor").map(String::as_str);
    Ok(Json(site.service.runs(who.owner, after, limit(&query)?).await?))
}

pub(super) async fn get(
    State(site): State<Site>,
    who: Scoped<Read>,
    Path(id): Path<String>,
) -> Result<Json<Run>, Problems> {
    let id: RunId = id.parse().map_err(|_| missing())?;
    everywhere(&who)?;
    Ok(Json(site.service.run(who.owner, id).await?))
}

pub(super) async fn cancel(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(id): Path<String>,
) -> Result<Json<Run>, Problems> {
    let id: RunId = id.parse().map_err(|_| missing())?;
    everywhere(&who)?;
    Ok(Json(site.service.cancel_run(who.owner, id).await?))
}
