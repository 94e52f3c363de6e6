//! Against `oidc-provider`, which is certified for OpenID Connect.

use serde_json::{Value, json};
use windlass_core::error::ErrorCode;
use windlass_protocol::tokens::Scope;

use crate::provider::{Provider, person};
use crate::support::{Kit, Sample, code, settings_with};
use crate::{ask, begin, done, refused};

async fn kit(provider: &Provider, more: &[(&str, &str)]) -> Kit {
    let mut flags = vec![("oidc-issuer", provider.issuer.as_str())];
    if !more.iter().any(|(n, _)| *n == "oidc-client-id") {
        flags.push(("oidc-client-id", "windlass"));
    }
    flags.extend_from_slice(more);
    Kit::start(&flags).await
}

// L-12: the whole way of a person, on both databases.
#[tokio::test(flavor = "multi_thread")]
async fn l12_somebody_signs_in_with_a_code_uploads_and_signs_out() {
    let provider = Provider::start(&[]).await;
    let flags = [
        ("oidc-issuer", provider.issuer.as_str()),
        ("oidc-client-id", "windlass"),
    ];
    for kit in [Kit::start(&flags).await, Kit::postgres(&flags).await] {
        let offer = kit
            .client("")
            .sign_in_offer()
            .await
            .expect("an answer")
            .expect("an offer");
        assert_eq!(format!("http://{}", offer.provider), provider.issuer);
        let started = begin(&kit).await;
        assert!(
            started.verification_uri.starts_with(&provider.issuer),
            "{started:?}"
        );
        assert!(started.expires_in_ms > 60_000 && started.interval_ms >= 1_000);

        let waiting: Value = ask(&kit, &started.handle).await.json().await.expect("json");
        assert_eq!(waiting["state"], "waiting");
        let complete = started
            .verification_uri_complete
            .as_deref()
            .expect("with the code");
        assert_eq!(person(complete, "ada", "yes").await, "Sign-in Success");
        let (token, told) = done(&kit, &started.handle).await;
        assert_eq!(told["owner"], "ada", "the name came from the userinfo endpoint");
        assert_eq!(told["about"]["name"], "Ada's laptop");
        assert_eq!(
            told["about"]["scopes"],
            json!(["upload", "read", "delete", "process"])
        );
        let life = told["about"]["expires_at"].as_i64().expect("an end")
            - told["about"]["created_at"].as_i64().expect("a time");
        assert_eq!(life, 30 * 86_400_000);

        let place = kit.destination(&token, "recordings").await;
        let group = kit.group(&token, place).await;
        kit.upload(&token, group, &Sample::new("a.bin", 10_000)).await;

        // The handle was for one token.
        assert_eq!(
            refused(&kit, &started.handle).await,
            (401, "unauthenticated".into())
        );

        // The second time it is the same person.
        let again = begin(&kit).await;
        person(
            again.verification_uri_complete.as_deref().expect("with the code"),
            "ada",
            "yes",
        )
        .await;
        let (second, told_again) = done(&kit, &again.handle).await;
        assert_eq!(told_again["about"]["owner_id"], told["about"]["owner_id"]);
        let group = kit.get(&format!("/v1/groups/{group}"), &second).await;
        assert_eq!(group.status(), 200);

        let admin = kit.admin_token().await;
        let audit = kit
            .get("/v1/audit?action=token.create", &admin)
            .await
            .text()
            .await
            .expect("text");
        assert!(
            audit.contains("Ada's laptop") && !audit.contains(&token),
            "{audit}"
        );

        kit.client(&second).sign_out().await.expect("signed out");
        let after = kit.client(&second).destinations().await.expect_err("refused");
        assert_eq!(after.code, ErrorCode::TokenRevoked);
        assert_eq!(
            kit.get("/v1/groups", &token).await.status(),
            200,
            "the other one stays"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_no_or_is_in_no_group_stays_out() {
    let provider = Provider::start(&[("CLAIMS", "token")]).await;
    let more = [
        ("oidc-groups", "uploaders,editors"),
        ("oidc-scopes", "openid profile email groups"),
    ];
    let kit = kit(&provider, &more).await;
    for (login, answer, wanted) in [
        ("ada", "no", Some("refused at the provider")),
        ("outsider", "yes", Some("in none of the groups")),
        ("ada", "yes", None),
    ] {
        let started = begin(&kit).await;
        let complete = started.verification_uri_complete.clone().expect("with the code");
        person(&complete, login, answer).await;
        let Some(wanted) = wanted else {
            done(&kit, &started.handle).await;
            continue;
        };
        let answer = ask(&kit, &started.handle).await;
        assert_eq!(answer.status(), 403);
        let told: Value = answer.json().await.expect("json");
        assert!(
            told["detail"].as_str().expect("a detail").contains(wanted),
            "{told}"
        );
    }
    let admin = kit.admin_token().await;
    let owners = kit.get("/v1/owners", &admin).await.text().await.expect("text");
    assert!(
        owners.contains("\"ada\"") && !owners.contains("outsider"),
        "{owners}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_secret_of_its_own_and_another_signature_signs_people_in() {
    let provider = Provider::start(&[("CLIENT_SECRET", "Gehe/im+ &=?"), ("ALG", "ES256")]).await;
    let flags = [
        ("oidc-issuer", provider.issuer.as_str()),
        ("oidc-client-id", "windlass-closed"),
        ("oidc-domains", "example.com"),
    ];
    let kit = Kit::with(None, &flags, &[("WINDLASS_OIDC_CLIENT_SECRET", "Gehe/im+ &=?")]).await;
    let started = begin(&kit).await;
    person(
        started
            .verification_uri_complete
            .as_deref()
            .expect("with the code"),
        "grace",
        "yes",
    )
    .await;
    assert_eq!(done(&kit, &started.handle).await.1["owner"], "grace");

    // With another secret the provider gives no code, and the person learns nothing of it.
    let wrong = Kit::with(None, &flags, &[("WINDLASS_OIDC_CLIENT_SECRET", "another")]).await;
    let start = json!({"name": "a laptop"});
    let answer = wrong.post("/v1/signin", "", &start).await;
    assert_eq!(code(answer).await, (503, "storage_down".into()));
}

// A63: a disabled owner stays out, also with a new sign-in; a name that somebody has makes another owner.
#[tokio::test(flavor = "multi_thread")]
async fn a063_a_disabled_owner_stays_out_and_a_name_is_no_proof_of_a_person() {
    let provider = Provider::start(&[]).await;
    let kit = kit(&provider, &[]).await;
    let theirs = kit.made(Some("ada"), &[Scope::Read]).await;
    let started = begin(&kit).await;
    let complete = started.verification_uri_complete.clone().expect("with the code");
    person(&complete, "ada", "yes").await;
    let (token, told) = done(&kit, &started.handle).await;
    assert_eq!(told["owner"], "ada (2)");
    assert_ne!(told["about"]["owner_id"], json!(theirs.about.owner_id));

    let admin = kit.admin_token().await;
    let owner = told["about"]["owner_id"].as_str().expect("an id");
    let path = format!("/v1/owners/{owner}");
    let disable = kit
        .request(reqwest::Method::PATCH, &path, &admin)
        .json(&json!({"disabled": true}));
    assert_eq!(disable.send().await.expect("an answer").status(), 200);
    let (status, _) = code(kit.get("/v1/groups", &token).await).await;
    assert_eq!(status, 401);
    let again = begin(&kit).await;
    person(
        again.verification_uri_complete.as_deref().expect("with the code"),
        "ada",
        "yes",
    )
    .await;
    assert_eq!(refused(&kit, &again.handle).await, (403, "forbidden".into()));
}

// A replica that did not begin the sign-in ends it.
#[tokio::test(flavor = "multi_thread")]
async fn another_replica_with_the_same_key_goes_on_with_a_sign_in() {
    let provider = Provider::start(&[]).await;
    let one = kit(&provider, &[]).await;
    let started = begin(&one).await;
    // As a second replica has it: the same ledger key, nothing in memory.
    let two = kit(&provider, &[]).await;
    assert_eq!(
        refused(&two, &started.handle).await,
        (401, "unauthenticated".into()),
        "another key"
    );
    let key = std::fs::read_to_string(one.dir.path().join("data/seal.key")).expect("a key");
    let flags = [
        ("oidc-issuer", provider.issuer.as_str()),
        ("oidc-client-id", "windlass"),
    ];
    let three = Kit::with(None, &flags, &[("WINDLASS_SEAL_KEY", &key)]).await;
    person(
        started
            .verification_uri_complete
            .as_deref()
            .expect("with the code"),
        "ada",
        "yes",
    )
    .await;
    assert_eq!(done(&three, &started.handle).await.1["owner"], "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_provider_says_so() {
    let kit = Kit::start(&[]).await;
    assert_eq!(kit.client("").sign_in_offer().await.expect("an answer"), None);
    let answer = kit.post("/v1/signin", "", &json!({"name": "a laptop"})).await;
    assert_eq!(code(answer).await, (404, "not_found".into()));
    assert!(
        settings_with(&[("data", "/tmp/x")], &[])
            .expect("settings")
            .oidc
            .is_none()
    );
}
