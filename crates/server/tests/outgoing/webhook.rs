//! Deliveries, as a receiver sees them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;
use windlass_server::clock::SystemWorld;
use windlass_server::outgoing::webhook::{Message, Outcome, Secret, deliver};

use crate::receiver::{Answer, Receiver, Request};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_999);

fn message() -> Message {
    Message {
        id: "evt_01h".into(),
        payload: Bytes::from_static(br#"{"type":"session.uploaded","data":{"name":"\u00fc"}}"#),
    }
}

/// Checks as a receiver does, from what came alone.
fn holds(request: &Request, secret: &Secret) -> bool {
    let key = STANDARD
        .decode(secret.reveal().trim_start_matches("whsec_"))
        .expect("base64");
    let mut signed = format!(
        "{}.{}.",
        request.header("webhook-id"),
        request.header("webhook-timestamp")
    )
    .into_bytes();
    signed.extend_from_slice(&request.body);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    request.header("webhook-signature").split(' ').any(|one| {
        let tag = one
            .strip_prefix("v1,")
            .and_then(|text| STANDARD.decode(text).ok());
        tag.is_some_and(|tag| aws_lc_rs::hmac::verify(&key, &signed, &tag).is_ok())
    })
}

#[tokio::test]
async fn a_delivery_is_signed_and_carries_nothing_else() {
    let mut receiver = Receiver::answering(Vec::new()).await;
    let (old, new) = (
        Secret::make(&SystemWorld).expect("a secret"),
        Secret::make(&SystemWorld).expect("a secret"),
    );
    let outgoing = receiver.outgoing();
    let secrets = [old.clone(), new.clone()];
    for _ in 0..2 {
        let end = deliver(&outgoing, &receiver.url("/hook?x=1"), &secrets, &message(), NOW).await;
        assert_eq!(end, Outcome::Delivered);
    }
    let requests = receiver.taken();
    assert_eq!(requests.len(), 2);
    let request = &requests[0];
    assert_eq!(request.line, "POST /hook?x=1 HTTP/1.1");
    assert_eq!(request.body, message().payload);
    assert_eq!(request.header("webhook-timestamp"), "1800000000");
    assert!(
        holds(request, &old) && holds(request, &new),
        "either secret will do"
    );
    assert!(!holds(request, &Secret::make(&SystemWorld).expect("a secret")));
    let mut bent = request.clone();
    bent.body[3] ^= 1;
    assert!(!holds(&bent, &old));
    // A second try is the same message.
    assert_eq!(requests[1].header("webhook-id"), "evt_01h");
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    let mut known = [
        "accept",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    ]
    .to_vec();
    known.retain(|name| *name != "accept" || names.contains(name));
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, known);
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_and_told_by_its_status_alone() {
    let secret = [Secret::make(&SystemWorld).expect("a secret")];
    let busy = Answer::Whole(503, "retry-after: 30\r\n", "internal host names".into());
    let receiver = Receiver::answering(vec![
        busy,
        Answer::Whole(400, "", "why".into()),
        Answer::Whole(410, "", String::new()),
    ])
    .await;
    let (outgoing, url) = (receiver.outgoing(), receiver.url("/"));
    let first = deliver(&outgoing, &url, &secret, &message(), NOW).await;
    let failure = Failure::new(ErrorCode::DestinationSlowDown, "answer 503").after(Some(30_000));
    assert_eq!(first, Outcome::Again(failure));
    let second = deliver(&outgoing, &url, &secret, &message(), NOW).await;
    assert_eq!(
        second,
        Outcome::Again(Failure::new(ErrorCode::StorageError, "answer 400"))
    );
    assert_eq!(
        deliver(&outgoing, &url, &secret, &message(), NOW).await,
        Outcome::Gone
    );
    assert_eq!(
        deliver(&outgoing, &url, &secret, &message(), NOW).await,
        Outcome::Delivered
    );
    drop(receiver);
    match deliver(&outgoing, &url, &secret, &message(), NOW).await {
        // The kept connection breaks, or a new one is refused.
        Outcome::Again(failure) => assert!(
            matches!(
                failure.code,
                ErrorCode::ConnectionRefused | ErrorCode::ConnectionLost
            ),
            "{failure}"
        ),
        other => panic!("{other:?}"),
    }
}
