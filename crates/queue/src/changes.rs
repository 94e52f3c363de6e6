//! Carries out what the machine asks to be written: guarded updates, in order, in the caller's transaction.
//!
//! Each names what it expects to find. One row changed is [`Applied::Done`]; none is [`Applied::Stale`]: somebody was
//! faster, nothing of *this* change was written, and the caller reads again. An error rolls the whole list back.

mod file;
mod group;
mod part;

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params};
use uuid::Uuid;
use windlass_core::machine::records::Change;

use crate::QueueError;

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// It is written, or stood there already in every detail.
    Done,
    /// The row stands elsewhere; nothing was written.
    Stale {
        /// Where it stands; `None`: there is no such row.
        actual: Option<String>,
    },
}

/// Applies the list in order: one answer each.
///
/// # Errors
/// When a change is refused by the file itself, or the disk fails: then nothing of the list is to stand, so the caller hands the
/// error on out of its closure.
#[must_use = "a stale change was not written"]
pub fn apply(conn: &Connection, changes: &[Change]) -> Result<Vec<Applied>, QueueError> {
    changes.iter().map(|change| one(conn, change)).collect()
}

fn one(conn: &Connection, change: &Change) -> Result<Applied, QueueError> {
    match change {
        Change::FileState { id, from, to } => file::state(conn, *id, *from, *to),
        Change::FileRegistered { id, object_key } => file::registered(conn, *id, object_key),
        Change::FileHashed { id, sha256 } => file::hashed(conn, *id, sha256),
        Change::FileFingerprint { id, fingerprint } => file::fingerprint(conn, *id, fingerprint),
        Change::FileTries {
            id,
            tries,
            next_try_at,
            failure,
        } => file::tries(conn, *id, *tries, *next_try_at, failure.as_ref()),
        Change::FileFailed {
            id,
            from,
            failure,
            at,
        } => file::failed(conn, *id, *from, failure, *at),
        Change::FileStartOver {
            id,
            from,
            attempt,
            fingerprint,
            part_size,
            part_count,
            because,
            at,
        } => {
            let over = file::StartOver {
                id: *id,
                from: *from,
                attempt: *attempt,
                fingerprint,
                part_size: *part_size,
                part_count: *part_count,
                because,
                at: *at,
            };
            file::start_over(conn, &over)
        }
        Change::FileDone { id, from, proof, at } => file::done(conn, *id, *from, proof, *at),
        Change::FileRemoved { id, from, at } => file::removed(conn, *id, *from, *at),
        Change::PartState { id, n, to } => part::state(conn, *id, *n, *to),
        Change::PartUploaded {
            id,
            n,
            crc64,
            etag,
            at,
        } => part::uploaded(conn, *id, *n, *crc64, etag, *at),
        Change::GroupState { id, from, to, at } => group::state(conn, *id, *from, *to, *at),
        Change::GroupCancelled { id, at } => group::cancelled(conn, *id, *at),
        Change::GroupTold { id, at } => group::told(conn, *id, *at),
    }
}

/// Done when one row changed, else what `actual` finds about it.
fn guarded(
    mut update: CachedStatement<'_>,
    params: impl Params,
    actual: impl FnOnce() -> Result<Applied, QueueError>,
) -> Result<Applied, QueueError> {
    if update.execute(params)? == 1 {
        Ok(Applied::Done)
    } else {
        actual()
    }
}

/// Where a row stands.
fn stale(conn: &Connection, query: &str, id: Uuid) -> Result<Applied, QueueError> {
    Ok(Applied::Stale {
        actual: conn
            .prepare_cached(query)?
            .query_row([id], |r| r.get(0))
            .optional()?,
    })
}
