//! The end of files and groups.

use windlass_core::error::ErrorCode;
use windlass_core::machine::records::Change;
use windlass_core::machine::{CompleteOutcome, Counts, Effect, Event, InitOutcome, Notice};
use windlass_core::states::{GroupState, PartState};

use crate::bench::{Bench, config, destination, failure, file, group, n, record};

const SIZE: u64 = 8;

fn notices(b: &Bench) -> Vec<Notice> {
    let of = |e: &Effect| {
        if let Effect::Notify { notice, .. } = e {
            Some(*notice)
        } else {
            None
        }
    };
    b.effects.iter().filter_map(of).collect()
}

#[test]
fn a_group_is_finalized_once_and_told_once() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    b.whole(1, SIZE);
    assert!(b.has(|e| matches!(e, Effect::Count { .. })), "{:?}", b.effects);
    b.counted(
        1,
        Counts {
            done: 1,
            ..Counts::default()
        },
    );
    assert_eq!(b.effects, [Effect::Finalize { group: group(1) }]);
    b.later(60_000);
    assert!(b.effects.is_empty(), "its answer is awaited");
    b.tell(Event::Finalized {
        group: group(1),
        result: Ok(()),
    });
    assert_eq!(notices(&b), [Notice::Done]);
    b.tell(Event::Finalized {
        group: group(1),
        result: Ok(()),
    });
    b.counted(
        1,
        Counts {
            done: 1,
            ..Counts::default()
        },
    );
    assert!(b.effects.is_empty() && b.machine.is_idle(), "{:?}", b.effects);
}

// I44
#[test]
fn regression_a_group_whose_end_does_not_come_says_what_it_meets() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    b.whole(1, SIZE);
    for tries in 1..=4 {
        b.counted(
            1,
            Counts {
                done: 1,
                ..Counts::default()
            },
        );
        assert!(b.has(|e| matches!(e, Effect::Finalize { .. })), "{:?}", b.effects);
        b.tell(Event::Finalized {
            group: group(1),
            result: Err(failure(ErrorCode::Internal)),
        });
        let met = b.machine.trouble(group(1)).map(|f| f.code);
        assert_eq!(met, (tries >= 3).then_some(ErrorCode::Internal), "{tries}");
        let wait = b.machine.next_wake().expect("a wait").millis_since(b.now);
        b.later(wait);
        // It looks whether anything came meanwhile, and counts again.
        b.tell(Event::Loaded {
            group: group(1),
            files: Vec::new(),
            last: true,
        });
    }
}

#[test]
fn a_group_whose_last_file_failed_needs_a_person_and_says_so_once() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let (file, part, _, buffer) = b.reads()[0];
    let result = Err(failure(ErrorCode::NoPermission));
    b.tell(Event::PartRead {
        file,
        buffer,
        n: part.number,
        result,
    });
    b.counted(
        1,
        Counts {
            failed: 1,
            ..Counts::default()
        },
    );
    assert_eq!(notices(&b), [Notice::NeedsYou]);
    assert!(b.changes().iter().any(|c| matches!(
        c,
        Change::GroupState {
            to: GroupState::Failed,
            ..
        }
    )));
    b.counted(
        1,
        Counts {
            failed: 1,
            ..Counts::default()
        },
    );
    assert!(notices(&b).is_empty());
}

#[test]
fn f085_parts_that_complete_misses_are_read_and_sent_again_and_no_others() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 20)]);
    for _ in 0..2 {
        let read = b.machine_read(1);
        b.read(1, 20, read);
        let asked = b.signs();
        let put = b.signed(1, asked).puts()[0];
        b.put_done(put, Ok(()));
    }
    b.tell(Event::Checked {
        files: vec![(file(1), Ok(crate::bench::fingerprint(1, 20)))],
    });
    let missing = CompleteOutcome::PartsMissing(vec![n(2)]);
    b.tell(Event::Completed {
        destination: destination(1),
        asked: vec![(file(1), 1)],
        result: Ok(vec![missing]),
    });
    let failed = |c: &&Change| {
        matches!(
            c,
            Change::PartState {
                to: PartState::Failed,
                ..
            }
        )
    };
    assert_eq!(b.changes().iter().filter(failed).count(), 1);
    b.later(2_000);
    assert_eq!(b.reads().iter().map(|r| r.1.number).collect::<Vec<_>>(), [n(2)]);
}

