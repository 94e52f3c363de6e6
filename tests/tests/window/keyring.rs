//! Keys of a bucket in the keyring of the desktop, from the form to the removal.

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_bucket;
use windlass_tests::window::{
    TITLE, Table, UPLOAD, count_becomes, describe_bucket, go_to, group_becomes, hook, says,
};

use super::shots;

/// What the program files its keys under.
const FILED_UNDER: &str = "windlass";

/// No file of the data folder has these bytes.
fn lies_in_no_file(table: &Table, secret: &str) -> Result<()> {
    let has = table.files_with(secret)?;
    ensure!(has.is_empty(), "these have it: {has:?}");
    ensure!(!table.log().contains(secret), "the log has it");
    Ok(())
}

// J-1, I42, C-7: the secret is in the keyring and nowhere else, is found there by the next launch, and goes with its destination.
#[test]
fn j1_a_secret_lies_in_the_keyring_alone_is_found_after_a_kill_and_goes_with_its_destination() -> Result<()> {
    let (garage, mut table) = (Garage::start()?, Table::lay()?);
    table.desktop.unlock_keyring()?;
    let proxy = FaultProxy::start(garage.endpoint())?;
    let things = table.windlass.dir().join("things");
    samples::random_file(things.join("take.mov"), 20 << 20, 1_500)?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    go_to(&app, "settings")?;
    describe_bucket(&app, &garage, &proxy.endpoint(), "Vault")?;
    // The keyring is what is offered first.
    let keep = app.run(
        "return document.querySelector(arguments[0]).value",
        &[hook("dest-s3-keep").into()],
    )?;
    ensure!(keep == "keyring", "it is {keep}");
    table.desktop.activate(TITLE)?;
    app.click(&hook("dest-make-default"))?;
    table.press(&app, &hook("dest-save"))?;
    table.desktop.answer_question(TITLE, &["Return"], PATIENCE)?;
    says(&app, &hook("settings-destinations"), "Vault")?;
    let filed = table.desktop.secrets(FILED_UNDER)?;
    ensure!(
        filed.len() == 1 && filed[0].contains(garage.secret_key()),
        "{} are filed",
        filed.len()
    );
    lies_in_no_file(&table, garage.secret_key())?;

    // The last part is held on the wire until the kill.
    go_to(&app, "transfers")?;
    proxy.add(Rule::new(Fault::Hold(Gate::closed())).call(Call::PutPart).part(3));
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    proxy.wait_for("two parts and the third", UPLOAD, |ledger| {
        let of = |number| {
            ledger
                .of(Call::PutPart)
                .filter(move |one| one.part() == Some(number))
        };
        of(3).count() == 1
            && (1..=2).all(|number| of(number).any(|one| one.path.contains("things") && one.is_stored()))
    })?;
    app.kill_9()?;
    proxy.heal();
    lies_in_no_file(&table, garage.secret_key())?;

    let app = table.open()?;
    app.find(&hook("relaunch-report"))?;
    app.click(&hook("btn-group-resume"))?;
    group_becomes(&app, "done")?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    lies_in_no_file(&table, garage.secret_key())?;

    go_to(&app, "settings")?;
    app.click(&hook("page-destinations"))?;
    table.desktop.screenshot(shots("keyring.png"))?;
    let row = format!("{}[data-default=\"true\"]", hook("destination"));
    says(&app, &row, "Vault")?;
    table.desktop.activate(TITLE)?;
    table.press(&app, &format!("{row} {}", hook("dest-menu")))?;
    table.press(&app, &hook("dest-remove"))?;
    table.press(&app, &hook("confirm-yes"))?;
    count_becomes(&app, &hook("destination"), 1)?;
    wait::until_ok("the keyring to be empty", PATIENCE, || {
        let filed = table.desktop.secrets(FILED_UNDER)?;
        ensure!(filed.is_empty(), "{} are filed", filed.len());
        Ok(())
    })?;
    app.close()?;
    table.desktop.finish()
}
