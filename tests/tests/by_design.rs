//! What attacks run into by the way the program is made: read from its sources and its configuration, for nothing that runs
//! could show that something is never done.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_tests::sources::{committed, root};

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| path.to_owned())
}

/// Files of the product below a folder: what is, or would be, committed.
fn files(below: &[&str], kinds: &[&str]) -> Result<Vec<PathBuf>> {
    Ok(committed()?
        .into_iter()
        .filter(|file| below.iter().any(|folder| file.starts_with(folder)))
        .filter(|file| {
            file.extension()
                .is_some_and(|kind| kinds.iter().any(|one| kind == *one))
        })
        .collect())
}

/// The Rust sources of the product, each without its tests: those stand last in a file, or in files of their own.
fn product() -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for file in files(&["crates", "src-tauri"], &["rs"])? {
        let name = file.display().to_string();
        if !name.contains("/src/") || name.contains("testkit") || name.contains("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(root().join(&file))?;
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        found.push((name, code.to_owned()));
    }
    ensure!(found.len() > 200, "only {} files were found", found.len());
    Ok(found)
}

/// Where any of these words stands.
fn places<'a>(sources: &'a [(String, String)], words: &[&str]) -> Vec<&'a str> {
    sources
        .iter()
        .filter(|(_, text)| words.iter().any(|word| text.contains(word)))
        .map(|(name, _)| name.as_str())
        .collect()
}

// A01, A02: names and texts of servers are text, wherever they are shown.
#[test]
fn a001_no_text_gets_into_the_page_as_markup() -> Result<()> {
    let mut page = Vec::new();
    for file in files(&["ui/src"], &["svelte", "ts", "html"])? {
        page.push((
            file.display().to_string(),
            fs::read_to_string(root().join(&file))?,
        ));
    }
    ensure!(page.len() > 50, "only {} files were found", page.len());
    let ways = [
        "{@html",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "new Function",
        "eval(",
        "srcdoc",
        "createContextualFragment",
    ];
    assert_eq!(places(&page, &ways), Vec::<&str>::new());
    Ok(())
}

// A04, A05, A06, A07, A126
#[test]
fn a004_a005_the_window_takes_in_nothing_from_outside() -> Result<()> {
    let config: Value = serde_json::from_str(&read("src-tauri/tauri.conf.json")?)?;
    let security = &config["app"]["security"];
    let csp = security["csp"].as_object().context("no policy")?;
    for (what, from) in csp {
        for source in from.as_str().unwrap_or_default().split_whitespace() {
            assert!(
                ["'none'", "'self'", "data:", "ipc:", "http://ipc.localhost"].contains(&source),
                "{what} allows {source}"
            );
            assert!(
                source != "data:" || what == "img-src",
                "{what} allows what stands in an address"
            );
        }
    }
    for closed in [
        "default-src",
        "frame-src",
        "object-src",
        "base-uri",
        "form-action",
    ] {
        assert_eq!(csp[closed], "'none'", "{closed}");
    }
    assert_eq!(csp["script-src"], "'self'");
    assert_eq!(csp["style-src"], "'self'");
    assert_eq!(security["freezePrototype"], true);
    assert_eq!(security["assetProtocol"]["enable"], false);
    assert_eq!(config["app"]["withGlobalTauri"], false);
    assert!(security["dangerousDisableAssetCspModification"].is_null());
    // The page is in the program, and no page of elsewhere has a right.
    assert_eq!(config["build"]["frontendDist"], "../ui/dist");
    for capability in files(&["src-tauri/capabilities"], &["json", "toml"])? {
        let text = fs::read_to_string(root().join(&capability))?;
        assert!(!text.contains("\"remote\""), "{}", capability.display());
    }
    Ok(())
}

// A09, A21, A22
#[test]
fn a009_a022_a_release_has_no_inspector_and_no_test_hooks() -> Result<()> {
    for manifest in ["Cargo.toml", "src-tauri/Cargo.toml"] {
        assert!(!read(manifest)?.contains("devtools"), "{manifest}");
    }
    let sources = product()?;
    assert_eq!(
        places(&sources, &["open_devtools", "KeyLogFile"]),
        Vec::<&str>::new()
    );
    // What differs between a test build and a release differs for the compiler, and only there.
    // There is one such place, and it is a wall: a release takes no variable of the webview's developers.
    assert_eq!(
        places(&sources, &["crash_point!", "WINDLASS_TEST", "debug_assertions"]),
        ["src-tauri/src/environment.rs"]
    );
    Ok(())
}

