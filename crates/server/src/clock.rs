//! Time and chance, the two things that a test wants in its own hands.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;

/// Where the server gets the time and random bytes from.
pub trait World: Send + Sync {
    /// The time of this computer's clock.
    fn now(&self) -> Timestamp;

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

/// So many random bytes.
///
/// # Errors
/// When the system has none to give.
pub fn random<const N: usize>(world: &dyn World) -> Result<[u8; N], Failure> {
    let mut out = [0; N];
    world.fill(&mut out)?;
    Ok(out)
}
