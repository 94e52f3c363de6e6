//! Network, power and the hour: hearing the system, and passing over what holds.

use tokio::sync::watch;
use windlass_core::error::Failure;
use windlass_core::states::BlockedReason;

use super::{EngineHandle, Scope};
use crate::conditions;

impl EngineHandle {
    /// Waits until the system said what it knows, where it is followed; a few seconds at most.
    pub async fn system_known(&self) {
        conditions::system_known(&self.shared).await;
    }

    /// Uploads in spite of a reason that holds now, or of all of them, until the reason ends: a group, or everything. Answers
    /// how many reasons that were.
    ///
    /// # Errors
    /// `bad_request` for a reason that can't be passed over, or for a file; `not_found`; errors of the queue.
    pub async fn go_anyway(&self, scope: Scope, reason: Option<BlockedReason>) -> Result<u64, Failure> {
        conditions::anyway(&self.shared, scope, reason).await
    }

    /// Takes back what [`Self::go_anyway`] said for this group, or for everything.
    ///
    /// # Errors
    /// As there.
    pub async fn not_anyway(&self, scope: Scope) -> Result<(), Failure> {
        conditions::mind_again(&self.shared, scope).await
    }

    /// Never takes the network of now for metered again.
    ///
    /// # Errors
    /// `not_found` when the system does not say which one it is; errors of the queue.
    pub async fn trust_network(&self) -> Result<(), Failure> {
        conditions::trust_network(&self.shared).await
    }

    /// Counts how often the computer woke or changed its network.
    #[must_use]
    pub fn lines(&self) -> watch::Receiver<u64> {
        self.shared.conditions.lines()
    }
}
