//! The ledger: what the service needs written and read, each method one transaction on either database.
//!
//! Methods take batches, decide nothing that `core` could, and change states by guarded updates only. A `Refusal` in an
//! answer is about that item; an `Err` is about the ledger itself and means that nothing of the call was written. All
//! writes of one owner run one after another, so a method decides by what it read.

pub mod audit;
mod canonical;
pub mod changes;
pub mod cursor;
pub mod demand;
pub mod derived;
pub(crate) mod destinations;
pub mod figures;
pub mod files;
pub mod group_view;
pub(crate) mod groups;
pub mod identities;
mod init;
pub mod janitor;
pub mod jobs;
pub mod lease;
pub mod owners;
pub(crate) mod parts;
pub(crate) mod places;
pub(crate) mod placing;
pub(crate) mod plain;
pub(crate) mod public;
pub(crate) mod quota;
mod reads;
mod remove;
pub mod rows;
pub mod runs;
mod settle;
mod sign;
pub mod similar;
pub mod status;
pub mod strays;
pub(crate) mod templates;
mod together;
pub mod tokens;
pub mod watch;
pub mod webhooks;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use windlass_core::accepts::Accepts;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::time::Timestamp;
use windlass_protocol::groups::{CreateGroup, GroupView, NewGroup};

use crate::db::{Db, Tx, is_unique, params};
use crate::failure::Refusal;
pub use rows::{
    Begun, DestinationRow, InitDecision, InitRow, LeaseItem, Leased, ObjectRow, Proof, Release, Released,
    SessionRow, Settle, StartItem, Started, Tombstone, TombstoneReason,
};
use together::Together;

/// Two owners that want one name at once: the second one decides anew, at most so often.
const ANEW: usize = 5;

/// The ledger. Clones share it.
#[derive(Clone)]
pub struct Ledger {
    db: Db,
    calls: Arc<Calls>,
}

/// Until when, and when it was asked.
type Leases = Together<OwnerId, LeaseItem, (Timestamp, Timestamp), Result<Leased, Refusal>>;

/// The calls that each file needs, gathered while others of their owner are written.
#[derive(Default)]
struct Calls {
    init: Arc<Together<OwnerId, InitRow, Timestamp, InitDecision>>,
    start: Arc<Together<OwnerId, StartItem, Timestamp, Result<Started, Refusal>>>,
    begun: Arc<Together<(), Begun, (), Option<ObjectRow>>>,
    lease: Arc<Leases>,
    settle: Arc<Together<OwnerId, Settle, Timestamp, Option<SessionRow>>>,
}

