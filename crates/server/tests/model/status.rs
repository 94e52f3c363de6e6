//! What operators see: `/v1/status` against the rows, and the page at `/status` in a real browser.

use std::path::Path;

use serde_json::{Value, json};

use crate::desk::{Desk, both};
use crate::support::Sample;

fn to() -> Value {
    json!({ "destination": "recordings", "race": true })
}

/// Two hours ago one went quiet; now there is one done, two failed and two open, one of them in a group.
async fn filled(desk: &Desk) {
    desk.init(&Sample::new("quiet.bin", 10), &to()).await;
    desk.kit.world.later(7_200_000);
    desk.upload(&Sample::new("done.json", 1_234), &to()).await;
    for name in ["bad.bin", "worse.bin"] {
        let bad = Sample::new(name, 10);
        desk.init(&bad, &to()).await;
        desk.fail(bad.id).await;
    }
    let id = desk.group_id();
    let body = json!({ "id": id, "name": "<img src=x onerror=alert(1)> Trip", "destination": "recordings" });
    desk.ok("POST", "/v1/groups", Some(&body)).await;
    desk.init(
        &Sample::new("a.bin", 5_000),
        &json!({ "group_id": id, "race": true }),
    )
    .await;
    desk.init(&Sample::new("b.bin", 700), &to()).await;
}

// L-18 L-13
#[tokio::test(flavor = "multi_thread")]
async fn l18_operators_see_who_uploads_what_and_what_is_stuck() {
    async fn test(desk: Desk) {
        filled(&desk).await;
        let admin = desk.kit.admin_token().await;
        let ask = async || -> Value {
            desk.ask_as(&admin, "GET", "/v1/status", None)
                .await
                .json()
                .await
                .expect("json")
        };
        let told = ask().await;
        assert_eq!(
            (&told["files"]["succeeded_24h"], &told["files"]["failed_24h"]),
            (&json!(1), &json!(2))
        );
        let open = told["uploading"].as_array().expect("a list");
        assert_eq!(open.len(), 2, "{open:?}");
        let of = |group: Value| open.iter().find(|r| r["group"] == group).expect("listed");
        let trip = of(json!("<img src=x onerror=alert(1)> Trip"));
        assert_eq!(
            (&trip["files"], &trip["bytes"], &trip["destination"]),
            (&json!(1), &json!(5_000), &json!("recordings"))
        );
        assert_eq!(
            (&of(Value::Null)["files"], &of(Value::Null)["bytes"]),
            (&json!(1), &json!(700))
        );
        let quiet = told["abandoned"].as_array().expect("a list");
        assert_eq!(
            (quiet.len(), &quiet[0]["path"], &told["files"]["abandoned"]),
            (1, &json!("quiet.bin"), &json!(1))
        );
        let hours = told["hours"].as_array().expect("a list");
        let sum = |key: &str| {
            hours
                .iter()
                .map(|h| h[key].as_u64().expect("a number"))
                .sum::<u64>()
        };
        assert_eq!((hours.len(), sum("files"), sum("bytes")), (24, 1, 1_234));
        let jobs = told["jobs"].as_array().expect("a list");
        assert!(jobs.iter().any(|j| j["type"] == "validate"), "{jobs:?}");
        assert_eq!(
            told["dead_jobs"].as_array().map(Vec::len),
            told["waiting"]["jobs"].as_u64().map(|n| n as usize)
        );
        // Counted once in two seconds, however many ask.
        desk.init(&Sample::new("c.bin", 1), &to()).await;
        assert_eq!(ask().await["at"], told["at"]);
        desk.kit.world.later(2_000);
        assert_eq!(ask().await["uploading"][0]["files"], 2);
        // It is about everybody, so it is for admins only.
        assert_eq!(desk.refused("GET", "/v1/status", None).await.0, 403);
    }
    both!(test);
}

// L-18: in Debian's chromium, by playwright and axe of ui/.
#[tokio::test(flavor = "multi_thread")]
async fn l18_the_status_page_works_in_a_real_browser() {
    let desk = Desk::new(crate::support::Kit::start(&[]).await).await;
    filled(&desk).await;
    let admin = desk.kit.admin_token().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/status.mjs");
    let mut node = tokio::process::Command::new("node");
    node.arg(script).args([&desk.kit.url, &admin, &desk.token]);
    if let Some(pictures) = std::env::var_os("WINDLASS_PICTURES") {
        node.arg(pictures);
    }
    let ran = node.output().await.expect("node");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(ran.status.success(), "{said}");
}
