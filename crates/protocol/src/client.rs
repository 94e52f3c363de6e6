//! The typed client. One call is one request; who calls decides about repeating it ([`Failure`] says what may be done).
//!
//! # Cancel safety
//! Dropping a call's future may leave its effect done on the server: ids make asking again harmless.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId};

use crate::destinations::{Check, Destination, PutDestination};
use crate::files::{FileJobs, FileView, Page};
use crate::groups::{CreateGroup, Folders, Group, PatchGroup};
use crate::jobs::{RetryJobs, RetryResult};
use crate::owners::Quota;
use crate::places::{MetricsOf, UploadMetrics};
use crate::problem::Problem;
use crate::sessions::{
    Answers, Batch, CompleteItem, CompleteResult, DeleteResult, Ids, InitItem, InitResult, Query,
    QueryAnswer, SignItem, SignResult, VerifyResult,
};
use crate::signin::{PollSignIn, SignInOffer, SignInStarted, SignInState, StartSignIn};
use crate::tokens::Token;

/// Where a control plane is, and the right to use it.
#[derive(Clone)]
pub struct Endpoint {
    /// `http://127.0.0.1:PORT` or `https://host`; no path.
    pub base_url: String,
    /// Bearer token. Never logged.
    pub token: String,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// A client of one control plane. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ControlClient {
    endpoint: Endpoint,
    http: Arc<windlass_way::Client>,
}

/// Most bytes of an answer that are read (F67).
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// A call that is a statement in a database.
const QUICK: Duration = Duration::from_secs(60);
/// A call that asks the storage for up to 1,000 files.
const SLOW: Duration = Duration::from_secs(900);

impl ControlClient {
    /// A client. Redirects are not followed: the token goes to this host alone (A64).
    ///
    /// # Errors
    /// When the TLS set-up of this computer can't be read.
    pub fn new(endpoint: Endpoint) -> Result<Self, Failure> {
        Self::of(None, endpoint)
    }

