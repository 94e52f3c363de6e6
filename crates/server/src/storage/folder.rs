//! A folder on this computer or on a share.
//!
//! An object is born as `.windlass/ID.partial` with the first byte of its first part, is written to in place, and at
//! complete gets its name by a rename that never replaces anything. Until then nobody sees it; afterwards nobody can
//! write to it by an old URL. After kill -9 the partial, the record of its parts and the placing log are there; the next
//! launch reads the parts back before it counts them. The folder is never made again silently: one that lost its marker
//! (an empty mount point) answers `destination_missing`.

mod inventory;
mod place;
mod placing_log;
mod plain;
pub(crate) mod root;
mod sidecar;
pub(crate) mod slots;
pub mod trial;
pub mod url;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::digest;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use rustix::fs::AtFlags;
use rustix::io::Errno;
use tokio::sync::mpsc;
use windlass_core::checksum::Crc64;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, ObjectId};
use windlass_core::time::Timestamp;
use windlass_protocol::sessions::{SignPart, SignedPart};

pub(in crate::storage) use self::plain::wrong_list;
use self::root::{Dirs, Missing, Root, parts};
use self::slots::{Slot, Slots, partial_name, sidecar_name};
use self::url::{BlobGrant, BlobSigner, ReadGrant};
use self::write::blocking;
use super::{
    CompleteEnd, CompleteJob, Listing, Look, ObjectStorage, PlainEnd, PlainJob, PlainPart, PostForm, Presence,
};
use crate::failure::folder_failure;
use crate::store::ObjectRow;

pub(crate) use self::place::etag_of;

/// Bytes that stay free (A45).
const FLOOR: u64 = 8 << 20;

/// A folder as storage.
pub struct FolderStorage {
    id: DestinationId,
    path: PathBuf,
    signer: Arc<BlobSigner>,
    slots: Slots,
    log: placing_log::PlacingLog,
    /// Milliseconds that URLs to send live.
    ttl_ms: i64,
}

impl FolderStorage {
    /// The folder of a destination; it is opened with each piece of work.
    #[must_use]
    pub fn new(
        id: DestinationId,
        path: PathBuf,
        signer: Arc<BlobSigner>,
        launch: &[u8; 8],
        ttl_ms: i64,
    ) -> Arc<Self> {
        let log = placing_log::PlacingLog::new(launch);
        Arc::new(Self {
            id,
            path,
            signer,
            slots: Slots::default(),
            log,
            ttl_ms,
        })
    }

