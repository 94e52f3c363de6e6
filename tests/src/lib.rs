//! Whole-product tests: the built programs, driven as people and scripts drive them, judged by what lies on disk and in the
//! storage.
//!
//! Nothing of the product is linked here. What a test needs to start a program and to compare trees is in this library; the
//! servers, the broken wires and the desktop are in `windlass-testkit`.
#![cfg(unix)]

mod arrived;
mod cli;
mod server;
pub mod sources;
pub mod window;
pub mod writing;

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

pub use arrived::{compare_bucket, compare_folder, encoded};
pub use cli::{Ended, Running, Summary, Windlass};
pub use server::Server;

/// A program of this workspace.
///
/// # Errors
/// It is not built: cargo does not build programs of other packages for a test.
pub fn built(name: &str) -> Result<PathBuf> {
    let exe = env::current_exe()?;
    // target/debug/deps/this-test, or target/debug/this-program
    let folder = exe.parent().context("no folder above the test")?;
    let folder = match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().context("no folder above deps")?,
        _ => folder,
    };
    let program = folder.join(name);
    ensure!(
        program.exists(),
        "{} is not built. `cargo xtask test` builds it first; by hand: cargo build --workspace --bins",
        program.display()
    );
    Ok(program)
}
