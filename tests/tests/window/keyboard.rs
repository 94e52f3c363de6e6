//! Without a mouse: the keys are the keyboard's own, pressed on the screen.

use anyhow::Result;
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::compare_folder;
use windlass_tests::window::{TITLE, Table, count_becomes, group_becomes, hook, only_group, says};

// C-1, C-2, N-1
#[test]
fn n1_the_first_upload_from_the_first_screen_to_its_receipt_goes_by_keyboard_alone() -> Result<()> {
    let table = Table::lay()?;
    let shoot = table.windlass.dir().join("things/Shoot 12 May");
    for number in 0..40 {
        samples::random_file(shoot.join(format!("still {number:02}.jpg")), 20_000, 300 + number)?;
    }
    let app = table.open()?;
    app.find(&hook("first-run-start"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "true")?;
    table.desktop.activate(TITLE)?;
    table.key_until(&app, "Tab", "first-run-start")?;
    table.desktop.keys(&["Return"])?;
    app.find(&hook("empty"))?;

    table.desktop.keys(&["ctrl+shift+o"])?;
    table.desktop.choose_in_dialog(&shoot, PATIENCE)?;
    // Forty files are told of before they go; the sheet opens on its answer.
    app.find(&hook("preflight-accept"))?;
    table.key_until(&app, "Tab", "preflight-accept")?;
    table.desktop.keys(&["Return"])?;
    group_becomes(&app, "done")?;
    let home = table.desktop.dir().join("home");
    let arrived = samples::files_below(&home, true)?;
    let folder = arrived
        .iter()
        .find(|file| file.ends_with("still 07.jpg"))
        .and_then(|file| file.ancestors().find(|at| at.ends_with("Windlass")));
    let folder = home.join(folder.ok_or_else(|| anyhow::anyhow!("nothing arrived: {arrived:?}"))?);
    compare_folder(&shoot, &only_group(&folder)?)?;

    table.key_until(&app, "Tab", "btn-receipt")?;
    table.desktop.keys(&["Return"])?;
    says(&app, "dialog[open]", "still 07.jpg")?;
    table.desktop.keys(&["Escape"])?;
    count_becomes(&app, "dialog[open]", 0)?;
    app.close()?;
    table.desktop.finish()
}
