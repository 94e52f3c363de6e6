//! The rows of a group by keys alone: choosing many, finding one, and acting on what is chosen.

use anyhow::Result;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_tests::window::{TITLE, Table, UPLOAD, count_becomes, go_to, group_becomes, hook, says};

// C-3, N-1: choosing many, finding one, and what is chosen is acted on.
#[test]
fn n1_rows_are_chosen_found_paused_and_left_out_by_keys() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let shoot = table.windlass.dir().join("shoot");
    for number in 0..6 {
        samples::random_file(shoot.join(format!("take {number:02}.bin")), 9_000, 400 + number)?;
    }
    let app = table.open_past_first_run()?;
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutObject));
    table.drag(&app, &[shoot], &hook("empty"))?;
    app.find(&hook("group-card"))?;
    table.desktop.activate(TITLE)?;
    table.key_until(&app, "Tab", "group-toggle")?;
    if app.attribute(&hook("group-toggle"), "aria-expanded")?.as_deref() != Some("true") {
        table.desktop.keys(&["Return"])?;
    }
    count_becomes(&app, &hook("file-row"), 6)?;
    table.key_until(&app, "Tab", "file-row")?;
    table.desktop.keys(&["Home", "shift+Down", "shift+Down"])?;
    says(&app, &hook("selected"), "3")?;
    table.desktop.keys(&["space"])?;
    let paused = format!("{}[data-word=\"paused\"]", hook("file-row"));
    count_becomes(&app, &paused, 3)?;
    table.desktop.keys(&["ctrl+a"])?;
    says(&app, &hook("selected"), "6")?;
    table.desktop.keys(&["Escape"])?;
    count_becomes(&app, &hook("selected"), 0)?;

    // Found by a piece of its name, and left out; the others stay.
    table.desktop.keys(&["ctrl+f"])?;
    app.find(&format!("{}:focus", hook("search")))?;
    table.desktop.keys(&["0", "5"])?;
    count_becomes(&app, &hook("file-row"), 1)?;
    table.key_until(&app, "Tab", "file-row")?;
    table.desktop.keys(&["Delete"])?;
    app.find(&hook("confirm-yes"))?;
    table.key_until(&app, "Tab", "confirm-yes")?;
    table.desktop.keys(&["Return"])?;
    count_becomes(&app, &hook("confirm-yes"), 0)?;
    table.desktop.keys(&["ctrl+f", "ctrl+a", "BackSpace", "Escape"])?;
    count_becomes(&app, &hook("file-row"), 6)?;
    count_becomes(&app, &format!("{}[data-word=\"cancelled\"]", hook("file-row")), 1)?;

    // Everything, at once, and back.
    table.desktop.keys(&["ctrl+space"])?;
    group_becomes(&app, "paused")?;
    table.desktop.keys(&["ctrl+space"])?;
    proxy.heal();
    gate.open();
    let verified = format!("{}[data-word=\"verified\"]", hook("file-row"));
    count_becomes(&app, &verified, 2)?;
    // What was paused by hand stays so until it is resumed by hand.
    table.key_until(&app, "Tab", "file-row")?;
    table.desktop.keys(&["ctrl+a"])?;
    says(&app, &hook("selected"), "6")?;
    table.desktop.keys(&["space"])?;
    count_becomes(&app, &verified, 5)?;
    ensure_no_key_leads_astray(&table, &app)?;
    app.close()?;
    table.desktop.finish()
}

/// Every screen by its number, and back.
fn ensure_no_key_leads_astray(table: &Table, app: &windlass_testkit::desktop::App<'_>) -> Result<()> {
    let screens = [
        ("2", "watched"),
        ("3", "history"),
        ("4", "insights"),
        ("5", "settings"),
    ];
    for (key, screen) in screens {
        table.desktop.keys(&[&format!("ctrl+{key}")])?;
        let here = hook(&format!("nav-{screen}"));
        app.attribute_becomes(&here, "aria-current", UPLOAD, |now| now == "page")?;
    }
    go_to(app, "transfers")?;
    app.find(&hook("group-card")).map(drop)
}
