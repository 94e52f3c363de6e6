//! Sources that go away, shrink or are exchanged: before they are looked at, while they are sent, and after.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{PATIENCE, until_ok};
use windlass_tests::{Ended, Windlass, compare_folder};

use crate::folder::path;
use crate::sources::Held;

/// The paths of the files that failed, each with its code.
fn failed(ended: &Ended) -> Result<BTreeSet<(String, String)>> {
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    Ok(ended
        .events()?
        .iter()
        .filter(|event| event["event"] == "file_failed")
        .map(|event| (text(event, "path"), text(event, "code")))
        .collect())
}

/// A kilobyte that no other number has.
fn small_file(file: &Path, number: u64) -> Result<()> {
    Ok(fs::write(file, format!("{number:09}\n").repeat(100))?)
}

// I1, I2
#[test]
fn f002_a_file_that_shrinks_is_never_padded_and_never_stored_as_a_mix() -> Result<()> {
    let held = Held::start(80)?;
    let before = samples::sha256(&held.file)?;
    File::options().write(true).open(&held.file)?.set_len(11 << 20)?;
    let after = samples::sha256(&held.file)?;
    let (ended, there) = held.goes_on(&[before, after.clone()])?;
    ended.succeeds()?;
    assert!(there.contains(&after), "what stands on disk is not there");
    Ok(())
}

// I2, I8
#[test]
fn f004_a_file_exchanged_for_another_on_the_way_is_one_of_the_two_whole() -> Result<()> {
    let held = Held::start(81)?;
    let before = samples::sha256(&held.file)?;
    let other = held.file.with_extension("new");
    samples::random_file(&other, 30 << 20, 82)?;
    let after = samples::sha256(&other)?;
    fs::rename(&other, &held.file)?;
    let (ended, there) = held.goes_on(&[before, after])?;
    ended.succeeds()?;
    assert!(!there.is_empty(), "nothing arrived");
    Ok(())
}

// I8
#[test]
fn f005_a_folder_given_that_is_not_there_is_told_and_the_others_arrive() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::random_file(tree.join("a.bin"), 5_000, 83)?;
    windlass.add_folder("nas", &destination)?;
    let gone = windlass.dir().join("gone folder/");
    let up = [
        "up",
        "--json",
        "--group",
        "Some",
        "--to",
        "nas",
        path(&gone)?,
        path(&tree)?,
    ];
    let ended = windlass.run(&up)?.exits(2)?;
    let told = failed(&ended)?;
    ensure!(
        told.iter()
            .any(|(path, code)| path.contains("gone folder") && code == "file_missing"),
        "{told:?}"
    );
    assert_eq!(ended.summary()?.uploaded, 1);
    compare_folder(&tree, &destination.join("Some/tree"))
}

// I8, I34
#[test]
fn f005_files_whose_folder_vanishes_before_they_are_read_are_each_told_and_the_rest_arrives() -> Result<()> {
    const FILES: u64 = 1_300;
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    fs::create_dir(&tree)?;
    for number in 0..FILES {
        small_file(&tree.join(format!("{number:04}.bin")), number)?;
    }
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutObject));
    let running = windlass.start(&[
        "up",
        "--json",
        "--group",
        "Leaving",
        "--to",
        "bucket",
        path(&tree)?,
    ])?;
    // No more than 1,000 are held in memory: what comes after is not read yet. All of them are found by then.
    until_ok("all files in the queue", PATIENCE, || {
        let status = windlass.run(&["status", "--json"])?.succeeds()?.out;
        ensure!(
            status.contains("\"total\":1300") && status.contains("\"scanning\":false"),
            "{status}"
        );
        Ok(())
    })?;
    proxy.wait_for("the first small files", PATIENCE, |l| {
        l.count(Call::PutObject) >= 8
    })?;
    fs::remove_dir_all(&tree)?;
    gate.open();
    let ended = running.ends()?.exits(2)?;
    let (summary, told) = (ended.summary()?, failed(&ended)?);
    assert_eq!(summary.uploaded + summary.failed, FILES, "{summary:?}");
    assert!(summary.uploaded >= 8 && summary.failed >= 1, "{summary:?}");
    assert_eq!(told.len() as u64, summary.failed, "each is told by name");
    assert!(told.iter().all(|(_, code)| code == "file_missing"), "{told:?}");
    assert_eq!(
        garage.oracle()?.objects("Leaving/")?.len() as u64,
        summary.uploaded
    );
    Ok(())
}

// I1
#[test]
fn f005_a_folder_that_vanishes_during_the_upload_loses_nothing_that_was_sent() -> Result<()> {
    let held = Held::start(84)?;
    let whole = samples::sha256(&held.file)?;
    fs::remove_dir_all(held.file.parent().context("no folder")?)?;
    held.done_or_told(std::slice::from_ref(&whole), &whole, "file_missing", "WL-101")
}

// I4, I39
#[test]
fn f005_a_source_that_vanishes_after_it_is_done_changes_nothing_of_what_is_proved() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::odd_tree(&tree, 85)?;
    windlass.add_folder("nas", &destination)?;
    let up = ["up", "--json", "--group", "Kept", "--to", "nas", path(&tree)?];
    let group = windlass.run(&up)?.succeeds()?.summary()?.group;
    let copy = windlass.dir().join("copy");
    fs::rename(&tree, &copy)?;
    windlass.run(&["verify", &group])?.succeeds()?;
    let status = windlass.run(&["status"])?.succeeds()?;
    assert!(status.out.contains("Done"), "{}", status.out);
    compare_folder(&copy, &destination.join("Kept/tree"))
}

// I40
#[test]
fn the_same_file_and_folder_given_twice_in_one_gesture_are_one() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    let file = windlass.dir().join("alone.bin");
    samples::random_file(&file, 9_000, 86)?;
    for number in 0..5 {
        samples::random_file(tree.join(format!("{number}.bin")), 5_000, 87 + number)?;
    }
    windlass.add_folder("nas", &destination)?;
    let (tree_path, file_path) = (path(&tree)?, path(&file)?);
    let dotted = format!("{tree_path}/../tree/.");
    let up = [
        "up", "--json", "--group", "Twice", "--to", "nas", tree_path, file_path, tree_path, file_path,
        &dotted,
    ];
    let summary = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!((summary.files, summary.uploaded), (6, 6), "{summary:?}");
    compare_folder(&tree, &destination.join("Twice/tree"))?;
    assert_eq!(samples::files_below(&destination.join("Twice"), true)?.len(), 6);
    Ok(())
}

// I33, I34: a drop of a tree of small files.
#[test]
fn f155_20_000_small_files_at_once_all_arrive() -> Result<()> {
    const FILES: u64 = 20_000;
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    for number in 0..FILES {
        let folder = tree.join(format!("{:03}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&folder)?;
        }
        small_file(&folder.join(format!("{number:05}.bin")), number)?;
    }
    windlass.add_folder("nas", &destination)?;
    let up = ["up", "--json", "--group", "Many", "--to", "nas", path(&tree)?];
    let summary = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!(
        (summary.files, summary.uploaded, summary.failed),
        (FILES, FILES, 0)
    );
    compare_folder(&tree, &destination.join("Many/tree"))
}
