//! The help, word for word: it is read by people, so a change is looked at. `WINDLASS_BLESS=1` writes it anew.

use std::path::Path;

use crate::computer::Computer;

#[track_caller]
fn is_as_written(name: &str, arguments: &[&str]) {
    let said = Computer::new().run(arguments).is(0).out;
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/help")
        .join(name);
    if std::env::var_os("WINDLASS_BLESS").is_some() {
        std::fs::write(&path, &said).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        said, written,
        "the help has changed: read it, then WINDLASS_BLESS=1 cargo test -p windlass-cli help"
    );
}

#[test]
fn the_help_is_as_written() {
    is_as_written("windlass.txt", &["--help"]);
}

#[test]
fn the_help_of_up_is_as_written() {
    is_as_written("up.txt", &["up", "--help"]);
}

#[test]
fn the_help_of_dest_add_is_as_written() {
    is_as_written("dest-add.txt", &["dest", "add", "--help"]);
}

#[test]
fn the_help_of_history_is_as_written() {
    is_as_written("history.txt", &["history", "--help"]);
}

#[test]
fn completions_exist_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Computer::new().run(["completions", shell]).is(0).out;
        assert!(script.contains("windlass"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_verb_and_is_no_verb_of_the_help() {
    let computer = Computer::new();
    let folder = tempfile::tempdir().unwrap();
    computer.run(["man", folder.path().to_str().unwrap()]).is(0);
    let help = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help/windlass.txt"))
        .unwrap();
    let verbs = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next());
    let mut pages = 0;
    for verb in verbs.filter(|verb| *verb != "help") {
        let page = std::fs::read_to_string(folder.path().join(format!("windlass-{verb}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{verb}");
        pages += 1;
    }
    assert!(pages > 10, "{pages} pages");
    assert!(!help.contains("  man "));
    let overview = std::fs::read_to_string(folder.path().join("windlass.1")).unwrap();
    assert!(overview.contains("WINDLASS_HOME") && overview.contains("130"));
}
