//! TLS: a certificate from files.

use std::path::Path;
use std::process::Command;

use windlass_core::error::ErrorCode;
use windlass_protocol::tokens::Scope;

use crate::support::{Kit, settings};

/// A certificate for 127.0.0.1 that signs itself.
fn make(dir: &Path) -> (String, String) {
    let text = |name: &str| dir.join(name).to_str().expect("text").to_owned();
    let (cert, key) = (text("cert.pem"), text("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &cert])
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (cert, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_both_versions_of_http_are_encrypted() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let (cert, key) = make(dir.path());
    let kit = Kit::start(&[("tls-cert", &cert), ("tls-key", &key), ("header-timeout", "2s")]).await;
    assert!(kit.url.starts_with("https://127.0.0.1:"));
    let token = kit.token("ann", &[Scope::Upload]).await;
    let pem = reqwest::Certificate::from_pem(&std::fs::read(&cert).expect("read")).expect("a certificate");
    let builder = || {
        reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([pem.clone()])
    };
    let h1 = builder().http1_only().build().expect("http");
    let h2 = builder().build().expect("http");
    for (http, version) in [(h1, reqwest::Version::HTTP_11), (h2, reqwest::Version::HTTP_2)] {
        let request = http
            .get(format!("{}/v1/destinations", kit.url))
            .bearer_auth(&token);
        let response = request.send().await.expect("an answer");
        assert_eq!((response.status().as_u16(), response.version()), (200, version));
        assert!(response.headers().contains_key("windlass-request-id"));
    }
    // J-4: a client that is there believes an authority from the moment on that the person names it.
    let endpoint = windlass_protocol::Endpoint {
        base_url: kit.url.clone(),
        token: token.clone(),
    };
    let client = windlass_protocol::ControlClient::new(endpoint).expect("a client");
    let refused = client.time().await.expect_err("nobody vouches for it");
    assert_eq!(refused.code, ErrorCode::CertificateUntrusted);
    let authorities = windlass_way::Authorities {
        name: "cert.pem".into(),
        pem: std::fs::read_to_string(&cert).expect("read"),
    };
    let way = windlass_way::Way::new(
        windlass_way::ProxyChoice::System,
        String::new(),
        Some(authorities),
    );
    windlass_way::choose(way.expect("a way"));
    assert!(client.time().await.expect("an answer").is_some());
    // Who does not speak TLS gets nothing, and holds nobody up.
    let plain = kit.http.get(kit.url.replace("https", "http")).send().await;
    assert!(plain.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_certificate_are_told_by_the_settings_name() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let (cert, key) = make(dir.path());
    let (_, other) = make(&{
        let other = dir.path().join("other");
        std::fs::create_dir(&other).expect("made");
        other
    });
    let data = dir.path().join("data");
    let data = data.to_str().expect("text");
    for (cert, key, name) in [
        (cert.as_str(), other.as_str(), "tls-cert:"),
        (key.as_str(), key.as_str(), "tls-cert:"),
        (cert.as_str(), "/nowhere", "tls-key:"),
        (cert.as_str(), cert.as_str(), "tls-key:"),
    ] {
        let settings = settings(&[
            ("data", data),
            ("listen", "127.0.0.1:0"),
            ("tls-cert", cert),
            ("tls-key", key),
        ]);
        let refused = windlass_server::serve::start(settings.expect("settings"))
            .await
            .err()
            .expect("refused");
        assert_eq!(refused.code, ErrorCode::InvalidField);
        assert!(refused.detail.starts_with(name), "{refused}");
    }
    assert!(
        !Path::new(data).exists(),
        "nothing is made before the settings are right"
    );
}
