//! Carries the file from an older version to this one: all steps in one transaction, after a copy.
//!
//! `PRAGMA user_version` is the version; it stands in the file's header, so that an older Windlass can read it without
//! touching anything. Steps are append-only.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use windlass_core::states::{FileState, GroupState, PartState, TransitionRow};
use windlass_core::time::Timestamp;

use crate::QueueError;

/// Step `n` makes version `n + 1`.
const STEPS: &[&str] = &[
    include_str!("../migrations/0001_queue.sql"),
    include_str!("../migrations/0002_history.sql"),
    include_str!("../migrations/0003_watch.sql"),
    include_str!("../migrations/0004_server.sql"),
    include_str!("../migrations/0005_groups.sql"),
    include_str!("../migrations/0006_accepts.sql"),
    include_str!("../migrations/0007_spans.sql"),
    include_str!("../migrations/0008_processing_seen.sql"),
    include_str!("../migrations/0009_group_of_watch.sql"),
    include_str!("../migrations/0010_history_found.sql"),
    include_str!("../migrations/0011_receipt_content.sql"),
    include_str!("../migrations/0012_given.sql"),
];

/// The version that this program writes.
pub(crate) const VERSION: u32 = version_of(STEPS);

const fn version_of(steps: &[&str]) -> u32 {
    steps.len() as u32
}

/// Runs what lacks, inside the caller's transaction.
pub(crate) fn run(conn: &Connection, from: u32) -> Result<(), QueueError> {
    run_steps(conn, from, STEPS)
}

fn run_steps(conn: &Connection, from: u32, steps: &[&str]) -> Result<(), QueueError> {
    for step in steps.iter().skip(from as usize) {
        conn.execute_batch(step)?;
    }
    let lost: Option<String> = conn.query_row(
        "SELECT group_concat(DISTINCT \"table\") FROM pragma_foreign_key_check",
        [],
        |r| r.get(0),
    )?;
    if let Some(tables) = lost {
        return Err(QueueError::Internal(format!(
            "the migration would leave rows without their owner in {tables}"
        )));
    }
    conn.pragma_update(None, "user_version", version_of(steps))?;
    Ok(())
}

/// Brings an older file to this version. A copy of it is left beside it; answers with its name.
pub(crate) fn upgrade(
    conn: &mut Connection,
    path: &Path,
    from: u32,
    now: Timestamp,
) -> Result<PathBuf, QueueError> {
    upgrade_steps(conn, path, from, now, STEPS)
}

fn upgrade_steps(
    conn: &mut Connection,
    path: &Path,
    from: u32,
    now: Timestamp,
    steps: &[&str],
) -> Result<PathBuf, QueueError> {
    let copy = copy_name(path, from, now);
    let making = path.with_extension("copying");
    match fs::remove_file(&making) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(QueueError::from_io(&e, "an old copy can't be removed")),
    }
    // As bytes: a path need not be UTF-8.
    let name = ToSqlOutput::Borrowed(ValueRef::Text(making.as_os_str().as_encoded_bytes()));
    conn.execute("VACUUM INTO ?1", [name])?;
    restrict(&making)?;
    fs::rename(&making, &copy).map_err(|e| QueueError::from_io(&e, "the copy can't be named"))?;

    // Tables that are made anew must not take their children along; what they leave is checked before the commit.
    conn.pragma_update(None, "foreign_keys", false)?;
    let outcome = (|| {
        let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        run_steps(&tx, from, steps)?;
        tx.commit()?;
        Ok::<(), QueueError>(())
    })();
    conn.pragma_update(None, "foreign_keys", true)?;
    outcome?;
    // The version is to stand in the file itself, where an older Windlass looks first.
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(copy)
}

fn copy_name(path: &Path, from: u32, now: Timestamp) -> PathBuf {
    let stem = path
        .file_stem()
        .map_or_else(|| "queue".into(), |s| s.to_string_lossy().into_owned());
    path.with_file_name(format!("{stem}.version-{from}-{}.sqlite", now.as_millis()))
}

#[cfg(unix)]
fn restrict(path: &Path) -> Result<(), QueueError> {
    use std::os::unix::fs::PermissionsExt as _;
    let only_me = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path, only_me).map_err(|e| QueueError::from_io(&e, "the copy can't be protected"))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> Result<(), QueueError> {
    Ok(())
}

