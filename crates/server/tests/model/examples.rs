//! The programs of docs/server/examples, run as they stand.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;
use windlass_protocol::owners::Role;
use windlass_protocol::tokens::Scope;
use windlass_server::serve::admin::TokenWish;

use crate::desk::Desk;
use crate::support::{Kit, random};

async fn python(desk: &Desk, program: &str, token: &str, arguments: &[&str]) -> Vec<Value> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/server/examples")
        .join(program);
    let mut python = Command::new("python3");
    python
        .arg(program)
        .args(arguments)
        .env("WINDLASS_URL", &desk.kit.url)
        .env("WINDLASS_TOKEN", token);
    let ran = python.output().await.expect("python3");
    assert!(
        ran.status.success(),
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    let lines = String::from_utf8(ran.stdout).expect("text");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_and_a_worker_of_the_operators_guide_do_what_it_says() {
    let desk = Desk::new(Kit::start(&[]).await).await;
    let text = desk.kit.dir.path().join("words.txt");
    std::fs::write(&text, "one two\nthree\n").expect("written");
    let large = desk.kit.dir.path().join("large.bin");
    let piece: [u8; 4096] = random();
    std::fs::write(&large, piece.repeat(2_500)).expect("written");
    let files = [text.to_str().expect("text"), large.to_str().expect("text")];

    let sent = python(&desk, "client.py", &desk.token, &files).await;
    let settled = |line: &Value| line["outcome"] == "settled" && line["size"] == line["sent"];
    assert!(sent.len() == 2 && sent.iter().all(settled), "{sent:?}");
    let again = python(&desk, "client.py", &desk.token, &files).await;
    assert!(
        again
            .iter()
            .all(|line| line["answer"] == "settled" && line["sent"] == 0),
        "{again:?}"
    );

    let admin = desk.kit.admin().await;
    admin
        .add_user("counter".into(), None, Role::Worker, None)
        .await
        .expect("a worker");
    let wish = TokenWish {
        name: "counter".into(),
        scopes: vec![Scope::Process],
        owner: Some("counter".into()),
        destinations: Vec::new(),
        expires_at: None,
    };
    let worker = admin.create_token(wish).await.expect("a token").token;
    admin.close().await.expect("closed");
    let job = json!({ "id": desk.group_id(), "session_id": sent[0]["id"], "type": "count_words" });
    let job = desk.ok("POST", "/v1/jobs", Some(&job)).await;
    let done = python(&desk, "worker.py", &worker, &["--once"]).await;
    assert_eq!(
        done,
        [json!({ "job": job["id"], "status": "completed", "result": { "words": 3 } })]
    );
    let path = format!("/v1/jobs/{}", job["id"].as_str().expect("an id"));
    assert_eq!(desk.ok("GET", &path, None).await["result"]["words"], 3);
}
