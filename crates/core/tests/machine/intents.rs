//! Pause, go on, cancel.

use windlass_core::error::ErrorCode;
use windlass_core::limits::PAUSE_GRACE_MS;
use windlass_core::machine::records::Change;
use windlass_core::machine::{Counts, Effect, Event};
use windlass_core::states::{FileState, Intent};

use crate::bench::{Bench, config, destination, file, group, record};

const SIZE: u64 = 8;

#[test]
fn i36_after_a_pause_nothing_begins_and_what_is_in_flight_is_cut_after_its_moment() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE), record(1, 2, SIZE)]);
    let put = b.send_first(1, SIZE);
    b.tell(Event::GroupIntent {
        id: group(1),
        intent: Intent::Paused,
    });
    assert!(b.puts().is_empty() && b.reads().is_empty() && b.signs().is_empty());
    b.later(PAUSE_GRACE_MS - 1);
    assert!(!b.has(|e| matches!(e, Effect::CancelPut { .. })));
    b.later(1);
    assert!(b.has(|e| *e == Effect::CancelPut { put: put.2 }));
    assert_eq!(b.machine.in_flight(), 0);
}

#[test]
fn i36_a_part_that_ends_in_its_moment_is_kept() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 2 * SIZE)]);
    let put = b.send_first(1, 2 * SIZE);
    b.tell(Event::AppPaused(true));
    b.put_done(put, Ok(()));
    assert!(
        b.changes()
            .iter()
            .any(|c| matches!(c, Change::PartUploaded { .. }))
    );
    assert!(b.puts().is_empty());
}

#[test]
fn regression_a_file_paused_by_itself_takes_no_room() {
    let mut b = Bench::new(windlass_core::machine::Config {
        active_files: 1,
        ..config()
    });
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    b.send_first(1, SIZE);
    b.tell(Event::FileIntent {
        id: file(1),
        group: group(1),
        state: FileState::Uploading,
        intent: Intent::Paused,
    });
    b.later(PAUSE_GRACE_MS);
    b.tell(Event::Loaded {
        group: group(1),
        files: vec![],
        last: true,
    });
    let second = windlass_core::machine::records::GroupRecord {
        id: group(2),
        destination: destination(1),
        position: 2,
        intent: Intent::Run,
        state: windlass_core::states::GroupState::Draft,
    };
    b.tell(Event::GroupAdded {
        record: second,
        held: false,
        scanning: false,
    });
    assert!(
        b.has(|e| matches!(e, Effect::Load { group: g, .. } if *g == group(2))),
        "{:?}",
        b.effects
    );
}

#[test]
fn i37_a_cancelled_file_is_removed_only_after_the_control_plane_said_so() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let put = b.send_first(1, SIZE);
    let intent = Intent::Cancelled;
    b.tell(Event::FileIntent {
        id: file(1),
        group: group(1),
        state: FileState::Uploading,
        intent,
    });
    assert!(b.has(|e| *e == Effect::CancelPut { put: put.2 }));
    assert!(b.has(|e| *e
        == Effect::Delete {
            destination: destination(1),
            files: vec![file(1)]
        }));
    assert!(b.changes().is_empty());
    b.tell(Event::Deleted {
        destination: destination(1),
        asked: vec![file(1)],
        result: Ok(vec![false]),
    });
    assert!(b.changes().is_empty(), "not yet clean");
    b.later(2_000);
    b.tell(Event::Deleted {
        destination: destination(1),
        asked: vec![file(1)],
        result: Ok(vec![true]),
    });
    assert!(
        matches!(
            b.changes()[..],
            [Change::FileRemoved {
                from: FileState::Uploading,
                ..
            }]
        ),
        "{:?}",
        b.effects
    );
}

