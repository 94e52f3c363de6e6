//! How a connection is set up. Every connection of the queue is made here.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::QueueError;

/// How long a statement waits for a lock before it says busy.
pub(crate) const BUSY: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;
/// KiB of pages in memory, one connection each; part of the engine's memory budget (architecture §9).
const WRITER_CACHE_KIB: i64 = 8 * 1024;
const READER_CACHE_KIB: i64 = 4 * 1024;
/// Bytes of a file up to which its indexes are checked entry by entry at each start: at most a quarter of a second.
const THOROUGH_BYTES: i64 = 64 << 20;
/// Bytes that the log keeps on disk after a checkpoint (F27).
const LOG_BYTES: i64 = 64 << 20;

/// Refuses SQLite versions with the WAL-reset race and the one that was withdrawn (F24).
pub(crate) fn check_library() -> Result<(), QueueError> {
    let n = rusqlite::version_number();
    if is_sound(n) {
        Ok(())
    } else {
        Err(QueueError::Internal(format!(
            "SQLite {} may lose writes; 3.51.3 or newer is needed",
            rusqlite::version()
        )))
    }
}

const fn is_sound(version: i32) -> bool {
    version >= 3_051_003 && version != 3_052_000
}

/// The connection that writes to a file that is there already, once the file was looked through.
pub(crate) fn writer(path: &Path) -> Result<Connection, QueueError> {
    let conn = open(path)?;
    // A damaged file is set aside with its log as they are: closing must not copy one into the other.
    leave_log(&conn, true)?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |r| r.get(0))?;
    if mode != "wal" {
        return Err(QueueError::Disk(format!(
            "the file system allows no write-ahead log (mode {mode}); choose another folder"
        )));
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "recursive_triggers", true)?;
    // The writer makes checkpoints itself, after the answers were given.
    conn.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    look_through(&conn)?;
    leave_log(&conn, false)?;
    Ok(conn)
}

/// A connection that can't write.
pub(crate) fn reader(path: &Path) -> Result<Connection, QueueError> {
    let conn = open(path)?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    conn.pragma_update(None, "query_only", true)?;
    leave_log(&conn, true)?;
    Ok(conn)
}

/// Whether closing the last connection leaves the log as it is, instead of copying it into the file.
pub(crate) fn leave_log(conn: &Connection, leave: bool) -> Result<(), QueueError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave)?;
    Ok(())
}

/// The connection that fills a new file; it is no queue yet, so it has a rollback journal that leaves nothing behind.
pub(crate) fn maker(path: &Path) -> Result<Connection, QueueError> {
    let conn = open(path)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "recursive_triggers", true)?;
    Ok(conn)
}

fn open(path: &Path) -> Result<Connection, QueueError> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // An error of the disk is to be an error, not a signal.
    conn.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(()))?;
    // Where a plain sync stops at the drive's cache.
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(conn)
}

/// Looks through the whole file: every page, row and constraint, and in files of ordinary size also whether each index
/// holds what its table holds.
fn look_through(conn: &Connection) -> Result<(), QueueError> {
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |r| r.get(0))?;
    let page_size: i64 = conn.query_row("PRAGMA page_size", [], |r| r.get(0))?;
    let thorough = pages.saturating_mul(page_size) <= THOROUGH_BYTES;
    let check = if thorough {
        "PRAGMA integrity_check(1)"
    } else {
        "PRAGMA quick_check(1)"
    };
    let said: String = conn.query_row(check, [], |r| r.get(0))?;
    if said == "ok" {
        Ok(())
    } else {
        Err(QueueError::Damaged(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f024_versions_that_lose_writes_are_refused() {
        assert!(!is_sound(3_051_002) && !is_sound(3_052_000) && !is_sound(3_040_000));
        assert!(is_sound(3_051_003) && is_sound(3_052_001) && is_sound(3_054_001));
        assert_eq!(check_library(), Ok(()));
    }
}
