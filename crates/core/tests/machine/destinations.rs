//! A destination that does not answer, and the clock.

use windlass_core::error::ErrorCode;
use windlass_core::machine::{CompleteOutcome, Config, Effect, Event};
use windlass_core::states::{BlockedReason, Intent};

use crate::bench::{Bench, config, destination, failure, file, group, record};

const SIZE: u64 = 8;

#[test]
fn f068_a_destination_that_asks_to_slow_down_gets_half_the_puts_after_its_wait() {
    let mut b = Bench::new(Config {
        connections: 4,
        readers: 8,
        ..config()
    });
    b.begin(1, 1, (1..=8).map(|i| record(1, i, SIZE)).collect());
    for read in b.reads() {
        b.read(1, SIZE, (read.0, read.1, read.2, read.3));
    }
    let put = b.send_one_of_many();
    let slow = failure(ErrorCode::DestinationSlowDown).after(Some(5_000));
    b.tell(Event::PutDone {
        file: put.0,
        n: put.1,
        put: put.2,
        result: Err(slow),
    });
    assert_eq!(
        b.machine.held(destination(1)).map(|h| h.reason),
        Some(BlockedReason::DestinationSlowDown)
    );
    let until = b
        .machine
        .held(destination(1))
        .map(|h| h.until.millis_since(b.now))
        .unwrap_or_default();
    assert!(until >= 5_000, "{until}");
}

#[test]
fn regression_f070_a_control_plane_that_answers_says_nothing_about_a_storage_that_is_down() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let put = b.send_first(1, SIZE);
        b.put_done(put, Err(ErrorCode::StorageFull));
        let until = b.machine.held(destination(1)).expect("held").until;
        waits.push(until.millis_since(b.now));
        b.later(until.millis_since(b.now));
    }
    assert!(waits.iter().max() > Some(&30_000), "waits do not grow: {waits:?}");
}

#[test]
fn regression_f094_a_key_that_is_refused_when_only_the_proof_is_left_is_asked_for_less_and_less() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    b.sent(1, SIZE);
    let mut waits = Vec::new();
    for _ in 0..9 {
        // Calls are gathered for a moment.
        if !b.has(|e| matches!(e, Effect::Complete { .. })) {
            b.later(100);
        }
        assert!(b.has(|e| matches!(e, Effect::Complete { .. })), "{:?}", b.effects);
        b.completed(1, CompleteOutcome::Failed(failure(ErrorCode::StorageCredentials)));
        let held = b.machine.held(destination(1)).expect("held");
        assert_eq!(held.reason, BlockedReason::SignedOut);
        let wait = held.until.millis_since(b.now);
        waits.push(wait);
        b.later(wait);
    }
    assert!(waits.iter().max() > Some(&30_000), "waits do not grow: {waits:?}");
}

#[test]
fn regression_f094_a_key_that_is_refused_when_an_upload_begins_is_asked_for_less_and_less() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let read = b.reads()[0];
    b.read(1, SIZE, read);
    let mut waits = Vec::new();
    for _ in 0..9 {
        // Calls are gathered for a moment.
        if b.signs().is_empty() {
            b.later(100);
        }
        let asked = b.signs();
        assert!(!asked.is_empty(), "{:?}", b.effects);
        let refused = asked.iter().map(|_| Err(failure(ErrorCode::StorageCredentials)));
        b.tell(Event::Signed {
            destination: destination(1),
            result: Ok(refused.collect()),
            asked,
        });
        let wait = b
            .machine
            .held(destination(1))
            .expect("held")
            .until
            .millis_since(b.now);
        waits.push(wait);
        b.later(wait);
        // A buffer may have been given to others meanwhile.
        if let Some(read) = b.reads().first().copied() {
            b.read(1, SIZE, read);
        }
    }
    assert!(waits.iter().max() > Some(&30_000), "waits do not grow: {waits:?}");
}

