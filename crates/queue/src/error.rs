//! What can go wrong with the queue, told by what may be done about it.

use rusqlite::ffi;
use windlass_core::error::{ErrorCode, Failure};

/// Why the queue did not do it. After any of these, nothing of the call was written. (A commit whose sync failed may
/// turn out to be there after all; guarded updates make asking twice harmless.)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The disk of the queue is full. Nothing is lost; the same call may be made again.
    #[error("the disk of the queue is full: {0}")]
    DiskFull(String),
    /// The file or its folder can't be written to.
    #[error("the queue can't be written to: {0}")]
    ReadOnly(String),
    /// A newer Windlass wrote the file; nothing was changed.
    #[error("the queue has version {found}; this Windlass knows versions up to {known}")]
    Newer {
        /// Of the file.
        found: u32,
        /// Of this program.
        known: u32,
    },
    /// The file can't be read as a queue.
    #[error("the queue is damaged: {0}")]
    Damaged(String),
    /// The disk reported an error. The file is closed, opened again and checked before it is written again.
    #[error("the disk of the queue reported an error: {0}")]
    Disk(String),
    /// Another program held the file for too long.
    #[error("another program holds the queue: {0}")]
    Busy(String),
    /// The queue was closed.
    #[error("the queue is closed")]
    Closed,
    /// A constraint or a trigger refused it: a forbidden step, or a row that is not there.
    #[error("the queue refused it: {0}")]
    Refused(String),
    /// A row holds what this program can't read.
    #[error("a row can't be read: {0}")]
    Stored(String),
    /// Anything else.
    #[error("the queue failed: {0}")]
    Internal(String),
}

impl QueueError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::DiskFull(_) => ErrorCode::QueueDiskFull,
            Self::ReadOnly(_) => ErrorCode::QueueReadOnly,
            Self::Newer { .. } => ErrorCode::QueueNewer,
            Self::Damaged(_) | Self::Stored(_) => ErrorCode::QueueDamaged,
            Self::Disk(_) | Self::Busy(_) | Self::Closed | Self::Refused(_) | Self::Internal(_) => {
                ErrorCode::Internal
            }
        }
    }

    /// True when the connection that met it must not be trusted any more (F22).
    pub(crate) const fn ends_connection(&self) -> bool {
        matches!(self, Self::Disk(_) | Self::Damaged(_))
    }

    pub(crate) fn from_io(e: &std::io::Error, what: &str) -> Self {
        use std::io::ErrorKind;
        let told = format!("{what}: {e}");
        match e.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(told),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull(told),
            _ => Self::Disk(told),
        }
    }
}

impl From<QueueError> for Failure {
    fn from(e: QueueError) -> Self {
        Self::new(e.code(), e.to_string())
    }
}

impl From<&QueueError> for Failure {
    fn from(e: &QueueError) -> Self {
        Self::new(e.code(), e.to_string())
    }
}

impl From<rusqlite::Error> for QueueError {
    fn from(e: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let told = e.to_string();
        match e {
            E::SqliteFailure(ref cause, _) => from_sqlite(cause, told),
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::Utf8Error(..)
            | E::InvalidColumnType(..) => Self::Stored(told),
            _ => Self::Internal(told),
        }
    }
}

fn from_sqlite(cause: &ffi::Error, told: String) -> QueueError {
    // The shared memory of the log can't grow: that is a full disk too.
    if cause.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return QueueError::DiskFull(told);
    }
    match cause.extended_code & 0xff {
        ffi::SQLITE_FULL => QueueError::DiskFull(told),
        ffi::SQLITE_READONLY | ffi::SQLITE_PERM => QueueError::ReadOnly(told),
        ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB | ffi::SQLITE_FORMAT => QueueError::Damaged(told),
        ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN => QueueError::Disk(told),
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => QueueError::Busy(told),
        ffi::SQLITE_CONSTRAINT => QueueError::Refused(told),
        _ => QueueError::Internal(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(extended: i32) -> QueueError {
        rusqlite::Error::SqliteFailure(ffi::Error::new(extended), None).into()
    }

    #[test]
    fn f023_a_full_disk_and_f022_a_broken_disk_are_told_apart() {
        assert_eq!(of(ffi::SQLITE_FULL).code(), ErrorCode::QueueDiskFull);
        assert!(!of(ffi::SQLITE_FULL).ends_connection());
        assert!(of(ffi::SQLITE_IOERR_FSYNC).ends_connection());
        assert!(of(ffi::SQLITE_CORRUPT).ends_connection());
        assert_eq!(of(ffi::SQLITE_READONLY_DBMOVED).code(), ErrorCode::QueueReadOnly);
        assert!(matches!(
            of(ffi::SQLITE_CONSTRAINT_TRIGGER),
            QueueError::Refused(_)
        ));
    }
}
