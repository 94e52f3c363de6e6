//! An unchanged file dropped again: its receipt is found, the storage is asked whether the object still stands, and not a
//! byte is read or sent.
//!
//! It counts as unchanged only where it would go to the same place: the same path to the same destination, under the same
//! name in a group of the same name. Elsewhere it is a duplicate, and gets a name of its own there.

use std::collections::BTreeMap;

use windlass_core::error::Failure;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::InitAsk;
use windlass_core::machine::records::{DoneResult, Proof};
use windlass_core::units::Sha256;
use windlass_queue::receipts::{self, Receipt};
use windlass_queue::{QueueError, groups};

use crate::shell::Shared;

/// Objects that one call asks the storage about.
const TOGETHER: usize = 500;

/// What is compared with a receipt. The hash comes from the hash cache, which knows only files that were at rest when they
/// were read (F181).
struct Now {
    file: FileId,
    path: Vec<u8>,
    rel_path: String,
    group: String,
    fingerprint: SourceFingerprint,
    sha256: Sha256,
}

impl Now {
    fn is_of(&self, receipt: &Receipt) -> bool {
        receipt.fingerprint.is_untouched(&self.fingerprint)
            && receipt.proof.sha256 == Some(self.sha256)
            && receipt.rel_path == self.rel_path
    }
}

/// Those of the files that are at the destination as they are now, with the proof that says so. Without an answer of the
/// storage none is.
pub(crate) async fn among(
    shared: &Shared,
    destination: DestinationId,
    asks: &[InitAsk],
) -> BTreeMap<FileId, Proof> {
    let known: Vec<Now> = asks.iter().filter_map(|ask| as_it_is(shared, ask)).collect();
    if known.is_empty() {
        return BTreeMap::new();
    }
    match found(shared, destination, known).await {
        Ok(found) => found,
        Err(failure) => {
            // They go the usual way, which finds their content by its hash.
            tracing::warn!(%failure, "unchanged files were not recognized");
            BTreeMap::new()
        }
    }
}

fn as_it_is(shared: &Shared, ask: &InitAsk) -> Option<Now> {
    use std::os::unix::ffi::OsStrExt as _;
    if ask.attempt > 1 {
        return None;
    }
    let info = shared.infos.file(ask.file)?;
    Some(Now {
        file: ask.file,
        path: info.path.as_os_str().as_bytes().to_vec(),
        rel_path: info.rel_path.clone(),
        group: shared.infos.group(info.group)?.name,
        fingerprint: info.fingerprint,
        sha256: ask.sha256.or_else(|| empty(&info.fingerprint))?,
    })
}

/// No byte needs to be read to know the content of an empty file.
fn empty(fingerprint: &SourceFingerprint) -> Option<Sha256> {
    (fingerprint.size == 0).then_some(Sha256::OF_NOTHING)
}

async fn found(
    shared: &Shared,
    destination: DestinationId,
    known: Vec<Now>,
) -> Result<BTreeMap<FileId, Proof>, Failure> {
    let candidates = with_receipts(shared, destination, known).await?;
    let mut found = BTreeMap::new();
    for some in candidates.chunks(TOGETHER) {
        let ids = some.iter().map(|(_, receipt)| receipt.file).collect();
        let answers: BTreeMap<_, _> = shared
            .planes
            .verify(destination, ids)
            .await?
            .into_iter()
            .map(|answer| (answer.id, answer))
            .collect();
        for (file, receipt) in some {
            let stands = answers
                .get(&receipt.file)
                .and_then(|answer| answer.settled.as_ref())
                .is_some_and(|s| {
                    s.size == receipt.fingerprint.size && s.object_key == receipt.proof.object_key
                });
            if stands {
                let proof = Proof {
                    result: DoneResult::Unchanged,
                    ..receipt.proof.clone()
                };
                found.insert(*file, proof);
            }
        }
    }
    Ok(found)
}

/// Each with the receipt of the upload that brought these very bytes to the very same place.
async fn with_receipts(
    shared: &Shared,
    destination: DestinationId,
    known: Vec<Now>,
) -> Result<Vec<(FileId, Receipt)>, QueueError> {
    let read = shared.queue.read(move |conn| {
        let mut names: BTreeMap<GroupId, Option<String>> = BTreeMap::new();
        let mut found = Vec::new();
        for now in known {
            let Some(receipt) = receipts::of_upload_here(conn, destination, &now.path)? else {
                continue;
            };
            if !now.is_of(&receipt) {
                continue;
            }
            let name = match names.get(&receipt.group) {
                Some(name) => name.clone(),
                None => {
                    let name = groups::get(conn, receipt.group)?.map(|row| row.name);
                    names.insert(receipt.group, name.clone());
                    name
                }
            };
            if name.as_ref() == Some(&now.group) {
                found.push((now.file, receipt));
            }
        }
        Ok(found)
    });
    read.await
}
