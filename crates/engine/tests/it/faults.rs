//! What goes wrong on the way.

use windlass_core::display::FileWord;
use windlass_core::error::ErrorCode;
use windlass_core::states::{BlockedReason, Intent};
use windlass_engine::view::{Find, FindKind};
use windlass_engine::{GroupEnd, RowRange, Scope};

use crate::plane::Fault;
use crate::{Bench, add, bytes, end, seen, wait_for};

const MIB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn f051_f054_f080_parts_that_fail_go_again_and_the_object_is_whole() {
    let b = Bench::new().await;
    let content = bytes(7, 30 * MIB);
    let path = b.write("large", &content);
    b.plane.fail(
        "put",
        [
            Fault::Cut,
            Fault::AnswerLost,
            Fault::Status(
                403,
                "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
            ),
            Fault::Status(500, "<Error><Code>InternalError</Code></Error>"),
            Fault::Status(400, "<Error><Code>BadDigest</Code></Error>"),
            Fault::Status(503, "<Error><Code>SlowDown</Code></Error>"),
            Fault::Status(200, "welcome"),
        ],
    );
    // A page of a hotel in the way stops the file until a person acts; it is taken off here.
    let engine = b.engine().await;
    let group = add(&engine, &[&path]).await;
    let mut ended = end(&engine, group).await;
    if ended == GroupEnd::NeedsYou {
        assert_eq!(engine.retry(Scope::Group(group), None).await.unwrap(), 1);
        ended = end(&engine, group).await;
    }
    assert_eq!(ended, GroupEnd::Done);
    assert_eq!(&b.plane.objects()["large"][..], &content[..]);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f056_a_lost_answer_to_complete_init_or_sign_is_asked_again_without_sending_again() {
    let b = Bench::new().await;
    let path = b.write("a", &bytes(1, MIB));
    for op in ["group", "init", "sign", "complete", "finalize"] {
        b.plane.fail(op, [Fault::AnswerLost]);
    }
    let engine = b.engine().await;
    let group = add(&engine, &[&path]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(b.plane.puts().len(), 1);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f003_a_source_that_changes_while_it_is_sent_starts_over_as_the_new_version() {
    let b = Bench::new().await;
    let path = b.write("a", &bytes(1, 40 * MIB));
    let engine = b.engine().await;
    b.plane.hold_puts(true);
    let group = add(&engine, &[&path]).await;
    // It is being read when its parts are waiting at the door.
    wait_for(|| b.dir.path().join("home/queue.sqlite-wal").exists().then_some(())).await;
    let newer = bytes(2, 41 * MIB);
    std::fs::write(&path, &newer).unwrap();
    b.plane.hold_puts(false);
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(&b.plane.objects()["a"][..], &newer[..]);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f005_a_source_that_vanishes_before_it_is_read_needs_a_person_and_the_rest_goes_on() {
    let b = Bench::new().await;
    let gone = b.write("gone", b"gone");
    let stays = b.write("stays", b"stays");
    let engine = b.engine().await;
    b.plane.fail("group", vec![Fault::Status(503, "busy"); 1]);
    let group = add(&engine, &[&gone, &stays]).await;
    std::fs::remove_file(&gone).unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::NeedsYou);
    let rows = engine.list_files(group, 0, 10).await.unwrap().files;
    let word = |n: &str| {
        rows.iter()
            .find(|r| r.name == n)
            .map(|r| (r.word, r.error.as_ref().map(|e| e.code)))
    };
    assert_eq!(
        word("gone"),
        Some((FileWord::NeedsYou, Some(ErrorCode::FileMissing)))
    );
    assert_eq!(word("stays"), Some((FileWord::Verified, None)));
    let failed_for = |code| RowRange {
        group,
        offset: 0,
        limit: 10,
        find: Some(Find {
            text: String::new(),
            kind: FindKind::Failed,
            code: Some(code),
        }),
    };
    let page = engine
        .list_found(failed_for(ErrorCode::FileMissing))
        .await
        .unwrap();
    let told = page.failures.unwrap();
    assert_eq!(page.files.len(), 1);
    assert!(told.first_at > 0 && told.first_at <= told.last_at, "{told:?}");
    let none = engine.list_found(failed_for(ErrorCode::ReadError)).await.unwrap();
    assert_eq!((none.files.len(), none.failures), (0, None));
    std::fs::write(&gone, b"back").unwrap();
    engine
        .retry(Scope::Group(group), Some(ErrorCode::FileMissing))
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(&b.plane.objects()["gone"][..], b"back");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_that_is_down_at_first_is_waited_for_with_a_reason() {
    let b = Bench::new().await;
    let path = b.write("a", b"a");
    b.plane.fail("init", vec![Fault::Status(502, "down"); 3]);
    let engine = b.engine().await;
    let group = add(&engine, &[&path]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    engine.shutdown().await;
}

// I-7, X-18: the sum over all groups says why nothing moves, not only each card.
#[tokio::test(flavor = "multi_thread")]
async fn what_every_open_group_waits_for_is_what_everything_waits_for() {
    let b = Bench::new().await;
    let (one, two) = (b.write("one", b"1"), b.write("two", b"2"));
    b.plane.fail("init", vec![Fault::Status(502, "down"); 1_000]);
    let engine = b.engine().await;
    let first = add(&engine, &[&one]).await;
    let down = [BlockedReason::DestinationDown];
    seen(&engine, |s| s.totals.blocked_by == down).await;
    engine
        .set_intent(Scope::Group(first), Intent::Paused)
        .await
        .unwrap();
    let chain = [BlockedReason::User, BlockedReason::DestinationDown];
    seen(&engine, |s| s.totals.blocked_by == chain).await;
    add(&engine, &[&two]).await;
    seen(&engine, |s| s.groups.len() == 2 && s.totals.blocked_by == down).await;
    engine.shutdown().await;
}

// Of a group whose files were all there before, nothing is announced: the ledger keeps no empty draft of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_which_the_ledger_has_no_file_is_given_up_there_and_done_here() {
    let b = Bench::new().await;
    b.write("a.bin", b"a");
    let refused = r#"{"type":"urn:windlass:error:finalize_incomplete","title":"","status":409,"detail":"","code":"finalize_incomplete"}"#;
    b.plane.fail("finalize", [Fault::Status(409, refused)]);
    let engine = b.engine().await;
    let group = add(&engine, &[&b.source()]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(b.plane.cancelled(), 1);
}
