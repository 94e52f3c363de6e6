//! The ledger in SQLite: one file, one writer thread, a few readers.
//!
//! Born when it is first opened (mode 0600, migrated to the newest version); ended by `close`. What was answered was
//! committed with `synchronous=FULL`, so it survives kill -9 and a power cut. It is never on a share: the data folder is
//! on this computer. A ledger of a newer program is refused without a byte being written (I15).

mod destinations;
mod groups;
mod init;
mod open;
mod placing;
mod reads;
mod remove;
mod settle;
mod sign;
mod writer;

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use rusqlite::Connection;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::time::Timestamp;
use windlass_protocol::groups::{CreateGroup, Group};

use super::{
    Answer, Begun, DestinationRow, InitDecision, InitRow, Leased, ObjectRow, Release, SessionRow, Settle,
    StartItem, Started, Store, Tombstone, TombstoneReason, rows::LeaseItem,
};
use crate::failure::{Refusal, internal};

/// A ledger in a file.
pub struct SqliteStore {
    owner: OwnerId,
    writer: writer::Writer,
    readers: Arc<reads::Readers>,
}

impl SqliteStore {
    /// Opens or makes a ledger. Blocks: call it before serving.
    ///
    /// # Errors
    /// `queue_newer` for a ledger of a newer program; `queue_damaged` when code and ledger do not agree on the states;
    /// `queue_read_only`, `queue_disk_full` and `internal` as the disk answers.
    pub fn open(path: &Path, owner_for_new: OwnerId, now: Timestamp) -> Result<Self, Failure> {
        let conn = open::open(path, owner_for_new, now)?;
        let owner = open::local_owner(&conn)?;
        Ok(Self {
            owner,
            writer: writer::Writer::start(conn, path.to_owned())?,
            readers: Arc::new(reads::Readers::new(path.to_owned())),
        })
    }

    fn write<'a, T, F>(&'a self, f: F) -> Answer<'a, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        self.writer.write(f).boxed()
    }

    fn read<'a, T, F>(&'a self, f: F) -> Answer<'a, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        async move {
            tokio::task::spawn_blocking(move || readers.with(f))
                .await
                .map_err(|e| internal(format!("a read ended early: {e}")))?
        }
        .boxed()
    }
}

/// What an error of SQLite means.
pub(crate) fn sql(e: rusqlite::Error) -> Failure {
    use rusqlite::ErrorCode as S;
    let code = match e.sqlite_error_code() {
        Some(S::DiskFull) => ErrorCode::QueueDiskFull,
        Some(S::ReadOnly | S::CannotOpen | S::PermissionDenied) => ErrorCode::QueueReadOnly,
        Some(S::DatabaseCorrupt | S::NotADatabase) => ErrorCode::QueueDamaged,
        Some(S::DatabaseBusy | S::DatabaseLocked | S::SystemIoFailure) => ErrorCode::DatabaseDown,
        _ => ErrorCode::Internal,
    };
    Failure::new(code, format!("ledger: {e}"))
}

impl Store for SqliteStore {
    fn local_owner(&self) -> OwnerId {
        self.owner
    }

