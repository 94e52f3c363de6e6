//! Stretches in which work was held up: kept, put together, ended after a crash, and never too many.

use windlass_core::error::ErrorCode;
use windlass_core::spans::{Book, Key, Reach, Span, SpanCause, Step};
use windlass_core::time::Timestamp;
use windlass_queue::events::{EventScope, NewEvent};
use windlass_queue::{Queue, QueueError, events, samples, spans};

use crate::support::*;

fn offline() -> Key {
    Key {
        cause: SpanCause::Offline,
        limit: None,
        reach: Reach::Everything,
    }
}

fn begin(key: Key, ms: i64) -> Step {
    Step::Begin {
        key,
        code: None,
        at: at(ms),
    }
}

fn write(queue: &Queue, steps: &[Step]) -> Vec<bool> {
    let steps = steps.to_vec();
    queue
        .write_blocking(move |c| steps.iter().map(|s| spans::apply(c, s)).collect())
        .unwrap()
}

fn all(queue: &Queue) -> Vec<Span> {
    read(queue, |c| spans::between(c, at(-1_000_000), at(i64::MAX / 4)))
}

fn stretches(queue: &Queue) -> Vec<(SpanCause, Timestamp, Option<Timestamp>)> {
    all(queue).iter().map(|s| (s.key.cause, s.from, s.to)).collect()
}

#[test]
fn a_span_is_kept_with_all_that_is_known_of_it() {
    let s = sandbox();
    let down = Key {
        cause: SpanCause::DestinationDown,
        limit: None,
        reach: Reach::Group(destination_id(1), group_id(1)),
    };
    let limit = Key {
        cause: SpanCause::Limit,
        limit: Some(u64::MAX),
        reach: Reach::Everything,
    };
    let there = Key {
        reach: Reach::Destination(destination_id(1)),
        ..offline()
    };
    let steps = [
        Step::Begin {
            key: down,
            code: Some(ErrorCode::ConnectionLost),
            at: at(1),
        },
        begin(limit, 2),
        begin(there, 3),
        Step::End {
            key: limit,
            at: at(9),
        },
    ];
    assert_eq!(write(&s.queue, &steps), [true; 4]);
    let kept = all(&s.queue);
    let of = |key, code, from, to: Option<i64>| Span {
        key,
        code,
        from: at(from),
        to: to.map(at),
    };
    assert_eq!(
        kept,
        [
            of(down, Some(ErrorCode::ConnectionLost), 1, None),
            of(limit, None, 2, Some(9)),
            of(there, None, 3, None),
        ]
    );
    let touching = |from, to| read(&s.queue, move |c| spans::between(c, at(from), at(to))).len();
    assert_eq!([touching(9, 20), touching(8, 20), touching(0, 2)], [2, 3, 1]);
}

#[test]
fn a_step_that_does_not_fit_the_rows_writes_nothing() {
    let s = sandbox();
    let end = |ms| Step::End {
        key: offline(),
        at: at(ms),
    };
    let again = |ms| Step::GoOn {
        key: offline(),
        ended: at(ms),
    };
    assert_eq!(write(&s.queue, &[end(1), again(1)]), [false, false]);
    assert_eq!(
        write(&s.queue, &[begin(offline(), 1), begin(offline(), 2)]),
        [true, false]
    );
    assert_eq!(
        write(&s.queue, &[end(5), end(6), again(5), again(5)]),
        [true, false, true, false]
    );
    assert_eq!(
        stretches(&s.queue),
        [(SpanCause::Offline, at(1), None)],
        "it is one span"
    );
    // The clock was set back meanwhile.
    assert_eq!(write(&s.queue, &[end(-50)]), [true]);
    assert_eq!(stretches(&s.queue), [(SpanCause::Offline, at(1), Some(at(1)))]);
}

