//! What requests mean. One service for all ways to reach it; it decides by the ledger's and the storages' answers.
//!
//! Long work (completing, copying, cleaning) runs in tasks of its own, so that a client that hangs up stops nothing;
//! `close` waits for them. Each step is repeatable: whoever asks again gets the same answer.

mod complete;
mod content;
mod copies;
mod destinations;
mod files;
mod groups;
pub mod hook;
mod import;
mod init;
mod janitor;
pub mod jobs;
pub mod places;
pub(crate) mod plain;
mod query;
mod ready;
mod remove;
mod runs;
mod sign;
pub(crate) mod source;
pub mod storages;
pub mod watch;

use std::sync::{Arc, OnceLock};

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::limits::MAX_BATCH;
use windlass_core::time::Timestamp;

use crate::clock::World;
use crate::failure::Refusal;
use crate::janitor::plan::Thresholds;
use crate::secrets::Secrets;
use crate::storage::ObjectStorage;
use crate::store::{Ledger, ObjectRow};
use storages::Storages;

/// Calls to one storage that are out at a time.
const IN_FLIGHT: usize = 64;
/// Copies that are made at a time.
const COPIES: usize = 4;
/// Objects that a storage told of and that are looked at at a time.
const HINTS: usize = 16;

/// The service layer.
pub struct Service {
    store: Ledger,
    storages: Storages,
    secrets: Arc<Secrets>,
    world: Arc<dyn World>,
    tasks: TaskTracker,
    ending: CancellationToken,
    copies: Semaphore,
    hints: Semaphore,
    thresholds: OnceLock<Thresholds>,
    wake: Arc<Notify>,
}

impl Service {
    /// A service over a ledger.
    #[must_use]
    pub fn new(store: Ledger, storages: Storages, secrets: Arc<Secrets>, world: Arc<dyn World>) -> Arc<Self> {
        Arc::new(Self {
            store,
            storages,
            secrets,
            world,
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
            copies: Semaphore::new(COPIES),
            hints: Semaphore::new(HINTS),
            thresholds: OnceLock::new(),
            wake: Arc::default(),
        })
    }

    /// The ledger.
    #[must_use]
    pub fn store(&self) -> &Ledger {
        &self.store
    }

    /// The storages.
    #[must_use]
    pub fn storages(&self) -> &Storages {
        &self.storages
    }

    /// Told when there may be work for workers.
    #[must_use]
    pub fn wake(&self) -> &Arc<Notify> {
        &self.wake
    }

    /// Time and chance.
    #[must_use]
    pub fn world(&self) -> &dyn World {
        self.world.as_ref()
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Ages that the janitor goes by. Only the first call counts.
    pub fn set_thresholds(&self, thresholds: Thresholds) {
        self.thresholds.get_or_init(|| thresholds);
    }

    fn thresholds(&self) -> Thresholds {
        self.thresholds.get().copied().unwrap_or_default()
    }

    /// Work that [`Service::close`] waits for.
    pub(crate) fn keep(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Waits for the work that requests have begun, then closes the ledger.
    ///
    /// # Errors
    /// When the ledger can't be closed; what was answered is safe all the same.
    pub async fn close(&self) -> Result<(), Failure> {
        self.ending.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.store.close().await
    }

    /// The next name that neither the ledger nor the storage has taken.
    async fn next_name(
        &self,
        storage: &dyn ObjectStorage,
        object: &mut ObjectRow,
        n: &mut u32,
    ) -> Result<(), Refusal> {
        loop {
            let (key, used) = self.store.rename(object.id, *n).await??;
            *n = used + 1;
            let taken = storage.taken(std::slice::from_ref(&key), self.now()).await?;
            object.key = key;
            if taken.first() == Some(&false) {
                return Ok(());
            }
        }
    }
}

/// A batch may carry 1,000 items.
///
/// # Errors
/// `batch_too_large`.
pub(crate) fn check_batch(len: usize) -> Result<(), Failure> {
    if len > MAX_BATCH {
        return Err(Failure::new(
            ErrorCode::BatchTooLarge,
            format!("{len} items, allowed are {MAX_BATCH}"),
        ));
    }
    Ok(())
}
