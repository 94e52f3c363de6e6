//! L: records, options and projects, with L's columns, words and texts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, bytes, fresh_id, word};

async fn make(bench: &Bench, kind: &str, body: Value) -> String {
    let made = bench.post(&format!("/{kind}"), body).await;
    assert_eq!(
        (word(&made, "upload_status"), &made["upload_retry_count"]),
        ("draft", &json!(0)),
        "{made}"
    );
    word(&made, "id").to_owned()
}

fn recording(kind: &str, data: &[u8]) -> Value {
    json!({ "file_type": kind, "file_ext": "json", "file_size": data.len(), "mime_type": "application/json" })
}

async fn add(bench: &Bench, id: &str, files: &[Value]) -> Vec<Value> {
    let rows = bench.post(&format!("/records/{id}/files"), json!(files)).await;
    rows.as_array().expect("rows").clone()
}

async fn said(bench: &Bench, path: &str, word_of: &str) -> (u16, String) {
    let (code, answer) = bench.patch(path, json!({ "upload_status": word_of })).await;
    let now = if code == 200 {
        word(&answer, "upload_status")
    } else {
        word(&answer, "code")
    };
    (code, now.to_owned())
}

async fn finalize(bench: &Bench, id: &str) -> (u16, Value) {
    bench
        .ask(
            Method::POST,
            "/rpc/finalize_record",
            Some(&json!({ "record_id": id })),
        )
        .await
}

async fn arrives(bench: &Bench, row: &Value, data: &[u8]) {
    bench.put(&row["signed_url"], data).await;
    let path = format!("/upload_files/{}", word(row, "id"));
    let (code, row) = bench.patch(&path, json!({ "upload_status": "completed" })).await;
    assert_eq!((code, word(&row, "upload_status")), (200, "completed"), "{row}");
}

// L-1, L-2, L-5, L-6, L-7, L-8, L-9, L-11
#[tokio::test(flavor = "multi_thread")]
async fn l7_a_record_is_made_filled_and_finalized() {
    for bench in Bench::both().await {
        let id = make(
            &bench,
            "records",
            json!({ "option_id": fresh_id(), "scenario_id": "s1", "device_type": "vr" }),
        )
        .await;
        let path = format!("/records/{id}");
        let (code, refused) = finalize(&bench, &id).await;
        assert_eq!(
            (code, word(&refused, "detail")),
            (409, "Cannot finalize: 1 of 1 required files not completed")
        );
        assert_eq!(
            word(&bench.get(&path).await, "upload_status"),
            "draft",
            "the entity stays as it was"
        );
        assert_eq!(
            said(&bench, &path, "completed").await.0,
            409,
            "only finalize says so"
        );

        let (processed, raw) = (bytes(4_000), bytes(90_000));
        let rows = add(
            &bench,
            &id,
            &[
                recording("processed_recording", &processed),
                recording("raw_recording", &raw),
            ],
        )
        .await;
        assert_eq!(
            word(&bench.get(&path).await, "upload_status"),
            "uploading",
            "before the first byte"
        );
        for (row, kind) in rows.iter().zip(["processed_recording", "raw_recording"]) {
            assert_eq!(
                (word(row, "file_type"), word(row, "upload_status")),
                (kind, "uploading")
            );
            for field in [
                "id",
                "entity_type",
                "entity_id",
                "file_path",
                "file_size",
                "mime_type",
                "metadata",
                "is_required",
                "created_at",
                "updated_at",
                "uploaded_at",
                "verified_at",
                "retry_count",
                "error",
                "error_at",
                "signed_url",
            ] {
                assert!(row.get(field).is_some(), "{field}: {row}");
            }
        }
        assert_eq!(
            (&rows[0]["is_required"], &rows[1]["is_required"]),
            (&json!(true), &json!(false))
        );
        let name = word(&rows[1], "file_path");
        let stamp = name
            .strip_prefix(&format!("records/{id}/raw_"))
            .and_then(|r| r.strip_suffix(".json"));
        assert!(
            stamp.is_some_and(|s| s.len() == 13 && s.bytes().all(|b| b.is_ascii_digit())),
            "{name}"
        );

        arrives(&bench, &rows[1], &raw).await;
        let (code, refused) = finalize(&bench, &id).await;
        assert_eq!(
            (code, word(&refused, "detail")),
            (409, "Cannot finalize: 1 of 1 required files not completed")
        );
        assert_eq!(word(&bench.get(&path).await, "upload_status"), "uploading");
        // The file's row tells what is there, not what somebody says.
        let row = format!("/upload_files/{}", word(&rows[0], "id"));
        let (code, refused) = bench.patch(&row, json!({ "upload_status": "completed" })).await;
        assert_eq!((code, word(&refused, "code")), (422, "part_missing"));
        arrives(&bench, &rows[0], &processed).await;
        let (code, done) = finalize(&bench, &id).await;
        assert_eq!((code, &done["success"]), (200, &json!(true)), "{done}");
        let mut types: Vec<_> = done["files"]
            .as_array()
            .expect("files")
            .iter()
            .map(|f| (word(f, "type"), f["size"].clone()))
            .collect();
        types.sort_by_key(|t| t.0);
        assert_eq!(
            types,
            [
                ("processed_recording", json!(4_000)),
                ("raw_recording", json!(90_000))
            ]
        );
        assert!(
            done["files"][0]["url"]
                .as_str()
                .is_some_and(|u| u.starts_with("http"))
        );
        let now = bench.get(&path).await;
        assert_eq!(word(&now, "upload_status"), "completed");
        assert_eq!(
            (word(&now, "raw_url"), &now["raw_file_size"]),
            (name, &json!(90_000))
        );
        assert!(
            now["raw_uploaded_at"].is_string() && now["record_url"].is_string(),
            "{now}"
        );

        // Final: nothing of it changes any more.
        for word_of in ["draft", "uploading", "failed", "completed"] {
            assert_eq!(
                said(&bench, &path, word_of).await,
                (409, "group_completed".into()),
                "{word_of}"
            );
        }
        for word_of in ["uploading", "failed"] {
            assert_eq!(said(&bench, &row, word_of).await.0, 409, "{word_of}");
        }
        let (code, _) = bench.patch(&path, json!({ "device_type": "pc" })).await;
        assert_eq!(code, 409);
        assert_eq!(
            bench
                .refused(
                    &format!("/records/{id}/files"),
                    json!([recording("heatmap", &raw)])
                )
                .await
                .1,
            "group_completed"
        );
        assert_eq!(
            finalize(&bench, &id).await.0,
            200,
            "asked again after a lost answer"
        );
    }
}

