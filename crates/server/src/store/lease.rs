//! Leases by name: who alone does what there is one of. Taken for a while, prolonged while the work goes on, given back at
//! its end; whoever dies loses it when it runs out, and the next one does the work again.

use windlass_core::error::Failure;
use windlass_core::time::Timestamp;

use crate::db::{Tx, params};

/// Looking after files whose client is quiet.
pub const SWEEP: &str = "sweep";
/// Cleaning up.
pub const JANITOR: &str = "janitor";
/// Held by nobody: until then no cleaning up is due.
const JANITOR_DUE: &str = "janitor_due";

/// Takes a lease that is free or the holder's own. Its fence, which counts the takings; none while another has it.
///
/// # Errors
/// As the database answers.
pub fn take(
    tx: &mut dyn Tx,
    name: &str,
    holder: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<i64>, Failure> {
    let row = tx.query_opt(
        "INSERT INTO lease (name, holder, until, fence) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
           fence = CASE WHEN lease.holder = excluded.holder AND lease.until > ?4 THEN lease.fence ELSE lease.fence + 1 END
         WHERE lease.until <= ?4 OR lease.holder = excluded.holder
         RETURNING fence",
        params![name, holder, until, now],
    )?;
    row.map(|r| r.get(0)).transpose()
}

/// Prolongs a lease that is still held. False when it was lost.
///
/// # Errors
/// As the database answers.
pub fn prolong(
    tx: &mut dyn Tx,
    name: &str,
    holder: &str,
    fence: i64,
    until: Timestamp,
) -> Result<bool, Failure> {
    let changed = tx.execute(
        "UPDATE lease SET until = ?4 WHERE name = ?1 AND holder = ?2 AND fence = ?3",
        params![name, holder, fence, until],
    )?;
    Ok(changed == 1)
}

/// Gives a lease back, if it is still held.
///
/// # Errors
/// As the database answers.
pub fn give_back(tx: &mut dyn Tx, name: &str, holder: &str, fence: i64) -> Result<(), Failure> {
    tx.execute(
        "UPDATE lease SET until = 0 WHERE name = ?1 AND holder = ?2 AND fence = ?3",
        params![name, holder, fence],
    )
    .map(drop)
}

/// True when cleaning up is due.
///
/// # Errors
/// As the database answers.
pub fn is_due(tx: &mut dyn Tx, now: Timestamp) -> Result<bool, Failure> {
    let waits = "SELECT 1 FROM lease WHERE name = ?1 AND until > ?2";
    Ok(!tx.exists(waits, params![JANITOR_DUE, now])?)
}

/// It was done: until then it is not due.
///
/// # Errors
/// As the database answers.
pub fn done_until(tx: &mut dyn Tx, holder: &str, until: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "INSERT INTO lease (name, holder, until, fence) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until, fence = lease.fence + 1",
        params![JANITOR_DUE, holder, until],
    )
    .map(drop)
}

/// Gives back whatever a holder has.
///
/// # Errors
/// As the database answers.
pub fn give_back_all(tx: &mut dyn Tx, holder: &str) -> Result<(), Failure> {
    tx.execute("UPDATE lease SET until = 0 WHERE holder = ?1", params![holder])
        .map(drop)
}
