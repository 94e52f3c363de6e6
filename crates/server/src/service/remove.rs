//! Giving up and deleting; cleaning the storage behind it; verifying again.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, ObjectId, OwnerId};
use windlass_protocol::sessions::{DeleteResult, VerifyResult};

use super::{IN_FLIGHT, Service};
use crate::failure::{Refusal, problem};
use crate::storage::{Look, Presence};
use crate::store::{ObjectRow, SessionRow, TombstoneReason};

/// Given-up objects that a sweep takes at a time.
const SWEEP: u32 = 500;

impl Service {
    /// Gives up or deletes files.
    ///
    /// # Errors
    /// `batch_too_large`; when the ledger does not answer.
    pub async fn delete(&self, owner: OwnerId, ids: Vec<FileId>) -> Result<Vec<DeleteResult>, Failure> {
        super::check_batch(ids.len())?;
        let stones = self
            .store
            .tombstone(owner, ids.clone(), TombstoneReason::User, self.now())
            .await?;
        let mut of: BTreeMap<ObjectId, FileId> = BTreeMap::new();
        let mut to_clean = Vec::new();
        let mut results = BTreeMap::new();
        for (id, stone) in ids.iter().zip(stones) {
            let mut error = None;
            match stone {
                // Nothing is there.
                None => {}
                Some(Ok(stone)) => {
                    of.extend(stone.objects.iter().map(|o| (o.id, *id)));
                    to_clean.extend(stone.objects);
                }
                Some(Err(refused)) => error = Some(refused.problem()),
            }
            results.insert(
                *id,
                DeleteResult {
                    id: *id,
                    cleaned: true,
                    error,
                },
            );
        }
        for (object, cleaned) in self.clean(to_clean).await? {
            if let (Some(result), Err(e)) = (of.get(&object).and_then(|id| results.get_mut(id)), cleaned) {
                result.cleaned = false;
                result.error = Some(problem(&e));
            }
        }
        let nothing = |id: &FileId| DeleteResult {
            id: *id,
            cleaned: true,
            error: None,
        };
        Ok(ids
            .iter()
            .map(|id| results.get(id).cloned().unwrap_or_else(|| nothing(id)))
            .collect())
    }

    /// Removes what is left of given-up objects. An `Err` beside an object says why something may be left.
    pub(super) async fn clean(
        &self,
        objects: Vec<ObjectRow>,
    ) -> Result<Vec<(ObjectId, Result<(), Failure>)>, Failure> {
        let cleaned = self.discard_all(objects).await;
        let gone: Vec<_> = cleaned
            .iter()
            .filter(|(_, c)| c.is_ok())
            .map(|(id, _)| *id)
            .collect();
        if !gone.is_empty() {
            self.store.gone(gone, self.now()).await?;
        }
        Ok(cleaned)
    }

    /// Deletes what is left of given-up objects; nothing is written.
    pub(super) async fn discard_all(&self, objects: Vec<ObjectRow>) -> Vec<(ObjectId, Result<(), Failure>)> {
        futures::stream::iter(objects)
            .map(|object| async move {
                let left = || Failure::new(ErrorCode::StorageError, "something of it is left at the storage");
                let outcome = match self.storages.get(object.destination).await {
                    Ok(opened) => opened.storage.discard(&object).await,
                    Err(e) => Err(e),
                };
                (
                    object.id,
                    outcome.and_then(|clean| clean.then_some(()).ok_or_else(left)),
                )
            })
            .buffer_unordered(IN_FLIGHT)
            .collect()
            .await
    }

    /// Cleans what earlier calls or launches gave up and could not clean. Objects of storages that do not answer stay.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn sweep(&self) -> Result<(), Failure> {
        loop {
            let objects = self.store.condemned(self.now(), SWEEP).await?;
            let found = objects.len();
            let mut left = 0;
            for (object, cleaned) in self.clean(objects).await? {
                if let Err(e) = cleaned {
                    left += 1;
                    tracing::info!(%object, error = %e, "a given-up upload is not cleaned up yet");
                }
            }
            // What is left is asked about again by the next sweep, not by this one.
            if found < SWEEP as usize || left > 0 || self.ending.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// Asks the storage again for settled files. A file that is not what was proved gets a tombstone (F96, F97).
    ///
    /// # Errors
    /// `batch_too_large`; when the ledger does not answer.
    pub async fn verify(&self, owner: OwnerId, ids: Vec<FileId>) -> Result<Vec<VerifyResult>, Failure> {
        super::check_batch(ids.len())?;
        let rows = self.store.sessions(owner, ids.clone()).await?;
        let results: Vec<_> = futures::stream::iter(ids.into_iter().zip(rows))
            .map(|(id, row)| async move {
                match self.verify_one(row).await {
                    Ok(row) => VerifyResult {
                        id,
                        settled: row.settled(),
                        error: None,
                    },
                    Err(refused) => VerifyResult {
                        id,
                        settled: None,
                        error: Some(refused.problem()),
                    },
                }
            })
            .buffered(IN_FLIGHT)
            .collect()
            .await;
        Ok(results)
    }

    async fn verify_one(&self, row: Option<SessionRow>) -> Result<SessionRow, Refusal> {
        let row = row.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such session"))?;
        if row.deleted {
            return Err(
                Refusal::new(ErrorCode::SessionDeleted, "the session was removed").with_state(row.state)
            );
        }
        let Some(object) = row.object.as_ref().filter(|_| row.is_settled()) else {
            return Err(
                Refusal::new(ErrorCode::StateConflict, "the file is not settled").with_state(row.state)
            );
        };
        match self.look_again(object, Look::Bytes).await? {
            Presence::Same => Ok(row),
            Presence::Missing => {
                let why = "the object is not there any more";
                Err(Refusal::new(ErrorCode::ObjectMissing, why))
            }
            Presence::Different(why) => Err(why.into()),
        }
    }
}
