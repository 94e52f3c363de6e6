//! JSON in and out.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use windlass_core::error::{ErrorCode, Failure};
use windlass_protocol::problem::{PROBLEM_JSON, Problem};

use crate::failure::{Refusal, known_problem};
use crate::serve::address::ClientAddress;

/// A JSON body, coming or going.
pub(crate) struct Json<T>(pub(crate) T);

/// A refused request, as problem details.
#[derive(Debug)]
pub struct Problems(pub Refusal);

/// The address that asks, where it is known.
pub(crate) struct From(pub(crate) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get::<ClientAddress>();
        Ok(Self(address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |a| a.0)))
    }
}

/// What a refused request was told, for whoever sees the answer off.
#[derive(Debug, Clone)]
pub(crate) struct Told(pub(crate) Refusal);

impl Problems {
    /// The answer to a failure that was written to the log before.
    pub(crate) fn quiet(failure: Failure) -> Response {
        respond(&known_problem(&failure))
    }
}

impl std::convert::From<Refusal> for Problems {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl std::convert::From<Failure> for Problems {
    fn from(failure: Failure) -> Self {
        Self(failure.into())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problems;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problems> {
        // A form of another site can't say this type without asking first (A32).
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::new(ErrorCode::BadRequest, "content-type must be application/json").into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|e| {
            let code = match e {
                BytesRejection::FailedToBufferBody(ref cause)
                    if cause.status() == StatusCode::PAYLOAD_TOO_LARGE =>
                {
                    ErrorCode::BodyTooLarge
                }
                _ => ErrorCode::BadRequest,
            };
            Refusal::new(code, "the body can't be read")
        })?;
        // The parser quotes no values of secrets: it names fields, types, and places.
        serde_json::from_slice(&bytes).map(Self).map_err(|e| {
            let place = format!("line {} column {}", e.line(), e.column());
            let what = match e.classify() {
                serde_json::error::Category::Data => "a field is missing, unknown or of another type",
                _ => "no JSON",
            };
            Refusal::new(ErrorCode::BadRequest, format!("{what} at {place}")).into()
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => (
                [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
                body,
            )
                .into_response(),
            Err(_) => {
                Problems(Refusal::new(ErrorCode::Internal, "the answer can't be written")).into_response()
            }
        }
    }
}

impl IntoResponse for Problems {
    fn into_response(self) -> Response {
        let mut response = respond(&self.0.problem());
        response.extensions_mut().insert(Told(self.0));
        response
    }
}

/// Problem details as they are.
pub(super) fn respond(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = (
        status,
        [(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON))],
        body,
    )
        .into_response();
    if let Some(ms) = problem.retry_after_ms {
        let seconds = HeaderValue::from((ms.max(0).unsigned_abs()).div_ceil(1_000));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}
