//! Groups: their fields, their states, what they count (G-1, G-2, G-8, G-15).

use serde_json::{Value, json};

use crate::desk::{Desk, both};
use crate::support::Sample;

fn into(group: windlass_core::ids::GroupId) -> Value {
    json!({ "group_id": group })
}

// G-1, G-8, G-15
#[tokio::test(flavor = "multi_thread")]
async fn g01_g08_a_group_has_its_fields_and_counts_its_files() {
    async fn test(desk: Desk) {
        let id = desk.group_id();
        let body = json!({ "id": id, "name": "Trip", "description": "to the sea", "destination": "recordings",
                           "metadata": { "scenario_id": 7 } });
        let made = desk.ok("POST", "/v1/groups", Some(&body)).await;
        assert_eq!(
            desk.ok("POST", "/v1/groups", Some(&body)).await["rev"],
            made["rev"],
            "asked twice"
        );
        let (a, b) = (Sample::new("a.bin", 1_000), Sample::new("b.bin", 3_000));
        desk.upload(&a, &into(id)).await;
        desk.init(&b, &into(id)).await;
        let group = desk.group(id).await;
        for (field, value) in [
            ("name", json!("Trip")),
            ("description", json!("to the sea")),
            ("state", json!("uploading")),
            ("total_files", json!(2)),
            ("completed_files", json!(1)),
            ("bytes", json!(4_000)),
            ("bytes_done", json!(1_000)),
            ("required", json!({ "done": 1, "total": 2 })),
            ("metadata", json!({ "scenario_id": 7 })),
            ("anonymous", json!(false)),
        ] {
            assert_eq!(group[field], value, "{field}");
        }
        assert!(group["created_at"].as_i64() <= group["updated_at"].as_i64());
        // A file may have no group.
        let alone = Sample::new("alone.bin", 10);
        let file = desk.upload(&alone, &json!({ "destination": "recordings" })).await;
        assert_eq!(
            (&file["group_id"], &file["state"]),
            (&Value::Null, &json!("uploaded"))
        );
        let other = json!({ "id": id, "name": "Other", "destination": "recordings" });
        assert_eq!(
            desk.refused("POST", "/v1/groups", Some(&other)).await.1,
            "id_reused"
        );
    }
    both!(test);
}

// G-2, L-8
#[tokio::test(flavor = "multi_thread")]
async fn g02_a_group_goes_the_allowed_ways_and_no_others() {
    async fn test(desk: Desk) {
        let verbs = ["finalize", "retry", "reset", "cancel", "release"];
        let verb = async |id: windlass_core::ids::GroupId, verb: &str| {
            let response = desk.ask("POST", &format!("/v1/groups/{id}/{verb}"), None).await;
            let status = response.status().as_u16();
            let body: Value = response.json().await.expect("json");
            (status, body["state"].as_str().unwrap_or_default().to_owned())
        };
        let make = async || {
            let id = desk.group_id();
            let body = json!({ "id": id, "name": "x", "destination": "recordings" });
            desk.ok("POST", "/v1/groups", Some(&body)).await;
            id
        };
        // draft: nothing but cancelling; a retry changes nothing.
        let draft = make().await;
        for (name, expected) in verbs.iter().zip([409, 200, 200, 200, 409]) {
            if *name != "cancel" {
                assert_eq!(verb(draft, name).await.0, expected, "draft: {name}");
            }
        }
        assert_eq!(desk.group(draft).await["state"], "draft");
        assert_eq!(verb(draft, "cancel").await, (200, "cancelled".into()));
        for name in ["finalize", "retry", "reset", "release"] {
            assert_eq!(verb(draft, name).await.0, 409, "cancelled: {name}");
        }
        // uploading → completed, and then nothing.
        let done = make().await;
        desk.upload(&Sample::new("a.bin", 10), &into(done)).await;
        assert_eq!(verb(done, "reset").await.0, 409);
        assert_eq!(verb(done, "finalize").await, (200, "completed".into()));
        assert_eq!(
            verb(done, "finalize").await,
            (200, "completed".into()),
            "asked twice"
        );
        for name in ["retry", "reset", "cancel"] {
            assert_eq!(verb(done, name).await.0, 409, "completed: {name}");
        }
        assert_eq!(
            desk.refused(
                "PATCH",
                &format!("/v1/groups/{done}"),
                Some(&json!({ "name": "y" }))
            )
            .await
            .1,
            "group_completed"
        );
        // uploading → failed → draft, → uploading, → cancelled.
        for (end, state) in [
            ("reset", "draft"),
            ("retry", "uploading"),
            ("cancel", "cancelled"),
        ] {
            let failed = make().await;
            let file = Sample::new("a.bin", 10);
            desk.init(&file, &into(failed)).await;
            desk.kit.send(&desk.token, &file).await;
            assert_eq!(desk.group(failed).await["state"], "uploading");
            desk.fail(file.id).await;
            assert_eq!(desk.group(failed).await["state"], "failed");
            assert_eq!(
                verb(failed, "finalize").await.0,
                409,
                "failed is never completed at once"
            );
            assert_eq!(verb(failed, end).await, (200, state.into()), "{end}");
        }
    }
    both!(test);
}

