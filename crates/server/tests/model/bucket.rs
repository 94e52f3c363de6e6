//! Duplicates in a bucket share an object (M6, M8, M9), with two replicas on one database.

use serde_json::json;

use crate::desk::Desk;
use crate::support::garage::Bucket;
use crate::support::{Kit, Sample};

/// A server on a bucket; Garage runs as long as its handle is there.
async fn bucket(on_postgres: bool) -> (Desk, Bucket) {
    let bucket = Bucket::fresh().await;
    let database = match on_postgres {
        true => Some(Kit::database().await),
        false => None,
    };
    let kit = Kit::with(database, &[bucket.storage()], &bucket.keys()).await;
    (Desk::new(kit).await, bucket)
}

fn same(file: &Sample, path: &str) -> Sample {
    Sample {
        data: file.data.clone(),
        ..Sample::new(path, 0)
    }
}

// D-2, D-5, M8, M9
#[tokio::test(flavor = "multi_thread")]
async fn m08_in_a_bucket_duplicates_share_an_object_and_the_next_upload_adopts_it() {
    for on_postgres in [false, true] {
        let (desk, _garage) = bucket(on_postgres).await;
        let to = json!({ "destination": "recordings" });
        let race = json!({ "destination": "recordings", "race": true });
        let first = Sample::new("a.bin", 300_000);
        let (double, racer, next) = (
            same(&first, "b.bin"),
            same(&first, "c.bin"),
            same(&first, "d.bin"),
        );
        let key = desk.upload(&first, &to).await["object_key"].clone();
        assert_eq!(desk.init(&racer, &race).await["answer"], "upload");
        assert_eq!(desk.init(&double, &to).await["answer"], "duplicate");
        // What turns out equal when it is complete shares the object, too; its own is given up.
        desk.send(&racer).await;
        for file in [&double, &racer] {
            let view = desk.file(file.id).await;
            assert_eq!(
                (&view["state"], &view["canonical_id"]),
                (&json!("deduplicated"), &json!(first.id))
            );
            assert_eq!(view["object_key"], key, "one object");
        }
        // The canonical goes; its object stays, for it is shared.
        desk.ok("DELETE", &format!("/v1/sessions/{}", first.id), None)
            .await;
        let content = desk
            .ask("GET", &format!("/v1/sessions/{}/content", double.id), None)
            .await;
        assert_eq!(content.bytes().await.expect("bytes").as_ref(), &first.data[..]);
        // The next upload of this content becomes canonical without a byte.
        let answer = desk.init(&next, &to).await;
        assert_eq!(answer["answer"], "settled", "{answer}");
        let view = desk.file(next.id).await;
        assert_eq!((&view["state"], &view["object_key"]), (&json!("uploaded"), &key));
        for file in [&double, &racer] {
            assert_eq!(desk.file(file.id).await["canonical_id"], json!(next.id));
        }
        // Only the last one that has it takes the bytes along. A job may still read them: then they wait.
        for file in [&double, &racer] {
            desk.ok("DELETE", &format!("/v1/sessions/{}", file.id), None)
                .await;
        }
        let content = desk
            .ask("GET", &format!("/v1/sessions/{}/content", next.id), None)
            .await;
        assert_eq!(content.bytes().await.expect("bytes").as_ref(), &first.data[..]);
    }
}
