//! Who may call what (L-12, A46, A63).

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use serde_json::json;
use windlass_core::ids::GroupId;
use windlass_protocol::groups::CreateGroup;
use windlass_protocol::sessions::{CompleteOutcome, Ids, InitAnswer, Query};
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;

use crate::support::{Kit, Sample, code, random};

/// Every route with the scope that it wants; none: whoever is known. A new route fails the test below until it is here.
const ROUTES: &[(&str, &str, Option<Scope>)] = &[
    ("POST", "/v1/groups", Some(Scope::Upload)),
    ("GET", "/v1/groups/{id}", Some(Scope::Read)),
    ("GET", "/v1/groups", Some(Scope::Read)),
    ("PATCH", "/v1/groups/{id}", Some(Scope::Upload)),
    ("DELETE", "/v1/groups/{id}", Some(Scope::Delete)),
    ("POST", "/v1/groups/{id}/retry", Some(Scope::Upload)),
    ("POST", "/v1/groups/{id}/reset", Some(Scope::Delete)),
    ("POST", "/v1/groups/{id}/release", Some(Scope::Upload)),
    ("POST", "/v1/groups/{id}/unrelease", Some(Scope::Upload)),
    ("POST", "/v1/groups/{id}/finalize", Some(Scope::Upload)),
    ("POST", "/v1/groups/{id}/folders", Some(Scope::Upload)),
    ("POST", "/v1/groups/{id}/cancel", Some(Scope::Delete)),
    ("POST", "/v1/sessions:init", Some(Scope::Upload)),
    ("POST", "/v1/sessions:sign", Some(Scope::Upload)),
    ("POST", "/v1/sessions:complete", Some(Scope::Upload)),
    ("POST", "/v1/sessions:query", Some(Scope::Read)),
    ("POST", "/v1/sessions:delete", Some(Scope::Delete)),
    ("POST", "/v1/sessions:verify", Some(Scope::Read)),
    ("GET", "/v1/sessions", Some(Scope::Read)),
    ("GET", "/v1/sessions/{id}", Some(Scope::Read)),
    ("PATCH", "/v1/sessions/{id}", Some(Scope::Upload)),
    ("DELETE", "/v1/sessions/{id}", Some(Scope::Delete)),
    ("GET", "/v1/sessions/{id}/parts", Some(Scope::Read)),
    ("POST", "/v1/sessions/{id}/retry", Some(Scope::Upload)),
    ("POST", "/v1/sessions/{id}/takeover", Some(Scope::Upload)),
    ("GET", "/v1/sessions/{id}/content", Some(Scope::Read)),
    ("GET", "/v1/uploads", Some(Scope::Read)),
    ("GET", "/v1/metrics/uploads", Some(Scope::Read)),
    ("GET", "/v1/quota", Some(Scope::Read)),
    ("GET", "/v1/status", Some(Scope::Admin)),
    ("GET", "/v1/templates", Some(Scope::Upload)),
    ("POST", "/v1/templates", Some(Scope::Admin)),
    ("GET", "/v1/templates/{id}", Some(Scope::Upload)),
    ("POST", "/v1/import", Some(Scope::Admin)),
    ("POST", "/v1/destinations", Some(Scope::Admin)),
    ("GET", "/v1/destinations/{id}", Some(Scope::Upload)),
    ("PATCH", "/v1/destinations/{id}", Some(Scope::Admin)),
    ("POST", "/v1/destinations/{id}/probe", Some(Scope::Admin)),
    ("GET", "/v1/destinations", Some(Scope::Upload)),
    ("POST", "/v1/destinations:test", Some(Scope::Admin)),
    ("PUT", "/v1/destinations/{id}", Some(Scope::Admin)),
    ("DELETE", "/v1/destinations/{id}", Some(Scope::Admin)),
    ("POST", "/v1/destinations/{id}/test", Some(Scope::Admin)),
    ("GET", "/v1/tokens", None),
    ("POST", "/v1/tokens", None),
    ("DELETE", "/v1/tokens/{id}", None),
    ("GET", "/v1/owners", Some(Scope::Admin)),
    ("POST", "/v1/owners", Some(Scope::Admin)),
    ("GET", "/v1/owners/{id}", Some(Scope::Admin)),
    ("PATCH", "/v1/owners/{id}", Some(Scope::Admin)),
    ("GET", "/v1/jobs", Some(Scope::Read)),
    ("POST", "/v1/jobs", Some(Scope::Process)),
    ("POST", "/v1/jobs:retry", Some(Scope::Process)),
    ("GET", "/v1/jobs/{id}", Some(Scope::Read)),
    ("GET", "/v1/jobs/{id}/log", Some(Scope::Read)),
    ("POST", "/v1/jobs/{id}/retry", Some(Scope::Process)),
    ("POST", "/v1/jobs/{id}/cancel", Some(Scope::Process)),
    ("GET", "/v1/sessions/{id}/text", Some(Scope::Read)),
    ("GET", "/v1/runs", Some(Scope::Read)),
    ("POST", "/v1/runs", Some(Scope::Process)),
    ("GET", "/v1/runs/{id}", Some(Scope::Read)),
    ("POST", "/v1/runs/{id}/cancel", Some(Scope::Process)),
    ("GET", "/v1/changes", Some(Scope::Read)),
    ("GET", "/v1/webhooks", Some(Scope::Process)),
    ("POST", "/v1/webhooks", Some(Scope::Process)),
    ("GET", "/v1/webhooks/{id}", Some(Scope::Process)),
    ("PATCH", "/v1/webhooks/{id}", Some(Scope::Process)),
    ("DELETE", "/v1/webhooks/{id}", Some(Scope::Process)),
    ("POST", "/v1/webhooks/{id}/test", Some(Scope::Process)),
    ("POST", "/v1/janitor/run", Some(Scope::Admin)),
    ("GET", "/v1/audit", Some(Scope::Admin)),
    ("GET", "/v1/storage-events", Some(Scope::Admin)),
    ("POST", "/v1/storage-events/{seq}/replay", Some(Scope::Admin)),
    ("POST", "/v1/destinations/{id}/hook", Some(Scope::Admin)),
    ("DELETE", "/v1/destinations/{id}/hook", Some(Scope::Admin)),
    ("GET", "/v1/search", Some(Scope::Read)),
    ("POST", "/v1/search", Some(Scope::Read)),
    // In the words of those who called before.
    ("POST", "/generateFileUploadUrl", Some(Scope::Upload)),
    ("POST", "/groups", Some(Scope::Upload)),
    ("GET", "/groups/{id}", Some(Scope::Read)),
    ("POST", "/groups/{id}/cancel", Some(Scope::Delete)),
    ("POST", "/groups/{id}/complete", Some(Scope::Upload)),
    ("POST", "/init", Some(Scope::Upload)),
    ("POST", "/finalize", Some(Scope::Upload)),
    ("POST", "/multipart/abort", Some(Scope::Upload)),
    ("POST", "/multipart/complete", Some(Scope::Upload)),
    ("POST", "/multipart/init", Some(Scope::Upload)),
    ("POST", "/multipart/sign", Some(Scope::Upload)),
    ("GET", "/options", Some(Scope::Read)),
    ("POST", "/options", Some(Scope::Upload)),
    ("DELETE", "/options/{id}", Some(Scope::Delete)),
    ("GET", "/options/{id}", Some(Scope::Read)),
    ("PATCH", "/options/{id}", Some(Scope::Upload)),
    ("GET", "/options/{id}/files", Some(Scope::Read)),
    ("POST", "/options/{id}/files", Some(Scope::Upload)),
    ("GET", "/projects", Some(Scope::Read)),
    ("POST", "/projects", Some(Scope::Upload)),
    ("DELETE", "/projects/{id}", Some(Scope::Delete)),
    ("GET", "/projects/{id}", Some(Scope::Read)),
    ("PATCH", "/projects/{id}", Some(Scope::Upload)),
    ("GET", "/projects/{id}/files", Some(Scope::Read)),
    ("POST", "/projects/{id}/files", Some(Scope::Upload)),
    ("GET", "/records", Some(Scope::Read)),
    ("POST", "/records", Some(Scope::Upload)),
    ("DELETE", "/records/{id}", Some(Scope::Delete)),
    ("GET", "/records/{id}", Some(Scope::Read)),
    ("PATCH", "/records/{id}", Some(Scope::Upload)),
    ("GET", "/records/{id}/files", Some(Scope::Read)),
    ("POST", "/records/{id}/files", Some(Scope::Upload)),
    ("POST", "/rpc/finalize_option", Some(Scope::Upload)),
    ("POST", "/rpc/finalize_project", Some(Scope::Upload)),
    ("POST", "/rpc/finalize_record", Some(Scope::Upload)),
    ("POST", "/s3/multipart", Some(Scope::Upload)),
    ("DELETE", "/s3/multipart/{upload_id}", Some(Scope::Upload)),
    ("GET", "/s3/multipart/{upload_id}", Some(Scope::Upload)),
    ("GET", "/s3/multipart/{upload_id}/batch", Some(Scope::Upload)),
    ("POST", "/s3/multipart/{upload_id}/complete", Some(Scope::Upload)),
    ("GET", "/s3/multipart/{upload_id}/{part}", Some(Scope::Upload)),
    ("GET", "/s3/params", Some(Scope::Upload)),
    ("DELETE", "/sessions/{id}", Some(Scope::Delete)),
    ("GET", "/sessions/{id}", Some(Scope::Read)),
    ("GET", "/sessions/{id}/jobs", Some(Scope::Read)),
    ("GET", "/sessions/{id}/parts", Some(Scope::Read)),
    ("POST", "/training/jobs", Some(Scope::Process)),
    ("GET", "/training/jobs/{id}", Some(Scope::Read)),
    ("DELETE", "/training/sources/{id}", Some(Scope::Delete)),
    ("GET", "/training/sources/{id}", Some(Scope::Read)),
    ("POST", "/training/upload/init", Some(Scope::Upload)),
    ("POST", "/training/upload/update", Some(Scope::Upload)),
    ("GET", "/upload_files/{id}", Some(Scope::Read)),
    ("PATCH", "/upload_files/{id}", Some(Scope::Upload)),
    ("GET", "/uploads", Some(Scope::Read)),
    ("DELETE", "/uploads/{id}", Some(Scope::Delete)),
    ("GET", "/uploads/{id}", Some(Scope::Read)),
    ("POST", "/v1/sessions:jobs", Some(Scope::Read)),
];

