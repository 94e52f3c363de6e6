//! Sessions and their parts: fields, lists, retries, resuming (G-3, G-5, G-15, L-5, L-19).

use serde_json::{Value, json};
use windlass_core::ids::ClientId;
use windlass_server::clock::World as _;

use crate::desk::{Desk, both};
use crate::support::{Sample, random};

/// A file in parts of 5 MiB.
fn in_parts(path: &str, parts: usize) -> Sample {
    Sample {
        part: 5 << 20,
        ..Sample::new(path, (parts - 1) * (5 << 20) + 1_000)
    }
}

fn states(parts: &Value) -> Vec<String> {
    let parts = parts["parts"].as_array().expect("parts");
    parts
        .iter()
        .map(|p| p["state"].as_str().expect("a word").to_owned())
        .collect()
}

// G-3, G-5, G-15
#[tokio::test(flavor = "multi_thread")]
async fn g05_g15_parts_go_from_pending_to_uploaded_and_are_counted() {
    async fn test(desk: Desk) {
        let file = in_parts("big.bin", 3);
        let answer = desk.init(&file, &json!({ "destination": "recordings" })).await;
        assert_eq!(answer["answer"], "upload");
        let (path, parts) = (
            format!("/v1/sessions/{}", file.id),
            format!("/v1/sessions/{}/parts", file.id),
        );
        let view = desk.file(file.id).await;
        assert_eq!((&view["part_count"], &view["parts_done"]), (&json!(3), &json!(0)));
        assert_eq!(view["object_key"], answer["object_key"]);
        assert_eq!(
            states(&desk.ok("GET", &parts, None).await),
            ["pending", "pending", "pending"]
        );

        // Signed: on its way.
        let sign = file.sign();
        let two = json!({ "items": [{ "id": file.id, "attempt": 1, "parts": &sign.parts[..2] }] });
        let signed = desk.ok("POST", "/v1/sessions:sign", Some(&two)).await;
        assert_eq!(signed["items"][0]["uploads"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            states(&desk.ok("GET", &parts, None).await),
            ["uploading", "uploading", "pending"]
        );
        assert_eq!(desk.ok("GET", &path, None).await["state"], "uploading");

        // The first is sent and reported, the second failed.
        let (url, body) = (
            signed["items"][0]["uploads"][0]["url"].as_str().expect("a url"),
            file.bodies().remove(0),
        );
        let put = desk
            .kit
            .http
            .put(url)
            .body(body.clone())
            .send()
            .await
            .expect("an answer");
        let etag = put.headers()["etag"].to_str().expect("an etag").to_owned();
        let done = json!({ "n": 1, "size": body.len(), "crc64": sign.parts[0].crc64, "etag": etag });
        let report = json!({ "items": [{ "id": file.id, "done": [done], "failed": [2] }] });
        desk.ok("POST", "/v1/sessions:sign", Some(&report)).await;
        let told = desk.ok("GET", &parts, None).await;
        assert_eq!(states(&told), ["uploaded", "failed", "pending"]);
        let first = &told["parts"][0];
        assert_eq!(first["id"], json!(format!("{}:1", file.id)));
        assert_eq!((&first["etag"], &first["size"]), (&json!(etag), &json!(5 << 20)));
        assert!(first["uploaded_at"].is_i64());
        let view = desk.file(file.id).await;
        assert_eq!(
            (&view["parts_done"], &view["bytes_done"]),
            (&json!(1), &json!(5 << 20))
        );

        // What was sent and not reported is found at the storage.
        desk.kit.send(&desk.token, &file).await;
        assert_eq!(
            states(&desk.ok("GET", &parts, None).await),
            ["uploading", "uploading", "uploading"]
        );
        let listed = desk.ok("GET", &format!("{parts}?storage=1"), None).await;
        assert_eq!(states(&listed), ["uploaded", "uploaded", "uploaded"]);
        assert_eq!(listed["from_storage"], true);
        assert_eq!(desk.file(file.id).await["parts_done"], 3);

        let sent = desk.kit.send(&desk.token, &file).await;
        desk.complete(&file, sent).await;
        let view = desk.file(file.id).await;
        for (field, value) in [
            ("state", json!("uploaded")),
            ("part_count", json!(3)),
            ("parts_done", json!(3)),
            ("bytes_done", json!(file.data.len())),
            ("name", json!("big.bin")),
            ("group_id", Value::Null),
            ("deleted", json!(false)),
            ("retry_count", json!(0)),
        ] {
            assert_eq!(view[field], value, "{field}");
        }
        for field in [
            "uploaded_at",
            "verified_at",
            "created_at",
            "updated_at",
            "alive_at",
        ] {
            assert!(view[field].is_i64(), "{field}");
        }
    }
    both!(test);
}

// G-14, L-13: what was interrupted goes on from where it stood, and a start over sends all.
#[tokio::test(flavor = "multi_thread")]
async fn l13_a_failed_file_goes_on_from_where_it_stood_or_starts_over() {
    async fn test(desk: Desk) {
        let file = in_parts("big.bin", 2);
        desk.init(&file, &json!({ "destination": "recordings" })).await;
        let parts = desk.kit.send(&desk.token, &file).await;
        desk.fail(file.id).await;
        let (retry, start) = (
            format!("/v1/sessions/{}/retry", file.id),
            json!({ "from": "start" }),
        );
        let view = desk.ok("POST", &retry, None).await;
        assert_eq!(
            (&view["state"], &view["attempt"], &view["retry_count"]),
            (&json!("uploading"), &json!(1), &json!(1))
        );
        let first_key = view["object_key"].clone();
        desk.fail(file.id).await;
        let view = desk.ok("POST", &retry, Some(&start)).await;
        assert_eq!(
            (&view["state"], &view["attempt"], &view["retry_count"]),
            (&json!("pending"), &json!(2), &json!(2))
        );
        assert_eq!(view["parts_done"], 0, "nothing of the first attempt counts");
        let late = desk.complete(&file, parts).await;
        assert!(format!("{late:?}").contains("lease_lost"), "{late:?}");
        // A source that changed is another attempt, too.
        let longer = desk
            .ok(
                "PATCH",
                &format!("/v1/sessions/{}", file.id),
                Some(&json!({ "size": 77 })),
            )
            .await;
        assert_eq!(
            (&longer["attempt"], &longer["size"], &longer["part_count"]),
            (&json!(3), &json!(77), &json!(1))
        );
        assert_eq!(
            longer["sha256"],
            Value::Null,
            "what the content was said to be is forgotten"
        );
        assert!(first_key.is_string());
        for path in ["retry", "takeover"] {
            let done = Sample::new("done.bin", 10);
            desk.upload(&done, &json!({ "destination": "recordings" })).await;
            let path = format!("/v1/sessions/{}/{path}", done.id);
            assert_eq!(desk.refused("POST", &path, None).await.1, "session_settled");
        }
    }
    both!(test);
}

// L-5, L-13
#[tokio::test(flavor = "multi_thread")]
async fn l05_files_are_found_by_state_group_slot_and_machine_in_stable_pages() {
    async fn test(desk: Desk) {
        let record = desk.entity("record").await;
        let mine = ClientId::new(desk.kit.world.now(), random());
        let raw = Sample::new("raw.json", 10);
        let more = json!({ "group_id": record, "file_type": "raw_recording", "client_id": mine, "metadata": { "take": 1 } });
        let view = desk.upload(&raw, &more).await;
        assert_eq!(view["metadata"], json!({ "take": 1 }));
        let other = Sample::new("other.json", 20);
        desk.init(&other, &json!({ "destination": "recordings" })).await;
        let failed = Sample::new("failed.json", 30);
        desk.init(&failed, &json!({ "destination": "recordings" })).await;
        desk.fail(failed.id).await;
        for (query, expected) in [
            ("", vec![&failed, &other, &raw]),
            ("state=open", vec![&other]),
            ("state=failed", vec![&failed]),
            ("state=settled", vec![&raw]),
            ("state=uploaded", vec![&raw]),
            (&format!("group={record}"), vec![&raw]),
            ("file_type=raw_recording", vec![&raw]),
            (&format!("client=mine&client_id={mine}"), vec![&raw]),
            (&format!("client=other&client_id={mine}"), vec![&failed, &other]),
            (&format!("client=other&client_id={mine}&state=open"), vec![&other]),
        ] {
            let found = desk.ok("GET", &format!("/v1/sessions?{query}"), None).await;
            let mut ids: Vec<_> = found["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|f| f["id"].to_string())
                .collect();
            let mut wanted: Vec<_> = expected.iter().map(|f| json!(f.id).to_string()).collect();
            ids.sort();
            wanted.sort();
            assert_eq!(ids, wanted, "{query}");
        }
        let mut seen = 0;
        let mut path = "/v1/sessions?limit=1".to_owned();
        loop {
            let page = desk.ok("GET", &path, None).await;
            seen += page["items"].as_array().map_or(0, Vec::len);
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/sessions?limit=1&cursor={next}");
        }
        assert_eq!(seen, 3);
        for bad in ["client=other", "state=lost", "cursor=1", "who=me"] {
            let status = desk
                .ask("GET", &format!("/v1/sessions?{bad}"), None)
                .await
                .status()
                .as_u16();
            assert!(matches!(status, 400 | 422), "{bad}: {status}");
        }
    }
    both!(test);
}

// G-4, D-11: deleting keeps the row, what was true of it, and what others share.
#[tokio::test(flavor = "multi_thread")]
async fn g04_a_deleted_file_says_what_it_was_and_its_bytes_are_gone() {
    async fn test(desk: Desk) {
        let file = Sample::new("a.bin", 10);
        let view = desk.upload(&file, &json!({ "destination": "recordings" })).await;
        let on_disk = desk
            .kit
            .dir
            .path()
            .join("data/files/recordings")
            .join(view["object_key"].as_str().expect("a key"));
        assert_eq!(std::fs::read(&on_disk).expect("stored"), file.data);
        let path = format!("/v1/sessions/{}", file.id);
        // Jobs of the pipeline may still read it: then the bytes wait for them.
        crate::support::until("the jobs are over", async || {
            let jobs = desk.file(file.id).await["jobs"].clone();
            jobs.as_array().is_some_and(|j| {
                j.iter()
                    .all(|j| !matches!(j["state"].as_str(), Some("pending" | "sending" | "running")))
            })
        })
        .await;
        let gone = desk.ok("DELETE", &path, None).await;
        assert_eq!(
            (&gone["state"], &gone["cleaned"]),
            (&json!("uploaded"), &json!(true))
        );
        assert!(!on_disk.exists(), "nobody shares it");
        let view = desk.file(file.id).await;
        assert_eq!(
            (&view["state"], &view["deleted"], &view["delete_reason"]),
            (&json!("uploaded"), &json!(true), &json!("user"))
        );
        assert_eq!(
            desk.ok("DELETE", &path, None).await["deleted_at"],
            gone["deleted_at"],
            "asked twice"
        );
        assert_eq!(
            desk.refused("GET", &format!("{path}/content"), None).await.1,
            "session_deleted"
        );
        assert_eq!(desk.ok("GET", "/v1/sessions", None).await["items"], json!([]));
        assert_eq!(
            desk.ok("GET", "/v1/sessions?deleted=1", None).await["items"][0]["id"],
            json!(file.id)
        );
    }
    both!(test);
}
