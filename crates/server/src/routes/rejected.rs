//! What the framework refuses by itself (a path that is no text, a query with a field of another type, a method that a
//! route has not) is told like everything else: as problem details, and without what was sent.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use windlass_core::error::ErrorCode;

use super::wire::respond;
use crate::failure::Refusal;

/// Puts problem details in the place of the framework's own words.
pub(super) async fn as_problem(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let told = kind.is_some_and(|k| !k.as_bytes().starts_with(b"text/plain"));
    let (code, detail) = match status {
        _ if told => return response,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            (ErrorCode::BadRequest, "the address or its query can't be read")
        }
        StatusCode::METHOD_NOT_ALLOWED => (ErrorCode::BadRequest, "this route does not take this method"),
        StatusCode::PAYLOAD_TOO_LARGE => (ErrorCode::BodyTooLarge, "the body is longer than is read"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (ErrorCode::BadRequest, "the body is of another type"),
        _ => return response,
    };
    let mut problem = Refusal::new(code, detail).problem();
    problem.status = status.as_u16();
    let mut answer = respond(&problem);
    let allow: Option<HeaderValue> = response.headers().get(header::ALLOW).cloned();
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}
