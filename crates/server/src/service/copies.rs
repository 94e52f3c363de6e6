//! Duplicates on a folder: each gets its own file, made there from the one that has the content.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, OwnerId};
use windlass_protocol::sessions::InitAnswer;

use super::Service;
use super::init::refuse;
use crate::failure::{Refusal, internal};
use crate::storage::CompleteEnd;
use crate::store::{ObjectRow, SessionRow, Settle, TombstoneReason};

/// An init is answered after this; copies that are still being made are answered by `query`.
const WAIT: Duration = Duration::from_secs(20);

/// A copy to be made.
pub(super) struct Copy {
    pub(super) of: FileId,
    pub(super) from: ObjectRow,
    pub(super) row: SessionRow,
}

impl Service {
    /// Makes copies, in tasks of their own.
    pub(super) async fn place_copies(
        self: &Arc<Self>,
        owner: OwnerId,
        copies: Vec<(usize, Copy)>,
    ) -> Vec<(usize, InitAnswer)> {
        let until = Instant::now() + WAIT;
        let mut tasks = Vec::with_capacity(copies.len());
        for (at, copy) in copies {
            let (service, of) = (Arc::clone(self), copy.of);
            let task = self.tasks.spawn(async move {
                let answer = service.place_copy(owner, copy).await;
                answer.unwrap_or_else(|refused| refuse(&refused))
            });
            tasks.push((at, of, task));
        }
        let mut answers = Vec::with_capacity(tasks.len());
        for (at, of, task) in tasks {
            let answer = match tokio::time::timeout_at(until, task).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(e)) => refuse(&internal(format!("a copy ended early: {e}")).into()),
                Err(_) => InitAnswer::Duplicate { of, settled: None },
            };
            answers.push((at, answer));
        }
        answers
    }

    async fn place_copy(&self, owner: OwnerId, copy: Copy) -> Result<InitAnswer, Refusal> {
        let Copy { of, from, row } = copy;
        let _turn = self
            .copies
            .acquire()
            .await
            .map_err(|_| Refusal::new(ErrorCode::ShuttingDown, "closing"))?;
        let storage = self.storages.get(from.destination).await?.storage;
        let mut to = row
            .object
            .clone()
            .ok_or_else(|| internal("a copy without an object"))?;
        let mut n = 2;
        let proved = loop {
            match storage.copy(&from, &to).await {
                CompleteEnd::Stored(proved) => break proved,
                CompleteEnd::Taken => self.next_name(storage.as_ref(), &mut to, &mut n).await?,
                CompleteEnd::Unknown(e) if e.code == ErrorCode::StateConflict => {
                    return Ok(InitAnswer::Duplicate { of, settled: None });
                }
                CompleteEnd::Unknown(e) => return Err(e.into()),
                CompleteEnd::Lost(e) => return self.source_is_gone(owner, &from, row.id, e).await,
                CompleteEnd::Missing(_) | CompleteEnd::Refused(_) => {
                    return Err(internal("a copy has no parts").into());
                }
            }
        };
        let settle = Settle {
            id: row.id,
            fence: 0,
            object: to.id,
            etag: proved.etag,
            crc64: Some(proved.crc64),
            sha256: from.sha256,
            proof: proved.proof,
        };
        match self
            .store
            .settle_copy(owner, vec![settle], self.now())
            .await?
            .pop()
            .flatten()
        {
            Some(settled) => {
                storage.forget(&[to]);
                Ok(InitAnswer::Duplicate {
                    of,
                    settled: settled.settled(),
                })
            }
            // Removed meanwhile, or its source was: whoever asks again is told.
            None => Ok(InitAnswer::Duplicate { of, settled: None }),
        }
    }

    /// The file that had the content does not have it any more: this one is sent.
    async fn source_is_gone(
        &self,
        owner: OwnerId,
        from: &ObjectRow,
        id: FileId,
        why: Failure,
    ) -> Result<InitAnswer, Refusal> {
        let reason = match why.code {
            ErrorCode::ObjectMissing => TombstoneReason::Vanished,
            ErrorCode::VerifyMismatch => TombstoneReason::Mismatch,
            _ => return Err(why.into()),
        };
        self.store.lost(from.id, reason, self.now()).await?;
        let row = self
            .store
            .go_alone(owner, vec![id], self.now())
            .await?
            .pop()
            .flatten();
        match row.and_then(|row| row.object) {
            Some(object) => Ok(InitAnswer::Upload {
                object_key: object.key,
            }),
            None => Err(Refusal::new(ErrorCode::SessionDeleted, "the session was removed")),
        }
    }
}
