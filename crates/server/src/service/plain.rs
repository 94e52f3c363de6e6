//! Files of callers that tell no checksums (M2): signed for without any, and completed by what the storage shows.
//!
//! The work of completing runs in a task of its own, as in `complete`: whoever hangs up stops nothing, and whoever asks
//! again gets the same answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use windlass_core::complete::StoredPart;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, OwnerId};
use windlass_core::limits::MAX_PARTS;
use windlass_core::units::{ETag, PartNumber, Sha256};
use windlass_protocol::sessions::SignedPart;

use super::Service;
use super::storages::Opened;
use crate::failure::{Refusal, internal};
use crate::storage::{Listing, PlainEnd, PlainJob, PlainPart, PlainProof, PostForm};
use crate::store::parts::{self, Learnt, Sent};
use crate::store::plain::{self, Settled, Told};
use crate::store::{Begun, LeaseItem, Leased, ObjectRow, Release, Released, SessionRow, Settle, StartItem};

/// A call is answered after this.
const WAIT: Duration = Duration::from_secs(50);
/// Before a lease that somebody else holds is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(150);
/// How long a lease holds without being prolonged, milliseconds.
const LEASE_MS: i64 = 60_000;
/// How often it is prolonged.
const PROLONG: Duration = Duration::from_secs(20);

/// What a file is signed for.
#[derive(Debug, Clone)]
pub(crate) enum Parts {
    /// All of the plan; of an unknown size the first.
    All,
    /// At most so many from the first on.
    First(u32),
    /// These.
    These(Vec<PartNumber>),
    /// None: only what must be there before the first is made.
    None,
}

/// Permissions to send a file.
pub(crate) struct Plain {
    /// The session, as it was before.
    pub(crate) row: SessionRow,
    /// Its object.
    pub(crate) object: ObjectRow,
    /// What is told of its size.
    pub(crate) told: Told,
    /// One a part that was asked for.
    pub(crate) uploads: Vec<SignedPart>,
}

/// What completing such a file came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is settled, now or before.
    Settled,
    /// Nothing of it is there.
    Absent,
    /// These parts go again.
    Missing(Vec<PartNumber>),
    /// Somebody is at it: ask again.
    Verifying,
    /// Not done.
    Failed(Refusal),
}

/// How a file is to be completed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// Parts as the caller says.
    pub(crate) parts: Option<Vec<(PartNumber, ETag)>>,
    /// What the content is said to be.
    pub(crate) sha256: Option<Sha256>,
    /// True: what is not there has failed.
    pub(crate) absent_fails: bool,
}

impl Service {
    /// Signs for a file. `begins`: it is uploading from here on; else it stays as it is until something of it is there.
    pub(crate) async fn sign_plain(
        &self,
        owner: OwnerId,
        id: FileId,
        wanted: &Parts,
        begins: bool,
    ) -> Result<Plain, Refusal> {
        let row = self.store.sessions(owner, vec![id]).await?.pop().flatten();
        let row = row.ok_or_else(missing)?;
        let start = StartItem {
            id,
            attempt: row.attempt,
            urls: begins,
        };
        let started = self.store.start(owner, vec![start], self.now()).await?.pop();
        let row = started.ok_or_else(|| internal("a start without an answer"))??.row;
        let now = self.now();
        let group = row.group;
        let db = self.store.db();
        let told = db
            .write(Some(owner), move |tx| {
                plain::under_way(tx, owner, group, now)?;
                plain::told(tx, owner, id)
            })
            .await?
            .ok_or_else(missing)?;
        let object = row
            .object
            .clone()
            .ok_or_else(|| internal("a file that may be sent, without an object"))?;
        let opened = self.storages.get(row.destination).await?;
        opened.storage.room(told.size.unwrap_or(0)).await?;
        let again = row.state != windlass_core::states::SessionState::Pending;
        let object = self.ready(&opened, object, told, again).await?;
        let parts = chosen(&row, told, wanted)?;
        if !told.single && told.size.is_some() && !parts.is_empty() {
            let mut learnt = Learnt::of(&object);
            if begins {
                learnt.signed = parts.iter().map(|p| (p.n, None)).collect();
            }
            self.learn(owner, vec![learnt]).await?;
        }
        let uploads = opened
            .storage
            .sign_plain(&object, told.single, &parts, self.now())?;
        Ok(Plain {
            row,
            object,
            told,
            uploads,
        })
    }

