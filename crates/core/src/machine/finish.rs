//! The end of a file and of a group: looked at once more, completed, proved; then counted, closed, told.

use super::destination::CALLS;
use super::failure::TROUBLE;
use super::file::Stage;
use super::group::LONGEST_WAIT_MS;
use super::records::{Change, Proof};
use super::{CompleteAsk, CompleteOutcome, Counts, Effect, Machine, Notice};
use crate::checksum::combine;
use crate::error::{ErrorCode, Failure, RetryClass};
use crate::fingerprint::{SourceChange, SourceFingerprint};
use crate::ids::{DestinationId, FileId, GroupId};
use crate::retry::next_try;
use crate::states::{FileState, GroupState, Intent, PartState};
use crate::time::Timestamp;
use crate::units::PartNumber;

/// How often open rows are looked at again when nothing else brings them, milliseconds.
const LOOK_AGAIN_MS: i64 = 60_000;
/// How soon a proof that is not known yet is asked for again, milliseconds.
const ASK_AGAIN_MS: i64 = 1_000;

impl Machine {
    pub(super) fn schedule_checks(&mut self, now: Timestamp) {
        if !self
            .gather_checks
            .goes(now, Some(self.checks), self.ready.check.len())
        {
            return;
        }
        let keys: Vec<_> = self.ready.check.iter().take(self.config.batch).copied().collect();
        if keys.is_empty() {
            return;
        }
        let mut files = Vec::with_capacity(keys.len());
        for key in keys {
            let id = key.3;
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            file.stage = Stage::Checking;
            files.push(id);
            self.reindex(id);
        }
        if !files.is_empty() {
            self.checks += 1;
            self.out.push(Effect::Check { files });
        }
    }

    pub(super) fn checked(
        &mut self,
        now: Timestamp,
        files: Vec<(FileId, Result<SourceFingerprint, Failure>)>,
    ) {
        self.checks = self.checks.saturating_sub(1);
        let mut changes = Vec::new();
        for (id, result) in files {
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            if file.stage != Stage::Checking {
                continue;
            }
            // Nobody looked: that says nothing about the source, and is tried again.
            if let Err(failure) = &result
                && failure.code == ErrorCode::Internal
            {
                self.file_failure(now, id, failure.clone());
                continue;
            }
            // A source that is gone by now was read whole before: what was sent is that version.
            match result
                .as_ref()
                .map_or(SourceChange::Same, |seen| file.fingerprint.compare(seen))
            {
                SourceChange::Same => {
                    file.stage = Stage::Complete;
                    if file.state == FileState::Registered {
                        changes.push(Change::FileState {
                            id,
                            from: FileState::Registered,
                            to: FileState::Uploading,
                        });
                        file.state = FileState::Uploading;
                    }
                    if file.state == FileState::Uploading {
                        changes.push(Change::FileState {
                            id,
                            from: FileState::Uploading,
                            to: FileState::Verifying,
                        });
                        file.state = FileState::Verifying;
                    }
                    if !file.counted_finishing {
                        file.counted_finishing = true;
                        if let Some(g) = self.groups.get_mut(&file.group) {
                            g.finishing += 1;
                        }
                    }
                }
                SourceChange::MetadataOnly | SourceChange::Renumbered => {
                    file.stage = Stage::Sending;
                    if let Ok(seen) = result
                        && !file.compare_anew(seen)
                    {
                        self.never_the_same(now, id);
                        continue;
                    }
                }
                SourceChange::Changed => {
                    if let Ok(seen) = result {
                        self.source_changed(now, id, seen);
                    }
                    continue;
                }
            }
            self.reindex(id);
        }
        if !changes.is_empty() {
            self.persist(changes, vec![]);
        }
    }

