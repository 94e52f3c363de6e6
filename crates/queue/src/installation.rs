//! The one row about this installation: who it is, and how its last run ended.

use rusqlite::{Connection, params};
use windlass_core::ids::ClientId;
use windlass_core::time::Timestamp;

use crate::{QueueError, row};

/// How the last run ended, and who this is.
pub(crate) struct Installation {
    pub(crate) client_id: ClientId,
    pub(crate) clean_exit: bool,
    pub(crate) last_alive: Option<Timestamp>,
}

pub(crate) fn get(conn: &Connection) -> Result<Installation, QueueError> {
    let mut q = conn.prepare_cached("SELECT install_id, clean_exit, last_alive FROM engine")?;
    Ok(q.query_row([], |r| {
        Ok(Installation {
            client_id: row::id(r, 0)?,
            clean_exit: r.get(1)?,
            last_alive: row::maybe_time(r, 2)?,
        })
    })?)
}

/// From now on a launch that finds the file so knows that this run was cut.
pub(crate) fn begun(conn: &Connection, now: Timestamp) -> Result<(), QueueError> {
    conn.execute(
        "UPDATE engine SET clean_exit = 0, last_alive = ?1",
        params![now.as_millis()],
    )?;
    Ok(())
}

pub(crate) fn ended(conn: &Connection) -> Result<(), QueueError> {
    conn.execute("UPDATE engine SET clean_exit = 1", [])?;
    Ok(())
}

/// Writes down that it lives; the next launch tells since when nothing moved.
///
/// # Errors
/// As for every write.
pub fn alive(conn: &Connection, now: Timestamp) -> Result<(), QueueError> {
    conn.prepare_cached("UPDATE engine SET last_alive = ?1")?
        .execute(params![now.as_millis()])?;
    Ok(())
}
