//! D: upload and parse apart from each other, and one canonical for each content.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, bytes, sha256, word};

async fn init(bench: &Bench, data: &[u8], hash: bool) -> Value {
    let mut body =
        json!({ "filename": "a b.bin", "contentType": "application/octet-stream", "size": data.len() });
    if hash {
        body["hash"] = sha256(data).into();
    }
    bench.post("/init", body).await
}

async fn finalize(bench: &Bench, init: &Value, hash: Option<&[u8]>) -> Value {
    let mut body = json!({ "fileId": init["fileId"] });
    if let Some(data) = hash {
        body["hash"] = sha256(data).into();
    }
    bench.post("/finalize", body).await
}

async fn upload(bench: &Bench, data: &[u8]) -> Value {
    let file = init(bench, data, false).await;
    bench.put(&file["upload"]["url"], data).await;
    finalize(bench, &file, None).await
}

// D-1, D-2, D-6, D-7, D-9, D-12
#[tokio::test(flavor = "multi_thread")]
async fn d9_the_whole_flow_from_init_to_a_parsed_file() {
    for bench in Bench::both().await {
        let worker = bench.worker().await;
        let data = bytes(9_000);
        let file = init(&bench, &data, true).await;
        assert_eq!(
            (word(&file, "status"), &file["parseStatus"]),
            ("pending", &Value::Null),
            "{file}"
        );
        bench.put(&file["upload"]["url"], &data).await;
        let done = finalize(&bench, &file, Some(&data)).await;
        assert_eq!(
            (word(&done, "status"), word(&done, "parseStatus")),
            ("uploaded", "pending"),
            "{done}"
        );
        // Twice is once.
        assert_eq!(
            finalize(&bench, &file, Some(&data)).await["processId"],
            done["processId"]
        );
        let process = word(&done, "processId").to_owned();
        let status = async |word: &str| {
            let body = json!({ "processId": process, "status": word });
            bench
                .ask_as(&worker, Method::POST, "/outbox/status", Some(&body))
                .await
        };
        let now = async || {
            let all = bench.get("/uploads").await;
            let one = all[0].clone();
            assert_eq!(one["fileId"], file["fileId"]);
            (
                word(&one, "status").to_owned(),
                word(&one, "parseStatus").to_owned(),
            )
        };
        assert_eq!(status("processing").await.0, 200);
        assert_eq!(now().await, ("uploaded".into(), "processing".into()));
        assert_eq!(status("completed").await.0, 200);
        assert_eq!(now().await, ("uploaded".into(), "completed".into()));
        // The first end wins; what ended stays.
        assert_ne!(status("failed").await.0, 200);
        assert_eq!(now().await.1, "completed");
        let log = bench.get(&format!("/v1/jobs/{process}/log")).await;
        let words: Vec<_> = log["entries"]
            .as_array()
            .expect("entries")
            .iter()
            .map(|e| word(e, "to"))
            .collect();
        assert_eq!(
            words,
            ["pending", "sending", "running", "completed"],
            "each change is an entry"
        );
        for field in ["fileId", "status", "parseStatus", "canonicalId", "hash", "size"] {
            assert!(bench.get("/uploads").await[0].get(field).is_some(), "{field}");
        }
    }
}

// D-1, D-2, D-3, D-4, D-5
#[tokio::test(flavor = "multi_thread")]
async fn d3_a_content_that_is_there_is_deduplicated_and_one_that_failed_is_replaced() {
    let (buckets, _garage) = Bench::buckets().await;
    for bench in Bench::both().await.into_iter().chain(buckets) {
        let data = bytes(12_345);
        // Failed: nothing was stored. The next upload of the content takes over.
        let failed = init(&bench, &data, true).await;
        let failed = finalize(&bench, &failed, Some(&data)).await;
        assert_eq!(
            (word(&failed, "status"), &failed["processId"]),
            ("failed", &Value::Null),
            "{failed}"
        );
        let first = init(&bench, &data, true).await;
        assert_eq!(word(&first, "status"), "pending");
        bench.put(&first["upload"]["url"], &data).await;
        let canonical = finalize(&bench, &first, Some(&data)).await;
        assert_eq!(word(&canonical, "status"), "uploaded", "{canonical}");
        assert_eq!(canonical["canonicalId"], Value::Null);

        // Blocking: known at init, no byte is sent; unknown at init, found at finalize.
        let known = init(&bench, &data, true).await;
        assert_eq!(
            (word(&known, "status"), &known["canonicalId"]),
            ("deduplicated", &first["fileId"]),
            "{known}"
        );
        assert!(known.get("upload").is_none());
        let late = init(&bench, &data, false).await;
        assert_eq!(word(&late, "status"), "pending");
        bench.put(&late["upload"]["url"], &data).await;
        let late = finalize(&bench, &late, Some(&data)).await;
        assert_eq!(
            (word(&late, "status"), &late["canonicalId"]),
            ("deduplicated", &first["fileId"]),
            "{late}"
        );
        // A duplicate has its canonical's parse.
        assert_eq!(
            (&late["processId"], word(&late, "parseStatus")),
            (&canonical["processId"], "pending")
        );

        // Deleted: replaceable again, with a process of its own.
        let path = format!("/uploads/{}", word(&first, "fileId"));
        let (code, deleted) = bench.ask(Method::DELETE, &path, None).await;
        assert_eq!(
            (code, word(&deleted, "status"), word(&deleted, "parseStatus")),
            (200, "deleted-by-user", "pending")
        );
        let next = init(&bench, &data, true).await;
        if word(&next, "status") == "pending" {
            bench.put(&next["upload"]["url"], &data).await;
            let next = finalize(&bench, &next, Some(&data)).await;
            assert_eq!(word(&next, "status"), "uploaded", "{next}");
        } else {
            // Its bytes are still there for the living duplicates: it takes them over.
            assert_eq!(word(&next, "status"), "uploaded", "{next}");
        }
    }
}

