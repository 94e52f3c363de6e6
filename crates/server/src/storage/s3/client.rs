//! Requests to a bucket: signed in the URL, sent by a client that follows no redirect, read up to a limit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::{DATE, HeaderMap};
use rusty_s3::{Bucket, Credentials, Method, UrlStyle};
use url::Url;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;
use windlass_protocol::client::failure_of;
use windlass_protocol::destinations::DestinationConfig;

use crate::clock::World;
use crate::failure::internal;
use crate::secrets::Keys;

/// Most bytes of an answer that are read (F67).
const MAX_REPLY: usize = 16 << 20;
/// An ordinary call.
pub(super) const QUICK: Duration = Duration::from_secs(60);
/// Completing a large object (F92).
pub(super) const SLOW: Duration = Duration::from_secs(900);
/// Clocks that differ by less agree: signed URLs hold for longer, milliseconds.
const CLOCKS_AGREE_MS: i64 = 4 * 60_000;
/// A difference that changed by less is the same one, milliseconds.
const CLOCK_GRAIN_MS: i64 = 60_000;
/// What the storage said of its time counts for so long, however many URLs are refused meanwhile.
const HEARD_MS: i64 = 1_000;
/// Waits before a storage that could not answer for a moment is asked again, milliseconds.
const MOMENTS_MS: [u64; 2] = [150, 600];
/// What took longer to fail was no moment: whoever called waits already.
const MOMENT: Duration = Duration::from_secs(5);
/// Calls that are made again at a time. When more fail it is no moment but an outage: asking thrice would be a storm.
const AGAIN: usize = 4;
/// Our own calls are signed just before they are made.
const OWN_TTL: Duration = Duration::from_secs(1_800);

/// A bucket and the right to use it. Shows neither keys nor signed URLs.
pub(super) struct Client {
    bucket: Bucket,
    credentials: Credentials,
    http: windlass_way::Client,
    world: Arc<dyn World>,
    /// How far the storage's clock is ahead of ours, milliseconds: signatures are dated by it (F76).
    ahead: AtomicI64,
    /// When the storage was asked for its time.
    heard: tokio::sync::Mutex<Option<Timestamp>>,
    /// Held by a call that failed and is made again.
    again: tokio::sync::Semaphore,
}

/// A whole answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A request before it is signed.
#[derive(Default, Clone)]
pub(super) struct Ask<'a> {
    pub(super) key: Option<&'a str>,
    pub(super) query: BTreeMap<&'a str, String>,
    pub(super) headers: BTreeMap<&'a str, String>,
    pub(super) body: Option<Bytes>,
}

impl<'a> Ask<'a> {
    pub(super) fn object(key: &'a str) -> Self {
        Self {
            key: Some(key),
            ..Self::default()
        }
    }

    pub(super) fn query(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.query.insert(name, value.into());
        self
    }

    pub(super) fn header(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl Client {
    pub(super) fn new(
        id: DestinationId,
        config: &DestinationConfig,
        keys: &Keys,
        world: Arc<dyn World>,
    ) -> Result<Self, Failure> {
        let invalid = |what: &str| Failure::new(ErrorCode::InvalidField, what);
        let DestinationConfig::S3 {
            endpoint,
            region,
            bucket,
            path_style,
            ..
        } = config
        else {
            return Err(internal("a folder is no bucket"));
        };
        let url: Url = endpoint
            .parse()
            .map_err(|_| invalid("endpoint: https://host[:port]"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || !url.username().is_empty()
        {
            return Err(invalid("endpoint: https://host[:port]"));
        }
        let style = if *path_style {
            UrlStyle::Path
        } else {
            UrlStyle::VirtualHost
        };
        let direct = windlass_way::is_loopback(url.as_str());
        let http = windlass_way::Client::new(direct, Some(id), || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_secs(15))
        })?;
        Ok(Self {
            bucket: Bucket::new(url, style, bucket.clone(), region.clone())
                .map_err(|_| invalid("bucket: not a name that the endpoint can have"))?,
            credentials: match &keys.session_token {
                Some(token) => Credentials::new_with_token(&keys.access_key, &keys.secret_key, token),
                None => Credentials::new(&keys.access_key, &keys.secret_key),
            },
            http,
            world,
            ahead: AtomicI64::new(0),
            heard: tokio::sync::Mutex::new(None),
            again: tokio::sync::Semaphore::new(AGAIN),
        })
    }

    /// Learns the storage's time from its answer.
    fn compare_clocks(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|v| v.to_str().ok());
        let Some(theirs) = date.and_then(|d| jiff::fmt::rfc2822::parse(d).ok()) else {
            return;
        };
        let off = theirs
            .timestamp()
            .as_millisecond()
            .saturating_sub(self.now().as_millis());
        let ahead = if off.saturating_abs() < CLOCKS_AGREE_MS {
            0
        } else {
            off
        };
        let before = self.ahead.load(Ordering::Relaxed);
        // Dates have whole seconds and answers take their time: what differs by little is the same.
        if ahead.saturating_sub(before).saturating_abs() >= CLOCK_GRAIN_MS {
            self.ahead.store(ahead, Ordering::Relaxed);
            tracing::warn!(
                seconds = ahead / 1_000,
                "the storage's clock is ahead of this computer's by so much"
            );
        }
    }

    /// Asks for the storage's time. Many who ask at once share one answer.
    pub(super) async fn hear_time(&self, prefix: &str) {
        let mut heard = self.heard.lock().await;
        let now = self.now();
        if heard.is_some_and(|at| (0..HEARD_MS).contains(&now.millis_since(at))) {
            return;
        }
        // Whatever it answers carries its date.
        if let Err(why) = self.list_one(prefix).await {
            tracing::debug!(%why, "the storage was asked for its time");
        }
        *heard = Some(self.now());
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.now()
    }

    pub(super) fn world(&self) -> &dyn World {
        self.world.as_ref()
    }

    /// The storage's time.
    pub(super) fn storage_time(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.ahead.load(Ordering::Relaxed))
    }

    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The URL of a request, signed for so long from `now` on.
    pub(super) fn url(
        &self,
        method: Method,
        ask: &Ask<'_>,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Url, Failure> {
        let now = self.storage_time(now);
        let at = jiff::Timestamp::from_millisecond(now.as_millis()).map_err(internal)?;
        let url = match ask.key {
            Some(key) => self.bucket.object_url(key),
            None => self.bucket.base_url().clone(),
        };
        Ok(rusty_s3::signing::sign(
            &at,
            method,
            url,
            self.credentials.key(),
            self.credentials.secret(),
            self.credentials.token(),
            self.bucket.region(),
            ttl.as_secs(),
            ask.query.iter().map(|(k, v)| (*k, v.as_str())),
            ask.headers.iter().map(|(k, v)| (*k, v.as_str())),
        ))
    }

