//! Errors of the world as codes, and codes as statuses of HTTP: two tables.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::states::SessionState;
use windlass_protocol::Problem;
use windlass_protocol::problem::Missing;

/// A refusal of one item: a failure, with the state that stood in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub failure: Failure,
    /// The state that stood in the way.
    pub state: Option<SessionState>,
    /// What is not there yet.
    pub missing: Vec<Missing>,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            state: None,
            missing: Vec::new(),
        }
    }
}

impl Refusal {
    /// A refusal for a code and its fact.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Failure::new(code, detail).into()
    }

    /// The same with the state that stood in the way.
    #[must_use]
    pub fn with_state(mut self, state: SessionState) -> Self {
        self.state = Some(state);
        self
    }

    /// As it stands in an answer.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let mut problem = problem(&self.failure);
        problem.state = self.state.map(|s| s.as_str().to_owned());
        problem.missing.clone_from(&self.missing);
        problem
    }
}

/// A failure that has just come about, as it stands in an answer. What the client can't help is told to the operator too.
pub(crate) fn problem(failure: &Failure) -> Problem {
    let problem = known_problem(failure);
    if problem.status == 500 {
        tracing::error!(code = %failure.code, cause = %failure.detail, "a request failed inside the control plane");
    }
    problem
}

/// A failure that was told before, as it stands in an answer.
pub(crate) fn known_problem(failure: &Failure) -> Problem {
    Problem::new(status(failure.code), failure)
}

/// The status of a code (server model §5.2).
pub(crate) fn status(code: ErrorCode) -> u16 {
    use ErrorCode as E;
    match code {
        E::BadRequest | E::BadCursor => 400,
        E::Unauthenticated | E::TokenExpired | E::TokenRevoked => 401,
        E::Forbidden | E::UrlExpired | E::UrlSignature => 403,
        E::NotFound => 404,
        E::ObjectCondemned => 410,
        E::RevMismatch => 412,
        E::BatchTooLarge | E::BodyTooLarge => 413,
        E::HostRefused => 421,
        E::StateConflict
        | E::GroupClosed
        | E::GroupCompleted
        | E::FinalizeIncomplete
        | E::SessionSettled
        | E::SessionDeleted
        | E::FollowsOther
        | E::LeaseLost => 409,
        E::UpgradeRequired => 426,
        E::RateLimited => 429,
        E::StorageError | E::StorageDenied | E::StorageCredentials | E::BucketMissing => 502,
        E::HostNotFound | E::ConnectionRefused | E::ConnectionLost | E::CertificateUntrusted => 502,
        E::ProxyUnreachable | E::ProxyAuth => 502,
        E::StorageTimeout | E::SlowNetwork => 504,
        E::Overloaded
        | E::DatabaseDown
        | E::StorageDown
        | E::ShuttingDown
        | E::DestinationSlowDown
        | E::DestinationMissing
        | E::KeyringLocked => 503,
        E::StorageFull | E::QueueDiskFull => 507,
        E::Internal | E::QueueDamaged | E::QueueNewer | E::QueueReadOnly => 500,
        _ => 422,
    }
}

/// What an error of a file system below a destination means.
pub(crate) fn folder_failure(what: &str, e: std::io::Error) -> Failure {
    use rustix::io::Errno;
    let code = match Errno::from_io_error(&e) {
        Some(Errno::NOSPC | Errno::DQUOT) => ErrorCode::StorageFull,
        Some(Errno::FBIG) => ErrorCode::TooLarge,
        Some(Errno::ROFS | Errno::ACCESS | Errno::PERM) => ErrorCode::DestinationReadOnly,
        Some(
            Errno::STALE | Errno::NOTCONN | Errno::CONNABORTED | Errno::NODEV | Errno::HOSTDOWN | Errno::NXIO,
        ) => ErrorCode::DestinationMissing,
        Some(Errno::NAMETOOLONG | Errno::ILSEQ) => ErrorCode::NameInvalid,
        // No descriptor is left: fewer at once is what helps.
        Some(Errno::MFILE | Errno::NFILE) => ErrorCode::Overloaded,
        _ => ErrorCode::StorageError,
    };
    Failure::new(code, format!("{what}: {e}"))
}

/// What an error of the data folder means.
pub(crate) fn home_failure(what: &str, e: &std::io::Error) -> Failure {
    use rustix::io::Errno;
    let code = match Errno::from_io_error(e) {
        Some(Errno::NOSPC | Errno::DQUOT) => ErrorCode::QueueDiskFull,
        Some(Errno::ROFS | Errno::ACCESS | Errno::PERM) => ErrorCode::QueueReadOnly,
        _ => ErrorCode::Internal,
    };
    Failure::new(code, format!("{what}: {e}"))
}

/// Something that can't be unless this program is wrong.
pub(crate) fn internal(what: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorCode::Internal, what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f042_out_of_descriptors_asks_to_slow_down() {
        let code = |errno: rustix::io::Errno| folder_failure("it can't be opened", errno.into()).code;
        assert_eq!(code(rustix::io::Errno::MFILE), ErrorCode::Overloaded);
        assert_eq!(code(rustix::io::Errno::NFILE), ErrorCode::Overloaded);
        assert_eq!(code(rustix::io::Errno::IO), ErrorCode::StorageError);
        assert_eq!(status(ErrorCode::Overloaded), 503);
    }
}
