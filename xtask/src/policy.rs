//! `cargo xtask deny`: licences, sources and known faults of what this product is made from.

use std::path::PathBuf;

use anyhow::Result;

use crate::command::{Run, cargo, npm};
use crate::paths;
use crate::steps::{Outcome, Steps};

/// Compiled from source, minutes of it: not part of `test`.
const CARGO_DENY: &str = "^0.20";

pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new();
    steps.step("install cargo-deny", || {
        if is_installed() {
            return Ok(Outcome::Skipped("it is there".to_owned()));
        }
        cargo("install cargo-deny --locked --quiet --version")
            .arg(CARGO_DENY)
            .arg("--root")
            .arg(root())
            .go()?;
        Ok(Outcome::Done)
    })?;
    steps.step("licences, bans and sources", cargo_deny)?;
    steps.step("known faults in npm packages", npm_audit)?;
    steps.finish();
    Ok(())
}

/// Of what goes into the page; tools of the build are left out.
fn npm_audit() -> Result<Outcome> {
    match npm("audit --omit=dev").output() {
        Ok(said) => {
            print!("{said}");
            Ok(Outcome::Done)
        }
        // Mirrors of the registry often serve packages only.
        Err(why) if why.to_string().contains("audit endpoint returned an error") => Ok(Outcome::Skipped(
            "the registry in use answers no audits".to_owned(),
        )),
        Err(why) => Err(why),
    }
}

/// `deny.toml` says what is allowed. Advisories are left out: their database is no registry package, and a run offline
/// must pass.
pub(crate) fn cargo_deny() -> Result<()> {
    let own = binary();
    let run = if own.exists() {
        Run::program(own)
    } else {
        Run::program("cargo-deny")
    };
    run.args(["--all-features", "check", "bans", "licenses", "sources"])
        .go()
}

pub(crate) fn is_installed() -> bool {
    binary().exists() || Run::new("cargo-deny --version").works()
}

fn root() -> PathBuf {
    paths::tools().join("cargo-deny")
}

fn binary() -> PathBuf {
    root()
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX))
}
