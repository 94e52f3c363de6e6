//! `check`, the quick round, and `test`, everything.
//!
//! All of `test` compiles one set: the same packages, targets and features in each call of cargo, so that nothing is
//! compiled a second time because a feature differs.

use anyhow::Result;

use crate::command::{Run, cargo, npm};
use crate::setup::{self, For};
use crate::steps::{Outcome, Steps};
use crate::{generate, policy};

/// `cargo xtask check`
pub(crate) fn quick() -> Result<()> {
    let mut steps = Steps::new();
    setup::all(&mut steps, For::Build)?;
    steps.step("format", || cargo("fmt --all --check").go())?;
    steps.step("page: types", || npm("run check").go())?;
    steps.step("page: lint", || npm("run lint").go())?;
    steps.step("clippy", clippy)?;
    steps.step("tests of core", || cargo("test -p windlass-core").go())?;
    steps.finish();
    Ok(())
}

/// `cargo xtask test`
pub(crate) fn everything() -> Result<()> {
    let mut steps = Steps::new();
    steps.step("room on the disk", setup::room)?;
    steps.step("format", || cargo("fmt --all --check").go())?;
    setup::all(&mut steps, For::Test)?;
    steps.step("page: types", || npm("run check").go())?;
    steps.step("page: lint", || npm("run lint").go())?;
    steps.step("page: tests", || npm("run test").go())?;
    steps.step("page: accessibility", || npm("run axe").go())?;
    steps.step("page: in a browser", || npm("run browser").go())?;
    steps.step("page: pictures", || npm("run looks").go())?;
    steps.step("clippy", clippy)?;
    // Test programs of one package run programs of another, which `cargo test` alone would not build.
    steps.step("build", || locked(cargo("build --workspace --all-targets")).go())?;
    steps.step("contract_is_current", || {
        generate::check(locked(cargo("test --workspace --lib")))
    })?;
    steps.step("tests", || locked(cargo("test --workspace --no-fail-fast")).go())?;
    steps.step("licences and sources", || {
        if !policy::is_installed() {
            return Ok(Outcome::Skipped(
                "cargo-deny is not installed; `cargo xtask deny` installs and runs it".to_owned(),
            ));
        }
        policy::cargo_deny().map(Outcome::from)
    })?;
    steps.finish();
    Ok(())
}

fn clippy() -> Result<()> {
    locked(cargo("clippy --workspace --all-targets"))
        .args(["--", "-D", "warnings"])
        .go()
}

/// In CI the lock file is the truth; at a desk a changed `Cargo.toml` may still write it.
fn locked(run: Run) -> Run {
    if std::env::var_os("CI").is_some() {
        run.arg("--locked")
    } else {
        run
    }
}
