//! Files chosen where the desktop's portal lets the person choose, as inside a sandbox: the program sees what was chosen and
//! nothing else.

use std::path::Path;

use anyhow::{Result, ensure};
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::compare_folder;
use windlass_tests::window::{TITLE, Table, Theme, count_becomes, hook};

// A-1, N-2: files and a folder by their keys, by the portal; what is cancelled changes nothing.
#[test]
fn n2_files_and_a_folder_chosen_by_the_portal_arrive_and_a_cancelled_choice_changes_nothing() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    for name in ["Loose/one ü.bin", "Loose/two 100%.bin", "Whole/a/three.bin"] {
        samples::random_file(things.join(name), 70_000, name.len() as u64)?;
    }
    table.windlass.add_folder("there", &destination)?;
    let portal = [("GTK_USE_PORTAL", Path::new("1"))];
    let app = table.open_with(Theme::Light, &[], &portal)?;
    if app.count(&hook("first-run-later"))? > 0 {
        app.click(&hook("first-run-later"))?;
    }
    app.find(&hook("empty"))?;
    table.desktop.activate(TITLE)?;

    table.desktop.keys(&["ctrl+o"])?;
    let asked = table.desktop.choose_by_portal(&[], PATIENCE)?;
    ensure!(
        asked["method"] == "OpenFile" && asked["multiple"] == true,
        "{asked}"
    );
    ensure!(asked["directory"] == false, "{asked}");

    table.desktop.keys(&["ctrl+o"])?;
    let [one, two] = ["one ü.bin", "two 100%.bin"].map(|name| things.join("Loose").join(name));
    table.desktop.choose_by_portal(&[&one, &two], PATIENCE)?;
    let done = format!("{}[data-word=\"done\"]", hook("group-card"));
    count_becomes(&app, &done, 1)?;
    // The choice that was cancelled made no group.
    ensure!(app.count(&hook("group-card"))? == 1);
    compare_folder(
        &things.join("Loose"),
        &windlass_tests::window::only_group(&destination)?,
    )?;

    table.desktop.keys(&["ctrl+shift+o"])?;
    let asked = table
        .desktop
        .choose_by_portal(&[&things.join("Whole")], PATIENCE)?;
    ensure!(asked["directory"] == true, "{asked}");
    count_becomes(&app, &done, 2)?;
    compare_folder(&things.join("Whole"), &destination.join("Whole"))?;
    app.close()?;
    table.desktop.finish()
}
