//! The page's packages and the page itself, each made again only when what it is made from changed.

use anyhow::Result;

use crate::command::{Run, npm};
use crate::steps::Outcome;
use crate::{paths, stamp};

/// `npm ci`, by the hash of the lock file.
pub(super) fn install() -> Result<Outcome> {
    let modules = paths::ui().join("node_modules");
    let stamp = modules.join(".windlass-installed");
    let hash = stamp::hash_of(&paths::ui(), &["package.json", "package-lock.json"])?;
    if stamp::is_done(&stamp, &hash, &modules) {
        return Ok(Outcome::Skipped("the lock file is as it was".to_owned()));
    }
    npm("ci --no-audit --no-fund").go()?;
    stamp::done(&stamp, &hash)?;
    Ok(Outcome::Done)
}

/// `npm ci` of the uploaders and the identity provider of other people that the tests drive.
pub(super) fn install_foreign() -> Result<Outcome> {
    let mut outcome = Outcome::Skipped("the lock files are as they were".to_owned());
    for client in ["uppy5", "uppy6", "oidc"] {
        let folder = paths::root().join("tests/foreign").join(client);
        let modules = folder.join("node_modules");
        let stamp = modules.join(".windlass-installed");
        let hash = stamp::hash_of(&folder, &["package.json", "package-lock.json"])?;
        if !stamp::is_done(&stamp, &hash, &modules) {
            Run::new("npm ci --no-audit --no-fund").dir(&folder).go()?;
            stamp::done(&stamp, &hash)?;
            outcome = Outcome::Done;
        }
    }
    Ok(outcome)
}

/// `npm run build`, by the hash of the sources. `src-tauri/build.rs` puts a page that was built anew
/// into the program.
pub(super) fn build() -> Result<Outcome> {
    let ui = paths::ui();
    let made = ["dist/index.html", "dist/outside.json"].map(|name| ui.join(name));
    let stamp = paths::target().join("xtask/page-built");
    let hash = stamp::hash_of(
        &ui,
        &[
            "index.html",
            "outside.ts",
            "package.json",
            "package-lock.json",
            "public",
            "src",
            "svelte.config.js",
            "tsconfig.json",
            "vite.config.ts",
        ],
    )?;
    if made.iter().all(|made| stamp::is_done(&stamp, &hash, made)) {
        return Ok(Outcome::Skipped("its sources are as they were".to_owned()));
    }
    npm("run build").go()?;
    stamp::done(&stamp, &hash)?;
    Ok(Outcome::Done)
}
