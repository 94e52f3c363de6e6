//! Destinations.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use windlass_core::error::ErrorCode;
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::{Check, Destination, PutDestination};
use windlass_protocol::sessions::Answers;

use super::Site;
use super::wire::{Json, Problems};
use crate::failure::Refusal;

fn id(text: &str) -> Result<DestinationId, Refusal> {
    text.parse()
        .map_err(|_| Refusal::new(ErrorCode::NotFound, "no such destination"))
}

pub(super) async fn all(State(site): State<Site>) -> Result<Json<Answers<Destination>>, Problems> {
    Ok(Json(Answers {
        items: site.service.destinations().await?,
    }))
}

pub(super) async fn test(
    State(site): State<Site>,
    Json(d): Json<PutDestination>,
) -> Result<Json<Check>, Problems> {
    Ok(Json(site.service.test_destination(&d).await?))
}

pub(super) async fn put(
    State(site): State<Site>,
    Path(destination): Path<String>,
    Json(d): Json<PutDestination>,
) -> Result<Json<Check>, Problems> {
    if id(&destination)? != d.id {
        return Err(Refusal::new(ErrorCode::InvalidField, "id: not that of the path").into());
    }
    Ok(Json(site.service.put_destination(&d).await?))
}

pub(super) async fn remove(
    State(site): State<Site>,
    Path(destination): Path<String>,
) -> Result<StatusCode, Problems> {
    site.service.remove_destination(id(&destination)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn check(
    State(site): State<Site>,
    Path(destination): Path<String>,
) -> Result<Json<Check>, Problems> {
    Ok(Json(site.service.check_destination(id(&destination)?).await?))
}
