//! Completing files: checked, made durable, given their names, made durable again. Nothing partial is ever visible.
//!
//! A batch of many small files is synced as one file system, which costs two syncs instead of thousands; few files, and
//! places where that is not known to hold, are synced one by one. A sync that fails means that written bytes may be lost
//! without a second error (F22, F187): all parts it was about are sent again.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use rustix::fs::{Advice, AtFlags, FileType, OFlags, Stat};
use rustix::io::Errno;
use windlass_core::checksum::Crc64;
use windlass_core::complete::{CompleteVerdict, StoredPart, review};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::limits::READ_STEP_BYTES;
use windlass_core::part_plan::PartRange;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber};

use super::FolderStorage;
use super::root::{Dirs, Missing, Root, parts, rename_exclusively};
use super::sidecar;
use super::slots::{Slot, partial_name};
use crate::failure::folder_failure;
use crate::storage::{CompleteEnd, CompleteJob, Proved};
use crate::store::{ObjectRow, Proof};

/// From so many files on a batch is synced as a whole.
const SYNC_TOGETHER: usize = 8;

/// A job whose bytes are checked.
struct Ready<'a> {
    at: usize,
    job: &'a CompleteJob,
    inode: u64,
    proof: Proof,
}

impl FolderStorage {
    /// Completes a batch. Blocks. The slots are sealed.
    pub(super) fn place_all(&self, jobs: &[CompleteJob], slots: &[Arc<Slot>]) -> Vec<CompleteEnd> {
        let root = match self.root() {
            Ok(root) => root,
            Err(e) => return jobs.iter().map(|_| CompleteEnd::Unknown(e.clone())).collect(),
        };
        let mut ends: Vec<Option<CompleteEnd>> = vec![None; jobs.len()];
        let mut ready = Vec::with_capacity(jobs.len());
        for (at, (job, slot)) in jobs.iter().zip(slots).enumerate() {
            match self.check(&root, job, slot) {
                Ok((inode, proof)) => ready.push(Ready {
                    at,
                    job,
                    inode,
                    proof,
                }),
                Err(end) => ends[at] = Some(end),
            }
        }
        if !ready.is_empty() {
            let together = ready.len() >= SYNC_TOGETHER && root.syncs_as_a_whole();
            for (at, end) in self.name_all(&root, &ready, slots, together) {
                ends[at] = Some(end);
            }
        }
        let lost = || CompleteEnd::Unknown(crate::failure::internal("a file without an end"));
        ends.into_iter().map(|end| end.unwrap_or_else(lost)).collect()
    }

    /// Makes bytes durable, gives names, makes names durable.
    fn name_all(
        &self,
        root: &Root,
        ready: &[Ready<'_>],
        slots: &[Arc<Slot>],
        together: bool,
    ) -> Vec<(usize, CompleteEnd)> {
        let about: Vec<_> = ready.iter().map(|r| (r.job.object.id, r.inode)).collect();
        let unknown = |what, e: std::io::Error| {
            let failure = folder_failure(what, e);
            ready
                .iter()
                .map(|r| (r.at, CompleteEnd::Unknown(failure.clone())))
                .collect()
        };
        if let Err(e) = self.log.note(root, &about) {
            return unknown("the placing log can't be written", e);
        }
        if together && let Err(e) = rustix::fs::syncfs(root.work()) {
            slots.iter().for_each(|slot| slot.known().parts.clear());
            return unknown("the disk did not keep the bytes", e.into());
        }
        let mut dirs = Dirs::new(root.dir());
        let mut ends = Vec::with_capacity(ready.len());
        for r in ready {
            let named = if together {
                Ok(r.proof)
            } else {
                self.sync_one(root, r, &slots[r.at])
            };
            ends.push((
                r.at,
                match named {
                    Ok(proof) => give_name(root, &mut dirs, r, proof),
                    Err(end) => end,
                },
            ));
        }
        let synced = if together {
            rustix::fs::syncfs(root.dir())
        } else {
            dirs.sync()
        };
        if let Err(e) = synced {
            // The names may be there or not: whoever asks again finds out by the placing log.
            return unknown("the disk did not keep the names", e.into());
        }
        ends
    }

    /// Checks a job against what is written. The end of it when there is nothing to name.
    fn check(&self, root: &Root, job: &CompleteJob, slot: &Slot) -> Result<(u64, Proof), CompleteEnd> {
        if let Err(e) = sidecar::load(root, slot) {
            return Err(CompleteEnd::Unknown(e));
        }
        let file = match root.open_work(&partial_name(slot.object), OFlags::RDONLY) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Err(self.recover(root, job)),
            Err(e) => return Err(unknown("the unfinished file can't be opened", e)),
        };
        let stat =
            rustix::fs::fstat(&file).map_err(|e| unknown("the unfinished file can't be looked at", e))?;
        if slot.known().inode.is_some_and(|i| i != stat.st_ino) {
            slot.known().parts.clear();
        }
        let read_back = self
            .confirm_earlier(&file, job, slot)
            .map_err(CompleteEnd::Unknown)?;
        let listed = list(slot);
        match review(&slot.plan, job.crc64, &job.sent, &listed) {
            CompleteVerdict::Complete if size(&stat) == slot.plan.size() => Ok((
                stat.st_ino,
                if read_back { Proof::ReadBack } else { Proof::Crc64 },
            )),
            CompleteVerdict::Complete => {
                slot.known().parts.clear();
                Err(CompleteEnd::Missing(
                    slot.plan.parts().map(|p| p.number).collect(),
                ))
            }
            CompleteVerdict::SendAgain(parts) => Err(CompleteEnd::Missing(parts)),
            CompleteVerdict::Refuse(fault) => Err(CompleteEnd::Refused(fault)),
        }
    }

