//! Vectors from an endpoint that makes real ones: each word is hashed to a direction, so texts that share words are near.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};
use windlass_core::error::ErrorCode;
use windlass_server::clock::SystemWorld;
use windlass_server::embedding::search::nearest;
use windlass_server::embedding::{ApiKey, Embedder, Endpoint};
use windlass_server::outgoing::Outgoing;

use crate::receiver::{Answer, Receiver, Request, fine, lock};

const DIMENSIONS: usize = 256;

/// Feature hashing: the sum of the words' directions.
fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    for word in text
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
    {
        let hash = windlass_core::checksum::crc64(word.as_bytes()).0;
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        vector[(hash % DIMENSIONS as u64) as usize] += sign;
    }
    vector
}

fn texts(request: &Request) -> Vec<String> {
    let question: Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(question["model"], "hash-256");
    serde_json::from_value(question["input"].clone()).expect("texts")
}

/// As an endpoint answers; in the wrong order, which its index mends.
fn vectors(request: &Request) -> Answer {
    let mut data: Vec<Value> = texts(request)
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": embed(text)}))
        .collect();
    data.reverse();
    let usage = json!({"prompt_tokens": data.len(), "total_tokens": data.len()});
    fine(&json!({"object": "list", "data": data, "model": "hash-256", "usage": usage}).to_string())
}

fn endpoint(url: String) -> Endpoint {
    Endpoint {
        url,
        model: "hash-256".into(),
        key: Some(ApiKey::new("sk-SECRET").expect("a key")),
        dimensions: None,
        asks_for_dimensions: false,
        batch: 32,
    }
}

fn embedder(receiver: &Receiver) -> Embedder {
    let endpoint = endpoint(receiver.url("/v1"));
    Embedder::new(receiver.outgoing(), endpoint, Arc::new(SystemWorld)).expect("an embedder")
}

/// Answers with these first, then with vectors.
async fn endpoint_with(first: Vec<Answer>) -> Receiver {
    let left = Mutex::new(first);
    Receiver::deciding(Arc::new(move |request| {
        let mut left = lock(&left);
        if left.is_empty() {
            vectors(request)
        } else {
            left.remove(0)
        }
    }))
    .await
}

#[tokio::test]
async fn texts_become_vectors_and_the_nearest_is_found() {
    let mut receiver = endpoint_with(Vec::new()).await;
    let chunks = [
        "The crane lifts steel beams onto the bridge",
        "Bread dough needs yeast, water, flour and patience",
        "A winch on the boat pulls the anchor chain",
        "The quarterly invoice lists taxes and discounts",
    ];
    let embedder = embedder(&receiver);
    let made = embedder.embed(&chunks).await.expect("vectors");
    assert_eq!((made.vectors.len(), made.tokens), (4, 4));
    let stored: Vec<(usize, Vec<u8>)> = made.vectors.iter().map(|v| v.to_bytes()).enumerate().collect();
    for (question, expected) in [
        ("how much yeast for bread?", 1),
        ("anchor winch of a boat", 2),
        ("invoice with taxes", 3),
    ] {
        let query = embedder
            .embed(&[question])
            .await
            .expect("a vector")
            .vectors
            .remove(0);
        let found = nearest(&query, stored.iter().map(|(i, b)| (*i, b)), 2, 0.0).expect("found");
        assert_eq!(found.hits[0].id, expected, "{question}: {found:?}");
    }
    let request = &receiver.taken()[0];
    assert_eq!(request.line, "POST /v1/embeddings HTTP/1.1");
    assert_eq!(request.header("authorization"), "Bearer sk-SECRET");
    assert!(!format!("{embedder:?}").contains("SECRET"));
}

