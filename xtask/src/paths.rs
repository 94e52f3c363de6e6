//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The repository. This program is compiled inside it and run from it.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The page's folder.
pub(crate) fn ui() -> PathBuf {
    root().join("ui")
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A program of this workspace, as a plain build leaves it.
pub(crate) fn built(name: &str) -> PathBuf {
    target()
        .join("debug")
        .join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Where test servers and cargo tools are installed: outside the repository, so that a fresh clone finds them again.
/// The test crate `windlass-testkit` looks in the same place.
pub(crate) fn tools() -> PathBuf {
    if let Some(dir) = env::var_os("WINDLASS_TOOLS") {
        return dir.into();
    }
    let home = env::var_os("HOME")
        .or_else(|| env::var_os("USERPROFILE"))
        .unwrap_or_else(|| ".".into());
    Path::new(&home).join(".cache/windlass-tools")
}
