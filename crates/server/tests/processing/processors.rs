//! The server's own workers and processors, on files as they come.

use std::io::Write as _;

use serde_json::json;
use windlass_protocol::sessions::InitAnswer;
use windlass_server::serve::start_with;

use crate::desk::{Desk, list, text, with_extractor};
use crate::support::garage::Bucket;
use crate::support::{Kit, Sample, until};

const ANY: &str = "application/octet-stream";

async fn desks(flags: &[(&str, &str)]) -> [Desk; 2] {
    with_extractor();
    [
        Desk::of(Kit::start(flags).await).await,
        Desk::of(Kit::postgres(flags).await).await,
    ]
}

// G-13 K-4: the default pipeline, from the upload to the text.
#[tokio::test(flavor = "multi_thread")]
async fn g13_a_file_is_validated_and_its_text_is_read() {
    for desk in desks(&[]).await {
        let words = "# Anchors\n\nAn anchor holds a ship.\n\n## Chains\n\nA chain holds the anchor.\n";
        let file = desk.uploaded("anchors.md", ANY, words.into()).await;
        let checked = desk.until_job(file.id, "validate", "completed").await;
        assert_eq!(checked["result"]["size"], words.len());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, words.as_bytes());
        let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(checked["result"]["sha256"], hex);
        let read = desk.until_job(file.id, "extract_text", "completed").await;
        assert!(read["result"]["pieces"].as_u64() > Some(0), "{read}");
        let texts = list(&desk.get(&format!("/v1/sessions/{}/text", file.id)).await["pieces"]);
        let whole: String = texts.iter().map(|t| text(&t["text"])).collect();
        assert!(
            whole.contains("An anchor holds a ship.") && whole.contains("A chain holds"),
            "{texts:?}"
        );
        assert!(texts.iter().all(|t| !text(&t["place"]).is_empty()));
        // M6: a hash is proved on its own, too.
        desk.make(file.id, "verify_hash", json!({})).await;
        let proved = desk.until_job(file.id, "verify_hash", "completed").await;
        assert_eq!(proved["result"]["sha256"], hex);
        // D-11: they stay when the file goes.
        desk.delete(file.id).await;
        assert_eq!(
            list(&desk.get(&format!("/v1/sessions/{}/text", file.id)).await["pieces"]),
            texts
        );
    }
}

// A type that has no text is no failure: there is nothing to be read, and nothing to be replayed.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_type_without_text_is_done_without_any_and_is_no_dead_letter() {
    for desk in desks(&[]).await {
        let file = desk.upload("noise.bin").await;
        let read = desk.until_job(file.id, "extract_text", "completed").await;
        assert_eq!(read["result"]["pieces"], 0, "{read}");
        assert!(
            text(&read["result"]["note"]).starts_with("no text in this type"),
            "{read}"
        );
        desk.until_job(file.id, "validate", "completed").await;
        assert_eq!(desk.jobs("state=failed").await.len(), 0);
        let texts = desk.get(&format!("/v1/sessions/{}/text", file.id)).await;
        assert_eq!(list(&texts["pieces"]).len(), 0);
    }
}

/// Servers on a bucket, one on each database.
async fn on_buckets(flags: &[(&str, &str)]) -> Vec<(Desk, Bucket)> {
    with_extractor();
    let mut both = Vec::new();
    for database in [None, Some(Kit::database().await)] {
        let bucket = Bucket::fresh().await;
        let flags = [flags, &[bucket.storage()]].concat();
        let kit = Kit::with(database, &flags, &bucket.keys()).await;
        both.push((Desk::of(kit).await, bucket));
    }
    both
}

// G-13, K-4: what lies in a bucket is read from there.
#[tokio::test(flavor = "multi_thread")]
async fn g13_files_in_a_bucket_are_validated_and_read_too() {
    for (desk, _bucket) in on_buckets(&[]).await {
        let words = "# Anchors\n\nAn anchor holds a ship.\n";
        let file = desk.uploaded("anchors.md", ANY, words.into()).await;
        let checked = desk.until_job(file.id, "validate", "completed").await;
        assert_eq!(checked["result"]["size"], words.len());
        let read = desk.until_job(file.id, "extract_text", "completed").await;
        assert!(read["result"]["pieces"].as_u64() > Some(0), "{read}");
        let texts = list(&desk.get(&format!("/v1/sessions/{}/text", file.id)).await["pieces"]);
        let whole: String = texts.iter().map(|t| text(&t["text"])).collect();
        assert!(whole.contains("An anchor holds a ship."), "{texts:?}");
    }
}

