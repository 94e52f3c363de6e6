//! A queue opens whole or is set aside whole, and what can't be written is refused with its reason (I14, I15, F28 to F35).

use std::fs;
use std::path::{Path, PathBuf};

use windlass_core::error::ErrorCode;
use windlass_queue::{Connection, QueueError, files};

use crate::support::*;

/// A closed queue with work in it.
fn filled(dir: &tempfile::TempDir) -> PathBuf {
    let path = path_in(dir);
    let queue = open(&path).unwrap().queue;
    queue.write_blocking(|c| furnish(c, 1)).unwrap();
    insert(
        &queue,
        (0..300).map(|n| new_file(n, 1, n.cast_signed(), 2)).collect(),
    );
    apply(&queue, (0..50).flat_map(|n| whole_life(n, 2)).collect());
    block_on(queue.close_clean()).unwrap();
    path
}

fn count(path: &Path) -> u64 {
    let opened = open(path).unwrap();
    assert!(opened.set_aside.is_none());
    let files = read(&opened.queue, |c| files::next_position(c, group_id(1)));
    block_on(opened.queue.close_clean()).unwrap();
    files.cast_unsigned()
}

/// Sets of bytes and names in a folder.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|f| f.unwrap())
        .map(|f| (f.file_name().into_string().unwrap(), fs::read(f.path()).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn i14_what_is_no_queue_is_set_aside_and_a_new_one_works() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 6] = [
        ("zero bytes", |_| Vec::new()),
        ("noise", |b| vec![0x5a; b.len()]),
        ("cut in the header", |b| b[..50].to_vec()),
        ("cut in the middle", |b| b[..b.len() / 2].to_vec()),
        ("cut at a page", |b| b[..8192].to_vec()),
        ("a zeroed page", |mut b| {
            b[4096..8192].fill(0);
            b
        }),
    ];
    for (what, damage) in damages {
        let dir = tempfile::tempdir().unwrap();
        let path = filled(&dir);
        let damaged = damage(fs::read(&path).unwrap());
        fs::write(&path, &damaged).unwrap();
        // A log lies there too: it goes along.
        let log = dir.path().join("queue.sqlite-wal");
        fs::write(&log, b"rest of a log").unwrap();
        let opened = open(&path).unwrap_or_else(|e| panic!("{what}: {e}"));
        let aside = opened
            .set_aside
            .unwrap_or_else(|| panic!("{what}: nobody was told"));
        let name = aside.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, format!("queue.damaged-{}.sqlite", NOW.as_millis()));
        assert_eq!(fs::read(&aside).unwrap(), damaged, "{what}: kept as it was");
        assert_eq!(
            fs::read(aside.with_file_name(format!("{name}-wal"))).unwrap(),
            b"rest of a log"
        );
        assert!(opened.clean_exit && opened.last_alive.is_none());
        opened.queue.write_blocking(|c| furnish(c, 1)).unwrap();
    }
}

#[test]
fn i14_a_second_damaged_queue_does_not_take_the_name_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = path_in(&dir);
    let aside: Vec<_> = (0..3)
        .map(|n| {
            fs::write(&path, [n; 10]).unwrap();
            let opened = open(&path).unwrap();
            block_on(opened.queue.close_clean()).unwrap();
            opened.set_aside.unwrap()
        })
        .collect();
    for (n, path) in (0..3).zip(aside) {
        assert_eq!(fs::read(path).unwrap(), [n; 10]);
    }
}

#[test]
fn i14_a_log_without_its_file_is_set_aside_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = path_in(&dir);
    fs::write(dir.path().join("queue.sqlite-wal"), b"rest").unwrap();
    let opened = open(&path).unwrap();
    let aside = opened.set_aside.unwrap();
    let log = format!("{}-wal", aside.to_str().unwrap());
    assert_eq!(fs::read(log).unwrap(), b"rest");
}

#[test]
fn i14_the_database_of_another_program_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let path = path_in(&dir);
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (a); PRAGMA user_version = 1")
        .unwrap();
    let aside = open(&path).unwrap().set_aside.unwrap();
    Connection::open(aside)
        .unwrap()
        .execute_batch("SELECT a FROM theirs")
        .unwrap();
}

