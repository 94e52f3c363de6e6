//! What ended is found again, among many.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::machine::records::Change;
use windlass_core::states::GroupState;
use windlass_queue::files::{Find, Kind};
use windlass_queue::groups::{GroupRemoval, NewGroup};
use windlass_queue::history::{self, Ended, HistoryFilter};
use windlass_queue::search::{self, FileFilter};
use windlass_queue::{Queue, files, groups, insights, receipts, samples};

use crate::support::*;

fn end(queue: &Queue, group: u64, ms: i64) {
    for (from, to) in [
        (GroupState::Draft, GroupState::Uploading),
        (GroupState::Uploading, GroupState::Completed),
    ] {
        apply(
            queue,
            vec![Change::GroupState {
                id: group_id(group),
                from,
                to,
                at: at(ms),
            }],
        );
    }
}

fn ended(groups: u64) -> Sandbox {
    let s = sandbox();
    s.queue
        .write_blocking(move |c| (2..=groups).try_for_each(|n| furnish(c, n)))
        .unwrap();
    for n in 1..=groups {
        insert(
            &s.queue,
            vec![new_file(n * 10, n, 0, 1), new_file(n * 10 + 1, n, 1, 2)],
        );
        apply(&s.queue, whole_life(n * 10, 1));
        apply(&s.queue, whole_life(n * 10 + 1, 2));
        end(&s.queue, n, n.cast_signed() * 1_000);
    }
    s
}

// G-6
#[test]
fn the_history_comes_in_pages_newest_first_and_outlives_the_card() {
    let s = ended(7);
    let removed = s
        .queue
        .write_blocking(|c| groups::remove(c, group_id(3)))
        .unwrap();
    assert_eq!(removed, GroupRemoval::Removed);
    s.queue.write_blocking(|c| groups::sweep(c, 1_000)).unwrap();
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = read(&s.queue, move |c| {
            history::page(c, after, 3, &HistoryFilter::default())
        });
        let Some(last) = page.last() else { break };
        after = Some((last.ended_at, Some(last.group)));
        seen.extend(page.iter().map(|r| r.group));
        assert!(
            page.iter()
                .all(|r| (r.files, r.done, r.bytes) == (2, 2, 16 * MIB))
        );
    }
    assert_eq!(seen, (1..=7).rev().map(group_id).collect::<Vec<_>>());
    s.queue
        .write_blocking(|c| groups::rename(c, group_id(5), "Neuer Name"))
        .unwrap();
    let filter = |text: &'static str, ended| HistoryFilter {
        text: text.into(),
        ended,
        destination: Some(destination_id(1)),
        ..HistoryFilter::default()
    };
    let named = read(&s.queue, move |c| {
        history::page(c, None, 9, &filter("name archive", Some(Ended::Completed)))
    });
    assert_eq!(named.iter().map(|r| r.group).collect::<Vec<_>>(), [group_id(5)]);
    assert_eq!(
        read(&s.queue, move |c| history::page(
            c,
            None,
            9,
            &filter("100%", None)
        )),
        []
    );
}

// G-6
#[test]
fn files_are_found_by_words_of_their_path_and_by_checksum_before_and_after_they_are_indexed() {
    let s = ended(6);
    let found = |text: &str| {
        let filter = FileFilter::of_text(text);
        read(&s.queue, move |c| search::files(c, &filter, None, 100))
            .receipts
            .into_iter()
            .map(|r| r.file)
            .collect::<Vec<_>>()
    };
    for round in 0..3 {
        assert_eq!(found("PHOTOS 41"), [file_id(41)], "{round}");
        assert_eq!(found("photos raw").len(), 12);
        assert_eq!(found("hotos"), []);
        assert_eq!(found("\" OR *"), []);
        let hash = read(&s.queue, move |c| receipts::of_file(c, file_id(20)))
            .unwrap()
            .proof
            .sha256
            .unwrap()
            .to_string();
        assert!(found(&hash[..12].to_uppercase()).contains(&file_id(20)));
        let photos = |before, limit| {
            read(&s.queue, move |c| {
                search::files(c, &FileFilter::of_text("photos"), before, limit)
            })
        };
        let search::Found {
            receipts: first,
            next,
        } = photos(None, 5);
        assert_eq!(next, first.last().map(|r| r.seq));
        let search::Found { receipts: rest, next } = photos(next, 100);
        assert_eq!(next, None);
        assert_eq!(first.len() + rest.len(), 12);
        assert!(first.windows(2).all(|w| w[0].seq > w[1].seq));
        // Half of them, then all.
        s.queue.write_blocking(|c| search::index(c, 6)).unwrap();
    }
    assert_eq!(s.queue.write_blocking(|c| search::index(c, 6)).unwrap(), 0);
}

