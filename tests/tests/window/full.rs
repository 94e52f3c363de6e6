//! The disk of the queue, full while a group goes.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::mounts::may_mount;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_bucket;
use windlass_tests::window::{Table, UPLOAD, group_becomes, hook, says, turn};

use super::shots;

/// Takes what is left of a disk, to the last block.
fn fill(filler: &Path) -> Result<()> {
    let mut file = File::create(filler)?;
    for piece in [1 << 20, 4096, 1] {
        while file.write_all(&vec![7; piece]).is_ok() {}
    }
    ensure!(file.metadata()?.len() > 0, "there was no room from the start");
    Ok(())
}

/// A disk that only this test sees.
fn mount_small(at: &Path) -> Result<()> {
    fs::create_dir_all(at)?;
    let made = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=32m,mode=700", "none"])
        .arg(at)
        .output()
        .context("mount")?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}

// F023, I-7, I11, H-5: the card says whose disk is full; with room there it goes on by itself, and all of it is proved.
#[test]
fn f023_a_disk_of_the_queue_that_fills_up_is_told_on_the_card_and_with_room_it_goes_on() -> Result<()> {
    let outside = turn();
    if !may_mount(
        "full::f023_a_disk_of_the_queue_that_fills_up_is_told_on_the_card_and_with_room_it_goes_on",
    )? {
        return Ok(());
    }
    drop(outside);
    let (garage, table) = (Garage::start()?, Table::lay()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let (data, things) = (table.windlass.data(), table.windlass.dir().join("things"));
    mount_small(&data)?;
    table.windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    samples::random_file(things.join("long.mov"), 5 * (8 << 20), 1_900)?;
    for number in 0..30 {
        samples::random_file(
            things.join(format!("takes/{number}.wav")),
            300_000,
            1_901 + number,
        )?;
    }
    let app = table.open_past_first_run()?;
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutPart));
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutObject));
    proxy.forget();
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    // So many files are told of before a byte moves.
    app.click(&hook("preflight-accept"))?;
    proxy.wait_for("the first of it", UPLOAD, |ledger| {
        ledger.count(Call::PutPart) + ledger.count(Call::PutObject) > 0
    })?;
    let filler = data.join("filler");
    fill(&filler)?;
    gate.open();

    app.attribute_becomes(&hook("reasons"), "data-reasons", UPLOAD, |now| {
        now == "queue_disk_full"
    })
    .with_context(|| table.log())?;
    says(&app, &hook("reasons"), "This computer’s disk is full.")?;
    wait::until_ok("the tray to say so", PATIENCE, || {
        let menu = table.desktop.tray_menu()?;
        let label = "Paused: this computer's disk is full";
        ensure!(menu.iter().any(|item| item.label == label), "{menu:?}");
        Ok(())
    })?;
    table.desktop.screenshot(shots("disk-full.png"))?;

    fs::remove_file(&filler)?;
    group_becomes(&app, "done").with_context(|| table.log())?;
    compare_bucket(&things, &garage.oracle()?, "things/")?;
    app.click(&hook("btn-receipt"))?;
    says(&app, &hook("receipt"), "31 files proved at the destination")?;
    let again = proxy.ledger().sent_again();
    ensure!(again.is_empty(), "the storage had these parts already: {again:?}");
    app.close()?;
    table.desktop.finish()
}
