//! `oidc-provider`, certified for OpenID Connect, started as its makers ship it, and a person with a browser. `cargo xtask
//! setup --test` brings it; see `tests/foreign/oidc`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::process;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign/oidc")
}

/// The provider; ends with its value.
pub struct Provider {
    issuer: String,
    child: Child,
    /// Open as long as it runs: it has more to say.
    _says: BufReader<ChildStdout>,
}

impl Provider {
    /// Starts one; what the variables are for stands in `provider.mjs`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(variables: &[(&str, &str)]) -> Result<Self> {
        let mut command = process::command("node");
        command
            .current_dir(folder())
            .arg("provider.mjs")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = process::spawn(command)?;
        let mut line = String::new();
        let out = child.stdout.take().context("its output")?;
        let mut says = BufReader::new(out);
        says.read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line)
            .with_context(|| format!("it says {line:?}; was it set up? cargo xtask setup --test"))?;
        let issuer = told["issuer"].as_str().context("no address")?.to_owned();
        Ok(Self {
            issuer,
            child,
            _says: says,
        })
    }

    /// Its address.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        process::kill(&mut self.child);
    }
}

/// What somebody does with the address that they were shown: signs in and says yes, or no. Answers the title of the last
/// page.
///
/// # Errors
/// The pages lead nowhere.
pub fn person(address: &str, login: &str, answer: &str) -> Result<String> {
    let ended = std::process::Command::new("node")
        .current_dir(folder())
        .args(["person.mjs", address, login, answer])
        .output()?;
    ensure!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let told: Value = serde_json::from_slice(&ended.stdout)?;
    Ok(told["title"].as_str().unwrap_or_default().to_owned())
}
