//! Groups put together, taken apart and noted about, through the door.

use windlass_core::error::Failure;
use windlass_core::ids::GroupId;

use super::{Chosen, EngineHandle};
use crate::view::{Find, InTrash, Notes, PutBack, Regrouped, Trashed};
use crate::{notes, put_back, regroup, safe};

impl EngineHandle {
    /// Puts the files of a group into another of the same destination. What was begun stays, and so does its card then.
    ///
    /// # Errors
    /// `not_found`; `group_closed` for one that ended; `state_conflict` where nothing may go, or the two do not fit.
    pub async fn merge_groups(&self, from: GroupId, into: GroupId) -> Result<Regrouped, Failure> {
        regroup::merge(&self.shared, from, into).await
    }

    /// Makes a new group behind this one, of chosen files of which nothing was begun. `name`: else made from its name.
    ///
    /// # Errors
    /// As [`Self::merge_groups`]; `state_conflict` for all of its files.
    pub async fn split_group(
        &self,
        from: GroupId,
        chosen: Chosen,
        name: Option<String>,
    ) -> Result<Regrouped, Failure> {
        regroup::split(&self.shared, from, chosen, name).await
    }

    /// [`Self::split_group`] with what a search finds.
    ///
    /// # Errors
    /// As there.
    pub async fn split_found(
        &self,
        from: GroupId,
        find: Find,
        name: Option<String>,
    ) -> Result<Regrouped, Failure> {
        self.split_group(from, Chosen::Found(find), name).await
    }

    /// Takes the last of these changes back, by its number.
    ///
    /// # Errors
    /// `state_conflict` when it can't be.
    pub async fn undo_regroup(&self, undo: u32) -> Result<Regrouped, Failure> {
        regroup::undo(&self.shared, undo).await
    }

    /// What the person writes of a group, instead of what was written before; also of one that ended.
    ///
    /// # Errors
    /// `invalid_field` for too much of it; `not_found`.
    pub async fn set_notes(&self, group: GroupId, notes: Notes) -> Result<(), Failure> {
        notes::set(&self.shared, group, notes).await
    }

    /// Moves the originals of a group to the trash, each after it was read again and found to be what was proved. Only where
    /// [`Self::safe_to_delete`] says yes.
    ///
    /// # Errors
    /// `state_conflict` where it does not; `trash_missing`.
    pub async fn trash_originals(&self, group: GroupId) -> Result<Trashed, Failure> {
        safe::trash(&self.shared, group).await
    }

    /// Originals of a group that went to the trash and that it still holds.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn in_trash(&self, group: GroupId) -> Result<InTrash, Failure> {
        put_back::held(&self.shared, group).await
    }

    /// Moves them back to where they were, never over another file.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn put_back(&self, group: GroupId) -> Result<PutBack, Failure> {
        put_back::all(&self.shared, group).await
    }
}
