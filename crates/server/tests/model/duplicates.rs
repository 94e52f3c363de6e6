//! One content, one canonical (D-1 to D-5, M5 to M11), on a folder; buckets are in `tests/server`.

use serde_json::{Value, json};
use windlass_core::ids::FileId;
use windlass_server::params;

use crate::desk::{Desk, both};
use crate::support::{Sample, until};

/// The same content under another name.
fn same(file: &Sample, path: &str) -> Sample {
    Sample {
        data: file.data.clone(),
        ..Sample::new(path, 0)
    }
}

fn to() -> Value {
    json!({ "destination": "recordings" })
}

fn race() -> Value {
    json!({ "destination": "recordings", "race": true })
}

async fn word(desk: &Desk, id: FileId) -> String {
    desk.file(id).await["state"].as_str().expect("a word").to_owned()
}

// D-2, D-3
#[tokio::test(flavor = "multi_thread")]
async fn d03_what_is_pending_or_uploaded_blocks_and_the_second_is_deduplicated() {
    async fn test(desk: Desk) {
        let first = Sample::new("a.bin", 5_000);
        let (second, third) = (same(&first, "b.bin"), same(&first, "c.bin"));
        desk.init(&first, &to()).await;
        let answer = desk.init(&second, &to()).await;
        assert_eq!(
            (&answer["answer"], &answer["of"], &answer["settled"]),
            (&json!("duplicate"), &json!(first.id), &Value::Null)
        );
        let view = desk.file(second.id).await;
        assert_eq!(
            (&view["state"], &view["canonical_id"]),
            (&json!("pending"), &json!(first.id))
        );
        desk.send(&first).await;
        // It is settled as soon as the other is proved, without a byte.
        let view = desk.file(second.id).await;
        assert_eq!(
            (&view["state"], &view["canonical_id"]),
            (&json!("deduplicated"), &json!(first.id))
        );
        let answer = desk.init(&third, &to()).await;
        assert_eq!(answer["answer"], "duplicate");
        assert_eq!(answer["settled"]["deduplicated"], true);
        assert_ne!(
            answer["settled"]["object_key"],
            desk.file(first.id).await["object_key"],
            "a folder has its own name for each"
        );
    }
    both!(test);
}

// D-2, D-9: content that turns out equal when it is complete.
#[tokio::test(flavor = "multi_thread")]
async fn d02_two_that_race_with_one_content_end_as_one_canonical_and_its_duplicate() {
    async fn test(desk: Desk) {
        let first = Sample::new("a.bin", 5_000);
        let others: Vec<_> = (0..6).map(|n| same(&first, &format!("b{n}.bin"))).collect();
        let all: Vec<_> = std::iter::once(&first).chain(&others).collect();
        for file in &all {
            assert_eq!(desk.init(file, &race()).await["answer"], "upload");
        }
        futures::future::join_all(all.iter().map(|f| desk.send(f))).await;
        let mut words = Vec::new();
        let mut canonicals = std::collections::BTreeSet::new();
        for file in &all {
            let view = desk.file(file.id).await;
            words.push(view["state"].as_str().expect("a word").to_owned());
            let of = view["canonical_id"]
                .as_str()
                .map_or_else(|| file.id.to_string(), str::to_owned);
            canonicals.insert(of);
        }
        words.sort();
        assert_eq!(
            words,
            ["deduplicated"; 6]
                .into_iter()
                .chain(["uploaded"])
                .collect::<Vec<_>>()
        );
        assert_eq!(canonicals.len(), 1, "no chains: {canonicals:?}");
        // Plain SQL sees the same: one blocking canonical (I23).
        let db = desk
            .kit
            .server
            .as_ref()
            .expect("running")
            .service()
            .store()
            .db()
            .clone();
        let slots: i64 = db
            .read(|tx| {
                tx.query_one(
                    "SELECT COUNT(*) FROM upload_session WHERE holds_slot = 1",
                    params![],
                )?
                .get(0)
            })
            .await
            .expect("counted");
        assert_eq!(slots, 1);
    }
    both!(test);
}

