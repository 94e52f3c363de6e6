//! "Try again" begins where the file stood.

use windlass_core::error::ErrorCode;
use windlass_core::machine::records::Change;
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_queue::retry::RetryScope;
use windlass_queue::{files, groups, retry};

use crate::support::*;

/// 0 queued, 1 failed when queued, 2 when registered, 3 when uploading with a part, 4 refused for good, 5 done, 6 cancelled.
fn failures() -> Sandbox {
    let s = sandbox();
    insert(
        &s.queue,
        (0..7).map(|n| new_file(n, 1, n.cast_signed(), 2)).collect(),
    );
    let uploading = |n| vec![register(n), step(n, FileState::Registered, FileState::Uploading)];
    apply(
        &s.queue,
        vec![fail(1, FileState::Queued, ErrorCode::NoPermission)],
    );
    apply(
        &s.queue,
        vec![register(2), fail(2, FileState::Registered, ErrorCode::ReadError)],
    );
    apply(&s.queue, uploading(3));
    apply(
        &s.queue,
        vec![
            uploaded(3, 2),
            fail(3, FileState::Uploading, ErrorCode::ReadError),
        ],
    );
    apply(&s.queue, vec![fail(4, FileState::Queued, ErrorCode::TooLarge)]);
    apply(&s.queue, whole_life(5, 2));
    s.queue
        .write_blocking(|c| files::set_intent(c, files::Scope::File(file_id(6)), Intent::Cancelled))
        .unwrap();
    apply(&s.queue, vec![fail(6, FileState::Queued, ErrorCode::ReadError)]);
    s
}

fn retried(s: &Sandbox, scope: RetryScope, cause: Option<ErrorCode>) -> Vec<windlass_core::ids::FileId> {
    let mut ids: Vec<_> = s
        .queue
        .write_blocking(move |c| retry::retry(c, scope, cause))
        .unwrap()
        .iter()
        .map(|r| r.file)
        .collect();
    ids.sort();
    ids
}

#[test]
fn a_group_is_tried_again_from_where_each_file_stood() {
    let s = failures();
    let ids = retried(&s, RetryScope::Group(group_id(1)), None);
    assert_eq!(ids, [file_id(1), file_id(2), file_id(3)]);
    let rows = read(&s.queue, |c| files::page(c, group_id(1), 0, 9, &[]));
    let states: Vec<_> = rows.iter().map(|r| r.state).collect();
    use FileState::{Done, Failed, Queued, Registered, Uploading};
    assert_eq!(
        states,
        [Queued, Queued, Registered, Uploading, Failed, Done, Failed]
    );
    for row in &rows[1..4] {
        assert_eq!((row.tries, &row.error, row.next_try_at), (0, &None, None));
    }
    assert_eq!(rows[3].parts_done, 1, "what was sent is not sent again");
    assert!(retried(&s, RetryScope::All, None).is_empty());
}

#[test]
fn one_file_or_one_cause_is_tried_again_alone() {
    let s = failures();
    assert_eq!(retried(&s, RetryScope::File(file_id(2)), None), [file_id(2)]);
    assert_eq!(
        retried(&s, RetryScope::All, Some(ErrorCode::NoPermission)),
        [file_id(1)]
    );
    assert!(retried(&s, RetryScope::Group(group_id(2)), None).is_empty());
    assert_eq!(retried(&s, RetryScope::All, None), [file_id(3)]);
}

#[test]
fn what_is_refused_for_good_cancelled_or_done_is_never_tried_again() {
    let s = failures();
    for n in [4, 5, 6] {
        assert!(retried(&s, RetryScope::File(file_id(n)), None).is_empty(), "{n}");
    }
    assert!(retried(&s, RetryScope::All, Some(ErrorCode::TooLarge)).is_empty());
    s.queue
        .write_blocking(|c| groups::set_intent(c, group_id(1), Intent::Cancelled))
        .unwrap();
    apply(
        &s.queue,
        vec![Change::GroupCancelled {
            id: group_id(1),
            at: NOW,
        }],
    );
    assert!(retried(&s, RetryScope::All, None).is_empty());
    let row = read(&s.queue, |c| groups::get(c, group_id(1))).unwrap();
    assert_eq!(row.record.state, GroupState::Cancelled);
}

#[test]
fn regression_a_file_that_was_never_announced_takes_no_part_so_a_retry_begins_with_none() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 2)]);
    apply(&s.queue, vec![fail(1, FileState::Queued, ErrorCode::ReadError)]);
    for late in [
        uploaded(1, 1),
        part_state(1, 1, windlass_core::states::PartState::Uploading),
    ] {
        let applied = try_apply(&s.queue, vec![late]).unwrap();
        assert!(
            matches!(&applied[0], windlass_queue::changes::Applied::Stale { .. }),
            "{applied:?}"
        );
    }
    assert_eq!(retried(&s, RetryScope::All, None), [file_id(1)]);
    assert_eq!(read(&s.queue, |c| files::part_states(c, file_id(1))), [0, 0]);
}

#[test]
fn regression_a_session_that_is_gone_takes_its_key_along() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 2)]);
    apply(
        &s.queue,
        vec![register(1), step(1, FileState::Registered, FileState::Queued)],
    );
    apply(&s.queue, vec![fail(1, FileState::Queued, ErrorCode::ReadError)]);
    retried(&s, RetryScope::All, None);
    let row = read(&s.queue, |c| files::get(c, file_id(1))).unwrap();
    assert_eq!(
        (row.state, row.object_key),
        (FileState::Queued, None),
        "it is announced anew"
    );
}
