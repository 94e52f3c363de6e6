//! Reading: a few connections that can't write, each read on one snapshot.
//!
//! There are about as many as there are processors; more readers at once would only take turns with them, and a new
//! connection costs more than what most reads do with it. Whoever finds none free waits in order.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::Semaphore;
use windlass_core::error::Failure;

use super::{open, sql};
use crate::db::closed;
use crate::failure::internal;

/// Connections for one processor: while one waits for the disk another reads.
const FOR_EACH: u32 = 2;
/// There are at least and at most so many.
const FEW: u32 = 4;
const MANY: u32 = 16;

/// Connections that only read. Clones share them.
#[derive(Clone)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
    most: u32,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        let processors =
            thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(MANY));
        let most = (processors.saturating_mul(FOR_EACH)).clamp(FEW, MANY);
        Self {
            path,
            idle: Arc::default(),
            free: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(1))),
            most,
        }
    }

    /// Runs a closure on a snapshot, off the threads that serve.
    pub(super) async fn read<T, F>(&self, f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let free = Arc::clone(&self.free)
            .acquire_owned()
            .await
            .map_err(|_| closed())?;
        let readers = self.clone();
        let read = move || {
            let result = readers.with(f);
            drop(free);
            result
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|e| internal(format!("a read ended early: {e}")))?
    }

    /// Waits for reads under way and closes all connections: whoever still has a handle holds no file open, so that the file
    /// may be exchanged for a back-up.
    pub(super) async fn close(&self) {
        // Closed before: then nobody reads any more.
        let _all = self.free.acquire_many(self.most).await;
        self.free.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn with<T>(&self, f: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => open::connect_reader(&self.path)?,
        };
        // One read is one snapshot.
        conn.execute_batch("BEGIN").map_err(sql)?;
        let result = f(&conn);
        if conn.execute_batch("COMMIT").is_ok() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(conn);
        }
        result
    }
}
