//! Watched folders, from the window: added by hand, and each file's verdict with its reason.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{Table, UPLOAD, count_becomes, go_to, hook, says};
use windlass_tests::writing::{Writing, arrived_once};

/// The key of that name, as WebDriver writes it.
const ENTER: char = '\u{E007}';

// C-8, E-1, E-6, F157: the window adds it, files arrive while it only watches, and each file's verdict is told.
#[test]
fn e1_a_folder_watched_from_the_window_sends_what_is_written_and_explains_each_file() -> Result<()> {
    let table = Table::lay()?;
    let (root, destination) = (
        table.windlass.dir().join("Card A"),
        table.windlass.dir().join("destination"),
    );
    fs::create_dir_all(&root)?;
    fs::write(root.join("here before.txt"), "first")?;
    let app = table.open_and_choose(&destination)?;
    go_to(&app, "watched")?;
    app.click(&hook("watch-add"))?;
    app.click(&hook("watch-choose"))?;
    table.desktop.choose_in_dialog(&root, PATIENCE)?;
    says(&app, &hook("watch-preview"), "1")?;
    // Two lines, as a person types them: with the Enter key.
    app.type_in(&hook("watch-exclude"), &format!("*.half{ENTER}scratch/"))?;
    let typed = app.run(
        "return document.querySelector('[data-testid=\"watch-exclude\"]').value",
        &[],
    )?;
    ensure!(typed == "*.half\nscratch/", "{typed}");
    app.click(&hook("watch-save"))?;
    app.find(&hook("watch-card"))?;

    fs::write(root.join("later.txt"), "second")?;
    fs::write(root.join("one.half"), "no")?;
    fs::create_dir(root.join("scratch"))?;
    fs::write(root.join("scratch/note.txt"), "no")?;
    let row = |path: &str| format!("{}[data-path=\"{path}\"]", hook("watch-file"));
    for path in ["later.txt", "here before.txt"] {
        says(&app, &row(path), "Uploaded")?;
    }
    // Why it never goes: the rule by its own words.
    says(&app, &row("one.half"), "*.half")?;
    // A folder that is left out is told as one when it is walked, and by its file when that is what was heard of.
    let scratch = format!("{}[data-path^=\"scratch/\"]", hook("watch-file"));
    says(&app, &scratch, "scratch/")?;
    wait::until_ok("both at the destination", UPLOAD, || {
        let there = samples::files_below(&destination, false)?;
        let names = ["later.txt", "here before.txt"];
        ensure!(
            there.len() == 2 && names.iter().all(|name| there.iter().any(|f| f.ends_with(name))),
            "{there:?}"
        );
        Ok(())
    })?;

    table.desktop.screenshot(super::shots("explain.png"))?;

    // Found by its name; a verdict by its filter; what a rule leaves out goes when a person says so.
    app.type_in(&hook("watch-search"), "one.h")?;
    count_becomes(&app, &hook("watch-file"), 1)?;
    app.click(&format!("{} {}", row("one.half"), hook("watch-anyway")))?;
    says(&app, &row("one.half"), "Uploaded")?;

    // Paused, it only remembers.
    app.type_in(&hook("watch-search"), " ")?;
    app.click(&hook("watch-pause"))?;
    says(&app, &hook("watch-pause"), "Resume")?;
    fs::write(root.join("while paused.txt"), "third")?;
    app.click(&hook("watch-pause"))?;
    says(&app, &row("while paused.txt"), "Uploaded")?;
    app.close()?;
    table.desktop.finish()
}

// C-8, I38, F20, F38: what a busy program writes arrives once and whole, also when the window's program is killed meanwhile; it
// asks nobody, for a watched folder is a standing order.
#[test]
fn c8_the_window_killed_three_times_while_a_program_writes_sends_each_file_once() -> Result<()> {
    const FILES: usize = 120;
    let table = Table::lay()?;
    let [root, beside, to] = ["in", "beside", "to"].map(|name| table.windlass.dir().join(name));
    for folder in [&root, &beside] {
        fs::create_dir(folder)?;
    }
    table.windlass.add_folder("there", &to)?;
    let add = ["watch", "add", "--settle", "2", "--quiet", "2", "--"].map(AsRef::as_ref);
    table
        .windlass
        .run(&[&add[..], &[root.as_os_str()]].concat())?
        .succeeds()?;
    let mut app = table.open()?;
    let writing = Writing::start(&root, &beside, FILES, Duration::from_secs(20));
    for quarter in 1..=3 {
        writing.wait_for(FILES * quarter / 4)?;
        app.kill_9()?;
        app = table.open()?;
    }
    writing.wait_for(FILES)?;
    writing.end()?;
    wait::until_ok("all of it uploaded", 2 * UPLOAD, || {
        let said = table.windlass.run(&["watch", "list", "--json"])?.succeeds()?.out;
        let uploaded = format!("\"uploaded\":{FILES}}}");
        let all = [
            uploaded.as_str(),
            "\"settling\":0",
            "\"queued\":0",
            "\"failed\":0",
        ];
        ensure!(all.iter().all(|piece| said.contains(piece)), "{said}");
        Ok(())
    })?;
    ensure!(
        app.count(&hook("relaunch-report"))? == 0,
        "somebody was asked about it"
    );
    go_to(&app, "watched")?;
    app.find(&hook("watch-card"))?;
    table.desktop.screenshot(super::shots("watched-killed.png"))?;
    app.close()?;
    arrived_once(&root, &to, &table.windlass.data(), FILES)?;
    table.desktop.finish()
}
