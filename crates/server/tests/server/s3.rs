//! What a bucket does besides what every storage does: two real servers that differ (Garage verifies and tells the newer
//! checksums, radosgw ignores them), and a proxy that breaks the wire before them.

use std::sync::Arc;

use futures::StreamExt as _;
use tempfile::TempDir;
use windlass_protocol::destinations::{DestinationConfig, SecretKeep, StorageSecret};
use windlass_protocol::sessions::{CompleteOutcome, Ids, InitAnswer};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Rule};
use windlass_testkit::radosgw::{LEAST_PART, Radosgw};
use windlass_testkit::s3::S3Server;

use crate::support::{Kit, Sample, bytes, error_code, raw_id, settled};

const PART: u64 = 100_000;

/// One of the two.
pub(crate) type Server = Arc<dyn S3Server>;

pub(crate) fn config(server: &Server, endpoint: &str, prefix: &str) -> DestinationConfig {
    DestinationConfig::S3 {
        endpoint: endpoint.to_owned(),
        region: server.region().to_owned(),
        bucket: server.bucket().to_owned(),
        prefix: prefix.to_owned(),
        path_style: true,
        folder_markers: false,
    }
}

pub(crate) fn secret(server: &Server) -> StorageSecret {
    StorageSecret {
        access_key: server.access_key().to_owned(),
        secret_key: server.secret_key().to_owned(),
        session_token: None,
        keep: SecretKeep::File,
    }
}

/// A prefix that no other test has.
pub(crate) fn place() -> String {
    let id: String = raw_id().iter().map(|b| format!("{b:02x}")).collect();
    format!("{id}/")
}

pub(crate) async fn garage() -> Server {
    blocking(|| Garage::shared().expect("Garage")).await
}

pub(crate) async fn radosgw() -> Server {
    blocking(|| Radosgw::shared().expect("radosgw")).await
}

/// A control plane with a place in a bucket as destination.
pub(crate) async fn kit() -> (Server, Kit) {
    let garage = garage().await;
    let kit = kit_on(&garage).await;
    (garage, kit)
}

/// The same on one of the two.
pub(crate) async fn kit_on(server: &Server) -> Kit {
    wired(server, server.endpoint()).await
}

async fn wired(server: &Server, endpoint: &str) -> Kit {
    let config = config(server, endpoint, &place());
    let mut kit = Kit::with(config, Some(secret(server)), TempDir::new().expect("a place")).await;
    kit.bucket = Some(Arc::clone(server));
    kit
}

/// What proves a file: `best` where the server tells it, else its bytes are read back.
fn proof(server: &Server, best: &'static str) -> &'static str {
    if server.verifies_checksums() {
        best
    } else {
        "read_back"
    }
}

/// The same with a wire that can be broken.
struct Wired {
    server: Server,
    proxy: FaultProxy,
    kit: Kit,
}

impl Wired {
    async fn new(server: Server) -> Self {
        let proxy = FaultProxy::start(server.endpoint()).expect("a proxy");
        let kit = wired(&server, &proxy.endpoint()).await;
        proxy.forget();
        Self { server, proxy, kit }
    }

    /// Keys of unfinished uploads of this test.
    async fn uploads(&self) -> usize {
        let (oracle, trip) = (self.server.oracle().expect("an oracle"), self.kit.key(""));
        let all = blocking(move || oracle.uploads().expect("uploads")).await;
        all.iter().filter(|u| u.key.starts_with(&trip)).count()
    }
}

async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(f).await.expect("done")
}

async fn objects(server: &Server, prefix: &str) -> Vec<String> {
    let (oracle, prefix) = (server.oracle().expect("an oracle"), prefix.to_owned());
    blocking(move || {
        oracle
            .objects(&prefix)
            .expect("objects")
            .into_iter()
            .map(|o| o.key)
            .collect()
    })
    .await
}

fn large(path: &str, seed: u64) -> Sample {
    Sample::new(path, bytes(seed, 250_001)).cut(PART)
}

