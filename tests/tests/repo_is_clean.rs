//! The repository as people get it: what stands where, and nothing that belongs to one machine.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;
use windlass_tests::sources::{committed, root};

/// What the card asks for at the top level (C-3).
const ASKED: &[&str] = &["Cargo.toml", "src-tauri", "ui", "icons", "tests", "README.md"];

/// What else may stand there. A new one is a decision: write it down, then here.
const ALSO: &[&str] = &[
    ".cargo",
    ".ci",
    ".config",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "packaging",
    "rustfmt.toml",
    "xtask",
];

/// Never in a file: places of one machine, and hosts that only its network has. In pieces, or this file would be found.
const ONE_MACHINE: &[&[&str]] = &[
    &["/wo", "rk/"],
    &["/ro", "ot/."],
    &["/tmp", "/plan"],
    &["regi", "stry.npmjs"],
    &["static.", "crates.io"],
    &["index.", "crates.io"],
];

/// Never in a file either: who or what typed it. Names stand in the licence, as "The Windlass authors".
const AUTHORS: &[&[&str]] = &[
    &["cla", "ude"],
    &["anth", "ropic"],
    &["open", "ai"],
    &["chat", "gpt"],
    &["co-auth", "ored-by"],
    &["language ", "model"],
    &["generated ", "by ai"],
];

#[test]
fn c3_the_top_level_is_the_one_that_was_asked_for() -> Result<()> {
    let found: BTreeSet<String> = committed()?
        .iter()
        .filter_map(|file| file.components().next())
        .map(|first| first.as_os_str().to_string_lossy().into_owned())
        .collect();
    for asked in ASKED {
        assert!(found.contains(*asked), "{asked} is missing at the top level");
    }
    for name in &found {
        assert!(
            ASKED.contains(&name.as_str()) || ALSO.contains(&name.as_str()),
            "{name} has no place at the top level"
        );
    }
    Ok(())
}

#[test]
fn both_licences_are_there_and_every_crate_names_them() -> Result<()> {
    assert!(fs::read_to_string(root().join("LICENSE-MIT"))?.contains("The Windlass authors"));
    assert!(fs::read_to_string(root().join("LICENSE-APACHE"))?.contains("Apache License"));
    for manifest in committed()?
        .iter()
        .filter(|file| file.file_name().is_some_and(|name| name == "Cargo.toml"))
    {
        let text = fs::read_to_string(root().join(manifest))?;
        assert!(
            text.contains("license"),
            "{} names no licence",
            manifest.display()
        );
    }
    Ok(())
}

#[test]
fn no_file_names_the_machine_it_was_written_on_or_who_typed_it() -> Result<()> {
    let never: Vec<String> = ONE_MACHINE
        .iter()
        .chain(AUTHORS)
        .map(|pieces| pieces.concat())
        .collect();
    let mut found = Vec::new();
    for file in committed()? {
        // Pictures and other binaries are no text.
        let Ok(text) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        let text = text.to_lowercase();
        for word in never.iter().filter(|word| text.contains(word.as_str())) {
            found.push(format!("{}: {word}", file.display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn nothing_is_left_for_later_and_no_test_is_switched_off() -> Result<()> {
    let never: Vec<String> = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["#[ign", "ore"],
        ["it.sk", "ip("],
        ["#[al", "low("],
    ]
    .iter()
    .map(|pieces| pieces.concat())
    .collect();
    let mut found = Vec::new();
    for file in committed()? {
        let is_source = file
            .extension()
            .is_some_and(|kind| ["rs", "ts", "svelte", "py", "mjs"].iter().any(|one| kind == *one));
        if !is_source {
            continue;
        }
        let text = fs::read_to_string(root().join(&file))?;
        for word in never.iter().filter(|word| text.contains(word.as_str())) {
            found.push(format!("{}: {word}", file.display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn every_link_between_documents_leads_somewhere() -> Result<()> {
    let mut broken = Vec::new();
    for file in committed()?
        .iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "md"))
    {
        let text = fs::read_to_string(root().join(file))?;
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            if !root()
                .join(file)
                .parent()
                .is_some_and(|folder| folder.join(path).exists())
            {
                broken.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

#[test]
fn every_limit_of_the_code_stands_on_the_page_of_limits() -> Result<()> {
    let page = fs::read_to_string(root().join("docs/LIMITS.md"))?;
    let code = fs::read_to_string(root().join("crates/core/src/limits.rs"))?;
    for line in code.lines().filter_map(|line| line.strip_prefix("pub const ")) {
        let name = line.split(':').next().unwrap_or_default();
        assert!(
            name == "MIB" || page.contains(&format!("`{name}`")),
            "{name} is not in docs/LIMITS.md"
        );
    }
    Ok(())
}

#[test]
fn every_test_that_the_page_of_requirements_names_exists() -> Result<()> {
    let page = fs::read_to_string(root().join("docs/requirements.md"))?;
    let mut sources = String::new();
    for file in committed()?
        .iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "rs"))
    {
        sources.push_str(&fs::read_to_string(root().join(file))?);
    }
    // In the table's last column: words in backticks that are long enough to be a sentence.
    for name in page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.matches('_').count() >= 3)
    {
        assert!(
            sources.contains(&format!("fn {name}(")),
            "docs/requirements.md names {name}, and there is no such test"
        );
    }
    Ok(())
}

#[test]
fn every_requirement_has_a_test_on_its_page() -> Result<()> {
    let page = fs::read_to_string(root().join("docs/requirements.md"))?;
    for (letter, last) in [("C", 9), ("T", 10), ("G", 15), ("D", 12), ("L", 20)] {
        for number in 1..=last {
            let begins = format!("| {letter}-{number} |");
            let row = page.lines().find(|line| line.starts_with(&begins));
            let tests = row.and_then(|row| row.rsplit('|').nth(1)).unwrap_or_default();
            assert!(
                tests
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .any(|name| name.matches('_').count() >= 3),
                "{letter}-{number} has no test: {row:?}"
            );
        }
    }
    Ok(())
}
