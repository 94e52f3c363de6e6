//! What is told outside the window, when, and what is taken back.

use std::collections::BTreeSet;

use windlass_core::error::ErrorCode;
use windlass_core::herald::{About, Act, Herald, Level, News, Say, Scene, Standing, patience};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::states::BlockedReason;
use windlass_core::time::Timestamp;

const MINUTE: i64 = 60_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn group(n: u8) -> GroupId {
    GroupId::new(at(1), [n; 10])
}

fn place() -> DestinationId {
    DestinationId::new(at(1), [9; 10])
}

fn scene(level: Level) -> Scene {
    Scene {
        level,
        seen_or_unwanted: false,
        hourly: true,
    }
}

fn done(n: u8, left_out: u64) -> News {
    News::Done {
        group: group(n),
        name: format!("g{n}"),
        verified: 3,
        left_out,
        watched: false,
    }
}

fn watched(n: u8) -> News {
    News::Done {
        group: group(n),
        name: format!("w{n}"),
        verified: 3,
        left_out: 0,
        watched: true,
    }
}

fn needs(n: u8, code: ErrorCode) -> News {
    News::NeedsYou {
        group: group(n),
        name: format!("g{n}"),
        files: 2,
        cause: Some((place(), code)),
    }
}

fn says(acts: &[Act]) -> Vec<Say> {
    let of = |act: &Act| match act {
        Act::Tell(_, say) => Some(say.clone()),
        Act::TakeBack(_) => None,
    };
    acts.iter().filter_map(of).collect()
}

// F-3, F-4: the table of the levels
#[test]
fn the_level_decides_what_is_told_at_once() {
    let table: [(News, [bool; 4]); 4] = [
        (done(1, 0), [false, false, true, true]),
        (done(1, 2), [false, true, true, true]),
        (needs(1, ErrorCode::StorageFull), [false, true, true, true]),
        (watched(1), [false, false, false, true]),
    ];
    for (news, told) in table {
        for (level, told) in [Level::None, Level::Quiet, Level::Normal, Level::All]
            .into_iter()
            .zip(told)
        {
            let acts = Herald::default().hear(news.clone(), scene(level), at(0));
            assert_eq!(acts.len(), usize::from(told), "{news:?} at {level:?}");
        }
    }
}

#[test]
fn how_long_something_has_to_stand_is_a_table() {
    use BlockedReason as Why;
    let down = Standing::Down(place());
    let table: &[(Standing, [Option<i64>; 4])] = &[
        (down, [None, Some(60 * MINUTE), Some(15 * MINUTE), Some(0)]),
        (
            Standing::Held(Why::Battery),
            [None, None, Some(15 * MINUTE), Some(0)],
        ),
        (
            Standing::Held(Why::Metered),
            [None, None, Some(15 * MINUTE), Some(0)],
        ),
        (
            Standing::Held(Why::PowerSaver),
            [None, None, Some(15 * MINUTE), Some(0)],
        ),
        (
            Standing::Held(Why::DiskMissing),
            [None, None, Some(15 * MINUTE), Some(0)],
        ),
        (Standing::Held(Why::Offline), [None; 4]),
        (Standing::Held(Why::Schedule), [None; 4]),
        (Standing::Held(Why::User), [None; 4]),
        (Standing::Asks, [None, Some(0), Some(0), Some(0)]),
    ];
    for (standing, times) in table {
        for (level, ms) in [Level::None, Level::Quiet, Level::Normal, Level::All]
            .into_iter()
            .zip(times)
        {
            assert_eq!(patience(level, *standing), *ms, "{standing:?} at {level:?}");
        }
    }
}

#[test]
fn the_stored_words_are_levels() {
    for (word, level) in [
        (Some("none"), Level::None),
        (Some("quiet"), Level::Quiet),
        (Some("problems"), Level::Quiet),
        (Some("normal"), Level::Normal),
        (Some("all"), Level::All),
        (Some("what"), Level::Normal),
        (None, Level::Normal),
    ] {
        assert_eq!(Level::of(word), level, "{word:?}");
    }
}

