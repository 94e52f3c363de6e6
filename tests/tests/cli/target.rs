//! A folder as destination that can't be written to, is full, or goes away.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Result, ensure};
use windlass_testkit::samples;
use windlass_testkit::wait::{PATIENCE, until};
use windlass_tests::{Windlass, compare_folder};

use crate::folder::path;

fn set_mode(folder: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(mode))?)
}

// I8
#[test]
fn f187_a_read_only_destination_is_told_with_its_code_and_gets_all_when_it_can_be_written_to() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::odd_tree(&tree, 70)?;
    windlass.add_folder("nas", &destination)?;
    set_mode(&destination.join(".windlass"), 0o555)?;
    set_mode(&destination, 0o555)?;
    let up = ["up", "--json", "--group", "Closed", "--to", "nas", path(&tree)?];
    let mut running = windlass.start_without_privilege(&up)?;
    let told = running.says(&["waiting", "destination_read_only", "WL-304"]);
    set_mode(&destination, 0o755)?;
    set_mode(&destination.join(".windlass"), 0o755)?;
    told?;
    running.ends()?.succeeds()?;
    compare_folder(&tree, &destination.join("Closed/tree"))
}

// I12, I44
#[test]
fn f095_a_full_destination_is_told_with_the_bytes_and_goes_on_when_there_is_room() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, disk) = (windlass.dir().join("tree"), windlass.dir().join("disk"));
    samples::random_file(tree.join("large.bin"), 40 << 20, 71)?;
    for number in 0..10 {
        samples::random_file(tree.join(format!("small {number}.bin")), 5_000, 72 + number)?;
    }
    fs::create_dir(&disk)?;
    let (at, from) = (path(&disk)?.to_owned(), path(&tree)?.to_owned());
    let script = format!(
        "mount -t tmpfs -o size=96m none '{at}'\n\
         mkdir '{at}/nas'\n\
         head -c 70m /dev/zero > '{at}/filler'\n\
         \"$0\" dest add nas --folder '{at}/nas' >/dev/null\n\
         \"$0\" up --json --group Full --to nas '{from}'; code=$?\n\
         until [ -e '{at}/seen' ]; do sleep 0.1; done; exit $code"
    );
    let mut running = windlass.start_with_mounts(&script)?;
    let line = running.says(&["waiting", "storage_full", "WL-306"])?;
    ensure!(line.contains("bytes"), "how much is needed is not told: {line}");
    let inside = running.inside(&disk);
    fs::remove_file(inside.join("filler"))?;
    // What arrived is read while the disk is there: it goes with the program that mounted it.
    let group = inside.join("nas/Full/tree");
    until("all files", PATIENCE * 2, || {
        let found = samples::files_below(&group, true).map(|f| f.len()).unwrap_or(0);
        (found == 11).then_some(())
    })?;
    compare_folder(&tree, &group)?;
    fs::write(inside.join("seen"), "")?;
    running.ends()?.succeeds().map(drop)
}

// I39
#[test]
fn f187_a_destination_removed_during_the_upload_is_told_and_goes_on_when_it_is_back() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::random_file(tree.join("large.bin"), 600 << 20, 73)?;
    for number in 0..10 {
        samples::random_file(tree.join(format!("small {number}.bin")), 5_000, 74 + number)?;
    }
    windlass.add_folder("nas", &destination)?;
    let mut running = windlass.start(&["up", "--json", "--group", "Pulled", "--to", "nas", path(&tree)?])?;
    until("a part on the disk", PATIENCE, || {
        let work = samples::files_below(&destination.join(".windlass"), true).ok()?;
        work.iter()
            .any(|f| {
                destination
                    .join(".windlass")
                    .join(f)
                    .metadata()
                    .is_ok_and(|m| m.len() > 16 << 20)
            })
            .then_some(())
    })?;
    let away = windlass.dir().join("unplugged");
    fs::rename(&destination, &away)?;
    running.says(&["waiting", "destination_missing", "WL-313"])?;
    assert!(
        !destination.exists(),
        "a folder was made in place of the missing disk"
    );
    fs::rename(&away, &destination)?;
    running.ends()?.succeeds()?;
    compare_folder(&tree, &destination.join("Pulled/tree"))
}

// I8, I43
#[test]
fn f187_a_destination_deleted_for_good_is_told_and_the_files_stay_in_the_queue() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::random_file(tree.join("large.bin"), 600 << 20, 75)?;
    windlass.add_folder("nas", &destination)?;
    let mut running = windlass.start(&["up", "--json", "--group", "Deleted", "--to", "nas", path(&tree)?])?;
    until("a part on the disk", PATIENCE, || {
        let work = samples::files_below(&destination.join(".windlass"), true).ok()?;
        (work.len() > 1).then_some(())
    })?;
    // What is being written to may appear once more while it is removed.
    until("an empty place", PATIENCE, || {
        fs::remove_dir_all(&destination).ok()
    })?;
    running.says(&["waiting", "destination_missing", "WL-313"])?;
    running.interrupt()?;
    running.ends()?.exits(130)?;
    let status = windlass.run(&["status", "--json"])?.succeeds()?;
    assert!(status.out.contains("Deleted"), "{}", status.out);
    // It can be given up although nobody answers there any more.
    let cancelled = windlass.run(&["cancel", "Deleted"])?;
    assert!(
        matches!(cancelled.code, Some(0 | 130)) || cancelled.names("destination_missing", "WL-313"),
        "{:?}\n{}\n{}",
        cancelled.code,
        cancelled.out,
        cancelled.err
    );
    Ok(())
}
