//! kill -9 loses nothing that was answered (I10, I11, F20).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;

use windlass_core::states::FileState;
use windlass_queue::changes::Applied;
use windlass_queue::{Opened, QueueError, changes, files, groups};

use crate::support::*;

/// Says on standard output what was answered, unbuffered, so that it was said before the kill.
fn say(what: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    out.write_fmt(format_args!("said {what}\n"))
        .and_then(|()| out.flush())
        .unwrap();
}

fn said(line: &str) -> Option<&str> {
    line.split("said ").nth(1)
}

fn opened(path: &Path) -> Opened {
    let opened = open(path).unwrap();
    opened
        .queue
        .write_blocking(|c| {
            if groups::list(c)?.is_empty() {
                furnish(c, 1)
            } else {
                Ok(())
            }
        })
        .unwrap();
    opened
}

/// The part: takes files in and carries each to `done`, many at once, and says each answer.
fn write_until_killed(path: &Path) {
    let queue = opened(path).queue;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let first = queue
            .read(|c| files::next_position(c, group_id(1)))
            .await
            .unwrap()
            .cast_unsigned();
        let mut lives = tokio::task::JoinSet::new();
        for number in first.. {
            let queue = queue.clone();
            queue
                .write(move |c| files::insert_many(c, &[new_file(number, 1, number.cast_signed(), 2)]))
                .await
                .unwrap();
            say(format_args!("queued {number}"));
            lives.spawn(async move {
                for change in whole_life(number, 2) {
                    let part = match &change {
                        windlass_core::machine::records::Change::PartUploaded { n, .. } => Some(n.get()),
                        _ => None,
                    };
                    queue
                        .write(move |c| changes::apply(c, &[change]).map(|a| assert_eq!(a, [Applied::Done])))
                        .await
                        .unwrap();
                    if let Some(part) = part {
                        say(format_args!("part {number} {part}"));
                    }
                }
                say(format_args!("done {number}"));
            });
            if lives.len() >= 20 {
                lives.join_next().await.unwrap().unwrap();
            }
        }
    });
}

/// Everything that was said is there.
fn check(path: &Path, lines: &[String]) {
    let found = open(path).unwrap();
    assert!(found.set_aside.is_none() && !found.clean_exit);
    for line in lines.iter().filter_map(|l| said(l)) {
        let mut words = line.split(' ');
        let (kind, number) = (
            words.next().unwrap(),
            words.next().unwrap().parse::<u64>().unwrap(),
        );
        let row = read(&found.queue, move |c| files::get(c, file_id(number)))
            .unwrap_or_else(|| panic!("lost: {line}"));
        match kind {
            "queued" => {}
            "part" => {
                let part: usize = words.next().unwrap().parse().unwrap();
                let states = read(&found.queue, move |c| files::part_states(c, file_id(number)));
                assert_eq!(states[part - 1], 2, "lost: {line}");
            }
            "done" => {
                assert_eq!(row.state, FileState::Done, "lost: {line}");
                let receipt = read(&found.queue, move |c| {
                    windlass_queue::receipts::of_file(c, file_id(number))
                });
                assert!(receipt.is_some(), "lost the receipt: {line}");
            }
            other => panic!("{other}"),
        }
    }
    block_on(found.queue.write(|c| {
        let said: String = c.query_row("PRAGMA integrity_check", [], |r| r.get(0))?;
        assert_eq!(said, "ok");
        // Done and its receipt come and go together.
        let odd: i64 = c.query_row(
            "SELECT count(*) FROM upload_file f LEFT JOIN receipt r ON r.file_id = f.id
             WHERE (f.state = 'done') <> (r.file_id IS NOT NULL)",
            [],
            |r| r.get(0),
        )?;
        assert_eq!(odd, 0);
        Ok(())
    }))
    .unwrap();
}

