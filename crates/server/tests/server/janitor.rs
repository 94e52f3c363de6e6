//! The janitor: what it finds by age, what it does about it, and what it never does.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_core::states::{GroupState, SessionState};
use windlass_server::db::{Tx, params};
use windlass_server::store::lease;

use crate::s3::kit;
use crate::support::{Kit, Sample, bytes};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

impl Kit {
    async fn janitor(&self, dry_run: bool) -> Value {
        let (status, report) = self
            .call(
                Method::POST,
                "/v1/janitor/run",
                Some(json!({ "dry_run": dry_run })),
            )
            .await;
        assert_eq!(status, 200, "{report}");
        report
    }

    async fn audit(&self, action: &str) -> Vec<Value> {
        let (status, page) = self
            .call(Method::GET, &format!("/v1/audit?action={action}"), None)
            .await;
        assert_eq!(status, 200, "{page}");
        page["items"].as_array().expect("a list").clone()
    }

    async fn write(&self, sql: &'static str) {
        let db = self.db().await;
        let write = db.write(None, move |tx: &mut dyn Tx| tx.execute(sql, params![]));
        assert!(write.await.expect("written") > 0, "{sql}");
        db.close().await.expect("closed");
    }

    /// Something under a key of ours, with or without our mark.
    async fn put_beside(&self, path: &str, marked: bool) -> String {
        let (oracle, key) = (
            self.bucket
                .as_ref()
                .expect("a bucket")
                .oracle()
                .expect("an oracle"),
            self.key(path),
        );
        let wanted = key.clone();
        let mark = [("x-amz-meta-windlass-token", "00112233445566778899aabbccddeeff")];
        let put = move || {
            if marked {
                oracle.multipart(&wanted, &[b"somebody's"], &mark).map(drop)
            } else {
                oracle.put(&wanted, b"somebody's").map(drop)
            }
        };
        tokio::task::spawn_blocking(put)
            .await
            .expect("done")
            .expect("put");
        key
    }

    async fn there(&self, key: &str) -> bool {
        let Some(bucket) = &self.bucket else {
            return self.root().join(key).exists();
        };
        let (oracle, key) = (bucket.oracle().expect("an oracle"), key.to_owned());
        let find = move || {
            oracle
                .objects(&key)
                .expect("objects")
                .iter()
                .any(|o| o.key == key)
        };
        tokio::task::spawn_blocking(find).await.expect("done")
    }
}

/// What is done, as pairs of action and end, without those of strays that other tests leave.
fn steps(report: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let steps = report["steps"].as_array().expect("a list");
    steps
        .iter()
        .map(|s| (text(&s["action"]), text(&s["end"])))
        .collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted
        .iter()
        .map(|(a, e)| ((*a).to_owned(), (*e).to_owned()))
        .collect()
}

async fn both_places() -> [Kit; 2] {
    [Kit::folder().await, kit().await.1]
}

// L-13, L-15, M16, T-7: abandoned, then failed, then its bytes go; a dry run tells the same and does nothing.
async fn l15_an_upload_that_nobody_finishes_is_listed_then_fails_then_its_bytes_go() {
    for kit in both_places().await {
        let file = Sample::new("half", bytes(1, 250_001)).cut(100_000);
        kit.init(&file).await;
        let signed = kit.sign(&file).await;
        assert!(
            kit.put(&signed[0], file.bodies()[0].clone())
                .await
                .status()
                .is_success()
        );
        kit.world.later(HOUR + 1);
        let report = kit.janitor(false).await;
        assert_eq!(report["abandoned_total"], 1);
        assert_eq!(report["abandoned"][0]["session_id"], file.id.to_string());
        assert_eq!(steps(&report), []);
        assert_eq!(kit.state(&file).await, SessionState::Uploading);

        kit.world.later(7 * DAY);
        let planned = pairs(&[("fail_session", "planned")]);
        assert_eq!(steps(&kit.janitor(true).await), planned);
        assert_eq!(steps(&kit.janitor(true).await), planned);
        assert_eq!(kit.state(&file).await, SessionState::Uploading);
        assert_eq!(
            steps(&kit.janitor(false).await),
            pairs(&[("fail_session", "done")])
        );
        let failed = kit.session(&file).await;
        let error = failed.error.expect("an error");
        assert_eq!(
            (failed.state, error.code.as_str()),
            (SessionState::Failed, "upload_abandoned")
        );
        assert!(
            error
                .detail
                .contains("Upload abandoned - exceeded 7 day threshold"),
            "{error:?}"
        );
        assert_eq!(
            kit.client.group(kit.group).await.expect("a group").state,
            GroupState::Failed
        );

        kit.world.later(30 * DAY);
        assert_eq!(steps(&kit.janitor(true).await), pairs(&[("condemn", "planned")]));
        assert_eq!(
            kit.count("SELECT COUNT(*) FROM stored_object WHERE state = 'open'")
                .await,
            1
        );
        assert_eq!(steps(&kit.janitor(false).await), pairs(&[("condemn", "done")]));
        assert_eq!(
            kit.count("SELECT COUNT(*) FROM stored_object WHERE state = 'gone'")
                .await,
            1
        );
        assert_eq!(steps(&kit.janitor(false).await), []);
        for (action, reason) in [
            (
                "janitor.fail_session",
                "Upload abandoned - exceeded 7 day threshold",
            ),
            ("janitor.condemn", "failed more than 30 days ago"),
            ("janitor.clean", "failed more than 30 days ago"),
        ] {
            let rows = kit.audit(action).await;
            assert_eq!(rows.len(), 1, "{action}");
            assert!(
                rows[0]["reason"].as_str().expect("text").contains(reason),
                "{rows:?}"
            );
            assert_eq!(rows[0]["actor_kind"], "janitor");
        }
        // Dry ones too: two runs of the week, one of the month.
        let runs = kit.audit("janitor.run").await;
        let dry = runs.iter().filter(|r| r["data"]["dry_run"] == true).count();
        assert_eq!((runs.len(), dry), (7, 3));
    }
}

