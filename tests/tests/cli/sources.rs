//! Files that vanish, grow, refuse to be read, or are no files.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::{Ended, Windlass};

use crate::folder::path;

/// A file of five parts whose upload stands still after its first part, with the gate that lets it go on.
pub(crate) struct Held {
    garage: Garage,
    windlass: Windlass,
    proxy: FaultProxy,
    gate: Gate,
    running: windlass_tests::Running,
    pub(crate) file: std::path::PathBuf,
}

impl Held {
    pub(crate) fn start(seed: u64) -> Result<Self> {
        let (garage, windlass) = (Garage::start()?, Windlass::new()?);
        let proxy = FaultProxy::start(garage.endpoint())?;
        windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
        // What the test of the destination sent.
        proxy.forget();
        let file = windlass.dir().join("source/file.bin");
        samples::random_file(&file, 40 << 20, seed)?;
        let gate = Gate::closed();
        proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutPart).skip(1));
        let running = windlass.start(&[
            "up",
            "--json",
            "--group",
            "Moving",
            "--to",
            "bucket",
            path(&file)?,
        ])?;
        proxy.wait_for("the first part", PATIENCE, |ledger| {
            ledger.stored(Call::PutPart) >= 1
        })?;
        Ok(Self {
            garage,
            windlass,
            proxy,
            gate,
            running,
            file,
        })
    }

    /// Lets it go on. Whatever is in the storage after that must be one version of the file, whole; returns how it ended
    /// and the hashes there.
    pub(crate) fn goes_on(self, versions: &[String]) -> Result<(Ended, BTreeSet<String>)> {
        self.gate.open();
        let ended = self.running.ends()?;
        let oracle = self.garage.oracle()?;
        let mut there = BTreeSet::new();
        for object in oracle.objects("Moving/")? {
            let (_, sha256) = oracle.sha256(&object.key)?;
            ensure!(
                versions.contains(&sha256),
                "{} is no version of the file: a mix of two",
                object.key
            );
            there.insert(sha256);
        }
        drop((self.proxy, self.windlass));
        Ok((ended, there))
    }

    /// Lets it go on: then it is done with this very version in the storage, or the file is told with this code.
    pub(crate) fn done_or_told(
        self,
        versions: &[String],
        wanted: &str,
        code: &str,
        label: &str,
    ) -> Result<()> {
        let (ended, there) = self.goes_on(versions)?;
        match ended.code {
            Some(0) => ensure!(there.contains(wanted), "done without what stands on disk"),
            _ => ensure!(ended.names(code, label), "{}\n{}", ended.out, ended.err),
        }
        Ok(())
    }
}

// I2
#[test]
fn f001_a_file_that_grows_is_never_stored_as_a_mix() -> Result<()> {
    let held = Held::start(31)?;
    let before = samples::sha256(&held.file)?;
    File::options()
        .append(true)
        .open(&held.file)?
        .write_all(&[7; 5_000_000])?;
    let after = samples::sha256(&held.file)?;
    held.done_or_told(&[before, after.clone()], &after, "file_changed", "WL-105")
}

#[test]
fn f003_a_file_overwritten_in_place_is_never_stored_as_a_mix() -> Result<()> {
    let held = Held::start(32)?;
    let before = samples::sha256(&held.file)?;
    use std::os::unix::fs::FileExt as _;
    File::options()
        .write(true)
        .open(&held.file)?
        .write_all_at(b"another beginning", 0)?;
    let after = samples::sha256(&held.file)?;
    held.done_or_told(&[before, after.clone()], &after, "file_changed", "WL-105")
}

#[test]
fn f005_a_file_deleted_on_the_way_is_told_or_finished_never_shortened() -> Result<()> {
    let held = Held::start(33)?;
    let whole = samples::sha256(&held.file)?;
    fs::remove_file(&held.file)?;
    held.done_or_told(std::slice::from_ref(&whole), &whole, "file_missing", "WL-101")
}

#[test]
fn a_path_that_is_not_there_is_told_by_name() -> Result<()> {
    let windlass = Windlass::new()?;
    windlass.add_folder("nas", &windlass.dir().join("destination"))?;
    let missing = windlass.dir().join("nobody wrote this.txt");
    let ended = windlass.run(&["up", "--to", "nas", path(&missing)?])?;
    assert!(
        matches!(ended.code, Some(2 | 3)),
        "{:?}\n{}",
        ended.code,
        ended.err
    );
    assert!(
        ended.names("nobody wrote this.txt", "nobody wrote this.txt"),
        "{}\n{}",
        ended.out,
        ended.err
    );
    Ok(())
}

// I34
#[test]
fn f007_an_unreadable_file_is_left_out_by_name_and_holds_nobody_up() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    for number in 0..20 {
        samples::random_file(tree.join(format!("{number}.bin")), 5_000, number)?;
    }
    let closed = tree.join("closed.bin");
    samples::random_file(&closed, 100, 50)?;
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000))?;
    windlass.add_folder("nas", &destination)?;
    let up = ["up", "--json", "--group", "Closed", "--to", "nas", path(&tree)?];
    let ended = windlass.start_without_privilege(&up)?.ends()?;
    assert_ne!(ended.code, Some(0), "one file did not arrive: {}", ended.out);
    assert!(
        ended.names("no_permission", "WL-102"),
        "{}\n{}",
        ended.out,
        ended.err
    );
    let summary = ended.summary()?;
    assert_eq!(summary.uploaded, 20);
    assert_eq!(summary.failed + summary.rejected, 1);
    assert_eq!(samples::files_below(&destination.join("Closed"), true)?.len(), 20);
    Ok(())
}

// I8
#[test]
fn f012_pipes_sockets_and_looping_links_are_skipped_with_a_line_each() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::random_file(tree.join("real.bin"), 5_000, 1)?;
    assert!(Command::new("mkfifo").arg(tree.join("pipe")).status()?.success());
    let _socket = std::os::unix::net::UnixListener::bind(tree.join("socket"))?;
    std::os::unix::fs::symlink("loop", tree.join("loop"))?;
    std::os::unix::fs::symlink(&tree, tree.join("up again"))?;
    std::os::unix::fs::symlink("nowhere", tree.join("dangling"))?;
    windlass.add_folder("nas", &destination)?;
    let ended = windlass.run(&["up", "--json", "--group", "Strange", "--to", "nas", path(&tree)?])?;
    assert!(
        matches!(ended.code, Some(0 | 2)),
        "{:?} {}",
        ended.code,
        ended.err
    );
    assert_eq!(ended.summary()?.uploaded, 1);
    for name in ["pipe", "socket", "loop", "up again", "dangling"] {
        assert!(ended.names(name, name), "{name} is not told: {}", ended.out);
    }
    let arrived = samples::files_below(&destination.join("Strange"), true)?;
    assert_eq!(arrived, [Path::new("tree/real.bin")]);
    Ok(())
}