// M6: what came without a proof of its hash is proved when somebody else brings the same, who waits for that.
#[tokio::test(flavor = "multi_thread")]
async fn m06_a_hash_that_was_only_told_is_proved_when_it_is_first_needed() {
    const PART: usize = 8 << 20;
    for (desk, _bucket) in on_buckets(&[]).await {
        // The check of the pipeline would prove it before anybody needs it.
        let server = desk.kit.server.as_ref().expect("running");
        let db = server.service().store().db().clone();
        let none = "UPDATE destination SET pipeline = '[]'";
        db.write(None, move |tx| tx.execute(none, &[]))
            .await
            .expect("written");
        let mut first = Sample::new("a.bin", 0);
        first.data = (0..9 * PART).map(|n| (n % 251) as u8).collect();
        let told = json!({ "name": "a.bin", "size": first.data.len(), "mime": ANY, "hash": first.sha256() });
        let answer = desk
            .post(
                "/training/upload/init",
                json!({ "files": [told], "destination": "recordings" }),
            )
            .await;
        let source = answer["sources"][0].clone();
        let parts = list(&source["multipart"]["parts"]);
        assert_eq!(parts.len(), 9, "{source}");
        for (part, bytes) in parts.iter().zip(first.data.chunks(PART)) {
            let put = desk.kit.http.put(text(&part["url"])).body(bytes.to_vec());
            assert_eq!(put.send().await.expect("an answer").status(), 200);
        }
        let done = json!({ "sourceIds": [source["id"]] });
        let done = desk.post("/training/upload/update", done).await;
        assert_eq!(done["sources"][0]["status"], "created", "{done}");
        let id: windlass_core::ids::FileId = text(&source["id"]).parse().expect("an id");
        assert!(
            desk.jobs(&format!("session={id}")).await.is_empty(),
            "nobody needs it yet"
        );

        let second = Sample {
            data: std::mem::take(&mut first.data),
            ..Sample::new("b.bin", 0)
        };
        let client = desk.kit.client(&desk.own);
        let answer = client.init(vec![second.init(desk.group)]).await;
        let answer = answer.expect("init").remove(0).answer;
        assert!(
            matches!(answer, InitAnswer::Duplicate { settled: None, .. }),
            "{answer:?}"
        );
        desk.until_job(id, "verify_hash", "completed").await;
        let view = desk.get(&format!("/v1/sessions/{}", second.id)).await;
        assert_eq!(
            (&view["state"], &view["canonical_id"]),
            (&json!("deduplicated"), &json!(id))
        );
    }
}

// D-10 M18: content of another type than was said.
#[tokio::test(flavor = "multi_thread")]
async fn d10_content_of_another_type_fails_its_check_and_leaves_the_upload() {
    for desk in desks(&[]).await {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec();
        png.extend([0; 600]);
        let file = desk.uploaded("model.json", "application/json", png).await;
        let job = desk.until_job(file.id, "validate", "failed").await;
        assert_eq!(job["error"]["code"], "content_not_allowed", "{job}");
        assert_eq!(job["attempts"], 1, "no retry helps");
        let query = json!({ "ids": [file.id], "parts": false });
        assert_eq!(
            desk.post("/v1/sessions:query", query).await["sessions"][0]["state"],
            "uploaded"
        );
    }
}

