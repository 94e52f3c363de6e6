//! Reading what is stored: by signed URL, in ranges, as a file and never as a page (A40, A44, A71, A77).

use reqwest::redirect::Policy;
use serde_json::json;
use windlass_protocol::tokens::Scope;

use crate::support::{Kit, Sample, code, settings_with};

const OWN: [Scope; 3] = [Scope::Upload, Scope::Read, Scope::Delete];

fn no_redirects() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .expect("http")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_to_read_is_good_at_every_replica_with_the_key_and_after_a_start() {
    let place = tempfile::TempDir::new().expect("a folder");
    let folder = place.path().to_str().expect("text");
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let other = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
    let database = Some(Kit::database().await);
    let mut kit = Kit::with(database, &[("storage", folder)], &[("WINDLASS_SEAL_KEY", key)]).await;
    let token = kit.token("ann", &OWN).await;
    let place = kit.destination(&token, "recordings").await;
    let group = kit.group(&token, place).await;
    let file = Sample::new("a.bin", 3_000);
    kit.upload(&token, group, &file).await;
    let http = no_redirects();
    let content = format!("{}/v1/sessions/{}/content", kit.url, file.id);
    let found = http
        .get(&content)
        .bearer_auth(&token)
        .send()
        .await
        .expect("an answer");
    let url = found.headers()["location"].to_str().expect("text").to_owned();
    let path = url.trim_start_matches(&kit.url).to_owned();
    let read = async |server: &str| {
        let answer = http
            .get(format!("{server}{path}"))
            .send()
            .await
            .expect("an answer");
        (
            answer.status().as_u16(),
            answer.bytes().await.expect("bytes").to_vec(),
        )
    };
    let two = kit.replica(kit.world.clone()).await;
    assert_eq!(read(two.url()).await, (200, file.data.clone()));
    drop(two.shutdown().await);
    drop(kit.server.take().expect("running").shutdown().await);
    for (key, wanted) in [(key, 200), (other, 403)] {
        let variables = [("WINDLASS_SEAL_KEY", key)];
        let settings = settings_with(&[("data", "/")], &variables).expect("settings");
        kit.settings.work.seal_key = settings.work.seal_key;
        let again = kit.replica(kit.world.clone()).await;
        assert_eq!(read(again.url()).await.0, wanted);
        drop(again.shutdown().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a044_content_is_read_by_a_signed_url_in_ranges_as_an_attachment() {
    for kit in [Kit::start(&[]).await, Kit::postgres(&[]).await] {
        let token = kit.token("ann", &OWN).await;
        let place = kit.destination(&token, "recordings").await;
        let group = kit.group(&token, place).await;
        let file = Sample::new("Über \"uns\".bin", 700_000);
        let http = no_redirects();
        let content = format!("{}/v1/sessions/{}/content", kit.url, file.id);
        let ask = async || {
            http.get(&content)
                .bearer_auth(&token)
                .send()
                .await
                .expect("an answer")
        };
        assert_eq!(ask().await.status(), 404);
        kit.client(&token)
            .init(vec![file.init(group)])
            .await
            .expect("init");
        assert_eq!(
            code(ask().await).await,
            (409, "state_conflict".into()),
            "not before it is there"
        );
        let parts = kit.send(&token, &file).await;
        kit.client(&token)
            .complete(vec![file.complete(parts)])
            .await
            .expect("complete");
        let found = ask().await;
        assert_eq!(found.status(), 302);
        let url = found.headers()["location"].to_str().expect("text").to_owned();
        assert!(url.starts_with(&kit.url) && !url.contains(&token), "{url}");

        // No token any more: the URL is the permission.
        let get = |range: Option<&'static str>| {
            let request = http.get(&url);
            match range {
                Some(range) => request.header("range", range).send(),
                None => request.send(),
            }
        };
        let whole = get(None).await.expect("an answer");
        assert_eq!(whole.status(), 200);
        let header = |name: &str| whole.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-length"), "700000");
        assert!(header("content-disposition").starts_with("attachment; filename=\""));
        assert!(header("content-disposition").ends_with("%C3%9Cber%20%22uns%22.bin"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").contains("sandbox"));
        assert!(whole.bytes().await.expect("bytes") == file.data, "the same bytes");
        for (range, status, expected) in [
            ("bytes=0-0", 206, &file.data[..1]),
            ("bytes=300000-499999", 206, &file.data[300_000..500_000]),
            ("bytes=-5", 206, &file.data[699_995..]),
            ("bytes=699999-", 206, &file.data[699_999..]),
            ("lines=1-2", 200, &file.data[..]),
        ] {
            let part = get(Some(range)).await.expect("an answer");
            assert_eq!(part.status(), status, "{range}");
            assert_eq!(part.headers()["content-length"], expected.len().to_string());
            assert!(part.bytes().await.expect("bytes") == expected, "{range}");
        }
        let beyond = get(Some("bytes=700000-")).await.expect("an answer");
        assert_eq!(
            (beyond.status().as_u16(), &beyond.headers()["content-range"]),
            (416, &"bytes */700000".parse().expect("a header"))
        );

        // A permission to read is none to write, nor for another object, nor for later.
        assert_eq!(
            http.put(&url).body("x").send().await.expect("an answer").status(),
            403
        );
        for bad in [
            url.replace("exp=", "exp=1"),
            url.replace("sig=", "sig=0"),
            format!("{url}&part=1"),
            url.replace("/blob/0", "/blob/1"),
        ] {
            assert_eq!(
                http.get(&bad).send().await.expect("an answer").status(),
                403,
                "{bad}"
            );
        }
        kit.world.later(900_001);
        assert_eq!(
            code(get(None).await.expect("an answer")).await,
            (403, "url_expired".into())
        );

        let deleted = kit
            .post("/v1/sessions:delete", &token, &json!({ "ids": [file.id] }))
            .await;
        assert_eq!(deleted.status(), 200);
        assert_eq!(code(ask().await).await.1, "session_deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_urls_name_the_public_address() {
    let kit = Kit::start(&[("public-url", "https://up.example.com")]).await;
    assert_eq!(kit.url, "https://up.example.com");
    let server = kit.server.as_ref().expect("running");
    let direct = format!("http://{}", server.address());
    let token = kit.token("ann", &OWN).await;
    let endpoint = windlass_protocol::Endpoint {
        base_url: direct,
        token,
    };
    let client = windlass_protocol::ControlClient::new(endpoint).expect("a client");
    let place = client.destinations().await.expect("destinations")[0].id;
    let group = windlass_protocol::groups::CreateGroup {
        id: windlass_core::ids::GroupId::new(
            windlass_server::clock::World::now(kit.world.as_ref()),
            crate::support::random(),
        ),
        name: "x".into(),
        destination_id: place,
    };
    client.create_group(&group).await.expect("a group");
    let file = Sample::new("a.bin", 10);
    client.init(vec![file.init(group.id)]).await.expect("init");
    let signed = client.sign(vec![file.sign()]).await.expect("sign").remove(0);
    assert!(
        signed.uploads[0]
            .url
            .starts_with("https://up.example.com/v1/blob/"),
        "{}",
        signed.uploads[0].url
    );
}
