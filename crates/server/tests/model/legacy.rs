//! Rows of an older system (L-17, M17).

use serde_json::{Value, json};

use crate::desk::{Desk, both};

// L-17, M17
#[tokio::test(flavor = "multi_thread")]
async fn l17_old_rows_with_a_location_pass_the_gate_and_others_are_failed_or_drafts() {
    async fn test(desk: Desk) {
        let admin = desk.kit.admin_token().await;
        let files = desk.kit.dir.path().join("data/files");
        let old = |place: &str, name: &str, bytes: &[u8]| {
            let path = files.join(place).join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, bytes).expect("written");
        };
        old("recordings", "old/take.glb", b"the processed recording");
        old("recordings", "old/take.json", &vec![7; 9 << 20]);
        old("models", "old/model.glb", b"a model");
        let ids: Vec<_> = (0..5).map(|_| desk.group_id()).collect();
        let file = |file_type: &str, location: &str| json!({ "file_type": file_type, "location": location });
        let import = json!({ "entities": [
            { "id": ids[0], "template": "record", "name": "whole", "metadata": { "scenario_id": 1 },
              "files": [file("processed_recording", "old/take.glb"), file("raw_recording", "old/take.json")] },
            { "id": ids[1], "template": "record", "name": "empty" },
            { "id": ids[2], "template": "option", "name": "no model" },
            { "id": ids[3], "template": "option", "files": [file("model", "old/model.glb")] },
            { "id": ids[4], "template": "record", "files": [file("processed_recording", "old/lost.glb")] },
        ] });
        assert_eq!(desk.refused("POST", "/v1/import", Some(&import)).await.0, 403);
        for round in 0..2 {
            let told: Value = desk
                .ask_as(&admin, "POST", "/v1/import", Some(&import))
                .await
                .json()
                .await
                .expect("json");
            let states: Vec<_> = told["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|i| i["state"].as_str().unwrap_or("-"))
                .collect();
            assert_eq!(
                states,
                ["completed", "failed", "draft", "completed", "failed"],
                "round {round}: {told}"
            );
            if round == 0 {
                let whole = &told["items"][0]["files"];
                assert_eq!(
                    (&whole[0]["state"], &whole[1]["state"]),
                    (&json!("uploaded"), &json!("uploaded"))
                );
                assert_eq!(
                    whole[0]["sha256"].as_str().map(str::len),
                    Some(64),
                    "the server read it itself"
                );
                assert_eq!(told["items"][4]["files"][0]["error"]["code"], "object_missing");
            }
        }
        let group = async |id| {
            let response = desk
                .ask_as(&admin, "GET", &format!("/v1/groups/{id}"), None)
                .await;
            response.json::<Value>().await.expect("json")
        };
        let empty = group(ids[1]).await;
        assert_eq!(
            empty["error"],
            json!({ "code": "legacy_without_files", "detail": "Legacy record without files" })
        );
        let whole = group(ids[0]).await;
        assert_eq!(
            (&whole["completed_files"], &whole["metadata"]),
            (&json!(2), &json!({ "scenario_id": 1 }))
        );
        assert_eq!(
            group(ids[4]).await["error"]["detail"],
            "One or more file uploads failed"
        );
        // The old files stay where they were.
        assert!(files.join("recordings/old/take.glb").exists());
        let slot = whole["slots"][0]["session_id"]
            .as_str()
            .expect("a session")
            .to_owned();
        let content = desk
            .ask_as(&admin, "GET", &format!("/v1/sessions/{slot}/content"), None)
            .await;
        assert_eq!(
            content.bytes().await.expect("bytes").as_ref(),
            b"the processed recording"
        );
    }
    both!(test);
}
