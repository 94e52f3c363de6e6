//! What a launch after a kill finds on this computer, and the two answers that are not "go on".

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::desktop::App;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule, Seen};
use windlass_testkit::samples;
use windlass_testkit::wait;
use windlass_tests::window::{Table, UPLOAD, count_becomes, group_becomes, hook, says};

/// The piece of the report that is about a group of this name.
fn of_group(app: &App<'_>, name: &str) -> Result<String> {
    says(app, &hook("relaunch-report"), name)?;
    let id = app.run(
        "return [...document.querySelectorAll('[data-testid=\"relaunch-group\"]')]\
         .find(group => group.querySelector('h3').textContent === arguments[0])?.dataset.group",
        &[name.into()],
    )?;
    let id = id.as_str().unwrap_or_default();
    Ok(format!("[data-testid=\"relaunch-group\"][data-group=\"{id}\"]"))
}

/// What they are, whatever they are called.
fn contents(hashes: impl Iterator<Item = Result<String>>) -> Result<Vec<String>> {
    let mut all = hashes.collect::<Result<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

/// Says yes to what is asked about a group.
fn agree(table: &Table, app: &App<'_>, button: &str, asked: &str) -> Result<()> {
    table.press(app, button)?;
    says(app, "dialog[open]", asked)?;
    table.press(app, &hook("confirm-yes"))?;
    count_becomes(app, "dialog[open]", 0)
}

// B-5, B-6, B-7, B-10, C-7: a file that changed and one that is gone are told before anything moves; one group starts over, the
// other is given up.
#[test]
fn b6_what_changed_meanwhile_is_reported_and_one_group_starts_over_while_the_other_is_discarded() -> Result<()>
{
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let dir = table.windlass.dir();
    let (kept, given_up) = (dir.join("Interviews"), dir.join("Leftovers"));
    let large = [
        kept.join("edited.mov"),
        kept.join("same.mov"),
        given_up.join("lost.mov"),
        given_up.join("unwanted.mov"),
    ];
    for (number, file) in large.iter().enumerate() {
        samples::random_file(file, 20 << 20, 640 + number as u64)?;
    }
    for (group, seed) in [(&kept, 650), (&given_up, 651)] {
        samples::random_file(group.join("notes.txt"), 4_000, seed)?;
    }
    let app = table.open_past_first_run()?;
    // Of three parts of each file the last is held on the wire until the kill.
    proxy.add(Rule::new(Fault::Hold(Gate::closed())).call(Call::PutPart).part(3));
    table.drag(&app, std::slice::from_ref(&kept), &hook("empty"))?;
    count_becomes(&app, &hook("group-card"), 1)?;
    table.drag(&app, std::slice::from_ref(&given_up), "h1")?;
    count_becomes(&app, &hook("group-card"), 2)?;
    proxy.wait_for("two parts of each file and the third of it", UPLOAD, |ledger| {
        let sent = |file: &Path, stored: bool| {
            let name = file.file_name().unwrap_or_default().display().to_string();
            let of = |one: &&Seen| one.path.ends_with(&name) && one.is_stored() == stored;
            ledger.of(Call::PutPart).filter(of).count()
        };
        large
            .iter()
            .all(|file| sent(file, true) == 2 && sent(file, false) >= 1)
    })?;
    app.kill_9()?;
    proxy.heal();
    samples::random_file(kept.join("edited.mov"), (20 << 20) + 77, 660)?;
    fs::remove_file(given_up.join("lost.mov"))?;
    let before = contents(
        ["notes.txt", "unwanted.mov"]
            .iter()
            .map(|name| samples::sha256(given_up.join(name))),
    )?;

    let app = table.open()?;
    let (over, discard) = (of_group(&app, "Interviews")?, of_group(&app, "Leftovers")?);
    says(&app, &hook("relaunch-report"), "2 groups were interrupted")?;
    says(
        &app,
        &over,
        "Changed on this computer since: “Interviews/edited.mov”",
    )?;
    says(&app, &discard, "Gone from this computer: “Leftovers/lost.mov”")?;
    // Of two large files the changed one begins anew; two of three parts of the other count.
    says(&app, &over, "Upload 40 %")?;
    table.desktop.screenshot(super::shots("relaunch-changed.png"))?;
    agree(
        &table,
        &app,
        &format!("{over} {}", hook("btn-start-over")),
        "Interviews",
    )?;
    agree(
        &table,
        &app,
        &format!("{discard} {}", hook("btn-discard")),
        "Leftovers",
    )?;
    for (word, name) in [("done", "Interviews"), ("cancelled", "Leftovers")] {
        let card = format!("{}[data-word=\"{word}\"]", hook("group-card"));
        says(&app, &card, name).with_context(|| table.log())?;
    }
    count_becomes(&app, &hook("relaunch-report"), 0)?;
    table.desktop.screenshot(super::shots("relaunch-ended.png"))?;

    // Who starts over takes a new name at the destination: nothing there is written over.
    let oracle = garage.oracle()?;
    let there = |group: &str| -> Result<Vec<String>> {
        let objects = oracle.objects(group)?;
        contents(objects.iter().map(|one| Ok(oracle.sha256(&one.key)?.1)))
    };
    let here = |folder: &Path| -> Result<Vec<String>> {
        let files = samples::files_below(folder, true)?;
        contents(files.iter().map(|one| samples::sha256(folder.join(one))))
    };
    ensure!(there("Interviews/")? == here(&kept)?, "{:?}", oracle.objects("")?);
    let proved = samples::sha256(given_up.join("notes.txt"))?;
    ensure!(there("Leftovers/")? == [proved], "{:?}", oracle.objects("")?);
    ensure!(here(&given_up)? == before, "an original was touched");
    app.close()?;

    // What a start over gave up is swept now and then, and at each launch.
    let app = table.open()?;
    wait::until_ok("no unfinished parts at the storage", UPLOAD, || {
        let open = oracle.uploads()?;
        ensure!(open.is_empty(), "there are {open:?}");
        Ok(())
    })?;
    ensure!(
        app.count(&hook("relaunch-report"))? == 0,
        "it is asked about again"
    );
    app.close()?;
    table.desktop.finish()
}

// F17, B-5, B-6, I39: a launch without the disk names it, and calls nothing on it gone; connected again, it goes on with what is
// stored.
#[test]
fn f017_a_launch_without_the_disk_names_it_in_the_report_and_goes_on_when_it_is_back() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    // Memory is another disk than the one that the tests work on; what makes it a disk that is connected is a link to it.
    let (disk, slot) = (
        tempfile::tempdir_in("/dev/shm")?,
        table.windlass.dir().join("T7 Shield"),
    );
    symlink(disk.path(), &slot)?;
    let film = slot.join("Day 1/film.mov");
    samples::random_file(&film, 20 << 20, 670)?;
    let app = table.open_past_first_run()?;
    // What the test of the destination sent is not the film's.
    proxy.forget();
    proxy.add(Rule::new(Fault::Hold(Gate::closed())).call(Call::PutPart).part(3));
    table.drag(&app, &[slot.join("Day 1")], &hook("empty"))?;
    proxy.wait_for("two parts of the film and its third", UPLOAD, |ledger| {
        let sent = |stored: bool| {
            let parts = ledger.of(Call::PutPart);
            parts.filter(|one| one.is_stored() == stored).count()
        };
        sent(true) == 2 && sent(false) >= 1
    })?;
    app.kill_9()?;
    proxy.heal();
    fs::remove_file(&slot)?;

    let app = table.open()?;
    says(
        &app,
        &of_group(&app, "Day 1")?,
        "Disk “T7 Shield” is not connected: “Day 1/film.mov” waits for it",
    )?;
    table.desktop.screenshot(super::shots("relaunch-disk.png"))?;
    let before = proxy.ledger().content_bytes();
    symlink(disk.path(), &slot)?;
    table.press(&app, &hook("btn-resume-all"))?;
    group_becomes(&app, "done")?;
    let sent = proxy.ledger().content_bytes() - before;
    ensure!(
        sent <= 4 << 20,
        "{sent} bytes went, of which a third part has 4 MiB"
    );
    let (oracle, film) = (garage.oracle()?, samples::sha256(&film)?);
    let stored = oracle.objects("Day 1/")?;
    let there = contents(stored.iter().map(|one| Ok(oracle.sha256(&one.key)?.1)))?;
    ensure!(there == [film], "{stored:?}");
    app.close()?;
    table.desktop.finish()
}
