//! Writing one part: the bytes go to their place in the unfinished file, and count once length and checksum are right.
//!
//! Small bodies are taken whole, so nothing wrong ever reaches the file. Larger ones are written as they come; a part that
//! was written before loses its record first. What is cut or wrong leaves no record, so it is sent again.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use rustix::fs::OFlags;
use windlass_core::checksum::Crc64;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::limits::STALL_MS;
use windlass_core::part_plan::PartRange;
use windlass_core::units::{Crc64Nvme, PartNumber};

use super::root::Root;
use super::slots::{Slot, Turn, Written, partial_name};
use super::{FolderStorage, no_room, sidecar};
use crate::failure::{folder_failure, internal};

/// Bodies up to this are taken whole.
const WHOLE: u64 = 1 << 20;
/// Bytes of one write of a larger body.
const STEP: usize = 1 << 20;

impl FolderStorage {
    /// Takes a part. The grant was checked; the length is the body's own.
    ///
    /// # Errors
    /// `state_conflict` when the object takes no bytes (done, given up, being completed); `part_plan_mismatch`,
    /// `checksum_mismatch`, `size_mismatch`; `storage_full` and others as the disk answers; `slow_network` when no byte
    /// comes for a minute.
    pub async fn put<S, E>(
        self: &Arc<Self>,
        object: windlass_core::ids::ObjectId,
        n: PartNumber,
        len: u64,
        crc64: Option<Crc64Nvme>,
        body: S,
    ) -> Result<Crc64Nvme, Failure>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let conflict = || Failure::new(ErrorCode::StateConflict, "the object takes no more bytes");
        let slot = self
            .slots
            .find(object)
            .filter(|s| !s.is_sealed())
            .ok_or_else(conflict)?;
        let range = slot.plan.part(n).filter(|r| r.len == len);
        let range = range
            .ok_or_else(|| Failure::new(ErrorCode::PartPlanMismatch, format!("part {n} of {len} bytes")))?;
        let turn = slot.turn(n).await;
        let part = Part {
            storage: Arc::clone(self),
            slot,
            turn,
            range,
            crc64,
        };
        if len <= WHOLE {
            part.take_whole(body).await
        } else {
            part.take_in_steps(body).await
        }
    }
}

/// One part being written.
struct Part {
    storage: Arc<FolderStorage>,
    slot: Arc<Slot>,
    turn: Turn,
    range: PartRange,
    /// What the bytes have to have, where it was told.
    crc64: Option<Crc64Nvme>,
}

impl Part {
    async fn take_whole<S, E>(&self, mut body: S) -> Result<Crc64Nvme, Failure>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let mut whole = BytesMut::with_capacity(usize::try_from(self.range.len).unwrap_or(0));
        let mut crc = Crc64::default();
        while let Some(bytes) = next(&mut body).await? {
            self.check_room(whole.len() as u64, bytes.len())?;
            crc.update(&bytes);
            whole.extend_from_slice(&bytes);
        }
        let crc = self.check(whole.len() as u64, crc.finish())?;
        let told = self.crc64.is_some();
        let (storage, slot, range) = (Arc::clone(&self.storage), Arc::clone(&self.slot), self.range);
        let record = self.record(crc);
        let right = self.slot.step(&self.turn).await?;
        blocking(move || {
            let root = storage.root()?;
            let file = open(&root, &slot)?;
            void(&root, &slot, range.number)?;
            file.write_all_at(&whole, range.offset)
                .map_err(|e| not_written(&storage, e, range.len))?;
            keep(&root, &slot, range.number, record, told)?;
            drop(right);
            Ok(crc)
        })
        .await
    }

    async fn take_in_steps<S, E>(&self, mut body: S) -> Result<Crc64Nvme, Failure>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let file = self.begin().await?;
        let mut crc = Crc64::default();
        let mut done = 0;
        let mut step = BytesMut::with_capacity(STEP);
        while let Some(bytes) = next(&mut body).await? {
            self.check_room(done + step.len() as u64, bytes.len())?;
            crc.update(&bytes);
            step.extend_from_slice(&bytes);
            if step.len() >= STEP {
                done += self.write(&file, done, step.split().freeze()).await?;
                step.reserve(STEP);
            }
        }
        done += self.write(&file, done, step.freeze()).await?;
        let crc = self.check(done, crc.finish())?;
        let told = self.crc64.is_some();
        let (storage, slot, n) = (
            Arc::clone(&self.storage),
            Arc::clone(&self.slot),
            self.range.number,
        );
        let record = self.record(crc);
        let right = self.slot.step(&self.turn).await?;
        blocking(move || {
            keep(&storage.root()?, &slot, n, record, told)?;
            drop(right);
            Ok(crc)
        })
        .await
    }

    /// Opens the file; what was written of this part before does not count any more.
    async fn begin(&self) -> Result<Arc<File>, Failure> {
        let (storage, slot, n) = (
            Arc::clone(&self.storage),
            Arc::clone(&self.slot),
            self.range.number,
        );
        let right = self.slot.step(&self.turn).await?;
        blocking(move || {
            let root = storage.root()?;
            let file = open(&root, &slot)?;
            void(&root, &slot, n)?;
            drop(right);
            Ok(Arc::new(file))
        })
        .await
    }

    async fn write(&self, file: &Arc<File>, done: u64, bytes: Bytes) -> Result<u64, Failure> {
        let (file, at, len) = (Arc::clone(file), self.range.offset + done, bytes.len() as u64);
        let (storage, left) = (Arc::clone(&self.storage), self.range.len.saturating_sub(done));
        let right = self.slot.step(&self.turn).await?;
        blocking(move || {
            let written = file
                .write_all_at(&bytes, at)
                .map_err(|e| not_written(&storage, e, left));
            // The right to write ends with the write, also when nobody waits for it any more.
            drop(right);
            written.map(|()| len)
        })
        .await
    }

    fn record(&self, crc64: Crc64Nvme) -> Written {
        Written {
            size: self.range.len,
            crc64,
            earlier: false,
        }
    }

    fn check_room(&self, have: u64, more: usize) -> Result<(), Failure> {
        if have + more as u64 > self.range.len {
            return Err(Failure::new(
                ErrorCode::SizeMismatch,
                "the body is longer than the URL allows",
            ));
        }
        Ok(())
    }

    fn check(&self, len: u64, crc64: Crc64Nvme) -> Result<Crc64Nvme, Failure> {
        if len != self.range.len {
            let detail = format!("{len} bytes came, the URL says {}", self.range.len);
            return Err(Failure::new(ErrorCode::SizeMismatch, detail));
        }
        if let Some(told) = self.crc64.filter(|told| *told != crc64) {
            let detail = format!("the bytes have CRC64NVME {crc64}, the URL says {told}");
            return Err(Failure::new(ErrorCode::ChecksumMismatch, detail));
        }
        Ok(crc64)
    }
}

