//! Signals: the first asks the command to end in order, the second ends it at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use windlass_core::error::{ErrorCode, Failure};

use crate::exit::Exit;

/// Set by the first signal.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    token: CancellationToken,
}

impl Stop {
    /// Listens for SIGINT, SIGTERM and SIGHUP from now on.
    ///
    /// # Errors
    /// `internal` when the system does not let this process listen.
    pub fn listen() -> Result<Self, Failure> {
        let stop = Self::default();
        let failed = |e: std::io::Error| Failure::new(ErrorCode::Internal, format!("signals: {e}"));
        let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut term = signal(SignalKind::terminate()).map_err(failed)?;
        let mut hup = signal(SignalKind::hangup()).map_err(failed)?;
        let token = stop.token.clone();
        tokio::spawn(async move {
            any(&mut int, &mut term, &mut hup).await;
            token.cancel();
            any(&mut int, &mut term, &mut hup).await;
            // What is not written down now counts as in flight; the next command finds it out.
            std::process::exit(i32::from(Exit::Stopped.code()));
        });
        Ok(stop)
    }

    /// Waits for the first signal.
    pub async fn asked(&self) {
        self.token.cancelled().await;
    }

    /// The first signal came.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.token.is_cancelled()
    }
}

async fn any(a: &mut Signal, b: &mut Signal, c: &mut Signal) {
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
        _ = c.recv() => {}
    }
}
