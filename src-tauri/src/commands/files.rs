//! How files come: dialog, drop, clipboard.

use tauri::{AppHandle, Manager as _, State};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId};
use windlass_engine::view::FileDetails;
use windlass_engine::{Origin, clock};

use super::{Answer, invalid};
use crate::priority::Front;
use crate::shell::Shell;
use crate::{check, desktop, window};

/// The tray's way to the dialog.
pub(crate) fn ask_for_files(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>();
        if let Err(why) = choose_files(app.clone(), shell, None, false).await {
            tracing::warn!(?why, "no files could be chosen from the tray");
        }
    });
}

#[tauri::command]
pub(crate) async fn choose_files(
    app: AppHandle,
    shell: State<'_, Shell>,
    group: Option<GroupId>,
    folders: bool,
) -> Answer<()> {
    let words = shell.words();
    let (answer, answered) = oneshot::channel();
    let mut dialog = app.dialog().file().set_title(if folders {
        words.choose_folders()
    } else {
        words.choose_files()
    });
    if let Some(window) = app.get_webview_window(window::MAIN) {
        dialog = dialog.set_parent(&window);
    }
    let chosen = move |paths| {
        let _ = answer.send(paths);
    };
    if folders {
        dialog.pick_folders(chosen);
    } else {
        dialog.pick_files(chosen);
    }
    let Ok(Some(paths)) = answered.await else {
        return Ok(());
    };
    let paths: Vec<_> = paths
        .into_iter()
        .filter_map(|path| path.into_path().ok())
        .collect();
    if paths.is_empty() {
        return Err(invalid("only files on this computer can be taken"));
    }
    Ok(check::take(&shell, paths, group, Origin::Dialog).await?)
}

#[tauri::command]
pub(crate) async fn drop_into(shell: State<'_, Shell>, handle: u32, group: Option<GroupId>) -> Answer<()> {
    let taken = shell.given().take(handle, clock::now());
    let paths = taken.ok_or_else(|| Failure::new(ErrorCode::NotFound, "there is no such drop"))?;
    Ok(check::take(&shell, paths, group, Origin::Drop).await?)
}

#[tauri::command]
pub(crate) async fn file_details(
    shell: State<'_, Shell>,
    file: FileId,
    from_part: u32,
) -> Answer<FileDetails> {
    Ok(shell.engine().await?.file_details(file, from_part).await?)
}

/// Opens the folder in which a file stands on this computer.
#[tauri::command]
pub(crate) async fn show_source(
    shell: State<'_, Shell>,
    front: State<'_, Front>,
    file: FileId,
) -> Answer<()> {
    let path = shell.engine().await?.source_of(file).await?;
    let folder = path.parent().map(std::path::Path::to_owned);
    let folder = folder.ok_or_else(|| Failure::new(ErrorCode::FileMissing, "it has no folder"))?;
    Ok(desktop::open_folder(&front, folder).await?)
}

#[tauri::command]
pub(crate) fn drop_cancel(shell: State<'_, Shell>, handle: u32) {
    shell.given().take(handle, clock::now());
}

#[tauri::command]
pub(crate) async fn paste_files(shell: State<'_, Shell>) -> Answer<usize> {
    let paths = desktop::pasted().await?;
    let count = paths.len();
    if paths.is_empty() {
        return Ok(0);
    }
    check::take(&shell, paths, None, Origin::Paste).await?;
    Ok(count)
}