#[test]
fn f029_random_damage_is_found_or_harmless_and_nothing_is_silently_gone() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(filled(&dir)).unwrap();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    let (mut found, mut harmless) = (0, 0);
    for round in 0..300 {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(&dir);
        let mut bytes = whole.clone();
        match round % 4 {
            0 => {
                let at = next(bytes.len());
                bytes[at] ^= 1 << next(8);
            }
            1 => {
                let page = next(bytes.len() / 4096) * 4096;
                bytes[page..page + 4096].fill(0);
            }
            2 => {
                let (from, to) = (next(bytes.len() / 4096) * 4096, next(bytes.len() / 4096) * 4096);
                bytes.copy_within(from..from + 4096, to);
            }
            _ => {
                let at = next(bytes.len() - 64);
                bytes[at..at + 64].fill_with(|| next(256) as u8);
            }
        }
        fs::write(&path, &bytes).unwrap();
        match open(&path) {
            Ok(opened) if opened.set_aside.is_some() => {
                assert_eq!(
                    fs::read(opened.set_aside.unwrap()).unwrap(),
                    bytes,
                    "kept as it was"
                );
                found += 1;
            }
            Ok(opened) => {
                let rows = read(&opened.queue, |c| {
                    let n: i64 =
                        c.query_row("SELECT count(*) FROM upload_file NOT INDEXED", [], |r| r.get(0))?;
                    let parts: i64 = c.query_row("SELECT count(*) FROM part", [], |r| r.get(0))?;
                    let receipts: i64 =
                        c.query_row("SELECT count(*) FROM receipt NOT INDEXED", [], |r| r.get(0))?;
                    Ok((n, parts, receipts))
                });
                assert_eq!(rows, (300, 600, 50), "round {round}");
                harmless += 1;
            }
            // Damage that looks like a newer version, or like another table of steps: refused, nothing written.
            Err(QueueError::Newer { .. } | QueueError::Internal(_)) => {
                assert_eq!(fs::read(&path).unwrap(), bytes, "round {round}");
                found += 1;
            }
            Err(e) => panic!("round {round}: {e}"),
        }
    }
    println!("{found} found, {harmless} harmless");
    assert!(found > 100);
}

#[test]
fn i15_a_queue_of_a_newer_windlass_is_refused_without_a_byte_written() {
    for in_the_log in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = filled(&dir);
        let newer = Connection::open(&path).unwrap();
        newer
            .execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 4711")
            .unwrap();
        let copy = tempfile::tempdir().unwrap();
        if in_the_log {
            // As a kill leaves it: the version stands in the log only.
            for name in ["queue.sqlite", "queue.sqlite-wal"] {
                fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
            }
        } else {
            newer.close().unwrap();
            fs::copy(&path, path_in(&copy)).unwrap();
        }
        let before = contents(copy.path());
        assert_eq!(before.len(), if in_the_log { 2 } else { 1 });
        let e = open(&path_in(&copy)).unwrap_err();
        assert_eq!(
            e,
            QueueError::Newer {
                found: 4711,
                known: 12
            }
        );
        assert_eq!(e.code(), ErrorCode::QueueNewer);
        assert_eq!(contents(copy.path()), before);
    }
}

#[test]
fn f028_a_log_that_is_gone_opens_at_the_last_checkpoint_and_is_no_clean_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = filled(&dir);
    let opened = open(&path).unwrap();
    insert(&opened.queue, vec![new_file(300, 1, 300, 1)]);
    // As kill -9 and a helpful person leave it: the file alone.
    let copy = tempfile::tempdir().unwrap();
    fs::copy(&path, path_in(&copy)).unwrap();
    let again = open(&path_in(&copy)).unwrap();
    assert!(!again.clean_exit && again.set_aside.is_none());
    assert_eq!(read(&again.queue, |c| files::next_position(c, group_id(1))), 300);
}

#[test]
fn f030_a_file_that_is_moved_away_while_open_is_written_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = filled(&dir);
    let opened = open(&path).unwrap();
    let moved = dir.path().join("moved.sqlite");
    fs::rename(&path, &moved).unwrap();
    let e = opened
        .queue
        .write_blocking(|c| files::insert_many(c, &[new_file(300, 1, 300, 1)]))
        .unwrap_err();
    assert_eq!(e.code(), ErrorCode::QueueDamaged, "{e}");
    fs::rename(&moved, &path).unwrap();
    insert(&opened.queue, vec![new_file(300, 1, 300, 1)]);
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data/windlass/queue.sqlite");
    let opened = open(&path).unwrap();
    opened.queue.write_blocking(|c| furnish(c, 1)).unwrap();
    let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for name in ["queue.sqlite", "queue.sqlite-wal", "queue.sqlite-shm"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
}

#[test]
fn a_half_made_queue_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = path_in(&dir);
    fs::write(dir.path().join("queue.sqlite.new"), b"half").unwrap();
    fs::write(dir.path().join("queue.sqlite.new-journal"), b"half").unwrap();
    let opened = open(&path).unwrap();
    assert!(opened.set_aside.is_none(), "it held nothing");
    block_on(opened.queue.close_clean()).unwrap();
    assert_eq!(contents(dir.path()).len(), 1);
    assert_eq!(count(&path), 0);
}

#[test]
fn queues_of_two_paths_do_not_know_each_other() {
    let (a, b) = (sandbox(), sandbox());
    insert(&a.queue, vec![new_file(1, 1, 0, 1)]);
    assert_eq!(read(&b.queue, |c| files::get(c, file_id(1))), None);
}
