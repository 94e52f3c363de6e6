//! Faults of the disk under the queue, made by the system itself: strace makes a sync fail, a name space has a small or a
//! read-only file system. The other side is this program again, playing a part.

use std::path::Path;
use std::process::Output;
use std::sync::mpsc::channel;

use windlass_core::error::ErrorCode;
use windlass_queue::{Connection, QueueError, files, groups};

use crate::support::*;

fn take_in(queue: &windlass_queue::Queue, number: u64) -> Result<(), QueueError> {
    queue.write_blocking(move |c| {
        if groups::list(c)?.is_empty() {
            furnish(c, 1)?;
        }
        files::insert_many(c, &[new_file(number, 1, number.cast_signed(), 2)])
    })
}

fn well(out: &Output) {
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    assert!(
        out.status.success(),
        "{}\n{}",
        text(&out.stdout),
        text(&out.stderr)
    );
    assert!(text(&out.stdout).contains("1 passed"), "{}", text(&out.stdout));
}

/// A shell command before the part, in a name space where mounting is allowed.
fn in_namespace(test: &str, part: &str, path: &Path, before: &str) -> Output {
    let script = format!("{before} && exec \"$0\" \"$@\"");
    let wrapper = ["unshare", "-rm", "sh", "-c", &script];
    play(&wrapper, test, part, path)
        .output()
        .expect("unshare is needed for this test")
}

/// Each write is answered truly: what was acknowledged is there after the end, and after an error the next write works.
fn write_over_errors(path: &Path) {
    let queue = open(path).unwrap().queue;
    let mut answered = Vec::new();
    let mut errors = 0;
    for number in 0..20 {
        match take_in(&queue, number) {
            Ok(()) => answered.push(number),
            Err(e) => {
                assert!(matches!(e, QueueError::Disk(_)), "{e:?}");
                errors += 1;
                // It may have reached the disk after all; that is found by asking again.
                let there = queue
                    .write_blocking(move |c| files::get(c, file_id(number)))
                    .unwrap();
                if there.is_none() {
                    take_in(&queue, number).unwrap();
                }
                answered.push(number);
            }
        }
    }
    drop(queue);
    let again = open(path).unwrap();
    assert!(again.set_aside.is_none());
    for number in answered {
        assert!(
            read(&again.queue, move |c| files::get(c, file_id(number))).is_some(),
            "{number} was lost"
        );
    }
    println!("{errors} errors");
}

#[test]
fn f022_a_sync_that_fails_once_is_no_commit_and_the_file_is_opened_again() {
    if let Some((_, path)) = my_part() {
        return write_over_errors(&path);
    }
    let mut met = 0;
    for n in 1..40 {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(&dir);
        // Made beforehand: an error while a queue is made or opened is told by open.
        drop(open(&path).unwrap());
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={n}");
        let wrapper = [
            "strace",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=fsync,fdatasync",
            "-e",
            &inject,
        ];
        let name = "disk::f022_a_sync_that_fails_once_is_no_commit_and_the_file_is_opened_again";
        let out = play(&wrapper, name, "writer", &path)
            .output()
            .expect("strace is needed for this test");
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let failed_at_open =
            String::from_utf8_lossy(&out.stderr).contains("disk I/O error") && !out.status.success();
        if n <= 4 && failed_at_open {
            continue;
        }
        well(&out);
        met += u32::from(text.contains("1 errors"));
    }
    assert!(met >= 10, "only {met} errors met a commit");
}

/// Fills the disk with work until it is full, makes room, goes on with the same queue.
fn fill_the_disk(path: &Path) {
    let filler = path.with_file_name("filler");
    let queue = open(path).unwrap().queue;
    std::fs::write(&filler, vec![7; 700 << 10]).unwrap();
    let mut number = 0;
    let full = loop {
        match take_in(&queue, number) {
            Ok(()) => number += 1,
            Err(e) => break e,
        }
        assert!(number < 100_000, "the disk was never full");
    };
    assert_eq!(full.code(), ErrorCode::QueueDiskFull, "{full}");
    // Still full: told again, nothing breaks; what is there can be read.
    assert_eq!(
        read(&queue, |c| files::next_position(c, group_id(1))).cast_unsigned(),
        number
    );
    std::fs::remove_file(&filler).unwrap();
    for more in number..number + 20 {
        take_in(&queue, more).unwrap();
    }
    drop(queue);
    let again = open(path).unwrap();
    assert!(again.set_aside.is_none());
    assert_eq!(
        read(&again.queue, |c| files::next_position(c, group_id(1))).cast_unsigned(),
        number + 20
    );
}

