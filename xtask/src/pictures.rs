//! `cargo xtask pictures`: the pictures of the guide, taken anew of the real window.
//!
//! The tests that drive the window on a virtual display look at it on their way. Here they run, and what they saw is cut to the
//! window, made small, and put where the guide shows it. So a picture is never of something that the program does not do.

use std::fs;

use anyhow::{Result, ensure};

use crate::command::{Run, cargo};
use crate::paths;
use crate::setup::{self, For};
use crate::steps::Steps;

const FOLDER: &str = "docs/guide/pictures";

/// Tests that take them, by the beginning of their names.
const TESTS: &[&str] = &[
    "pictures::",
    "c4_a_file_and_a_folder_dragged",
    "h6_history",
    "e1_a_folder_watched",
];

/// The guide's name of a picture, and the test's.
const PICTURES: &[(&str, &str)] = &[
    ("first-run", "first-run-light"),
    ("drag", "drag-light"),
    ("uploading", "uploading-light"),
    ("uploading-dark", "uploading-dark"),
    ("done", "done-light"),
    ("preflight", "preflight"),
    ("receipt", "proved"),
    ("relaunch", "relaunch-light"),
    ("watched", "explain"),
];

/// A picture with nothing but the window on it.
const ALONE: &str = "empty-light";

/// All of them together.
const MOST_BYTES: u64 = 1_500_000;

pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new();
    setup::all(&mut steps, For::Test)?;
    steps.step("build", || {
        cargo("build -p windlass-desktop -p windlass-cli").go()
    })?;
    let seen = paths::target().join("tmp/window");
    steps.step("drive the window", || {
        cargo("test -p windlass-tests --test window --").args(TESTS).go()
    })?;
    steps.step("make them small", || {
        let folder = paths::root().join(FOLDER);
        fs::create_dir_all(&folder)?;
        let mut bytes = 0;
        // The bare screen around the window is black, and the window opens at one place: what it is dragged from stands beside it.
        let frame = Run::program("convert")
            .arg(seen.join(format!("{ALONE}.png")))
            .args(["-format", "%@", "info:"])
            .output()?;
        for (name, test) in PICTURES {
            let to = folder.join(format!("{name}.png"));
            // A palette is a quarter of the size and looks the same.
            Run::program("convert")
                .arg(seen.join(format!("{test}.png")))
                .args(["-crop", frame.trim(), "+repage", "-resize", "1000x>"])
                .args(["+dither", "-colors", "128"])
                .args(["-strip", "-define", "png:compression-level=9"])
                .arg(format!("PNG8:{}", to.display()))
                .go()?;
            bytes += fs::metadata(&to)?.len();
        }
        println!("{} pictures, {} kB, in {FOLDER}", PICTURES.len(), bytes / 1000);
        ensure!(
            bytes < MOST_BYTES,
            "the pictures have {bytes} bytes, more than {MOST_BYTES}"
        );
        Ok(())
    })?;
    steps.finish();
    Ok(())
}
