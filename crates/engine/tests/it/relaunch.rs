//! The end of a program and the next launch.

use std::collections::BTreeSet;

use windlass_core::display::GroupWord;
use windlass_core::reconcile::FindingKind;
use windlass_core::states::Intent;
use windlass_engine::view::{HistoryActKind, HistoryAsk, RelaunchAnswer};
use windlass_engine::{AddPaths, GroupEnd, Origin, Scope};

use crate::{Bench, add, bytes, end, wait_for};

const MIB: usize = 1 << 20;

/// Sends a few parts of a large file, then ends the engine.
async fn interrupted(b: &Bench, content: &[u8]) -> windlass_core::ids::GroupId {
    let path = b.write("large", content);
    let engine = b.engine().await;
    b.plane.let_in(Some(2));
    let group = add(&engine, &[&path]).await;
    wait_for(|| (b.plane.puts().len() >= 2).then_some(())).await;
    engine.shutdown().await;
    drop(engine);
    b.plane.hold_puts(false);
    group
}

// B-2, B-5, I12
#[tokio::test(flavor = "multi_thread")]
async fn i12_a_relaunch_asks_first_and_then_sends_no_stored_part_again() {
    let b = Bench::new().await;
    let content = bytes(3, 80 * MIB);
    let group = interrupted(&b, &content).await;
    let before = b.plane.puts();
    let stored: BTreeSet<_> = before.iter().copied().collect();

    let engine = b.engine().await;
    engine.relaunch_known().await;
    let snapshot = engine.snapshot().await.unwrap();
    let report = snapshot.relaunch.expect("a report");
    assert_eq!(report.groups.len(), 1);
    assert!(report.groups[0].bytes_safe > 0 && report.groups[0].bytes_safe < report.groups[0].bytes_total);
    assert!(
        report.groups[0]
            .findings
            .iter()
            .any(|f| matches!(f.kind, FindingKind::Continues | FindingKind::MoreStored)),
        "{report:?}"
    );
    assert_eq!(snapshot.groups[0].word, GroupWord::Interrupted);
    assert_eq!(
        b.plane.puts().len(),
        before.len(),
        "nothing moves before the answer"
    );

    engine
        .answer_relaunch(Some(group), RelaunchAnswer::Resume)
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(&b.plane.objects()["large"][..], &content[..]);
    let again = b.plane.puts().split_off(before.len());
    assert!(
        again.iter().all(|p| !stored.contains(p)),
        "a stored part was sent again"
    );
    assert!(engine.snapshot().await.unwrap().relaunch.is_none());
    // What was found stays in the history.
    let ask = HistoryAsk {
        acts_only: true,
        limit: 10,
        ..HistoryAsk::default()
    };
    let kept = engine.history(ask).await.unwrap();
    // The destination that was added stands below it.
    assert_eq!((kept.entries.len(), kept.acts.len()), (0, 2));
    let check = &kept.acts[0];
    assert_eq!(
        (check.kind, check.group, check.groups, check.files),
        (HistoryActKind::Check, Some(group), 1, 1)
    );
    assert_eq!(check.findings, report.groups[0].findings);
    assert_eq!(check.bytes, report.bytes_safe);
    engine.shutdown().await;
}

// B-2
#[tokio::test(flavor = "multi_thread")]
async fn who_says_go_on_right_after_a_launch_waits_until_it_is_known_what_there_is() {
    let b = Bench::new().await;
    let content = bytes(4, 80 * MIB);
    let group = interrupted(&b, &content).await;
    let stored: BTreeSet<_> = b.plane.puts().into_iter().collect();

    let engine = b.engine().await;
    engine.set_intent(Scope::Group(group), Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let again = b.plane.puts().split_off(stored.len());
    assert!(
        again.iter().all(|p| !stored.contains(p)),
        "a stored part was sent again"
    );
    let ask = HistoryAsk {
        acts_only: true,
        limit: 10,
        ..HistoryAsk::default()
    };
    let acts = engine.history(ask).await.unwrap().acts;
    assert!(
        acts.iter()
            .any(|a| a.kind == HistoryActKind::Check && a.group == Some(group)),
        "what was found is not lost: {acts:?}"
    );
    engine.shutdown().await;
}

// I17
#[tokio::test(flavor = "multi_thread")]
async fn f189_paths_handed_over_again_after_a_lost_answer_are_one_group_also_after_a_crash_of_the_owner() {
    let b = Bench::new().await;
    let path = b.write("folder/a", b"content of a");
    b.write("folder/b", b"content of b");
    let ask = AddPaths {
        paths: vec![path.parent().unwrap().to_path_buf()],
        group: None,
        name: Some("g".into()),
        destination: None,
        origin: Origin::Cli,
        id: Some(windlass_engine::clock::group_id()),
        paused: false,
    };
    let engine = b.engine().await;
    b.plane.hold_puts(true);
    let first = engine.add_paths(ask.clone()).await.unwrap();
    assert_eq!(engine.add_paths(ask.clone()).await.unwrap(), first);
    engine.shutdown().await;
    drop(engine);
    b.plane.hold_puts(false);

    // The asker asks whoever took over; nobody has to answer the launch's question.
    let engine = b.engine().await;
    assert_eq!(engine.add_paths(ask.clone()).await.unwrap(), first);
    assert_eq!(end(&engine, first).await, GroupEnd::Done);
    let groups = engine.snapshot().await.unwrap().groups;
    assert_eq!((groups.len(), groups[0].files.total), (1, 2), "{groups:?}");
    assert_eq!(
        engine.add_paths(ask).await.unwrap(),
        first,
        "also when it has ended"
    );
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x002_start_over_sends_all_of_it_and_discard_leaves_nothing() {
    let b = Bench::new().await;
    let content = bytes(3, 80 * MIB);
    let group = interrupted(&b, &content).await;
    let engine = b.engine().await;
    engine
        .answer_relaunch(Some(group), RelaunchAnswer::StartOver)
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(&b.plane.objects()["large"][..], &content[..]);
    engine.shutdown().await;
    drop(engine);

    let b = Bench::new().await;
    let group = interrupted(&b, &content).await;
    let engine = b.engine().await;
    engine
        .answer_relaunch(None, RelaunchAnswer::Discard)
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Cancelled);
    assert_eq!(b.plane.unfinished_parts(), 0);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f159_a_source_that_changed_between_two_launches_is_told_and_sent_as_the_new_version() {
    let b = Bench::new().await;
    let group = interrupted(&b, &bytes(3, 80 * MIB)).await;
    let newer = bytes(4, 30 * MIB);
    b.write("large", &newer);
    let engine = b.engine().await;
    engine.relaunch_known().await;
    let report = engine.snapshot().await.unwrap().relaunch.unwrap();
    assert!(
        report.groups[0]
            .findings
            .iter()
            .any(|f| f.kind == FindingKind::FileChanged),
        "{report:?}"
    );
    engine
        .answer_relaunch(Some(group), RelaunchAnswer::Resume)
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(&b.plane.objects()["large"][..], &newer[..]);
    engine.shutdown().await;
}
