//! Both tracks in one list (D-12), and the four figures against the rows (L-18).

use serde_json::{Value, json};

use crate::desk::{Desk, both};
use crate::support::Sample;

fn to() -> Value {
    json!({ "destination": "recordings", "race": true })
}

// D-12
#[tokio::test(flavor = "multi_thread")]
async fn d12_uploads_are_listed_with_both_tracks() {
    async fn test(desk: Desk) {
        let (done, open) = (Sample::new("done.json", 10), Sample::new("open.json", 20));
        desk.upload(&done, &to()).await;
        desk.init(&open, &to()).await;
        let page = desk.ok("GET", "/v1/uploads", None).await;
        let of = |file: &Sample| {
            let all = page["uploads"].as_array().expect("uploads");
            all.iter()
                .find(|u| u["id"] == json!(file.id))
                .expect("listed")
                .clone()
        };
        assert_eq!(
            (&of(&open)["state"], &of(&open)["parse_state"]),
            (&json!("pending"), &Value::Null)
        );
        assert_eq!(of(&done)["state"], "uploaded");
        // The pipeline's own parse, whatever has become of it by now; it is the newest job of its type.
        let words = ["pending", "sending", "running", "completed", "failed"];
        assert!(
            of(&done)["parse_state"]
                .as_str()
                .is_some_and(|w| words.contains(&w)),
            "{}",
            of(&done)
        );
        assert!(
            of(&done)["jobs"]
                .as_array()
                .is_some_and(|j| j.iter().any(|j| j["type"] == "validate"))
        );
    }
    both!(test);
}

// L-18
#[tokio::test(flavor = "multi_thread")]
async fn l18_the_four_figures_are_those_of_the_rows() {
    async fn test(desk: Desk) {
        let none = desk.ok("GET", "/v1/metrics/uploads", None).await;
        assert_eq!(
            none,
            json!({ "success_rate_24h": null, "succeeded_24h": 0, "failed_24h": 0, "average_upload_seconds_24h": null,
                    "failed_reasons_7d": [], "abandoned": 0 })
        );
        // Two days ago: one done, one failed by reading.
        desk.upload(&Sample::new("old.bin", 10), &to()).await;
        let old = Sample::new("old bad.bin", 10);
        desk.init(&old, &to()).await;
        desk.fail(old.id).await;
        desk.kit.world.later(48 * 3_600_000);
        // One that nobody has touched for two hours.
        desk.init(&Sample::new("quiet.bin", 10), &to()).await;
        desk.kit.world.later(7_200_000);
        // Today: three done, each 10 s after it was made; one failed, one rejected.
        for n in 0..3 {
            let file = Sample::new(&format!("{n}.bin"), 10 + n);
            desk.init(&file, &to()).await;
            let parts = desk.kit.send(&desk.token, &file).await;
            desk.kit.world.later(10_000);
            desk.complete(&file, parts).await;
        }
        let bad = Sample::new("bad.bin", 10);
        desk.init(&bad, &to()).await;
        desk.fail(bad.id).await;
        let wrong = Sample {
            mime: "image/png".into(),
            ..Sample::new("a.png", 10)
        };
        desk.init(
            &wrong,
            &json!({ "destination": "recordings", "keep_rejected": true }),
        )
        .await;
        let told = desk.ok("GET", "/v1/metrics/uploads?of=sessions", None).await;
        assert_eq!(
            (&told["succeeded_24h"], &told["failed_24h"]),
            (&json!(3), &json!(2))
        );
        assert_eq!(told["success_rate_24h"], json!(0.6));
        let average = told["average_upload_seconds_24h"].as_f64().expect("a number");
        assert!((10.0..40.0).contains(&average), "{average}");
        assert_eq!(
            told["failed_reasons_7d"],
            json!([{ "reason": "read_error", "count": 2 }, { "reason": "mime_not_allowed", "count": 1 }])
        );
        assert_eq!(told["abandoned"], 1);
        // Groups have figures of their own; those of all owners are for admins.
        let id = desk.group_id();
        let body = json!({ "id": id, "name": "x", "destination": "recordings" });
        desk.ok("POST", "/v1/groups", Some(&body)).await;
        desk.upload(&Sample::new("g.bin", 77), &json!({ "group_id": id }))
            .await;
        desk.ok("POST", &format!("/v1/groups/{id}/finalize"), None).await;
        let groups = desk.ok("GET", "/v1/metrics/uploads?of=groups", None).await;
        assert_eq!(
            (&groups["succeeded_24h"], &groups["success_rate_24h"]),
            (&json!(1), &json!(1.0))
        );
        assert_eq!(
            desk.refused("GET", "/v1/metrics/uploads?all=1", None).await.0,
            403
        );
        let bob = desk.kit.token("bob", &crate::desk::OWN).await;
        let theirs: Value = desk
            .ask_as(&bob, "GET", "/v1/metrics/uploads", None)
            .await
            .json()
            .await
            .expect("json");
        assert_eq!(theirs, none, "of others nothing is counted");
        let admin = desk.kit.admin_token().await;
        let all: Value = desk
            .ask_as(&admin, "GET", "/v1/metrics/uploads?all=1", None)
            .await
            .json()
            .await
            .expect("json");
        assert_eq!(all["succeeded_24h"], 4);
    }
    both!(test);
}
