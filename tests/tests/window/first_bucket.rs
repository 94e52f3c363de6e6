//! The first run by hand, with a bucket of the person's own: chosen, filled in and tested by pointer and keyboard.

use std::fs;

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_bucket;
use windlass_tests::window::{TITLE, Table, group_becomes, hook, in_view, says};

use super::shots;

// C-11, J-1, X-28: the destination is tested before it is saved, step by step; what is wrong is told with its way out, and the
// first file is proved in the bucket.
#[test]
fn c11_a_bucket_filled_in_by_hand_is_tested_step_by_step_and_takes_the_first_file() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("first take.mov"), 9 << 20, 1_300)?;
    let app = table.open()?;
    app.find(&hook("first-run-start"))?;
    table.desktop.activate(TITLE)?;
    table.press(&app, &hook("dest-kind-s3"))?;
    app.find(&hook("dest-s3-endpoint"))?;
    // Nothing to test yet, and nothing to begin with.
    ensure!(app.attribute(&hook("dest-test"), "disabled")?.is_some());
    ensure!(app.attribute(&hook("first-run-start"), "disabled")?.is_some());

    table.press(&app, &hook("dest-s3-endpoint"))?;
    for (typed, next) in [
        (garage.endpoint(), "dest-s3-bucket"),
        (garage.bucket(), "dest-s3-region"),
        (garage.region(), "dest-s3-access"),
        (garage.access_key(), "dest-s3-secret"),
        ("not the secret", "dest-s3-prefix"),
        ("from the field", "dest-s3-keep"),
    ] {
        table.write(&app, typed)?;
        table.key_until(&app, "Tab", next)?;
    }
    table.key_until(&app, "Tab", "dest-test")?;
    table.desktop.keys(&["Return"])?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "false")?;
    // The form is longer than this window: what was found comes into view by itself.
    in_view(&app, "[data-step=key]")?;
    table.desktop.screenshot(shots("bucket-refused.png"))?;
    let steps = |outcome: &str| -> Result<Vec<String>> {
        let of = app.run(
            "return [...document.querySelectorAll('[data-step]')].filter(one => one.dataset.outcome === arguments[0])\
                .map(one => one.dataset.step)",
            &[outcome.into()],
        )?;
        Ok(serde_json::from_value(of)?)
    };
    // It stops at the first that fails, and says why.
    says(&app, &hook("check-list"), "Key or secret refused")?;
    says(&app, &hook("check-list"), "Look at key and secret once more")?;
    ensure!(steps("failed")? == ["key"], "{:?}", steps("failed")?);
    ensure!(steps("ok")? == ["reachable"], "{:?}", steps("ok")?);

    // The secret as it is, typed over the other.
    table.press(&app, &hook("dest-s3-secret"))?;
    table.desktop.keys(&["ctrl+a"])?;
    table.write(&app, garage.secret_key())?;
    // This desktop has no keychain: the person is asked, thinks better of memory, and chooses a file, the last of the list.
    table.key_until(&app, "Tab", "first-run-start")?;
    table.desktop.keys(&["Return"])?;
    // Where files are to go is asked outside of the page, and once.
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    says(
        &app,
        &hook("memory-question"),
        "Keep the secret in memory until you quit?",
    )?;
    table.desktop.screenshot(shots("bucket-no-keychain.png"))?;
    table.desktop.keys(&["Return"])?;
    wait::until_ok("the question answered", PATIENCE, || {
        ensure!(app.count(&hook("memory-question"))? == 0, "it stands there");
        Ok(())
    })?;
    table.press(&app, &hook("dest-s3-secret"))?;
    table.key_until(&app, "Tab", "dest-s3-keep")?;
    table.desktop.choose_from_list(&["Down", "Down"], PATIENCE)?;
    wait::until_ok("a file to keep the secret in", PATIENCE, || {
        let chosen = app.run(
            "return document.querySelector(arguments[0]).value",
            &[hook("dest-s3-keep").into()],
        )?;
        ensure!(chosen == "file", "it is {chosen}");
        Ok(())
    })?;
    table.press(&app, &hook("dest-test"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "true")?;
    ensure!(steps("failed")?.is_empty(), "{:?}", steps("failed")?);
    table.desktop.screenshot(shots("bucket-tested.png"))?;
    let passed = steps("ok")?;
    for step in [
        "reachable",
        "key",
        "bucket",
        "create",
        "write",
        "complete",
        "read_back",
        "remove",
        "checksums",
    ] {
        ensure!(
            passed.iter().any(|one| one == step),
            "{step} is not among {passed:?}"
        );
    }
    table.key_until(&app, "Tab", "first-run-start")?;
    table.desktop.keys(&["Return"])?;
    app.find(&hook("empty"))?;
    // The test left nothing behind.
    ensure!(
        garage.oracle()?.objects("")?.is_empty(),
        "something lies in the bucket"
    );

    table.drag(&app, &[things.join("first take.mov")], &hook("empty"))?;
    group_becomes(&app, "done")?;
    let there = garage.oracle()?.objects("")?;
    ensure!(
        there.len() == 1 && there[0].key.starts_with("from the field/"),
        "{there:?}"
    );
    let folder = there[0].key.trim_end_matches("first take.mov").to_owned();
    compare_bucket(&things, &garage.oracle()?, &folder)?;
    table.press(&app, &hook("btn-receipt"))?;
    says(&app, &hook("receipt"), "1 file proved at the destination")?;
    says(&app, &hook("receipt"), "first take.mov")?;
    table.desktop.screenshot(shots("bucket-first.png"))?;
    // The secret lies in no file that others may read, and in no log.
    let log = table.log();
    ensure!(!log.contains(garage.secret_key()), "the log has the secret");
    for path in table.files_with(garage.secret_key())? {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path)?.permissions().mode() & 0o077;
        ensure!(mode == 0, "{} has the secret, with {mode:o}", path.display());
    }
    app.close()?;
    table.desktop.finish()
}
