//! What every storage does, run on a folder and on the buckets of two real servers.

use windlass_core::accepts::Accepts;
use windlass_core::error::ErrorCode;
use windlass_protocol::destinations::PutDestination;
use windlass_protocol::sessions::{CompleteOutcome, Ids, InitAnswer, Query};

use crate::support::{Kit, Sample, bytes, error_code, file_id, refused, settled};

/// One part of a large file; small, where the storage has no least size.
const PART: u64 = 100_000;

async fn small_and_empty_and_large_files_are_proved(kit: Kit) {
    for (path, len) in [
        ("empty", 0),
        ("one", 1),
        ("small", 50_000),
        ("large", 250_001),
        ("exact", 200_000),
    ] {
        let file = Sample::new(path, bytes(len as u64 + 1, len)).cut(PART);
        let proof = kit.upload(&file).await;
        assert_eq!((proof.object_key, proof.size), (kit.key(path), len as u64));
        assert_eq!(proof.sha256, Some(crate::support::sha256(&file.data)));
        assert!(!proof.deduplicated);
        let verified = kit
            .client
            .verify(&Ids { ids: vec![file.id] })
            .await
            .expect("verify")
            .remove(0);
        assert!(verified.settled.is_some(), "{verified:?}");
    }
}

// F55, F107
async fn init_asked_twice_gives_the_same_answer(kit: Kit) {
    let file = Sample::new("a", bytes(1, 300_000)).cut(PART);
    let first = kit.init(&file).await;
    assert_eq!(kit.init(&file).await, first);
    kit.sign(&file).await;
    assert_eq!(kit.init(&file).await, first);
    let parts = kit.send(&file).await;
    let proof = settled(kit.complete(&file, parts.clone()).await);
    assert_eq!(kit.init(&file).await, InitAnswer::Settled(proof.clone()));
    assert_eq!(settled(kit.complete(&file, parts).await), proof);
}

// F108
async fn an_id_stands_for_one_set_of_facts(kit: Kit) {
    let file = Sample::new("a", bytes(1, 1_000));
    kit.init(&file).await;
    let mut other = file.clone();
    other.data.push(1);
    assert_eq!(refused(&kit.init(&other).await), "id_reused");
    let mut other = file.clone();
    other.path = "b".into();
    assert_eq!(refused(&kit.init(&other).await), "id_reused");
    let mut other = file.clone();
    other.data[0] ^= 1;
    assert_eq!(refused(&kit.init(&other).await), "id_reused");
}

// F104, I2
async fn a_newer_attempt_gives_up_the_older_and_fences_it(kit: Kit) {
    let old = Sample::new("a.bin", bytes(1, 300_000)).cut(PART);
    kit.init(&old).await;
    let old_urls = kit.sign(&old).await;
    let old_parts = kit.send(&old).await;
    let mut new = Sample {
        attempt: 2,
        data: bytes(2, 280_000),
        ..old.clone()
    };
    new.part = PART;
    assert!(matches!(kit.init(&new).await, InitAnswer::Upload { .. }));
    assert_eq!(refused(&kit.init(&old).await), "lease_lost");
    assert_eq!(error_code(&kit.complete(&old, old_parts).await), "lease_lost");
    let late = kit.put(&old_urls[0], old.bodies().remove(0)).await;
    let parts = kit.send(&new).await;
    let proof = settled(kit.complete(&new, parts).await);
    assert_eq!(
        proof.sha256,
        Some(crate::support::sha256(&new.data)),
        "late part: {}",
        late.status()
    );
    assert_eq!(kit.session(&new).await.attempt, 2);
    // Settled is settled: a third attempt is another file.
    let third = Sample { attempt: 3, ..new };
    assert_eq!(refused(&kit.init(&third).await), "session_settled");
}

