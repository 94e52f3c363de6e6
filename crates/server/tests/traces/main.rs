//! Traces: what a collector of OpenTelemetry gets, and that nobody waits for one that is away.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

#[path = "../serve/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of the server, which use all of it"
)]
mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use windlass_protocol::tokens::Scope;
use windlass_server::traces::{TraceSettings, Traces};

use crate::support::{Kit, Sample, until};

/// Keeps what it is sent; silent when it is told to.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    services: Arc<Mutex<Vec<String>>>,
    keys: Arc<Mutex<Vec<String>>>,
    silent: Arc<AtomicBool>,
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) {
    if collector.silent.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    let told = ExportTraceServiceRequest::decode(body).expect("spans");
    let key = headers.get("api-key").map_or("", |v| v.to_str().expect("text"));
    kept(&collector.keys).push(key.to_owned());
    for of in told.resource_spans {
        let about = of.resource.map(|r| r.attributes).unwrap_or_default();
        for attribute in about.iter().filter(|a| a.key == "service.name") {
            kept(&collector.services).push(format!("{:?}", attribute.value));
        }
        for scope in of.scope_spans {
            kept(&collector.spans).extend(scope.spans);
        }
    }
}

fn kept<T>(list: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

fn attributes(span: &Span) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(n) => n.to_string(),
        other => format!("{other:?}"),
    };
    let one = |a: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        let value = a.value.as_ref().and_then(|v| v.value.as_ref());
        (a.key.clone(), value.map(text).unwrap_or_default())
    };
    span.attributes.iter().map(one).collect()
}

// One test: a program has one subscriber.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_requests_and_jobs_without_secrets_and_nobody_waits_for_a_silent_one() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = Router::new()
        .route("/v1/traces", post(take))
        .with_state(collector.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let settings = TraceSettings {
        endpoint: format!("http://{address}/v1/traces"),
        headers: vec![("api-key".into(), "of the collector".into())],
        service: "windlass of a test".into(),
        share: 1.0,
    };
    let (traces, layer) = Traces::begin(&settings).expect("traces");
    tracing_subscriber::registry()
        .with(layer)
        .try_init()
        .expect("the first");

    let kit = Kit::start(&[]).await;
    let token = kit.token("ada", &[Scope::Upload, Scope::Read]).await;
    let asked = kit
        .request(reqwest::Method::GET, "/v1/groups", &token)
        .header("windlass-request-id", "of-this-test")
        .send()
        .await
        .expect("an answer");
    assert_eq!(asked.status(), 200);
    assert_eq!(kit.get("/healthz?secret=IN-A-QUERY", "").await.status(), 200);
    let place = kit.destination(&token, "recordings").await;
    let group = kit.group(&token, place).await;
    kit.upload(&token, group, &Sample::new("SECRET-NAME.bin", 10_000))
        .await;
    let missing = kit.get("/v1/groups/SECRET-PATH", &token).await;
    assert_eq!(missing.status(), 404);

    let find = |name: &str| {
        let spans = kept(&collector.spans);
        spans.iter().find(|s| s.name == name).cloned()
    };
    until("a request and a job arrive", async || {
        find("GET /v1/groups").is_some()
            && find("job validate").is_some()
            && find("GET /v1/groups/{id}").is_some()
    })
    .await;
    let request = find("GET /v1/groups").expect("a request");
    let about = attributes(&request);
    assert_eq!(about["windlass.request_id"], "of-this-test");
    assert_eq!(about["http.route"], "/v1/groups");
    assert_eq!(
        (
            about["http.request.method"].as_str(),
            about["http.response.status_code"].as_str()
        ),
        ("GET", "200")
    );
    assert!(
        request.end_time_unix_nano > request.start_time_unix_nano && request.kind == 2,
        "{request:?}"
    );
    let job = attributes(&find("job validate").expect("a job"));
    assert_eq!(
        (job["windlass.job_type"].as_str(), job["windlass.end"].as_str()),
        ("validate", "completed")
    );
    assert_eq!(job["windlass.attempt"], "1");
    assert!(
        kept(&collector.services)
            .iter()
            .all(|s| s.contains("windlass of a test"))
    );
    assert!(kept(&collector.keys).iter().all(|k| k == "of the collector"));
    // Names of the route's pattern and ids of ours, and nothing that somebody sent or that opens something.
    let all = format!("{:?}", kept(&collector.spans));
    for secret in [
        "IN-A-QUERY",
        "SECRET",
        &token,
        "sig=",
        "Bearer",
        "api-key",
        "127.0.0.1",
    ] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
    assert!(
        kept(&collector.spans).iter().all(|s| s.events.is_empty()),
        "no lines of the log"
    );

    // A collector that takes a connection and never answers holds nobody up, not even when its queue is full.
    collector.silent.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    for _ in 0..60 {
        let some = (0..100).map(|_| kit.get("/healthz", ""));
        for answer in futures::future::join_all(some).await {
            assert_eq!(answer.status(), 200);
        }
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    let ending = Instant::now();
    traces.end().await;
    assert!(
        ending.elapsed() < Duration::from_secs(20),
        "{:?}",
        ending.elapsed()
    );
    kit.server.expect("a server").shutdown().await.expect("ended");
}