// L-2, L-3, L-14, L-16
#[tokio::test(flavor = "multi_thread")]
async fn l2_all_the_ways_between_draft_uploading_and_failed_and_no_other() {
    for bench in Bench::both().await {
        let id = make(&bench, "records", json!({})).await;
        let path = format!("/records/{id}");
        // draft → uploading; uploading → draft is refused.
        assert_eq!(said(&bench, &path, "uploading").await, (200, "uploading".into()));
        assert_eq!(said(&bench, &path, "draft").await, (409, "state_conflict".into()));
        assert_eq!(
            said(&bench, &path, "completed").await,
            (409, "state_conflict".into())
        );
        // uploading → failed, with the text; failed → uploading counts.
        let (code, row) = bench
            .patch(
                &path,
                json!({ "upload_status": "failed", "upload_error": "the disk is full" }),
            )
            .await;
        assert_eq!(
            (code, word(&row, "upload_status"), word(&row, "upload_error")),
            (200, "failed", "the disk is full")
        );
        assert_eq!(said(&bench, &path, "completed").await.0, 409);
        assert_eq!(said(&bench, &path, "uploading").await, (200, "uploading".into()));
        assert_eq!(bench.get(&path).await["upload_retry_count"], 1);
        // A failed file, alone: the entity fails with it, and both errors are kept. Only the failed one goes again.
        let (good, bad) = (bytes(100), bytes(200));
        let rows = add(
            &bench,
            &id,
            &[
                recording("raw_recording", &good),
                recording("processed_recording", &bad),
            ],
        )
        .await;
        arrives(&bench, &rows[0], &good).await;
        let file = format!("/upload_files/{}", word(&rows[1], "id"));
        let (code, row) = bench
            .patch(
                &file,
                json!({ "upload_status": "failed", "error": "the network broke" }),
            )
            .await;
        assert_eq!(
            (code, word(&row, "upload_status"), word(&row, "error")),
            (200, "failed", "the network broke")
        );
        assert!(row["error_at"].is_string());
        let now = bench.get(&path).await;
        assert_eq!(
            (word(&now, "upload_status"), word(&now, "upload_error")),
            ("failed", "One or more file uploads failed")
        );
        assert_eq!(said(&bench, &path, "uploading").await, (200, "uploading".into()));
        let files = bench.get(&format!("{path}/files")).await;
        let state = |kind: &str| {
            let all = files.as_array().expect("files");
            let one = all.iter().find(|f| word(f, "file_type") == kind).expect("a file");
            (word(one, "upload_status").to_owned(), one["retry_count"].clone())
        };
        assert_eq!(state("raw_recording"), ("completed".into(), json!(0)));
        assert_eq!(state("processed_recording"), ("uploading".into(), json!(1)));
        // Its row gives another URL, and it arrives.
        let (code, row) = bench.patch(&file, json!({ "upload_status": "uploading" })).await;
        assert_eq!(code, 200, "{row}");
        arrives(&bench, &row, &bad).await;
        assert_eq!(finalize(&bench, &id).await.0, 200);

        // draft → failed, failed → draft by an explicit reset.
        let id = make(&bench, "records", json!({})).await;
        let path = format!("/records/{id}");
        assert_eq!(said(&bench, &path, "failed").await, (200, "failed".into()));
        assert_eq!(said(&bench, &path, "draft").await, (200, "draft".into()));
        assert_eq!(
            said(&bench, &path, "nonsense").await,
            (422, "invalid_field".into())
        );
    }
}

