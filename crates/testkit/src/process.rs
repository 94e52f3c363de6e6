//! Starting other programs so that none outlives the test, however the test ends.

use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use std::{fs, io, thread};

use anyhow::{Context as _, Result};

use crate::wait;

/// A command whose process the kernel ends when the test program dies. To be started by [`spawn`].
#[must_use]
pub fn command(program: impl AsRef<Path>) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program.as_ref());
        command
    } else {
        Command::new(program.as_ref())
    }
}

type Order = (Command, SyncSender<io::Result<Child>>);

/// Starts a command of [`command`].
///
/// Linux ends such a process with the *thread* that started it, and each test has its own thread. So one thread, which
/// lives as long as the program, starts them all.
///
/// # Errors
/// The program can't be started.
pub fn spawn(command: Command) -> Result<Child> {
    static SPAWNER: OnceLock<SyncSender<Order>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, taken): (SyncSender<Order>, Receiver<Order>) = sync_channel(16);
        thread::spawn(move || {
            for (mut command, answer) in taken {
                // The one who asked may be gone; then the child is not waited for, and ends with the program.
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let shown = format!("{command:?}");
    let (answer, answered) = sync_channel(1);
    spawner
        .send((command, answer))
        .context("the starting thread is gone")?;
    answered
        .recv()
        .context("the starting thread is gone")?
        .with_context(|| format!("cannot start {shown}"))
}

/// Waits for the end, not longer than `patience`; whoever is too slow is killed.
///
/// # Errors
/// It had to be killed, or can't be waited for.
pub fn wait_for_end(child: &mut Child, what: &str, patience: Duration) -> Result<ExitStatus> {
    let ended = wait::until_ok(&format!("the end of {what}"), patience, || {
        child.try_wait()?.context("it still runs")
    });
    if ended.is_err() {
        kill(child);
    }
    ended
}

/// `kill -9`, and takes its exit status so that no zombie stays.
pub fn kill(child: &mut Child) {
    // Both fail only when it has ended already.
    let _ = child.kill();
    let _ = child.wait();
}

/// A running process that was found by its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub pid: i32,
    /// Its program, as the kernel knows it.
    pub exe: String,
}

/// All processes that were started with `name=value` in their environment, by whomever. Zombies have none.
#[must_use]
pub fn with_env(name: &str, value: &str) -> Vec<Found> {
    let wanted = format!("{name}={value}");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        let Ok(environ) = fs::read(entry.path().join("environ")) else {
            continue;
        };
        if environ
            .split(|byte| *byte == 0)
            .any(|one| one == wanted.as_bytes())
        {
            let exe = fs::read_link(entry.path().join("exe")).map(|exe| exe.display().to_string());
            found.push(Found {
                pid,
                exe: exe.unwrap_or_default(),
            });
        }
    }
    found.sort_by_key(|process| process.pid);
    found
}

/// `kill -9` by number.
pub fn kill_pid(pid: i32) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// As [`command`], for a process whom file permissions hold back: where the test is root, without the right to pass them.
#[must_use]
pub fn command_without_privilege(program: impl AsRef<Path>) -> Command {
    if !rustix::process::geteuid().is_root() {
        return command(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--pdeathsig",
            "KILL",
            "--bounding-set",
            "-dac_override,-dac_read_search",
            "--",
        ])
        .arg(program.as_ref());
    command
}

/// What Ctrl+C sends.
///
/// # Errors
/// The process has ended.
pub fn interrupt(child: &Child) -> Result<()> {
    signal(child, rustix::process::Signal::INT)
}

/// What Ctrl+Z sends, in the way that nobody can catch: it stands still until it is thawed.
///
/// # Errors
/// The process has ended.
pub fn freeze(child: &Child) -> Result<()> {
    signal(child, rustix::process::Signal::STOP)
}

/// It goes on.
///
/// # Errors
/// The process has ended.
pub fn thaw(child: &Child) -> Result<()> {
    signal(child, rustix::process::Signal::CONT)
}

fn signal(child: &Child, signal: rustix::process::Signal) -> Result<()> {
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .context("no pid")?;
    rustix::process::kill_process(pid, signal).context("it has ended")
}
