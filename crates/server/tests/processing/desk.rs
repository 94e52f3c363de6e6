//! A server with an owner and a worker, and what both say.

use std::process::Command;
use std::sync::OnceLock;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use windlass_core::ids::{FileId, GroupId, JobId, RunId};
use windlass_protocol::owners::Role;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;
use windlass_server::serve::admin::TokenWish;

use crate::support::{Kit, Sample, random, until};

pub(crate) const OWN: [Scope; 4] = [Scope::Upload, Scope::Read, Scope::Delete, Scope::Process];

/// The program that reads files is there.
pub(crate) fn with_extractor() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "-q",
                "-p",
                "windlass-extract",
                "--bin",
                "windlass-extract",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.expect("cargo").success());
    });
}

pub(crate) struct Desk {
    pub(crate) kit: Kit,
    pub(crate) own: String,
    pub(crate) worker: String,
    pub(crate) group: GroupId,
}

impl Desk {
    /// On SQLite and on PostgreSQL, with no worker of the server's own.
    pub(crate) async fn both() -> [Self; 2] {
        let flags = [("workers", "0")];
        [
            Self::of(Kit::start(&flags).await).await,
            Self::of(Kit::postgres(&flags).await).await,
        ]
    }

    pub(crate) async fn of(kit: Kit) -> Self {
        let own = kit.token("ann", &OWN).await;
        let worker = worker(&kit).await;
        let place = kit.destination(&own, "recordings").await;
        let group = kit.group(&own, place).await;
        Self {
            kit,
            own,
            worker,
            group,
        }
    }

    pub(crate) async fn upload(&self, name: &str) -> Sample {
        let file = Sample::new(name, 1_000);
        self.kit.upload(&self.own, self.group, &file).await;
        file
    }

    pub(crate) async fn uploaded(&self, name: &str, mime: &str, data: Vec<u8>) -> Sample {
        let mut file = Sample::new(name, 1);
        file.data = data;
        file.mime = mime.into();
        self.kit.upload(&self.own, self.group, &file).await;
        file
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        answer(self.kit.get(path, &self.own).await).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        answer(self.kit.post(path, &self.own, &body).await).await
    }

    pub(crate) async fn refused(&self, path: &str, body: Value) -> (u16, String) {
        crate::support::code(self.kit.post(path, &self.own, &body).await).await
    }

    pub(crate) async fn says(&self, path: &str, body: Value) -> Value {
        answer(self.kit.post(path, &self.worker, &body).await).await
    }

    pub(crate) async fn is_told(&self, path: &str, body: Value) -> (u16, String) {
        crate::support::code(self.kit.post(path, &self.worker, &body).await).await
    }

    pub(crate) async fn claim(&self, types: &[&str], max: u32, lease_s: u32) -> Vec<Value> {
        let body = json!({ "types": types, "max": max, "lease_s": lease_s, "worker": "w" });
        list(&self.says("/v1/jobs:claim", body).await["jobs"])
    }

    pub(crate) async fn jobs(&self, query: &str) -> Vec<Value> {
        list(&self.get(&format!("/v1/jobs?{query}")).await["jobs"])
    }

    pub(crate) async fn job_of(&self, file: FileId, kind: &str) -> Value {
        let found = self.jobs(&format!("session={file}&type={kind}")).await;
        found.first().cloned().unwrap_or_default()
    }

    pub(crate) async fn job(&self, id: &str) -> Value {
        self.get(&format!("/v1/jobs/{id}")).await
    }

    pub(crate) async fn make(&self, file: FileId, kind: &str, more: Value) -> Value {
        let mut body = json!({ "id": self.job_id(), "session_id": file, "type": kind });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        self.post("/v1/jobs", body).await
    }

    pub(crate) async fn report(&self, job: &Value, more: Value) -> Response {
        let mut body = json!({ "fence": job["fence"] });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let path = format!("/v1/jobs/{}/report", text(&job["id"]));
        self.kit.post(&path, &self.worker, &body).await
    }

    /// Reports what is taken.
    pub(crate) async fn ends(&self, job: &Value, more: Value) -> Value {
        answer(self.report(job, more).await).await
    }

    /// The states of a job, one after the other.
    pub(crate) async fn log(&self, id: &str) -> Vec<String> {
        let log = self.get(&format!("/v1/jobs/{id}/log")).await;
        list(&log["entries"]).iter().map(|e| text(&e["to"])).collect()
    }

    pub(crate) fn job_id(&self) -> JobId {
        JobId::new(self.kit.world.now(), random())
    }

    pub(crate) fn run_id(&self) -> RunId {
        RunId::new(self.kit.world.now(), random())
    }

    /// The destinations take every type.
    pub(crate) async fn takes_every_type(&self) {
        let server = self.kit.server.as_ref().expect("running");
        let all = "UPDATE destination SET allowed_mime = NULL";
        let db = server.service().store().db();
        let wide = db.write(None, move |tx| tx.execute(all, &[]));
        wide.await.expect("written");
    }

    pub(crate) async fn delete(&self, file: FileId) {
        let body = json!({ "ids": [file] });
        self.post("/v1/sessions:delete", body).await;
    }

    /// Waits until a job of a file is in a state.
    pub(crate) async fn until_job(&self, file: FileId, kind: &str, state: &str) -> Value {
        until(&format!("{kind} is {state}"), async || {
            let now = text(&self.job_of(file, kind).await["state"]);
            let ended = ["completed", "failed", "cancelled"];
            assert!(
                now == state || !ended.contains(&now.as_str()),
                "{kind} is {now}, not {state}"
            );
            now == state
        })
        .await;
        self.job_of(file, kind).await
    }
}

/// A token of a worker.
pub(crate) async fn worker(kit: &Kit) -> String {
    let admin = kit.admin().await;
    drop(admin.add_user("robot".into(), None, Role::Worker, None).await);
    let wish = TokenWish {
        name: "robot".into(),
        scopes: vec![Scope::Process],
        owner: Some("robot".into()),
        destinations: Vec::new(),
        expires_at: None,
    };
    let token = admin.create_token(wish).await.expect("a token").token;
    admin.close().await.expect("closed");
    token
}

pub(crate) async fn answer(response: Response) -> Value {
    let (status, url) = (response.status(), response.url().clone());
    let body = response.text().await.expect("text");
    assert!(status.is_success(), "{url}: {status} {body}");
    serde_json::from_str(&body).unwrap_or_default()
}

pub(crate) async fn method(desk: &Desk, method: Method, path: &str, body: Value) -> Response {
    let request = desk.kit.request(method, path, &desk.own).json(&body);
    request.send().await.expect("an answer")
}

pub(crate) fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
