//! Runs over several files (T-8), and what a cleanup leaves.

use serde_json::{Value, json};

use crate::desk::{Desk, list, text};
use crate::support::Sample;

async fn three(desk: &Desk) -> Vec<Sample> {
    let mut files = Vec::new();
    for n in 0..3 {
        files.push(desk.upload(&format!("f{n}")).await);
    }
    files
}

fn ids(files: &[Sample]) -> Vec<String> {
    files.iter().map(|f| f.id.to_string()).collect()
}

async fn state(desk: &Desk, run: &Value) -> String {
    text(&desk.get(&format!("/v1/runs/{}", text(&run["id"]))).await["state"])
}

// T-8 M14
#[tokio::test(flavor = "multi_thread")]
async fn t08_a_run_over_three_files_ends_by_how_many_of_them_failed() {
    for desk in Desk::both().await {
        for (failures, word) in [(0, "completed"), (1, "partially_completed"), (3, "failed")] {
            let files = three(&desk).await;
            let body =
                json!({ "id": desk.run_id(), "type": "train", "session_ids": ids(&files), "name": "n" });
            let run = desk.post("/v1/runs", body.clone()).await;
            assert_eq!(
                (text(&run["state"]), &run["counts"]["total"]),
                ("queued".into(), &json!(3))
            );
            assert_eq!(desk.post("/v1/runs", body).await, run, "said twice, made once");
            let jobs = desk.claim(&["train"], 3, 60).await;
            assert_eq!(state(&desk, &run).await, "processing");
            for (n, job) in jobs.iter().enumerate() {
                assert_eq!(state(&desk, &run).await, "processing");
                let end = if n < failures {
                    json!({ "status": "failed", "retry": false })
                } else {
                    json!({ "status": "completed", "result": {} })
                };
                desk.ends(job, end).await;
            }
            let run = desk.get(&format!("/v1/runs/{}", text(&run["id"]))).await;
            assert_eq!(run["state"], word);
            assert_eq!(
                (&run["counts"]["failed"], &run["counts"]["completed"]),
                (&json!(failures), &json!(3 - failures))
            );
            assert_eq!(list(&run["sources"]).len(), 3);
            // It has ended: the failed ones are a new run.
            if failures > 0 {
                let failed = desk.jobs(&format!("run={}&state=failed", text(&run["id"]))).await;
                let path = format!("/v1/jobs/{}/retry", text(&failed[0]["id"]));
                assert_eq!(
                    desk.refused(&path, json!({})).await,
                    (409, "state_conflict".into())
                );
                let again: Vec<_> = failed.iter().map(|j| j["session_id"].clone()).collect();
                let body = json!({ "id": desk.run_id(), "type": "train", "session_ids": again });
                let second = desk.post("/v1/runs", body).await;
                assert_eq!(second["counts"]["total"], failures);
                desk.post(&format!("/v1/runs/{}/cancel", text(&second["id"])), json!({}))
                    .await;
                assert_eq!(state(&desk, &second).await, "failed", "none was completed");
            }
        }
        let runs = desk.get("/v1/runs?limit=2").await;
        assert_eq!(list(&runs["runs"]).len(), 2);
        assert!(runs["next"].is_string());
    }
}

// T-8 M14: two that end at once.
#[tokio::test(flavor = "multi_thread")]
async fn m14_jobs_that_end_at_once_end_the_run_once() {
    for desk in Desk::both().await {
        let mut files = three(&desk).await;
        files.extend(three(&desk).await);
        let body = json!({ "id": desk.run_id(), "type": "train", "session_ids": ids(&files) });
        let run = desk.post("/v1/runs", body).await;
        let jobs = desk.claim(&["train"], 6, 60).await;
        let ends = jobs
            .iter()
            .map(|j| desk.ends(j, json!({ "status": "completed" })));
        futures::future::join_all(ends).await;
        assert_eq!(state(&desk, &run).await, "completed");
        let mut told = Vec::new();
        crate::support::until("its end is told", async || {
            let events = list(&desk.get("/v1/changes?limit=1000").await["events"]);
            let of_runs = events.iter().filter(|e| e["machine"] == "run");
            told = of_runs.map(|e| text(&e["to"])).collect();
            told.len() == 3
        })
        .await;
        assert_eq!(told, ["queued", "processing", "completed"]);
    }
}

