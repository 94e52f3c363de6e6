//! Jobs, for those who own files and for workers that ask over HTTP.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, JobId, OwnerId};
use windlass_core::limits::URL_TTL_MS;
use windlass_core::states::{JobState, ObjectState};
use windlass_core::time::Timestamp;
use windlass_protocol::jobs::{
    Claim, Claimed, ClaimedJob, CreateJob, Heartbeat, Held, Job, Jobs, Report, ReportStatus, ReportedError,
    Text, Texts,
};

use super::Service;
use crate::clock::random;
use crate::failure::Refusal;
use crate::processing::worker::bury_in;
use crate::store::derived;
use crate::store::jobs::claim::{self, Wanted};
use crate::store::jobs::ends::{self, End};
use crate::store::jobs::{self, JobFilter, JobRow, make};

/// Jobs of one claim.
const MAX_CLAIM: u32 = 100;
/// A lease, seconds.
const LEASE_S: std::ops::RangeInclusive<u32> = 5..=3_600;
/// Pieces of text of one answer.
const TEXT_PAGE: u32 = 200;

impl Service {
    /// Jobs by a filter, newest first; `after` is the cursor of the page before.
    ///
    /// # Errors
    /// `bad_cursor`, `not_found` for a session that is not there; as the ledger answers.
    pub async fn jobs(&self, mut filter: JobFilter, after: Option<&str>) -> Result<Jobs, Refusal> {
        if let Some(text) = after {
            filter.before = Some(cursor(text)?);
        }
        let most = filter.limit as usize;
        let read = self.store.db().read(move |tx| {
            let mut filter = filter.clone();
            if let (Some(owner), Some(session)) = (filter.owner, filter.session) {
                match jobs::source_of(tx, owner, session)? {
                    Some(source) => filter.session = Some(source),
                    None => return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such session"))),
                }
            }
            jobs::page(tx, &filter).map(Ok)
        });
        let rows = read.await??;
        let last = rows.last().filter(|_| rows.len() == most);
        let next = last.map(|j| format!("{}-{}", j.created_at.as_millis(), j.id));
        let jobs = rows.iter().map(JobRow::told).collect::<Result<_, _>>()?;
        Ok(Jobs { jobs, next })
    }

    /// A job.
    ///
    /// # Errors
    /// `not_found`; as the ledger answers.
    pub async fn job(&self, owner: OwnerId, id: JobId) -> Result<JobRow, Refusal> {
        let row = self.store.db().read(move |tx| jobs::one(tx, owner, id)).await?;
        row.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such job"))
    }

    /// Makes a job.
    ///
    /// # Errors
    /// What stands in the way; as the ledger answers.
    pub async fn create_job(&self, owner: OwnerId, wanted: CreateJob) -> Result<Job, Refusal> {
        let now = self.now();
        let write = self
            .store
            .db()
            .write(Some(owner), move |tx| make::create(tx, owner, &wanted, None, now));
        let job = write.await??;
        self.wake.notify_one();
        Ok(job.told()?)
    }

    /// Lets a failed job go again.
    ///
    /// # Errors
    /// What stands in the way; as the ledger answers.
    pub async fn retry_job(&self, owner: OwnerId, id: JobId) -> Result<Job, Refusal> {
        let now = self.now();
        let write = self
            .store
            .db()
            .write(Some(owner), move |tx| ends::retry(tx, owner, id, now));
        let job = write.await??;
        self.wake.notify_one();
        Ok(job.told()?)
    }

    /// Gives a job up.
    ///
    /// # Errors
    /// What stands in the way; as the ledger answers.
    pub async fn cancel_job(&self, owner: OwnerId, id: JobId) -> Result<Job, Refusal> {
        let now = self.now();
        let write = self
            .store
            .db()
            .write(Some(owner), move |tx| ends::cancel(tx, owner, id, now));
        Ok(write.await??.told()?)
    }

