//! What errors of the two databases mean.
//!
//! The gates of the schema refuse with `windlass:WORD`; a unique index refuses with the database's own words. Both are
//! told by the failure that comes of them, alike for both databases.

use ::postgres::error::SqlState;
use windlass_core::error::{ErrorCode, Failure};

/// Begins the detail of a failure that a unique index caused.
const UNIQUE: &str = "ledger: not unique: ";
/// Begins the detail of a failure that a gate of the schema caused.
const GATE: &str = "windlass:";
/// `SQLSTATE` of the gates.
const GATE_STATE: &str = "WL001";

/// True when a unique index refused.
#[must_use]
pub fn is_unique(failure: &Failure) -> bool {
    failure.detail.starts_with(UNIQUE)
}

/// The word with which a gate of the schema refused: `transition`, `unproved`, `frozen`, ...
#[must_use]
pub fn refused_word(failure: &Failure) -> Option<&str> {
    failure.detail.strip_prefix(GATE)?.split(':').next()
}

/// A gate of the schema refused: another write came between, or the code is wrong. Either way nothing was written.
fn gate(message: &str) -> Failure {
    let mut failure = Failure::new(ErrorCode::StateConflict, message);
    failure.code = match refused_word(&failure) {
        Some("group_closed") => ErrorCode::GroupClosed,
        Some("group_completed") => ErrorCode::GroupCompleted,
        Some("incomplete") => ErrorCode::FinalizeIncomplete,
        _ => ErrorCode::StateConflict,
    };
    failure
}

fn unique(message: &str) -> Failure {
    Failure::new(ErrorCode::StateConflict, format!("{UNIQUE}{message}"))
}

/// What an error of SQLite means.
pub(super) fn sqlite(e: rusqlite::Error) -> Failure {
    use rusqlite::ErrorCode as S;
    use rusqlite::ffi;
    if let rusqlite::Error::SqliteFailure(inner, message) = &e {
        let message = message.as_deref().unwrap_or_default();
        match inner.extended_code {
            ffi::SQLITE_CONSTRAINT_TRIGGER if message.starts_with(GATE) => return gate(message),
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => return unique(message),
            _ => {}
        }
    }
    let code = match e.sqlite_error_code() {
        Some(S::DiskFull) => ErrorCode::QueueDiskFull,
        Some(S::ReadOnly | S::CannotOpen | S::PermissionDenied) => ErrorCode::QueueReadOnly,
        Some(S::DatabaseCorrupt | S::NotADatabase) => ErrorCode::QueueDamaged,
        Some(S::DatabaseBusy | S::DatabaseLocked | S::SystemIoFailure) => ErrorCode::DatabaseDown,
        _ => ErrorCode::Internal,
    };
    Failure::new(code, format!("ledger: {e}"))
}

/// True when PostgreSQL asks for the whole transaction again.
pub(super) fn is_again(e: &::postgres::Error) -> bool {
    e.code()
        .is_some_and(|c| *c == SqlState::T_R_SERIALIZATION_FAILURE || *c == SqlState::T_R_DEADLOCK_DETECTED)
}

/// What an error of PostgreSQL means.
pub(super) fn postgres(e: &::postgres::Error) -> Failure {
    let Some(told) = e.as_db_error() else {
        // Not said by the database: the connection, its encryption, or this program's values.
        let io = e.is_closed() || std::error::Error::source(e).is_some_and(|s| s.is::<std::io::Error>());
        let code = if io {
            ErrorCode::DatabaseDown
        } else {
            ErrorCode::Internal
        };
        return Failure::new(code, format!("ledger: {}", chain(e)));
    };
    let message = told.message();
    let state = told.code().code();
    if state == GATE_STATE || message.starts_with(GATE) {
        return gate(message);
    }
    if *told.code() == SqlState::UNIQUE_VIOLATION {
        return unique(told.constraint().unwrap_or(message));
    }
    let code = match state {
        "25006" => ErrorCode::QueueReadOnly,
        "53100" => ErrorCode::QueueDiskFull,
        // Zero bytes and half surrogates: text that PostgreSQL has no room for.
        "22021" | "22P05" => ErrorCode::InvalidField,
        "55P03" | "57014" | "40001" | "40P01" => ErrorCode::Overloaded,
        "3D000" => ErrorCode::DatabaseDown,
        _ => match state.get(..2) {
            Some("08" | "28" | "53" | "57" | "58") => ErrorCode::DatabaseDown,
            Some("XX") => ErrorCode::QueueDamaged,
            _ => ErrorCode::Internal,
        },
    };
    Failure::new(code, format!("ledger: {message} ({state})"))
}

/// An error with its causes.
pub(super) fn chain(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut next = e.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
