//! Where files go.

use std::path::PathBuf;

use tauri::{AppHandle, Manager as _, State};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;
use windlass_core::ids::DestinationId;
use windlass_engine::view::{CheckStep, DestinationCheck, NewDestination, Room};

use super::{Answer, invalid};
use crate::shell::Shell;
use crate::words::plain;
use crate::{closing, window};

#[tauri::command]
pub(crate) async fn test_destination(
    app: AppHandle,
    shell: State<'_, Shell>,
    destination: NewDestination,
) -> Answer<DestinationCheck> {
    let destination = shell.sign_ins().filled(destination)?;
    if !may_go(&app, &shell, &destination).await? {
        return Ok(declined(Vec::new()));
    }
    Ok(shell.engine().await?.test_destination(&destination).await?)
}

/// The host that files would go to, and the place on it; none for a folder.
fn host_of(destination: &NewDestination) -> Option<(&str, &str)> {
    let bucket = destination
        .s3
        .as_ref()
        .map(|s3| (s3.endpoint.as_str(), s3.bucket.as_str()));
    let server = destination
        .server
        .as_ref()
        .map(|s| (s.url.as_str(), s.place.as_str()));
    bucket.or(server)
}

/// Whether the person lets the destination be reached by the proxy that it has.
async fn may_go(app: &AppHandle, shell: &Shell, destination: &NewDestination) -> Answer<bool> {
    match &destination.proxy {
        Some(proxy) => super::way::may_use(app, shell, &proxy.choice).await,
        None => Ok(true),
    }
}

/// The answer where the person thought better of it.
fn declined(steps: Vec<CheckStep>) -> DestinationCheck {
    DestinationCheck {
        ok: false,
        steps,
        places: Vec::new(),
    }
}

/// Saves a destination. A host is asked about outside of the page, so that no script in it can send files away (A15).
#[tauri::command]
pub(crate) async fn add_destination(
    app: AppHandle,
    shell: State<'_, Shell>,
    destination: NewDestination,
) -> Answer<DestinationCheck> {
    let destination = shell.sign_ins().filled(destination)?;
    if !may_go(&app, &shell, &destination).await? {
        return Ok(declined(Vec::new()));
    }
    let engine = shell.engine().await?;
    if let Some((host, place)) = host_of(&destination) {
        let tested = engine.test_destination(&destination).await?;
        if !tested.ok {
            return Ok(tested);
        }
        let words = shell.words();
        let question = words.host_question(&plain(host), &plain(place));
        if !shell.is_confirmed(&question) {
            if !closing::ask(&app, question.clone(), words.use_it(), words.cancel()).await {
                return Ok(declined(tested.steps));
            }
            shell.confirm(question);
        }
    }
    let check = engine.add_destination(&destination).await?;
    if check.ok {
        open_early(&shell).await?;
    }
    Ok(check)
}

#[tauri::command]
pub(crate) async fn destination_form(shell: State<'_, Shell>, id: DestinationId) -> Answer<NewDestination> {
    Ok(shell.engine().await?.destination_form(id).await?)
}

/// Changes a destination. Another host is asked about outside of the page, as a new one is (A15).
#[tauri::command]
pub(crate) async fn edit_destination(
    app: AppHandle,
    shell: State<'_, Shell>,
    id: DestinationId,
    destination: NewDestination,
) -> Answer<DestinationCheck> {
    let destination = shell.sign_ins().filled(destination)?;
    let engine = shell.engine().await?;
    let before = engine.destination_form(id).await?;
    // The person was asked about the one that it has.
    let same = before.proxy.as_ref().map(|p| &p.choice) == destination.proxy.as_ref().map(|p| &p.choice);
    if !same && !may_go(&app, &shell, &destination).await? {
        return Ok(declined(Vec::new()));
    }
    if let Some((host, place)) = host_of(&destination) {
        let same = host_of(&before) == Some((host, place));
        let words = shell.words();
        let question = words.host_question(&plain(host), &plain(place));
        if !same && !shell.is_confirmed(&question) {
            if !closing::ask(&app, question.clone(), words.use_it(), words.cancel()).await {
                return Ok(declined(Vec::new()));
            }
            shell.confirm(question);
        }
    }
    Ok(engine.edit_destination(id, &destination).await?)
}

#[tauri::command]
pub(crate) async fn check_destination(
    shell: State<'_, Shell>,
    id: DestinationId,
) -> Answer<DestinationCheck> {
    Ok(shell.engine().await?.check_destination(id).await?)
}

#[tauri::command]
pub(crate) async fn remove_destination(shell: State<'_, Shell>, id: DestinationId) -> Answer<()> {
    Ok(shell.engine().await?.remove_destination(id).await?)
}

#[tauri::command]
pub(crate) async fn set_default_destination(shell: State<'_, Shell>, id: DestinationId) -> Answer<()> {
    Ok(shell.engine().await?.set_default_destination(id).await?)
}

/// The system's dialog for a folder; `None` when the person thought better of it.
pub(super) async fn choose_folder(app: &AppHandle, shell: &Shell) -> Answer<Option<PathBuf>> {
    let (answer, answered) = oneshot::channel();
    let mut dialog = app
        .dialog()
        .file()
        .set_title(shell.words().choose_destination())
        .set_can_create_directories(true);
    if let Some(window) = app.get_webview_window(window::MAIN) {
        dialog = dialog.set_parent(&window);
    }
    dialog.pick_folder(move |folder| {
        let _ = answer.send(folder);
    });
    let Ok(Some(folder)) = answered.await else {
        return Ok(None);
    };
    let folder = folder
        .into_path()
        .map_err(|_| invalid("it is no folder of this computer"))?;
    Ok(Some(folder))
}

/// A folder to write to, for the form that the page shows; nothing is read from it.
#[tauri::command]
pub(crate) async fn choose_destination_folder(
    app: AppHandle,
    shell: State<'_, Shell>,
) -> Answer<Option<String>> {
    let Some(folder) = choose_folder(&app, &shell).await? else {
        return Ok(None);
    };
    // The form and the control plane hold paths as text.
    folder
        .into_os_string()
        .into_string()
        .map(Some)
        .map_err(|_| invalid("the folder's name is no text"))
}

#[tauri::command]
pub(crate) async fn finish_first_run(shell: State<'_, Shell>) -> Answer<()> {
    shell.engine().await?.finish_first_run().await?;
    open_early(&shell).await
}

/// What waited for a destination goes on.
async fn open_early(shell: &Shell) -> Answer<()> {
    if let Some(group) = shell.open_early().await? {
        shell.page().show(Some(group));
    }
    Ok(())
}

#[tauri::command]
pub(crate) async fn destination_room(shell: State<'_, Shell>, id: DestinationId) -> Answer<Option<Room>> {
    Ok(shell.engine().await?.destination_room(id).await?)
}
