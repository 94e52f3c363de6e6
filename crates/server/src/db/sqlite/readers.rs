//! Reading: connections that can't write, each read on one snapshot.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use windlass_core::error::Failure;

use super::{open, sql};

/// Connections kept for the next read.
const KEPT: usize = 4;

/// Connections that only read.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
        }
    }

    pub(super) fn with<T>(&self, f: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => open::connect_reader(&self.path)?,
        };
        // One read is one snapshot.
        conn.execute_batch("BEGIN").map_err(sql)?;
        let result = f(&conn);
        if conn.execute_batch("COMMIT").is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < KEPT {
                idle.push(conn);
            }
        }
        result
    }
}
