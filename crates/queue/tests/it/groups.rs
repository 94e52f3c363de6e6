//! Changes of groups.

use windlass_core::error::ErrorCode;
use windlass_core::machine::records::Change;
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_queue::changes::Applied;
use windlass_queue::{QueueError, files, groups};

use crate::support::*;

fn stale(at: &str) -> Vec<Applied> {
    vec![Applied::Stale {
        actual: Some(at.into()),
    }]
}

#[test]
fn an_end_is_told_once() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    let group = |from, to| Change::GroupState {
        id: group_id(1),
        from,
        to,
        at: at(4),
    };
    let told = |ms| Change::GroupTold {
        id: group_id(1),
        at: at(ms),
    };
    apply(&s.queue, vec![group(GroupState::Draft, GroupState::Uploading)]);
    apply(
        &s.queue,
        vec![group(GroupState::Uploading, GroupState::Failed), told(5)],
    );
    assert_eq!(try_apply(&s.queue, vec![told(6)]), Ok(stale("failed")));
    apply(&s.queue, vec![group(GroupState::Failed, GroupState::Uploading)]);
    assert_eq!(
        try_apply(&s.queue, vec![group(GroupState::Draft, GroupState::Cancelled)]),
        Ok(stale("uploading"))
    );
    apply(&s.queue, whole_life(1, 1));
    apply(
        &s.queue,
        vec![group(GroupState::Uploading, GroupState::Completed), told(7)],
    );
    let row = read(&s.queue, |c| groups::get(c, group_id(1))).unwrap();
    assert_eq!(
        (row.record.state, row.finished_at, row.told_at),
        (GroupState::Completed, Some(at(4)), Some(at(7)))
    );
}

#[test]
fn i37_a_cancelled_group_removes_what_is_not_done_and_keeps_what_is() {
    let s = sandbox();
    insert(
        &s.queue,
        (0..4).map(|n| new_file(n, 1, n.cast_signed(), 1)).collect(),
    );
    apply(&s.queue, whole_life(0, 1));
    apply(
        &s.queue,
        vec![register(1), fail(2, FileState::Queued, ErrorCode::ReadError)],
    );
    s.queue
        .write_blocking(|c| groups::set_intent(c, group_id(1), Intent::Cancelled))
        .unwrap();
    apply(
        &s.queue,
        vec![Change::GroupCancelled {
            id: group_id(1),
            at: at(8),
        }],
    );
    let rows = read(&s.queue, |c| files::page(c, group_id(1), 0, 9, &[]));
    let states: Vec<_> = rows.iter().map(|r| r.state).collect();
    assert_eq!(
        states,
        [
            FileState::Done,
            FileState::Removed,
            FileState::Removed,
            FileState::Removed
        ]
    );
    let row = read(&s.queue, |c| groups::get(c, group_id(1))).unwrap();
    assert_eq!(
        (row.record.state, row.record.intent, row.finished_at),
        (GroupState::Cancelled, Intent::Cancelled, Some(at(8)))
    );
    let again = try_apply(
        &s.queue,
        vec![Change::GroupCancelled {
            id: group_id(1),
            at: at(9),
        }],
    );
    assert_eq!(again, Ok(stale("cancelled")));
    assert!(
        !s.queue
            .write_blocking(|c| groups::set_intent(c, group_id(1), Intent::Run))
            .unwrap()
    );
    let late = s
        .queue
        .write_blocking(|c| files::insert_many(c, &[new_file(9, 1, 9, 1)]));
    assert!(
        matches!(late, Err(QueueError::Refused(_))),
        "an ended group takes no files"
    );
}