    /// Asks and reads the whole answer, whatever its status. A storage that could not answer for a moment is asked again
    /// (Garage says 503 when two of its own writes meet); one that asks to slow down is not: whoever called hears that.
    pub(super) async fn ask(&self, method: Method, ask: Ask<'_>, limit: Duration) -> Result<Reply, Failure> {
        let began = Instant::now();
        let mut right = None;
        for ms in MOMENTS_MS {
            let reply = self.ask_timely(method, ask.clone(), limit).await?;
            // An answer to HEAD has no body: 503 may ask to slow down.
            let unsaid = matches!(method, Method::Head) && reply.status == 503;
            if !reply.is_momentary() || unsaid || began.elapsed() > MOMENT {
                return Ok(reply);
            }
            if right.is_none() {
                match self.again.try_acquire() {
                    Ok(free) => right = Some(free),
                    Err(_) => return Ok(reply),
                }
            }
            tracing::debug!(status = reply.status, "the storage is asked again");
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        self.ask_timely(method, ask, limit).await
    }

    /// A refusal that tells that the clocks differ is asked again by the storage's time.
    async fn ask_timely(&self, method: Method, ask: Ask<'_>, limit: Duration) -> Result<Reply, Failure> {
        let before = self.ahead.load(Ordering::Relaxed);
        let reply = self.ask_once(method, ask.clone(), limit).await?;
        let learnt = self.ahead.load(Ordering::Relaxed) != before;
        if learnt && matches!(reply.status, 400 | 403) {
            return self.ask_once(method, ask, limit).await;
        }
        Ok(reply)
    }

    async fn ask_once(&self, method: Method, ask: Ask<'_>, limit: Duration) -> Result<Reply, Failure> {
        let mut response = self.send(method, ask, limit).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.lost(&e))? {
            if body.len() + chunk.len() > MAX_REPLY {
                return Err(Failure::new(ErrorCode::StorageError, "the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply {
            status,
            headers,
            body: body.freeze(),
        })
    }

    /// Asks and leaves the body to be read.
    pub(super) async fn send(
        &self,
        method: Method,
        ask: Ask<'_>,
        limit: Duration,
    ) -> Result<reqwest::Response, Failure> {
        let url = self.url(method, &ask, OWN_TTL, self.now())?;
        let verb = match method {
            Method::Head => reqwest::Method::HEAD,
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.http.get().request(verb, url).timeout(limit);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = ask.body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|e| self.lost(&e))?;
        self.compare_clocks(response.headers());
        Ok(response)
    }

    /// A storage that took too long is no slow network of the person's.
    fn lost(&self, e: &reqwest::Error) -> Failure {
        let failure = failure_of(&self.http, e);
        match failure.code {
            ErrorCode::SlowNetwork => Failure::new(ErrorCode::StorageTimeout, "no answer in time"),
            _ => failure,
        }
    }
}
