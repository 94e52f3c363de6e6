//! Opening a ledger: settings, migrations, and holding code and ledger against each other.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_core::states::{GroupState, ObjectState, SessionState, TransitionRow};
use windlass_core::time::Timestamp;

use super::sql;
use crate::failure::home_failure;

/// Migrations in order; a ledger's `user_version` counts those it has.
const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/sqlite/0001_ledger.sql")];
/// `WDLG`: what kind of file it is.
const APPLICATION_ID: i32 = 0x5744_4c47;

/// Opens or makes a ledger and brings it to the newest version.
pub(super) fn open(path: &Path, owner_for_new: OwnerId, now: Timestamp) -> Result<Connection, Failure> {
    // Made by us, so that nobody else can read it for even a moment.
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| home_failure("the ledger can't be opened", &e))?;
    refuse_foreign(path)?;
    let conn = connect(path)?;
    migrate(&conn, owner_for_new, now)?;
    compare_states(&conn)?;
    // Nobody verifies any more: whoever did has ended with the program that held the ledger.
    conn.execute(
        "UPDATE upload_session SET lease_until = 0 WHERE state = 'verifying' AND lease_until > 0",
        [],
    )
    .map_err(sql)?;
    Ok(conn)
}

/// A ledger of a newer program, or a file that is something else, is left as it is.
fn refuse_foreign(path: &Path) -> Result<(), Failure> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sql)?;
    let version: i64 = conn
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .map_err(sql)?;
    let kind: i32 = conn
        .query_row("PRAGMA application_id", [], |r| r.get(0))
        .map_err(sql)?;
    let newest = MIGRATIONS.len() as i64;
    if version > newest {
        let detail = format!("the ledger has version {version}, this program knows {newest}");
        return Err(Failure::new(ErrorCode::QueueNewer, detail));
    }
    if version > 0 && kind != APPLICATION_ID {
        return Err(Failure::new(
            ErrorCode::QueueDamaged,
            "the file is not a ledger of Windlass",
        ));
    }
    Ok(())
}

/// A connection that may write.
pub(super) fn connect(path: &Path) -> Result<Connection, Failure> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(sql)?;
    conn.set_prepared_statement_cache_capacity(128);
    conn.execute_batch(
        "PRAGMA busy_timeout = 10000;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA recursive_triggers = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA cache_size = -32768;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA temp_store = MEMORY;",
    )
    .map_err(sql)?;
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, Failure> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(sql)?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.execute_batch("PRAGMA busy_timeout = 10000; PRAGMA query_only = ON; PRAGMA cache_size = -8192;")
        .map_err(sql)?;
    Ok(conn)
}

fn migrate(conn: &Connection, owner_for_new: OwnerId, now: Timestamp) -> Result<(), Failure> {
    let version: u32 = conn
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .map_err(sql)?;
    let Some(missing) = MIGRATIONS.get(version as usize..).filter(|m| !m.is_empty()) else {
        return Ok(());
    };
    conn.execute_batch("BEGIN IMMEDIATE").map_err(sql)?;
    let done = missing
        .iter()
        .try_for_each(|m| conn.execute_batch(m))
        .and_then(|()| fill_states(conn))
        .and_then(|()| {
            conn.execute(
                "INSERT INTO owner (id, kind, created_at) SELECT ?1, 'local', ?2
                 WHERE NOT EXISTS (SELECT 1 FROM owner WHERE kind = 'local')",
                params![owner_for_new.as_bytes(), now.as_millis()],
            )
        })
        .and_then(|_| conn.pragma_update(None, "application_id", APPLICATION_ID))
        .and_then(|()| conn.pragma_update(None, "user_version", MIGRATIONS.len() as i64))
        .and_then(|()| conn.execute_batch("COMMIT"));
    // The connection is dropped with its transaction when it was not committed.
    done.map_err(sql)
}

/// Every step that `core` allows to what the ledger keeps.
fn steps() -> impl Iterator<Item = TransitionRow> {
    SessionState::rows()
        .chain(ObjectState::rows())
        .chain(GroupState::rows())
}

fn fill_states(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM allowed_transition", [])?;
    let mut insert =
        conn.prepare("INSERT INTO allowed_transition (machine, from_state, to_state) VALUES (?, ?, ?)")?;
    for step in steps() {
        insert.execute(params![step.machine, step.from, step.to])?;
    }
    Ok(())
}

/// Code and ledger must allow the same steps; where they differ nothing may be written (F110, F185).
fn compare_states(conn: &Connection) -> Result<(), Failure> {
    let code: BTreeSet<_> = steps()
        .map(|s| (s.machine.to_owned(), s.from.to_owned(), s.to.to_owned()))
        .collect();
    let mut query = conn
        .prepare("SELECT machine, from_state, to_state FROM allowed_transition")
        .map_err(sql)?;
    let ledger: BTreeSet<(String, String, String)> = query
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .and_then(Iterator::collect)
        .map_err(sql)?;
    match code.symmetric_difference(&ledger).next() {
        None => Ok(()),
        Some((machine, from, to)) => Err(Failure::new(
            ErrorCode::QueueDamaged,
            format!("program and ledger differ in the step {machine}: {from:?} to {to:?}"),
        )),
    }
}

/// The owner that the ledger was made for.
pub(super) fn local_owner(conn: &Connection) -> Result<OwnerId, Failure> {
    let bytes: Vec<u8> = conn
        .query_row("SELECT id FROM owner WHERE kind = 'local'", [], |r| r.get(0))
        .map_err(sql)?;
    OwnerId::from_slice(&bytes).map_err(crate::failure::internal)
}