    /// Reads back what an earlier launch wrote; a power cut may have taken it. True when all of the file was read.
    fn confirm_earlier(&self, file: &File, job: &CompleteJob, slot: &Slot) -> Result<bool, Failure> {
        if slot.plan.is_single() && slot.known().parts.is_empty() {
            // A file of one part has no sidecar: its bytes are all there is to ask.
            let whole = read_crc(file, 0, slot.plan.size())?;
            if whole == Some(job.crc64) {
                let record = super::slots::Written {
                    size: slot.plan.size(),
                    crc64: job.crc64,
                    earlier: false,
                };
                slot.known().parts.insert(PartNumber::FIRST, record);
                return Ok(true);
            }
            return Ok(false);
        }
        let earlier: Vec<_> = slot
            .known()
            .parts
            .iter()
            .filter(|(_, p)| p.earlier)
            .map(|(n, p)| (*n, *p))
            .collect();
        let all = earlier.len() == slot.plan.count() as usize;
        for (n, part) in earlier {
            let Some(PartRange { offset, len, .. }) = slot.plan.part(n) else {
                continue;
            };
            let found = read_crc(file, offset, len)?;
            let mut known = slot.known();
            if found == Some(part.crc64) && len == part.size {
                known.parts.insert(
                    n,
                    super::slots::Written {
                        earlier: false,
                        ..part
                    },
                );
            } else {
                known.parts.remove(&n);
            }
        }
        Ok(all)
    }

