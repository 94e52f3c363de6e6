//! Files of callers that tell no checksums: the folder computes them as the bytes come, and reads all of it at the end.

use std::sync::Arc;

use aws_lc_rs::digest;
use rustix::fs::OFlags;
use rustix::io::Errno;
use tokio::sync::mpsc;
use windlass_core::checksum::combine;
use windlass_core::complete::{SentPart, StoredPart};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, PartNumber, Sha256};
use windlass_protocol::sessions::SignedPart;

use super::slots::partial_name;
use super::url::BlobGrant;
use super::write::blocking;
use super::{Folder, FolderStorage, place, sidecar};
use crate::failure::folder_failure;
use crate::storage::{
    CompleteEnd, CompleteJob, ObjectStorage as _, PlainEnd, PlainJob, PlainPart, PlainProof,
};
use crate::store::{ObjectRow, Proof};

/// Signs for parts of the plan; a part that is none gets no URL.
pub(super) fn sign(
    folder: &FolderStorage,
    object: &ObjectRow,
    parts: &[PlainPart],
    now: Timestamp,
) -> Vec<SignedPart> {
    folder.slots.open(object.id, object.plan).unseal();
    let signed = |part: &PlainPart| {
        let grant = BlobGrant {
            destination: folder.id,
            object: object.id,
            part: part.n,
            len: object.plan.part(part.n)?.len,
            crc64: None,
            expires: now.plus_millis(folder.ttl_ms),
        };
        Some(SignedPart {
            n: part.n,
            url: folder.signer.url(&grant),
            headers: Vec::new(),
            expires_at: grant.expires.as_millis(),
            valid_ms: folder.ttl_ms,
        })
    };
    parts.iter().filter_map(signed).collect()
}

/// What is written of an object.
enum There {
    Nothing,
    /// All of it, with the hash of what was read.
    Parts(Vec<StoredPart>, Option<Sha256>),
    /// It has its name already.
    Named(Crc64Nvme, Sha256),
}

pub(super) async fn complete(folder: &Folder, job: &PlainJob) -> PlainEnd {
    let (storage, object) = (Arc::clone(&folder.0), job.object.clone());
    let there = match blocking(move || look(&storage, &object)).await {
        Ok(there) => there,
        Err(e) => return PlainEnd::Unknown(e),
    };
    let plan = job.object.plan;
    let (sent, crc64, sha256) = match there {
        There::Nothing => return PlainEnd::Absent,
        There::Named(crc64, sha256) => (Vec::new(), crc64, Some(sha256)),
        There::Parts(parts, sha256) => {
            if let Some(wrong) = job
                .parts
                .as_ref()
                .and_then(|said| wrong_list(said, &parts, plan.count()))
            {
                return wrong;
            }
            let missing: Vec<PartNumber> = plan
                .parts()
                .map(|p| p.number)
                .filter(|n| parts.iter().all(|p| p.n != *n))
                .collect();
            if !missing.is_empty() {
                return PlainEnd::Missing(missing);
            }
            let sent: Vec<_> = parts.into_iter().filter_map(as_sent).collect();
            let crc64 = combine(sent.iter().map(|p| (p.crc64, p.size)));
            (sent, crc64, sha256)
        }
    };
    if let (Some(said), Some(found)) = (job.sha256, sha256)
        && said != found
    {
        let detail = "the content is not the one that was announced";
        return PlainEnd::Lost(Failure::new(ErrorCode::ChecksumMismatch, detail));
    }
    let known = CompleteJob {
        object: job.object.clone(),
        sent,
        crc64,
        sha256,
    };
    let (tell, mut told) = mpsc::channel(1);
    folder.complete(vec![known], tell).await;
    match told.recv().await.map(|(_, end)| end) {
        Some(CompleteEnd::Stored(proved)) => PlainEnd::Stored(PlainProof {
            size: plan.size(),
            etag: proved.etag,
            crc64: Some(proved.crc64),
            sha256,
            proof: Proof::ReadBack,
            parts: Vec::new(),
        }),
        Some(CompleteEnd::Missing(parts)) => PlainEnd::Missing(parts),
        Some(CompleteEnd::Refused(fault)) => {
            PlainEnd::Refused(Failure::new(ErrorCode::PartPlanMismatch, fault.to_string()))
        }
        Some(CompleteEnd::Taken) => PlainEnd::Taken,
        Some(CompleteEnd::Lost(why)) => PlainEnd::Lost(why),
        Some(CompleteEnd::Unknown(why)) => PlainEnd::Unknown(why),
        None => PlainEnd::Unknown(Failure::new(ErrorCode::Internal, "a file without an end")),
    }
}

