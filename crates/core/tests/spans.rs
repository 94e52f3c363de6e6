//! Spans in which work was held up: what begins and ends one, and what of them is told.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::spans::{
    Book, Key, MOST_OPEN, OpenGroup, Reach, Span, SpanCause, Step, held, interruptions, not_running,
    of_group, summed, told,
};
use windlass_core::states::BlockedReason;
use windlass_core::time::Timestamp;

const MINUTE: i64 = 60_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn place(n: u8) -> DestinationId {
    DestinationId::new(at(0), [n; 10])
}

fn group(n: u8) -> GroupId {
    GroupId::new(at(0), [n; 10])
}

fn open(n: u8, to: u8, reasons: &[BlockedReason]) -> OpenGroup {
    OpenGroup {
        group: group(n),
        destination: place(to),
        reasons: reasons.to_vec(),
        code: Some(ErrorCode::ConnectionLost),
    }
}

fn key(cause: SpanCause, reach: Reach) -> Key {
    Key {
        cause,
        limit: None,
        reach,
    }
}

fn span(cause: SpanCause, reach: Reach, from: i64, to: i64) -> Span {
    Span {
        key: key(cause, reach),
        code: None,
        from: at(from),
        to: (to > 0).then_some(at(to)),
    }
}

#[test]
fn each_cause_reaches_as_far_as_it_is_true() {
    use BlockedReason as R;
    use SpanCause as C;
    let (all, there, alone) = (
        Reach::Everything,
        Reach::Destination(place(1)),
        Reach::Group(place(1), group(1)),
    );
    let table: [(&str, Vec<OpenGroup>, Vec<Key>); 9] = [
        ("nothing is open", vec![], vec![]),
        ("nothing holds", vec![open(1, 1, &[])], vec![]),
        (
            "all are held by the network",
            vec![open(1, 1, &[R::Offline]), open(2, 2, &[R::Offline])],
            vec![key(C::Offline, all)],
        ),
        (
            "one destination needs no network",
            vec![
                open(1, 1, &[R::Offline]),
                open(2, 1, &[R::Offline]),
                open(3, 2, &[]),
            ],
            vec![key(C::Offline, there)],
        ),
        (
            "one group passes",
            vec![open(1, 1, &[R::Metered]), open(2, 1, &[])],
            vec![key(C::Metered, alone)],
        ),
        (
            "a destination that is down is told with its name, also when no other is there",
            vec![
                open(1, 1, &[R::DestinationDown]),
                open(2, 1, &[R::DestinationDown]),
            ],
            vec![key(C::DestinationDown, there)],
        ),
        (
            "who pauses a group pauses no destination",
            vec![open(1, 1, &[R::User]), open(2, 2, &[])],
            vec![key(C::User, alone)],
        ),
        (
            "all reasons count",
            vec![open(1, 1, &[R::User, R::Battery])],
            vec![key(C::User, all), key(C::Battery, all)],
        ),
        (
            "a moment that was asked for, and a file that waits for its like, are no stops",
            vec![open(1, 1, &[R::DestinationSlowDown, R::Following])],
            vec![],
        ),
    ];
    for (name, groups, expected) in table {
        let found: Vec<Key> = held(&groups, None).into_keys().collect();
        assert_eq!(found, expected, "{name}");
    }
    let down = held(&[open(1, 1, &[R::DestinationDown, R::User])], None);
    let codes: Vec<_> = down.values().copied().collect();
    assert_eq!(
        codes,
        [None, Some(ErrorCode::ConnectionLost)],
        "a pause has no error behind it"
    );
}

#[test]
fn the_limit_of_an_hour_is_a_span_while_work_is_open() {
    let limited = Key {
        limit: Some(25),
        ..key(SpanCause::Limit, Reach::Everything)
    };
    assert_eq!(
        held(&[open(1, 1, &[])], Some(25)).into_keys().collect::<Vec<_>>(),
        [limited]
    );
    assert!(held(&[], Some(25)).is_empty());
}

