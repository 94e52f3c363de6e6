//! Watched folders. Which folder is watched, and where originals are moved, comes from the system's dialog alone: the page names the
//! choice by its number (A11).

use serde::Serialize;
use tauri::{AppHandle, State};
use windlass_core::ids::{DestinationId, WatchId};
use windlass_core::names::encode_path_bytes;
use windlass_core::states::Intent;
use windlass_engine::view::{
    After, NewWatch, WatchExplained, WatchPage, WatchPreview, WatchQuery, WatchSettings, WatchView,
};

use super::destinations::choose_folder;
use super::{Answer, CommandError, invalid};
use crate::shell::Shell;

/// A folder that the person chose.
#[derive(Debug, Serialize)]
pub(crate) struct ChosenFolder {
    /// Stands for it.
    number: u32,
    /// Its path, to be shown.
    path: String,
}

fn text(path: &std::path::Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    encode_path_bytes(path.as_os_str().as_bytes())
}

fn chosen(shell: &Shell, number: u32) -> Result<String, CommandError> {
    let folders = shell.chosen_folders();
    let folder = usize::try_from(number).ok().and_then(|n| folders.get(n));
    folder
        .map(|path| text(path))
        .ok_or_else(|| invalid("no folder of this number was chosen"))
}

/// Where originals are moved: the folder of this number, or the one that is written down.
fn with_after(
    shell: &Shell,
    mut settings: WatchSettings,
    moved_to: Option<u32>,
    before: Option<String>,
) -> Result<WatchSettings, CommandError> {
    settings.after_path = match (settings.after, moved_to) {
        (After::Move, Some(number)) => Some(chosen(shell, number)?),
        (After::Move, None) => before,
        (After::Keep | After::Delete, _) => None,
    };
    Ok(settings)
}

#[tauri::command]
pub(crate) async fn choose_watch_folder(
    app: AppHandle,
    shell: State<'_, Shell>,
) -> Answer<Option<ChosenFolder>> {
    let Some(folder) = choose_folder(&app, &shell).await? else {
        return Ok(None);
    };
    let path = text(&folder);
    let mut folders = shell.chosen_folders();
    let number = u32::try_from(folders.len()).map_err(|_| invalid("too many choices"))?;
    folders.push(folder);
    Ok(Some(ChosenFolder { number, path }))
}

#[tauri::command]
pub(crate) async fn preview_watch(
    shell: State<'_, Shell>,
    number: u32,
    settings: WatchSettings,
) -> Answer<WatchPreview> {
    let path = chosen(&shell, number)?;
    Ok(shell.engine().await?.preview_watch(path, settings).await?)
}

#[tauri::command]
pub(crate) async fn add_watch(
    shell: State<'_, Shell>,
    number: u32,
    name: Option<String>,
    destination: Option<DestinationId>,
    settings: WatchSettings,
    moved_to: Option<u32>,
    only_new: bool,
) -> Answer<WatchView> {
    let new = NewWatch {
        path: chosen(&shell, number)?,
        name,
        destination,
        settings: with_after(&shell, settings, moved_to, None)?,
        only_new,
    };
    Ok(shell.engine().await?.add_watch(new).await?)
}

#[tauri::command]
pub(crate) async fn set_watch(
    shell: State<'_, Shell>,
    id: WatchId,
    name: String,
    settings: WatchSettings,
    moved_to: Option<u32>,
) -> Answer<WatchView> {
    let engine = shell.engine().await?;
    let before = engine.watches().await?.into_iter().find(|w| w.id == id);
    let before = before.and_then(|w| w.settings.after_path);
    let settings = with_after(&shell, settings, moved_to, before)?;
    Ok(engine.set_watch(id, name, settings).await?)
}

#[tauri::command]
pub(crate) async fn set_watch_intent(shell: State<'_, Shell>, id: WatchId, intent: Intent) -> Answer<()> {
    Ok(shell.engine().await?.set_watch_intent(id, intent).await?)
}

#[tauri::command]
pub(crate) async fn remove_watch(shell: State<'_, Shell>, id: WatchId) -> Answer<()> {
    Ok(shell.engine().await?.remove_watch(id).await?)
}

#[tauri::command]
pub(crate) async fn look_now(shell: State<'_, Shell>, id: WatchId) -> Answer<()> {
    Ok(shell.engine().await?.look_now(Some(id)).await?)
}

#[tauri::command]
pub(crate) async fn upload_anyway(
    shell: State<'_, Shell>,
    id: WatchId,
    paths: Option<Vec<String>>,
) -> Answer<u64> {
    Ok(shell.engine().await?.upload_anyway(id, paths).await?)
}

#[tauri::command]
pub(crate) async fn confirm_watch(shell: State<'_, Shell>, id: WatchId) -> Answer<()> {
    Ok(shell.engine().await?.confirm_watch(id).await?)
}

#[tauri::command]
pub(crate) async fn explain_name(
    shell: State<'_, Shell>,
    id: WatchId,
    name: String,
) -> Answer<WatchExplained> {
    Ok(shell.engine().await?.explain_name(id, name).await?)
}

#[tauri::command]
pub(crate) async fn watch_files(
    shell: State<'_, Shell>,
    id: WatchId,
    query: WatchQuery,
) -> Answer<WatchPage> {
    Ok(shell.engine().await?.watch_files(id, query).await?)
}