// L-14, L-16, M5
#[tokio::test(flavor = "multi_thread")]
async fn l14_l16_a_retry_is_counted_and_only_failed_files_go_again() {
    async fn test(desk: Desk) {
        let id = desk.group_id();
        let body = json!({ "id": id, "name": "x", "destination": "recordings" });
        desk.ok("POST", "/v1/groups", Some(&body)).await;
        let (good, bad) = (Sample::new("good.bin", 10), Sample::new("bad.bin", 20));
        let (extra, open) = (Sample::new("extra.bin", 30), Sample::new("open.bin", 40));
        desk.init(&bad, &into(id)).await;
        desk.init(&open, &into(id)).await;
        desk.init(&extra, &json!({ "group_id": id, "is_required": false }))
            .await;
        let settled = desk.upload(&good, &into(id)).await;
        desk.kit.send(&desk.token, &bad).await;
        desk.fail(bad.id).await;
        // Another required file may still go on without a person (M5); an optional one says nothing.
        assert_eq!(desk.group(id).await["state"], "uploading");
        desk.fail(open.id).await;
        let group = desk.group(id).await;
        assert_eq!(group["state"], "failed");
        assert_eq!(group["error"]["detail"], "One or more file uploads failed");
        assert_eq!(group["error"]["code"], "read_error");
        let file = desk.file(bad.id).await;
        assert_eq!(
            (&file["state"], &file["error"]["code"]),
            (&json!("failed"), &json!("read_error"))
        );
        assert_eq!(file["error"]["detail"], "the disk could not be read");
        assert!(file["error"]["at"].is_i64());

        let group = desk.ok("POST", &format!("/v1/groups/{id}/retry"), None).await;
        assert_eq!(
            (&group["state"], &group["retry_count"]),
            (&json!("uploading"), &json!(1))
        );
        let again = desk.file(bad.id).await;
        assert_eq!(
            (&again["state"], &again["retry_count"]),
            (&json!("uploading"), &json!(1))
        );
        assert_eq!(again["error"]["code"], "read_error", "the last error stays");
        assert_eq!(
            desk.file(good.id).await["rev"],
            settled["rev"],
            "what is settled is not touched"
        );
        // It goes on from where it stood: its bytes are there already.
        let parts = desk.kit.send(&desk.token, &bad).await;
        desk.complete(&bad, parts).await;
        assert_eq!(desk.file(bad.id).await["state"], "uploaded");
        desk.send(&open).await;
        // Optional files that are not there stand in nobody's way.
        let done = desk.ok("POST", &format!("/v1/groups/{id}/finalize"), None).await;
        assert_eq!(
            (&done["success"], &done["state"]),
            (&json!(true), &json!("completed"))
        );
        assert_eq!(done["files"].as_array().map(Vec::len), Some(3));
        // Asked again, for as many as one can use: a million would be a long answer.
        for (limit, files, more) in [(0, 0, true), (2, 2, true), (3, 3, false)] {
            let path = format!("/v1/groups/{id}/finalize?limit={limit}");
            let done = desk.ok("POST", &path, None).await;
            assert_eq!(done["files"].as_array().map(Vec::len), Some(files));
            assert_eq!(done["more"], more, "{limit}");
        }
    }
    both!(test);
}

/// Folders of this name below.
fn folders(below: &std::path::Path, name: &str) -> usize {
    std::fs::read_dir(below)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .map(|path| usize::from(path.ends_with(name)) + folders(&path, name))
        .sum()
}

