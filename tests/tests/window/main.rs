//! The real window: a real drag, the tray, notifications, a kill and what the next launch says.

mod after;
mod appearance;
mod by_hand;
mod conditions;
mod doors;
mod figures;
mod first_bucket;
mod full;
mod given;
mod keyboard;
mod keyring;
mod levels;
mod login;
mod no_tray;
mod notices;
mod order;
mod own_proxy;
mod paste;
mod pictures;
mod portal;
mod relaunch;
mod rows;
mod schedule;
mod server;
mod trash;
mod trouble;
mod watched;

use std::time::Duration;

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{
    Table, UPLOAD, group_becomes, hook, only_group, seen_strips, unfold, watch_strips,
};
use windlass_tests::{compare_bucket, compare_folder};

const PAUSE: &str = "Until I resume";
const RESUME: &str = "Resume";

// C-1, C-4, C-9, T-1 to T-6 as a person sees them, L-19
#[test]
fn c4_a_file_and_a_folder_dragged_onto_the_window_arrive_and_are_told() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    samples::random_file(things.join("film ü.mov"), 300 << 20, 61)?;
    for number in 0..30 {
        samples::random_file(
            things.join(format!("photos/trip/{number}.jpg")),
            40_000,
            200 + number,
        )?;
    }
    let app = table.open_and_choose(&destination)?;
    watch_strips(&app)?;
    // Slow enough to turn to something else before it ends.
    table.desktop.choose_in_tray("25 MB/s", PATIENCE)?;
    table.drag(
        &app,
        &[things.join("film ü.mov"), things.join("photos")],
        &hook("empty"),
    )?;
    // So many files are told of before a byte moves (A-8 of the features).
    app.find(&hook("preflight-accept"))?;
    table.desktop.screenshot(shots("preflight.png"))?;
    app.click(&hook("preflight-accept"))?;
    app.find(&hook("group-card"))?;
    unfold(&app)?;
    // Who looks at the window sees it there, and is told nothing beside it.
    table.desktop.put_away(windlass_tests::window::TITLE)?;
    let told = table
        .desktop
        .notification(UPLOAD, |one| !one.summary.is_empty())?;
    group_becomes(&app, "done")?;

    compare_folder(&things, &only_group(&destination)?)?;
    let moved = seen_strips(&app)?
        .into_iter()
        .filter(|cells| cells.contains(['s', '1', '2', '3', '4', '5', '6', '7', '8']))
        .count();
    assert!(moved > 0, "the part strip never moved: {:?}", seen_strips(&app)?);
    assert!(!told.body.contains("/"), "a notification shows a path: {told:?}");
    assert_eq!(
        table.desktop.notifications()?.len(),
        1,
        "one notification a group"
    );
    table.desktop.choose_in_tray("Open Windlass", PATIENCE)?;
    table.desktop.screenshot(shots("done.png"))?;
    app.close()?;
    table.desktop.finish()
}

// C-4: the group under the pointer receives, as long as it is under way.
#[test]
fn c4_a_file_dragged_onto_a_group_joins_that_group() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let things = table.windlass.dir().join("things");
    for name in ["first.txt", "second.txt"] {
        samples::random_file(things.join(name), 5_000, name.len() as u64)?;
    }
    let app = table.open_past_first_run()?;
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutObject));
    table.drag(&app, &[things.join("first.txt")], &hook("empty"))?;
    app.find(&hook("group-card"))?;
    table.drag(&app, &[things.join("second.txt")], &hook("group-card"))?;
    unfold(&app)?;
    wait::until("both rows", UPLOAD, || {
        (app.count(&hook("file-row")).ok()? == 2).then_some(())
    })?;
    proxy.heal();
    gate.open();
    group_becomes(&app, "done")?;
    assert_eq!(app.count(&hook("group-card"))?, 1);
    compare_bucket(&things, &garage.oracle()?, "first/")?;
    app.close()?;
    table.desktop.finish()
}

