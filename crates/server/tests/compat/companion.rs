//! Companion's routes, as Uppy calls them.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};
use windlass_protocol::tokens::Scope;
use windlass_server::clock::World as _;
use windlass_server::serve::admin::TokenWish;

use crate::bench::{Bench, bytes, word};

/// A key that may stand in a path.
pub(crate) async fn upload_key(bench: &Bench, scopes: &[Scope], ends: bool) -> String {
    let admin = bench.kit.admin().await;
    let wish = TokenWish {
        name: "uppy".into(),
        scopes: scopes.to_vec(),
        owner: Some("ann".into()),
        destinations: vec!["recordings".into()],
        expires_at: ends.then(|| bench.kit.world.now().plus_millis(600_000)),
    };
    let token = admin.create_token(wish).await.expect("a token").token;
    admin.close().await.expect("closed");
    token
}

/// A call without a header of one's own.
async fn bare(bench: &Bench, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    bench.ask_as("", method, path, body.as_ref()).await
}

// G-14, K: the plugin's own calls, with the key in the path; key and ETag written in all the ways it writes them.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_unknown_size_goes_in_parts_by_a_key_in_the_path() {
    let (buckets, garage) = Bench::buckets().await;
    for bench in buckets {
        let base = format!("/k/{}/s3", upload_key(&bench, &[Scope::Upload], true).await);
        let data = bytes((11 << 20) + 3);
        let body = json!({ "filename": "my film.bin", "type": "application/octet-stream", "metadata": { "name": "my film.bin" } });
        let (code, begun) = bare(&bench, Method::POST, &format!("{base}/multipart"), Some(body)).await;
        assert_eq!((code, word(&begun, "bucket")), (200, garage.bucket()), "{begun}");
        let (key, upload) = (word(&begun, "key"), word(&begun, "uploadId"));
        assert!(key.contains(' '), "{key}");
        let with = |space: &str| format!("key={}", key.replace(' ', space));
        let (percent, plus) = (with("%20"), with("+"));
        let at = |more: &str, query: &str| format!("{base}/multipart/{upload}{more}?{query}");
        let chunks: Vec<_> = data.chunks(5 << 20).collect();
        let mut etags = Vec::new();
        for (i, chunk) in chunks.iter().enumerate().take(2) {
            let query = if i == 0 { &percent } else { &plus };
            let (code, signed) = bare(&bench, Method::GET, &at(&format!("/{}", i + 1), query), None).await;
            assert_eq!(code, 200, "{signed}");
            etags.push(bench.put(&signed["url"], chunk).await);
        }
        let (_, listed) = bare(&bench, Method::GET, &at("", &plus), None).await;
        let sizes: Vec<_> = listed
            .as_array()
            .expect("parts")
            .iter()
            .map(|p| (p["PartNumber"].clone(), p["Size"].clone()))
            .collect();
        assert_eq!(
            sizes,
            [(json!(1), json!(5 << 20)), (json!(2), json!(5 << 20))],
            "{listed}"
        );
        let (code, signed) = bare(
            &bench,
            Method::GET,
            &at("/batch", &format!("{percent}&partNumbers=3")),
            None,
        )
        .await;
        assert_eq!(code, 200, "{signed}");
        etags.push(bench.put(&signed["presignedUrls"]["3"], chunks[2]).await);
        let told = |i: usize, etag: &String| json!({ "PartNumber": i + 1, "ETag": if i == 1 { etag.trim_matches('"') } else { etag } });
        let parts: Vec<_> = etags.iter().enumerate().map(|(i, e)| told(i, e)).collect();
        let gap = json!({ "parts": [parts[0], parts[2]] });
        assert_eq!(
            bare(&bench, Method::POST, &at("/complete", &plus), Some(gap))
                .await
                .0,
            422
        );
        let (code, done) = bare(
            &bench,
            Method::POST,
            &at("/complete", &plus),
            Some(json!({ "parts": parts })),
        )
        .await;
        assert_eq!((code, word(&done, "key")), (200, key), "{done}");
        assert!(word(&done, "location").starts_with("http"));
        // Whoever lost that answer lists, finds all parts there, and completes again.
        let (_, listed) = bare(&bench, Method::GET, &at("", &plus), None).await;
        assert_eq!(listed.as_array().map(Vec::len), Some(3), "{listed}");
        let (code, again) = bare(
            &bench,
            Method::POST,
            &at("/complete", &plus),
            Some(json!({ "parts": parts })),
        )
        .await;
        assert_eq!((code, &again), (200, &done));
        let all = bench.get("/uploads").await;
        assert_eq!(
            (word(&all[0], "status"), &all[0]["size"]),
            ("uploaded", &json!(data.len())),
            "{all}"
        );
        let path = format!("/v1/sessions/{}/content", word(&all[0], "fileId"));
        let read = bench.kit.get(&path, &bench.token).await;
        assert!(read.bytes().await.expect("bytes") == data, "the same bytes");

        // Given up: nothing is left, and nothing more is taken.
        let body = json!({ "filename": "b.bin", "type": "application/octet-stream", "metadata": {} });
        let (_, begun) = bare(&bench, Method::POST, &format!("{base}/multipart"), Some(body)).await;
        let at = format!("{base}/multipart/{}", word(&begun, "uploadId"));
        let query = format!("key={}", word(&begun, "key"));
        let (_, signed) = bare(&bench, Method::GET, &format!("{at}/1?{query}"), None).await;
        assert_eq!(
            bare(&bench, Method::DELETE, &format!("{at}?{query}"), None).await,
            (200, json!({}))
        );
        let late = bench
            .kit
            .http
            .put(word(&signed, "url"))
            .body("late")
            .send()
            .await
            .expect("an answer");
        assert_ne!(late.status(), 200);
        assert_eq!(
            bare(&bench, Method::GET, &format!("{at}?{query}"), None).await.0,
            404
        );
        // What is larger than its destination takes is rejected once its size is seen.
        let (code, none) = bare(&bench, Method::GET, &format!("{base}/sts"), None).await;
        assert_eq!(
            (code, word(&none, "code")),
            (404, "not_found"),
            "credentials never leave the server"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_is_a_form_at_a_bucket_and_a_put_at_a_folder() {
    let (buckets, _garage) = Bench::buckets().await;
    for bench in buckets {
        let base = format!("/k/{}/s3", upload_key(&bench, &[Scope::Upload], true).await);
        for data in [Vec::new(), bytes(700)] {
            let (code, form) = bare(
                &bench,
                Method::GET,
                &format!("{base}/params?filename=a.bin&type=application%2Foctet-stream"),
                None,
            )
            .await;
            assert_eq!((code, word(&form, "method")), (200, "POST"), "{form}");
            let mut body = Vec::new();
            let edge = "----a-page";
            for (name, value) in form["fields"].as_object().expect("fields") {
                let mut part = String::new();
                let value = value.as_str().expect("text");
                write!(
                    part,
                    "--{edge}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .expect("text");
                body.extend_from_slice(part.as_bytes());
            }
            let head = format!(
                "--{edge}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(&data);
            body.extend_from_slice(format!("\r\n--{edge}--\r\n").as_bytes());
            let posted = bench.kit.http.post(word(&form, "url"));
            let posted = posted
                .header("content-type", format!("multipart/form-data; boundary={edge}"))
                .body(body);
            let posted = posted.send().await.expect("an answer");
            assert!(
                posted.status().is_success(),
                "{} {}",
                posted.status(),
                posted.text().await.unwrap_or_default()
            );
            let done = bench
                .post("/multipart/complete", json!({ "sessionId": form["sessionId"] }))
                .await;
            assert_eq!(
                (&done["size"], word(&done, "status")),
                (&json!(data.len()), "UPLOADED"),
                "{done}"
            );
        }
    }
    for bench in Bench::both().await {
        let (code, why, _) = {
            let (code, answer) = bench
                .ask(
                    Method::GET,
                    "/s3/params?filename=a.bin&type=application/json",
                    None,
                )
                .await;
            (code, word(&answer, "code").to_owned(), ())
        };
        assert_eq!(
            (code, why.as_str()),
            (422, "invalid_field"),
            "a folder has to know the size"
        );
        let path = "/s3/params?filename=a.bin&type=application/json&metadata%5Bsize%5D=2";
        let (code, put) = bench.ask(Method::GET, path, None).await;
        assert_eq!(
            (code, word(&put, "method"), &put["fields"]),
            (200, "PUT", &json!({})),
            "{put}"
        );
        bench.put(&put["url"], b"{}").await;
        let done = bench
            .post("/multipart/complete", json!({ "sessionId": put["sessionId"] }))
            .await;
        assert_eq!(word(&done, "status"), "UPLOADED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_path_is_narrow_and_ends() {
    for bench in Bench::both().await {
        let path = |key: &str| {
            format!("/k/{key}/s3/params?filename=a.bin&type=application/json&metadata%5Bsize%5D=2")
        };
        let good = upload_key(&bench, &[Scope::Upload], true).await;
        assert_eq!(bare(&bench, Method::GET, &path(&good), None).await.0, 200);
        for key in [
            upload_key(&bench, &[Scope::Upload], false).await,
            upload_key(&bench, &[Scope::Upload, Scope::Read], true).await,
            bench.token.clone(),
        ] {
            assert_eq!(bare(&bench, Method::GET, &path(&key), None).await.0, 403);
        }
        assert_eq!(bare(&bench, Method::GET, &path("wlt_nobody"), None).await.0, 401);
        // It opens nothing but the uploader's routes, and only as long as it lives.
        for elsewhere in [format!("/k/{good}/v1/sessions"), format!("/k/{good}/uploads")] {
            assert_eq!(
                bare(&bench, Method::GET, &elsewhere, None).await.0,
                401,
                "{elsewhere}"
            );
        }
        bench.kit.world.later(700_000);
        assert_eq!(bare(&bench, Method::GET, &path(&good), None).await.0, 401);
    }
}

// L-10, G-10: nobody told the size, so it is judged when it is seen.
#[tokio::test(flavor = "multi_thread")]
async fn l10_what_turns_out_too_large_is_rejected() {
    let (buckets, _garage) = Bench::buckets().await;
    for bench in buckets {
        let db = bench.kit.server.as_ref().expect("running").service().store().db();
        db.write(None, |tx| {
            tx.execute(
                "UPDATE destination SET max_bytes = 1000 WHERE name = 'recordings'",
                &[],
            )
        })
        .await
        .expect("a limit");
        let body = json!({ "filename": "a.bin", "type": "application/octet-stream",
                           "metadata": { "destination": "recordings" } });
        let begun = bench.post("/s3/multipart", body).await;
        let at = format!("/s3/multipart/{}", word(&begun, "uploadId"));
        let query = format!("key={}", word(&begun, "key"));
        let signed = bench.get(&format!("{at}/1?{query}")).await;
        let etag = bench.put(&signed["url"], &bytes(1_001)).await;
        let parts = json!({ "parts": [{ "PartNumber": 1, "ETag": etag }] });
        let (code, word_of, detail) = bench.refused(&format!("{at}/complete?{query}"), parts).await;
        assert_eq!(
            (code, word_of.as_str(), detail.as_str()),
            (422, "too_large", "1001 bytes, allowed are 1000")
        );
        let path = format!("/uploads/{}", word(&begun, "sessionId"));
        assert_eq!(word(&bench.get(&path).await, "status"), "rejected");
        assert_eq!(bench.get("/uploads").await[0]["error"]["code"], "too_large");
    }
}
