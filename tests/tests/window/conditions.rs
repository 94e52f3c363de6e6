//! Network, power and sleep as the desktop tells them, in the real window: what the card says, what the tray says and does, what
//! is told outside, and what keeps the computer awake.

use std::path::Path;

use anyhow::{Result, ensure};
use windlass_testkit::bus::SystemBus;
use windlass_testkit::desktop::App;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_bucket;
use windlass_tests::window::{TITLE, Table, Theme, UPLOAD, group_becomes, hook, says};

use super::shots;

/// The window on a computer with this bus, and a folder as destination; the level of notifications is All.
fn open<'t>(table: &'t Table, bus: &SystemBus) -> Result<App<'t>> {
    table
        .windlass
        .add_folder("nas", &table.windlass.dir().join("to"))?;
    open_as_it_is(table, bus)
}

/// The same, on the destinations that are there.
fn open_as_it_is<'t>(table: &'t Table, bus: &SystemBus) -> Result<App<'t>> {
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

fn in_tray(table: &Table, label: &str) -> Result<()> {
    wait::until_ok(&format!("the tray's {label:?}"), PATIENCE, || {
        let menu = table.desktop.tray_menu()?;
        ensure!(menu.iter().any(|item| item.label == label), "{menu:?}");
        Ok(())
    })
}

// F-1, F-2, F-3, I-6, I-7, X-18
#[test]
fn i6_low_battery_is_a_reason_on_the_card_in_the_tray_and_outside_and_each_has_a_way_out() -> Result<()> {
    let (bus, table) = (SystemBus::start()?, Table::lay()?);
    bus.power(true, 18.0)?;
    let app = open(&table, &bus)?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 2 << 20, 1)?;
    table.desktop.put_away(TITLE)?;
    let up = table.windlass.start(&["up".as_ref(), things.as_os_str()])?;

    reasons(&app, "battery")?;
    ensure!(app.text(&hook("reasons"))?.contains("Paused on battery at 18 %."));
    in_tray(&table, "Paused on battery at 18 %")?;
    let told = table
        .desktop
        .notification(PATIENCE, |one| one.summary == "Paused on battery at 18 %")?;
    let offered = table.desktop.offered_on(&told)?;
    ensure!(offered.contains(&"anyway".to_owned()), "{offered:?}");
    table.desktop.screenshot(shots("battery.png"))?;

    // Its cause goes: so does it.
    bus.power(false, 18.0)?;
    group_becomes(&app, "done")?;
    wait::until("the notification to go", PATIENCE, || {
        table.desktop.was_taken_back(&told).ok().filter(|taken| *taken)
    })?;
    up.ends()?.succeeds()?;

    // Held again, and passed over by the button of the notification.
    // Slow enough not to end before the change of the power is heard of.
    table.desktop.choose_in_tray("5 MB/s", PATIENCE)?;
    bus.power(true, 9.0)?;
    samples::random_file(things.join("b.bin"), 48 << 20, 2)?;
    let up = table
        .windlass
        .start(&["up".as_ref(), things.join("b.bin").as_os_str()])?;
    let told = table
        .desktop
        .notification(PATIENCE, |one| one.summary == "Paused on battery at 9 %")?;
    table.desktop.choose_on_notification(&told, "anyway")?;
    up.ends()?.succeeds()?;
    app.close()?;
    table.desktop.finish()
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
    table.desktop.choose_in_tray("Watched folders", PATIENCE)?;
    app.find("[data-testid=\"nav-watched\"][aria-current=\"page\"]")?;
    // What has just ended can be opened from there, too.
    table.desktop.choose_in_tray("things: done", PATIENCE)?;
    app.find("[data-testid=\"nav-transfers\"][aria-current=\"page\"]")?;
    app.close()?;
    table.desktop.finish()
}

// F-7: awake while bytes move, and no longer
#[test]
fn f7_the_computer_is_kept_awake_while_bytes_move_and_let_go_after() -> Result<()> {
    let (bus, table) = (SystemBus::start()?, Table::lay()?);
    let app = open(&table, &bus)?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 64 << 20, 4)?;
    table.desktop.choose_in_tray("5 MB/s", PATIENCE)?;
    let up = table.windlass.start(&["up".as_ref(), things.as_os_str()])?;
    wait::until("a lock against sleep", UPLOAD, || {
        (bus.locks() == 1).then_some(())
    })?;
    up.ends()?.succeeds()?;
    wait::until("the lock to go", PATIENCE, || (bus.locks() == 0).then_some(()))?;
    // Nothing breaks at a wake.
    bus.sleep_and_wake()?;
    group_becomes(&app, "done")?;
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

