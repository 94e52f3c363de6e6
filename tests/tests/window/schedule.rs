//! The week of uploads, drawn in the window with the pointer: what it holds, what it slows down, and the ways past it.

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::desktop::App;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, FaultProxy};
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::window::{TITLE, Table, UPLOAD, count_becomes, go_to, hook, says};
use windlass_tests::{compare_bucket, compare_folder};

use super::shots;

const HOURS: u64 = 24;
const WEEK: u64 = 7 * HOURS;

fn cell(hour: u64) -> String {
    format!("{} [data-hour=\"{hour}\"]", hook("schedule-grid"))
}

fn drawn_with(pen: &str) -> String {
    format!("{} [data-pen=\"{pen}\"]", hook("schedule-grid"))
}

/// Takes a pen and draws with it from one hour to another, as a hand does.
fn draw(table: &Table, app: &App<'_>, pen: &str, from: u64, to: u64) -> Result<()> {
    app.click(&hook("page-schedule"))?;
    table.press(app, &format!("{} [data-option=\"{pen}\"]", hook("schedule-pen")))?;
    let places = [app.middle_of(&cell(from))?, app.middle_of(&cell(to))?];
    table.desktop.stroke(TITLE, &places)
}

/// The card of a group, by its name.
fn card(app: &App<'_>, name: &str) -> Result<String> {
    let id = app.run(
        "return [...document.querySelectorAll('[data-testid=\"group-card\"]')]\
            .find(card => card.textContent.includes(arguments[0]))?.dataset.group",
        &[name.into()],
    )?;
    let id = id.as_str().with_context(|| format!("no card of {name}"))?;
    Ok(format!("{}[data-group=\"{id}\"]", hook("group-card")))
}

// I-2, I-7, X-18: hours that are drawn hold what is given, say why and until when, and are passed by from the card and from the week.
#[test]
fn i2_hours_drawn_with_the_pointer_hold_uploads_until_a_person_starts_them() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    // Of different content: equal files are asked about before they go.
    for (seed, name) in [(6, "Rushes"), (7, "Stills")] {
        samples::random_file(things.join(name).join("one.bin"), 300_000, seed)?;
    }
    let app = table.open_and_choose(&destination)?;
    go_to(&app, "settings")?;
    app.find(&hook("page-schedule"))?;
    draw(&table, &app, "n", 0, WEEK - 1)?;
    count_becomes(&app, &drawn_with("n"), WEEK)?;
    says(&app, &hook("schedule-words"), "Mon–Sun 00:00–24:00: no uploads")?;
    // Three days on, in the morning, they may go: the stroke is let go backwards, from its end.
    let today = app.run("return (new Date().getDay() + 6) % 7", &[])?;
    let open = (today.as_u64().context("no day")? + 3) % 7 * HOURS;
    draw(&table, &app, "f", open + 11, open + 9)?;
    count_becomes(&app, &drawn_with("f"), 3)?;
    for hour in 9..=11 {
        ensure!(app.attribute(&cell(open + hour), "data-pen")?.as_deref() == Some("f"));
    }
    says(&app, &hook("schedule-now"), "no uploads until")?;
    table.desktop.screenshot(shots("schedule.png"))?;

    go_to(&app, "transfers")?;
    table.drag(&app, &[things.join("Rushes")], &hook("empty"))?;
    let held = format!("{} {}", hook("group-card"), hook("reasons"));
    app.attribute_becomes(&held, "data-reasons", UPLOAD, |now| now == "schedule")?;
    says(&app, &held, "Waiting for the schedule: starts at")?;
    says(&app, &held, "09:00")?;
    ensure!(samples::files_below(&destination, false)?.is_empty(), "it went");
    table.desktop.screenshot(shots("held.png"))?;
    table.press(&app, &format!("{held} {}", hook("way-anyway")))?;
    let done = format!("{}[data-word=\"done\"]", hook("group-card"));
    count_becomes(&app, &done, 1)?;
    compare_folder(&things.join("Rushes"), &destination.join("Rushes"))?;

    // The next waits for itself, and is started from the week.
    table.drag(&app, &[things.join("Stills")], "h1")?;
    count_becomes(&app, &hook("group-card"), 2)?;
    let stills = format!("{} {}", card(&app, "Stills")?, hook("reasons"));
    app.attribute_becomes(&stills, "data-reasons", UPLOAD, |now| now == "schedule")?;
    table.press(&app, &format!("{stills} {}", hook("way-schedule")))?;
    app.find(&hook("schedule-start"))?;
    table.press(&app, &hook("schedule-start"))?;
    count_becomes(&app, &hook("schedule-start"), 0)?;
    go_to(&app, "transfers")?;
    count_becomes(&app, &done, 2)?;
    compare_folder(&things.join("Stills"), &destination.join("Stills"))?;
    app.close()?;

    // What was drawn is there at the next launch.
    let app = table.open()?;
    go_to(&app, "settings")?;
    count_becomes(&app, &drawn_with("n"), WEEK - 3)?;
    app.close()?;
    table.desktop.finish()
}

// I-2, I-3, N-2: hours with a limit are kept on the wire; a pen is lifted by the keys as well.
#[test]
fn i2_hours_drawn_with_the_limited_pen_slow_the_wire_down_until_they_are_full_again() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let things = table.windlass.dir().join("things");
    for number in 0..40 {
        samples::random_file(things.join(format!("{number}.bin")), 250_000, 1_200 + number)?;
    }
    let app = table.open_past_first_run()?;
    go_to(&app, "settings")?;
    app.click(&hook("page-schedule"))?;
    table.press(&app, &hook("schedule-limit"))?;
    table.desktop.keys(&["ctrl+a", "1", "Tab"])?;
    draw(&table, &app, "l", 0, WEEK - 1)?;
    count_becomes(&app, &drawn_with("l"), WEEK)?;
    says(&app, &hook("schedule-now"), "limited, 1.0 MB/s")?;
    go_to(&app, "transfers")?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    app.click(&hook("preflight-accept"))?;
    proxy.wait_for("the first files", PATIENCE, |ledger| {
        ledger.stored(Call::PutObject) >= 2
    })?;
    let (began, before) = (std::time::Instant::now(), proxy.ledger().stored(Call::PutObject));
    // Three megabytes take three seconds; a second's worth may go ahead at once.
    proxy.wait_for("twelve more", PATIENCE, |ledger| {
        ledger.stored(Call::PutObject) >= before + 12
    })?;
    let took = began.elapsed().as_secs_f64();
    ensure!(took > 1.5, "3 MB went in {took:.1} s in hours of 1 MB/s");

    // All of it is drawn over by the keyboard: from the first hour by the arrows with Shift.
    go_to(&app, "settings")?;
    app.click(&hook("page-schedule"))?;
    table.press(&app, &format!("{} [data-option=\"f\"]", hook("schedule-pen")))?;
    app.run(
        "document.querySelector(arguments[0]).focus()",
        &[format!("{} [tabindex=\"0\"]", hook("schedule-grid")).into()],
    )?;
    table.desktop.keys(&["ctrl+Home", "ctrl+shift+End"])?;
    count_becomes(&app, &drawn_with("f"), WEEK)?;
    says(&app, &hook("schedule-words"), "Every hour of the week is full.")?;
    go_to(&app, "transfers")?;
    let done = format!("{}[data-word=\"done\"]", hook("group-card"));
    count_becomes(&app, &done, 1)?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    app.close()?;
    table.desktop.finish()
}
