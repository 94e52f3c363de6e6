//! Tokens: wrong, expired, taken back, made by tokens (A41, A61 to A63).

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use windlass_core::ids::{OwnerId, TokenId};
use windlass_core::time::Timestamp;
use windlass_protocol::tokens::Scope;
use windlass_server::auth::keeper::TRUSTED_MS;
use windlass_server::clock::World as _;
use windlass_server::serve::admin::TokenWish;

use crate::support::{Kit, code, random, until};

fn wish(owner: &str) -> TokenWish {
    TokenWish {
        name: "short".into(),
        scopes: vec![Scope::Upload, Scope::Read],
        owner: Some(owner.into()),
        destinations: Vec::new(),
        expires_at: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a062_only_a_whole_token_in_its_header_opens_anything() {
    let kit = Kit::start(&[]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    let ask = async |value: Option<String>, query: &str| {
        let mut request = kit.request(Method::GET, &format!("/v1/destinations{query}"), "");
        if let Some(value) = value {
            request = request.header("authorization", value);
        }
        let response = request.send().await.expect("an answer");
        if response.status() == 401 {
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
        }
        response.status()
    };
    assert_eq!(ask(Some(format!("Bearer {token}")), "").await, StatusCode::OK);
    assert_eq!(ask(Some(format!("bearer {token}")), "").await, StatusCode::OK);
    let mut last = token.clone();
    let end = if last.ends_with('A') { 'B' } else { 'A' };
    last.pop();
    for bad in [
        None,
        Some(String::new()),
        Some(token.clone()),
        Some(format!("Basic {token}")),
        Some(format!("Bearer  {token}")),
        Some(format!("Bearer {last}")),
        Some(format!("Bearer {last}{end}")),
        Some(format!("Bearer {token}{token}")),
        Some(format!("Bearer {}", token.to_uppercase())),
        Some(format!("Bearer wla_{}", &token[3..])),
    ] {
        assert_eq!(ask(bad.clone(), "").await, StatusCode::UNAUTHORIZED, "{bad:?}");
    }
    for query in [format!("?access_token={token}"), format!("?token={token}")] {
        assert_eq!(ask(None, &query).await, StatusCode::UNAUTHORIZED, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a063_an_expired_a_revoked_and_a_disabled_owners_token_end_within_seconds() {
    for kit in [Kit::start(&[]).await, Kit::postgres(&[]).await] {
        kit.token("ann", &[Scope::Read]).await;
        let admin = kit.admin().await;
        let expiring = TokenWish {
            expires_at: Some(Timestamp::from_millis(kit.world.now().as_millis() + 60_000)),
            ..wish("ann")
        };
        let expiring = admin.create_token(expiring).await.expect("a token").token;
        let revoked = admin.create_token(wish("ann")).await.expect("a token");
        let other = admin.create_token(wish("ann")).await.expect("a token").token;
        let ask = async |token: &str| code(kit.get("/v1/destinations", token).await).await;
        for token in [&expiring, &revoked.token, &other] {
            assert_eq!(ask(token).await.0, 200);
        }
        // By another program, as the command line is one.
        admin
            .revoke_token(revoked.about.id.to_string())
            .await
            .expect("revoked");
        kit.world.later(TRUSTED_MS + 1);
        assert_eq!(ask(&revoked.token).await, (401, "token_revoked".into()));
        assert_eq!(ask(&other).await.0, 200);
        admin.disable_user("ann".into(), true).await.expect("disabled");
        kit.world.later(TRUSTED_MS + 1);
        assert_eq!(ask(&other).await, (401, "unauthenticated".into()));
        admin.disable_user("ann".into(), false).await.expect("enabled");
        kit.world.later(TRUSTED_MS + 1);
        assert_eq!(ask(&other).await.0, 200);
        assert_eq!(ask(&expiring).await.0, 200);
        kit.world.later(60_000);
        assert_eq!(ask(&expiring).await, (401, "token_expired".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a063_a_token_makes_none_that_may_more_elsewhere_or_longer_than_itself() {
    let kit = Kit::start(&[]).await;
    let ann = kit.made(Some("ann"), &[Scope::Upload, Scope::Read]).await;
    let bob = kit.made(Some("bob"), &[Scope::Read]).await;
    let body = |scopes: &[&str], owner: Option<OwnerId>, expires: Option<i64>| {
        json!({ "id": TokenId::new(kit.world.now(), random()), "name": "child", "scopes": scopes,
                "owner_id": owner, "expires_at": expires })
    };
    let make = async |token: &str, body: Value| kit.post("/v1/tokens", token, &body).await;
    let made: Value = make(&ann.token, body(&["read"], None, None))
        .await
        .json()
        .await
        .expect("json");
    let child = made["token"].as_str().expect("a secret").to_owned();
    assert!(child.starts_with("wl_"));
    assert_eq!(kit.get("/v1/tokens", &child).await.status(), 200);
    for (token, body) in [
        (&child, body(&["upload"], None, None)),
        (&ann.token, body(&["admin"], None, None)),
        (&ann.token, body(&["read"], Some(bob.about.owner_id), None)),
    ] {
        assert_eq!(code(make(token, body).await).await, (403, "forbidden".into()));
    }
    // Its maker's end is its end.
    let until = kit.world.now().as_millis() + 3_600_000;
    let short: Value = make(&ann.token, body(&["read"], None, Some(until)))
        .await
        .json()
        .await
        .expect("json");
    let short = short["token"].as_str().expect("a secret").to_owned();
    let heir: Value = make(&short, body(&["read"], None, None))
        .await
        .json()
        .await
        .expect("json");
    assert_eq!(heir["expires_at"], until);
    assert_eq!(
        code(make(&short, body(&["read"], None, Some(until + 1))).await)
            .await
            .0,
        403
    );
    // Fields that only the server writes are refused (A47).
    let mut forged = body(&["read"], None, None);
    forged["token_hash"] = json!("00");
    assert_eq!(
        code(make(&ann.token, forged).await).await,
        (400, "bad_request".into())
    );

    // One sees and takes back one's own.
    let list = kit
        .get("/v1/tokens", &bob.token)
        .await
        .text()
        .await
        .expect("text");
    assert!(list.contains(&bob.about.id.to_string()) && !list.contains(&ann.about.id.to_string()));
    assert!(!list.contains(&bob.token));
    let revoke = async |who: &str, id: TokenId| {
        let request = kit.request(Method::DELETE, &format!("/v1/tokens/{id}"), who);
        request.send().await.expect("an answer").status()
    };
    assert_eq!(revoke(&bob.token, ann.about.id).await, StatusCode::NOT_FOUND);
    assert_eq!(kit.get("/v1/tokens?all=1", &bob.token).await.status(), 403);
    let admin = kit.admin_token().await;
    let all = kit
        .get("/v1/tokens?all=1", &admin)
        .await
        .text()
        .await
        .expect("text");
    assert!(all.contains(&ann.about.id.to_string()));
    assert_eq!(revoke(&admin, ann.about.id).await, StatusCode::OK);
    // At once where it was taken back.
    assert_eq!(
        code(kit.get("/v1/tokens", &ann.token).await).await,
        (401, "token_revoked".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_a_token_is_noted_at_most_once_a_minute() {
    let kit = Kit::start(&[]).await;
    let token = kit.made(Some("ann"), &[Scope::Read]).await;
    let used = async || {
        let all: Value = kit
            .get("/v1/tokens", &token.token)
            .await
            .json()
            .await
            .expect("json");
        all["items"][0]["last_used_at"].as_i64()
    };
    until("noted", async || used().await.is_some()).await;
    let first = used().await.expect("noted");
    kit.world.later(30_000);
    used().await;
    assert_eq!(used().await, Some(first));
    kit.world.later(31_000);
    until("noted again", async || used().await > Some(first)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a061_a062_the_ledger_and_the_audit_have_no_secret_in_them() {
    let kit = Kit::start(&[]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    let conn = rusqlite::Connection::open(kit.settings.data.join("ledger.sqlite")).expect("the ledger");
    let hash: Vec<u8> = conn
        .query_row("SELECT token_hash FROM api_token", [], |r| r.get(0))
        .expect("a token");
    let expected = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    assert_eq!(hash, expected.as_ref());
    let acts: Vec<String> = conn
        .prepare("SELECT action || data FROM audit_row ORDER BY seq")
        .and_then(|mut q| q.query_map([], |r| r.get(0))?.collect())
        .expect("the audit");
    assert!(
        acts.iter().any(|a| a.starts_with("owner.create"))
            && acts.iter().any(|a| a.starts_with("token.create"))
    );
    drop(conn);
    for file in ["ledger.sqlite", "ledger.sqlite-wal"] {
        let bytes = std::fs::read(kit.settings.data.join(file)).unwrap_or_default();
        assert!(
            !bytes.windows(20).any(|w| w == &token.as_bytes()[3..23]),
            "{file}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a061_who_guesses_is_held_up_and_who_has_a_token_is_not() {
    let kit = Kit::start(&[]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    assert_eq!(kit.get("/v1/destinations", &token).await.status(), 200);
    let mut limited = None;
    for n in 0..60 {
        let guess = format!("wl_{:043}", n);
        let response = kit.get("/v1/destinations", &guess).await;
        if response.status() == 429 {
            limited = Some((n, response.headers()["retry-after"].clone()));
            break;
        }
        assert_eq!(response.status(), 401);
    }
    let (tries, wait) = limited.expect("held up");
    assert!((20..50).contains(&tries), "{tries}");
    assert_eq!(wait, "1");
    // The same address, with a token that was right before.
    assert_eq!(kit.get("/v1/destinations", &token).await.status(), 200);
}