#[test]
fn i10_kill_9_in_the_middle_of_writes_loses_nothing_that_was_answered() {
    if let Some((_, path)) = my_part() {
        return write_until_killed(&path);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = path_in(&dir);
    for round in 0..25_usize {
        let name = "crash::i10_kill_9_in_the_middle_of_writes_loses_nothing_that_was_answered";
        let mut child = play(&[], name, "writer", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = Vec::new();
        let mut out = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        // Killed after a number of answers that differs from round to round, at whatever it does just then.
        let enough = 5 + round * 37 % 200;
        while lines.iter().filter(|l: &&String| said(l).is_some()).count() < enough {
            lines.push(out.next().expect("the writer ended by itself"));
        }
        child.kill().unwrap();
        lines.extend(out);
        child.wait().unwrap();
        // A line that the kill cut in two says nothing.
        if lines
            .last()
            .and_then(|l| said(l))
            .is_some_and(|l| l.split(' ').count() < 2)
        {
            lines.pop();
        }
        check(&path, &lines);
    }
}

/// The part of the sweep: a short life of a queue from its making to its clean end.
fn short_life(path: &Path) {
    let queue = opened(path).queue;
    say(format_args!("open"));
    let insert = |number: u64| {
        queue.write_blocking(move |c| files::insert_many(c, &[new_file(number, 1, number.cast_signed(), 2)]))
    };
    for number in 0..3 {
        match insert(number) {
            Ok(()) => say(format_args!("queued {number}")),
            // Killed before and started again: it stands already.
            Err(QueueError::Refused(_)) => {}
            Err(e) => panic!("{e}"),
        }
    }
    if state_of(&queue, 1) == FileState::Queued {
        let _ = try_apply(&queue, whole_life(1, 2)).unwrap();
    }
    say(format_args!("done 1"));
    block_on(queue.close_clean()).unwrap();
    say(format_args!("closed"));
}

/// A life cut at one system call; true when it came to its end before.
fn cut_life(path: &Path, calls: &str, n: u32) -> bool {
    let inject = format!("inject={calls}:signal=KILL:when={n}");
    let name = "crash::f020_kill_9_at_any_system_call_of_a_write_loses_nothing_that_was_answered";
    let trace = format!("trace={calls}");
    let wrapper = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &trace,
        "-e",
        &inject,
    ];
    let out = play(&wrapper, name, "life", path)
        .output()
        .expect("strace is needed for this test");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    if lines.iter().any(|l| said(l) == Some("closed")) {
        return true;
    }
    assert!(
        !out.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let answered: Vec<_> = lines
        .into_iter()
        .filter(|l| !matches!(said(l), Some("open")))
        .collect();
    if path.exists() {
        check_short(path, &answered);
    }
    false
}

fn check_short(path: &Path, lines: &[String]) {
    let found = open(path).unwrap();
    assert!(found.set_aside.is_none());
    for line in lines.iter().filter_map(|l| said(l)) {
        let (kind, number) = line.split_once(' ').unwrap();
        let number: u64 = number.parse().unwrap();
        let row = read(&found.queue, move |c| files::get(c, file_id(number)))
            .unwrap_or_else(|| panic!("lost: {line}"));
        assert!(kind != "done" || row.state == FileState::Done, "lost: {line}");
    }
    let check: String = block_on(
        found
            .queue
            .write(|c| Ok(c.query_row("PRAGMA integrity_check", [], |r| r.get(0))?)),
    )
    .unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn f020_kill_9_at_any_system_call_of_a_write_loses_nothing_that_was_answered() {
    if let Some((_, path)) = my_part() {
        return short_life(&path);
    }
    for calls in ["pwrite64", "fsync,fdatasync", "ftruncate", "unlink,rename"] {
        let mut ended = false;
        for n in 1..200 {
            // A new queue each time, so that its making is cut too; then the same queue lives on.
            let dir = tempfile::tempdir().unwrap();
            let path = path_in(&dir);
            ended = cut_life(&path, calls, n);
            if !ended {
                let name = "crash::f020_kill_9_at_any_system_call_of_a_write_loses_nothing_that_was_answered";
                let out = play(&[], name, "life", &path).output().unwrap();
                assert!(
                    out.status.success(),
                    "{calls} {n}: {}",
                    String::from_utf8_lossy(&out.stderr)
                );
            }
            if ended {
                break;
            }
        }
        assert!(ended, "{calls}: the life never came to its end");
    }
}
