//! How the network is reached. A page can't send everything by a proxy of its own, nor make anybody believed: the host is asked
//! about outside of the page, and certificates come from a file that the person chose in the desktop's dialog.

use tauri::{AppHandle, Manager as _, State};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;
use windlass_core::error::ErrorCode;
use windlass_engine::view::{KeepSecret, OwnProxy};
use windlass_way::{Authorities, MAX_PEM_BYTES, ProxyChoice, Way};

use super::{Answer, invalid};
use crate::shell::Shell;
use crate::words::plain;
use crate::{closing, window};

/// The choices that no page writes by itself.
pub(crate) const GUARDED: [&str; 2] = ["proxy", "authorities"];

/// Whether the person lets a proxy be used: asked outside of the page, once for each address.
pub(crate) async fn may_use(app: &AppHandle, shell: &Shell, choice: &ProxyChoice) -> Answer<bool> {
    Way::new(choice.clone(), String::new(), None).map_err(super::CommandError::from)?;
    let ProxyChoice::Manual { address, .. } = choice else {
        return Ok(true);
    };
    let words = shell.words();
    let question = words.proxy_question(&plain(address));
    if !shell.is_confirmed(&question) {
        if !closing::ask(app, question.clone(), words.use_it(), words.cancel()).await {
            return Ok(false);
        }
        shell.confirm(question);
    }
    Ok(true)
}

/// Chooses the proxy of all that have none of their own. False: the person thought better of it.
#[tauri::command]
pub(crate) async fn set_proxy(app: AppHandle, shell: State<'_, Shell>, proxy: OwnProxy) -> Answer<bool> {
    if !may_use(&app, &shell, &proxy.choice).await? {
        return Ok(false);
    }
    let engine = shell.engine().await?;
    match engine.set_proxy(&proxy).await {
        // Without a keyring it is kept until the program ends.
        Err(e) if e.code == ErrorCode::KeyringLocked => {
            let keep_secret = KeepSecret::Session;
            engine.set_proxy(&OwnProxy { keep_secret, ..proxy }).await?;
        }
        done => done?,
    }
    Ok(true)
}

/// Asks for a file of certificates and believes them from now on. False: nothing was chosen.
#[tauri::command]
pub(crate) async fn choose_authorities(app: AppHandle, shell: State<'_, Shell>) -> Answer<bool> {
    let (answer, answered) = oneshot::channel();
    let mut dialog = app
        .dialog()
        .file()
        .set_title(shell.words().choose_authorities())
        .add_filter("PEM", &["pem", "crt", "cer"]);
    if let Some(window) = app.get_webview_window(window::MAIN) {
        dialog = dialog.set_parent(&window);
    }
    dialog.pick_file(move |file| {
        let _ = answer.send(file);
    });
    let Ok(Some(file)) = answered.await else {
        return Ok(false);
    };
    let file = file
        .into_path()
        .map_err(|_| invalid("it is no file of this computer"))?;
    let name = file
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let pem = tokio::task::spawn_blocking(move || read(&file)).await;
    let pem = pem.map_err(|_| invalid("the file can't be read"))??;
    let chosen = Authorities { name, pem };
    Way::new(ProxyChoice::System, String::new(), Some(chosen.clone())).map_err(super::CommandError::from)?;
    let value = serde_json::to_value(&chosen).map_err(|_| invalid("no file of certificates"))?;
    shell.set_setting("authorities", value).await?;
    Ok(true)
}

fn read(file: &std::path::Path) -> Answer<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|f| f.take(MAX_PEM_BYTES as u64 + 1).read_to_string(&mut text))
        .map_err(|_| invalid("the file can't be read, or is no text"))?;
    Ok(text)
}
