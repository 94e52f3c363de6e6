//! Settings changed by hand, and what changes with them: where files go, by which way, whom the program believes, and how much
//! goes at once.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::desktop::App;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{
    TITLE, Table, UPLOAD, choose, count_becomes, describe_bucket, go_to, group_becomes, hook, says,
};
use windlass_tests::{Server, compare_bucket, compare_folder};

use super::shots;

/// A page of the settings.
fn open_page(app: &App<'_>, page: &str) -> Result<()> {
    go_to(app, "settings")?;
    app.click(&hook(&format!("page-{page}")))
}

/// The row of a destination by its name.
fn row_of(app: &App<'_>, name: &str) -> Result<String> {
    says(app, &hook("settings-destinations"), name)?;
    let id = app.run(
        "return [...document.querySelectorAll('[data-testid=\"destination\"]')]\
         .find(row => row.textContent.includes(arguments[0]))?.dataset.destination",
        &[name.into()],
    )?;
    let id = id.as_str().context("no such row")?;
    Ok(format!("[data-destination=\"{id}\"]"))
}

/// Has a value in the end.
fn holds(app: &App<'_>, field: &str, wanted: &str) -> Result<()> {
    wait::until_ok(&format!("{field} to hold {wanted:?}"), PATIENCE, || {
        let value = app.run(
            "return document.querySelector(arguments[0])?.value",
            &[hook(field).into()],
        )?;
        ensure!(value == wanted, "it holds {value}");
        Ok(())
    })
}

/// Opens the form of a destination by its menu; this field holds that already.
fn open_form(table: &Table, app: &App<'_>, name: &str, (field, before): (&str, &str)) -> Result<String> {
    let row = row_of(app, name)?;
    table.press(app, &format!("{row} {}", hook("dest-menu")))?;
    table.press(app, &hook("dest-edit"))?;
    holds(app, field, before)?;
    holds(app, "dest-name", name)?;
    Ok(row)
}

/// Saves the form; the row has the new name then.
fn save_as(table: &Table, app: &App<'_>, row: &str, name: &str) -> Result<()> {
    app.type_in(&hook("dest-name"), name)?;
    table.press(app, &hook("dest-save"))?;
    count_becomes(app, &hook("add-destination"), 0)?;
    says(app, row, name).map(drop)
}

fn upload(table: &Table, file: &str, to: &str) -> Result<()> {
    let path = table.windlass.dir().join("things").join(file);
    // Equal content would not go again.
    fs::create_dir_all(table.windlass.dir().join("things"))?;
    fs::write(&path, file.repeat(10_000))?;
    let line = ["up".as_ref(), "--to".as_ref(), to.as_ref(), path.as_os_str()];
    table.windlass.run(&line)?.succeeds().map(drop)
}

// C-12 of the features, F187: a bucket gets another name and prefix; a folder that was moved is found where it is now, and no
// other folder is taken for it.
#[test]
fn an_edited_destination_takes_the_next_file_under_its_new_name_and_place() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let [old, moved, strange] = ["old", "moved", "strange"].map(|name| table.windlass.dir().join(name));
    fs::create_dir_all(&strange)?;
    table.windlass.add_bucket("Bucket", &garage, garage.endpoint())?;
    table.windlass.add_folder("Shelf", &old)?;
    let app = table.open_past_first_run()?;
    upload(&table, "first.mov", "Bucket")?;
    upload(&table, "second.mov", "Shelf")?;
    table.desktop.activate(TITLE)?;
    open_page(&app, "destinations")?;
    let row = open_form(&table, &app, "Bucket", ("dest-s3-prefix", ""))?;
    app.type_in(&hook("dest-s3-prefix"), "reels 2026")?;
    save_as(&table, &app, &row, "Reels")?;

    fs::rename(&old, &moved)?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("no UTF-8");
    let row = open_form(&table, &app, "Shelf", ("dest-folder-input", &text(&old)?))?;
    app.type_in(&hook("dest-folder-input"), &text(&strange)?)?;
    table.press(&app, &hook("dest-save"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "false")?;
    says(&app, &hook("check-list"), "it has no mark of Windlass")?;
    table.desktop.screenshot(shots("edit-refused.png"))?;
    app.type_in(&hook("dest-folder-input"), &text(&moved)?)?;
    save_as(&table, &app, &row, "Archive")?;

    upload(&table, "third.mov", "Reels")?;
    upload(&table, "fourth.mov", "Archive")?;
    let mut keys: Vec<_> = garage
        .oracle()?
        .objects("")?
        .into_iter()
        .map(|one| one.key)
        .collect();
    keys.sort();
    ensure!(
        keys.len() == 2
            && keys[0].ends_with("first.mov")
            && keys[1].starts_with("reels 2026/")
            && keys[1].ends_with("third.mov"),
        "{keys:?}"
    );
    let mut there = samples::files_below(&moved, false)?;
    there.sort();
    ensure!(
        there.len() == 2 && there[0].ends_with("fourth.mov") && there[1].ends_with("second.mov"),
        "{there:?}"
    );
    ensure!(fs::read_dir(&strange)?.next().is_none() && !old.exists());
    app.close()?;
    table.desktop.finish()
}

