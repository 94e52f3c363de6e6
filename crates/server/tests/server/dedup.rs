//! Duplicates: never trusted without proof, never a byte sent for nothing (I21, M6-M11).

use windlass_core::ids::GroupId;
use windlass_protocol::sessions::{Ids, InitAnswer, Settled};

use crate::support::{Kit, Sample, bytes, settled};

fn duplicate(answer: InitAnswer) -> (windlass_core::ids::FileId, Option<Settled>) {
    match answer {
        InitAnswer::Duplicate { of, settled } => (of, settled),
        other => panic!("no duplicate: {other:?}"),
    }
}

fn is_upload(answer: &InitAnswer) -> bool {
    matches!(answer, InitAnswer::Upload { .. })
}

/// The same content as another file under another name.
fn twin(of: &Sample, path: &str) -> Sample {
    Sample {
        id: crate::support::file_id(),
        path: path.into(),
        ..of.clone()
    }
}

async fn only_a_size_that_is_there_asks_for_a_hash(kit: Kit) {
    let first = Sample::new("a", bytes(1, 5_000));
    kit.upload(&first).await;
    let mut unhashed = Sample::new("b", bytes(2, 5_000));
    unhashed.sha = false;
    assert_eq!(kit.init(&unhashed).await, InitAnswer::MaybeDuplicate);
    let known = windlass_protocol::sessions::Query {
        ids: vec![unhashed.id],
        parts: false,
    };
    assert_eq!(
        kit.client.query(&known).await.expect("query").unknown,
        [unhashed.id],
        "nothing was written"
    );
    let other_size = Sample {
        data: bytes(2, 5_001),
        ..unhashed.clone()
    };
    assert!(is_upload(
        &kit.init(&Sample {
            id: crate::support::file_id(),
            ..other_size
        })
        .await
    ));
    let race = Sample {
        race: true,
        id: crate::support::file_id(),
        ..unhashed.clone()
    };
    assert!(is_upload(&kit.init(&race).await));
    unhashed.sha = true;
    assert!(is_upload(&kit.init(&unhashed).await), "the content is new");
}

async fn the_same_content_is_settled_without_a_byte(kit: Kit) {
    let first = Sample::new("a.bin", bytes(1, 5_000));
    let proof = kit.upload(&first).await;
    let second = twin(&first, "b.bin");
    let (of, done) = duplicate(kit.init(&second).await);
    let done = done.expect("settled");
    assert_eq!(of, first.id);
    assert!(done.deduplicated && done.sha256 == proof.sha256);
    let folder = kit.key("") == "Trip/";
    assert_eq!(
        done.object_key,
        if folder {
            kit.key("b.bin")
        } else {
            kit.key("a.bin")
        }
    );
    assert_eq!(
        kit.init(&second).await,
        InitAnswer::Settled(done.clone()),
        "asked again"
    );
    assert_eq!(kit.session(&second).await.settled, Some(done));
    let group = kit.client.finalize_group(kit.group).await.expect("complete");
    assert_eq!((group.total_files, group.completed_files), (2, 2));
    let verified = kit
        .client
        .verify(&Ids {
            ids: vec![first.id, second.id],
        })
        .await
        .expect("verify");
    assert!(verified.iter().all(|v| v.settled.is_some()), "{verified:?}");
}

// F118
async fn content_on_its_way_is_waited_for(kit: Kit) {
    let first = Sample::new("a", bytes(1, 5_000));
    let (second, third) = (twin(&first, "b"), twin(&first, "c"));
    kit.init(&first).await;
    for follower in [&second, &third] {
        let (of, done) = duplicate(kit.init(follower).await);
        assert_eq!((of, done), (first.id, None));
    }
    let refused = kit
        .client
        .sign(vec![second.sign_item()])
        .await
        .expect("sign")
        .remove(0);
    assert_eq!(refused.error.map(|e| e.code), Some("follows_other".into()));
    assert_eq!(kit.session(&second).await.object_key, None);
    let parts = kit.send(&first).await;
    settled(kit.complete(&first, parts).await);
    assert!(kit.session(&second).await.settled.expect("settled").deduplicated);
    let (_, done) = duplicate(kit.init(&third).await);
    assert!(done.is_some());
}

// F118
async fn a_follower_takes_over_when_the_other_gives_up_or_falls_silent(kit: Kit) {
    let first = Sample::new("a", bytes(1, 5_000));
    let (second, third) = (twin(&first, "b"), twin(&first, "c"));
    kit.init(&first).await;
    duplicate(kit.init(&second).await);
    duplicate(kit.init(&third).await);
    assert!(kit.delete(&first).await.cleaned);
    assert!(kit.session(&second).await.object_key.is_some(), "told by query");
    let (of, _) = duplicate(kit.init(&third).await);
    assert_eq!(of, second.id, "the others follow the one that took over");
    kit.world.later(601_000);
    assert!(is_upload(&kit.init(&third).await), "nobody waits for the silent");
    let parts = kit.send(&third).await;
    settled(kit.complete(&third, parts).await);
}

async fn two_of_a_batch_with_one_content_are_sent_once(kit: Kit) {
    let first = Sample::new("a", bytes(1, 5_000));
    let second = twin(&first, "b");
    let answers = kit
        .client
        .init(vec![kit.item(&first), kit.item(&second)])
        .await
        .expect("init");
    assert!(is_upload(&answers[0].answer));
    assert_eq!(duplicate(answers[1].answer.clone()), (first.id, None));
}