// D-1, D-2: rejected, with the reason; a name for what is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn d2_what_can_never_be_taken_is_rejected() {
    for bench in Bench::both().await {
        for (mime, size, code) in [
            ("application/x-msdownload", 10, "mime_not_allowed"),
            ("application/octet-stream", 600_000_000_u64, "too_large"),
        ] {
            let body = json!({ "filename": "x.bin", "contentType": mime, "size": size, "destination": "recordings" });
            let answer = bench.post("/init", body).await;
            assert_eq!(
                (word(&answer, "status"), word(&answer["error"], "code")),
                ("rejected", code),
                "{answer}"
            );
            let path = format!("/uploads/{}", word(&answer, "fileId"));
            assert_eq!(word(&bench.get(&path).await, "status"), "rejected");
        }
        let (code, _, detail) = bench
            .refused("/init", json!({ "filename": "x", "size": 1, "hash": "nothing" }))
            .await;
        assert_eq!((code, detail.starts_with("hash:")), (422, true));
    }
}

// D-10, D-11
#[tokio::test(flavor = "multi_thread")]
async fn d10_a_parse_that_failed_leaves_the_upload_and_is_tried_again_without_one() {
    for bench in Bench::both().await {
        let worker = bench.worker().await;
        let file = upload(&bench, &bytes(500)).await;
        let path = format!("/uploads/{}", word(&file, "fileId"));
        let jobs = bench.claim(&worker, "extract_text").await;
        bench.report(&worker, &jobs[0], false).await;
        let now = bench.get(&path).await;
        assert_eq!(
            (word(&now, "status"), word(&now, "parseStatus")),
            ("uploaded", "failed")
        );
        let (code, retried) = bench
            .ask(
                Method::POST,
                &format!("/v1/jobs/{}/retry", word(&file, "processId")),
                Some(&json!({})),
            )
            .await;
        assert_eq!(code, 200, "{retried}");
        assert_eq!(word(&bench.get(&path).await, "parseStatus"), "pending");
        let jobs = bench.claim(&worker, "extract_text").await;
        bench.report(&worker, &jobs[0], true).await;
        let (_, deleted) = bench.ask(Method::DELETE, &path, None).await;
        assert_eq!(
            (word(&deleted, "status"), word(&deleted, "parseStatus")),
            ("deleted-by-user", "completed")
        );
        // Listed with both tracks, still.
        assert_eq!(bench.get("/uploads").await[0], bench.get(&path).await);
    }
}

// D-3, D-8: two uploads of one content that end at the same moment, each asked for twice.
#[tokio::test(flavor = "multi_thread")]
async fn d3_of_two_equal_uploads_that_race_one_is_canonical() {
    let (buckets, _garage) = Bench::buckets().await;
    for bench in Bench::both().await.into_iter().chain(buckets) {
        let data = bytes(40_000);
        let (one, two) = (init(&bench, &data, false).await, init(&bench, &data, false).await);
        bench.put(&one["upload"]["url"], &data).await;
        bench.put(&two["upload"]["url"], &data).await;
        let ends = [&one, &two, &one, &two].map(|file| finalize(&bench, file, Some(&data)));
        let ends = futures::future::join_all(ends).await;
        assert_eq!(
            (word(&ends[0], "status"), word(&ends[1], "status")),
            (word(&ends[2], "status"), word(&ends[3], "status"))
        );
        let mut words: Vec<_> = ends[..2].iter().map(|e| word(e, "status")).collect();
        words.sort_unstable();
        assert_eq!(words, ["deduplicated", "uploaded"], "{ends:?}");
        assert_eq!(
            ends[0]["processId"], ends[1]["processId"],
            "one content, one process"
        );
        let canonical = ends
            .iter()
            .find(|e| word(e, "status") == "uploaded")
            .expect("one");
        let duplicate = ends
            .iter()
            .find(|e| word(e, "status") == "deduplicated")
            .expect("one");
        assert_eq!(duplicate["canonicalId"], canonical["fileId"]);
    }
}
