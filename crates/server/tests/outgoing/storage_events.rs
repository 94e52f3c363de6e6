//! The events of a real radosgw.

use std::time::Duration;

use windlass_server::events::{HintKind, read};
use windlass_testkit::radosgw::Radosgw;
use windlass_testkit::s3::S3Server as _;

use crate::receiver::{Receiver, fine};

// F113, F114
#[tokio::test(flavor = "multi_thread")]
async fn a_radosgw_tells_of_each_put_and_each_complete() {
    let mut receiver = Receiver::start(fine("")).await;
    let url = receiver.url("/v1/webhooks/storage/d");
    let names = ["plain", "with space/ü+1 %41.bin", "日本語/%"];
    let rados = tokio::task::spawn_blocking(move || {
        let rados = Radosgw::start(0).expect("radosgw");
        rados.notify(&url).expect("a notification");
        let oracle = rados.oracle().expect("an oracle");
        for name in names {
            oracle.put(name, b"hello").expect("put");
        }
        oracle
            .multipart(
                "large/ü+1 %41",
                &[b"one ", b"two"],
                &[("x-amz-meta-windlass-token", "T7")],
            )
            .expect("completed");
        rados
    })
    .await
    .expect("done");
    for name in names {
        let request = receiver.requests.recv().await.expect("an event");
        let delivery = read(&request.body);
        assert_eq!(
            (delivery.hints.len(), delivery.dead.len()),
            (1, 0),
            "{delivery:?}"
        );
        let hint = &delivery.hints[0];
        assert_eq!((hint.bucket.as_str(), hint.key.as_str()), (rados.bucket(), name));
        assert_eq!((hint.kind, hint.size), (HintKind::Put, Some(5)));
        assert_eq!(hint.etag.as_deref(), Some("5d41402abc4b2a76b9719d911017c592"));
        assert!(hint.sequencer.is_some() && hint.at.is_some());
    }
    let complete = tokio::time::timeout(Duration::from_secs(30), receiver.requests.recv());
    let request = complete.await.expect("in time").expect("an event");
    let hint = read(&request.body).hints.remove(0);
    assert_eq!(
        (hint.kind, hint.size),
        (HintKind::CompleteMultipartUpload, Some(7))
    );
    assert_eq!(
        (hint.key.as_str(), hint.token.as_deref()),
        ("large/ü+1 %41", Some("T7"))
    );
    tokio::task::spawn_blocking(move || drop(rados))
        .await
        .expect("gone");
}