    /// What was read from a file, from a piece on; of a deleted file too (D-11).
    ///
    /// # Errors
    /// `not_found`; as the ledger answers.
    pub async fn texts(&self, owner: OwnerId, session: FileId, from: u64) -> Result<Texts, Refusal> {
        let read = self.store.db().read(move |tx| {
            let Some(source) = jobs::source_of(tx, owner, session)? else {
                return Ok(None);
            };
            derived::texts(tx, owner, source, from, TEXT_PAGE).map(Some)
        });
        let missing = || Refusal::new(ErrorCode::NotFound, "no such session");
        let rows = read.await?.ok_or_else(missing)?;
        let next = rows.last().filter(|_| rows.len() == TEXT_PAGE as usize);
        let next = next.map(|t| t.n + 1);
        let piece = |t: derived::TextRow| Text {
            n: t.n,
            place: place(&t.place),
            text: t.text,
        };
        Ok(Texts {
            pieces: rows.into_iter().map(piece).collect(),
            next,
        })
    }

    /// Claims jobs for a worker, at once handed over.
    ///
    /// # Errors
    /// `invalid_field`; as the ledger answers.
    pub async fn claim_jobs(&self, wanted: Claim) -> Result<Claimed, Refusal> {
        let invalid = |what: &str| Refusal::new(ErrorCode::InvalidField, what);
        if wanted.types.is_empty() || wanted.types.len() > 64 {
            return Err(invalid("types: 1 to 64"));
        }
        if !(1..=MAX_CLAIM).contains(&wanted.max) {
            return Err(invalid("max: 1 to 100"));
        }
        if wanted.worker.len() > 255 {
            return Err(invalid("worker: at most 255 bytes"));
        }
        let now = self.now();
        let until = self.until(now, wanted.lease_s)?;
        bury_in(self.store.db(), now).await?;
        let wanted = Wanted {
            kinds: wanted.types,
            most: wanted.max,
            worker: wanted.worker,
            until,
        };
        let claim = self.store.db().write(None, move |tx| {
            let mut jobs = Vec::new();
            for job in claim::claim(tx, &wanted, now)? {
                if let Ok(job) = claim::begin(tx, job.owner, job.id, job.fence, now)? {
                    jobs.push(job);
                }
            }
            Ok(jobs)
        });
        let mut jobs = Vec::new();
        for job in claim.await? {
            jobs.push(self.claimed(job, until).await?);
        }
        Ok(Claimed { jobs })
    }

    async fn claimed(&self, job: JobRow, until: Timestamp) -> Result<ClaimedJob, Failure> {
        let rows = self.store.sessions(job.owner, vec![job.session]).await?;
        let row = rows.into_iter().flatten().next();
        let row = row.ok_or_else(|| crate::failure::internal("a job of a file that is not there"))?;
        let stored = row.object.as_ref().filter(|o| o.state == ObjectState::Stored);
        let content = match stored {
            None => None,
            Some(object) => {
                let now = self.now();
                let storage = self.storages.get(object.destination).await?.storage;
                Some(storage.content_url(object, now.plus_millis(URL_TTL_MS), now)?)
            }
        };
        Ok(ClaimedJob {
            owner_id: job.owner,
            fence: job.fence,
            lease_until: until.as_millis(),
            rel_path: row.rel_path,
            size: row.plan.size(),
            mime: row.mime,
            content,
            job: job.told()?,
        })
    }

    fn until(&self, now: Timestamp, lease_s: u32) -> Result<Timestamp, Refusal> {
        if !LEASE_S.contains(&lease_s) {
            return Err(Refusal::new(ErrorCode::InvalidField, "lease_s: 5 to 3600"));
        }
        Ok(now.plus_millis(i64::from(lease_s) * 1_000))
    }

    async fn job_owner(&self, id: JobId, fence: Option<i64>) -> Result<OwnerId, Refusal> {
        let read = self.store.db().read(move |tx| jobs::owner_of(tx, id, fence));
        let missing = || Refusal::new(ErrorCode::NotFound, "no such job");
        read.await?.ok_or_else(missing)
    }

    /// A worker is still at it.
    ///
    /// # Errors
    /// `lease_lost`: it is not its job any more; `not_found`; as the ledger answers.
    pub async fn job_heartbeat(&self, id: JobId, said: Heartbeat) -> Result<Held, Refusal> {
        let now = self.now();
        let until = self.until(now, said.lease_s)?;
        let owner = self.job_owner(id, Some(said.fence)).await?;
        let fence = said.fence;
        let write = self.store.db().write(Some(owner), move |tx| {
            claim::heartbeat(tx, owner, id, fence, until)
        });
        let job = write.await??;
        Ok(Held {
            lease_until: job.lease_until.as_millis(),
        })
    }

