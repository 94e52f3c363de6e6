//! Network, power and the hour at the engine's door: held with a reason, limited at once, passed over when the person says so.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass_core::error::ErrorCode;
use windlass_core::states::{BlockedReason, Intent};
use windlass_engine::view::{GroupView, GroupWord, Snapshot};
use windlass_engine::{GroupEnd, Scope};

use crate::{Bench, add, bytes, end, seen};

const KIB: usize = 1 << 10;

/// A week of one letter.
fn week(letter: &str) -> Value {
    json!({"week": letter.repeat(168), "limit": 256 * KIB})
}

fn first(snapshot: &Snapshot) -> &GroupView {
    &snapshot.groups[0]
}

// I-2, I-7: the reason, "start now", and that it goes on by itself when the week allows it
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_hour_holds_with_its_reason_and_start_now_passes_it() {
    let b = Bench::new().await;
    b.write("a", &bytes(1, 64 * KIB));
    let engine = b.engine().await;
    engine.set_setting("schedule", week("n")).await.unwrap();
    let group = add(&engine, &[&b.source()]).await;
    let held = seen(&engine, |s| first(s).word == GroupWord::Paused).await;
    assert_eq!(first(&held).blocked_by, [BlockedReason::Schedule]);
    assert_eq!(held.totals.blocked_by, [BlockedReason::Schedule]);
    assert_eq!(held.totals.around.opens_at, None, "the whole week is closed");
    assert_eq!(first(&held).bytes_done, 0);
    assert_eq!(
        engine
            .go_anyway(Scope::Group(group), Some(BlockedReason::Schedule))
            .await
            .unwrap(),
        1
    );
    assert_eq!(end(&engine, group).await, GroupEnd::Done);

    let other = add(&engine, &[&b.write("b", &bytes(2, KIB))]).await;
    let held = seen(&engine, |s| {
        s.groups
            .iter()
            .any(|g| g.id == other && g.word == GroupWord::Paused)
    })
    .await;
    assert!(held.totals.around.anyway.is_empty(), "one group passed, not all");
    engine.set_setting("schedule", week("f")).await.unwrap();
    assert_eq!(end(&engine, other).await, GroupEnd::Done);
}

//
#[tokio::test(flavor = "multi_thread")]
async fn the_chain_names_the_person_first_and_going_on_leaves_the_rest() {
    let b = Bench::new().await;
    b.write("a", &bytes(1, 64 * KIB));
    let engine = b.engine().await;
    engine.set_setting("schedule", week("n")).await.unwrap();
    let group = add(&engine, &[&b.source()]).await;
    engine
        .set_intent(Scope::Group(group), Intent::Paused)
        .await
        .unwrap();
    let chain = [BlockedReason::User, BlockedReason::Schedule];
    seen(&engine, |s| first(s).blocked_by == chain).await;
    engine.set_intent(Scope::Group(group), Intent::Run).await.unwrap();
    seen(&engine, |s| first(s).blocked_by == chain[1..]).await;
    // All reasons at once, for everything; and the person thinks better of it.
    assert_eq!(engine.go_anyway(Scope::App, None).await.unwrap(), 1);
    let free = seen(&engine, |s| first(s).blocked_by.is_empty()).await;
    assert_eq!(free.totals.around.anyway, [BlockedReason::Schedule]);
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    engine.not_anyway(Scope::App).await.unwrap();
    seen(&engine, |s| s.totals.around.anyway.is_empty()).await;
}

// I-2, I-3
#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_the_hour_is_felt_at_once_and_the_smaller_one_counts() {
    let b = Bench::new().await;
    // By the limit of the hour it would take a minute.
    b.write("a", &bytes(1, 16 * 1_024 * KIB));
    let engine = b.engine().await;
    engine.set_setting("limit", (64 << 20).into()).await.unwrap();
    engine.set_setting("schedule", week("l")).await.unwrap();
    let began = Instant::now();
    let group = add(&engine, &[&b.source()]).await;
    let limited = seen(&engine, |s| first(s).files.active > 0).await;
    assert_eq!(limited.totals.around.limit, Some(256 * KIB as u64));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_ne!(
        first(&engine.snapshot().await.unwrap()).word,
        GroupWord::Done,
        "16 MiB at 256 KiB/s in 2 s"
    );
    let changed = Instant::now();
    engine.set_setting("schedule", week("f")).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert!(
        changed.elapsed() < Duration::from_secs(20),
        "{:?} of {:?}",
        changed.elapsed(),
        began.elapsed()
    );
}

