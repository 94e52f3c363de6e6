//! Destinations as admins set them (L-10, L-11).

use serde_json::{Value, json};

use crate::desk::{Desk, both};
use crate::support::Sample;

// L-10
#[tokio::test(flavor = "multi_thread")]
async fn l10_an_admin_sets_limits_types_visibility_and_the_pipeline_and_others_read_them() {
    async fn test(desk: Desk) {
        let admin = desk.kit.admin_token().await;
        let path = format!("/v1/destinations/{}", desk.place("recordings"));
        let shipped = desk.ok("GET", &path, None).await;
        for (field, value) in [
            ("max_bytes", json!(524_288_000)),
            ("visibility", json!("private")),
            ("naming", json!("owner")),
            ("duplicates", json!("copy")),
            ("allow_anonymous", json!(false)),
            ("url_ttl_s", json!(900)),
            ("state", json!("active")),
            ("config", json!({ "kind": "folder", "path": "" })),
        ] {
            assert_eq!(shipped[field], value, "{field}");
        }
        assert_eq!(shipped["pipeline"][0]["type"], "validate");
        let (status, _, _) = desk
            .refused("PATCH", &path, Some(&json!({ "max_bytes": 1 })))
            .await;
        assert_eq!(status, 403, "not by a member");
        let set = json!({ "max_bytes": 50, "allowed_mime": ["text/*"], "visibility": "public", "naming": "group",
                          "pipeline": [{ "type": "validate" }] });
        let view: Value = desk
            .ask_as(&admin, "PATCH", &path, Some(&set))
            .await
            .json()
            .await
            .expect("json");
        let short: Value = desk
            .ask_as(&admin, "PATCH", &path, Some(&json!({ "url_ttl_s": 60 })))
            .await
            .json()
            .await
            .expect("json");
        assert_eq!(short["url_ttl_s"], 60);
        assert_eq!(
            view["pipeline"],
            json!([{ "type": "validate", "priority": 5, "max_attempts": 3, "config": {} }])
        );
        assert!(
            view["config"]["path"]
                .as_str()
                .is_some_and(|p| p.ends_with("recordings")),
            "an admin is told where"
        );
        let to = json!({ "destination": "recordings", "race": true });
        let text = |name: &str, len: usize| Sample {
            mime: "text/plain; charset=utf-8".into(),
            ..Sample::new(name, len)
        };
        assert_eq!(
            desk.init(&text("a.txt", 51), &to).await["error"]["code"],
            "too_large"
        );
        assert_eq!(
            desk.init(&Sample::new("a.bin", 5), &to).await["error"]["code"],
            "mime_not_allowed"
        );
        let fits = text("a.txt", 50);
        assert_eq!(desk.init(&fits, &to).await["answer"], "upload");
        let signed = desk
            .kit
            .client(&desk.token)
            .sign(vec![fits.sign()])
            .await
            .expect("signed");
        assert_eq!(
            signed[0].uploads[0].valid_ms, 60_000,
            "URLs live as long as the destination says"
        );
        let set = json!({ "refused_types": ["exe", "msi"] });
        let view: Value = desk
            .ask_as(&admin, "PATCH", &path, Some(&set))
            .await
            .json()
            .await
            .expect("json");
        assert_eq!(
            (&view["refused_types"], &view["max_bytes"]),
            (&set["refused_types"], &json!(50)),
            "what is absent stays"
        );
        let read = desk.ok("GET", &path, None).await;
        assert_eq!(read["refused_types"], set["refused_types"], "a member is told");
        let program = desk.init(&text("a.Exe", 5), &to).await;
        assert_eq!(
            (&program["error"]["code"], &program["error"]["detail"]),
            (&json!("mime_not_allowed"), &json!(".exe files are refused"))
        );
        assert_eq!(desk.init(&text("exe.txt", 5), &to).await["answer"], "upload");
        // null takes a limit away; what is absent stays.
        let open: Value = desk
            .ask_as(
                &admin,
                "PATCH",
                &path,
                Some(&json!({ "max_bytes": null, "allowed_mime": null })),
            )
            .await
            .json()
            .await
            .expect("json");
        assert_eq!(
            (&open["max_bytes"], &open["allowed_mime"], &open["visibility"]),
            (&Value::Null, &Value::Null, &json!("public"))
        );
        assert_eq!(
            desk.init(&Sample::new("b.bin", 5_000), &to).await["answer"],
            "upload"
        );
        // Read only: no new files, and that is no lasting word about them.
        desk.ask_as(&admin, "PATCH", &path, Some(&json!({ "read_only": true })))
            .await;
        let late = Sample::new("c.bin", 5);
        assert_eq!(
            desk.init(&late, &to).await["error"]["code"],
            "destination_read_only"
        );
        desk.ask_as(&admin, "PATCH", &path, Some(&json!({ "read_only": false })))
            .await;
        assert_eq!(desk.init(&late, &to).await["answer"], "upload");
        for bad in [
            json!({ "name": "" }),
            json!({ "name": "models" }),
            json!({ "allowed_mime": ["Text/Plain"] }),
            json!({ "allowed_mime": ["text"] }),
            json!({ "refused_types": [".exe"] }),
            json!({ "refused_types": ["EXE"] }),
            json!({ "refused_types": (0..101).map(|n| format!("t{n}")).collect::<Vec<_>>() }),
            json!({ "url_ttl_s": 59 }),
            json!({ "duplicates": "link" }),
            json!({ "pipeline": [{ "type": "a", "priority": 0 }] }),
            json!({ "pipeline": [{ "type": "a" }, { "type": "a" }] }),
        ] {
            let response = desk.ask_as(&admin, "PATCH", &path, Some(&bad)).await;
            assert_eq!(response.status(), 422, "{bad}");
        }
        let probe = desk.ask_as(&admin, "POST", &format!("{path}/probe"), None).await;
        assert_eq!(probe.json::<Value>().await.expect("json")["ok"], true);
    }
    both!(test);
}

// L-11: names of files without a slot.
#[tokio::test(flavor = "multi_thread")]
async fn l11_a_destination_names_by_group_or_by_owner() {
    async fn test(desk: Desk) {
        let admin = desk.kit.admin_token().await;
        let path = format!("/v1/destinations/{}", desk.place("recordings"));
        let key = async |file: &Sample| {
            let id = desk.group_id();
            let body = json!({ "id": id, "name": "Trip", "destination": "recordings" });
            desk.ok("POST", "/v1/groups", Some(&body)).await;
            let view = desk.upload(file, &json!({ "group_id": id })).await;
            (id, view["object_key"].as_str().expect("a key").to_owned())
        };
        let file = Sample::new("day 1/a.bin", 10);
        let (group, by_owner) = key(&file).await;
        let owner = desk.owner(file.id).await;
        assert_eq!(by_owner, format!("{owner}/{group}/day 1/a.bin"));
        desk.ask_as(&admin, "PATCH", &path, Some(&json!({ "naming": "group" })))
            .await;
        assert_eq!(key(&Sample::new("day 1/a.bin", 20)).await.1, "Trip/day 1/a.bin");
        assert_eq!(
            key(&Sample::new("day 1/a.bin", 30)).await.1,
            "Trip/day 1/a (2).bin"
        );
    }
    both!(test);
}
