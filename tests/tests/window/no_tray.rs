//! A desktop without a tray.

use anyhow::{Result, ensure};
use windlass_testkit::desktop::Lack;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{TITLE, Table, group_becomes, hook};

// X-11, B-7: without a tray the window does not vanish: while work runs it asks, and stays as a small window; then it ends.
#[test]
fn x11_without_a_tray_closing_asks_while_work_runs_and_ends_when_there_is_none() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay_without(Some(Lack::Tray))?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("a.bin"), 9_000, 31)?;
    let app = table.open_past_first_run()?;
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutObject));
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    proxy.wait_for("a file on its way", PATIENCE, |ledger| {
        ledger.count(Call::PutObject) > 0
    })?;
    // The drag is over for the desktop too when the window has shown what came of it.
    app.find(&hook("group-card"))?;
    table.desktop.close_window(TITLE)?;
    // "Keep uploading in the background?" Yes.
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    proxy.heal();
    gate.open();
    group_becomes(&app, "done")?;
    // Nothing to do any more: closing is the end.
    ensure!(table.second_start(&[])? == Some(0));
    wait::until("the window to come back", PATIENCE, || {
        table.desktop.window_is_visible(TITLE).then_some(())
    })?;
    table.desktop.close_window(TITLE)?;
    app.ends()?;
    table.desktop.finish()
}
