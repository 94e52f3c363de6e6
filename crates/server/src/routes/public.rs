//! What everybody may read (L-12): nobody has to be known here, so nothing but what was given out is ever told.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use windlass_core::error::ErrorCode;
use windlass_core::ids::FileId;

use super::Site;
use super::wire::{Json, Problems};
use crate::failure::{Refusal, internal};
use crate::service::places::PublicGroup;

fn nothing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is nothing public under this name")
}

/// 32 hex digits.
fn public_id(text: &str) -> Result<[u8; 16], Refusal> {
    let fine = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let id = uuid::Uuid::try_parse(text).ok().filter(|_| fine);
    id.map(uuid::Uuid::into_bytes).ok_or_else(nothing)
}

pub(super) async fn group(
    State(site): State<Site>,
    Path(public): Path<String>,
) -> Result<Json<PublicGroup>, Problems> {
    Ok(Json(site.service.public_group(public_id(&public)?).await?))
}

pub(super) async fn file(
    State(site): State<Site>,
    Path((public, file)): Path<(String, String)>,
) -> Result<Response, Problems> {
    let file: FileId = file.parse().map_err(|_| nothing())?;
    let url = site.service.public_file(public_id(&public)?, file).await?;
    found(&url)
}

pub(super) async fn object(
    State(site): State<Site>,
    Path((destination, key)): Path<(String, String)>,
) -> Result<Response, Problems> {
    found(&site.service.public_object(destination, key).await?)
}

fn found(url: &str) -> Result<Response, Problems> {
    let url = HeaderValue::from_str(url).map_err(internal)?;
    Ok((StatusCode::FOUND, [(header::LOCATION, url)]).into_response())
}
