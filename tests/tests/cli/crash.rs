//! kill -9, and what the next start makes of it.

use std::time::Duration;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::{Windlass, compare_bucket};

use crate::folder::path;

/// 12 parts of 8 MiB.
const LARGE: u64 = 96 << 20;

// C-7, F20, I11, I12
#[test]
fn i12_killed_three_times_it_goes_on_each_time_and_sends_no_stored_part_again() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    // What the test of the destination sent.
    proxy.forget();
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), LARGE, 21)?;
    for number in 0..20 {
        samples::random_file(tree.join(format!("small {number}.bin")), 10_000, 100 + number)?;
    }
    let up = [
        "up",
        "--json",
        "--group",
        "Killed",
        "--to",
        "bucket",
        path(&tree)?,
    ];
    for round in 1..=3 {
        // Three parts pass; the rest is held on the wire, so that the moment of the kill is known.
        proxy.heal();
        proxy.add(Rule::new(Fault::Hold(Gate::closed())).call(Call::PutPart).skip(3));
        let running = if round == 1 {
            windlass.start(&up)?
        } else {
            windlass.start(&["resume", "--json"])?
        };
        proxy.wait_for(&format!("the held parts of round {round}"), PATIENCE, |ledger| {
            ledger.stored(Call::PutPart) >= 3 * round
                && ledger.count(Call::PutPart) > ledger.stored(Call::PutPart)
        })?;
        running.kill_9();
    }
    proxy.heal();
    windlass.run(&["resume", "--json"])?.succeeds()?;
    compare_bucket(&tree, &garage.oracle()?, "Killed/tree/")?;
    let again = proxy.ledger().sent_again();
    assert!(again.is_empty(), "the storage had these parts already: {again:?}");
    Ok(())
}

// I12 at moments that nobody chose.
#[test]
fn i12_killed_at_any_moment_it_sends_no_more_again_than_was_in_flight() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), LARGE, 22)?;
    proxy.add(Rule::new(Fault::Slow(16 << 20)).call(Call::PutPart));
    let up = [
        "up",
        "--json",
        "--group",
        "Moments",
        "--to",
        "bucket",
        path(&tree)?,
    ];
    let mut in_flight = 0;
    // The test of the destination sent a part of its own.
    let before = proxy.ledger().stored(Call::PutPart);
    for stored in [1, 2, 4, 7] {
        let mut running = if stored == 1 {
            windlass.start(&up)?
        } else {
            windlass.start(&["resume", "--json"])?
        };
        let seen = proxy.wait_for("stored parts", PATIENCE, |ledger| {
            ledger.stored(Call::PutPart) >= before + stored
        });
        let done = !running.runs()?;
        running.kill_9();
        if done {
            break;
        }
        seen?;
        // Taken, or about to be, and not yet known to be committed.
        let ledger = proxy.ledger();
        in_flight += ledger.of(Call::PutPart).filter(|part| !part.answered).count() + 1;
    }
    proxy.heal();
    windlass.run(&["resume", "--json"])?.succeeds()?;
    compare_bucket(&tree, &garage.oracle()?, "Moments/tree/")?;
    let again = proxy.ledger().sent_again();
    assert!(
        again.len() <= in_flight,
        "{} sent again, {in_flight} were in flight: {again:?}",
        again.len()
    );
    Ok(())
}

// F90 and a crash together.
#[test]
fn killed_between_complete_and_its_answer_the_file_is_found_finished() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), 20 << 20, 23)?;
    proxy.add(
        Rule::new(Fault::AnswerLost)
            .call(Call::Complete)
            .path("large.bin")
            .once(),
    );
    proxy.add(
        Rule::new(Fault::Hold(Gate::closed()))
            .call(Call::Head)
            .path("large.bin"),
    );
    let running = windlass.start(&[
        "up",
        "--json",
        "--group",
        "Between",
        "--to",
        "bucket",
        path(&tree)?,
    ])?;
    proxy.wait_for("Complete", PATIENCE, |ledger| {
        ledger
            .of(Call::Complete)
            .any(|seen| seen.is_stored() && seen.path.contains("large.bin"))
    })?;
    running.kill_9();
    proxy.heal();
    windlass.run(&["resume", "--json"])?.succeeds()?;
    assert!(proxy.ledger().sent_again().is_empty());
    compare_bucket(&tree, &garage.oracle()?, "Between/tree/")
}

// I36, I43
#[test]
fn ctrl_c_ends_soon_with_130_and_the_next_start_sends_no_finished_part_again() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), LARGE, 24)?;
    proxy.add(Rule::new(Fault::Slow(8 << 20)).call(Call::PutPart));
    let running = windlass.start(&[
        "up",
        "--json",
        "--group",
        "Stopped",
        "--to",
        "bucket",
        path(&tree)?,
    ])?;
    proxy.wait_for("two stored parts", PATIENCE, |ledger| {
        ledger.stored(Call::PutPart) >= 2
    })?;
    let asked = std::time::Instant::now();
    running.interrupt()?;
    running.ends()?.exits(130)?;
    // 5 s are promised (I43); a machine under test is slower.
    assert!(
        asked.elapsed() < Duration::from_secs(15),
        "it took {:?} to stop",
        asked.elapsed()
    );
    proxy.heal();
    windlass.run(&["resume", "--json"])?.succeeds()?;
    assert_eq!(proxy.ledger().sent_again(), Vec::new());
    compare_bucket(&tree, &garage.oracle()?, "Stopped/tree/")
}

// I37
#[test]
fn a_cancelled_group_leaves_no_unfinished_upload_behind() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), LARGE, 25)?;
    proxy.add(Rule::new(Fault::Hold(Gate::closed())).call(Call::PutPart).skip(2));
    let running = windlass.start(&[
        "up",
        "--json",
        "--group",
        "Dropped",
        "--to",
        "bucket",
        path(&tree)?,
    ])?;
    proxy.wait_for("held parts", PATIENCE, |ledger| ledger.stored(Call::PutPart) >= 2)?;
    running.kill_9();
    proxy.heal();
    windlass.run(&["cancel", "Dropped"])?.succeeds()?;
    let oracle = garage.oracle()?;
    assert_eq!(oracle.objects("Dropped/")?, []);
    assert_eq!(oracle.uploads()?, []);
    Ok(())
}

// B-6, F70: what waited for a later try when the program died is tried at once by whoever says to go on.
#[test]
fn whoever_resumes_does_not_wait_for_a_later_try() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    proxy.forget();
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("film.bin"), 20 << 20, 23)?;
    proxy.add(Rule::new(Fault::Hold(Gate::closed())).call(Call::PutPart).part(3));
    let up = ["up", "--json", "--group", "Later", "--to", "bucket", path(&tree)?];
    let running = windlass.start(&up)?;
    proxy.wait_for("two parts", PATIENCE, |ledger| ledger.stored(Call::PutPart) >= 2)?;
    running.kill_9();
    proxy.heal();
    let later = "UPDATE upload_file SET tries = 9, next_try_at = (strftime('%s', 'now') + 1140) * 1000";
    let changed = Connection::open(windlass.data().join("queue.sqlite"))?.execute(later, [])?;
    ensure!(changed == 1, "{changed} files wait");
    windlass.run(&["resume", "--json"])?.succeeds()?;
    compare_bucket(&tree, &garage.oracle()?, "Later/tree/")
}
