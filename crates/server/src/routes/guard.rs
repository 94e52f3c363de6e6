//! Who may ask an embedded control plane: this computer, by the right name, with the secret of this launch, and no web
//! page. `windlass serve` has a guard of its own ([`crate::serve::gate`]); what both share is here.
//!
//! Runs before routing, so nothing can be learnt without the secret, not even which routes there are. No header of CORS
//! is ever sent (A33).

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use windlass_core::error::ErrorCode;
use windlass_core::ids::OwnerId;

use super::wire::Problems;
use crate::auth::Principal;
use crate::failure::Refusal;

/// The guard of an embedded control plane.
#[derive(Clone)]
pub struct Guard {
    /// `127.0.0.1:PORT`.
    host: Arc<str>,
    /// `Bearer SECRET`.
    bearer: Arc<[u8]>,
    /// Who has it.
    who: Principal,
}

impl Guard {
    /// A guard for an address and the secret of a launch.
    #[must_use]
    pub fn new(host: &str, secret: &str, owner: OwnerId) -> Self {
        Self {
            host: host.into(),
            bearer: format!("Bearer {secret}").into_bytes().into(),
            who: Principal::launch(owner),
        }
    }

    /// Lets a request pass, or refuses it.
    pub async fn check(self, mut request: Request, next: Next) -> Response {
        let mut response = match self.refuse(&request) {
            Some(refusal) => Problems(refusal).into_response(),
            None => {
                // Nobody gets in but the one who has the secret, except where nobody has to be known.
                if !is_open(request.uri().path()) {
                    request.extensions_mut().insert(self.who);
                }
                next.run(request).await
            }
        };
        protect(&mut response);
        response
    }

    fn refuse(&self, request: &Request) -> Option<Refusal> {
        let headers = request.headers();
        if one(headers, &header::HOST) != Some(self.host.as_bytes()) {
            return Some(Refusal::new(
                ErrorCode::HostRefused,
                "the request names another host",
            ));
        }
        if is_cross_site(headers, &self.host) {
            return Some(Refusal::new(
                ErrorCode::Forbidden,
                "requests of web pages are not taken",
            ));
        }
        let path = request.uri().path();
        if is_open(path) {
            return None;
        }
        let given = one(headers, &header::AUTHORIZATION).unwrap_or_default();
        match verify_slices_are_equal(given, &self.bearer) {
            Ok(()) => None,
            Err(_) => Some(Refusal::new(
                ErrorCode::Unauthenticated,
                "the secret of this launch is missing or wrong",
            )),
        }
    }
}

/// Routes where nobody has to be known: health says nothing, a signed URL carries its own permission, a storage
/// shows the secret of its destination, a sign-in begins without one. Whoever adds a route
/// here has to find another proof, or give out only what is everybody's.
pub(crate) fn is_open(path: &str) -> bool {
    matches!(
        path,
        "/healthz"
            | "/readyz"
            | "/metrics"
            | "/openapi.json"
            | "/status"
            | "/docs"
            | "/v1/signin"
            | "/v1/signin:poll"
    ) || path.starts_with("/status/")
        || path.starts_with("/docs/")
        || path.starts_with("/v1/blob/")
        || path.starts_with("/v1/public/")
        || path.starts_with("/v1/webhooks/storage/")
}

/// Nothing from here is ever a page, unless its route says so itself (A44).
pub(crate) fn protect(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// The value of a header that is there exactly once.
pub(crate) fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        _ => None,
    }
}

fn is_cross_site(headers: &HeaderMap, host: &str) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let own = format!("http://{host}");
    site.is_some_and(|s| s != b"same-origin" && s != b"none") || origin.is_some_and(|o| o != own.as_bytes())
}
