//! How much is told outside the window, by the person's level, and how many that end together become one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use windlass_testkit::desktop::App;
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{TITLE, Table, UPLOAD, count_becomes, go_to, hook};

use super::shots;

/// Three are told in a minute; the rest is told when it is over.
const A_MINUTE: Duration = Duration::from_secs(90);

/// Writes a group of one file down; nothing of it is sent yet.
fn prepare(table: &Table, group: &str) -> Result<PathBuf> {
    let file = table.windlass.dir().join(format!("things/{group}/one.bin"));
    samples::random_file(&file, 60_000, group.len() as u64)?;
    let line = [
        "up".as_ref(),
        "--paused".as_ref(),
        "--group".as_ref(),
        group.as_ref(),
        file.as_os_str(),
    ];
    table.windlass.run(&line)?;
    Ok(file)
}

/// The same for one that can't be read when its turn comes.
fn prepare_trouble(table: &Table, group: &str) -> Result<PathBuf> {
    let file = prepare(table, group)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000))?;
    Ok(file)
}

fn cards(app: &App<'_>, word: &str, wanted: u64) -> Result<()> {
    count_becomes(
        app,
        &format!("{}[data-word=\"{word}\"]", hook("group-card")),
        wanted,
    )
}

/// The level, chosen in the settings; the window is away again after it.
fn choose_level(table: &Table, app: &App<'_>, level: &str) -> Result<()> {
    table.desktop.choose_in_tray("Open Windlass", PATIENCE)?;
    wait::until("the window to come", PATIENCE, || {
        table.desktop.window_is_visible(TITLE).then_some(())
    })?;
    go_to(app, "settings")?;
    let option = format!("{} [data-option=\"{level}\"]", hook("setting-notifications"));
    app.click(&option)?;
    app.attribute_becomes(&option, "aria-pressed", PATIENCE, |now| now == "true")?;
    go_to(app, "transfers")?;
    table.desktop.put_away(TITLE)
}

fn titles(table: &Table) -> Result<Vec<String>> {
    let all = table.desktop.notifications()?;
    Ok(all.into_iter().map(|one| one.summary).collect())
}

fn told(table: &Table, summary: &str) -> Result<()> {
    table
        .desktop
        .notification(UPLOAD, |one| one.summary == summary)
        .map(drop)
}

// F-4: what a level leaves out is never told, also not later; what follows it is the first that comes.
#[test]
fn f4_none_tells_nothing_only_problems_tells_problems_and_all_tells_every_end() -> Result<()> {
    let table = Table::lay()?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    choose_level(&table, &app, "none")?;
    prepare(&table, "Silent")?;
    let locked = prepare_trouble(&table, "Silent trouble")?;
    table.windlass.start(&["resume"])?.ends()?;
    cards(&app, "done", 1)?;
    cards(&app, "needs_you", 1)?;
    // Equal trouble is told once: it is over before the next.
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o600))?;
    table.windlass.run(&["retry"])?.succeeds()?;
    cards(&app, "done", 2)?;

    choose_level(&table, &app, "quiet")?;
    prepare(&table, "Plain end")?;
    table.windlass.run(&["resume"])?.succeeds()?;
    cards(&app, "done", 3)?;
    prepare_trouble(&table, "Trouble")?;
    table.windlass.run(&["resume"])?;
    cards(&app, "needs_you", 1)?;
    told(&table, "Trouble needs you")?;

    choose_level(&table, &app, "all")?;
    prepare(&table, "Loud")?;
    table.windlass.run(&["resume", "Loud"])?.succeeds()?;
    told(&table, "Loud is done")?;
    // They come in the order in which they were sent: nothing else is on its way.
    ensure!(
        titles(&table)? == ["Trouble needs you", "Loud is done"],
        "{:?}",
        titles(&table)?
    );
    app.close()?;
    table.desktop.finish()
}

// F-4: three are told, and all others of that minute in one.
#[test]
fn f4_many_groups_that_end_together_are_three_notifications_and_one_for_the_rest() -> Result<()> {
    let table = Table::lay()?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    choose_level(&table, &app, "all")?;
    for number in 1..=7 {
        prepare(&table, &format!("Reel {number}"))?;
    }
    prepare_trouble(&table, "Locked")?;
    table.windlass.run(&["resume"])?;
    cards(&app, "done", 7)?;
    cards(&app, "needs_you", 1)?;
    wait::until_ok("the first three", PATIENCE, || {
        let all = titles(&table)?;
        ensure!(all.len() == 3, "{all:?}");
        Ok(())
    })?;
    // Only time lets the rest out.
    let rest = table.desktop.notification(A_MINUTE, |one| {
        one.summary.contains("done") && !one.summary.contains("is done")
    })?;
    table.desktop.screenshot(shots("folded.png"))?;
    let all = titles(&table)?;
    let single = all[..3].iter().filter(|one| one.ends_with(" is done")).count();
    let of_rest = format!("{} groups are done", 7 - single);
    ensure!(
        all.len() == 4 && rest.summary == of_rest,
        "{all:?}: {:?}",
        rest.body
    );
    // The one that needs the person is told once, alone or with the rest.
    let alone = all.iter().any(|one| one == "Locked needs you");
    let with_the_rest = rest.body == "1 group needs you.";
    ensure!(alone != with_the_rest, "{all:?}: {:?}", rest.body);
    // A click leads to what needs the person, or to the list.
    table.desktop.click_notification(&rest)?;
    wait::until("the window to come", PATIENCE, || {
        table.desktop.window_is_visible(TITLE).then_some(())
    })?;
    app.close()?;
    table.desktop.finish()
}
