//! The one thread that writes.
//!
//! It is born with the [`Queue`](crate::Queue), takes closures in strict order, and runs all that wait (at most
//! [`GROUP`]) in one transaction, each in its own savepoint, so that one that fails is rolled back alone. Answers are given
//! only after the commit (group commit); a closure that comes to an idle writer is committed at once. It ends when the queue
//! is closed, or when the last handle is dropped; what was taken until then is still committed.
//!
//! When the disk reports an error, everything of that transaction gets the error, the connection is closed, and before
//! the next write the file is opened again and checked (F22). Nothing is acknowledged in between.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::readers::Readers;
use crate::{QueueError, connection, installation};

/// Closures in one transaction at most.
pub(crate) const GROUP: usize = 64;
/// Closures that may wait; who comes later waits for a place (F25).
pub(crate) const WAITING: usize = 1_024;
/// Pages in the log after which they are copied into the file.
const CHECKPOINT_PAGES: u32 = 1_000;
/// Pages in the log after which readers are waited for, so that the log begins anew: 48 MiB (F27).
const RESTART_PAGES: u32 = 12_288;
/// How long readers are waited for then; everybody who writes waits too.
const RESTART_WAIT: Duration = Duration::from_millis(250);
/// Times that the begin of a transaction is tried, each as long as the busy timeout (5 s): over a minute (F25).
const BEGIN_TRIES: u32 = 14;

/// A closure with its answer.
pub(crate) trait Job: Send {
    /// Runs it; the answer is kept.
    fn run(&mut self, conn: &Connection) -> Result<(), QueueError>;
    /// Gives the answer, or the error that took it away.
    fn settle(self: Box<Self>, committed: Result<(), QueueError>);
}

/// The closure, its result once it ran, and who waits for it.
pub(crate) struct Work<T, F> {
    todo: Option<F>,
    outcome: Option<T>,
    answer: oneshot::Sender<Result<T, QueueError>>,
}

impl<T, F> Work<T, F> {
    pub(crate) fn new(todo: F) -> (Self, oneshot::Receiver<Result<T, QueueError>>) {
        let (answer, pending) = oneshot::channel();
        (
            Self {
                todo: Some(todo),
                outcome: None,
                answer,
            },
            pending,
        )
    }
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, QueueError> + Send,
{
    fn run(&mut self, conn: &Connection) -> Result<(), QueueError> {
        let Some(todo) = self.todo.take() else {
            return Ok(());
        };
        // A panic in one closure must not end the thread that all others wait for.
        let result = catch_unwind(AssertUnwindSafe(|| todo(conn)));
        self.outcome = Some(result.unwrap_or_else(|_| Err(QueueError::Internal("a write panicked".into())))?);
        Ok(())
    }

    fn settle(self: Box<Self>, committed: Result<(), QueueError>) {
        let lost = || Err(QueueError::Internal("the write did not run".into()));
        let Self { outcome, answer, .. } = *self;
        // Who asked may have gone; the write stands all the same.
        let _ = answer.send(committed.and_then(|()| outcome.map_or_else(lost, Ok)));
    }
}

/// What the thread is sent.
pub(crate) enum Message {
    /// Run it.
    Write(Box<dyn Job>),
    /// Write down that this is a clean end, and end.
    Close(oneshot::Sender<Result<(), QueueError>>),
}

/// The writing side.
pub(crate) struct Writer {
    path: PathBuf,
    conn: Option<Connection>,
    /// Pages in the log, as its hook told last.
    log_pages: Arc<AtomicU32>,
    /// Pages in the log when the last checkpoint could not empty it.
    checked_at: u32,
    readers: Arc<Readers>,
    identity: Option<Identity>,
}

impl Writer {
    pub(crate) fn new(path: &Path, conn: Connection, readers: Arc<Readers>) -> Result<Self, QueueError> {
        let mut writer = Self {
            path: path.to_owned(),
            conn: None,
            log_pages: Arc::default(),
            checked_at: 0,
            readers,
            identity: identity_of(path),
        };
        writer.adopt(conn)?;
        Ok(writer)
    }

    /// The life of the thread.
    pub(crate) fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        while let Some(message) = inbox.blocking_recv() {
            let mut group = Vec::new();
            let mut next = Some(message);
            let mut closing = None;
            while let Some(message) = next.take() {
                match message {
                    Message::Write(job) => group.push(job),
                    Message::Close(answer) => {
                        closing = Some(answer);
                        break;
                    }
                }
                if group.len() < GROUP {
                    next = inbox.try_recv().ok();
                }
            }
            self.commit(group);
            if let Some(answer) = closing {
                inbox.close();
                let _ = answer.send(self.close());
                return;
            }
            self.checkpoint_when_due();
        }
    }

