//! What every answer has: ids, the time, no inside of the program (A44, A55).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{self, Next};
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;
use windlass_server::metrics::Metrics;
use windlass_server::serve::front::Front;
use windlass_server::serve::listen::{Listening, serve};

use crate::support::{Kit, TestWorld, code, settings};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_names_its_request_and_the_time_and_is_no_page() {
    let kit = Kit::start(&[]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    for (path, token) in [
        ("/healthz", ""),
        ("/v1/destinations", &token),
        ("/v1/destinations", ""),
        ("/nowhere", &token),
    ] {
        let before = kit.world.now().as_millis();
        let response = kit.get(path, token).await;
        let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
        let time: i64 = header("windlass-time").parse().expect("a time");
        assert!((before..=kit.world.now().as_millis()).contains(&time), "{path}");
        assert_eq!(header("windlass-request-id").len(), 24, "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        assert!(header("content-security-policy").contains("default-src 'none'"));
    }
    for (given, taken) in [
        ("my-id_1.2", true),
        ("a b", false),
        (&*"x".repeat(65), false),
        ("<script>", false),
    ] {
        let request = kit
            .request(reqwest::Method::GET, "/healthz", "")
            .header("windlass-request-id", given);
        let response = request.send().await.expect("an answer");
        assert_eq!(
            response.headers()["windlass-request-id"] == given,
            taken,
            "{given}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_is_a_500_with_the_requests_id_and_the_next_request_is_answered() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let data = dir.path().to_str().expect("text");
    let settings = settings(&[("data", data), ("request-timeout", "300ms")]).expect("settings");
    let metrics = Arc::new(Metrics::default());
    let front = Arc::new(Front::new(
        &settings,
        Arc::new(TestWorld::default()),
        Arc::clone(&metrics),
    ));
    async fn defect() -> &'static str {
        panic!("secret inside")
    }
    async fn endless() -> &'static str {
        std::future::pending().await
    }
    let app = Router::new()
        .route("/defect", get(defect))
        .route("/endless", get(endless))
        .route("/fine", get(async || "fine"))
        .layer(middleware::from_fn(move |request, next: Next| {
            Arc::clone(&front).receive(request, next)
        }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let how = Listening {
        tls: None,
        max_connections: 100,
        trusted_proxies: Vec::new(),
        header_timeout: Duration::from_secs(5),
        metrics: Arc::clone(&metrics),
    };
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, app, how, stop.clone(), Duration::from_secs(5)));
    let http = reqwest::Client::builder().no_proxy().build().expect("http");
    let ask = async |path: &str| http.get(format!("{base}{path}")).send().await.expect("an answer");

    let response = ask("/defect").await;
    assert_eq!(response.status(), 500);
    let id = response.headers()["windlass-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    let body = response.text().await.expect("text");
    assert!(
        body.contains(&id) && body.contains("\"internal\"") && !body.contains("secret"),
        "{body}"
    );
    assert_eq!(code(ask("/endless").await).await, (503, "overloaded".into()));
    assert_eq!(ask("/fine").await.status(), 200);
    assert!(metrics.render().contains("windlass_panics_total 1"));
    drop(http);
    stop.cancel();
    assert!(serving.await.expect("ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a055_what_is_wrong_with_the_ledger_is_told_by_its_code_alone() {
    let kit = Kit::start(&[]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    assert_eq!(kit.get("/v1/destinations", &token).await.status(), 200);
    let conn = rusqlite::Connection::open(kit.settings.data.join("ledger.sqlite")).expect("the ledger");
    conn.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE destination;")
        .expect("dropped");
    let response = kit.get("/v1/destinations", &token).await;
    assert_eq!(response.status(), 500);
    let body = response.text().await.expect("text");
    assert!(
        body.contains("\"internal\"") && !body.to_lowercase().contains("table"),
        "{body}"
    );
}