/// Fills in a destination on a server, up to its test.
fn fill_in(app: &App<'_>, server: &Server, token: &str) -> Result<()> {
    app.click(&hook("dest-add"))?;
    app.click(&hook("dest-kind-server"))?;
    app.type_in(&hook("dest-server-url"), &server.url())?;
    app.type_in(&hook("dest-server-token"), token)?;
    // This desktop has no keyring.
    choose(app, "dest-server-keep", "file")
}

// J-4, F063: nobody vouches for a server's certificate until the person says who does.
#[test]
fn j4_a_server_with_a_certificate_of_ones_own_is_reached_once_it_was_chosen() -> Result<()> {
    let (table, server) = (Table::lay()?, Server::behind_tls()?);
    let (token, _) = server.token("laptop")?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("take.bin"), 9 << 20, 1_600)?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    table.desktop.activate(TITLE)?;
    open_page(&app, "destinations")?;
    fill_in(&app, &server, &token)?;
    table.press(&app, &hook("dest-test"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "false")?;
    says(&app, &hook("check-list"), "ertificate")?;
    table.desktop.screenshot(shots("certificate-unknown.png"))?;
    table.desktop.keys(&["Escape"])?;
    count_becomes(&app, &hook("add-destination"), 0)?;

    open_page(&app, "network")?;
    table.press(&app, &hook("authorities-choose"))?;
    table.desktop.choose_in_dialog(&server.certificate(), PATIENCE)?;
    says(&app, &hook("authorities-name"), "cert.pem")?;
    table.desktop.screenshot(shots("certificate-chosen.png"))?;

    open_page(&app, "destinations")?;
    fill_in(&app, &server, &token)?;
    app.type_in(&hook("dest-name"), "Team")?;
    app.click(&hook("dest-make-default"))?;
    table.press(&app, &hook("dest-test"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "true")?;
    table.press(&app, &hook("dest-save"))?;
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    let row = row_of(&app, "Team")?;
    go_to(&app, "transfers")?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done").with_context(|| server.log())?;
    compare_folder(&things, &server.only_group("recordings")?.join("things"))?;

    // Taken back, it is believed no more.
    open_page(&app, "network")?;
    table.press(&app, &hook("authorities-remove"))?;
    count_becomes(&app, &hook("authorities-name"), 0)?;
    open_page(&app, "destinations")?;
    table.press(&app, &format!("{row} {}", hook("dest-menu")))?;
    table.press(&app, &hook("dest-check"))?;
    app.attribute_becomes(
        &format!("{row} {}", hook("check-list")),
        "data-ok",
        PATIENCE,
        |now| now == "false",
    )?;
    app.close()?;
    table.desktop.finish()
}

// J-3: one proxy for all that go out; without it nobody knows the name.
#[test]
fn j3_one_proxy_for_all_takes_what_goes_out_until_it_is_left() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("take.mov"), 9 << 20, 1_700)?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    table.desktop.activate(TITLE)?;
    open_page(&app, "network")?;
    let mode = |mode: &str| format!("{} [data-option=\"{mode}\"]", hook("setting-proxy"));
    table.press(&app, &mode("manual"))?;
    app.type_in(&hook("proxy-address"), &proxy.endpoint())?;
    table.press(&app, &hook("proxy-use"))?;
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    app.attribute_becomes(&mode("manual"), "aria-pressed", PATIENCE, |now| now == "true")?;

    open_page(&app, "destinations")?;
    describe_bucket(&app, &garage, "http://storage.invalid", "Far away")?;
    choose(&app, "dest-s3-keep", "file")?;
    app.click(&hook("dest-make-default"))?;
    table.press(&app, &hook("dest-test"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "true")?;
    table.press(&app, &hook("dest-save"))?;
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    let row = row_of(&app, "Far away")?;
    proxy.forget();
    go_to(&app, "transfers")?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done")?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    let ledger = proxy.ledger();
    ensure!(ledger.stored(Call::PutPart) == 2, "{}", ledger.summary());
    let by_name = |path: &str| path.starts_with("http://storage.invalid/");
    ensure!(
        ledger.all().iter().all(|one| by_name(&one.path)),
        "{}",
        ledger.summary()
    );

    open_page(&app, "network")?;
    table.press(&app, &mode("none"))?;
    app.attribute_becomes(&mode("none"), "aria-pressed", PATIENCE, |now| now == "true")?;
    proxy.forget();
    open_page(&app, "destinations")?;
    table.press(&app, &format!("{row} {}", hook("dest-menu")))?;
    table.press(&app, &hook("dest-check"))?;
    let checked = format!("{row} {}", hook("check-list"));
    app.attribute_becomes(&checked, "data-ok", PATIENCE, |now| now == "false")?;
    ensure!(proxy.ledger().all().is_empty(), "{}", proxy.ledger().summary());
    app.close()?;
    table.desktop.finish()
}

