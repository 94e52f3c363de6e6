//! What everybody may read (L-12): released groups and public destinations, and nothing else.

use reqwest::StatusCode;
use serde_json::{Value, json};
use windlass_core::ids::GroupId;

use crate::desk::{Desk, both};
use crate::support::Sample;

/// A completed group of one file, maybe below another group.
async fn done(desk: &Desk, place: &str, parent: Option<GroupId>) -> (GroupId, Sample, String) {
    let id = desk.group_id();
    let body = json!({ "id": id, "name": "Done", "destination": place, "parent_id": parent });
    desk.ok("POST", "/v1/groups", Some(&body)).await;
    let file = Sample::new("a b+ü.bin", 300);
    desk.upload(&file, &json!({ "group_id": id })).await;
    let told = desk.ok("POST", &format!("/v1/groups/{id}/finalize"), None).await;
    (
        id,
        file,
        told["files"][0]["url"].as_str().expect("a url").to_owned(),
    )
}

/// What an address gives to somebody with this token, redirects followed.
async fn read(desk: &Desk, url: &str, token: &str) -> (StatusCode, Vec<u8>) {
    let url = if url.starts_with('/') {
        format!("{}{url}", desk.kit.url)
    } else {
        url.to_owned()
    };
    let mut request = desk.kit.http.get(url);
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.expect("an answer");
    (response.status(), response.bytes().await.expect("bytes").to_vec())
}

// L-12
#[tokio::test(flavor = "multi_thread")]
async fn l12_who_may_read_what() {
    async fn test(desk: Desk) {
        let bob = desk.kit.token("bob", &crate::desk::OWN).await;
        let parent = desk.group_id();
        let body = json!({ "id": parent, "name": "Project", "destination": "recordings" });
        desk.ok("POST", "/v1/groups", Some(&body)).await;
        desk.upload(&Sample::new("p.bin", 20), &json!({ "group_id": parent }))
            .await;
        desk.ok("POST", &format!("/v1/groups/{parent}/finalize"), None)
            .await;
        let (private, private_file, private_url) = done(&desk, "recordings", Some(parent)).await;
        let (_, public_file, public_url) = done(&desk, "models", None).await;
        let nobody = "wln_00000000000000000000000000000000";

        // Private: its owner alone. Public destination: everybody, by the key.
        let token = desk.token.clone();
        for (who, token, may_private) in [
            ("owner", token.as_str(), true),
            ("other", &bob, false),
            ("none", "", false),
        ] {
            let (status, bytes) = read(&desk, &private_url, token).await;
            assert_eq!(status.is_success(), may_private, "{who}: {status}");
            assert_eq!(bytes == private_file.data, may_private, "{who}");
            let (status, bytes) = read(&desk, &public_url, token).await;
            assert!(
                status.is_success() && bytes == public_file.data,
                "{who}: {status}"
            );
        }
        // A wrong token is no reason to refuse what is everybody's.
        assert_eq!(read(&desk, &public_url, nobody).await.0, 200);
        let by_key = |place: &str, key: &str| format!("/v1/public/d/{place}/{key}");
        let key = desk.file(private_file.id).await["object_key"]
            .as_str()
            .expect("a key")
            .to_owned();
        for path in [
            by_key("recordings", &key),
            by_key("models", &key),
            by_key("nowhere", &key),
            by_key("models", "../secret"),
        ] {
            assert_eq!(read(&desk, &path, "").await.0, 404, "{path}");
        }

        // Released: by the public id, with the groups below it.
        assert_eq!(
            desk.refused(
                "POST",
                &format!("/v1/groups/{}/release", desk.entity("option").await),
                None
            )
            .await
            .1,
            "state_conflict"
        );
        let released = desk
            .ok("POST", &format!("/v1/groups/{parent}/release"), None)
            .await;
        let id = released["public_id"].as_str().expect("an id").to_owned();
        assert_eq!(id.len(), 32);
        assert_eq!(
            desk.ok("POST", &format!("/v1/groups/{parent}/release"), None)
                .await["public_id"],
            json!(id),
            "asked twice"
        );
        let page: Value =
            serde_json::from_slice(&read(&desk, &format!("/v1/public/{id}"), "").await.1).expect("json");
        assert_eq!(
            (&page["name"], page["files"].as_array().map(Vec::len)),
            (&json!("Project"), Some(2))
        );
        assert!(
            !page
                .to_string()
                .contains(&desk.owner(private_file.id).await.to_string())
                || page["files"][0]["object_key"].is_string()
        );
        let path = format!("/v1/public/{id}/{}", private_file.id);
        assert_eq!(
            read(&desk, &path, "").await,
            (StatusCode::OK, private_file.data.clone())
        );
        // Not by the group's own id, not another file, not under another public id.
        for wrong in [
            format!(
                "/v1/public/{}/{}",
                private.to_string().replace('-', ""),
                private_file.id
            ),
            format!("/v1/public/{id}/{}", public_file.id),
            format!("/v1/public/{}/{}", "0".repeat(32), private_file.id),
            format!("/v1/public/{id}/x"),
        ] {
            assert_eq!(read(&desk, &wrong, "").await.0, 404, "{wrong}");
        }
        // Only its owner takes it back, and then it is gone; the next release has another id.
        let other = desk
            .ask_as(&bob, "POST", &format!("/v1/groups/{parent}/unrelease"), None)
            .await;
        assert_eq!(other.status(), 404);
        desk.ok("POST", &format!("/v1/groups/{parent}/unrelease"), None)
            .await;
        assert_eq!(read(&desk, &path, "").await.0, 404);
        let again = desk
            .ok("POST", &format!("/v1/groups/{parent}/release"), None)
            .await;
        assert_ne!(again["public_id"], json!(id));
        // What is deleted is nobody's.
        desk.ask("DELETE", &format!("/v1/groups/{parent}"), None).await;
        let path = format!("/v1/public/{}", again["public_id"].as_str().expect("an id"));
        assert_eq!(read(&desk, &path, "").await.0, 404);
    }
    both!(test);
}

