//! Network, power and the hour, as the system's services tell them on a bus of the test's own.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_testkit::bus::SystemBus;
use windlass_testkit::garage::Garage;
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::{Windlass, compare_bucket, compare_folder};

/// A computer on that bus.
fn computer(bus: &SystemBus) -> Result<Windlass> {
    let mut windlass = Windlass::new()?;
    windlass.set("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
    Ok(windlass)
}

/// What `windlass status` says of the only group.
fn group(windlass: &Windlass) -> Result<Value> {
    let said = windlass.run(&["status", "--all", "--json"])?.succeeds()?;
    let status: Value = serde_json::from_str(said.out.lines().next().context("no line")?)?;
    Ok(status["groups"][0].clone())
}

fn held_by(windlass: &Windlass, reasons: &[&str]) -> Result<()> {
    wait::until_ok(&format!("held by {reasons:?}"), PATIENCE, || {
        let group = group(windlass)?;
        ensure!(group["blocked_by"] == serde_json::json!(reasons), "{group:#}");
        Ok(())
    })
}

// I-6, I-7, X-18: battery and saver as a chain, told with the way out, and it goes on by itself
#[test]
fn i6_on_a_low_battery_an_upload_waits_says_so_and_goes_on_by_itself() -> Result<()> {
    let bus = SystemBus::start()?;
    bus.power(true, 18.4)?;
    bus.saver(true)?;
    let windlass = computer(&bus)?;
    let (things, to) = (windlass.dir().join("things"), windlass.dir().join("to"));
    samples::random_file(things.join("a.bin"), 3 << 20, 1)?;
    windlass.add_folder("nas", &to)?;
    let up = windlass.start(&["up".as_ref(), things.join("a.bin").as_os_str()])?;
    held_by(&windlass, &["battery", "power_saver"])?;
    let said = windlass.run(&["status"])?.succeeds()?;
    ensure!(
        said.out
            .contains("paused on battery at 18 %; `windlass resume --anyway` uploads all the same")
            && said.out.contains("paused while this computer saves power"),
        "{}",
        said.out
    );
    bus.saver(false)?;
    held_by(&windlass, &["battery"])?;
    bus.power(false, 18.4)?;
    up.ends()?.succeeds()?;
    compare_folder(&things, &to.join("a"))
}

// I-5, I-7: metered, offline, another network; a folder of this computer needs none
#[test]
fn i5_a_metered_network_holds_what_goes_over_it_and_nothing_else() -> Result<()> {
    let (bus, garage) = (SystemBus::start()?, Garage::start()?);
    bus.network("Phone hotspot", true)?;
    let windlass = computer(&bus)?;
    let things = windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 3 << 20, 2)?;
    windlass.add_folder("here", &windlass.dir().join("here"))?;
    windlass.run(&["up".as_ref(), things.as_os_str()])?.succeeds()?;

    windlass.add_bucket("bucket", &garage, garage.endpoint())?;
    let up = windlass.start(&[
        "up".as_ref(),
        "--to".as_ref(),
        "bucket".as_ref(),
        "--group".as_ref(),
        "far".as_ref(),
        things.as_os_str(),
    ])?;
    let far = || -> Result<Value> {
        let said = windlass.run(&["status", "far", "--json"])?.succeeds()?;
        let status: Value = serde_json::from_str(said.out.lines().next().context("no line")?)?;
        Ok(status["groups"][0]["blocked_by"].clone())
    };
    let becomes = |reasons: Value| {
        wait::until_ok(&format!("held by {reasons}"), PATIENCE, || {
            let now = far()?;
            ensure!(now == reasons, "{now}");
            Ok(())
        })
    };
    becomes(serde_json::json!(["metered"]))?;
    let said = windlass.run(&["status", "far"])?.succeeds()?;
    ensure!(
        said.out.contains("paused on a metered network (Phone hotspot)"),
        "{}",
        said.out
    );
    bus.offline()?;
    becomes(serde_json::json!(["offline"]))?;
    bus.network("Studio LAN", false)?;
    up.ends()?.succeeds()?;
    compare_bucket(&things, &garage.oracle()?, "far/things/")
        .or_else(|_| compare_bucket(&things, &garage.oracle()?, "far/"))
}

