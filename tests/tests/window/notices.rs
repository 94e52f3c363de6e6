//! What is told outside the window, and what a person does with it: quiet that is asked for is kept, a click leads to the
//! group, and what is offered on a notification is done.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use windlass_testkit::desktop::{App, Notification};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_folder;
use windlass_tests::window::{TITLE, Table, UPLOAD, count_becomes, go_to, hook};

use super::{RESUME, shots};

/// Uploads a small file as a group of its own, by the command line.
fn upload(table: &Table, group: &str) -> Result<()> {
    let file = table.windlass.dir().join(format!("things/{group}/one.bin"));
    samples::random_file(&file, 60_000, group.len() as u64)?;
    let line = [
        "up".as_ref(),
        "--group".as_ref(),
        group.as_ref(),
        file.as_os_str(),
    ];
    table.windlass.run(&line)?.succeeds().map(drop)
}

fn told(table: &Table, summary: &str) -> Result<Notification> {
    table.desktop.notification(UPLOAD, |one| one.summary == summary)
}

fn titles(table: &Table) -> Result<Vec<String>> {
    let all = table.desktop.notifications()?;
    Ok(all.into_iter().map(|one| one.summary).collect())
}

// F-3, F-4: while the person wants quiet nothing is told, from the first moment on, and nothing of it is told later.
#[test]
fn f3_while_the_desktop_is_told_to_be_quiet_nothing_is_told_and_nothing_comes_after_it() -> Result<()> {
    let table = Table::lay()?;
    table.desktop.do_not_disturb(true)?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    table.desktop.heard_of_quiet(true, PATIENCE)?;
    table.desktop.put_away(TITLE)?;
    let done = format!("{}[data-word=\"done\"]", hook("group-card"));
    upload(&table, "Asleep")?;
    count_becomes(&app, &done, 1)?;

    table.desktop.do_not_disturb(false)?;
    table.desktop.heard_of_quiet(false, PATIENCE)?;
    upload(&table, "Awake")?;
    told(&table, "Awake is done")?;

    table.desktop.do_not_disturb(true)?;
    table.desktop.heard_of_quiet(true, PATIENCE)?;
    upload(&table, "Resting")?;
    count_becomes(&app, &done, 3)?;
    table.desktop.do_not_disturb(false)?;
    table.desktop.heard_of_quiet(false, PATIENCE)?;
    upload(&table, "Back")?;
    told(&table, "Back is done")?;
    // They come in the order in which they were sent: nothing else is on its way.
    ensure!(
        titles(&table)? == ["Awake is done", "Back is done"],
        "{:?}",
        titles(&table)?
    );
    app.close()?;
    table.desktop.finish()
}

/// Waits until the window is before the person, with this group in sight, unfolded, and the focus at it.
fn leads_to(table: &Table, app: &App<'_>, group: &str) -> Result<()> {
    wait::until("the window to come", PATIENCE, || {
        table.desktop.window_is_visible(TITLE).then_some(())
    })?;
    wait::until_ok(&format!("{group} in sight"), PATIENCE, || {
        let seen = app.run(
            "const card = [...document.querySelectorAll('[data-testid=\"group-card\"]')]\
                .find(one => one.textContent.includes(arguments[0]));\
             if (!card) return 'no such card';\
             const box = card.getBoundingClientRect(), has = document.activeElement;\
             const over = document.elementFromPoint(box.left + box.width / 2, box.top + 20);\
             return [card.contains(over), card.contains(has) && has.getAttribute('aria-expanded')]",
            &[group.into()],
        )?;
        ensure!(seen == serde_json::json!([true, "true"]), "{seen}");
        Ok(())
    })
}

