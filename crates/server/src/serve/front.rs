//! What every request passes first and every answer last: id, time, address, limits, panics, figures, one line of log.
//!
//! Nothing of a request but its method, its route's pattern and its ids goes into the log: paths and queries can carry
//! permissions.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use ipnet::IpNet;
use tracing::Instrument as _;
use windlass_core::error::{ErrorCode, Failure};

use super::address::{ClientAddress, Peer, client_address};
use super::body::{Pace, paced};
use crate::auth::keeper::network;
use crate::auth::limiter::{Limiter, Rate};
use crate::clock::{World, random};
use crate::failure::Refusal;
use crate::metrics::Metrics;
use crate::routes::Problems;
use crate::text::hex;
use crate::traces;

/// Names a request, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("windlass-request-id");
/// The server's time, milliseconds since 1970.
pub const TIME: HeaderName = HeaderName::from_static("windlass-time");

/// The id of a request.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// The pattern of the route that answered.
#[derive(Debug, Clone)]
struct Route(MatchedPath);

/// How requests are received.
pub struct Front {
    /// Time and chance.
    pub world: Arc<dyn World>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Proxies to be believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins of web pages that may call.
    pub cors_origins: Vec<String>,
    /// Time without a byte of a body.
    pub idle: Duration,
    /// Bytes a second of a body.
    pub min_rate: u64,
    /// Time for an answer.
    pub request_timeout: Duration,
    /// Requests by network.
    pub addresses: Limiter<u128>,
}

impl Front {
    /// With the limits of the settings.
    #[must_use]
    pub fn new(settings: &super::settings::Settings, world: Arc<dyn World>, metrics: Arc<Metrics>) -> Self {
        let rate: Rate = settings.rate_address;
        Self {
            world,
            metrics,
            trusted_proxies: settings.trusted_proxies.clone(),
            cors_origins: settings.cors_origins.clone(),
            idle: settings.idle_timeout,
            min_rate: settings.min_rate,
            request_timeout: settings.request_timeout,
            addresses: Limiter::new(rate),
        }
    }

    /// Receives a request and sees its answer off.
    pub async fn receive(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        let begun = Instant::now();
        let id = self.request_id(request.headers());
        let from = self.address(&request);
        request.extensions_mut().insert(RequestId(Arc::clone(&id)));
        request.extensions_mut().insert(ClientAddress(from));
        let method = request.method().clone();
        let origin = self.allowed_origin(request.headers());
        let span = tracing::info_span!("request", id = %id);
        let trace = traces::request(&id, word(&method));
        self.metrics.add("windlass_requests_running", &[], 1.0);
        let mut response = self
            .answer(request, from, &origin, next)
            .instrument(trace.clone())
            .instrument(span.clone())
            .await;
        self.metrics.add("windlass_requests_running", &[], -1.0);

        let status = response.status();
        hide_inside(&mut response, &id);
        let route = response.extensions().get::<Route>().map(|r| r.0.clone());
        let route = route.as_ref().map_or("none", MatchedPath::as_str);
        let took = begun.elapsed();
        self.metrics.count(
            "windlass_requests_total",
            &[
                ("method", word(&method)),
                ("route", route),
                ("status", status.as_str()),
            ],
            1,
        );
        self.metrics
            .observe("windlass_request_seconds", &[("route", route)], took);
        let ms = took.as_millis() as u64;
        span.in_scope(|| {
            if status.is_server_error() {
                tracing::warn!(%method, route, status = status.as_u16(), ms, %from, "answered");
            } else {
                tracing::debug!(%method, route, status = status.as_u16(), ms, %from, "answered");
            }
        });
        traces::answered(&trace, word(&method), route, status.as_u16());
        self.see_off(&mut response, &id, origin);
        response
    }