async fn f088_a_trial_learns_what_the_store_checks_and_leaves_nothing(server: Server) {
    let kit = kit_on(&server).await;
    let check = kit
        .client
        .check_destination(kit.destination)
        .await
        .expect("an answer");
    assert!(check.ok, "{check:#?}");
    let steps: Vec<_> = check.steps.iter().map(|s| s.step.as_str()).collect();
    assert_eq!(
        steps,
        [
            "reachable",
            "key",
            "bucket",
            "clock",
            "create",
            "write",
            "complete",
            "read_back",
            "remove",
            "checksums"
        ]
    );
    let told = proof(&server, "crc64nvme, sha256");
    assert_eq!(check.steps[9].detail, told);
    let DestinationConfig::S3 { prefix, .. } = &kit.config else {
        panic!("a bucket")
    };
    assert_eq!(objects(&server, prefix).await, Vec::<String>::new());
    let oracle = server.oracle().expect("an oracle");
    let uploads = blocking(move || oracle.uploads().expect("uploads")).await;
    assert!(!uploads.iter().any(|u| u.key.starts_with(prefix)));
}

async fn small_files_are_proved_by_their_hash_and_large_ones_by_their_crc(server: Server) {
    let kit = kit_on(&server).await;
    let small = Sample::new("small", bytes(1, 1_000));
    assert_eq!(kit.upload(&small).await.proof, proof(&server, "sha256"));
    let mut unhashed = Sample::new("unhashed", bytes(2, 1_001));
    unhashed.sha = false;
    assert_eq!(kit.upload(&unhashed).await.proof, proof(&server, "crc64nvme"));
    let large = large("large", 3);
    assert_eq!(kit.upload(&large).await.proof, proof(&server, "crc64nvme"));
    for file in [small, unhashed, large] {
        let (oracle, key) = (server.oracle().expect("an oracle"), kit.key(&file.path));
        assert_eq!(
            blocking(move || oracle.get(&key).expect("bytes")).await,
            file.data
        );
    }
}

async fn f055_a_lost_answer_to_create_leaves_one_upload_at_most(server: Server) {
    let wired = Wired::new(server).await;
    let file = large("a", 1);
    wired.kit.init(&file).await;
    wired
        .proxy
        .add(Rule::new(Fault::AnswerLost).call(Call::Create).once());
    let failed = wired
        .kit
        .client
        .sign(vec![file.sign_item()])
        .await
        .expect("an answer")
        .remove(0);
    assert_eq!(failed.error.map(|e| e.code), Some("connection_lost".into()));
    assert_eq!(wired.uploads().await, 1);
    let parts = wired.kit.send(&file).await;
    assert_eq!(wired.uploads().await, 1);
    settled(wired.kit.complete(&file, parts).await);
    assert_eq!(wired.uploads().await, 0);
}

async fn f056_a_lost_answer_to_complete_is_settled_by_asking(server: Server) {
    let wired = Wired::new(server).await;
    let file = large("a", 1);
    wired.kit.init(&file).await;
    let parts = wired.kit.send(&file).await;
    wired
        .proxy
        .add(Rule::new(Fault::AnswerLost).call(Call::Complete).once());
    let proof = settled(wired.kit.complete(&file, parts).await);
    assert_eq!(proof.proof, self::proof(&wired.server, "crc64nvme"));
    assert_eq!(wired.proxy.ledger().count(Call::Complete), 1);
}

async fn f083_an_upload_that_was_completed_unseen_is_found(server: Server) {
    let wired = Wired::new(server).await;
    let file = large("a", 1);
    wired.kit.init(&file).await;
    let parts = wired.kit.send(&file).await;
    // Both the answer and the question about it are lost: nothing is known, and nothing is assumed.
    wired
        .proxy
        .add(Rule::new(Fault::AnswerLost).call(Call::Complete).once());
    wired.proxy.add(Rule::new(Fault::Refused).call(Call::Head).once());
    assert_eq!(
        error_code(&wired.kit.complete(&file, parts.clone()).await),
        "connection_lost"
    );
    assert_eq!(wired.kit.session(&file).await.state.as_str(), "verifying");
    settled(wired.kit.complete(&file, parts).await);
    assert_eq!(wired.proxy.ledger().count(Call::Complete), 1);
}