#[test]
fn f023_a_full_disk_is_told_and_work_goes_on_when_there_is_room_again() {
    if let Some((_, path)) = my_part() {
        return fill_the_disk(&path);
    }
    let dir = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=2m none '{}'", dir.path().display());
    let name = "disk::f023_a_full_disk_is_told_and_work_goes_on_when_there_is_room_again";
    well(&in_namespace(name, "filler", &path_in(&dir), &mount));
}

fn open_read_only(part: &str, path: &Path) {
    let e = open(path).unwrap_err();
    assert!(matches!(e, QueueError::ReadOnly(_)), "{part}: {e:?}");
    assert_eq!(e.code(), ErrorCode::QueueReadOnly);
}

#[test]
fn f033_a_read_only_file_or_folder_is_refused_with_the_reason() {
    if let Some((part, path)) = my_part() {
        return open_read_only(&part, &path);
    }
    let name = "disk::f033_a_read_only_file_or_folder_is_refused_with_the_reason";
    for (part, made) in [("there", true), ("new", false)] {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(&dir);
        if made {
            block_on(open(&path).unwrap().queue.close_clean()).unwrap();
        }
        let d = dir.path().display();
        let read_only = format!("mount --bind '{d}' '{d}' && mount -o remount,bind,ro '{d}'");
        well(&in_namespace(name, part, &path, &read_only));
        let left = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, usize::from(made), "nothing was left behind");
    }
    // The file alone is read-only, its folder is not.
    let dir = tempfile::tempdir().unwrap();
    let path = path_in(&dir);
    block_on(open(&path).unwrap().queue.close_clean()).unwrap();
    let p = path.display();
    let read_only = format!("mount --bind '{p}' '{p}' && mount -o remount,bind,ro '{p}'");
    well(&in_namespace(name, "file", &path, &read_only));
}

#[test]
fn f025_a_lock_held_by_another_program_delays_writes_and_not_reads() {
    let s = sandbox();
    let other = Connection::open(s.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    block_on(async {
        let write = s
            .queue
            .submit(|c| files::insert_many(c, &[new_file(1, 1, 0, 1)]))
            .await
            .unwrap();
        assert_eq!(s.queue.read(|c| files::get(c, file_id(1))).await.unwrap(), None);
        other.execute_batch("COMMIT").unwrap();
        write.await.unwrap();
    });
}

#[test]
fn f027_reads_that_never_stop_do_not_make_the_log_grow_without_end() {
    let s = sandbox();
    let (stop, stopped) = channel::<()>();
    let queue = s.queue.clone();
    // Two readers that overlap, so that there is always one.
    let reading = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        runtime.block_on(async {
            let scan = |queue: windlass_queue::Queue| async move {
                let sum: Result<i64, _> = queue
                    .read(|c| Ok(c.query_row("SELECT sum(length(path)) FROM upload_file", [], |r| r.get(0))?))
                    .await;
                let _ = sum;
            };
            while matches!(stopped.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty)) {
                tokio::join!(
                    tokio::spawn(scan(queue.clone())),
                    tokio::spawn(scan(queue.clone()))
                )
                .0
                .unwrap();
            }
        });
    });
    let mut largest = 0;
    for round in 0..40_u64 {
        let new = (0..40).map(|n| windlass_queue::files::NewFile {
            path: vec![b'x'; 100_000],
            ..new_file(round * 40 + n, 1, (round * 40 + n).cast_signed(), 1)
        });
        insert(&s.queue, new.collect());
        largest = largest.max(
            std::fs::metadata(s.path().with_file_name("queue.sqlite-wal"))
                .unwrap()
                .len(),
        );
    }
    stop.send(()).unwrap();
    reading.join().unwrap();
    assert!(largest <= 64 << 20, "the log grew to {largest} bytes");
}
