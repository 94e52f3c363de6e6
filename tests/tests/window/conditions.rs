//! Network, power and sleep as the desktop tells them, in the real window: what the card says, what the tray says and does, what
//! is told outside, and what keeps the computer awake.

use std::path::Path;

use anyhow::{Result, ensure};
use windlass_testkit::bus::SystemBus;
use windlass_testkit::desktop::App;
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{TITLE, Table, Theme, UPLOAD, group_becomes, hook};

/// The window on a computer with this bus, and a folder as destination; the level of notifications is All.
fn open<'t>(table: &'t Table, bus: &SystemBus) -> Result<App<'t>> {
    table
        .windlass
        .add_folder("nas", &table.windlass.dir().join("to"))?;
    let app = table.open_with(
        Theme::Light,
        &[],
        &[("DBUS_SYSTEM_BUS_ADDRESS", Path::new(bus.address()))],
    )?;
    if app.count(&hook("first-run-later"))? > 0 {
        app.click(&hook("first-run-later"))?;
    }
    app.find(&hook("empty"))?;
    app.click(&hook("nav-settings"))?;
    app.click("[data-testid=\"setting-notifications\"] [data-option=\"all\"]")?;
    app.click(&hook("nav-transfers"))?;
    Ok(app)
}

fn reasons(app: &App<'_>, wanted: &str) -> Result<()> {
    app.attribute_becomes(&hook("reasons"), "data-reasons", UPLOAD, |now| now == wanted)
        .map(drop)
}

// F-2: pause for a span, speed, upload anyway
#[test]
fn f2_the_tray_limits_passes_over_and_leads_to_the_settings() -> Result<()> {
    let (bus, table) = (SystemBus::start()?, Table::lay()?);
    bus.saver(true)?;
    let app = open(&table, &bus)?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 2 << 20, 3)?;
    let up = table.windlass.start(&["up".as_ref(), things.as_os_str()])?;
    reasons(&app, "power_saver")?;
    table.desktop.choose_in_tray("Upload anyway", PATIENCE)?;
    up.ends()?.succeeds()?;
    group_becomes(&app, "done")?;

    table.desktop.choose_in_tray("10 MB/s", PATIENCE)?;
    table.desktop.choose_in_tray("Settings…", PATIENCE)?;
    app.attribute_becomes(&hook("limit-value"), "value", PATIENCE, |_| true)?;
    wait::until_ok("the limit in the window", PATIENCE, || {
        let value = app.run(
            "return document.querySelector('[data-testid=\"limit-value\"]').value",
            &[],
        )?;
        ensure!(value == "10", "{value}");
        Ok(())
    })?;
    app.close()?;
    table.desktop.finish()
}

// F-3: what the person looks at is not told outside as well
#[test]
fn f3_nothing_is_told_outside_while_the_window_has_the_focus() -> Result<()> {
    let (bus, table) = (SystemBus::start()?, Table::lay()?);
    let app = open(&table, &bus)?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 1 << 20, 5)?;
    table
        .windlass
        .run(&["up".as_ref(), things.as_os_str()])?
        .succeeds()?;
    group_becomes(&app, "done")?;
    table.desktop.put_away(TITLE)?;
    samples::random_file(things.join("b.bin"), 1 << 20, 6)?;
    let second = things.join("b.bin");
    table
        .windlass
        .run(&["up".as_ref(), second.as_os_str()])?
        .succeeds()?;
    table
        .desktop
        .notification(PATIENCE, |one| one.summary.starts_with("b"))?;
    let all = table.desktop.notifications()?;
    ensure!(all.len() == 1, "{all:?}");
    table.desktop.click_notification(&all[0])?;
    wait::until("the window to come", PATIENCE, || {
        table.desktop.window_is_visible(TITLE).then_some(())
    })?;
    app.close()?;
    table.desktop.finish()
}
