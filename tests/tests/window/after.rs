//! What is said after an upload: what failed and why, what was proved, and whether it is still so.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, FaultProxy};
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::window::{Table, count_becomes, go_to, group_becomes, hook, only_group, says};
use windlass_tests::{compare_bucket, compare_folder};

// H-1, H-2, H-3: equal errors are one, with their cause and the way out; one press sends all of them again.
#[test]
fn h1_equal_failures_of_two_groups_are_one_in_the_inbox_and_retry_all_sends_them() -> Result<()> {
    let table = Table::lay()?;
    let (dir, destination) = (
        table.windlass.dir().to_owned(),
        table.windlass.dir().join("destination"),
    );
    let (mut all, readable) = (Vec::new(), |mode| fs::Permissions::from_mode(mode));
    for (group, files) in [("first", 5), ("second", 3)] {
        for number in 0..files {
            let file = dir.join(format!("{group}/{number}.bin"));
            samples::random_file(&file, 8_000, 600 + number)?;
            fs::set_permissions(&file, readable(0))?;
            all.push(file);
        }
    }
    let app = table.open_and_choose(&destination)?;
    for (group, onto) in [("first", hook("empty")), ("second", "h1".to_owned())] {
        table.drag(&app, &[dir.join(group)], &onto)?;
        // The person wants them all the same.
        app.click(&hook("leave-troubled"))?;
        app.click(&hook("preflight-accept"))?;
        count_becomes(&app, &hook("preflight-accept"), 0)?;
    }
    count_becomes(
        &app,
        &format!("{}[data-word=\"needs_you\"]", hook("group-card")),
        2,
    )?;
    app.click(&format!("{} [data-option=\"attention\"]", hook("filters")))?;
    count_becomes(&app, &hook("error-fold"), 1)?;
    let fold = hook("error-fold");
    says(&app, &fold, "8 files")?;
    table.desktop.screenshot(super::shots("inbox.png"))?;

    for file in &all {
        fs::set_permissions(file, readable(0o600))?;
    }
    app.click(&format!("{fold} {}", hook("btn-retry")))?;
    count_becomes(&app, &fold, 0)?;
    app.click(&format!("{} [data-option=\"all\"]", hook("filters")))?;
    count_becomes(&app, &format!("{}[data-word=\"done\"]", hook("group-card")), 2)?;
    for group in ["first", "second"] {
        compare_folder(&dir.join(group), &destination.join(group))?;
    }
    app.close()?;
    table.desktop.finish()
}

// H-5, H-6, H-8, I-1: found in the history by its name, its receipt saved, and asked for again: first it is there, then not.
#[test]
fn h6_history_finds_a_file_saves_its_receipt_and_sees_when_it_is_gone() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("Contracts"),
        table.windlass.dir().join("destination"),
    );
    for (number, name) in ["Harbour.pdf", "Lighthouse.pdf", "Quay.pdf"]
        .into_iter()
        .enumerate()
    {
        samples::random_file(things.join(name), 9_000, 700 + number as u64)?;
    }
    let app = table.open_and_choose(&destination)?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done")?;

    go_to(&app, "history")?;
    app.find(&hook("history-entry"))?;
    app.type_in(&hook("history-search"), "lighthouse")?;
    count_becomes(&app, &hook("history-file"), 1)?;
    app.click(&hook("history-file"))?;
    says(&app, &hook("history-proof"), "Contracts")?;
    app.find(&hook("safe"))?;

    for (form, begins) in [("json", "{"), ("csv", ""), ("pdf", "%PDF-")] {
        let saved = table.windlass.dir().join(format!("receipt.{form}"));
        app.click(&hook("history-export"))?;
        app.click(&hook(&format!("export-{form}")))?;
        table.desktop.choose_in_dialog(&saved, PATIENCE)?;
        let bytes =
            windlass_testkit::wait::until_ok("the saved receipt", PATIENCE, || Ok(fs::read(&saved)?))?;
        ensure!(bytes.starts_with(begins.as_bytes()), "{form} begins otherwise");
        if form != "pdf" {
            let text = String::from_utf8(bytes)?;
            let sha256 = samples::sha256(things.join("Lighthouse.pdf"))?;
            ensure!(
                text.contains(&sha256) && text.contains("Lighthouse.pdf"),
                "{text}"
            );
        }
    }

    let asked = |piece: &str| says(&app, &hook("history-proof"), piece).map(drop);
    app.click(&hook("history-verify"))?;
    asked("all match")?;
    table.desktop.screenshot(super::shots("proved.png"))?;
    let gone = only_group(&destination)?.join("Lighthouse.pdf");
    fs::remove_file(&gone).with_context(|| gone.display().to_string())?;
    app.click(&hook("history-verify"))?;
    asked("something does not match")?;
    table.desktop.screenshot(super::shots("history.png"))?;
    app.type_in(&hook("history-search"), "no such file")?;
    app.find(&hook("history-none"))?;
    app.close()?;
    table.desktop.finish()
}

