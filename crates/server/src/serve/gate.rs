//! The guard of `windlass serve`: finds out by the token who asks, and refuses everybody else before routing.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{OwnerId, TokenId};

use super::address::ClientAddress;
use crate::auth::keeper::{Keeper, network};
use crate::auth::limiter::{Limiter, Rate};
use crate::auth::principal::Principal;
use crate::clock::World;
use crate::metrics::Metrics;
use crate::routes::Problems;
use crate::routes::guard::{is_open, one, protect};

/// Requests of one anonymous uploader: far below those of people with an account.
const ANONYMOUS: Rate = Rate {
    per_second: 20,
    burst: 200,
};

/// The guard of a server.
pub struct Gate {
    keeper: Arc<Keeper>,
    world: Arc<dyn World>,
    metrics: Arc<Metrics>,
    /// Origins that are the server's own, or may call.
    origins: Vec<String>,
    tokens: Limiter<(OwnerId, Option<TokenId>)>,
    anonymous: Limiter<u128>,
}

impl Gate {
    /// A guard that asks the keeper.
    #[must_use]
    pub fn new(
        keeper: Arc<Keeper>,
        world: Arc<dyn World>,
        metrics: Arc<Metrics>,
        origins: Vec<String>,
        rate: Rate,
    ) -> Self {
        Self {
            keeper,
            world,
            metrics,
            origins,
            tokens: Limiter::new(rate),
            anonymous: Limiter::new(ANONYMOUS),
        }
    }

    /// Lets a request pass, with its [`Principal`], or refuses it.
    pub async fn check(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        let from = request.extensions().get::<ClientAddress>();
        let from = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |a| a.0);
        let found = self.find(request.headers(), request.uri().path(), from).await;
        let mut response = match found {
            Ok(who) => {
                if let Some(who) = who {
                    request.extensions_mut().insert(who);
                }
                next.run(request).await
            }
            Err(failure) => self.refuse(failure),
        };
        protect(&mut response);
        response
    }

    fn refuse(&self, failure: Failure) -> Response {
        let status = crate::failure::status(failure.code);
        match status {
            401 => self.metrics.count(
                "windlass_unauthenticated_total",
                &[("code", failure.code.as_str())],
                1,
            ),
            429 => self
                .metrics
                .count("windlass_limited_total", &[("limit", "token")], 1),
            _ => {}
        }
        let mut response = Problems(failure.into()).into_response();
        if status == 401 {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }

    async fn find(
        &self,
        headers: &HeaderMap,
        path: &str,
        from: IpAddr,
    ) -> Result<Option<Principal>, Failure> {
        if !self.is_own_page(headers) {
            return Err(Failure::new(
                ErrorCode::Forbidden,
                "requests of web pages are not taken from there",
            ));
        }
        if is_open(path) {
            return Ok(None);
        }
        let key = upload_key(path);
        let bearer = match key {
            Some(key) => key.as_bytes(),
            None => bearer(headers)?,
        };
        let who = self.keeper.find(bearer, from).await?;
        if key.is_some() && !self.keeper.is_upload_key(&who).await? {
            let detail = "a token in a path is for one destination, for uploading only, and ends";
            return Err(Failure::new(ErrorCode::Forbidden, detail));
        }
        let now = self.world.now();
        let taken = if who.is_anonymous() {
            self.anonymous.take(&network(from), now)
        } else {
            self.tokens.take(&(who.owner, who.token_id), now)
        };
        match taken {
            Ok(()) => Ok(Some(who)),
            Err(wait) => {
                let failure = Failure::new(ErrorCode::RateLimited, "too many requests with this token");
                Err(failure.after(Some(wait)))
            }
        }
    }

    /// A browser says where a page is from. No page of another place may call, unless the settings list it (A32).
    fn is_own_page(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
        let authority = origin.split_once("://").map(|(_, a)| a);
        self.origins.iter().any(|o| o == origin) || (authority.is_some() && authority == host)
    }
}

/// The upload key in a path, for callers that can send no header: `/k/{upload_key}/s3/…`. Paths are in no log.
fn upload_key(path: &str) -> Option<&str> {
    let (key, rest) = path.strip_prefix("/k/")?.split_once('/')?;
    rest.starts_with("s3/").then_some(key)
}

/// The secret of a request: in its header, once, or else in the path of an upload key, nowhere else (A62).
pub(super) fn bearer(headers: &HeaderMap) -> Result<&[u8], Failure> {
    let none = || {
        Failure::new(
            ErrorCode::Unauthenticated,
            "a token is needed: Authorization: Bearer …",
        )
    };
    let value = one(headers, &header::AUTHORIZATION).ok_or_else(none)?;
    match value.split_at_checked(7) {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case(b"bearer ") => Ok(secret),
        _ => Err(none()),
    }
}
