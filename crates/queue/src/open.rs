//! What happens between a path and a working connection.
//!
//! Looked at first without writing: a newer file is refused as it is. Then: can it be written at all? Is it damaged? It is
//! set aside and a new one made. Is it older? It is copied and carried on. At last its table of steps is held against
//! the program's.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use windlass_core::time::Timestamp;

use crate::header::{self, Found};
use crate::{QueueError, aside, connection, create, migrate};

/// A connection that writes, and what was set aside on the way.
pub(crate) struct Ready {
    pub(crate) conn: Connection,
    pub(crate) set_aside: Option<PathBuf>,
}

pub(crate) fn ready(path: &Path, now: Timestamp, random: [u8; 10]) -> Result<Ready, QueueError> {
    connection::check_library()?;
    let dir = folder_of(path);
    create::folder(dir)?;
    let found = header::look(path).map_err(|e| QueueError::from_io(&e, "the queue can't be looked at"))?;
    if let Found::Queue { version } = found
        && version > migrate::VERSION
    {
        return Err(QueueError::Newer {
            found: version,
            known: migrate::VERSION,
        });
    }
    may_write(path, dir, found != Found::Absent, now)?;
    let set_aside = match found {
        Found::Absent => aside::orphan(path, now)?,
        Found::NoQueue(why) => {
            tracing::warn!(why, "the queue is damaged and is set aside");
            Some(aside::set_aside(path, now)?)
        }
        Found::Queue { version } => match existing(path, version, now) {
            Ok(conn) => {
                return Ok(Ready {
                    conn,
                    set_aside: None,
                });
            }
            Err(QueueError::Damaged(why) | QueueError::Stored(why)) => {
                tracing::warn!(why, "the queue is damaged and is set aside");
                Some(aside::set_aside(path, now)?)
            }
            Err(e) => return Err(e),
        },
    };
    create::new_queue(path, now, random)?;
    let conn = existing(path, migrate::VERSION, now)?;
    Ok(Ready { conn, set_aside })
}

/// Opens and looks through a file whose version is known.
fn existing(path: &Path, version: u32, now: Timestamp) -> Result<Connection, QueueError> {
    // What SQLite can make no sense of is damage; what the disk, its fullness or another program says is not.
    let mut conn = connection::writer(path).map_err(|e| match e {
        QueueError::Internal(why) | QueueError::Stored(why) | QueueError::Refused(why) => {
            QueueError::Damaged(why)
        }
        other => other,
    })?;
    if version < migrate::VERSION {
        let copy = migrate::upgrade(&mut conn, path, version, now)?;
        tracing::info!(from = version, to = migrate::VERSION, copy = %copy.display(), "the queue was carried on");
    }
    migrate::compare_transitions(&conn)?;
    let installations: i64 = conn.query_row("SELECT count(*) FROM engine", [], |r| r.get(0))?;
    if installations == 1 {
        Ok(conn)
    } else {
        Err(QueueError::Damaged("it lacks its installation".into()))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// SQLite would open a file that can't be written read-only and fail later and elsewhere; this tells at once.
fn may_write(path: &Path, dir: &Path, there: bool, now: Timestamp) -> Result<(), QueueError> {
    if there {
        OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(|e| QueueError::from_io(&e, "the queue can't be written"))?;
    }
    let probe = dir.join(format!(
        ".windlass-probe-{}-{}",
        std::process::id(),
        now.as_millis()
    ));
    let told = |e: &std::io::Error| QueueError::from_io(e, "the data folder can't be written");
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&probe)
        .map_err(|e| told(&e))?;
    fs::remove_file(&probe).map_err(|e| told(&e))
}
