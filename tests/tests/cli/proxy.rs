//! Proxies on the command line.

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, FaultProxy};
use windlass_testkit::samples;
use windlass_tests::{Windlass, compare_bucket};

use crate::folder::path;

/// A name that nobody has: only a proxy finds the way there.
const FAR: &str = "http://storage.invalid";

// J-3
#[test]
fn j3_a_bucket_is_reached_by_a_proxy_of_its_own_and_nothing_else_is() -> Result<()> {
    let (garage, mut windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let address = proxy.endpoint();
    windlass.set("WINDLASS_PROXY_PASSWORD", "open sesame");
    windlass.try_add_bucket_with("far", &garage, FAR, "")?.exits(3)?;
    let by = format!("--proxy {address} --proxy-user ann");
    windlass
        .try_add_bucket_with("far", &garage, FAR, &by)?
        .succeeds()?;
    // One that goes as all do is not sent that way.
    windlass.add_bucket("near", &garage, garage.endpoint())?;

    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), 20 << 20, 5)?;
    samples::random_file(tree.join("small.bin"), 1_000, 6)?;
    proxy.forget();
    for (group, to) in [("One", "far"), ("Two", "near")] {
        let up = ["up", "--json", "--group", group, "--to", to, path(&tree)?];
        windlass.run(&up)?.succeeds()?;
        compare_bucket(&tree, &garage.oracle()?, &format!("{group}/tree/"))?;
    }
    let ledger = proxy.ledger();
    assert_eq!(
        (ledger.stored(Call::PutPart), ledger.stored(Call::PutObject)),
        (3, 1),
        "{}",
        ledger.summary()
    );
    for seen in ledger.all() {
        ensure!(seen.path.starts_with(FAR), "{} {}", seen.method, seen.path);
        // base64 of "ann:open sesame".
        let name = (
            "proxy-authorization".to_owned(),
            "Basic YW5uOm9wZW4gc2VzYW1l".to_owned(),
        );
        ensure!(
            seen.headers.contains(&name),
            "{} {} without the name",
            seen.method,
            seen.path
        );
    }

    let said = windlass.run(&["dest", "proxy", "far"])?.succeeds()?.out;
    assert_eq!(said.trim(), format!("far goes by the proxy {address} as ann."));
    // A way that leads nowhere is not taken; the one before stays, with its password.
    windlass.run(&["dest", "proxy", "far", "none"])?.exits(3)?;
    windlass.run(&["dest", "test", "far"])?.succeeds()?;
    windlass.run(&["dest", "proxy", "far", "ftp://x:1"])?.exits(3)?;
    windlass.run(&["dest", "proxy", "far", "all"])?.exits(3)?;
    windlass.run(&["dest", "test", "far"])?.succeeds()?;
    // Of a bucket that all reach, the choice is taken back.
    windlass.run(&["dest", "proxy", "near", "none"])?.succeeds()?;
    let said = windlass.run(&["dest", "proxy", "near"])?.succeeds()?.out;
    assert_eq!(said.trim(), "near goes by no proxy.");
    windlass.run(&["dest", "proxy", "near", "all"])?.succeeds()?;
    let said = windlass.run(&["dest", "proxy", "near"])?.succeeds()?.out;
    assert_eq!(said.trim(), "near goes by the proxy of all the others.");
    Ok(())
}
