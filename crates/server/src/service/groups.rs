//! Groups: made, finalized, cancelled.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{GroupId, OwnerId};
use windlass_core::limits::MAX_TEXT_BYTES;
use windlass_protocol::groups::{CreateGroup, Group};

use super::Service;
use crate::failure::Refusal;

impl Service {
    /// Makes a group or finds it.
    ///
    /// # Errors
    /// `invalid_field`, `id_reused`, `not_found` for the destination.
    pub async fn create_group(&self, owner: OwnerId, group: &CreateGroup) -> Result<Group, Refusal> {
        if group.name.len() > MAX_TEXT_BYTES {
            return Err(Refusal::new(ErrorCode::InvalidField, "name: at most 1,024 bytes"));
        }
        self.store.create_group(owner, group, self.now()).await?
    }

    /// A group.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn group(&self, owner: OwnerId, id: GroupId) -> Result<Group, Refusal> {
        let group = self.store.group(owner, id).await?;
        group.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such group"))
    }

    /// Completes a group.
    ///
    /// # Errors
    /// `finalize_incomplete`, `group_closed`, `not_found`.
    pub async fn finalize_group(&self, owner: OwnerId, id: GroupId) -> Result<Group, Refusal> {
        self.store.finalize_group(owner, id, self.now()).await?
    }

    /// Cancels a group and cleans up behind its unfinished files. What can't be cleaned now is cleaned by the sweep.
    ///
    /// # Errors
    /// `group_completed`, `not_found`.
    pub async fn cancel_group(&self, owner: OwnerId, id: GroupId) -> Result<Group, Refusal> {
        let (group, objects) = self.store.cancel_group(owner, id, self.now()).await??;
        for (object, cleaned) in self.clean(objects).await? {
            if let Err(e) = cleaned {
                tracing::warn!(%object, error = %e, "an unfinished upload is not cleaned up yet");
            }
        }
        Ok(group)
    }
}

/// An error of the ledger as a refusal of the whole call.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        refusal.failure
    }
}