// L-4, L-9, L-10
#[tokio::test(flavor = "multi_thread")]
async fn l4_files_are_those_of_the_template_of_their_types_and_sizes() {
    for bench in Bench::both().await {
        let id = make(&bench, "options", json!({ "name": "Blue" })).await;
        let model = |mime: &str, size: u64| json!([{ "file_type": "model", "file_ext": "glb", "file_size": size, "mime_type": mime }]);
        let files = format!("/options/{id}/files");
        for (body, code) in [
            (json!([recording("raw_recording", b"x")]), "invalid_field"),
            (model("application/json", 10), "mime_not_allowed"),
            (model("model/gltf-binary", 104_857_601), "too_large"),
        ] {
            let (status, found, _) = bench.refused(&files, body).await;
            assert_eq!((status, found.as_str()), (422, code));
        }
        assert_eq!(
            bench.refused(&format!("/records/{id}/files"), json!([])).await.0,
            404,
            "it is no record"
        );
        assert_eq!(
            bench
                .refused(&format!("/options/{}/files", fresh_id()), json!([]))
                .await
                .0,
            404,
            "metadata first"
        );
        let (code, _) = bench
            .patch(
                &format!("/upload_files/{}", fresh_id()),
                json!({ "upload_status": "uploading" }),
            )
            .await;
        assert_eq!(code, 404, "no URL for a file that nobody announced");
        // A project has an optional model, and an option of it belongs to it.
        let project = make(&bench, "projects", json!({ "name": "House" })).await;
        let option = make(&bench, "options", json!({ "project_id": project })).await;
        let view = bench.get(&format!("/v1/groups/{option}")).await;
        assert_eq!(view["parent_id"], json!(project), "{view}");
        let rows = bench
            .post(
                &format!("/options/{option}/files"),
                model("model/gltf-binary", 10),
            )
            .await;
        bench.put(&rows[0]["signed_url"], &bytes(10)).await;
        let (code, _) = bench
            .patch(
                &format!("/upload_files/{}", word(&rows[0], "id")),
                json!({ "upload_status": "completed" }),
            )
            .await;
        assert_eq!(code, 200);
        let done = bench
            .post("/rpc/finalize_option", json!({ "option_id": option }))
            .await;
        assert_eq!(done["files"][0]["type"], "model");
        assert!(
            word(&bench.get(&format!("/options/{option}")).await, "model_url")
                .starts_with(&format!("options/{option}/"))
        );
        let (code, answer, _) = bench
            .refused("/rpc/finalize_record", json!({ "record_id": option }))
            .await;
        assert_eq!((code, answer.as_str()), (404, "not_found"));
    }
}

