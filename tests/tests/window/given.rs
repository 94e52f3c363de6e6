//! What a person gives, and what the window says of it before a byte moves.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use anyhow::{Result, ensure};
use windlass_testkit::samples;
use windlass_tests::compare_folder;
use windlass_tests::window::{
    TITLE, Table, choose, count_becomes, go_to, group_becomes, hook, only_group, says, unfold,
};

fn only_for_others(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

// everything that can't or need not go is told first, with one answer for all of it.
#[test]
fn a8_the_sheet_tells_what_is_there_what_can_not_go_and_takes_one_answer_for_all() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    for number in 0..3 {
        samples::random_file(things.join(format!("kept {number}.jpg")), 30_000, 500 + number)?;
    }
    let app = table.open_and_choose(&destination)?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    app.find(&hook("group-card"))?;
    group_becomes(&app, "done")?;

    // The same folder again, with what is new and what can't go.
    samples::random_file(things.join("new.jpg"), 40_000, 510)?;
    samples::random_file(things.join("kept 2.jpg"), 31_000, 511)?;
    fs::write(things.join("secret.txt"), "mine")?;
    only_for_others(&things.join("secret.txt"), 0)?;
    fs::create_dir(things.join("locked"))?;
    fs::write(things.join("locked/within.txt"), "x")?;
    only_for_others(&things.join("locked"), 0)?;
    File::create(things.join("huge.img"))?.set_len(6 << 40)?;
    symlink("/", things.join("everything"))?;
    fs::create_dir(things.join("empty"))?;

    table.drag(&app, std::slice::from_ref(&things), &hook("group-card"))?;
    app.find(&hook("preflight-accept"))?;
    table.desktop.screenshot(super::shots("preflight-trouble.png"))?;
    app.find(&hook("fold-already_there"))?;
    for (fold, names) in [
        ("changed", "kept 2.jpg"),
        ("too_large", "huge.img"),
        ("unreadable", "secret.txt"),
        ("not_regular", "everything"),
    ] {
        says(&app, &hook(&format!("fold-{fold}")), names)?;
    }
    says(&app, &hook("preflight-accept"), "2")?;
    app.click(&hook("there-leave_out"))?;
    app.click(&hook("preflight-remember"))?;
    app.click(&hook("preflight-accept"))?;
    count_becomes(&app, &hook("group-card"), 2)?;
    let done = format!("{}[data-word^=\"done\"]", hook("group-card"));
    count_becomes(&app, &done, 2)?;
    // A group of the same name has the same folder; what was there stands as it was.
    let there = || -> Result<Vec<String>> {
        let files = samples::files_below(&only_group(&destination)?, true)?;
        Ok(files.iter().map(|file| file.display().to_string()).collect())
    };
    let before = [
        "kept 0.jpg",
        "kept 1.jpg",
        "kept 2 (2).jpg",
        "kept 2.jpg",
        "new.jpg",
    ];
    ensure!(there()? == before, "there are {:?}", there()?);

    // The answer is remembered: the same again, without the question.
    only_for_others(&things.join("locked"), 0o700)?;
    for gone in ["secret.txt", "huge.img", "everything"] {
        fs::remove_file(things.join(gone))?;
    }
    fs::remove_dir_all(things.join("locked"))?;
    samples::random_file(things.join("newer.jpg"), 41_000, 512)?;
    table.drag(&app, std::slice::from_ref(&things), &hook("group-card"))?;
    count_becomes(&app, &done, 3)?;
    ensure!(app.count(&hook("preflight-accept"))? == 0, "asked again");
    ensure!(
        there()? == [&before[..], &["newer.jpg"]].concat(),
        "there are {:?}",
        there()?
    );
    app.close()?;
    table.desktop.finish()
}

// drops that are no plain files, and what the window says to each.
#[test]
fn x3_drops_of_text_of_a_link_to_everything_and_of_a_locked_folder_are_answered_and_nothing_goes()
-> Result<()> {
    let table = Table::lay()?;
    let destination = table.windlass.dir().join("destination");
    let app = table.open_and_choose(&destination)?;
    let empty = app.middle_of(&hook("empty"))?;

    table
        .desktop
        .drag_text("https://example.com/cat.jpg", TITLE, empty)?;
    says(&app, &hook("toast"), "files")?;
    ensure!(app.count(&hook("group-card"))? == 0);

    let things = table.windlass.dir().join("things");
    fs::create_dir_all(&things)?;
    let everything = things.join("everything");
    symlink("/", &everything)?;
    table.drag(&app, std::slice::from_ref(&everything), &hook("empty"))?;
    // Whoever gives the link itself means what it leads to: the sheet counts, and can be left while it does.
    says(&app, &hook("fold-not_regular"), "links")?;
    ensure!(
        app.attribute(&hook("preflight-accept"), "disabled")?.is_some(),
        "it may go before everything was looked at"
    );
    app.click(&hook("preflight-cancel"))?;
    count_becomes(&app, &hook("preflight-cancel"), 0)?;

    let locked = things.join("locked");
    fs::create_dir(&locked)?;
    fs::write(locked.join("within.txt"), "x")?;
    only_for_others(&locked, 0)?;
    table.drag(&app, std::slice::from_ref(&locked), &hook("empty"))?;
    says(&app, &hook("fold-unreadable"), "locked")?;
    app.click(&hook("preflight-cancel"))?;
    count_becomes(&app, &hook("preflight-cancel"), 0)?;
    only_for_others(&locked, 0o700)?;

    ensure!(app.count(&hook("group-card"))? == 0);
    ensure!(samples::files_below(&destination, false)?.is_empty());
    app.close()?;
    table.desktop.finish()
}

// B-14: choices of the settings act at once: here the sheet before each upload, and the language.
#[test]
fn b14_in_german_the_sheet_before_every_upload_speaks_german_and_what_it_says_arrives() -> Result<()> {
    let table = Table::lay()?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("Übersicht.pdf"), 20_000, 520)?;
    let destination = table.windlass.dir().join("destination");
    let app = table.open_and_choose(&destination)?;
    go_to(&app, "settings")?;
    app.click(&format!("{} [data-option=\"de\"]", hook("setting-language")))?;
    says(&app, "h1", "Einstellungen")?;
    ensure!(app.run("return document.documentElement.lang", &[])? == "de");
    app.click(&format!("{} [data-option=\"always\"]", hook("setting-preflight")))?;
    go_to(&app, "transfers")?;
    let tray = table.desktop.tray_menu()?;
    ensure!(
        tray.iter().any(|item| item.label.contains("Beenden")),
        "the tray speaks {tray:?}"
    );
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    says(&app, &hook("preflight-accept"), "hochladen")?;
    app.click(&hook("preflight-accept"))?;
    app.find(&hook("group-card"))?;
    unfold(&app)?;
    group_becomes(&app, "done")?;
    says(&app, &hook("group-word"), "Fertig")?;
    compare_folder(&things, &only_group(&destination)?)?;
    table.desktop.screenshot(super::shots("german.png"))?;
    choose(&app, "list-kind", "failed")?;
    count_becomes(&app, &hook("file-row"), 0)?;
    app.close()?;
    table.desktop.finish()
}