    /// Makes one file's bytes durable. On a share they are read again, past the cache as far as that goes.
    fn sync_one(&self, root: &Root, r: &Ready<'_>, slot: &Slot) -> Result<Proof, CompleteEnd> {
        let file = root
            .open_work(&partial_name(r.job.object.id), OFlags::RDWR)
            .map_err(|e| unknown("the unfinished file can't be opened", e))?;
        if let Err(e) = file.sync_all() {
            slot.known().parts.clear();
            return Err(CompleteEnd::Unknown(folder_failure(
                "the disk did not keep the bytes",
                e,
            )));
        }
        if !root.is_remote() {
            return Ok(r.proof);
        }
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).ok();
        match read_crc(&file, 0, slot.plan.size()) {
            Ok(Some(crc)) if crc == r.job.crc64 => Ok(Proof::ReadBack),
            Ok(_) => {
                slot.known().parts.clear();
                Err(CompleteEnd::Missing(
                    slot.plan.parts().map(|p| p.number).collect(),
                ))
            }
            Err(e) => Err(CompleteEnd::Unknown(e)),
        }
    }

    /// The unfinished file is not there: it has its name already, or it is gone.
    fn recover(&self, root: &Root, job: &CompleteJob) -> CompleteEnd {
        let all = || CompleteEnd::Missing(job.object.plan.parts().map(|p| p.number).collect());
        let Some(inode) = self.log.inode(root, job.object.id) else {
            return all();
        };
        match root.stat(&job.object.key) {
            Ok(stat) if stat.st_ino == inode && size(&stat) == job.object.plan.size() => {}
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => return all(),
            Err(e) => return unknown("the file can't be looked at", e),
        }
        let found = root
            .open_stored(&job.object.key)
            .map_err(std::io::Error::from)
            .and_then(|f| {
                f.sync_all()?;
                Ok(f)
            });
        let read = match found {
            Ok(file) => rustix::fs::fstat(&file)
                .map_err(|e| folder_failure("the file can't be looked at", e.into()))
                .and_then(|stat| Ok((stat, read_crc(&file, 0, job.object.plan.size())?))),
            Err(e) => Err(folder_failure("the file can't be opened", e)),
        };
        match read {
            Ok((stat, Some(crc))) if crc == job.crc64 => match durable_name(root, &job.object.key) {
                Ok(()) => CompleteEnd::Stored(proved(&stat, crc, Proof::ReadBack)),
                Err(e) => unknown("the disk did not keep the names", e),
            },
            Ok(_) => all(),
            Err(e) => CompleteEnd::Unknown(e),
        }
    }

    /// Makes a copy of a stored file under another object's name. Blocks. The slot is sealed.
    pub(super) fn place_copy(&self, from: &ObjectRow, to: &ObjectRow) -> CompleteEnd {
        let root = match self.root() {
            Ok(root) => root,
            Err(e) => return CompleteEnd::Unknown(e),
        };
        let Some(crc64) = from.crc64 else {
            return CompleteEnd::Lost(Failure::new(
                ErrorCode::VerifyMismatch,
                "a source without a checksum",
            ));
        };
        let job = CompleteJob {
            object: to.clone(),
            sent: Vec::new(),
            crc64,
            sha256: from.sha256,
        };
        if let done @ CompleteEnd::Stored(_) = self.recover(&root, &job) {
            return done;
        }
        let file = match copy_bytes(&root, from, to, crc64) {
            Ok(file) => file,
            Err(end) => return end,
        };
        let inode = match rustix::fs::fstat(&file) {
            Ok(stat) => stat.st_ino,
            Err(e) => return unknown("the copy can't be looked at", e),
        };
        if let Err(e) = self.log.note(&root, &[(to.id, inode)]) {
            return CompleteEnd::Unknown(folder_failure("the placing log can't be written", e));
        }
        let mut dirs = Dirs::new(root.dir());
        let end = give_name(
            &root,
            &mut dirs,
            &Ready {
                at: 0,
                job: &job,
                inode,
                proof: Proof::ReadBack,
            },
            Proof::ReadBack,
        );
        match dirs.sync() {
            Ok(()) => end,
            Err(e) => unknown("the disk did not keep the names", e),
        }
    }
}

fn give_name(root: &Root, dirs: &mut Dirs<'_>, r: &Ready<'_>, proof: Proof) -> CompleteEnd {
    let named = parts(&r.job.object.key).and_then(|(path, name)| {
        let dir = dirs.open(&path, Missing::Make)?;
        rename_exclusively(root.work(), &partial_name(r.job.object.id), dir, &name)?;
        rustix::fs::statat(dir, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW)
    });
    match named {
        Ok(stat) if stat.st_ino == r.inode && size(&stat) == r.job.object.plan.size() => {
            CompleteEnd::Stored(proved(&stat, r.job.crc64, proof))
        }
        Ok(_) => CompleteEnd::Unknown(Failure::new(
            ErrorCode::StorageError,
            "the file changed while it got its name",
        )),
        Err(Errno::EXIST) => CompleteEnd::Taken,
        Err(Errno::NOTDIR | Errno::LOOP) => {
            let detail = "a file or a link stands where a folder of this name is needed";
            CompleteEnd::Lost(Failure::new(ErrorCode::NameInvalid, detail))
        }
        Err(e @ (Errno::NAMETOOLONG | Errno::ILSEQ | Errno::INVAL)) => CompleteEnd::Lost(Failure::new(
            ErrorCode::NameInvalid,
            format!("the folder does not take the name: {e}"),
        )),
        Err(e) => unknown("the file can't get its name", e),
    }
}

