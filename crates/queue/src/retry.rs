//! A person's "try again": from where a failed file stood. What was sent is not sent again.

use std::sync::LazyLock;

use rusqlite::{Connection, Row, params};
use windlass_core::error::ErrorCode;
use windlass_core::ids::{FileId, GroupId};

use crate::QueueError;
use crate::row::{id, key};
use crate::totals::FOR_GOOD;

/// Which failed files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryScope {
    /// One file.
    File(FileId),
    /// Those of a group.
    Group(GroupId),
    /// All.
    All,
}

/// A file that is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retried {
    /// File.
    pub file: FileId,
    /// Its group.
    pub group: GroupId,
}

/// Puts failed files back to work, maybe only those of one cause: `uploading` when a part is stored, `registered` when the control
/// plane knows them, else `queued`. Their error and their count of tries are cleared. Never those that are refused for
/// good or cancelled, nor those of a group that has ended.
///
/// # Errors
/// As for every write.
pub fn retry(
    conn: &Connection,
    scope: RetryScope,
    cause: Option<ErrorCode>,
) -> Result<Vec<Retried>, QueueError> {
    let (which, scope_id) = match scope {
        RetryScope::File(id) => ("id = ?1", Some(key(id))),
        RetryScope::Group(id) => ("group_id = ?1", Some(key(id))),
        RetryScope::All => ("?1 IS NULL", None),
    };
    static STATE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "state = 'failed' AND intent <> 'cancelled' AND error_code NOT IN ({})
             AND EXISTS (SELECT 1 FROM upload_group g WHERE g.id = group_id AND g.hidden = 0
                         AND g.intent <> 'cancelled' AND g.state NOT IN ('completed', 'cancelled'))",
            FOR_GOOD.as_str()
        )
    });
    let retryable = STATE.as_str();
    let mut q = conn.prepare_cached(&format!(
        "UPDATE upload_file SET
             state = CASE
                 WHEN object_key IS NULL THEN 'queued'
                 WHEN EXISTS (SELECT 1 FROM part p WHERE p.file_id = upload_file.id AND p.state = 'uploaded') THEN 'uploading'
                 ELSE 'registered' END,
             error_code = NULL, error_detail = NULL, tries = 0, next_try_at = NULL
         WHERE {which} AND (?2 IS NULL OR error_code = ?2) AND {retryable}
         RETURNING id, group_id"
    ))?;
    let read = |r: &Row<'_>| {
        Ok(Retried {
            file: id(r, 0)?,
            group: id(r, 1)?,
        })
    };
    let retried = q
        .query_map(params![scope_id, cause.map(ErrorCode::as_str)], read)?
        .collect::<Result<_, _>>()?;
    Ok(retried)
}
