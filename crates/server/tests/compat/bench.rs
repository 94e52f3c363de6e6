//! A server without workers of its own, a caller, and a worker that does what the test says.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_core::time::Timestamp;
use windlass_protocol::owners::Role;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::{SystemWorld, World as _};
use windlass_server::serve::admin::TokenWish;

use crate::support::garage::Bucket;
use crate::support::{Kit, random, stored};

const FLAGS: [(&str, &str); 1] = [("workers", "0")];
const OWN: [Scope; 4] = [Scope::Upload, Scope::Read, Scope::Delete, Scope::Process];

pub(crate) struct Bench {
    pub(crate) kit: Kit,
    pub(crate) token: String,
}

impl Bench {
    async fn of(kit: Kit) -> Self {
        let token = kit.token("ann", &OWN).await;
        Self { kit, token }
    }

    /// A folder, on each database.
    pub(crate) async fn both() -> [Self; 2] {
        Self::both_with(&[]).await
    }

    pub(crate) async fn both_with(more: &[(&str, &str)]) -> [Self; 2] {
        let flags = [&FLAGS, more].concat();
        [
            Self::of(Kit::start(&flags).await).await,
            Self::of(Kit::postgres(&flags).await).await,
        ]
    }

    /// A bucket of Garage, on each database.
    pub(crate) async fn buckets() -> ([Self; 2], Bucket) {
        let (bucket, other) = (Bucket::fresh().await, Bucket::fresh().await);
        let flags = [FLAGS[0], bucket.storage()];
        let one = Self::of(Kit::with(None, &flags, &bucket.keys()).await).await;
        let (flags, database) = ([FLAGS[0], other.storage()], Kit::database().await);
        let two = Self::of(Kit::with(Some(database), &flags, &other.keys()).await).await;
        ([one, two], bucket)
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.ask_as(&self.token, method, path, body).await
    }

    pub(crate) async fn ask_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let mut request = self.kit.request(method, path, token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The answer to a call that is fine.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, Some(&body)).await;
        assert_eq!(status, 200, "POST {path}: {answer}");
        answer
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::PATCH, path, Some(&body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "GET {path}: {answer}");
        answer
    }

    /// Status and code of a call that is refused.
    pub(crate) async fn refused(&self, path: &str, body: Value) -> (u16, String, String) {
        let (status, answer) = self.ask(Method::POST, path, Some(&body)).await;
        let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        (status, word("code"), word("detail"))
    }

    /// Sends bytes by a signed URL, as a stranger does. The ETag.
    pub(crate) async fn put(&self, url: &Value, bytes: &[u8]) -> String {
        let url = url.as_str().expect("a URL");
        let response = stored(|| {
            let request = self.kit.http.put(url).body(bytes.to_vec());
            request.header("content-type", "application/octet-stream")
        })
        .await;
        let status = response.status().as_u16();
        let etag = response
            .headers()
            .get("etag")
            .map(|e| e.to_str().expect("text").to_owned());
        assert_eq!(status, 200, "{}", response.text().await.unwrap_or_default());
        etag.expect("an etag")
    }

    /// A token of the workers.
    pub(crate) async fn worker(&self) -> String {
        let admin = self.kit.admin().await;
        drop(admin.add_user("worker".into(), None, Role::Worker, None).await);
        let wish = TokenWish {
            name: "worker".into(),
            scopes: vec![Scope::Process, Scope::Read],
            owner: Some("worker".into()),
            destinations: Vec::new(),
            expires_at: None,
        };
        let token = admin.create_token(wish).await.expect("a token").token;
        admin.close().await.expect("closed");
        token
    }

    /// Takes the jobs of a type that are due: id, fence, session.
    pub(crate) async fn claim(&self, worker: &str, kind: &str) -> Vec<(String, i64, String)> {
        let body = json!({ "types": [kind], "max": 100, "worker": "test" });
        let (status, answer) = self
            .ask_as(worker, Method::POST, "/v1/jobs:claim", Some(&body))
            .await;
        assert_eq!(status, 200, "{answer}");
        let word = |v: &Value| v.as_str().expect("text").to_owned();
        let jobs = answer["jobs"].as_array().expect("jobs").iter();
        jobs.map(|j| {
            (
                word(&j["id"]),
                j["fence"].as_i64().expect("a fence"),
                word(&j["session_id"]),
            )
        })
        .collect()
    }

    pub(crate) async fn report(&self, worker: &str, job: &(String, i64, String), fine: bool) {
        let body = json!({
            "fence": job.1, "status": if fine { "completed" } else { "failed" }, "retry": false,
            "error": if fine { Value::Null } else { json!({ "detail": "it can't be read" }) },
        });
        let path = format!("/v1/jobs/{}/report", job.0);
        let (status, answer) = self.ask_as(worker, Method::POST, &path, Some(&body)).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// A word of an answer.
pub(crate) fn word<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_default()
}

pub(crate) fn sha256(data: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    digest.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn bytes(len: usize) -> Vec<u8> {
    let mut data = vec![0; len];
    SystemWorld.fill(&mut data).expect("random bytes");
    data
}

/// An id that nobody has.
pub(crate) fn fresh_id() -> String {
    windlass_core::ids::FileId::new(Timestamp::from_millis(1_700_000_000_000), random()).to_string()
}