// D-4
#[tokio::test(flavor = "multi_thread")]
async fn d04_a_failed_rejected_or_deleted_one_is_replaced() {
    async fn test(desk: Desk) {
        // Failed: the next takes over; the first, retried, ends as its duplicate.
        let first = Sample::new("a.bin", 5_000);
        let second = same(&first, "b.bin");
        desk.init(&first, &to()).await;
        desk.kit.send(&desk.token, &first).await;
        desk.fail(first.id).await;
        desk.upload(&second, &to()).await;
        desk.ok("POST", &format!("/v1/sessions/{}/retry", first.id), None)
            .await;
        let parts = desk.kit.send(&desk.token, &first).await;
        desk.complete(&first, parts).await;
        let view = desk.file(first.id).await;
        assert_eq!(
            (&view["state"], &view["canonical_id"]),
            (&json!("deduplicated"), &json!(second.id))
        );

        // Failed while somebody waits for it: whoever waited sends after all.
        let first = Sample::new("c.bin", 6_000);
        let second = same(&first, "d.bin");
        desk.init(&first, &to()).await;
        desk.init(&second, &to()).await;
        desk.fail(first.id).await;
        let view = desk.file(second.id).await;
        assert_eq!(
            (&view["state"], &view["canonical_id"]),
            (&json!("pending"), &Value::Null),
            "it goes alone"
        );
        desk.send(&second).await;
        assert_eq!(word(&desk, second.id).await, "uploaded");

        // Rejected: the size was wrong, the content is sent again as it is.
        let first = Sample::new("e.bin", 7_000);
        let second = same(&first, "f.bin");
        let mut huge = to();
        huge["size"] = json!(u64::pow(2, 40));
        huge["keep_rejected"] = json!(true);
        huge["part_size"] = Value::Null;
        desk.init(&first, &huge).await;
        assert_eq!(word(&desk, first.id).await, "rejected");
        desk.upload(&second, &to()).await;

        // Deleted by its user.
        let third = same(&first, "g.bin");
        desk.ok("DELETE", &format!("/v1/sessions/{}", second.id), None)
            .await;
        let view = desk.upload(&third, &to()).await;
        assert_eq!(
            (&view["state"], &view["canonical_id"]),
            (&json!("uploaded"), &Value::Null)
        );
    }
    both!(test);
}

// M8, D-4
#[tokio::test(flavor = "multi_thread")]
async fn m08_duplicates_of_a_deleted_canonical_are_pointed_at_the_next_one() {
    async fn test(desk: Desk) {
        let first = Sample::new("a.bin", 5_000);
        let (double, next) = (same(&first, "b.bin"), same(&first, "c.bin"));
        desk.upload(&first, &to()).await;
        desk.init(&double, &to()).await;
        assert_eq!(word(&desk, double.id).await, "deduplicated");
        desk.ok("DELETE", &format!("/v1/sessions/{}", first.id), None)
            .await;
        let view = desk.file(double.id).await;
        assert_eq!(
            view["canonical_id"],
            json!(first.id),
            "it stays canonical until the next one"
        );
        let content = desk
            .ask("GET", &format!("/v1/sessions/{}/content", double.id), None)
            .await;
        assert_eq!(content.bytes().await.expect("bytes").as_ref(), &first.data[..]);
        desk.upload(&next, &to()).await;
        assert_eq!(word(&desk, next.id).await, "uploaded");
        assert_eq!(desk.file(double.id).await["canonical_id"], json!(next.id));
        let db = desk
            .kit
            .server
            .as_ref()
            .expect("running")
            .service()
            .store()
            .db()
            .clone();
        let told: i64 = db
            .read(|tx| {
                tx.query_one(
                    "SELECT COUNT(*) FROM audit_row WHERE action = 'session.canonical'",
                    params![],
                )?
                .get(0)
            })
            .await
            .expect("counted");
        assert_eq!(told, 1);
    }
    both!(test);
}

// M7, F118: nobody waits without end.
#[tokio::test(flavor = "multi_thread")]
async fn m07_a_follower_may_go_alone_and_stored_beats_open() {
    async fn test(desk: Desk) {
        let first = Sample::new("a.bin", 5_000);
        let second = same(&first, "b.bin");
        let third = same(&first, "c.bin");
        desk.init(&first, &to()).await;
        desk.init(&second, &to()).await;
        desk.init(&third, &to()).await;
        let takeover = |f: &Sample| format!("/v1/sessions/{}/takeover", f.id);
        assert_eq!(
            desk.refused("POST", &takeover(&first), None).await.1,
            "state_conflict",
            "it waits for nobody"
        );
        let alone = desk.ok("POST", &takeover(&second), None).await;
        assert_eq!(
            (&alone["state"], &alone["canonical_id"]),
            (&json!("pending"), &Value::Null)
        );
        desk.send(&second).await;
        assert_eq!(
            word(&desk, second.id).await,
            "uploaded",
            "what is stored beats what is open"
        );
        assert_eq!(word(&desk, third.id).await, "deduplicated");
        desk.send(&first).await;
        let view = desk.file(first.id).await;
        assert_eq!(
            (&view["state"], &view["canonical_id"]),
            (&json!("deduplicated"), &json!(second.id))
        );
        // One that shows no sign of life for ten minutes is not waited for.
        let quiet = Sample::new("q.bin", 6_000);
        let after = same(&quiet, "r.bin");
        desk.init(&quiet, &to()).await;
        desk.kit.world.later(601_000);
        assert_eq!(desk.init(&after, &to()).await["answer"], "upload");
    }
    both!(test);
}

/// A file as a list shows it: nobody decides anything about it.
async fn listed(desk: &Desk, id: FileId) -> Value {
    let page = desk.ok("GET", "/v1/sessions", None).await;
    let all = page["items"].as_array().expect("a list").clone();
    let found = all.into_iter().find(|f| f["id"] == json!(id));
    found.expect("listed")
}

