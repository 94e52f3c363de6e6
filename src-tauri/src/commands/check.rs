//! What is told before a byte moves, and the answer.

use tauri::State;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_engine::view::PreflightView;

use super::Answer;
use crate::check::{self, Answered};
use crate::shell::Shell;

#[tauri::command]
pub(crate) fn preflight(shell: State<'_, Shell>, number: u32) -> Answer<Option<PreflightView>> {
    Ok(check::view(&shell, number))
}

#[tauri::command]
pub(crate) async fn preflight_again(
    shell: State<'_, Shell>,
    number: u32,
    destination: Option<DestinationId>,
) -> Answer<()> {
    Ok(check::again(&shell, number, destination).await?)
}

#[tauri::command]
pub(crate) async fn preflight_accept(
    shell: State<'_, Shell>,
    number: u32,
    answered: Answered,
) -> Answer<Option<GroupId>> {
    Ok(check::accept(&shell, number, answered).await?)
}

#[tauri::command]
pub(crate) fn preflight_cancel(shell: State<'_, Shell>, number: u32) {
    check::give_up(&shell, number);
}
