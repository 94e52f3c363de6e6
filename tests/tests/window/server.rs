//! A Windlass server, added by hand in the window: what a person types, drags and sees.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{TITLE, Table, UPLOAD, choose, go_to, group_becomes, hook, says, unfold};
use windlass_tests::{Server, compare_folder};

// C-1, C-4, D-9, D-12: both tracks of a row reach their end.
#[test]
fn a_server_added_by_hand_takes_what_is_dragged_and_both_tracks_reach_their_end() -> Result<()> {
    let (table, server) = (Table::lay()?, Server::start()?);
    let (token, _) = server.token("laptop")?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("scene/take.bin"), 20 << 20, 91)?;
    fs::write(things.join("scene/first.json"), "{\"scene\": \"first\"}")?;
    let app = table.open()?;
    app.click(&hook("dest-kind-server"))?;
    app.type_in(&hook("dest-server-url"), &server.url())?;
    app.type_in(&hook("dest-server-token"), "wl_no-such-token")?;
    app.click(&hook("dest-test"))?;
    // A wrong token is told before anything is saved.
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "false")?;
    app.find("[data-step=\"sign_in\"][data-outcome=\"failed\"]")?;
    app.type_in(&hook("dest-server-token"), &token)?;
    app.click(&hook("dest-test"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "true")?;
    let offered = app.run(
        "return [...document.querySelectorAll('[data-testid=\"dest-server-place\"] option')].map(o => o.value)",
        &[],
    )?;
    assert_eq!(offered, serde_json::json!(["recordings", "models", "projects"]));
    // This desktop has no keyring: the person chooses the file.
    choose(&app, "dest-server-keep", "file")?;
    app.click(&hook("first-run-start"))?;
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    app.find(&hook("empty")).with_context(|| table.log())?;

    table.drag(&app, &[things.join("scene")], &hook("empty"))?;
    app.find(&hook("group-card"))?;
    unfold(&app)?;
    group_becomes(&app, "done")?;
    compare_folder(&things, &server.only_group("recordings")?)?;
    wait::until_ok("both tracks", UPLOAD, || {
        let rows = app.count(&format!("{}[data-word=\"verified\"]", hook("file-row")))?;
        let done = app.count(&format!("{}[data-track=\"done\"]", hook("track")))?;
        ensure!((rows, done) == (2, 2), "{rows} verified, {done} processed");
        Ok(())
    })
    .with_context(|| server.log())?;
    table.desktop.screenshot(super::shots("server.png"))?;
    // What was processed has its own line beside what was sent.
    go_to(&app, "insights")?;
    app.find(&hook("chart-legend"))?;
    app.run("document.querySelector('.card.chart details').open = true", &[])?;
    app.find(&hook("insights-processed"))?;
    let figures = app.run(
        "return [...document.querySelectorAll('[data-testid=\"insights-processed\"]')].map(o => o.textContent)",
        &[],
    )?;
    let some = |f: &serde_json::Value| {
        f.as_str()
            .is_some_and(|f| f.contains(|c: char| matches!(c, '1'..='9')))
    };
    ensure!(
        figures.as_array().is_some_and(|all| all.iter().any(some)),
        "nothing was processed in the chart: {figures}"
    );
    app.close()?;
    table.desktop.finish()
}

// what a server tells of an account: its quota before a byte moves, and its figures over all computers.
#[test]
fn x27_a_quota_is_told_before_a_byte_moves_and_a_server_counts_for_all_computers() -> Result<()> {
    let (table, server) = (Table::lay()?, Server::start()?);
    let token = server.token_with_quota("ann", "2MB")?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("small/take.bin"), 300_000, 92)?;
    samples::random_file(things.join("large/film.bin"), 3 << 20, 93)?;
    let app = table.open()?;
    app.click(&hook("dest-kind-server"))?;
    app.type_in(&hook("dest-server-url"), &server.url())?;
    app.type_in(&hook("dest-server-token"), &token)?;
    app.click(&hook("dest-test"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "true")?;
    app.find("[data-step=\"free_space\"][data-outcome=\"ok\"]")?;
    choose(&app, "dest-server-keep", "file")?;
    app.click(&hook("first-run-start"))?;
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    app.find(&hook("empty")).with_context(|| table.log())?;

    // More than the account may store: the sheet says by how much, and its button is off.
    table.drag(&app, &[things.join("large")], &hook("empty"))?;
    says(&app, &hook("fold-room"), "MB free")?;
    ensure!(app.attribute(&hook("preflight-accept"), "disabled")?.is_some());
    table.desktop.screenshot(super::shots("quota.png"))?;
    app.click(&hook("preflight-cancel"))?;

    table.drag(&app, &[things.join("small")], &hook("empty"))?;
    group_becomes(&app, "done")?;
    go_to(&app, "settings")?;
    app.click(&hook("page-destinations"))?;
    says(&app, &hook("dest-room"), "1.7 MB left of your 2 MB")?;

    go_to(&app, "insights")?;
    app.click(&format!("{} [data-option=\"all\"]", hook("insights-whose")))?;
    says(&app, &hook("account-success"), "100")?;
    says(&app, &hook("account-groups"), "1")?;
    table.desktop.screenshot(super::shots("all-computers.png"))?;
    app.close()?;
    table.desktop.finish()
}
