//! Groups that are put together and taken apart, their notes, their empty folders.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::machine::records::Change;
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_queue::files::{NewFile, Scope};
use windlass_queue::groups::Notes;
use windlass_queue::{Queue, cancelled, files, folders, groups, history, regroup, totals};

use crate::support::*;

/// Groups 1 and 2.
fn two() -> Sandbox {
    let s = sandbox();
    s.queue.write_blocking(|c| furnish(c, 2)).unwrap();
    s
}

fn carry(queue: &Queue, from: u64, to: u64, first_id: u64) -> usize {
    queue
        .write_blocking(move |c| {
            let rows = regroup::movable(c, group_id(from), None)?;
            let mut next = first_id;
            let ids = regroup::carry(c, rows, group_id(to), at(9), || {
                next += 1;
                file_id(next)
            })?;
            Ok(ids.len())
        })
        .unwrap()
}

//
#[test]
fn what_was_not_begun_goes_over_and_what_is_under_way_stays() {
    let s = two();
    insert(
        &s.queue,
        (0..4).map(|n| new_file(n, 1, n.cast_signed(), 2)).collect(),
    );
    insert(&s.queue, vec![new_file(10, 2, 0, 2)]);
    apply(
        &s.queue,
        vec![
            register(1),
            step(1, FileState::Registered, FileState::Uploading),
            uploaded(1, 1),
            register(2),
        ],
    );
    apply(&s.queue, whole_life(3, 2));
    assert_eq!(carry(&s.queue, 1, 2, 100), 2);
    let there = read(&s.queue, |c| files::page(c, group_id(2), 0, 10, &[]));
    let places: Vec<_> = there.iter().map(|f| (f.position, f.state, f.attempt)).collect();
    let queued = |n| (n, FileState::Queued, 1);
    assert_eq!(places, [queued(0), queued(1), queued(2)]);
    let here = read(&s.queue, |c| files::page(c, group_id(1), 0, 10, &[]));
    let gone: Vec<_> = here
        .iter()
        .map(|f| (f.moved_to, f.intent == Intent::Cancelled))
        .collect();
    let moved = (Some(group_id(2)), true);
    assert_eq!(gone, [moved, (None, false), moved, (None, false)]);
    let out = read(&s.queue, cancelled::unconfirmed);
    assert_eq!(out.len(), 2, "the control plane is to give them up");
    assert_eq!(carry(&s.queue, 1, 2, 200), 0, "what went over does not go again");
    assert_eq!(read(&s.queue, |c| regroup::living(c, group_id(1))), 2);
    for (id, from) in [(0, FileState::Queued), (2, FileState::Registered)] {
        apply(
            &s.queue,
            vec![Change::FileRemoved {
                id: file_id(id),
                from,
                at: at(10),
            }],
        );
    }
    let totals = read(&s.queue, |c| {
        Ok((
            totals::totals(c, group_id(1))?.total,
            totals::totals(c, group_id(2))?.total,
        ))
    });
    assert_eq!(totals, (2, 3), "each file counts once");
}

#[test]
fn a_file_goes_over_with_its_pause_its_failure_and_a_name_that_is_free() {
    let s = two();
    let named = |id: u64, group, position| NewFile {
        rel_path: "a/b.txt".into(),
        ..new_file(id, group, position, 1)
    };
    insert(&s.queue, vec![named(1, 1, 0), named(2, 2, 0)]);
    let refused = NewFile {
        failure: Some(Failure::new(ErrorCode::NotRegularFile, "a pipe")),
        ..new_file(3, 1, 1, 1)
    };
    insert(&s.queue, vec![refused]);
    s.queue
        .write_blocking(|c| files::set_intent(c, Scope::File(file_id(1)), Intent::Paused))
        .unwrap();
    carry(&s.queue, 1, 2, 100);
    let there = read(&s.queue, |c| files::page(c, group_id(2), 1, 10, &[]));
    assert_eq!(
        (there[0].rel_path.as_str(), there[0].intent),
        ("a/b (2).txt", Intent::Paused)
    );
    assert_eq!(
        (there[1].state, there[1].error.as_ref().map(|e| e.code)),
        (FileState::Failed, Some(ErrorCode::NotRegularFile))
    );
}

#[test]
fn a_group_that_went_over_leaves_without_a_line_in_the_history_and_its_notes_follow() {
    let s = two();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    let note = |text: &str, pairs: &[(&str, &str)]| Notes {
        text: text.into(),
        pairs: pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
    };
    let (theirs, ours) = (
        note("from the first", &[("job", "7"), ("who", "A")]),
        note("", &[("job", "8")]),
    );
    s.queue
        .write_blocking(move |c| {
            groups::set_notes(c, group_id(1), &theirs)?;
            groups::set_notes(c, group_id(2), &ours)?;
            folders::add(c, group_id(1), &["a/empty".into()])
        })
        .unwrap();
    carry(&s.queue, 1, 2, 100);
    s.queue
        .write_blocking(|c| regroup::dissolve(c, group_id(1), group_id(2)))
        .unwrap();
    let (notes, folders) = read(&s.queue, |c| {
        Ok((groups::notes(c, group_id(2))?, folders::of_group(c, group_id(2))?))
    });
    assert_eq!(notes, note("from the first", &[("job", "8"), ("who", "A")]));
    assert_eq!(folders.len(), 1);
    let going = read(&s.queue, |c| groups::get(c, group_id(1))).unwrap();
    assert_eq!(going.merged_into, Some(group_id(2)));
    apply(
        &s.queue,
        vec![Change::GroupCancelled {
            id: group_id(1),
            at: at(11),
        }],
    );
    assert_eq!(read(&s.queue, |c| groups::get(c, group_id(1))), None);
    assert_eq!(read(&s.queue, |c| history::get(c, group_id(1))), None);
    while s.queue.write_blocking(|c| groups::sweep(c, 10)).unwrap() > 0 {}
    assert_eq!(read(&s.queue, groups::list).len(), 1);
}

//
#[test]
fn notes_are_kept_over_the_end_of_the_group_and_too_long_ones_refused() {
    let s = sandbox();
    let long = Notes {
        text: "x".repeat(20_000),
        ..Notes::default()
    };
    assert!(
        s.queue
            .write_blocking(move |c| groups::set_notes(c, group_id(1), &long))
            .is_err()
    );
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    apply(&s.queue, whole_life(1, 1));
    let kept = Notes {
        text: "for Ada".into(),
        ..Notes::default()
    };
    let set = kept.clone();
    s.queue
        .write_blocking(move |c| groups::set_notes(c, group_id(1), &set))
        .unwrap();
    let group = |from, to| Change::GroupState {
        id: group_id(1),
        from,
        to,
        at: at(2),
    };
    apply(
        &s.queue,
        vec![
            group(GroupState::Draft, GroupState::Uploading),
            group(GroupState::Uploading, GroupState::Completed),
        ],
    );
    assert!(matches!(
        s.queue.write_blocking(|c| groups::remove(c, group_id(1))),
        Ok(groups::GroupRemoval::Removed)
    ));
    assert_eq!(read(&s.queue, |c| groups::notes(c, group_id(1))), kept);
}
