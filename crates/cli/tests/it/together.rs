//! Several commands at once, signals, and owners that die.

use std::fs;

use crate::computer::{Computer, Running};

/// Long enough to be interrupted.
const LARGE: u64 = 400_000_000;

fn up(computer: &Computer, group: &str, path: &str) -> Running {
    computer.start(["up", "--json", "--group", group, path])
}

#[test]
fn i12_a_signal_stops_in_order_and_resume_sends_only_the_rest() {
    for signal in ["INT", "TERM", "HUP"] {
        let computer = Computer::with_nas();
        computer.large_file("large", LARGE);
        let mut running = up(&computer, "Large", "src/large");
        let progress = loop {
            let progress = running.event("progress");
            if progress["bytes_done"].as_u64() > Some(0) {
                break progress;
            }
        };
        running.signal(signal);
        let stopped = running.ends().is(130);
        assert!(stopped.err.contains("windlass resume"), "{}", stopped.err);
        assert_eq!(stopped.summary()["open"], 1, "{signal}");
        let status = computer.run(["status"]).is(0);
        assert!(
            status
                .out
                .contains("1 group waits since the last run: windlass resume"),
            "{}",
            status.out
        );
        let resumed = computer.run(["resume", "--json"]).is(0).summary();
        assert_eq!(
            (&resumed["uploaded"], &resumed["bytes"]),
            (&1.into(), &LARGE.into())
        );
        let again = resumed["bytes_sent"].as_u64().unwrap();
        assert!(
            again + progress["bytes_done"].as_u64().unwrap() <= LARGE,
            "{signal}: {again} bytes were sent again"
        );
        assert_eq!(
            fs::metadata(computer.dst().join("Large/large")).unwrap().len(),
            LARGE
        );
    }
}

#[test]
fn f043_a_second_command_hands_its_files_to_the_first() {
    let computer = Computer::with_nas();
    computer.large_file("large", LARGE);
    computer.file("small", b"small");
    let mut first = up(&computer, "First", "src/large");
    let started = first.event("started");
    assert_eq!(started["handed_to"], serde_json::Value::Null);
    let second = computer
        .run(["up", "--json", "--group", "Second", "src/small"])
        .is(0);
    assert!(second.events()[0]["handed_to"].is_u64(), "{}", second.out);
    assert_eq!(second.summary()["uploaded"], 1);
    assert_eq!(fs::read(computer.dst().join("Second/small")).unwrap(), b"small");
    let status = computer.run(["status", "--json"]).is(0).events().remove(0);
    assert!(status["running"].is_u64(), "{status}");
    first.ends().is(0);
}

#[test]
fn f043_ten_commands_at_once_all_prove_their_files() {
    let computer = Computer::with_nas();
    for n in 0..10 {
        computer.file(&format!("file{n}"), format!("content {n}").as_bytes());
    }
    let all: Vec<Running> = (0..10)
        .map(|n| up(&computer, &format!("Group {n}"), &format!("src/file{n}")))
        .collect();
    for (n, one) in all.into_iter().enumerate() {
        let ended = one.ends().is(0);
        assert_eq!(ended.summary()["uploaded"], 1, "{n}: {}", ended.out);
        let there = computer.dst().join(format!("Group {n}/file{n}"));
        assert_eq!(fs::read(there).unwrap(), format!("content {n}").as_bytes());
    }
    assert!(!computer.home().join("engine.sock").exists());
}

#[test]
fn f189_when_the_owner_is_killed_who_handed_over_goes_on_by_himself() {
    let computer = Computer::with_nas();
    computer.large_file("first", LARGE);
    computer.large_file("second", LARGE);
    let mut first = up(&computer, "First", "src/first");
    first.event("started");
    let mut second = up(&computer, "Second", "src/second");
    assert!(second.event("started")["handed_to"].is_u64());
    first.signal("KILL");
    let killed = first.ends();
    assert_eq!(killed.code, None);
    let ended = second.ends().is(0);
    assert!(
        ended.events().iter().any(|e| e["event"] == "taken_over"),
        "{}",
        ended.out
    );
    assert_eq!(ended.summary()["uploaded"], 1);
    assert_eq!(
        fs::metadata(computer.dst().join("Second/second")).unwrap().len(),
        LARGE
    );
    // The first one's files wait; nothing of them is lost.
    let resumed = computer.run(["resume", "--json"]).is(0).summary();
    assert_eq!(resumed["uploaded"], 1);
    assert_eq!(
        fs::metadata(computer.dst().join("First/first")).unwrap().len(),
        LARGE
    );
}

#[test]
fn what_an_earlier_run_left_is_told_and_not_touched() {
    let computer = Computer::with_nas();
    computer.large_file("large", LARGE);
    computer.file("small", b"small");
    let mut first = up(&computer, "First", "src/large");
    first.event("started");
    first.signal("KILL");
    assert_eq!(first.ends().code, None);
    let second = computer.run(["up", "--json", "src/small"]).is(0);
    let told = second
        .events()
        .into_iter()
        .find(|e| e["event"] == "interrupted")
        .unwrap_or_else(|| panic!("{}", second.out));
    assert_eq!(told["groups"], 1);
    assert!(!computer.dst().join("First/large").exists());
    computer.run(["resume"]).is(0);
    assert_eq!(
        fs::metadata(computer.dst().join("First/large")).unwrap().len(),
        LARGE
    );
}

#[test]
fn a_cancelled_group_leaves_nothing_unfinished_behind() {
    let computer = Computer::with_nas();
    computer.large_file("large", LARGE);
    let mut running = up(&computer, "Large", "src/large");
    while running.event("progress")["bytes_done"].as_u64() == Some(0) {}
    // By the running command's engine, and again by one of its own.
    computer.run(["cancel", "Large"]).is(0);
    running.ends();
    let mut left = vec![computer.dst()];
    while let Some(path) = left.pop() {
        for entry in fs::read_dir(path).unwrap().map(|e| e.unwrap()) {
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            } else {
                assert!(
                    entry.metadata().unwrap().len() < 1_000_000,
                    "{} was left",
                    entry.path().display()
                );
            }
        }
    }
    let ended = computer.run(["cancel", "Large"]).is(3);
    assert!(ended.err.contains("has ended"), "{}", ended.err);
}