// G-7, L-12: an anonymous upload is its secret's alone; nobody gives anything out with it.
#[tokio::test(flavor = "multi_thread")]
async fn g07_an_anonymous_upload_has_no_user_and_goes_the_whole_way() {
    use base64::Engine as _;
    async fn test(desk: Desk) {
        let admin = desk.kit.admin_token().await;
        let secret = || {
            let bytes = crate::support::random::<32>();
            format!(
                "wla_{}",
                base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
            )
        };
        let (mine, other) = (secret(), secret());
        let file = Sample::new("a.bin", 100);
        let body = json!({ "items": [desk.announce(&file, &json!({ "destination": "recordings" }))] });
        let closed = desk.ask_as(&mine, "POST", "/v1/sessions:init", Some(&body)).await;
        assert_eq!(closed.status(), 403, "the destination takes none");
        let path = format!("/v1/destinations/{}", desk.place("recordings"));
        let set = desk
            .ask_as(&admin, "PATCH", &path, Some(&json!({ "allow_anonymous": true })))
            .await;
        assert_eq!(set.status(), 200);
        let answer = desk.ask_as(&mine, "POST", "/v1/sessions:init", Some(&body)).await;
        assert_eq!(
            answer.json::<Value>().await.expect("json")["items"][0]["answer"],
            "upload"
        );
        let parts = desk.kit.send(&mine, &file).await;
        desk.kit
            .client(&mine)
            .complete(vec![file.complete(parts)])
            .await
            .expect("complete");
        let group = json!({ "id": desk.group_id(), "name": "x", "destination": "recordings" });
        let group: Value = desk
            .ask_as(&mine, "POST", "/v1/groups", Some(&group))
            .await
            .json()
            .await
            .expect("json");
        assert_eq!(group["anonymous"], true);
        let view = format!("/v1/sessions/{}", file.id);
        let own = desk.ask_as(&mine, "GET", &view, None).await;
        assert_eq!(own.json::<Value>().await.expect("json")["state"], "uploaded");
        for token in [desk.token.as_str(), &other] {
            assert!(!desk.ask_as(token, "GET", &view, None).await.status().is_success());
        }
        let release = format!("/v1/groups/{}/release", group["id"].as_str().expect("an id"));
        assert_eq!(desk.ask_as(&mine, "POST", &release, None).await.status(), 403);
        // Over the quota of anonymous uploaders.
        let big = Sample::new("big.bin", 4_000);
        let body = json!({ "items": [desk.announce(&big, &json!({ "destination": "recordings" }))] });
        let answer: Value = desk
            .ask_as(&mine, "POST", "/v1/sessions:init", Some(&body))
            .await
            .json()
            .await
            .expect("json");
        assert_eq!(answer["items"][0]["error"]["code"], "quota_exceeded");
    }
    use crate::support::Kit;
    let flags = [("anonymous-quota", "3000")];
    test(Desk::new(Kit::start(&flags).await).await).await;
    test(Desk::new(Kit::postgres(&flags).await).await).await;
}