    /// A client for one destination, which may have a proxy of its own.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(place: Option<DestinationId>, endpoint: Endpoint) -> Result<Self, Failure> {
        let direct = windlass_way::is_loopback(&endpoint.base_url);
        let http = windlass_way::Client::new(direct, place, || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_secs(15))
                // A host that vanished in the middle of an answer is found out.
                .tcp_keepalive(Duration::from_secs(15))
                .tcp_keepalive_interval(Duration::from_secs(5))
                .tcp_keepalive_retries(3)
        })?;
        let http = Arc::new(http);
        Ok(Self { endpoint, http })
    }

    /// Makes a group or answers the one that is there.
    ///
    /// # Errors
    /// See [`Failure`]; the same for all calls.
    pub async fn create_group(&self, group: &CreateGroup) -> Result<Group, Failure> {
        self.call(Method::POST, "/v1/groups", Some(group), QUICK).await
    }

    /// Changes what is kept beside a group.
    ///
    /// # Errors
    /// As [`Self::create_group`]; `group_completed` for a closed one.
    pub async fn patch_group(&self, id: GroupId, patch: &PatchGroup) -> Result<(), Failure> {
        let _: Group = self
            .call(Method::PATCH, &format!("/v1/groups/{id}"), Some(patch), QUICK)
            .await?;
        Ok(())
    }

    /// Has empty folders of an open group stand at its destination, where that can hold any. Answers which do; at most 1,000 at once.
    ///
    /// # Errors
    /// As [`Self::create_group`].
    pub async fn keep_folders(&self, id: GroupId, folders: &Folders) -> Result<Folders, Failure> {
        let path = format!("/v1/groups/{id}/folders");
        self.call(Method::POST, &path, Some(folders), SLOW).await
    }

    /// Finalizes a group: refused with `finalize_incomplete` unless every required file is settled.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn finalize_group(&self, id: GroupId) -> Result<Group, Failure> {
        self.call(
            Method::POST,
            // Where a million files lie would be a long answer, and the caller has sent them.
            &format!("/v1/groups/{id}/finalize?limit=0"),
            None::<&()>,
            QUICK,
        )
        .await
    }

    /// Cancels a group; its unfinished files are given up, settled ones stay.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn cancel_group(&self, id: GroupId) -> Result<Group, Failure> {
        self.call(
            Method::POST,
            &format!("/v1/groups/{id}/cancel"),
            None::<&()>,
            SLOW,
        )
        .await
    }

    /// Announces files.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn init(&self, items: Vec<InitItem>) -> Result<Vec<InitResult>, Failure> {
        self.batch("init", items, SLOW).await
    }

    /// Asks for signed URLs.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn sign(&self, items: Vec<SignItem>) -> Result<Vec<SignResult>, Failure> {
        self.batch("sign", items, QUICK).await
    }

    /// Completes and proves files.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn complete(&self, items: Vec<CompleteItem>) -> Result<Vec<CompleteResult>, Failure> {
        self.batch("complete", items, SLOW).await
    }

    /// What is known of files.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn query(&self, query: &Query) -> Result<QueryAnswer, Failure> {
        self.call(Method::POST, "/v1/sessions:query", Some(query), SLOW)
            .await
    }

    /// Gives up or deletes files.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn delete(&self, ids: &Ids) -> Result<Vec<DeleteResult>, Failure> {
        self.call(Method::POST, "/v1/sessions:delete", Some(ids), SLOW)
            .await
            .map(|a: Answers<_>| a.items)
    }

    /// Asks the storage again for settled files.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn verify(&self, ids: &Ids) -> Result<Vec<VerifyResult>, Failure> {
        self.call(Method::POST, "/v1/sessions:verify", Some(ids), SLOW)
            .await
            .map(|a: Answers<_>| a.items)
    }

    /// Tests a destination without saving it.
    ///
    /// # Errors
    /// See [`Failure`]; a test that ran and failed is an answer.
    pub async fn test_destination(&self, d: &PutDestination) -> Result<Check, Failure> {
        self.call(Method::POST, "/v1/destinations:test", Some(d), SLOW)
            .await
    }

    /// Tests and, when the test is fine, saves a destination.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn put_destination(&self, d: &PutDestination) -> Result<Check, Failure> {
        self.call(Method::PUT, &format!("/v1/destinations/{}", d.id), Some(d), SLOW)
            .await
    }

    /// Tests a saved destination.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn check_destination(&self, id: DestinationId) -> Result<Check, Failure> {
        self.call(
            Method::POST,
            &format!("/v1/destinations/{id}/test"),
            None::<&()>,
            SLOW,
        )
        .await
    }

    /// All destinations.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn destinations(&self) -> Result<Vec<Destination>, Failure> {
        self.call(Method::GET, "/v1/destinations", None::<&()>, QUICK)
            .await
            .map(|a: Answers<_>| a.items)
    }

    /// Removes a destination; refused while open files go there.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn remove_destination(&self, id: DestinationId) -> Result<(), Failure> {
        self.call::<(), serde_json::Value>(Method::DELETE, &format!("/v1/destinations/{id}"), None, QUICK)
            .await
            .map(|_| ())
    }

    /// A group.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn group(&self, id: GroupId) -> Result<Group, Failure> {
        self.call(Method::GET, &format!("/v1/groups/{id}"), None::<&()>, QUICK)
            .await
    }

    /// The processing track of files.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn jobs_of(&self, ids: &Ids) -> Result<Vec<FileJobs>, Failure> {
        self.call(Method::POST, "/v1/sessions:jobs", Some(ids), QUICK)
            .await
            .map(|a: Answers<_>| a.items)
    }

    /// Lets dead letters go again.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn retry_jobs(&self, jobs: &RetryJobs) -> Result<Vec<RetryResult>, Failure> {
        self.call(Method::POST, "/v1/jobs:retry", Some(jobs), SLOW)
            .await
            .map(|a: Answers<_>| a.items)
    }

    /// Open files without a sign of life for an hour, of all machines, newest first.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn abandoned(&self, cursor: Option<&str>) -> Result<Page<FileView>, Failure> {
        let mut path = "/v1/sessions?abandoned=1&limit=1000".to_owned();
        if let Some(cursor) = cursor {
            path.push_str("&cursor=");
            path.push_str(cursor);
        }
        self.call(Method::GET, &path, None::<&()>, QUICK).await
    }

    /// The figures of the account, over all its computers.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn upload_metrics(&self, of: MetricsOf) -> Result<UploadMetrics, Failure> {
        let path = match of {
            MetricsOf::Sessions => "/v1/metrics/uploads?of=sessions",
            MetricsOf::Groups => "/v1/metrics/uploads?of=groups",
        };
        self.call(Method::GET, path, None::<&()>, QUICK).await
    }

    /// How much the account may store, and does.
    ///
    /// # Errors
    /// See [`Failure`]; `not_found` of a server that is older.
    pub async fn quota(&self) -> Result<Quota, Failure> {
        self.call(Method::GET, "/v1/quota", None::<&()>, QUICK).await
    }

    /// Whether people sign in with an identity provider; none where tokens are the only way. Needs no token.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn sign_in_offer(&self) -> Result<Option<SignInOffer>, Failure> {
        match self.call(Method::GET, "/v1/signin", None::<&()>, QUICK).await {
            Ok(offer) => Ok(Some(offer)),
            // A server that is older refuses before it looks for the route.
            Err(e) if matches!(e.code, ErrorCode::NotFound | ErrorCode::Unauthenticated) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Begins a sign-in. Needs no token.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn start_sign_in(&self, start: &StartSignIn) -> Result<SignInStarted, Failure> {
        self.call(Method::POST, "/v1/signin", Some(start), QUICK).await
    }

    /// Asks what became of a sign-in. Needs no token; the handle is the right.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn poll_sign_in(&self, handle: &str) -> Result<SignInState, Failure> {
        let poll = PollSignIn {
            handle: handle.to_owned(),
        };
        self.call(Method::POST, "/v1/signin:poll", Some(&poll), QUICK)
            .await
    }

    /// Takes back the token that asks.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn sign_out(&self) -> Result<Token, Failure> {
        self.call(Method::DELETE, "/v1/tokens/self", None::<&()>, QUICK)
            .await
    }

    /// What the server's clock says, milliseconds since 1970, by an answer that needs no sign-in; none when it does not
    /// tell. Also shows that something of Windlass is there at all.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn time(&self) -> Result<Option<i64>, Failure> {
        let request = self
            .http
            .get()
            .get(format!("{}/healthz", self.endpoint.base_url))
            .timeout(Duration::from_secs(20));
        let response = request.send().await.map_err(|e| failure_of(&self.http, &e))?;
        let told = response.headers().get("windlass-time");
        let time = told.and_then(|t| t.to_str().ok()).and_then(|t| t.parse().ok());
        match response.status() {
            status if status.is_success() => Ok(time),
            status => Err(not_ours(status, "no Windlass server answers there")),
        }
    }

    async fn batch<I: Serialize, O: DeserializeOwned>(
        &self,
        verb: &str,
        items: Vec<I>,
        limit: Duration,
    ) -> Result<Vec<O>, Failure> {
        let asked = items.len();
        let answers: Answers<O> = self
            .call(
                Method::POST,
                &format!("/v1/sessions:{verb}"),
                Some(&Batch { items }),
                limit,
            )
            .await?;
        if answers.items.len() != asked {
            return Err(Failure::new(
                ErrorCode::Internal,
                format!("{verb}: {} answers to {asked} items", answers.items.len()),
            ));
        }
        Ok(answers.items)
    }

    async fn call<B: Serialize + ?Sized, O: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
        limit: Duration,
    ) -> Result<O, Failure> {
        let mut request = self
            .http
            .get()
            .request(method, format!("{}{path}", self.endpoint.base_url))
            .bearer_auth(&self.endpoint.token)
            .timeout(limit);
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(|e| failure_of(&self.http, &e))?;
        let status = response.status();
        let retry_after = retry_after_ms(response.headers());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| failure_of(&self.http, &e))? {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(Failure::new(ErrorCode::Internal, "the answer is too long"));
            }
            bytes.extend_from_slice(&chunk);
        }
        if status.is_success() {
            // 204 has no body; `null` stands for it.
            let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
            return serde_json::from_slice(text).map_err(|e| not_ours(status, &e.to_string()));
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(p) => {
                let failure = p.to_failure();
                let asked = failure.retry_after_ms.or(retry_after);
                Err(failure.after(asked))
            }
            Err(_) => Err(not_ours(status, "no problem details").after(retry_after)),
        }
    }
}

