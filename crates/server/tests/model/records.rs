//! Entities with required and optional files (L-2 to L-11).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use windlass_core::ids::GroupId;

use crate::desk::{Desk, both};
use crate::support::Sample;

fn slot(group: GroupId, file_type: &str) -> Value {
    json!({ "group_id": group, "file_type": file_type })
}

// L-2, L-4, L-6, L-7, L-8, L-9, G-8
#[tokio::test(flavor = "multi_thread")]
async fn l07_a_record_is_completed_when_its_required_files_are_there_and_says_where() {
    async fn test(desk: Desk) {
        let record = desk.entity("record").await;
        let finalize = format!("/v1/groups/{record}/finalize");
        let (status, code, problem) = desk.refused("POST", &finalize, None).await;
        assert_eq!((status, code.as_str()), (409, "finalize_incomplete"));
        assert_eq!(
            problem["detail"],
            "Cannot finalize: 1 of 1 required files not completed"
        );
        assert_eq!(
            problem["missing"],
            json!([{ "file_type": "processed_recording" }])
        );
        assert_eq!(
            desk.group(record).await["state"],
            "draft",
            "the entity stays as it was"
        );

        // An optional file alone completes nothing.
        let raw = Sample::new("take 1.JSON", 500);
        let file = desk.upload(&raw, &slot(record, "raw_recording")).await;
        assert_eq!(
            (&file["is_required"], &file["file_type"]),
            (&json!(false), &json!("raw_recording"))
        );
        assert_eq!(
            desk.refused("POST", &finalize, None).await.1,
            "finalize_incomplete"
        );
        let group = desk.group(record).await;
        assert_eq!(
            (&group["state"], &group["required"]),
            (&json!("uploading"), &json!({ "done": 0, "total": 1 }))
        );

        // A file of its own is required too, unless it says otherwise.
        let more = Sample::new("notes.json", 40);
        desk.init(&more, &json!({ "group_id": record, "destination": "recordings" }))
            .await;
        let (_, _, problem) = desk.refused("POST", &finalize, None).await;
        assert_eq!(
            problem["detail"],
            "Cannot finalize: 2 of 2 required files not completed"
        );

        let processed = Sample::new("done.glb", 700);
        desk.upload(&processed, &slot(record, "processed_recording"))
            .await;
        let (_, _, problem) = desk.refused("POST", &finalize, None).await;
        assert_eq!(
            problem["detail"],
            "Cannot finalize: 1 of 2 required files not completed"
        );
        assert_eq!(problem["missing"][0]["session_id"], json!(more.id));
        desk.ok("DELETE", &format!("/v1/sessions/{}", more.id), None)
            .await;

        let done = desk.ok("POST", &finalize, None).await;
        assert_eq!(
            (&done["success"], &done["state"]),
            (&json!(true), &json!("completed"))
        );
        let files = done["files"].as_array().expect("files");
        assert_eq!(files.len(), 2);
        for (file, sample) in files.iter().zip([&processed, &raw]) {
            assert_eq!(file["size"], json!(sample.data.len()));
            let url = file["url"].as_str().expect("a url").to_owned();
            let bytes = desk
                .kit
                .http
                .get(url)
                .bearer_auth(&desk.token)
                .send()
                .await
                .expect("an answer");
            assert_eq!(bytes.bytes().await.expect("bytes").as_ref(), &sample.data[..]);
        }
        assert_eq!(files[0]["type"], "processed_recording");

        // Completed is final: no file comes, goes or changes.
        let late = desk
            .init(&Sample::new("late.json", 5), &slot(record, "heatmap"))
            .await;
        assert_eq!(late["error"]["code"], "group_completed");
        let gone = desk
            .refused("DELETE", &format!("/v1/sessions/{}", processed.id), None)
            .await;
        assert_eq!(gone.1, "group_completed");
        let path = format!("/v1/sessions/{}", processed.id);
        for change in [
            json!({ "is_required": false }),
            json!({ "metadata": { "a": 1 } }),
            json!({ "size": 1 }),
        ] {
            assert_eq!(
                desk.refused("PATCH", &path, Some(&change)).await.0,
                409,
                "{change}"
            );
        }
    }
    both!(test);
}

