//! A folder as destination: the first thing that anybody tries.

use std::fs;

use anyhow::Result;
use windlass_testkit::samples;
use windlass_tests::{Windlass, compare_folder};

// C-5, G-14, D-9, I40
#[test]
fn f013_a_tree_with_odd_names_arrives_in_a_folder_byte_for_byte() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    let files = samples::odd_tree(&tree, 1)?;
    windlass.add_folder("nas", &destination)?;

    let summary = windlass
        .run(&["up", "--json", "--group", "Odd", "--to", "nas", path(&tree)?])?
        .succeeds()?
        .summary()?;
    assert_eq!(summary.files, files.len() as u64);
    assert_eq!(summary.uploaded, files.len() as u64);
    assert_eq!((summary.failed, summary.rejected), (0, 0));
    compare_folder(&tree, &destination.join("Odd/tree"))?;
    unfinished_is_empty(&destination)
}

#[test]
fn f009_an_empty_file_and_one_of_exactly_a_part_arrive() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("sizes"), windlass.dir().join("destination"));
    for (number, bytes) in [0, 1, (8 << 20) - 1, 8 << 20, (8 << 20) + 1, 16 << 20]
        .into_iter()
        .enumerate()
    {
        samples::random_file(tree.join(format!("{bytes}.bin")), bytes, number as u64)?;
    }
    windlass.add_folder("nas", &destination)?;
    windlass
        .run(&["up", "--json", "--group", "Sizes", "--to", "nas", path(&tree)?])?
        .succeeds()?;
    compare_folder(&tree, &destination.join("Sizes/sizes"))
}

#[test]
fn f010_a_sparse_file_arrives_with_what_stands_past_2_gib() -> Result<()> {
    let windlass = Windlass::new()?;
    let (file, destination) = (
        windlass.dir().join("sparse.img"),
        windlass.dir().join("destination"),
    );
    samples::sparse_file(&file, (1 << 31) + 5)?;
    windlass.add_folder("nas", &destination)?;
    windlass
        .run(&["up", "--json", "--group", "Sparse", "--to", "nas", path(&file)?])?
        .succeeds()?;
    assert_eq!(
        samples::sha256(&file)?,
        samples::sha256(destination.join("Sparse/sparse.img"))?
    );
    Ok(())
}

// D-7 of the features: unchanged files are not read again.
// B-4: the storage is asked, so what was taken away there goes up again.
#[test]
fn an_unchanged_file_whose_object_is_gone_goes_up_again() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    for number in 0..3 {
        samples::random_file(tree.join(format!("{number}.bin")), 70_000, number)?;
    }
    windlass.add_folder("nas", &destination)?;
    let up = ["up", "--json", "--group", "Again", "--to", "nas", path(&tree)?];
    windlass.run(&up)?.succeeds()?;
    fs::remove_file(destination.join("Again/tree/1.bin"))?;
    let again = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!((again.unchanged, again.uploaded), (2, 1), "{again:?}");
    let there = destination.join("Again/tree/1.bin");
    assert_eq!(samples::sha256(there)?, samples::sha256(tree.join("1.bin"))?);
    Ok(())
}

// D-7 of the features: unchanged files are not read again.
#[test]
fn the_same_tree_again_sends_nothing() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    let files = samples::odd_tree(&tree, 2)?.len() as u64;
    windlass.add_folder("nas", &destination)?;
    let up = ["up", "--json", "--group", "Again", "--to", "nas", path(&tree)?];
    windlass.run(&up)?.succeeds()?;
    let again = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!((again.bytes_sent, again.parts_sent), (0, 0), "{again:?}");
    assert_eq!((again.unchanged, again.deduplicated), (files, 0), "{again:?}");
    windlass.run(&["verify", &again.group])?.succeeds()?;
    // What was there is untouched, and nothing is there twice.
    let below = samples::files_below(&destination.join("Again"), true)?;
    assert_eq!(below.len() as u64, files, "{below:?}");
    for file in samples::files_below(&tree, true)? {
        let there = destination.join("Again/tree").join(&file);
        assert_eq!(
            samples::sha256(&there)?,
            samples::sha256(tree.join(&file))?,
            "{}",
            file.display()
        );
    }
    Ok(())
}