#[test]
fn many_paused_groups_do_not_fill_the_queue() {
    let mut groups: Vec<OpenGroup> = (0..=u8::MAX)
        .map(|n| open(n, 1, &[BlockedReason::User]))
        .collect();
    groups.push(open(0, 2, &[BlockedReason::DestinationDown]));
    let all = held(&groups, None);
    assert_eq!(all.len(), MOST_OPEN);
    assert!(
        all.contains_key(&key(SpanCause::DestinationDown, Reach::Destination(place(2)))),
        "what reaches further comes first"
    );
}

#[test]
fn a_span_begins_ends_and_goes_on_after_a_moment_but_not_after_a_while() {
    let offline = key(SpanCause::Offline, Reach::Everything);
    let is = BTreeMap::from([(offline, None)]);
    let none = BTreeMap::new();
    let (steps, book) = Book::default().next(&is, at(10));
    assert_eq!(
        steps,
        [Step::Begin {
            key: offline,
            code: None,
            at: at(10)
        }]
    );
    assert_eq!(book.next(&is, at(20)), (vec![], book.clone()), "it goes on");
    let (steps, book) = book.next(&none, at(30));
    assert_eq!(
        steps,
        [Step::End {
            key: offline,
            at: at(30)
        }]
    );
    let (steps, _) = book.next(&is, at(30 + 5_000));
    assert_eq!(
        steps,
        [Step::GoOn {
            key: offline,
            ended: at(30)
        }]
    );
    let (steps, _) = book.next(&is, at(31 + 5_000));
    assert!(matches!(steps[..], [Step::Begin { .. }]), "{steps:?}");
    let (steps, _) = Book::after([(offline, at(0))]).next(&is, at(1));
    assert!(matches!(steps[..], [Step::GoOn { .. }]), "{steps:?}");
}

#[test]
fn time_without_the_program_counts_where_work_was_open() {
    for (alive, open, expected) in [
        (Some(0), true, Some((at(0), at(MINUTE)))),
        (Some(0), false, None),
        (None, true, None),
        // It was started again at once; the clock was set back.
        (Some(MINUTE - 5_000), true, None),
        (Some(2 * MINUTE), true, None),
    ] {
        assert_eq!(
            not_running(alive.map(at), at(MINUTE), open),
            expected,
            "{alive:?} {open}"
        );
    }
}

#[test]
fn what_is_told_is_cut_put_together_and_longer_than_a_moment() {
    use SpanCause as C;
    let (all, there) = (Reach::Everything, Reach::Destination(place(1)));
    let spans = [
        // Begun before, and held one destination alone later on: one loss of the network.
        span(C::Offline, all, -MINUTE, MINUTE),
        span(C::Offline, there, MINUTE + 2_000, 2 * MINUTE),
        span(
            C::Offline,
            Reach::Destination(place(2)),
            MINUTE + 2_000,
            2 * MINUTE,
        ),
        span(C::User, all, 3 * MINUTE, 3 * MINUTE + 900),
        span(C::DestinationDown, there, 4 * MINUTE, 0),
        span(C::Schedule, all, 11 * MINUTE, 12 * MINUTE),
    ];
    let found = told(&spans, at(0), at(10 * MINUTE), None);
    let told_as: Vec<_> = found
        .iter()
        .map(|t| (t.cause, t.destination, t.from, t.to, t.open))
        .collect();
    assert_eq!(
        told_as,
        [
            (C::Offline, None, at(0), at(2 * MINUTE), false),
            (
                C::DestinationDown,
                Some(place(1)),
                at(4 * MINUTE),
                at(10 * MINUTE),
                true
            ),
        ]
    );
    assert_eq!(interruptions(&found), 2);
    assert_eq!(
        summed(&found),
        [(C::DestinationDown, 6 * MINUTE), (C::Offline, 2 * MINUTE)]
    );
    let elsewhere = told(&spans, at(0), at(10 * MINUTE), Some(place(2)));
    assert_eq!(elsewhere.len(), 1, "the other destination was not down");
}

