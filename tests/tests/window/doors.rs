//! The ways into a running window from outside: "open with", a second start, a start into the tray.

use std::path::Path;

use anyhow::{Result, ensure};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_folder;
use windlass_tests::window::{TITLE, Table, Theme, count_becomes, group_becomes, hook, only_group};

// A-12, B-10: a second start hands its paths over, brings the window up, and ends; the command line does the same.
#[test]
fn a12_open_with_and_the_command_line_hand_their_files_to_the_running_window() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    for name in ["opened/a --hidden file.txt", "said/b.txt"] {
        samples::random_file(things.join(name), 6_000, name.len() as u64)?;
    }
    let app = table.open_and_choose(&destination)?;
    table.desktop.close_window(TITLE)?;
    gone(&table)?;
    let code = table.second_start(&[Path::new("--"), &things.join("opened")])?;
    ensure!(code == Some(0), "it ended with {code:?}");
    wait::until("the window to come up", PATIENCE, || {
        table.desktop.window_is_visible(TITLE).then_some(())
    })?;
    group_becomes(&app, "done")?;
    compare_folder(&things.join("opened"), &only_group(&destination)?)?;

    let ended = table
        .windlass
        .run(&["up".as_ref(), things.join("said").as_os_str()])?;
    ended.succeeds()?;
    count_becomes(&app, &format!("{}[data-word=\"done\"]", hook("group-card")), 2)?;
    app.close()?;
    table.desktop.finish()
}

// B-8, B-9: started hidden it is in the tray alone; what is given to it goes; a plain second start shows it.
#[test]
fn b9_started_hidden_it_works_from_the_tray_until_a_second_start_brings_it_up() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    samples::random_file(things.join("a.txt"), 6_000, 3)?;
    table.windlass.add_folder("there", &destination)?;
    let words = ["--hidden".to_owned(), things.display().to_string()];
    let app = table.open_with(Theme::Light, &words, &[])?;
    ensure!(!table.desktop.window_is_visible(TITLE), "it shows itself");
    wait::until("the file at the destination", PATIENCE, || {
        only_group(&destination)
            .and_then(|group| compare_folder(&things, &group))
            .ok()
    })?;
    // Another second start into the tray changes nothing.
    ensure!(table.second_start(&[Path::new("--hidden")])? == Some(0));
    ensure!(!table.desktop.window_is_visible(TITLE), "a hidden start shows it");
    ensure!(table.second_start(&[])? == Some(0));
    wait::until("the window to come up", PATIENCE, || {
        table.desktop.window_is_visible(TITLE).then_some(())
    })?;
    // Words that are none are refused where they were written.
    ensure!(table.second_start(&[Path::new("--no-such")])? == Some(2));
    app.close()?;
    table.desktop.finish()
}

fn gone(table: &Table) -> Result<()> {
    wait::until("the window to go", PATIENCE, || {
        (!table.desktop.window_is_visible(TITLE)).then_some(())
    })
}
