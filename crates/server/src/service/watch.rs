//! Files that finish without their client: the storage told of them, or nobody has heard of the client for a while.
//!
//! Both are hints (M19): the storage is asked what it has, under the same lease as a complete, and what it proves is
//! written in the same way. So a client, any number of events and the sweep may come in any order, and one of them
//! settles the file; the others find it settled. A file that is not whole stays as it is, and the client goes on later.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, ObjectId, OwnerId};
use windlass_core::part_plan::PartRange;
use windlass_core::states::ObjectState;
use windlass_protocol::destinations::DestinationConfig;

use super::plain::{Outcome, Wish};
use super::{IN_FLIGHT, Service};
use crate::db::Tx;
use crate::events::{DeadLetter, DeadReason, Delivery, HintKind, StorageHint};
use crate::failure::Refusal;
use crate::storage::{Listing, Look, ObjectStorage, PlainEnd, Presence};
use crate::store::plain::{self, Told};
use crate::store::watch::{self, DeadEvent};
use crate::store::{ObjectRow, Release, Released, SessionRow, TombstoneReason};
use crate::text::cut;

/// How long a lease holds without being prolonged, milliseconds.
const LEASE_MS: i64 = 60_000;
/// Files that one sweep looks at together.
const SWEEP: u32 = 500;
/// Rounds of one sweep; what is left is found by the next one.
const ROUNDS: usize = 20;
/// An event may come before the storage shows the object, and before whoever holds the lease has failed.
const EARLY: [Duration; 3] = [Duration::ZERO, Duration::from_millis(700), Duration::from_secs(4)];

/// What looking after a file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It is settled now.
    Settled,
    /// It is finished, given up, or somebody is at it: nothing to do.
    Other,
    /// Not all of it is there.
    Open,
    /// The storage did not answer.
    Unknown(Failure),
}

impl Service {
    /// Takes in what a storage told. Returns when unknown events are written down; the objects are looked at afterwards.
    ///
    /// # Errors
    /// When the ledger does not answer: the sweep finds what was told of.
    pub async fn take_hints(
        self: &Arc<Self>,
        destination: DestinationId,
        mut delivery: Delivery,
    ) -> Result<(), Failure> {
        // Somebody tries whether we listen: we do.
        delivery
            .dead
            .retain(|letter| letter.reason != DeadReason::TestEvent);
        let row = self.store.destination(destination).await?;
        let place = row.and_then(|row| match row.config {
            DestinationConfig::S3 { bucket, prefix, .. } => Some((bucket, prefix)),
            DestinationConfig::Folder { .. } => None,
        });
        let hints = std::mem::take(&mut delivery.hints);
        let mut known = Vec::new();
        for hint in hints {
            match &place {
                Some((bucket, _)) if *bucket != hint.bucket => {
                    delivery.dead.push(letter(DeadReason::OtherBucket, &hint));
                }
                // A bucket may be shared with others: what lies beside our place is none of ours.
                Some((_, prefix)) if !hint.keys().any(|key| key.starts_with(prefix)) => {}
                Some(_) => known.push(hint),
                None => delivery.dead.push(letter(DeadReason::OtherBucket, &hint)),
            }
        }
        let asked: Vec<_> = known.clone();
        let find = self.store.db().read(move |tx| {
            let find = |hint: &StorageHint| watch::by_key(tx, destination, hint.keys());
            asked.iter().map(find).collect::<Result<Vec<_>, _>>()
        });
        for (hint, found) in known.into_iter().zip(find.await?) {
            match found {
                Some((owner, object)) => {
                    let service = Arc::clone(self);
                    self.tasks
                        .spawn(async move { service.follow_hint(owner, object, hint.kind).await });
                }
                // Deleted, and nobody knows it: as it should be.
                None if hint.kind == HintKind::Removed => {}
                None => delivery.dead.push(letter(DeadReason::UnknownKey, &hint)),
            }
        }
        self.set_aside(destination, delivery.dead).await
    }

    /// Writes down events that nobody can place.
    async fn set_aside(&self, destination: DestinationId, letters: Vec<DeadLetter>) -> Result<(), Failure> {
        if letters.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let write = self
            .store
            .db()
            .write(None, move |tx| watch::set_aside(tx, destination, &letters, now));
        let dropped = write.await?;
        if dropped > 0 {
            tracing::warn!(%destination, dropped, "a storage tells more that nobody can place than is kept");
        }
        Ok(())
    }

