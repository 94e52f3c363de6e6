//! The machine's floor: the work that can't be left out, and nothing else. No queue, no ledger, no proof, no progress.
//!
//! Each floor is a process of its own, so that it is measured as the product is. It uses the product's own hashes: what is
//! compared is all that stands around them.

mod copy;
mod put;
mod read;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::meter::{self, Spent};
use crate::sink::Sink;

pub(crate) use copy::{copy, stat};
pub(crate) use put::{Connection, below, put};

/// Runs the floor of sending a file or a folder.
pub(crate) fn measure_put(sink: &Sink, source: &Path, hash: bool) -> Result<Spent> {
    let mut command = inner("floor-put")?;
    command.arg(sink.address()).arg(source);
    if !hash {
        command.arg("--no-hash");
    }
    meter::run(command).context("the floor")
}

/// Runs the floor of copying a folder.
pub(crate) fn measure_copy(source: &Path, target: &Path) -> Result<Spent> {
    let mut command = inner("floor-copy")?;
    command.arg(source).arg(target);
    meter::run(command).context("the floor")
}

/// Runs the floor of looking at each file of a folder.
pub(crate) fn measure_stat(source: &Path) -> Result<Spent> {
    let mut command = inner("floor-stat")?;
    command.arg(source);
    meter::run(command).context("the floor")
}

/// This program in another role.
pub(crate) fn inner(what: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["inner", what]);
    Ok(command)
}