#[test]
fn a_network_that_comes_and_goes_leaves_one_span() {
    let s = sandbox();
    let held = std::collections::BTreeMap::from([(offline(), None)]);
    let none = std::collections::BTreeMap::new();
    let mut book = Book::default();
    for second in 0..200 {
        let now = at(second * 1_000);
        let (steps, after) = book.next(if second % 2 == 0 { &held } else { &none }, now);
        assert!(write(&s.queue, &steps).iter().all(|written| *written));
        book = after;
    }
    assert_eq!(
        stretches(&s.queue),
        [(SpanCause::Offline, at(0), Some(at(199_000)))]
    );
}

#[test]
fn what_a_cut_run_left_open_ends_at_its_last_sign_of_life() {
    let s = sandbox();
    write(&s.queue, &[begin(offline(), 1_000)]);
    let user = Key {
        cause: SpanCause::User,
        ..offline()
    };
    write(&s.queue, &[begin(user, 70_000)]);
    s.queue
        .write_blocking(|c| {
            samples::add(c, at(40_000), destination_id(1), 1, 0)?;
            events::append(
                c,
                &NewEvent {
                    at: at(60_000),
                    scope: EventScope::App,
                    kind: "x".into(),
                    code: None,
                    data: serde_json::Value::Object(serde_json::Map::default()),
                },
            )
        })
        .unwrap();
    let path = s.path();
    // Nothing is closed: the process is gone.
    let Sandbox { dir, queue } = s;
    drop(queue);
    let queue = open(&path).unwrap().queue;
    let alive = |said| {
        read(&queue, move |c| {
            spans::last_sign_of_life(c, Some(at(said)), at(90_000))
        })
    };
    assert_eq!(alive(0), Some(at(70_000)), "it wrote that down at last");
    assert_eq!(alive(80_000), Some(at(80_000)), "what it said of itself");
    assert_eq!(alive(95_000), Some(at(90_000)), "not later than now");
    let ended = queue.write_blocking(|c| spans::end_all(c, at(65_000))).unwrap();
    assert_eq!(ended, [(offline(), at(65_000)), (user, at(70_000))]);
    assert_eq!(
        stretches(&queue),
        [
            (SpanCause::Offline, at(1_000), Some(at(65_000))),
            // It began after that: it ends where it began.
            (SpanCause::User, at(70_000), Some(at(70_000))),
        ]
    );
    drop(dir);
}

#[test]
fn spans_are_kept_for_forty_days_and_never_too_many() {
    let s = sandbox();
    let add =
        |from: i64, to: i64| move |c: &windlass_queue::Connection| spans::add(c, offline(), at(from), at(to));
    s.queue.write_blocking(add(0, 1_000)).unwrap();
    s.queue.write_blocking(add(5_000, 9_000)).unwrap();
    write(&s.queue, &[begin(offline(), 0)]);
    let later = at(samples::KEEP_MS + 4_000);
    let gone = s.queue.write_blocking(move |c| spans::prune(c, later)).unwrap();
    assert_eq!(gone, 1, "what goes on stays, however old");
    assert_eq!(all(&s.queue).len(), 2);
    s.queue
        .write_blocking(|c| {
            (0..spans::MOST + 10).try_for_each(|n| spans::add(c, offline(), at(n), at(n + 1)))?;
            spans::prune(c, at(0))?;
            Ok::<_, QueueError>(())
        })
        .unwrap();
    let left = all(&s.queue);
    assert_eq!(left.iter().filter(|s| s.to.is_some()).count() as i64, spans::MOST);
    assert_eq!(left.iter().filter(|s| s.to.is_none()).count(), 1);
}

#[test]
fn what_went_in_vain_is_summed_by_group() {
    let s = sandbox();
    s.queue
        .write_blocking(|c| {
            spans::add_sent_again(c, group_id(1), 10)?;
            spans::add_sent_again(c, group_id(1), 5)
        })
        .unwrap();
    let of = |n| read(&s.queue, move |c| spans::sent_again(c, group_id(n)));
    assert_eq!([of(1), of(2)], [15, 0]);
    let names = read(&s.queue, |c| spans::names(c, &[group_id(1), group_id(2)]));
    assert_eq!(names.len(), 1);
    assert_eq!(names[0].0, group_id(1));
}