// M16, T-7: what arrived whole is never failed for its age.
async fn t07_what_arrived_whole_is_finished_and_not_failed() {
    for kit in both_places().await {
        let file = Sample::new("whole", bytes(1, 250_001)).cut(100_000);
        kit.init(&file).await;
        kit.send(&file).await;
        kit.world.later(8 * DAY);
        assert_eq!(steps(&kit.janitor(true).await), pairs(&[("settle", "planned")]));
        assert_eq!(steps(&kit.janitor(false).await), pairs(&[("settle", "done")]));
        assert_eq!(kit.state(&file).await, SessionState::Uploaded);
    }
}

// L-15: drafts.
async fn l15_a_draft_that_is_quiet_for_seven_days_fails_with_its_message() {
    let kit = Kit::folder().await;
    kit.world.later(7 * DAY - HOUR);
    let younger = kit.other_group("Younger").await;
    assert_eq!(steps(&kit.janitor(false).await), []);
    kit.world.later(HOUR);
    assert_eq!(
        steps(&kit.janitor(true).await),
        pairs(&[("fail_draft", "planned")])
    );
    assert_eq!(steps(&kit.janitor(false).await), pairs(&[("fail_draft", "done")]));
    let old = kit.client.group(kit.group).await.expect("a group");
    let new = kit.client.group(younger).await.expect("a group");
    assert_eq!((old.state, new.state), (GroupState::Failed, GroupState::Draft));
    let told = "SELECT COUNT(*) FROM upload_group WHERE error_code = 'upload_abandoned'
       AND error_detail = 'Upload abandoned - exceeded 7 day threshold'";
    assert_eq!(kit.count(told).await, 1);
    // Failed, and recoverable: the next file of it moves it on.
    kit.upload(&Sample::new("late", bytes(1, 100))).await;
    assert_eq!(
        kit.client.group(kit.group).await.expect("a group").state,
        GroupState::Uploading
    );
}

// M16: a client that came back in time, and a settled file, are left alone.
async fn what_lives_and_what_is_settled_is_left_alone() {
    for kit in both_places().await {
        let settled = Sample::new("settled", bytes(1, 1_000));
        kit.upload(&settled).await;
        let alive = Sample::new("alive", bytes(2, 250_001)).cut(100_000);
        kit.init(&alive).await;
        kit.sign(&alive).await;
        kit.world.later(6 * DAY);
        kit.sign(&alive).await;
        kit.world.later(6 * DAY);
        assert_eq!(steps(&kit.janitor(false).await), []);
        kit.world.later(400 * DAY);
        assert_eq!(
            steps(&kit.janitor(false).await),
            pairs(&[("fail_session", "done")])
        );
        assert!(kit.there(&kit.key("settled")).await);
        assert_eq!(kit.state(&settled).await, SessionState::Uploaded);
    }
}

// F143, I18: seen twice, a day apart, told once, deleted never; what is not marked is not even told.
async fn f143_what_no_row_knows_is_told_and_never_deleted() {
    let (_, kit) = kit().await;
    kit.upload(&Sample::new("known", bytes(1, 1_000))).await;
    let marked = kit.put_beside("stray", true).await;
    let plain = kit.put_beside("somebody's", false).await;
    assert_eq!(
        steps(&kit.janitor(true).await),
        pairs(&[("stray_seen", "planned")])
    );
    assert_eq!(steps(&kit.janitor(false).await), pairs(&[("stray_seen", "done")]));
    kit.world.later(DAY - HOUR);
    assert_eq!(steps(&kit.janitor(false).await), []);
    kit.world.later(HOUR);
    assert_eq!(
        steps(&kit.janitor(true).await),
        pairs(&[("stray_told", "planned")])
    );
    assert_eq!(steps(&kit.janitor(false).await), pairs(&[("stray_told", "done")]));
    kit.world.later(90 * DAY);
    assert_eq!(steps(&kit.janitor(false).await), []);
    let told = kit.audit("janitor.stray_told").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["key"], marked.as_str());
    assert!(kit.there(&marked).await && kit.there(&plain).await && kit.there(&kit.key("known")).await);
    // An admin deleted it.
    kit.remove_object("stray").await;
    assert_eq!(steps(&kit.janitor(false).await), pairs(&[("stray_over", "done")]));
    assert_eq!(kit.count("SELECT COUNT(*) FROM stray").await, 0);
}

