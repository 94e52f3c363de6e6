//! T: sources by content hash, the "update database" step, jobs and their words.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, bytes, fresh_id, sha256, word};

fn file(name: &str, data: &[u8]) -> Value {
    json!({ "name": name, "size": data.len(), "mime": "application/octet-stream", "hash": sha256(data) })
}

async fn init(bench: &Bench, files: &[Value]) -> Vec<Value> {
    let answer = bench
        .post("/training/upload/init", json!({ "files": files }))
        .await;
    answer["sources"].as_array().expect("sources").clone()
}

async fn update(bench: &Bench, sources: &[Value]) -> Vec<Value> {
    let ids: Vec<_> = sources.iter().map(|s| s["id"].clone()).collect();
    let answer = bench
        .post("/training/upload/update", json!({ "sourceIds": ids }))
        .await;
    answer["sources"].as_array().expect("sources").clone()
}

/// Sources whose files are there.
async fn created(bench: &Bench, count: usize) -> Vec<Value> {
    let data: Vec<_> = (0..count).map(|_| bytes(1_000)).collect();
    let files: Vec<_> = data
        .iter()
        .enumerate()
        .map(|(i, d)| file(&format!("{i}.bin"), d))
        .collect();
    let sources = init(bench, &files).await;
    for (source, data) in sources.iter().zip(&data) {
        bench.put(&source["upload"]["url"], data).await;
    }
    let created = update(bench, &sources).await;
    assert!(
        created.iter().all(|s| word(s, "status") == "created"),
        "{created:?}"
    );
    created
}

