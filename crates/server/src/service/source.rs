//! Reading stored bytes inside of the program: for what checks and processes them.

use std::fs::File;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::limits::URL_TTL_MS;

use super::Service;
use crate::store::ObjectRow;

/// Where the bytes of an object can be read.
pub(crate) enum Source {
    /// A file of this computer.
    File(File),
    /// A signed URL of a storage, for a while.
    Url(String),
}

impl Service {
    /// Where the bytes of a stored object can be read.
    ///
    /// # Errors
    /// `object_missing`; as the storage answers.
    pub(crate) async fn source(&self, object: &ObjectRow) -> Result<Source, Failure> {
        if let Some(folder) = self.storages.folder(object.destination).await? {
            let missing = || Failure::new(ErrorCode::ObjectMissing, "the object is not there");
            return folder
                .open_object(object)
                .await?
                .map(Source::File)
                .ok_or_else(missing);
        }
        let storage = self.storages.get(object.destination).await?.storage;
        let now = self.now();
        // Of the storage's own clock: it is signed as every other request.
        storage
            .content_url(object, now.plus_millis(URL_TTL_MS), now)
            .map(Source::Url)
    }
}