//
#[tokio::test(flavor = "multi_thread")]
async fn a03_empty_folders_stand_beside_the_files_of_a_group_while_it_is_open() {
    async fn test(desk: Desk) {
        let id = desk.group_id();
        let body = json!({ "id": id, "name": "Trip", "destination": "recordings" });
        desk.ok("POST", "/v1/groups", Some(&body)).await;
        let file = Sample::new("a.bin", 10);
        desk.upload(&file, &into(id)).await;
        let path = format!("/v1/groups/{id}/folders");
        // A file has the name of the second one. Asked twice it is the same.
        let wanted = json!({ "paths": ["deep/er/nothing in it", "a.bin"] });
        for _ in 0..2 {
            let made = desk.ok("POST", &path, Some(&wanted)).await;
            assert_eq!(made, json!({ "paths": ["deep/er/nothing in it"] }));
            assert_eq!(folders(desk.kit.dir.path(), "nothing in it"), 1);
        }
        assert_eq!(desk.file(file.id).await["state"], "uploaded");
        for climbs in ["../x", "/x", "a//b", "", "a/%2e%2e"] {
            let refused = desk
                .refused("POST", &path, Some(&json!({ "paths": ["fine", climbs] })))
                .await;
            assert_eq!(refused.1, "name_invalid", "{climbs}");
        }
        assert_eq!(folders(desk.kit.dir.path(), "fine"), 0, "not one of them");
        let many: Vec<String> = (0..1_001).map(|n| n.to_string()).collect();
        let refused = desk.refused("POST", &path, Some(&json!({ "paths": many }))).await;
        assert_eq!(refused.1, "invalid_field");
        let bob = desk.kit.token("bob", &crate::desk::OWN).await;
        let others = desk.ask_as(&bob, "POST", &path, Some(&wanted)).await;
        assert_eq!(others.status(), 404);
        desk.ok("POST", &format!("/v1/groups/{id}/finalize"), None).await;
        assert_eq!(
            desk.refused("POST", &path, Some(&wanted)).await.1,
            "group_completed"
        );
    }
    both!(test);
}

// M5: its failed files were deleted, or are not required any more.
#[tokio::test(flavor = "multi_thread")]
async fn m05_a_group_goes_on_when_what_failed_is_deleted_or_not_needed() {
    async fn test(desk: Desk) {
        for unneeded in [false, true] {
            let id = desk.group_id();
            let body = json!({ "id": id, "name": "x", "destination": "recordings" });
            desk.ok("POST", "/v1/groups", Some(&body)).await;
            let (good, bad) = (Sample::new("good.bin", 10), Sample::new("bad.bin", 20));
            desk.upload(&good, &into(id)).await;
            desk.init(&bad, &into(id)).await;
            desk.fail(bad.id).await;
            assert_eq!(desk.group(id).await["state"], "failed");
            let path = format!("/v1/sessions/{}", bad.id);
            if unneeded {
                let file = desk
                    .ok("PATCH", &path, Some(&json!({ "is_required": false })))
                    .await;
                assert_eq!(file["is_required"], false);
            } else {
                let gone = desk.ok("DELETE", &path, None).await;
                assert_eq!(
                    (&gone["state"], &gone["cleaned"]),
                    (&json!("failed"), &json!(true))
                );
            }
            assert_eq!(desk.group(id).await["state"], "uploading");
            desk.ok("POST", &format!("/v1/groups/{id}/finalize"), None).await;
        }
    }
    both!(test);
}

