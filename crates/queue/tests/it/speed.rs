//! The paths that every file passes, with budgets that also a slow machine and an unoptimised build keep. The real budgets are
//! ten times tighter and are measured by the benches.

use std::time::{Duration, Instant};

use windlass_core::ids::FileId;
use windlass_core::states::FileState;
use windlass_queue::{files, reconcile, totals};

use crate::support::*;

const FILES: u64 = 100_000;

fn within(budget_s: u64, what: &str, began: Instant) {
    let took = began.elapsed();
    println!("{what}: {took:?}");
    assert!(took < Duration::from_secs(budget_s), "{what} took {took:?}");
}

#[test]
fn f036_a_hundred_thousand_files_are_taken_in_counted_shown_and_sent() {
    let s = sandbox();
    let began = Instant::now();
    for chunk in (0..FILES).collect::<Vec<_>>().chunks(1_000) {
        let new = chunk
            .iter()
            .map(|n| new_file(*n, 1, n.cast_signed(), 1))
            .collect();
        insert(&s.queue, new);
    }
    within(30, "intake of 100,000 files", began);

    let began = Instant::now();
    for chunk in (0..10_000).collect::<Vec<u64>>().chunks(64) {
        let changes = chunk.iter().flat_map(|n| whole_life(*n, 1)).collect();
        apply(&s.queue, changes);
    }
    within(20, "60,000 changes of 10,000 files", began);

    let began = Instant::now();
    let all = read(&s.queue, totals::totals_all);
    within(10, "totals", began);
    assert_eq!((all[&group_id(1)].done, all[&group_id(1)].total), (10_000, FILES));

    let began = Instant::now();
    let page = read(&s.queue, |c| files::page(c, group_id(1), 90_000, 100, &[]));
    let queued = read(&s.queue, |c| {
        files::page(c, group_id(1), 80_000, 100, &[FileState::Queued])
    });
    within(10, "two pages", began);
    assert_eq!(
        (page[0].position, queued[0].position, queued.len()),
        (90_000, 90_000, 100)
    );

    let began = Instant::now();
    let work = read(&s.queue, |c| files::load_work(c, group_id(1), -1, 1_000, NOW));
    within(10, "the next 1,000 files", began);
    assert_eq!(work[0].id, file_id(10_000));
    assert!(work.iter().map(|f| f.id).is_sorted_by(|a: &FileId, b| a < b));

    let began = Instant::now();
    assert!(read(&s.queue, |c| reconcile::interrupted(c, None, 1_000)).is_empty());
    assert_eq!(read(&s.queue, reconcile::queued)[&group_id(1)], FILES - 10_000);
    within(10, "the snapshot of a launch", began);

    let path = s.path();
    drop(s.queue);
    let began = Instant::now();
    let again = open(&path).unwrap();
    within(10, "opening, looked through", began);
    drop(again);
}
