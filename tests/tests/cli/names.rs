//! Names and kinds of files that break programs.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use windlass_testkit::garage::Garage;
use windlass_testkit::samples;
use windlass_tests::{Windlass, compare_bucket, compare_folder};

use crate::folder::path;

/// Names of 255 bytes, and each kind of odd character.
fn hard_names() -> Vec<Vec<u8>> {
    vec![
        [b"x".repeat(251), b".txt".to_vec()].concat(),
        "\u{e9}".repeat(127).into_bytes(),
        "日".repeat(85).into_bytes(),
        b"new\nline\r\nand\ttab".to_vec(),
        b"quotes ' \" ` $(touch x) \\".to_vec(),
        "emoji \u{1f469}\u{200d}\u{1f680}".as_bytes().to_vec(),
        "\u{202e}gpj.exe".as_bytes().to_vec(),
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}.txt".as_bytes().to_vec(),
        "caf\u{e9}.txt".as_bytes().to_vec(),
        vec![0xff, 0xfe, b'.', b'x'],
        b"--help".to_vec(),
        b"   ".to_vec(),
    ]
}

fn hard_tree(root: &Path) -> Result<usize> {
    let names = hard_names();
    for (number, name) in names.iter().enumerate() {
        samples::random_file(
            root.join(OsStr::from_bytes(name)),
            50 + number as u64,
            900 + number as u64,
        )?;
    }
    Ok(names.len())
}

// I40
#[test]
fn f013_names_of_255_bytes_and_every_odd_character_arrive_in_a_folder() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("hard"), windlass.dir().join("destination"));
    let files = hard_tree(&tree)? as u64;
    windlass.add_folder("nas", &destination)?;
    let up = ["up", "--json", "--group", "Hard", "--to", "nas", path(&tree)?];
    let summary = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!((summary.uploaded, summary.rejected), (files, 0), "{summary:?}");
    compare_folder(&tree, &destination.join("Hard/hard"))
}

// I40
#[test]
fn f013_names_of_255_bytes_and_every_odd_character_arrive_in_a_bucket() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let tree = windlass.dir().join("hard");
    let files = hard_tree(&tree)? as u64;
    windlass.add_bucket("bucket", &garage, garage.endpoint())?;
    let up = ["up", "--json", "--group", "Hard", "--to", "bucket", path(&tree)?];
    let summary = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!((summary.uploaded, summary.rejected), (files, 0), "{summary:?}");
    compare_bucket(&tree, &garage.oracle()?, "Hard/hard/")
}

// I40: the forms of a letter are two files; the second may get a number, and nothing is lost.
#[test]
fn f014_twins_in_the_two_forms_of_unicode_are_two_objects_in_a_bucket() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let tree = windlass.dir().join("twins");
    let mut sent = Vec::new();
    for (number, name) in ["caf\u{e9}.txt", "cafe\u{301}.txt", "A.TXT", "a.txt"]
        .iter()
        .enumerate()
    {
        samples::random_file(tree.join(name), 100, 950 + number as u64)?;
        sent.push(samples::sha256(tree.join(name))?);
    }
    windlass.add_bucket("bucket", &garage, garage.endpoint())?;
    let up = ["up", "--json", "--group", "Twins", "--to", "bucket", path(&tree)?];
    let summary = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!(summary.uploaded, 4, "{summary:?}");
    let oracle = garage.oracle()?;
    let mut there = Vec::new();
    for object in oracle.objects("Twins/")? {
        there.push(oracle.sha256(&object.key)?.1);
    }
    sent.sort();
    there.sort();
    assert_eq!(sent, there);
    let receipt = windlass.run(&["receipt", "--json", &summary.group])?.succeeds()?;
    assert!(
        sent.iter().all(|hash| receipt.out.contains(hash)),
        "{}",
        receipt.out
    );
    Ok(())
}

// A name that is taken gets a number; one of 255 bytes has no room for it.
#[test]
fn f013_a_name_of_255_bytes_that_is_taken_is_shortened_for_its_number_and_nothing_is_replaced() -> Result<()>
{
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("long"), windlass.dir().join("destination"));
    let name = "x".repeat(251) + ".txt";
    windlass.add_folder("nas", &destination)?;
    let up = ["up", "--json", "--group", "Long", "--to", "nas", path(&tree)?];
    let mut sent = Vec::new();
    for seed in [1, 2] {
        samples::random_file(tree.join(&name), 100, seed)?;
        sent.push(samples::sha256(tree.join(&name))?);
        windlass.run(&up)?.succeeds()?;
    }
    let group = destination.join("Long");
    let arrived: Vec<PathBuf> = samples::files_below(&group, true)?;
    let mut there = arrived
        .iter()
        .map(|file| samples::sha256(group.join(file)))
        .collect::<Result<Vec<_>>>()?;
    sent.sort();
    there.sort();
    assert_eq!(sent, there, "{arrived:?}");
    Ok(())
}

// I8, I34
#[test]
fn f012_links_out_of_the_folder_loops_pipes_sockets_and_devices_are_left_out_by_name() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    let secret = windlass.dir().join("outside/secret.txt");
    samples::random_file(&secret, 100, 91)?;
    samples::random_file(tree.join("real.bin"), 5_000, 92)?;
    symlink(&secret, tree.join("file outside"))?;
    symlink(
        secret.parent().unwrap_or(Path::new("/")),
        tree.join("folder outside"),
    )?;
    symlink("two", tree.join("one"))?;
    symlink("one", tree.join("two"))?;
    fs::create_dir(tree.join("deep"))?;
    symlink("../deep", tree.join("deep/again"))?;
    assert!(Command::new("mkfifo").arg(tree.join("pipe")).status()?.success());
    let _socket = std::os::unix::net::UnixListener::bind(tree.join("socket"))?;
    let mut told = vec![
        "file outside",
        "folder outside",
        "one",
        "two",
        "again",
        "pipe",
        "socket",
    ];
    // Only root may make one; a device that is there is given by its path below.
    let made = Command::new("mknod")
        .arg(tree.join("device"))
        .args(["c", "1", "3"])
        .output()?;
    if made.status.success() {
        told.push("device");
    }
    windlass.add_folder("nas", &destination)?;
    let up = [
        "up",
        "--json",
        "--group",
        "Kinds",
        "--to",
        "nas",
        path(&tree)?,
        "/dev/null",
    ];
    let ended = windlass.run(&up)?.exits(2)?;
    let events = ended.events()?;
    for name in told.iter().chain(&["null"]) {
        let line = events.iter().find(|event| {
            event["event"] == "file_failed"
                && event["path"]
                    .as_str()
                    .is_some_and(|p| Path::new(p).file_name() == Some(OsStr::new(name)))
        });
        assert!(
            line.is_some_and(|event| event["code"] == "not_regular_file" && event["number"] == "WL-111"),
            "{name}: {}",
            ended.out
        );
    }
    let summary = ended.summary()?;
    assert_eq!(
        (summary.uploaded, summary.rejected),
        (1, told.len() as u64 + 1),
        "{summary:?}"
    );
    assert_eq!(
        samples::files_below(&destination.join("Kinds"), true)?,
        [Path::new("tree/real.bin")]
    );
    Ok(())
}
