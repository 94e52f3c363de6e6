//! Pages, totals, folds: what the window shows.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_queue::destinations::{DestinationKind, DestinationRemoval};
use windlass_queue::files::Scope;
use windlass_queue::groups::{GroupRemoval, NewGroup, Origin};
use windlass_queue::totals::GroupTotals;
use windlass_queue::{destinations, files, groups, totals};

use crate::support::*;

/// Places 0..100; every third failed, every tenth done.
fn mixed() -> Sandbox {
    let s = sandbox();
    insert(
        &s.queue,
        (0..100).map(|n| new_file(n, 1, n.cast_signed(), 1)).collect(),
    );
    for n in 0..100 {
        match n {
            n if n % 10 == 0 => apply(&s.queue, whole_life(n, 1)),
            n if n % 3 == 0 => apply(&s.queue, vec![fail(n, FileState::Queued, ErrorCode::ReadError)]),
            _ => {}
        }
    }
    s
}

fn places(s: &Sandbox, offset: u64, limit: usize, states: &'static [FileState]) -> Vec<i64> {
    read(&s.queue, move |c| {
        files::page(c, group_id(1), offset, limit, states)
    })
    .iter()
    .map(|r| r.position)
    .collect()
}

#[test]
fn a_page_begins_at_its_place() {
    let s = mixed();
    assert_eq!(places(&s, 0, 3, &[]), [0, 1, 2]);
    assert_eq!(places(&s, 98, 10, &[]), [98, 99]);
    assert!(places(&s, 100, 10, &[]).is_empty() && places(&s, u64::MAX, usize::MAX, &[]).is_empty());
}

#[test]
fn a_page_of_some_states_skips_the_others() {
    let s = mixed();
    assert_eq!(places(&s, 0, 3, &[FileState::Done]), [0, 10, 20]);
    assert_eq!(places(&s, 8, 99, &[FileState::Done]), [80, 90]);
    assert_eq!(
        places(&s, 1, 4, &[FileState::Done, FileState::Failed]),
        [3, 6, 9, 10]
    );
    assert_eq!(places(&s, 0, 999, FileState::ALL).len(), 100);
    assert!(places(&s, 0, 99, &[FileState::Verifying]).is_empty());
}

#[test]
fn a_removed_file_keeps_its_place() {
    let s = mixed();
    let removed = windlass_core::machine::records::Change::FileRemoved {
        id: file_id(1),
        from: FileState::Queued,
        at: NOW,
    };
    apply(&s.queue, vec![removed]);
    assert_eq!(places(&s, 0, 3, &[]), [0, 1, 2]);
    assert_eq!(read(&s.queue, |c| files::next_position(c, group_id(1))), 100);
}

#[test]
fn rows_are_found_in_the_order_asked() {
    let s = mixed();
    let rows = read(&s.queue, |c| {
        files::get_many(c, &[file_id(7), file_id(999), file_id(2)])
    });
    assert_eq!(
        rows.iter().map(|r| r.id).collect::<Vec<_>>(),
        [file_id(7), file_id(2)]
    );
}

#[test]
fn i45_totals_tell_every_file_once() {
    let s = mixed();
    let refused = files::NewFile {
        failure: Some(Failure::new(ErrorCode::TooLarge, "6 TiB")),
        ..new_file(100, 1, 100, 1)
    };
    insert(
        &s.queue,
        vec![
            refused,
            new_file(101, 1, 101, 3),
            new_file(102, 1, 102, 1),
            new_file(103, 1, 103, 2),
        ],
    );
    apply(
        &s.queue,
        vec![
            register(101),
            step(101, FileState::Registered, FileState::Uploading),
            uploaded(101, 2),
        ],
    );
    apply(
        &s.queue,
        vec![
            register(103),
            step(103, FileState::Registered, FileState::Uploading),
            uploaded(103, 1),
        ],
    );
    apply(
        &s.queue,
        vec![fail(103, FileState::Uploading, ErrorCode::FileMissing)],
    );
    let removed = windlass_core::machine::records::Change::FileRemoved {
        id: file_id(102),
        from: FileState::Queued,
        at: NOW,
    };
    apply(&s.queue, vec![removed]);
    let found = read(&s.queue, |c| totals::totals(c, group_id(1)));
    let failed = (0..100).filter(|n| n % 3 == 0 && n % 10 != 0).count() as u64;
    let expected = GroupTotals {
        total: 103,
        done: 10,
        deduplicated: 0,
        unchanged: 0,
        failed: failed + 1,
        rejected: 1,
        registered_or_queued: 90 - failed,
        uploading: 1,
        verifying: 0,
        removed: 1,
        bytes_total: 100 * 4 * MIB + 20 * MIB + 12 * MIB,
        bytes_done: 10 * 4 * MIB + 8 * MIB + 8 * MIB,
    };
    assert_eq!(found, expected);
    assert_eq!(
        read(&s.queue, totals::totals_all),
        [(group_id(1), expected)].into()
    );
    assert_eq!(
        read(&s.queue, |c| totals::totals(c, group_id(2))),
        GroupTotals::default()
    );
}

