//! Vectors and the search among them, with an endpoint that counts words.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::desk::{Desk, list, text, with_extractor};
use crate::receiver::{Decide, Receiver, fine};
use crate::support::{Kit, code, until};

const WORDS: [&str; 4] = ["anchor", "bread", "violin", "river"];

/// How often each of the words stands in a text: near in words is near in vectors.
fn counting() -> Decide {
    Arc::new(|request| {
        let asked: Value = serde_json::from_slice(&request.body).expect("JSON");
        let texts = match &asked["input"] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        let vector = |t: &Value| WORDS.map(|w| text(t).to_lowercase().matches(w).count() as f64 + 0.01);
        let data: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(n, t)| json!({ "object": "embedding", "index": n, "embedding": vector(t) }))
            .collect();
        let answer = json!({ "object": "list", "data": data, "model": "counting", "usage": { "prompt_tokens": 1, "total_tokens": 1 } });
        fine(&answer.to_string())
    })
}

// T-9 K: chunks and vectors are stored, and found by what they are about.
#[tokio::test(flavor = "multi_thread")]
async fn t09_a_run_embeds_files_and_a_search_finds_them_by_what_they_are_about() {
    with_extractor();
    for n in 0..2 {
        let receiver = Receiver::deciding(counting()).await;
        let (url, allowed) = (receiver.url("/v1"), receiver.url(""));
        let flags = [
            ("outgoing-allow", allowed.as_str()),
            ("embedding-url", url.as_str()),
            ("embedding-model", "counting"),
        ];
        let kit = if n == 0 {
            Kit::start(&flags).await
        } else {
            Kit::postgres(&flags).await
        };
        let desk = Desk::of(kit).await;
        let mut files = Vec::new();
        for word in WORDS {
            let words = format!("# About {word}\n\nThe {word} is a {word}. Nothing is like a {word}.\n");
            let name = format!("{word}.md");
            files.push(
                desk.uploaded(&name, "application/octet-stream", words.into_bytes())
                    .await,
            );
        }
        let ids: Vec<_> = files.iter().map(|f| f.id).collect();
        let run = json!({ "id": desk.run_id(), "session_ids": ids });
        let run = desk.post("/v1/runs", run).await;
        let path = format!("/v1/runs/{}", text(&run["id"]));
        until("it is trained", async || {
            let state = text(&desk.get(&path).await["state"]);
            assert!(state != "failed" && state != "partially_completed", "{state}");
            state == "completed"
        })
        .await;
        let found = desk
            .post("/v1/search", json!({ "text": "who plays the violin", "most": 2 }))
            .await;
        let hits = list(&found["hits"]);
        assert_eq!(
            (hits.len(), &hits[0]["rel_path"]),
            (2, &json!("violin.md")),
            "{found}"
        );
        assert!(
            hits[0]["score"].as_f64() > Some(0.9) && hits[1]["score"].as_f64() < Some(0.5),
            "{found}"
        );
        assert!(text(&hits[0]["text"]).contains("violin"));
        let by_query = desk.get("/v1/search?q=anchor&most=1").await;
        assert_eq!(by_query["hits"][0]["rel_path"], "anchor.md");
        // Doing it again leaves the same chunks.
        let again = desk.make(files[0].id, "embed", json!({})).await;
        until("it is done again", async || {
            desk.job(&text(&again["id"])).await["state"] == "completed"
        })
        .await;
        let all = desk
            .post(
                "/v1/search",
                json!({ "text": "anchor", "most": 100, "least": -1.0 }),
            )
            .await;
        assert_eq!(list(&all["hits"]).len(), 4);
        // A deleted file is not found, nor one of somebody else.
        desk.delete(files[2].id).await;
        let found = desk
            .post("/v1/search", json!({ "text": "violin", "least": 0.5 }))
            .await;
        assert_eq!(list(&found["hits"]).len(), 0);
        let bob = desk.kit.token("bob", &crate::desk::OWN).await;
        let his = crate::desk::answer(desk.kit.get("/v1/search?q=anchor", &bob).await).await;
        assert_eq!(list(&his["hits"]).len(), 0);
        for bad in [
            json!({ "text": " " }),
            json!({ "text": "x", "most": 0 }),
            json!({ "text": "x", "least": 2.0 }),
        ] {
            assert_eq!(
                desk.refused("/v1/search", bad.clone()).await.1,
                "invalid_field",
                "{bad}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_endpoint_there_is_no_search_and_embeddings_wait_for_other_workers() {
    let desk = Desk::of(Kit::start(&[]).await).await;
    assert_eq!(
        code(desk.kit.get("/v1/search?q=x", &desk.own).await).await,
        (404, "not_found".into())
    );
    let file = desk.upload("a.bin").await;
    let job = desk.make(file.id, "embed", json!({})).await;
    desk.until_job(file.id, "validate", "completed").await;
    assert_eq!(desk.job(&text(&job["id"])).await["state"], "pending");
}