// F-4
#[test]
fn more_than_three_in_a_minute_become_one() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    for n in 0..3 {
        assert_eq!(herald.hear(done(n, 0), normal, at(i64::from(n))).len(), 1);
    }
    for n in 3..7 {
        assert!(herald.hear(done(n, 0), normal, at(1_000)).is_empty());
    }
    assert!(
        herald
            .hear(needs(7, ErrorCode::StorageFull), normal, at(1_000))
            .is_empty()
    );
    assert_eq!(herald.due(Level::Normal), Some(at(MINUTE)));
    assert!(herald.release(normal, at(30_000)).is_empty());
    let one = Act::Tell(About::Several, Say::Several { done: 4, need_you: 1 });
    assert_eq!(herald.release(normal, at(MINUTE + 2)), [one]);
    assert_eq!(herald.due(Level::Normal), None);
    assert!(herald.release(normal, at(3 * MINUTE)).is_empty());
}

#[test]
fn one_that_was_held_back_alone_is_told_by_its_name() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    for n in 0..3 {
        herald.hear(done(n, 0), normal, at(0));
    }
    assert!(herald.hear(done(9, 0), normal, at(5)).is_empty());
    assert!(
        herald
            .hear(needs(9, ErrorCode::StorageFull), normal, at(6))
            .is_empty()
    );
    let acts = herald.release(normal, at(MINUTE));
    assert_eq!(says(&acts), [Say::News(needs(9, ErrorCode::StorageFull))]);
}

#[test]
fn a_clock_that_went_back_holds_nothing_for_ever() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    for n in 0..3 {
        herald.hear(done(n, 0), normal, at(1_000_000));
    }
    herald.hush(at(1_000_000));
    assert_eq!(herald.hear(done(4, 0), normal, at(5)).len(), 1);
}

#[test]
fn what_the_person_sees_or_does_not_want_is_not_told_later_either() {
    let mut herald = Herald::default();
    let focused = Scene {
        seen_or_unwanted: true,
        ..scene(Level::All)
    };
    let all = scene(Level::All);
    assert!(herald.hear(done(1, 0), focused, at(0)).is_empty());
    assert!(
        herald
            .hear(needs(2, ErrorCode::StorageFull), focused, at(0))
            .is_empty()
    );
    let down = BTreeSet::from([Standing::Down(place())]);
    assert!(herald.stand(&down, focused, at(0)).is_empty());
    assert!(herald.stand(&down, all, at(1)).is_empty());
    assert!(herald.release(all, at(10 * MINUTE)).is_empty());
    assert_eq!(herald.due(Level::All), None);
    // And a second group of the cause that the person saw is no news.
    assert!(
        herald
            .hear(needs(3, ErrorCode::StorageFull), all, at(20 * MINUTE))
            .is_empty()
    );
}

#[test]
fn a_cause_is_told_once_and_taken_back_when_nobody_has_it_any_more() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    assert_eq!(
        herald.hear(needs(1, ErrorCode::StorageFull), normal, at(0)).len(),
        1
    );
    assert!(
        herald
            .hear(needs(2, ErrorCode::StorageFull), normal, at(1))
            .is_empty()
    );
    assert_eq!(
        herald
            .hear(needs(3, ErrorCode::NoPermission), normal, at(2))
            .len(),
        1
    );
    assert!(
        herald.look(group(2), false).is_empty(),
        "the queue has not shown it yet"
    );
    for n in 1..=3 {
        assert!(herald.look(group(n), true).is_empty());
    }
    assert!(
        herald.look(group(2), false).is_empty(),
        "another group still has it"
    );
    assert_eq!(
        herald.look(group(1), false),
        [Act::TakeBack(About::Needs(group(1)))]
    );
    assert_eq!(herald.gone(group(3)), [Act::TakeBack(About::Needs(group(3)))]);
    assert!(herald.gone(group(3)).is_empty());
    assert_eq!(
        herald
            .hear(needs(2, ErrorCode::StorageFull), normal, at(5 * MINUTE))
            .len(),
        1
    );
}

