//! Files that a person asks for: where to, and written whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;
use windlass_core::error::{ErrorCode, Failure};

use crate::window;

/// Whether it was written, or the person thought better of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Saved {
    saved: bool,
}

/// Asks for a place and writes there.
pub(crate) async fn ask_and_write(app: &AppHandle, name: &str, bytes: Vec<u8>) -> Result<Saved, Failure> {
    let (answer, answered) = oneshot::channel();
    let mut dialog = app.dialog().file().set_file_name(name);
    if let Some(window) = app.get_webview_window(window::MAIN) {
        dialog = dialog.set_parent(&window);
    }
    dialog.save_file(move |path| {
        let _ = answer.send(path);
    });
    let Ok(Some(path)) = answered.await else {
        return Ok(Saved { saved: false });
    };
    let path = path
        .into_path()
        .map_err(|e| Failure::new(ErrorCode::InvalidField, e.to_string()))?;
    tokio::task::spawn_blocking(move || write(&path, &bytes))
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))??;
    Ok(Saved { saved: true })
}

/// Beside its place first, then renamed: what stood there stays until the new one is whole.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let beside = beside(path);
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|e| {
        let _ = std::fs::remove_file(&beside);
        let code = match e.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                ErrorCode::DestinationReadOnly
            }
            std::io::ErrorKind::StorageFull => ErrorCode::StorageFull,
            _ => ErrorCode::DestinationMissing,
        };
        Failure::new(code, e.to_string())
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_in_place_of_the_old_one_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.csv");
        std::fs::write(&path, "old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let refused = write(&dir.path().join("no/r.csv"), b"x").unwrap_err();
        assert_eq!(refused.code, ErrorCode::DestinationMissing);
    }
}
