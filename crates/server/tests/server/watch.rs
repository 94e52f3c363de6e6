//! Files that finish without their clients: a storage tells of them, or the sweep finds them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use windlass_core::states::SessionState;
use windlass_server::db::{Db, params};
use windlass_server::service::watch::Looked;
use windlass_testkit::radosgw::Radosgw;

use crate::s3::{config, kit, place, secret};
use crate::support::{Kit, Sample, bytes};

const MINUTE: i64 = 60_000;

impl Kit {
    /// Calls as this computer's user.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let endpoint = self.endpoint();
        let mut request = self
            .http
            .request(method, format!("{}{path}", endpoint.base_url))
            .bearer_auth(&endpoint.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// A secret for the destination's storage: the path that has it, and the secret.
    pub(crate) async fn hook(&self) -> (String, String) {
        let path = format!("/v1/destinations/{}/hook", self.destination);
        let (status, hook) = self.call(Method::POST, &path, None).await;
        assert_eq!(status, 200, "{hook}");
        let text = |name: &str| hook[name].as_str().expect("text").to_owned();
        (text("path_with_secret"), text("secret"))
    }

    /// Posts as a storage would.
    pub(crate) async fn post_event(&self, path: &str, body: impl Into<reqwest::Body>) -> u16 {
        let url = format!("{}{path}", self.endpoint().base_url);
        let sent = self.http.post(url).body(body).send().await;
        sent.expect("an answer").status().as_u16()
    }

    pub(crate) async fn state(&self, file: &Sample) -> SessionState {
        self.session(file).await.state
    }

    pub(crate) async fn until_state(&self, file: &Sample, wanted: SessionState) {
        for _ in 0..400 {
            if self.state(file).await == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("never {wanted}: {:?}", self.session(file).await);
    }

    pub(crate) async fn db(&self) -> Db {
        self.keep.open(self.home.path()).await.expect("the ledger")
    }

    /// One number that the ledger answers.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let db = self.db().await;
        let count = db.read(move |tx| tx.query_one(sql, params![])?.get(0)).await;
        db.close().await.expect("closed");
        count.expect("a number")
    }

    fn bucket_name(&self) -> String {
        self.bucket.as_ref().expect("a bucket").bucket().to_owned()
    }

    async fn dead(&self) -> Vec<Value> {
        let (status, page) = self.call(Method::GET, "/v1/storage-events", None).await;
        assert_eq!(status, 200, "{page}");
        page["items"].as_array().expect("a list").clone()
    }
}

fn event(bucket: &str, key: &str, name: &str) -> String {
    let record = json!({
        "eventSource": "ceph:s3", "eventName": name,
        "s3": { "bucket": { "name": bucket }, "object": { "key": key } },
    });
    json!({ "Records": [record] }).to_string()
}

// G-12, M12, M19, I27: a real store posts, and the client never calls.
async fn g12_a_store_that_posts_sets_files_uploaded() {
    let rados = tokio::task::spawn_blocking(|| Radosgw::start(0).expect("radosgw"));
    let rados = std::sync::Arc::new(rados.await.expect("started"));
    let server: crate::s3::Server = rados.clone();
    let config = config(&server, server.endpoint(), &place());
    let mut kit = Kit::with(config, Some(secret(&server)), TempDir::new().expect("a place")).await;
    kit.bucket = Some(server);
    let (path, _) = kit.hook().await;
    let url = format!("{}{path}", kit.endpoint().base_url);
    let notify = rados.clone();
    tokio::task::spawn_blocking(move || notify.notify(&url).expect("a notification"))
        .await
        .expect("done");
    let small = Sample::new("small ü+1.bin", bytes(1, 1_000));
    kit.init(&small).await;
    kit.send(&small).await;
    kit.until_state(&small, SessionState::Uploaded).await;
    let settled = kit.session(&small).await.settled.expect("settled");
    assert_eq!((settled.size, settled.proof.as_str()), (1_000, "read_back"));
    // The client's own complete comes late: the same answer.
    let parts = vec![];
    let outcome = kit.complete_once(&small, parts).await;
    assert!(
        matches!(&outcome, windlass_protocol::sessions::CompleteOutcome::Settled(s) if s.size == 1_000),
        "{outcome:?}"
    );
    // Of a multipart upload the store tells when the server completed it: a late repetition of what is known.
    let large = Sample::new("large", bytes(2, 250_001)).cut(100_000);
    kit.upload(&large).await;
    assert_eq!(kit.state(&large).await, SessionState::Uploaded);
    assert!(kit.dead().await.is_empty(), "{:?}", kit.dead().await);
    drop(kit);
    tokio::task::spawn_blocking(move || drop(rados))
        .await
        .expect("gone");
}

// M12, M19: 0, 1 and n events, early and late, and a race with the client.
async fn m19_any_number_of_events_ends_the_same() {
    let (_, kit) = kit().await;
    let (path, _) = kit.hook().await;
    let bucket = kit.bucket_name();
    let files: Vec<_> = (0..4)
        .map(|i| Sample::new(&format!("f{i}"), bytes(10 + i, 900)))
        .collect();
    for file in &files {
        kit.init(file).await;
    }
    let events: Vec<_> = files
        .iter()
        .map(|f| event(&bucket, &kit.key(&f.path), "ObjectCreated:Put"))
        .collect();
    // Early: before its bytes, then again while they are there.
    assert_eq!(kit.post_event(&path, events[0].clone()).await, 200);
    kit.send(&files[0]).await;
    assert_eq!(kit.post_event(&path, events[0].clone()).await, 200);
    // n times at once, and the client at the same time.
    let parts = kit.send(&files[1]).await;
    let posts = (0..6).map(|_| kit.post_event(&path, events[1].clone()));
    let (answers, outcome) = tokio::join!(
        futures::future::join_all(posts),
        kit.complete_once(&files[1], parts)
    );
    assert!(answers.iter().all(|a| *a == 200));
    assert!(
        !matches!(
            outcome,
            windlass_protocol::sessions::CompleteOutcome::Failed { .. }
        ),
        "{outcome:?}"
    );
    // The client first, the event late.
    let parts = kit.send(&files[2]).await;
    crate::support::settled(kit.complete(&files[2], parts).await);
    assert_eq!(kit.post_event(&path, events[2].clone()).await, 200);
    // No event: the sweep, once the client is quiet.
    kit.send(&files[3]).await;
    let service = kit.server.as_ref().expect("running").service().clone();
    kit.world.later(4 * MINUTE);
    service.sweep_quiet().await.expect("swept");
    assert_eq!(kit.state(&files[3]).await, SessionState::Uploading);
    kit.world.later(MINUTE + 1);
    service.sweep_quiet().await.expect("swept");
    for file in &files {
        kit.until_state(file, SessionState::Uploaded).await;
    }
    let stored = "SELECT COUNT(*) FROM stored_object WHERE state = 'stored'";
    assert_eq!(kit.count(stored).await, 4);
    let entries = "SELECT COUNT(*) FROM outbox_entry WHERE machine = 'session' AND to_state = 'uploaded'";
    assert_eq!(kit.count(entries).await, 4);
    assert!(kit.dead().await.is_empty());
}

// A61, A82: who may post, and what.
async fn a_storage_shows_its_secret_and_nothing_else_counts() {
    let (_, kit) = kit().await;
    let bare = format!("/v1/webhooks/storage/{}", kit.destination);
    assert_eq!(kit.post_event(&bare, "{}").await, 401);
    let (path, secret) = kit.hook().await;
    for wrong in [
        bare.clone(),
        format!("{bare}/wlh_wrong"),
        format!("{bare}/{}", &secret[1..]),
        format!("/v1/webhooks/storage/{}/{secret}", kit.group),
        format!("/v1/webhooks/storage/x/{secret}"),
    ] {
        assert_eq!(kit.post_event(&wrong, "{}").await, 401, "{wrong}");
    }
    let url = format!("{}{bare}", kit.endpoint().base_url);
    for scheme in [format!("Bearer {secret}"), secret.clone()] {
        let request = kit.http.post(&url).header("authorization", scheme);
        assert_eq!(request.body("{}").send().await.expect("an answer").status(), 200);
    }
    // The next one ends it, and without one nobody is listened to.
    let (newer, _) = kit.hook().await;
    assert_eq!(kit.post_event(&path, "{}").await, 401);
    assert_eq!(kit.post_event(&newer, "{}").await, 200);
    let hook = format!("/v1/destinations/{}/hook", kit.destination);
    assert_eq!(kit.call(Method::DELETE, &hook, None).await.0, 204);
    assert_eq!(kit.post_event(&newer, "{}").await, 401);
    let audited = "SELECT COUNT(*) FROM audit_row WHERE action IN ('destination.hook', 'destination.unhook')";
    assert_eq!(kit.count(audited).await, 3);
}

// M19: what nobody can place is answered with 200, kept, listed, and tried again.
async fn hostile_and_unknown_events_are_set_aside_and_can_be_tried_again() {
    let (_, kit) = kit().await;
    let (path, _) = kit.hook().await;
    let bucket = kit.bucket_name();
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\0\xff\xfe".to_vec(),
        b"null".to_vec(),
        deep.into_bytes(),
        vec![b' '; (1 << 20) + 10],
        event(&bucket, &kit.key("nobody"), "ObjectCreated:Put").into_bytes(),
        event("elsewhere", &kit.key("nobody"), "ObjectCreated:Put").into_bytes(),
        event(&bucket, &kit.key("a\0b"), "ObjectCreated:Put").into_bytes(),
        json!({ "Event": "s3:TestEvent" }).to_string().into_bytes(),
        // Beside our place, and deleted things that nobody knows: none of ours.
        event(&bucket, "somebody/elses", "ObjectCreated:Put").into_bytes(),
        event(&bucket, &kit.key("nobody"), "ObjectRemoved:Delete").into_bytes(),
    ];
    for body in bodies {
        assert_eq!(kit.post_event(&path, body).await, 200);
    }
    let reasons: Vec<_> = kit
        .dead()
        .await
        .iter()
        .map(|e| e["reason"].as_str().expect("text").to_owned())
        .collect();
    assert_eq!(
        reasons,
        [
            "unknown_key",
            "other_bucket",
            "unknown_key",
            "too_large",
            "not_json",
            "unknown_form",
            "not_json",
            "not_json"
        ]
    );
    // The file comes after all: the event of its key is tried again.
    let file = Sample::new("nobody", bytes(1, 500));
    kit.init(&file).await;
    kit.send(&file).await;
    let dead = kit.dead().await;
    let wanted = dead
        .iter()
        .find(|e| e["detail"] == kit.key("nobody").as_str() && e["reason"] == "unknown_key");
    let seq = wanted.expect("set aside")["seq"].as_i64().expect("a number");
    let replay = format!("/v1/storage-events/{seq}/replay");
    assert_eq!(kit.call(Method::POST, &replay, None).await.0, 204);
    kit.until_state(&file, SessionState::Uploaded).await;
    let again = kit.dead().await;
    assert_eq!(again.len(), dead.len());
    assert!(again.iter().any(|e| e["seq"] == seq && e["replayed_at"].is_i64()));
    assert_eq!(
        kit.call(Method::POST, "/v1/storage-events/999999/replay", None)
            .await
            .0,
        404
    );
}