#[test]
fn f014_two_names_that_look_alike_are_two_files() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("twins"), windlass.dir().join("destination"));
    for (number, name) in ["\u{e9}.txt", "e\u{301}.txt", "A.txt", "a.txt"]
        .iter()
        .enumerate()
    {
        samples::random_file(tree.join(name), 100, 40 + number as u64)?;
    }
    windlass.add_folder("nas", &destination)?;
    let summary = windlass
        .run(&["up", "--json", "--group", "Twins", "--to", "nas", path(&tree)?])?
        .succeeds()?
        .summary()?;
    assert_eq!(summary.uploaded, 4);
    // A twin may get a number in its name, but no content may be lost.
    let hashes = |root: &std::path::Path| -> Result<Vec<String>> {
        let mut all = samples::files_below(root, true)?
            .iter()
            .map(|file| samples::sha256(root.join(file)))
            .collect::<Result<Vec<_>>>()?;
        all.sort();
        Ok(all)
    };
    assert_eq!(hashes(&tree)?, hashes(&destination.join("Twins"))?);
    Ok(())
}

#[test]
fn the_receipt_has_the_hash_of_what_lies_there() -> Result<()> {
    let windlass = Windlass::new()?;
    let (file, destination) = (
        windlass.dir().join("deed.pdf"),
        windlass.dir().join("destination"),
    );
    samples::random_file(&file, 9 << 20, 3)?;
    windlass.add_folder("nas", &destination)?;
    let summary = windlass
        .run(&["up", "--json", "--group", "Deeds", "--to", "nas", path(&file)?])?
        .succeeds()?
        .summary()?;
    let receipt = windlass.run(&["receipt", "--json", &summary.group])?.succeeds()?;
    let at_rest = samples::sha256(destination.join("Deeds/deed.pdf"))?;
    assert!(
        receipt.out.contains(&at_rest),
        "{at_rest} is not in {}",
        receipt.out
    );

    windlass.run(&["verify", &summary.group])?.succeeds()?;
    fs::write(destination.join("Deeds/deed.pdf"), "somebody wrote here")?;
    let found = windlass.run(&["verify", &summary.group])?;
    assert_ne!(
        found.code,
        Some(0),
        "a changed object was called proved: {}",
        found.out
    );
    Ok(())
}

#[test]
fn f187_a_destination_that_is_gone_loses_nothing_and_goes_on_when_it_is_back() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, destination) = (windlass.dir().join("tree"), windlass.dir().join("destination"));
    samples::odd_tree(&tree, 4)?;
    windlass.add_folder("nas", &destination)?;
    let away = windlass.dir().join("unplugged");
    fs::rename(&destination, &away)?;
    let waiting = windlass.start(&["up", "--json", "--group", "Gone", "--to", "nas", path(&tree)?])?;
    // It waits for its disk, or ends and says so; either way nothing is made where the disk was.
    windlass_testkit::wait::until("the group in the queue", windlass_testkit::wait::PATIENCE, || {
        windlass.data().join("queue.sqlite").exists().then_some(())
    })?;
    assert!(
        !destination.exists(),
        "a folder was made in place of the missing disk"
    );
    fs::rename(&away, &destination)?;
    let ended = waiting.ends()?;
    if ended.code != Some(0) {
        assert!(
            ended.names("destination_missing", "WL-313"),
            "{}\n{}",
            ended.out,
            ended.err
        );
        windlass.run(&["resume", "--json"])?.succeeds()?;
    }
    compare_folder(&tree, &destination.join("Gone/tree"))
}

/// The destination keeps what is under way in `.windlass`; at rest no file is left there.
fn unfinished_is_empty(destination: &std::path::Path) -> Result<()> {
    let hidden = destination.join(".windlass");
    if hidden.exists() {
        // The marker says which destination this folder is; it stays.
        let marker = std::path::Path::new("marker");
        let rest: Vec<_> = samples::files_below(&hidden, true)?
            .into_iter()
            .filter(|f| f != marker)
            .collect();
        assert_eq!(rest, Vec::<std::path::PathBuf>::new());
    }
    Ok(())
}

pub(crate) fn path(path: &std::path::Path) -> Result<&str> {
    use anyhow::Context as _;
    path.to_str().context("a path of the test's own is no UTF-8")
}
