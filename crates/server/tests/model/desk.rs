//! A server with a user, and short ways to say what is asked of it.

use std::collections::BTreeMap;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId};
use windlass_protocol::sessions::CompleteOutcome;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;

use crate::support::{Kit, Sample, random};

/// What a user may.
pub(crate) const OWN: [Scope; 4] = [Scope::Upload, Scope::Read, Scope::Delete, Scope::Process];

pub(crate) struct Desk {
    pub(crate) kit: Kit,
    pub(crate) token: String,
    pub(crate) places: BTreeMap<String, DestinationId>,
}

/// Runs a test on both databases, one after another.
macro_rules! both {
    ($test:expr) => {
        $test(crate::desk::Desk::new(crate::support::Kit::start(&[]).await).await).await;
        $test(crate::desk::Desk::new(crate::support::Kit::postgres(&[]).await).await).await;
    };
}
pub(crate) use both;

impl Desk {
    pub(crate) async fn new(kit: Kit) -> Self {
        let token = kit.token("ann", &OWN).await;
        let all = kit.client(&token).destinations().await.expect("destinations");
        let places = all.into_iter().map(|d| (d.name, d.id)).collect();
        Self { kit, token, places }
    }

    pub(crate) fn place(&self, name: &str) -> DestinationId {
        self.places[name]
    }

    pub(crate) fn group_id(&self) -> GroupId {
        GroupId::new(self.kit.world.now(), random())
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
        self.ask_as(&self.token, method, path, body).await
    }

    pub(crate) async fn ask_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Response {
        let method: Method = method.parse().expect("a method");
        let mut request = self.kit.request(method, path, token);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.expect("an answer")
    }

    /// Asks, and it works.
    pub(crate) async fn ok(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let response = self.ask(method, path, body).await;
        let status = response.status();
        let text = response.text().await.expect("text");
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Asks, and it is refused.
    pub(crate) async fn refused(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, String, Value) {
        let response = self.ask(method, path, body).await;
        let status = response.status().as_u16();
        let problem: Value = response.json().await.expect("a problem");
        let code = problem["code"].as_str().unwrap_or_default().to_owned();
        assert!(status >= 400, "{method} {path}: {status} {problem}");
        (status, code, problem)
    }

    /// A group of a template.
    pub(crate) async fn entity(&self, template: &str) -> GroupId {
        let id = self.group_id();
        let body = json!({ "id": id, "name": template, "template": template });
        let group = self.ok("POST", "/v1/groups", Some(&body)).await;
        assert_eq!(group["state"], "draft");
        id
    }

    pub(crate) async fn group(&self, id: GroupId) -> Value {
        self.ok("GET", &format!("/v1/groups/{id}"), None).await
    }

    pub(crate) async fn file(&self, id: FileId) -> Value {
        self.ok("GET", &format!("/v1/sessions/{id}"), None).await
    }

    /// What a file is announced with.
    pub(crate) fn announce(&self, file: &Sample, more: &Value) -> Value {
        let mut item = json!({
            "id": file.id, "rel_path": file.path, "size": file.data.len(), "mime": file.mime,
            "part_size": file.part, "sha256": file.sha256(),
            "client_id": ClientId::new(self.kit.world.now(), [7; 10]),
        });
        for (name, value) in more.as_object().expect("an object") {
            item[name] = value.clone();
        }
        item
    }

    /// Announces one file.
    pub(crate) async fn init(&self, file: &Sample, more: &Value) -> Value {
        let body = json!({ "items": [self.announce(file, more)] });
        self.ok("POST", "/v1/sessions:init", Some(&body)).await["items"][0].clone()
    }

    /// Sends and completes an announced file.
    pub(crate) async fn send(&self, file: &Sample) -> CompleteOutcome {
        let parts = self.kit.send(&self.token, file).await;
        self.complete(file, parts).await
    }

    pub(crate) async fn complete(
        &self,
        file: &Sample,
        parts: Vec<windlass_protocol::sessions::DonePart>,
    ) -> CompleteOutcome {
        let client = self.kit.client(&self.token);
        let done = client
            .complete(vec![file.complete(parts)])
            .await
            .expect("complete");
        done.into_iter().next().expect("one").outcome
    }

    /// The whole way of a file.
    pub(crate) async fn upload(&self, file: &Sample, more: &Value) -> Value {
        let answer = self.init(file, more).await;
        assert_eq!(answer["answer"], "upload", "{answer}");
        let outcome = self.send(file).await;
        assert!(matches!(outcome, CompleteOutcome::Settled(_)), "{outcome:?}");
        self.file(file.id).await
    }

    /// A file that was given up by a real error: complete finds other bytes, until nothing is left to try.
    pub(crate) async fn fail(&self, id: FileId) {
        let service = self.kit.server.as_ref().expect("running").service();
        let owner = self.owner(id).await;
        let why = windlass_core::error::Failure::new(
            windlass_core::error::ErrorCode::ReadError,
            "the disk could not be read",
        );
        service.fail_file(owner, id, why).await.expect("failed");
    }

    /// Whose a file is.
    pub(crate) async fn owner(&self, id: FileId) -> windlass_core::ids::OwnerId {
        let db = self
            .kit
            .server
            .as_ref()
            .expect("running")
            .service()
            .store()
            .db()
            .clone();
        db.read(move |tx| {
            tx.query_one(
                "SELECT owner_id FROM upload_session WHERE id = ?1",
                windlass_server::params![id],
            )?
            .get(0)
        })
        .await
        .expect("an owner")
    }
}

impl Kit {
    /// Its clock, milliseconds since 1970.
    pub(crate) fn world_now(&self) -> i64 {
        self.world.now().as_millis()
    }
}
