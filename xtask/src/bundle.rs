//! What is built for others: packages, and measurements. Both in the release profile.

use std::path::Path;

use anyhow::Result;

use crate::command::{Run, cargo};
use crate::paths;
use crate::setup::{self, For};
use crate::steps::Steps;

/// What packs: the program's own version of Tauri.
const TAURI_CLI: &str = "@tauri-apps/cli@2.12.5";

/// `cargo xtask bundle`: a .deb and a .rpm, with the window and the command line. Neither needs its own tools on this
/// machine.
pub(crate) fn bundle() -> Result<()> {
    let mut steps = Steps::new();
    setup::all(&mut steps, For::Build)?;
    steps.step("build the command line", || {
        cargo("build --release -p windlass-cli").go()
    })?;
    steps.step("build the packages", || {
        let tools = paths::target().join("tauri-cli");
        // Not among the page's packages: its many platforms don't survive a lock file that was written on one of them.
        Run::program("npm")
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&tools)
            .arg(TAURI_CLI)
            .go()?;
        let tauri = tools.join("node_modules/.bin/tauri");
        let more = with_the_command_line(&paths::target().join("release/windlass"));
        Run::program(tauri)
            .args(["build", "--bundles", "deb,rpm", "--config", &more])
            .go()
    })?;
    steps.finish();
    println!(
        "\nThe packages are in {}",
        paths::target().join("release/bundle").display()
    );
    Ok(())
}

/// What the packages hold beside the window. Said here and not in tauri.conf.json, for only here it is known where it was
/// built.
fn with_the_command_line(program: &Path) -> String {
    let files = serde_json::json!({ "/usr/bin/windlass": program });
    let packages = serde_json::json!({ "deb": { "files": files }, "rpm": { "files": files } });
    serde_json::json!({ "bundle": { "linux": packages } }).to_string()
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
