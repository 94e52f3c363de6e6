//! Questions about watched folders, over the socket.

use serde::{Deserialize, Serialize};
use windlass_core::ids::WatchId;
use windlass_core::states::Intent;

use super::client::{CallError, Client, QUICK, SLOW};
use super::server::{Carried, value};
use super::wire::Ask;
use crate::handle::EngineHandle;
use crate::view::{NewWatch, WatchExplained, WatchPage, WatchPreview, WatchQuery, WatchSettings, WatchView};

/// Each is a method of `EngineHandle`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FoldersAsk {
    All,
    Add(NewWatch),
    Preview {
        path: String,
        settings: WatchSettings,
    },
    Set {
        id: WatchId,
        name: String,
        settings: WatchSettings,
    },
    Intent {
        id: WatchId,
        intent: Intent,
    },
    Remove(WatchId),
    Look(Option<WatchId>),
    Anyway {
        id: WatchId,
        paths: Option<Vec<String>>,
    },
    Confirm(WatchId),
    Files {
        id: WatchId,
        query: WatchQuery,
    },
    Explain(String),
}

pub(super) async fn answer(ask: FoldersAsk, h: &EngineHandle) -> Carried {
    match ask {
        FoldersAsk::All => h.watches().await.and_then(value),
        FoldersAsk::Add(new) => h.add_watch(new).await.and_then(value),
        FoldersAsk::Preview { path, settings } => h.preview_watch(path, settings).await.and_then(value),
        FoldersAsk::Set { id, name, settings } => h.set_watch(id, name, settings).await.and_then(value),
        FoldersAsk::Intent { id, intent } => h.set_watch_intent(id, intent).await.and_then(value),
        FoldersAsk::Remove(id) => h.remove_watch(id).await.and_then(value),
        FoldersAsk::Look(id) => h.look_now(id).await.and_then(value),
        FoldersAsk::Anyway { id, paths } => h.upload_anyway(id, paths).await.and_then(value),
        FoldersAsk::Confirm(id) => h.confirm_watch(id).await.and_then(value),
        FoldersAsk::Files { id, query } => h.watch_files(id, query).await.and_then(value),
        FoldersAsk::Explain(path) => h.explain_watched(path).await.and_then(value),
    }
}

impl Client {
    /// See `EngineHandle::watches`.
    ///
    /// # Errors
    /// See [`CallError`]; the same for all that follow.
    pub async fn watches(&self) -> Result<Vec<WatchView>, CallError> {
        self.ask(Ask::Folders(FoldersAsk::All), QUICK).await
    }

    /// See `EngineHandle::add_watch`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn add_watch(&self, new: NewWatch) -> Result<WatchView, CallError> {
        self.ask(Ask::Folders(FoldersAsk::Add(new)), QUICK).await
    }

    /// See `EngineHandle::preview_watch`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn preview_watch(
        &self,
        path: String,
        settings: WatchSettings,
    ) -> Result<WatchPreview, CallError> {
        self.ask(Ask::Folders(FoldersAsk::Preview { path, settings }), QUICK)
            .await
    }

    /// See `EngineHandle::set_watch`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_watch(
        &self,
        id: WatchId,
        name: String,
        settings: WatchSettings,
    ) -> Result<WatchView, CallError> {
        self.ask(Ask::Folders(FoldersAsk::Set { id, name, settings }), QUICK)
            .await
    }

    /// See `EngineHandle::set_watch_intent`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_watch_intent(&self, id: WatchId, intent: Intent) -> Result<(), CallError> {
        self.ask(Ask::Folders(FoldersAsk::Intent { id, intent }), QUICK)
            .await
    }

    /// See `EngineHandle::remove_watch`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn remove_watch(&self, id: WatchId) -> Result<(), CallError> {
        self.ask(Ask::Folders(FoldersAsk::Remove(id)), QUICK).await
    }

    /// See `EngineHandle::look_now`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn look_now(&self, id: Option<WatchId>) -> Result<(), CallError> {
        self.ask(Ask::Folders(FoldersAsk::Look(id)), SLOW).await
    }

    /// See `EngineHandle::upload_anyway`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn upload_anyway(&self, id: WatchId, paths: Option<Vec<String>>) -> Result<u64, CallError> {
        self.ask(Ask::Folders(FoldersAsk::Anyway { id, paths }), SLOW)
            .await
    }

    /// See `EngineHandle::confirm_watch`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn confirm_watch(&self, id: WatchId) -> Result<(), CallError> {
        self.ask(Ask::Folders(FoldersAsk::Confirm(id)), QUICK).await
    }

    /// See `EngineHandle::watch_files`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn watch_files(&self, id: WatchId, query: WatchQuery) -> Result<WatchPage, CallError> {
        self.ask(Ask::Folders(FoldersAsk::Files { id, query }), QUICK)
            .await
    }

    /// See `EngineHandle::explain_watched`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn explain_watched(&self, path: String) -> Result<WatchExplained, CallError> {
        self.ask(Ask::Folders(FoldersAsk::Explain(path)), QUICK).await
    }
}
