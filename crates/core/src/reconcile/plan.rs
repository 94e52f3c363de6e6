//! The plan: one decision a file, from all that is known of it.
//!
//! What decides, in this order: a proof; another computer; the version of the source; the session; the source's being there;
//! the parts. No pair of states is left to a wildcard.

use std::cmp::Ordering;

use super::FindingKind;
use super::check::check;
use super::observation::{LocalFile, Observation, Remote, RemoteSession, Source};
use super::parts::Parts;
use crate::error::{ErrorCode, Failure};
use crate::fingerprint::{SourceChange, SourceFingerprint};
use crate::ids::{FileId, GroupId};
use crate::machine::records::{Change, Proof};
use crate::part_plan::PartPlan;
use crate::states::{FileState, SessionState};
use crate::time::Timestamp;

/// What one launch has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReconcilePlan {
    /// By group and file; at most one a file.
    pub actions: Vec<Action>,
}

/// What is done about one file. Without changes: it is only told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// File.
    pub file: FileId,
    /// Its group.
    pub group: GroupId,
    /// Its path inside the group.
    pub name: String,
    /// What was found.
    pub kind: FindingKind,
    /// Guarded updates, applied in order in one transaction.
    pub changes: Vec<Change>,
    /// Parts that were found, or found missing.
    pub parts: u32,
    /// Why, in one line for logs and `status --plan`.
    pub because: String,
}

/// What has to be done about these files. Files that are done, failed or removed need nothing.
#[must_use]
pub fn plan(files: &[Observation], now: Timestamp) -> ReconcilePlan {
    let mut actions: Vec<_> = files
        .iter()
        .filter_map(|(f, remote, source)| decide(f, remote, source, now))
        .collect();
    actions.sort_by_key(|a| (a.group, a.file));
    actions.dedup_by_key(|a| a.file);
    let plan = ReconcilePlan { actions };
    debug_assert_eq!(check(&plan, files), Vec::<String>::new());
    plan
}

