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
/// A22). The tests drive a debug build. The same where the system's language is none: the web view would take `C.UTF-8` for the
/// name of one, and its page would stay empty.
pub(crate) fn replace_what_may_not_be() -> io::Result<()> {
    let switched = !cfg!(debug_assertions) && DEVELOPMENT.iter().any(|name| std::env::var_os(name).is_some());
    let nameless = is_no_language(&language());
    if !switched && !nameless {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        let mut again = std::process::Command::new(std::env::current_exe()?);
        again.args(std::env::args_os().skip(1));
        if switched {
            for name in DEVELOPMENT {
                again.env_remove(name);
            }
        }
        if nameless {
            // Messages in plain C; how text is encoded stays.
            if let Some(all) = std::env::var_os("LC_ALL").filter(|v| !v.is_empty()) {
                again.env_remove("LC_ALL").env("LANG", all);
            }
            again.env("LC_MESSAGES", "C");
        }
        // Comes back only when it failed.
        Err(again.exec())
    }
    #[cfg(not(unix))]
    Err(io::Error::other("a switch for development is set; unset it"))
}

/// The page's engine keeps what nobody holds until a collection of everything, and where little is made that comes after an hour or
/// later: the page would grow to twice its size. What a page of ours holds is collected whole in some milliseconds, so that is what
/// it does each time. Who says otherwise in the environment is obeyed. Before anything is drawn, and before other threads are.
pub(crate) fn keep_the_page_small() {
    #[cfg(target_os = "linux")]
    if let Err(why) = gtk::glib::setenv("JSC_useGenerationalGC", "0", false) {
        eprintln!("windlass-desktop: {why}");
    }
}

/// Whether there is something to draw on, and it answers: the window library panics when it does not.
///
/// # Errors
/// Words for the person.
pub(crate) fn opens_display() -> Result<(), &'static str> {
    #[cfg(target_os = "linux")]
    {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !set("DISPLAY") && !set("WAYLAND_DISPLAY") {
            return Err("there is no display here");
        }
        if gtk::init().is_err() {
            return Err("the display that DISPLAY or WAYLAND_DISPLAY names can't be opened");
        }
    }
    Ok(())
}

/// `C.UTF-8` and its like: an encoding without a language.
fn is_no_language(language: &str) -> bool {
    language
        .split_once('.')
        .is_some_and(|(name, _)| name == "C" || name == "POSIX")
}

/// The language of the system, as `de_DE.UTF-8`; empty when it says none.
pub(crate) fn language() -> String {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_no_language() {
        assert!(
            ["C.UTF-8", "C.utf8", "POSIX.UTF-8"]
                .into_iter()
                .all(is_no_language)
        );
        assert!(!["C", "", "de_DE.UTF-8", "en_US"].into_iter().any(is_no_language));
    }
}
