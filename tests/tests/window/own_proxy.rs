//! A bucket that is reached by a proxy of its own, filled in by hand in the settings.

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, FaultProxy};
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::compare_bucket;
use windlass_tests::window::{TITLE, Table, choose, describe_bucket, go_to, group_becomes, hook, says};

use super::shots;

// J-3: a name that only the proxy finds; what goes elsewhere does not go that way.
#[test]
fn j3_a_bucket_with_a_proxy_of_its_own_is_added_by_hand_and_takes_a_file() -> Result<()> {
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("take.mov"), 9 << 20, 1_400)?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    go_to(&app, "settings")?;
    describe_bucket(&app, &garage, "http://storage.invalid", "Far away")?;
    choose(&app, "dest-s3-keep", "file")?;
    table.desktop.activate(TITLE)?;
    app.click(&hook("dest-make-default"))?;
    // As all go nobody has that name.
    table.press(&app, &hook("dest-test"))?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "false")?;
    choose(&app, "dest-proxy", "manual")?;
    ensure!(app.attribute(&hook("dest-save"), "disabled")?.is_some());
    app.type_in(&hook("dest-proxy-address"), &proxy.endpoint())?;
    // The page sends nothing by a proxy that the person was not asked about outside of it; nor to a host.
    table.press(&app, &hook("dest-test"))?;
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    app.attribute_becomes(&hook("check-list"), "data-ok", PATIENCE, |now| now == "true")?;
    table.desktop.screenshot(shots("own-proxy.png"))?;
    table.press(&app, &hook("dest-save"))?;
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    says(&app, &hook("settings-destinations"), "Far away")?;
    proxy.forget();

    go_to(&app, "transfers")?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done")?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    let ledger = proxy.ledger();
    ensure!(ledger.stored(Call::PutPart) == 2, "{}", ledger.summary());
    ensure!(
        ledger
            .all()
            .iter()
            .all(|seen| seen.path.starts_with("http://storage.invalid/")),
        "{}",
        ledger.summary()
    );
    app.close()?;
    table.desktop.finish()
}