/// Routes of workers, whose owner has that role: `tests/processing` asks them with others' tokens. The last one never ends.
const WORKERS: &[&str] = &[
    "/v1/jobs:claim",
    "/v1/jobs/{id}/heartbeat",
    "/v1/jobs/{id}/report",
    "/outbox/status",
    "/v1/changes/stream",
];

/// Routes that carry a narrow key in their path: `a_key_in_a_path_is_narrow_and_ends` tries them.
const KEYED: &[&str] = &[
    "/k/{upload_key}/s3/multipart",
    "/k/{upload_key}/s3/multipart/{upload_id}",
    "/k/{upload_key}/s3/multipart/{upload_id}/batch",
    "/k/{upload_key}/s3/multipart/{upload_id}/complete",
    "/k/{upload_key}/s3/multipart/{upload_id}/{part}",
    "/k/{upload_key}/s3/params",
    "/k/{upload_key}/s3/sts",
];

/// Routes where nobody has to be known.
const OPEN: &[&str] = &[
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/blob/{object}",
    "/status",
    "/status/page.js",
    "/status/page.css",
    "/status/tokens.css",
    "/openapi.json",
    "/docs",
    "/docs/page.js",
    "/docs/page.css",
    "/v1/webhooks/storage/{destination}",
    "/v1/webhooks/storage/{destination}/{secret}",
    "/v1/public/{public_id}",
    "/v1/public/{public_id}/{session}",
    "/v1/public/d/{destination}/{*key}",
    "/s3/sts",
    // What may be asked without a token, and what it takes, is in `tests/oidc`.
    "/v1/signin",
    "/v1/signin:poll",
];

