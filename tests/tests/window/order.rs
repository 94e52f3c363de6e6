//! Groups among each other: their order, put together, taken apart; all by the pointer.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use windlass_testkit::desktop::App;
use windlass_testkit::samples;
use windlass_testkit::wait;
use windlass_tests::window::{TITLE, Table, UPLOAD, count_becomes, hook, says};

/// The card of the group of this name.
fn card_of(app: &App<'_>, name: &str) -> Result<String> {
    wait::until_ok(&format!("the card of {name}"), UPLOAD, || {
        let id = app.run(
            "return [...document.querySelectorAll('[data-testid=\"group-card\"]')]\
             .find(card => card.querySelector('h2')?.textContent === arguments[0])?.dataset.group",
            &[name.into()],
        )?;
        let id = id.as_str().context("it is not there")?;
        Ok(format!("[data-testid=\"group-card\"][data-group=\"{id}\"]"))
    })
}

/// Waits until the cards stand in this order.
fn cards_are(app: &App<'_>, wanted: &[&str]) -> Result<()> {
    wait::until_ok(&format!("the cards {wanted:?}"), UPLOAD, || {
        let now = app.run(
            "return [...document.querySelectorAll('[data-testid=\"group-card\"] h2')].map(one => one.textContent)",
            &[],
        )?;
        ensure!(now == json!(wanted), "they are {now}");
        Ok(())
    })
}

// C-3: the last group is pulled to the top, one is put into another, two files leave it; each arrives where it was put.
#[test]
fn a14_groups_are_pulled_put_together_and_taken_apart_and_arrive_so() -> Result<()> {
    let table = Table::lay()?;
    let destination = table.windlass.dir().join("destination");
    let things = table.windlass.dir().join("things");
    let names = [
        "Alps/a.raw",
        "Baltic/b.raw",
        "Baltic/c.raw",
        "Baltic/d.raw",
        "Crete/e.raw",
    ];
    for (number, name) in names.into_iter().enumerate() {
        samples::random_file(things.join(name), 50_000, 680 + number as u64)?;
    }
    let app = table.open_and_choose(&destination)?;
    table.press(&app, &hook("btn-pause-all"))?;
    for (group, onto) in [
        ("Alps", hook("empty")),
        ("Baltic", "h1".into()),
        ("Crete", "h1".into()),
    ] {
        table.drag(&app, &[things.join(group)], &onto)?;
        // What was given is taken in before more is.
        app.attribute_becomes(&card_of(&app, group)?, "data-word", UPLOAD, |now| now == "paused")?;
    }
    cards_are(&app, &["Alps", "Baltic", "Crete"])?;

    // Pulled by its grip above the first.
    let (alps, baltic, crete) = (
        card_of(&app, "Alps")?,
        card_of(&app, "Baltic")?,
        card_of(&app, "Crete")?,
    );
    let from = app.middle_of(&format!("{crete} {}", hook("group-grip")))?;
    let (_, first) = app.middle_of(&format!("{alps} {}", hook("group-grip")))?;
    table.desktop.stroke(TITLE, &[from, (from.0, first - 10)])?;
    cards_are(&app, &["Crete", "Alps", "Baltic"])?;

    // Put into another one by the menu of its card.
    table.desktop.press_for_menu(TITLE, app.middle_of(&alps)?)?;
    app.find(&hook("btn-merge"))?;
    table.press(&app, &hook("btn-merge"))?;
    let id = baltic.rsplit('"').nth(1).unwrap_or_default();
    table.press(&app, &format!("{}[value=\"{id}\"]", hook("merge-into")))?;
    table.press(&app, &hook("merge-yes"))?;
    cards_are(&app, &["Crete", "Baltic"])?;
    says(&app, &baltic, "4 files")?;

    // Two of its files into a group of their own.
    table.press(&app, &format!("{baltic} {}", hook("group-toggle")))?;
    count_becomes(&app, &format!("{baltic} {}", hook("file-row")), 4)?;
    let row = |index: u32| format!("{baltic} {}[data-index=\"{index}\"]", hook("file-row"));
    table.press(&app, &row(0))?;
    table.desktop.press_with("ctrl", TITLE, app.middle_of(&row(2))?)?;
    says(&app, &hook("selected"), "2")?;
    table.press(&app, &hook("bulk-split"))?;
    cards_are(&app, &["Crete", "Baltic", "Baltic 2"])?;
    says(&app, &card_of(&app, "Baltic 2")?, "0 of 2 files")?;
    says(&app, &baltic, "0 of 2 files")?;
    // What went is chosen there no more.
    count_becomes(&app, &hook("selected"), 0)?;
    table.desktop.screenshot(super::shots("order-split.png"))?;
    table.press(&app, &hook("btn-run-all"))?;
    count_becomes(&app, &format!("{}[data-word=\"done\"]", hook("group-card")), 3)?;
    let arrived = [
        ("Baltic 2/Baltic/b.raw", "Baltic/b.raw"),
        ("Baltic 2/Baltic/d.raw", "Baltic/d.raw"),
        ("Baltic/Alps/a.raw", "Alps/a.raw"),
        ("Baltic/c.raw", "Baltic/c.raw"),
        ("Crete/e.raw", "Crete/e.raw"),
    ];
    let mut there = samples::files_below(&destination, false)?;
    there.sort_by_key(|file| file.display().to_string());
    ensure!(
        there == arrived.map(|(to, _)| Path::new(to)),
        "there are {there:?}"
    );
    for (to, from) in arrived {
        let same = samples::sha256(destination.join(to))? == samples::sha256(things.join(from))?;
        ensure!(same, "{to} is not {from}");
    }
    app.close()?;
    table.desktop.finish()
}
