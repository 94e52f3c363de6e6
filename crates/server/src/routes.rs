//! The routes. Who may ask is decided before anything is looked at ([`guard`]); bodies are JSON of a limited size
//! ([`wire`]); errors are problem details.

mod blob;
mod destinations;
mod groups;
pub mod guard;
mod sessions;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use windlass_core::error::ErrorCode;
use windlass_core::ids::OwnerId;
use windlass_core::limits::MAX_BODY_BYTES;

use crate::failure::Refusal;
use crate::service::Service;
use wire::Problems;

/// Bytes of a complete: 1,000 files, or one of 10,000 parts.
const MAX_COMPLETE_BYTES: usize = 16 << 20;

/// What every route has.
#[derive(Clone)]
pub struct Site {
    /// What requests mean.
    pub service: Arc<Service>,
    /// Whose they are.
    pub owner: OwnerId,
}

/// The routes over a service, without the guard.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/v1/groups", post(groups::create))
        .route("/v1/groups/{id}", get(groups::get))
        .route("/v1/groups/{id}/finalize", post(groups::finalize))
        .route("/v1/groups/{id}/cancel", post(groups::cancel))
        .route("/v1/sessions:init", post(sessions::init))
        .route("/v1/sessions:sign", post(sessions::sign))
        .route(
            "/v1/sessions:complete",
            post(sessions::complete).layer(DefaultBodyLimit::max(MAX_COMPLETE_BYTES)),
        )
        .route("/v1/sessions:query", post(sessions::query))
        .route("/v1/sessions:delete", post(sessions::delete))
        .route("/v1/sessions:verify", post(sessions::verify))
        .route("/v1/destinations", get(destinations::all))
        .route("/v1/destinations:test", post(destinations::test))
        .route(
            "/v1/destinations/{id}",
            put(destinations::put).delete(destinations::remove),
        )
        .route("/v1/destinations/{id}/test", post(destinations::check))
        .route(
            "/v1/blob/{object}",
            put(blob::put).layer(DefaultBodyLimit::disable()),
        )
        .fallback(async || Problems(Refusal::new(ErrorCode::NotFound, "no such route")))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(site)
}
