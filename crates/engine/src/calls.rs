//! Calls to the control plane: an effect goes out as a request, the answer comes back as an event.

use std::collections::BTreeSet;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::records::{DoneResult, Proof};
use windlass_core::machine::{CompleteAsk, CompleteOutcome, Event, InitAsk, InitOutcome, SignAsk};
use windlass_core::time::Timestamp;
use windlass_core::units::PartNumber;
use windlass_protocol::groups::CreateGroup;
use windlass_protocol::sessions::{
    CompleteItem, CompleteOutcome as WireOutcome, CompleteResult, DonePart, Ids, InitAnswer, InitItem,
    InitResult, Settled, SignItem, SignPart, SignedPart,
};

use crate::clock;
use crate::planes::Plane;
use crate::shell::Shared;
use crate::unchanged;

/// The proof of a settled session, as the queue keeps it.
pub(crate) fn proof(s: Settled) -> Proof {
    Proof {
        result: if s.deduplicated {
            DoneResult::Deduplicated
        } else {
            DoneResult::Uploaded
        },
        object_key: s.object_key,
        how: s.proof,
        sha256: s.sha256,
        crc64: s.crc64,
        uploaded_at: Timestamp::from_millis(s.uploaded_at),
    }
}

pub(crate) async fn create_group(shared: &Shared, group: GroupId) -> Event {
    let result = match shared.infos.group(group) {
        Some(info) => match shared.planes.of(info.destination).await {
            Ok(plane) => {
                let create = CreateGroup {
                    id: group,
                    name: info.name,
                    destination_id: plane.destination,
                };
                plane.client.create_group(&create).await.map(|_| ())
            }
            Err(failure) => Err(failure),
        },
        None => Err(Failure::new(ErrorCode::NotFound, "the group is not in the queue")),
    };
    Event::GroupCreated { group, result }
}

pub(crate) async fn init(shared: &Shared, destination: DestinationId, asks: Vec<InitAsk>) -> Event {
    let asked: Vec<_> = asks.iter().map(|a| (a.file, a.attempt)).collect();
    let mut there = unchanged::among(shared, destination, &asks).await;
    let items: Vec<_> = asks
        .iter()
        .filter(|a| !there.contains_key(&a.file))
        .filter_map(|a| init_item(shared, a))
        .collect();
    // A file that left the machine meanwhile has no info; what is not asked gets no answer that anybody waits for.
    let sent: BTreeSet<_> = items.iter().map(|i| i.id).collect();
    let results = if items.is_empty() {
        Ok(Vec::new())
    } else {
        match shared.planes.of(destination).await {
            Ok(plane) => plane.client.init(items).await,
            Err(failure) => Err(failure),
        }
    };
    let result = results.map(|results| {
        let mut results = results.into_iter().peekable();
        asked
            .iter()
            .map(|(id, _)| {
                if let Some(proof) = there.remove(id) {
                    InitOutcome::Settled(proof)
                } else if sent.contains(id) {
                    results
                        .next_if(|r| r.id == *id)
                        .map_or_else(|| InitOutcome::Refused(confused("init")), init_outcome)
                } else {
                    InitOutcome::Follow
                }
            })
            .collect()
    });
    Event::InitAnswered {
        destination,
        asked,
        result,
    }
}

fn init_item(shared: &Shared, ask: &InitAsk) -> Option<InitItem> {
    let info = shared.infos.file(ask.file)?;
    Some(InitItem {
        id: ask.file,
        attempt: ask.attempt,
        group_id: info.group,
        rel_path: info.rel_path.clone(),
        size: info.fingerprint.size,
        part_size: info.part_size,
        mime: info.mime.clone(),
        sha256: ask.sha256,
        client_id: shared.client_id,
        race: ask.race,
    })
}

fn init_outcome(result: InitResult) -> InitOutcome {
    match result.answer {
        InitAnswer::Upload { object_key } => InitOutcome::Upload { object_key },
        InitAnswer::MaybeDuplicate => InitOutcome::HashFirst,
        InitAnswer::Duplicate { settled: Some(s), .. } => InitOutcome::Settled(proof(Settled {
            deduplicated: true,
            ..s
        })),
        InitAnswer::Duplicate { settled: None, .. } => InitOutcome::Follow,
        InitAnswer::Settled(s) => InitOutcome::Settled(proof(s)),
        InitAnswer::Refused { error } => InitOutcome::Refused(error.to_failure()),
    }
}

/// Signed URLs of the parts that were signed, beside the event.
pub(crate) type Signatures = Vec<(FileId, SignedPart)>;

