//! Parts for folders: storage over HTTP, by signed URL. Answers a part's ETag and checksum as a bucket does.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use windlass_core::error::{ErrorCode, Failure};

use super::Site;
use super::wire::Problems;
use crate::storage::folder::etag_of;
use crate::storage::folder::url::BlobQuery;

pub(super) async fn put(
    State(site): State<Site>,
    Path(object): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problems> {
    let unsigned = || Failure::new(ErrorCode::UrlSignature, "not a URL that this launch signed");
    let query = BlobQuery::parse(query.as_deref().unwrap_or_default()).ok_or_else(unsigned)?;
    let storages = site.service.storages();
    let grant = storages.signer().check(&object, &query, site.service.now())?;
    // Refused before the body is read (A40, A43).
    let length = match headers.get(header::CONTENT_LENGTH) {
        Some(value) => value.to_str().ok().and_then(|v| v.parse().ok()),
        // A request that says neither has no body.
        None => Some(0),
    };
    if length != Some(grant.len) || headers.contains_key(header::TRANSFER_ENCODING) {
        let detail = format!("content-length must be {}", grant.len);
        return Err(Failure::new(ErrorCode::UrlSignature, detail).into());
    }
    let folder = storages.folder(grant.destination).await?.ok_or_else(unsigned)?;
    let crc64 = folder
        .put(
            grant.object,
            grant.part,
            grant.len,
            grant.crc64,
            body.into_data_stream(),
        )
        .await?;
    site.metrics
        .count("windlass_blob_bytes_total", &[("direction", "in")], grant.len);
    let mut response = StatusCode::OK.into_response();
    let value = |text: String| HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    response
        .headers_mut()
        .insert(header::ETAG, value(etag_of(crc64).0));
    let checksum = HeaderName::from_static("x-amz-checksum-crc64nvme");
    response.headers_mut().insert(checksum, value(crc64.to_string()));
    Ok(response)
}
