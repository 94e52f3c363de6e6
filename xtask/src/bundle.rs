//! What is built for others: packages, and measurements. Both in the release profile.

mod check;
mod files;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Result, ensure};

use crate::command::{Run, cargo};
use crate::paths;
use crate::setup::{self, For};
use crate::steps::{Outcome, Steps};

/// What packs: the program's own version of Tauri.
const TAURI_CLI: &str = "@tauri-apps/cli@2.12.5";

/// What Tauri makes an AppImage with. It fetches them itself where it may; here nothing is fetched behind one's back.
const APPIMAGE_TOOLS: &[&str] = &["linuxdeploy-x86_64.AppImage", "AppRun-x86_64"];

/// `cargo xtask bundle [--check]`: what this system's people install, with the window and the command line.
///
/// Linux: a .deb and a .rpm, and an AppImage where its tools are; `check` then holds the packages against the rules of
/// their kind, installs the .deb in a fresh Debian, and starts both programs there. macOS: an .app in a .dmg; Windows: an
/// installer.
pub(crate) fn bundle(check: bool) -> Result<()> {
    ensure!(
        !check || cfg!(target_os = "linux"),
        "`bundle --check` installs a .deb, so it is for Linux"
    );
    let mut steps = Steps::new();
    setup::all(&mut steps, For::Build)?;
    // Both at once: one after the other they would want the same crates with other features.
    steps.step("build the window and the command line", || {
        cargo("build --release -p windlass-desktop -p windlass-cli").go()
    })?;
    steps.step("build the packages", pack)?;
    let bundles = paths::target().join("release/bundle");
    steps.step("AppImage", || {
        Ok(match appimage_tools() {
            _ if !cfg!(target_os = "linux") => Outcome::Skipped("it is for Linux".to_owned()),
            Some(_) => Outcome::Done,
            None => Outcome::Skipped(format!(
                "not made: {} are not in Tauri's cache",
                APPIMAGE_TOOLS.join(", ")
            )),
        })
    })?;
    if check {
        check::all(&mut steps, &bundles)?;
    }
    steps.finish();
    println!("\nThe packages are in {}", bundles.display());
    Ok(())
}

fn pack() -> Result<()> {
    let tools = paths::target().join("tauri-cli");
    // Not among the page's packages: its many platforms don't survive a lock file that was written on one of them.
    Run::program("npm")
        .args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(&tools)
        .arg(TAURI_CLI)
        .go()?;
    let built = |name: &str| {
        paths::target()
            .join("release")
            .join(format!("{name}{}", env::consts::EXE_SUFFIX))
    };
    let (windlass, window) = (built("windlass"), built("windlass-desktop"));
    let script = if cfg!(windows) { "tauri.cmd" } else { "tauri" };
    let tauri = Run::program(tools.join("node_modules/.bin").join(script)).arg("bundle");
    if !cfg!(target_os = "linux") {
        return tauri.arg("--config").arg(beside_the_window(&windlass)?).go();
    }
    let kinds = match appimage_tools() {
        Some(_) => "deb,rpm,appimage",
        None => "deb,rpm",
    };
    tauri
        .args(["--bundles", kinds, "--config"])
        .arg(files::configuration(&windlass, &window)?)
        .go()
}

/// On macOS and Windows the command line lies beside the window's program. Tauri wants the platform in its name.
fn beside_the_window(windlass: &Path) -> Result<PathBuf> {
    let host = Run::new("rustc --print host-tuple").output()?;
    let named = paths::target().join(format!(
        "release/bundle-files/windlass-{}{}",
        host.trim(),
        env::consts::EXE_SUFFIX
    ));
    if let Some(folder) = named.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(windlass, &named)?;
    let without_platform = paths::target().join("release/bundle-files/windlass");
    files::write(&serde_json::json!({ "bundle": { "externalBin": [without_platform] } }))
}

/// The folder with the tools for an AppImage, when all are in it.
fn appimage_tools() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    let folder = cache.join("tauri");
    APPIMAGE_TOOLS
        .iter()
        .all(|tool| folder.join(tool).exists())
        .then_some(folder)
}

/// `cargo xtask bench`
pub(crate) fn bench(args: &[String]) -> Result<()> {
    let mut steps = Steps::new();
    if let Some((first, rest)) = args.split_first()
        && first == "--window"
    {
        return window_figures(steps, rest);
    }
    steps.step("build the windlass that is measured", || {
        cargo("build --release -p windlass-cli").go()
    })?;
    steps.step("measure", || {
        cargo("run --release -p windlass-benches --").args(args).go()
    })?;
    steps.finish();
    Ok(())
}

/// A release answers nobody who would drive its page. What is measured is built as a release is, except that the one crate with
/// that wall is told that it is for tests; cargo keeps the two apart, so that the next bundle has none of it.
const DRIVEN: &str = "profile.release.package.windlass-desktop.debug-assertions=true";

fn window_figures(mut steps: Steps, args: &[String]) -> Result<()> {
    setup::all(&mut steps, For::Test)?;
    steps.step("build the window that is measured", || {
        cargo("build --release -p windlass-desktop -p windlass-cli --config")
            .arg(DRIVEN)
            .go()
    })?;
    // Apart from them: together they would want the same crates with other features.
    steps.step("build what measures it", || {
        cargo("build --release -p windlass-tests --bins").go()
    })?;
    steps.step("measure the window", || {
        Run::program(paths::target().join("release/window-figures"))
            .args(args)
            .go()
    })?;
    steps.finish();
    Ok(())
}
