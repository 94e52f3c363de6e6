//! Random changes against a recount that shares no SQL with the product.

use proptest::prelude::*;
use windlass_core::error::{ErrorCode, Failure, RetryClass};
use windlass_core::machine::records::{Change, DoneResult, Proof};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::{FileState, GroupState, PartState};
use windlass_queue::changes::Applied;
use windlass_queue::retry::RetryScope;
use windlass_queue::totals::GroupTotals;
use windlass_queue::{Connection, QueueError, changes, files, groups, receipts, reconcile, retry, totals};

use crate::support::*;

const FILES: u64 = 6;

/// Something that may come from the machine, sensible or not.
#[derive(Debug, Clone)]
enum Op {
    One(Change),
    Life(u64),
    Retry(RetryScope, Option<ErrorCode>),
}

fn file_state() -> impl Strategy<Value = FileState> {
    proptest::sample::select(FileState::ALL)
}

fn failure() -> impl Strategy<Value = Failure> {
    let codes = [
        ErrorCode::ReadError,
        ErrorCode::TooLarge,
        ErrorCode::ConnectionLost,
        ErrorCode::Offline,
        ErrorCode::NotRegularFile,
    ];
    proptest::sample::select(codes.to_vec()).prop_map(|c| Failure::new(c, "d"))
}

