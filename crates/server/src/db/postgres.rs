//! PostgreSQL: so many threads, each with a connection of its own.
//!
//! A transaction runs in READ COMMITTED. One with an owner first takes the owner's lock, and waits for its turn before it
//! takes a connection, so that one busy owner does not keep all of them waiting. When the database says that two
//! transactions stood in each other's way (M20), the whole closure runs again. A connection that broke is opened again
//! when it is next needed.

mod clock;
mod connect;
mod session;
mod types;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio_util::task::TaskTracker;
use windlass_core::error::Failure;
use windlass_core::ids::OwnerId;
use windlass_core::time::Timestamp;

use super::{Tx, closed};
use crate::failure::internal;
use clock::Clock;
use session::Session;

/// Transactions that may wait for a connection; more wait for their turn to wait.
const QUEUE: usize = 256;
/// Turns; owners that share one wait for each other without need.
const TURNS: usize = 256;

/// Writes before the database is first asked how its tables have grown.
const FIRST_LOOK: u64 = 8;

/// Runs on the thread of a connection.
type Job = Box<dyn FnOnce(&mut Session) + Send>;
type Inbox = Arc<Mutex<mpsc::Receiver<Job>>>;

/// How many migrations a database has, without touching it.
pub(super) fn version_of(url: &str) -> Result<usize, Failure> {
    let server = Arc::new(connect::Server::parse(url)?);
    // On a thread of its own, as in [`Pool::open`].
    thread::spawn(move || Session::new(server, Arc::default()).version())
        .join()
        .map_err(|_| internal("a question to the database ended early"))?
}

/// The connections.
pub(super) struct Pool {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    turns: Vec<Arc<tokio::sync::Mutex<()>>>,
    threads: TaskTracker,
    /// Writes that were asked for.
    writes: AtomicU64,
    clock: Arc<Clock>,
}

impl Pool {
    pub(super) fn open(url: &str, connections: usize) -> Result<Self, Failure> {
        let server = Arc::new(connect::Server::parse(url)?);
        let (jobs, inbox) = mpsc::channel(QUEUE);
        let inbox: Inbox = Arc::new(Mutex::new(inbox));
        let threads = TaskTracker::new();
        threads.close();
        // On a thread of its own, because whoever opens it may be in the middle of an async program.
        let clock: Arc<Clock> = Arc::default();
        let first = (Arc::clone(&server), Arc::clone(&clock));
        let migrated = thread::spawn(move || {
            let mut session = Session::new(first.0, first.1);
            session.migrate().map(|()| session)
        });
        let mut migrated = Some(
            migrated
                .join()
                .map_err(|_| internal("a migration ended early"))??,
        );
        for n in 0..connections.max(1) {
            let session = migrated
                .take()
                .unwrap_or_else(|| Session::new(Arc::clone(&server), Arc::clone(&clock)));
            let (inbox, token) = (Arc::clone(&inbox), threads.token());
            thread::Builder::new()
                .name(format!("windlass-ledger-{n}"))
                .spawn(move || {
                    serve(session, &inbox);
                    drop(token);
                })
                .map_err(|e| internal(format!("no thread for the ledger: {e}")))?;
        }
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            turns: (0..TURNS).map(|_| Arc::default()).collect(),
            threads,
            writes: AtomicU64::new(0),
            clock,
        })
    }

    pub(super) async fn write<T, F>(&self, owner: Option<OwnerId>, mut f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<T, Failure> + Send + 'static,
    {
        let key = owner.map(lock_key);
        let begin = match key {
            Some(key) => format!("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({key})"),
            None => "BEGIN ISOLATION LEVEL READ COMMITTED".to_owned(),
        };
        let turn = match key {
            Some(key) => self.turn(key).await,
            None => None,
        };
        let written = self.ask(move |session| {
            let result = session.transaction(&begin, &mut f);
            drop(turn);
            result
        });
        let written = written.await;
        self.learn();
        written
    }

    /// Now and then, ever more rarely, lets the database look at how its tables have grown.
    fn learn(&self) {
        let n = self.writes.fetch_add(1, Ordering::Relaxed);
        if n < FIRST_LOOK || !n.is_power_of_two() {
            return;
        }
        if let Some(jobs) = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            // When all are busy there is a next time.
            drop(jobs.try_send(Box::new(Session::learn)));
        }
    }

    pub(super) async fn read<T, F>(&self, mut f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Tx) -> Result<T, Failure> + Send + 'static,
    {
        self.ask(move |session| {
            session.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &mut f)
        })
        .await
    }

    pub(super) async fn close(&self) -> Result<(), Failure> {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.threads.wait().await;
        Ok(())
    }

    /// What the database's clock shows.
    pub(super) fn now(&self) -> Option<Timestamp> {
        self.clock.now()
    }

    async fn turn(&self, key: i64) -> Option<OwnedMutexGuard<()>> {
        let at = usize::try_from(key.unsigned_abs() % TURNS as u64).ok()?;
        Some(Arc::clone(self.turns.get(at)?).lock_owned().await)
    }

    async fn ask<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Session) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let jobs = jobs.ok_or_else(closed)?;
        let (tell, answer) = oneshot::channel();
        let job: Job = Box::new(move |session| {
            // Whoever asked may be gone; the write stands all the same.
            drop(tell.send(f(session)));
        });
        jobs.send(job).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

fn serve(mut session: Session, inbox: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        match job {
            Some(job) => job(&mut session),
            None => return,
        }
    }
}

/// The lock of an owner: the half of its id that is random. Two owners with one lock would wait for each other, no more.
fn lock_key(owner: OwnerId) -> i64 {
    let mut half = [0; 8];
    half.copy_from_slice(&owner.as_bytes()[8..]);
    i64::from_be_bytes(half)
}
