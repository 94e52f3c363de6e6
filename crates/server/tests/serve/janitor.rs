//! Cleaning up, the audit and the storages' hooks of a server: who may, and what a server does by itself.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_protocol::tokens::Scope;

use crate::support::{Kit, code, settings, until};

/// Routes that take an admin.
fn routes(destination: &str) -> Vec<(Method, String)> {
    vec![
        (Method::POST, "/v1/janitor/run".into()),
        (Method::GET, "/v1/audit".into()),
        (Method::GET, "/v1/storage-events".into()),
        (Method::POST, "/v1/storage-events/1/replay".into()),
        (Method::POST, format!("/v1/destinations/{destination}/hook")),
        (Method::DELETE, format!("/v1/destinations/{destination}/hook")),
    ]
}

async fn only_admins(kit: Kit) {
    let admin = kit.admin_token().await;
    let member = kit
        .token(
            "ann",
            &[Scope::Upload, Scope::Read, Scope::Delete, Scope::Process],
        )
        .await;
    let place = kit.destination(&admin, "recordings").await.to_string();
    for (method, path) in routes(&place) {
        let ask = async |token: &str| {
            let request = kit
                .request(method.clone(), &path, token)
                .json(&json!({ "dry_run": true }));
            code(request.send().await.expect("an answer")).await
        };
        assert_eq!(ask("").await, (401, "unauthenticated".into()), "{path}");
        assert_eq!(ask(&member).await, (403, "forbidden".into()), "{path}");
        let (status, code) = ask(&admin).await;
        assert!(status < 300 || code == "not_found", "{path}: {status} {code}");
    }
    let unknown = kit.post("/v1/janitor/run", &admin, &json!({ "dry": true })).await;
    assert_eq!(code(unknown).await, (400, "bad_request".into()));
}

// A46
#[tokio::test(flavor = "multi_thread")]
async fn only_admins_clean_up_read_the_audit_and_make_hooks_on_sqlite() {
    only_admins(Kit::start(&[]).await).await;
}

// A46
#[tokio::test(flavor = "multi_thread")]
async fn only_admins_clean_up_read_the_audit_and_make_hooks_on_postgres() {
    only_admins(Kit::postgres(&[]).await).await;
}

// M16, T-7: a server cleans up after its start, once, and says so in the audit.
#[tokio::test(flavor = "multi_thread")]
async fn m16_a_server_cleans_up_after_its_start() {
    let kit = Kit::postgres(&[]).await;
    let admin = kit.admin_token().await;
    until("a run in the audit", async || {
        let page: Value = kit
            .get("/v1/audit?action=janitor.run", &admin)
            .await
            .json()
            .await
            .expect("a page");
        let rows = page["items"].as_array().expect("rows");
        rows.len() == 1 && rows[0]["actor_kind"] == "janitor" && rows[0]["data"]["dry_run"] == false
    })
    .await;
}

// M16
#[test]
fn ages_of_the_janitor_are_settings() {
    let data = tempfile::TempDir::new().expect("a folder");
    let data = data.path().to_str().expect("text");
    let set = settings(&[
        ("data", data),
        ("janitor-quiet", "14d"),
        ("janitor-failed", "36h"),
    ])
    .expect("settings");
    assert_eq!(set.janitor.quiet, 14 * 86_400_000);
    assert_eq!(set.janitor.failed, 36 * 3_600_000);
    assert_eq!(set.janitor.abandoned, 3_600_000);
    for bad in ["0d", "7", "1m", "-1d", "", "x"] {
        let refused = settings(&[("data", data), ("janitor-quiet", bad)]).expect_err("refused");
        assert!(refused.detail.contains("janitor-quiet"), "{refused}");
    }
}

// G-12, A62: a path that carries a secret is in no log line and no figure.
#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_open_to_whoever_shows_its_secret_and_its_path_is_told_nowhere() {
    let kit = Kit::start(&[]).await;
    let admin = kit.admin_token().await;
    let place = kit.destination(&admin, "recordings").await;
    let hook: Value = kit
        .post(&format!("/v1/destinations/{place}/hook"), &admin, &json!({}))
        .await
        .json()
        .await
        .expect("a hook");
    let (path, secret) = (
        hook["path_with_secret"].as_str().expect("text"),
        hook["secret"].as_str().expect("text"),
    );
    let posted = kit
        .request(Method::POST, path, "")
        .body("{}")
        .send()
        .await
        .expect("an answer");
    assert_eq!(posted.status(), 200);
    let by_header = kit.request(Method::POST, hook["path"].as_str().expect("text"), secret);
    assert_eq!(
        by_header.body("{}").send().await.expect("an answer").status(),
        200
    );
    let wrong = kit.request(Method::POST, &format!("{path}x"), "").body("{}");
    assert_eq!(
        code(wrong.send().await.expect("an answer")).await,
        (401, "unauthenticated".into())
    );
    let figures = kit.get("/metrics", "").await.text().await.expect("figures");
    assert!(
        figures.contains("/v1/webhooks/storage/{destination}/{secret}"),
        "{figures}"
    );
    assert!(!figures.contains(secret));
}
