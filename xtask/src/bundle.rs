//! What is built for others: packages, and measurements. Both in the release profile.

use anyhow::{Result, ensure};

use crate::command::{Run, cargo};
use crate::paths;
use crate::setup::{self, For};
use crate::steps::Steps;

/// `cargo xtask bundle`: a .deb and a .rpm. Neither needs its own tools on this machine.
pub(crate) fn bundle() -> Result<()> {
    let mut steps = Steps::new();
    setup::all(&mut steps, For::Build)?;
    steps.step("build the packages", || {
        let tauri = paths::ui().join("node_modules/.bin/tauri");
        ensure!(
            tauri.exists(),
            "{} is missing: @tauri-apps/cli belongs in ui/package.json",
            tauri.display()
        );
        Run::program(tauri).args(["build", "--bundles", "deb,rpm"]).go()
    })?;
    steps.finish();
    println!(
        "\nThe packages are in {}",
        paths::target().join("release/bundle").display()
    );
    Ok(())
}

/// `cargo xtask bench`
pub(crate) fn bench(args: &[String]) -> Result<()> {
    let mut steps = Steps::new();
    steps.step("build the windlass that is measured", || {
        cargo("build --release -p windlass-cli").go()
    })?;
    steps.step("measure", || {
        cargo("run --release -p windlass-benches --").args(args).go()
    })?;
    steps.finish();
    Ok(())
}
