//! How the program is entered and left.

use std::os::unix::fs::PermissionsExt as _;

use crate::computer::Computer;

#[test]
fn wrong_words_end_with_3_and_touch_nothing() {
    let computer = Computer::new();
    for words in [
        &["uppp"][..],
        &["up"],
        &["dest", "add", "x"],
        &["cancel"],
        &["status", "--jsonn"],
        &[],
    ] {
        let refused = computer.run(words).is(3);
        assert!(!refused.err.is_empty(), "{words:?}");
    }
    assert!(!computer.home().exists());
}

#[test]
fn the_version_is_told() {
    assert_eq!(
        Computer::new().run(["--version"]).is(0).out,
        format!("windlass {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn without_a_destination_nothing_begins_and_the_way_out_is_told() {
    let computer = Computer::new();
    let file = computer.file("a", b"a");
    let refused = computer.run(["up".as_ref(), file.as_os_str()]).is(3);
    assert!(
        refused.err.contains("windlass dest add NAME --folder DIR"),
        "{}",
        refused.err
    );
    let refused = computer
        .run(["up".as_ref(), "--json".as_ref(), file.as_os_str()])
        .is(3);
    assert_eq!(refused.events()[0]["event"], "error");
    assert_eq!(refused.events()[0]["code"], "not_found");
}

#[test]
fn a_destination_that_can_not_be_used_is_not_saved() {
    let computer = Computer::new();
    let file = computer.file("a", b"a");
    let inside = file.join("below a file");
    let refused = computer
        .run([
            "dest".as_ref(),
            "add".as_ref(),
            "nas".as_ref(),
            "--folder".as_ref(),
            inside.as_os_str(),
        ])
        .is(3);
    assert!(
        refused.err.contains("nothing was saved"),
        "{}\n{}",
        refused.out,
        refused.err
    );
    let list = computer.run(["dest", "list"]).is(0);
    assert!(list.out.contains("No destinations"), "{}", list.out);
}

#[test]
fn destinations_are_listed_tested_made_default_and_removed_by_name() {
    let computer = Computer::with_nas();
    let other = computer.dir().join("other");
    computer
        .run([
            "dest".as_ref(),
            "add".as_ref(),
            "other".as_ref(),
            "--folder".as_ref(),
            other.as_os_str(),
        ])
        .is(0);
    computer.run(["dest", "test", "other"]).is(0);
    computer.run(["dest", "default", "other"]).is(0);
    let list = computer.run(["dest", "list", "--json"]).is(0).events().remove(0);
    let default: Vec<_> = list["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["name"].clone(), d["is_default"].clone()))
        .collect();
    assert_eq!(
        default,
        [("nas".into(), false.into()), ("other".into(), true.into())]
    );
    computer.run(["dest", "remove", "nas"]).is(0);
    let gone = computer.run(["dest", "remove", "nas"]).is(3);
    assert!(
        gone.err.contains("\"nas\"") && gone.err.contains("other"),
        "{}",
        gone.err
    );
    let taken = computer
        .run([
            "dest".as_ref(),
            "add".as_ref(),
            "other".as_ref(),
            "--folder".as_ref(),
            other.as_os_str(),
        ])
        .is(3);
    assert!(taken.err.contains("other"), "{}", taken.err);
}

#[test]
fn a_bucket_without_keys_is_refused_where_nobody_can_be_asked() {
    let computer = Computer::new();
    let refused = computer
        .run(["dest", "add", "b", "--s3", "http://127.0.0.1:9", "--bucket", "b"])
        .is(3);
    assert!(refused.err.contains("AWS_ACCESS_KEY_ID"), "{}", refused.err);
}

#[test]
fn i42_a_secret_is_in_no_output_and_no_log() {
    let computer = Computer::new();
    let mut command = computer.command();
    command.args([
        "dest",
        "add",
        "b",
        "--s3",
        "http://127.0.0.1:9",
        "--bucket",
        "b",
        "--secrets-file",
    ]);
    command
        .env("AWS_ACCESS_KEY_ID", "key-4711")
        .env("AWS_SECRET_ACCESS_KEY", "secret-4711")
        .env("WINDLASS_LOG", "trace");
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    let log = std::fs::read_to_string(computer.home().join("logs/windlass.log")).unwrap();
    for text in [
        String::from_utf8_lossy(&refused.stdout),
        String::from_utf8_lossy(&refused.stderr),
        log.into(),
    ] {
        assert!(!text.contains("secret-4711"), "{text}");
    }
}

#[test]
fn what_is_not_there_is_told_by_name() {
    let computer = Computer::with_nas();
    for verb in [
        "status", "resume", "pause", "cancel", "retry", "receipt", "verify",
    ] {
        let refused = computer.run([verb, "nothing like it"]).is(3);
        assert!(refused.err.contains("nothing like it"), "{verb}: {}", refused.err);
    }
    computer.run(["status"]).is(0);
    let nothing = computer.run(["resume", "--json"]).is(0);
    assert_eq!(
        (&nothing.summary()["group"], &nothing.summary()["files"]),
        (&serde_json::Value::Null, &0.into())
    );
    computer.run(["retry"]).is(0);
}

// A23
#[test]
fn a023_the_data_folder_is_the_users_own() {
    let computer = Computer::with_nas();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&computer.home()), 0o700);
    assert_eq!(mode(&computer.home().join("logs")), 0o700);
    assert_eq!(mode(&computer.home().join("logs/windlass.log")), 0o600);
}

// I14
#[test]
fn f029_a_damaged_queue_is_set_aside_and_told() {
    let computer = Computer::with_nas();
    std::fs::write(
        computer.home().join("queue.sqlite"),
        b"this was never a database\n".repeat(500),
    )
    .unwrap();
    for beside in ["queue.sqlite-wal", "queue.sqlite-shm"] {
        let _ = std::fs::remove_file(computer.home().join(beside));
    }
    let told = computer.run(["status", "--json"]).is(0);
    assert_eq!(
        (&told.events()[0]["event"], &told.events()[0]["code"]),
        (&"notice".into(), &"queue_damaged".into())
    );
    let again = computer.run(["status"]).is(0);
    assert!(!again.err.contains("WL-502"), "{}", again.err);
}