// L-4, L-9
#[tokio::test(flavor = "multi_thread")]
async fn l04_slots_are_those_of_the_template_and_files_come_after_it() {
    async fn test(desk: Desk) {
        let record = desk.entity("record").await;
        let wrong = desk.init(&Sample::new("a.glb", 5), &slot(record, "model")).await;
        assert_eq!(wrong["error"]["code"], "invalid_field");
        let weak = json!({ "group_id": record, "file_type": "processed_recording", "is_required": false });
        assert_eq!(
            desk.init(&Sample::new("a.glb", 5), &weak).await["error"]["code"],
            "invalid_field"
        );
        // Without metadata there is no file: the group must be there first, and sign knows announced files only.
        let early = desk
            .init(&Sample::new("a.glb", 5), &slot(desk.group_id(), "model"))
            .await;
        assert_eq!(early["error"]["code"], "not_found");
        let sign = json!({ "items": [{ "id": Sample::new("b", 1).id }] });
        let signed = desk.ok("POST", "/v1/sessions:sign", Some(&sign)).await;
        assert_eq!(signed["items"][0]["error"]["code"], "not_found");
        let unknown = json!({ "id": desk.group_id(), "name": "x", "template": "planet" });
        assert_eq!(
            desk.refused("POST", "/v1/groups", Some(&unknown)).await.1,
            "invalid_field"
        );

        // One open group an entity; after its end there may be the next.
        let entity = desk.group_id();
        let first = desk.group_id();
        let body = |id: GroupId| json!({ "id": id, "name": "x", "template": "option", "entity_id": entity });
        desk.ok("POST", "/v1/groups", Some(&body(first))).await;
        let second = desk.group_id();
        assert_eq!(
            desk.refused("POST", "/v1/groups", Some(&body(second))).await.1,
            "state_conflict"
        );
        desk.ok("POST", &format!("/v1/groups/{first}/cancel"), None).await;
        desk.ok("POST", "/v1/groups", Some(&body(second))).await;
        let found = desk
            .ok(
                "GET",
                &format!("/v1/groups?entity_type=option&entity_id={entity}"),
                None,
            )
            .await;
        assert_eq!(found["items"].as_array().map(Vec::len), Some(2));

        // One level of parents.
        let project = desk.entity("project").await;
        let child = json!({ "id": desk.group_id(), "name": "o", "template": "option", "parent_id": project });
        let child = desk.ok("POST", "/v1/groups", Some(&child)).await;
        let grandchild =
            json!({ "id": desk.group_id(), "name": "o", "template": "option", "parent_id": child["id"] });
        assert_eq!(
            desk.refused("POST", "/v1/groups", Some(&grandchild)).await.1,
            "invalid_field"
        );
        let found = desk
            .ok("GET", &format!("/v1/groups?parent={project}"), None)
            .await;
        assert_eq!(found["items"][0]["id"], child["id"]);
    }
    both!(test);
}