    fn adopt(&mut self, mut conn: Connection) -> Result<(), QueueError> {
        let pages = Arc::clone(&self.log_pages);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, n: i32| {
            pages.store(n.cast_unsigned(), Ordering::Relaxed);
            Ok(())
        }))?;
        self.conn = Some(conn);
        Ok(())
    }

    /// Runs the group in one transaction and gives all answers after its end.
    fn commit(&mut self, mut group: Vec<Box<dyn Job>>) {
        if group.is_empty() {
            return;
        }
        let mut outcomes = Vec::with_capacity(group.len());
        let committed = self.transaction(&mut group, &mut outcomes);
        if let Err(e) = &committed {
            tracing::warn!(error = %e, writes = group.len(), "a transaction of the queue failed");
        }
        let broken = committed
            .as_ref()
            .err()
            .into_iter()
            .chain(outcomes.iter().filter_map(|o| o.as_ref().err()));
        if broken.into_iter().any(QueueError::ends_connection) {
            self.abandon();
        }
        if matches!(committed, Err(QueueError::DiskFull(_))) {
            // Room in the log is room for what comes next, also on a full disk.
            self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)", Duration::ZERO);
        }
        outcomes.resize(group.len(), Ok(()));
        for (job, outcome) in group.into_iter().zip(outcomes) {
            job.settle(outcome.and(committed.clone()));
        }
    }

    fn transaction(
        &mut self,
        group: &mut [Box<dyn Job>],
        outcomes: &mut Vec<Result<(), QueueError>>,
    ) -> Result<(), QueueError> {
        let conn = self.connected()?;
        begin(conn)?;
        let ran = run_group(conn, group, outcomes)
            .and_then(|()| Ok(conn.prepare_cached(end(outcomes))?.execute([])?));
        if ran.is_err() && !conn.is_autocommit() {
            // It fails where SQLite has rolled back by itself; then there is nothing left to do.
            let _ = conn.execute_batch("ROLLBACK");
        }
        ran.map(|_| ())
    }

    /// The connection; after an error of the disk a new one, once the file was looked through.
    fn connected(&mut self) -> Result<&Connection, QueueError> {
        if self.identity != identity_of(&self.path) {
            return Err(QueueError::Damaged(
                "its file was moved or removed while it was open".into(),
            ));
        }
        if self.conn.is_none() {
            self.adopt(connection::writer(&self.path)?)?;
            tracing::info!("the queue was opened again after an error of its disk");
        }
        self.conn.as_ref().ok_or(QueueError::Closed)
    }

    /// Closes a connection that met an error of the disk. What it and the readers hold in memory can't be trusted, so nothing of
    /// it is written; the log is read anew, by its checksums.
    fn abandon(&mut self) {
        if let Some(conn) = self.conn.take() {
            let _ = connection::leave_log(&conn, true);
        }
        self.readers.forget();
    }

    /// Copies the log into the file when it has grown; after the answers, so nobody waits for it.
    fn checkpoint_when_due(&mut self) {
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < self.checked_at {
            self.checked_at = 0;
        }
        if pages < self.checked_at + CHECKPOINT_PAGES {
            return;
        }
        // Reads end soon; where one does not, writing goes on and this is tried again after more pages.
        if pages >= RESTART_PAGES {
            self.checkpoint("PRAGMA wal_checkpoint(RESTART)", RESTART_WAIT);
        } else {
            self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)", Duration::ZERO);
        }
        // When all of it was copied the next transaction begins the log anew; else it goes on from here.
        self.checked_at = pages;
    }

    fn checkpoint(&mut self, how: &str, patience: Duration) {
        let Some(conn) = &self.conn else { return };
        let done = conn
            .busy_timeout(patience)
            .and_then(|()| conn.query_row(how, [], |_| Ok(())));
        let done = conn.busy_timeout(connection::BUSY).and(done);
        if let Err(e) = done.map_err(QueueError::from) {
            tracing::warn!(error = %e, "the log of the queue could not be copied into its file");
            if e.ends_connection() {
                self.abandon();
            }
        }
    }

    fn close(mut self) -> Result<(), QueueError> {
        let (work, mut pending) = Work::new(installation::ended);
        self.commit(vec![Box::new(work)]);
        pending.try_recv().unwrap_or(Err(QueueError::Closed))?;
        self.readers.close();
        let Some(conn) = self.conn.take() else {
            return Err(QueueError::Closed);
        };
        // All is committed; should this fail, the next launch does it.
        if let Err(e) = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::warn!(error = %e, "the log of the queue could not be emptied at the end");
        }
        conn.close().map_err(|(_, e)| e.into())
    }
}

fn begin(conn: &Connection) -> Result<(), QueueError> {
    let mut tries = 0;
    loop {
        match conn
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])
            .map_err(QueueError::from)
        {
            Ok(_) => return Ok(()),
            Err(QueueError::Busy(_)) if tries < BEGIN_TRIES => tries += 1,
            Err(e) => return Err(e),
        }
    }
}

/// What ends the transaction: where nothing succeeded, there is nothing to commit.
fn end(outcomes: &[Result<(), QueueError>]) -> &'static str {
    if outcomes.iter().any(Result::is_ok) {
        "COMMIT"
    } else {
        "ROLLBACK"
    }
}

/// Runs each in its savepoint; one that is alone needs none, and is faster without. An error here is one of the whole
/// transaction.
fn run_group(
    conn: &Connection,
    group: &mut [Box<dyn Job>],
    outcomes: &mut Vec<Result<(), QueueError>>,
) -> Result<(), QueueError> {
    let alone = group.len() == 1;
    for job in group {
        if !alone {
            conn.prepare_cached("SAVEPOINT job")?.execute([])?;
        }
        let outcome = job.run(conn);
        if conn.is_autocommit() {
            // A full or broken disk made SQLite roll everything back.
            let ended = || QueueError::Internal("a write ended the transaction".into());
            return Err(outcome.err().unwrap_or_else(ended));
        }
        if !alone {
            if outcome.is_err() {
                conn.prepare_cached("ROLLBACK TO job")?.execute([])?;
            }
            conn.prepare_cached("RELEASE job")?.execute([])?;
        }
        outcomes.push(outcome.clone());
        if let Some(e) = outcome.err().filter(QueueError::ends_connection) {
            return Err(e);
        }
    }
    Ok(())
}

/// Which file it is: a renamed or removed one must not be written on (F30).
type Identity = (u64, u64);

#[cfg(unix)]
fn identity_of(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
}

#[cfg(not(unix))]
fn identity_of(_: &Path) -> Option<Identity> {
    None
}
