//! What held work up is told afterwards: in the insights, and with the group that it met.

use std::time::Duration;

use windlass_core::ids::GroupId;
use windlass_core::spans::SpanCause;
use windlass_core::states::{BlockedReason, Intent};
use windlass_engine::view::{GroupWord, HistoryDetails, Insights, ReceiptForm, RelaunchAnswer, SpanView};
use windlass_engine::{EngineHandle, GroupEnd, Scope};

use crate::plane::Fault;
use crate::{Bench, add, bytes, end, seen, wait_for};

const MIB: usize = 1 << 20;

/// The insights, as soon as they are so.
async fn told(engine: &EngineHandle, fits: impl Fn(&Insights) -> bool) -> Insights {
    let look = async {
        loop {
            let insights = engine.insights(24, None).await.unwrap();
            if fits(&insights) {
                return insights;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.unwrap()
}

fn span(insights: &Insights, cause: SpanCause) -> Option<&SpanView> {
    insights.spans.iter().find(|s| s.cause == cause)
}

/// The line of the history, as soon as the group stands there.
async fn details(engine: &EngineHandle, group: GroupId) -> HistoryDetails {
    let look = async {
        loop {
            if let Ok(found) = engine.history_details(group).await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), look).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_told_with_its_time_and_is_no_interruption() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let quiet = engine.insights(24, None).await.unwrap();
    assert!(quiet.spans.is_empty(), "nothing is open that a pause could hold");
    let group = add(&engine, &[&b.write("a", b"a")]).await;
    // It is told once it lasts for more than a moment.
    let paused = told(&engine, |i| span(i, SpanCause::User).is_some()).await;
    let it = span(&paused, SpanCause::User).unwrap();
    assert!(it.open && !it.interruption && !it.one_group && it.to - it.from >= 1_000);
    assert_eq!(paused.interruptions, 0);
    assert_eq!(paused.waited[0].cause, SpanCause::User);
    engine.set_intent(Scope::App, Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let over = told(&engine, |i| span(i, SpanCause::User).is_some_and(|s| !s.open)).await;
    assert_eq!(over.spans.len(), 1, "{:?}", over.spans);
    let found = details(&engine, group).await;
    let interruptions = &found.interruptions;
    assert_eq!((interruptions.count, interruptions.spans.len()), (0, 1));
    assert!(
        interruptions.paused_ms >= 1_000
            && interruptions.paused_ms <= found.entry.ended_at - found.entry.created_at,
        "{interruptions:?}"
    );
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_does_not_answer_is_an_interruption_of_its_groups_with_name_and_error() {
    let b = Bench::new().await;
    let path = b.write("a", b"a");
    b.plane.fail("init", vec![Fault::Status(502, "down"); 1_000]);
    let engine = b.engine().await;
    let group = add(&engine, &[&path]).await;
    let down = told(&engine, |i| span(i, SpanCause::DestinationDown).is_some()).await;
    let it = span(&down, SpanCause::DestinationDown).unwrap();
    assert!(it.interruption);
    assert_eq!(it.destination.as_deref(), Some("there"));
    assert!(it.code.is_some() && it.number.as_deref().is_some_and(|n| n.starts_with("WL-")));
    assert_eq!(down.interruptions, 1);
    let place = engine.destinations().await.unwrap()[0].id;
    assert_eq!(engine.insights(24, Some(place)).await.unwrap().interruptions, 1);
    let elsewhere =
        windlass_core::ids::DestinationId::new(windlass_core::time::Timestamp::from_millis(0), [7; 10]);
    assert_eq!(
        engine.insights(24, Some(elsewhere)).await.unwrap().interruptions,
        0
    );
    b.plane.heal("init");
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    told(&engine, |i| {
        span(i, SpanCause::DestinationDown).is_some_and(|s| !s.open)
    })
    .await;
    let found = details(&engine, group).await;
    assert_eq!(found.interruptions.count, 1);
    assert_eq!(found.interruptions.paused_ms, 0);
    assert_eq!(found.interruptions.spans[0].cause, SpanCause::DestinationDown);
    // The exact receipt is of the proof alone; the one to print tells it.
    let (_, exact) = engine.export_receipt(group, ReceiptForm::Json).await.unwrap();
    assert!(!String::from_utf8(exact).unwrap().contains("interruption"));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_went_in_vain_are_told_with_their_group() {
    let b = Bench::new().await;
    let path = b.write("large", &bytes(5, 40 * MIB));
    b.plane.fail("put", vec![Fault::Status(500, "no"); 2]);
    let engine = b.engine().await;
    let group = add(&engine, &[&path]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let again = details(&engine, group).await.interruptions.again;
    assert!(again > 0 && again <= 80 * MIB as u64, "{again}");
    let small = add(&engine, &[&b.write("small", b"x")]).await;
    assert_eq!(end(&engine, small).await, GroupEnd::Done);
    assert_eq!(details(&engine, small).await.interruptions.again, 0);
    engine.shutdown().await;
}

// B-2
#[tokio::test(flavor = "multi_thread")]
async fn the_time_without_the_program_is_told_where_work_was_open() {
    let b = Bench::new().await;
    let path = b.write("a", b"a");
    let engine = b.engine().await;
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let group = add(&engine, &[&path]).await;
    seen(&engine, |s| s.groups.iter().any(|g| g.word == GroupWord::Paused)).await;
    told(&engine, |i| span(i, SpanCause::User).is_some()).await;
    engine.shutdown().await;
    drop(engine);
    // It was some minutes ago: all that the run left behind is set back in the file.
    let file = b.dir.path().join("home").join("queue.sqlite");
    wait_for(|| {
        let conn = windlass_queue::Connection::open(&file).ok()?;
        conn.execute_batch(
            "UPDATE engine SET last_alive = last_alive - 600000;
             UPDATE span SET from_at = from_at - 600000, to_at = to_at - 600000;
             DELETE FROM event; DELETE FROM sample;",
        )
        .ok()
    })
    .await;
    let engine = b.engine().await;
    let back = told(&engine, |i| span(i, SpanCause::NotRunning).is_some()).await;
    let away = span(&back, SpanCause::NotRunning).unwrap();
    assert!(away.interruption && !away.open);
    assert!((590_000..700_000).contains(&(away.to - away.from)), "{away:?}");
    let before: Vec<_> = back.spans.iter().filter(|s| s.cause == SpanCause::User).collect();
    assert!(
        before[0].to <= away.from && !before[0].open,
        "the pause was ended where the run was: {before:?}"
    );
    engine.relaunch_known().await;
    engine
        .answer_relaunch(Some(group), RelaunchAnswer::Resume)
        .await
        .ok();
    engine.set_intent(Scope::App, Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_paused_alone_is_told_as_that_and_a_schedule_with_its_limit() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let week = serde_json::json!({"week": "l".repeat(168), "limit": 4096});
    engine.set_setting("schedule", week).await.unwrap();
    let paused = add(&engine, &[&b.write("a/a", &bytes(1, MIB))]).await;
    engine
        .set_intent(Scope::Group(paused), Intent::Paused)
        .await
        .unwrap();
    add(&engine, &[&b.write("b/b", &bytes(2, MIB))]).await;
    let both = told(&engine, |i| {
        span(i, SpanCause::User).is_some_and(|s| s.one_group) && span(i, SpanCause::Limit).is_some()
    })
    .await;
    assert_eq!(span(&both, SpanCause::User).unwrap().group.as_deref(), Some("g"));
    assert_eq!(span(&both, SpanCause::Limit).unwrap().limit, Some(4096));
    assert!(both.waited.iter().all(|w| w.cause != SpanCause::Limit));
    let held = serde_json::json!({"week": "n".repeat(168), "limit": 4096});
    engine.set_setting("schedule", held).await.unwrap();
    seen(&engine, |s| s.totals.around.reasons == [BlockedReason::Schedule]).await;
    let closed = told(&engine, |i| span(i, SpanCause::Schedule).is_some()).await;
    assert!(span(&closed, SpanCause::Limit).is_some_and(|s| !s.open));
    assert!(span(&closed, SpanCause::Schedule).is_some_and(|s| s.code.is_none()));
    engine.shutdown().await;
}