// I-7: "upload now anyway", by the command line, until the reason ends
#[test]
fn i7_anyway_uploads_in_spite_of_what_holds_until_that_has_ended() -> Result<()> {
    let bus = SystemBus::start()?;
    bus.power(true, 5.0)?;
    let windlass = computer(&bus)?;
    let (things, to) = (windlass.dir().join("things"), windlass.dir().join("to"));
    samples::random_file(things.join("a.bin"), 1 << 20, 3)?;
    windlass.add_folder("nas", &to)?;
    let up = windlass.start(&["up".as_ref(), things.as_os_str()])?;
    held_by(&windlass, &["battery"])?;
    windlass.run(&["resume", "--anyway"])?.succeeds()?;
    up.ends()?.succeeds()?;
    // The reason was never over: the next one waits again only when nobody says otherwise.
    windlass
        .run(&[
            "up".as_ref(),
            "--anyway".as_ref(),
            "--group".as_ref(),
            "b".as_ref(),
            things.as_os_str(),
        ])?
        .succeeds()?;
    ensure!(fs::read_dir(&to)?.count() >= 2, "both arrived");
    Ok(())
}

// Services that are not there hold nobody.
#[test]
fn without_the_services_nothing_is_known_and_nothing_held() -> Result<()> {
    let bus = SystemBus::start()?;
    bus.power(true, 5.0)?;
    bus.network("Phone hotspot", true)?;
    let windlass = computer(&bus)?;
    let things = windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 1 << 20, 4)?;
    windlass.add_folder("nas", &windlass.dir().join("to"))?;
    let up = windlass.start(&["up".as_ref(), things.as_os_str()])?;
    held_by(&windlass, &["battery"])?;
    bus.without("org.freedesktop.UPower")?;
    up.ends()?.succeeds()?;
    drop(bus);
    // And without a bus at all.
    samples::random_file(things.join("b.bin"), 1 << 20, 5)?;
    windlass.run(&["up".as_ref(), things.as_os_str()])?.succeeds()?;
    Ok(())
}

// I-2: the hour of the wall clock, in a time zone whose next full hour is seconds away
#[test]
fn i2_when_the_open_hour_begins_what_waited_for_it_goes_within_a_second() -> Result<()> {
    let mut windlass = Windlass::new()?;
    let (things, to) = (windlass.dir().join("things"), windlass.dir().join("to"));
    samples::random_file(things.join("a.bin"), 1 << 20, 6)?;
    windlass.add_folder("nas", &to)?;
    let now = jiff::Timestamp::now().as_second().rem_euclid(86_400);
    // East of Greenwich by as much as is missing to 12:00 in 25 s; a POSIX zone counts the other way round.
    let east = (12 * 3_600 - 25 - now).rem_euclid(86_400) - if now > 12 * 3_600 - 25 { 86_400 } else { 0 };
    let sign = if east < 0 { "" } else { "-" };
    let (h, m, s) = (east.abs() / 3_600, east.abs() % 3_600 / 60, east.abs() % 60);
    windlass.set("TZ", &format!("XXX{sign}{h:02}:{m:02}:{s:02}"));
    // Open from 12:00 to 13:00 each day.
    let week: String = (0..168).map(|i| if i % 24 == 12 { 'f' } else { 'n' }).collect();
    // The week is drawn in the window; here it stands in the queue as the window writes it.
    let schedule = serde_json::json!({"week": week, "limit": 1_000_000}).to_string();
    rusqlite::Connection::open(windlass.data().join("queue.sqlite"))?.execute(
        "INSERT INTO setting (key, value) VALUES ('schedule', ?1)",
        [schedule],
    )?;
    let up = windlass.start(&["up".as_ref(), things.as_os_str()])?;
    held_by(&windlass, &["schedule"])?;
    let said = windlass.run(&["status"])?.succeeds()?;
    ensure!(
        said.out.contains("waiting for the schedule: starts at") && said.out.contains(" 12:00;"),
        "{}",
        said.out
    );
    let began = std::time::Instant::now();
    up.ends()?.succeeds()?;
    ensure!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    compare_folder(&things, &to.join("things"))
}