    /// A form by which a browser posts the file; none where the storage takes no forms.
    pub(crate) async fn form_plain(&self, signed: &Plain) -> Result<Option<PostForm>, Refusal> {
        let opened = self.storages.get(signed.object.destination).await?;
        let most = signed.told.size.unwrap_or(signed.told.most);
        Ok(opened.storage.form(&signed.object, most, self.now())?)
    }

    /// Makes sure that the name is free and that the upload was begun.
    async fn ready(
        &self,
        opened: &Opened,
        object: ObjectRow,
        told: Told,
        again: bool,
    ) -> Result<ObjectRow, Refusal> {
        let storage = opened.storage.as_ref();
        let is_ready = |o: &ObjectRow| o.name_checked && (told.single || o.upload_id.is_some());
        if !storage.names_are_looked_up() || is_ready(&object) {
            return Ok(object);
        }
        // One at a time, so that no upload is begun twice.
        let _turn = opened.begin.lock().await;
        let ask = |upload_id, checked| Begun {
            object: object.id,
            upload_id,
            checked,
        };
        let gone = || Refusal::new(ErrorCode::ObjectCondemned, "the attempt was given up");
        let read = self.store.begun(vec![ask(None, false)]).await?.pop().flatten();
        let mut object = read.ok_or_else(gone)?;
        if is_ready(&object) {
            return Ok(object);
        }
        if !object.name_checked {
            let keys = std::slice::from_ref(&object.key);
            if storage.taken(keys, self.now()).await?.first() == Some(&true) {
                self.next_name(storage, &mut object, &mut 2).await?;
            }
        }
        let upload_id = if told.single || object.upload_id.is_some() {
            None
        } else {
            storage.begin_plain(&object, again).await?
        };
        // INVARIANT (I18): a URL is given only for what the ledger holds.
        let learnt = Begun {
            object: object.id,
            upload_id,
            checked: true,
        };
        self.store
            .begun(vec![learnt])
            .await?
            .pop()
            .flatten()
            .ok_or_else(gone)
    }

    /// Parts of a multipart upload as the storage lists them; what is learnt is written down.
    pub(crate) async fn list_plain(&self, owner: OwnerId, id: FileId) -> Result<Vec<StoredPart>, Refusal> {
        let row = self.store.sessions(owner, vec![id]).await?.pop().flatten();
        let row = row.ok_or_else(missing)?;
        let is_settled = row.is_settled();
        let Some(object) = row.object.filter(|o| o.session == id && !row.deleted) else {
            return Ok(Vec::new());
        };
        if is_settled {
            // The storage has one whole; what it was made of is written down.
            let of = object.id;
            let read = self.store.db().read(move |tx| parts::load(tx, owner, id, of));
            let stored = |p: windlass_protocol::files::PartView| {
                let (n, size, crc64) = (p.n, p.size, p.crc64);
                p.etag.map(|etag| StoredPart { n, size, etag, crc64 })
            };
            return Ok(read.await?.into_values().filter_map(stored).collect());
        }
        let storage = self.storages.get(object.destination).await?.storage;
        let listed = match storage.list(&object).await? {
            Listing::Parts(parts) => parts,
            Listing::NoUpload => Vec::new(),
        };
        if !listed.is_empty() {
            let sent = listed.iter().map(|p| Sent {
                n: p.n,
                etag: p.etag.clone(),
                crc64: p.crc64,
            });
            let learnt = Learnt {
                sent: sent.collect(),
                ..Learnt::of(&object)
            };
            self.learn(owner, vec![learnt]).await?;
        }
        Ok(listed)
    }

