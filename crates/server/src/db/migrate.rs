//! Bringing a database to the newest version, and holding code and database against each other.
//!
//! Migrations only go forward, all that are missing in one transaction. A database of a newer program is left as it is.
//! `allowed_transition` is filled from `core`'s tables after a migration and compared with them at each start.

use std::collections::BTreeSet;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::states::{
    FilePartState, GroupState, JobState, ObjectState, RunState, SessionState, TransitionRow,
};

use super::{Tx, rows_list};
use crate::params;

/// Migrations of SQLite in order; `user_version` counts those that a file has.
pub(super) const SQLITE: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_ledger.sql"),
    include_str!("../../migrations/sqlite/0002_model.sql"),
    include_str!("../../migrations/sqlite/0003_watch.sql"),
    include_str!("../../migrations/sqlite/0004_jobs.sql"),
    include_str!("../../migrations/sqlite/0005_canonical.sql"),
    include_str!("../../migrations/sqlite/0006_identity.sql"),
];
/// Migrations of PostgreSQL in order; `schema_version` has a row for each that a database has.
pub(super) const POSTGRES: &[&str] = &[
    include_str!("../../migrations/postgres/0001_model.sql"),
    include_str!("../../migrations/postgres/0002_watch.sql"),
    include_str!("../../migrations/postgres/0003_jobs.sql"),
    include_str!("../../migrations/postgres/0004_canonical.sql"),
    include_str!("../../migrations/postgres/0005_identity.sql"),
    include_str!("../../migrations/postgres/0006_feed.sql"),
];

/// Those that a database of a version lacks.
///
/// # Errors
/// `queue_newer` when the database has more than this program knows.
pub(super) fn missing(
    all: &'static [&'static str],
    version: usize,
) -> Result<&'static [&'static str], Failure> {
    all.get(version..).ok_or_else(|| {
        let detail = format!(
            "the ledger has version {version}, this program knows {}: start the newer program that wrote it, or restore \
             the backup that was made before",
            all.len()
        );
        Failure::new(ErrorCode::QueueNewer, detail)
    })
}

/// Every step that `core` allows to what the ledger keeps.
pub fn steps() -> impl Iterator<Item = TransitionRow> {
    SessionState::rows()
        .chain(ObjectState::rows())
        .chain(GroupState::rows())
        .chain(FilePartState::rows())
        .chain(JobState::rows())
        .chain(RunState::rows())
}

/// Writes the steps that `core` allows, after a migration.
pub(super) fn fill_states(tx: &mut dyn Tx) -> Result<(), Failure> {
    tx.execute("DELETE FROM allowed_transition", params![])?;
    let values: Vec<_> = steps()
        .flat_map(|s| [s.machine.into(), s.from.into(), s.to.into()])
        .collect();
    let rows = rows_list(1, values.len() / 3, 3);
    let insert = format!("INSERT INTO allowed_transition (machine, from_state, to_state) VALUES {rows}");
    tx.execute(&insert, &values).map(drop)
}

/// Code and ledger must allow the same steps; where they differ nothing may be written (F110, F185).
pub(super) fn compare_states(tx: &mut dyn Tx) -> Result<(), Failure> {
    let code: BTreeSet<_> = steps()
        .map(|s| (s.machine.to_owned(), s.from.to_owned(), s.to.to_owned()))
        .collect();
    let rows = tx.query(
        "SELECT machine, from_state, to_state FROM allowed_transition",
        params![],
    )?;
    let ledger = rows
        .iter()
        .map(|r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .collect::<Result<BTreeSet<(String, String, String)>, Failure>>()?;
    match code.symmetric_difference(&ledger).next() {
        None => Ok(()),
        Some((machine, from, to)) => Err(Failure::new(
            ErrorCode::QueueDamaged,
            format!("program and ledger differ in the step {machine}: {from:?} to {to:?}"),
        )),
    }
}