#[test]
fn regression_a_file_that_moved_on_just_before_it_was_cancelled_is_removed_all_the_same() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    b.tell(Event::Stale { file: file(1) });
    let intent = Intent::Cancelled;
    b.tell(Event::FileIntent {
        id: file(1),
        group: group(1),
        state: FileState::Uploading,
        intent,
    });
    b.tell(Event::Deleted {
        destination: destination(1),
        asked: vec![file(1)],
        result: Ok(vec![true]),
    });
    let mut tried = vec![FileState::Uploading];
    for _ in 0..4 {
        b.tell(Event::Stale { file: file(1) });
        let changes = b.changes();
        let [Change::FileRemoved { from, .. }] = changes[..] else {
            panic!("{changes:?}")
        };
        tried.push(from);
    }
    tried.sort();
    let open = [
        FileState::Queued,
        FileState::Registered,
        FileState::Uploading,
        FileState::Verifying,
        FileState::Failed,
    ];
    assert_eq!(tried, open);
    b.tell(Event::Stale { file: file(1) });
    assert!(b.changes().is_empty(), "it is done or removed: {:?}", b.effects);
}

#[test]
fn regression_a_pause_that_arrives_while_rows_are_read_is_not_lost() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![]);
    b.counted(1, Counts::default());
    b.tell(Event::GroupWork {
        id: group(1),
        scanning: false,
    });
    let state = FileState::Queued;
    b.tell(Event::FileIntent {
        id: file(1),
        group: group(1),
        state,
        intent: Intent::Paused,
    });
    // Read before the person paused it.
    b.tell(Event::Loaded {
        group: group(1),
        files: vec![record(1, 1, SIZE)],
        last: true,
    });
    assert!(!b.has(|e| matches!(e, Effect::Init { .. })), "{:?}", b.effects);
    assert!(
        b.has(|e| matches!(e, Effect::Load { .. })),
        "its rows are read again"
    );
}

#[test]
fn regression_a_group_completed_before_its_cancel_arrived_is_complete() {
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
    b.tell(Event::GroupIntent {
        id: group(1),
        intent: Intent::Cancelled,
    });
    assert!(b.has(|e| matches!(e, Effect::CancelGroup { .. })));
    let late = Err(crate::bench::failure(
        windlass_core::error::ErrorCode::GroupCompleted,
    ));
    b.tell(Event::GroupCancelled {
        group: group(1),
        result: late,
    });
    let completed = windlass_core::states::GroupState::Completed;
    assert!(
        b.changes()
            .iter()
            .any(|c| matches!(c, Change::GroupState { to, .. } if *to == completed))
    );
    b.tell(Event::Finalized {
        group: group(1),
        result: Ok(()),
    });
    assert!(
        b.changes().is_empty() && b.machine.next_wake().is_none(),
        "it is not asked for again"
    );
}

//
#[test]
fn what_is_put_first_is_read_first_and_nothing_under_way_is_called_back() {
    let mut b = Bench::new(windlass_core::machine::Config {
        readers: 1,
        ..config()
    });
    b.begin(1, 1, vec![record(1, 1, SIZE)]);
    let under_way = b.machine_read(1);
    b.begin(1, 2, vec![record(2, 2, SIZE)]);
    b.begin(1, 3, vec![record(3, 3, SIZE)]);
    b.tell(Event::GroupsOrdered(vec![
        (group(3), 0),
        (group(1), 1),
        (group(2), 2),
    ]));
    assert!(b.reads().is_empty() && !b.has(|e| matches!(e, Effect::CancelPut { .. })));
    b.read(1, SIZE, under_way);
    assert_eq!(b.reads().first().map(|r| r.0), Some(file(3)));
}

// B-6
#[test]
fn a_file_that_waits_for_a_later_try_is_tried_at_once_when_its_group_or_everything_is_told_to_go_on() {
    let its_group = Event::GroupIntent {
        id: group(1),
        intent: Intent::Run,
    };
    for go_on in [its_group, Event::AppPaused(false)] {
        let mut b = Bench::new(config());
        b.begin(1, 1, vec![record(1, 1, SIZE)]);
        let put = b.send_first(1, SIZE);
        b.put_done(put, Err(ErrorCode::StorageError));
        assert!(b.reads().is_empty(), "it waits: {:?}", b.effects);
        b.tell(go_on);
        assert_eq!(b.reads().len(), 1, "{:?}", b.effects);
        b.later(2_000);
        assert!(b.reads().is_empty(), "once: {:?}", b.effects);
    }
}
