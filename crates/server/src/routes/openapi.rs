//! The description of all routes (OpenAPI 3.1), and a page to read it. The description is made from this program's text by
//! a test, which fails when one of both was changed alone.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::routing::get;

use super::Site;
use super::status::{html, script, style};

const DOCUMENT: &str = include_str!("../../../../docs/server/openapi.json");

pub(super) fn router() -> Router<Site> {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Router::new()
        .route("/openapi.json", get(async || ([kind], DOCUMENT)))
        .route("/docs", get(async || html(include_str!("openapi/page.html"))))
        .route(
            "/docs/page.js",
            get(async || script(include_str!("openapi/page.js"))),
        )
        .route(
            "/docs/page.css",
            get(async || style(include_str!("openapi/page.css"))),
        )
}