async fn f082_an_upload_that_the_store_dropped_starts_over_under_another_key(server: Server) {
    let kit = kit_on(&server).await;
    let file = large("a", 1);
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    let (oracle, trip) = (server.oracle().expect("an oracle"), kit.key(""));
    blocking(move || {
        for upload in oracle
            .uploads()
            .expect("uploads")
            .iter()
            .filter(|u| u.key.starts_with(&trip))
        {
            oracle.abort(upload).expect("aborted");
        }
    })
    .await;
    assert_eq!(
        error_code(&kit.complete(&file, parts.clone()).await),
        "storage_lost_upload"
    );
    assert_eq!(kit.session(&file).await.state.as_str(), "failed");
    assert_eq!(
        kit.client
            .finalize_group(kit.group)
            .await
            .expect_err("failed")
            .code
            .as_str(),
        "finalize_incomplete"
    );
    let again = Sample { attempt: 2, ..file };
    let proof = kit.upload(&again).await;
    assert_eq!(proof.object_key, kit.key("a (2)"));
}

async fn f084_an_error_inside_200_is_no_success(server: Server) {
    let wired = Wired::new(server).await;
    let file = large("a", 1);
    wired.kit.init(&file).await;
    let parts = wired.kit.send(&file).await;
    let body = "  \n <Error><Code>InternalError</Code><Message>try again</Message></Error>".to_owned();
    wired.proxy.add(
        Rule::new(Fault::Status {
            status: 200,
            headers: Vec::new(),
            body,
        })
        .call(Call::Complete)
        .once(),
    );
    assert_eq!(
        error_code(&wired.kit.complete(&file, parts.clone()).await),
        "storage_error"
    );
    settled(wired.kit.complete(&file, parts).await);
}

async fn f078_a_store_that_asks_to_slow_down_is_heard(server: Server) {
    let wired = Wired::new(server).await;
    let file = large("a", 1);
    wired.kit.init(&file).await;
    let parts = wired.kit.send(&file).await;
    let body = "<Error><Code>SlowDown</Code></Error>".to_owned();
    let headers = vec![("Retry-After".to_owned(), "7".to_owned())];
    wired.proxy.add(
        Rule::new(Fault::Status {
            status: 503,
            headers,
            body,
        })
        .call(Call::ListParts)
        .once(),
    );
    match wired.kit.complete_once(&file, parts.clone()).await {
        CompleteOutcome::Failed { error } => {
            assert_eq!(
                (error.code.as_str(), error.retry_after_ms),
                ("destination_slow_down", Some(7_000))
            );
        }
        other => panic!("{other:?}"),
    }
    settled(wired.kit.complete(&file, parts).await);
}

async fn f065_a_store_that_has_no_time_for_a_moment_is_asked_again(server: Server) {
    let wired = Wired::new(server).await;
    let file = large("a", 1);
    wired.kit.init(&file).await;
    let parts = wired.kit.send(&file).await;
    for (call, status) in [(Call::ListParts, 503), (Call::Complete, 500), (Call::Head, 502)] {
        wired
            .proxy
            .add(Rule::new(Fault::status(status)).call(call).once());
    }
    settled(wired.kit.complete_once(&file, parts).await);
    assert_eq!(wired.proxy.ledger().count(Call::Complete), 2);
}

async fn a_store_that_is_down_is_told_and_found_again(server: Server) {
    let wired = Wired::new(server).await;
    let file = large("a", 1);
    wired.kit.init(&file).await;
    let parts = wired.kit.send(&file).await;
    wired.proxy.down();
    assert_eq!(
        error_code(&wired.kit.complete(&file, parts.clone()).await),
        "connection_refused"
    );
    let known = wired.kit.session(&file).await;
    assert!(!known.parts_known && known.parts.is_empty());
    let kept = wired.kit.delete(&Sample::new("other", Vec::new())).await;
    assert!(kept.cleaned);
    wired.proxy.up().expect("up");
    settled(wired.kit.complete(&file, parts).await);
}

