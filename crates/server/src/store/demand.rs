//! What a caller demands of a row before it is changed: that it is still as they saw it (`If-Match`). Asked in the
//! transaction of the change.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId, OwnerId};

use crate::db::{Tx, params};
use crate::failure::Refusal;

/// A row, and the revision that it must have; none: whatever it has.
#[derive(Debug, Clone, Copy)]
pub struct At<T> {
    /// Which.
    pub id: T,
    /// As it was seen.
    pub rev: Option<u64>,
}

impl<T> From<T> for At<T> {
    fn from(id: T) -> Self {
        Self { id, rev: None }
    }
}

/// Refuses when the group is not as it was seen. One that is not there is told by the change itself.
pub(crate) fn group(
    tx: &mut dyn Tx,
    owner: OwnerId,
    at: At<GroupId>,
) -> Result<Result<(), Refusal>, Failure> {
    let find = "SELECT rev FROM upload_group WHERE owner_id = ?1 AND id = ?2 AND rev <> ?3";
    met(tx, find, owner, at.id.into(), at.rev)
}

/// Refuses when the session is not as it was seen. One that is not there is told by the change itself.
pub(crate) fn session(
    tx: &mut dyn Tx,
    owner: OwnerId,
    at: At<FileId>,
) -> Result<Result<(), Refusal>, Failure> {
    let find = "SELECT rev FROM upload_session WHERE owner_id = ?1 AND id = ?2 AND rev <> ?3";
    met(tx, find, owner, at.id.into(), at.rev)
}

fn met(
    tx: &mut dyn Tx,
    find: &str,
    owner: OwnerId,
    id: crate::db::Value,
    rev: Option<u64>,
) -> Result<Result<(), Refusal>, Failure> {
    let Some(rev) = rev else {
        return Ok(Ok(()));
    };
    let other = tx.query_opt(find, params![owner, id, rev])?;
    let Some(row) = other else {
        return Ok(Ok(()));
    };
    let detail = format!("revision {rev} was demanded, it has {}", row.get::<u64>(0)?);
    Ok(Err(Refusal::new(ErrorCode::RevMismatch, detail)))
}