impl Ledger {
    /// The ledger in a database.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self {
            db,
            calls: Arc::default(),
        }
    }

    /// The database, for what is not about uploads.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The owner of an embedded ledger: the one it was made for, or this one.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn local_owner(&self, new: OwnerId, now: Timestamp) -> Result<OwnerId, Failure> {
        let write = self.db.write(None, move |tx| {
            tx.execute(
                "INSERT INTO owner (id, kind, created_at) SELECT ?1, 'local', ?2
                 WHERE NOT EXISTS (SELECT 1 FROM owner WHERE kind = 'local')",
                params![new, now],
            )?;
            tx.query_one("SELECT id FROM owner WHERE kind = 'local'", params![])?
                .get(0)
        });
        write.await
    }

    /// Nobody verifies: whoever did has ended with the program that held the ledger. Only for a ledger that one program
    /// has to itself.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn free_leases(&self) -> Result<(), Failure> {
        let free = "UPDATE upload_session SET lease_until = 0 WHERE state = 'verifying' AND lease_until > 0";
        // Jobs too, of this program's own workers; those elsewhere still have theirs.
        let jobs = "UPDATE processing_job SET lease_until = 0
                    WHERE state IN ('sending', 'running') AND lease_until > 0 AND lease_owner LIKE 'server %'";
        self.db
            .write(None, move |tx| {
                tx.execute(free, params![])?;
                tx.execute(jobs, params![]).map(drop)
            })
            .await
    }

    /// Makes a group or finds the one of these facts.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn create_group(
        &self,
        owner: OwnerId,
        group: &CreateGroup,
        now: Timestamp,
    ) -> Result<Result<GroupView, Refusal>, Failure> {
        let group = NewGroup::from(group.clone());
        self.db
            .write(Some(owner), move |tx| groups::create(tx, owner, &group, now))
            .await
    }

    /// A group with its counts.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn group(&self, owner: OwnerId, id: GroupId) -> Result<Option<GroupView>, Failure> {
        self.db.read(move |tx| group_view::load(tx, owner, id)).await
    }

    /// Completes a group when every living file is settled.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn finalize_group(
        &self,
        owner: OwnerId,
        id: GroupId,
        now: Timestamp,
    ) -> Result<Result<GroupView, Refusal>, Failure> {
        self.db
            .write(Some(owner), move |tx| groups::finalize(tx, owner, id, now))
            .await
    }

    /// Cancels a group: open and failed sessions get a tombstone. Returns the objects to clean.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn cancel_group(
        &self,
        owner: OwnerId,
        id: GroupId,
        now: Timestamp,
    ) -> Result<Result<(GroupView, Vec<ObjectRow>), Refusal>, Failure> {
        self.db
            .write(Some(owner), move |tx| groups::cancel(tx, owner, id, now))
            .await
    }

    /// Announces files; one decision an item, made in one transaction.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn init(
        &self,
        owner: OwnerId,
        items: Vec<InitRow>,
        now: Timestamp,
    ) -> Result<Vec<InitDecision>, Failure> {
        let db = self.db.clone();
        let write = move |items: Vec<InitRow>, now| {
            let (db, items) = (db.clone(), Arc::new(items));
            let once = move || {
                let (db, items) = (db.clone(), Arc::clone(&items));
                async move {
                    let init = move |tx: &mut dyn Tx| init::init(tx, owner, &items, now);
                    db.write(Some(owner), init).await
                }
            };
            anew(once)
        };
        self.calls.init.call(owner, items, now, write).await
    }

    /// How items of calls that go together are written: `step` in a transaction of its own.
    fn writes<I, W, O, F>(
        &self,
        owner: Option<OwnerId>,
        step: F,
    ) -> impl Fn(Vec<I>, W) -> BoxFuture<'static, Result<Vec<O>, Failure>> + Send + Sync + 'static + use<I, W, O, F>
    where
        I: Send + 'static,
        W: Copy + Send + 'static,
        O: Send + 'static,
        F: Fn(&mut dyn Tx, &[I], W) -> Result<Vec<O>, Failure> + Copy + Send + Sync + 'static,
    {
        let db = self.db.clone();
        move |items, when| {
            let db = db.clone();
            async move { db.write(owner, move |tx| step(tx, &items, when)).await }.boxed()
        }
    }

    /// Sessions by id, in order.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn sessions(
        &self,
        owner: OwnerId,
        ids: Vec<FileId>,
    ) -> Result<Vec<Option<SessionRow>>, Failure> {
        self.db
            .read(move |tx| {
                let found = reads::sessions(tx, owner, ids.iter().copied())?;
                Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
            })
            .await
    }

    /// A sign of life, and the first sign: pending → uploading, and its group with it.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn start(
        &self,
        owner: OwnerId,
        items: Vec<StartItem>,
        now: Timestamp,
    ) -> Result<Vec<Result<Started, Refusal>>, Failure> {
        let write = self.writes(Some(owner), move |tx, items: &[StartItem], now| {
            sign::start(tx, owner, items, now)
        });
        self.calls.start.call(owner, items, now, write).await
    }

    /// Writes what was learnt while beginning: the name is free, the upload id. Answers what the ledger holds.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn begun(&self, items: Vec<Begun>) -> Result<Vec<Option<ObjectRow>>, Failure> {
        let write = self.writes(None, |tx, items: &[Begun], ()| sign::begun(tx, items));
        self.calls.begun.call((), items, (), write).await
    }

    /// Gives an open object the next name that the ledger has free, from the n-th way to write it on: key and number.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn rename(
        &self,
        object: ObjectId,
        from: u32,
    ) -> Result<Result<(String, u32), Refusal>, Failure> {
        let owner = self.owner_of(object).await?;
        let write = || self.db.write(owner, move |tx| placing::rename(tx, object, from));
        anew(write).await
    }

    /// Takes the lease to verify: pending, uploading → verifying.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn lease(
        &self,
        owner: OwnerId,
        items: Vec<LeaseItem>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Result<Leased, Refusal>>, Failure> {
        let lease = move |tx: &mut dyn Tx, items: &[LeaseItem], (until, now)| {
            settle::lease(tx, owner, items, until, now)
        };
        let write = self.writes(Some(owner), lease);
        self.calls.lease.call(owner, items, (until, now), write).await
    }

    /// Prolongs leases that are still held.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn prolong(
        &self,
        owner: OwnerId,
        held: Vec<(FileId, i64)>,
        until: Timestamp,
    ) -> Result<(), Failure> {
        self.db
            .write(Some(owner), move |tx| settle::prolong(tx, owner, &held, until))
            .await
    }

    /// Proved: verifying → uploaded and open → stored, both or none. `None` when the race was lost.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn settle(
        &self,
        owner: OwnerId,
        items: Vec<Settle>,
        now: Timestamp,
    ) -> Result<Vec<Option<SessionRow>>, Failure> {
        let write = self.writes(Some(owner), move |tx, items: &[Settle], now| {
            settle::settle(tx, owner, items, now)
        });
        self.calls.settle.call(owner, items, now, write).await
    }

    /// A placed copy was proved: pending → deduplicated and open → stored.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn settle_copy(
        &self,
        owner: OwnerId,
        items: Vec<Settle>,
        now: Timestamp,
    ) -> Result<Vec<Option<SessionRow>>, Failure> {
        self.db
            .write(Some(owner), move |tx| {
                items
                    .iter()
                    .map(|i| settle::settle_copy(tx, owner, i, now))
                    .collect()
            })
            .await
    }

    /// Follows no longer: the session sends by itself.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn go_alone(
        &self,
        owner: OwnerId,
        ids: Vec<FileId>,
        now: Timestamp,
    ) -> Result<Vec<Option<SessionRow>>, Failure> {
        self.db
            .write(Some(owner), move |tx| {
                ids.iter().map(|id| init::go_alone(tx, owner, *id, now)).collect()
            })
            .await
    }

    /// Gives the lease back: to uploading, to failed, or kept in verifying for the next who asks.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn release(&self, owner: OwnerId, items: Vec<Release>, now: Timestamp) -> Result<(), Failure> {
        self.db
            .write(Some(owner), move |tx| {
                items.iter().try_for_each(|i| settle::release(tx, owner, i, now))
            })
            .await
    }

    /// Writes tombstones. Unknown ids are left out of no answer: `None`.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn tombstone(
        &self,
        owner: OwnerId,
        ids: Vec<FileId>,
        reason: TombstoneReason,
        now: Timestamp,
    ) -> Result<Vec<Option<Result<Tombstone, Refusal>>>, Failure> {
        self.db
            .write(Some(owner), move |tx| {
                ids.iter()
                    .map(|id| remove::tombstone(tx, owner, *id, reason, now))
                    .collect()
            })
            .await
    }

    /// The storage said that nothing of these is left: condemned → gone.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn gone(&self, objects: Vec<ObjectId>, now: Timestamp) -> Result<(), Failure> {
        self.db
            .write(None, move |tx| {
                objects.iter().try_for_each(|o| remove::gone(tx, *o, now))
            })
            .await
    }

    /// The storage was asked and has these.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn seen(&self, objects: Vec<ObjectId>, now: Timestamp) -> Result<(), Failure> {
        self.db
            .write(None, move |tx| {
                objects.iter().try_for_each(|o| remove::seen(tx, *o, now))
            })
            .await
    }

    /// The storage was asked and does not have this, or has another: every living session of it gets a tombstone (M10).
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn lost(
        &self,
        object: ObjectId,
        reason: TombstoneReason,
        now: Timestamp,
    ) -> Result<(), Failure> {
        // No session is linked to it meanwhile (F105).
        let owner = self.owner_of(object).await?;
        self.db
            .write(owner, move |tx| remove::lost(tx, object, reason, now))
            .await
    }

    /// An object by its id.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn object(&self, id: ObjectId) -> Result<Option<ObjectRow>, Failure> {
        self.db
            .read(move |tx| Ok(reads::objects(tx, "o.id = ?1", params![id])?.pop()))
            .await
    }

    /// Destinations in use.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn destinations(&self) -> Result<Vec<DestinationRow>, Failure> {
        self.db.read(destinations::all).await
    }

    /// One destination, also one that is not in use any more.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn destination(&self, id: DestinationId) -> Result<Option<DestinationRow>, Failure> {
        self.db.read(move |tx| destinations::load(tx, id)).await
    }

    /// Adds or replaces a destination. Without limits: what was set stays, at this moment.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn put_destination(
        &self,
        row: DestinationRow,
        limits: Option<Accepts>,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Failure> {
        let written = self
            .db
            .write(None, move |tx| destinations::put(tx, &row, limits.as_ref(), now))
            .await;
        match written {
            // Another one took the name at the same moment.
            Err(e) if is_unique(&e) => Ok(Err(destinations::name_taken())),
            other => other,
        }
    }

    /// Takes a destination out of use; refused while open files go there.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn remove_destination(
        &self,
        id: DestinationId,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Failure> {
        self.db
            .write(None, move |tx| destinations::remove(tx, id, now))
            .await
    }

    /// Objects that were given up and not yet cleaned.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn condemned(&self, now: Timestamp, limit: u32) -> Result<Vec<ObjectRow>, Failure> {
        self.db.read(move |tx| reads::condemned(tx, now, limit)).await
    }

    /// Writes everything back and closes.
    ///
    /// # Errors
    /// When the database can't be closed; what was answered is safe all the same.
    pub async fn close(&self) -> Result<(), Failure> {
        self.db.close().await
    }

    /// Whose an object is; `None` for one that nobody has.
    async fn owner_of(&self, object: ObjectId) -> Result<Option<OwnerId>, Failure> {
        let find = "SELECT owner_id FROM stored_object WHERE id = ?1";
        let row = self
            .db
            .read(move |tx| tx.query_opt(find, params![object]))
            .await?;
        row.map(|r| r.get(0)).transpose()
    }
}

/// Decides anew when a name that was free a moment ago went to another owner.
async fn anew<T, F>(mut write: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    for _ in 1..ANEW {
        match write().await {
            Err(e) if is_unique(&e) => {}
            other => return other,
        }
    }
    write().await.map_err(|e| match is_unique(&e) {
        true => Failure::new(ErrorCode::Overloaded, e.detail),
        false => e,
    })
}