    pub(super) fn schedule_completes(&mut self, now: Timestamp) {
        let out = self.calls_out(|d| d.complete_calls);
        if !self.gather_completes.goes(now, out, self.ready.complete.len()) {
            return;
        }
        let keys: Vec<_> = self
            .ready
            .complete
            .iter()
            .take(self.config.batch)
            .copied()
            .collect();
        let mut by_destination: Vec<(DestinationId, Vec<CompleteAsk>)> = Vec::new();
        for key in keys {
            let (group, id) = (key.1, key.3);
            let Some(destination) = self.groups.get(&group).map(|g| g.record.destination) else {
                continue;
            };
            if self
                .destinations
                .get(&destination)
                .is_none_or(|d| d.complete_calls >= CALLS)
            {
                continue;
            }
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            let parts: Option<Vec<_>> = file
                .plan
                .parts()
                .zip(&file.parts)
                .map(|(r, p)| Some((r.number, r.len, p.crc64?, p.etag.clone()?)))
                .collect();
            let Some(parts) = parts else {
                // A stored part whose checksum nobody knows: its bytes are read once more.
                file.stage = Stage::Sending;
                file.pass = Some(0);
                file.sha256 = None;
                self.reindex(id);
                continue;
            };
            let ask = CompleteAsk {
                file: id,
                attempt: file.attempt,
                size: file.plan.size(),
                crc64: combine(parts.iter().map(|p| (p.2, p.1))),
                sha256: file.sha256,
                parts,
            };
            file.stage = Stage::Completing;
            self.ready.complete.remove(&key);
            match by_destination.iter_mut().find(|(d, _)| *d == destination) {
                Some((_, asks)) => asks.push(ask),
                None => by_destination.push((destination, vec![ask])),
            }
        }
        for (destination, files) in by_destination {
            if let Some(d) = self.destinations.get_mut(&destination) {
                d.complete_calls += 1;
            }
            // Behind the commits of their `verifying` and of their last parts.
            self.persist(vec![], vec![Effect::Complete { destination, files }]);
        }
    }

    pub(super) fn completed(
        &mut self,
        now: Timestamp,
        destination: DestinationId,
        asked: &[(FileId, u32)],
        result: Result<Vec<CompleteOutcome>, Failure>,
    ) {
        if let Some(d) = self.destinations.get_mut(&destination) {
            d.complete_calls = d.complete_calls.saturating_sub(1);
        }
        match result {
            Err(failure) => {
                if !self.hold_destination(now, destination, &failure) {
                    self.hold_as_down(now, destination, failure);
                }
                for (id, attempt) in asked {
                    self.stage_if(*id, *attempt, Stage::Completing, Stage::Complete);
                }
            }
            Ok(outcomes) => {
                let proved = |o: &CompleteOutcome| matches!(o, CompleteOutcome::Settled(_));
                if outcomes.iter().any(proved) {
                    self.storage_answers(destination);
                } else {
                    self.destination_answers(destination);
                }
                for ((id, attempt), outcome) in asked.iter().zip(outcomes) {
                    let ours = self
                        .files
                        .get(id)
                        .is_some_and(|f| f.attempt == *attempt && f.stage == Stage::Completing);
                    if ours {
                        self.complete_outcome(now, *id, outcome);
                    }
                }
            }
        }
    }

    fn complete_outcome(&mut self, now: Timestamp, id: FileId, outcome: CompleteOutcome) {
        match outcome {
            CompleteOutcome::Settled(proof) => self.done(now, id, proof),
            CompleteOutcome::Verifying => {
                if let Some(f) = self.files.get_mut(&id) {
                    f.stage = Stage::Complete;
                }
                self.wait(id, now.plus_millis(ASK_AGAIN_MS));
            }
            CompleteOutcome::PartsMissing(parts) => self.parts_missing(now, id, &parts),
            CompleteOutcome::Failed(failure) => self.file_failure(now, id, failure),
        }
    }

    fn parts_missing(&mut self, now: Timestamp, id: FileId, missing: &[PartNumber]) {
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        file.stage = Stage::Sending;
        let mut changes = Vec::new();
        if file.state == FileState::Verifying {
            file.state = FileState::Uploading;
            changes.push(Change::FileState {
                id,
                from: FileState::Verifying,
                to: FileState::Uploading,
            });
        }
        for n in missing {
            if file
                .parts
                .get(n.index())
                .is_some_and(super::file::Part::is_stored)
            {
                file.back_to_todo(n.index());
                changes.push(Change::PartState {
                    id,
                    n: *n,
                    to: PartState::Failed,
                });
            }
        }
        self.persist(changes, vec![]);
        let detail = format!("{} parts", missing.len());
        self.file_failure(now, id, Failure::new(ErrorCode::PartMissing, detail));
    }

