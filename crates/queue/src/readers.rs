//! The connections that read: two, query-only, made when first needed. A read sees one state of the queue from its first
//! statement to its last.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::{QueueError, connection};

/// Reads at once.
const READERS: usize = 2;

/// The pool.
pub(crate) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    connections: Vec<Connection>,
    /// Connections of an earlier generation are not put back.
    generation: u64,
    closed: bool,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(READERS));
        Arc::new(Self {
            path: path.to_owned(),
            permits,
            idle: Mutex::default(),
        })
    }

    pub(crate) async fn read<T, F>(self: &Arc<Self>, f: F) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| QueueError::Closed)?;
        let this = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            // Held until the connection is back, also when nobody waits for the answer any more.
            let _permit = permit;
            this.read_now(f)
        });
        task.await
            .map_err(|e| QueueError::Internal(format!("a read failed: {e}")))?
    }

    fn read_now<T>(&self, f: impl FnOnce(&Connection) -> Result<T, QueueError>) -> Result<T, QueueError> {
        let (conn, generation) = self.take()?;
        conn.prepare_cached("BEGIN")?.execute([])?;
        let result = f(&conn);
        let ended = conn.prepare_cached("COMMIT")?.execute([]).is_ok();
        if ended && !result.as_ref().is_err_and(QueueError::ends_connection) {
            self.put_back(conn, generation);
        }
        result
    }

    fn take(&self) -> Result<(Connection, u64), QueueError> {
        let (idle, generation) = {
            let mut pool = self.lock();
            if pool.closed {
                return Err(QueueError::Closed);
            }
            (pool.connections.pop(), pool.generation)
        };
        let conn = idle.map_or_else(|| connection::reader(&self.path), Ok)?;
        Ok((conn, generation))
    }

    fn put_back(&self, conn: Connection, generation: u64) {
        let mut pool = self.lock();
        if !pool.closed && pool.generation == generation {
            pool.connections.push(conn);
        }
    }

    /// Closes what is idle; what is in use is closed when it comes back.
    pub(crate) fn forget(&self) {
        let mut pool = self.lock();
        pool.connections.clear();
        pool.generation += 1;
    }

    /// No more reads.
    pub(crate) fn close(&self) {
        self.permits.close();
        let mut pool = self.lock();
        pool.connections.clear();
        pool.closed = true;
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        // Nothing inside can be left half-done by a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
