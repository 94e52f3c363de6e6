//! Starting at login: an entry that the desktop reads, made and removed by the person's choice alone.
//!
//! Linux: an XDG autostart file. macOS: a launch agent. Elsewhere it is not offered.

use std::path::{Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};

/// Whether the entry is there; `None` where there is no such thing.
pub(crate) fn is_on() -> Option<bool> {
    Some(entry()?.is_file())
}

/// Makes or removes the entry.
pub(crate) fn set(on: bool, hidden: bool) -> Result<(), Failure> {
    let none = || Failure::new(ErrorCode::NotFound, "this system has no place for it");
    let path = entry().ok_or_else(none)?;
    let program = std::env::current_exe().map_err(|e| failure(&e))?;
    write(&path, on.then(|| text(&program, hidden)).as_deref())
}

fn write(path: &Path, text: Option<&str>) -> Result<(), Failure> {
    match text {
        None => match std::fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failure(&e)),
            Ok(()) | Err(_) => Ok(()),
        },
        Some(text) => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|e| failure(&e))?;
            }
            std::fs::write(path, text).map_err(|e| failure(&e))
        }
    }
}

fn failure(e: &std::io::Error) -> Failure {
    Failure::new(ErrorCode::DestinationReadOnly, e.to_string())
}

fn entry() -> Option<PathBuf> {
    let dirs = directories::BaseDirs::new()?;
    if cfg!(target_os = "linux") {
        Some(dirs.config_dir().join("autostart/windlass.desktop"))
    } else if cfg!(target_os = "macos") {
        Some(
            dirs.home_dir()
                .join("Library/LaunchAgents/org.windlass.desktop.plist"),
        )
    } else {
        None
    }
}

fn text(program: &Path, hidden: bool) -> String {
    let program = program.to_string_lossy();
    if cfg!(target_os = "macos") {
        let escaped = program.replace('&', "&amp;").replace('<', "&lt;");
        let hidden = if hidden { "<string>--hidden</string>" } else { "" };
        return format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict><key>Label</key>\
             <string>org.windlass.desktop</string><key>ProgramArguments</key><array><string>{escaped}</string>{hidden}\
             </array><key>RunAtLoad</key><true/></dict></plist>\n"
        );
    }
    // By the desktop entry specification: quoted, and `%` twice.
    let quoted: String = program
        .chars()
        .flat_map(|c| match c {
            '"' | '`' | '$' | '\\' => vec!['\\', '\\', c],
            '%' => vec!['%', '%'],
            other => vec![other],
        })
        .collect();
    let hidden = if hidden { " --hidden" } else { "" };
    format!(
        "[Desktop Entry]\nType=Application\nName=Windlass\nExec=\"{quoted}\"{hidden}\nIcon=windlass\nTerminal=false\n\
         X-GNOME-Autostart-enabled=true\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // F-6
    #[test]
    fn the_entry_starts_this_program_and_leaves_when_it_is_not_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("autostart/windlass.desktop");
        let made = text(Path::new("/opt/a b/wind%lass"), true);
        write(&path, Some(&made)).unwrap();
        let read = std::fs::read_to_string(&path).unwrap();
        if cfg!(target_os = "linux") {
            assert!(read.contains("Exec=\"/opt/a b/wind%%lass\" --hidden\n"), "{read}");
        }
        assert!(!text(Path::new("/w"), false).contains("--hidden"));
        write(&path, None).unwrap();
        write(&path, None).unwrap();
        assert!(!path.exists());
    }
}
