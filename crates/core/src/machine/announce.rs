//! Announcing files (`Init`), and what the control plane's answer makes of each.

use super::destination::CALLS;
use super::file::Stage;
use super::records::Change;
use super::{Effect, InitAsk, InitOutcome, Machine};
use crate::error::{ErrorCode, Failure};
use crate::ids::{DestinationId, FileId};
use crate::states::{BlockedReason, FileState, GroupState};
use crate::time::Timestamp;

/// How often a follower asks whether the same content has arrived, milliseconds.
const FOLLOW_MS: i64 = 1_000;
/// A follower waits so long for the other; then it sends the content itself (I32), milliseconds.
const FOLLOW_MOST_MS: i64 = 900_000;

impl Machine {
    /// Does whatever may be done now, in the order in which people put it.
    pub(super) fn schedule(&mut self, now: Timestamp) {
        self.schedule_loads(now);
        self.schedule_init(now);
        // These may send a file back to be read: they come before the reads.
        self.schedule_checks(now);
        self.schedule_completes(now);
        self.schedule_reads();
        self.schedule_signs(now);
        self.schedule_puts();
        self.schedule_cancels(now);
    }

    fn schedule_init(&mut self, now: Timestamp) {
        // While enough is asked, ten thousand files that wait need no look.
        if self.ready.init.is_empty() || self.calls_out(|d| d.init_calls).is_none() {
            return;
        }
        let mut by_destination: Vec<(DestinationId, Vec<InitAsk>)> = Vec::new();
        let keys: Vec<_> = self
            .ready
            .init
            .iter()
            .take(self.config.batch * 4)
            .copied()
            .collect();
        for key in keys {
            let (group, id) = (key.1, key.3);
            let Some(destination) = self.groups.get(&group).map(|g| g.record.destination) else {
                continue;
            };
            if self
                .destinations
                .get(&destination)
                .is_none_or(|d| d.init_calls >= CALLS)
                || !self.want_group(group)
            {
                continue;
            }
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            let slot = match by_destination.iter().position(|(d, _)| *d == destination) {
                Some(i) => i,
                None => {
                    by_destination.push((destination, Vec::new()));
                    by_destination.len() - 1
                }
            };
            if by_destination[slot].1.len() >= self.config.batch {
                continue;
            }
            by_destination[slot].1.push(InitAsk {
                file: id,
                attempt: file.attempt,
                sha256: file.sha256,
                race: file
                    .follows
                    .is_some_and(|since| now.millis_since(since) >= FOLLOW_MOST_MS),
            });
            file.stage = Stage::Announcing;
            self.ready.init.remove(&key);
        }
        for (destination, files) in by_destination {
            if let Some(d) = self.destinations.get_mut(&destination) {
                d.init_calls += 1;
            }
            self.out.push(Effect::Init { destination, files });
        }
    }

    pub(super) fn init_answered(
        &mut self,
        now: Timestamp,
        destination: DestinationId,
        asked: &[(FileId, u32)],
        result: Result<Vec<InitOutcome>, Failure>,
    ) {
        if let Some(d) = self.destinations.get_mut(&destination) {
            d.init_calls = d.init_calls.saturating_sub(1);
        }
        match result {
            Err(failure) => {
                if !self.hold_destination(now, destination, &failure) {
                    self.hold_as_down(now, destination, failure);
                }
                for (id, attempt) in asked {
                    self.stage_if(*id, *attempt, Stage::Announcing, Stage::Announce);
                }
            }
            Ok(outcomes) => {
                self.destination_answers(destination);
                let mut registered = Vec::new();
                for ((id, attempt), outcome) in asked.iter().zip(outcomes) {
                    self.init_outcome(now, *id, *attempt, outcome, &mut registered);
                }
                if !registered.is_empty() {
                    self.persist(registered, vec![]);
                }
            }
        }
    }

    /// Moves a file on if it is still the one that was asked about.
    pub(super) fn stage_if(&mut self, id: FileId, attempt: u32, from: Stage, to: Stage) -> bool {
        let hit = match self.files.get_mut(&id) {
            Some(f) if f.attempt == attempt && f.stage == from => {
                f.stage = to;
                true
            }
            Some(_) | None => false,
        };
        if hit {
            self.reindex(id);
        }
        hit
    }

    fn init_outcome(
        &mut self,
        now: Timestamp,
        id: FileId,
        attempt: u32,
        outcome: InitOutcome,
        registered: &mut Vec<Change>,
    ) {
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        if file.attempt != attempt || file.stage != Stage::Announcing {
            return;
        }
        match outcome {
            InitOutcome::Upload { object_key } => {
                file.stage = Stage::Sending;
                file.tries = 0;
                self.troubled.remove(&id);
                let hash = self
                    .groups
                    .get(&file.group)
                    .and_then(|g| self.destinations.get(&g.record.destination))
                    .map(|d| d.hash);
                file.plan_reads(hash.unwrap_or_default());
                if file.state == FileState::Queued {
                    file.state = FileState::Registered;
                    registered.push(Change::FileRegistered { id, object_key });
                }
                let group = file.group;
                self.group_under_way(now, group, registered);
            }
            InitOutcome::HashFirst if file.sha256.is_none() => {
                file.stage = Stage::HashFirst;
                file.pass = Some(0);
            }
            // It has the hash: asking for it again would never end.
            InitOutcome::HashFirst => {
                let failure = Failure::new(
                    ErrorCode::Internal,
                    "the control plane asks for a hash that it was given",
                );
                return self.file_failure(now, id, failure);
            }
            InitOutcome::Follow => {
                file.stage = Stage::Announce;
                file.blocked = Some(BlockedReason::Following);
                file.follows.get_or_insert(now);
                self.wait(id, now.plus_millis(FOLLOW_MS));
            }
            InitOutcome::Settled(proof) => {
                let group = file.group;
                self.group_under_way(now, group, registered);
                self.done(now, id, proof);
            }
            InitOutcome::Refused(failure) => return self.file_failure(now, id, failure),
        }
        self.reindex(id);
    }

    /// The first file of a group is on its way: `draft` → `uploading`.
    pub(super) fn group_under_way(
        &mut self,
        now: Timestamp,
        id: crate::ids::GroupId,
        changes: &mut Vec<Change>,
    ) {
        if let Some(g) = self.groups.get_mut(&id)
            && matches!(g.record.state, GroupState::Draft | GroupState::Failed)
        {
            changes.push(Change::GroupState {
                id,
                from: g.record.state,
                to: GroupState::Uploading,
                at: now,
            });
            g.record.state = GroupState::Uploading;
        }
    }

    /// The file waits until then.
    pub(super) fn wait(&mut self, id: FileId, until: Timestamp) {
        if let Some(f) = self.files.get_mut(&id) {
            if let Some(old) = f.wait_until.replace(until) {
                self.waiting.remove(&(old, id));
            }
            self.waiting.insert((until, id));
        }
        self.reindex(id);
    }
}
