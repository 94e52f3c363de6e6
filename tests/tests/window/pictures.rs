//! What the window looks like, in both themes: pictures for people to look at, each checked to be of its theme and to
//! show something.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{TITLE, Table, Theme, UPLOAD, group_becomes, hook, unfold};

use super::shots;

// F-5: both themes; L-19: what is said at each step
#[test]
fn the_first_steps_look_right_in_light() -> Result<()> {
    first_steps(Theme::Light)
}

#[test]
fn the_first_steps_look_right_in_dark() -> Result<()> {
    first_steps(Theme::Dark)
}

#[test]
fn an_interrupted_upload_looks_right_in_light() -> Result<()> {
    interrupted(Theme::Light)
}

#[test]
fn an_interrupted_upload_looks_right_in_dark() -> Result<()> {
    interrupted(Theme::Dark)
}

/// First run, files held over the window, done.
fn first_steps(theme: Theme) -> Result<()> {
    let table = Table::lay()?;
    let things = table.windlass.dir().join("Summer archive");
    for (number, name) in ["Harbour.mov", "Lighthouse.mov", "Notes on light.pdf"]
        .into_iter()
        .enumerate()
    {
        samples::random_file(things.join(name), 9 << 20, 70 + number as u64)?;
    }
    for number in 0..8 {
        samples::random_file(
            things.join(format!("Stills/still {number}.jpg")),
            90_000,
            80 + number,
        )?;
    }
    let destination = table.windlass.dir().join("Archive");
    std::fs::create_dir_all(&destination)?;

    let app = table.open_in(theme)?;
    app.find(&hook("dest-folder-input"))?;
    picture(&table, theme, "first-run")?;
    app.type_in(
        &hook("dest-folder-input"),
        destination.to_str().unwrap_or_default(),
    )?;
    app.click(&hook("first-run-start"))?;
    app.find(&hook("empty"))?;
    picture(&table, theme, "empty")?;
    let held = named(theme, "drag");
    // Below what the page says there: what is held would hide it.
    let (x, y) = app.middle_of(&hook("empty"))?;
    table
        .desktop
        .drag_and_look(&[things], TITLE, (x, y + 90), &held)?;
    check(&table, theme, &held)?;
    app.find(&hook("group-card"))?;
    unfold(&app)?;
    group_becomes(&app, "done")?;
    picture(&table, theme, "done")?;
    // An open list of files that have ended costs nothing: what still moved would be painted for as long as it is shown.
    wait::until_ok("a page at rest", PATIENCE, || {
        let moving = app.run(
            "return document.getAnimations().map(one => one.effect.target.outerHTML)",
            &[],
        )?;
        ensure!(moving.as_array().is_some_and(Vec::is_empty), "{moving} moves");
        Ok(())
    })?;
    app.close()?;
    table.desktop.finish()
}

/// Uploading, then what the launch after a kill says.
fn interrupted(theme: Theme) -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("studio", &garage, &proxy.endpoint())?;
    let things = table.windlass.dir().join("Interviews");
    samples::random_file(things.join("Camera A.mov"), 200 << 20, 90)?;
    samples::random_file(things.join("Camera B.mov"), 120 << 20, 91)?;
    for number in 0..5 {
        samples::random_file(
            things.join(format!("Audio/take {number}.wav")),
            700_000,
            92 + number,
        )?;
    }
    let app = table.open_in(theme)?;
    if app.count(&hook("first-run-later"))? > 0 {
        app.click(&hook("first-run-later"))?;
    }
    // The first parts pass slowly enough to be seen, the rest is held on the wire until the kill.
    proxy.add(
        Rule::new(Fault::Hold(Gate::closed()))
            .call(Call::PutPart)
            .skip(14),
    );
    table.drag(&app, &[things], &hook("empty"))?;
    app.find(&hook("group-card"))?;
    unfold(&app)?;
    proxy.wait_for("stored parts", UPLOAD, |ledger| {
        ledger.stored(Call::PutPart) >= 14 && ledger.count(Call::PutPart) > 14
    })?;
    app.find(r#"[data-testid="part-strip"][data-cells*="s"]"#)?;
    picture(&table, theme, "uploading")?;
    app.kill_9()?;
    proxy.heal();

    let app = table.open_in(theme)?;
    app.find(&hook("relaunch-report"))?;
    app.find(&hook("btn-group-resume"))?;
    picture(&table, theme, "relaunch")?;
    app.click(&hook("btn-group-resume"))?;
    group_becomes(&app, "done")?;
    app.close()?;
    table.desktop.finish()
}

fn named(theme: Theme, what: &str) -> PathBuf {
    shots(&format!("{what}-{}.png", theme.word()))
}

fn picture(table: &Table, theme: Theme, what: &str) -> Result<()> {
    let picture = named(theme, what);
    table.desktop.screenshot(&picture)?;
    check(table, theme, &picture)
}

/// A picture of this theme, with something on it.
fn check(table: &Table, theme: Theme, picture: &std::path::Path) -> Result<()> {
    let (bright, colours) = table.desktop.brightness(picture)?;
    let fits = match theme {
        Theme::Light => bright > 0.6,
        Theme::Dark => bright < 0.4,
    };
    ensure!(fits, "{} has a brightness of {bright:.2}", picture.display());
    ensure!(colours > 200, "{} has {colours} colours", picture.display());
    Ok(())
}