    /// A worker says how its attempt ended.
    ///
    /// # Errors
    /// `lease_lost`: it has no effect; `not_found`, `invalid_field`; as the ledger answers.
    pub async fn job_report(&self, id: JobId, said: Report) -> Result<Job, Refusal> {
        let owner = self.job_owner(id, Some(said.fence)).await?;
        let end = match said.status {
            ReportStatus::Completed => End::Completed(said.result.map(|r| r.to_string())),
            ReportStatus::Failed => End::Failed(reported(said.error), said.retry),
            ReportStatus::Released => End::Released,
        };
        Ok(self.end_job(owner, id, said.fence, end).await?.told()?)
    }

    async fn end_job(&self, owner: OwnerId, id: JobId, fence: i64, end: End) -> Result<JobRow, Refusal> {
        let now = self.now();
        let random = u64::from_le_bytes(random(self.world())?);
        let write = self.store.db().write(Some(owner), move |tx| {
            ends::report(tx, owner, id, fence, &end, random, now)
        });
        let (job, _) = write.await??;
        self.wake.notify_one();
        Ok(job)
    }

    /// The words of D-9: `processing`, `completed`, `failed`. Without a fence whoever says the first end wins.
    ///
    /// # Errors
    /// `lease_lost`, `state_conflict`, `not_found`; as the ledger answers.
    pub async fn outbox_status(
        &self,
        id: JobId,
        fence: Option<i64>,
        word: OutboxWord,
    ) -> Result<JobRow, Refusal> {
        let owner = self.job_owner(id, fence).await?;
        let now = self.now();
        let random = u64::from_le_bytes(random(self.world())?);
        let until = now.plus_millis(OUTBOX_LEASE_MS);
        let write = self.store.db().write(Some(owner), move |tx| {
            let Some(job) = jobs::one(tx, owner, id)? else {
                return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such job")));
            };
            let held = match fence {
                Some(fence) => fence,
                None => claim::take(tx, &job, until, now)?,
            };
            match &word {
                OutboxWord::Processing => match claim::begin(tx, owner, id, held, now)? {
                    Ok(_) => claim::heartbeat(tx, owner, id, held, until),
                    Err(refusal) => Ok(Err(refusal)),
                },
                OutboxWord::Ended(end) => {
                    let ended = ends::report(tx, owner, id, held, end, random, now)?;
                    Ok(ended.map(|(job, _)| job))
                }
            }
        });
        let job = write.await??;
        self.wake.notify_one();
        Ok(job)
    }
}

/// How long a worker that says no fence is believed to be at it.
const OUTBOX_LEASE_MS: i64 = 900_000;

/// What `POST /outbox/status` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxWord {
    /// `processing`.
    Processing,
    /// `completed` or `failed`.
    Ended(End),
}

/// What a worker reported, as a failure.
#[must_use]
pub fn reported(error: Option<ReportedError>) -> Failure {
    let error = error.unwrap_or(ReportedError {
        code: ErrorCode::ProcessingFailed,
        detail: String::new(),
    });
    Failure::new(error.code, error.detail)
}

/// A place as people read it.
fn place(kept: &str) -> String {
    serde_json::from_str::<windlass_extract::Locator>(kept)
        .map_or_else(|_| kept.to_owned(), |l| l.to_string())
}

/// A place in a list: time and id of its last row.
pub(crate) fn cursor<T: std::str::FromStr>(text: &str) -> Result<(Timestamp, T), Refusal> {
    let both = text.split_once('-');
    both.and_then(|(at, id)| Some((Timestamp::from_millis(at.parse().ok()?), id.parse().ok()?)))
        .ok_or_else(|| Refusal::new(ErrorCode::BadCursor, "the cursor is none of this list"))
}

/// The states a list may be asked for.
pub(crate) fn state(word: &str) -> Result<JobState, Refusal> {
    word.parse()
        .map_err(|_| Refusal::new(ErrorCode::InvalidField, "state: no such state of jobs"))
}
