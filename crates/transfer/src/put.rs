//! One PUT of one part to one signed URL.
//!
//! Progress is what the socket took: a request on which nothing moves for a minute is given up, however long the part may
//! take in all (F52, F53). An answer that comes before the body ended is read and classified, not taken for a broken
//! connection (F59). A 2xx without an `ETag` is no success: something else answered (F62).
//!
//! # Cancel safety
//! Dropping the future cuts the connection; what the storage has by then is unknown until it is asked.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use reqwest::header::{CONTENT_LENGTH, ETAG, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::limits::STALL_MS;
use windlass_core::units::ETag;

use crate::limit::Limiter;
use crate::storage_error::{ERROR_BODY_BYTES, put_failure};

/// Bytes handed to the socket at a time: the grain of progress.
const GRAIN: usize = 128 * 1024;
/// The same under a limit.
const SMALL_GRAIN: usize = 16 * 1024;

/// The HTTP client for storage; made by [`storage_client`].
pub type StorageClient = windlass_way::Client;

/// A stream of bytes with a failure of the source in it.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// What to send.
pub enum PartBody {
    /// From memory.
    Memory(Bytes),
    /// From the source while it is sent.
    Stream {
        /// Bytes in all.
        len: u64,
        /// Them.
        stream: ByteStream,
    },
}

impl PartBody {
    /// The same, no faster than the limiter lets it through.
    #[must_use]
    pub fn limited(self, limiter: Arc<Limiter>) -> Self {
        let (len, stream) = match self {
            // Small grains under a limit: a slow line shows progress, and a change is felt soon.
            Self::Memory(bytes) => {
                let grain = if limiter.rate().is_some() {
                    SMALL_GRAIN
                } else {
                    GRAIN
                };
                (bytes.len() as u64, grains(bytes, grain))
            }
            Self::Stream { len, stream } => (len, stream),
        };
        let stream = Box::pin(stream.then(move |item| {
            let limiter = Arc::clone(&limiter);
            async move {
                if let Ok(bytes) = &item {
                    limiter.take(bytes.len()).await;
                }
                item
            }
        }));
        Self::Stream { len, stream }
    }
}

/// Where to send it.
pub struct SignedUrl<'a> {
    /// URL. Never logged.
    pub url: &'a str,
    /// Signed headers, to be sent exactly.
    pub headers: &'a [(String, String)],
    /// True when by the client's own record it has run out.
    pub expired: &'a (dyn Fn() -> bool + Sync),
}

/// The client for the storage of a destination: no redirects (F93), no token (A64), HTTP/1.1 for one connection a part. None:
/// for storage on this computer, which is never asked by a proxy.
///
/// # Errors
/// When the TLS set-up can't be read.
pub fn storage_client(place: Option<DestinationId>) -> Result<StorageClient, Failure> {
    StorageClient::new(place.is_none(), place, || {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(15))
            .http1_only()
    })
}

