//! Waiting for something to become true, never longer than said.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a test waits for what takes milliseconds on a free machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks again and again until there is a value.
///
/// # Errors
/// Nothing came within `patience`; the message names `what`.
pub fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    until_ok(what, patience, || {
        look().ok_or_else(|| anyhow::anyhow!("not yet"))
    })
}

/// As [`until`], for a look that can fail: an error counts as not yet, and the last one is told.
///
/// # Errors
/// Nothing came within `patience`.
pub fn until_ok<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        match look() {
            Ok(value) => return Ok(value),
            Err(last) if began.elapsed() > patience => {
                bail!("{what}: not within {patience:?} (last: {last:#})")
            }
            Err(_) => thread::sleep(LOOK_EVERY),
        }
    }
}