// C-5 of the features: what is chosen is the ceiling, wave after wave; another choice counts at once.
#[test]
fn four_connections_chosen_are_never_more_and_six_are_six_at_once() -> Result<()> {
    const CHOSEN: usize = 4;
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("long.mov"), 20 * (8 << 20), 1_800)?;
    let app = table.open_past_first_run()?;
    let choose_connections = |count: usize| -> Result<()> {
        open_page(&app, "speed")?;
        choose(&app, "setting-connections", &count.to_string())?;
        wait::until_ok("the choice to be kept", PATIENCE, || {
            open_page(&app, "network")?;
            open_page(&app, "speed")?;
            holds(&app, "setting-connections", &count.to_string())
        })
    };
    choose_connections(CHOSEN)?;
    go_to(&app, "transfers")?;
    proxy.forget();
    // Each wave has a gate of its own.
    let gates = [Gate::closed(), Gate::closed(), Gate::closed(), Gate::closed()];
    for gate in &gates[..3] {
        proxy.add(
            Rule::new(Fault::Hold(gate.clone()))
                .call(Call::PutPart)
                .times(CHOSEN),
        );
    }
    proxy.add(Rule::new(Fault::Hold(gates[3].clone())).call(Call::PutPart));
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    for (wave, gate) in (1..).zip(&gates[..3]) {
        // An answer is in the ledger a moment after it is on the wire.
        proxy.wait_for("a wave", UPLOAD, |ledger| {
            let under_way = ledger.of(Call::PutPart).filter(|one| !one.answered);
            ledger.count(Call::PutPart) == wave * CHOSEN && under_way.count() == CHOSEN
        })?;
        gate.open();
    }
    proxy.wait_for("the fourth wave", UPLOAD, |ledger| {
        ledger.count(Call::PutPart) >= 4 * CHOSEN
    })?;
    // More is ready: with another choice it goes at once, and nothing else was what held it.
    ensure!(
        proxy.ledger().count(Call::PutPart) == 4 * CHOSEN,
        "{}",
        proxy.ledger().summary()
    );
    choose_connections(6)?;
    proxy.wait_for("two more", UPLOAD, |ledger| {
        ledger.count(Call::PutPart) == 4 * CHOSEN + 2
    })?;
    gates[3].open();
    go_to(&app, "transfers")?;
    group_becomes(&app, "done")?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    app.close()?;
    table.desktop.finish()
}