// T-1, T-2, T-6
#[tokio::test(flavor = "multi_thread")]
async fn t2_a_repeated_init_finds_the_sources_by_their_hashes() {
    for bench in Bench::both().await {
        let (a, b, c) = (bytes(3_000), bytes(70_000), bytes(0));
        let first = init(&bench, &[file("a.bin", &a), file("b.bin", &b)]).await;
        for (source, data) in first.iter().zip([&a, &b]) {
            assert_eq!(
                (word(source, "status"), word(source, "contentHash")),
                ("pending", sha256(data).as_str())
            );
            assert_eq!(
                (&source["existing"], word(&source["upload"], "method")),
                (&json!(false), "PUT"),
                "{source}"
            );
            assert!(
                source.get("file").is_none(),
                "no file record before the file was seen"
            );
        }
        // The same call again: the same ids, no new rows, URLs that work.
        let again = init(&bench, &[file("a.bin", &a), file("b.bin", &b)]).await;
        assert_eq!(
            again
                .iter()
                .map(|s| (&s["id"], &s["existing"]))
                .collect::<Vec<_>>(),
            first.iter().map(|s| (&s["id"], &json!(true))).collect::<Vec<_>>()
        );
        bench.put(&again[0]["upload"]["url"], &a).await;
        assert_eq!(word(&update(&bench, &first[..1]).await[0], "status"), "created");
        // A mixed batch: one that is there, one that is expected, one that is new, twice.
        let mixed = init(
            &bench,
            &[
                file("A.bin", &a),
                file("b.bin", &b),
                file("c.bin", &c),
                file("c2.bin", &c),
            ],
        )
        .await;
        assert_eq!(
            (&mixed[0]["id"], word(&mixed[0], "status")),
            (&first[0]["id"], "created")
        );
        assert_eq!(word(&mixed[0]["file"], "status"), "uploaded");
        assert!(mixed[0].get("upload").is_none(), "nothing is left to send");
        assert_eq!(
            (&mixed[1]["id"], word(&mixed[1], "status")),
            (&first[1]["id"], "pending")
        );
        assert_eq!(
            (&mixed[2]["existing"], &mixed[3]["existing"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(mixed[2]["id"], mixed[3]["id"]);
        let all = bench.get("/uploads").await;
        assert_eq!(all.as_array().expect("a list").len(), 3, "{all}");
        // Without a hash nothing is found, and something is made.
        let plain = json!({ "name": "a.bin", "size": a.len(), "mime": "application/octet-stream" });
        let plain = init(&bench, &[plain]).await;
        assert_eq!(
            (&plain[0]["existing"], &plain[0]["contentHash"]),
            (&json!(false), &Value::Null)
        );
    }
}

// T-3, T-4, T-5, T-6
#[tokio::test(flavor = "multi_thread")]
async fn t4_the_update_step_looks_in_the_storage_and_writes_source_and_file_together() {
    for bench in Bench::both().await {
        let data: Vec<_> = (0..4).map(|i| bytes(2_000 + i)).collect();
        let files: Vec<_> = data
            .iter()
            .enumerate()
            .map(|(i, d)| file(&format!("{i}.bin"), d))
            .collect();
        let sources = init(&bench, &files).await;
        for i in [0, 2] {
            bench.put(&sources[i]["upload"]["url"], &data[i]).await;
        }
        let after = update(&bench, &sources).await;
        let words: Vec<_> = after
            .iter()
            .map(|s| (word(s, "status"), word(&s["file"], "status")))
            .collect();
        let (there, not) = (("created", "uploaded"), ("upload_failed", ""));
        assert_eq!(words, [there, not, there, not], "{after:?}");
        assert!(after[1]["error"]["code"] == "object_missing" && after[0]["file"]["id"].is_string());
        // Called again, it says the same.
        assert_eq!(update(&bench, &sources).await, after);
        // A retry is the same init: the source that failed begins again under its id, and arrives.
        let again = init(&bench, &files[1..2]).await;
        assert_eq!(
            (&again[0]["id"], word(&again[0], "status")),
            (&sources[1]["id"], "pending"),
            "{again:?}"
        );
        bench.put(&again[0]["upload"]["url"], &data[1]).await;
        assert_eq!(word(&update(&bench, &again).await[0], "status"), "created");
        // Other bytes than were announced are no upload.
        let again = init(&bench, &files[3..]).await;
        bench
            .put(&again[0]["upload"]["url"], &vec![7; data[3].len()])
            .await;
        let wrong = update(&bench, &again).await;
        assert_eq!(word(&wrong[0], "status"), "upload_failed", "{wrong:?}");
        assert_eq!(wrong[0]["error"]["code"], "checksum_mismatch");
        // Somebody else's ids are not there; one bad id harms no other.
        let bob = bench
            .kit
            .token("bob", &[windlass_protocol::tokens::Scope::Upload])
            .await;
        let ids = json!({ "sourceIds": [sources[0]["id"], fresh_id(), "x"] });
        let (status, theirs) = bench
            .ask_as(&bob, Method::POST, "/training/upload/update", Some(&ids))
            .await;
        assert_eq!(status, 200);
        for source in theirs["sources"].as_array().expect("sources") {
            assert_eq!(
                (&source["status"], &source["error"]["code"]),
                (&Value::Null, &json!("not_found"))
            );
        }
    }
}

// T-1, T-4: larger files go in parts; the step finds them complete or not.
#[tokio::test(flavor = "multi_thread")]
async fn t1_a_large_source_goes_in_parts() {
    let (buckets, _garage) = Bench::buckets().await;
    for bench in Bench::both().await.into_iter().chain(buckets) {
        let data = bytes((17 << 20) + 5);
        let sources = init(&bench, &[file("large.bin", &data)]).await;
        let multipart = &sources[0]["multipart"];
        let step = multipart["partSize"].as_u64().expect("a size") as usize;
        let parts = multipart["parts"].as_array().expect("parts");
        assert_eq!(parts.len(), 3, "{multipart}");
        for (part, body) in parts.iter().zip(data.chunks(step)).skip(1) {
            bench.put(&part["url"], body).await;
        }
        let missing = update(&bench, &sources).await;
        assert_eq!(
            (word(&missing[0], "status"), &missing[0]["error"]["code"]),
            ("upload_failed", &json!("part_missing"))
        );
        let again = init(&bench, &[file("large.bin", &data)]).await;
        assert_eq!(again[0]["id"], sources[0]["id"]);
        let parts = again[0]["multipart"]["parts"].as_array().expect("parts").clone();
        for (part, body) in parts.iter().zip(data.chunks(step)) {
            bench.put(&part["url"], body).await;
        }
        let done = update(&bench, &again).await;
        assert_eq!(
            (word(&done[0], "status"), word(&done[0]["file"], "status")),
            ("created", "uploaded"),
            "{done:?}"
        );
    }
}

// T-9, T-10
#[tokio::test(flavor = "multi_thread")]
async fn t9_sources_and_files_walk_through_all_their_words() {
    for bench in Bench::both().await {
        let worker = bench.worker().await;
        let sources = created(&bench, 2).await;
        let (good, bad) = (word(&sources[0], "id"), word(&sources[1], "id"));
        let words = async |id: &str| {
            let source = bench.get(&format!("/training/sources/{id}")).await;
            (
                word(&source, "status").to_owned(),
                word(&source["file"], "status").to_owned(),
            )
        };
        let is = |source: &str, file: &str| (source.to_owned(), file.to_owned());
        assert_eq!(words(good).await, is("created", "uploaded"));

        // Text extraction runs by itself; training when it is asked for.
        let jobs = bench.claim(&worker, "extract_text").await;
        assert_eq!(jobs.len(), 2);
        assert_eq!(words(good).await, is("created", "processing"));
        for job in &jobs {
            bench.report(&worker, job, job.2 == good).await;
        }
        assert_eq!(words(good).await, is("created", "processed"));
        assert_eq!(words(bad).await, is("created", "processing_failed"));

        let job = bench
            .post("/training/jobs", json!({ "sourceIds": [good, bad] }))
            .await;
        assert_eq!(words(good).await, is("queued_for_training", "processed"));
        let sources = job["sources"].as_array().expect("sources");
        assert!(
            sources.contains(&json!({ "id": good, "status": "queued_for_training" })),
            "{job}"
        );
        let jobs = bench.claim(&worker, "embed").await;
        assert_eq!(words(good).await.0, "training");
        for job in &jobs {
            bench.report(&worker, job, job.2 == good).await;
        }
        assert_eq!(words(good).await, is("trained", "processed"));
        assert_eq!(words(bad).await, is("training_failed", "processing_failed"));
    }
}

// T-8
#[tokio::test(flavor = "multi_thread")]
async fn t8_a_job_over_three_sources_ends_by_how_many_failed() {
    for bench in Bench::both().await {
        let worker = bench.worker().await;
        let sources = created(&bench, 3).await;
        let ids: Vec<_> = sources.iter().map(|s| s["id"].clone()).collect();
        // Training waits for the texts.
        for one in bench.claim(&worker, "extract_text").await {
            bench.report(&worker, &one, true).await;
        }
        let status = async |job: &Value| {
            word(
                &bench.get(&format!("/training/jobs/{}", word(job, "id"))).await,
                "status",
            )
            .to_owned()
        };
        let ends = BTreeMap::from([(0, "completed"), (1, "partially_completed"), (3, "failed")]);
        for (failures, end) in ends {
            let job = bench
                .post("/training/jobs", json!({ "name": "once more", "sourceIds": ids }))
                .await;
            assert_eq!(word(&job, "status"), "queued", "{job}");
            let jobs = bench.claim(&worker, "embed").await;
            assert_eq!((jobs.len(), status(&job).await.as_str()), (3, "processing"));
            for (i, one) in jobs.iter().enumerate() {
                bench.report(&worker, one, i >= failures).await;
            }
            assert_eq!(status(&job).await, end, "{failures} failures");
        }
        // Soft-deleted sources are cleaned.
        let gone = format!("/training/sources/{}", word(&sources[0], "id"));
        let (code, source) = bench.ask(Method::DELETE, &gone, None).await;
        assert_eq!((code, source["deletedAt"].is_string()), (200, true), "{source}");
        let job = bench
            .post(
                "/training/jobs",
                json!({ "kind": "cleanup", "sourceIds": [sources[0]["id"]] }),
            )
            .await;
        let jobs = bench.claim(&worker, "cleanup").await;
        assert_eq!(jobs.len(), 1);
        bench.report(&worker, &jobs[0], true).await;
        assert_eq!(status(&job).await, "cleanup_completed");
        assert_eq!(
            bench
                .ask(Method::GET, &format!("/training/jobs/{}", fresh_id()), None)
                .await
                .0,
            404
        );
        let (code, _, _) = bench.refused("/training/jobs", json!({ "sourceIds": [] })).await;
        assert_eq!(code, 422);
    }
}
