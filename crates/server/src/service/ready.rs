//! Whether the storages answer.

use std::sync::Arc;
use std::time::Duration;

use windlass_core::error::{ErrorCode, Failure};

use super::Service;

/// A storage that does not answer in this time is not ready.
const PATIENCE: Duration = Duration::from_secs(5);
/// Nobody has a file of this name.
const NOBODYS: &str = "windlass-ready/none";

impl Service {
    /// Asks the storage of each destination in use; by name of the destination.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn ask_storages(self: &Arc<Self>) -> Result<Vec<(String, Result<(), Failure>)>, Failure> {
        let rows = self.store.destinations().await?;
        let asked = rows.into_iter().map(|row| async move {
            let key = [NOBODYS.to_owned()];
            let ask = async {
                let storage = self.storages.get(row.id).await?.storage;
                storage.taken(&key, self.now()).await.map(drop)
            };
            let late = || Failure::new(ErrorCode::StorageTimeout, "no answer in time");
            let answer = tokio::time::timeout(PATIENCE, ask).await;
            (row.name, answer.unwrap_or_else(|_| Err(late())))
        });
        Ok(futures::future::join_all(asked).await)
    }
}
