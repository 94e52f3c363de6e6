//! Jobs of all owners, for an operator: listed, shown with their log, replayed, cancelled.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{JobId, OwnerId};
use windlass_core::states::JobState;
use windlass_protocol::jobs::{Job, LogEntry};

use super::Admin;
use crate::failure::Refusal;
use crate::store::jobs::{self, JobFilter, JobRow, ends};

/// A job with its owner.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OwnedJob {
    /// Whose.
    pub owner_id: OwnerId,
    /// The job.
    #[serde(flatten)]
    pub job: Job,
}

fn owned(row: &JobRow) -> Result<OwnedJob, Failure> {
    Ok(OwnedJob {
        owner_id: row.owner,
        job: row.told()?,
    })
}

impl Admin {
    /// Jobs by type and state, newest first.
    ///
    /// # Errors
    /// As the ledger answers.
    pub async fn jobs(
        &self,
        kind: Option<String>,
        state: Option<JobState>,
        limit: u32,
    ) -> Result<Vec<OwnedJob>, Failure> {
        let filter = JobFilter {
            kind,
            state,
            limit,
            ..JobFilter::default()
        };
        let rows = self.db.read(move |tx| jobs::page(tx, &filter)).await?;
        rows.iter().map(owned).collect()
    }

    /// A job with its log.
    ///
    /// # Errors
    /// `not_found`; as the ledger answers.
    pub async fn job(&self, id: JobId) -> Result<(OwnedJob, Vec<LogEntry>), Refusal> {
        let read = self.db.read(move |tx| {
            let Some(owner) = jobs::owner_of(tx, id, None)? else {
                return Ok(None);
            };
            let Some(row) = jobs::one(tx, owner, id)? else {
                return Ok(None);
            };
            Ok(Some((row, jobs::log(tx, owner, id)?)))
        });
        let (row, log) = read.await?.ok_or_else(missing)?;
        Ok((owned(&row)?, log))
    }

    /// Lets a failed job go again.
    ///
    /// # Errors
    /// What stands in the way; as the ledger answers.
    pub async fn retry_job(&self, id: JobId) -> Result<OwnedJob, Refusal> {
        let owner = self.owner_of_job(id).await?;
        let now = self.world.now();
        let write = self
            .db
            .write(Some(owner), move |tx| ends::retry(tx, owner, id, now));
        Ok(owned(&write.await??)?)
    }

    /// Gives a job up.
    ///
    /// # Errors
    /// What stands in the way; as the ledger answers.
    pub async fn cancel_job(&self, id: JobId) -> Result<OwnedJob, Refusal> {
        let owner = self.owner_of_job(id).await?;
        let now = self.world.now();
        let write = self
            .db
            .write(Some(owner), move |tx| ends::cancel(tx, owner, id, now));
        Ok(owned(&write.await??)?)
    }

    async fn owner_of_job(&self, id: JobId) -> Result<OwnerId, Refusal> {
        let read = self.db.read(move |tx| jobs::owner_of(tx, id, None));
        read.await?.ok_or_else(missing)
    }
}

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such job")
}