// L-13
#[tokio::test(flavor = "multi_thread")]
async fn l13_what_nobody_touched_for_an_hour_is_listed_as_abandoned() {
    async fn test(desk: Desk) {
        let id = desk.group_id();
        let body = json!({ "id": id, "name": "x", "destination": "recordings" });
        desk.ok("POST", "/v1/groups", Some(&body)).await;
        let (done, open) = (Sample::new("done.bin", 10), Sample::new("open.bin", 20));
        desk.upload(&done, &into(id)).await;
        desk.init(&open, &into(id)).await;
        let empty = json!({ "id": desk.group_id(), "name": "draft", "destination": "recordings" });
        desk.ok("POST", "/v1/groups", Some(&empty)).await;
        for path in ["/v1/groups?abandoned=1", "/v1/sessions?abandoned=1"] {
            assert_eq!(desk.ok("GET", path, None).await["items"], json!([]), "{path}");
        }
        desk.kit.world.later(3_601_000);
        let groups = desk.ok("GET", "/v1/groups?abandoned=1", None).await;
        assert_eq!(
            groups["items"].as_array().map(Vec::len),
            Some(1),
            "drafts are not abandoned yet"
        );
        let group = &groups["items"][0];
        assert_eq!(
            (&group["completed_files"], &group["total_files"]),
            (&json!(1), &json!(2))
        );
        let files = desk.ok("GET", "/v1/sessions?abandoned=1", None).await;
        assert_eq!(files["items"][0]["id"], json!(open.id));
        // Resume: a sign of life, and it is not abandoned any more.
        desk.send(&open).await;
        for path in ["/v1/groups?abandoned=1", "/v1/sessions?abandoned=1"] {
            assert_eq!(desk.ok("GET", path, None).await["items"], json!([]), "{path}");
        }
    }
    both!(test);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_listed_in_pages_that_new_rows_do_not_move() {
    async fn test(desk: Desk) {
        let mut ids = Vec::new();
        for n in 0..5 {
            let id = desk.group_id();
            let body = json!({ "id": id, "name": format!("{n}"), "destination": "recordings" });
            desk.ok("POST", "/v1/groups", Some(&body)).await;
            ids.push(json!(id));
        }
        ids.reverse();
        let first = desk.ok("GET", "/v1/groups?limit=2", None).await;
        let body = json!({ "id": desk.group_id(), "name": "new", "destination": "recordings" });
        desk.ok("POST", "/v1/groups", Some(&body)).await;
        let mut seen: Vec<Value> = Vec::new();
        let mut page = first;
        loop {
            seen.extend(
                page["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .map(|g| g["id"].clone()),
            );
            let Some(next) = page["next"].as_str() else { break };
            page = desk
                .ok("GET", &format!("/v1/groups?limit=2&cursor={next}"), None)
                .await;
        }
        seen.sort_by_key(ToString::to_string);
        ids.sort_by_key(ToString::to_string);
        assert_eq!(seen, ids);
        for bad in ["cursor=x", "state=gone", "limit=0", "colour=red"] {
            assert_eq!(
                desk.ask("GET", &format!("/v1/groups?{bad}"), None)
                    .await
                    .status()
                    .as_u16()
                    / 100,
                4,
                "{bad}"
            );
        }
        // A deleted group is in no list; it still says what it was.
        let id = ids[0].as_str().expect("an id");
        assert_eq!(
            desk.ask("DELETE", &format!("/v1/groups/{id}"), None)
                .await
                .status(),
            204
        );
        assert_eq!(
            desk.ask("DELETE", &format!("/v1/groups/{id}"), None)
                .await
                .status(),
            204,
            "asked twice"
        );
        let all = desk.ok("GET", "/v1/groups?state=draft", None).await;
        assert_eq!(all["items"].as_array().map(Vec::len), Some(5));
        assert!(desk.ok("GET", &format!("/v1/groups/{id}"), None).await["deleted_at"].is_i64());
    }
    both!(test);
}

// Server model §0: whoever says which revision was seen changes no other one.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_demands_a_revision_is_refused_when_the_row_has_another() {
    async fn test(desk: Desk) {
        let id = desk.entity("record").await;
        let file = crate::support::Sample::new("a.bin", 3_000);
        desk.upload(&file, &json!({ "destination": "recordings" })).await;
        let ask = async |verb: &str, path: &str, demanded: &str| {
            let verb = verb.parse().expect("a method");
            let request = desk.kit.request(verb, path, &desk.token);
            let request = request
                .header("if-match", demanded)
                .json(&json!({ "metadata": {} }));
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            let body: serde_json::Value = response.json().await.unwrap_or_default();
            (status, body["code"].as_str().unwrap_or_default().to_owned())
        };
        let (group, session) = (format!("/v1/groups/{id}"), format!("/v1/sessions/{}", file.id));
        let seen = |row: &serde_json::Value| row["rev"].as_u64().expect("a revision");
        let fine = (200, String::new());
        let refused = (412, "rev_mismatch".to_owned());
        let rev = seen(&desk.group(id).await);
        assert_eq!(ask("PATCH", &group, &format!("\"{rev}\"")).await, fine);
        let changed = desk.group(id).await;
        assert_eq!(seen(&changed), rev + 1);
        for (verb, path) in [
            ("PATCH", group.clone()),
            ("POST", format!("{group}/finalize")),
            ("POST", format!("{group}/reset")),
            ("POST", format!("{group}/release")),
            ("POST", format!("{group}/cancel")),
            ("DELETE", group.clone()),
        ] {
            assert_eq!(ask(verb, &path, &rev.to_string()).await, refused, "{verb} {path}");
        }
        assert_eq!(desk.group(id).await, changed, "nothing was changed");
        assert_eq!(ask("PATCH", &group, "*").await, fine);
        assert_eq!(
            ask("PATCH", &group, "W/\"x\"").await,
            (400, "bad_request".to_owned())
        );
        let rev = seen(&desk.file(file.id).await);
        for verb in ["PATCH", "DELETE"] {
            assert_eq!(
                ask(verb, &session, &(rev + 1).to_string()).await,
                refused,
                "{verb}"
            );
        }
        assert_eq!(ask("DELETE", &session, &rev.to_string()).await, fine);
    }
    both!(test);
}
