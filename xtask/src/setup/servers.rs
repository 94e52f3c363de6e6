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
        "Garage {GARAGE} is compiled into {}: about 7 minutes on two cores, once a machine",
        root.display()
    );
    // What the tests ask of it, and half of the optimizing.
    cargo("install garage --locked --quiet --no-default-features --features bundled-libs,sqlite --version")
        .arg(GARAGE)
        .arg("--root")
        .arg(&root)
        .args(["--config", "profile.release.opt-level=1"])
        .go()?;
    Ok(Outcome::Done)
}