#[tokio::test]
async fn many_texts_go_in_batches_and_come_back_in_order() {
    let mut receiver = endpoint_with(Vec::new()).await;
    let many: Vec<String> = (0..100).map(|i| format!("text number {i} of many")).collect();
    let made = embedder(&receiver).embed(&many).await.expect("vectors");
    let sizes: Vec<usize> = receiver
        .taken()
        .iter()
        .map(|request| texts(request).len())
        .collect();
    assert_eq!(sizes, [32, 32, 32, 4]);
    for (text, vector) in many.iter().zip(&made.vectors) {
        assert_eq!(vector.numbers(), embed(text));
    }
    assert!(
        embedder(&receiver)
            .embed::<&str>(&[])
            .await
            .expect("nothing")
            .vectors
            .is_empty()
    );
    assert_eq!(receiver.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn an_endpoint_that_asks_to_wait_is_asked_again_after_that() {
    let wait = Answer::Whole(
        429,
        "retry-after: 1\r\n",
        r#"{"error":{"type":"rate_limit"}}"#.into(),
    );
    let mut receiver = endpoint_with(vec![wait, Answer::Whole(503, "", String::new())]).await;
    let began = Instant::now();
    let made = embedder(&receiver).embed(&["a b"]).await.expect("a vector");
    assert_eq!((made.vectors.len(), receiver.taken().len()), (1, 3));
    assert!(began.elapsed().as_millis() >= 1_000, "{:?}", began.elapsed());
    // A long wait is not slept through: the job comes back later.
    let wait = Answer::Whole(429, "retry-after: 600\r\n", String::new());
    let mut receiver = endpoint_with(vec![wait]).await;
    let failure = embedder(&receiver).embed(&["a b"]).await.expect_err("later");
    assert_eq!(
        (failure.code, failure.retry_after_ms),
        (ErrorCode::RateLimited, Some(600_000))
    );
    assert_eq!(receiver.taken().len(), 1);
}

#[tokio::test]
async fn errors_that_time_does_not_heal_are_told_at_once_by_code() {
    let table = [
        (
            401,
            r#"{"error":{"code":"invalid_api_key","message":"sk-… is wrong"}}"#,
            ErrorCode::Unauthenticated,
        ),
        (403, "", ErrorCode::Forbidden),
        (
            404,
            r#"{"error":{"code":"model_not_found"}}"#,
            ErrorCode::NotFound,
        ),
        (
            400,
            r#"{"error":{"message":"at 10.0.0.7: no"}}"#,
            ErrorCode::InvalidField,
        ),
        (
            429,
            r#"{"error":{"code":"insufficient_quota"}}"#,
            ErrorCode::QuotaExceeded,
        ),
        (302, "", ErrorCode::ProcessingFailed),
        (200, "<html>", ErrorCode::ProcessingFailed),
        (200, r#"{"data":[]}"#, ErrorCode::ProcessingFailed),
        (
            200,
            r#"{"data":[{"embedding":[1e39]}]}"#,
            ErrorCode::ProcessingFailed,
        ),
    ];
    for (status, body, code) in table {
        let mut receiver = endpoint_with(vec![Answer::Whole(status, "", body.into())]).await;
        let failure = embedder(&receiver).embed(&["a"]).await.expect_err(body);
        assert_eq!(failure.code, code, "{failure}");
        assert!(
            !failure.detail.contains("10.0.0.7") && !failure.detail.contains("sk-"),
            "{failure}"
        );
        assert_eq!(receiver.taken().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn a_batch_that_is_too_much_is_cut_until_it_fits() {
    let mut receiver = Receiver::deciding(Arc::new(|request: &Request| {
        if texts(request).len() > 3 {
            return Answer::Whole(413, "", String::new());
        }
        vectors(request)
    }))
    .await;
    let many: Vec<String> = (0..10).map(|i| format!("text {i}")).collect();
    let made = embedder(&receiver).embed(&many).await.expect("vectors");
    for (text, vector) in many.iter().zip(&made.vectors) {
        assert_eq!(vector.numbers(), embed(text));
    }
    assert!(receiver.taken().len() < 10);
}

#[tokio::test]
async fn vectors_of_another_dimension_are_no_vectors() {
    let receiver = endpoint_with(Vec::new()).await;
    let mut wrong = endpoint(receiver.url("/v1/embeddings/"));
    wrong.dimensions = Some(384);
    let wrong = Embedder::new(receiver.outgoing(), wrong, Arc::new(SystemWorld)).expect("an embedder");
    let failure = wrong.embed(&["a"]).await.expect_err("256");
    assert_eq!(failure.code, ErrorCode::ProcessingFailed);
    assert!(
        failure.detail.contains("256") && failure.detail.contains("384"),
        "{failure}"
    );
    let mixed = fine(r#"{"data":[{"embedding":[1,2]},{"embedding":[1]}]}"#);
    let receiver = endpoint_with(vec![mixed]).await;
    let failure = embedder(&receiver).embed(&["a", "b"]).await.expect_err("mixed");
    assert_eq!(failure.code, ErrorCode::ProcessingFailed);
}

#[tokio::test]
async fn what_can_not_be_embedded_is_refused_before_anything_is_sent() {
    let receiver = endpoint_with(Vec::new()).await;
    let embedder = embedder(&receiver);
    for bad in [String::new(), "x".repeat(65_537)] {
        let failure = embedder.embed(&["fine".to_owned(), bad]).await.expect_err("bad");
        assert_eq!(failure.code, ErrorCode::InvalidField);
    }
    // A084: an endpoint is an address that somebody typed in, like any other.
    let guarded = Outgoing::new(Vec::new()).expect("a client");
    let inside = Embedder::new(
        guarded.clone(),
        endpoint(receiver.url("/v1")),
        Arc::new(SystemWorld),
    );
    assert_eq!(inside.err().map(|e| e.code), Some(ErrorCode::InvalidField));
    for bad in [(0, None), (2_049, None), (1, Some(0)), (1, Some(100_000))] {
        let mut endpoint = endpoint("https://api.example/v1".into());
        (endpoint.batch, endpoint.dimensions) = bad;
        assert!(Embedder::new(guarded.clone(), endpoint, Arc::new(SystemWorld)).is_err());
    }
    assert_eq!(receiver.connections(), 0);
}
