//! The routes. Who may ask is decided before anything is looked at ([`guard`]); bodies are JSON of a limited size
//! ([`wire`]); errors are problem details.

mod blob;
mod content;
mod destinations;
mod groups;
pub mod guard;
mod owners;
mod reach;
mod sessions;
mod tokens;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
use tokio_util::sync::CancellationToken;
use windlass_core::error::ErrorCode;
use windlass_core::limits::MAX_BODY_BYTES;

use crate::auth::keeper::Keeper;
use crate::failure::Refusal;
use crate::metrics::Metrics;
use crate::service::Service;
pub use wire::Problems;
pub(crate) use wire::Told;

/// Bytes of a complete: 1,000 files, or one of 10,000 parts.
const MAX_COMPLETE_BYTES: usize = 16 << 20;

/// What every route has. Whose a request is it learns from its [`crate::auth::Scoped`] argument.
#[derive(Clone)]
pub struct Site {
    /// What requests mean.
    pub service: Arc<Service>,
    /// Tokens.
    pub keeper: Arc<Keeper>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Cancelled at the shutdown: answers that stay open end then.
    pub ending: CancellationToken,
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
        .route("/v1/sessions/{id}/content", get(content::session))
        .route("/v1/destinations", get(destinations::all))
        .route("/v1/destinations:test", post(destinations::test))
        .route(
            "/v1/destinations/{id}",
            put(destinations::put).delete(destinations::remove),
        )
        .route("/v1/destinations/{id}/test", post(destinations::check))
        .route("/v1/tokens", get(tokens::all).post(tokens::create))
        .route("/v1/tokens/{id}", delete(tokens::revoke))
        .route("/v1/owners", get(owners::all).post(owners::create))
        .route("/v1/owners/{id}", get(owners::get).patch(owners::patch))
        .route(
            "/v1/blob/{object}",
            put(blob::put)
                .get(content::blob)
                .layer(DefaultBodyLimit::disable()),
        )
        .fallback(async || Problems(Refusal::new(ErrorCode::NotFound, "no such route")))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(site)
}
