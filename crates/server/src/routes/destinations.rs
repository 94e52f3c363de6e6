//! Destinations.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use windlass_core::error::ErrorCode;
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::{Check, DestinationConfig, PutDestination};

use super::Site;
use super::wire::{Json, Problems};
use crate::auth::{Admin, Scoped};
use crate::failure::Refusal;

pub(super) fn id(text: &str) -> Result<DestinationId, Refusal> {
    text.parse()
        .map_err(|_| Refusal::new(ErrorCode::NotFound, "no such destination"))
}

/// Its kind, and nothing else.
pub(super) fn veiled(config: &DestinationConfig) -> DestinationConfig {
    match config {
        DestinationConfig::Folder { .. } => DestinationConfig::Folder { path: String::new() },
        DestinationConfig::S3 { .. } => DestinationConfig::S3 {
            endpoint: String::new(),
            region: String::new(),
            bucket: String::new(),
            prefix: String::new(),
            path_style: false,
            folder_markers: false,
        },
    }
}

pub(super) async fn test(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Json(d): Json<PutDestination>,
) -> Result<Json<Check>, Problems> {
    Ok(Json(site.service.test_destination(&d).await?))
}

pub(super) async fn put(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Path(destination): Path<String>,
    Json(d): Json<PutDestination>,
) -> Result<Json<Check>, Problems> {
    if id(&destination)? != d.id {
        return Err(Refusal::new(ErrorCode::InvalidField, "id: not that of the path").into());
    }
    Ok(Json(site.service.put_destination(&d).await?))
}

pub(super) async fn add(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Json(d): Json<PutDestination>,
) -> Result<Json<Check>, Problems> {
    Ok(Json(site.service.put_destination(&d).await?))
}

pub(super) async fn remove(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Path(destination): Path<String>,
) -> Result<StatusCode, Problems> {
    site.service.remove_destination(id(&destination)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn check(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Path(destination): Path<String>,
) -> Result<Json<Check>, Problems> {
    Ok(Json(site.service.check_destination(id(&destination)?).await?))
}
