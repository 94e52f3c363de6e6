//! `cargo xtask generate`: the page's types, written from the Rust ones.
//!
//! ts-rs writes a file per type while tests named `export_bindings_*` run. The files are committed; `--check` writes them
//! to a folder aside and compares.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::command::{Run, cargo};
use crate::paths;

const FOLDER: &str = "ui/src/lib/contract";

pub(crate) fn run(check_only: bool) -> Result<()> {
    let packages = || cargo("test --lib -p windlass-core -p windlass-way -p windlass-engine");
    if check_only {
        return check(packages());
    }
    let fresh = export(packages())?;
    let folder = paths::root().join(FOLDER);
    fs::create_dir_all(&folder)?;
    let old = read(&folder)?;
    for name in old.keys().filter(|name| !fresh.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, content) in &fresh {
        if old.get(name) != Some(content) {
            fs::write(folder.join(name), content)?;
        }
    }
    println!("{} files in {FOLDER}", fresh.len());
    Ok(())
}

/// Compares the committed types with what the code exports; `tests` is the call of cargo that runs the exporting tests.
pub(crate) fn check(tests: Run) -> Result<()> {
    let (fresh, kept) = (export(tests)?, read(&paths::root().join(FOLDER))?);
    let mut differ: Vec<&str> = fresh
        .iter()
        .filter(|(name, content)| kept.get(*name) != Some(content))
        .map(|(name, _)| name.as_str())
        .collect();
    differ.extend(
        kept.keys()
            .filter(|name| !fresh.contains_key(*name))
            .map(String::as_str),
    );
    if !differ.is_empty() {
        bail!(
            "{FOLDER} is not what the code exports: {}. Run `cargo xtask generate`",
            differ.join(", ")
        );
    }
    println!("{} files are as the code exports them", fresh.len());
    Ok(())
}

/// Runs the exporting tests into an empty folder and adds the index.
fn export(tests: Run) -> Result<BTreeMap<String, String>> {
    let aside: PathBuf = paths::target().join("xtask/contract");
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    fs::create_dir_all(&aside)?;
    tests
        .arg("export_bindings_")
        .env("TS_RS_EXPORT_DIR", &aside)
        .output()?;
    let mut files = read(&aside)?;
    if files.is_empty() {
        bail!("no type was exported: no type has #[ts(export)]");
    }
    let index = files
        .keys()
        .filter_map(|name| name.strip_suffix(".ts"))
        .map(|name| format!("export type {{ {name} }} from \"./{name}\";\n"))
        .collect();
    files.insert("index.ts".to_owned(), index);
    Ok(files)
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if folder.exists() {
        for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if let Some(name) = path.file_name().and_then(|name| name.to_str())
                && path.is_file()
            {
                files.insert(name.to_owned(), fs::read_to_string(&path)?);
            }
        }
    }
    Ok(files)
}