// T-7, M19: an upload whose parts all arrived and that was never completed, on a folder and in a bucket.
async fn t07_the_sweep_finishes_what_its_client_never_completed() {
    for kit in [Kit::folder().await, kit().await.1] {
        let whole = Sample::new("whole", bytes(1, 250_001)).cut(100_000);
        let half = Sample::new("half", bytes(2, 250_001)).cut(100_000);
        for file in [&whole, &half] {
            kit.init(file).await;
        }
        kit.send(&whole).await;
        let signed = kit.sign(&half).await;
        assert!(
            kit.put(&signed[0], half.bodies()[0].clone())
                .await
                .status()
                .is_success()
        );
        kit.world.later(6 * MINUTE);
        let service = kit.server.as_ref().expect("running").service().clone();
        assert_eq!(service.sweep_quiet().await.expect("swept"), 1);
        assert_eq!(kit.state(&whole).await, SessionState::Uploaded);
        let half_is = kit.session(&half).await;
        assert_eq!((half_is.state, half_is.error), (SessionState::Uploading, None));
        // Asked now: not again at once, but later.
        let asked = "SELECT COUNT(*) FROM stored_object WHERE state = 'open' AND checked_at IS NOT NULL";
        assert_eq!(kit.count(asked).await, 1);
        assert_eq!(service.sweep_quiet().await.expect("swept"), 0);
        // Its client comes back and sends the rest.
        let parts = kit.send(&half).await;
        crate::support::settled(kit.complete(&half, parts).await);
    }
}

