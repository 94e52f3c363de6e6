//! Giving stored bytes out, by signed URL.

use std::fs::File;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, OwnerId};
use windlass_core::limits::URL_TTL_MS;
use windlass_core::states::ObjectState;

use super::Service;
use crate::failure::Refusal;
use crate::storage::folder::url::ReadGrant;
use crate::store::ObjectRow;

impl Service {
    /// A URL by which the content of a settled file can be read for a while, and where that is.
    ///
    /// # Errors
    /// `not_found`; `state_conflict` while the file is on its way; `session_deleted`.
    pub async fn content_url(&self, owner: OwnerId, id: FileId) -> Result<(String, DestinationId), Refusal> {
        let missing = || Refusal::new(ErrorCode::NotFound, "no such session");
        let row = self.store.sessions(owner, vec![id]).await?.pop().flatten();
        let row = row.ok_or_else(missing)?;
        if row.deleted {
            return Err(Refusal::new(ErrorCode::SessionDeleted, "the file was deleted").with_state(row.state));
        }
        let (true, Some(object)) = (row.is_settled(), &row.object) else {
            return Err(
                Refusal::new(ErrorCode::StateConflict, "the file is not there yet").with_state(row.state),
            );
        };
        let now = self.now();
        let storage = self.storages.get(object.destination).await?.storage;
        let url = storage.content_url(object, now.plus_millis(URL_TTL_MS), now)?;
        Ok((url, object.destination))
    }

    /// What a signed URL of a folder leads to.
    ///
    /// # Errors
    /// `not_found` when it is not stored any more; as the disk answers.
    pub async fn open_blob(&self, grant: &ReadGrant) -> Result<(ObjectRow, File), Failure> {
        let missing = || Failure::new(ErrorCode::NotFound, "no such object");
        let object = self.store.object(grant.object).await?;
        let stored = |o: &ObjectRow| o.state == ObjectState::Stored && o.destination == grant.destination;
        let object = object.filter(stored).ok_or_else(missing)?;
        let folder = self
            .storages
            .folder(grant.destination)
            .await?
            .ok_or_else(missing)?;
        let file = folder.open_object(&object).await?.ok_or_else(missing)?;
        Ok((object, file))
    }
}