/// A part that the disk did not take, with the room that is missing: other parts may have taken it since it was asked for.
fn not_written(storage: &FolderStorage, e: std::io::Error, bytes: u64) -> Failure {
    let failure = folder_failure("a part can't be written", e);
    if failure.code == ErrorCode::StorageFull
        && let Ok(root) = storage.root()
        && let Ok(free) = root.free_bytes()
    {
        return no_room(free, bytes);
    }
    failure
}

async fn next<S, E>(body: &mut S) -> Result<Option<Bytes>, Failure>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    match tokio::time::timeout(Duration::from_millis(STALL_MS.unsigned_abs()), body.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
        Ok(Some(Err(_))) => Err(Failure::new(ErrorCode::ConnectionLost, "the body was cut")),
        Err(_) => Err(Failure::new(ErrorCode::SlowNetwork, "no byte came for a minute")),
    }
}

fn open(root: &Root, slot: &Slot) -> Result<File, Failure> {
    let file = root
        .open_work(&partial_name(slot.object), OFlags::RDWR | OFlags::CREATE)
        .map_err(|e| folder_failure("the unfinished file can't be opened", e.into()))?;
    let stat = rustix::fs::fstat(&file)
        .map_err(|e| folder_failure("the unfinished file can't be looked at", e.into()))?;
    let mut known = slot.known();
    if known.inode.is_some_and(|i| i != stat.st_ino) {
        // Somebody removed the file: what was written is gone with it.
        known.parts.clear();
    }
    known.inode = Some(stat.st_ino);
    Ok(file)
}

/// Takes back what is recorded of a part, before the first byte is written over it.
fn void(root: &Root, slot: &Slot, n: PartNumber) -> Result<(), Failure> {
    if slot.plan.is_single() {
        slot.known().parts.remove(&n);
        return Ok(());
    }
    sidecar::load(root, slot)?;
    let was = slot.known().parts.remove(&n);
    if was.is_some() {
        sidecar::append(root, slot.object, n, None)
    } else {
        Ok(())
    }
}

/// Records a part whose bytes are written; on the disk too when nobody else knows its checksum.
fn keep(root: &Root, slot: &Slot, n: PartNumber, part: Written, told: bool) -> Result<(), Failure> {
    if !slot.plan.is_single() || !told {
        sidecar::append(root, slot.object, n, Some(part))?;
    }
    slot.known().parts.insert(n, part);
    Ok(())
}

/// Runs blocking work to its end, also when nobody waits for it any more.
pub(crate) async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(f)
        .await
        .map_err(|e| internal(format!("a piece of work ended early: {e}")))?
}
