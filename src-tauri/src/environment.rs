//! What the environment may change, and what it may not.

use std::io;

/// Switches of the web view that let another program drive or inspect the page.
const DEVELOPMENT: &[&str] = &[
    "TAURI_WEBVIEW_AUTOMATION",
    "TAURI_AUTOMATION",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
    "SSLKEYLOGFILE",
];

/// A release knows no switches for development: when one is set, the program replaces itself by one without them (A09, A21,
/// A22). The tests drive a debug build.
pub(crate) fn leave_development_switches_behind() -> io::Result<()> {
    if cfg!(debug_assertions) || !DEVELOPMENT.iter().any(|name| std::env::var_os(name).is_some()) {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        let mut again = std::process::Command::new(std::env::current_exe()?);
        again.args(std::env::args_os().skip(1));
        for name in DEVELOPMENT {
            again.env_remove(name);
        }
        // Comes back only when it failed.
        Err(again.exec())
    }
    #[cfg(not(unix))]
    Err(io::Error::other("a switch for development is set; unset it"))
}

/// Whether there is something to draw on.
pub(crate) fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// The language of the system, as `de_DE.UTF-8`; empty when it says none.
pub(crate) fn language() -> String {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}