    fn create_group<'a>(
        &'a self,
        owner: OwnerId,
        group: &'a CreateGroup,
        now: Timestamp,
    ) -> Answer<'a, Result<Group, Refusal>> {
        let group = group.clone();
        self.write(move |c| groups::create(c, owner, &group, now))
    }

    fn group(&self, owner: OwnerId, id: GroupId) -> Answer<'_, Option<Group>> {
        self.read(move |c| groups::load(c, owner, id))
    }

    fn finalize_group(
        &self,
        owner: OwnerId,
        id: GroupId,
        now: Timestamp,
    ) -> Answer<'_, Result<Group, Refusal>> {
        self.write(move |c| groups::finalize(c, owner, id, now))
    }

    fn cancel_group(
        &self,
        owner: OwnerId,
        id: GroupId,
        now: Timestamp,
    ) -> Answer<'_, Result<(Group, Vec<ObjectRow>), Refusal>> {
        self.write(move |c| groups::cancel(c, owner, id, now))
    }

    fn init(&self, owner: OwnerId, items: Vec<InitRow>, now: Timestamp) -> Answer<'_, Vec<InitDecision>> {
        self.write(move |c| init::init(c, owner, &items, now))
    }

    fn sessions(&self, owner: OwnerId, ids: Vec<FileId>) -> Answer<'_, Vec<Option<SessionRow>>> {
        self.read(move |c| ids.iter().map(|id| reads::session(c, owner, *id)).collect())
    }

    fn start(
        &self,
        owner: OwnerId,
        items: Vec<StartItem>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Result<Started, Refusal>>> {
        self.write(move |c| sign::start(c, owner, &items, now))
    }

    fn begun(&self, items: Vec<Begun>) -> Answer<'_, Vec<Option<ObjectRow>>> {
        self.write(move |c| items.iter().map(|i| sign::begun(c, i)).collect())
    }

    fn rename(&self, object: ObjectId, from: u32) -> Answer<'_, Result<(String, u32), Refusal>> {
        self.write(move |c| placing::rename(c, object, from))
    }

    fn lease(
        &self,
        owner: OwnerId,
        items: Vec<LeaseItem>,
        until: Timestamp,
        now: Timestamp,
    ) -> Answer<'_, Vec<Result<Leased, Refusal>>> {
        self.write(move |c| {
            items
                .iter()
                .map(|i| settle::lease(c, owner, i, until, now))
                .collect()
        })
    }

    fn prolong(&self, owner: OwnerId, held: Vec<(FileId, i64)>, until: Timestamp) -> Answer<'_, ()> {
        self.write(move |c| settle::prolong(c, owner, &held, until))
    }

    fn settle(
        &self,
        owner: OwnerId,
        items: Vec<Settle>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Option<SessionRow>>> {
        self.write(move |c| items.iter().map(|i| settle::settle(c, owner, i, now)).collect())
    }

    fn settle_copy(
        &self,
        owner: OwnerId,
        items: Vec<Settle>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Option<SessionRow>>> {
        self.write(move |c| {
            items
                .iter()
                .map(|i| settle::settle_copy(c, owner, i, now))
                .collect()
        })
    }

    fn go_alone(
        &self,
        owner: OwnerId,
        ids: Vec<FileId>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Option<SessionRow>>> {
        self.write(move |c| ids.iter().map(|id| init::go_alone(c, owner, *id, now)).collect())
    }

    fn release(&self, owner: OwnerId, items: Vec<Release>, now: Timestamp) -> Answer<'_, ()> {
        self.write(move |c| items.iter().try_for_each(|i| settle::release(c, owner, i, now)))
    }

    fn tombstone(
        &self,
        owner: OwnerId,
        ids: Vec<FileId>,
        reason: TombstoneReason,
        now: Timestamp,
    ) -> Answer<'_, Vec<Option<Result<Tombstone, Refusal>>>> {
        self.write(move |c| {
            ids.iter()
                .map(|id| remove::tombstone(c, owner, *id, reason, now))
                .collect()
        })
    }

    fn gone(&self, objects: Vec<ObjectId>, now: Timestamp) -> Answer<'_, ()> {
        self.write(move |c| objects.iter().try_for_each(|o| remove::gone(c, *o, now)))
    }

    fn seen(&self, objects: Vec<ObjectId>, now: Timestamp) -> Answer<'_, ()> {
        self.write(move |c| objects.iter().try_for_each(|o| remove::seen(c, *o, now)))
    }

    fn lost(&self, object: ObjectId, reason: TombstoneReason, now: Timestamp) -> Answer<'_, ()> {
        self.write(move |c| remove::lost(c, object, reason, now))
    }

    fn destinations(&self) -> Answer<'_, Vec<DestinationRow>> {
        self.read(destinations::all)
    }

    fn destination(&self, id: DestinationId) -> Answer<'_, Option<DestinationRow>> {
        self.read(move |c| destinations::load(c, id))
    }

    fn put_destination(&self, row: DestinationRow, now: Timestamp) -> Answer<'_, Result<(), Refusal>> {
        self.write(move |c| destinations::put(c, &row, now))
    }

    fn remove_destination(&self, id: DestinationId, now: Timestamp) -> Answer<'_, Result<(), Refusal>> {
        self.write(move |c| destinations::remove(c, id, now))
    }

    fn condemned(&self, limit: u32) -> Answer<'_, Vec<ObjectRow>> {
        self.read(move |c| reads::condemned(c, limit))
    }

    fn close(&self) -> Answer<'_, ()> {
        self.writer.close().boxed()
    }
}
