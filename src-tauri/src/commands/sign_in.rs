//! Signing in at a server with the browser.

use serde::Serialize;
use tauri::State;
use windlass_core::error::{ErrorCode, Failure};
use windlass_engine::sign_in;

use super::Answer;
use crate::desktop;
use crate::priority::Front;
use crate::shell::Shell;

/// A sign-in that waits for the person.
#[derive(Debug, Serialize)]
pub(crate) struct Begun {
    number: u32,
    address: String,
    code: String,
    /// Whether a browser was opened there.
    opened: bool,
}

/// Who signed in.
#[derive(Debug, Serialize)]
pub(crate) struct Signed {
    owner: String,
}

/// The host where people sign in for a server; none where they have tokens alone.
#[tauri::command]
pub(crate) async fn sign_in_offer(url: String) -> Answer<Option<String>> {
    Ok(sign_in::offer(&url).await?)
}

/// Begins, and opens the browser.
#[tauri::command]
pub(crate) async fn begin_sign_in(
    shell: State<'_, Shell>,
    front: State<'_, Front>,
    url: String,
) -> Answer<Begun> {
    let (number, begun) = shell.sign_ins().begun(sign_in::begin(&url).await?);
    let opened = desktop::open_address(&front, begun.to_open().to_owned()).await;
    if let Err(why) = &opened {
        tracing::warn!(error = %why, "no browser could be opened");
    }
    Ok(Begun {
        number,
        address: begun.address.clone(),
        code: begun.code.clone(),
        opened: opened.is_ok(),
    })
}

/// Waits until the person is done, in the browser.
#[tauri::command]
pub(crate) async fn wait_sign_in(shell: State<'_, Shell>, number: u32) -> Answer<Signed> {
    let (waiting, ended) = shell.sign_ins().waiting(number)?;
    let over = || Failure::new(ErrorCode::Cancelled, "the sign-in was broken off");
    let signed = tokio::select! {
        signed = waiting.wait() => signed,
        () = ended.cancelled() => Err(over()),
    };
    let signed = signed.inspect_err(|_| shell.sign_ins().forget(number))?;
    if !shell.sign_ins().done(number, signed.token.clone()) {
        // Broken off at the last moment: nobody will use it.
        drop(sign_in::end(None, &waiting.url, &signed.token).await);
        return Err(over().into());
    }
    Ok(Signed { owner: signed.owner })
}

/// Opens the browser once more.
#[tauri::command]
pub(crate) async fn open_sign_in(
    shell: State<'_, Shell>,
    front: State<'_, Front>,
    number: u32,
) -> Answer<()> {
    let (waiting, _) = shell.sign_ins().waiting(number)?;
    Ok(desktop::open_address(&front, waiting.to_open().to_owned()).await?)
}

/// Breaks a sign-in off.
#[tauri::command]
pub(crate) fn cancel_sign_in(shell: State<'_, Shell>, number: u32) {
    shell.sign_ins().forget(number);
}
