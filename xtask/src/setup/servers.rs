//! Garage, a real S3 server that compiles from the package registry. Only the tests use it.

use anyhow::Result;

use crate::command::cargo;
use crate::paths;
use crate::steps::Outcome;

/// `windlass-testkit` asks for this version by its folder.
const GARAGE: &str = "2.5.0";

pub(super) fn install() -> Result<Outcome> {
    let root = paths::tools().join(format!("garage-{GARAGE}"));
    let binary = root.join("bin/garage");
    if binary.exists() {
        return Ok(Outcome::Skipped(format!("{} is there", binary.display())));
    }
    println!(
        "Garage {GARAGE} is compiled into {}: about 10 minutes on two cores, once a machine",
        root.display()
    );
    cargo("install garage --locked --quiet --version")
        .arg(GARAGE)
        .arg("--root")
        .arg(&root)
        .go()?;
    Ok(Outcome::Done)
}
