//! G: groups, sessions, parts and jobs, in camel case and with G's words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, bytes, fresh_id, word};

const BIN: &str = "application/octet-stream";

async fn group(bench: &Bench) -> String {
    let made = bench
        .post(
            "/groups",
            json!({ "name": "Trip", "description": "2024", "destination": "recordings" }),
        )
        .await;
    assert_eq!(
        (word(&made, "status"), &made["totalFiles"]),
        ("PENDING", &json!(0)),
        "{made}"
    );
    for field in [
        "id",
        "name",
        "description",
        "userId",
        "completedFiles",
        "createdAt",
        "updatedAt",
    ] {
        assert!(made.get(field).is_some_and(|v| !v.is_null()), "{field}: {made}");
    }
    word(&made, "id").to_owned()
}

async fn file(bench: &Bench, group: Option<&str>, data: &[u8]) -> Value {
    let body = json!({ "filename": "a.bin", "contentType": BIN, "size": data.len(), "groupId": group });
    bench.post("/generateFileUploadUrl", body).await
}

async fn status(bench: &Bench, path: &str) -> String {
    word(&bench.get(path).await, "status").to_owned()
}

async fn arrives(bench: &Bench, session: &Value, data: &[u8]) {
    bench.put(&session["url"], data).await;
    let done = bench
        .post(
            "/multipart/complete",
            json!({ "sessionId": session["sessionId"] }),
        )
        .await;
    assert!(done["uploadedAt"].is_string(), "{done}");
}

// G-1, G-2, G-8, G-15
#[tokio::test(flavor = "multi_thread")]
async fn g2_a_group_goes_all_the_ways_it_may_go_and_no_other() {
    for bench in Bench::both().await {
        // PENDING, IN_PROGRESS with the first URL, COMPLETED.
        let id = group(&bench).await;
        let (path, done, cancel) = (
            format!("/groups/{id}"),
            format!("/groups/{id}/complete"),
            format!("/groups/{id}/cancel"),
        );
        let (code, word_of, detail) = bench.refused(&done, json!({})).await;
        assert_eq!(
            (code, word_of.as_str()),
            (409, "finalize_incomplete"),
            "a draft is not completed: {detail}"
        );
        assert_eq!(status(&bench, &path).await, "PENDING");
        let (one, two) = (bytes(100), bytes(200));
        let (first, second) = (
            file(&bench, Some(&id), &one).await,
            file(&bench, Some(&id), &two).await,
        );
        assert_eq!(status(&bench, &path).await, "IN_PROGRESS");
        arrives(&bench, &first, &one).await;
        let (_, _, detail) = bench.refused(&done, json!({})).await;
        assert_eq!(detail, "Cannot finalize: 1 of 2 required files not completed");
        let now = bench.get(&path).await;
        assert_eq!(
            (&now["totalFiles"], &now["completedFiles"]),
            (&json!(2), &json!(1))
        );
        arrives(&bench, &second, &two).await;
        assert_eq!(word(&bench.post(&done, json!({})).await, "status"), "COMPLETED");
        // Completed is final.
        assert_eq!(bench.refused(&cancel, json!({})).await.1, "group_completed");
        let late = json!({ "filename": "b.bin", "contentType": BIN, "size": 1, "groupId": id });
        assert_eq!(
            bench.refused("/generateFileUploadUrl", late).await.1,
            "group_completed"
        );
        assert_eq!(status(&bench, &path).await, "COMPLETED");

        // CANCELLED: its open files are given up; it is final too.
        let id = group(&bench).await;
        let (path, done, cancel) = (
            format!("/groups/{id}"),
            format!("/groups/{id}/complete"),
            format!("/groups/{id}/cancel"),
        );
        let open = file(&bench, Some(&id), &one).await;
        assert_eq!(word(&bench.post(&cancel, json!({})).await, "status"), "CANCELLED");
        assert_eq!(
            status(&bench, &format!("/sessions/{}", word(&open, "sessionId"))).await,
            "DELETED"
        );
        assert_eq!(bench.refused(&done, json!({})).await.1, "group_closed");
        let late = json!({ "filename": "b.bin", "contentType": BIN, "size": 1, "groupId": id });
        assert_eq!(
            bench.refused("/generateFileUploadUrl", late).await.1,
            "group_closed"
        );
        assert_eq!(status(&bench, &path).await, "CANCELLED");

        // FAILED: no file can go on without a person; then it goes on.
        let id = group(&bench).await;
        let path = format!("/groups/{id}");
        let session = file(&bench, Some(&id), &one).await;
        bench
            .post(
                "/training/upload/update",
                json!({ "sourceIds": [session["sessionId"]] }),
            )
            .await;
        assert_eq!(status(&bench, &path).await, "FAILED");
        assert_eq!(bench.refused(&format!("{path}/complete"), json!({})).await.0, 409);
        assert_eq!(
            bench
                .get(&format!("/sessions/{}", word(&session, "sessionId")))
                .await["error"]["code"],
            "object_missing"
        );
        assert_eq!(
            bench
                .ask(Method::GET, &format!("/groups/{}", fresh_id()), None)
                .await
                .0,
            404
        );
    }
}