// I-5, I-7, F-1: a network that costs money is told by its name on the card and in the tray, and passed over by the person.
#[test]
fn i5_a_metered_network_is_told_by_its_name_and_passed_over_on_the_card() -> Result<()> {
    let (bus, garage, table) = (SystemBus::start()?, Garage::start()?, Table::lay()?);
    table.windlass.add_bucket("bucket", &garage, garage.endpoint())?;
    bus.network("Train", true)?;
    let app = open_as_it_is(&table, &bus)?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 9 << 20, 7)?;
    let up = table.windlass.start(&["up".as_ref(), things.as_os_str()])?;
    reasons(&app, "metered")?;
    says(&app, &hook("reasons"), "Paused on a metered network (Train).")?;
    in_tray(&table, "Paused on a metered network (Train)")?;
    table.desktop.screenshot(shots("metered.png"))?;
    ensure!(garage.oracle()?.objects("")?.is_empty(), "something was sent");

    table.desktop.activate(TITLE)?;
    table.press(&app, &format!("{} {}", hook("reasons"), hook("way-anyway")))?;
    group_becomes(&app, "done")?;
    up.ends()?.succeeds()?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;

    // Elsewhere what was said of that network holds no more.
    bus.network("Hotel", true)?;
    samples::random_file(things.join("b.bin"), 60_000, 8)?;
    let up = table
        .windlass
        .start(&["up".as_ref(), things.join("b.bin").as_os_str()])?;
    reasons(&app, "metered")?;
    in_tray(&table, "Paused on a metered network (Hotel)")?;
    bus.network("Hotel", false)?;
    up.ends()?.succeeds()?;
    app.close()?;
    table.desktop.finish()
}

// F-1, I-7: without a network files wait and are counted; with one they go on by themselves.
#[test]
fn f1_offline_the_tray_counts_what_waits_and_it_goes_on_with_the_network() -> Result<()> {
    let (bus, garage, table) = (SystemBus::start()?, Garage::start()?, Table::lay()?);
    table.windlass.add_bucket("bucket", &garage, garage.endpoint())?;
    bus.offline()?;
    let app = open_as_it_is(&table, &bus)?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 9 << 20, 9)?;
    samples::random_file(things.join("b.bin"), 60_000, 10)?;
    let up = table.windlass.start(&["up".as_ref(), things.as_os_str()])?;
    reasons(&app, "offline")?;
    says(
        &app,
        &hook("reasons"),
        "Offline. Goes on by itself when the network is back.",
    )?;
    in_tray(&table, "Offline, 2 files waiting")?;
    table.desktop.screenshot(shots("offline.png"))?;
    ensure!(garage.oracle()?.objects("")?.is_empty(), "something was sent");
    bus.network("Studio LAN", false)?;
    group_becomes(&app, "done")?;
    up.ends()?.succeeds()?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    app.close()?;
    table.desktop.finish()
}

// F-8, F052, F061, F075: what was on its way at sleep is sent again at the wake, over connections that are new.
#[test]
fn f8_after_a_wake_a_part_that_hung_goes_again_over_a_new_connection() -> Result<()> {
    let (bus, garage, table) = (SystemBus::start()?, Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let app = open_as_it_is(&table, &bus)?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 20 << 20, 11)?;
    proxy.forget();
    // It would hang for longer than the test waits.
    let hangs = Rule::new(Fault::Hold(Gate::closed())).call(Call::PutPart);
    proxy.add(hangs.part(2).once());
    let up = table.windlass.start(&["up".as_ref(), things.as_os_str()])?;
    proxy.wait_for("two parts stored and one held", UPLOAD, |ledger| {
        let answered = ledger.of(Call::PutPart).filter(|one| one.answered);
        answered.count() == 2 && ledger.count(Call::PutPart) == 3
    })?;
    let before = proxy.ledger().all().len();

    bus.sleep_and_wake()?;
    group_becomes(&app, "done")?;
    up.ends()?.succeeds()?;
    let ledger = proxy.ledger();
    let (old, new) = ledger.all().split_at(before);
    let again: Vec<u32> = new
        .iter()
        .filter(|one| one.call == Call::PutPart)
        .filter_map(|one| one.part())
        .collect();
    ensure!(again == [2], "sent after the wake: {again:?}");
    let known = |one: u64| old.iter().any(|before| before.connection == one);
    let kept: Vec<_> = new.iter().filter(|one| known(one.connection)).collect();
    ensure!(kept.is_empty(), "over connections of before: {kept:?}");
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    app.close()?;
    table.desktop.finish()
}
