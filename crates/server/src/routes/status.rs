//! The page of operators at `/status`, and what it shows as JSON at `/v1/status`.
//!
//! The page itself says nothing about anybody, so it is open; it asks for a token and reads the JSON with that. It runs no
//! script and loads nothing but its own files.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::Mutex;

use super::Site;
use super::wire::{Json, Problems};
use crate::auth::{Admin, Scoped};
use crate::store::status::{Status, read};

/// So long what was counted is told again: many who watch cost no more than one.
const TRUSTED_MS: i64 = 2_000;

/// What its pages may do: their own files, and calls to this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Kept = Arc<Mutex<Option<Status>>>;

pub(super) fn router() -> Router<Site> {
    let kept = Kept::default();
    Router::new()
        .route(
            "/v1/status",
            get(async move |site, who| status(kept, site, who).await),
        )
        .route("/status", get(async || html(include_str!("status/page.html"))))
        .route(
            "/status/page.js",
            get(async || script(include_str!("status/page.js"))),
        )
        .route(
            "/status/page.css",
            get(async || style(include_str!("status/page.css"))),
        )
        .route(
            "/status/tokens.css",
            get(async || style(include_str!("../../../../ui/src/lib/css/tokens.css"))),
        )
}

async fn status(kept: Kept, State(site): State<Site>, _: Scoped<Admin>) -> Result<Json<Status>, Problems> {
    // Held while counting: who asks meanwhile gets the same count.
    let mut kept = kept.lock().await;
    let now = site.service.now();
    let age = |s: &Status| now.as_millis() - s.at.as_millis();
    if let Some(status) = kept.as_ref().filter(|s| (0..TRUSTED_MS).contains(&age(s))) {
        return Ok(Json(status.clone()));
    }
    let status = site.service.store().db().read(move |tx| read(tx, now)).await?;
    *kept = Some(status.clone());
    Ok(Json(status))
}

/// A page of ours.
pub(super) fn html(text: &'static str) -> impl IntoResponse {
    page("text/html; charset=utf-8", text)
}

/// Its script.
pub(super) fn script(text: &'static str) -> impl IntoResponse {
    page("text/javascript; charset=utf-8", text)
}

/// Its style.
pub(super) fn style(text: &'static str) -> impl IntoResponse {
    page("text/css; charset=utf-8", text)
}

fn page(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let of = HeaderValue::from_static;
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, of(kind)),
        (header::CONTENT_SECURITY_POLICY, of(POLICY)),
        (header::REFERRER_POLICY, of("no-referrer")),
        (header::CACHE_CONTROL, of("no-cache")),
    ];
    (headers, text)
}
