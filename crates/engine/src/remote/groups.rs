//! Questions about groups as such, over the socket.

use serde::{Deserialize, Serialize};
use windlass_core::ids::GroupId;

use super::client::{CallError, Client, QUICK};
use super::server::{Carried, value};
use super::wire::Ask;
use crate::handle::EngineHandle;
use crate::view::{Find, Notes, Regrouped};

/// Each is a method of `EngineHandle`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GroupsAsk {
    Merge {
        from: GroupId,
        into: GroupId,
    },
    Split {
        from: GroupId,
        find: Find,
        name: Option<String>,
    },
    Move {
        group: GroupId,
        place: usize,
    },
    Rename {
        group: GroupId,
        name: String,
    },
    Note {
        group: GroupId,
        notes: Notes,
    },
}

pub(super) async fn answer(ask: GroupsAsk, h: &EngineHandle) -> Carried {
    match ask {
        GroupsAsk::Merge { from, into } => h.merge_groups(from, into).await.and_then(value),
        GroupsAsk::Split { from, find, name } => h.split_found(from, find, name).await.and_then(value),
        GroupsAsk::Move { group, place } => h.move_group(group, place).await.and_then(value),
        GroupsAsk::Rename { group, name } => h.rename_group(group, &name).await.and_then(value),
        GroupsAsk::Note { group, notes } => h.set_notes(group, notes).await.and_then(value),
    }
}

impl Client {
    /// See `EngineHandle::merge_groups`.
    ///
    /// # Errors
    /// See [`CallError`]; the same for all that follow.
    pub async fn merge_groups(&self, from: GroupId, into: GroupId) -> Result<Regrouped, CallError> {
        self.groups(GroupsAsk::Merge { from, into }).await
    }

    /// See `EngineHandle::split_group`: what a search finds.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn split_found(
        &self,
        from: GroupId,
        find: Find,
        name: Option<String>,
    ) -> Result<Regrouped, CallError> {
        self.groups(GroupsAsk::Split { from, find, name }).await
    }

    /// See `EngineHandle::move_group`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn move_group(&self, group: GroupId, place: usize) -> Result<(), CallError> {
        self.groups(GroupsAsk::Move { group, place }).await
    }

    /// See `EngineHandle::rename_group`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn rename_group(&self, group: GroupId, name: &str) -> Result<(), CallError> {
        let name = name.to_owned();
        self.groups(GroupsAsk::Rename { group, name }).await
    }

    /// See `EngineHandle::set_notes`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_notes(&self, group: GroupId, notes: Notes) -> Result<(), CallError> {
        self.groups(GroupsAsk::Note { group, notes }).await
    }

    async fn groups<T: serde::de::DeserializeOwned>(&self, ask: GroupsAsk) -> Result<T, CallError> {
        self.ask(Ask::Groups(ask), QUICK).await
    }
}
