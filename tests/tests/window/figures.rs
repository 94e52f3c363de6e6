//! What the window tells of all uploads and of itself: insights, the bundle for who helps, licences.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_folder;
use windlass_tests::window::{Table, count_becomes, go_to, group_becomes, hook, says};

// X-27, I-7: what was proved, how it went, and what held it, as the wire and the person had it.
#[test]
fn x27_insights_tell_what_was_proved_and_how_long_a_pause_held_it() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("Takes"),
        table.windlass.dir().join("destination"),
    );
    for number in 0..6 {
        samples::random_file(things.join(format!("{number}.wav")), 50_000, 900 + number)?;
    }
    let app = table.open_and_choose(&destination)?;
    app.click(&hook("btn-pause-all"))?;
    app.find(&hook("btn-run-all"))?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "paused")?;

    let held = format!("{}[data-code=\"user\"]", hook("waited-for"));
    wait::until_ok("the pause among what held uploads", PATIENCE, || {
        // Opened anew it looks anew.
        go_to(&app, "transfers")?;
        go_to(&app, "insights")?;
        app.find(&hook("figure-success"))?;
        let told = app.run(
            "return document.querySelector(arguments[0])?.textContent",
            &[hook("insights").into()],
        )?;
        ensure!(app.count(&held)? == 1, "{told}");
        Ok(())
    })?;
    app.click(&hook("btn-run-all"))?;
    go_to(&app, "transfers")?;
    group_becomes(&app, "done")?;
    compare_folder(&things, &destination.join("Takes"))?;

    go_to(&app, "insights")?;
    says(&app, &hook("figure-success"), "100")?;
    says(&app, &hook("figure-success"), "6")?;
    // Nothing of it went twice.
    says(&app, &hook("figure-again"), "Sent again, 24 h 0")?;
    says(&app, &hook("figure-again"), "300 kB")?;
    count_becomes(&app, &hook("reason"), 0)?;
    app.find(&hook("spans-table"))?;
    table.desktop.screenshot(super::shots("insights.png"))?;
    app.close()?;
    table.desktop.finish()
}

// H-8, X-26: read before it is saved, and without a name of the person's.
#[test]
fn x26_the_bundle_is_shown_then_saved_and_names_nothing_and_the_licences_are_there() -> Result<()> {
    let table = Table::lay()?;
    let things = table.windlass.dir().join("Secret plans");
    samples::random_file(things.join("merger with Quayside.pdf"), 20_000, 950)?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done")?;

    go_to(&app, "settings")?;
    app.click(&hook("page-help"))?;
    app.click(&hook("make-diagnostics"))?;
    let shown = says(&app, &hook("diagnostics"), "windlass")?;
    let saved = table.windlass.dir().join("bundle.txt");
    app.click(&hook("save-diagnostics"))?;
    table.desktop.choose_in_dialog(&saved, PATIENCE)?;
    let text = wait::until_ok("the saved bundle", PATIENCE, || Ok(fs::read_to_string(&saved)?))?;
    ensure!(text.contains("windlass"), "{text}");
    for text in [&shown, &text] {
        for name in ["Secret", "merger", "Quayside"] {
            ensure!(!text.contains(name), "{name} in {text}");
        }
    }

    app.click(&hook("page-about"))?;
    app.click(&hook("show-licences"))?;
    says(&app, &hook("licences"), "rusqlite").context("no licences")?;
    table.desktop.screenshot(super::shots("licences.png"))?;
    app.close()?;
    table.desktop.finish()
}
