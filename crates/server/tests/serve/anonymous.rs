//! People without an account (A100 to A104).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_protocol::sessions::InitAnswer;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;

use crate::support::{Kit, Sample, code, random};

fn secret() -> String {
    format!("wla_{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

async fn allow(kit: &Kit, destination: DestinationId) {
    let db = kit
        .server
        .as_ref()
        .expect("running")
        .service()
        .store()
        .db()
        .clone();
    let sql = "UPDATE destination SET allow_anonymous = 1 WHERE id = ?1";
    db.write(None, move |tx| {
        tx.execute(sql, windlass_server::params![destination]).map(drop)
    })
    .await
    .expect("allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_nobody_gets_in_with_a_secret_of_their_own() {
    let kit = Kit::start(&[]).await;
    let group = json!({ "id": GroupId::new(kit.world.now(), random()), "name": "x",
                        "destination_id": DestinationId::new(kit.world.now(), random()) });
    assert_eq!(
        code(kit.post("/v1/groups", &secret(), &group).await).await,
        (401, "unauthenticated".into())
    );
}

// A101, A102, A103
#[tokio::test(flavor = "multi_thread")]
async fn a101_an_anonymous_upload_is_its_secrets_alone_and_stays_below_its_quota() {
    for kit in [
        Kit::start(&[("anonymous-quota", "3000")]).await,
        Kit::postgres(&[("anonymous-quota", "3000")]).await,
    ] {
        let ann = kit.token("ann", &[Scope::Upload]).await;
        let (open, closed) = (
            kit.destination(&ann, "recordings").await,
            kit.destination(&ann, "models").await,
        );
        allow(&kit, open).await;
        let (mine, other) = (secret(), secret());
        let group = |destination: DestinationId| json!({ "id": GroupId::new(kit.world.now(), random()), "name": "x", "destination_id": destination });
        assert_eq!(
            code(kit.post("/v1/groups", &mine, &group(closed)).await).await,
            (403, "forbidden".into())
        );
        // Nothing is known of a secret before its first group.
        for path in ["/v1/tokens", "/v1/owners", "/v1/groups/x"] {
            assert_eq!(code(kit.get(path, &mine).await).await.0, 401, "{path}");
        }
        let own = kit.group(&mine, open).await;
        kit.upload(&mine, own, &Sample::new("a.bin", 2_000)).await;
        assert_eq!(kit.get(&format!("/v1/groups/{own}"), &mine).await.status(), 200);
        let answer = kit
            .client(&mine)
            .init(vec![Sample::new("b.bin", 1_001).init(own)])
            .await
            .expect("init");
        assert!(matches!(&answer[0].answer, InitAnswer::Refused { error } if error.code == "quota_exceeded"));
        // A second destination is still closed; runs, tokens and lists are not for them.
        assert_eq!(
            code(kit.post("/v1/groups", &mine, &group(closed)).await).await.0,
            403
        );
        for path in ["/v1/tokens", "/v1/owners"] {
            assert_eq!(code(kit.get(path, &mine).await).await.0, 403, "{path}");
        }
        kit.group(&other, open).await;
        assert_eq!(kit.get(&format!("/v1/groups/{own}"), &other).await.status(), 404);
        assert_eq!(kit.get(&format!("/v1/groups/{own}"), &ann).await.status(), 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_secret_that_comes_twice_at_once_is_one_owner() {
    let kit = Kit::postgres(&[("anonymous-quota", "3000")]).await;
    let ann = kit.token("ann", &[Scope::Upload]).await;
    let open = kit.destination(&ann, "recordings").await;
    allow(&kit, open).await;
    let mine = secret();
    let groups = futures::future::join_all((0..8).map(|_| kit.group(&mine, open))).await;
    for group in groups {
        assert_eq!(kit.get(&format!("/v1/groups/{group}"), &mine).await.status(), 200);
    }
}

// A100
#[tokio::test(flavor = "multi_thread")]
async fn a100_new_identities_of_one_address_run_into_a_limit() {
    let kit = Kit::start(&[("anonymous-quota", "3000")]).await;
    let ann = kit.token("ann", &[Scope::Upload]).await;
    let open = kit.destination(&ann, "recordings").await;
    allow(&kit, open).await;
    let mut made = 0;
    for _ in 0..60 {
        let group =
            json!({ "id": GroupId::new(kit.world.now(), random()), "name": "x", "destination_id": open });
        let response = kit.post("/v1/groups", &secret(), &group).await;
        match response.status().as_u16() {
            200 => made += 1,
            429 => break,
            other => panic!("{other}"),
        }
    }
    assert!((20..40).contains(&made), "{made}");
}
