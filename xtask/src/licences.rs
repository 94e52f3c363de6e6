//! `cargo xtask licences`: what the program is built from, for its About page: name, version, licence.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::command::{Run, cargo};
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

/// The texts of the licences of what is linked in, each once, with whom it is from. Packages carry it.
pub(crate) fn texts(to: &Path) -> Result<()> {
    let metadata = cargo("metadata --format-version 1 --locked --filter-platform")
        .arg(Run::new("rustc --print host-tuple").output()?.trim())
        .output()?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let mut from: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        if package["source"].is_null() {
            continue;
        }
        let text = |key: &str| package[key].as_str().unwrap_or("see its source").to_owned();
        let name = format!("{} {} ({})", text("name"), text("version"), text("license"));
        let folder = Path::new(package["manifest_path"].as_str().unwrap_or_default()).parent();
        let found = folder.map(licence_files).transpose()?.unwrap_or_default();
        if found.is_empty() {
            without.push(name);
            continue;
        }
        for text in found {
            from.entry(text).or_default().push(name.clone());
        }
    }
    for name in PAGE {
        let folder = paths::root().join("ui/node_modules").join(name);
        for text in licence_files(&folder)? {
            from.entry(text).or_default().push((*name).to_owned());
        }
    }
    let mut out = String::from("Windlass has parts by others. Their licences:\n");
    let mut all: Vec<(Vec<String>, String)> = from.into_iter().map(|(text, names)| (names, text)).collect();
    all.sort();
    for (names, text) in all {
        let _ = write!(out, "\n{}\n{}\n\n{text}\n", "=".repeat(80), names.join("\n"));
    }
    let _ = write!(
        out,
        "\n{}\nThese name their licence, and their package has no text of it:\n{}\n",
        "=".repeat(80),
        without.join("\n")
    );
    fs::write(to, out).with_context(|| format!("cannot write {}", to.display()))
}

/// The files of a package that are called licence, notice or the like.
fn licence_files(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let fits = ["license", "licence", "copying", "notice", "unlicense"]
            .iter()
            .any(|begin| name.starts_with(begin));
        if fits && path.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path)?).replace("\r\n", "\n");
            texts.push(text.trim().to_owned());
        }
    }
    Ok(texts)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_every_package_brings_the_text_of_its_licence() -> Result<()> {
        let file = paths::target().join("xtask-licences.txt");
        texts(&file)?;
        let text = fs::read_to_string(&file)?;
        fs::remove_file(&file)?;
        let (with, without) = text
            .split_once("no text of it:")
            .context("no list of those without")?;
        let named = with.lines().filter(|line| line.ends_with(')')).count();
        let bare = without.lines().filter(|line| !line.is_empty()).count();
        assert!(
            with.contains("Apache License") && with.contains("MIT License"),
            "the texts are not there"
        );
        assert!(
            bare * 5 < named,
            "{bare} packages without a text, {named} with one"
        );
        Ok(())
    }
}