// F85, F90, I3
async fn a_missing_part_is_named_and_nothing_is_completed(kit: Kit) {
    let file = Sample::new("a", bytes(1, 300_000)).cut(PART);
    kit.init(&file).await;
    let signed = kit.sign(&file).await;
    let bodies = file.bodies();
    let mut parts = Vec::new();
    for ((range, body), signed) in file.sign_item().parts.iter().zip(&bodies).zip(&signed) {
        let etag = if range.n.get() == 2 {
            "\"never sent\"".to_owned()
        } else {
            let sent = kit.put(signed, body.clone()).await;
            assert!(sent.status().is_success());
            sent.headers()["etag"].to_str().expect("an etag").to_owned()
        };
        parts.push(windlass_protocol::sessions::DonePart {
            n: range.n,
            size: range.size,
            crc64: windlass_core::checksum::crc64(body),
            etag: windlass_core::units::ETag(etag),
        });
    }
    match kit.complete(&file, parts.clone()).await {
        CompleteOutcome::PartsMissing { parts } => {
            assert_eq!(parts.iter().map(|n| n.get()).collect::<Vec<_>>(), [2]);
        }
        other => panic!("{other:?}"),
    }
    let known = kit.session(&file).await;
    assert_eq!(known.parts.iter().map(|p| p.n.get()).collect::<Vec<_>>(), [1, 3]);
    assert!(known.parts_known);
    // A list with a hole is refused as such.
    let mut short = parts;
    short.remove(1);
    assert_eq!(
        error_code(&kit.complete(&file, short).await),
        "part_plan_mismatch"
    );
    let parts = kit.send(&file).await;
    settled(kit.complete(&file, parts).await);
}

// A43, A68, F86
async fn wrong_bytes_are_refused_and_leave_nothing(kit: Kit) {
    let file = Sample::new("a", bytes(1, 1_000));
    kit.init(&file).await;
    let signed = kit.sign(&file).await;
    let mut wrong = file.data.clone();
    wrong[500] ^= 1;
    let taken = kit.put(&signed[0], wrong).await.status().is_success();
    assert_eq!(taken, !kit.verifies_checksums());
    assert!(
        !kit.put(&signed[0], file.data[..999].to_vec())
            .await
            .status()
            .is_success()
    );
    let longer = [file.data.clone(), vec![0]].concat();
    assert!(!kit.put(&signed[0], longer).await.status().is_success());
    let part = file.sign_item().parts.remove(0);
    let claimed = windlass_protocol::sessions::DonePart {
        n: part.n,
        size: part.size,
        crc64: part.crc64,
        etag: windlass_core::units::ETag("\"x\"".into()),
    };
    assert!(matches!(
        kit.complete(&file, vec![claimed]).await,
        CompleteOutcome::PartsMissing { .. }
    ));
}

// F80
async fn an_expired_url_is_refused_and_a_new_one_works(kit: Kit) {
    let file = Sample::new("a", bytes(1, 1_000));
    kit.init(&file).await;
    // The first URL looks names up; from then on signing asks nobody.
    kit.sign(&file).await;
    kit.world.later(-3_600_000);
    let old = kit.sign(&file).await;
    kit.world.later(3_600_000);
    assert!(!kit.put(&old[0], file.data.clone()).await.status().is_success());
    let parts = kit.send(&file).await;
    settled(kit.complete(&file, parts).await);
}

// A73
async fn parts_beyond_the_plan_are_not_signed(kit: Kit) {
    let file = Sample::new("a", bytes(1, 250_000)).cut(PART);
    kit.init(&file).await;
    let mut item = file.sign_item();
    item.parts[2].n = 4.try_into().expect("a number");
    let result = kit.client.sign(vec![item]).await.expect("sign").remove(0);
    assert_eq!(result.error.map(|e| e.code), Some("part_out_of_range".into()));
    let mut item = file.sign_item();
    item.parts[0].size += 1;
    let result = kit.client.sign(vec![item]).await.expect("sign").remove(0);
    assert_eq!(result.error.map(|e| e.code), Some("part_plan_mismatch".into()));
}

// F57, I37
async fn giving_up_is_repeatable_and_leaves_nothing_to_complete(kit: Kit) {
    let file = Sample::new("a", bytes(1, 250_000)).cut(PART);
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    for _ in 0..2 {
        let gone = kit.delete(&file).await;
        assert!(gone.cleaned && gone.error.is_none(), "{gone:?}");
    }
    assert!(kit.session(&file).await.deleted);
    assert_eq!(error_code(&kit.complete(&file, parts).await), "session_deleted");
    assert_eq!(refused(&kit.init(&file).await), "session_deleted");
    let unknown = kit
        .client
        .delete(&Ids { ids: vec![file_id()] })
        .await
        .expect("delete")
        .remove(0);
    assert!(unknown.cleaned);
}