    /// Proved: the receipt is written in the same transaction, and only then is it called done.
    pub(super) fn done(&mut self, now: Timestamp, id: FileId, mut proof: Proof) {
        let Some(file) = self.files.get(&id) else { return };
        proof.sha256 = file.sha256.or(proof.sha256);
        if proof.crc64.is_none() {
            let crcs: Option<Vec<_>> = file
                .plan
                .parts()
                .zip(&file.parts)
                .map(|(r, p)| p.crc64.map(|c| (c, r.len)))
                .collect();
            proof.crc64 = crcs.map(combine);
        }
        self.persist(
            vec![Change::FileDone {
                id,
                from: file.state,
                proof,
                at: now,
            }],
            vec![],
        );
        self.let_go(id);
    }

    pub(super) fn counted(&mut self, now: Timestamp, id: GroupId, counts: Counts) {
        let Some(g) = self.groups.get_mut(&id) else { return };
        g.counting = false;
        g.scanning = counts.scanning;
        if std::mem::take(&mut g.stirred) {
            return Self::rewind_after_count(g);
        }
        g.counted = true;
        // What was written before this count was asked for is written.
        self.removing.retain(|_, r| r.group != id);
        if counts.open > 0 || counts.scanning || g.active > 0 {
            g.reload_at = counts
                .next_try_at
                .map(|at| at.min(now.plus_millis(LONGEST_WAIT_MS)));
            // Paused one by one, as a rule. But a row that was not read, for whatever reason, is not left lying.
            g.look_again_at = Some(now.plus_millis(LOOK_AGAIN_MS));
            return;
        }
        if matches!(g.record.state, GroupState::Completed | GroupState::Cancelled) {
            return;
        }
        if counts.failed > 0 || counts.done == 0 {
            if g.record.state != GroupState::Failed && counts.failed + counts.rejected > 0 {
                let change = Change::GroupState {
                    id,
                    from: g.record.state,
                    to: GroupState::Failed,
                    at: now,
                };
                g.record.state = GroupState::Failed;
                let notice = if counts.failed > 0 {
                    Notice::NeedsYou
                } else {
                    Notice::Done
                };
                self.persist(
                    vec![change, Change::GroupTold { id, at: now }],
                    vec![Effect::Notify { group: id, notice }],
                );
            }
            return;
        }
        g.ending = true;
        self.out.push(Effect::Finalize { group: id });
    }

    fn rewind_after_count(g: &mut super::group::Group) {
        Self::rewind(g);
        g.stirred = false;
    }

    pub(super) fn finalized(&mut self, now: Timestamp, id: GroupId, result: Result<(), Failure>) {
        let random = self.chance();
        let Some(g) = self.groups.get_mut(&id) else { return };
        g.ending = false;
        g.trouble = None;
        if g.has_ended() {
            return;
        }
        if let Err(failure) = result {
            if g.record.intent == Intent::Cancelled {
                return;
            }
            let passes = match failure.code.retry_class() {
                RetryClass::Now | RetryClass::Backoff | RetryClass::When(_) => true,
                RetryClass::AfterPerson | RetryClass::Never => false,
            };
            if passes {
                g.tries = g.tries.saturating_add(1);
                g.reload_at = Some(next_try(now, g.tries, failure.retry_after_ms, random));
                g.trouble = (g.tries >= TROUBLE).then_some(failure);
                return;
            }
            // Each file has its proof; a group that the ledger does not know (all unchanged), or that keeps refused files
            // there, is complete here all the same.
        }
        if std::mem::take(&mut g.stirred) {
            return Self::rewind_after_count(g);
        }
        self.complete_group(now, id);
    }

    /// Everything of it is settled, and the ledger says so too.
    pub(super) fn complete_group(&mut self, now: Timestamp, id: GroupId) {
        let Some(g) = self.groups.get_mut(&id) else { return };
        let mut changes = Vec::new();
        if g.record.state != GroupState::Uploading {
            changes.push(Change::GroupState {
                id,
                from: g.record.state,
                to: GroupState::Uploading,
                at: now,
            });
        }
        changes.push(Change::GroupState {
            id,
            from: GroupState::Uploading,
            to: GroupState::Completed,
            at: now,
        });
        changes.push(Change::GroupTold { id, at: now });
        g.record.state = GroupState::Completed;
        self.persist(
            changes,
            vec![Effect::Notify {
                group: id,
                notice: Notice::Done,
            }],
        );
    }
}