// T-8
#[tokio::test(flavor = "multi_thread")]
async fn t08_sources_that_cannot_take_part_say_so_and_a_run_without_any_has_failed() {
    for desk in Desk::both().await {
        let file = desk.upload("a").await;
        let open = Sample::new("open", 10);
        desk.kit
            .client(&desk.own)
            .init(vec![open.init(desk.group)])
            .await
            .expect("init");
        let body =
            json!({ "id": desk.run_id(), "type": "train", "session_ids": [file.id, open.id, desk.run_id()] });
        let run = desk.post("/v1/runs", body).await;
        assert_eq!(run["counts"]["total"], 1);
        let told: Vec<_> = list(&run["sources"])
            .iter()
            .map(|s| text(&s["error"]["code"]))
            .collect();
        assert_eq!(told, ["", "state_conflict", "not_found"]);
        let none = json!({ "id": desk.run_id(), "type": "train", "session_ids": [open.id] });
        assert_eq!(desk.post("/v1/runs", none).await["state"], "failed");
        // By group: the settled files of it.
        let whole = json!({ "id": desk.run_id(), "type": "other", "group_id": desk.group });
        assert_eq!(desk.post("/v1/runs", whole).await["counts"]["total"], 1);
        for (bad, code) in [
            (json!({ "id": desk.run_id(), "session_ids": [] }), "invalid_field"),
            (json!({ "id": desk.run_id() }), "invalid_field"),
            (
                json!({ "id": desk.run_id(), "group_id": desk.run_id() }),
                "not_found",
            ),
            (
                json!({ "id": run["id"], "session_ids": [file.id], "name": "other" }),
                "id_reused",
            ),
        ] {
            assert_eq!(desk.refused("/v1/runs", bad.clone()).await.1, code, "{bad}");
        }
    }
}

// T-8 D-11 M18: the only thing that removes derived data.
#[tokio::test(flavor = "multi_thread")]
async fn t08_a_cleanup_removes_what_was_derived_from_deleted_files_and_nothing_else() {
    crate::desk::with_extractor();
    for kit in [
        crate::support::Kit::start(&[]).await,
        crate::support::Kit::postgres(&[]).await,
    ] {
        let desk = Desk::of(kit).await;
        let words = |n: u32| format!("# Title {n}\n\nSome words of file {n}.\n").into_bytes();
        let gone = desk
            .uploaded("gone.md", "application/octet-stream", words(1))
            .await;
        let kept = desk
            .uploaded("kept.md", "application/octet-stream", words(2))
            .await;
        for file in [&gone, &kept] {
            desk.until_job(file.id, "extract_text", "completed").await;
            desk.until_job(file.id, "validate", "completed").await;
        }
        let pieces = async |file: &Sample| {
            list(&desk.get(&format!("/v1/sessions/{}/text", file.id)).await["pieces"]).len()
        };
        desk.delete(gone.id).await;
        assert!(pieces(&gone).await > 0, "deleting alone removes nothing");
        // One that is not deleted is not cleaned.
        let wrong = json!({ "id": desk.run_id(), "kind": "cleanup", "session_ids": [kept.id] });
        let wrong = desk.post("/v1/runs", wrong).await;
        crate::support::until("it has failed", async || state(&desk, &wrong).await == "failed").await;
        let run = json!({ "id": desk.run_id(), "kind": "cleanup" });
        let run = desk.post("/v1/runs", run).await;
        assert_eq!(run["counts"]["total"], 1);
        crate::support::until("it is clean", async || {
            state(&desk, &run).await == "cleanup_completed"
        })
        .await;
        assert_eq!(pieces(&gone).await, 0);
        assert!(pieces(&kept).await > 0);
        let job = desk.job_of(gone.id, "extract_text").await;
        assert_eq!(
            (&job["state"], &job["result"]),
            (&json!("completed"), &json!(null)),
            "the job stays"
        );
        let nothing = json!({ "id": desk.run_id(), "kind": "cleanup" });
        assert_eq!(desk.refused("/v1/runs", nothing).await.1, "invalid_field");
    }
}
