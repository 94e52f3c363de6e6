//! Originals that went to the trash, and their way back.
//!
//! What the trash holds is asked of the trash each time: whoever empties it, or takes a file out by hand, asks nobody here. A
//! file that comes back is read again; where it is still what was proved, the receipt covers it as it lies there now.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use windlass_core::error::Failure;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::names::{decode_path_text, shown};
use windlass_queue::acts::{self, ActKind, NewAct};
use windlass_queue::events::{self, Event, EventScope, NewEvent};
use windlass_queue::receipts::{self, Receipt};
use windlass_queue::{Connection, QueueError};
use windlass_transfer::source::look;

use crate::clock;
use crate::convert::file_error;
use crate::groups::path_of;
use crate::shell::Shared;
use crate::view::{InTrash, PutBack};
use crate::watch::{content, holds, take_back};

/// An original went to the trash.
pub(crate) const TRASHED: &str = "original_trashed";
/// It came back.
const BACK: &str = "original_put_back";
/// Originals of one step.
const TOGETHER: usize = 50;

/// One that is there.
struct Held {
    receipt: Receipt,
    from: PathBuf,
    place: PathBuf,
}

/// The receipt of a group. The version of an original that came back unchanged is the one that lies there now.
pub(crate) fn as_they_are(conn: &Connection, group: GroupId) -> Result<Vec<Receipt>, QueueError> {
    let mut now: BTreeMap<FileId, SourceFingerprint> = BTreeMap::new();
    for (file, event) in told(conn, group)? {
        let version = serde_json::from_value(event.event.data["version"].clone());
        if let Ok(version) = version {
            now.insert(file, version);
        }
    }
    let mut all = receipts::of_group(conn, group)?;
    for receipt in &mut all {
        if let Some(version) = now.get(&receipt.file) {
            receipt.fingerprint = *version;
        }
    }
    Ok(all)
}

pub(crate) async fn held(shared: &Shared, group: GroupId) -> Result<InTrash, Failure> {
    let mut found = InTrash::default();
    for held in look_for(shared, group).await? {
        found.files += 1;
        found.bytes += held.receipt.fingerprint.size;
    }
    Ok(found)
}

pub(crate) async fn all(shared: &Shared, group: GroupId) -> Result<PutBack, Failure> {
    let mut told = PutBack::default();
    let mut rest = look_for(shared, group).await?;
    while !rest.is_empty() {
        let some: Vec<Held> = rest.drain(..rest.len().min(TOGETHER)).collect();
        let done = blocking(move || {
            some.into_iter()
                .map(|held| (one(&held), held))
                .collect::<Vec<_>>()
        });
        let mut events = Vec::new();
        let mut act = act(ActKind::PutBack, group);
        for (outcome, held) in done.await? {
            match outcome {
                Ok(version) => {
                    act.files += 1;
                    act.bytes += held.receipt.fingerprint.size;
                    told.back += 1;
                    told.bytes += held.receipt.fingerprint.size;
                    events.push(NewEvent {
                        at: clock::now(),
                        scope: EventScope::File(held.receipt.file),
                        kind: BACK.to_owned(),
                        code: None,
                        data: serde_json::json!({ "version": version }),
                    });
                }
                Err(failure) => {
                    told.kept += 1;
                    told.example.get_or_insert_with(|| shown(&held.receipt.rel_path));
                    told.error.get_or_insert_with(|| file_error(&failure));
                }
            }
        }
        shared
            .queue
            .write(move |conn| {
                note(conn, &act)?;
                events
                    .iter()
                    .try_for_each(|event| events::append(conn, event).map(drop))
            })
            .await?;
    }
    Ok(told)
}

/// What is done with originals of a group, before a file was counted in.
pub(crate) fn act(kind: ActKind, group: GroupId) -> NewAct {
    NewAct {
        at: clock::now(),
        kind,
        group: Some(group),
        files: 0,
        bytes: 0,
        failed: 0,
        data: serde_json::json!({}),
    }
}

/// Writes down what was done with originals, when it was anything.
pub(crate) fn note(conn: &Connection, act: &NewAct) -> Result<(), QueueError> {
    if act.files == 0 {
        return Ok(());
    }
    acts::count(conn, act)
}

/// One original. Answers with the version that lies there now, where it is still what was proved. Blocks.
fn one(held: &Held) -> Result<Option<SourceFingerprint>, Failure> {
    take_back(&held.place, &held.from)?;
    let read = content(&held.from).ok().flatten();
    Ok(read
        .filter(|(_, hash)| Some(*hash) == held.receipt.proof.sha256)
        .map(|(version, _)| version))
}

/// What was written down of the trash, oldest first.
fn told(conn: &Connection, group: GroupId) -> Result<Vec<(FileId, Event)>, QueueError> {
    let all = events::of_proved(conn, group, [TRASHED, BACK])?;
    let of = |event: Event| match event.event.scope {
        EventScope::File(file) => Some((file, event)),
        _ => None,
    };
    Ok(all.into_iter().filter_map(of).collect())
}

async fn look_for(shared: &Shared, group: GroupId) -> Result<Vec<Held>, Failure> {
    let gone = shared
        .queue
        .read(move |conn| {
            let mut gone = BTreeMap::new();
            for (file, event) in told(conn, group)? {
                let data = event.event.data;
                match event.event.kind.as_str() {
                    TRASHED => gone.insert(file, (path(&data["from"]), path(&data["to"]))),
                    _ => gone.remove(&file),
                };
            }
            let mut all = Vec::new();
            if gone.is_empty() {
                return Ok(all);
            }
            for receipt in as_they_are(conn, group)? {
                if let Some((Some(from), Some(place))) = gone.remove(&receipt.file) {
                    all.push(Held { receipt, from, place });
                }
            }
            Ok(all)
        })
        .await?;
    blocking(move || gone.into_iter().filter(is_there).collect()).await
}

/// Whether it is the file that was put there, by its note and by what a look says. Blocks.
fn is_there(held: &Held) -> bool {
    let same = |now: &SourceFingerprint| held.receipt.fingerprint.compare(now).is_same_file();
    holds(&held.place, &held.from) && look(&held.place).is_ok_and(|now| same(&now))
}

fn path(text: &Value) -> Option<PathBuf> {
    Some(path_of(&decode_path_text(text.as_str()?)?))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| Failure::new(windlass_core::error::ErrorCode::Internal, e.to_string()))
}