// I21, A133
async fn content_that_was_not_proved_is_no_source(kit: Kit) {
    let mut first = Sample::new("a", bytes(1, 5_000));
    first.sha = false;
    kit.upload(&first).await;
    let second = Sample {
        sha: true,
        ..twin(&first, "b")
    };
    assert!(is_upload(&kit.init(&second).await));
}

// F97, F105
async fn content_that_vanished_is_sent_again(kit: Kit) {
    let first = Sample::new("a", bytes(1, 5_000));
    kit.upload(&first).await;
    kit.remove_object("a").await;
    kit.world.later(86_400_001);
    let second = twin(&first, "b");
    assert!(is_upload(&kit.init(&second).await));
    assert!(kit.session(&first).await.deleted);
    let parts = kit.send(&second).await;
    settled(kit.complete(&second, parts).await);
}

async fn a_deleted_file_is_no_source_and_its_duplicates_stay(kit: Kit) {
    let first = Sample::new("a", bytes(1, 5_000));
    kit.upload(&first).await;
    let second = twin(&first, "b");
    duplicate(kit.init(&second).await);
    assert!(kit.delete(&first).await.cleaned);
    let verified = kit
        .client
        .verify(&Ids { ids: vec![second.id] })
        .await
        .expect("verify")
        .remove(0);
    assert!(verified.settled.is_some(), "{verified:?}");
}

macro_rules! conforms {
    ($($name:ident),+ $(,)?) => {
        mod on_a_folder {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::Kit::folder().await).await; })+
        }
        mod on_a_bucket {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(crate::s3::kit().await.1).await; })+
        }
        mod on_postgres_and_a_folder {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
                crate::databases::on_postgres(async { super::$name(super::Kit::folder().await).await }).await;
            })+
        }
        mod on_postgres_and_a_bucket {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
                crate::databases::on_postgres(async { super::$name(crate::s3::kit().await.1).await }).await;
            })+
        }
        mod on_radosgw {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
                super::$name(crate::s3::kit_on(&crate::s3::radosgw().await).await).await;
            })+
        }
    };
}

conforms! {
    only_a_size_that_is_there_asks_for_a_hash,
    the_same_content_is_settled_without_a_byte,
    content_on_its_way_is_waited_for,
    a_follower_takes_over_when_the_other_gives_up_or_falls_silent,
    two_of_a_batch_with_one_content_are_sent_once,
    content_that_was_not_proved_is_no_source,
    content_that_vanished_is_sent_again,
    a_deleted_file_is_no_source_and_its_duplicates_stay,
}

async fn on_a_folder_each_duplicate_is_a_file_of_its_own() {
    let kit = Kit::folder().await;
    let first = Sample::new("a.txt", bytes(1, 100_000));
    kit.upload(&first).await;
    std::fs::write(kit.root().join("Trip/b.txt"), "theirs").expect("a file");
    let second = twin(&first, "b.txt");
    let (_, done) = duplicate(kit.init(&second).await);
    assert_eq!(done.expect("settled").object_key, "Trip/b (2).txt");
    assert_eq!(
        std::fs::read(kit.root().join("Trip/b (2).txt")).expect("the copy"),
        first.data
    );
    assert_eq!(
        std::fs::read(kit.root().join("Trip/b.txt")).expect("theirs"),
        b"theirs"
    );
    // Deleting one does not touch the other.
    std::fs::remove_file(kit.root().join("Trip/a.txt")).expect("removed");
    let verified = kit
        .client
        .verify(&Ids { ids: vec![second.id] })
        .await
        .expect("verify")
        .remove(0);
    assert!(verified.settled.is_some());
}

async fn f096_a_file_that_was_edited_in_place_is_no_source() {
    let kit = Kit::folder().await;
    let first = Sample::new("a.txt", bytes(1, 100_000));
    kit.upload(&first).await;
    let mut edited = first.data.clone();
    edited[7] ^= 1;
    std::fs::write(kit.root().join("Trip/a.txt"), &edited).expect("edited");
    let second = twin(&first, "b.txt");
    assert!(is_upload(&kit.init(&second).await));
    assert!(kit.session(&first).await.deleted);
    let parts = kit.send(&second).await;
    settled(kit.complete(&second, parts).await);
    assert_eq!(
        std::fs::read(kit.root().join("Trip/a.txt")).expect("theirs now"),
        edited
    );
    let third = twin(&first, "c.txt");
    assert!(duplicate(kit.init(&third).await).1.is_some());
}

async fn a_duplicate_in_another_group_is_a_duplicate_too() {
    let kit = Kit::folder().await;
    let first = Sample::new("a.txt", bytes(1, 1_000));
    kit.upload(&first).await;
    let other: GroupId = kit.other_group("Other").await;
    let second = Sample {
        group: Some(other),
        ..twin(&first, "a.txt")
    };
    let (_, done) = duplicate(kit.init(&second).await);
    assert_eq!(done.expect("settled").object_key, "Other/a.txt");
}

crate::databases::both! {
    on_a_folder_each_duplicate_is_a_file_of_its_own,
    f096_a_file_that_was_edited_in_place_is_no_source,
    a_duplicate_in_another_group_is_a_duplicate_too,
}