    /// Opens a stored object to be read; none when it is not there.
    ///
    /// # Errors
    /// `destination_missing` without the folder; as the disk answers.
    pub async fn open_object(self: &Arc<Self>, object: &ObjectRow) -> Result<Option<std::fs::File>, Failure> {
        let (folder, key) = (Arc::clone(self), object.key.clone());
        blocking(move || match folder.root()?.open_stored(&key) {
            Ok(file) => Ok(Some(file)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(e) => Err(folder_failure("the file can't be opened", e.into())),
        })
        .await
    }

    fn root(&self) -> Result<Root, Failure> {
        Root::open(&self.path, self.id)
    }

    /// Removes what is unfinished of an object. Blocks.
    /// Makes a folder; false where something else has its name.
    fn make_folder(&self, key: &str) -> Result<bool, Failure> {
        let root = self.root()?;
        let mut dirs = Dirs::new(root.dir());
        let made = parts(key).and_then(|(mut path, name)| {
            path.push(name);
            dirs.open(&path, Missing::Make)?;
            dirs.sync()
        });
        match made {
            Ok(()) => Ok(true),
            // A file, or a link, which nothing is made behind.
            Err(Errno::NOTDIR | Errno::LOOP | Errno::INVAL | Errno::NAMETOOLONG) => Ok(false),
            Err(e) => Err(folder_failure("a folder can't be made", e.into())),
        }
    }

    fn remove(&self, object: &ObjectRow) -> Result<(), Failure> {
        let root = self.root()?;
        for name in [partial_name(object.id), sidecar_name(object.id)] {
            match rustix::fs::unlinkat(root.work(), name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(e) => return Err(folder_failure("what is unfinished can't be removed", e.into())),
            }
        }
        // It had got its name when the program ended, and was given up since: it is ours by its inode.
        if let Some(inode) = self.log.inode(&root, object.id) {
            match root.unlink_stored(&object.key, inode) {
                Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(e) => return Err(folder_failure("what is unfinished can't be removed", e.into())),
            }
        }
        // Stored before it was given up: it goes while it is as it was proved. What a person changed since stays.
        if object.proof.is_some()
            && let Ok(stat) = root.stat(&object.key)
            && object.etag.as_deref() == Some(place::etag(&stat).as_str())
        {
            match root.unlink_stored(&object.key, stat.st_ino) {
                Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(e) => return Err(folder_failure("the file can't be removed", e.into())),
            }
        }
        self.log.forget(Some(&root), &[object.id]);
        Ok(())
    }

    fn look_blocking(&self, object: &ObjectRow, how: Look) -> Result<Presence, Failure> {
        let root = self.root()?;
        let file = match root.open_stored(&object.key) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(Presence::Missing),
            Err(e) => return Err(folder_failure("the file can't be opened", e.into())),
        };
        let stat =
            rustix::fs::fstat(&file).map_err(|e| folder_failure("the file can't be looked at", e.into()))?;
        if place::size(&stat) != object.plan.size() {
            let detail = format!("{} bytes, proved were {}", stat.st_size, object.plan.size());
            return Ok(Presence::Different(Failure::new(ErrorCode::SizeMismatch, detail)));
        }
        if how == Look::Glance && object.etag.as_deref() == Some(place::etag(&stat).as_str()) {
            return Ok(Presence::Same);
        }
        let mut crc = Crc64::default();
        let mut sha = object.sha256.map(|_| digest::Context::new(&digest::SHA256));
        let whole = place::read_range(&file, 0, object.plan.size(), |bytes| {
            crc.update(bytes);
            if let Some(sha) = &mut sha {
                sha.update(bytes);
            }
        })?;
        let same_crc = whole && object.crc64 == Some(crc.finish());
        let same_sha = match (sha.map(digest::Context::finish), object.sha256) {
            (Some(found), Some(proved)) => found.as_ref() == proved.0,
            _ => true,
        };
        Ok(if same_crc && same_sha {
            Presence::Same
        } else {
            Presence::Different(Failure::new(
                ErrorCode::VerifyMismatch,
                "the file was changed since it was proved",
            ))
        })
    }
}

/// The storage with its own handle, so that blocking work can outlive a request.
#[derive(Clone)]
pub struct Folder(pub Arc<FolderStorage>);

impl Folder {
    /// Completes files together and tells their ends.
    async fn complete_batch(
        &self,
        batch: Vec<(usize, CompleteJob, Arc<Slot>)>,
        ends: &mpsc::Sender<(usize, CompleteEnd)>,
    ) {
        let mut at = Vec::with_capacity(batch.len());
        let mut jobs = Vec::with_capacity(batch.len());
        let mut slots = Vec::with_capacity(batch.len());
        for (place, job, slot) in batch {
            at.push(place);
            jobs.push(job);
            slots.push(slot);
        }
        let (folder, placing) = (Arc::clone(&self.0), slots.clone());
        let placed = blocking(move || Ok(folder.place_all(&jobs, &placing))).await;
        let placed =
            placed.unwrap_or_else(|e| slots.iter().map(|_| CompleteEnd::Unknown(e.clone())).collect());
        for ((at, end), slot) in at.into_iter().zip(placed).zip(&slots) {
            if matches!(
                end,
                CompleteEnd::Missing(_) | CompleteEnd::Refused(_) | CompleteEnd::Unknown(_)
            ) {
                slot.unseal();
            }
            // Whoever asked may be gone; the next who asks finds the same.
            drop(ends.send((at, end)).await);
        }
    }
}

