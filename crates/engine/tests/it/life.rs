//! What people do: add, pause, go on, cancel, leave out.

use std::os::unix::ffi::OsStringExt as _;

use sha2::Digest as _;
use windlass_core::display::{FileWord, GroupWord};
use windlass_core::error::ErrorCode;
use windlass_core::states::Intent;
use windlass_engine::view::{FileView, GroupView};
use windlass_engine::{EngineHandle, GroupEnd, Scope};

use crate::{Bench, add, bytes, end, wait_for};

const MIB: usize = 1 << 20;

async fn card(engine: &EngineHandle) -> GroupView {
    engine
        .snapshot()
        .await
        .unwrap()
        .groups
        .into_iter()
        .next()
        .unwrap()
}

async fn rows(engine: &EngineHandle, group: windlass_core::ids::GroupId) -> Vec<FileView> {
    engine.list_files(group, 0, 500).await.unwrap().files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_arrives_whole_under_its_names_and_has_a_receipt() {
    let b = Bench::new().await;
    let mut expected = std::collections::BTreeMap::new();
    for i in 0..40 {
        let name = format!("sub{}/file {i} ü'\"\n.bin", i % 4);
        let content = bytes(i, 1_000 * usize::try_from(i).unwrap());
        b.write(&name, &content);
        expected.insert(format!("source/{name}"), content);
    }
    b.write("empty", b"");
    expected.insert("source/empty".into(), vec![]);
    let large = bytes(99, 20 * MIB + 17);
    b.write("large", &large);
    expected.insert("source/large".into(), large);
    let raw = b
        .source()
        .join(std::ffi::OsString::from_vec(vec![b'x', 0xff, b'%']));
    std::fs::write(&raw, b"raw").unwrap();
    expected.insert("source/x%FF%25".into(), b"raw".to_vec());

    let engine = b.engine().await;
    let group = add(&engine, &[&b.source()]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);

    let stored = b.plane.objects();
    assert_eq!(
        stored.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    for (name, content) in &expected {
        assert_eq!(&stored[name][..], &content[..], "{name}");
    }
    let receipt = engine.receipt(group).await.unwrap();
    assert_eq!(receipt.lines.len(), expected.len());
    for line in receipt.lines {
        let hash = sha2::Sha256::digest(&expected[&line.object_key]);
        let hex: String = hash.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(line.sha256, Some(hex), "{}", line.object_key);
    }
    let summary = engine.summary(group).await.unwrap();
    assert_eq!(
        (summary.files, summary.uploaded, summary.failed, summary.open),
        (43, 43, 0, 0)
    );
    assert_eq!(summary.parts_sent, 42 + 3);
    let view = card(&engine).await;
    assert_eq!((view.word, view.bytes_done), (GroupWord::Done, view.bytes_total));
    assert!(
        rows(&engine, group)
            .await
            .iter()
            .all(|r| r.word == FileWord::Verified)
    );
    engine.shutdown().await;
}

// I36
#[tokio::test(flavor = "multi_thread")]
async fn i36_a_paused_group_sends_nothing_and_goes_on_where_it_stood() {
    let b = Bench::new().await;
    let content = bytes(5, 60 * MIB);
    let path = b.write("large", &content);
    let engine = b.engine().await;
    b.plane.hold_puts(true);
    let group = add(&engine, &[&path]).await;
    wait_for(|| (b.dir.path().join("home/queue.sqlite").exists()).then_some(())).await;
    engine
        .set_intent(Scope::Group(group), Intent::Paused)
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Paused);
    b.plane.hold_puts(false);
    let before = b.plane.puts().len();
    assert_eq!(card(&engine).await.word, GroupWord::Paused);
    engine.set_intent(Scope::Group(group), Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(&b.plane.objects()["large"][..], &content[..]);
    assert!(
        b.plane.puts().len() <= 8 + before,
        "{} after {before}",
        b.plane.puts().len()
    );
    engine.shutdown().await;
}

// I37
#[tokio::test(flavor = "multi_thread")]
async fn i37_a_cancelled_group_leaves_nothing_unfinished_and_says_so_only_then() {
    let b = Bench::new().await;
    let path = b.write("large", &bytes(5, 40 * MIB));
    let done = b.write("small", b"small");
    let engine = b.engine().await;
    b.plane.fail("cancel", [crate::plane::Fault::Cut]);
    let group = add(&engine, &[&done, &path]).await;
    wait_for(|| (b.plane.unfinished_parts() > 0).then_some(())).await;
    engine
        .set_intent(Scope::Group(group), Intent::Cancelled)
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Cancelled);
    assert_eq!(b.plane.cancelled(), 1);
    assert_eq!(b.plane.unfinished_parts(), 0);
    assert_eq!(card(&engine).await.word, GroupWord::Cancelled);
    assert!(!b.plane.objects().contains_key("large"));
    engine.shutdown().await;
}

// F12, I8
#[tokio::test(flavor = "multi_thread")]
async fn f012_what_can_not_be_taken_is_told_with_its_reason_and_the_rest_goes_on() {
    let b = Bench::new().await;
    b.write("good", b"good");
    let fifo = b.source().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    std::os::unix::fs::symlink("..", b.source().join("loop")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", b.source().join("out")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(b.source().join("socket")).unwrap();
    let missing = b.source().join("gone");
    let engine = b.engine().await;
    let group = add(&engine, &[&b.source(), &missing]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::NeedsYou);
    let rows = rows(&engine, group).await;
    let code = |name: &str| {
        rows.iter()
            .find(|r| r.name == name)
            .unwrap()
            .error
            .as_ref()
            .map(|e| e.code)
    };
    assert_eq!(code("pipe"), Some(ErrorCode::NotRegularFile));
    assert_eq!(code("socket"), Some(ErrorCode::NotRegularFile));
    assert_eq!(code("loop"), Some(ErrorCode::NotRegularFile));
    assert_eq!(code("out"), Some(ErrorCode::NotRegularFile));
    assert_eq!(code("gone"), Some(ErrorCode::FileMissing));
    assert_eq!(code("good"), None);
    let s = engine.summary(group).await.unwrap();
    assert_eq!((s.files, s.uploaded, s.rejected, s.failed), (6, 1, 4, 1));
    std::fs::write(&missing, b"back").unwrap();
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_twice_in_a_group_is_one_file_and_another_of_its_name_is_numbered() {
    let b = Bench::new().await;
    let one = b.write("one/a.txt", b"one");
    let two = b.write("two/a.txt", b"two");
    let engine = b.engine().await;
    let group = add(&engine, &[&one, &one, &two]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let stored = b.plane.objects();
    assert_eq!(
        stored.keys().map(String::as_str).collect::<Vec<_>>(),
        ["a (2).txt", "a.txt"]
    );
    engine.shutdown().await;
}