// M7 M10: other bytes than were proved.
#[tokio::test(flavor = "multi_thread")]
async fn m10_bytes_that_changed_in_the_storage_are_found_by_the_check() {
    with_extractor();
    for kit in [
        Kit::start(&[("workers", "0")]).await,
        Kit::postgres(&[("workers", "0")]).await,
    ] {
        let mut desk = Desk::of(kit).await;
        let file = desk
            .uploaded("a.json", "application/json", b"{\"depth\": 12}".to_vec())
            .await;
        // Somebody at the disk.
        let files = desk.kit.dir.path().join("data/files/recordings");
        let stored = find(&files, "a.json").expect("stored");
        std::fs::remove_file(&stored).expect("removed");
        std::fs::write(&stored, b"{\"depth\": 13}").expect("written");
        let server = desk.kit.server.take().expect("running");
        server.shutdown().await.expect("closed");
        let mut settings = desk.kit.settings.clone();
        settings.work.workers = 2;
        let server = start_with(settings, desk.kit.world.clone())
            .await
            .expect("a server");
        desk.kit.url = server.url().to_owned();
        desk.kit.server = Some(server);
        let job = desk.until_job(file.id, "validate", "failed").await;
        assert_eq!(job["error"]["code"], "verify_mismatch", "{job}");
        let query = json!({ "ids": [file.id], "parts": false });
        let session = desk.post("/v1/sessions:query", query).await["sessions"][0].clone();
        assert_eq!(
            (&session["state"], &session["deleted"]),
            (&json!("uploaded"), &json!(true)),
            "what was true stays"
        );
    }
}

fn find(folder: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if path.ends_with(name) {
            return Some(path);
        }
    }
    None
}

/// A document of a word processor that unpacks to a hundred times the limit.
fn bomb() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("[Content_Types].xml", options).expect("a file");
    zip.write_all(b"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>")
        .expect("bytes");
    zip.start_file("word/document.xml", options).expect("a file");
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..64 {
        zip.write_all(&spaces).expect("bytes");
    }
    zip.finish().expect("a file").into_inner()
}

/// A document that means itself many times over.
fn entities() -> Vec<u8> {
    let mut xml = String::from("<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY a \"lol\">");
    for n in 1..30 {
        xml.push_str(&format!(
            "<!ENTITY a{n} \"&a{0};&a{0};&a{0};&a{0};\">",
            if n == 1 {
                String::new()
            } else {
                (n - 1).to_string()
            }
        ));
    }
    xml.push_str("]><w:document xmlns:w=\"w\">&a29;</w:document>");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("[Content_Types].xml", options).expect("a file");
    zip.write_all(b"<Types/>").expect("bytes");
    zip.start_file("word/document.xml", options).expect("a file");
    zip.write_all(xml.as_bytes()).expect("bytes");
    zip.finish().expect("a file").into_inner()
}

// K: hostile files are refused within limits while other jobs go on.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_are_refused_within_limits_while_other_jobs_go_on() {
    for desk in desks(&[("workers", "2")]).await {
        desk.takes_every_type().await;
        let wide = format!("{}\n", "a,".repeat(1_000_000)).into_bytes();
        let mut pdf = b"%PDF-1.7\n".to_vec();
        pdf.extend(b"1 0 obj << /Length 1 0 R /Next 1 0 R >> stream\n".repeat(20_000));
        let hostile = [
            desk.uploaded("bomb.docx", ANY, bomb()).await,
            desk.uploaded("entities.docx", ANY, entities()).await,
            desk.uploaded("wide.csv", "text/csv", wide).await,
            desk.uploaded("endless.pdf", ANY, pdf).await,
        ];
        let mut honest = Vec::new();
        for n in 0..6 {
            let words = format!("# Title {n}\n\nWords of file {n}.\n");
            honest.push(desk.uploaded(&format!("f{n}.md"), ANY, words.into_bytes()).await);
        }
        for file in &honest {
            desk.until_job(file.id, "extract_text", "completed").await;
        }
        for file in &hostile {
            until("it has ended", async || {
                let state = text(&desk.job_of(file.id, "extract_text").await["state"]);
                state == "failed" || state == "completed"
            })
            .await;
            let job = desk.job_of(file.id, "extract_text").await;
            let code = text(&job["error"]["code"]);
            assert!(code.starts_with("extract_"), "{}: {job}", file.path);
            assert_eq!(job["attempts"], 1, "no retry helps: {job}");
        }
    }
}

