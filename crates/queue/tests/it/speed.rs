//! The paths that every file passes, with budgets in steps of the database: what walks along more rows is seen on every machine.
//! How long they take is measured by the benches.

use std::time::{Duration, Instant};

use windlass_core::ids::FileId;
use windlass_core::states::FileState;
use windlass_queue::{changes, files, reconcile, totals};

use crate::support::*;

const FILES: u64 = 100_000;

fn within(budget: u64, what: &str, steps: u64) {
    println!("{what}: {steps} steps");
    assert!(steps <= budget, "{what} took {steps} steps");
}

#[test]
fn f036_a_hundred_thousand_files_are_taken_in_counted_shown_and_sent() {
    let s = sandbox();
    let counting = Counting::open(&s.path());
    let mut taken = 0;
    for chunk in (0..FILES).collect::<Vec<_>>().chunks(1_000) {
        let new: Vec<_> = chunk
            .iter()
            .map(|n| new_file(*n, 1, n.cast_signed(), 1))
            .collect();
        taken += counting.count_written(|c| files::insert_many(c, &new)).1;
    }
    within(450, "intake of a file", taken / FILES);

    let mut changed = 0;
    for chunk in (0..10_000).collect::<Vec<u64>>().chunks(64) {
        let life: Vec<_> = chunk.iter().flat_map(|n| whole_life(*n, 1)).collect();
        changed += counting.count_written(|c| changes::apply(c, &life)).1;
    }
    within(350, "a change of a file", changed / 60_000);

    let (all, steps) = counting.count(totals::totals_all);
    within(3_000_000, "totals", steps);
    assert_eq!((all[&group_id(1)].done, all[&group_id(1)].total), (10_000, FILES));

    let (page, steps) = counting.count(|c| files::page(c, group_id(1), 90_000, 100, &[]));
    within(10_000, "a page", steps);
    let (queued, steps) = counting.count(|c| files::page(c, group_id(1), 80_000, 100, &[FileState::Queued]));
    within(1_400_000, "a page of what is queued", steps);
    assert_eq!(
        (page[0].position, queued[0].position, queued.len()),
        (90_000, 90_000, 100)
    );

    let (work, steps) = counting.count(|c| files::load_work(c, group_id(1), -1, 1_000, NOW));
    within(150_000, "the next 1,000 files", steps);
    assert_eq!(work[0].id, file_id(10_000));
    assert!(work.iter().map(|f| f.id).is_sorted_by(|a: &FileId, b| a < b));

    let (none, steps) = counting.count(|c| reconcile::interrupted(c, None, 1_000));
    within(780_000, "what was interrupted, at a launch", steps);
    assert!(none.is_empty());
    let (queued, steps) = counting.count(reconcile::queued);
    within(780_000, "what is queued, at a launch", steps);
    assert_eq!(queued[&group_id(1)], FILES - 10_000);

    let path = s.path();
    drop((counting, s.queue));
    // It happens on connections of its own, of which nobody counts the steps.
    let began = Instant::now();
    let again = open(&path).unwrap();
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "opening, looked through, took {took:?}"
    );
    drop(again);
}
