//! Completing: the lease is taken, the storage completes and is asked for the result, and what it proved is written.
//!
//! The work runs in a task of its own. A call is answered after a while in any case; what is not known then is answered
//! `verifying`, and the next call finds it done (F92, F183). An answer that was lost is settled by asking the storage,
//! never by assuming (F56, F83).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use windlass_core::complete::{ListFault, SentPart};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, OwnerId};
use windlass_protocol::sessions::{CompleteItem, CompleteOutcome, CompleteResult};

use super::Service;
use crate::failure::{Refusal, problem};
use crate::storage::{CompleteEnd, CompleteJob, ObjectStorage};
use crate::store::parts::{Learnt, Sent};
use crate::store::{LeaseItem, Leased, ObjectRow, Release, Released, SessionRow, Settle};

/// A call is answered after this.
const WAIT: Duration = Duration::from_secs(50);
/// How long a lease holds without being prolonged, milliseconds (server model §2.1).
const LEASE_MS: i64 = 60_000;
/// How often it is prolonged.
const PROLONG: Duration = Duration::from_secs(20);
/// Ends that are written together.
const TOGETHER: usize = 1_000;

/// A file whose lease is held.
struct Held {
    at: usize,
    id: FileId,
    fence: i64,
    job: CompleteJob,
    next_name: u32,
}

type Told = (usize, CompleteOutcome);

impl Service {
    /// Completes and proves files.
    ///
    /// # Errors
    /// `batch_too_large`; when the ledger does not answer. What is wrong with one item is its own answer.
    pub async fn complete(
        self: &Arc<Self>,
        owner: OwnerId,
        items: Vec<CompleteItem>,
    ) -> Result<Vec<CompleteResult>, Failure> {
        super::check_batch(items.len())?;
        // The leases are taken by the task too: of whoever hangs up just then nothing is left held.
        let service = Arc::clone(self);
        let task = self
            .tasks
            .spawn(async move { service.complete_all(owner, items).await });
        task.await
            .map_err(|e| crate::failure::internal(format!("completing ended early: {e}")))?
    }

    async fn complete_all(
        self: &Arc<Self>,
        owner: OwnerId,
        items: Vec<CompleteItem>,
    ) -> Result<Vec<CompleteResult>, Failure> {
        let until = Instant::now() + WAIT;
        let ids: Vec<_> = items.iter().map(|i| i.id).collect();
        let asks = items
            .iter()
            .map(|i| LeaseItem {
                id: i.id,
                attempt: i.attempt,
                size: i.size,
                sha256: i.sha256,
            })
            .collect();
        let now = self.now();
        let leased = self
            .store
            .lease(owner, asks, now.plus_millis(LEASE_MS), now)
            .await?;
        let mut outcomes: Vec<CompleteOutcome> = vec![CompleteOutcome::Verifying; items.len()];
        let mut held: BTreeMap<DestinationId, Vec<Held>> = BTreeMap::new();
        let mut sent = Vec::new();
        for (at, (item, leased)) in items.into_iter().zip(leased).enumerate() {
            match leased {
                Ok(Leased::Ours(row)) => match take(at, &row, item) {
                    Some(one) => {
                        sent.extend(told_sent(&one.job));
                        held.entry(row.destination).or_default().push(one);
                    }
                    None => outcomes[at] = failed(&Refusal::new(ErrorCode::ObjectCondemned, "no object")),
                },
                Ok(Leased::Settled(row)) => outcomes[at] = settled(&row),
                Ok(Leased::Busy) => {}
                Err(refused) => outcomes[at] = failed(&refused),
            }
        }
        self.learn(owner, sent).await?;
        let (tell, mut told) = mpsc::channel(TOGETHER);
        for (destination, files) in held {
            let (service, tell) = (Arc::clone(self), tell.clone());
            self.tasks
                .spawn(async move { service.complete_at(owner, destination, files, tell).await });
        }
        drop(tell);
        while let Ok(Some((at, outcome))) = tokio::time::timeout_at(until, told.recv()).await {
            outcomes[at] = outcome;
        }
        Ok(ids
            .into_iter()
            .zip(outcomes)
            .map(|(id, outcome)| CompleteResult { id, outcome })
            .collect())
    }

