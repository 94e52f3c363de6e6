//! The program itself: start at login, its data folder, its choices, a bundle for who helps.

use serde_json::Value;
use tauri::{AppHandle, State};
use windlass_core::error::{ErrorCode, Failure};
use windlass_engine::view::DiagnosticsSection;

use super::Answer;
use crate::notify::Post;
use crate::priority::Front;
use crate::save::{self, Saved};
use crate::shell::Shell;
use crate::{desktop, login, logs, start};

/// Whether the desktop starts the program at login; `None` where that is not known how to ask.
#[tauri::command]
pub(crate) fn login_start() -> Option<bool> {
    login::is_on()
}

#[tauri::command]
pub(crate) async fn set_login_start(shell: State<'_, Shell>, on: bool) -> Answer<()> {
    let hidden = shell
        .setting("start_hidden")
        .and_then(|v| v.as_bool())
        .unwrap_or(true);
    Ok(login::set(on, hidden)?)
}

/// Whether the desktop shows no notifications, as far as it was asked to.
#[tauri::command]
pub(crate) fn notifications_refused(post: State<'_, Post>) -> bool {
    post.is_refused()
}

/// See `EngineHandle::trust_network`.
#[tauri::command]
pub(crate) async fn trust_network(shell: State<'_, Shell>) -> Answer<()> {
    Ok(shell.engine().await?.trust_network().await?)
}

#[tauri::command]
pub(crate) async fn open_data_folder(front: State<'_, Front>) -> Answer<()> {
    let home = start::home()?;
    Ok(desktop::open_folder(&front, home.dir().to_owned()).await?)
}

/// Makes the bundle and keeps it, so that what is saved is what was read.
#[tauri::command]
pub(crate) async fn make_diagnostics(shell: State<'_, Shell>) -> Answer<Vec<DiagnosticsSection>> {
    let mut sections = shell.engine().await?.diagnostics().await?;
    let folder = start::home()?.dir().join("logs");
    let text = tokio::task::spawn_blocking(move || logs::tail(&folder))
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    sections.push(DiagnosticsSection {
        name: "log".to_owned(),
        text,
    });
    shell.keep_bundle(&sections);
    Ok(sections)
}

#[tauri::command]
pub(crate) async fn save_diagnostics(app: AppHandle, shell: State<'_, Shell>) -> Answer<Saved> {
    let Some(text) = shell.bundle() else {
        return Err(Failure::new(ErrorCode::NotFound, "no bundle was made").into());
    };
    Ok(save::ask_and_write(&app, "windlass-diagnostics.txt", text.into_bytes()).await?)
}

/// The choice as the desktop has to know it too.
pub(crate) fn chosen(shell: &Shell, key: &str, value: &Value) {
    // Hidden or not stands in the entry that the desktop starts.
    if key == "start_hidden" && login::is_on() == Some(true) {
        let hidden = value.as_bool().unwrap_or(true);
        if let Err(why) = login::set(true, hidden) {
            tracing::warn!(error = %why, "the start at login was not changed");
        }
    }
    let _ = shell;
}