#[test]
fn a_group_is_told_of_what_held_it_in_its_own_time() {
    use SpanCause as C;
    let spans = [
        span(C::Offline, Reach::Everything, 0, 2 * MINUTE),
        span(C::User, Reach::Group(place(1), group(1)), 3 * MINUTE, 5 * MINUTE),
        span(C::User, Reach::Group(place(1), group(2)), 6 * MINUTE, 7 * MINUTE),
        span(
            C::DestinationDown,
            Reach::Destination(place(2)),
            MINUTE,
            9 * MINUTE,
        ),
        Span {
            key: Key {
                limit: Some(1),
                ..key(C::Limit, Reach::Everything)
            },
            ..span(C::Limit, Reach::Everything, 0, 9 * MINUTE)
        },
        span(C::User, Reach::Everything, 5 * MINUTE, 8 * MINUTE),
    ];
    let mine = of_group(&spans, group(1), place(1), at(MINUTE), at(7 * MINUTE));
    let of: Vec<_> = mine.iter().map(|t| (t.cause, t.lasted_ms())).collect();
    assert_eq!(
        of,
        [(C::Offline, MINUTE), (C::User, 4 * MINUTE)],
        "its pause and that of everything are one"
    );
    assert_eq!(interruptions(&mine), 1, "a pause of the person is none");
}

fn causes() -> impl Strategy<Value = BTreeSet<SpanCause>> {
    proptest::collection::btree_set(proptest::sample::select(SpanCause::ALL.to_vec()), 0..4)
}

proptest! {
    /// Whatever holds in whatever order, with a clock that may stand or go back: what was written is what held, no span is
    /// begun twice, none ends that was not begun, and none goes on that did not end just now.
    #[test]
    fn what_is_open_is_what_holds(looks in proptest::collection::vec((causes(), -2_000..20_000i64), 1..60)) {
        let mut book = Book::default();
        let mut now = 0;
        let mut open: BTreeSet<Key> = BTreeSet::new();
        let mut ended: BTreeMap<Key, Timestamp> = BTreeMap::new();
        for (causes, passed) in looks {
            now += passed;
            let held: BTreeMap<Key, Option<ErrorCode>> =
                causes.into_iter().map(|c| (key(c, Reach::Everything), None)).collect();
            let (steps, after) = book.next(&held, at(now));
            book = after;
            for step in steps {
                match step {
                    Step::Begin { key, at: when, .. } => {
                        prop_assert!(open.insert(key));
                        prop_assert_eq!(when, at(now));
                    }
                    Step::GoOn { key, ended: when } => {
                        prop_assert_eq!(ended.remove(&key), Some(when));
                        prop_assert!(at(now).millis_since(when) <= key.cause.gap_ms());
                        prop_assert!(open.insert(key));
                    }
                    Step::End { key, at: when } => {
                        prop_assert!(open.remove(&key));
                        ended.insert(key, when);
                    }
                }
            }
            prop_assert_eq!(open.iter().collect::<Vec<_>>(), held.keys().collect::<Vec<_>>());
        }
    }

    /// However it flaps, a cause leaves at most one span for each gap of it, and the sum of what is told never exceeds the
    /// stretch that was asked for.
    #[test]
    fn what_is_told_fits_into_its_stretch(
        cuts in proptest::collection::vec((0..16usize, 0..4u8, 0..3_600_000i64, 1..600_000i64), 0..200),
    ) {
        let spans: Vec<Span> = cuts.into_iter().map(|(cause, reach, from, lasted)| {
            let reach = match reach {
                0 => Reach::Everything,
                1 => Reach::Destination(place(1)),
                n => Reach::Group(place(n), group(n)),
            };
            span(SpanCause::ALL[cause], reach, from, from + lasted)
        }).collect();
        let (from, to) = (at(600_000), at(3_000_000));
        let found = told(&spans, from, to, None);
        for t in &found {
            prop_assert!(t.from >= from && t.to <= to && t.from < t.to);
        }
        for (_, sum) in summed(&found) {
            prop_assert!(sum > 0 && sum <= to.millis_since(from));
        }
        for (i, t) in found.iter().enumerate() {
            let same = found.iter().skip(i + 1).filter(|o| {
                (o.cause, o.limit, o.destination, o.group) == (t.cause, t.limit, t.destination, t.group)
            });
            for other in same {
                prop_assert!(other.from.millis_since(t.to) > t.cause.gap_ms(), "{t:?} {other:?}");
            }
        }
    }
}

#[test]
fn a_word_is_read_as_it_is_written() {
    for cause in SpanCause::ALL {
        assert_eq!(cause.as_str().parse::<SpanCause>().unwrap(), cause);
        assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
    }
    assert!("gremlins".parse::<SpanCause>().is_err());
}
