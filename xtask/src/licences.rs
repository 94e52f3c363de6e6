//! `cargo xtask licences`: what the program is built from, for its About page: name, version, licence.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::command::cargo;
use crate::paths;

const FILE: &str = "ui/src/assets/licences.json";
/// Packages of the page that end up in it; the others only build it.
const PAGE: &[&str] = &["@tauri-apps/api", "svelte", "uplot"];

pub(crate) fn run(check_only: bool) -> Result<()> {
    let text = all()?;
    let path = paths::root().join(FILE);
    if !check_only {
        fs::write(&path, &text)?;
        println!("{} packages in {FILE}", text.lines().count().saturating_sub(2));
    } else if fs::read_to_string(&path).unwrap_or_default() != text {
        bail!("{FILE} is not what is built in. Run `cargo xtask licences`");
    }
    Ok(())
}

/// One line a package, sorted.
fn all() -> Result<String> {
    let metadata = cargo("metadata --format-version 1 --locked").output()?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let mut found: BTreeMap<(String, String), String> = BTreeMap::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        // Those without a source are ours.
        if package["source"].is_null() {
            continue;
        }
        let text = |key: &str| package[key].as_str().unwrap_or("see its source").to_owned();
        found.insert((text("name"), text("version")), text("license"));
    }
    for name in PAGE {
        let path = paths::root()
            .join("ui/node_modules")
            .join(name)
            .join("package.json");
        let package: Value = serde_json::from_str(
            &fs::read_to_string(&path).with_context(|| format!("{}: run `npm ci` in ui/", path.display()))?,
        )?;
        let text = |key: &str| package[key].as_str().unwrap_or("see its source").to_owned();
        found.insert((text("name"), text("version")), text("license"));
    }
    let lines: Vec<String> = found
        .into_iter()
        .map(|((name, version), licence)| {
            serde_json::to_string(&[name, version, licence]).map(|line| format!("  {line}"))
        })
        .collect::<Result<_, _>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}