// A16
#[test]
fn a016_the_core_listens_to_no_event_of_the_page() -> Result<()> {
    let sources = product()?;
    let window: Vec<_> = sources
        .into_iter()
        .filter(|(name, _)| name.starts_with("src-tauri"))
        .collect();
    assert_eq!(
        places(&window, &[".listen(", ".listen_any(", ".once(", ".once_any("]),
        Vec::<&str>::new()
    );
    Ok(())
}

// A64, F93: a token, and the body of a signed request, go where they were meant to go.
#[test]
fn a064_no_client_of_the_product_follows_a_redirect_by_itself() -> Result<()> {
    for (name, text) in product()? {
        let makes = [
            "reqwest::Client::builder()",
            "reqwest::ClientBuilder::new()",
            "reqwest::Client::new()",
        ]
        .iter()
        .any(|way| text.contains(way));
        assert!(
            !makes || text.contains("Policy::none()"),
            "{name} makes a client that follows redirects"
        );
    }
    Ok(())
}

// A96, A115
#[test]
fn a096_no_shell_is_ever_started() -> Result<()> {
    let sources = product()?;
    let shells = [
        "Command::new(\"sh\")",
        "Command::new(\"bash\")",
        "Command::new(\"cmd\")",
        "Command::new(\"powershell\")",
        "shell_execute",
    ];
    assert_eq!(places(&sources, &shells), Vec::<&str>::new());
    // The program starts itself again, as the child that reads a stranger's file and with another environment. Nothing else.
    assert_eq!(
        places(&sources, &["Command::new("]),
        ["crates/extract/src/parent.rs", "src-tauri/src/environment.rs"]
    );
    Ok(())
}

// A108: SHA-256 is what content is known by; CRC and ETag prove a transport and nothing more.
#[test]
fn a108_nothing_of_the_house_takes_md5_or_sha1_for_an_identity() -> Result<()> {
    for manifest in files(&["Cargo.toml", "crates", "src-tauri"], &["toml"])? {
        let text = fs::read_to_string(root().join(&manifest))?;
        for weak in ["md-5", "md5", "sha1", "sha-1"] {
            assert!(
                !text.lines().any(
                    |line| line.starts_with(&format!("{weak} ")) || line.starts_with(&format!("{weak}."))
                ),
                "{} names {weak}",
                manifest.display()
            );
        }
    }
    Ok(())
}

// A125
#[test]
fn a125_everything_comes_from_the_registry_with_its_checksum() -> Result<()> {
    let lock = read("Cargo.lock")?;
    for package in lock.split("[[package]]").skip(1) {
        let name = package
            .lines()
            .find(|line| line.starts_with("name"))
            .unwrap_or_default();
        let source = package.lines().find(|line| line.starts_with("source"));
        let Some(source) = source else {
            assert!(
                name.contains("windlass") || name.contains("xtask"),
                "{name} has no source"
            );
            continue;
        };
        assert!(
            source.contains("registry+https://github.com/rust-lang/crates.io-index"),
            "{name}: {source}"
        );
        assert!(package.contains("checksum = \""), "{name} has no checksum");
    }
    let page: Value = serde_json::from_str(&read("ui/package-lock.json")?)?;
    for (name, package) in page["packages"].as_object().context("no packages")? {
        let is_linked = package["link"] == true || name.is_empty();
        assert!(
            is_linked || package["integrity"].is_string() || package["inBundle"] == true,
            "{name} has no checksum"
        );
    }
    Ok(())
}

// F31: a file of a database that is opened and closed by other means drops the locks of the whole process.
#[test]
fn f031_nothing_but_sqlite_opens_the_file_of_a_database() -> Result<()> {
    let sources = product()?;
    let opened: Vec<_> = sources
        .into_iter()
        .filter(|(name, text)| {
            (name.starts_with("crates/queue") || name.starts_with("crates/server/src/db"))
                && ["File::open(", "fs::read(", "fs::copy("]
                    .iter()
                    .any(|way| text.contains(way))
        })
        .map(|(name, _)| name)
        .collect();
    // The first looks at the header, before any connection of this process is there; the second syncs a folder.
    assert_eq!(
        opened,
        ["crates/queue/src/create.rs", "crates/queue/src/header.rs"]
    );
    Ok(())
}

// F32
#[test]
fn f032_one_sqlite_is_linked_and_no_other() -> Result<()> {
    let lock = read("Cargo.lock")?;
    let linked: Vec<&str> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = \""))
        .map(|name| name.trim_end_matches('"'))
        .filter(|name| name.contains("sqlite"))
        .collect();
    // Two of them are for browsers and are not built here.
    assert_eq!(
        linked,
        ["libsqlite3-sys", "rsqlite-vfs", "rusqlite", "sqlite-wasm-rs"]
    );
    Ok(())
}