async fn f101_what_could_not_be_cleaned_is_told_and_cleaned_later(server: Server) {
    let wired = Wired::new(server).await;
    let file = large("a", 1);
    wired.kit.init(&file).await;
    wired.kit.send(&file).await;
    wired.proxy.down();
    let left = wired.kit.delete(&file).await;
    assert!(!left.cleaned);
    assert_eq!(left.error.map(|e| e.code), Some("connection_refused".into()));
    wired.proxy.up().expect("up");
    assert_eq!(wired.uploads().await, 1);
    assert!(wired.kit.delete(&file).await.cleaned);
    assert_eq!(wired.uploads().await, 0);
}

async fn an_object_that_is_not_ours_is_never_overwritten(server: Server) {
    let kit = kit_on(&server).await;
    let oracle = server.oracle().expect("an oracle");
    let theirs = kit.key("a.txt");
    blocking(move || oracle.put(&theirs, b"theirs").expect("put")).await;
    let proof = kit.upload(&Sample::new("a.txt", bytes(1, 10))).await;
    assert_eq!(proof.object_key, kit.key("a (2).txt"));
    let large = large("a.txt", 2);
    assert_eq!(kit.upload(&large).await.object_key, kit.key("a (3).txt"));
    let (oracle, theirs) = (server.oracle().expect("an oracle"), kit.key("a.txt"));
    assert_eq!(
        blocking(move || oracle.get(&theirs).expect("get")).await,
        b"theirs"
    );
}

async fn an_object_without_our_token_is_no_proof_and_is_not_deleted(server: Server) {
    let kit = kit_on(&server).await;
    let file = Sample::new("a.txt", bytes(1, 10));
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    let (oracle, key, data) = (
        server.oracle().expect("an oracle"),
        kit.key("a.txt"),
        file.data.clone(),
    );
    blocking(move || oracle.put(&key, &data).expect("put")).await;
    assert_eq!(error_code(&kit.complete(&file, parts).await), "token_mismatch");
    assert!(kit.delete(&file).await.cleaned);
    assert_eq!(objects(&server, &kit.key("")).await, [kit.key("a.txt")]);
}

async fn f087_a_store_that_is_not_believed_is_read_back(server: Server) {
    let mut kit = kit_on(&server).await;
    kit.ledger()
        .execute("UPDATE destination SET capabilities = NULL", [])
        .expect("written");
    kit.relaunch().await;
    // Garage wants a checksum on every part of an upload that was created with one.
    let file = large("a", 1);
    let small = Sample::new("b", bytes(2, 100));
    assert_eq!(kit.upload(&file).await.proof, "read_back");
    assert_eq!(kit.upload(&small).await.proof, "read_back");
    let verified = kit
        .client
        .verify(&Ids { ids: vec![file.id] })
        .await
        .expect("verify")
        .remove(0);
    assert!(verified.settled.is_some());
}

async fn f097_an_object_that_vanished_is_told_and_no_longer_counts(server: Server) {
    let kit = kit_on(&server).await;
    let file = Sample::new("a", bytes(1, 100));
    kit.upload(&file).await;
    let (oracle, key) = (server.oracle().expect("an oracle"), kit.key("a"));
    blocking(move || oracle.delete(&key).expect("deleted")).await;
    let verified = kit
        .client
        .verify(&Ids { ids: vec![file.id] })
        .await
        .expect("verify")
        .remove(0);
    assert_eq!(verified.error.map(|e| e.code), Some("object_missing".into()));
    let known = kit.session(&file).await;
    assert!(
        known.deleted && known.settled.is_some(),
        "what was true stays true"
    );
    let again = Sample::new("a", file.data.clone());
    assert!(matches!(kit.init(&again).await, InitAnswer::Upload { .. }));
}

