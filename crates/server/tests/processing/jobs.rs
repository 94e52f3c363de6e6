//! Jobs: made with the upload, claimed by priority, once, by two that race.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;

use crate::desk::{Desk, list, text};
use crate::support::code;

const BOTH: [&str; 2] = ["validate", "extract_text"];

// G-13 D-9
#[tokio::test(flavor = "multi_thread")]
async fn g13_jobs_of_the_pipeline_are_there_with_the_upload_and_not_before() {
    for desk in Desk::both().await {
        let file = crate::support::Sample::new("a.bin", 1_000);
        let kit = &desk.kit;
        kit.client(&desk.own)
            .init(vec![file.init(desk.group)])
            .await
            .expect("init");
        let parts = kit.send(&desk.own, &file).await;
        assert_eq!(desk.jobs(&format!("session={}", file.id)).await.len(), 0);
        for _ in 0..2 {
            // Said twice, made once.
            let item = file.complete(parts.clone());
            kit.client(&desk.own)
                .complete(vec![item])
                .await
                .expect("complete");
        }
        let jobs = desk.jobs(&format!("session={}", file.id)).await;
        let told: BTreeSet<_> = jobs
            .iter()
            .map(|j| (text(&j["type"]), text(&j["state"])))
            .collect();
        let wanted = BOTH.map(|t| (t.to_owned(), "pending".to_owned()));
        assert_eq!(told, BTreeSet::from(wanted));
        for job in &jobs {
            assert_eq!(
                (&job["priority"], &job["attempts"], &job["max_attempts"]),
                (&json!(5), &json!(0), &json!(3))
            );
        }
    }
}

// D-6 D-7 D-9
#[tokio::test(flavor = "multi_thread")]
async fn d06_d07_d09_the_whole_flow_by_the_outbox_words_is_an_entry_each() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let job = desk.job_of(file.id, "extract_text").await;
        let id = text(&job["id"]);
        assert_eq!(desk.log(&id).await, ["pending"]);
        let first = list(&desk.get(&format!("/v1/jobs/{id}/log")).await["entries"]);
        let said = desk
            .says(
                "/outbox/status",
                json!({ "processId": id, "status": "processing" }),
            )
            .await;
        assert_eq!(said, json!({ "processId": id, "status": "processing" }));
        assert_eq!(desk.log(&id).await, ["pending", "sending", "running"]);
        let done = json!({ "processId": id, "status": "completed", "result": { "pages": 7 } });
        for _ in 0..2 {
            // The first end wins, and is told again.
            assert_eq!(
                desk.says("/outbox/status", done.clone()).await["status"],
                "completed"
            );
        }
        let late = json!({ "processId": id, "status": "failed", "error": "too late" });
        assert_eq!(
            desk.is_told("/outbox/status", late).await,
            (409, "lease_lost".into())
        );
        assert_eq!(
            desk.log(&id).await,
            ["pending", "sending", "running", "completed"]
        );
        let after = list(&desk.get(&format!("/v1/jobs/{id}/log")).await["entries"]);
        assert_eq!(after[0], first[0], "what was told stays as it was");
        let job = desk.job(&id).await;
        assert_eq!(
            (&job["state"], &job["result"]["pages"]),
            (&json!("completed"), &json!(7))
        );
        let bad = json!({ "processId": id, "status": "sending" });
        assert_eq!(
            desk.is_told("/outbox/status", bad).await,
            (422, "invalid_field".into())
        );
    }
}

// A129: the newest job is the one that was made last, whatever time its maker wrote into its id.
#[tokio::test(flavor = "multi_thread")]
async fn a129_the_newest_job_of_a_type_is_the_one_made_last_not_the_one_with_the_latest_id() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let first = desk.claim(&["extract_text"], 1, 60).await.remove(0);
        desk.ends(&first, json!({ "status": "failed", "retry": false }))
            .await;
        desk.kit.world.later(1_000);
        let old = windlass_core::ids::JobId::new(windlass_core::time::Timestamp::from_millis(7), [1; 10]);
        let body = json!({ "id": old, "session_id": file.id, "type": "extract_text" });
        desk.post("/v1/jobs", body).await;
        let view = desk.get(&format!("/v1/sessions/{}", file.id)).await;
        let shown = list(&view["jobs"]);
        let shown = shown.iter().find(|j| j["type"] == "extract_text").expect("shown");
        assert_eq!((&shown["id"], &shown["state"]), (&json!(old), &json!("pending")));
    }
}