#[test]
fn i44_equal_errors_are_folded_with_the_first_file_as_example() {
    let s = mixed();
    let missing = files::NewFile {
        failure: Some(Failure::new(ErrorCode::FileMissing, "gone")),
        ..new_file(100, 1, 100, 1)
    };
    insert(&s.queue, vec![missing]);
    let folds = read(&s.queue, |c| totals::error_folds(c, group_id(1)));
    let failed = (0..100).filter(|n| n % 3 == 0 && n % 10 != 0).count() as u64;
    let told: Vec<_> = folds
        .iter()
        .map(|f| (f.code, f.files, f.example.as_str(), f.detail.as_str()))
        .collect();
    let first = (ErrorCode::ReadError, failed, "photos/3.raw", "because");
    assert_eq!(
        told,
        [first, (ErrorCode::FileMissing, 1, "photos/100.raw", "gone")]
    );
}

#[test]
fn groups_keep_the_order_that_the_person_gave_them() {
    let s = sandbox();
    s.queue
        .write_blocking(|c| {
            for n in 2..=4 {
                groups::insert(c, &new_group(n))?;
            }
            assert!(groups::set_position(c, group_id(4), 0)?);
            assert!(groups::set_position(c, group_id(1), 99)?);
            assert!(!groups::set_position(c, group_id(9), 0)?);
            Ok(())
        })
        .unwrap();
    let order: Vec<_> = read(&s.queue, groups::list).into_iter().map(|g| g.name).collect();
    assert_eq!(order, ["Group 4", "Group 2", "Group 3", "Group 1"]);
    let record = s
        .queue
        .write_blocking(|c| groups::insert(c, &new_group(5)))
        .unwrap();
    assert_eq!(
        (record.position, record.state, record.intent),
        (4, GroupState::Draft, Intent::Run)
    );
}

#[test]
fn groups_are_named_scanned_and_paused() {
    let s = sandbox();
    s.queue
        .write_blocking(|c| {
            assert!(groups::rename(c, group_id(1), "Été 🌞")?);
            assert!(groups::set_scanning(c, group_id(1), true)?);
            assert!(groups::set_intent(c, group_id(1), Intent::Paused)?);
            assert!(!groups::rename(c, group_id(2), "nobody")?);
            Ok(())
        })
        .unwrap();
    for name in [String::new(), "x".repeat(1_025)] {
        assert!(
            s.queue
                .write_blocking(move |c| groups::rename(c, group_id(1), &name))
                .is_err()
        );
    }
    let row = read(&s.queue, |c| groups::get(c, group_id(1))).unwrap();
    assert_eq!(
        (row.name.as_str(), row.scanning, row.record.intent),
        ("Été 🌞", true, Intent::Paused)
    );
    assert_eq!(
        (row.origin, row.created_at, row.finished_at, row.told_at),
        (Origin::Drop, NOW, None, None)
    );
}

#[test]
fn i04_a_group_leaves_the_list_when_nothing_is_open_and_its_receipts_stay() {
    let s = mixed();
    let removal = s
        .queue
        .write_blocking(|c| groups::remove(c, group_id(1)))
        .unwrap();
    assert_eq!(
        removal,
        GroupRemoval::Open((0..100).filter(|n| n % 3 != 0 && n % 10 != 0).count() as u64)
    );
    for n in (0..100).filter(|n| n % 3 != 0 && n % 10 != 0) {
        apply(&s.queue, vec![fail(n, FileState::Queued, ErrorCode::Cancelled)]);
    }
    s.queue
        .write_blocking(|c| {
            groups::insert(c, &new_group(2))?;
            assert_eq!(groups::remove(c, group_id(1))?, GroupRemoval::Removed);
            assert_eq!(groups::remove(c, group_id(1))?, GroupRemoval::Missing);
            assert_eq!(groups::remove(c, group_id(2))?, GroupRemoval::Removed);
            Ok(())
        })
        .unwrap();
    assert!(read(&s.queue, groups::list).is_empty());
    assert!(read(&s.queue, totals::totals_all).is_empty());
    let mut swept = Vec::new();
    while *swept.last().unwrap_or(&1) > 0 {
        swept.push(s.queue.write_blocking(|c| groups::sweep(c, 60)).unwrap());
    }
    assert_eq!(
        swept,
        [60, 40, 1, 0],
        "files in steps, then the group that proved nothing"
    );
    let receipts = read(&s.queue, |c| windlass_queue::receipts::of_group(c, group_id(1)));
    assert_eq!(receipts.len(), 10);
    let left: (i64, i64, i64) = read(&s.queue, |c| {
        let sql = "SELECT (SELECT count(*) FROM upload_group), (SELECT count(*) FROM upload_file), (SELECT count(*) FROM part)";
        Ok(c.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?)
    });
    assert_eq!(left, (1, 0, 0));
}

