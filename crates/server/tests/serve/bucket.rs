//! A bucket as storage, and two replicas before one database.

use windlass_protocol::sessions::{CompleteOutcome, Query};
use windlass_protocol::tokens::Scope;

use crate::support::garage::Bucket;
use crate::support::{Kit, Sample, settings_with};

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_on_one_database_and_one_bucket_are_one_server() {
    let (bucket, database) = (Bucket::fresh().await, Kit::database().await);
    let keys = bucket.keys();
    let url = database.url().to_owned();
    let flags = [
        bucket.storage(),
        ("database", url.as_str()),
        ("database-connections", "4"),
    ];
    // Both at once, on an empty database.
    let (one, two) = tokio::join!(Kit::with(None, &flags, &keys), Kit::with(None, &flags, &keys));
    let token = one
        .token("ann", &[Scope::Upload, Scope::Read, Scope::Delete])
        .await;
    let names: Vec<_> = two.client(&token).destinations().await.expect("destinations");
    assert_eq!(names.len(), 3, "{names:?}");
    let place = one.destination(&token, "recordings").await;
    let group = one.group(&token, place).await;
    let file = Sample::new("a.bin", 300_000);
    one.client(&token)
        .init(vec![file.init(group)])
        .await
        .expect("init");
    let parts = two.send(&token, &file).await;
    let done = one
        .client(&token)
        .complete(vec![file.complete(parts)])
        .await
        .expect("complete");
    assert!(matches!(done[0].outcome, CompleteOutcome::Settled(_)), "{done:?}");
    let query = Query {
        ids: vec![file.id],
        parts: false,
    };
    let seen = two.client(&token).query(&query).await.expect("query");
    assert!(seen.sessions[0].settled.is_some(), "{seen:?}");
    let content = two
        .get(&format!("/v1/sessions/{}/content", file.id), &token)
        .await;
    assert_eq!(content.status(), 200);
    assert!(
        content.headers()["content-disposition"]
            .to_str()
            .expect("text")
            .contains("a.bin")
    );
    assert!(
        content.bytes().await.expect("bytes") == file.data,
        "the same bytes, from the bucket"
    );
    for kit in [&one, &two] {
        assert_eq!(kit.get("/readyz", "").await.status(), 200);
    }
    // The keys are nowhere in the ledger.
    let sql = "SELECT string_agg(config, '') FROM destination";
    let db = one.server.as_ref().expect("running").service().store().db();
    let configs: String = db
        .read(move |tx| tx.query_one(sql, &[])?.get(0))
        .await
        .expect("configs");
    assert!(
        !configs.contains(keys[1].1) && configs.contains(&format!("{}/models/", bucket.prefix)),
        "{configs}"
    );
    drop((one, two));

    // Another bucket is no place that files have moved to.
    let other = bucket.storage().1.replace(&bucket.prefix, "elsewhere");
    let dir = tempfile::TempDir::new().expect("a folder");
    let flags = [
        ("data", dir.path().to_str().expect("text")),
        ("listen", "127.0.0.1:0"),
        ("storage", other.as_str()),
        ("database", url.as_str()),
    ];
    let moved = settings_with(&flags, &keys).expect("settings");
    let refused = windlass_server::serve::start(moved).await.err().expect("refused");
    assert!(
        refused.detail.starts_with("storage: the destination recordings"),
        "{refused}"
    );
    drop(database);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_take_the_keys_is_told_at_the_start() {
    let bucket = Bucket::fresh().await;
    let dir = tempfile::TempDir::new().expect("a folder");
    let flags = [
        ("data", dir.path().to_str().expect("text")),
        ("listen", "127.0.0.1:0"),
        bucket.storage(),
    ];
    let wrong = [bucket.keys()[0], ("AWS_SECRET_ACCESS_KEY", "wrong-and-secret")];
    let settings = settings_with(&flags, &wrong).expect("settings");
    let refused = windlass_server::serve::start(settings)
        .await
        .err()
        .expect("refused");
    assert!(refused.detail.starts_with("storage: the bucket"), "{refused}");
    assert!(!refused.detail.contains("wrong-and-secret"), "{refused}");
}
