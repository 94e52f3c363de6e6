//! What is copied in another program and pasted into the window.

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_folder;
use windlass_tests::window::{TITLE, Table, count_becomes, group_becomes, hook, only_group, says};

// what a file manager copied becomes a group; text is answered with what can be taken, and goes where one types.
#[test]
fn a4_files_that_were_copied_elsewhere_are_pasted_as_a_group_and_text_is_not() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    for (number, name) in [
        "Day one/raw/take 1.wav",
        "Day one/take ü.wav",
        "100 % sure + #1.txt",
    ]
    .into_iter()
    .enumerate()
    {
        samples::random_file(things.join(name), 30_000, 670 + number as u64)?;
    }
    let app = table.open_and_choose(&destination)?;
    table.desktop.activate(TITLE)?;
    table.desktop.copy_text("Day one")?;
    table.desktop.keys(&["ctrl+v"])?;
    says(&app, &hook("toast"), "The clipboard holds no files")?;
    table.desktop.screenshot(super::shots("paste-text.png"))?;
    ensure!(app.count(&hook("group-card"))? == 0, "text became a group");

    table
        .desktop
        .copy_files(&[things.join("Day one"), things.join("100 % sure + #1.txt")])?;
    table.desktop.keys(&["ctrl+v"])?;
    group_becomes(&app, "done").with_context(|| table.log())?;
    compare_folder(&things, &only_group(&destination)?)?;
    table.desktop.screenshot(super::shots("pasted.png"))?;

    // In a field the same keys mean the field.
    table.desktop.copy_text("take")?;
    table.desktop.keys(&["ctrl+f"])?;
    app.find(&format!("{}:focus", hook("search")))?;
    table.desktop.keys(&["ctrl+v"])?;
    wait::until_ok("the text in the field", PATIENCE, || {
        let has = app.run("return document.activeElement?.value", &[])?;
        ensure!(has == "take", "it has {has}");
        Ok(())
    })?;
    count_becomes(&app, &hook("file-row"), 2)?;
    ensure!(app.count(&hook("group-card"))? == 1, "it was taken as files");
    app.close()?;
    table.desktop.finish()
}