// F109, M4
async fn a_group_is_complete_when_every_file_is(kit: Kit) {
    let incomplete = kit.client.finalize_group(kit.group).await.expect_err("no file");
    assert_eq!(incomplete.code, ErrorCode::FinalizeIncomplete);
    let (a, b) = (Sample::new("a", bytes(1, 10)), Sample::new("b", bytes(2, 10)));
    kit.upload(&a).await;
    let mut waiting = b.clone();
    waiting.race = true;
    kit.init(&waiting).await;
    let incomplete = kit.client.finalize_group(kit.group).await.expect_err("one open");
    assert_eq!(
        incomplete.detail,
        "Cannot finalize: 1 of 2 required files not completed"
    );
    let parts = kit.send(&waiting).await;
    settled(kit.complete(&waiting, parts).await);
    for _ in 0..2 {
        let group = kit.client.finalize_group(kit.group).await.expect("complete");
        assert_eq!(group.state.as_str(), "completed");
    }
    assert_eq!(
        refused(&kit.init(&Sample::new("c", bytes(3, 10))).await),
        "group_completed"
    );
    assert_eq!(
        kit.client
            .cancel_group(kit.group)
            .await
            .expect_err("too late")
            .code,
        ErrorCode::GroupCompleted
    );
    assert_eq!(
        kit.delete(&a).await.error.map(|e| e.code),
        Some("group_completed".into())
    );
}

async fn a_cancelled_group_keeps_what_is_done_and_gives_up_the_rest(kit: Kit) {
    let (done, open) = (
        Sample::new("a", bytes(1, 10)),
        Sample::new("b", bytes(2, 250_000)).cut(PART),
    );
    kit.upload(&done).await;
    kit.init(&open).await;
    let parts = kit.send(&open).await;
    for _ in 0..2 {
        let group = kit.client.cancel_group(kit.group).await.expect("cancelled");
        assert_eq!(
            (group.state.as_str(), group.total_files, group.completed_files),
            ("cancelled", 1, 1)
        );
    }
    assert_eq!(error_code(&kit.complete(&open, parts).await), "session_deleted");
    assert!(kit.session(&done).await.settled.is_some());
    assert_eq!(
        refused(&kit.init(&Sample::new("c", bytes(3, 10))).await),
        "group_closed"
    );
}

// F183: one bad item harms no other.
async fn a_batch_answers_each_item_for_itself(kit: Kit) {
    let good = Sample::new("good", bytes(1, 100));
    let mut items: Vec<_> = ["../x", "a//b", "%2e%2e/x", "/abs"]
        .iter()
        .map(|p| kit.item(&Sample::new(p, bytes(2, 10))))
        .collect();
    items.insert(2, kit.item(&good));
    let mut unfit = kit.item(&Sample::new("unfit", bytes(3, 10)));
    unfit.part_size = 0;
    items.push(unfit);
    let answers = kit.client.init(items).await.expect("init");
    for (i, answer) in answers.iter().enumerate() {
        match i {
            2 => assert!(matches!(answer.answer, InitAnswer::Upload { .. })),
            5 => assert_eq!(refused(&answer.answer), "part_plan_mismatch"),
            _ => assert_eq!(refused(&answer.answer), "name_invalid"),
        }
    }
    let known = kit
        .client
        .query(&Query {
            ids: vec![good.id, file_id()],
            parts: false,
        })
        .await
        .expect("query");
    assert_eq!((known.sessions.len(), known.unknown.len()), (1, 1));
    let too_many = (0..1_001).map(|_| file_id()).collect();
    let refused = kit
        .client
        .query(&Query {
            ids: too_many,
            parts: false,
        })
        .await
        .expect_err("too many");
    assert_eq!(refused.code, ErrorCode::BatchTooLarge);
}

// F50, F106
async fn a_relaunch_goes_on_where_it_was(mut kit: Kit) {
    let file = Sample::new("a", bytes(1, 250_000)).cut(PART);
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    kit.relaunch().await;
    let known = kit.session(&file).await;
    assert_eq!((known.state.as_str(), known.parts.len()), ("uploading", 3));
    settled(kit.complete(&file, parts).await);
}

// I40
async fn odd_names_do_not_meet(kit: Kit) {
    let names = [
        "a b",
        "a+b",
        "a%25b",
        "?",
        "#",
        "日本語",
        "e\u{301}",
        "new\nline",
        "q\"uo'te",
        "&amp;",
        "a%FFb",
        "...",
        "~",
    ];
    let mut keys = std::collections::BTreeSet::new();
    for (i, name) in names.iter().enumerate() {
        let path = format!("{name}/{name}");
        let proof = kit.upload(&Sample::new(&path, bytes(i as u64 + 1, 20))).await;
        assert_eq!(proof.object_key, kit.key(&path));
        keys.insert(proof.object_key);
    }
    assert_eq!(keys.len(), names.len());
}

