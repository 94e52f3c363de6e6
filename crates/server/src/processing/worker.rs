//! The workers of a server: so many jobs at a time, claimed as they fall due.
//!
//! One task claims and hands out; each job runs in a task of its own, whose lease is prolonged while it works. Whoever lost
//! the lease (a person cancelled the job, or this computer slept too long) drops the work at once. At the shutdown
//! nothing more is claimed; what runs gets a while to end, and is then given back, so that another replica goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;

use super::{Effect, Fault, PROCESSORS, Processor, Tools, Work};
use crate::clock::random;
use crate::store::jobs::JobRow;
use crate::store::jobs::claim::{self, Wanted};
use crate::store::jobs::ends::{self, End};
use crate::traces;

/// A lease of this program, milliseconds.
const LEASE_MS: i64 = 60_000;
/// How often it is prolonged, and a cancelled job is noticed.
const BEAT: Duration = Duration::from_secs(5);
/// How often it is looked for work that nobody announced.
const LOOK: Duration = Duration::from_millis(500);
/// Tries to write the end of a job.
const TRIES: u32 = 5;

/// Running workers.
pub struct Workers {
    stop: CancellationToken,
    give_back: CancellationToken,
    tasks: TaskTracker,
}

impl Workers {
    /// Starts workers for so many jobs at a time. `wake` tells that there may be work.
    #[must_use]
    pub fn start(tools: Arc<Tools>, at_a_time: usize, wake: Arc<Notify>) -> Self {
        let workers = Self {
            stop: CancellationToken::new(),
            give_back: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        if at_a_time > 0 {
            let hands = Hands {
                name: name(),
                tools,
                room: Arc::new(Semaphore::new(at_a_time)),
                tasks: workers.tasks.clone(),
                stop: workers.stop.clone(),
                give_back: workers.give_back.clone(),
                wake,
            };
            workers.tasks.spawn(hands.claim());
        }
        workers
    }

    /// Claims nothing more, lets what runs end for a while, and gives back the rest.
    pub async fn end(self, grace: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            self.give_back.cancel();
            self.tasks.wait().await;
        }
    }
}

/// Dropped without an end, as when the program is torn down: nothing is claimed any more.
impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What people find in the ledger and in the log.
fn name() -> String {
    format!("server {}", std::process::id())
}

#[derive(Clone)]
struct Hands {
    name: String,
    tools: Arc<Tools>,
    room: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    give_back: CancellationToken,
    wake: Arc<Notify>,
}

