//! The chosen way to the network: followed at once, and by the next launch. A program of its own, for the way is the process's.

#![expect(clippy::unwrap_used, reason = "this test stops at the first surprise")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use serde_json::json;
use windlass_core::accepts::Accepts;
use windlass_core::error::ErrorCode;
use windlass_core::ids::DestinationId;
use windlass_core::machine::Config;
use windlass_engine::home::Home;
use windlass_engine::view::{DestinationCheck, KeepSecret, NewDestination, NewServer, OwnProxy, ProxyChoice};
use windlass_engine::{EngineConfig, EngineHandle, start};
use windlass_protocol::Endpoint;
use windlass_protocol::destinations::{Kept, SecretKeep, TokenStore};

/// Secrets that outlive an engine, as a keyring does.
#[derive(Default)]
struct Ring {
    kept: Mutex<HashMap<DestinationId, String>>,
    /// While it is held, the ring asks the person.
    asks: tokio::sync::RwLock<()>,
}

impl TokenStore for Ring {
    fn put<'a>(&'a self, id: DestinationId, token: &'a str, _: SecretKeep) -> Kept<'a, ()> {
        self.kept.lock().unwrap().insert(id, token.to_owned());
        Box::pin(async { Ok(()) })
    }
    fn get(&self, id: DestinationId, _: SecretKeep) -> Kept<'_, Option<String>> {
        Box::pin(async move {
            let _answered = self.asks.read().await;
            Ok(self.kept.lock().unwrap().get(&id).cloned())
        })
    }
    fn remove(&self, id: DestinationId, _: SecretKeep) -> Kept<'_, ()> {
        self.kept.lock().unwrap().remove(&id);
        Box::pin(async { Ok(()) })
    }
}

type Seen = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// A proxy that answers as the server would which it is asked for.
async fn note(State(seen): State<Seen>, request: Request) -> (HeaderMap, &'static str) {
    let name = request.headers().get("proxy-authorization");
    let name = name.map(|v| v.to_str().unwrap().to_owned());
    seen.lock().unwrap().push((request.uri().to_string(), name));
    let mut headers = HeaderMap::new();
    headers.insert("windlass-time", "1".parse().unwrap());
    (headers, "ok")
}

async fn engine(dir: &std::path::Path, ring: &Arc<Ring>) -> EngineHandle {
    let home = Home::find(Some(dir.join("home").as_os_str()), None).unwrap();
    let lock = loop {
        // The lock of an engine before is given back when its last task ends.
        match home.lock() {
            Ok(lock) => break lock,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let control = Endpoint {
        base_url: "http://127.0.0.1:1".into(),
        token: "t".into(),
    };
    let tokens: Arc<dyn TokenStore> = Arc::<Ring>::clone(ring);
    let config = EngineConfig {
        lock,
        control,
        tokens,
        suggested_folder: dir.join("suggested"),
        follow_system: false,
        machine: Config::default(),
    };
    start(config).await.unwrap()
}

/// Whether the server answers, as a test before it is saved finds it.
async fn reached(engine: &EngineHandle) -> bool {
    reached_by(engine, None).await
}

async fn reached_by(engine: &EngineHandle, proxy: Option<OwnProxy>) -> bool {
    let check = tried(engine, "http://team.invalid", proxy).await;
    check.steps[0].step == "reachable" && check.steps[0].code.is_none()
}

async fn tried(engine: &EngineHandle, url: &str, proxy: Option<OwnProxy>) -> DestinationCheck {
    let server = NewServer {
        url: url.into(),
        token: "wl_x".into(),
        place: String::new(),
        keep_secret: KeepSecret::Session,
    };
    let new = NewDestination {
        name: "Team".into(),
        folder: None,
        s3: None,
        server: Some(server),
        make_default: false,
        accepts: Accepts::default(),
        proxy,
    };
    engine.test_destination(&new).await.unwrap()
}

// J-4
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_used_at_once_and_by_the_next_launch_and_its_password_is_in_no_choice() {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(note).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let first = || seen.lock().unwrap().drain(..).next();

    let (dir, ring) = (tempfile::tempdir().unwrap(), Arc::<Ring>::default());
    let one = engine(dir.path(), &ring).await;
    one.set_setting("proxy", json!({ "mode": "none" })).await.unwrap();
    assert!(!reached(&one).await, "nobody has that name");
    let by = json!({ "mode": "manual", "address": address, "user": "ann", "except": "" });
    let by = OwnProxy {
        choice: serde_json::from_value(by).unwrap(),
        password: "open sesame".into(),
        keep_secret: KeepSecret::Keyring,
    };
    one.set_proxy(&by).await.unwrap();
    assert!(reached(&one).await);
    let asked = (
        "http://team.invalid/healthz".to_owned(),
        Some("Basic YW5uOm9wZW4gc2VzYW1l".to_owned()),
    );
    assert_eq!(first(), Some(asked.clone()));
    for wrong in [
        json!({ "mode": "manual", "address": "http://ann:x@proxy:1" }),
        json!({ "mode": "elsewhere" }),
        json!("http://proxy"),
    ] {
        let refused = one.set_setting("proxy", wrong).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidField);
    }
    let told = one.snapshot().await.unwrap().settings;
    assert!(!serde_json::to_string(&told).unwrap().contains("sesame"));
    one.shutdown().await;
    drop(one);

    windlass_way::choose(windlass_way::Way::default());
    let two = engine(dir.path(), &ring).await;
    assert!(reached(&two).await);
    assert_eq!(first(), Some(asked.clone()));
    two.shutdown().await;
    drop(two);

    // A keyring that waits for the person does not hold a launch up.
    windlass_way::choose(windlass_way::Way::default());
    let asks = ring.asks.write().await;
    let three = engine(dir.path(), &ring).await;
    assert!(!reached(&three).await, "the proxy is not asked without it");
    assert_eq!(first(), None);
    drop(asks);
    while !reached(&three).await {}
    assert_eq!(first(), Some(asked.clone()));
    // Nor does a keyring that is closed keep anybody from another choice.
    // A password goes to the proxy that it was given for, and to no other.
    let elsewhere = OwnProxy {
        choice: ProxyChoice::Manual {
            address: format!("{address}/"),
            user: "ann".into(),
            except: String::new(),
        },
        password: String::new(),
        keep_secret: KeepSecret::Keyring,
    };
    three.set_proxy(&elsewhere).await.unwrap();
    assert!(ring.kept.lock().unwrap().is_empty(), "it is forgotten");
    assert!(reached(&three).await);
    assert_eq!(first().unwrap().1, Some("Basic YW5uOg==".to_owned()));
    three.set_setting("proxy", serde_json::Value::Null).await.unwrap();
    assert!(!reached(&three).await, "as the system has it");
    // The address of another computer that begins as this one's name does is no private way.
    for (url, is_open) in [
        ("http://127.0.0.1.team.invalid", true),
        ("http://localhost.team.invalid", true),
        ("https://team.invalid", false),
    ] {
        let check = tried(&three, url, Some(elsewhere.clone())).await;
        let told = check.steps.iter().any(|s| s.step == "encrypted");
        assert_eq!(told, is_open, "{url}: {:?}", check.steps);
    }
    seen.lock().unwrap().clear();
    // J-3: one destination has a proxy of its own, while it is tried and no longer.
    assert!(reached_by(&three, Some(elsewhere)).await);
    assert!(first().is_some());
    assert!(!reached(&three).await);
    three.shutdown().await;
}
