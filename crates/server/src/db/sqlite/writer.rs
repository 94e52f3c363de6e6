//! The one writer: a thread that owns the connection and commits what is waiting together.
//!
//! A write is a synchronous closure, so no await and no network call fits into a transaction. Writes that wait while
//! another commits go into the next commit together, each in a savepoint of its own, and each is answered after that
//! commit. After an I/O error of a commit the connection is closed and the file opened again (F22).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use windlass_core::error::{ErrorCode, Failure};

use super::{open, sql};
use crate::db::closed;
use crate::failure::internal;

/// Writes that may wait; more wait for their turn to wait.
const QUEUE: usize = 256;
/// Writes of one commit.
const TOGETHER: usize = 64;

/// Answers whoever asked, once the outcome of the commit is known.
type Tell = Box<dyn FnOnce(Result<(), Failure>) + Send>;
/// A write that waits.
struct Job {
    run: Box<dyn FnOnce(&Connection) -> Done + Send>,
    /// Answers without running.
    refuse: Box<dyn FnOnce(Failure) + Send>,
}
/// A write that ran.
struct Done {
    fine: bool,
    tell: Tell,
}

enum Message {
    Write(Job),
    Close(oneshot::Sender<()>),
}

/// Handle of the writer thread.
pub(super) struct Writer {
    jobs: mpsc::Sender<Message>,
}

impl Writer {
    pub(super) fn start(conn: Connection, path: PathBuf) -> Result<Self, Failure> {
        let (jobs, inbox) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("windlass-ledger".to_owned())
            .spawn(move || run(conn, path, inbox))
            .map_err(|e| internal(format!("no thread for the ledger: {e}")))?;
        Ok(Self { jobs })
    }

    /// Runs a closure in a transaction and answers after its commit.
    ///
    /// # Cancel safety
    /// Dropping the future does not stop a write that was handed over.
    pub(super) async fn write<T, F>(&self, f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let (tell, answer) = oneshot::channel();
        let tell = Arc::new(Mutex::new(Some(tell)));
        let also = Arc::clone(&tell);
        let run = Box::new(move |conn: &Connection| {
            let result = f(conn);
            Done {
                fine: result.is_ok(),
                tell: Box::new(move |committed| send(&tell, committed.and(result))),
            }
        });
        let job = Job {
            run,
            refuse: Box::new(move |failure| send(&also, Err(failure))),
        };
        self.jobs.send(Message::Write(job)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub(super) async fn close(&self) -> Result<(), Failure> {
        let (tell, answer) = oneshot::channel();
        if self.jobs.send(Message::Close(tell)).await.is_ok() {
            // A thread that is gone has closed.
            answer.await.ok();
        }
        Ok(())
    }
}

/// Whoever asked may be gone; the write stands all the same.
fn send<T>(tell: &Mutex<Option<oneshot::Sender<T>>>, value: T) {
    if let Some(tell) = tell.lock().unwrap_or_else(PoisonError::into_inner).take() {
        drop(tell.send(value));
    }
}

fn run(mut conn: Connection, path: PathBuf, mut inbox: mpsc::Receiver<Message>) {
    while let Some(message) = inbox.blocking_recv() {
        let first = match message {
            Message::Write(job) => job,
            Message::Close(tell) => return shut(conn, tell),
        };
        let mut batch = vec![first];
        let mut close = None;
        while batch.len() < TOGETHER && close.is_none() {
            match inbox.try_recv() {
                Ok(Message::Write(job)) => batch.push(job),
                Ok(Message::Close(tell)) => close = Some(tell),
                Err(_) => break,
            }
        }
        if let Err(broken) = commit(&conn, batch) {
            tracing::error!(error = %broken, "the ledger is opened again after an error");
            match open::connect(&path) {
                Ok(fresh) => conn = fresh,
                Err(e) => {
                    tracing::error!(error = %e, "the ledger can't be opened again");
                    return;
                }
            }
        }
        if let Some(tell) = close {
            return shut(conn, tell);
        }
    }
}

fn shut(conn: Connection, tell: oneshot::Sender<()>) {
    if let Err((_, e)) = conn.close() {
        tracing::warn!(error = %e, "the ledger was not closed cleanly");
    }
    // Whoever asked may be gone.
    tell.send(()).ok();
}

/// Runs and commits a batch, answers all of it. `Err` means that the connection must not be used any more.
fn commit(conn: &Connection, batch: Vec<Job>) -> Result<(), rusqlite::Error> {
    if let Err(e) = conn.execute_batch("BEGIN IMMEDIATE") {
        let failure = sql(e);
        batch.into_iter().for_each(|job| (job.refuse)(failure.clone()));
        return Ok(());
    }
    let mut answers = Vec::with_capacity(batch.len());
    let mut broken = None;
    for job in batch {
        let (answer, went) = run_one(conn, job, broken.is_some());
        answers.push(answer);
        broken = broken.or(went.err());
    }
    let ended = match broken {
        None => conn.execute_batch("COMMIT"),
        Some(e) => Err(e),
    };
    let outcome = match &ended {
        Ok(()) => Ok(()),
        Err(e) => Err(Failure::new(ErrorCode::DatabaseDown, format!("ledger: {e}"))),
    };
    for tell in answers {
        tell(outcome.clone());
    }
    if ended.is_err() && !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK")?;
    }
    ended
}

/// Runs one write in its own savepoint; what a failed one wrote is taken back. `skip` when the transaction is lost.
fn run_one(conn: &Connection, job: Job, skip: bool) -> (Tell, Result<(), rusqlite::Error>) {
    let open = if skip {
        Ok(())
    } else {
        conn.execute_batch("SAVEPOINT w")
    };
    if skip || open.is_err() {
        let refuse = job.refuse;
        let tell: Tell = Box::new(move |outcome| {
            if let Err(e) = outcome {
                refuse(e);
            }
        });
        return (tell, open);
    }
    let done = (job.run)(conn);
    let undo = if done.fine {
        Ok(())
    } else {
        conn.execute_batch("ROLLBACK TO w")
    };
    (done.tell, undo.and_then(|()| conn.execute_batch("RELEASE w")))
}
