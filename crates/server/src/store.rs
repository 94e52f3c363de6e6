//! The ledger behind a trait: what the service needs written and read, each method one transaction.
//!
//! Methods take batches, decide nothing that `core` could, and change states by guarded updates only. A `Refusal` in an
//! answer is about that item; an `Err` is about the ledger itself and means that nothing of the call was written.

pub mod rows;
pub mod sqlite;

use futures::future::BoxFuture;
use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::time::Timestamp;
use windlass_protocol::groups::{CreateGroup, Group};

use crate::failure::Refusal;
pub use rows::{
    Begun, DestinationRow, InitDecision, InitRow, Leased, ObjectRow, Proof, Release, Released, SessionRow,
    Settle, StartItem, Started, Tombstone, TombstoneReason,
};

/// An answer of the store.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Failure>>;

/// The ledger.
pub trait Store: Send + Sync {
    /// The owner of an embedded ledger.
    fn local_owner(&self) -> OwnerId;

    /// Makes a group or finds the one of these facts.
    fn create_group<'a>(
        &'a self,
        owner: OwnerId,
        group: &'a CreateGroup,
        now: Timestamp,
    ) -> Answer<'a, Result<Group, Refusal>>;

    /// A group with its counts.
    fn group(&self, owner: OwnerId, id: GroupId) -> Answer<'_, Option<Group>>;

    /// Completes a group when every living file is settled.
    fn finalize_group(
        &self,
        owner: OwnerId,
        id: GroupId,
        now: Timestamp,
    ) -> Answer<'_, Result<Group, Refusal>>;

    /// Cancels a group: open and failed sessions get a tombstone. Returns the objects to clean.
    fn cancel_group(
        &self,
        owner: OwnerId,
        id: GroupId,
        now: Timestamp,
    ) -> Answer<'_, Result<(Group, Vec<ObjectRow>), Refusal>>;

    /// Announces files; one decision an item, made in one transaction.
    fn init(&self, owner: OwnerId, items: Vec<InitRow>, now: Timestamp) -> Answer<'_, Vec<InitDecision>>;

    /// Sessions by id, in order.
    fn sessions(&self, owner: OwnerId, ids: Vec<FileId>) -> Answer<'_, Vec<Option<SessionRow>>>;

    /// A sign of life, and the first sign: pending → uploading, and its group with it.
    fn start(
        &self,
        owner: OwnerId,
        items: Vec<StartItem>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Result<Started, Refusal>>>;

    /// Writes what was learnt while beginning: the name is free, the upload id. Answers what the ledger holds.
    fn begun(&self, items: Vec<Begun>) -> Answer<'_, Vec<Option<ObjectRow>>>;

    /// Gives an open object the next name that the ledger has free, from the n-th way to write it on: key and number.
    fn rename(&self, object: ObjectId, from: u32) -> Answer<'_, Result<(String, u32), Refusal>>;

    /// Takes the lease to verify: pending, uploading → verifying.
    fn lease(
        &self,
        owner: OwnerId,
        items: Vec<rows::LeaseItem>,
        until: Timestamp,
        now: Timestamp,
    ) -> Answer<'_, Vec<Result<Leased, Refusal>>>;

    /// Prolongs leases that are still held.
    fn prolong(&self, owner: OwnerId, held: Vec<(FileId, i64)>, until: Timestamp) -> Answer<'_, ()>;

    /// Proved: verifying → uploaded and open → stored, both or none. `None` when the race was lost.
    fn settle(
        &self,
        owner: OwnerId,
        items: Vec<Settle>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Option<SessionRow>>>;

    /// A placed copy was proved: pending → deduplicated and open → stored.
    fn settle_copy(
        &self,
        owner: OwnerId,
        items: Vec<Settle>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Option<SessionRow>>>;

    /// Follows no longer: the session sends by itself.
    fn go_alone(
        &self,
        owner: OwnerId,
        ids: Vec<FileId>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Option<SessionRow>>>;

    /// Gives the lease back: to uploading, to failed, or kept in verifying for the next who asks.
    fn release(&self, owner: OwnerId, items: Vec<Release>, now: Timestamp) -> Answer<'_, ()>;

    /// Writes tombstones. Unknown ids are left out of no answer: `None`.
    fn tombstone(
        &self,
        owner: OwnerId,
        ids: Vec<FileId>,
        reason: TombstoneReason,
        now: Timestamp,
    ) -> Answer<'_, Vec<Option<Result<Tombstone, Refusal>>>>;

    /// The storage said that nothing of these is left: condemned → gone.
    fn gone(&self, objects: Vec<ObjectId>, now: Timestamp) -> Answer<'_, ()>;

    /// The storage was asked and has these.
    fn seen(&self, objects: Vec<ObjectId>, now: Timestamp) -> Answer<'_, ()>;

    /// The storage was asked and does not have this, or has another: every living session of it gets a tombstone (M10).
    fn lost(&self, object: ObjectId, reason: TombstoneReason, now: Timestamp) -> Answer<'_, ()>;

    /// Destinations in use.
    fn destinations(&self) -> Answer<'_, Vec<DestinationRow>>;

    /// One destination, also one that is not in use any more.
    fn destination(&self, id: DestinationId) -> Answer<'_, Option<DestinationRow>>;

    /// Adds or replaces a destination.
    fn put_destination(&self, row: DestinationRow, now: Timestamp) -> Answer<'_, Result<(), Refusal>>;

    /// Takes a destination out of use; refused while open files go there.
    fn remove_destination(&self, id: DestinationId, now: Timestamp) -> Answer<'_, Result<(), Refusal>>;

    /// Objects that were given up and not yet cleaned.
    fn condemned(&self, limit: u32) -> Answer<'_, Vec<ObjectRow>>;

    /// Writes everything back and closes.
    fn close(&self) -> Answer<'_, ()>;
}
