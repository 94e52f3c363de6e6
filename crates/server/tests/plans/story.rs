//! What clients, workers and replicas ask all the time, once each.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_core::ids::JobId;
use windlass_protocol::owners::Role;
use windlass_protocol::sessions::Query;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;
use windlass_server::db::Dialect;
use windlass_server::serve::admin::TokenWish;

use crate::listen;
use crate::support::{Kit, Sample, random, until};

/// Tables that grow with what is uploaded.
pub(crate) const GROW: &[&str] = &[
    "upload_session",
    "stored_object",
    "file_part",
    "upload_group",
    "processing_job",
    "processing_run",
    "document_text",
    "chunk",
    "outbox_entry",
    "audit_row",
];

const OWN: [Scope; 4] = [Scope::Upload, Scope::Read, Scope::Delete, Scope::Process];

/// Runs it, and answers the statements about tables that grow.
pub(crate) fn told(dialect: Dialect) -> BTreeSet<String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let flags = [("workers", "0")];
        let kit = match dialect {
            Dialect::Sqlite => Kit::start(&flags).await,
            Dialect::Postgres => Kit::postgres(&flags).await,
        };
        let own = kit.token("ann", &OWN).await;
        let worker = worker(&kit).await;
        let place = kit.destination(&own, "recordings").await;
        listen::begin();
        run(&kit, &own, &worker, place).await;
        let heard = listen::heard();
        kit.server.expect("running").shutdown().await.expect("an end");
        let grows = |sql: &String| {
            let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|w| GROW.contains(&w))
        };
        heard.into_iter().filter(grows).collect()
    })
}

async fn run(kit: &Kit, own: &str, worker: &str, place: windlass_core::ids::DestinationId) {
    let group = kit.group(own, place).await;
    let file = Sample::new("a.bin", 1_000);
    kit.upload(own, group, &file).await;
    // In parts.
    let mut large = Sample::new("large.bin", (8 << 20) + 10);
    large.part = 8 << 20;
    kit.upload(own, group, &large).await;
    let client = kit.client(own);
    let query = Query {
        ids: vec![file.id],
        parts: false,
    };
    client.query(&query).await.expect("known");
    for path in [
        format!("/v1/sessions/{}", file.id),
        format!("/v1/sessions?group={group}"),
        "/v1/sessions?limit=10".to_owned(),
        "/v1/sessions?state=failed&limit=10".to_owned(),
        format!("/v1/groups/{group}"),
        "/v1/groups?limit=10".to_owned(),
        "/v1/uploads?limit=10".to_owned(),
        "/v1/changes?limit=10".to_owned(),
        format!("/v1/jobs?session={}", file.id),
        "/v1/jobs?limit=10".to_owned(),
    ] {
        ask(kit, Method::GET, &path, own, Value::Null).await;
    }
    work(kit, own, worker, &file).await;
    let gone = Sample::new("gone.bin", 1_000);
    client.init(vec![gone.init(group)]).await.expect("announced");
    ask(
        kit,
        Method::POST,
        "/v1/sessions:delete",
        own,
        json!({ "ids": [gone.id] }),
    )
    .await;
    ask(
        kit,
        Method::POST,
        &format!("/v1/groups/{group}/finalize"),
        own,
        json!({}),
    )
    .await;
    // What replicas do by themselves.
    let service = kit.server.as_ref().expect("running").service();
    service.sweep_quiet().await.expect("swept");
    service.sweep().await.expect("swept");
}

/// A job from its claim to its end, and one that is given up.
async fn work(kit: &Kit, own: &str, worker: &str, file: &Sample) {
    let claim = json!({ "types": ["validate", "extract_text"], "max": 10, "lease_s": 60, "worker": "w" });
    let mut jobs = Vec::new();
    until("there are jobs", async || {
        let claimed = ask(kit, Method::POST, "/v1/jobs:claim", worker, claim.clone()).await;
        jobs.extend(claimed["jobs"].as_array().cloned().unwrap_or_default());
        jobs.len() >= 2
    })
    .await;
    let id = jobs[0]["id"].as_str().expect("an id").to_owned();
    let fence = jobs[0]["fence"].clone();
    let beat = json!({ "fence": fence, "lease_s": 60 });
    ask(
        kit,
        Method::POST,
        &format!("/v1/jobs/{id}/heartbeat"),
        worker,
        beat,
    )
    .await;
    let end = json!({ "fence": fence, "status": "completed", "result": {} });
    ask(kit, Method::POST, &format!("/v1/jobs/{id}/report"), worker, end).await;
    let made = JobId::new(kit.world.now(), random());
    let job = json!({ "id": made, "session_id": file.id, "type": "other" });
    ask(kit, Method::POST, "/v1/jobs", own, job).await;
    ask(kit, Method::GET, &format!("/v1/jobs/{made}"), own, Value::Null).await;
    ask(
        kit,
        Method::GET,
        &format!("/v1/jobs/{made}/log"),
        own,
        Value::Null,
    )
    .await;
    ask(
        kit,
        Method::POST,
        &format!("/v1/jobs/{made}/cancel"),
        own,
        json!({}),
    )
    .await;
}

async fn ask(kit: &Kit, method: Method, path: &str, token: &str, body: Value) -> Value {
    let mut request = kit.request(method, path, token);
    if !body.is_null() {
        request = request.json(&body);
    }
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("text");
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

async fn worker(kit: &Kit) -> String {
    let admin = kit.admin().await;
    admin
        .add_user("robot".into(), None, Role::Worker, None)
        .await
        .expect("added");
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