// F-3: a click brings the window up at its group; what is offered does what it says, and what is no longer true goes.
#[test]
fn f3_a_click_opens_the_group_and_retry_on_a_notification_sends_what_failed() -> Result<()> {
    let table = Table::lay()?;
    let destination = table.windlass.dir().join("destination");
    let app = table.open_and_choose(&destination)?;
    // Enough groups that not all of them are in sight.
    for number in 1..=9 {
        upload(&table, &format!("Reel {number}"))?;
    }
    let done = format!("{}[data-word=\"done\"]", hook("group-card"));
    count_becomes(&app, &done, 9)?;

    let locked: PathBuf = table.windlass.dir().join("things/Contracts/secret.pdf");
    samples::random_file(&locked, 40_000, 7)?;
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000))?;
    app.click(&hook("btn-pause-all"))?;
    app.find(&hook("btn-run-all"))?;
    table.drag(&app, &[table.windlass.dir().join("things/Contracts")], "h1")?;
    app.click(&hook("leave-troubled"))?;
    app.click(&hook("preflight-accept"))?;
    count_becomes(&app, &hook("group-card"), 10)?;
    go_to(&app, "settings")?;
    table.desktop.put_away(TITLE)?;
    table.desktop.choose_in_tray(RESUME, PATIENCE)?;
    let needs = told(&table, "Contracts needs you")?;
    let offered = table.desktop.offered_on(&needs)?;
    ensure!(
        ["show", "Show", "retry", "Retry"]
            .iter()
            .all(|word| offered.iter().any(|one| one == word)),
        "{offered:?}"
    );

    fs::set_permissions(&locked, fs::Permissions::from_mode(0o600))?;
    table.desktop.choose_on_notification(&needs, "retry")?;
    let is_done = told(&table, "Contracts is done")?;
    compare_folder(
        &table.windlass.dir().join("things/Contracts"),
        &destination.join("Contracts"),
    )?;
    ensure!(
        !table.desktop.window_is_visible(TITLE),
        "to try again does not bring the window up"
    );
    ensure!(
        !is_done.body.contains('/'),
        "a notification shows a path: {is_done:?}"
    );

    table.desktop.click_notification(&is_done)?;
    leads_to(&table, &app, "Contracts")?;
    table.desktop.screenshot(shots("clicked.png"))?;

    // The same by the word on it, to another group.
    go_to(&app, "history")?;
    table.desktop.put_away(TITLE)?;
    upload(&table, "Late arrival")?;
    let late = told(&table, "Late arrival is done")?;
    table.desktop.choose_on_notification(&late, "show")?;
    leads_to(&table, &app, "Late arrival")?;
    app.close()?;
    table.desktop.finish()
}

// F-3: what needs the person is taken back when it was mended elsewhere.
#[test]
fn f3_a_notification_is_taken_back_when_its_group_was_helped_in_another_way() -> Result<()> {
    let table = Table::lay()?;
    let destination = table.windlass.dir().join("destination");
    let app = table.open_and_choose(&destination)?;
    let locked = table.windlass.dir().join("things/Contracts/secret.pdf");
    samples::random_file(&locked, 40_000, 8)?;
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000))?;
    app.click(&hook("btn-pause-all"))?;
    app.find(&hook("btn-run-all"))?;
    table.drag(
        &app,
        &[table.windlass.dir().join("things/Contracts")],
        &hook("empty"),
    )?;
    app.click(&hook("leave-troubled"))?;
    app.click(&hook("preflight-accept"))?;
    count_becomes(&app, &hook("group-card"), 1)?;
    table.desktop.put_away(TITLE)?;
    table.desktop.choose_in_tray(RESUME, PATIENCE)?;
    let needs = told(&table, "Contracts needs you")?;
    ensure!(!table.desktop.was_taken_back(&needs)?, "it went by itself");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o600))?;
    table.windlass.run(&["retry"])?.succeeds()?;
    wait::until("the notification to go", UPLOAD, || {
        table.desktop.was_taken_back(&needs).ok().filter(|taken| *taken)
    })?;
    told(&table, "Contracts is done")?;
    app.close()?;
    table.desktop.finish()
}