// G-3, G-4, G-6, G-9, G-13
#[tokio::test(flavor = "multi_thread")]
async fn g4_a_file_walks_through_all_its_words() {
    for bench in Bench::both().await {
        let worker = bench.worker().await;
        let data = bytes(5_000);
        let session = file(&bench, None, &data).await;
        assert_eq!(word(&session, "status"), "PENDING_UPLOAD");
        let path = format!("/sessions/{}", word(&session, "sessionId"));
        let told = bench.get(&path).await;
        for field in [
            "id",
            "groupId",
            "userId",
            "objectKey",
            "uploadId",
            "uploadedAt",
            "createdAt",
            "updatedAt",
        ] {
            assert!(told.get(field).is_some(), "{field}: {told}");
        }
        assert_eq!(
            (&told["totalParts"], &told["completedParts"]),
            (&json!(1), &json!(0))
        );
        // Nothing is there yet: asked to complete, it says so and goes on.
        let (code, word_of, _) = bench
            .refused(
                "/multipart/complete",
                json!({ "sessionId": session["sessionId"] }),
            )
            .await;
        assert_eq!((code, word_of.as_str()), (422, "part_missing"));
        assert_eq!(status(&bench, &path).await, "UPLOADING");
        arrives(&bench, &session, &data).await;
        assert_eq!(status(&bench, &path).await, "UPLOADED");
        let jobs = bench.get(&format!("{path}/jobs")).await;
        let jobs = jobs.as_array().expect("jobs");
        assert_eq!(jobs.len(), 2, "{jobs:?}");
        for field in [
            "id",
            "sessionId",
            "type",
            "status",
            "priority",
            "config",
            "result",
            "error",
            "attempts",
            "maxAttempts",
        ] {
            assert!(jobs[0].get(field).is_some(), "{field}");
        }
        assert!(jobs.iter().all(|j| word(j, "status") == "PENDING"));
        // Two jobs of one file at once, each with its purpose.
        let check = bench.claim(&worker, "validate").await.remove(0);
        let text = bench.claim(&worker, "extract_text").await.remove(0);
        assert_eq!(status(&bench, &path).await, "PROCESSING");
        let running = bench.get(&format!("{path}/jobs")).await;
        assert!(
            running
                .as_array()
                .expect("jobs")
                .iter()
                .all(|j| word(j, "status") == "RUNNING")
        );
        bench.report(&worker, &check, true).await;
        assert_eq!(status(&bench, &path).await, "PROCESSING");
        bench.report(&worker, &text, true).await;
        assert_eq!(status(&bench, &path).await, "COMPLETED");
        let (code, deleted) = bench.ask(Method::DELETE, &path, None).await;
        assert_eq!((code, word(&deleted, "status")), (200, "DELETED"));

        // A job that fails, and an upload that does.
        let session = file(&bench, None, &data[1..]).await;
        let path = format!("/sessions/{}", word(&session, "sessionId"));
        arrives(&bench, &session, &data[1..]).await;
        let check = bench.claim(&worker, "validate").await.remove(0);
        let text = bench.claim(&worker, "extract_text").await.remove(0);
        bench.report(&worker, &check, true).await;
        bench.report(&worker, &text, false).await;
        assert_eq!(status(&bench, &path).await, "FAILED");
        let words = bench.get(&format!("{path}/jobs")).await;
        let mut words: Vec<_> = words
            .as_array()
            .expect("jobs")
            .iter()
            .map(|j| word(j, "status").to_owned())
            .collect();
        words.sort();
        assert_eq!(words, ["COMPLETED", "FAILED"]);
        let (code, _, _) = bench
            .refused("/multipart/abort", json!({ "sessionId": session["sessionId"] }))
            .await;
        assert_eq!(code, 409, "what is settled is not aborted");
    }
}

