//! Opening a file: settings, what is refused, migrations.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use windlass_core::error::{ErrorCode, Failure};

use super::{run, sql};
use crate::db::migrate;
use crate::failure::home_failure;

/// Pages in memory, KiB: what is written lies close together, for ids go by time, and the system keeps the rest of the file
/// at hand. The embedded ledger has a part of the app's memory budget (architecture §9).
const WRITER_CACHE_KIB: i64 = 12 * 1024;
const READER_CACHE_KIB: i64 = 2 * 1024;
/// `WDLG`: what kind of file it is.
const APPLICATION_ID: i32 = 0x5744_4c47;

/// Opens or makes a ledger and brings it to the newest version.
pub(super) fn open(path: &Path) -> Result<Connection, Failure> {
    // Made by us, so that nobody else can read it for even a moment.
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| home_failure("the ledger can't be opened", &e))?;
    refuse_foreign(path)?;
    let conn = connect(path)?;
    migrate(&conn)?;
    run(&conn, &mut migrate::compare_states)?;
    run(&conn, &mut migrate::go_on_behind)?;
    Ok(conn)
}

/// A ledger of a newer program, or a file that is something else, is left as it is.
fn refuse_foreign(path: &Path) -> Result<(), Failure> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sql)?;
    let version = version(&conn)?;
    let kind: i32 = conn
        .query_row("PRAGMA application_id", [], |r| r.get(0))
        .map_err(sql)?;
    migrate::missing(migrate::SQLITE, version)?;
    if version > 0 && kind != APPLICATION_ID {
        return Err(Failure::new(
            ErrorCode::QueueDamaged,
            "the file is not a ledger of Windlass",
        ));
    }
    Ok(())
}

/// How many migrations a file has, without touching it; none when there is no file.
pub(in crate::db) fn version_of(path: &Path) -> Result<Option<usize>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sql)?;
    version(&conn).map(Some)
}

fn version(conn: &Connection) -> Result<usize, Failure> {
    let version: i64 = conn
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .map_err(sql)?;
    // A version below zero is none of ours: refused as one that nobody knows.
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// A connection that may write. Without indexes of the moment: with them SQLite would rather index a long list of ids, and
/// read a whole table past it, than look each of them up.
pub(super) fn connect(path: &Path) -> Result<Connection, Failure> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(sql)?;
    conn.set_prepared_statement_cache_capacity(256);
    conn.execute_batch(
        "PRAGMA busy_timeout = 10000;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA recursive_triggers = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA temp_store = MEMORY;
         PRAGMA automatic_index = OFF;",
    )
    .map_err(sql)?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
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
    conn.set_prepared_statement_cache_capacity(128);
    conn.execute_batch("PRAGMA busy_timeout = 10000; PRAGMA query_only = ON; PRAGMA automatic_index = OFF;")
        .map_err(sql)?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)
        .map_err(sql)?;
    Ok(conn)
}

/// All missing migrations, or none.
fn migrate(conn: &Connection) -> Result<(), Failure> {
    let missing = migrate::missing(migrate::SQLITE, version(conn)?)?;
    if missing.is_empty() {
        return Ok(());
    }
    // A table that is made anew is dropped while others point at it; what points at nothing is looked for below.
    conn.execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")
        .map_err(sql)?;
    for migration in missing {
        conn.execute_batch(migration).map_err(sql)?;
    }
    run(conn, &mut migrate::fill_states)?;
    let dangling = conn
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut q| q.exists([]))
        .map_err(sql)?;
    if dangling {
        // The connection is dropped with its transaction: the file stays as it was.
        return Err(Failure::new(
            ErrorCode::QueueDamaged,
            "rows of the ledger point at nothing",
        ));
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID)
        .and_then(|()| conn.pragma_update(None, "user_version", migrate::SQLITE.len() as i64))
        .and_then(|()| conn.execute_batch("COMMIT; PRAGMA foreign_keys = ON"))
        .map_err(sql)
}
