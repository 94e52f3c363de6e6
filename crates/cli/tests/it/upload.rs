//! Uploads to a folder, and what is said about them.

use std::fs;

use serde_json::Value;

use crate::computer::Computer;

#[test]
fn files_arrive_and_the_last_line_counts_them() {
    let computer = Computer::with_nas();
    computer.file("tree/a.bin", &[1; 5_000]);
    computer.file("tree/b/c.bin", &[2; 20_000_000]);
    let up = computer
        .run(["up", "--json", "--group", "Shoot 12 May", "src/tree"])
        .is(0);
    let first = &up.events()[0];
    assert_eq!(
        (&first["event"], &first["name"], &first["destination"]),
        (&"started".into(), &"Shoot 12 May".into(), &"nas".into())
    );
    let s = up.summary();
    assert_eq!(s["group"], first["group"]);
    let counts = [
        "files",
        "uploaded",
        "deduplicated",
        "unchanged",
        "rejected",
        "failed",
        "open",
        "bytes",
        "bytes_sent",
        "parts_sent",
    ];
    let counts: Vec<_> = counts.iter().map(|c| s[c].as_u64().unwrap()).collect();
    assert_eq!(counts, [2, 2, 0, 0, 0, 0, 0, 20_005_000, 20_005_000, 4]);
    assert!(s["seconds"].as_f64().unwrap() > 0.0);
    let there = computer.dst().join("Shoot 12 May/tree");
    assert_eq!(fs::read(there.join("a.bin")).unwrap(), [1; 5_000]);
    assert_eq!(fs::read(there.join("b/c.bin")).unwrap(), vec![2; 20_000_000]);

    let status = computer.run(["status"]).is(0);
    assert!(
        status
            .out
            .starts_with("Shoot 12 May  Done\n  2 of 2 files, 20.0 MB → nas"),
        "{}",
        status.out
    );
}

#[test]
fn a_group_is_verified_and_a_damaged_file_is_found() {
    let computer = Computer::with_nas();
    computer.file("deed.txt", b"a deed");
    let id = computer.run(["up", "--json", "src/deed.txt"]).is(0).summary()["group"]
        .as_str()
        .unwrap()
        .to_owned();
    let receipt = computer.run(["receipt", "--json", &id]).is(0);
    let [file, last] = receipt.events().try_into().unwrap();
    assert_eq!(
        (&file["event"], &file["size"], &last["files"]),
        (&"file".into(), &6.into(), &1.into())
    );
    assert_eq!(
        file["sha256"],
        "b9931220e7a5067d836491c3a57c5ed2ddbaea0a1fb36ed9720c8d57c5cf6bb6"
    );
    let shown = computer.run(["receipt", "deed"]).is(0);
    assert!(
        shown.out.contains("SHA-256 ") && shown.out.contains("src/deed.txt"),
        "{}",
        shown.out
    );

    computer.run(["verify", &id[..13]]).is(0);
    let object = computer.dst().join(file["object_key"].as_str().unwrap());
    fs::write(&object, b"a dead").unwrap();
    let doubted = computer.run(["verify", "--json", &id]).is(2);
    assert_eq!(doubted.events()[0]["event"], "file_failed");
    assert_eq!(doubted.events().pop().unwrap()["failed"], 1);
}

#[test]
fn f101_a_path_that_is_not_there_is_told_and_the_others_arrive() {
    let computer = Computer::with_nas();
    computer.file("a", b"a");
    let up = computer.run(["up", "--json", "src/a", "src/nobody"]).is(2);
    let told = &up.events()[0];
    assert_eq!(
        (&told["event"], &told["code"], &told["number"], &told["path"]),
        (
            &"file_failed".into(),
            &"file_missing".into(),
            &"WL-101".into(),
            &"src/nobody".into()
        )
    );
    assert_eq!(
        (&up.summary()["uploaded"], &up.summary()["failed"]),
        (&1.into(), &1.into())
    );
    let none = computer.run(["up", "src/nobody"]).is(2);
    assert!(
        none.err.contains("src/nobody") && none.err.contains("WL-101"),
        "{}",
        none.err
    );
}