// F143: what is unfinished in a folder and has no row.
async fn f143_unfinished_files_of_a_folder_without_a_row_are_told_too() {
    let kit = Kit::folder().await;
    let id = windlass_core::ids::ObjectId::new(kit.world_now(), [9; 10]);
    let stray = kit.root().join(format!(".windlass/{id}.partial"));
    std::fs::write(&stray, b"half").expect("written");
    std::fs::write(kit.root().join("somebody's"), b"x").expect("written");
    assert_eq!(steps(&kit.janitor(false).await), pairs(&[("stray_seen", "done")]));
    kit.world.later(DAY);
    assert_eq!(steps(&kit.janitor(false).await), pairs(&[("stray_told", "done")]));
    assert!(stray.exists());
}

// I19, M16, M20: died after the fence and before the first delete, and in the middle of it: the next run goes on.
async fn m20_a_run_that_died_between_fence_and_delete_is_repeated_safely() {
    for kit in both_places().await {
        let file = Sample::new("half", bytes(1, 250_001)).cut(100_000);
        kit.init(&file).await;
        let signed = kit.sign(&file).await;
        assert!(
            kit.put(&signed[0], file.bodies()[0].clone())
                .await
                .status()
                .is_success()
        );
        // The fence was committed, and nothing else; whoever did it still has the lease.
        kit.write("UPDATE upload_session SET state = 'failed', error_code = 'internal', error_at = 0")
            .await;
        kit.write("UPDATE stored_object SET state = 'condemned'").await;
        let db = kit.db().await;
        let (now, until) = (kit.world_now(), kit.world_now().plus_millis(120_000));
        let taken = db.write(None, move |tx| {
            lease::take(tx, lease::JANITOR, "dead", until, now)
        });
        assert_eq!(taken.await, Ok(Some(1)));
        db.close().await.expect("closed");
        let run = Some(json!({}));
        let (status, refused) = kit.call(Method::POST, "/v1/janitor/run", run).await;
        assert_eq!((status, refused["code"].as_str()), (409, Some("state_conflict")));
        // A dry run needs no lease.
        assert_eq!(steps(&kit.janitor(true).await), pairs(&[("clean", "planned")]));
        kit.world.later(121_000);
        assert_eq!(steps(&kit.janitor(false).await), pairs(&[("clean", "done")]));
        assert_eq!(steps(&kit.janitor(false).await), []);
        assert_eq!(
            kit.count("SELECT COUNT(*) FROM stored_object WHERE state = 'gone'")
                .await,
            1
        );
    }
}

// M21: something arrives under the key of an attempt that is gone.
async fn a_late_arrival_under_a_key_that_is_gone_is_deleted_again() {
    let (_, kit) = kit().await;
    let file = Sample::new("late", bytes(1, 1_000));
    kit.init(&file).await;
    let signed = kit.sign(&file).await.remove(0);
    assert!(kit.delete(&file).await.cleaned);
    assert_eq!(steps(&kit.janitor(false).await), []);
    assert!(kit.put(&signed, file.data.clone()).await.status().is_success());
    assert!(kit.there(&kit.key("late")).await);
    assert_eq!(steps(&kit.janitor(false).await), pairs(&[("clean_late", "done")]));
    assert!(!kit.there(&kit.key("late")).await);
}

// F96 (I18): a key that went to somebody else meanwhile is not deleted.
async fn only_what_carries_the_token_of_its_row_is_deleted() {
    let (_, kit) = kit().await;
    let file = Sample::new("mine", bytes(1, 1_000));
    kit.init(&file).await;
    kit.sign(&file).await;
    let theirs = kit.put_beside("mine", true).await;
    kit.write(
        "UPDATE upload_session SET state = 'failed', error_code = 'internal', error_at = 0, updated_at = 0",
    )
    .await;
    assert_eq!(steps(&kit.janitor(false).await), pairs(&[("condemn", "done")]));
    assert!(kit.there(&theirs).await);
    assert_eq!(
        kit.count("SELECT COUNT(*) FROM stored_object WHERE state = 'gone'")
            .await,
        1
    );
}

