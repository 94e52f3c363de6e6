//! Who leans on whom: deciding and doing stay apart only while this holds.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// A crate of the product, and the crates of the product that its code may use. (`docs` of the workspace: README.)
const ALLOWED: &[(&str, &[&str])] = &[
    ("windlass-core", &[]),
    ("windlass-allocator", &[]),
    ("windlass-way", &["windlass-core"]),
    ("windlass-protocol", &["windlass-core", "windlass-way"]),
    ("windlass-queue", &["windlass-core"]),
    ("windlass-transfer", &["windlass-core", "windlass-way"]),
    (
        "windlass-engine",
        &[
            "windlass-core",
            "windlass-protocol",
            "windlass-queue",
            "windlass-transfer",
            "windlass-way",
        ],
    ),
    ("windlass-extract", &["windlass-core"]),
    (
        "windlass-server",
        &[
            "windlass-core",
            "windlass-extract",
            "windlass-protocol",
            "windlass-way",
        ],
    ),
    (
        "windlass-cli",
        &[
            "windlass-allocator",
            "windlass-core",
            "windlass-extract",
            "windlass-protocol",
            "windlass-engine",
            "windlass-server",
        ],
    ),
    (
        "windlass-desktop",
        &[
            "windlass-allocator",
            "windlass-core",
            "windlass-protocol",
            "windlass-engine",
            "windlass-server",
            "windlass-way",
        ],
    ),
];

/// What only tests use, and who that is.
const TESTKIT: &str = "windlass-testkit";
const TESTERS: &[&str] = &["windlass-tests", "windlass-benches"];

/// In tests the engine drives a real control plane.
const ALSO_IN_TESTS: &[(&str, &str)] = &[("windlass-engine", "windlass-server")];

/// Crates that do things. `core` decides, so it has none of them.
const DOERS: &[&str] = &[
    "tokio", "reqwest", "rusqlite", "axum", "hyper", "tauri", "notify", "rustix", "tempfile", "rand",
];

struct Package {
    /// Crates that its code uses.
    uses: BTreeSet<String>,
    /// Crates that its tests use besides.
    tests_use: BTreeSet<String>,
}

fn workspace() -> Result<BTreeMap<String, Package>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()?;
    ensure!(
        out.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let metadata: Value = serde_json::from_slice(&out.stdout)?;
    let mut packages = BTreeMap::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        let mut found = Package {
            uses: BTreeSet::new(),
            tests_use: BTreeSet::new(),
        };
        for dependency in package["dependencies"].as_array().context("no dependencies")? {
            let name = dependency["name"].as_str().unwrap_or_default().to_owned();
            let set = if dependency["kind"] == "dev" {
                &mut found.tests_use
            } else {
                &mut found.uses
            };
            set.insert(name);
        }
        packages.insert(package["name"].as_str().unwrap_or_default().to_owned(), found);
    }
    Ok(packages)
}

fn is_ours(name: &str) -> bool {
    name.starts_with("windlass-")
}

#[test]
fn each_crate_leans_only_on_those_below_it() -> Result<()> {
    let packages = workspace()?;
    for (name, allowed) in ALLOWED {
        let package = packages
            .get(*name)
            .with_context(|| format!("{name} is gone: change the table with the house"))?;
        for used in package.uses.iter().filter(|used| is_ours(used)) {
            assert!(
                allowed.contains(&used.as_str()),
                "{name} leans on {used}, which it may not. Move the decision to core or the effect to engine."
            );
        }
        for used in package.tests_use.iter().filter(|used| is_ours(used)) {
            let fine = used == TESTKIT
                || allowed.contains(&used.as_str())
                || ALSO_IN_TESTS.contains(&(*name, used.as_str()));
            assert!(
                fine,
                "the tests of {name} use {used}. A test of both belongs in the crate above, or in tests/."
            );
        }
    }
    Ok(())
}

#[test]
fn every_crate_of_the_house_is_in_the_table() -> Result<()> {
    let known: BTreeSet<&str> = ALLOWED
        .iter()
        .map(|(name, _)| *name)
        .chain(TESTERS.iter().copied())
        .chain([TESTKIT, "xtask"])
        .collect();
    for name in workspace()?.keys() {
        assert!(
            known.contains(name.as_str()),
            "{name} is new: say here whom it may lean on"
        );
    }
    Ok(())
}

#[test]
fn the_testkit_is_used_by_tests_alone_and_uses_no_code_of_the_product() -> Result<()> {
    for (name, package) in workspace()? {
        if !TESTERS.contains(&name.as_str()) {
            assert!(
                !package.uses.contains(TESTKIT),
                "{name} uses the testkit outside its tests"
            );
        }
        if name == TESTKIT {
            // What judges the product must not share its mistakes.
            assert!(
                !package.uses.iter().any(|used| is_ours(used)),
                "the testkit uses the product's code"
            );
        }
    }
    Ok(())
}

#[test]
fn core_can_do_nothing_but_decide() -> Result<()> {
    let packages = workspace()?;
    let core = packages.get("windlass-core").context("no core")?;
    for doer in DOERS {
        assert!(
            !core.uses.contains(*doer),
            "core uses {doer}. Move the decision to core or the effect to engine."
        );
    }
    let mut folders = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/core/src").into()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir::<std::path::PathBuf>(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path)?;
            for doing in [
                "std::fs",
                "std::net",
                "std::process",
                "std::thread",
                "std::env",
                "Instant::now",
                "SystemTime::now",
            ] {
                assert!(
                    !source.contains(doing),
                    "{}: {doing}. Move the effect to engine.",
                    path.display()
                );
            }
        }
    }
    Ok(())
}

// C-2. `notify` joins with the watched folders.
#[test]
fn c2_the_product_stands_on_what_was_asked_for() -> Result<()> {
    let packages = workspace()?;
    let product: BTreeSet<&String> = ALLOWED
        .iter()
        .filter_map(|(name, _)| packages.get(*name))
        .flat_map(|package| &package.uses)
        .collect();
    for asked in ["tauri", "tokio", "reqwest", "sha2", "rusqlite", "serde"] {
        assert!(
            product.iter().any(|used| *used == asked),
            "nothing of the product uses {asked}"
        );
    }
    Ok(())
}
