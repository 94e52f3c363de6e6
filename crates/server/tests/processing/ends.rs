//! How attempts end: by a report, by a lost lease, by a person, and what a late word is worth.

use serde_json::json;

use crate::desk::{Desk, answer, text};
use crate::support::code;

// G-6
#[tokio::test(flavor = "multi_thread")]
async fn g06_attempts_wait_longer_each_time_and_stop_at_the_most() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let id = text(&desk.make(file.id, "paint", json!({ "max_attempts": 3 })).await["id"]);
        let no = json!({ "status": "failed", "error": { "detail": "no brush" } });
        for (attempt, shortest, longest) in [(1, 9_000, 21_000), (2, 19_000, 41_000)] {
            let job = desk.claim(&["paint"], 1, 60).await.remove(0);
            assert_eq!(job["attempts"], attempt);
            let after = desk.ends(&job, no.clone()).await;
            // No status goes back: it stays running, and waits.
            assert_eq!(
                (&after["state"], &after["error"]["code"]),
                (&json!("running"), &json!("processing_failed"))
            );
            desk.kit.world.later(shortest);
            assert_eq!(desk.claim(&["paint"], 1, 60).await.len(), 0, "not so soon");
            desk.kit.world.later(longest - shortest);
        }
        let job = desk.claim(&["paint"], 1, 60).await.remove(0);
        assert_eq!(desk.ends(&job, no).await["state"], "failed");
        desk.kit.world.later(100_000_000);
        assert_eq!(
            desk.claim(&["paint"], 1, 60).await.len(),
            0,
            "never again by itself"
        );
        let job = desk.job(&id).await;
        assert_eq!(
            (&job["attempts"], &job["error"]["detail"]),
            (&json!(3), &json!("no brush"))
        );
        assert_eq!(desk.log(&id).await, ["pending", "sending", "running", "failed"]);
    }
}

// M13 I24
#[tokio::test(flavor = "multi_thread")]
async fn m13_a_late_report_of_a_lost_lease_is_refused_by_its_fence() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let id = text(&desk.make(file.id, "paint", json!({})).await["id"]);
        let first = desk.claim(&["paint"], 1, 5).await.remove(0);
        assert_eq!(desk.claim(&["paint"], 1, 5).await.len(), 0, "it is held");
        let beat = json!({ "fence": first["fence"], "lease_s": 10 });
        desk.says(&format!("/v1/jobs/{id}/heartbeat"), beat.clone()).await;
        desk.kit.world.later(6_000);
        assert_eq!(desk.claim(&["paint"], 1, 5).await.len(), 0, "and was prolonged");
        desk.kit.world.later(5_000);
        let second = desk.claim(&["paint"], 1, 60).await.remove(0);
        assert_eq!((&second["fence"], &second["attempts"]), (&json!(2), &json!(2)));
        let wrong = json!({ "status": "completed", "result": { "by": 1 } });
        assert_eq!(
            code(desk.report(&first, wrong).await).await,
            (409, "lease_lost".into())
        );
        assert_eq!(
            desk.is_told(&format!("/v1/jobs/{id}/heartbeat"), beat).await,
            (409, "lease_lost".into())
        );
        let right = json!({ "status": "completed", "result": { "by": 2 } });
        for _ in 0..2 {
            // The answer was lost, and it is said again.
            assert_eq!(desk.ends(&second, right.clone()).await["result"]["by"], 2);
        }
        let again = json!({ "status": "failed" });
        assert_eq!(
            code(desk.report(&second, again).await).await,
            (409, "lease_lost".into())
        );
        assert_eq!(
            desk.log(&id).await,
            ["pending", "sending", "running", "completed"],
            "effect once"
        );
    }
}

