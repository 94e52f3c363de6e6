//! The queue file: damaged, from the future, and what must never happen to it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use windlass_testkit::samples;
use windlass_tests::{Windlass, compare_folder};

use crate::folder::path;

/// A computer that has uploaded one tree.
fn after_an_upload() -> Result<Windlass> {
    let windlass = Windlass::new()?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("a.bin"), 50_000, 1)?;
    windlass.add_folder("nas", &windlass.dir().join("destination"))?;
    windlass
        .run(&["up", "--json", "--group", "Before", "--to", "nas", path(&tree)?])?
        .succeeds()?;
    Ok(windlass)
}

fn queue(windlass: &Windlass) -> std::path::PathBuf {
    windlass.data().join("queue.sqlite")
}

// C-5
#[test]
fn c5_the_queue_file_holds_a_row_for_each_part() -> Result<()> {
    let windlass = Windlass::new()?;
    let file = windlass.dir().join("three parts.bin");
    samples::random_file(&file, (16 << 20) + 1, 2)?;
    windlass.add_folder("nas", &windlass.dir().join("destination"))?;
    windlass
        .run(&["up", "--json", "--group", "Parts", "--to", "nas", path(&file)?])?
        .succeeds()?;
    let database =
        rusqlite::Connection::open_with_flags(queue(&windlass), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let parts: i64 = database.query_row("select count(*) from part where state = 'uploaded'", [], |row| {
        row.get(0)
    })?;
    assert_eq!(parts, 3);
    Ok(())
}

// I15
#[test]
fn f035_a_queue_of_a_newer_windlass_is_refused_and_not_a_byte_of_it_changes() -> Result<()> {
    let windlass = after_an_upload()?;
    {
        let database = rusqlite::Connection::open(queue(&windlass))?;
        let version: i64 = database.query_row("pragma user_version", [], |row| row.get(0))?;
        database.pragma_update(None, "user_version", version + 1_000)?;
        database.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    }
    let before = samples::sha256(queue(&windlass))?;
    let refused = windlass.run(&["status"])?.exits(3)?;
    assert!(
        refused.names("queue_newer", "WL-505"),
        "{}\n{}",
        refused.out,
        refused.err
    );
    assert_eq!(samples::sha256(queue(&windlass))?, before);
    Ok(())
}

// I14
#[test]
fn f033_a_queue_that_can_not_be_written_to_is_refused_with_its_code_and_not_a_byte_of_it_changes()
-> Result<()> {
    for (folder_mode, file_mode) in [(0o700, 0o400), (0o500, 0o400)] {
        let windlass = after_an_upload()?;
        let before = samples::sha256(queue(&windlass))?;
        set_mode(&queue(&windlass), file_mode)?;
        set_mode(&windlass.data(), folder_mode)?;
        let file = windlass.dir().join("tree/a.bin");
        let refused = windlass
            .start_without_privilege(&["up", "--to", "nas", path(&file)?])?
            .ends()?
            .exits(3)?;
        set_mode(&windlass.data(), 0o700)?;
        assert!(
            refused.names("queue_read_only", "WL-506"),
            "{folder_mode:o} {file_mode:o}\n{}\n{}",
            refused.out,
            refused.err
        );
        assert_eq!(samples::sha256(queue(&windlass))?, before);
        set_mode(&queue(&windlass), 0o600)?;
        windlass.run(&["status"])?.succeeds()?;
    }
    Ok(())
}

fn set_mode(file: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(mode))?)
}

// I14
#[test]
fn f029_a_queue_cut_at_any_length_is_told_and_the_next_upload_works() -> Result<()> {
    for keep in [0, 1, 99, 4_096, 5_000, 12_288] {
        let windlass = after_an_upload()?;
        let whole = fs::read(queue(&windlass))?;
        let cut = whole.get(..keep.min(whole.len())).context("an empty queue")?;
        fs::write(queue(&windlass), cut)?;
        for beside in ["queue.sqlite-wal", "queue.sqlite-shm"] {
            let _ = fs::remove_file(windlass.data().join(beside));
        }
        let tree = windlass.dir().join("tree");
        let up = ["up", "--json", "--group", "After", "--to", "nas", path(&tree)?];
        let ended = windlass
            .run(&up)?
            .succeeds()
            .with_context(|| format!("cut to {keep} bytes"))?;
        assert!(
            ended.names("queue_damaged", "WL-502"),
            "cut to {keep} bytes, and not told\n{}\n{}",
            ended.out,
            ended.err
        );
        compare_folder(&tree, &windlass.dir().join("destination/After/tree"))?;
    }
    Ok(())
}

// I14
#[test]
fn f029_a_truncated_queue_is_set_aside_whole_and_told_never_silently_emptied() -> Result<()> {
    let windlass = after_an_upload()?;
    let whole = fs::read(queue(&windlass))?;
    let half = whole.get(..whole.len() / 2).context("an empty queue")?;
    fs::write(queue(&windlass), half)?;
    for beside in ["queue.sqlite-wal", "queue.sqlite-shm"] {
        let _ = fs::remove_file(windlass.data().join(beside));
    }
    let told = windlass.run(&["status"])?;
    assert!(
        told.names("queue_damaged", "WL-502"),
        "{:?}\n{}\n{}",
        told.code,
        told.out,
        told.err
    );
    assert!(is_kept(&windlass.data(), half)?, "the damaged queue is gone");

    // A new start works: the ledger still knows the destination, and what was there is not sent twice under one name.
    let tree = windlass.dir().join("tree");
    windlass
        .run(&["up", "--json", "--group", "After", "--to", "nas", path(&tree)?])?
        .succeeds()?;
    compare_folder(&tree, &windlass.dir().join("destination/After/tree"))
}

#[test]
fn f029_a_file_that_is_no_database_at_all_is_set_aside_too() -> Result<()> {
    let windlass = after_an_upload()?;
    let rubbish = b"this was never a database\n".repeat(500);
    fs::write(queue(&windlass), &rubbish)?;
    for beside in ["queue.sqlite-wal", "queue.sqlite-shm"] {
        let _ = fs::remove_file(windlass.data().join(beside));
    }
    let told = windlass.run(&["status"])?;
    assert!(
        told.names("queue_damaged", "WL-502"),
        "{:?}\n{}\n{}",
        told.code,
        told.out,
        told.err
    );
    assert!(is_kept(&windlass.data(), &rubbish)?, "the damaged queue is gone");
    Ok(())
}

/// Whether a file somewhere below has this content.
fn is_kept(folder: &Path, content: &[u8]) -> Result<bool> {
    for file in samples::files_below(folder, true)? {
        let Ok(found) = fs::read(folder.join(file)) else {
            continue;
        };
        if found == content {
            return Ok(true);
        }
    }
    Ok(false)
}