/// The patterns that the program's own text has.
fn patterns(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            patterns(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).expect("text");
            for after in text.split(".route(").skip(1) {
                if let Some(pattern) = after
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|t| t.split('"').next())
                {
                    found.insert(pattern.to_owned());
                }
            }
        }
    }
}

// A46: a route that is nowhere in this file is not tested for rights.
#[test]
fn a046_every_route_of_the_program_stands_in_the_matrix_of_rights() {
    let mut found = BTreeSet::new();
    patterns(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.contains("/v1/sessions:init"), "{found:?}");
    let known = |p: &&String| {
        ROUTES.iter().any(|(_, r, _)| r == p)
            || [OPEN, WORKERS, KEYED]
                .iter()
                .any(|list| list.contains(&p.as_str()))
    };
    let missing: Vec<_> = found.iter().filter(|p| !known(p)).collect();
    assert!(missing.is_empty(), "add them to ROUTES or OPEN: {missing:?}");
}

// L-12
#[tokio::test(flavor = "multi_thread")]
async fn l12_a063_a_token_opens_the_routes_of_its_scopes_and_no_others() {
    for kit in [Kit::start(&[]).await, Kit::postgres(&[]).await] {
        let mut tokens = vec![(None, String::new())];
        for scope in Scope::ALL {
            tokens.push((Some(scope), kit.made(None, &[scope]).await.token));
        }
        for (method, pattern, wanted) in ROUTES {
            for (scope, token) in &tokens {
                let path = pattern.replace("{id}", &GroupId::new(kit.world.now(), random()).to_string());
                let method: Method = method.parse().expect("a method");
                let request = kit.request(method.clone(), &path, token).json(&json!({}));
                let (status, code) = code(request.send().await.expect("an answer")).await;
                let told = format!("{method} {pattern} with {scope:?}: {status} {code}");
                match (scope, wanted) {
                    (None, _) => assert_eq!((status, code.as_str()), (401, "unauthenticated"), "{told}"),
                    (Some(scope), Some(wanted)) if scope != wanted => {
                        assert_eq!((status, code.as_str()), (403, "forbidden"), "{told}");
                    }
                    (Some(_), _) => assert!(!matches!(status, 401 | 403 | 405 | 500..), "{told}"),
                }
            }
        }
    }
}

