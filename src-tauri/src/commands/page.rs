//! The page itself: its subscription, the rows it shows, its choices.

use serde::Deserialize;
use serde_json::Value;
use tauri::State;
use tauri::ipc::Channel;
use windlass_core::ids::GroupId;
use windlass_engine::RowRange;
use windlass_engine::view::{FilePage, Find, Snapshot};

use super::{Answer, invalid};
use crate::check;
use crate::page::WindowMessage;
use crate::shell::Shell;
use crate::{awake, tray};

/// Lists that a page may have open, and rows of one that are on screen.
const MOST_RANGES: usize = 200;
const MOST_ROWS: u32 = 2_000;
/// Bytes of a choice.
const MOST_BYTES: usize = 16 << 10;

/// See [`RowRange`].
#[derive(Debug, Deserialize)]
pub(crate) struct Range {
    group: GroupId,
    offset: u32,
    limit: u32,
    /// Only what this finds.
    find: Option<Find>,
}

#[tauri::command]
pub(crate) async fn subscribe(shell: State<'_, Shell>, channel: Channel<WindowMessage>) -> Answer<Snapshot> {
    let engine = shell.engine().await?;
    let snapshot = shell.page().subscribe(&engine, channel).await?;
    check::ask_again(&shell);
    Ok(snapshot)
}

#[tauri::command]
pub(crate) async fn watch_rows(shell: State<'_, Shell>, ranges: Vec<Range>) -> Answer<Vec<FilePage>> {
    if ranges.len() > MOST_RANGES {
        return Err(invalid("too many lists"));
    }
    let range = |r: Range| RowRange {
        group: r.group,
        offset: r.offset,
        limit: r.limit.min(MOST_ROWS),
        find: r.find,
    };
    Ok(shell
        .engine()
        .await?
        .watch_rows(ranges.into_iter().map(range).collect())
        .await?)
}

/// Files that a search finds, once; their changes are not told.
#[tauri::command]
pub(crate) async fn list_found(shell: State<'_, Shell>, range: Range) -> Answer<FilePage> {
    let range = RowRange {
        group: range.group,
        offset: range.offset,
        limit: range.limit.min(MOST_ROWS),
        find: range.find,
    };
    Ok(shell.engine().await?.list_found(range).await?)
}

#[tauri::command]
pub(crate) async fn set_setting(
    app: tauri::AppHandle,
    shell: State<'_, Shell>,
    key: String,
    value: Value,
) -> Answer<()> {
    if value.to_string().len() > MOST_BYTES {
        return Err(invalid("the value is too long"));
    }
    if !value.is_null() && super::way::GUARDED.contains(&key.as_str()) {
        return Err(invalid("this is not chosen by a page alone"));
    }
    shell.set_setting(&key, value.clone()).await?;
    super::program::chosen(&shell, &key, &value);
    // The tray speaks the language that may just have been chosen.
    tray::draw(&app);
    awake::follow(&app);
    Ok(())
}