/// A 2xx without our shape, or an error page: something between here and there answered (F62).
fn not_ours(status: StatusCode, why: &str) -> Failure {
    let code = match status.as_u16() {
        407 => ErrorCode::ProxyAuth,
        200..=399 => ErrorCode::CaptivePortal,
        429 | 503 => ErrorCode::DestinationSlowDown,
        502 | 504 => ErrorCode::StorageDown,
        _ => ErrorCode::Internal,
    };
    Failure::new(code, format!("answer {status}: {why}"))
}

/// What a request that got no whole answer means, as a client says it that goes by no proxy.
#[must_use]
pub fn transport_failure(e: &reqwest::Error) -> Failure {
    in_time(e).unwrap_or_else(|| windlass_way::lost(e))
}

/// The same of a client that may go by one.
#[must_use]
pub fn failure_of(client: &windlass_way::Client, e: &reqwest::Error) -> Failure {
    in_time(e).unwrap_or_else(|| client.lost(e))
}

/// None where time was not what it lacked.
fn in_time(e: &reqwest::Error) -> Option<Failure> {
    e.is_timeout()
        .then(|| Failure::new(ErrorCode::SlowNetwork, "no answer in time"))
}

/// `Retry-After` in seconds, as milliseconds. A date or nonsense counts as none (F78).
#[must_use]
pub fn retry_after_ms(headers: &header::HeaderMap) -> Option<i64> {
    headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse::<i64>()
        .ok()?
        .checked_mul(1_000)
}