// D-6: without a fence too, attempts end.
#[tokio::test(flavor = "multi_thread")]
async fn d06_failures_said_without_a_fence_are_tried_again_and_end_as_failed() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let id = text(&desk.job_of(file.id, "extract_text").await["id"]);
        for (attempt, word) in [(1, "processing"), (2, "processing"), (3, "failed")] {
            desk.says(
                "/outbox/status",
                json!({ "processId": id, "status": "processing" }),
            )
            .await;
            assert_eq!(desk.job(&id).await["attempts"], attempt);
            let said = json!({ "processId": id, "status": "failed", "error": "no" });
            assert_eq!(
                desk.says("/outbox/status", said).await["status"],
                word,
                "{attempt}"
            );
        }
        assert_eq!(desk.job(&id).await["error"]["code"], "processing_failed");
    }
}

// G-6 F126
#[tokio::test(flavor = "multi_thread")]
async fn g06_f126_the_lower_priority_goes_first_and_who_waits_long_comes_before_it() {
    for desk in Desk::both().await {
        let mut files = Vec::new();
        for (name, priority) in [("a", 9), ("b", 1), ("c", 5)] {
            let file = desk.upload(name).await;
            desk.make(file.id, "paint", json!({ "priority": priority })).await;
            files.push(file.id.to_string());
        }
        let mut order = Vec::new();
        for _ in 0..3 {
            let job = desk.claim(&["paint"], 1, 60).await.remove(0);
            order.push(text(&job["session_id"]));
        }
        assert_eq!(order, [files[1].clone(), files[2].clone(), files[0].clone()]);
        assert_eq!(desk.claim(&["paint"], 1, 60).await.len(), 0);

        // Ten steps of ten minutes outweigh nine steps of priority.
        let file = desk.upload("old").await;
        let old = desk.make(file.id, "dry", json!({ "priority": 10 })).await;
        desk.kit.world.later(6_000_000);
        let file = desk.upload("new").await;
        desk.make(file.id, "dry", json!({ "priority": 1 })).await;
        let first = desk.claim(&["dry"], 1, 60).await.remove(0);
        assert_eq!(first["id"], old["id"]);
    }
}

// D-8 I24
#[tokio::test(flavor = "multi_thread")]
async fn d08_claimers_that_race_get_each_job_once() {
    for desk in Desk::both().await {
        let mut wanted = BTreeSet::new();
        for n in 0..12 {
            let file = desk.upload(&format!("f{n}")).await;
            wanted.insert(text(&desk.make(file.id, "paint", json!({})).await["id"]));
        }
        let claimers = (0..6).map(|_| async {
            let mut got = Vec::new();
            loop {
                let some = desk.claim(&["paint"], 2, 600).await;
                if some.is_empty() {
                    return got;
                }
                got.extend(some);
            }
        });
        // What one had locked another one passes over, so each asks until there is nothing: nobody is left out.
        let mut got: Vec<_> = join_all(claimers).await.into_iter().flatten().collect();
        got.extend(desk.claim(&["paint"], 100, 600).await);
        let ids: BTreeSet<_> = got.iter().map(|j| text(&j["id"])).collect();
        assert_eq!((got.len(), ids), (12, wanted), "each once");
        for job in &got {
            assert_eq!((&job["fence"], &job["attempts"]), (&json!(1), &json!(1)));
            assert_eq!(
                desk.log(&text(&job["id"])).await,
                ["pending", "sending", "running"]
            );
        }
    }
}

// G-9
#[tokio::test(flavor = "multi_thread")]
async fn g09_two_jobs_of_a_file_run_at_once() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let jobs = desk.claim(&BOTH, 2, 60).await;
        assert_eq!(jobs.len(), 2);
        for job in &jobs {
            assert_eq!(job["session_id"], file.id.to_string());
            // The content is there for the worker, by a signed URL.
            let url = text(&job["content"]);
            let bytes = desk
                .kit
                .http
                .get(&url)
                .send()
                .await
                .expect("an answer")
                .bytes()
                .await;
            assert!(bytes.expect("bytes") == file.data);
        }
        let running = desk.jobs(&format!("session={}&state=running", file.id)).await;
        assert_eq!(running.len(), 2);
        for job in &jobs {
            desk.ends(job, json!({ "status": "completed", "result": {} }))
                .await;
        }
    }
}