/// Sends a part. `sent` counts the bytes that the socket took.
///
/// # Errors
/// See [`Failure`]: connection, storage, source.
pub async fn put_part(
    client: &StorageClient,
    to: SignedUrl<'_>,
    body: PartBody,
    sent: Arc<AtomicU64>,
) -> Result<ETag, Failure> {
    let headers = headers(to.headers)?;
    let source_failure: Arc<std::sync::Mutex<Option<Failure>>> = Arc::default();
    let (len, stream) = match body {
        PartBody::Memory(bytes) => (bytes.len() as u64, grains(bytes, GRAIN)),
        PartBody::Stream { len, stream } => (len, stream),
    };
    let request = client.get().put(to.url).headers(headers);
    let request = if len == 0 {
        request.header(CONTENT_LENGTH, 0)
    } else {
        let counter = Arc::clone(&sent);
        let failed = Arc::clone(&source_failure);
        let counted = stream.map(move |item| match item {
            Ok(bytes) => {
                counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                Ok(bytes)
            }
            Err(failure) => {
                let text = failure.detail.clone();
                if let Ok(mut slot) = failed.lock() {
                    *slot = Some(failure);
                }
                Err(std::io::Error::other(text))
            }
        });
        request
            .header(CONTENT_LENGTH, len)
            .body(reqwest::Body::wrap_stream(counted))
    };
    let answer = stalled(async { request.send().await.map_err(|e| client.lost(&e)) }, &sent).await;
    if let Some(failure) = source_failure.lock().ok().and_then(|mut f| f.take()) {
        return Err(failure);
    }
    let mut response = answer?;
    let status = response.status().as_u16();
    let etag = response
        .headers()
        .get(ETAG)
        .and_then(|v| v.to_str().ok())
        .map(|v| ETag(v.to_owned()));
    if let (200..=299, Some(etag)) = (status, etag) {
        return Ok(etag);
    }
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.trim().parse::<i64>().ok())
        .and_then(|s| s.checked_mul(1_000));
    let mut text = Vec::new();
    while text.len() < ERROR_BODY_BYTES {
        match tokio::time::timeout(Duration::from_secs(10), response.chunk()).await {
            Ok(Ok(Some(chunk))) => text.extend_from_slice(&chunk),
            Ok(Ok(None) | Err(_)) | Err(_) => break,
        }
    }
    Err(put_failure(
        status,
        &String::from_utf8_lossy(&text),
        retry_after,
        (to.expired)(),
    ))
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, Failure> {
    let mut map = HeaderMap::with_capacity(pairs.len() + 1);
    for (name, value) in pairs {
        if name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("host") {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        match (name, value) {
            (Ok(name), Ok(value)) => map.insert(name, value),
            (Err(_), _) | (_, Err(_)) => {
                return Err(Failure::new(
                    ErrorCode::Internal,
                    "a signed header that can't be sent",
                ));
            }
        };
    }
    Ok(map)
}

fn grains(bytes: Bytes, grain: usize) -> ByteStream {
    let count = bytes.len().div_ceil(grain);
    Box::pin(stream::iter((0..count).map(move |i| {
        Ok(bytes.slice(i * grain..((i + 1) * grain).min(bytes.len())))
    })))
}

/// Gives up when nothing moved for a minute.
async fn stalled<T>(work: impl Future<Output = Result<T, Failure>>, sent: &AtomicU64) -> Result<T, Failure> {
    tokio::pin!(work);
    let mut seen = sent.load(Ordering::Relaxed);
    loop {
        match tokio::time::timeout(Duration::from_millis(STALL_MS.unsigned_abs()), &mut work).await {
            Ok(result) => return result,
            Err(_) => {
                let now = sent.load(Ordering::Relaxed);
                if now == seen {
                    return Err(Failure::new(
                        ErrorCode::SlowNetwork,
                        "nothing was acknowledged for 60 s",
                    ));
                }
                seen = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Bytes as Body;
    use axum::http::{HeaderMap as Map, StatusCode};
    use axum::routing::put;

    async fn server(router: Router) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{at}/object")
    }

    async fn send(url: &str, body: PartBody) -> (Result<ETag, Failure>, u64) {
        let sent = Arc::new(AtomicU64::new(0));
        let headers = [
            ("x-amz-meta-token".to_owned(), "t".to_owned()),
            ("content-length".to_owned(), "999".to_owned()),
        ];
        let to = SignedUrl {
            url,
            headers: &headers,
            expired: &|| false,
        };
        let result = put_part(&storage_client(None).unwrap(), to, body, Arc::clone(&sent)).await;
        (result, sent.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_part_arrives_whole_with_its_length_and_signed_headers() {
        let url = server(Router::new().route(
            "/object",
            put(|headers: Map, body: Body| async move {
                assert_eq!(headers["x-amz-meta-token"], "t");
                assert_eq!(headers["content-length"], body.len().to_string());
                assert!(!headers.contains_key("transfer-encoding"));
                [("etag", format!("\"{}\"", body.len()))]
            }),
        ))
        .await;
        let (answer, sent) = send(&url, PartBody::Memory(Bytes::from(vec![7; 300_000]))).await;
        assert_eq!((answer, sent), (Ok(ETag("\"300000\"".into())), 300_000));
        let (answer, _) = send(&url, PartBody::Memory(Bytes::new())).await;
        assert_eq!(answer, Ok(ETag("\"0\"".into())));
        let pieces: ByteStream = Box::pin(stream::iter([
            Ok(Bytes::from_static(b"ab")),
            Ok(Bytes::from_static(b"c")),
        ]));
        let (answer, _) = send(
            &url,
            PartBody::Stream {
                len: 3,
                stream: pieces,
            },
        )
        .await;
        assert_eq!(answer, Ok(ETag("\"3\"".into())));
    }

    #[tokio::test]
    async fn f062_a_success_without_etag_is_somebody_else_answering() {
        let url = server(Router::new().route("/object", put(|| async { "welcome to our hotel" }))).await;
        assert_eq!(
            send(&url, PartBody::Memory(Bytes::from_static(b"x")))
                .await
                .0
                .unwrap_err()
                .code,
            ErrorCode::CaptivePortal
        );
    }

    #[tokio::test]
    async fn f059_an_early_refusal_is_read_and_classified() {
        let url = server(Router::new().route(
            "/object",
            put(|| async { (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "7")], "busy") }),
        ))
        .await;
        let failure = send(&url, PartBody::Memory(Bytes::from(vec![1; 8 << 20])))
            .await
            .0
            .unwrap_err();
        assert_eq!(
            (failure.code, failure.retry_after_ms),
            (ErrorCode::DestinationSlowDown, Some(7_000))
        );
    }

    #[tokio::test]
    async fn a_refused_connection_and_a_source_that_fails_are_told_apart() {
        let closed = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            format!("http://{}/object", listener.local_addr().unwrap())
        };
        assert_eq!(
            send(&closed, PartBody::Memory(Bytes::from_static(b"x")))
                .await
                .0
                .unwrap_err()
                .code,
            ErrorCode::ConnectionRefused
        );
        let url = server(Router::new().route(
            "/object",
            put(|body: Body| async move { format!("{}", body.len()) }),
        ))
        .await;
        let broken: ByteStream = Box::pin(stream::iter([
            Ok(Bytes::from_static(b"a")),
            Err(Failure::new(ErrorCode::ReadError, "bad sector")),
        ]));
        assert_eq!(
            send(
                &url,
                PartBody::Stream {
                    len: 2,
                    stream: broken
                }
            )
            .await
            .0
            .unwrap_err()
            .code,
            ErrorCode::ReadError
        );
    }
}