    async fn follow_hint(&self, owner: OwnerId, object: ObjectRow, kind: HintKind) {
        let Ok(_turn) = self.hints.acquire().await else {
            return;
        };
        let done = match (object.state, kind) {
            (ObjectState::Open, HintKind::Removed) => Ok(()),
            (ObjectState::Open, _) => self.follow_open(owner, &object).await,
            // Written over or deleted behind our back, or a late repetition of what is known.
            (ObjectState::Stored, _) => self.look_again(&object, Look::Glance).await.map(drop),
            (ObjectState::Condemned, _) => self.clean(vec![object.clone()]).await.map(drop),
            // A late PUT to an attempt that was given up: its key is ours, and nobody waits for it.
            (ObjectState::Gone, HintKind::Removed) => Ok(()),
            (ObjectState::Gone, _) => self.clean_late(&object).await,
        };
        if let Err(e) = done {
            tracing::info!(object = %object.id, error = %e, "what a storage told of could not be looked at; the sweep does it");
        }
    }

    async fn follow_open(&self, owner: OwnerId, object: &ObjectRow) -> Result<(), Failure> {
        for wait in EARLY {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.ending.cancelled() => return Ok(()),
            }
            match self.look_after(owner, object.session).await? {
                Looked::Settled | Looked::Other => return Ok(()),
                Looked::Open => {}
                Looked::Unknown(e) => tracing::info!(object = %object.id, error = %e, "asked too early"),
            }
        }
        Ok(())
    }

    /// Something may have arrived under the key of an attempt that is gone.
    async fn clean_late(&self, object: &ObjectRow) -> Result<(), Failure> {
        let storage = self.storages.get(object.destination).await?.storage;
        storage.discard(object).await.map(drop)
    }

    /// True when all of an open file may be there. An inner error: the storage did not answer.
    pub(super) async fn is_whole(
        &self,
        owner: OwnerId,
        id: FileId,
    ) -> Result<Result<bool, Failure>, Failure> {
        let now = self.now();
        let read = self.store.db().read(move |tx| {
            let row = watch::verifiable(tx, owner, id, now)?;
            Ok((row, plain::told(tx, owner, id)?))
        });
        let (row, told) = read.await?;
        let Some(object) = row.and_then(|row| row.object) else {
            return Ok(Ok(false));
        };
        Ok(match self.storages.get(object.destination).await {
            Ok(opened) => may_be_whole(opened.storage.as_ref(), &object, told).await,
            Err(e) => Err(e),
        })
    }

    /// Finishes a file whose bytes are all there, as its client would have.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn look_after(&self, owner: OwnerId, id: FileId) -> Result<Looked, Failure> {
        let now = self.now();
        let read = self
            .store
            .db()
            .read(move |tx| watch::verifiable(tx, owner, id, now));
        if read.await?.is_none() {
            return Ok(Looked::Other);
        }
        match self.is_whole(owner, id).await? {
            Ok(true) => {}
            Ok(false) => return Ok(Looked::Open),
            Err(e) => return Ok(Looked::Unknown(e)),
        }
        let now = self.now();
        let until = now.plus_millis(LEASE_MS);
        let take = move |tx: &mut dyn Tx| watch::lease(tx, owner, id, until, now);
        match self.store.db().write(Some(owner), take).await? {
            Some(row) => self.finish(owner, row).await,
            None => Ok(Looked::Other),
        }
    }

    /// Completes under the lease, and writes what came of it.
    async fn finish(&self, owner: OwnerId, row: SessionRow) -> Result<Looked, Failure> {
        let end = self.complete_at_storage(owner, &row, &Wish::default()).await;
        let (to, error, looked) = match end.unwrap_or_else(PlainEnd::Unknown) {
            PlainEnd::Stored(proof) => {
                let outcome = self.settle_plain(owner, &row, proof).await?;
                return Ok(match outcome {
                    Outcome::Settled => Looked::Settled,
                    _ => Looked::Other,
                });
            }
            PlainEnd::Absent | PlainEnd::Missing(_) | PlainEnd::Taken => {
                (Released::Uploading, None, Looked::Open)
            }
            // Its client is told when it comes back; without one the file is failed by its age.
            PlainEnd::Refused(why) | PlainEnd::Lost(why) => (Released::Uploading, Some(why), Looked::Open),
            PlainEnd::Unknown(why) => (Released::Free, Some(why.clone()), Looked::Unknown(why)),
        };
        let release = Release {
            id: row.id,
            fence: row.fence,
            to,
            error,
        };
        self.store.release(owner, vec![release], self.now()).await?;
        Ok(looked)
    }

    /// Looks after files whose client is quiet. How many were settled.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn sweep_quiet(&self) -> Result<u64, Failure> {
        let mut settled = 0;
        for _ in 0..ROUNDS {
            let now = self.now();
            let quiet = self.store.db().read(move |tx| watch::quiet(tx, now, SWEEP));
            let quiet = quiet.await?;
            if quiet.is_empty() || self.ending.is_cancelled() {
                break;
            }
            let full = quiet.len() >= SWEEP as usize;
            settled += self.look_after_all(quiet).await?;
            if !full {
                break;
            }
        }
        Ok(settled)
    }

    /// Looks after files, and notes that their storages were asked. How many were settled.
    async fn look_after_all(&self, files: Vec<(OwnerId, FileId)>) -> Result<u64, Failure> {
        let mut looked = futures::stream::iter(files)
            .map(|(owner, id)| async move {
                let rows = self.store.sessions(owner, vec![id]).await?;
                let object = rows.into_iter().next().flatten().and_then(|row| row.object);
                Ok::<_, Failure>((object.map(|o| o.id), self.look_after(owner, id).await?))
            })
            .buffer_unordered(IN_FLIGHT);
        let (mut settled, mut asked): (u64, Vec<ObjectId>) = (0, Vec::new());
        while let Some(one) = looked.next().await {
            let (object, looked) = one?;
            settled += u64::from(looked == Looked::Settled);
            asked.extend(object);
        }
        drop(looked);
        let now = self.now();
        self.store
            .db()
            .write(None, move |tx| watch::asked(tx, &asked, now))
            .await?;
        Ok(settled)
    }

    /// Looks at a stored object. What is missing or different is taken from every file that refers to it (M10).
    ///
    /// # Errors
    /// When the storage or the ledger does not answer.
    pub async fn look_again(&self, object: &ObjectRow, how: Look) -> Result<Presence, Failure> {
        let storage = self.storages.get(object.destination).await?.storage;
        let presence = storage.look(object, how).await?;
        let now = self.now();
        match &presence {
            Presence::Same => self.store.seen(vec![object.id], now).await?,
            Presence::Missing => self.store.lost(object.id, TombstoneReason::Vanished, now).await?,
            Presence::Different(_) => self.store.lost(object.id, TombstoneReason::Mismatch, now).await?,
        }
        Ok(presence)
    }

    /// Events that were set aside, newest first.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn dead_events(&self, before: Option<i64>, limit: u32) -> Result<Vec<DeadEvent>, Failure> {
        let before = before.unwrap_or(i64::MAX);
        self.store
            .db()
            .read(move |tx| watch::dead(tx, before, limit))
            .await
    }

    /// Takes an event in again that was set aside. What can't be placed now either is set aside anew.
    ///
    /// # Errors
    /// `not_found`; when the ledger does not answer.
    pub async fn replay(self: &Arc<Self>, seq: i64) -> Result<(), Refusal> {
        let found = self.store.db().read(move |tx| watch::dead_one(tx, seq)).await?;
        let found = found.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such event"))?;
        self.take_hints(found.destination, crate::events::reread(&found.event))
            .await?;
        let now = self.now();
        let note = self
            .store
            .db()
            .write(None, move |tx| watch::replayed(tx, seq, now));
        Ok(note.await?)
    }
}

