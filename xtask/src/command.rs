//! Running other programs: said before, judged by their exit status.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::paths;

/// A program with its arguments, run in the repository's root unless told otherwise.
pub(crate) struct Run {
    command: Command,
    shown: String,
}

impl Run {
    /// `line` is split at spaces: for commands that are written here, not for what people type.
    pub(crate) fn new(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut run = Self::program(words.next().unwrap_or_default());
        for word in words {
            run = run.arg(word);
        }
        run
    }

    pub(crate) fn program(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program.as_ref());
        command.current_dir(paths::root());
        let program = Path::new(program.as_ref());
        let shown = program
            .strip_prefix(paths::root())
            .unwrap_or(program)
            .display()
            .to_string();
        Self { command, shown }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        let _ = write!(self.shown, " {}", arg.as_ref().display());
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Runs it with this program's own output.
    pub(crate) fn go(mut self) -> Result<()> {
        println!("$ {}", self.shown);
        let status = self
            .command
            .stdin(Stdio::null())
            .status()
            .with_context(|| self.cannot_start())?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.shown);
        }
        Ok(())
    }

    /// Runs it with input and output of this program's own, for a window or a command that a person works with.
    pub(crate) fn hand_over(mut self) -> Result<()> {
        println!("$ {}", self.shown);
        let status = self.command.status().with_context(|| self.cannot_start())?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.shown);
        }
        Ok(())
    }

    /// Runs it and returns what it printed; shown only when it fails.
    pub(crate) fn output(mut self) -> Result<String> {
        let out = self
            .command
            .stdin(Stdio::null())
            .output()
            .with_context(|| self.cannot_start())?;
        if !out.status.success() {
            bail!(
                "`{}` failed ({})\n{}{}",
                self.shown,
                out.status,
                String::from_utf8_lossy(&out.stdout),
                String::from_utf8_lossy(&out.stderr)
            );
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Whether it starts and ends well; says nothing.
    pub(crate) fn works(mut self) -> bool {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn cannot_start(&self) -> String {
        format!("cannot start `{}`", self.shown)
    }
}

/// The cargo that runs this program.
pub(crate) fn cargo(line: &str) -> Run {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut run = Run::program(cargo);
    run.shown = "cargo".to_owned();
    // `cargo run` tells us about the package of this program; the next cargo must not take that for its own.
    for name in [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION",
    ] {
        run.command.env_remove(name);
    }
    line.split_whitespace().fold(run, Run::arg)
}

/// npm, in the page's folder.
pub(crate) fn npm(line: &str) -> Run {
    line.split_whitespace()
        .fold(Run::program("npm"), Run::arg)
        .dir(paths::ui())
}
