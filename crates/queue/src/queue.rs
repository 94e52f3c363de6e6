//! The handle of the queue.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use windlass_core::ids::ClientId;
use windlass_core::time::Timestamp;

use crate::readers::Readers;
use crate::writer::{Message, WAITING, Work, Writer};
use crate::{QueueError, installation, open};

/// The queue. Cheap to clone; all clones are the same queue.
#[derive(Clone)]
pub struct Queue {
    inbox: mpsc::Sender<Message>,
    readers: Arc<Readers>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

/// What opening found.
#[derive(Debug)]
pub struct Opened {
    /// The queue.
    pub queue: Queue,
    /// This installation.
    pub client_id: ClientId,
    /// True when the last run ended by [`Queue::close_clean`]; also for a new queue.
    pub clean_exit: bool,
    /// When the last run was last known to live ([`installation::alive`]).
    pub last_alive: Option<Timestamp>,
    /// Where a damaged queue was set aside; this one is new then, and the person is to be told.
    pub set_aside: Option<PathBuf>,
}

/// A write on its way. Dropping it does not stop the write.
#[derive(Debug)]
pub struct Pending<T>(oneshot::Receiver<Result<T, QueueError>>);

impl<T> Future for Pending<T> {
    type Output = Result<T, QueueError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|answer| answer.unwrap_or(Err(QueueError::Closed)))
    }
}

impl Queue {
    /// Opens the queue at `path`, or makes it (0600, in a folder 0700 when that is made too). From here on the file says that
    /// its last run did not end cleanly. Blocks; the caller holds the lock of the data folder (I13).
    ///
    /// A damaged file is set aside with its log, and a new queue is made ([`Opened::set_aside`]).
    ///
    /// # Errors
    /// [`QueueError::Newer`] (nothing was written), [`QueueError::ReadOnly`], [`QueueError::DiskFull`], or what the disk said.
    pub fn open(path: &Path, now: Timestamp, install_random: [u8; 10]) -> Result<Opened, QueueError> {
        let ready = open::ready(path, now, install_random)?;
        let known = installation::get(&ready.conn)?;
        installation::begun(&ready.conn, now)?;
        // Into the file itself: should the log be lost after a crash, the next launch still knows that it was one (F28).
        ready
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        let readers = Readers::new(path);
        let writer = Writer::new(path, ready.conn, Arc::clone(&readers))?;
        let (inbox, outbox) = mpsc::channel(WAITING);
        std::thread::Builder::new()
            .name("windlass-queue".into())
            .spawn(move || writer.run(outbox))
            .map_err(|e| QueueError::Internal(format!("no thread for the queue: {e}")))?;
        Ok(Opened {
            queue: Self { inbox, readers },
            client_id: known.client_id,
            clean_exit: known.clean_exit,
            last_alive: known.last_alive,
            set_aside: ready.set_aside,
        })
    }

    /// Runs `f` on the writer, all or nothing, and answers after the commit: what is `Ok` here survives kill -9. Writes
    /// happen in the order in which they were taken in. Where the caller stops waiting, the write happens all the same.
    ///
    /// # Errors
    /// Those of `f`, those of the commit, [`QueueError::Closed`].
    pub async fn write<T, F>(&self, f: F) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    {
        self.submit(f).await?.await
    }

    /// Takes a place in the order of writes and returns; the answer comes through [`Pending`]. Waits only while the
    /// queue of writes is full.
    ///
    /// # Errors
    /// [`QueueError::Closed`].
    pub async fn submit<T, F>(&self, f: F) -> Result<Pending<T>, QueueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    {
        let (work, pending) = Work::new(f);
        self.inbox
            .send(Message::Write(Box::new(work)))
            .await
            .map_err(|_| QueueError::Closed)?;
        Ok(Pending(pending))
    }

    /// [`write`](Self::write) for a thread outside of the runtime.
    ///
    /// # Errors
    /// As `write`.
    ///
    /// # Panics
    /// On a thread of the runtime, which it would block.
    pub fn write_blocking<T, F>(&self, f: F) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    {
        let (work, pending) = Work::new(f);
        self.inbox
            .blocking_send(Message::Write(Box::new(work)))
            .map_err(|_| QueueError::Closed)?;
        pending.blocking_recv().unwrap_or(Err(QueueError::Closed))
    }

    /// Runs `f` on a connection that can't write. It sees one state of the queue: everything that was answered before.
    ///
    /// # Errors
    /// Those of `f`, [`QueueError::Closed`].
    pub async fn read<T, F>(&self, f: F) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    {
        self.readers.read(f).await
    }

    /// Ends cleanly: all writes taken in are committed, the file says so, its log is emptied and closed. Later calls answer
    /// [`QueueError::Closed`].
    ///
    /// # Errors
    /// When the end could not be written down; the next launch then treats this run as cut.
    pub async fn close_clean(&self) -> Result<(), QueueError> {
        let (answer, closed) = oneshot::channel();
        self.inbox
            .send(Message::Close(answer))
            .await
            .map_err(|_| QueueError::Closed)?;
        closed.await.unwrap_or(Err(QueueError::Closed))
    }
}
