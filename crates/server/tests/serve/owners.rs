//! Owners, for admins; quotas.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_core::ids::OwnerId;
use windlass_protocol::sessions::InitAnswer;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;

use crate::support::{Kit, Sample, code, random};

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_adds_changes_and_disables_owners_and_all_of_it_is_in_the_audit() {
    for kit in [Kit::start(&[]).await, Kit::postgres(&[]).await] {
        let admin = kit.admin_token().await;
        let id = OwnerId::new(kit.world.now(), random());
        let wanted = json!({ "id": id, "name": "ann", "email": "Ann@example.com", "role": "member" });
        for _ in 0..2 {
            // Asked again after a lost answer: the same.
            let made: Value = kit
                .post("/v1/owners", &admin, &wanted)
                .await
                .json()
                .await
                .expect("json");
            assert_eq!(
                (made["kind"].as_str(), made["name"].as_str()),
                (Some("user"), Some("ann")),
                "{made}"
            );
        }
        let another = |name: &str, email: &str| json!({ "id": OwnerId::new(kit.world.now(), random()), "name": name, "email": email, "role": "member" });
        for (body, refused) in [
            (another("ann", "x@example.com"), (409, "state_conflict")),
            (another("bob", "ann@EXAMPLE.com"), (409, "state_conflict")),
            (another("", "x@example.com"), (422, "invalid_field")),
            (another("bob", "nobody"), (422, "invalid_field")),
            (
                json!({ "id": id, "name": "else", "role": "member" }),
                (422, "id_reused"),
            ),
            (
                json!({ "id": id, "name": "x", "role": "king" }),
                (400, "bad_request"),
            ),
        ] {
            let answer = code(kit.post("/v1/owners", &admin, &body).await).await;
            assert_eq!((answer.0, answer.1.as_str()), refused, "{body}");
        }
        let path = format!("/v1/owners/{id}");
        let patch = async |path: &str, body: Value| {
            kit.request(Method::PATCH, path, &admin)
                .json(&body)
                .send()
                .await
                .expect("an answer")
        };
        let token = kit.made(Some("ann"), &[Scope::Read]).await;
        assert_eq!(token.about.owner_id, id);
        assert_eq!(kit.get("/v1/tokens", &token.token).await.status(), 200);
        let changed: Value = patch(&path, json!({ "disabled": true, "quota_bytes": 10 }))
            .await
            .json()
            .await
            .expect("json");
        assert!(
            changed["disabled_at"].is_i64() && changed["quota_bytes"] == 10,
            "{changed}"
        );
        // At once where it was done.
        assert_eq!(
            code(kit.get("/v1/tokens", &token.token).await).await,
            (401, "unauthenticated".into())
        );
        assert_eq!(patch("/v1/owners/nobody", json!({})).await.status(), 404);

        let me = kit.made(None, &[Scope::Admin]).await;
        let own = format!("/v1/owners/{}", me.about.owner_id);
        assert_eq!(patch(&own, json!({ "disabled": true })).await.status(), 409);
        let all: Value = kit.get("/v1/owners", &admin).await.json().await.expect("json");
        assert_eq!(all["items"].as_array().expect("a list").len(), 2, "{all}");
    }
}

// A52
#[tokio::test(flavor = "multi_thread")]
async fn a052_a_quota_holds_when_many_ask_at_once() {
    for kit in [Kit::start(&[]).await, Kit::postgres(&[]).await] {
        let admin = kit.admin().await;
        let member = windlass_protocol::owners::Role::Member;
        admin
            .add_user("ann".into(), None, member, Some(5_000))
            .await
            .expect("added");
        let token = kit.token("ann", &[Scope::Upload]).await;
        let place = kit.destination(&token, "recordings").await;
        let group = kit.group(&token, place).await;
        let asks = (0..40).map(|n| {
            let (client, file) = (kit.client(&token), Sample::new(&format!("{n}.bin"), 1_000));
            async move {
                client
                    .init(vec![file.init(group)])
                    .await
                    .expect("init")
                    .remove(0)
                    .answer
            }
        });
        let answers = futures::future::join_all(asks).await;
        let taken = answers
            .iter()
            .filter(|a| matches!(a, InitAnswer::Upload { .. }))
            .count();
        let refused =
            |a: &&InitAnswer| matches!(a, InitAnswer::Refused { error } if error.code == "quota_exceeded");
        assert_eq!(
            (taken, answers.iter().filter(refused).count()),
            (5, 35),
            "{answers:?}"
        );
    }
}