    /// Completes files of one destination, to the end.
    async fn complete_at(
        &self,
        owner: OwnerId,
        destination: DestinationId,
        files: Vec<Held>,
        tell: mpsc::Sender<Told>,
    ) {
        let storage = match self.storages.get(destination).await {
            Ok(opened) => opened.storage,
            Err(e) => {
                let ends = files
                    .into_iter()
                    .map(|f| (f, CompleteEnd::Unknown(e.clone())))
                    .collect();
                self.write_ends(owner, None, ends, &tell).await;
                return;
            }
        };
        let mut waiting = files;
        while !waiting.is_empty() {
            waiting = self.complete_round(owner, storage.as_ref(), waiting, &tell).await;
        }
    }

    /// One pass over the storage. Returns the files whose name was taken, with their next one.
    async fn complete_round(
        &self,
        owner: OwnerId,
        storage: &dyn ObjectStorage,
        files: Vec<Held>,
        tell: &mpsc::Sender<Told>,
    ) -> Vec<Held> {
        let (sender, mut ends) = mpsc::channel(TOGETHER);
        let mut working = storage.complete(files.iter().map(|f| f.job.clone()).collect(), sender);
        let mut files: BTreeMap<usize, Held> = files.into_iter().enumerate().collect();
        let mut renamed = Vec::new();
        let mut works = true;
        let mut tick = tokio::time::interval_at(Instant::now() + PROLONG, PROLONG);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut got = Vec::with_capacity(TOGETHER);
        loop {
            tokio::select! {
                biased;
                () = &mut working, if works => works = false,
                n = ends.recv_many(&mut got, TOGETHER) => {
                    if n == 0 {
                        break;
                    }
                    let known = got.drain(..).filter_map(|(i, end)| files.remove(&i).map(|f| (f, end))).collect();
                    renamed.extend(self.write_ends(owner, Some(storage), known, tell).await);
                }
                _ = tick.tick() => self.hold_on(owner, files.values().map(|f| (f.id, f.fence)).collect()).await,
            }
        }
        let lost = Failure::new(ErrorCode::Internal, "a file without an end");
        let rest = files
            .into_values()
            .map(|f| (f, CompleteEnd::Unknown(lost.clone())))
            .collect();
        self.write_ends(owner, Some(storage), rest, tell).await;
        renamed
    }

    async fn hold_on(&self, owner: OwnerId, held: Vec<(FileId, i64)>) {
        if let Err(e) = self
            .store
            .prolong(owner, held, self.now().plus_millis(LEASE_MS))
            .await
        {
            // Somebody else may verify too then; every step is repeatable.
            tracing::warn!(error = %e, "leases could not be prolonged");
        }
    }

    /// Writes what came of files and tells it. Returns those that are to be completed under another name.
    async fn write_ends(
        &self,
        owner: OwnerId,
        storage: Option<&dyn ObjectStorage>,
        ends: Vec<(Held, CompleteEnd)>,
        tell: &mpsc::Sender<Told>,
    ) -> Vec<Held> {
        let mut proved = Vec::new();
        let mut releases = Vec::new();
        let mut told = Vec::new();
        let mut renamed = Vec::new();
        let mut lacking = Vec::new();
        for (mut file, end) in ends {
            let (to, error, outcome) = match end {
                CompleteEnd::Stored(p) => {
                    let settle = Settle {
                        id: file.id,
                        fence: file.fence,
                        object: file.job.object.id,
                        etag: p.etag,
                        crc64: Some(p.crc64),
                        sha256: file.job.sha256,
                        proof: p.proof,
                    };
                    proved.push((file, settle));
                    continue;
                }
                CompleteEnd::Taken => match self.rename(storage, &mut file).await {
                    Ok(()) => {
                        renamed.push(file);
                        continue;
                    }
                    Err(refused) => (Released::Free, Some(refused.failure.clone()), failed(&refused)),
                },
                CompleteEnd::Missing(parts) => {
                    lacking.push(Learnt {
                        failed: parts.clone(),
                        ..Learnt::of(&file.job.object)
                    });
                    (Released::Uploading, None, CompleteOutcome::PartsMissing { parts })
                }
                CompleteEnd::Refused(fault) => {
                    let why = Failure::new(fault_code(fault), fault.to_string());
                    (Released::Uploading, Some(why.clone()), failed(&why.into()))
                }
                CompleteEnd::Lost(why) => (Released::Failed, Some(why.clone()), failed(&why.into())),
                CompleteEnd::Unknown(why) => (Released::Free, Some(why.clone()), failed(&why.into())),
            };
            releases.push(Release {
                id: file.id,
                fence: file.fence,
                to,
                error,
            });
            told.push((file.at, outcome));
        }
        if let Err(e) = self.learn(owner, lacking).await {
            tracing::warn!(error = %e, "missing parts could not be written down");
        }
        told.extend(self.settle_all(owner, storage, proved).await);
        if !releases.is_empty()
            && let Err(e) = self.store.release(owner, releases, self.now()).await
        {
            tracing::warn!(error = %e, "leases could not be given back; they run out");
        }
        for one in told {
            // Whoever asked may be gone.
            drop(tell.send(one).await);
        }
        renamed
    }