#[test]
fn destinations_have_one_default_and_leave_only_when_unused() {
    let s = sandbox();
    s.queue
        .write_blocking(|c| {
            destinations::insert(c, &destination(2, true))?;
            let list = destinations::list(c)?;
            assert_eq!(
                list.iter().map(|d| d.is_default).collect::<Vec<_>>(),
                [false, true]
            );
            assert!(destinations::set_default(c, destination_id(1))?);
            assert!(!destinations::set_default(c, destination_id(9))?);
            let mut second = destination(2, false);
            second.kind = DestinationKind::S3;
            second.name = "Bucket".into();
            assert!(destinations::update(c, &second)?);
            assert_eq!(destinations::get(c, destination_id(2))?, Some(second));
            assert!(!destinations::update(c, &destination(3, true))?);
            assert!(
                destinations::get(c, destination_id(1))?.unwrap().is_default,
                "an update of nothing takes no default away"
            );

            assert_eq!(
                destinations::remove(c, destination_id(1))?,
                DestinationRemoval::InUse(1)
            );
            assert_eq!(
                destinations::remove(c, destination_id(2))?,
                DestinationRemoval::Removed
            );
            assert_eq!(
                destinations::remove(c, destination_id(2))?,
                DestinationRemoval::Missing
            );
            // The same id may come back when nothing remembers it.
            destinations::insert(c, &destination(2, false))
        })
        .unwrap();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    let group = |from, to| windlass_core::machine::records::Change::GroupState {
        id: group_id(1),
        from,
        to,
        at: NOW,
    };
    apply(&s.queue, vec![group(GroupState::Draft, GroupState::Uploading)]);
    apply(&s.queue, whole_life(1, 1));
    apply(
        &s.queue,
        vec![group(GroupState::Uploading, GroupState::Completed)],
    );
    s.queue
        .write_blocking(|c| {
            assert_eq!(
                destinations::remove(c, destination_id(1))?,
                DestinationRemoval::Removed
            );
            assert_eq!(destinations::list(c)?.len(), 1);
            assert_eq!(groups::list(c)?[0].record.destination, destination_id(1));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_group_without_its_destination_can_not_be_made() {
    let s = sandbox();
    let made = s.queue.write_blocking(|c| {
        groups::insert(
            c,
            &NewGroup {
                destination: destination_id(8),
                ..new_group(2)
            },
        )
    });
    assert!(made.is_err());
}

#[test]
fn i36_what_the_person_wants_is_kept_apart_from_what_is() {
    let s = mixed();
    s.queue
        .write_blocking(|c| {
            assert_eq!(
                files::set_intent(c, Scope::File(file_id(1)), Intent::Cancelled)?,
                1
            );
            assert_eq!(
                files::set_intent(c, Scope::File(file_id(1)), Intent::Run)?,
                0,
                "cancelled stays cancelled"
            );
            assert_eq!(
                files::set_intent(c, Scope::Group(group_id(1)), Intent::Paused)?,
                89,
                "not the done, not the cancelled"
            );
            assert_eq!(
                files::set_intent(c, Scope::Group(group_id(1)), Intent::Paused)?,
                0
            );
            Ok(())
        })
        .unwrap();
    assert_eq!(state_of(&s.queue, 2), FileState::Queued);
    assert!(read(&s.queue, |c| files::load_work(c, group_id(1), -1, 999, NOW)).is_empty());
    let unconfirmed = read(&s.queue, windlass_queue::cancelled::unconfirmed);
    assert_eq!(unconfirmed, [(file_id(1), group_id(1), FileState::Queued)]);
    apply(&s.queue, vec![fail(1, FileState::Queued, ErrorCode::Internal)]);
    let unconfirmed = read(&s.queue, windlass_queue::cancelled::unconfirmed);
    assert_eq!(unconfirmed, [(file_id(1), group_id(1), FileState::Failed)]);
}