// M20: a worker that dies in its last attempt leaves a dead letter, which is listed and replayed.
#[tokio::test(flavor = "multi_thread")]
async fn m20_a_killed_worker_leaves_the_job_to_others_and_at_the_last_attempt_a_dead_letter() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let id = text(&desk.make(file.id, "paint", json!({ "max_attempts": 2 })).await["id"]);
        for attempt in [1, 2] {
            let job = desk.claim(&["paint"], 1, 5).await.remove(0);
            assert_eq!(job["attempts"], attempt);
            // And nothing is heard of it any more.
            desk.kit.world.later(5_001);
        }
        assert_eq!(desk.claim(&["paint"], 1, 5).await.len(), 0);
        let dead = desk.jobs("state=failed").await;
        assert_eq!(dead.len(), 1);
        assert_eq!(
            (text(&dead[0]["id"]), &dead[0]["error"]["code"]),
            (id.clone(), &json!("lease_lost"))
        );
        let replayed = desk
            .post("/v1/jobs:retry", json!({ "ids": [id, desk.job_id()] }))
            .await;
        assert_eq!(replayed["items"][0]["job"]["state"], "pending");
        assert_eq!(replayed["items"][1]["error"]["code"], "not_found");
        let job = desk.claim(&["paint"], 1, 5).await.remove(0);
        assert_eq!(job["attempts"], 1, "with all its attempts");
        assert_eq!(
            desk.ends(&job, json!({ "status": "completed" })).await["state"],
            "completed"
        );
        assert_eq!(desk.jobs("state=failed").await.len(), 0);
        let states = [
            "pending",
            "sending",
            "running",
            "failed",
            "pending",
            "sending",
            "running",
            "completed",
        ];
        assert_eq!(desk.log(&id).await, states);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_goes_to_another_one_and_no_attempt_is_lost() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        desk.make(file.id, "paint", json!({ "max_attempts": 1 })).await;
        let job = desk.claim(&["paint"], 1, 60).await.remove(0);
        desk.ends(&job, json!({ "status": "released" })).await;
        let job = desk.claim(&["paint"], 1, 60).await.remove(0);
        assert_eq!((&job["attempts"], &job["fence"]), (&json!(1), &json!(3)));
        assert_eq!(
            desk.ends(&job, json!({ "status": "completed" })).await["state"],
            "completed"
        );
    }
}

// G-6
#[tokio::test(flavor = "multi_thread")]
async fn g06_a_job_is_cancelled_while_it_runs_and_its_worker_is_told() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let id = text(&desk.make(file.id, "paint", json!({})).await["id"]);
        let job = desk.claim(&["paint"], 1, 60).await.remove(0);
        for _ in 0..2 {
            let cancelled = desk.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await;
            assert_eq!(cancelled["state"], "cancelled");
        }
        let beat = json!({ "fence": job["fence"] });
        assert_eq!(
            desk.is_told(&format!("/v1/jobs/{id}/heartbeat"), beat).await,
            (409, "lease_lost".into())
        );
        let done = json!({ "status": "completed", "result": { "x": 1 } });
        assert_eq!(
            code(desk.report(&job, done).await).await,
            (409, "lease_lost".into())
        );
        let after = desk.job(&id).await;
        assert_eq!(
            (&after["state"], &after["result"]),
            (&json!("cancelled"), &json!(null))
        );
        let retried = desk.refused(&format!("/v1/jobs/{id}/retry"), json!({})).await;
        assert_eq!(retried, (409, "state_conflict".into()));
        // A pending one too, and then a new one may be made.
        let file = desk.upload("b.bin").await;
        let id = text(&desk.make(file.id, "paint", json!({})).await["id"]);
        desk.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await;
        assert_eq!(desk.claim(&["paint"], 1, 60).await.len(), 0);
        desk.make(file.id, "paint", json!({})).await;
    }
}

