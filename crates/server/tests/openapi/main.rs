//! The description of all routes: made from the program's own text, held against a running server, served by it.
//!
//! `WINDLASS_BLESS=1 cargo test -p windlass-server --test openapi` writes `docs/server/openapi.json` anew.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

mod document;
mod routes;
mod schema;
#[path = "../serve/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of the server, which use all of it"
)]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;
use windlass_server::serve::admin::TokenWish;

use crate::support::Kit;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/server/openapi.json")
}

fn id() -> &'static str {
    "01890a5d-ac96-774b-bcce-b302099a8057"
}

/// A path with something in the place of each field.
fn filled(pattern: &str) -> String {
    let mut out = String::new();
    for (at, piece) in pattern.split('{').enumerate() {
        let rest = if at == 0 {
            piece
        } else {
            piece.split_once('}').expect("a field").1
        };
        out.push_str(if at == 0 { "" } else { id() });
        out.push_str(rest);
    }
    out
}

#[test]
fn the_description_is_the_one_of_this_text() {
    let made = format!("{:#}\n", document::document());
    if std::env::var_os("WINDLASS_BLESS").is_some() {
        std::fs::write(kept(), &made).expect("written");
    }
    let kept = std::fs::read_to_string(kept()).unwrap_or_default();
    assert!(
        kept == made,
        "docs/server/openapi.json is not of this text: run this with WINDLASS_BLESS=1"
    );
}

#[test]
fn every_reference_of_the_description_leads_somewhere() {
    fn walk(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|v| walk(v, found));
            }
            Value::Array(items) => items.iter().for_each(|v| walk(v, found)),
            _ => {}
        }
    }
    let document = document::document();
    let mut found = BTreeSet::new();
    walk(&document, &mut found);
    assert!(found.len() > 50, "{found:?}");
    for reference in found {
        let path = reference.strip_prefix('#').expect("inside");
        assert!(document.pointer(path).is_some(), "{reference}");
    }
}

/// A path that is there answers a method that nobody has with 405, and names those that it has.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_a_running_server_is_described_and_the_reverse() {
    let kit = Kit::start(&[]).await;
    let token = kit.admin_token().await;
    let served: Value = kit.get("/openapi.json", "").await.json().await.expect("json");
    assert_eq!(served, document::document(), "it serves its own description");
    // A key in a path is looked at before the rest of it.
    let wish = TokenWish {
        name: "a page".into(),
        scopes: vec![Scope::Upload],
        owner: None,
        destinations: vec!["recordings".into()],
        expires_at: Some(kit.world.now().plus_millis(3_600_000)),
    };
    let key = kit.admin().await.create_token(wish).await.expect("a key").token;
    let paths = served["paths"].as_object().expect("paths");
    assert!(paths.len() > 100, "{}", paths.len());
    for (path, methods) in paths {
        let method: Method = "LOCK".parse().expect("a method");
        let path = &path.replace("{upload_key}", &key);
        let answer = kit
            .request(method, &filled(path), &token)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 405, "{path} is no route");
        let allowed = answer
            .headers()
            .get("allow")
            .expect("allow")
            .to_str()
            .expect("text");
        let allowed: BTreeSet<String> = allowed
            .split(',')
            .map(|m| m.trim().to_lowercase())
            .filter(|m| m != "head")
            .collect();
        let methods = methods.as_object().expect("methods").keys();
        let described: BTreeSet<String> = methods.filter(|m| *m != "parameters").cloned().collect();
        assert_eq!(allowed, described, "{path}");
    }
}

/// Whatever is wrong is told as problem details, with a code that the description lists.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_tells_what_is_wrong_as_problem_details() {
    let kit = Kit::start(&[]).await;
    let token = kit.admin_token().await;
    let document = document::document();
    let codes = document
        .pointer("/components/schemas/ErrorCode/enum")
        .expect("codes");
    let codes: BTreeSet<&str> = codes
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let problem = async |response: reqwest::Response, told: &str| {
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return;
        }
        assert!(!status.is_server_error(), "{told}: {status}");
        let kind = response
            .headers()
            .get("content-type")
            .and_then(|k| k.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let text = response.text().await.expect("text");
        assert_eq!(kind, "application/problem+json", "{told}: {status} {text}");
        let body: Value = serde_json::from_str(&text).expect("json");
        assert!(
            codes.contains(body["code"].as_str().unwrap_or_default()),
            "{told}: {body}"
        );
        assert_eq!(body["status"], status.as_u16(), "{told}: {body}");
    };
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, about) in methods.as_object().expect("methods") {
            if method == "parameters" {
                continue;
            }
            let verb: Method = method.to_uppercase().parse().expect("a method");
            let told = format!("{method} {path}");
            let ask = |path: &str| kit.request(verb.clone(), path, &token);
            // What is streamed does not end.
            if path.ends_with("/stream") {
                continue;
            }
            problem(ask(&filled(path)).send().await.expect("an answer"), &told).await;
            let strange = path.replace("{id}", "%00%ff");
            if strange != *path {
                problem(ask(&filled(&strange)).send().await.expect("an answer"), &told).await;
            }
            let wanted = about.pointer("/requestBody/content/application~1json/schema");
            let wanted = match wanted.and_then(|s| s["$ref"].as_str()) {
                Some(of) => document.pointer(of.trim_start_matches('#')),
                None => wanted,
            };
            // A key in a path is looked at before the body.
            let is_keyed = path.starts_with("/k/");
            if !is_keyed && wanted.is_some_and(|s| s["type"] == "object" && s.get("properties").is_some()) {
                for list in ["[]", " [null, null]"] {
                    let request = ask(&filled(path)).header("content-type", "application/json");
                    let answer = request.body(list).send().await.expect("an answer");
                    assert_eq!(answer.status(), 400, "{told} takes {list} for an object");
                }
            }
            if about.get("requestBody").is_some() {
                for body in ["", "{", "[]", "{\"nobody\":1}", "{\"items\":[{}]}"] {
                    let request = ask(&filled(path))
                        .header("content-type", "application/json")
                        .body(body);
                    problem(
                        request.send().await.expect("an answer"),
                        &format!("{told} {body}"),
                    )
                    .await;
                }
            }
        }
    }
    let lost = kit.request(Method::GET, "/v1/nothing", &token).json(&json!({}));
    problem(lost.send().await.expect("an answer"), "no route").await;
}