// A46: pages of the audit, and who may read it.
async fn the_audit_has_pages() {
    let kit = Kit::folder().await;
    for _ in 0..5 {
        kit.janitor(true).await;
    }
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let path = format!("/v1/audit?action=janitor.&limit=2{cursor}");
        let (status, page) = kit.call(Method::GET, &path, None).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().expect("a list");
        seen.extend(items.iter().map(|r| r["seq"].as_i64().expect("a number")));
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.windows(2).all(|w| w[0] > w[1]), "{seen:?}");
    let (status, refused) = kit.call(Method::GET, "/v1/audit?cursor=x", None).await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("bad_cursor")));
}

// M16, M20: of two replicas one cleans up, and then it is not due for a day.
async fn m16_cleaning_up_is_due_once_a_day_for_all_replicas() {
    let kit = Kit::folder().await;
    let service = kit.server.as_ref().expect("running").service().clone();
    let (one, two) = tokio::join!(service.janitor_if_due(DAY, 0), service.janitor_if_due(DAY, 0));
    let ran = [one, two]
        .into_iter()
        .filter(|r| r.as_ref().expect("no error").is_some())
        .count();
    assert!(ran >= 1);
    assert!(service.janitor_if_due(DAY, 0).await.expect("asked").is_none());
    kit.world.later(DAY - HOUR);
    assert!(service.janitor_if_due(DAY, 0).await.expect("asked").is_none());
    // A start looks ahead.
    assert!(
        service
            .janitor_if_due(DAY, DAY - HOUR)
            .await
            .expect("asked")
            .is_some()
    );
    kit.world.later(DAY + 1);
    assert!(service.janitor_if_due(DAY, 0).await.expect("asked").is_some());
}

// M15: rows of parts go with time; the file stays what it is.
async fn m15_rows_of_the_parts_of_a_stored_file_go_after_seven_days() {
    for kit in both_places().await {
        let file = Sample::new("whole", bytes(1, 250_001)).cut(100_000);
        let open = Sample::new("half", bytes(2, 250_001)).cut(100_000);
        kit.upload(&file).await;
        kit.init(&open).await;
        kit.sign(&open).await;
        let count = async || {
            let db = kit.db().await;
            let rows = db.read(|tx| {
                tx.query_one("SELECT COUNT(*) FROM file_part", params![])?
                    .get::<i64>(0)
            });
            let rows = rows.await.expect("counted");
            db.close().await.expect("closed");
            rows
        };
        let parts = async || {
            let path = format!("/v1/sessions/{}/parts", file.id);
            let (status, answer) = kit.call(Method::GET, &path, None).await;
            assert_eq!(status, 200, "{answer}");
            let states = answer["parts"].as_array().expect("parts").iter();
            states
                .map(|p| (p["n"].clone(), p["size"].clone(), p["state"].clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(count().await, 6);
        let before = parts().await;
        assert_eq!(before.len(), 3);
        kit.world.later(7 * DAY - HOUR);
        assert!(!steps(&kit.janitor(false).await).contains(&("forget_parts".into(), "done".into())));
        kit.world.later(2 * HOUR);
        let wanted = ("forget_parts".to_owned(), "planned".to_owned());
        assert!(steps(&kit.janitor(true).await).contains(&wanted));
        assert_eq!(count().await, 6, "a dry run");
        let done = steps(&kit.janitor(false).await);
        assert_eq!(
            done.iter().filter(|(a, _)| a == "forget_parts").count(),
            1,
            "{done:?}"
        );
        assert_eq!(count().await, 3, "those of the open file stay");
        assert_eq!(kit.audit("janitor.forget_parts").await.len(), 1);
        assert_eq!(parts().await, before, "it is told as before");
        assert_eq!(kit.state(&file).await, SessionState::Uploaded);
        assert!(
            !steps(&kit.janitor(false).await)
                .iter()
                .any(|(a, _)| a == "forget_parts")
        );
    }
}

both!(
    l15_an_upload_that_nobody_finishes_is_listed_then_fails_then_its_bytes_go,
    t07_what_arrived_whole_is_finished_and_not_failed,
    l15_a_draft_that_is_quiet_for_seven_days_fails_with_its_message,
    what_lives_and_what_is_settled_is_left_alone,
    f143_what_no_row_knows_is_told_and_never_deleted,
    f143_unfinished_files_of_a_folder_without_a_row_are_told_too,
    m20_a_run_that_died_between_fence_and_delete_is_repeated_safely,
    a_late_arrival_under_a_key_that_is_gone_is_deleted_again,
    only_what_carries_the_token_of_its_row_is_deleted,
    the_audit_has_pages,
    m16_cleaning_up_is_due_once_a_day_for_all_replicas,
    m15_rows_of_the_parts_of_a_stored_file_go_after_seven_days,
);
