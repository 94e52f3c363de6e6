//! What has to be on a machine before a build or a test, and getting it there.

mod debian;
mod page;
mod room;
mod servers;

use anyhow::Result;
pub(crate) use room::look as room;

use crate::steps::{Outcome, Steps};

/// What it is set up for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Build,
    Test,
    /// Holding packages against the rules of their kind.
    Packages,
}

/// `cargo xtask setup [--test]`
pub(crate) fn run(test: bool) -> Result<()> {
    let mut steps = Steps::new();
    all(&mut steps, if test { For::Test } else { For::Build })?;
    steps.finish();
    Ok(())
}

/// The system's packages alone.
pub(crate) fn system(what: For) -> Result<Outcome> {
    debian::install(what)
}

/// The steps of set-up, in a verb that goes on after them.
pub(crate) fn all(steps: &mut Steps, what: For) -> Result<()> {
    steps.step("set up: system packages", || debian::install(what))?;
    steps.step("set up: the page's packages", page::install)?;
    steps.step("set up: build the page", page::build)?;
    if what == For::Test {
        steps.step("set up: uploaders of other people", page::install_foreign)?;
        steps.step("set up: storage server for tests", servers::install)?;
    }
    Ok(())
}
