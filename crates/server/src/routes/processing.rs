//! The routes of the processing track, in one place.

use axum::Router;
use axum::routing::{get, post};

use super::{Site, changes, jobs, runs, search, webhooks, workers};

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/v1/jobs", get(jobs::all).post(jobs::create))
        .route("/v1/jobs:retry", post(jobs::retry_many))
        .route("/v1/jobs/{id}", get(jobs::get))
        .route("/v1/jobs/{id}/log", get(jobs::log))
        .route("/v1/jobs/{id}/retry", post(jobs::retry))
        .route("/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/v1/sessions/{id}/text", get(jobs::texts))
        .route("/v1/jobs:claim", post(workers::claim))
        .route("/v1/jobs/{id}/heartbeat", post(workers::heartbeat))
        .route("/v1/jobs/{id}/report", post(workers::report))
        .route("/outbox/status", post(workers::outbox_status))
        .route("/v1/runs", get(runs::all).post(runs::create))
        .route("/v1/runs/{id}", get(runs::get))
        .route("/v1/runs/{id}/cancel", post(runs::cancel))
        .route("/v1/changes", get(changes::page))
        .route("/v1/changes/stream", get(changes::stream))
        .route("/v1/webhooks", get(webhooks::all).post(webhooks::create))
        .route(
            "/v1/webhooks/{id}",
            get(webhooks::get).patch(webhooks::patch).delete(webhooks::remove),
        )
        .route("/v1/webhooks/{id}/test", post(webhooks::test))
        .route("/v1/search", get(search::get).post(search::post))
}
