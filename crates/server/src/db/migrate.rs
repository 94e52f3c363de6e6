//! Bringing a database to the newest version, and holding code and database against each other.
//!
//! Migrations only go forward, all that are missing in one transaction. A database of a newer program is left as it is.
//! `allowed_transition` is filled from `core`'s tables after a migration and compared with them at each start.

use std::collections::BTreeSet;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::states::{
    FilePartState, GroupState, JobState, ObjectState, RunState, SessionState, TransitionRow,
};

use super::{Dialect, Tx, rows_list};
use crate::params;

/// Migrations of SQLite in order; `user_version` counts those that a file has.
pub(super) const SQLITE: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_ledger.sql"),
    include_str!("../../migrations/sqlite/0002_model.sql"),
    include_str!("../../migrations/sqlite/0003_watch.sql"),
    include_str!("../../migrations/sqlite/0004_jobs.sql"),
    include_str!("../../migrations/sqlite/0005_canonical.sql"),
    include_str!("../../migrations/sqlite/0006_identity.sql"),
    include_str!("../../migrations/sqlite/0007_learnt.sql"),
    include_str!("../../migrations/sqlite/0008_refused.sql"),
];
/// Migrations of PostgreSQL in order; `schema_version` has a row for each that a database has.
pub(super) const POSTGRES: &[&str] = &[
    include_str!("../../migrations/postgres/0001_model.sql"),
    include_str!("../../migrations/postgres/0002_watch.sql"),
    include_str!("../../migrations/postgres/0003_jobs.sql"),
    include_str!("../../migrations/postgres/0004_canonical.sql"),
    include_str!("../../migrations/postgres/0005_identity.sql"),
    include_str!("../../migrations/postgres/0006_feed.sql"),
    include_str!("../../migrations/postgres/0007_learnt.sql"),
    include_str!("../../migrations/postgres/0008_refused.sql"),
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

/// More than any ledger counts up between a back-up and the day that it is restored.
const LEAP: i64 = 1 << 32;

/// A ledger that was restored is older than what its clients were told. Its log goes on with numbers above all of those:
/// whoever reads on from a place that the ledger does not know any more misses nothing that comes.
pub(super) fn go_on_behind(tx: &mut dyn Tx) -> Result<(), Failure> {
    if tx.dialect() == Dialect::Sqlite {
        // The time of the start, in microseconds: no ledger writes more than one entry in each.
        let now = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";
        tx.execute(
            &format!("UPDATE sqlite_sequence SET seq = {now} WHERE name = 'outbox_entry' AND seq < {now}"),
            params![],
        )?;
        let first = format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox_entry', {now}
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox_entry')"
        );
        return tx.execute(&first, params![]).map(drop);
    }
    let row = tx.query_one(
        "SELECT f.base, f.cluster, pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
           (SELECT COALESCE(MAX(txid), 0) FROM outbox_entry),
           CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
               AND has_function_privilege('pg_control_checkpoint()', 'EXECUTE')
             THEN (SELECT s.system_identifier || '/' || c.timeline_id FROM pg_control_system() s, pg_control_checkpoint() c)
             ELSE '' END
         FROM feed f",
        params![],
    )?;
    let (base, next, newest): (i64, i64, i64) = (row.get(0)?, row.get(2)?, row.get(3)?);
    let (was, is): (Option<String>, String) = (row.get(1)?, row.get(4)?);
    if was.as_ref() == Some(&is) && newest < base + next {
        return Ok(());
    }
    let is_new = was.is_none() && newest < base + next;
    let base = if is_new {
        base
    } else {
        tracing::info!("the ledger is not where it was: its log goes on behind all that may have been told");
        newest.max(base + next) + LEAP - next
    };
    tx.execute("UPDATE feed SET base = ?1, cluster = ?2", params![base, is])
        .map(drop)
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