// G-10
#[tokio::test(flavor = "multi_thread")]
async fn g10_type_and_size_are_checked_before_a_url_is_given() {
    for bench in Bench::both().await {
        let group = group(&bench).await;
        for (mime, size, expected) in [
            ("text/html", 10, "mime_not_allowed"),
            (BIN, 524_288_001_u64, "too_large"),
        ] {
            for route in ["/generateFileUploadUrl", "/multipart/init"] {
                let body = json!({ "filename": "x", "contentType": mime, "size": size, "groupId": group });
                let (code, word_of, detail) = bench.refused(route, body).await;
                assert_eq!((code, word_of.as_str()), (422, expected), "{route}");
                assert!(detail.contains("allowed are"), "{detail}");
            }
        }
        let (code, word_of, _) = bench
            .refused(
                "/generateFileUploadUrl",
                json!({ "filename": "../../x", "contentType": BIN, "size": 1 }),
            )
            .await;
        assert_eq!((code, word_of.as_str()), (422, "name_invalid"));
        let reader = bench
            .kit
            .token("ann", &[windlass_protocol::tokens::Scope::Read])
            .await;
        let body = json!({ "filename": "x", "contentType": BIN, "size": 1 });
        let (code, _) = bench
            .ask_as(&reader, Method::POST, "/generateFileUploadUrl", Some(&body))
            .await;
        assert_eq!(code, 403);
    }
}

// G-5, G-11, G-14, G-15: three calls, parts in any order and at once, a resume of what was interrupted.
#[tokio::test(flavor = "multi_thread")]
async fn g14_a_file_in_parts_is_begun_sent_at_once_resumed_and_completed() {
    let (buckets, garage) = Bench::buckets().await;
    let all = Bench::both()
        .await
        .into_iter()
        .map(|b| (b, false))
        .chain(buckets.into_iter().map(|b| (b, true)));
    for (bench, is_bucket) in all {
        let data = bytes(6 * (8 << 20) + 77);
        let body = json!({ "filename": "large file.bin", "contentType": BIN, "size": data.len(), "destination": "recordings" });
        let begun = bench.post("/multipart/init", body.clone()).await;
        let step = begun["partSize"].as_u64().expect("a size") as usize;
        let parts = begun["parts"].as_array().expect("parts").clone();
        assert_eq!(
            (parts.len(), begun["uploadId"].is_string()),
            (7, is_bucket),
            "{begun}"
        );
        let storage = if is_bucket {
            garage.endpoint().to_owned()
        } else {
            bench.kit.url.clone()
        };
        assert!(
            word(&parts[0], "url").starts_with(&storage),
            "no bytes pass the control plane of a bucket"
        );
        let path = format!("/sessions/{}", word(&begun, "sessionId"));
        assert_eq!(status(&bench, &path).await, "PENDING_UPLOAD");
        let chunks: Vec<_> = data.chunks(step).collect();
        // Three parts, at once; then the caller is gone.
        let sent = [6, 0, 3].map(|i| bench.put(&parts[i]["url"], chunks[i]));
        futures::future::join_all(sent).await;
        let now = bench.get(&path).await;
        assert_eq!(
            (&now["totalParts"], &now["completedParts"]),
            (&json!(7), &json!(3)),
            "{now}"
        );
        let (code, word_of, detail) = bench
            .refused("/multipart/complete", json!({ "sessionId": begun["sessionId"] }))
            .await;
        assert_eq!((code, word_of.as_str()), (422, "part_missing"), "{detail}");
        // It resumes: asks which are there, gets new URLs for the others.
        let listed = bench.get(&format!("{path}/parts")).await;
        let listed = listed.as_array().expect("parts").clone();
        let there: Vec<_> = listed.iter().map(|p| word(p, "status") == "UPLOADED").collect();
        assert_eq!(there, [true, false, false, true, false, false, true]);
        for field in [
            "id",
            "sessionId",
            "partNumber",
            "etag",
            "size",
            "status",
            "uploadedAt",
        ] {
            assert!(
                listed[0].get(field).is_some_and(|v| !v.is_null()),
                "{field}: {}",
                listed[0]
            );
        }
        let missing: Vec<_> = listed
            .iter()
            .filter(|p| word(p, "status") != "UPLOADED")
            .map(|p| p["partNumber"].clone())
            .collect();
        let body = json!({ "sessionId": begun["sessionId"], "partNumbers": missing });
        let signed = bench.post("/multipart/sign", body).await;
        assert_eq!(status(&bench, &path).await, "UPLOADING");
        let mut etags: Vec<_> = listed
            .iter()
            .map(|p| p["etag"].as_str().map(str::to_owned))
            .collect();
        for part in signed["parts"].as_array().expect("parts") {
            let i = part["partNumber"].as_u64().expect("a number") as usize - 1;
            etags[i] = Some(bench.put(&part["url"], chunks[i]).await);
        }
        // Quotes or none, both are what the storage said.
        let told = |i: usize, etag: &Option<String>| {
            let etag = etag.as_deref().expect("an etag");
            json!({ "partNumber": i + 1, "etag": if i.is_multiple_of(2) { etag.trim_matches('"') } else { etag } })
        };
        let parts: Vec<_> = etags.iter().enumerate().map(|(i, e)| told(i, e)).collect();
        for (wrong, expected) in [
            (parts[..6].to_vec(), "part_plan_mismatch"),
            ([&parts[1..], &parts[..1]].concat(), "part_plan_mismatch"),
            (
                [&parts[..6], &[json!({ "partNumber": 7, "etag": "other" })]].concat(),
                "part_missing",
            ),
        ] {
            let body = json!({ "sessionId": begun["sessionId"], "parts": wrong });
            assert_eq!(bench.refused("/multipart/complete", body).await.1, expected);
        }
        let body = json!({ "sessionId": begun["sessionId"], "parts": parts });
        let done = bench.post("/multipart/complete", body.clone()).await;
        assert_eq!(
            (word(&done, "status"), &done["completedParts"]),
            ("UPLOADED", &json!(7)),
            "{done}"
        );
        assert_eq!(
            bench.post("/multipart/complete", body).await["uploadedAt"],
            done["uploadedAt"]
        );
        let content = format!("/v1{path}/content");
        let read = bench.kit.get(&content, &bench.token).await;
        assert!(read.bytes().await.expect("bytes") == data, "the same bytes");
    }
}

