//! What ended is listed and found again.

use serde_json::Value;

use crate::computer::{Computer, Ended};

/// `key` of each line, in their order.
fn of(ended: &Ended, key: &str) -> Vec<String> {
    let told = |event: &Value| event[key].as_str().unwrap_or_default().to_owned();
    ended.events().iter().map(told).collect()
}

// G-6
#[test]
fn the_history_is_narrowed_by_place_folder_time_and_kind_and_finds_files() {
    let computer = Computer::with_nas();
    for (file, group) in [
        ("card/a.raw", "Card"),
        ("card 2/b.raw", "Second"),
        ("card 2/b.raw", "Again"),
    ] {
        let path = computer.file(file, file.as_bytes());
        let path = path.to_str().unwrap();
        computer.run(["up", path, "--group", group]).is(0);
    }
    computer.run(["verify", "Card"]).is(0);
    let history = |arguments: &[&str]| {
        let all = [&["history", "--json"], arguments].concat();
        computer.run(all).is(0)
    };

    let all = history(&[]);
    // The oldest is that the destination was added.
    assert_eq!(of(&all, "event"), ["act", "ended", "ended", "ended", "act"]);
    assert_eq!(of(&all, "name")[1..4], ["Again", "Second", "Card"]);
    assert_eq!(all.events()[0]["kind"], "asked");
    assert_eq!(all.events()[4]["change"]["change"], "added");
    assert_eq!(of(&history(&["--limit", "2"]), "name"), ["", "Again"]);
    assert_eq!(of(&history(&["--acts"]), "event"), ["act", "act"]);

    // The folder is compared, not looked for, and is no beginning of a name.
    std::fs::remove_dir_all(computer.dir().join("src/card")).unwrap();
    assert_eq!(of(&history(&["--folder", "src/card"]), "name"), ["Card"]);
    assert_eq!(of(&history(&["--folder", "src"]), "name").len(), 3);
    assert_eq!(
        of(&history(&["sec", "--to", "nas", "--since", "1d"]), "name"),
        ["Second"]
    );
    assert!(history(&["--until", "2020-01-01"]).events().is_empty());
    assert!(history(&["--ended", "cancelled"]).events().is_empty());

    let found = history(&["--files", "--folder", "src/card"]);
    assert_eq!(
        (of(&found, "event"), of(&found, "rel_path")),
        (vec!["file".into()], vec!["a.raw".into()])
    );
    assert_eq!(of(&history(&["--files=already-there"]), "group_name"), ["Again"]);
    assert_eq!(
        of(&history(&["--files", "raw", "--since", "today"]), "event").len(),
        3
    );

    let words = computer.run(["history", "--folder", "src/card"]).is(0).out;
    assert!(words.contains("  Card  1 file, 10 B → nas, verified"), "{words}");
    let nothing = computer.run(["history", "nobody"]).is(0).out;
    assert_eq!(nothing, "Nothing of that is in the history.\n");

    for wrong in [
        &["--since", "yesterday"],
        &["--until", "7d"],
        &["--to", "nowhere"],
    ] {
        let refused = computer.run([&["history"], &wrong[..]].concat()).is(3);
        assert!(refused.err.contains(wrong[1]), "{}", refused.err);
    }
}