fn change() -> impl Strategy<Value = Change> {
    // One more than there are, so that some changes are about nothing.
    let id = (0..=FILES).prop_map(file_id);
    let part = (1..=4u32).prop_map(n);
    let group = (1..=3u64).prop_map(group_id);
    let group_state = proptest::sample::select(GroupState::ALL);
    let results = vec![
        DoneResult::Uploaded,
        DoneResult::Deduplicated,
        DoneResult::Unchanged,
    ];
    prop_oneof![
        6 => (id.clone(), file_state(), file_state()).prop_map(|(id, from, to)| Change::FileState { id, from, to }),
        4 => id.clone().prop_map(|id| Change::FileRegistered { id, object_key: "k".into() }),
        1 => (id.clone(), any::<u8>()).prop_map(|(id, b)| Change::FileHashed { id, sha256: windlass_core::units::Sha256([b; 32]) }),
        1 => (id.clone(), 0..5u32, proptest::option::of(failure()))
            .prop_map(|(id, tries, failure)| Change::FileTries { id, tries, next_try_at: Some(at(1)), failure }),
        2 => (id.clone(), file_state(), failure()).prop_map(|(id, from, failure)| Change::FileFailed { id, from, failure, at: NOW }),
        2 => (id.clone(), file_state(), 1..5u32, 0..40 * MIB).prop_map(|(id, from, attempt, size)| {
            let plan = PartPlan::new(size).unwrap();
            Change::FileStartOver { id, from, attempt, fingerprint: fingerprint(1, size), part_size: plan.part_size(),
                part_count: plan.count(), because: Failure::new(ErrorCode::FileChanged, ""), at: NOW }
        }),
        2 => (id.clone(), file_state(), proptest::sample::select(results)).prop_map(|(id, from, result)| Change::FileDone {
            id, from, proof: Proof { result, ..proof() }, at: NOW }),
        1 => (id.clone(), file_state()).prop_map(|(id, from)| Change::FileRemoved { id, from, at: NOW }),
        6 => (id.clone(), part.clone(), proptest::sample::select(PartState::ALL))
            .prop_map(|(id, n, to)| Change::PartState { id, n, to }),
        6 => (id, part).prop_map(|(id, n)| Change::PartUploaded {
            id, n, crc64: crc(n.get()), etag: windlass_core::units::ETag("e".into()), at: NOW }),
        2 => (group.clone(), group_state.clone(), group_state)
            .prop_map(|(id, from, to)| Change::GroupState { id, from, to, at: NOW }),
        1 => group.prop_map(|id| Change::GroupTold { id, at: NOW }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => change().prop_map(Op::One),
        2 => (0..FILES).prop_map(Op::Life),
        1 => proptest::option::of(Just(ErrorCode::ReadError)).prop_map(|code| Op::Retry(RetryScope::All, code)),
        1 => Just(Op::Retry(RetryScope::Group(group_id(1)), None)),
    ]
}

fn run(c: &Connection, op: &Op) -> Result<Vec<Applied>, QueueError> {
    match op {
        Op::One(change) => changes::apply(c, std::slice::from_ref(change)),
        Op::Life(file) => changes::apply(c, &whole_life(*file, 1)),
        Op::Retry(scope, cause) => retry::retry(c, *scope, *cause).map(|_| Vec::new()),
    }
}

/// Everything that a reader could compare, in one text.
fn snapshot(c: &Connection) -> String {
    let mut all = String::new();
    for group in [1, 2] {
        let rows = files::page(c, group_id(group), 0, 99, &[]).unwrap();
        for row in &rows {
            let parts = files::part_states(c, row.id).unwrap();
            all += &format!("{row:?} {parts:?} {:?}\n", receipts::of_file(c, row.id).unwrap());
        }
        all += &format!("{:?}\n", groups::get(c, group_id(group)).unwrap());
    }
    all
}

fn recount(c: &Connection, group: u64) -> GroupTotals {
    let mut t = GroupTotals::default();
    for row in files::page(c, group_id(group), 0, 99, &[]).unwrap() {
        let parts = files::part_states(c, row.id).unwrap();
        let stored = |i: &usize| PartState::ALL[usize::from(parts[*i])] == PartState::Uploaded;
        let plan = PartPlan::stored(row.fingerprint.size, row.part_size).unwrap();
        assert_eq!(plan.count() as usize, parts.len(), "the plan and its rows");
        let sent: u64 = plan
            .parts()
            .filter(|p| stored(&p.number.index()))
            .map(|p| p.len)
            .sum();
        let gone = row
            .error
            .as_ref()
            .is_some_and(|e| e.code.retry_class() == RetryClass::Never);
        let receipt = receipts::of_file(c, row.id).unwrap();
        assert_eq!(
            receipt.is_some(),
            row.state == FileState::Done,
            "a receipt for each done file and no other"
        );
        t.total += 1;
        t.bytes_total += row.fingerprint.size;
        match row.state {
            FileState::Queued => {
                assert_eq!(sent, 0, "nothing of a queued file is there");
                t.registered_or_queued += 1;
            }
            FileState::Registered => {
                t.registered_or_queued += 1;
                t.bytes_done += sent;
            }
            FileState::Uploading => {
                t.uploading += 1;
                t.bytes_done += sent;
            }
            FileState::Verifying => {
                t.verifying += 1;
                t.bytes_done += sent;
            }
            FileState::Failed if gone => {
                t.rejected += 1;
                t.bytes_total -= row.fingerprint.size;
            }
            FileState::Failed => {
                t.failed += 1;
                t.bytes_done += sent;
            }
            FileState::Done => {
                t.done += 1;
                t.bytes_done += row.fingerprint.size;
                t.deduplicated += u64::from(row.result == Some(DoneResult::Deduplicated));
                t.unchanged += u64::from(row.result == Some(DoneResult::Unchanged));
            }
            FileState::Removed => {
                t.total -= 1;
                t.removed += 1;
                t.bytes_total -= row.fingerprint.size;
            }
        }
        if row.state != FileState::Done {
            assert_eq!(row.bytes_done, sent);
        }
    }
    t
}

/// `PROPTEST_CASES` may ask for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(24);
    ProptestConfig {
        cases,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    // I6, I7: whatever comes, figures equal a recount, and what is refused or stale leaves no trace.
    #[test]
    fn i06_figures_equal_a_recount_after_any_changes(ops in proptest::collection::vec(op(), 1..120)) {
        let s = sandbox();
        s.queue.write_blocking(|c| groups::insert(c, &new_group(2))).unwrap();
        insert(&s.queue, (0..FILES).map(|n| new_file(n, 1 + n % 2, (n / 2).cast_signed(), 1 + (n as u32) % 3)).collect());
        // One transaction for all, so that a case takes no hundred syncs.
        let done = s.queue.write_blocking(move |c| {
            for op in &ops {
                let before = snapshot(c);
                c.execute_batch("SAVEPOINT op")?;
                let result = run(c, op);
                if result.is_err() {
                    c.execute_batch("ROLLBACK TO op")?;
                }
                c.execute_batch("RELEASE op")?;
                let after = snapshot(c);
                match (op, &result) {
                    (_, Err(QueueError::Refused(_))) => assert_eq!(before, after, "{op:?}"),
                    (_, Err(e)) => panic!("{op:?}: {e}"),
                    (Op::One(_), Ok(applied)) if matches!(applied[0], Applied::Stale { .. }) => assert_eq!(before, after, "{op:?}"),
                    (_, Ok(_)) => {}
                }
                let all = totals::totals_all(c)?;
                for group in [1, 2] {
                    let expected = recount(c, group);
                    assert_eq!(totals::totals(c, group_id(group))?, expected, "{op:?}");
                    assert_eq!(all[&group_id(group)], expected, "{op:?}");
                    let counts = totals::counts(c, group_id(group))?;
                    assert_eq!(counts.open, expected.registered_or_queued + expected.uploading + expected.verifying);
                    assert_eq!((counts.done, counts.failed, counts.rejected), (expected.done, expected.failed, expected.rejected));
                    let folded: u64 = totals::error_folds(c, group_id(group))?.iter().map(|f| f.files).sum();
                    assert_eq!(folded, expected.failed + expected.rejected);
                }
                let interrupted = reconcile::interrupted(c, None, 99)?.len() as u64;
                let queued: u64 = reconcile::queued(c)?.into_values().sum();
                let open: u64 = [1, 2].map(|g| totals::counts(c, group_id(g)).unwrap().open).iter().sum();
                assert_eq!(interrupted + queued, open);
            }
            Ok(())
        });
        prop_assert_eq!(done, Ok(()));
    }
}
