//! `windlass`, the release build, in a home of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use crate::data::Data;
use crate::meter::{self, Spent};
use crate::sink::{BUCKET, Sink};

/// The name of the only destination.
const DESTINATION: &str = "there";

/// A computer on which nothing was uploaded yet.
pub(crate) struct Product {
    dir: TempDir,
}

/// The last line of `windlass up --json`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Summary {
    pub(crate) files: u64,
    pub(crate) deduplicated: u64,
    pub(crate) unchanged: u64,
    pub(crate) failed: u64,
    pub(crate) rejected: u64,
    pub(crate) bytes_sent: u64,
    /// Inside the program, without its start and end.
    pub(crate) seconds: f64,
}

/// The program; built by `cargo xtask bench`.
pub(crate) fn program() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("windlass");
    ensure!(
        program.exists(),
        "{} is not built: cargo build --release -p windlass-cli",
        program.display()
    );
    Ok(program)
}

impl Product {
    /// With the sink as destination.
    pub(crate) fn to_sink(data: &Data, sink: &Sink) -> Result<Self> {
        let product = Self { dir: data.scratch()? };
        let mut command = product.command()?;
        command
            .args([
                "dest",
                "add",
                DESTINATION,
                "--s3",
                &sink.endpoint(),
                "--bucket",
                BUCKET,
            ])
            .args(["--region", "here", "--path-style", "--secrets-file"])
            .env("AWS_ACCESS_KEY_ID", "bench")
            .env("AWS_SECRET_ACCESS_KEY", "benchbenchbench");
        meter::run(command).context("the sink was not taken as destination")?;
        Ok(product)
    }

    /// With a folder as destination.
    pub(crate) fn to_folder(data: &Data) -> Result<Self> {
        let product = Self { dir: data.scratch()? };
        let target = product.target();
        std::fs::create_dir(&target)?;
        let mut command = product.command()?;
        command
            .args(["dest", "add", DESTINATION, "--folder"])
            .arg(&target);
        meter::run(command).context("the folder was not taken as destination")?;
        Ok(product)
    }

    /// The folder that is the destination.
    pub(crate) fn target(&self) -> PathBuf {
        self.dir.path().join("target")
    }

    /// No SHA-256 for this destination; CRC64NVME alone proves.
    pub(crate) fn without_content_hash(self) -> Result<Self> {
        let queue = rusqlite::Connection::open(self.home().join("queue.sqlite"))?;
        let changed = queue.execute("UPDATE destination SET content_hash = 'never'", [])?;
        ensure!(changed == 1, "{changed} destinations");
        Ok(self)
    }

    /// `windlass up`, ready to be started.
    pub(crate) fn up(&self, source: &Path) -> Result<Command> {
        let mut command = self.command()?;
        command.args(["up", "--json", "--to", DESTINATION]).arg(source);
        Ok(command)
    }

    /// `windlass resume`, ready to be started.
    pub(crate) fn resume(&self) -> Result<Command> {
        let mut command = self.command()?;
        command.args(["resume", "--json"]);
        Ok(command)
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(program()?);
        command
            .env("WINDLASS_HOME", self.home())
            .env("HOME", self.dir.path())
            .env("XDG_RUNTIME_DIR", self.dir.path())
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("RUST_LOG");
        Ok(command)
    }
}

/// Runs an `up` that must take in `files` files and leave none behind.
pub(crate) fn measured(up: Command, files: u64) -> Result<(Spent, Summary)> {
    let spent = meter::run(up)?;
    let last = spent
        .out
        .lines()
        .rfind(|line| !line.is_empty())
        .context("windlass printed nothing")?;
    let summary: Summary = serde_json::from_str(last).with_context(|| format!("no summary: {last}"))?;
    ensure!(
        summary.files == files && summary.failed + summary.rejected == 0,
        "not all was uploaded: {summary:?}"
    );
    Ok((spent, summary))
}