#[test]
fn i44_a_group_of_which_no_file_gets_on_tells_what_it_meets() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    for tries in 1..=4 {
        let put = b.send_first(1, SIZE);
        b.put_done(put, Err(ErrorCode::ConnectionLost));
        let met = b.machine.trouble(group(1)).map(|f| f.code);
        assert_eq!(met, (tries >= 3).then_some(ErrorCode::ConnectionLost), "{tries}");
        let wait = b.machine.next_wake().expect("a wait").millis_since(b.now);
        b.later(wait);
    }
    let put = b.send_first(1, SIZE);
    b.put_done(put, Ok(()));
    assert_eq!(b.machine.trouble(group(1)), None);
}

#[test]
fn regression_i34_a_destination_that_is_held_gives_its_buffers_to_others() {
    let mut b = Bench::new(Config {
        pool_bytes: 40,
        readers: 4,
        ..config()
    });
    b.begin(1, 1, (1..=4).map(|i| record(1, i, 10)).collect());
    for i in 1..=4 {
        let read = b.machine_read(i);
        b.read(i, 10, read);
    }
    // The pool is full of what the first destination does not take.
    let asked: Vec<_> = (1..=4).map(|i| (file(i), crate::bench::n(1))).collect();
    let result = Err(failure(ErrorCode::StorageCredentials));
    b.tell(Event::Signed {
        destination: destination(1),
        asked,
        result,
    });
    b.begin(2, 2, vec![record(2, 9, 10)]);
    assert_eq!(
        b.reads().iter().map(|r| r.0).collect::<Vec<_>>(),
        [file(9)],
        "{:?}",
        b.effects
    );
}

#[test]
fn f074_a_clock_that_is_set_back_leaves_waits_as_long_as_they_were() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE), record(1, 2, SIZE)]);
    let read = b.machine_read(1);
    let result = Err(failure(ErrorCode::LockedFile));
    b.tell(Event::PartRead {
        file: file(1),
        buffer: read.3,
        n: read.1.number,
        result,
    });
    let wait = b.machine.next_wake().expect("a wait").millis_since(b.now);
    b.later(-31_536_000_000);
    assert_eq!(b.machine.next_wake().expect("a wait").millis_since(b.now), wait);
    b.later(wait);
    assert!(
        b.has(|e| matches!(e, Effect::Read { file: f, .. } if *f == file(1))),
        "{:?}",
        b.effects
    );
}

#[test]
fn a_destination_fails_since_its_first_failure_until_something_succeeds() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let began = b.now;
    for _ in 0..3 {
        let put = b.send_first(1, SIZE);
        b.put_done(put, Err(ErrorCode::StorageFull));
        let until = b.machine.held(destination(1)).expect("held").until;
        b.later(until.millis_since(b.now));
        // Also while it is tried again.
        assert!(b.machine.held(destination(1)).is_none());
        let failing = b.machine.failing(destination(1)).expect("failing");
        assert_eq!(failing.failure.code, ErrorCode::StorageFull);
        assert!(failing.since >= began && failing.since.millis_since(began) < 1_000);
    }
    let put = b.send_first(1, SIZE);
    b.put_done(put, Ok(()));
    assert_eq!(b.machine.failing(destination(1)), None);
}

#[test]
fn a_destination_that_a_person_found_ready_fails_of_nothing() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let put = b.send_first(1, SIZE);
    b.put_done(put, Err(ErrorCode::StorageFull));
    b.tell(Event::NewLines);
    assert!(
        b.machine.failing(destination(1)).is_some(),
        "another network is no answer"
    );
    b.tell(Event::DestinationReady { id: destination(1) });
    assert_eq!(b.machine.failing(destination(1)), None);
}

#[test]
fn a_destination_to_which_nothing_goes_any_more_fails_of_nothing_when_its_wait_is_over() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let put = b.send_first(1, SIZE);
    b.put_done(put, Err(ErrorCode::StorageFull));
    b.tell(Event::GroupIntent {
        id: group(1),
        intent: Intent::Paused,
    });
    let until = b.machine.held(destination(1)).expect("held").until;
    assert!(b.machine.failing(destination(1)).is_some());
    b.later(until.millis_since(b.now));
    assert_eq!(b.machine.failing(destination(1)), None);
}