//
#[test]
fn files_of_a_group_are_found_by_words_and_by_what_became_of_them() {
    let s = ended(2);
    let text = |t: &str, kind| Find {
        text: t.into(),
        kind,
        code: None,
    };
    let ids = |f: &Find| {
        let f = f.clone();
        read(&s.queue, move |c| files::find_ids(c, group_id(2), &f))
    };
    assert_eq!(ids(&Find::default()), [file_id(20), file_id(21)]);
    assert_eq!(ids(&text("21 PHOTOS", Kind::All)), [file_id(21)]);
    assert_eq!(ids(&text("_", Kind::All)), []);
    assert_eq!(ids(&text("", Kind::Done)).len(), 2);
    assert_eq!(ids(&text("", Kind::Open)), []);
    let page = read(&s.queue, move |c| {
        files::find(c, group_id(2), &text("raw", Kind::Done), 1, 10)
    });
    assert_eq!(page.iter().map(|f| f.id).collect::<Vec<_>>(), [file_id(21)]);
    let count = read(&s.queue, move |c| {
        files::found_count(c, group_id(2), &text("raw", Kind::All))
    });
    assert_eq!(count, 2);
}

// F17
#[test]
fn files_on_a_disk_that_is_not_connected_are_found_those_whose_turn_has_not_come_too() {
    let s = sandbox();
    let on = |disk: u64, number: u64| {
        let mut new = new_file(number, 1, i64::try_from(number).unwrap(), 1);
        new.fingerprint.dev = disk;
        new
    };
    insert(&s.queue, vec![on(7, 1), on(7, 2), on(8, 3), on(7, 4)]);
    apply(&s.queue, whole_life(4, 1));
    let find = Find {
        kind: Kind::NoDisk,
        ..Find::default()
    };
    let found = || {
        let find = find.clone();
        read(&s.queue, move |c| files::find_ids(c, group_id(1), &find))
    };
    assert_eq!(found(), []);
    let waits = Change::FileTries {
        id: file_id(1),
        tries: 1,
        next_try_at: Some(at(5)),
        failure: Some(Failure::new(ErrorCode::DiskMissing, "the card")),
    };
    apply(&s.queue, vec![waits]);
    assert_eq!(found(), [file_id(1), file_id(2)]);
    assert_eq!(read(&s.queue, files::disks_away), [7].into());
}

// G-10
#[test]
fn figures_are_counted_from_the_rows_of_their_time() {
    let s = ended(4);
    let all = read(&s.queue, move |c| insights::proved(c, at(-1_000_000), None));
    assert_eq!((all.files, all.bytes), (8, 4 * 16 * MIB));
    let none = read(&s.queue, move |c| insights::proved(c, at(1_000_000_000), None));
    assert_eq!(none.files, 0);
    let other = read(&s.queue, move |c| {
        insights::proved(c, at(-1_000_000), Some(destination_id(9)))
    });
    assert_eq!(other.files, 0);
    let by = read(&s.queue, move |c| {
        insights::proved_by_destination(c, at(-1_000_000))
    });
    assert_eq!(by.len(), 1);
    let times = read(&s.queue, move |c| insights::times(c, at(-1_000_000), None));
    assert_eq!(times.files, 8);
    s.queue
        .write_blocking(|c| {
            samples::add(c, at(0), destination_id(1), 10, 1)?;
            samples::add(c, at(1), destination_id(1), 5, 0)?;
            samples::add(c, at(600_000), destination_id(1), 7, 0)
        })
        .unwrap();
    let rates = read(&s.queue, move |c| samples::since(c, at(-60_000), 60_000, None));
    assert_eq!(
        rates.iter().map(|r| (r.sent, r.lost)).collect::<Vec<_>>(),
        [(15, 1), (7, 0)]
    );
    let later = at(samples::KEEP_MS + 120_000);
    s.queue.write_blocking(move |c| samples::prune(c, later)).unwrap();
    assert_eq!(
        read(&s.queue, move |c| samples::since(c, at(-60_000), 60_000, None)).len(),
        1
    );
}

// what still moves never hides what has stood still.
#[test]
fn a_group_that_stands_still_is_found_among_many_that_move() {
    let s = sandbox();
    s.queue
        .write_blocking(|c| {
            (2..=30_u64).try_for_each(|n| {
                let begun = NOW.plus_millis(n.cast_signed() * 1_000);
                groups::insert(
                    c,
                    &NewGroup {
                        created_at: begun,
                        ..new_group(n)
                    },
                )
                .map(drop)
            })
        })
        .unwrap();
    let still = NOW.plus_millis(2_500);
    let found = read(&s.queue, move |c| insights::abandoned(c, NOW, still, 20));
    let names: Vec<_> = found.iter().map(|a| (a.name.as_str(), a.cancelled)).collect();
    assert_eq!(names, [("Group 2", false), ("Group 1", false)]);
    let one = read(&s.queue, move |c| insights::abandoned(c, NOW, still, 1));
    assert_eq!(one.len(), 1);
}
