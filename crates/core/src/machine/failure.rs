//! What a failure makes of a file: again by itself, a wait with a reason, a new start, or a question to the person.

use super::Machine;
use super::file::Stage;
use super::records::Change;
use crate::error::{ErrorCode, Failure, RetryClass};
use crate::fingerprint::SourceFingerprint;
use crate::ids::FileId;
use crate::part_plan::PartPlan;
use crate::retry::next_try;
use crate::states::BlockedReason;
use crate::time::Timestamp;

/// Failures in a row that heal by themselves; with full jitter they spread over some 15 minutes, then a person is asked.
const FILE_TRIES: u32 = 10;
/// Failures in a row from which on a file, or the end of a group, is in trouble: cut connections heal before.
pub(super) const TROUBLE: u32 = 3;
/// New starts in a row of one file before a person is asked.
const RESTARTS: u32 = 6;
/// A file that changed is given so long to come to rest, milliseconds; more with each change.
const SETTLE_MS: i64 = 2_000;

impl Machine {
    /// Classifies and acts. The file stays in the machine unless it failed or starts over.
    pub(super) fn file_failure(&mut self, now: Timestamp, id: FileId, failure: Failure) {
        let random = self.chance();
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        file.stage = match file.stage {
            Stage::Announcing => Stage::Announce,
            Stage::Completing => Stage::Complete,
            Stage::Checking => Stage::Sending,
            stage @ (Stage::Announce | Stage::HashFirst | Stage::Sending | Stage::Complete) => stage,
        };
        match failure.code {
            ErrorCode::SessionGone
            | ErrorCode::StorageLostUpload
            | ErrorCode::ObjectCondemned
            | ErrorCode::SessionDeleted
            | ErrorCode::NotFound => {
                let fingerprint = file.fingerprint;
                return self.start_over(now, id, fingerprint, failure, 0);
            }
            ErrorCode::LeaseLost => {
                return self.fail(
                    now,
                    id,
                    Failure::new(ErrorCode::UploadingElsewhere, failure.detail),
                );
            }
            // The answer to its end had been lost: asking again tells.
            ErrorCode::SessionSettled => {
                file.stage = Stage::Announce;
            }
            _ => {}
        }
        let destination = self.groups.get(&file.group).map(|g| g.record.destination);
        match failure.code.retry_class() {
            RetryClass::Never | RetryClass::AfterPerson => self.fail(now, id, failure),
            RetryClass::When(BlockedReason::DiskMissing) => self.disk_is_missing(now, id, failure),
            RetryClass::When(reason) => {
                let tries = file.tries;
                let held = destination.is_some_and(|d| self.hold_destination(now, d, &failure));
                if held && let Some(d) = destination {
                    // The control plane answered, and says nothing of the storage by that: the waits grow (F70, F94).
                    self.storage_fails(d);
                }
                if !held && reason == BlockedReason::LockedFile && tries >= FILE_TRIES {
                    let failure = Failure::new(ErrorCode::StillLocked, failure.detail);
                    return self.fail(now, id, failure);
                }
                if !held {
                    self.try_later(now, id, failure, Some(reason), random);
                }
                self.reindex(id);
            }
            // What was out together fails together: it waits already, and that is one failure, not eight.
            RetryClass::Now | RetryClass::Backoff if file.wait_until.is_some() => self.reindex(id),
            RetryClass::Now | RetryClass::Backoff => {
                if file.tries >= FILE_TRIES {
                    self.fail(now, id, failure);
                } else {
                    self.try_later(now, id, failure, None, random);
                }
            }
        }
    }

    fn try_later(
        &mut self,
        now: Timestamp,
        id: FileId,
        failure: Failure,
        reason: Option<BlockedReason>,
        random: u64,
    ) {
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        file.tries = file.tries.saturating_add(1);
        file.blocked = reason;
        if file.tries >= TROUBLE {
            self.troubled.insert(id, (file.group, failure.clone()));
        }
        let (tries, until) = (
            file.tries,
            next_try(now, file.tries, failure.retry_after_ms, random),
        );
        self.persist(
            vec![Change::FileTries {
                id,
                tries,
                next_try_at: Some(until),
                failure: Some(failure),
            }],
            vec![],
        );
        self.wait(id, until);
    }

    /// It failed; a person may retry it.
    pub(super) fn fail(&mut self, now: Timestamp, id: FileId, failure: Failure) {
        if let Some(file) = self.files.get(&id) {
            self.persist(
                vec![Change::FileFailed {
                    id,
                    from: file.state,
                    failure,
                    at: now,
                }],
                vec![],
            );
        }
        self.let_go(id);
    }

    /// The source is not what was read before: what was sent of it is never completed; the new version begins (I2).
    pub(super) fn source_changed(&mut self, now: Timestamp, id: FileId, fingerprint: SourceFingerprint) {
        if !self.source_seen(id, &fingerprint) {
            let detail = "another file lies where it was, since its disk was away";
            return self.fail(now, id, Failure::new(ErrorCode::FileChanged, detail));
        }
        let Some(file) = self.files.get(&id) else { return };
        let wait = SETTLE_MS << file.restarts.min(5);
        let detail = format!(
            "{} bytes before, {} bytes now",
            file.fingerprint.size, fingerprint.size
        );
        self.start_over(
            now,
            id,
            fingerprint,
            Failure::new(ErrorCode::FileChanged, detail),
            wait,
        );
    }

    /// It came under other numbers again and again.
    pub(super) fn never_the_same(&mut self, now: Timestamp, id: FileId) {
        let detail = "its disk gives it another number at each look";
        self.fail(now, id, Failure::new(ErrorCode::FileChanged, detail));
    }

    /// A new attempt from the first byte. The row is written anew, the file leaves the machine and comes back from the queue.
    pub(super) fn start_over(
        &mut self,
        now: Timestamp,
        id: FileId,
        fingerprint: SourceFingerprint,
        because: Failure,
        wait_ms: i64,
    ) {
        let Some(file) = self.files.get(&id) else { return };
        let tries = file.restarts.saturating_add(1);
        if tries > RESTARTS {
            return self.fail(now, id, because);
        }
        let plan = match PartPlan::new(fingerprint.size) {
            Ok(plan) => plan,
            Err(e) => return self.fail(now, id, Failure::new(ErrorCode::TooLarge, e.to_string())),
        };
        let (from, group) = (file.state, file.group);
        let attempt = file.attempt.saturating_add(1);
        let until = now.plus_millis(wait_ms.max(100));
        let over = Change::FileStartOver {
            id,
            from,
            attempt,
            fingerprint,
            part_size: plan.part_size(),
            part_count: plan.count(),
            because: because.clone(),
            at: now,
        };
        let later = Change::FileTries {
            id,
            tries,
            next_try_at: Some(until),
            failure: Some(because),
        };
        self.persist(vec![over, later], vec![]);
        self.let_go(id);
        if let Some(g) = self.groups.get_mut(&group) {
            g.reload_after(until);
        }
    }
}
