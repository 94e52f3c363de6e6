//! What is asked of the desktop: is there a tray, what is on the clipboard, open this folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass_core::error::{ErrorCode, Failure};

use crate::priority::Front;

/// A session bus that is asked so long.
const ASK: Duration = Duration::from_secs(2);

/// Whether closing to a tray leaves something to click on. Only Linux has desktops without one.
pub(crate) async fn has_tray() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    matches!(tokio::time::timeout(ASK, tray_host()).await, Ok(Ok(true)))
}

#[cfg(target_os = "linux")]
async fn tray_host() -> zbus::Result<bool> {
    let bus = zbus::Connection::session().await?;
    let watcher = zbus::names::BusName::try_from("org.kde.StatusNotifierWatcher")?;
    Ok(zbus::fdo::DBusProxy::new(&bus)
        .await?
        .name_has_owner(watcher)
        .await?)
}

#[cfg(not(target_os = "linux"))]
async fn tray_host() -> Result<bool, std::convert::Infallible> {
    std::future::ready(Ok(true)).await
}

/// Files and folders on the clipboard; empty when it holds something else.
pub(crate) async fn pasted() -> Result<Vec<PathBuf>, Failure> {
    let asked = tokio::task::spawn_blocking(|| arboard::Clipboard::new()?.get().file_list()).await;
    match asked {
        Ok(Ok(paths)) => Ok(paths.into_iter().filter(|p| p.is_absolute()).collect()),
        Ok(Err(arboard::Error::ContentNotAvailable | arboard::Error::ConversionFailure)) => Ok(Vec::new()),
        Ok(Err(why)) => Err(Failure::new(ErrorCode::Internal, format!("the clipboard: {why}"))),
        Err(why) => Err(Failure::new(ErrorCode::Internal, why.to_string())),
    }
}

/// Opens a folder in the file manager. Nothing but a folder is opened: the desktop would run or show what is not (A14).
pub(crate) async fn open_folder(front: &Front, folder: PathBuf) -> Result<(), Failure> {
    let opened = front.run(move || {
        let meta = std::fs::symlink_metadata(&folder)?;
        if !meta.is_dir() {
            return Err(std::io::Error::new(
                std::io::ErrorKind::NotADirectory,
                "it is no folder",
            ));
        }
        tauri_plugin_opener::open_path(&folder, None::<&str>).map_err(std::io::Error::other)
    });
    match opened.await {
        Some(Ok(())) => Ok(()),
        Some(Err(why)) => Err(Failure::new(ErrorCode::DestinationMissing, why.to_string())),
        None => Err(Failure::new(
            ErrorCode::Internal,
            "nothing opens folders any more",
        )),
    }
}

/// Opens an address in the browser. Its asker has looked at it: a page over TLS, or of this computer.
pub(crate) async fn open_address(front: &Front, address: String) -> Result<(), Failure> {
    let opened = front.run(move || tauri_plugin_opener::open_url(address, None::<&str>));
    match opened.await {
        Some(Ok(())) => Ok(()),
        Some(Err(why)) => Err(Failure::new(ErrorCode::Internal, format!("no browser: {why}"))),
        None => Err(Failure::new(
            ErrorCode::Internal,
            "nothing opens a browser any more",
        )),
    }
}

/// The folder of a group inside a folder destination: where its objects' keys begin. `None` when a key would leave it.
pub(crate) fn group_folder(destination: &Path, object_key: &str) -> Option<PathBuf> {
    let key = windlass_core::names::checked_rel_path(object_key)?;
    let (first, _) = key.split_once('/')?;
    destination.is_absolute().then(|| destination.join(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a014_the_folder_of_a_group_is_below_its_destination_whatever_the_key_says() {
        let at = |key| group_folder(Path::new("/d"), key);
        assert_eq!(at("Shoot 12 May/a/b.mov"), Some(PathBuf::from("/d/Shoot 12 May")));
        for key in ["../etc/x", "a/../../x", "/etc/passwd", "", "a", "./x/y", "a//b"] {
            assert_eq!(at(key), None, "{key}");
        }
        assert_eq!(group_folder(Path::new("relative"), "a/b"), None);
    }
}