#[test]
fn what_is_left_out_is_named_with_its_reason() {
    let computer = Computer::with_nas();
    computer.file("tree/a", b"a");
    for n in 0..25 {
        std::os::unix::fs::symlink("nowhere", computer.dir().join(format!("src/tree/link{n:02}"))).unwrap();
    }
    let up = computer.run(["up", "src/tree"]).is(2);
    assert!(up.err.contains("WL-111 not_regular_file"), "{}", up.err);
    assert_eq!(up.err.matches("tree/link").count(), 20, "{}", up.err);
    assert!(up.err.contains("and 5 files more"), "{}", up.err);
    assert!(
        !up.err.contains("windlass retry"),
        "trying again can't help: {}",
        up.err
    );
    let up = computer.run(["up", "--json", "src/tree"]).is(2);
    assert_eq!(
        up.events().iter().filter(|e| e["event"] == "file_failed").count(),
        25
    );
}

// A08, A18
#[test]
fn a018_names_that_look_like_options_or_terminal_codes_are_names() {
    let computer = Computer::with_nas();
    for name in ["--group=x", "-rf", "@list", "a\u{1b}[2Jb\nc"] {
        computer.file(name, name.as_bytes());
    }
    let mut command = computer.command();
    command.current_dir(computer.dir().join("src")).args([
        "up",
        "--group",
        "\u{1b}[31mred",
        "--",
        "--group=x",
        "-rf",
        "@list",
        "a\u{1b}[2Jb\nc",
    ]);
    let up = command.output().unwrap();
    assert_eq!(
        up.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&up.stderr)
    );
    let group = computer
        .dst()
        .read_dir()
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| !p.file_name().unwrap().to_string_lossy().starts_with('.'))
        .unwrap();
    assert_eq!(fs::read(group.join("--group=x")).unwrap(), b"--group=x");
    let said = [
        up.stdout,
        up.stderr,
        computer.run(["status"]).out.into_bytes(),
        computer.run(["receipt", "\u{1b}[31mred"]).is(0).out.into_bytes(),
    ];
    for text in said {
        assert!(
            !text.contains(&0x1b),
            "{}",
            String::from_utf8_lossy(&text).escape_debug()
        );
    }
}

#[test]
fn the_same_again_is_unchanged_and_sends_nothing() {
    let computer = Computer::with_nas();
    for n in 0..20 {
        let path = computer.file(&format!("tree/{n}"), format!("content {n}").as_bytes());
        // A file that changed a moment ago is not trusted to be what was hashed.
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(old)
            .unwrap();
    }
    computer.run(["up", "--group", "Again", "src/tree"]).is(0);
    let again = computer
        .run(["up", "--json", "--group", "Again", "src/tree"])
        .is(0)
        .summary();
    assert_eq!(again["bytes_sent"], 0);
    assert_eq!(
        again["unchanged"].as_u64().unwrap() + again["deduplicated"].as_u64().unwrap(),
        20,
        "{again}"
    );
}

#[test]
fn a_file_that_could_not_be_read_goes_after_retry() {
    use std::os::unix::fs::PermissionsExt as _;
    let computer = Computer::with_nas();
    let late = computer.file("tree/late", b"late");
    computer.file("tree/now", b"now");
    fs::set_permissions(&late, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&late).is_ok() {
        // Root reads everything; the whole-product tests do this without privilege.
        return;
    }
    let up = computer.run(["up", "--group", "Late", "src/tree"]).is(2);
    assert!(
        up.err.contains("WL-102") && up.err.contains("windlass retry"),
        "{}",
        up.err
    );
    fs::set_permissions(&late, fs::Permissions::from_mode(0o600)).unwrap();
    let retried = computer.run(["retry", "--json", "Late"]).is(0);
    assert_eq!(retried.summary()["uploaded"], 2);
}

#[test]
fn what_is_paused_stays_in_the_queue_and_goes_on_with_resume() {
    let computer = Computer::with_nas();
    computer.file("a", b"a");
    computer.run(["pause"]).is(0);
    let up = computer.run(["up", "--json", "src/a"]).is(130);
    assert!(up.events().iter().any(|e| e["event"] == "paused"), "{}", up.out);
    assert_eq!(up.summary()["open"], 1);
    assert!(!computer.dst().join("a/a").exists());
    let status = computer.run(["status"]).is(0);
    assert!(status.out.contains("Everything is paused"), "{}", status.out);
    let resumed: Value = computer.run(["resume", "--json"]).is(0).summary();
    assert_eq!((&resumed["uploaded"], &resumed["open"]), (&1.into(), &0.into()));
}