/// What is wrong with the caller's list, held against what is there.
pub(in crate::storage) fn wrong_list(
    said: &[(PartNumber, windlass_core::units::ETag)],
    listed: &[StoredPart],
    count: u32,
) -> Option<PlainEnd> {
    let in_order = said.iter().enumerate().all(|(i, (n, _))| n.index() == i);
    if said.len() != count as usize || !in_order {
        let detail = "the parts are not 1 to n without gap or repeat";
        return Some(PlainEnd::Refused(Failure::new(
            ErrorCode::PartPlanMismatch,
            detail,
        )));
    }
    let other = |(n, etag): &&(PartNumber, windlass_core::units::ETag)| {
        let same = |l: &StoredPart| l.etag.0.trim_matches('"') == etag.0.trim_matches('"');
        !listed.iter().any(|l| l.n == *n && same(l))
    };
    let missing: Vec<_> = said.iter().filter(other).map(|(n, _)| *n).collect();
    (!missing.is_empty()).then_some(PlainEnd::Missing(missing))
}

fn as_sent(part: StoredPart) -> Option<SentPart> {
    Some(SentPart {
        n: part.n,
        size: part.size,
        crc64: part.crc64?,
        etag: part.etag,
    })
}

/// Looks at what is written, and reads all of it when nothing is missing. Blocks.
fn look(folder: &FolderStorage, object: &ObjectRow) -> Result<There, Failure> {
    let root = folder.root()?;
    let slot = folder.slots.open(object.id, object.plan);
    let file = match root.open_work(&partial_name(object.id), OFlags::RDONLY) {
        Ok(file) => file,
        Err(Errno::NOENT) => return named(folder, &root, object),
        Err(e) => return Err(folder_failure("the unfinished file can't be opened", e.into())),
    };
    sidecar::load(&root, &slot)?;
    let parts = place::list(&slot);
    if parts.len() < object.plan.count() as usize {
        return Ok(There::Parts(parts, None));
    }
    let sha256 = hash(&file, object.plan.size())?.map(|(_, sha)| sha);
    Ok(There::Parts(parts, sha256))
}

/// The unfinished file is not there: it has its name already, or nothing was sent.
fn named(folder: &FolderStorage, root: &super::root::Root, object: &ObjectRow) -> Result<There, Failure> {
    let Some(inode) = folder.log.inode(root, object.id) else {
        return Ok(There::Nothing);
    };
    match root.stat(&object.key) {
        Ok(stat) if stat.st_ino == inode => {}
        Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => return Ok(There::Nothing),
        Err(e) => return Err(folder_failure("the file can't be looked at", e.into())),
    }
    let file = root
        .open_stored(&object.key)
        .map_err(|e| folder_failure("the file can't be opened", e.into()))?;
    let found = hash(&file, object.plan.size())?;
    Ok(found.map_or(There::Nothing, |(crc, sha)| There::Named(crc, sha)))
}

/// Checksum and hash of a file; none when it is shorter.
fn hash(file: &std::fs::File, size: u64) -> Result<Option<(Crc64Nvme, Sha256)>, Failure> {
    let mut crc = windlass_core::checksum::Crc64::default();
    let mut sha = digest::Context::new(&digest::SHA256);
    let whole = place::read_range(file, 0, size, |bytes| {
        crc.update(bytes);
        sha.update(bytes);
    })?;
    let sha = sha.finish().as_ref().try_into().ok().map(Sha256);
    Ok(sha.filter(|_| whole).map(|sha| (crc.finish(), sha)))
}
