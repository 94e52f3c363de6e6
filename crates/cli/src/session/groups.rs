//! Questions about groups as such; see the methods of `EngineHandle` of the same names.

use windlass_core::error::Failure;
use windlass_core::ids::GroupId;
use windlass_engine::remote::CallError;
use windlass_engine::view::{Find, Notes, Regrouped};

use super::{Backend, Session};

impl Session {
    /// Puts a group into another.
    ///
    /// # Errors
    /// As `EngineHandle::merge_groups`; the same for all that follow.
    pub async fn merge_groups(&mut self, from: GroupId, into: GroupId) -> Result<Regrouped, Failure> {
        ask!(self, merge_groups(from, into))
    }

    /// Takes what a search finds out of a group.
    ///
    /// # Errors
    /// As [`Self::merge_groups`].
    pub async fn split_found(
        &mut self,
        from: GroupId,
        find: Find,
        name: Option<String>,
    ) -> Result<Regrouped, Failure> {
        ask!(self, split_found(from, find.clone(), name.clone()))
    }

    /// Gives a group another place.
    ///
    /// # Errors
    /// As [`Self::merge_groups`].
    pub async fn move_group(&mut self, group: GroupId, place: usize) -> Result<(), Failure> {
        ask!(self, move_group(group, place))
    }

    /// Gives a group another name.
    ///
    /// # Errors
    /// As [`Self::merge_groups`].
    pub async fn rename_group(&mut self, group: GroupId, name: &str) -> Result<(), Failure> {
        ask!(self, rename_group(group, name))
    }

    /// Notes something of a group.
    ///
    /// # Errors
    /// As [`Self::merge_groups`].
    pub async fn set_notes(&mut self, group: GroupId, notes: &Notes) -> Result<(), Failure> {
        ask!(self, set_notes(group, notes.clone()))
    }
}