// G-14: abort.
#[tokio::test(flavor = "multi_thread")]
async fn g14_an_aborted_file_leaves_nothing_and_takes_nothing_more() {
    let (buckets, _garage) = Bench::buckets().await;
    for bench in Bench::both().await.into_iter().chain(buckets) {
        let data = bytes(9 << 20);
        let body = json!({ "filename": "x.bin", "contentType": BIN, "size": data.len(), "destination": "recordings" });
        let begun = bench.post("/multipart/init", body).await;
        bench.put(&begun["parts"][0]["url"], &data[..8 << 20]).await;
        let aborted = bench
            .post("/multipart/abort", json!({ "sessionId": begun["sessionId"] }))
            .await;
        assert_eq!(word(&aborted, "status"), "DELETED");
        // On a connection of its own: an answer before the end of a body closes it.
        let http = reqwest::Client::builder().no_proxy().build().expect("http");
        let late = http
            .put(word(&begun["parts"][1], "url"))
            .body(data[8 << 20..].to_vec());
        assert_ne!(late.send().await.expect("an answer").status(), 200);
        let sign = json!({ "sessionId": begun["sessionId"], "partNumbers": [1] });
        assert_eq!(bench.refused("/multipart/sign", sign).await.1, "session_deleted");
        let complete = json!({ "sessionId": begun["sessionId"] });
        assert_eq!(
            bench.refused("/multipart/complete", complete).await.1,
            "session_deleted"
        );
    }
}

// G-7
#[tokio::test(flavor = "multi_thread")]
async fn g7_somebody_without_an_account_uploads_where_that_is_allowed() {
    for bench in Bench::both_with(&[("anonymous-quota", "3000")]).await {
        let nobody = format!("wla_{}", "A".repeat(43));
        let body = json!({ "filename": "a.bin", "contentType": BIN, "size": 3, "destination": "recordings" });
        let (code, refused) = bench
            .ask_as(&nobody, Method::POST, "/generateFileUploadUrl", Some(&body))
            .await;
        assert_eq!((code, word(&refused, "code")), (403, "forbidden"), "{refused}");
        let db = bench.kit.server.as_ref().expect("running").service().store().db();
        db.write(None, |tx| {
            tx.execute(
                "UPDATE destination SET allow_anonymous = 1 WHERE name = 'recordings'",
                &[],
            )
        })
        .await
        .expect("allowed");
        let made = json!({ "name": "Mine", "destination": "recordings" });
        let (code, group) = bench.ask_as(&nobody, Method::POST, "/groups", Some(&made)).await;
        assert_eq!((code, &group["userId"]), (200, &Value::Null), "{group}");
        let mut body = body;
        body["groupId"] = group["id"].clone();
        let (code, session) = bench
            .ask_as(&nobody, Method::POST, "/generateFileUploadUrl", Some(&body))
            .await;
        assert_eq!(code, 200, "{session}");
        bench.put(&session["url"], b"abc").await;
        let complete = json!({ "sessionId": session["sessionId"] });
        let (code, done) = bench
            .ask_as(&nobody, Method::POST, "/multipart/complete", Some(&complete))
            .await;
        assert_eq!(
            (code, word(&done, "status"), &done["userId"]),
            (200, "UPLOADED", &Value::Null)
        );
        let path = format!("/sessions/{}", word(&session, "sessionId"));
        assert_eq!(
            bench.ask(Method::GET, &path, None).await.0,
            404,
            "nobody else sees it"
        );
    }
}