// M7, F118: in the transaction in which the one that others wait for goes, the oldest of them takes its place.
#[tokio::test(flavor = "multi_thread")]
async fn m07_f118_when_the_one_that_others_wait_for_goes_the_oldest_of_them_sends() {
    async fn test(desk: Desk) {
        for way in ["deleted", "failed", "abandoned"] {
            let first = Sample::new(&format!("{way}/a.bin"), 5_000);
            let second = same(&first, &format!("{way}/b.bin"));
            let third = same(&first, &format!("{way}/c.bin"));
            for file in [&first, &second, &third] {
                desk.init(file, &to()).await;
            }
            for file in [&second, &third] {
                assert_eq!(listed(&desk, file.id).await["canonical_id"], json!(first.id));
            }
            match way {
                "deleted" => {
                    let path = format!("/v1/sessions/{}", first.id);
                    desk.ok("DELETE", &path, None).await;
                }
                "failed" => desk.fail(first.id).await,
                _ => {
                    let service = desk.kit.server.as_ref().expect("running").service().clone();
                    let (id, db) = (first.id, service.store().db().clone());
                    let long_ago = "UPDATE upload_session SET alive_at = 1 WHERE id = ?1";
                    db.write(None, move |tx| tx.execute(long_ago, params![id]))
                        .await
                        .expect("written");
                    // The one that every start begins with may still be at it.
                    until("a run", async || service.run_janitor(None, false).await.is_ok()).await;
                    assert_eq!(listed(&desk, first.id).await["state"], "failed");
                }
            }
            let (next, last) = (listed(&desk, second.id).await, listed(&desk, third.id).await);
            assert_eq!(
                (&next["state"], &next["canonical_id"]),
                (&json!("pending"), &Value::Null),
                "{way}"
            );
            assert_eq!(
                (&last["state"], &last["canonical_id"]),
                (&json!("pending"), &json!(second.id)),
                "{way}"
            );
            // Whoever asks for it is told where it goes, and it goes there.
            assert!(desk.file(second.id).await["object_key"].is_string(), "{way}");
            desk.send(&second).await;
            assert_eq!(word(&desk, second.id).await, "uploaded", "{way}");
            let view = desk.file(third.id).await;
            assert_eq!(
                (&view["state"], &view["canonical_id"]),
                (&json!("deduplicated"), &json!(second.id)),
                "{way}"
            );
        }
    }
    both!(test);
}

// M6, I21
#[tokio::test(flavor = "multi_thread")]
async fn m06_content_of_another_owner_or_place_is_nobodys_duplicate() {
    async fn test(desk: Desk) {
        let first = Sample::new("a.bin", 5_000);
        desk.upload(&first, &to()).await;
        let elsewhere = same(&first, "b.bin");
        assert_eq!(
            desk.init(&elsewhere, &json!({ "destination": "models" })).await["answer"],
            "upload"
        );
        let bob = desk.kit.token("bob", &crate::desk::OWN).await;
        let theirs = same(&first, "c.bin");
        let body = json!({ "items": [desk.announce(&theirs, &to())] });
        let answer = desk.ask_as(&bob, "POST", "/v1/sessions:init", Some(&body)).await;
        let answer: Value = answer.json().await.expect("json");
        assert_eq!(answer["items"][0]["answer"], "upload");
        // Without a hash, a file of a known size is asked about first, and nothing is written.
        let unsure = same(&first, "d.bin");
        let mut more = to();
        more["sha256"] = Value::Null;
        assert_eq!(desk.init(&unsure, &more).await["answer"], "maybe_duplicate");
        assert_eq!(
            desk.refused("GET", &format!("/v1/sessions/{}", unsure.id), None)
                .await
                .0,
            404
        );
    }
    both!(test);
}

// A52, L-10
#[tokio::test(flavor = "multi_thread")]
async fn a052_a_quota_counts_what_is_announced_and_a_duplicate_in_place_too() {
    async fn test(desk: Desk) {
        let admin = desk.kit.admin_token().await;
        let file = Sample::new("a.bin", 1_000);
        desk.upload(&file, &to()).await;
        let owner = desk.owner(file.id).await;
        let body = json!({ "quota_bytes": 2_500 });
        let set = desk
            .ask_as(&admin, "PATCH", &format!("/v1/owners/{owner}"), Some(&body))
            .await;
        assert_eq!(set.status(), 200);
        let (fits, over) = (Sample::new("b.bin", 1_400), Sample::new("c.bin", 200));
        assert_eq!(desk.init(&fits, &to()).await["answer"], "upload");
        // Whoever asks is told, so that nobody has to find out by a refusal.
        assert_eq!(
            desk.ok("GET", "/v1/quota", None).await,
            json!({ "owner_id": owner, "quota_bytes": 2_500, "used_bytes": 2_400 })
        );
        let mut more = to();
        more["keep_rejected"] = json!(true);
        assert_eq!(desk.init(&over, &more).await["error"]["code"], "quota_exceeded");
        // What may change is no lasting word: the same file may come when there is room.
        desk.ok("DELETE", &format!("/v1/sessions/{}", fits.id), None)
            .await;
        assert_eq!(desk.init(&over, &more).await["answer"], "upload");
    }
    both!(test);
}