// C-9, I36
#[test]
fn c9_the_tray_pauses_and_resumes_what_is_under_way() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("large.bin"), 96 << 20, 62)?;
    let app = table.open_past_first_run()?;
    // Eight seconds a part: the tray's menu is found in that time also where everything is slow.
    proxy.add(Rule::new(Fault::Slow(1 << 20)).call(Call::PutPart));
    // The test of the destination sent a part of its own.
    let before = proxy.ledger().stored(Call::PutPart);
    table.drag(&app, &[things.join("large.bin")], &hook("empty"))?;
    proxy.wait_for("a stored part", UPLOAD, |ledger| {
        ledger.stored(Call::PutPart) > before
    })?;

    table.desktop.choose_in_tray(PAUSE, PATIENCE)?;
    group_becomes(&app, "paused")?;
    let paused_at = proxy.ledger().count(Call::PutPart);
    assert!(
        proxy
            .wait_for("a part after the pause", Duration::from_secs(6), |ledger| ledger
                .count(Call::PutPart)
                > paused_at)
            .is_err(),
        "a part was begun after the pause"
    );
    proxy.heal();
    table.desktop.choose_in_tray(RESUME, PATIENCE)?;
    group_becomes(&app, "done")?;
    let oracle = garage.oracle()?;
    let object = oracle
        .objects("")?
        .into_iter()
        .find(|one| one.key.ends_with("large.bin"));
    let sha256 = oracle.sha256(&object.map(|one| one.key).unwrap_or_default())?.1;
    assert_eq!(sha256, samples::sha256(things.join("large.bin"))?);
    app.close()?;
    table.desktop.finish()
}

// C-7, L-13, I10, I12
#[test]
fn c7_killed_in_the_middle_of_a_gibibyte_the_next_launch_reports_and_sends_no_stored_part_again() -> Result<()>
{
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("disk.img"), 1 << 30, 63)?;
    let app = table.open_past_first_run()?;
    // Half of its 128 parts pass; the rest is held on the wire until the kill.
    proxy.add(
        Rule::new(Fault::Hold(Gate::closed()))
            .call(Call::PutPart)
            .skip(64),
    );
    table.drag(&app, &[things.join("disk.img")], &hook("empty"))?;
    proxy.wait_for("half of the parts", UPLOAD * 5, |ledger| {
        ledger.stored(Call::PutPart) >= 64 && ledger.count(Call::PutPart) > 64
    })?;
    app.kill_9()?;
    proxy.heal();

    let app = table.open()?;
    app.find(&hook("relaunch-report"))?;
    table.desktop.screenshot(shots("relaunch.png"))?;
    app.click(&hook("btn-group-resume"))?;
    let end = |word: &str| word == "done";
    app.attribute_becomes(&hook("group-card"), "data-word", UPLOAD * 5, end)?;
    let again = proxy.ledger().sent_again();
    assert!(again.is_empty(), "the storage had these parts already: {again:?}");
    let group = garage
        .oracle()?
        .objects("")?
        .into_iter()
        .find(|one| one.key.ends_with("/disk.img"));
    let key = group.map(|one| one.key).unwrap_or_default();
    compare_bucket(&things, &garage.oracle()?, key.trim_end_matches("disk.img"))?;
    app.close()?;
    table.desktop.finish()
}

// The window is a view: work goes on without it.
#[test]
fn a_closed_window_stays_in_the_tray_and_a_second_start_brings_it_back() -> Result<()> {
    let table = Table::lay()?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    table.desktop.close_window(windlass_tests::window::TITLE)?;
    wait::until("the window to go", PATIENCE, || {
        (!table.desktop.window_is_visible(windlass_tests::window::TITLE)).then_some(())
    })?;
    // Its pictures lie where nobody else writes.
    ensure!(
        std::fs::read_dir(table.windlass.data().join("tray"))?
            .next()
            .is_some()
    );
    table.desktop.choose_in_tray("Open Windlass", PATIENCE)?;
    wait::until("the window to come back", PATIENCE, || {
        table
            .desktop
            .window_is_visible(windlass_tests::window::TITLE)
            .then_some(())
    })?;
    table.desktop.choose_in_tray("Quit", PATIENCE)?;
    app.ends()?;
    table.desktop.finish()
}

/// Where pictures go for people to look at.
fn shots(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("window")
        .join(name)
}

// What the page may do is said in its policy, and a page that tries more is stopped.
#[test]
fn the_page_runs_no_script_of_others() -> Result<()> {
    let table = Table::lay()?;
    let app = table.open()?;
    let ran = app.run(
        "const script = document.createElement('script');\
         script.textContent = 'window.strange = true'; document.head.append(script); return window.strange === true",
        &[],
    )?;
    ensure!(ran == false, "an inline script ran");
    app.close()?;
    table.desktop.finish()
}
