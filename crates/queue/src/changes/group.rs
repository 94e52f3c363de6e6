//! Changes of a group.

use rusqlite::{Connection, params};
use windlass_core::ids::GroupId;
use windlass_core::states::GroupState;
use windlass_core::time::Timestamp;

use super::{Applied, guarded, stale};
use crate::QueueError;
use crate::row::key;

fn elsewhere(conn: &Connection, id: GroupId) -> Result<Applied, QueueError> {
    stale(conn, "SELECT state FROM upload_group WHERE id = ?1", key(id))
}

pub(super) fn state(
    conn: &Connection,
    id: GroupId,
    from: GroupState,
    to: GroupState,
    at: Timestamp,
) -> Result<Applied, QueueError> {
    if !from.may_become(to) {
        return Err(QueueError::Refused(format!(
            "a group does not go from {from} to {to}"
        )));
    }
    let finished_at = to.is_final().then_some(at.as_millis());
    // One that goes on again will have another end to tell of.
    guarded(
        conn.prepare_cached(
            "UPDATE upload_group SET state = ?3, finished_at = ?4,
                 told_at = CASE WHEN ?3 IN ('draft', 'uploading') THEN NULL ELSE told_at END
             WHERE id = ?1 AND state = ?2",
        )?,
        params![key(id), from.as_str(), to.as_str(), finished_at],
        || elsewhere(conn, id),
    )
}

pub(super) fn cancelled(conn: &Connection, id: GroupId, at: Timestamp) -> Result<Applied, QueueError> {
    let may = conn
        .prepare_cached(
            "SELECT 1 FROM upload_group WHERE id = ?1 AND state IN ('draft', 'uploading', 'failed')",
        )?
        .exists([key(id)])?;
    if !may {
        return elsewhere(conn, id);
    }
    conn.prepare_cached(
        "UPDATE upload_file SET state = 'removed', finished_at = ?2, next_try_at = NULL
         WHERE group_id = ?1 AND state NOT IN ('done', 'removed')",
    )?
    .execute(params![key(id), at.as_millis()])?;
    guarded(
        conn.prepare_cached(
            "UPDATE upload_group SET state = 'cancelled', intent = 'cancelled', scanning = 0, finished_at = ?2
             WHERE id = ?1 AND state IN ('draft', 'uploading', 'failed')",
        )?,
        params![key(id), at.as_millis()],
        || elsewhere(conn, id),
    )
}

pub(super) fn told(conn: &Connection, id: GroupId, at: Timestamp) -> Result<Applied, QueueError> {
    guarded(
        conn.prepare_cached("UPDATE upload_group SET told_at = ?2 WHERE id = ?1 AND told_at IS NULL")?,
        params![key(id), at.as_millis()],
        || elsewhere(conn, id),
    )
}
