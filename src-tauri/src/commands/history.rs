//! What ended: pages, proofs, exports; and figures over time.

use tauri::{AppHandle, State};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_engine::view::{
    AccountFigures, FoundFiles, HistoryAsk, HistoryDetails, HistoryNarrow, HistoryPage, InTrash, Insights,
    ProvedAsk, PutBack, ReceiptForm, ReceiptPage, SafeView, Trashed,
};

use super::{Answer, invalid};
use crate::save::{self, Saved};
use crate::shell::Shell;

/// Bytes of a search.
const MOST_TEXT: usize = 1_024;
/// Bytes of a folder's path, written as text.
const MOST_PATH: usize = 16_384;

#[tauri::command]
pub(crate) async fn history(shell: State<'_, Shell>, ask: HistoryAsk) -> Answer<HistoryPage> {
    checked(&ask.filter)?;
    Ok(shell.engine().await?.history(ask).await?)
}

#[tauri::command]
pub(crate) async fn find_proved(shell: State<'_, Shell>, ask: ProvedAsk) -> Answer<FoundFiles> {
    checked(&ask.filter)?;
    Ok(shell.engine().await?.find_proved(ask).await?)
}

fn checked(filter: &HistoryNarrow) -> Answer<()> {
    if filter.text.len() > MOST_TEXT {
        return Err(invalid("the search is too long"));
    }
    if filter.folder.as_ref().is_some_and(|f| f.len() > MOST_PATH) {
        return Err(invalid("the path is too long"));
    }
    Ok(())
}

#[tauri::command]
pub(crate) async fn history_details(shell: State<'_, Shell>, group: GroupId) -> Answer<HistoryDetails> {
    Ok(shell.engine().await?.history_details(group).await?)
}

#[tauri::command]
pub(crate) async fn receipt_lines(
    shell: State<'_, Shell>,
    group: GroupId,
    after: Option<i64>,
    limit: u32,
) -> Answer<ReceiptPage> {
    Ok(shell.engine().await?.receipt_lines(group, after, limit).await?)
}

/// Asks where to, and writes the receipt there. True when it was written.
#[tauri::command]
pub(crate) async fn export_receipt(
    app: AppHandle,
    shell: State<'_, Shell>,
    group: GroupId,
    form: ReceiptForm,
) -> Answer<Saved> {
    let (name, bytes) = shell.engine().await?.export_receipt(group, form).await?;
    Ok(save::ask_and_write(&app, &name, bytes).await?)
}

#[tauri::command]
pub(crate) async fn safe_to_delete(shell: State<'_, Shell>, group: GroupId) -> Answer<SafeView> {
    Ok(shell.engine().await?.safe_to_delete(group).await?)
}

/// See `EngineHandle::trash_originals`.
#[tauri::command]
pub(crate) async fn trash_originals(shell: State<'_, Shell>, group: GroupId) -> Answer<Trashed> {
    Ok(shell.engine().await?.trash_originals(group).await?)
}

#[tauri::command]
pub(crate) async fn in_trash(shell: State<'_, Shell>, group: GroupId) -> Answer<InTrash> {
    Ok(shell.engine().await?.in_trash(group).await?)
}

/// See `EngineHandle::put_back`.
#[tauri::command]
pub(crate) async fn put_back(shell: State<'_, Shell>, group: GroupId) -> Answer<PutBack> {
    Ok(shell.engine().await?.put_back(group).await?)
}

#[tauri::command]
pub(crate) async fn upload_again(shell: State<'_, Shell>, group: GroupId) -> Answer<GroupId> {
    Ok(shell.engine().await?.upload_again(group).await?)
}

#[tauri::command]
pub(crate) async fn insights(
    shell: State<'_, Shell>,
    hours: u32,
    destination: Option<DestinationId>,
) -> Answer<Insights> {
    if hours == 0 {
        return Err(Failure::new(ErrorCode::InvalidField, "no time").into());
    }
    Ok(shell.engine().await?.insights(hours, destination).await?)
}

#[tauri::command]
pub(crate) async fn account_insights(shell: State<'_, Shell>) -> Answer<Vec<AccountFigures>> {
    Ok(shell.engine().await?.account_insights().await?)
}
