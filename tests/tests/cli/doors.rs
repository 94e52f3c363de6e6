//! How `windlass` is entered and left: exit codes, help, two at once, and what each verb says.

use std::fs;

use anyhow::Result;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::{Windlass, compare_folder};

use crate::folder::path;

#[test]
fn help_names_every_verb_and_every_exit_code() -> Result<()> {
    let help = Windlass::new()?.run(&["--help"])?.succeeds()?;
    for word in [
        "up", "dest", "status", "resume", "pause", "cancel", "retry", "receipt", "verify",
    ] {
        assert!(help.out.contains(word), "{word} is not in the help");
    }
    for code in ["0", "2", "3", "130"] {
        assert!(help.out.contains(code), "exit code {code} is not in the help");
    }
    Ok(())
}

#[test]
fn a_word_that_is_no_verb_is_refused_with_a_hint() -> Result<()> {
    let windlass = Windlass::new()?;
    let refused = windlass.run(&["uppp"])?;
    assert!(matches!(refused.code, Some(2 | 3)), "{:?}", refused.code);
    assert!(!refused.err.is_empty());
    assert!(
        !windlass.data().join("queue.sqlite").exists(),
        "a queue was made for nothing"
    );
    Ok(())
}

#[test]
fn a_destination_that_nobody_added_is_told_by_name() -> Result<()> {
    let windlass = Windlass::new()?;
    let file = windlass.dir().join("a.txt");
    fs::write(&file, "a")?;
    let refused = windlass
        .run(&["up", "--to", "atlantis", path(&file)?])?
        .exits(3)?;
    assert!(refused.err.contains("atlantis"), "{}", refused.err);
    Ok(())
}

// I13
#[test]
fn f034_a_second_command_at_the_same_time_neither_harms_the_first_nor_loses_its_own_files() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    // What the test of the destination sent.
    proxy.forget();
    let (first, second) = (
        windlass.dir().join("first.bin"),
        windlass.dir().join("second.bin"),
    );
    samples::random_file(&first, 30 << 20, 41)?;
    samples::random_file(&second, 1_000, 42)?;
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutPart).skip(1));
    let running = windlass.start(&["up", "--json", "--group", "Two", "--to", "bucket", path(&first)?])?;
    proxy.wait_for("the first part", PATIENCE, |ledger| {
        ledger.stored(Call::PutPart) >= 1
    })?;

    let other = windlass.run(&["up", "--json", "--group", "Two", "--to", "bucket", path(&second)?])?;
    if other.code != Some(0) {
        other.exits(3).and_then(|told| {
            anyhow::ensure!(
                told.names("already_running", "WL-507"),
                "{}\n{}",
                told.out,
                told.err
            );
            Ok(())
        })?;
    } else {
        assert_eq!(
            garage.oracle()?.sha256("Two/second.bin")?.1,
            samples::sha256(&second)?
        );
    }
    gate.open();
    running.ends()?.succeeds()?;
    assert_eq!(
        garage.oracle()?.sha256("Two/first.bin")?.1,
        samples::sha256(&first)?
    );
    Ok(())
}

#[test]
fn status_says_what_is_there_and_ends_with_0() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::random_file(tree.join("a.bin"), 5_000, 1)?;
    windlass.add_folder("nas", &destination)?;
    windlass
        .run(&[
            "up",
            "--json",
            "--group",
            "Shoot 12 May",
            "--to",
            "nas",
            path(&tree)?,
        ])?
        .succeeds()?;
    let status = windlass.run(&["status"])?.succeeds()?;
    assert!(status.out.contains("Shoot 12 May"), "{}", status.out);
    assert!(status.out.contains("Done"), "{}", status.out);
    let status = windlass.run(&["status", "--json"])?.succeeds()?;
    assert!(!status.events()?.is_empty());
    compare_folder(&tree, &destination.join("Shoot 12 May/tree"))
}

#[test]
fn a_name_cannot_drive_the_terminal() -> Result<()> {
    let windlass = Windlass::new()?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("\u{1b}[2J\u{1b}]0;owned\u{7}.txt"), 10, 1)?;
    windlass.add_folder("nas", &windlass.dir().join("destination"))?;
    let up = windlass
        .run(&["up", "--group", "\u{1b}[31mred", "--to", "nas", path(&tree)?])?
        .succeeds()?;
    let status = windlass.run(&["status"])?.succeeds()?;
    for text in [&up.out, &up.err, &status.out] {
        assert!(
            !text.contains("\u{1b}[2J") && !text.contains("\u{1b}[31mred"),
            "{text:?}"
        );
    }
    Ok(())
}

// I33, I42: what a person may ask about later, one line each.
#[test]
fn the_log_has_a_line_for_launch_wait_failure_and_the_end_of_a_group_and_no_secret() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("a.bin"), 5_000, 1)?;
    std::os::unix::fs::symlink("nowhere", tree.join("dangling"))?;
    proxy.add(Rule::new(Fault::status(503)).call(Call::PutObject).once());
    let up = [
        "up",
        "--json",
        "--group",
        "Logged",
        "--to",
        "bucket",
        path(&tree)?,
    ];
    windlass.run(&up)?.exits(2)?;
    let log = fs::read_to_string(windlass.data().join("logs/windlass.log"))?;
    for line in [
        "launched",
        "a group takes files in",
        "destination_slow_down",
        "a destination stands still",
        "a destination goes on",
        "a group moves on",
    ] {
        assert!(log.contains(line), "no line says `{line}`:\n{log}");
    }
    assert!(!log.contains("X-Amz-Signature") && !log.contains(garage.secret_key()));
    assert!(log.lines().count() < 60, "{log}");
    Ok(())
}
