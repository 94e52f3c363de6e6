//! Against a provider that lies, and clients that guess.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_server::clock::World as _;
use windlass_server::serve::start_with;
use windlass_testkit::identity::{CLIENT, Identity, Key, shared, unsigned};

use crate::support::{Kit, code, settings};
use crate::{ask, begin, done, refused};

async fn kit(identity: &Identity) -> Kit {
    let flags = [("oidc-issuer", identity.issuer()), ("oidc-client-id", CLIENT)];
    Kit::start(&flags).await
}

fn now(kit: &Kit) -> i64 {
    kit.world.now().as_millis() / 1_000
}

/// Changes one claim.
fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().expect("claims").remove(name);
    claims
}

// A65: none of these is let in, and none of them makes an owner.
#[tokio::test(flavor = "multi_thread")]
async fn a065_a_token_that_is_not_the_providers_for_this_server_now_lets_nobody_in() {
    let identity = Identity::start().expect("a provider");
    let (rsa, ec) = (Key::rsa("one").expect("a key"), Key::ec("two").expect("a key"));
    let (swapped, stranger) = (Key::rsa("one").expect("a key"), Key::ec("three").expect("a key"));
    let encrypts = Key::ec("four").expect("a key");
    let mut for_encryption = encrypts.public();
    for_encryption["use"] = json!("enc");
    identity.show(&[
        rsa.public(),
        ec.public(),
        for_encryption,
        json!({"kty": "new", "kid": "five"}),
    ]);
    let kit = kit(&identity).await;

    let fine = |kit: &Kit| identity.claims("mallory", now(kit));
    let header = |key: &Key| json!({"alg": key.algorithm(), "kid": key.id()});
    type Make<'a> = Box<dyn Fn(&Kit) -> String + 'a>;
    type Change = Box<dyn Fn(&Kit, Value) -> Value>;
    let signed = |change: Change| -> Make<'_> {
        let (rsa, identity) = (&rsa, &identity);
        Box::new(move |kit| {
            let claims = identity.claims("mallory", now(kit));
            rsa.token(&change(kit, claims)).expect("a token")
        })
    };
    let cases: Vec<(&str, Make<'_>)> = vec![
        (
            "another audience",
            signed(Box::new(|_, c| with(c, "aud", json!("another")))),
        ),
        ("no audience", signed(Box::new(|_, c| without(c, "aud")))),
        (
            "many audiences and nobody named",
            signed(Box::new(|_, c| with(c, "aud", json!([CLIENT, "another"])))),
        ),
        (
            "given to another",
            signed(Box::new(|_, c| with(c, "azp", json!("another")))),
        ),
        (
            "another issuer",
            signed(Box::new(|_, c| with(c, "iss", json!("https://evil.example")))),
        ),
        (
            "nearly the issuer",
            signed(Box::new(|_, c| {
                let issuer = format!("{}/", c["iss"].as_str().expect("an issuer"));
                with(c, "iss", json!(issuer))
            })),
        ),
        ("no issuer", signed(Box::new(|_, c| without(c, "iss")))),
        (
            "expired",
            signed(Box::new(|kit, c| with(c, "exp", json!(now(kit) - 120)))),
        ),
        ("no end", signed(Box::new(|_, c| without(c, "exp")))),
        (
            "an end that is no number",
            signed(Box::new(|_, c| with(c, "exp", json!("never")))),
        ),
        (
            "from the future",
            signed(Box::new(|kit, c| with(c, "iat", json!(now(kit) + 600)))),
        ),
        (
            "not yet",
            signed(Box::new(|kit, c| with(c, "nbf", json!(now(kit) + 600)))),
        ),
        ("no time", signed(Box::new(|_, c| without(c, "iat")))),
        (
            "another sign-in",
            signed(Box::new(|_, c| with(c, "nonce", json!("of somebody else")))),
        ),
        ("nobody", signed(Box::new(|_, c| with(c, "sub", json!(""))))),
        (
            "somebody too long",
            signed(Box::new(|_, c| with(c, "sub", json!("x".repeat(300))))),
        ),
        ("no name", signed(Box::new(|_, c| without(c, "sub")))),
        (
            "no signature",
            Box::new(|kit| format!("{}.", unsigned(&json!({"alg": "none"}), &fine(kit)))),
        ),
        (
            "a signature cut off",
            Box::new(|kit| {
                let token = rsa.token(&fine(kit)).expect("a token");
                format!("{}.", token.rsplit_once('.').expect("dots").0)
            }),
        ),
        (
            "a swapped key of the same name",
            Box::new(|kit| swapped.token(&fine(kit)).expect("a token")),
        ),
        (
            "a key of nobody",
            Box::new(|kit| stranger.token(&fine(kit)).expect("a token")),
        ),
        (
            "a key for something else",
            Box::new(|kit| encrypts.token(&fine(kit)).expect("a token")),
        ),
        (
            "the key that it brings along",
            Box::new(|kit| {
                let header = json!({"alg": "ES256", "kid": "three", "jwk": stranger.public()});
                stranger.token_with(&header, &fine(kit)).expect("a token")
            }),
        ),
        (
            "the public key as a secret",
            Box::new(|kit| {
                let public = rsa.public();
                let secret = public["n"].as_str().expect("a number").as_bytes().to_vec();
                shared(&secret, &json!({"alg": "HS256", "kid": "one"}), &fine(kit)).expect("a token")
            }),
        ),
        (
            "the client's secret",
            Box::new(|kit| shared(b"a secret", &json!({"alg": "HS256"}), &fine(kit)).expect("a token")),
        ),
        (
            "another kind of signature than the key",
            Box::new(|kit| {
                ec.token_with(&json!({"alg": "ES256", "kid": "one"}), &fine(kit))
                    .expect("a token")
            }),
        ),
        (
            "a signature of another word",
            Box::new(|kit| {
                rsa.token_with(&json!({"alg": "PS256", "kid": "one"}), &fine(kit))
                    .expect("a token")
            }),
        ),
        (
            "something critical",
            Box::new(|kit| {
                let mut header = header(&rsa);
                header["crit"] = json!(["exp"]);
                rsa.token_with(&header, &fine(kit)).expect("a token")
            }),
        ),
        (
            "claims exchanged",
            Box::new(|kit| {
                let token = rsa.token(&fine(kit)).expect("a token");
                let other = rsa
                    .token(&with(fine(kit), "sub", json!("root")))
                    .expect("a token");
                let (head, signature) = (
                    token.split('.').next().expect("a head"),
                    token.rsplit('.').next().expect("one"),
                );
                format!("{head}.{}.{signature}", other.split('.').nth(1).expect("claims"))
            }),
        ),
        ("no token at all", Box::new(|_| "not.a.token".into())),
        (
            "endless",
            Box::new(|kit| {
                rsa.token(&with(fine(kit), "x", json!("x".repeat(80_000))))
                    .expect("a token")
            }),
        ),
    ];
    for (what, make) in &cases {
        let started = begin(&kit).await;
        identity.give(&make(&kit));
        assert_eq!(
            refused(&kit, &started.handle).await,
            (403, "forbidden".into()),
            "{what}"
        );
        // Guesses and sign-ins of one address are limited; the next one comes later.
        kit.world.later(5_000);
    }
    let admin = kit.admin_token().await;
    let owners = kit.get("/v1/owners", &admin).await.text().await.expect("text");
    assert!(
        !owners.contains("mallory") && !owners.contains("root"),
        "{owners}"
    );

    // The same claims, signed by the provider, are taken: with either key, and a clock that is a little off.
    for (key, off) in [(&rsa, 0), (&ec, 30), (&ec, -30)] {
        let started = begin(&kit).await;
        let mut claims = with(fine(&kit), "iat", json!(now(&kit) + off));
        if off < 0 {
            claims = with(claims, "exp", json!(now(&kit) + off));
        }
        identity.give(&key.token(&claims).expect("a token"));
        assert_eq!(done(&kit, &started.handle).await.1["owner"], "mallory");
        kit.world.later(5_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_changes_its_keys_is_asked_again_but_not_without_end() {
    let identity = Identity::start().expect("a provider");
    let (old, new) = (Key::ec("old").expect("a key"), Key::ec("new").expect("a key"));
    identity.show(&[old.public()]);
    let kit = kit(&identity).await;
    let keys = || identity.asked().iter().filter(|a| a.path == "/keys").count();

    let first = begin(&kit).await;
    identity.give(&old.token(&identity.claims("ada", now(&kit))).expect("a token"));
    done(&kit, &first.handle).await;
    assert_eq!(keys(), 1);

    kit.world.later(120_000);
    identity.show(&[new.public()]);
    let second = begin(&kit).await;
    identity.give(&new.token(&identity.claims("ada", now(&kit))).expect("a token"));
    done(&kit, &second.handle).await;
    assert_eq!(keys(), 2);

    // Whoever brings unknown keys all the time does not make the server ask all the time.
    let stranger = Key::ec("stranger").expect("a key");
    for _ in 0..5 {
        let started = begin(&kit).await;
        identity.give(
            &stranger
                .token(&identity.claims("ada", now(&kit)))
                .expect("a token"),
        );
        assert_eq!(refused(&kit, &started.handle).await, (403, "forbidden".into()));
    }
    assert_eq!(keys(), 2);

    // What was taken away is not believed any more, at the latest after an hour.
    kit.world.later(3_700_000);
    let late = begin(&kit).await;
    identity.give(&old.token(&identity.claims("ada", now(&kit))).expect("a token"));
    assert_eq!(refused(&kit, &late.handle).await, (403, "forbidden".into()));
}

// A53, A61: handles can't be guessed, and whoever tries is slowed down; codes end.
#[tokio::test(flavor = "multi_thread")]
async fn a061_handles_are_not_guessed_codes_end_and_sign_ins_are_limited() {
    let identity = Identity::start().expect("a provider");
    let kit = kit(&identity).await;
    let started = begin(&kit).await;
    let mut forged = started.handle.clone().into_bytes();
    let at = forged.len() / 2;
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("text");
    for bad in ["", "x", &"A".repeat(40_000), &forged] {
        assert_eq!(
            refused(&kit, bad).await,
            (401, "unauthenticated".into()),
            "{}",
            bad.len()
        );
    }
    let guess = json!({"handle": "A".repeat(200)});
    let mut last = (0, String::new());
    for _ in 0..60 {
        last = code(kit.post("/v1/signin:poll", "", &guess).await).await;
    }
    assert_eq!(last, (429, "rate_limited".into()));
    kit.world.later(60_000);

    // A question about one sign-in is asked once a second, whatever the client does.
    let before = identity.asked().iter().filter(|a| a.path == "/token").count();
    let mut limited = 0;
    for _ in 0..10 {
        let body = json!({"handle": started.handle});
        let (status, _) = code(kit.post("/v1/signin:poll", "", &body).await).await;
        limited += usize::from(status == 429);
    }
    let asked = identity.asked().iter().filter(|a| a.path == "/token").count() - before;
    assert!(limited >= 6 && asked <= 4, "{limited} {asked}");

    kit.world.later(700_000);
    assert_eq!(
        refused(&kit, &started.handle).await,
        (401, "token_expired".into())
    );

    let mut last = 0;
    for _ in 0..60 {
        last = kit
            .post("/v1/signin", "", &json!({"name": "x"}))
            .await
            .status()
            .as_u16();
    }
    assert_eq!(last, 429);
    kit.world.later(60_000);

    // Of other sites' pages nothing is taken, and no route of a sign-in says anything in a query (A32, A62).
    let page = kit
        .request(Method::POST, "/v1/signin", "")
        .header("origin", "https://evil.example");
    assert_eq!(
        page.json(&json!({"name": "x"}))
            .send()
            .await
            .expect("an answer")
            .status(),
        403
    );
    let name = kit.post("/v1/signin", "", &json!({"name": "a\u{7}b"})).await;
    assert_eq!(code(name).await, (422, "invalid_field".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_answers_is_told_as_what_it_is() {
    let identity = Identity::start().expect("a provider");
    let kit = kit(&identity).await;
    let started = begin(&kit).await;
    for (status, body, wanted) in [
        (400, json!({"error": "access_denied"}), (403, "forbidden")),
        (400, json!({"error": "expired_token"}), (401, "token_expired")),
        (400, json!({"error": "invalid_grant"}), (401, "unauthenticated")),
        (
            401,
            json!({"error": "invalid_client", "error_description": "INNER"}),
            (503, "storage_down"),
        ),
        (500, json!("INNER"), (503, "storage_down")),
        (
            200,
            json!({"access_token": "without an ID token"}),
            (503, "storage_down"),
        ),
        (200, json!([1, 2]), (503, "storage_down")),
    ] {
        identity.answer(status, body.clone());
        let answer = ask(&kit, &started.handle).await;
        let text = answer.text().await.expect("text");
        assert!(
            text.contains(&format!("\"code\":\"{}\"", wanted.1)),
            "{body}: {text}"
        );
        assert!(!text.contains("INNER"), "{text}");
    }
    identity.answer(400, json!({"error": "slow_down"}));
    let slower: Value = ask(&kit, &started.handle).await.json().await.expect("json");
    assert_eq!(
        (&slower["state"], &slower["interval_ms"]),
        (&json!("waiting"), &json!(6_000))
    );

    // Addresses that no browser should open, and codes with control characters, are given to nobody.
    for (name, value) in [
        ("verification_uri", json!("javascript:alert(1)")),
        ("verification_uri_complete", json!("file:///etc/passwd")),
        ("user_code", json!("A\u{1b}[2J")),
        ("user_code", json!("")),
    ] {
        let mut device = json!({"device_code": "d", "user_code": "U", "expires_in": 600,
                                "verification_uri": "https://login.example/device"});
        device[name] = value;
        identity.begin(device);
        let answer = kit.post("/v1/signin", "", &json!({"name": "a laptop"})).await;
        assert_eq!(code(answer).await, (503, "storage_down".into()), "{name}");
        kit.world.later(2_000);
    }
}

// OpenID Connect Core 5.3.2: what is told about somebody else is not used.
#[tokio::test(flavor = "multi_thread")]
async fn the_userinfo_of_another_person_is_not_used() {
    let identity = Identity::start().expect("a provider");
    let key = Key::ec("one").expect("a key");
    identity.show(&[key.public()]);
    let kit = kit(&identity).await;
    let bare = |kit: &Kit| without(identity.claims("u-17", now(kit)), "preferred_username");
    for (about, wanted) in [
        (json!({"sub": "u-18", "preferred_username": "root"}), None),
        (
            json!({"sub": "u-17", "preferred_username": "ada", "iss": "https://evil.example"}),
            Some("ada"),
        ),
    ] {
        let started = begin(&kit).await;
        identity.give(&key.token(&bare(&kit)).expect("a token"));
        identity.tell(200, about);
        match wanted {
            None => assert_eq!(refused(&kit, &started.handle).await, (503, "storage_down".into())),
            Some(name) => assert_eq!(done(&kit, &started.handle).await.1["owner"], name),
        }
    }
    let asked = identity.asked();
    let person = asked.iter().find(|a| a.path == "/person").expect("asked");
    assert_eq!(person.authorization, "Bearer an access token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_can_not_be_used_is_found_at_the_start_and_one_that_is_away_is_not_waited_for() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let data = dir.path().join("data");
    let start = async |issuer: &str| {
        let flags = [
            ("data", data.to_str().expect("text")),
            ("listen", "127.0.0.1:0"),
            ("oidc-issuer", issuer),
            ("oidc-client-id", CLIENT),
        ];
        let world = std::sync::Arc::new(crate::support::TestWorld::default());
        start_with(settings(&flags).expect("settings"), world).await
    };
    let identity = Identity::start().expect("a provider");
    for (name, value, told) in [
        ("issuer", json!("https://login.example"), "calls itself"),
        ("device_authorization_endpoint", Value::Null, "device flow"),
        ("jwks_uri", Value::Null, "jwks_uri"),
        ("token_endpoint", json!("http://10.0.0.1/token"), "outgoing-allow"),
        (
            "token_endpoint",
            json!("https://169.254.169.254/token"),
            "outgoing-allow",
        ),
    ] {
        let liar = Identity::start().expect("a provider");
        liar.describe(name, value);
        let Err(failure) = start(liar.issuer()).await else {
            panic!("{name}: started");
        };
        assert!(
            failure.detail.starts_with("oidc-issuer: ") && failure.detail.contains(told),
            "{failure}"
        );
    }
    let elsewhere = format!("{}/realms/none", identity.issuer());
    let server = start(&elsewhere)
        .await
        .expect("404 may be a provider that is being set up");
    server.shutdown().await.expect("ended");
    let server = start("http://127.0.0.1:1").await.expect("away");
    let url = server.url().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().expect("http");
    let ready = http.get(format!("{url}/readyz")).send().await.expect("an answer");
    assert_eq!(ready.status(), 200, "whoever has a token goes on");
    let body = json!({"name": "a laptop"});
    let answer = http
        .post(format!("{url}/v1/signin"))
        .json(&body)
        .send()
        .await
        .expect("an answer");
    assert_eq!(code(answer).await, (503, "storage_down".into()));
    server.shutdown().await.expect("ended");
}