#[test]
fn what_heals_by_itself_is_told_after_its_time_and_taken_back_when_it_ends() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    let battery = Standing::Held(BlockedReason::Battery);
    let now = BTreeSet::from([battery, Standing::Held(BlockedReason::Offline)]);
    assert!(herald.stand(&now, normal, at(0)).is_empty());
    assert_eq!(herald.due(Level::Normal), Some(at(15 * MINUTE)));
    assert!(herald.release(normal, at(15 * MINUTE - 1)).is_empty());
    let tell = Act::Tell(About::Standing(battery), Say::Standing(battery));
    assert_eq!(herald.release(normal, at(15 * MINUTE)), [tell]);
    assert!(herald.release(normal, at(40 * MINUTE)).is_empty(), "once");
    assert_eq!(
        herald.stand(&BTreeSet::new(), normal, at(41 * MINUTE)),
        [Act::TakeBack(About::Standing(battery))]
    );
    // Short of its time it was never there.
    assert!(herald.stand(&now, normal, at(50 * MINUTE)).is_empty());
    assert!(herald.stand(&BTreeSet::new(), normal, at(51 * MINUTE)).is_empty());
}

// F-8: no popup at wake
#[test]
fn after_a_wake_or_on_a_new_network_nothing_is_told_for_90_seconds() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    herald.hush(at(0));
    assert!(herald.hear(done(1, 0), normal, at(10)).is_empty());
    assert!(
        herald
            .hear(needs(2, ErrorCode::StorageFull), normal, at(20))
            .is_empty()
    );
    let asks = BTreeSet::from([Standing::Asks]);
    assert!(herald.stand(&asks, normal, at(30)).is_empty());
    assert_eq!(herald.due(Level::Normal), Some(at(90_000)));
    assert!(herald.release(normal, at(89_999)).is_empty());
    // Meanwhile one of them healed: it is not told any more.
    herald.look(group(2), true);
    herald.look(group(2), false);
    let acts = herald.release(normal, at(90_000));
    assert_eq!(
        says(&acts),
        [Say::Standing(Standing::Asks), Say::News(done(1, 0))]
    );
}

#[test]
fn batches_of_watched_folders_are_one_summary_an_hour() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    for n in 0..5 {
        assert!(
            herald
                .hear(watched(n), normal, at(i64::from(n) * MINUTE))
                .is_empty()
        );
    }
    assert_eq!(herald.due(Level::Normal), Some(at(60 * MINUTE)));
    let one = Act::Tell(About::Several, Say::Watched { groups: 5, files: 15 });
    assert_eq!(herald.release(normal, at(60 * MINUTE)), [one]);
    assert_eq!(herald.due(Level::Normal), None);
    let each = Scene {
        hourly: false,
        ..normal
    };
    assert_eq!(herald.hear(watched(9), each, at(70 * MINUTE)).len(), 1);
}

// F-3: the picture of the queue may come before the news.
#[test]
fn what_needs_the_person_is_taken_back_also_when_the_picture_came_before_the_news() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    assert!(herald.look(group(1), true).is_empty());
    let news = needs(1, ErrorCode::NoPermission);
    assert_eq!(herald.hear(news.clone(), normal, at(0)).len(), 1);
    assert_eq!(
        herald.look(group(1), false),
        [Act::TakeBack(About::Needs(group(1)))]
    );
    // What the picture showed then is over: the next time it waits to be shown again.
    assert_eq!(herald.hear(news, normal, at(5 * MINUTE)).len(), 1);
    assert!(herald.look(group(1), false).is_empty());
    assert!(herald.look(group(1), true).is_empty());
    assert_eq!(herald.gone(group(1)), [Act::TakeBack(About::Needs(group(1)))]);
}

// F-3: helped so soon that no picture ever showed the need.
#[test]
fn a_group_that_is_done_needs_nobody_any_more() {
    let (mut herald, normal) = (Herald::default(), scene(Level::Normal));
    assert_eq!(
        herald
            .hear(needs(1, ErrorCode::NoPermission), normal, at(0))
            .len(),
        1
    );
    assert!(herald.look(group(1), false).is_empty());
    let acts = herald.hear(done(1, 0), normal, at(100));
    assert_eq!(acts[0], Act::TakeBack(About::Needs(group(1))));
    assert_eq!(says(&acts), [Say::News(done(1, 0))]);
    // Also when the end itself is not told, for the person sees it.
    let seen = Scene {
        seen_or_unwanted: true,
        ..normal
    };
    herald.hear(needs(2, ErrorCode::NoPermission), normal, at(5 * MINUTE));
    assert_eq!(
        herald.hear(done(2, 0), seen, at(5 * MINUTE + 1)),
        [Act::TakeBack(About::Needs(group(2)))]
    );
}