/// False when surely not all of it is there. Nothing is written and nothing is held.
async fn may_be_whole(
    storage: &dyn ObjectStorage,
    object: &ObjectRow,
    told: Option<Told>,
) -> Result<bool, Failure> {
    let in_parts = object.upload_id.is_some() || !storage.names_are_looked_up();
    if in_parts && let Listing::Parts(parts) = storage.list(object).await? {
        // Of a size that nobody told, only its caller knows when it is whole.
        let is_known = told.is_some_and(|t| t.size.is_some());
        let fits = |p: PartRange| parts.iter().any(|l| l.n == p.number && l.size == p.len);
        return Ok(is_known && object.plan.parts().all(fits));
    }
    Ok(storage.look(object, Look::Glance).await? != Presence::Missing)
}

/// A hint as an event that can be read again.
fn letter(reason: DeadReason, hint: &StorageHint) -> DeadLetter {
    let kind = match hint.kind {
        HintKind::Removed => "Object Deleted",
        _ => "Object Created",
    };
    let event = serde_json::json!({
        "source": "aws.s3",
        "detail-type": kind,
        "detail": {
            "bucket": { "name": hint.bucket },
            "object": { "key": hint.key, "size": hint.size, "etag": hint.etag },
        },
    });
    DeadLetter {
        reason,
        detail: cut(&hint.key, 1_000),
        event: event.to_string(),
    }
}