// M20: the program is killed in the middle of a job; the next one does it, once.
#[tokio::test(flavor = "multi_thread")]
async fn m20_a_server_that_ends_while_a_job_runs_leaves_it_to_the_next_one() {
    with_extractor();
    for kit in [
        Kit::start(&[("workers", "0")]).await,
        Kit::postgres(&[("workers", "0")]).await,
    ] {
        let mut desk = Desk::of(kit).await;
        let file = desk.uploaded("a.md", ANY, b"# One\n\nwords\n".to_vec()).await;
        // Somebody has it, and is never heard of again.
        let dead = desk.claim(&["extract_text"], 1, 60).await.remove(0);
        let server = desk.kit.server.take().expect("running");
        server.shutdown().await.expect("closed");
        let mut settings = desk.kit.settings.clone();
        settings.work.workers = 2;
        let server = start_with(settings, desk.kit.world.clone())
            .await
            .expect("a server");
        desk.kit.url = server.url().to_owned();
        desk.kit.server = Some(server);
        desk.until_job(file.id, "validate", "completed").await;
        assert_eq!(
            desk.job_of(file.id, "extract_text").await["state"],
            "running",
            "its lease is not over"
        );
        desk.kit.world.later(61_000);
        let job = desk.until_job(file.id, "extract_text", "completed").await;
        assert_eq!(job["attempts"], 2);
        let late = desk
            .report(
                &dead,
                json!({ "status": "completed", "result": { "by": "dead" } }),
            )
            .await;
        assert_eq!(late.status(), 409);
        assert_eq!(
            desk.log(&text(&job["id"])).await,
            ["pending", "sending", "running", "completed"]
        );
    }
}

// The shutdown gives back what it can't end.
#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_gives_back_what_runs_and_the_attempt_does_not_count() {
    let silent = crate::receiver::Receiver::start(crate::receiver::Answer::Never).await;
    let allowed = silent.url("");
    let flags = [("outgoing-allow", allowed.as_str()), ("shutdown-grace", "300ms")];
    for mut desk in desks(&flags).await {
        let file = desk.uploaded("a.md", ANY, b"# One\n\nwords\n".to_vec()).await;
        desk.until_job(file.id, "extract_text", "completed").await;
        let hook = json!({ "id": desk.run_id(), "url": silent.url("/x"), "events": ["run.queued"] });
        desk.post("/v1/webhooks", hook).await;
        let job = desk.make(file.id, "webhook", json!({})).await;
        let id = text(&job["id"]);
        until("it runs", async || desk.job(&id).await["state"] == "running").await;
        let server = desk.kit.server.take().expect("running");
        server.shutdown().await.expect("closed");
        let mut settings = desk.kit.settings.clone();
        settings.work.workers = 0;
        let server = start_with(settings, desk.kit.world.clone())
            .await
            .expect("a server");
        desk.kit.url = server.url().to_owned();
        desk.kit.server = Some(server);
        let job = desk.job(&id).await;
        assert_eq!((&job["state"], &job["attempts"]), (&json!("running"), &json!(0)));
        let taken = desk.claim(&["webhook"], 1, 60).await;
        assert_eq!(taken[0]["attempts"], 1, "at once, without waiting for a lease");
    }
}

// K: a processor of its own for webhooks.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_job_tells_what_came_of_a_file_and_is_tried_again() {
    for n in 0..2 {
        let no = crate::receiver::Answer::Whole(500, "", String::new());
        let mut receiver = crate::receiver::Receiver::answering(vec![no]).await;
        let allowed = receiver.url("");
        let flags = [("outgoing-allow", allowed.as_str())];
        let desk = desks(&flags).await.into_iter().nth(n).expect("one of two");
        let file = desk.uploaded("a.md", ANY, b"# One\n\nwords\n".to_vec()).await;
        desk.until_job(file.id, "extract_text", "completed").await;
        desk.until_job(file.id, "validate", "completed").await;
        let hook = json!({ "id": desk.run_id(), "url": receiver.url("/x"), "events": ["run.queued"] });
        let hook = desk.post("/v1/webhooks", hook).await;
        let job = desk
            .make(
                file.id,
                "webhook",
                json!({ "config": { "webhook_id": hook["id"] } }),
            )
            .await;
        let mut got = Vec::new();
        until("it is told", async || {
            got.extend(receiver.taken());
            desk.kit.world.later(5_000);
            got.len() == 2
        })
        .await;
        let done = desk.until_job(file.id, "webhook", "completed").await;
        assert_eq!((&done["id"], &done["attempts"]), (&job["id"], &json!(2)));
        assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
        let body: serde_json::Value = serde_json::from_slice(&got[1].body).expect("JSON");
        assert_eq!(
            (&body["session_id"], &body["jobs"]["extract_text"]),
            (&json!(file.id), &json!("completed"))
        );
    }
}
