//! Alive, ready, figures.

use serde_json::Value;
use windlass_protocol::tokens::Scope;
use windlass_testkit::postgres::{Durability, Postgres};

use crate::support::{Kit, Sample, settings, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_ready_until_its_storage_goes_away() {
    let kit = Kit::start(&[]).await;
    assert_eq!(kit.get("/healthz", "").await.text().await.expect("text"), "ok");
    let ready: Value = kit.get("/readyz", "").await.json().await.expect("json");
    assert_eq!(ready["ready"], true);
    // A disk that was unplugged: the mount point is empty.
    let (files, away) = (
        kit.settings.data.join("files/models"),
        kit.dir.path().join("away"),
    );
    std::fs::rename(&files, &away).expect("moved");
    until("not ready", async || kit.get("/readyz", "").await.status() == 503).await;
    let ready: Value = kit.get("/readyz", "").await.json().await.expect("json");
    assert!(ready["database"] == true && ready["storage"] == false, "{ready}");
    assert!(!ready.to_string().contains("files"), "health names no places");
    std::fs::rename(&away, &files).expect("moved back");
    until("ready again", async || {
        kit.get("/readyz", "").await.status() == 200
    })
    .await;
    assert_eq!(kit.get("/healthz", "").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_and_returns_is_told_and_needs_no_restart() {
    let server = tokio::task::spawn_blocking(|| {
        let server = Postgres::start(Durability::Fast).expect("PostgreSQL");
        server
            .sql("postgres", "CREATE DATABASE ready")
            .expect("a database");
        server
    });
    let mut server = server.await.expect("started");
    let url = server.url("ready");
    let kit = Kit::start(&[("database", &url), ("database-connections", "2")]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    assert_eq!(kit.get("/readyz", "").await.status(), 200);
    server = tokio::task::spawn_blocking(move || {
        server.crash();
        server
    })
    .await
    .expect("crashed");
    until("not ready", async || kit.get("/readyz", "").await.status() == 503).await;
    let ready: Value = kit.get("/readyz", "").await.json().await.expect("json");
    assert_eq!(ready["database"], false);
    kit.world.later(10_000);
    let refused = kit.get("/v1/destinations", &token).await;
    assert_eq!(refused.status(), 503);
    let body = refused.text().await.expect("text");
    assert!(
        body.contains("database_down") && !body.contains("127.0.0.1"),
        "{body}"
    );
    assert_eq!(kit.get("/healthz", "").await.status(), 200, "the process is fine");
    assert!(
        kit.get("/metrics", "")
            .await
            .text()
            .await
            .expect("text")
            .contains("windlass_database_up 0")
    );
    let server = tokio::task::spawn_blocking(move || {
        server.start_again().expect("started again");
        server
    })
    .await
    .expect("started again");
    until("ready again", async || {
        kit.get("/readyz", "").await.status() == 200
    })
    .await;
    assert_eq!(kit.get("/v1/destinations", &token).await.status(), 200);
    drop(kit);
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a056_figures_count_what_happened_and_are_not_for_everybody() {
    for kit in [Kit::start(&[]).await, Kit::postgres(&[]).await] {
        let token = kit.token("ann", &[Scope::Upload, Scope::Read]).await;
        let place = kit.destination(&token, "recordings").await;
        let group = kit.group(&token, place).await;
        kit.upload(&token, group, &Sample::new("a.bin", 1_234)).await;
        kit.client(&token)
            .init(vec![Sample::new("b.bin", 10).init(group)])
            .await
            .expect("init");
        kit.get("/v1/destinations", "wl_nobody").await;
        let page = kit.get("/metrics", "").await.text().await.expect("text");
        for line in [
            "windlass_init_total{answer=\"upload\"} 2",
            "windlass_complete_total{outcome=\"settled\"} 1",
            "windlass_complete_bytes_total 1234",
            "windlass_signed_parts_total 1",
            "windlass_blob_bytes_total{direction=\"in\"} 1234",
            "windlass_requests_total{method=\"POST\",route=\"/v1/sessions:init\",status=\"200\"} 2",
            "windlass_unauthenticated_total{code=\"unauthenticated\"} 1",
            "windlass_sessions{state=\"pending\"} 1",
            "windlass_database_up 1",
        ] {
            assert!(page.lines().any(|l| l == line), "{line}\n{page}");
        }
        assert!(page.contains("windlass_request_seconds_bucket{route=\"/v1/sessions:complete\""));
        for secret in [&token[3..], "sig=", "Trip", "a.bin"] {
            assert!(!page.contains(secret), "{secret}");
        }
    }
    let far = Kit::start(&[("metrics-from", "192.0.2.0/24")]).await;
    assert_eq!(far.get("/metrics", "").await.status(), 401);
    assert_eq!(
        far.get("/metrics", &far.token("ann", &[Scope::Read]).await)
            .await
            .status(),
        403
    );
    assert_eq!(far.get("/metrics", &far.admin_token().await).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn shipped_destinations_are_made_once_and_never_move_by_a_setting() {
    let mut kit = Kit::start(&[]).await;
    let admin = kit.admin_token().await;
    let models = kit.destination(&admin, "models").await;
    kit.client(&admin)
        .remove_destination(models)
        .await
        .expect("removed");
    kit.server
        .take()
        .expect("running")
        .shutdown()
        .await
        .expect("ended");
    let again = windlass_server::serve::start(kit.settings.clone())
        .await
        .expect("a server");
    let all = again.service().destinations().await.expect("destinations");
    let names: Vec<_> = all.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(
        names,
        ["recordings", "projects"],
        "what was removed stays removed"
    );
    again.shutdown().await.expect("ended");
    let (data, other) = (kit.settings.data.clone(), kit.dir.path().join("other"));
    let moved = settings(&[
        ("data", data.to_str().expect("text")),
        ("listen", "127.0.0.1:0"),
        ("storage", other.to_str().expect("text")),
    ])
    .expect("settings");
    let refused = windlass_server::serve::start(moved).await.err().expect("refused");
    assert!(
        refused.detail.starts_with("storage: the destination recordings"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_has_one_server_at_a_time() {
    let kit = Kit::start(&[]).await;
    let second = windlass_server::serve::start(kit.settings.clone())
        .await
        .err()
        .expect("refused");
    assert_eq!(second.code, windlass_core::error::ErrorCode::AlreadyRunning);
}
