//! Runs.

use windlass_core::error::ErrorCode;
use windlass_core::ids::{OwnerId, RunId};
use windlass_protocol::runs::{CreateRun, Run, Runs};

use super::Service;
use super::jobs::cursor;
use crate::failure::Refusal;
use crate::store::runs;

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such run")
}

impl Service {
    /// Makes a run with a job for each of its sources.
    ///
    /// # Errors
    /// What stands in the way; as the ledger answers.
    pub async fn create_run(&self, owner: OwnerId, wanted: CreateRun) -> Result<Run, Refusal> {
        let now = self.now();
        let db = self.store.db();
        let run = db
            .write(Some(owner), move |tx| runs::create(tx, owner, &wanted, now))
            .await??;
        self.wake.notify_one();
        Ok(run)
    }

    /// A run with its sources.
    ///
    /// # Errors
    /// `not_found`; as the ledger answers.
    pub async fn run(&self, owner: OwnerId, id: RunId) -> Result<Run, Refusal> {
        let run = self.store.db().read(move |tx| runs::one(tx, owner, id)).await?;
        run.ok_or_else(missing)
    }

    /// A page of runs, newest first; `after` is the cursor of the page before.
    ///
    /// # Errors
    /// `bad_cursor`; as the ledger answers.
    pub async fn runs(&self, owner: OwnerId, after: Option<&str>, limit: u32) -> Result<Runs, Refusal> {
        let before = after.map(cursor).transpose()?;
        let db = self.store.db();
        let runs = db.read(move |tx| runs::page(tx, owner, before, limit)).await?;
        let last = runs.last().filter(|_| runs.len() == limit as usize);
        let next = last.map(|r| format!("{}-{}", r.created_at, r.id));
        Ok(Runs { runs, next })
    }

    /// Cancels what lives of a run.
    ///
    /// # Errors
    /// `not_found`; as the ledger answers.
    pub async fn cancel_run(&self, owner: OwnerId, id: RunId) -> Result<Run, Refusal> {
        let now = self.now();
        let db = self.store.db();
        db.write(Some(owner), move |tx| runs::cancel(tx, owner, id, now))
            .await?
    }
}