// M12, M20: whoever verified died; the lease runs out, and the sweep finds what it had done.
async fn m20_a_file_whose_verifier_died_is_finished_by_the_next() {
    let (_, kit) = kit().await;
    let file = Sample::new("a", bytes(1, 1_000));
    kit.init(&file).await;
    kit.send(&file).await;
    let db = kit.db().await;
    let until = kit.world_now().plus_millis(MINUTE);
    let die = move |tx: &mut dyn windlass_server::db::Tx| {
        let sql = "UPDATE upload_session SET state = 'verifying', fence = fence + 1, lease_until = ?1";
        tx.execute(sql, params![until])
    };
    db.write(None, die).await.expect("written");
    let owner = db
        .read(|tx| tx.query_one("SELECT id FROM owner", params![])?.get(0))
        .await
        .expect("an owner");
    db.close().await.expect("closed");
    let service = kit.server.as_ref().expect("running").service().clone();
    assert_eq!(
        service.look_after(owner, file.id).await.expect("looked"),
        Looked::Other
    );
    kit.world.later(6 * MINUTE);
    assert_eq!(service.sweep_quiet().await.expect("swept"), 1);
    assert_eq!(kit.state(&file).await, SessionState::Uploaded);
}

// G-12, G-13, M2, M19: callers of the compatible routes, who send no headers and never call again.
async fn g12_a_caller_without_headers_hears_uploaded_from_the_store_or_after_a_minute() {
    let (_, kit) = kit().await;
    let (path, _) = kit.hook().await;
    let service = kit.server.as_ref().expect("running").service().clone();
    for by_event in [true, false] {
        let file = json!({
            "filename": format!("plain-{by_event}.bin"), "contentType": "application/octet-stream", "size": 700,
            "destination": "Archive",
        });
        let (status, made) = kit.call(Method::POST, "/generateFileUploadUrl", Some(file)).await;
        assert_eq!(
            (status, made["status"].as_str()),
            (200, Some("PENDING_UPLOAD")),
            "{made}"
        );
        let put = kit
            .http
            .put(made["url"].as_str().expect("a url"))
            .body(bytes(7, 700))
            .send()
            .await;
        assert!(put.expect("an answer").status().is_success());
        if by_event {
            let told = event(
                &kit.bucket_name(),
                made["objectKey"].as_str().expect("a key"),
                "ObjectCreated:Put",
            );
            assert_eq!(kit.post_event(&path, told).await, 200);
        } else {
            kit.world.later(MINUTE - 2_000);
            assert_eq!(service.sweep_quiet().await.expect("swept"), 0);
            kit.world.later(2_001);
            assert_eq!(service.sweep_quiet().await.expect("swept"), 1);
        }
        let session = format!("/sessions/{}", made["sessionId"].as_str().expect("an id"));
        let mut status = String::new();
        for _ in 0..200 {
            let (_, session) = kit.call(Method::GET, &session, None).await;
            status = session["status"].as_str().unwrap_or_default().to_owned();
            if status == "COMPLETED" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        // Uploaded, and no job waits for it.
        assert_eq!(status, "COMPLETED");
    }
}

// M10, F96, F97: an object found missing or different takes all living files that refer to it.
async fn m10_a_lost_object_takes_every_file_that_shares_it() {
    let (_, kit) = kit().await;
    let (path, _) = kit.hook().await;
    let bucket = kit.bucket_name();
    let first = Sample::new("first", bytes(1, 1_000));
    kit.upload(&first).await;
    let second = Sample::new("second", bytes(1, 1_000));
    let linked = kit.init(&second).await;
    assert!(
        matches!(
            &linked,
            windlass_protocol::sessions::InitAnswer::Duplicate { settled: Some(_), .. }
        ),
        "{linked:?}"
    );
    // A repetition of what is known changes nothing.
    let told = event(&bucket, &kit.key("first"), "ObjectCreated:Put");
    assert_eq!(kit.post_event(&path, told).await, 200);
    let refreshed = kit
        .client
        .verify(&windlass_protocol::sessions::Ids { ids: vec![second.id] })
        .await;
    assert!(refreshed.expect("verified")[0].settled.is_some());
    kit.remove_object("first").await;
    let told = event(&bucket, &kit.key("first"), "ObjectRemoved:Delete");
    assert_eq!(kit.post_event(&path, told).await, 200);
    for file in [&first, &second] {
        for _ in 0..200 {
            if kit.session(file).await.deleted {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let session = kit.session(file).await;
        // What was true stays true; the row only has a tombstone.
        assert!(session.deleted, "{session:?}");
        assert!(matches!(
            session.state,
            SessionState::Uploaded | SessionState::Deduplicated
        ));
    }
    let lost = "SELECT COUNT(*) FROM upload_session WHERE delete_reason = 'vanished'";
    assert_eq!(kit.count(lost).await, 2);
    assert_eq!(
        kit.count("SELECT COUNT(*) FROM audit_row WHERE action = 'session.lost'")
            .await,
        2
    );
    // The next upload of that content sends its bytes.
    let third = Sample::new("third", bytes(1, 1_000));
    kit.upload(&third).await;
}

// M20: one of several sweeps.
#[tokio::test]
async fn a_lease_has_one_holder_until_it_runs_out() {
    use windlass_core::time::Timestamp;
    use windlass_server::store::lease;
    let dir = TempDir::new().expect("a folder");
    let at = |s: i64| Timestamp::from_millis(s * 1_000);
    let db = Db::open_sqlite(&dir.path().join("ledger.sqlite")).expect("a ledger");
    let take = |who: &'static str, until: i64, now: i64| {
        db.write(None, move |tx| lease::take(tx, "x", who, at(until), at(now)))
    };
    assert_eq!(take("a", 10, 0).await, Ok(Some(1)));
    assert_eq!(take("b", 10, 5).await, Ok(None));
    assert_eq!(take("a", 20, 5).await, Ok(Some(1)));
    assert_eq!(take("b", 30, 20).await, Ok(Some(2)));
    let late = db
        .write(None, move |tx| lease::prolong(tx, "x", "a", 1, at(99)))
        .await;
    assert_eq!(late, Ok(false));
    db.write(None, move |tx| lease::give_back(tx, "x", "b", 2))
        .await
        .expect("given back");
    assert_eq!(take("a", 40, 21).await, Ok(Some(3)));
}

both!(
    g12_a_store_that_posts_sets_files_uploaded,
    m19_any_number_of_events_ends_the_same,
    a_storage_shows_its_secret_and_nothing_else_counts,
    hostile_and_unknown_events_are_set_aside_and_can_be_tried_again,
    t07_the_sweep_finishes_what_its_client_never_completed,
    m20_a_file_whose_verifier_died_is_finished_by_the_next,
    g12_a_caller_without_headers_hears_uploaded_from_the_store_or_after_a_minute,
    m10_a_lost_object_takes_every_file_that_shares_it,
);
