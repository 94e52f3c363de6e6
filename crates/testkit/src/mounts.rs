//! For tests that mount file systems, which only root may do: the test runs again by itself in a user and mount namespace of
//! its own, where it is root. What it mounts goes with it, also when it is killed.

use std::env;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Names the test that runs inside.
const INSIDE: &str = "WINDLASS_TEST_MAY_MOUNT";

/// True inside, where the test does its work. Outside, the test of this path (`module::name`) is run inside, and the answer is
/// false when it has passed there.
///
/// # Errors
/// It failed inside, or there are no namespaces for users on this machine.
pub fn may_mount(test: &str) -> Result<bool> {
    if env::var_os(INSIDE).is_some_and(|inside| inside == test) {
        return Ok(true);
    }
    let ended = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--"])
        .arg(env::current_exe()?)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, test)
        .output()
        .context("unshare (package util-linux) is missing")?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    ensure!(
        ended.status.success(),
        "{test} failed where it may mount:\n{said}"
    );
    ensure!(
        said.contains("1 passed"),
        "{test} is not the path of a test:\n{said}"
    );
    Ok(false)
}