async fn f090_more_parts_than_a_page_are_listed_and_completed(server: Server) {
    let kit = kit_on(&server).await;
    let file = Sample::new("many", bytes(1, 1_100)).cut(1);
    kit.init(&file).await;
    let signed = kit.sign(&file).await;
    let bodies = file.bodies();
    let kit = &kit;
    let puts = futures::stream::iter(signed.iter().zip(bodies)).map(|(signed, body)| async move {
        let response = kit.put(signed, body.clone()).await;
        assert!(response.status().is_success());
        windlass_protocol::sessions::DonePart {
            n: signed.n,
            size: 1,
            crc64: windlass_core::checksum::crc64(&body),
            etag: windlass_core::units::ETag(
                response.headers()["etag"].to_str().expect("an etag").to_owned(),
            ),
        }
    });
    let parts: Vec<_> = puts.buffered(4).collect().await;
    assert_eq!(kit.session(&file).await.parts.len(), 1_100);
    settled(kit.complete(&file, parts).await);
}

async fn a067_a_url_takes_neither_other_headers_nor_another_length(server: Server) {
    let kit = kit_on(&server).await;
    let file = Sample::new("a", bytes(1, 100));
    kit.init(&file).await;
    let signed = kit.sign(&file).await.remove(0);
    for skip in 0..signed.headers.len() {
        let mut less = signed.clone();
        less.headers.remove(skip);
        assert!(
            !kit.put(&less, file.data.clone()).await.status().is_success(),
            "{:?}",
            signed.headers[skip]
        );
        let mut other = signed.clone();
        other.headers[skip].1.push('x');
        assert!(
            !kit.put(&other, file.data.clone()).await.status().is_success(),
            "{:?}",
            signed.headers[skip]
        );
    }
    assert!(kit.put(&signed, file.data.clone()).await.status().is_success());
}

/// Only radosgw has a least part size, as AWS has; the shared one is set to none.
#[tokio::test(flavor = "multi_thread")]
async fn parts_that_are_too_small_for_the_store_are_told_and_a_larger_plan_works() {
    let server: Server = blocking(|| Arc::new(Radosgw::start(LEAST_PART).expect("radosgw"))).await;
    let kit = kit_on(&server).await;
    let file = large("a", 1);
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    match kit.complete(&file, parts).await {
        CompleteOutcome::Failed { error } => {
            assert!(error.detail.contains("EntityTooSmall"), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
    let fits = Sample::new("b", bytes(2, 5_300_000)).cut(LEAST_PART);
    assert_eq!(kit.upload(&fits).await.proof, "read_back");
}

// A67: where the store takes no notice of checksums, the length of an empty file is in the signature too.
async fn a067_the_url_of_an_empty_file_takes_no_byte(server: Server) {
    let kit = kit_on(&server).await;
    let file = Sample::new("empty", Vec::new());
    kit.init(&file).await;
    let signed = kit.sign(&file).await.remove(0);
    assert!(!kit.put(&signed, b"x".to_vec()).await.status().is_success());
    let parts = kit.send(&file).await;
    settled(kit.complete(&file, parts).await);
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_garage {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::garage().await).await; })+
        }
        mod on_radosgw {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::radosgw().await).await; })+
        }
    };
}

on_both! {
    f088_a_trial_learns_what_the_store_checks_and_leaves_nothing,
    small_files_are_proved_by_their_hash_and_large_ones_by_their_crc,
    f055_a_lost_answer_to_create_leaves_one_upload_at_most,
    f056_a_lost_answer_to_complete_is_settled_by_asking,
    f083_an_upload_that_was_completed_unseen_is_found,
    f082_an_upload_that_the_store_dropped_starts_over_under_another_key,
    f084_an_error_inside_200_is_no_success,
    f065_a_store_that_has_no_time_for_a_moment_is_asked_again,
    f078_a_store_that_asks_to_slow_down_is_heard,
    a_store_that_is_down_is_told_and_found_again,
    f101_what_could_not_be_cleaned_is_told_and_cleaned_later,
    an_object_that_is_not_ours_is_never_overwritten,
    an_object_without_our_token_is_no_proof_and_is_not_deleted,
    f087_a_store_that_is_not_believed_is_read_back,
    f097_an_object_that_vanished_is_told_and_no_longer_counts,
    f090_more_parts_than_a_page_are_listed_and_completed,
    a067_a_url_takes_neither_other_headers_nor_another_length,
    a067_the_url_of_an_empty_file_takes_no_byte,
}