// L-12, A46, A50, A129
#[tokio::test(flavor = "multi_thread")]
async fn l12_a046_what_another_owner_has_is_not_there_on_any_route() {
    for kit in [Kit::start(&[]).await, Kit::postgres(&[]).await] {
        let own = [Scope::Upload, Scope::Read, Scope::Delete, Scope::Process];
        let (ann, bob) = (kit.token("ann", &own).await, kit.token("bob", &own).await);
        let place = kit.destination(&ann, "recordings").await;
        let group = kit.group(&ann, place).await;
        let (done, open) = (Sample::new("done.bin", 1_000), Sample::new("open.bin", 1_000));
        kit.upload(&ann, group, &done).await;
        let begun = kit.client(&ann).init(vec![open.init(group)]).await.expect("init");
        assert!(matches!(begun[0].answer, InitAnswer::Upload { .. }));

        let nobodys = GroupId::new(kit.world.now(), random());
        for (method, path) in [("GET", ""), ("POST", "/finalize"), ("POST", "/cancel")] {
            let mut told = Vec::new();
            for id in [group, nobodys] {
                let path = format!("/v1/groups/{id}{path}");
                let request = kit.request(method.parse().expect("a method"), &path, &bob);
                let response = request.send().await.expect("an answer");
                assert_eq!(response.status(), 404, "{path}");
                told.push(response.text().await.expect("text"));
            }
            assert_eq!(told[0], told[1], "no word tells that it is somebody's");
        }
        for id in [done.id.to_string(), nobodys.to_string()] {
            let content = kit.get(&format!("/v1/sessions/{id}/content"), &bob).await;
            assert_eq!(code(content).await, (404, "not_found".into()));
        }
        let bobs = kit.client(&bob);
        let into = bobs
            .init(vec![Sample::new("x", 10).init(group)])
            .await
            .expect("init");
        assert!(matches!(&into[0].answer, InitAnswer::Refused { error } if error.code == "not_found"));
        for file in [&done, &open] {
            let signed = bobs.sign(vec![file.sign()]).await.expect("sign").remove(0);
            assert_eq!(signed.error.map(|e| e.code).as_deref(), Some("not_found"));
            let complete = bobs
                .complete(vec![file.complete(Vec::new())])
                .await
                .expect("complete");
            assert!(
                matches!(&complete[0].outcome, CompleteOutcome::Failed { error } if error.code == "not_found"),
                "{complete:?}"
            );
            let ids = vec![file.id];
            let query = Query {
                ids: ids.clone(),
                parts: true,
            };
            let answer = bobs.query(&query).await.expect("query");
            assert_eq!((answer.sessions.len(), answer.unknown), (0, ids.clone()));
            let verified = kit
                .post("/v1/sessions:verify", &bob, &json!({ "ids": ids }))
                .await;
            assert!(verified.text().await.expect("text").contains("not_found"));
            // To delete what is not there is done.
            bobs.delete(&Ids { ids }).await.expect("delete");
        }
        // The same id is another thing for another owner.
        let mine = CreateGroup {
            id: group,
            name: "Mine".into(),
            destination_id: place,
        };
        assert_eq!(bobs.create_group(&mine).await.expect("a group").name, "Mine");
        let hers = kit.get(&format!("/v1/groups/{group}"), &ann).await;
        assert!(hers.text().await.expect("text").contains("Trip"));
        let query = Query {
            ids: vec![done.id, open.id],
            parts: false,
        };
        let left = kit.client(&ann).query(&query).await.expect("query");
        assert!(
            left.sessions.len() == 2 && left.sessions.iter().all(|s| !s.deleted),
            "{left:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a063_a_token_for_one_destination_sees_and_touches_no_other() {
    use windlass_server::serve::admin::TokenWish;
    let kit = Kit::start(&[]).await;
    let full = kit
        .token("ann", &[Scope::Upload, Scope::Read, Scope::Delete])
        .await;
    let wish = TokenWish {
        name: "models only".into(),
        scopes: vec![Scope::Upload, Scope::Read, Scope::Delete],
        owner: Some("ann".into()),
        destinations: vec!["models".into()],
        expires_at: None,
    };
    let token = kit.admin().await.create_token(wish).await.expect("a token").token;
    let elsewhere = kit.destination(&full, "recordings").await;
    let group = kit.group(&full, elsewhere).await;
    let file = Sample::new("a.bin", 100);
    kit.upload(&full, group, &file).await;

    let names: Vec<_> = kit.client(&token).destinations().await.expect("destinations");
    assert_eq!(
        names.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(),
        ["models"]
    );
    let wanted =
        json!({ "id": GroupId::new(kit.world.now(), random()), "name": "x", "destination_id": elsewhere });
    assert_eq!(
        code(kit.post("/v1/groups", &token, &wanted).await).await,
        (403, "forbidden".into())
    );
    let path = format!("/v1/groups/{group}");
    assert_eq!(kit.get(&path, &token).await.status(), 404);
    for verb in ["cancel", "finalize"] {
        assert_eq!(
            kit.post(&format!("{path}/{verb}"), &token, &json!({}))
                .await
                .status(),
            404
        );
    }
    let ids = json!({ "ids": [file.id] });
    for verb in ["delete", "verify"] {
        let answer = kit.post(&format!("/v1/sessions:{verb}"), &token, &ids).await;
        assert_eq!(answer.status(), 404, "{verb}");
    }
    let query = json!({ "ids": [file.id], "parts": false });
    assert_eq!(kit.post("/v1/sessions:query", &token, &query).await.status(), 404);
    let init = json!({ "items": [Sample::new("b", 5).init(group)] });
    assert_eq!(kit.post("/v1/sessions:init", &token, &init).await.status(), 404);
    let sign = json!({ "items": [file.sign()] });
    assert_eq!(kit.post("/v1/sessions:sign", &token, &sign).await.status(), 404);
    // And where it is for, it works.
    let own = kit.destination(&token, "models").await;
    let own = kit.group(&token, own).await;
    kit.upload(&token, own, &Sample::new("c.bin", 100)).await;
}

// L-10
#[tokio::test(flavor = "multi_thread")]
async fn l10_shipped_destinations_refuse_what_is_too_large_or_of_another_type() {
    let kit = Kit::start(&[]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    for (name, max, good, bad) in [
        (
            "recordings",
            524_288_000_u64,
            "application/json",
            "model/gltf+json",
        ),
        (
            "models",
            104_857_600,
            "model/gltf+json; charset=utf-8",
            "application/json",
        ),
        ("projects", 104_857_600, "model/gltf-binary", "text/html"),
    ] {
        let place = kit.destination(&token, name).await;
        let group = kit.group(&token, place).await;
        for (size, mime, refused) in [
            (max, good, None),
            (max + 1, good, Some("too_large")),
            (10, bad, Some("mime_not_allowed")),
        ] {
            let mut item = Sample::new(&format!("{size}-{}", mime.len()), 10).init(group);
            (item.size, item.mime, item.sha256) = (size, mime.to_owned(), None);
            let answer = kit
                .client(&token)
                .init(vec![item])
                .await
                .expect("init")
                .remove(0)
                .answer;
            match (refused, answer) {
                (None, InitAnswer::Upload { .. }) => {}
                (Some(code), InitAnswer::Refused { error }) => assert_eq!(error.code, code, "{name}"),
                (_, other) => panic!("{name} {size} {mime}: {other:?}"),
            }
        }
    }
    // Where they are is the admins' alone.
    let text = kit
        .get("/v1/destinations", &token)
        .await
        .text()
        .await
        .expect("text");
    assert!(!text.contains(kit.dir.path().to_str().expect("text")), "{text}");
    let admin = kit.get("/v1/destinations", &kit.admin_token().await).await;
    assert!(admin.text().await.expect("text").contains("files/recordings"));
}
