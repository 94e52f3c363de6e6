//! Stored bytes: a session's content leads to a signed URL, at a bucket or here; here it is read in ranges.

use std::io::SeekFrom;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::FileId;
use windlass_core::limits::READ_STEP_BYTES;

use super::Site;
use super::wire::Problems;
use crate::auth::{Read, Scoped};
use crate::failure::{Refusal, folder_failure, internal};
use crate::storage::folder::url::BlobQuery;
use crate::storage::{attachment, content_type};

pub(super) async fn session(
    State(site): State<Site>,
    who: Scoped<Read>,
    Path(id): Path<String>,
) -> Result<Response, Problems> {
    let missing = || Refusal::new(ErrorCode::NotFound, "no such session");
    let id: FileId = id.parse().map_err(|_| missing())?;
    let (url, destination) = site.service.content_url(who.owner, id).await?;
    if !who.reaches(destination) {
        return Err(missing().into());
    }
    let url = HeaderValue::from_str(&url).map_err(internal)?;
    Ok((StatusCode::FOUND, [(header::LOCATION, url)]).into_response())
}

pub(super) async fn blob(
    State(site): State<Site>,
    Path(object): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problems> {
    let unsigned = || Failure::new(ErrorCode::UrlSignature, "not a URL that this launch signed");
    let query = BlobQuery::parse(query.as_deref().unwrap_or_default()).ok_or_else(unsigned)?;
    let signer = site.service.storages().signer();
    let grant = signer.check_read(&object, &query, site.service.now())?;
    let (object, file) = site.service.open_blob(&grant).await?;
    let size = object.plan.size();
    let etag = format!(
        "\"{}\"",
        object
            .crc64
            .map_or_else(|| object.id.to_string(), |c| c.to_string())
    );

    let wanted = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    // A range of another version is answered by the whole (RFC 9110 §13.1.5).
    let same = headers
        .get(header::IF_RANGE)
        .is_none_or(|v| v.as_bytes() == etag.as_bytes());
    let range = wanted.filter(|_| same).map_or(Ok(None), |text| range(text, size));
    let Ok(range) = range else {
        let mut response =
            Problems(Refusal::new(ErrorCode::BadRequest, "no range of this object")).into_response();
        *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
        put(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
        return Ok(response);
    };
    let (start, len) = range.map_or((0, size), |(first, last)| (first, last - first + 1));
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(start))
        .await
        .map_err(|e| folder_failure("the file can't be read", e))?;
    let stream = ReaderStream::with_capacity(file.take(len), READ_STEP_BYTES);
    site.metrics
        .count("windlass_blob_bytes_total", &[("direction", "out")], len);

    let mut response = Body::from_stream(stream).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type(&object.mime)),
        (header::CONTENT_DISPOSITION, attachment(&object.key)),
        (header::CONTENT_LENGTH, len.to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, etag),
    ] {
        put(&mut response, name, &value);
    }
    if let Some((first, last)) = range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        put(
            &mut response,
            header::CONTENT_RANGE,
            &format!("bytes {first}-{last}/{size}"),
        );
    }
    Ok(response)
}

fn put(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// First and last byte of `bytes=a-b`, `bytes=a-`, `bytes=-n`. Several ranges, and other units, are answered by the whole.
fn range(text: &str, size: u64) -> Result<Option<(u64, u64)>, ()> {
    let Some(spec) = text.strip_prefix("bytes=").filter(|s| !s.contains(',')) else {
        return Ok(None);
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Ok(None);
    };
    let number = |t: &str| {
        t.parse::<u64>()
            .ok()
            .filter(|_| t.bytes().all(|b| b.is_ascii_digit()))
    };
    match (number(first), number(last)) {
        (Some(first), _) if first >= size => Err(()),
        (Some(first), Some(last)) if last >= first => Ok(Some((first, last.min(size - 1)))),
        (Some(first), None) if last.is_empty() => Ok(Some((first, size - 1))),
        (None, Some(0)) if first.is_empty() => Err(()),
        (None, Some(_)) if first.is_empty() && size == 0 => Err(()),
        (None, Some(n)) if first.is_empty() => Ok(Some((size - n.min(size), size - 1))),
        (_, _) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::range;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_range_lies_inside_the_file_or_is_none(
            text in "bytes=[0-9]{0,22}-[0-9]{0,22}|bytes=[-0-9,+ ]{0,20}|.{0,40}",
            size: u64,
        ) {
            if let Ok(Some((first, last))) = range(&text, size) {
                prop_assert!(first <= last && last < size, "{}-{} of {}", first, last, size);
            }
        }
    }

    #[test]
    fn ranges_are_read_as_the_rules_of_http_say() {
        for (text, expected) in [
            ("bytes=0-0", Ok(Some((0, 0)))),
            ("bytes=2-5", Ok(Some((2, 5)))),
            ("bytes=2-", Ok(Some((2, 9)))),
            ("bytes=2-99", Ok(Some((2, 9)))),
            ("bytes=-3", Ok(Some((7, 9)))),
            ("bytes=-99", Ok(Some((0, 9)))),
            ("bytes=10-", Err(())),
            ("bytes=-0", Err(())),
            ("bytes=5-2", Ok(None)),
            ("bytes=0-1,3-4", Ok(None)),
            ("items=0-1", Ok(None)),
            ("bytes=+1-2", Ok(None)),
            ("bytes=x", Ok(None)),
        ] {
            assert_eq!(range(text, 10), expected, "{text}");
        }
        assert_eq!(range("bytes=0-", 0), Err(()));
        assert_eq!(range("bytes=-1", 0), Err(()));
    }
}
