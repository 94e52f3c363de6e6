//! Runs a program to its end and tells what it cost.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use wait4::Wait4 as _;

/// What a program cost.
#[derive(Debug, Clone)]
pub(crate) struct Spent {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system, all its threads and the programs it waited for.
    pub(crate) cpu: Duration,
    /// The most memory that it had at once, in bytes. A small program shows at least what this one has, which is therefore kept
    /// small.
    pub(crate) peak: u64,
    /// What it printed.
    pub(crate) out: String,
}

impl Spent {
    pub(crate) fn seconds(&self) -> f64 {
        self.wall.as_secs_f64()
    }
}

/// Runs it.
///
/// # Errors
/// It can't be started, or ends badly.
pub(crate) fn run(mut command: Command) -> Result<Spent> {
    // Pages that something else left to be written would be written on this program's time.
    rustix::fs::sync();
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?);
    let began = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let ended = child.wait4()?;
    let wall = began.elapsed();
    let said = text(&mut out)?;
    ensure!(
        ended.status.success(),
        "{}: {}\n{}",
        command.get_program().display(),
        ended.status,
        last_lines(&format!("{said}{}", text(&mut err)?))
    );
    Ok(Spent {
        wall,
        cpu: ended.rusage.utime + ended.rusage.stime,
        peak: ended.rusage.maxrss,
        out: said,
    })
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(10)..)
        .unwrap_or_default()
        .join("\n")
}
