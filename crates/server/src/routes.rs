//! The routes. Who may ask is decided before anything is looked at ([`guard`]); bodies are JSON of a limited size
//! ([`wire`]); errors are problem details.

mod blob;
mod changes;
mod content;
mod destinations;
mod files;
mod groups;
pub mod guard;
mod janitor;
mod jobs;
mod lists;
mod openapi;
mod owners;
mod places;
mod processing;
mod public;
pub(crate) mod reach;
mod rejected;
mod runs;
mod search;
mod sessions;
mod signin;
mod status;
mod storage_events;
mod tokens;
mod uploads;
mod webhooks;
mod wire;
mod workers;

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
use crate::oidc::SignIn;
use crate::processing::Tools;
use crate::service::Service;
pub use wire::Problems;
pub(crate) use wire::{From, Json, Told};

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
    /// What jobs are done with; none inside another program.
    pub tools: Option<Arc<Tools>>,
    /// Sign-in with an identity provider, where there is one.
    pub sign_in: Option<Arc<SignIn>>,
    /// Cancelled at the shutdown: answers that stay open end then.
    pub ending: CancellationToken,
}

/// The routes over a service, without the guard.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/v1/groups", post(groups::create).get(groups::all))
        .route(
            "/v1/groups/{id}",
            get(groups::get).patch(groups::patch).delete(groups::remove),
        )
        .route("/v1/groups/{id}/retry", post(groups::retry))
        .route("/v1/groups/{id}/reset", post(groups::reset))
        .route("/v1/groups/{id}/release", post(groups::release))
        .route("/v1/groups/{id}/unrelease", post(groups::unrelease))
        .route("/v1/groups/{id}/finalize", post(groups::finalize))
        .route("/v1/groups/{id}/cancel", post(groups::cancel))
        .route("/v1/groups/{id}/folders", post(groups::folders))
        .route("/v1/sessions:init", post(sessions::init))
        .route("/v1/sessions:sign", post(sessions::sign))
        .route(
            "/v1/sessions:complete",
            post(sessions::complete).layer(DefaultBodyLimit::max(MAX_COMPLETE_BYTES)),
        )
        .route("/v1/sessions:query", post(sessions::query))
        .route("/v1/sessions:jobs", post(sessions::jobs))
        .route("/v1/sessions:delete", post(sessions::delete))
        .route("/v1/sessions:verify", post(sessions::verify))
        .route("/v1/sessions", get(files::all))
        .route(
            "/v1/sessions/{id}",
            get(files::get).patch(files::patch).delete(files::remove),
        )
        .route("/v1/sessions/{id}/parts", get(files::parts))
        .route("/v1/sessions/{id}/retry", post(files::retry))
        .route("/v1/sessions/{id}/takeover", post(files::takeover))
        .route("/v1/sessions/{id}/content", get(content::session))
        .route("/v1/destinations", get(places::all).post(destinations::add))
        .route("/v1/destinations:test", post(destinations::test))
        .route(
            "/v1/destinations/{id}",
            put(destinations::put)
                .get(places::get)
                .patch(places::patch)
                .delete(destinations::remove),
        )
        .route("/v1/destinations/{id}/probe", post(destinations::check))
        .route(
            "/v1/templates",
            get(places::templates).post(places::create_template),
        )
        .route("/v1/templates/{id}", get(places::template))
        .route("/v1/import", post(places::import))
        .route("/v1/uploads", get(uploads::all))
        .route("/v1/metrics/uploads", get(uploads::metrics))
        .route("/v1/quota", get(owners::quota_of_caller))
        .route("/v1/public/{public_id}", get(public::group))
        .route("/v1/public/{public_id}/{session}", get(public::file))
        .route("/v1/public/d/{destination}/{*key}", get(public::object))
        .route("/v1/destinations/{id}/test", post(destinations::check))
        .route(
            "/v1/destinations/{id}/hook",
            post(storage_events::hook).delete(storage_events::unhook),
        )
        .route("/v1/webhooks/storage/{destination}", post(storage_events::told))
        .route(
            "/v1/webhooks/storage/{destination}/{secret}",
            post(storage_events::told_by_path),
        )
        .route("/v1/janitor/run", post(janitor::run))
        .route("/v1/audit", get(janitor::audit))
        .route("/v1/storage-events", get(storage_events::dead))
        .route("/v1/storage-events/{seq}/replay", post(storage_events::replay))
        .route("/v1/tokens", get(tokens::all).post(tokens::create))
        .route("/v1/tokens/{id}", delete(tokens::revoke))
        .route("/v1/signin", get(signin::offer).post(signin::start))
        .route("/v1/signin:poll", post(signin::poll))
        .route("/v1/owners", get(owners::all).post(owners::create))
        .route("/v1/owners/{id}", get(owners::get).patch(owners::patch))
        .route(
            "/v1/blob/{object}",
            put(blob::put)
                .get(content::blob)
                .layer(DefaultBodyLimit::disable()),
        )
        .merge(processing::router())
        .merge(status::router())
        .merge(openapi::router())
        .merge(crate::compat::router())
        .fallback(async || Problems(Refusal::new(ErrorCode::NotFound, "no such route")))
        .layer(axum::middleware::map_response(rejected::as_problem))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(site)
}
