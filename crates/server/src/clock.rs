//! Time and chance, the two things that a test wants in its own hands.
//!
//! Leases, due times and ages are compared by several replicas on one database, so all of them go by its clock
//! ([`LedgerWorld`]): one whose own clock is ahead would take what another still holds.

use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;

use crate::db::Db;

/// Where the server gets the time and random bytes from.
pub trait World: Send + Sync {
    /// The time of this computer's clock.
    fn now(&self) -> Timestamp;

    /// The time where a clock that is shared with others shows this. Whoever lets hours pass for a test adds them here too.
    fn by(&self, shared: Timestamp) -> Timestamp {
        shared
    }

    /// Fills the buffer with bytes that nobody can guess.
    ///
    /// # Errors
    /// When the system has none to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failure>;
}

/// The computer's own clock and randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemWorld;

impl World for SystemWorld {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        aws_lc_rs::rand::fill(bytes)
            .map_err(|_| Failure::new(ErrorCode::Internal, "the system gave no random bytes"))
    }
}

/// The world of those who work on one ledger: the time is the database's, where it has a clock of its own.
pub struct LedgerWorld {
    world: Arc<dyn World>,
    db: Db,
}

impl LedgerWorld {
    /// The world of a ledger, else as this one.
    #[must_use]
    pub fn of(db: &Db, world: Arc<dyn World>) -> Arc<dyn World> {
        Arc::new(Self {
            world,
            db: db.clone(),
        })
    }
}

impl World for LedgerWorld {
    fn now(&self) -> Timestamp {
        match self.db.clock() {
            Some(shared) => self.world.by(shared),
            None => self.world.now(),
        }
    }

    fn by(&self, shared: Timestamp) -> Timestamp {
        self.world.by(shared)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        self.world.fill(bytes)
    }
}

/// So many random bytes.
///
/// # Errors
/// When the system has none to give.
pub fn random<const N: usize>(world: &dyn World) -> Result<[u8; N], Failure> {
    let mut out = [0; N];
    world.fill(&mut out)?;
    Ok(out)
}
