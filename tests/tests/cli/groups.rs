//! Groups by the command line: put together, taken apart, ordered, noted about; and their empty folders.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;
use windlass_testkit::garage::Garage;
use windlass_testkit::samples;
use windlass_tests::Windlass;

use crate::folder::path;

/// Everything is paused; each name is a group of one file that waits.
fn waiting(names: &[&str]) -> Result<Windlass> {
    let windlass = Windlass::new()?;
    windlass.add_folder("nas", &windlass.dir().join("destination"))?;
    windlass.run(&["pause"])?.succeeds()?;
    for (name, seed) in names.iter().zip(1..) {
        let file = windlass.dir().join(format!("{name}/{name}.bin"));
        samples::random_file(&file, 5_000, seed)?;
        let folder = windlass.dir().join(name);
        windlass
            .run(&["up", "--json", "--group", name, "--to", "nas", path(&folder)?])?
            .exits(130)?;
    }
    Ok(windlass)
}

fn groups(windlass: &Windlass) -> Result<Vec<Value>> {
    let said = windlass.run(&["status", "--json"])?.succeeds()?;
    let line = said.events()?.pop().context("nothing was said")?;
    Ok(line["groups"].as_array().cloned().unwrap_or_default())
}

fn names(windlass: &Windlass) -> Result<Vec<String>> {
    let mut groups = groups(windlass)?;
    groups.sort_by_key(|g| g["order"].as_i64());
    let name = |g: &Value| g["name"].as_str().unwrap_or_default().to_owned();
    Ok(groups.iter().map(name).collect())
}

//
#[test]
fn groups_are_ordered_put_together_and_taken_apart_and_every_file_arrives_once() -> Result<()> {
    let windlass = waiting(&["One", "Two", "Three"])?;
    windlass.run(&["group", "move", "Three", "--first"])?.succeeds()?;
    assert_eq!(names(&windlass)?, ["Three", "One", "Two"]);
    windlass
        .run(&["group", "move", "Two", "--before", "One"])?
        .succeeds()?;
    assert_eq!(names(&windlass)?, ["Three", "Two", "One"]);
    let merged = windlass.run(&["group", "merge", "Two", "One"])?.succeeds()?;
    assert!(merged.out.contains("1 file went to One."), "{}", merged.out);
    assert_eq!(names(&windlass)?, ["Three", "One"]);
    let split = windlass
        .run(&["group", "split", "One", "Two.bin", "--name", "Apart", "--json"])?
        .succeeds()?;
    assert!(split.out.contains("\"moved\":1"), "{}", split.out);
    assert_eq!(names(&windlass)?, ["Three", "One", "Apart"]);
    let nothing = windlass
        .run(&["group", "split", "One", "no-such-file"])?
        .exits(3)?;
    assert!(
        nothing.names("state_conflict", "nothing that may go"),
        "{}",
        nothing.err
    );
    windlass.run(&["resume"])?.succeeds()?;
    let there = samples::files_below(&windlass.dir().join("destination"), true)?;
    let there: Vec<_> = there
        .iter()
        .map(|p| p.to_string_lossy().into_owned())
        .filter(|p| !p.starts_with(".windlass/"))
        .collect();
    // A group of the name of its only folder stands there as that folder.
    assert_eq!(there, ["Apart/Two/Two.bin", "One/One.bin", "Three/Three.bin"]);
    Ok(())
}

//
#[test]
fn notes_are_written_read_and_forgotten() -> Result<()> {
    let windlass = waiting(&["One"])?;
    let note = |more: &[&str]| windlass.run(&[&["group", "note", "One"], more].concat());
    assert!(note(&[])?.succeeds()?.out.contains("Nothing is noted of One."));
    note(&["For Ada", "--set", "job=4711", "--set", "who=B=C"])?.succeeds()?;
    let said = note(&[])?.succeeds()?.out;
    assert_eq!(said, "For Ada\njob: 4711\nwho: B=C\n");
    note(&["--unset", "job"])?.succeeds()?;
    let said = note(&["--json"])?.succeeds()?;
    let line = said.events()?.pop().context("nothing was said")?;
    assert_eq!(line["pairs"], serde_json::json!({ "who": "B=C" }));
    note(&["--set", "=x"])?.exits(3)?;
    // The ledger has them when the group is closed.
    windlass.run(&["resume"])?.succeeds()?;
    let ledger = rusqlite::Connection::open_with_flags(
        windlass.data().join("ledger.sqlite"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )?;
    let kept: (String, String) = ledger.query_row(
        "SELECT description, metadata FROM upload_group WHERE name = 'One'",
        [],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    assert_eq!(kept, ("For Ada".to_owned(), "{\"who\":\"B=C\"}".to_owned()));
    Ok(())
}

// and not where nobody asked for it.
#[test]
fn a03_a_bucket_keeps_empty_folders_as_objects_without_content_when_it_is_told_to() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("a/full.bin"), 500, 3)?;
    for empty in ["a/empty", "ünïcode \u{1f4c1}"] {
        fs::create_dir_all(tree.join(empty))?;
    }
    windlass
        .try_add_bucket_with(
            "keeps",
            &garage,
            garage.endpoint(),
            "--prefix kept/ --folder-markers",
        )?
        .succeeds()?;
    windlass
        .try_add_bucket_with("plain", &garage, garage.endpoint(), "--prefix plain/")?
        .succeeds()?;
    for to in ["keeps", "plain"] {
        windlass
            .run(&["up", "--group", "Trip", "--to", to, path(&tree)?])?
            .succeeds()?;
    }
    let found: Vec<(String, u64)> = garage
        .oracle()?
        .objects("")?
        .into_iter()
        .map(|object| (object.key, object.bytes))
        .collect();
    let wanted = [
        ("kept/Trip/tree/a/empty/", 0),
        ("kept/Trip/tree/a/full.bin", 500),
        ("kept/Trip/tree/ünïcode \u{1f4c1}/", 0),
        ("plain/Trip/tree/a/full.bin", 500),
    ];
    assert_eq!(found, wanted.map(|(key, bytes)| (key.to_owned(), bytes)));
    Ok(())
}

//
#[test]
fn empty_folders_are_kept_at_a_destination_that_is_a_folder() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::random_file(tree.join("a/b/full.bin"), 500, 3)?;
    for empty in ["a/empty", "deep/er/still", "ünïcode \u{1f4c1}"] {
        fs::create_dir_all(tree.join(empty))?;
    }
    windlass.add_folder("nas", &destination)?;
    windlass
        .run(&["up", "--group", "Kept", "--to", "nas", path(&tree)?])?
        .succeeds()?;
    for empty in ["a/empty", "deep/er/still", "ünïcode \u{1f4c1}"] {
        assert!(destination.join("Kept/tree").join(empty).is_dir(), "{empty}");
    }
    Ok(())
}