/// What the ledger means for this file's attempt.
enum Ledger<'a> {
    /// Proved.
    Finished(&'a Proof),
    /// A later attempt than ours is known there.
    Elsewhere(u32),
    /// There is nothing of this attempt to go on with.
    Gone(String),
    /// It says nothing about the parts.
    Silent(&'static str),
    /// It is open there.
    Open(&'a RemoteSession),
}

fn decide(file: &LocalFile, remote: &Remote, source: &Source, now: Timestamp) -> Option<Action> {
    match file.state {
        FileState::Done | FileState::Failed | FileState::Removed => return None,
        FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying => {}
    }
    let Ok(layout) = PartPlan::stored(file.fingerprint.size, file.part_size) else {
        let failure = Failure::new(ErrorCode::QueueDamaged, "its stored plan does not fit its size");
        return Some(failed(file, FindingKind::SessionGone, failure, now));
    };
    let known = Parts::known(file, &layout);
    let mut action = match (ledger(file, remote), version(file, source)) {
        (Ledger::Finished(proof), _) => finished(file, proof, now),
        (Ledger::Elsewhere(attempt), _) => {
            let detail = format!(
                "attempt {attempt} was begun elsewhere, {} is known here",
                file.attempt
            );
            failed(
                file,
                FindingKind::SessionGone,
                Failure::new(ErrorCode::UploadingElsewhere, detail),
                now,
            )
        }
        (Ledger::Gone(_) | Ledger::Silent(_) | Ledger::Open(_), Version::Other(seen)) => {
            let detail = format!("{} bytes before, {} bytes now", file.fingerprint.size, seen.size);
            start_over(
                file,
                FindingKind::FileChanged,
                seen,
                Failure::new(ErrorCode::FileChanged, detail),
                now,
            )
        }
        (Ledger::Gone(_), Version::Missing) => missing(file, now),
        (Ledger::Gone(why), Version::Same | Version::NotSeen) => {
            let quiet = file.state == FileState::Registered && known.stored == 0 && !known.tried;
            let kind = if quiet {
                FindingKind::NotStarted
            } else {
                FindingKind::SessionGone
            };
            start_over(
                file,
                kind,
                file.fingerprint,
                Failure::new(ErrorCode::SessionGone, why),
                now,
            )
        }
        (Ledger::Silent(_), Version::Missing) if known.stored < layout.count() => missing(file, now),
        (Ledger::Silent(why), Version::Missing | Version::Same | Version::NotSeen) => {
            goes_on(file, &layout, known, false, why)
        }
        (Ledger::Open(session), Version::Missing | Version::Same | Version::NotSeen) => {
            open(file, session, source, &layout, known, now)
        }
    };
    // What is still to be read; all else that was found is done all the same.
    let failed = |change: &Change| matches!(change, Change::FileFailed { .. });
    let needs_disk = matches!(
        action.kind,
        FindingKind::Continues
            | FindingKind::NotStarted
            | FindingKind::MoreStored
            | FindingKind::FewerStored
            | FindingKind::SessionGone
    ) && !action.changes.iter().any(failed);
    if needs_disk && matches!(source, Source::Failed(f) if f.code == ErrorCode::DiskMissing) {
        action.kind = FindingKind::DiskMissing;
    }
    Some(action)
}

/// What the ledger says about the attempt that the queue knows.
fn ledger<'a>(file: &LocalFile, remote: &'a Remote) -> Ledger<'a> {
    let announced = file.state != FileState::Queued;
    let gone = |why: String| {
        if announced {
            Ledger::Gone(why)
        } else {
            Ledger::Silent("it is yet to be announced")
        }
    };
    let session = match remote {
        Remote::NotAsked => return Ledger::Silent("the destination could not be asked"),
        Remote::Unknown => return gone("the destination does not know it".into()),
        Remote::Known(session) => session,
    };
    match session.attempt.cmp(&file.attempt) {
        Ordering::Greater => Ledger::Elsewhere(session.attempt),
        Ordering::Less => gone(format!("the destination knows only attempt {}", session.attempt)),
        Ordering::Equal if session.deleted => gone("it was removed at the destination".into()),
        Ordering::Equal => match (&session.settled, session.state) {
            (Some(proof), _) if other_content(file, proof) => {
                Ledger::Gone("the destination proved another content than was read here".into())
            }
            (Some(proof), _) => Ledger::Finished(proof),
            (None, SessionState::Failed | SessionState::Rejected) => {
                gone(format!("the destination calls it {}", session.state))
            }
            (None, SessionState::Uploaded | SessionState::Deduplicated) => {
                Ledger::Silent("the destination has it, its proof is yet to be asked for")
            }
            (None, SessionState::Pending | SessionState::Uploading | SessionState::Verifying) => {
                if announced {
                    Ledger::Open(session)
                } else {
                    Ledger::Silent("the answer to its announcement was lost")
                }
            }
        },
    }
}

fn other_content(file: &LocalFile, proof: &Proof) -> bool {
    matches!((file.sha256, proof.sha256), (Some(ours), Some(theirs)) if ours != theirs)
}

/// What the source means for the version that is being sent.
enum Version {
    /// Untouched, or touched in metadata only: the machine compares the bytes before it believes that (F18).
    Same,
    Other(SourceFingerprint),
    Missing,
    NotSeen,
}

fn version(file: &LocalFile, source: &Source) -> Version {
    match source {
        Source::Present(seen) => match file.fingerprint.compare(seen) {
            // Whoever reads on compares what was read before.
            SourceChange::Same | SourceChange::MetadataOnly | SourceChange::Renumbered => Version::Same,
            SourceChange::Changed => Version::Other(*seen),
        },
        Source::Missing => Version::Missing,
        Source::Failed(_) => Version::NotSeen,
    }
}