pub(crate) async fn sign(
    shared: &Shared,
    destination: DestinationId,
    asks: Vec<SignAsk>,
) -> (Event, Signatures) {
    let asked: Vec<_> = asks.iter().map(|a| (a.file, a.n)).collect();
    let mut items: Vec<SignItem> = Vec::new();
    for ask in asks {
        let part = SignPart {
            n: ask.n,
            size: ask.size,
            crc64: ask.crc64,
            sha256: ask.sha256,
            again: ask.again,
        };
        match items.last_mut().filter(|i| i.id == ask.file) {
            Some(item) => item.parts.push(part),
            None => items.push(SignItem {
                id: ask.file,
                attempt: ask.attempt,
                parts: vec![part],
            }),
        }
    }
    let mut signatures: Signatures = Vec::new();
    let signed = match shared.planes.of(destination).await {
        Ok(plane) => plane.client.sign(items).await,
        Err(failure) => Err(failure),
    };
    let result = match signed {
        Err(failure) => Err(failure),
        Ok(results) => {
            let now = clock::now();
            let mut outcomes = Vec::with_capacity(asked.len());
            for (id, n) in &asked {
                outcomes.push(signed_one(&results, *id, *n, now));
            }
            for result in results {
                signatures.extend(result.uploads.into_iter().map(|u| (result.id, u)));
            }
            Ok(outcomes)
        }
    };
    (
        Event::Signed {
            destination,
            asked,
            result,
        },
        signatures,
    )
}

fn signed_one(
    results: &[windlass_protocol::sessions::SignResult],
    id: FileId,
    n: PartNumber,
    now: Timestamp,
) -> Result<Timestamp, Failure> {
    // Items were sent in order, one a file: the answers are few, and a file's parts lie together.
    let Some(result) = results.iter().find(|r| r.id == id) else {
        return Err(confused("sign"));
    };
    if let Some(error) = &result.error {
        return Err(error.to_failure());
    }
    result
        .uploads
        .iter()
        .find(|u| u.n == n)
        .map(|u| now.plus_millis(u.valid_ms))
        .ok_or_else(|| confused("sign"))
}

pub(crate) async fn complete(shared: &Shared, destination: DestinationId, asks: Vec<CompleteAsk>) -> Event {
    let asked: Vec<_> = asks.iter().map(|a| (a.file, a.attempt)).collect();
    let items = asks
        .into_iter()
        .map(|a| CompleteItem {
            id: a.file,
            attempt: a.attempt,
            size: a.size,
            crc64: a.crc64,
            sha256: a.sha256,
            parts: a
                .parts
                .into_iter()
                .map(|(n, size, crc64, etag)| DonePart { n, size, crc64, etag })
                .collect(),
        })
        .collect();
    let completed = match shared.planes.of(destination).await {
        Ok(plane) => plane.client.complete(items).await,
        Err(failure) => Err(failure),
    };
    let result = completed.map(|r| r.into_iter().map(complete_outcome).collect());
    Event::Completed {
        destination,
        asked,
        result,
    }
}

fn complete_outcome(result: CompleteResult) -> CompleteOutcome {
    match result.outcome {
        WireOutcome::Settled(s) => CompleteOutcome::Settled(proof(s)),
        WireOutcome::PartsMissing { parts } => CompleteOutcome::PartsMissing(parts),
        WireOutcome::Verifying => CompleteOutcome::Verifying,
        WireOutcome::Failed { error } => CompleteOutcome::Failed(error.to_failure()),
    }
}

pub(crate) async fn delete(shared: &Shared, destination: DestinationId, files: Vec<FileId>) -> Event {
    let ids = Ids { ids: files.clone() };
    let deleted = match shared.planes.of(destination).await {
        Ok(plane) => plane.client.delete(&ids).await,
        Err(failure) => Err(failure),
    };
    let result = deleted.map(|r| r.into_iter().map(|d| d.cleaned).collect());
    Event::Deleted {
        destination,
        asked: files,
        result,
    }
}

pub(crate) async fn cancel_group(shared: &Shared, group: GroupId) -> Event {
    let result = match of_group(shared, group).await {
        Ok(plane) => plane.client.cancel_group(group).await.map(|_| ()),
        Err(failure) => Err(failure),
    };
    Event::GroupCancelled { group, result }
}

pub(crate) async fn finalize(shared: &Shared, group: GroupId) -> Event {
    // A closed group takes no more notes. That they were not taken is no reason to keep it open.
    if let Err(failure) = crate::notes::tell(shared, group).await {
        tracing::warn!(%group, %failure, "the ledger did not take the notes");
    }
    crate::folders::make(shared, group).await;
    let result = match of_group(shared, group).await {
        Ok(plane) => close(&plane, group).await,
        Err(failure) => Err(failure),
    };
    Event::Finalized { group, result }
}

/// Completes a group at the ledger. One of which nothing went there, because all of it was there before, is given up: no
/// empty draft of it stays.
async fn close(plane: &Plane, group: GroupId) -> Result<(), Failure> {
    match plane.client.finalize_group(group).await {
        Err(e) if e.code == ErrorCode::FinalizeIncomplete => {
            let there = plane.client.group(group).await?;
            if there.total_files > 0 {
                return Err(e);
            }
            plane.client.cancel_group(group).await.map(drop)
        }
        finalized => finalized.map(drop),
    }
}

async fn of_group(shared: &Shared, group: GroupId) -> Result<Plane, Failure> {
    match shared.infos.group(group) {
        Some(info) => shared.planes.of(info.destination).await,
        None => Err(Failure::new(ErrorCode::NotFound, "the group is not in the queue")),
    }
}

fn confused(verb: &str) -> Failure {
    Failure::new(
        ErrorCode::Internal,
        format!("{verb}: an answer does not fit its question"),
    )
}
