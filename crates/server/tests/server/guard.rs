//! Who may ask: attacks on the embedded control plane (attacks §5).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use reqwest::{Method, StatusCode};

use crate::support::{Kit, Sample, bytes};

/// Sends raw bytes and returns the status line's number.
fn raw(host: &str, request: &str) -> u16 {
    let mut stream = TcpStream::connect(host).expect("a connection");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .expect("a status")
}

#[tokio::test(flavor = "multi_thread")]
async fn a031_only_the_exact_host_is_served() {
    let kit = Kit::folder().await;
    let endpoint = kit.endpoint();
    let host = endpoint.base_url.trim_start_matches("http://").to_owned();
    let port = host.rsplit(':').next().expect("a port").to_owned();
    let token = endpoint.token;
    tokio::task::spawn_blocking(move || {
        let ask = |path: &str, hosts: &str| {
            raw(
                &host,
                &format!(
                    "GET {path} HTTP/1.1\r\n{hosts}Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
                ),
            )
        };
        assert_eq!(
            ask("/v1/destinations", &format!("Host: 127.0.0.1:{port}\r\n")),
            200
        );
        let others = [
            "evil.example",
            "localhost",
            "127.0.0.1",
            "127.0.0.1.",
            "[::1]",
            "127.0.0.1:1",
            "0.0.0.0",
            "127.1",
        ];
        for other in others {
            let with_port = if other.contains(":1") && !other.starts_with('[') {
                other.to_owned()
            } else {
                format!("{other}:{port}")
            };
            for name in [other.to_owned(), with_port] {
                if name == format!("127.0.0.1:{port}") {
                    continue;
                }
                assert_eq!(
                    ask("/v1/destinations", &format!("Host: {name}\r\n")),
                    421,
                    "{name}"
                );
                assert_eq!(ask("/healthz", &format!("Host: {name}\r\n")), 421, "{name}");
                assert_eq!(
                    ask("/nowhere", &format!("Host: {name}\r\n")),
                    421,
                    "before routing: {name}"
                );
            }
        }
        let twice = format!("Host: 127.0.0.1:{port}\r\nHost: evil.example\r\n");
        assert!(matches!(ask("/v1/destinations", &twice), 400 | 421));
        assert!(matches!(ask("/v1/destinations", ""), 400 | 421));
    })
    .await
    .expect("done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a035_every_route_wants_the_secret_and_health_says_nothing() {
    let kit = Kit::folder().await;
    let endpoint = kit.endpoint();
    let routes = [
        (Method::POST, "/v1/groups"),
        (Method::GET, "/v1/groups/x"),
        (Method::POST, "/v1/groups/x/finalize"),
        (Method::POST, "/v1/groups/x/cancel"),
        (Method::POST, "/v1/sessions:init"),
        (Method::POST, "/v1/sessions:sign"),
        (Method::POST, "/v1/sessions:complete"),
        (Method::POST, "/v1/sessions:query"),
        (Method::POST, "/v1/sessions:delete"),
        (Method::POST, "/v1/sessions:verify"),
        (Method::GET, "/v1/destinations"),
        (Method::POST, "/v1/destinations:test"),
        (Method::PUT, "/v1/destinations/x"),
        (Method::DELETE, "/v1/destinations/x"),
        (Method::POST, "/v1/destinations/x/test"),
        (Method::GET, "/no/such/route"),
    ];
    for (method, path) in routes {
        for given in [
            None,
            Some(""),
            Some("Bearer "),
            Some("Bearer wrong"),
            Some(endpoint.token.as_str()),
        ] {
            let mut request = kit
                .http
                .request(method.clone(), format!("{}{path}", endpoint.base_url));
            if let Some(given) = given {
                request = request.header("authorization", given);
            }
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path} {given:?}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
        }
    }
    let health = kit
        .http
        .get(format!("{}/healthz", endpoint.base_url))
        .send()
        .await
        .expect("an answer");
    assert_eq!(health.text().await.expect("text"), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a032_a033_requests_of_web_pages_are_refused_and_get_no_cors() {
    let kit = Kit::folder().await;
    let endpoint = kit.endpoint();
    let ask = |name: &'static str, value: String| {
        kit.http
            .get(format!("{}/v1/destinations", endpoint.base_url))
            .bearer_auth(&endpoint.token)
            .header(name, value)
            .send()
    };
    let own = endpoint.base_url.clone();
    let cases = [
        ("origin", "https://evil.example".to_owned(), 403),
        ("origin", "null".to_owned(), 403),
        ("origin", format!("{own}0"), 403),
        ("origin", own, 200),
        ("sec-fetch-site", "cross-site".to_owned(), 403),
        ("sec-fetch-site", "same-site".to_owned(), 403),
        ("sec-fetch-site", "none".to_owned(), 200),
    ];
    for (name, value, status) in cases {
        let response = ask(name, value.clone()).await.expect("an answer");
        assert_eq!(response.status(), status, "{name}: {value}");
        assert!(
            !response
                .headers()
                .keys()
                .any(|k| k.as_str().starts_with("access-control"))
        );
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
    // A form can't say JSON.
    let form = kit
        .http
        .post(format!("{}/v1/sessions:query", endpoint.base_url))
        .bearer_auth(&endpoint.token)
        .header("content-type", "text/plain")
        .body("{\"ids\":[],\"parts\":false}")
        .send()
        .await
        .expect("an answer");
    assert_eq!(form.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_a_call_are_limited() {
    let kit = Kit::folder().await;
    let endpoint = kit.endpoint();
    for (path, limit) in [
        ("/v1/sessions:query", 4 << 20),
        ("/v1/sessions:complete", 16 << 20),
    ] {
        for (len, too_large) in [(limit, false), (limit + 1, true)] {
            let response = kit
                .http
                .post(format!("{}{path}", endpoint.base_url))
                .bearer_auth(&endpoint.token)
                .header("content-type", "application/json")
                .body(vec![b' '; len])
                .send()
                .await
                .expect("an answer");
            let expected = if too_large {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            };
            assert_eq!(response.status(), expected, "{path} {len}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a040_a_url_with_any_field_changed_is_refused() {
    let kit = Kit::folder().await;
    let file = Sample::new("a", bytes(1, 300)).cut(100);
    let other = Sample::new("b", bytes(2, 300)).cut(100);
    kit.init(&file).await;
    kit.init(&other).await;
    let signed = kit.sign(&file).await.remove(0);
    let foreign = kit.sign(&other).await.remove(0);
    let body = file.bodies().remove(0);
    let (path, query) = signed.url.split_once('?').expect("a query");
    let fields: Vec<(&str, &str)> = query.split('&').filter_map(|p| p.split_once('=')).collect();
    let put = async |url: String| {
        kit.http
            .put(url)
            .body(body.clone())
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16()
    };
    let url = |fields: &[(&str, String)]| {
        let query: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        format!("{path}?{}", query.join("&"))
    };
    let owned: Vec<(&str, String)> = fields.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
    assert_eq!(owned.len(), 6);
    for i in 0..owned.len() {
        let value = owned[i].1.clone();
        let last = value.chars().last().expect("a value");
        let turned = format!(
            "{}{}",
            &value[..value.len() - 1],
            if last == '1' { '2' } else { '1' }
        );
        for bad in [
            turned,
            String::new(),
            format!("{value}0"),
            value[..value.len() - 1].to_owned(),
            format!("0{value}"),
            format!("+{value}"),
        ] {
            let mut fields = owned.clone();
            fields[i].1 = bad.clone();
            let status = put(url(&fields)).await;
            // `+1` and `01` are other texts of the same number: then the grant is the one that was signed.
            let same = bad.trim_start_matches(['+', '0']) == value.trim_start_matches(['+', '0']);
            assert!(
                status == 403 || (same && status == 200),
                "{} = {bad:?}: {status}",
                owned[i].0
            );
        }
        let mut fields = owned.clone();
        fields.remove(i);
        assert_eq!(put(url(&fields)).await, 403, "without {}", owned[i].0);
        let mut fields = owned.clone();
        fields.push(owned[i].clone());
        assert_eq!(put(url(&fields)).await, 403, "{} twice", owned[i].0);
    }
    let mut more = owned.clone();
    more.push(("x", "1".into()));
    assert_eq!(put(url(&more)).await, 403);
    // Another object's path with this one's query.
    let (foreign_path, _) = foreign.url.split_once('?').expect("a query");
    assert_eq!(put(format!("{foreign_path}?{query}")).await, 403);
    let get = kit
        .http
        .get(&signed.url)
        .send()
        .await
        .expect("an answer")
        .status();
    assert_eq!(
        get,
        StatusCode::FORBIDDEN,
        "a permission to write is none to read"
    );
    assert_eq!(put(signed.url.clone()).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f080_an_expired_url_says_so() {
    let kit = Kit::folder().await;
    let file = Sample::new("a", bytes(1, 100));
    kit.init(&file).await;
    let signed = kit.sign(&file).await.remove(0);
    kit.world.later(900_000);
    let response = kit.put(&signed, file.data.clone()).await;
    assert_eq!(response.status(), 403);
    let problem: windlass_protocol::Problem = response.json().await.expect("a problem");
    assert_eq!(problem.code, "url_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a043_a_body_that_is_cut_counts_for_nothing() {
    let kit = Kit::folder().await;
    let file = Sample::new("a", bytes(1, 3_000_000)).cut(3_000_000);
    kit.init(&file).await;
    let signed = kit.sign(&file).await.remove(0);
    let url: url::Url = signed.url.parse().expect("a url");
    let host = format!(
        "{}:{}",
        url.host_str().expect("a host"),
        url.port().expect("a port")
    );
    let head = format!(
        "PUT {}?{} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3000000\r\n\r\n",
        url.path(),
        url.query().expect("a query")
    );
    let half = file.data[..1_700_000].to_vec();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(host).expect("a connection");
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(&half))
            .expect("sent");
    })
    .await
    .expect("done");
    let part = file.sign_item().parts.remove(0);
    let claimed = windlass_protocol::sessions::DonePart {
        n: part.n,
        size: part.size,
        crc64: part.crc64,
        etag: windlass_core::units::ETag("x".into()),
    };
    let outcome = kit.complete(&file, vec![claimed]).await;
    assert!(
        matches!(
            outcome,
            windlass_protocol::sessions::CompleteOutcome::PartsMissing { .. }
        ),
        "{outcome:?}"
    );
    let parts = kit.send(&file).await;
    crate::support::settled(kit.complete(&file, parts).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a036_only_loopback_is_listened_on_and_the_data_folder_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let kit = Kit::folder().await;
    assert!(kit.endpoint().base_url.starts_with("http://127.0.0.1:"));
    assert_eq!(kit.endpoint().token.len(), 64);
    let mode = |name: &str| {
        std::fs::metadata(kit.home.path().join("data").join(name))
            .expect("a file")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.lock"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    assert!(!format!("{:?}", kit.endpoint()).contains(&kit.endpoint().token));
}