impl ObjectStorage for Folder {
    fn copies_duplicates(&self) -> bool {
        true
    }

    fn names_are_looked_up(&self) -> bool {
        false
    }

    fn taken<'a>(&'a self, keys: &'a [String], _now: Timestamp) -> BoxFuture<'a, Result<Vec<bool>, Failure>> {
        let (folder, keys) = (Arc::clone(&self.0), keys.to_vec());
        blocking(move || {
            let root = folder.root()?;
            let taken = |key: &String| match root.stat(key) {
                Ok(_) => Ok(true),
                Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
                Err(e) => Err(folder_failure("a name can't be looked up", e.into())),
            };
            keys.iter().map(taken).collect()
        })
        .boxed()
    }

    fn begin<'a>(&'a self, _: &'a ObjectRow, _: bool) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        async { Ok(None) }.boxed()
    }

    fn room(&self, bytes: u64) -> BoxFuture<'_, Result<(), Failure>> {
        let folder = Arc::clone(&self.0);
        blocking(move || {
            let free = folder
                .root()?
                .free_bytes()
                .map_err(|e| folder_failure("free space can't be read", e))?;
            if free < bytes.saturating_add(FLOOR) {
                return Err(no_room(free, bytes));
            }
            Ok(())
        })
        .boxed()
    }

    fn hear_time(&self) -> BoxFuture<'_, ()> {
        // Who signs for a folder is who takes its bytes: there is one clock.
        async {}.boxed()
    }

    fn sign(
        &self,
        object: &ObjectRow,
        parts: &[SignPart],
        now: Timestamp,
    ) -> Result<Vec<SignedPart>, Failure> {
        self.0.slots.open(object.id, object.plan).unseal();
        let sign = |part: &SignPart| {
            let grant = BlobGrant {
                destination: self.0.id,
                object: object.id,
                part: part.n,
                len: part.size,
                crc64: Some(part.crc64),
                expires: now.plus_millis(self.0.ttl_ms),
            };
            SignedPart {
                n: part.n,
                url: self.0.signer.url(&grant),
                headers: Vec::new(),
                expires_at: grant.expires.as_millis(),
                valid_ms: self.0.ttl_ms,
            }
        };
        Ok(parts.iter().map(sign).collect())
    }

    fn content_url(&self, object: &ObjectRow, expires: Timestamp, _: Timestamp) -> Result<String, Failure> {
        let grant = ReadGrant {
            destination: self.0.id,
            object: object.id,
            expires,
        };
        Ok(self.0.signer.read_url(&grant))
    }

    fn begin_plain<'a>(
        &'a self,
        _: &'a ObjectRow,
        _: bool,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        async { Ok(None) }.boxed()
    }

    fn sign_plain(
        &self,
        object: &ObjectRow,
        _single: bool,
        parts: &[PlainPart],
        now: Timestamp,
    ) -> Result<Vec<SignedPart>, Failure> {
        Ok(plain::sign(&self.0, object, parts, now))
    }

    fn form(&self, _: &ObjectRow, _: u64, _: Timestamp) -> Result<Option<PostForm>, Failure> {
        Ok(None)
    }

    fn complete_plain<'a>(&'a self, job: &'a PlainJob) -> BoxFuture<'a, PlainEnd> {
        plain::complete(self, job).boxed()
    }

    fn list<'a>(&'a self, object: &'a ObjectRow) -> BoxFuture<'a, Result<Listing, Failure>> {
        let (folder, id, plan) = (Arc::clone(&self.0), object.id, object.plan);
        blocking(move || {
            let root = folder.root()?;
            let slot = folder.slots.open(id, plan);
            if let Err(Errno::NOENT) = root.open_work(&partial_name(id), rustix::fs::OFlags::RDONLY) {
                return Ok(Listing::NoUpload);
            }
            sidecar::load(&root, &slot)?;
            Ok(Listing::Parts(place::list(&slot)))
        })
        .boxed()
    }

    fn complete(
        &self,
        jobs: Vec<CompleteJob>,
        ends: mpsc::Sender<(usize, CompleteEnd)>,
    ) -> BoxFuture<'_, ()> {
        async move {
            let mut quick = Vec::with_capacity(jobs.len());
            let mut slow = Vec::new();
            for (at, job) in jobs.into_iter().enumerate() {
                let slot = self.0.slots.open(job.object.id, job.object.plan);
                slot.seal().await;
                if slot.is_all_written() {
                    quick.push((at, job, slot));
                } else {
                    slow.push(vec![(at, job, slot)]);
                }
            }
            // What has to be read back first holds up nothing else (F183).
            for batch in std::iter::once(quick).chain(slow) {
                self.complete_batch(batch, &ends).await;
            }
        }
        .boxed()
    }

    fn copy<'a>(&'a self, from: &'a ObjectRow, to: &'a ObjectRow) -> BoxFuture<'a, CompleteEnd> {
        async move {
            let slot = self.0.slots.open(to.id, to.plan);
            if !slot.seal().await {
                return CompleteEnd::Unknown(Failure::new(
                    ErrorCode::StateConflict,
                    "the copy is being made",
                ));
            }
            let (folder, from, to) = (Arc::clone(&self.0), from.clone(), to.clone());
            let end = blocking(move || Ok(folder.place_copy(&from, &to)))
                .await
                .unwrap_or_else(CompleteEnd::Unknown);
            slot.unseal();
            end
        }
        .boxed()
    }

    fn discard<'a>(&'a self, object: &'a ObjectRow) -> BoxFuture<'a, Result<bool, Failure>> {
        async move {
            // Also when nothing is known of it: a URL of this launch may be on its way.
            self.0.slots.open(object.id, object.plan).seal().await;
            self.0.slots.close(object.id);
            let (folder, object) = (Arc::clone(&self.0), object.clone());
            blocking(move || folder.remove(&object)).await.map(|()| true)
        }
        .boxed()
    }

    fn forget(&self, objects: &[ObjectRow]) {
        let ids: Vec<ObjectId> = objects.iter().map(|o| o.id).collect();
        ids.iter().for_each(|id| self.0.slots.close(*id));
        let sidecars: Vec<_> = objects
            .iter()
            .filter(|o| !o.plan.is_single() || o.is_plain())
            .map(|o| sidecar_name(o.id))
            .collect();
        let folder = Arc::clone(&self.0);
        // Nobody waits for it: what stays is small, and is looked at again by the next launch.
        tokio::task::spawn_blocking(move || {
            let root = folder.root().ok();
            if let Some(root) = &root {
                for name in sidecars {
                    rustix::fs::unlinkat(root.work(), name, AtFlags::empty()).ok();
                }
            }
            folder.log.forget(root.as_ref(), &ids);
        });
    }

    fn inventory(&self, _: Option<super::Turn>) -> BoxFuture<'_, Result<super::Inventory, Failure>> {
        let folder = Arc::clone(&self.0);
        blocking(move || folder.unfinished()).boxed()
    }

    fn marked<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, Failure>> {
        async { Ok(true) }.boxed()
    }

    fn keep_folder<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, Failure>> {
        let (folder, key) = (Arc::clone(&self.0), key.to_owned());
        blocking(move || folder.make_folder(&key)).boxed()
    }

    fn look<'a>(&'a self, object: &'a ObjectRow, how: Look) -> BoxFuture<'a, Result<Presence, Failure>> {
        let (folder, object) = (Arc::clone(&self.0), object.clone());
        blocking(move || folder.look_blocking(&object, how)).boxed()
    }
}

/// There is no room for so many bytes.
fn no_room(free: u64, bytes: u64) -> Failure {
    let detail = format!("{free} bytes are free, {bytes} more are to come");
    Failure::new(ErrorCode::StorageFull, detail)
}