#[test]
fn f056_a_complete_whose_answer_was_lost_is_asked_again_and_settled() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    b.sent(1, SIZE);
    let asked = vec![(file(1), 1)];
    let lost = Err(failure(ErrorCode::ConnectionLost));
    b.tell(Event::Completed {
        destination: destination(1),
        asked: asked.clone(),
        result: lost,
    });
    assert!(b.changes().is_empty() && b.machine.held(destination(1)).is_some());
    b.later(2_000);
    assert!(b.has(|e| matches!(e, Effect::Complete { .. })), "{:?}", b.effects);
    let settled = CompleteOutcome::Settled(crate::bench::proof());
    b.tell(Event::Completed {
        destination: destination(1),
        asked,
        result: Ok(vec![settled]),
    });
    assert!(matches!(b.changes()[0], Change::FileDone { .. }));
}

#[test]
fn regression_a_group_is_counted_again_when_its_last_open_file_was_removed() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE), record(1, 2, SIZE)]);
    let intent = windlass_core::states::Intent::Cancelled;
    let state = windlass_core::states::FileState::Registered;
    b.tell(Event::FileIntent {
        id: file(2),
        group: group(1),
        state,
        intent,
    });
    b.tell(Event::Loaded {
        group: group(1),
        files: vec![],
        last: true,
    });
    let read = b.machine_read(1);
    b.read(1, SIZE, read);
    let asked = b.signs();
    let put = b.signed(1, asked).puts()[0];
    b.put_done(put, Ok(()));
    b.tell(Event::Checked {
        files: vec![(file(1), Ok(crate::bench::fingerprint(1, SIZE)))],
    });
    let settled = CompleteOutcome::Settled(crate::bench::proof());
    b.tell(Event::Completed {
        destination: destination(1),
        asked: vec![(file(1), 1)],
        result: Ok(vec![settled]),
    });
    b.counted(
        1,
        Counts {
            done: 1,
            open: 1,
            ..Counts::default()
        },
    );
    b.tell(Event::Deleted {
        destination: destination(1),
        asked: vec![file(2)],
        result: Ok(vec![true]),
    });
    assert!(b.has(|e| matches!(e, Effect::Count { .. })), "{:?}", b.effects);
}

#[test]
fn regression_rows_that_could_not_be_read_are_looked_at_again() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![]);
    // The read failed: nothing came, though a file is open.
    b.counted(
        1,
        Counts {
            open: 1,
            ..Counts::default()
        },
    );
    assert!(b.effects.is_empty());
    b.later(60_000);
    assert!(b.has(|e| matches!(e, Effect::Load { .. })), "{:?}", b.effects);
}

#[test]
fn regression_files_added_while_a_group_is_finalized_are_not_forgotten() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    b.whole(1, SIZE);
    b.counted(
        1,
        Counts {
            done: 1,
            ..Counts::default()
        },
    );
    b.tell(Event::GroupWork {
        id: group(1),
        scanning: false,
    });
    b.tell(Event::Finalized {
        group: group(1),
        result: Err(failure(ErrorCode::FinalizeIncomplete)),
    });
    assert!(
        b.changes().is_empty() && b.has(|e| matches!(e, Effect::Load { .. })),
        "{:?}",
        b.effects
    );
}

// I32
#[test]
fn f040_a_look_at_the_source_that_came_to_nothing_is_tried_again_and_nothing_is_completed_unseen() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let put = b.send_first(1, SIZE);
    b.put_done(put, Ok(()));
    b.tell(Event::Checked {
        files: vec![(file(1), Err(failure(ErrorCode::Internal)))],
    });
    assert!(
        !b.has(|e| matches!(e, Effect::Complete { .. })),
        "{:?}",
        b.effects
    );
    b.later(1_100);
    assert!(b.has(|e| matches!(e, Effect::Check { .. })), "{:?}", b.effects);
}

// I23, I32
#[test]
fn f118_what_follows_the_same_content_sends_it_itself_when_that_does_not_arrive() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    b.tell(Event::Stale { file: file(1) });
    b.later(1_100);
    b.tell(Event::Loaded {
        group: group(1),
        files: vec![record(1, 1, SIZE)],
        last: true,
    });
    let mut waited = 0;
    loop {
        let race = b.effects.iter().find_map(|e| match e {
            Effect::Init { files, .. } => files.first().map(|f| f.race),
            _ => None,
        });
        match race {
            Some(true) => break,
            Some(false) => {}
            None => panic!("it is not asked about any more: {:?}", b.effects),
        }
        b.tell(Event::InitAnswered {
            destination: destination(1),
            asked: vec![(file(1), 1)],
            result: Ok(vec![InitOutcome::Follow]),
        });
        b.later(30_000);
        waited += 30;
        assert!(waited <= 1_000, "it follows without an end");
    }
    assert!(waited >= 900, "it took over after {waited} s");
}
