//! What a request without an answer means: whether it was this computer's network, a proxy, or the other end.
//!
//! A proxy that is down looks like a destination that is down, and a person would mend the wrong one: where a request goes by a
//! proxy, it is the proxy that took no connection, or whose name nobody has.

use std::error::Error;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use windlass_core::error::{ErrorCode, Failure};

use crate::client::Client;
use crate::{ProxyChoice, Way};

/// As a client says it that goes by no proxy. The text never holds the URL.
#[must_use]
pub fn lost(e: &reqwest::Error) -> Failure {
    let cause = causes(e).last().unwrap_or_default();
    let asks = |cause: String| cause.starts_with("tunnel error") && cause.contains("authorization required");
    let lower = cause.to_lowercase();
    let code = if lower.contains("certificate") || lower.contains("unknownissuer") {
        ErrorCode::CertificateUntrusted
    } else if causes(e).any(asks) {
        ErrorCode::ProxyAuth
    } else if lower.contains("lookup") || lower.contains("dns") || lower.contains("name or service") {
        ErrorCode::HostNotFound
    } else if lower.contains("network is unreachable") {
        ErrorCode::Offline
    } else if e.is_connect() && lower.contains("too many open files") {
        // It is this computer that has no descriptor left: fewer connections are what helps.
        ErrorCode::Overloaded
    } else if e.is_connect() {
        ErrorCode::ConnectionRefused
    } else {
        ErrorCode::ConnectionLost
    };
    let detail = if !cause.is_empty() {
        cause
    } else if e.is_body() || e.is_decode() {
        "the answer was cut".to_owned()
    } else {
        "the request failed".to_owned()
    };
    Failure::new(code, detail)
}

/// No connection to the proxy itself was made. What comes after it, the handshake with the host behind a tunnel among it, says
/// nothing about the proxy.
fn is_of_proxy(e: &reqwest::Error) -> bool {
    if e.url().is_none_or(|url| url.scheme() != "https") {
        return e.is_connect();
    }
    causes(e).any(|cause| cause == "tunnel error: failed to create underlying connection")
}

/// What is behind an error, from the outside to the innermost.
fn causes(e: &reqwest::Error) -> impl Iterator<Item = String> + '_ {
    std::iter::successors(Error::source(e), |&cause| cause.source()).map(ToString::to_string)
}

impl Client {
    /// What a request of this client without an answer means. The text never holds the URL.
    #[must_use]
    pub fn lost(&self, e: &reqwest::Error) -> Failure {
        let failure = lost(e);
        let no_connection = matches!(
            failure.code,
            ErrorCode::ConnectionRefused | ErrorCode::HostNotFound
        );
        let by_proxy = || {
            let (_, by) = crate::now(self.place(), |all, own| own.unwrap_or(all).clone());
            e.url().is_some_and(|url| by.asks_proxy(url))
        };
        match no_connection && !self.is_direct() && is_of_proxy(e) && by_proxy() {
            true => Failure::new(ErrorCode::ProxyUnreachable, failure.detail),
            false => failure,
        }
    }
}

impl Way {
    /// Whether a request goes by a proxy, as the clients decide it.
    fn asks_proxy(&self, url: &Url) -> bool {
        if self.waits() {
            return true;
        }
        let matcher = match self.choice() {
            ProxyChoice::None => return false,
            ProxyChoice::System => Matcher::from_system(),
            ProxyChoice::Manual { address, except, .. } => {
                Matcher::builder().all(address.trim()).no(except.as_str()).build()
            }
        };
        let to = url.as_str().parse::<http::Uri>();
        to.is_ok_and(|to| matcher.intercept(&to).is_some())
    }
}