// L-12
#[tokio::test(flavor = "multi_thread")]
async fn l12_people_see_what_they_made() {
    use windlass_protocol::tokens::Scope;
    for bench in Bench::both().await {
        let id = make(&bench, "records", json!({})).await;
        let rows = add(&bench, &id, &[recording("processed_recording", b"{}")]).await;
        let bob = bench
            .kit
            .token("bob", &[Scope::Upload, Scope::Read, Scope::Delete])
            .await;
        let (record, file) = (
            format!("/records/{id}"),
            format!("/upload_files/{}", word(&rows[0], "id")),
        );
        for path in [&record, &file] {
            assert_eq!(bench.ask_as(&bob, Method::GET, path, None).await.0, 404, "{path}");
            let body = json!({ "upload_status": "failed" });
            assert_eq!(
                bench.ask_as(&bob, Method::PATCH, path, Some(&body)).await.0,
                404,
                "{path}"
            );
            assert_eq!(bench.ask_as("", Method::GET, path, None).await.0, 401, "{path}");
        }
        let body = json!({ "record_id": id });
        assert_eq!(
            bench
                .ask_as(&bob, Method::POST, "/rpc/finalize_record", Some(&body))
                .await
                .0,
            404
        );
    }
}

// L-13
#[tokio::test(flavor = "multi_thread")]
async fn l13_an_abandoned_record_is_listed_with_what_is_done_and_resumed_begun_anew_or_deleted() {
    for bench in Bench::both().await {
        let data = bytes(300);
        let mut ids = Vec::new();
        for _ in 0..3 {
            let id = make(&bench, "records", json!({ "device_type": "vr" })).await;
            let rows = add(
                &bench,
                &id,
                &[
                    recording("processed_recording", &data),
                    recording("heatmap", &data),
                ],
            )
            .await;
            arrives(&bench, &rows[1], &data).await;
            ids.push((id, rows));
        }
        let abandoned = async || {
            let list = bench.get("/records?abandoned=1").await;
            let list = list.as_array().expect("a list").clone();
            assert!(
                list.iter()
                    .all(|r| (&r["files_done"], &r["files_total"]) == (&json!(0), &json!(1))),
                "{list:?}"
            );
            list.len()
        };
        assert_eq!(abandoned().await, 0, "not before an hour has passed");
        bench.kit.world.later(3_600_001);
        assert_eq!(abandoned().await, 3);
        let other = bench.get("/options?abandoned=1").await;
        assert_eq!(other, json!([]));

        // Resumed: another URL, from where it stood.
        let (id, rows) = &ids[0];
        let file = format!("/upload_files/{}", word(&rows[0], "id"));
        let (code, row) = bench.patch(&file, json!({ "upload_status": "uploading" })).await;
        assert_eq!(code, 200, "{row}");
        assert_eq!(abandoned().await, 2, "it shows a sign of life");
        arrives(&bench, &row, &data).await;
        assert_eq!(finalize(&bench, id).await.0, 200);
        // Begun anew: failed, reset; nothing of it is left.
        let path = format!("/records/{}", ids[1].0);
        assert_eq!(said(&bench, &path, "failed").await.1, "failed");
        assert_eq!(said(&bench, &path, "draft").await.1, "draft");
        assert_eq!(bench.get(&format!("{path}/files")).await, json!([]));
        // Deleted.
        let path = format!("/records/{}", ids[2].0);
        assert_eq!(bench.ask(Method::DELETE, &path, None).await.0, 200);
        assert_eq!(bench.ask(Method::GET, &path, None).await.0, 404);
        let words = async |status: &str| {
            bench
                .get(&format!("/records?upload_status={status}"))
                .await
                .as_array()
                .map(Vec::len)
        };
        assert_eq!(
            (
                words("completed").await,
                words("draft").await,
                words("uploading").await
            ),
            (Some(1), Some(1), Some(0))
        );
    }
}

// L-5, L-10: at a bucket; who does not tell a size is judged when the file is there.
#[tokio::test(flavor = "multi_thread")]
async fn l5_the_size_of_a_file_is_what_the_storage_has_when_nobody_told_it() {
    let (buckets, _garage) = Bench::buckets().await;
    for bench in buckets {
        let id = make(&bench, "records", json!({})).await;
        let rows = add(
            &bench,
            &id,
            &[json!({ "file_type": "processed_recording", "file_ext": "json" })],
        )
        .await;
        assert_eq!(
            (&rows[0]["file_size"], word(&rows[0], "mime_type")),
            (&Value::Null, "application/json")
        );
        arrives(&bench, &rows[0], &bytes(4_321)).await;
        let (code, done) = finalize(&bench, &id).await;
        assert_eq!((code, &done["files"][0]["size"]), (200, &json!(4_321)), "{done}");
        let row = bench.get(&format!("/records/{id}")).await;
        assert_eq!(row["record_file_size"], 4_321);
    }
}