/// Holds the file's tables of steps against the code's; a difference refuses to start (F110).
pub(crate) fn compare_transitions(conn: &Connection) -> Result<(), QueueError> {
    let mut ours: Vec<_> = FileState::rows()
        .chain(PartState::rows())
        .chain(GroupState::rows())
        .map(row)
        .collect();
    ours.sort();
    let mut theirs =
        conn.prepare("SELECT machine, from_state, to_state FROM allowed_transition ORDER BY 1, 2, 3")?;
    let theirs: Vec<(String, String, String)> = theirs
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
        .collect::<Result<_, _>>()?;
    if ours == theirs {
        return Ok(());
    }
    let odd = ours
        .iter()
        .find(|r| !theirs.contains(r))
        .or_else(|| theirs.iter().find(|r| !ours.contains(r)));
    Err(QueueError::Internal(format!(
        "the queue's table of steps differs from the program's at {odd:?}"
    )))
}

fn row(t: TransitionRow) -> (String, String, String) {
    (t.machine.to_owned(), t.from.to_owned(), t.to.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connection, create};

    const NOW: Timestamp = Timestamp::from_millis(7);
    const NEXT: &str = "ALTER TABLE setting ADD COLUMN extra TEXT; UPDATE setting SET extra = 'kept'";

    /// The steps there are, and some of the future.
    fn more(next: &[&'static str]) -> Vec<&'static str> {
        [STEPS, next].concat()
    }

    /// A queue of this version with a row in it.
    fn old() -> (tempfile::TempDir, PathBuf, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("queue.sqlite");
        create::new_queue(&path, NOW, [1; 10]).unwrap();
        let conn = connection::writer(&path).unwrap();
        conn.execute("INSERT INTO setting (key, value) VALUES ('a', '1')", [])
            .unwrap();
        (dir, path, conn)
    }

    fn version(conn: &Connection) -> u32 {
        conn.query_row("PRAGMA user_version", [], |r| r.get(0)).unwrap()
    }

    fn setting(conn: &Connection, sql: &str) -> String {
        conn.query_row(sql, [], |r| r.get(0)).unwrap()
    }

    #[test]
    fn i15_rows_are_carried_on_and_a_copy_of_before_stays() {
        let (_dir, path, mut conn) = old();
        let copy = upgrade_steps(&mut conn, &path, VERSION, NOW, &more(&[NEXT])).unwrap();
        assert_eq!(version(&conn), VERSION + 1);
        assert_eq!(setting(&conn, "SELECT value || extra FROM setting"), "1kept");
        assert_eq!(
            copy.file_name().unwrap(),
            format!("queue.version-{VERSION}-7.sqlite").as_str()
        );
        // The version stands in the file itself, where an older program looks.
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes[60..64], (VERSION + 1).to_be_bytes());
        let before = connection::writer(&copy).unwrap();
        assert_eq!(
            (
                version(&before),
                setting(&before, "SELECT value FROM setting").as_str()
            ),
            (VERSION, "1")
        );
        assert!(before.prepare("SELECT extra FROM setting").is_err());
        let on: bool = conn.query_row("PRAGMA foreign_keys", [], |r| r.get(0)).unwrap();
        assert!(on);
    }

    #[test]
    fn i15_a_migration_that_fails_leaves_the_old_queue_whole() {
        let (_dir, path, mut conn) = old();
        for bad in [
            "ALTER TABLE setting ADD COLUMN extra TEXT; SELECT nonsense",
            "SELECT RAISE(ABORT, 'x')",
        ] {
            assert!(upgrade_steps(&mut conn, &path, VERSION, NOW, &more(&[NEXT, bad])).is_err());
            assert_eq!(version(&conn), VERSION);
            assert!(conn.prepare("SELECT extra FROM setting").is_err());
            assert_eq!(setting(&conn, "SELECT value FROM setting"), "1");
        }
        upgrade_steps(&mut conn, &path, VERSION, NOW, &more(&[NEXT])).unwrap();
    }

    #[test]
    fn a_migration_that_would_lose_rows_their_owner_is_refused() {
        let (_dir, path, mut conn) = old();
        let orphan = "INSERT INTO receipt_hash (file_id, sha256) VALUES (randomblob(16), zeroblob(32))";
        let e = upgrade_steps(&mut conn, &path, VERSION, NOW, &more(&[orphan])).unwrap_err();
        assert!(e.to_string().contains("receipt_hash"), "{e}");
        assert_eq!(version(&conn), VERSION);
    }

    #[test]
    fn f110_the_tables_of_steps_are_those_of_the_code() {
        let (_dir, _path, conn) = old();
        compare_transitions(&conn).unwrap();
    }
}
