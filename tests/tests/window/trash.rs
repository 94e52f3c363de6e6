//! Originals after their proof: into the trash of the desktop when a person says so, and back from it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_bucket;
use windlass_tests::window::{Table, count_becomes, go_to, group_becomes, hook, says};

use super::shots;

/// Names of the files in a folder of the home's trash.
fn in_trash(table: &Table, folder: &str) -> Result<Vec<String>> {
    let at = table.desktop.dir().join("data/Trash").join(folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(&at).into_iter().flatten() {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

// G-9, X-12, X-13, I09: only after a yes, each read again before; what changed stays; what went comes back, over nothing else.
#[test]
fn x13_originals_go_to_the_trash_after_a_yes_and_come_back_from_it() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    table.windlass.add_bucket("bucket", &garage, garage.endpoint())?;
    // Of the home: its trash is on the same disk.
    let things: PathBuf = table.desktop.dir().join("home/Shoot ü");
    let names = ["a 100%.mov", "b.mov", "c.mov"];
    for (number, name) in names.into_iter().enumerate() {
        samples::random_file(things.join(name), 400_000, 1_400 + number as u64)?;
    }
    let hash = |name: &str| samples::sha256(things.join(name));
    let before = names.map(hash).into_iter().collect::<Result<Vec<_>>>()?;
    let app = table.open_past_first_run()?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done")?;
    compare_bucket(&things, &garage.oracle()?, "Shoot ü/")?;

    go_to(&app, "history")?;
    let answer = |wanted: &'static str| {
        app.attribute_becomes(&hook("safe"), "data-answer", PATIENCE, |now| now == wanted)
    };
    answer("yes")?;
    says(&app, &hook("safe"), "3 files")?;
    ensure!(app.count(&hook("in-trash"))? == 0);
    table.press(&app, &hook("safe-trash"))?;
    says(&app, "dialog[open]", "Move 3 originals to the trash?")?;
    // A person may think better of it.
    table.desktop.keys(&["Escape"])?;
    count_becomes(&app, "dialog[open]", 0)?;
    ensure!(in_trash(&table, "files")?.is_empty(), "it went unasked");
    table.press(&app, &hook("safe-trash"))?;
    app.find(&hook("confirm-yes"))?;
    // Between the yes and the act one of them is changed: the yes is over, and nothing goes.
    fs::write(things.join("c.mov"), "another take")?;
    table.press(&app, &hook("confirm-yes"))?;
    says(&app, &hook("toast"), "Nothing was moved")?;
    answer("not_yet")?;
    says(&app, &hook("safe"), "c.mov”")?;
    ensure!(app.count(&hook("safe-trash"))? == 0, "it is still offered");
    ensure!(in_trash(&table, "files")?.is_empty(), "it went all the same");

    // The person takes it elsewhere. The receipt covers the others.
    fs::rename(things.join("c.mov"), table.desktop.dir().join("home/c.mov"))?;
    app.click(&hook("history-verify"))?;
    answer("yes")?;
    table.press(&app, &hook("safe-trash"))?;
    table.press(&app, &hook("confirm-yes"))?;
    says(&app, &hook("toast"), "2 originals")?;
    ensure!(in_trash(&table, "files")? == ["a 100%.mov", "b.mov"]);
    ensure!(in_trash(&table, "info")? == ["a 100%.mov.trashinfo", "b.mov.trashinfo"]);
    let left = samples::files_below(&things, false)?;
    ensure!(left.is_empty(), "{left:?} are left");
    says(&app, &hook("in-trash"), "The trash holds 2 originals")?;
    answer("cant_tell")?;
    table.desktop.screenshot(shots("in-trash.png"))?;

    // Another file took the name of one: it stays where it is, and so does what the trash has.
    fs::write(things.join("b.mov"), "in its place")?;
    table.press(&app, &hook("put-back"))?;
    says(&app, &hook("toast"), "1 original")?;
    says(&app, &hook("toast"), "b.mov”")?;
    says(&app, &hook("in-trash"), "The trash holds 1 original")?;
    ensure!(hash("a 100%.mov")? == before[0], "it came back otherwise");
    ensure!(fs::read(things.join("b.mov"))? == b"in its place");
    ensure!(in_trash(&table, "files")? == ["b.mov"]);

    fs::remove_file(things.join("b.mov"))?;
    table.press(&app, &hook("put-back"))?;
    count_becomes(&app, &hook("in-trash"), 0)?;
    ensure!(hash("b.mov")? == before[1], "it came back otherwise");
    ensure!(in_trash(&table, "files")?.is_empty() && in_trash(&table, "info")?.is_empty());

    // What came back is what was proved: the answer is yes again.
    answer("yes")?;
    says(&app, &hook("safe"), "2 files")?;
    table.desktop.screenshot(shots("put-back.png"))?;

    // Emptied by hand: there is nothing to put back.
    table.press(&app, &hook("safe-trash"))?;
    app.find(&hook("confirm-yes"))?;
    table.press(&app, &hook("confirm-yes"))?;
    says(&app, &hook("in-trash"), "The trash holds 2 originals")?;
    fs::remove_dir_all(table.desktop.dir().join("data/Trash"))?;
    go_to(&app, "transfers")?;
    go_to(&app, "history")?;
    answer("cant_tell")?;
    wait::until("no way back", PATIENCE, || {
        (app.count(&hook("in-trash")).ok()? == 0).then_some(())
    })?;
    app.close()?;
    table.desktop.finish()
}