    async fn rename(&self, storage: Option<&dyn ObjectStorage>, file: &mut Held) -> Result<(), Refusal> {
        let storage = storage.ok_or_else(|| Refusal::new(ErrorCode::Internal, "no storage"))?;
        self.next_name(storage, &mut file.job.object, &mut file.next_name)
            .await
    }

    /// Writes proofs.
    async fn settle_all(
        &self,
        owner: OwnerId,
        storage: Option<&dyn ObjectStorage>,
        proved: Vec<(Held, Settle)>,
    ) -> Vec<Told> {
        if proved.is_empty() {
            return Vec::new();
        }
        let (files, settles): (Vec<_>, Vec<_>) = proved.into_iter().unzip();
        let rows = match self.store.settle(owner, settles, self.now()).await {
            Ok(rows) => rows,
            Err(e) => {
                return files
                    .iter()
                    .map(|f| (f.at, CompleteOutcome::Failed { error: problem(&e) }))
                    .collect();
            }
        };
        let mut told = Vec::with_capacity(files.len());
        let mut done = Vec::with_capacity(files.len());
        for (file, row) in files.into_iter().zip(rows) {
            match row {
                Some(row) => {
                    told.push((file.at, settled(&row)));
                    done.push(file.job.object);
                }
                None => told.push((file.at, self.lost_race(owner, file).await)),
            }
        }
        if let Some(storage) = storage {
            storage.forget(&done);
        }
        told
    }

    /// Removed or started over while it was being completed: what was completed is given up too (F112).
    async fn lost_race(&self, owner: OwnerId, file: Held) -> CompleteOutcome {
        let object: ObjectRow = file.job.object;
        let row = match self.store.sessions(owner, vec![file.id]).await {
            Ok(mut rows) => rows.pop().flatten(),
            Err(e) => return CompleteOutcome::Failed { error: problem(&e) },
        };
        let Some(row) = row else {
            return failed(&Refusal::new(ErrorCode::NotFound, "no such session"));
        };
        if row.is_settled() && !row.deleted {
            return settled(&row);
        }
        let given_up = row.deleted || row.attempt != object.attempt;
        if given_up && let Err(e) = self.clean(vec![object]).await {
            tracing::warn!(error = %e, "what was completed too late is not cleaned up yet");
        }
        let code = if row.deleted {
            ErrorCode::SessionDeleted
        } else {
            ErrorCode::LeaseLost
        };
        failed(&Refusal::new(code, "it was changed while it was being completed").with_state(row.state))
    }
}

fn take(at: usize, row: &SessionRow, item: CompleteItem) -> Option<Held> {
    let object = row.object.clone()?;
    let sent = item
        .parts
        .into_iter()
        .map(|p| SentPart {
            n: p.n,
            size: p.size,
            crc64: p.crc64,
            etag: p.etag,
        })
        .collect();
    let job = CompleteJob {
        object,
        sent,
        crc64: item.crc64,
        sha256: item.sha256,
    };
    Some(Held {
        at,
        id: row.id,
        fence: row.fence,
        job,
        next_name: 2,
    })
}

/// The parts that a client says it sent, of a multipart upload.
fn told_sent(job: &CompleteJob) -> Option<Learnt> {
    let sent = |p: &SentPart| Sent {
        n: p.n,
        etag: p.etag.clone(),
        crc64: Some(p.crc64),
    };
    (!job.object.plan.is_single()).then(|| Learnt {
        sent: job.sent.iter().map(sent).collect(),
        ..Learnt::of(&job.object)
    })
}

const fn fault_code(fault: ListFault) -> ErrorCode {
    match fault {
        ListFault::Numbers | ListFault::Size(_) => ErrorCode::PartPlanMismatch,
        ListFault::Checksum => ErrorCode::ChecksumMismatch,
    }
}

fn settled(row: &SessionRow) -> CompleteOutcome {
    match row.settled() {
        Some(settled) => CompleteOutcome::Settled(settled),
        None => failed(&Refusal::new(
            ErrorCode::Internal,
            "a settled file without a proof",
        )),
    }
}

fn failed(refusal: &Refusal) -> CompleteOutcome {
    CompleteOutcome::Failed {
        error: refusal.problem(),
    }
}