fn open(
    file: &LocalFile,
    session: &RemoteSession,
    source: &Source,
    layout: &PartPlan,
    known: Parts,
    now: Timestamp,
) -> Action {
    let completing = session.state == SessionState::Verifying;
    let parts = match &session.parts {
        Some(listed) if !layout.is_single() => Parts::compared(file, layout, listed, !completing, now),
        Some(_) | None => known,
    };
    if *source == Source::Missing && parts.stored < layout.count() {
        return missing(file, now);
    }
    goes_on(file, layout, parts, true, "the destination expects more of it")
}

/// It goes on with the parts that are stored. `asked`: the destination said so.
fn goes_on(file: &LocalFile, layout: &PartPlan, parts: Parts, asked: bool, why: &str) -> Action {
    let whole = parts.stored == layout.count();
    let mut changes = Vec::new();
    let step = match file.state {
        FileState::Verifying if !whole && asked => Some(FileState::Uploading),
        FileState::Registered if parts.more > 0 => Some(FileState::Uploading),
        FileState::Queued
        | FileState::Registered
        | FileState::Uploading
        | FileState::Verifying
        | FileState::Done
        | FileState::Failed
        | FileState::Removed => None,
    };
    changes.extend(step.map(|to| Change::FileState {
        id: file.id,
        from: file.state,
        to,
    }));
    changes.extend(parts.changes);
    let early = matches!(file.state, FileState::Queued | FileState::Registered);
    let (kind, counted) = if whole {
        (FindingKind::Finishes, parts.more)
    } else if parts.fewer > 0 {
        (FindingKind::FewerStored, parts.fewer)
    } else if parts.more > 0 {
        (FindingKind::MoreStored, parts.more)
    } else if early && parts.stored == 0 && !parts.tried {
        (FindingKind::NotStarted, 0)
    } else {
        (FindingKind::Continues, parts.stored)
    };
    let because = format!("{why}; {} of {} parts are stored", parts.stored, layout.count());
    action(file, kind, changes, counted, because)
}

fn finished(file: &LocalFile, proof: &Proof, now: Timestamp) -> Action {
    let proof = Proof {
        sha256: file.sha256.or(proof.sha256),
        ..proof.clone()
    };
    let because = format!("the destination proved it by {}", proof.how);
    let done = Change::FileDone {
        id: file.id,
        from: file.state,
        proof,
        at: now,
    };
    action(file, FindingKind::WasFinished, vec![done], 0, because)
}

fn missing(file: &LocalFile, now: Timestamp) -> Action {
    let failure = Failure::new(ErrorCode::FileMissing, "it was gone when Windlass was started");
    failed(file, FindingKind::FileMissing, failure, now)
}

fn failed(file: &LocalFile, kind: FindingKind, failure: Failure, now: Timestamp) -> Action {
    let because = failure.to_string();
    action(
        file,
        kind,
        vec![Change::FileFailed {
            id: file.id,
            from: file.state,
            failure,
            at: now,
        }],
        0,
        because,
    )
}

fn start_over(
    file: &LocalFile,
    kind: FindingKind,
    fingerprint: SourceFingerprint,
    because: Failure,
    now: Timestamp,
) -> Action {
    let layout = match PartPlan::new(fingerprint.size) {
        Ok(layout) => layout,
        Err(e) => return failed(file, kind, Failure::new(ErrorCode::TooLarge, e.to_string()), now),
    };
    let why = because.to_string();
    let over = Change::FileStartOver {
        id: file.id,
        from: file.state,
        attempt: file.attempt.saturating_add(1),
        fingerprint,
        part_size: layout.part_size(),
        part_count: layout.count(),
        because,
        at: now,
    };
    action(file, kind, vec![over], 0, why)
}

fn action(file: &LocalFile, kind: FindingKind, changes: Vec<Change>, parts: u32, because: String) -> Action {
    Action {
        file: file.id,
        group: file.group,
        name: file.name.clone(),
        kind,
        changes,
        parts,
        because,
    }
}