    /// Completes a file by what the storage shows.
    pub(crate) async fn complete_plain(
        self: &Arc<Self>,
        owner: OwnerId,
        id: FileId,
        wish: Wish,
    ) -> Result<Outcome, Failure> {
        let until = Instant::now() + WAIT;
        // The lease is taken by the task too: of whoever hangs up just then nothing is left held.
        let service = Arc::clone(self);
        let task = self
            .tasks
            .spawn(async move { service.complete_to_the_end(owner, id, wish, until).await });
        match tokio::time::timeout_at(until, task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(e)) => Err(internal(format!("completing ended early: {e}"))),
            Err(_) => Ok(Outcome::Verifying),
        }
    }

    async fn complete_to_the_end(
        &self,
        owner: OwnerId,
        id: FileId,
        wish: Wish,
        until: Instant,
    ) -> Result<Outcome, Failure> {
        loop {
            let row = self.store.sessions(owner, vec![id]).await?.pop().flatten();
            let Some(row) = row else {
                return Ok(Outcome::Failed(missing()));
            };
            let ask = LeaseItem {
                id,
                attempt: row.attempt,
                size: row.plan.size(),
                sha256: wish.sha256,
            };
            let now = self.now();
            let leased = self
                .store
                .lease(owner, vec![ask], now.plus_millis(LEASE_MS), now)
                .await?
                .pop();
            match leased {
                Some(Ok(Leased::Ours(row))) => return self.complete_held(owner, *row, wish).await,
                Some(Ok(Leased::Settled(_))) => return Ok(Outcome::Settled),
                Some(Ok(Leased::Busy)) if Instant::now() < until => tokio::time::sleep(ASK_AGAIN).await,
                Some(Ok(Leased::Busy)) | None => return Ok(Outcome::Verifying),
                Some(Err(refused)) => return Ok(Outcome::Failed(refused)),
            }
        }
    }

    /// Completes a file whose lease is held, to the end.
    async fn complete_held(&self, owner: OwnerId, row: SessionRow, wish: Wish) -> Result<Outcome, Failure> {
        let (id, fence) = (row.id, row.fence);
        let ended = self.complete_at_storage(owner, &row, &wish).await;
        let end = ended.unwrap_or_else(PlainEnd::Unknown);
        let (to, error, outcome) = match end {
            PlainEnd::Stored(proof) => return self.settle_plain(owner, &row, proof).await,
            PlainEnd::Absent if wish.absent_fails => {
                let why = Failure::new(ErrorCode::ObjectMissing, "nothing was stored");
                (Released::Failed, Some(why), Outcome::Absent)
            }
            PlainEnd::Absent => (Released::Uploading, None, Outcome::Absent),
            PlainEnd::Missing(parts) if wish.absent_fails => {
                let why = Failure::new(ErrorCode::PartMissing, "parts are missing");
                (Released::Failed, Some(why), Outcome::Missing(parts))
            }
            PlainEnd::Missing(parts) => (Released::Uploading, None, Outcome::Missing(parts)),
            PlainEnd::Refused(why) => (
                Released::Uploading,
                Some(why.clone()),
                Outcome::Failed(why.into()),
            ),
            PlainEnd::Lost(why) => (Released::Failed, Some(why.clone()), Outcome::Failed(why.into())),
            PlainEnd::Taken => {
                let why = Failure::new(ErrorCode::Overloaded, "the name was taken: ask again");
                (Released::Free, None, Outcome::Failed(why.into()))
            }
            PlainEnd::Unknown(why) => (Released::Free, Some(why.clone()), Outcome::Failed(why.into())),
        };
        let release = Release { id, fence, to, error };
        self.store.release(owner, vec![release], self.now()).await?;
        Ok(outcome)
    }

    pub(super) async fn complete_at_storage(
        &self,
        owner: OwnerId,
        row: &SessionRow,
        wish: &Wish,
    ) -> Result<PlainEnd, Failure> {
        let gone = || Failure::new(ErrorCode::ObjectCondemned, "the attempt was given up");
        let mut object = row.object.clone().ok_or_else(gone)?;
        let (id, fence) = (row.id, row.fence);
        let told = self
            .store
            .db()
            .read(move |tx| plain::told(tx, owner, id))
            .await?
            .ok_or_else(gone)?;
        let storage = self.storages.get(row.destination).await?.storage;
        let mut n = 2;
        loop {
            let job = PlainJob {
                object: object.clone(),
                single: told.single,
                size: told.size,
                parts: wish.parts.clone(),
                sha256: row.sha256.or(wish.sha256),
            };
            let working = storage.complete_plain(&job);
            tokio::pin!(working);
            let end = loop {
                tokio::select! {
                    end = &mut working => break end,
                    () = tokio::time::sleep(PROLONG) => {
                        let until = self.now().plus_millis(LEASE_MS);
                        if let Err(e) = self.store.prolong(owner, vec![(id, fence)], until).await {
                            // Somebody else may verify too then; every step is repeatable.
                            tracing::warn!(error = %e, "a lease could not be prolonged");
                        }
                    }
                }
            };
            match end {
                PlainEnd::Taken => self
                    .next_name(storage.as_ref(), &mut object, &mut n)
                    .await
                    .map_err(Failure::from)?,
                end => return Ok(end),
            }
        }
    }

    pub(super) async fn settle_plain(
        &self,
        owner: OwnerId,
        row: &SessionRow,
        proof: PlainProof,
    ) -> Result<Outcome, Failure> {
        let object = row
            .object
            .clone()
            .ok_or_else(|| internal("a proof without an object"))?;
        let item = Settle {
            id: row.id,
            fence: row.fence,
            object: object.id,
            etag: proof.etag,
            crc64: proof.crc64,
            sha256: proof.sha256,
            proof: proof.proof,
        };
        let (size, parts) = (proof.size, proof.parts);
        let (now, hash, id, fence) = (self.now(), proof.sha256, row.id, row.fence);
        let settled = self
            .store
            .db()
            .write(Some(owner), move |tx| {
                // What the server read is what the content is.
                if let Some(hash) = hash {
                    tx.execute(
                        "UPDATE upload_session SET sha256 = ?4 WHERE owner_id = ?1 AND id = ?2 AND fence = ?3
                           AND sha256 IS NULL AND state = 'verifying' AND deleted_at IS NULL",
                        crate::db::params![owner, id, fence, hash],
                    )?;
                }
                plain::settle(tx, owner, &item, size, &parts, now)
            })
            .await?;
        match settled {
            Settled::Yes => {
                if let Ok(opened) = self.storages.get(object.destination).await {
                    opened.storage.forget(&[object]);
                }
                Ok(Outcome::Settled)
            }
            Settled::Rejected(why) => Ok(Outcome::Failed(why.into())),
            Settled::RaceLost => {
                let row = self.store.sessions(owner, vec![row.id]).await?.pop().flatten();
                match row {
                    Some(row) if row.is_settled() && !row.deleted => Ok(Outcome::Settled),
                    _ => {
                        let why = Refusal::new(
                            ErrorCode::LeaseLost,
                            "it was changed while it was being completed",
                        );
                        Ok(Outcome::Failed(why))
                    }
                }
            }
        }
    }
}

/// The parts that are asked for, with their sizes where they are known.
fn chosen(row: &SessionRow, told: Told, wanted: &Parts) -> Result<Vec<PlainPart>, Refusal> {
    let count = match (told.size, told.single) {
        (Some(_), _) => row.plan.count(),
        (None, true) => 1,
        (None, false) => MAX_PARTS,
    };
    let all = || (0..count as usize).filter_map(|i| PartNumber::from_index(i).ok());
    let numbers: Vec<PartNumber> = match wanted {
        Parts::All if told.size.is_some() || told.single => all().collect(),
        Parts::All | Parts::None => Vec::new(),
        Parts::First(most) => all().take(*most as usize).collect(),
        Parts::These(these) => these.clone(),
    };
    numbers
        .into_iter()
        .map(|n| {
            if n.get() > count {
                let detail = format!("part {n}, the plan has {count}");
                return Err(Refusal::new(ErrorCode::PartOutOfRange, detail));
            }
            let size = told.size.and_then(|_| row.plan.part(n)).map(|p| p.len);
            Ok(PlainPart { n, size })
        })
        .collect()
}

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such session")
}