// §1.1
async fn two_files_of_one_name_are_both_kept(kit: Kit) {
    let first = kit.upload(&Sample::new("d/a.txt", bytes(1, 10))).await;
    let second = kit.upload(&Sample::new("d/a.txt", bytes(2, 11))).await;
    assert_eq!(
        (first.object_key, second.object_key),
        (kit.key("d/a.txt"), kit.key("d/a (2).txt"))
    );
    let other = kit.other_group("Trip").await;
    let mut third = Sample::new("d/a.txt", bytes(3, 12));
    third.group = Some(other);
    assert_eq!(kit.upload(&third).await.object_key, kit.key("d/a (3).txt"));
}

// D-1
async fn what_a_destination_refuses_is_told_item_by_item_before_a_byte_moves(kit: Kit) {
    let limits = Accepts {
        max_bytes: Some(1_000),
        refused_types: vec!["exe".into(), "tar.gz".into()],
        allowed_mime: None,
    };
    let put = |accepts| PutDestination {
        id: kit.destination,
        name: "Archive".into(),
        config: kit.config.clone(),
        secret: None,
        accepts,
    };
    let set = kit.client.put_destination(&put(Some(limits.clone()))).await;
    assert!(set.expect("an answer").ok);
    let told = kit.client.destinations().await.expect("destinations");
    assert_eq!(told[0].accepts(), limits);

    let fits = Sample::new("d/fits.bin", bytes(1, 1_000));
    let large = Sample::new("d/large.bin", bytes(2, 1_001));
    let program = Sample::new("d/Setup.EXE", bytes(3, 10));
    let packed = Sample::new("d/all.tar.gz", bytes(4, 10));
    let files = [&fits, &large, &program, &packed];
    let items = || files.iter().map(|f| kit.item(f)).collect::<Vec<_>>();
    for _ in 0..2 {
        let answers = kit.client.init(items()).await.expect("init");
        let why = |at: usize| match &answers[at].answer {
            InitAnswer::Refused { error } => (error.code.clone(), error.detail.clone()),
            other => panic!("{other:?}"),
        };
        assert!(
            matches!(answers[0].answer, InitAnswer::Upload { .. }),
            "{answers:?}"
        );
        let too_large = ("too_large".to_owned(), "1001 bytes, allowed are 1000".to_owned());
        assert_eq!(why(1), too_large);
        let ending = |word| {
            (
                "mime_not_allowed".to_owned(),
                format!(".{word} files are refused"),
            )
        };
        assert_eq!((why(2), why(3)), (ending("exe"), ending("tar.gz")));
    }
    // Nothing is kept of those that are refused, and they hold up nobody.
    let all = Query {
        ids: files.iter().map(|f| f.id).collect(),
        parts: false,
    };
    let known = kit.client.query(&all).await.expect("query");
    assert_eq!((known.sessions.len(), known.unknown.len()), (1, 3));
    kit.upload(&fits).await;

    // An edit that says nothing of limits leaves them; one that does sets them all.
    assert!(
        kit.client
            .put_destination(&put(None))
            .await
            .expect("an answer")
            .ok
    );
    assert_eq!(refused(&kit.init(&large).await), "too_large");
    let open = Some(Accepts::default());
    assert!(
        kit.client
            .put_destination(&put(open))
            .await
            .expect("an answer")
            .ok
    );
    for file in [large, program, packed] {
        kit.upload(&file).await;
    }
    let odd = Accepts {
        refused_types: vec![".exe".into()],
        ..Accepts::default()
    };
    let odd = kit.client.put_destination(&put(Some(odd))).await;
    assert_eq!(odd.expect_err("no type").code, ErrorCode::InvalidField);
    assert_eq!(
        kit.client.destinations().await.expect("told")[0].accepts(),
        Accepts::default()
    );
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
    small_and_empty_and_large_files_are_proved,
    init_asked_twice_gives_the_same_answer,
    an_id_stands_for_one_set_of_facts,
    a_newer_attempt_gives_up_the_older_and_fences_it,
    a_missing_part_is_named_and_nothing_is_completed,
    wrong_bytes_are_refused_and_leave_nothing,
    an_expired_url_is_refused_and_a_new_one_works,
    parts_beyond_the_plan_are_not_signed,
    giving_up_is_repeatable_and_leaves_nothing_to_complete,
    a_group_is_complete_when_every_file_is,
    a_cancelled_group_keeps_what_is_done_and_gives_up_the_rest,
    a_batch_answers_each_item_for_itself,
    a_relaunch_goes_on_where_it_was,
    odd_names_do_not_meet,
    two_files_of_one_name_are_both_kept,
    what_a_destination_refuses_is_told_item_by_item_before_a_byte_moves,
}