impl Hands {
    async fn claim(self) {
        let able = |p: &&Processor| (p.able)(&self.tools);
        let kinds: Vec<String> = PROCESSORS
            .iter()
            .filter(able)
            .map(|p| p.kind.to_owned())
            .collect();
        loop {
            let first = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                permit = Arc::clone(&self.room).acquire_owned() => permit,
            };
            let Ok(first) = first else { return };
            let mut room = vec![first];
            while let Ok(one) = Arc::clone(&self.room).try_acquire_owned() {
                room.push(one);
            }
            let claimed = self.next(&kinds, room.len()).await.unwrap_or_else(|e| {
                tracing::warn!(error = %e, "no jobs could be claimed");
                Vec::new()
            });
            let none = claimed.is_empty();
            for (job, permit) in claimed.into_iter().zip(room) {
                let hands = self.clone();
                self.tasks.spawn(hands.work(job, permit));
            }
            if none {
                tokio::select! {
                    biased;
                    () = self.stop.cancelled() => return,
                    () = self.wake.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
    }

    async fn next(&self, kinds: &[String], most: usize) -> Result<Vec<JobRow>, Failure> {
        let service = &self.tools.service;
        let now = service.now();
        bury(&self.tools).await?;
        let asked = kinds.to_vec();
        let due = service
            .store()
            .db()
            .read(move |tx| claim::is_due(tx, &asked, now));
        if !due.await? {
            return Ok(Vec::new());
        }
        let wanted = Wanted {
            kinds: kinds.to_vec(),
            most: u32::try_from(most).unwrap_or(1),
            worker: self.name.clone(),
            until: now.plus_millis(LEASE_MS),
        };
        service
            .store()
            .db()
            .write(None, move |tx| claim::claim(tx, &wanted, now))
            .await
    }

    /// From the claim to the report.
    async fn work(self, job: JobRow, _permit: OwnedSemaphorePermit) {
        let (owner, id, fence) = (job.owner, job.id, job.fence);
        let kind = job.kind.clone();
        let session = job.session;
        let db = self.tools.service.store().db();
        let now = self.tools.service.now();
        let begun = db
            .write(Some(owner), move |tx| claim::begin(tx, owner, id, fence, now))
            .await;
        let job = match begun {
            Ok(Ok(job)) => job,
            Ok(Err(_)) => return,
            Err(e) => {
                // The lease runs out, and somebody claims it again.
                tracing::warn!(job = %id, error = %e, "a job could not be begun");
                return;
            }
        };
        tracing::debug!(job = %id, kind, %session, attempt = job.attempts, "a job begins");
        let trace = traces::job(id, &job.kind, job.attempts);
        let held = self.hold(&job);
        let outcome = tokio::select! {
            biased;
            () = self.give_back.cancelled() => None,
            () = held => {
                tracing::info!(job = %id, kind, "a job was taken from its worker");
                traces::ended(&trace, "taken", None);
                return;
            }
            outcome = self.run(&job).instrument(trace.clone()) => Some(outcome),
        };
        let (end, effect) = match outcome {
            None => (End::Released, None),
            Some(Ok(done)) => (End::Completed(Some(done.result.to_string())), done.effect),
            Some(Err(fault)) => (End::Failed(fault.failure, fault.retry), fault.effect),
        };
        let error = match &end {
            End::Failed(why, _) => Some(why.code.as_str()),
            End::Completed(_) | End::Released => None,
        };
        traces::ended(&trace, word(&end), error);
        self.report(&job, end, effect).instrument(trace).await;
    }

    async fn run(&self, job: &JobRow) -> Result<super::Done, Fault> {
        let found = PROCESSORS.iter().find(|p| p.kind == job.kind);
        let gone = || Fault::never(Failure::new(ErrorCode::NotFound, "nobody here does this"));
        let processor = found.ok_or_else(gone)?;
        let rows = self
            .tools
            .service
            .store()
            .sessions(job.owner, vec![job.session])
            .await?;
        let session = rows.into_iter().flatten().next().ok_or_else(gone)?;
        let work = Work {
            job: job.clone(),
            session,
            tools: Arc::clone(&self.tools),
        };
        // A defect of a processor is the end of its job, not of the worker.
        match tokio::spawn((processor.run)(work)).abort_on_drop().await {
            Ok(ended) => ended,
            Err(e) => {
                tracing::error!(job = %job.id, kind = job.kind, error = %e, "a processor ended in a defect");
                self.tools.metrics.count("windlass_panics_total", &[], 1);
                Err(Fault::never(Failure::new(
                    ErrorCode::Internal,
                    "a defect of the processor",
                )))
            }
        }
    }

    /// Prolongs the lease; ends when it is lost.
    async fn hold(&self, job: &JobRow) {
        let (owner, id, fence) = (job.owner, job.id, job.fence);
        let service = &self.tools.service;
        let mut until = job.lease_until;
        loop {
            tokio::time::sleep(BEAT).await;
            let now = service.now();
            let next = now.plus_millis(LEASE_MS);
            let beat = service.store().db().write(Some(owner), move |tx| {
                claim::heartbeat(tx, owner, id, fence, next)
            });
            match beat.await {
                Ok(Ok(_)) => until = next,
                Ok(Err(_)) => return,
                // Nobody can claim it before its end.
                Err(_) if until > now => {}
                Err(_) => return,
            }
        }
    }

    async fn report(&self, job: &JobRow, end: End, effect: Option<Effect>) {
        self.tools.metrics.count(
            "windlass_job_attempts_total",
            &[("type", &job.kind), ("end", word(&end))],
            1,
        );
        if let End::Failed(why, _) = &end {
            tracing::info!(job = %job.id, kind = job.kind, code = %why.code, cause = why.detail, "an attempt failed");
        }
        let first = write_end(&self.tools, job, end.clone(), effect).await;
        let Err(mut e) = first else { return };
        // What came of it can't be written, or the ledger does not answer. The end without it is tried a few times; then
        // the lease runs out.
        for n in 0..TRIES {
            if e.code != ErrorCode::DatabaseDown {
                tracing::warn!(job = %job.id, kind = job.kind, error = %e, "what came of a job could not be written");
            }
            tokio::time::sleep(Duration::from_millis(200 << n)).await;
            let end = match &end {
                End::Completed(_) => End::Failed(e.clone(), true),
                other => other.clone(),
            };
            match write_end(&self.tools, job, end, None).await {
                Ok(()) => return,
                Err(again) => e = again,
            }
        }
    }
}

fn word(end: &End) -> &'static str {
    match end {
        End::Completed(_) => "completed",
        End::Failed(..) => "failed",
        End::Released => "released",
    }
}

/// Writes the end of an attempt with what came of it, both or nothing.
async fn write_end(tools: &Tools, job: &JobRow, end: End, mut effect: Option<Effect>) -> Result<(), Failure> {
    let (owner, id, fence): (OwnerId, _, _) = (job.owner, job.id, job.fence);
    let random = u64::from_le_bytes(random(tools.service.world())?);
    let now = tools.service.now();
    let write = tools.service.store().db().write(Some(owner), move |tx| {
        match ends::report(tx, owner, id, fence, &end, random, now)? {
            Ok((_, true)) => match &mut effect {
                Some(effect) => effect(tx, now),
                None => Ok(()),
            },
            // Somebody else did it meanwhile; what this one found has no effect.
            Ok((_, false)) | Err(_) => Ok(()),
        }
    });
    write.await
}

/// Gives up jobs whose workers died in the last attempt.
///
/// # Errors
/// As the ledger answers.
pub async fn bury(tools: &Tools) -> Result<(), Failure> {
    bury_in(tools.service.store().db(), tools.service.now()).await
}

pub(crate) async fn bury_in(db: &crate::db::Db, now: windlass_core::time::Timestamp) -> Result<(), Failure> {
    for (owner, id, fence) in db.read(move |tx| ends::dead(tx, now)).await? {
        db.write(Some(owner), move |tx| ends::bury(tx, owner, id, fence, now))
            .await?;
    }
    Ok(())
}

/// A task that ends with whoever waits for it.
trait AbortOnDrop<T> {
    fn abort_on_drop(self) -> Abort<T>;
}

struct Abort<T>(tokio::task::JoinHandle<T>);

impl<T> AbortOnDrop<T> for tokio::task::JoinHandle<T> {
    fn abort_on_drop(self) -> Abort<T> {
        Abort(self)
    }
}

impl<T> Future for Abort<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for Abort<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