    async fn answer(
        &self,
        request: Request,
        from: IpAddr,
        origin: &Option<HeaderValue>,
        next: Next,
    ) -> Response {
        if is_preflight(&request) {
            // Said without a word about routes and tokens; only the origin counts.
            return match origin {
                Some(_) => StatusCode::NO_CONTENT.into_response(),
                None => refuse(
                    ErrorCode::Forbidden,
                    "requests of web pages are not taken from there",
                ),
            };
        }
        if let Err(wait) = self.addresses.take(&network(from), self.world.now()) {
            self.metrics
                .count("windlass_limited_total", &[("limit", "address")], 1);
            let failure = Failure::new(ErrorCode::RateLimited, "too many requests from this address");
            return Problems(failure.after(Some(wait)).into()).into_response();
        }
        let is_blob = request.uri().path().starts_with("/v1/blob/");
        let (parts, body) = request.into_parts();
        let pace = Pace {
            idle: self.idle,
            min_rate: self.min_rate,
        };
        let (body, late) = paced(body, pace);
        let running = AssertUnwindSafe(next.run(Request::from_parts(parts, body))).catch_unwind();
        // A part may take as long as it gets on.
        let most = if is_blob {
            Duration::from_secs(86_400)
        } else {
            self.request_timeout
        };
        match tokio::time::timeout(most, running).await {
            Ok(Ok(_)) if late.load(Ordering::Acquire) => {
                self.metrics
                    .count("windlass_limited_total", &[("limit", "pace")], 1);
                let mut response = refuse(ErrorCode::SlowNetwork, "the body came too slowly");
                *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
                response
            }
            Ok(Ok(response)) => response,
            Ok(Err(panic)) => {
                self.metrics.count("windlass_panics_total", &[], 1);
                let said = panic
                    .downcast_ref::<&str>()
                    .map(|s| (*s).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned());
                tracing::error!(
                    said = said.as_deref().unwrap_or("?"),
                    "a request ended in a defect"
                );
                refuse(ErrorCode::Internal, "a defect of the program")
            }
            Err(_) => {
                self.metrics
                    .count("windlass_limited_total", &[("limit", "time")], 1);
                refuse(
                    ErrorCode::Overloaded,
                    "not answered in time; what was begun goes on",
                )
            }
        }
    }

    /// The caller's own id where it is one, so that logs of both sides can be held together.
    fn request_id(&self, headers: &HeaderMap) -> Arc<str> {
        let theirs = headers.get(&REQUEST_ID).and_then(|v| v.to_str().ok());
        let fine = |t: &&str| {
            (1..=64).contains(&t.len())
                && t.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if let Some(id) = theirs.filter(fine) {
            return id.into();
        }
        let bytes: [u8; 12] = random(self.world.as_ref()).unwrap_or_default();
        hex(&bytes).into()
    }

    fn address(&self, request: &Request) -> IpAddr {
        let peer = request.extensions().get::<Peer>().map(|p| p.0.ip());
        let peer = peer.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        client_address(peer, request.headers(), &self.trusted_proxies)
    }

    fn allowed_origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let text = origin.to_str().ok()?;
        self.cors_origins
            .iter()
            .any(|o| o == text)
            .then(|| origin.clone())
    }

    fn see_off(&self, response: &mut Response, id: &str, origin: Option<HeaderValue>) {
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(REQUEST_ID, id);
        }
        headers.insert(TIME, HeaderValue::from(self.world.now().as_millis()));
        if !self.cors_origins.is_empty() {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            for (name, value) in [
                (
                    header::ACCESS_CONTROL_ALLOW_METHODS,
                    "GET, POST, PUT, PATCH, DELETE",
                ),
                (
                    header::ACCESS_CONTROL_ALLOW_HEADERS,
                    "authorization, content-type, content-md5, idempotency-key, if-match, last-event-id, range, windlass-request-id",
                ),
                (
                    header::ACCESS_CONTROL_EXPOSE_HEADERS,
                    "content-range, etag, location, retry-after, windlass-request-id, windlass-time, x-amz-checksum-crc64nvme",
                ),
                (header::ACCESS_CONTROL_MAX_AGE, "600"),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
    }
}

/// Notes on the answer which route gave it; around the routes, inside of everything else.
pub async fn note_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(Route(route));
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// A client made-up method is no label.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// What went wrong inside is in the log, under the request's id; it is nobody else's (A55).
fn hide_inside(response: &mut Response, id: &str) {
    let Some(told) = response.extensions().get::<crate::routes::Told>() else {
        return;
    };
    let code = told.0.failure.code;
    let inside = matches!(
        code,
        ErrorCode::Internal
            | ErrorCode::DatabaseDown
            | ErrorCode::QueueDamaged
            | ErrorCode::QueueReadOnly
            | ErrorCode::QueueDiskFull
            | ErrorCode::QueueNewer
    );
    if !inside {
        return;
    }
    let detail = format!("the server's log has more, under {id}");
    let failure = Failure::new(code, detail).after(told.0.failure.retry_after_ms);
    *response = Problems::quiet(failure);
}

fn refuse(code: ErrorCode, detail: &str) -> Response {
    Problems(Refusal::new(code, detail)).into_response()
}
