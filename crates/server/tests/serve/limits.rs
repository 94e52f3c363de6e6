//! Limits: rates, bodies, slow clients, connections (A43, A53).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use windlass_protocol::tokens::Scope;

use crate::support::{Kit, Sample, code};

/// Sends what is given and reads until the server closes.
fn raw(host: &str, pieces: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(host).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("set");
    for piece in pieces {
        // Closed already: then the answer says why.
        drop(stream.write_all(piece));
    }
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(f).await.expect("done")
}

#[tokio::test(flavor = "multi_thread")]
async fn a053_too_many_requests_are_refused_with_a_wait_by_token_and_by_address() {
    let kit = Kit::start(&[("rate-token", "5")]).await;
    let (ann, bob) = (
        kit.token("ann", &[Scope::Upload]).await,
        kit.token("bob", &[Scope::Upload]).await,
    );
    let mut refused = None;
    for _ in 0..40 {
        let response = kit.get("/v1/destinations", &ann).await;
        if response.status() == 429 {
            assert!(response.headers().contains_key("retry-after"));
            refused = Some(code(response).await.1);
            break;
        }
    }
    assert_eq!(refused.as_deref(), Some("rate_limited"));
    assert_eq!(
        kit.get("/v1/destinations", &bob).await.status(),
        200,
        "others are not held up"
    );
    kit.world.later(10_000);
    assert_eq!(kit.get("/v1/destinations", &ann).await.status(), 200);

    let kit = Kit::start(&[("rate-address", "5")]).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(kit.get("/healthz", "").await.status().as_u16());
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    let page = kit.server.as_ref().expect("running").metrics().render();
    assert!(
        page.contains("windlass_limited_total{limit=\"address\"}"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a053_bodies_and_heads_are_limited() {
    let kit = Kit::start(&[]).await;
    let token = kit.token("ann", &[Scope::Read]).await;
    let post = kit.request(reqwest::Method::POST, "/v1/sessions:query", &token);
    let post = post
        .header("content-type", "application/json")
        .body(vec![b' '; (4 << 20) + 1]);
    assert_eq!(
        code(post.send().await.expect("an answer")).await,
        (413, "body_too_large".into())
    );
    let host = kit.host();
    let (long, many) = blocking(move || {
        let long = format!(
            "GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
            "a".repeat(300_000)
        );
        let many = format!(
            "GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n",
            "X: a\r\n".repeat(200)
        );
        (raw(&host, &[long.as_bytes()]), raw(&host, &[many.as_bytes()]))
    })
    .await;
    for answer in [long, many] {
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a053_who_does_not_say_what_it_wants_is_let_go() {
    let kit = Kit::start(&[("header-timeout", "300ms")]).await;
    let host = kit.host();
    let took = blocking(move || {
        let mut longest = Duration::ZERO;
        for head in [&b""[..], b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"] {
            let begun = Instant::now();
            let answer = raw(&host, &[head]);
            assert!(!answer.contains("200 OK"), "{answer}");
            longest = longest.max(begun.elapsed());
        }
        longest
    })
    .await;
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(kit.get("/healthz", "").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a043_a_body_that_stops_coming_is_given_up() {
    let kit = Kit::start(&[("idle-timeout", "300ms")]).await;
    let token = kit.token("ann", &[Scope::Upload, Scope::Read]).await;
    let head = format!(
        "POST /v1/sessions:query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let host = kit.host();
    let answer = blocking(move || raw(&host, &[head.as_bytes()])).await;
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("slow_network"),
        "{answer}"
    );

    // A part, too; and what came of it counts for nothing.
    let file = Sample::new("a.bin", 100_000);
    let target = kit.target(&token, &file).await;
    let head = format!("PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    let (host, half) = (kit.host(), file.data[..50_000].to_vec());
    let answer = blocking(move || raw(&host, &[head.as_bytes(), &half])).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    kit.send(&token, &file).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a053_one_address_does_not_get_all_connections() {
    let kit = Kit::start(&[("max-connections", "64")]).await;
    let host = kit.host();
    let kept = blocking(move || {
        let mut kept = Vec::new();
        let mut refused = 0;
        for _ in 0..40 {
            let mut stream = TcpStream::connect(&host).expect("a connection");
            stream
                .set_read_timeout(Some(Duration::from_secs(5)))
                .expect("set");
            drop(stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
            let mut first = [0; 12];
            match stream.read_exact(&mut first) {
                Ok(()) => kept.push(stream),
                Err(_) => refused += 1,
            }
        }
        (kept, refused)
    })
    .await;
    assert_eq!((kept.0.len(), kept.1), (16, 24));
    drop(kept);
    crate::support::until("let in again", async || {
        kit.http
            .get(format!("{}/healthz", kit.url))
            .send()
            .await
            .is_ok_and(|r| r.status() == 200)
    })
    .await;
}

// A32, A33
#[tokio::test(flavor = "multi_thread")]
async fn a032_web_pages_may_call_only_from_the_origins_that_are_set() {
    let kit = Kit::start(&[("cors-origins", "https://app.example.com")]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    let ask = |origin: &'static str| {
        let request = kit.request(reqwest::Method::GET, "/v1/destinations", &token);
        request.header("origin", origin).send()
    };
    let fine = ask("https://app.example.com").await.expect("an answer");
    assert_eq!(fine.status(), 200);
    assert_eq!(
        fine.headers()["access-control-allow-origin"],
        "https://app.example.com"
    );
    for origin in [
        "https://evil.example",
        "null",
        "https://app.example.com.evil.example",
        "http://app.example.com",
    ] {
        let refused = ask(origin).await.expect("an answer");
        assert_eq!(refused.status(), 403, "{origin}");
        assert!(
            !refused.headers().contains_key("access-control-allow-origin"),
            "{origin}"
        );
    }
    let preflight = |origin: &'static str| {
        let request = kit.request(reqwest::Method::OPTIONS, "/v1/sessions:init", "");
        let request = request
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        request
            .header("access-control-request-headers", "authorization,content-type")
            .send()
    };
    let fine = preflight("https://app.example.com").await.expect("an answer");
    assert_eq!(fine.status(), 204);
    let allowed = fine.headers()["access-control-allow-headers"]
        .to_str()
        .expect("text");
    assert!(allowed.contains("authorization") && allowed.contains("content-type"));
    assert!(!fine.headers().contains_key("access-control-allow-credentials"));
    assert_eq!(
        preflight("https://evil.example")
            .await
            .expect("an answer")
            .status(),
        403
    );

    let closed = Kit::start(&[]).await;
    let request = closed.request(reqwest::Method::OPTIONS, "/v1/groups", "");
    let request = request
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST");
    let refused = request.json(&json!({})).send().await.expect("an answer");
    assert_eq!(refused.status(), 403);
    assert!(
        !refused
            .headers()
            .keys()
            .any(|k| k.as_str().starts_with("access-control"))
    );
}
