//! A queue of one file, by the transition tables alone: it refuses what the databases' triggers refuse.

use windlass_core::machine::records::{Change, PartRecord};
use windlass_core::reconcile::LocalFile;
use windlass_core::states::{FileState, PartState};

/// Makes the change, or says why the queue would not.
pub(crate) fn apply(file: &mut LocalFile, change: &Change) -> Result<(), String> {
    match change {
        Change::FileState { from, to, .. } => step(file, *from, *to),
        Change::FileFailed { from, .. } => step(file, *from, FileState::Failed),
        Change::FileDone { from, proof, .. } => {
            file.sha256 = proof.sha256;
            step(file, *from, FileState::Done)
        }
        Change::FileStartOver {
            from,
            attempt,
            fingerprint,
            part_size,
            ..
        } => {
            if *from != FileState::Queued {
                step(file, *from, FileState::Queued)?;
            } else if file.state != FileState::Queued {
                return Err(format!("is {}", file.state));
            }
            file.attempt = *attempt;
            file.fingerprint = *fingerprint;
            file.part_size = *part_size;
            file.sha256 = None;
            file.parts.clear();
            Ok(())
        }
        Change::PartState { n, to, .. } => {
            let part = part(file, *n)?;
            if !part.state.may_become(*to) {
                return Err(format!("part {n} is {} and may not become {to}", part.state));
            }
            part.state = *to;
            Ok(())
        }
        Change::PartUploaded { n, crc64, etag, .. } => {
            let part = part(file, *n)?;
            if !part.state.may_become(PartState::Uploaded) {
                return Err(format!("part {n} is {} and may not become uploaded", part.state));
            }
            *part = PartRecord {
                n: *n,
                state: PartState::Uploaded,
                crc64: Some(*crc64),
                etag: Some(etag.clone()),
            };
            Ok(())
        }
        other => Err(format!("no launch makes {other:?}")),
    }
}

fn step(file: &mut LocalFile, from: FileState, to: FileState) -> Result<(), String> {
    if file.state != from || !from.may_become(to) {
        return Err(format!("is {}, expected {from}, to become {to}", file.state));
    }
    file.state = to;
    Ok(())
}

fn part(file: &mut LocalFile, n: windlass_core::units::PartNumber) -> Result<&mut PartRecord, String> {
    if !file.parts.iter().any(|p| p.n == n) {
        file.parts.push(PartRecord {
            n,
            state: PartState::Pending,
            crc64: None,
            etag: None,
        });
        file.parts.sort_by_key(|p| p.n);
    }
    file.parts
        .iter_mut()
        .find(|p| p.n == n)
        .ok_or_else(|| "no part".into())
}