/// The copy as an unfinished file, durable and compared.
fn copy_bytes(root: &Root, from: &ObjectRow, to: &ObjectRow, crc64: Crc64Nvme) -> Result<File, CompleteEnd> {
    let differs = |detail: &str| CompleteEnd::Lost(Failure::new(ErrorCode::VerifyMismatch, detail));
    let source = root.open_stored(&from.key).map_err(|e| match e {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP => CompleteEnd::Lost(Failure::new(
            ErrorCode::ObjectMissing,
            "the file with this content is gone",
        )),
        e => unknown("the file with this content can't be opened", e),
    })?;
    let stat = rustix::fs::fstat(&source).map_err(|e| unknown("the file can't be looked at", e))?;
    if size(&stat) != from.plan.size() || !FileType::from_raw_mode(stat.st_mode).is_file() {
        return Err(differs("the file with this content has another size now"));
    }
    let copy = root
        .open_work(
            &partial_name(to.id),
            OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC,
        )
        .map_err(|e| unknown("the copy can't be made", e))?;
    let failed = |what, e| CompleteEnd::Unknown(folder_failure(what, e));
    if rustix::fs::ioctl_ficlone(&copy, &source).is_err() {
        std::io::copy(&mut source.take(from.plan.size()), &mut &copy)
            .map_err(|e| failed("the copy can't be written", e))?;
    }
    copy.sync_all()
        .map_err(|e| failed("the disk did not keep the copy", e))?;
    // Read, not assumed: the person may have edited the file in place.
    match read_crc(&copy, 0, from.plan.size()) {
        Ok(Some(found)) if found == crc64 => Ok(copy),
        Ok(_) => {
            rustix::fs::unlinkat(root.work(), partial_name(to.id), AtFlags::empty()).ok();
            Err(differs("the file with this content was changed"))
        }
        Err(e) => Err(CompleteEnd::Unknown(e)),
    }
}

fn durable_name(root: &Root, key: &str) -> rustix::io::Result<()> {
    let (path, _) = parts(key)?;
    let mut dirs = Dirs::new(root.dir());
    dirs.open(&path, Missing::Refuse)?;
    dirs.sync()
}

/// The parts as a listing.
pub(super) fn list(slot: &Slot) -> Vec<StoredPart> {
    let known = slot.known();
    let parts = known.parts.iter();
    parts
        .map(|(n, p)| StoredPart {
            n: *n,
            size: p.size,
            etag: etag_of(p.crc64),
            crc64: Some(p.crc64),
        })
        .collect()
}

/// What the folder calls a part or a body.
pub(crate) fn etag_of(crc64: Crc64Nvme) -> ETag {
    ETag(format!("\"{:016x}\"", crc64.0))
}

/// CRC of a range; `None` when the file ends before.
pub(super) fn read_crc(file: &File, offset: u64, len: u64) -> Result<Option<Crc64Nvme>, Failure> {
    let mut crc = Crc64::default();
    let whole = read_range(file, offset, len, |bytes| crc.update(bytes))?;
    Ok(whole.then(|| crc.finish()))
}

/// Reads a range in steps; false when the file ends before.
pub(super) fn read_range(
    file: &File,
    offset: u64,
    len: u64,
    mut each: impl FnMut(&[u8]),
) -> Result<bool, Failure> {
    let mut buffer = vec![0; READ_STEP_BYTES];
    let mut done = 0;
    while done < len {
        let want = usize::try_from(len - done).map_or(buffer.len(), |left| left.min(buffer.len()));
        let got = match file.read_at(&mut buffer[..want], offset + done) {
            Ok(0) => return Ok(false),
            Ok(got) => got,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(folder_failure("the file can't be read", e)),
        };
        each(&buffer[..got]);
        done += got as u64;
    }
    Ok(true)
}

fn proved(stat: &Stat, crc64: Crc64Nvme, proof: Proof) -> Proved {
    Proved {
        etag: Some(etag(stat)),
        crc64,
        proof,
    }
}

/// What changes when somebody writes to the file: time of its last write, and size.
pub(super) fn etag(stat: &Stat) -> String {
    format!("{}.{:09}-{}", stat.st_mtime, stat.st_mtime_nsec, stat.st_size)
}

pub(super) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

fn unknown(what: &str, e: Errno) -> CompleteEnd {
    CompleteEnd::Unknown(folder_failure(what, e.into()))
}