// K-4: vectors are made of text, so they wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn k04_an_embedding_waits_while_the_text_is_being_read() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        desk.make(file.id, "embed", json!({ "priority": 1 })).await;
        assert_eq!(desk.claim(&["embed"], 1, 60).await.len(), 0);
        let text = desk.claim(&["extract_text"], 1, 60).await.remove(0);
        assert_eq!(desk.claim(&["embed"], 1, 60).await.len(), 0);
        desk.ends(&text, json!({ "status": "failed", "retry": false }))
            .await;
        assert_eq!(desk.claim(&["embed"], 1, 60).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn making_a_job_is_checked_and_may_be_said_twice() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let id = desk.job_id();
        let body = json!({ "id": id, "session_id": file.id, "type": "paint", "config": { "x": 1 } });
        let made = desk.post("/v1/jobs", body.clone()).await;
        assert_eq!(desk.post("/v1/jobs", body).await, made);
        for (change, code) in [
            (json!({ "type": "dry" }), "id_reused"),
            (json!({ "id": desk.job_id() }), "state_conflict"),
            (
                json!({ "id": desk.job_id(), "type": "x", "priority": 0 }),
                "invalid_field",
            ),
            (
                json!({ "id": desk.job_id(), "type": "x", "priority": 11 }),
                "invalid_field",
            ),
            (
                json!({ "id": desk.job_id(), "type": "x", "max_attempts": 0 }),
                "invalid_field",
            ),
            (json!({ "id": desk.job_id(), "type": "a b" }), "invalid_field"),
            (json!({ "id": desk.job_id(), "type": "" }), "invalid_field"),
            (
                json!({ "id": desk.job_id(), "type": "x", "config": [] }),
                "invalid_field",
            ),
            (
                json!({ "id": desk.job_id(), "type": "x", "session_id": desk.job_id() }),
                "not_found",
            ),
        ] {
            let mut body = json!({ "id": id, "session_id": file.id, "type": "paint" });
            if let (Some(body), Some(change)) = (body.as_object_mut(), change.as_object()) {
                body.extend(change.clone());
            }
            assert_eq!(desk.refused("/v1/jobs", body.clone()).await.1, code, "{body}");
        }
        let open = crate::support::Sample::new("open", 10);
        let begun = desk.kit.client(&desk.own).init(vec![open.init(desk.group)]).await;
        begun.expect("init");
        let body = json!({ "id": desk.job_id(), "session_id": open.id, "type": "x" });
        assert_eq!(
            desk.refused("/v1/jobs", body).await,
            (409, "state_conflict".into())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_in_pages_newest_first() {
    for desk in Desk::both().await {
        let mut made = Vec::new();
        for n in 0..5 {
            let file = desk.upload(&format!("f{n}")).await;
            desk.kit.world.later(1_000);
            made.push(text(&desk.make(file.id, "paint", json!({})).await["id"]));
        }
        made.reverse();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = desk.get(&format!("/v1/jobs?type=paint&limit=2{cursor}")).await;
            seen.extend(list(&page["jobs"]).iter().map(|j| text(&j["id"])));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, made);
        for bad in ["cursor=x", "state=x", "session=x", "limit=x"] {
            let answer = desk.kit.get(&format!("/v1/jobs?{bad}"), &desk.own).await;
            assert!(answer.status().is_client_error(), "{bad}");
        }
    }
}

// L-12 A46
#[tokio::test(flavor = "multi_thread")]
async fn l12_jobs_of_others_are_not_there_and_only_workers_claim() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let id = text(&desk.job_of(file.id, "validate").await["id"]);
        let bob = desk.kit.token("bob", &crate::desk::OWN).await;
        for path in [
            format!("/v1/jobs/{id}"),
            format!("/v1/jobs/{id}/log"),
            format!("/v1/sessions/{}/text", file.id),
        ] {
            assert_eq!(
                code(desk.kit.get(&path, &bob).await).await,
                (404, "not_found".into()),
                "{path}"
            );
        }
        for word in ["retry", "cancel"] {
            let path = format!("/v1/jobs/{id}/{word}");
            assert_eq!(
                code(desk.kit.post(&path, &bob, &json!({})).await).await.0,
                404,
                "{path}"
            );
        }
        assert_eq!(
            code(desk.kit.get(&format!("/v1/jobs?session={}", file.id), &bob).await)
                .await
                .0,
            404
        );
        let jobs = crate::desk::answer(desk.kit.get("/v1/jobs", &bob).await).await;
        assert_eq!(list(&jobs["jobs"]).len(), 0);
        for (path, body) in [
            ("/v1/jobs:claim".to_owned(), json!({ "types": ["validate"] })),
            (format!("/v1/jobs/{id}/heartbeat"), json!({ "fence": 0 })),
            (
                format!("/v1/jobs/{id}/report"),
                json!({ "fence": 0, "status": "completed" }),
            ),
            (
                "/outbox/status".to_owned(),
                json!({ "processId": id, "status": "completed" }),
            ),
        ] {
            assert_eq!(
                desk.refused(&path, body).await,
                (403, "forbidden".into()),
                "{path}"
            );
        }
    }
}