// I-7: what was said outlives a launch where the next one can know that its reason is the same
#[tokio::test(flavor = "multi_thread")]
async fn start_now_outlives_a_launch_until_the_next_hours() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    // Only one hour of the week is open, so that there is a change to wait for; not this one.
    let now = jiff::Zoned::now();
    let open = (usize::try_from(now.weekday().to_monday_zero_offset()).unwrap() * 24
        + usize::try_from(now.hour()).unwrap()
        + 84)
        % 168;
    let mut letters = vec!["n"; 168];
    letters[open] = "f";
    let schedule = json!({"week": letters.concat(), "limit": 1});
    engine.set_setting("schedule", schedule).await.unwrap();
    let held = seen(&engine, |s| s.totals.around.reasons == [BlockedReason::Schedule]).await;
    assert!(held.totals.around.opens_at.is_some());
    assert_eq!(
        engine
            .go_anyway(Scope::App, Some(BlockedReason::Schedule))
            .await
            .unwrap(),
        1
    );
    engine.shutdown().await;
    drop(engine);
    let engine = b.engine().await;
    let group = add(&engine, &[&b.write("a", &bytes(1, KIB))]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_passed_or_chosen_is_refused() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let group = add(&engine, &[&b.write("a", b"a")]).await;
    let code = |refused: Result<u64, windlass_core::error::Failure>| refused.unwrap_err().code;
    let disk = Some(BlockedReason::StorageFull);
    assert_eq!(
        code(engine.go_anyway(Scope::App, disk).await),
        ErrorCode::BadRequest
    );
    let nobody = windlass_engine::clock::group_id();
    assert_eq!(
        code(engine.go_anyway(Scope::Group(nobody), None).await),
        ErrorCode::NotFound
    );
    assert_eq!(
        engine.go_anyway(Scope::Group(group), None).await.unwrap(),
        0,
        "nothing holds"
    );
    assert_eq!(
        engine.trust_network().await.unwrap_err().code,
        ErrorCode::NotFound
    );
    for (key, value) in [
        ("schedule", json!({"week": "f", "limit": 1})),
        ("schedule", json!("always")),
        ("metered", json!("maybe")),
        ("battery_below", json!(101)),
        ("power_saver", json!(1)),
        ("trusted_networks", json!(["home"])),
        ("notifications", json!("loud")),
        ("watch_summary", json!("daily")),
    ] {
        let refused = engine.set_setting(key, value).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidField, "{key}");
    }
    engine.set_setting("schedule", Value::Null).await.unwrap();
    engine
        .set_setting("trusted_networks", json!([{"id": "a", "name": "Home"}]))
        .await
        .unwrap();
}

// F-2: a pause with an end ends by itself, and a launch in between does not lose the end
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_with_an_end_ends_by_itself_also_after_a_launch() {
    let b = Bench::new().await;
    b.write("a", &bytes(1, KIB));
    let engine = b.engine().await;
    let in_an_hour = windlass_engine::clock::now().as_millis() + 3_600_000;
    engine.pause_until(in_an_hour).await.unwrap();
    let group = add(&engine, &[&b.source()]).await;
    let held = seen(&engine, |s| first(s).word == GroupWord::Paused).await;
    assert_eq!(
        (held.totals.paused, held.totals.paused_until),
        (true, Some(in_an_hour))
    );
    engine.shutdown().await;
    drop(engine);

    let engine = b.engine().await;
    let held = seen(&engine, |s| first(s).word == GroupWord::Paused).await;
    assert_eq!(
        (held.totals.paused, held.totals.paused_until),
        (true, Some(in_an_hour))
    );
    // The person thinks of another time, which is soon.
    let soon = windlass_engine::clock::now().as_millis() + 700;
    engine.pause_until(soon).await.unwrap();
    engine.shutdown().await;
    drop(engine);
    let engine = b.engine().await;
    let over = seen(&engine, |s| !s.totals.paused).await;
    assert!(windlass_engine::clock::now().as_millis() >= soon);
    assert_eq!(over.totals.paused_until, None);
    // What is left is the question of the launch.
    assert_eq!(first(&over).blocked_by, [BlockedReason::Question]);
    engine.set_intent(Scope::Group(group), Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
}
