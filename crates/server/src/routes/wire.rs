//! JSON in and out.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserializer, Serialize};
use windlass_core::error::{ErrorCode, Failure};
use windlass_protocol::problem::{PROBLEM_JSON, Problem};

use crate::failure::{Refusal, known_problem};
use crate::serve::address::ClientAddress;
use crate::store::demand::At;

/// A JSON body, coming or going.
pub(crate) struct Json<T>(pub(crate) T);

/// A refused request, as problem details.
#[derive(Debug)]
pub struct Problems(pub Refusal);

/// The revision that `If-Match` demands: `7`, `"7"`, or `*` for any.
pub(crate) struct IfMatch(Option<u64>);

impl IfMatch {
    /// That row, at that revision.
    pub(crate) fn of<T>(&self, id: T) -> At<T> {
        At { id, rev: self.0 }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problems;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problems> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        let rev = bare
            .unwrap_or(text)
            .parse()
            .ok()
            .filter(|rev| i64::try_from(*rev).is_ok());
        let bad = || Refusal::new(ErrorCode::BadRequest, "if-match: a revision, as the row's rev");
        rev.map(|rev| Self(Some(rev))).ok_or_else(|| bad().into())
    }
}

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
        // A list would be taken for the fields of an object, one after another.
        let is_list = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
        if is_list && is_object::<T>() {
            return Err(Refusal::new(ErrorCode::BadRequest, "an object is wanted, this is a list").into());
        }
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

/// True when a type reads an object with named fields.
fn is_object<T: DeserializeOwned>() -> bool {
    let mut found = false;
    // It has nothing to give, and only sees what is asked of it.
    T::deserialize(Asked(&mut found)).ok();
    found
}

/// Sees what a type wants to read.
struct Asked<'a>(&'a mut bool);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("nothing is here"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = true;
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
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
