//! The only client that calls addresses which somebody typed in.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::{FutureExt as _, TryFutureExt as _};
use reqwest::Method;
use reqwest::dns::{Addrs, Name, Resolving};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use windlass_core::error::{ErrorCode, Failure};
use windlass_protocol::client::{retry_after_ms, transport_failure};

use super::address::is_public;
use super::origin::{Origin, Target, look_at};
use crate::failure::internal;

/// Connections that are kept open to one host.
const IDLE_CONNECTIONS: usize = 4;
/// How long they are.
const IDLE: Duration = Duration::from_secs(30);
/// A name has no more addresses than are of use.
const MAX_ADDRESSES: usize = 32;

/// Turns names into addresses.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name.
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The system's own way.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// What one call may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first lookup to the last byte of the answer.
    pub time: Duration,
    /// Of the answer.
    pub bytes: usize,
}

impl Limits {
    /// Of a webhook: 10 s and 1 MiB (A87).
    pub const WEBHOOK: Self = Self {
        time: Duration::from_secs(10),
        bytes: 1 << 20,
    };
}

/// A call to make.
#[derive(Clone)]
pub struct Call<'a> {
    /// The address, as it was typed.
    pub url: &'a str,
    /// What is sent along.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body of the POST.
    pub body: Bytes,
    /// What it may cost.
    pub limits: Limits,
}

/// A whole answer, whatever its status.
pub struct Reply {
    /// The status; 3xx is an answer like any other.
    pub status: u16,
    /// The wait that was asked for.
    pub retry_after_ms: Option<i64>,
    /// The body, within the limit.
    pub body: Bytes,
}

/// Calls addresses that somebody typed in.
#[derive(Clone)]
pub struct Outgoing {
    guarded: reqwest::Client,
    unguarded: reqwest::Client,
    excepted: Arc<[Origin]>,
}

impl Outgoing {
    /// With what the operator excepted.
    ///
    /// # Errors
    /// `internal` when the system's certificates can't be read.
    pub fn new(excepted: Vec<Origin>) -> Result<Self, Failure> {
        Self::with_resolver(excepted, Arc::new(SystemResolver))
    }

    /// The same with names resolved in another way.
    ///
    /// # Errors
    /// As [`Outgoing::new`].
    pub fn with_resolver(excepted: Vec<Origin>, resolver: Arc<dyn Resolve>) -> Result<Self, Failure> {
        let client = |guarded| {
            let names = Names {
                resolver: Arc::clone(&resolver),
                guarded,
            };
            reqwest::Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .referer(false)
                .dns_resolver(Arc::new(names))
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .pool_idle_timeout(IDLE)
                .user_agent(concat!("Windlass/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(internal)
        };
        Ok(Self {
            guarded: client(true)?,
            unguarded: client(false)?,
            excepted: excepted.into(),
        })
    }

    /// Looks at an address before it is stored. Its name is not resolved: what that says now is worth nothing later.
    ///
    /// # Errors
    /// `invalid_field` for an address that would never be called.
    pub fn check(&self, url: &str) -> Result<(), Failure> {
        look_at(url, &self.excepted).map(drop)
    }

    /// Posts and reads the answer.
    ///
    /// # Errors
    /// - `invalid_field`: the address, or where its name leads, is not to be called; nothing was sent.
    /// - the codes of a broken network; `slow_network` when the time is over.
    /// - `storage_error`: the answer is longer than the limit.
    pub async fn post(&self, call: Call<'_>) -> Result<Reply, Failure> {
        self.send(Method::POST, call).await
    }

    /// Reads an address; the call's body stays empty.
    ///
    /// # Errors
    /// As [`Outgoing::post`].
    pub async fn get(&self, call: Call<'_>) -> Result<Reply, Failure> {
        self.send(Method::GET, call).await
    }

    async fn send(&self, method: Method, call: Call<'_>) -> Result<Reply, Failure> {
        let Target {
            url,
            origin,
            excepted,
        } = look_at(call.url, &self.excepted)?;
        let client = if excepted { &self.unguarded } else { &self.guarded };
        let mut request = client
            .request(method, url)
            .timeout(call.limits.time)
            .body(call.body);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let mut response = request.send().await.map_err(|e| failed(&e, &origin))?;
        // The address was looked at before the connection was made; this holds even if that were ever to change.
        let peer = response.remote_addr();
        if !excepted && !peer.is_some_and(|peer| is_public(peer.ip())) {
            return Err(not_public(&origin.to_string()));
        }
        let status = response.status().as_u16();
        let retry_after_ms = retry_after_ms(response.headers());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| failed(&e, &origin))? {
            if body.len() + chunk.len() > call.limits.bytes {
                let detail = format!("{origin}: the answer is longer than {} bytes", call.limits.bytes);
                return Err(Failure::new(ErrorCode::StorageError, detail));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply {
            status,
            retry_after_ms,
            body: body.freeze(),
        })
    }
}

/// Resolves, and keeps back what a call may not reach: what is answered here is what is connected to.
struct Names {
    resolver: Arc<dyn Resolve>,
    guarded: bool,
}

impl reqwest::dns::Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let guarded = self.guarded;
        let host = name.as_str().to_owned();
        let found = self.resolver.addresses(host.clone());
        async move {
            let found = found.map_err(|e| NameError::Lookup(host.clone(), e)).await?;
            let fit: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| !guarded || is_public(*address))
                .take(MAX_ADDRESSES)
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if fit.is_empty() {
                return Err(NameError::NotPublic(host).into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        }
        .boxed()
    }
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
enum NameError {
    #[error("{0}: {1}")]
    Lookup(String, io::Error),
    #[error("{0} has no address on the public internet")]
    NotPublic(String),
}

fn not_public(what: &str) -> Failure {
    let detail = format!("{what} has no address on the public internet");
    Failure::new(ErrorCode::InvalidField, detail)
}

fn failed(e: &reqwest::Error, origin: &Origin) -> Failure {
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(e);
    while let Some(cause) = next {
        match cause.downcast_ref::<NameError>() {
            Some(NameError::NotPublic(name)) => return not_public(name),
            Some(lookup @ NameError::Lookup(..)) => {
                return Failure::new(ErrorCode::HostNotFound, lookup.to_string());
            }
            None => next = cause.source(),
        }
    }
    let failure = transport_failure(e);
    Failure::new(failure.code, format!("{origin}: {}", failure.detail))
}