// H-5, D-5, G-6: asked for again from the history, with one file more: it is a new group, and nothing is twice.
#[test]
fn h5_what_is_uploaded_again_from_the_history_goes_only_where_it_is_new() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("Contracts"),
        table.windlass.dir().join("destination"),
    );
    for (number, name) in ["Harbour.pdf", "old/Quay.pdf"].into_iter().enumerate() {
        samples::random_file(things.join(name), 9_000, 710 + number as u64)?;
    }
    let app = table.open_and_choose(&destination)?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done")?;
    compare_folder(&things, &only_group(&destination)?)?;

    samples::random_file(things.join("Lighthouse.pdf"), 9_000, 712)?;
    go_to(&app, "history")?;
    table.press(&app, &hook("history-again"))?;
    says(&app, "dialog[open]", "What is there already is not sent")?;
    table.desktop.screenshot(super::shots("again-asked.png"))?;
    table.press(&app, &hook("confirm-yes"))?;
    // It leads to the new group among the transfers.
    let done = format!("{}[data-word=\"done\"]", hook("group-card"));
    count_becomes(&app, &done, 2).with_context(|| table.log())?;
    table.desktop.screenshot(super::shots("again.png"))?;
    says(&app, &done, "2 already there")?;
    compare_folder(&things, &only_group(&destination)?)?;
    go_to(&app, "history")?;
    count_becomes(&app, &hook("history-entry"), 2)?;
    app.close()?;
    table.desktop.finish()
}

// B-6, G-2: a limit that is set in the window is kept on the wire at once, and lifted at once.
#[test]
fn g2_a_limit_set_in_the_window_is_kept_on_the_wire() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let things = table.windlass.dir().join("things");
    for number in 0..40 {
        samples::random_file(things.join(format!("{number}.bin")), 250_000, 800 + number)?;
    }
    let app = table.open_past_first_run()?;
    go_to(&app, "settings")?;
    app.click(&hook("page-speed"))?;
    app.click(&hook("limit-switch"))?;
    app.find(&format!("{}:not([disabled])", hook("limit-value")))?;
    app.run(
        "const field = document.querySelector(arguments[0]); field.value = '1';\
         field.dispatchEvent(new Event('change', {bubbles: true}))",
        &[hook("limit-value").into()],
    )?;
    go_to(&app, "transfers")?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    app.click(&hook("preflight-accept"))?;
    proxy.wait_for("the first files", PATIENCE, |ledger| {
        ledger.stored(Call::PutObject) >= 2
    })?;
    let (began, before) = (std::time::Instant::now(), proxy.ledger().stored(Call::PutObject));
    // Three megabytes take three seconds; a second's worth may go ahead at once.
    proxy.wait_for("twelve more", PATIENCE, |ledger| {
        ledger.stored(Call::PutObject) >= before + 12
    })?;
    let took = began.elapsed().as_secs_f64();
    ensure!(took > 1.5, "3 MB went in {took:.1} s under a limit of 1 MB/s");

    go_to(&app, "settings")?;
    app.click(&hook("limit-switch"))?;
    go_to(&app, "transfers")?;
    group_becomes(&app, "done")?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    app.close()?;
    table.desktop.finish()
}