// D-10 K-4
#[tokio::test(flavor = "multi_thread")]
async fn d10_a_parse_failure_leaves_the_upload_and_is_retried_without_uploading() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let job = desk.claim(&["extract_text"], 1, 60).await.remove(0);
        let id = text(&job["id"]);
        let no = json!({ "status": "failed", "retry": false, "error": { "code": "extract_damaged", "detail": "page 3" } });
        assert_eq!(desk.ends(&job, no).await["state"], "failed");
        let session = async || {
            let query = json!({ "ids": [file.id], "parts": false });
            desk.post("/v1/sessions:query", query).await["sessions"][0].clone()
        };
        let before = session().await;
        assert_eq!(
            (&before["state"], &before["error"]),
            (&json!("uploaded"), &json!(null))
        );
        let retried = desk.post(&format!("/v1/jobs/{id}/retry"), json!({})).await;
        assert_eq!(
            (&retried["state"], &retried["attempts"]),
            (&json!("pending"), &json!(0))
        );
        let job = desk.claim(&["extract_text"], 1, 60).await.remove(0);
        assert_eq!(text(&job["id"]), id);
        desk.ends(&job, json!({ "status": "completed", "result": {} }))
            .await;
        let after = session().await;
        assert_eq!(
            (&after["state"], &after["settled"]),
            (&json!("uploaded"), &before["settled"]),
            "the same object"
        );
    }
}

// D-11 M18
#[tokio::test(flavor = "multi_thread")]
async fn d11_deleting_a_file_leaves_its_jobs_and_what_they_got() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let job = desk.claim(&["extract_text"], 1, 60).await.remove(0);
        desk.ends(&job, json!({ "status": "completed", "result": { "pages": 7 } }))
            .await;
        // One waits still: it goes on, for the bytes are kept while it does.
        desk.delete(file.id).await;
        let jobs = desk.jobs(&format!("session={}", file.id)).await;
        assert_eq!(jobs.len(), 2);
        let kept = desk.job(&text(&job["id"])).await;
        assert_eq!(
            (&kept["state"], &kept["result"]["pages"]),
            (&json!("completed"), &json!(7))
        );
        let waiting = desk.claim(&["validate"], 1, 60).await.remove(0);
        let url = text(&waiting["content"]);
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
        desk.ends(&waiting, json!({ "status": "completed" })).await;
    }
}

// G-9: duplicates show their canonical's.
#[tokio::test(flavor = "multi_thread")]
async fn duplicates_show_the_jobs_of_their_canonical_and_get_none() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        let mut copy = crate::support::Sample::new("b.bin", 10);
        copy.data = file.data.clone();
        let answered = desk
            .kit
            .client(&desk.own)
            .init(vec![copy.init(desk.group)])
            .await
            .expect("init");
        assert!(
            format!("{:?}", answered[0].answer).contains("uplicate")
                || format!("{:?}", answered[0].answer).contains("Settled"),
            "{answered:?}"
        );
        let jobs = desk.jobs(&format!("session={}", copy.id)).await;
        assert_eq!(jobs.len(), 2);
        assert!(
            jobs.iter().all(|j| j["session_id"] == file.id.to_string()),
            "{jobs:?}"
        );
        assert_eq!(desk.claim(&["validate", "extract_text"], 100, 60).await.len(), 2);
        let made = desk.make(copy.id, "paint", json!({})).await;
        assert_eq!(made["session_id"], file.id.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_workers_are_checked() {
    for desk in Desk::both().await {
        let file = desk.upload("a.bin").await;
        desk.make(file.id, "paint", json!({})).await;
        for bad in [
            json!({ "types": [] }),
            json!({ "types": ["paint"], "max": 0 }),
            json!({ "types": ["paint"], "max": 101 }),
            json!({ "types": ["paint"], "lease_s": 4 }),
            json!({ "types": ["paint"], "lease_s": 3_601 }),
        ] {
            assert_eq!(
                desk.is_told("/v1/jobs:claim", bad.clone()).await.1,
                "invalid_field",
                "{bad}"
            );
        }
        let job = desk.claim(&["paint"], 1, 60).await.remove(0);
        let large = json!({ "status": "completed", "result": { "x": "y".repeat(1 << 20) } });
        assert_eq!(
            code(desk.report(&job, large).await).await,
            (422, "invalid_field".into())
        );
        assert_eq!(
            answer(desk.report(&job, json!({ "status": "completed" })).await).await["state"],
            "completed"
        );
        let nobodys = format!("/v1/jobs/{}/report", desk.job_id());
        let done = json!({ "fence": 1, "status": "completed" });
        assert_eq!(desk.is_told(&nobodys, done).await, (404, "not_found".into()));
    }
}
