//! Search by similarity among the chunks of an owner's files.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use windlass_core::error::ErrorCode;
use windlass_protocol::search::{Search, SearchAnswer};

use super::Site;
use super::jobs::asked;
use super::webhooks::tools;
use super::wire::{Json, Problems};
use crate::auth::{Read, Scoped};
use crate::embedding::MAX_TEXT_BYTES;
use crate::failure::Refusal;
use crate::store::similar;

/// Hits of one answer.
const MAX_HITS: usize = 100;

pub(super) async fn post(
    State(site): State<Site>,
    who: Scoped<Read>,
    Json(wanted): Json<Search>,
) -> Result<Json<SearchAnswer>, Problems> {
    search(&site, &who, wanted).await
}

pub(super) async fn get(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<SearchAnswer>, Problems> {
    let wanted = Search {
        text: query.get("q").cloned().unwrap_or_default(),
        most: asked(&query, "most")?.unwrap_or(10),
        least: asked(&query, "least")?.unwrap_or(0.0),
    };
    search(&site, &who, wanted).await
}

async fn search(site: &Site, who: &Scoped<Read>, wanted: Search) -> Result<Json<SearchAnswer>, Problems> {
    let invalid = |what: &str| Refusal::new(ErrorCode::InvalidField, what);
    if wanted.text.trim().is_empty() || wanted.text.len() > MAX_TEXT_BYTES {
        return Err(invalid("text: 1 to 65,536 bytes").into());
    }
    if !(1..=MAX_HITS).contains(&wanted.most) {
        return Err(invalid("most: 1 to 100").into());
    }
    if !(-1.0..=1.0).contains(&wanted.least) {
        return Err(invalid("least: -1 to 1").into());
    }
    let tools = tools(site)?;
    let none = || {
        Refusal::new(
            ErrorCode::NotFound,
            "this server makes no vectors: set embedding-url",
        )
    };
    let embedder = tools.embedder.as_ref().ok_or_else(none)?;
    let made = embedder.embed(&[wanted.text.as_str()]).await?;
    let vector = made.vectors.into_iter().next().ok_or_else(none)?;
    let owner = who.owner;
    let places = who
        .destinations
        .as_ref()
        .map(|d| d.iter().copied().collect::<Vec<_>>());
    let (most, least) = (wanted.most, wanted.least);
    let model = tools.model.clone();
    let db = site.service.store().db();
    let read =
        db.read(move |tx| similar::nearest(tx, owner, &vector, &model, places.as_deref(), most, least));
    Ok(Json(read.await?))
}
