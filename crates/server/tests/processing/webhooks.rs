//! Webhooks out: in order, signed, at least once, given up after a day, and going on from where they stood.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use windlass_core::ids::WebhookId;
use windlass_server::clock::World as _;

use crate::changes::{behind, whole};
use crate::desk::{Desk, answer, list, method, text};
use crate::receiver::{Answer, Receiver, Request, fine};
use crate::support::{Kit, code, random, until};

async fn both(receiver: &Receiver) -> [Desk; 2] {
    let allowed = receiver.url("");
    let flags = [("workers", "0"), ("outgoing-allow", allowed.as_str())];
    [
        Desk::of(Kit::start(&flags).await).await,
        Desk::of(Kit::postgres(&flags).await).await,
    ]
}

fn id(desk: &Desk) -> WebhookId {
    WebhookId::new(desk.kit.world.now(), random())
}

/// Checks as a receiver does, from what came alone.
fn holds(request: &Request, secret: &str) -> bool {
    let key = STANDARD
        .decode(secret.trim_start_matches("whsec_"))
        .expect("base64");
    let head = format!(
        "{}.{}.",
        request.header("webhook-id"),
        request.header("webhook-timestamp")
    );
    let signed = [head.as_bytes(), &request.body].concat();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    let tag = request
        .header("webhook-signature")
        .strip_prefix("v1,")
        .map(|t| STANDARD.decode(t));
    tag.is_some_and(|t| aws_lc_rs::hmac::verify(&key, &signed, &t.expect("base64")).is_ok())
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

// L-18: how far webhooks are behind is told.
#[tokio::test(flavor = "multi_thread")]
async fn the_figures_tell_how_long_a_webhook_has_been_waited_for() {
    for n in 0..2 {
        let no = || Answer::Whole(500, "", String::new());
        let receiver = Receiver::answering((0..50).map(|_| no()).collect()).await;
        let desk = both(&receiver).await.into_iter().nth(n).expect("one of two");
        let admin = desk.kit.admin_token().await;
        let lag = async || {
            let figures = desk.kit.get("/metrics", &admin).await.text().await.expect("text");
            let line = figures
                .lines()
                .find(|l| l.starts_with("windlass_outbox_lag_seconds "));
            let number = line.and_then(|l| l.split(' ').nth(1)).expect("a figure");
            number.parse::<f64>().expect("a number")
        };
        assert!(lag().await.abs() < f64::EPSILON);
        let hook = json!({ "id": id(&desk), "url": receiver.url("/x"), "events": ["session.uploaded"] });
        desk.post("/v1/webhooks", hook).await;
        desk.upload("a.bin").await;
        desk.kit.world.later(100_000);
        until("it is waited for", async || lag().await >= 100.0).await;
    }
}

// M13 K: at least once, in order, signed.
#[tokio::test(flavor = "multi_thread")]
async fn m13_a_webhook_is_told_of_what_it_wants_in_order_and_signed() {
    for n in 0..2 {
        let mut receiver = Receiver::answering(vec![Answer::Whole(500, "", String::new())]).await;
        let desk = both(&receiver).await.into_iter().nth(n).expect("one of two");
        desk.upload("before.bin").await;
        let (_, told) = whole(&desk).await;
        behind(&desk, &told).await;
        let hook =
            json!({ "id": id(&desk), "url": receiver.url("/hook"), "events": ["session.uploaded", "job.*"] });
        let made = desk.post("/v1/webhooks", hook).await;
        let secret = text(&made["secret"]);
        assert!(secret.starts_with("whsec_"));
        assert_eq!(
            desk.get(&format!("/v1/webhooks/{}", text(&made["id"]))).await["secret"],
            json!(null)
        );
        let file = desk.upload("a.bin").await;
        let mut got: Vec<Request> = Vec::new();
        until("the first try", async || {
            got.extend(receiver.taken());
            !got.is_empty()
        })
        .await;
        // It did not take it: the same again, later, and nothing else before.
        let path = format!("/v1/webhooks/{}", text(&made["id"]));
        until("it is failing", async || {
            desk.get(&path).await["state"] == "failing"
        })
        .await;
        desk.kit.world.later(20_000);
        until("all of it", async || {
            got.extend(receiver.taken());
            got.len() >= 4
        })
        .await;
        assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
        let told: Vec<_> = got[1..].iter().map(|r| text(&body(r)["to"])).collect();
        assert_eq!(told, ["uploaded", "pending", "pending"]);
        assert_eq!(body(&got[1])["subject_id"], file.id.to_string());
        for request in &got {
            assert!(holds(request, &secret), "{request:?}");
            assert_eq!(request.header("webhook-id"), text(&body(request)["id"]));
        }
        until("it is active", async || {
            desk.get(&path).await["state"] == "active"
        })
        .await;
        let after = desk.get(&path).await;
        assert_eq!(after["failures"], 0);
        assert_eq!(text(&after["cursor"]), got[3].header("webhook-id"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_fails_for_a_day_is_disabled_and_goes_on_from_where_it_stood() {
    for n in 0..2 {
        let mut receiver = Receiver::deciding(std::sync::Arc::new(|r: &Request| {
            if r.line.contains("/dead") {
                Answer::Whole(503, "", String::new())
            } else {
                fine("")
            }
        }))
        .await;
        let desk = both(&receiver).await.into_iter().nth(n).expect("one of two");
        let hook = json!({ "id": id(&desk), "url": receiver.url("/dead"), "events": ["session.uploaded"] });
        let made = desk.post("/v1/webhooks", hook).await;
        let path = format!("/v1/webhooks/{}", text(&made["id"]));
        let file = desk.upload("a.bin").await;
        until("it is failing", async || {
            desk.get(&path).await["state"] == "failing"
        })
        .await;
        let mut tries = 0;
        until("it is given up", async || {
            tries += 1;
            desk.kit.world.later(4 * 3_600_000);
            desk.get(&path).await["state"] == "disabled"
        })
        .await;
        assert!(tries >= 6, "not before a day: {tries}");
        let before = receiver.taken().len();
        desk.kit.world.later(4 * 3_600_000);
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        assert_eq!(receiver.taken().len(), 0, "after {before} tries it is left alone");
        let mended = json!({ "url": receiver.url("/well"), "active": true });
        assert_eq!(
            answer(method(&desk, Method::PATCH, &path, mended).await).await["state"],
            "active"
        );
        let mut got = Vec::new();
        until("what it missed", async || {
            got.extend(receiver.taken());
            !got.is_empty()
        })
        .await;
        assert_eq!(body(&got[0])["subject_id"], file.id.to_string());
    }
}

// A84 A87
#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_made_listed_tested_and_removed_and_lead_nowhere_inside() {
    let receiver = Receiver::answering(vec![fine(""), Answer::Whole(410, "", String::new())]).await;
    for (n, desk) in both(&receiver).await.into_iter().enumerate() {
        for bad in [
            "http://10.0.0.1/x",
            "https://127.0.0.1/x",
            "ftp://example.com",
            "https://[::1]/",
            "x",
            "",
        ] {
            let hook = json!({ "id": id(&desk), "url": bad });
            assert_eq!(
                desk.refused("/v1/webhooks", hook).await.1,
                "invalid_field",
                "{bad}"
            );
        }
        let hook = json!({ "id": id(&desk), "url": receiver.url("/x"), "events": ["nothing"] });
        assert_eq!(desk.refused("/v1/webhooks", hook).await.1, "invalid_field");
        let hook = json!({ "id": id(&desk), "url": receiver.url("/x"), "events": ["run.*"] });
        let made = desk.post("/v1/webhooks", hook.clone()).await;
        assert_eq!(desk.refused("/v1/webhooks", hook).await.1, "id_reused");
        let path = format!("/v1/webhooks/{}", text(&made["id"]));
        let tested = desk.post(&format!("{path}/test"), json!({})).await;
        assert_eq!(tested["delivered"], n == 0);
        assert_eq!(list(&desk.get("/v1/webhooks").await["items"]).len(), 1);
        let bob = desk.kit.token("bob", &crate::desk::OWN).await;
        assert_eq!(code(desk.kit.get(&path, &bob).await).await.0, 404);
        assert_eq!(
            method(&desk, Method::DELETE, &path, json!({})).await.status(),
            204
        );
        assert_eq!(
            method(&desk, Method::DELETE, &path, json!({})).await.status(),
            404
        );
    }
}