// L-4: more kinds and types are rows, not code.
#[tokio::test(flavor = "multi_thread")]
async fn l04_a_new_kind_of_entity_is_a_template_and_its_groups_keep_their_version() {
    async fn test(desk: Desk) {
        let admin = desk.kit.admin_token().await;
        let slots = |required: bool| json!([{ "file_type": "map", "is_required": required, "destination_id": desk.place("projects") }]);
        let template = |required: bool| json!({ "entity_type": "planet", "slots": slots(required) });
        let (refused, _) =
            crate::support::code(desk.kit.post("/v1/templates", &desk.token, &template(true)).await).await;
        assert_eq!(refused, 403);
        let made = desk
            .ask_as(&admin, "POST", "/v1/templates", Some(&template(true)))
            .await;
        assert_eq!(made.json::<Value>().await.expect("json")["version"], 1);
        let old = desk.entity("planet").await;
        let made = desk
            .ask_as(&admin, "POST", "/v1/templates", Some(&template(false)))
            .await;
        assert_eq!(made.json::<Value>().await.expect("json")["version"], 2);
        let new = desk.entity("planet").await;
        assert_eq!(desk.group(old).await["slots"][0]["is_required"], true);
        assert_eq!(desk.group(new).await["slots"][0]["is_required"], false);
        let file = Sample {
            mime: "model/gltf-binary".into(),
            ..Sample::new("earth.glb", 10)
        };
        let key = desk.upload(&file, &slot(new, "map")).await["object_key"].clone();
        assert!(
            key.as_str()
                .expect("a key")
                .starts_with(&format!("planets/{new}/map_")),
            "{key}"
        );
        for bad in [
            json!({ "entity_type": "", "slots": slots(true) }),
            json!({ "entity_type": "../x", "slots": slots(true) }),
            json!({ "entity_type": "moon", "slots": [] }),
        ] {
            let response = desk.ask_as(&admin, "POST", "/v1/templates", Some(&bad)).await;
            assert_eq!(response.status(), 422, "{bad}");
        }
        let all = desk.ok("GET", "/v1/templates", None).await;
        let words: BTreeSet<_> = all["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|t| t["entity_type"].to_string())
            .collect();
        assert_eq!(
            words.len(),
            4,
            "record, option, project and the new one: {words:?}"
        );
    }
    both!(test);
}

// L-10, D-1, D-2: rejected
#[tokio::test(flavor = "multi_thread")]
async fn l10_d02_what_a_bucket_does_not_take_is_rejected_before_a_byte_moves() {
    async fn test(desk: Desk) {
        let record = desk.entity("record").await;
        let option = desk.entity("option").await;
        let big = |group: GroupId, file_type: &str, size: u64| {
            let mut more = slot(group, file_type);
            more["size"] = json!(size);
            more["keep_rejected"] = json!(true);
            more["sha256"] = Value::Null;
            more
        };
        for (group, file_type, limit) in [
            (record, "processed_recording", 524_288_000_u64),
            (option, "model", 104_857_600),
        ] {
            let (over, under) = (Sample::new("a.glb", 1), Sample::new("b.glb", 1));
            let answer = desk.init(&over, &big(group, file_type, limit + 1)).await;
            assert_eq!(
                (&answer["answer"], &answer["error"]["code"]),
                (&json!("refused"), &json!("too_large"))
            );
            assert_eq!(answer["error"]["state"], "rejected");
            assert!(
                answer["error"]["detail"]
                    .as_str()
                    .is_some_and(|d| d.contains(&limit.to_string())),
                "{answer}"
            );
            let file = desk.file(over.id).await;
            assert_eq!(
                (&file["state"], &file["error"]["code"]),
                (&json!("rejected"), &json!("too_large"))
            );
            // A required file that can never come: its entity has failed before anything was sent (L-2).
            assert_eq!(desk.group(group).await["state"], "failed");
            let answer = desk.init(&under, &big(group, file_type, limit)).await;
            assert_eq!(answer["answer"], "upload", "{answer}");
        }
        let wrong = Sample {
            mime: "image/png".into(),
            ..Sample::new("a.png", 10)
        };
        let mut more = slot(record, "heatmap");
        more["keep_rejected"] = json!(true);
        assert_eq!(
            desk.init(&wrong, &more).await["error"]["code"],
            "mime_not_allowed"
        );
        let file = desk.file(wrong.id).await;
        assert_eq!(
            (&file["state"], &file["object_key"]),
            (&json!("rejected"), &Value::Null)
        );
        // Final: neither retried nor announced anew.
        let retry = format!("/v1/sessions/{}/retry", wrong.id);
        assert_eq!(desk.refused("POST", &retry, None).await.1, "state_conflict");
        let mut again = more.clone();
        again["attempt"] = json!(2);
        again["mime"] = json!("application/json");
        assert_eq!(
            desk.init(&wrong, &again).await["error"]["code"],
            "mime_not_allowed"
        );
        // Each shipped bucket has its own types.
        for (place, mime, fits) in [
            ("recordings", "application/json", true),
            ("recordings", "model/gltf-binary", true),
            ("recordings", "model/gltf+json", false),
            ("models", "model/gltf+json", true),
            ("models", "application/json", false),
            ("projects", "model/gltf-binary; charset=binary", true),
        ] {
            let file = Sample {
                mime: mime.into(),
                ..Sample::new("x", 10)
            };
            let answer = desk
                .init(&file, &json!({ "destination": place, "race": true }))
                .await;
            assert_eq!(answer["answer"] == "upload", fits, "{place} {mime}: {answer}");
        }
    }
    both!(test);
}

// L-11
#[tokio::test(flavor = "multi_thread")]
async fn l11_names_have_kind_entity_type_and_time_and_never_collide() {
    async fn test(desk: Desk) {
        let record = desk.entity("record").await;
        let files: Vec<_> = (0..20).map(|_| Sample::new("Take.JSON", 10)).collect();
        let before = desk.kit.world_now();
        let items: Vec<_> = files
            .iter()
            .map(|f| {
                desk.announce(
                    f,
                    &json!({ "group_id": record, "file_type": "raw_recording", "race": true }),
                )
            })
            .collect();
        let body = json!({ "items": items });
        let answers = desk.ok("POST", "/v1/sessions:init", Some(&body)).await;
        let keys: BTreeSet<String> = answers["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|a| a["object_key"].as_str().expect("a key").to_owned())
            .collect();
        assert_eq!(keys.len(), 20, "several versions, each with its own name");
        let prefix = format!("records/{record}/raw_");
        for key in &keys {
            let rest = key.strip_prefix(&prefix).unwrap_or_else(|| panic!("{key}"));
            let time: i64 = rest
                .strip_suffix(".json")
                .expect("the extension")
                .parse()
                .expect("milliseconds");
            assert!((before..before + 60_000).contains(&time), "{key}");
        }
        // The newest settled one is the one in the slot.
        desk.send(&files[3]).await;
        let slots = desk.group(record).await["slots"].clone();
        let raw = slots
            .as_array()
            .expect("slots")
            .iter()
            .find(|s| s["file_type"] == "raw_recording")
            .expect("raw");
        assert_eq!(
            (&raw["session_id"], &raw["state"]),
            (&json!(files[3].id), &json!("uploaded"))
        );
    }
    both!(test);
}
