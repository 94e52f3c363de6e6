//! What the person wants: pause, go on, cancel. A cancelled thing is over only when the control plane confirmed it (I37).

use super::records::Change;
use super::{Effect, Machine};
use crate::conditions::Holds;
use crate::error::{ErrorCode, Failure};
use crate::ids::{DestinationId, FileId, GroupId};
use crate::limits::PAUSE_GRACE_MS;
use crate::retry::next_try;
use crate::states::{FileState, GroupState, Intent};
use crate::time::Timestamp;

/// How soon rows that stood elsewhere than expected are read again, milliseconds.
const STALE_MS: i64 = 1_000;

/// A file that is being given up.
#[derive(Debug)]
pub(super) struct Cancelling {
    group: GroupId,
    destination: DestinationId,
    state: FileState,
    out: bool,
    not_before: Timestamp,
    tries: u32,
}

/// A file whose removal is being written: where its row may stand, when not where it was believed to.
#[derive(Debug)]
pub(super) struct Removing {
    pub(super) group: GroupId,
    untried: Vec<FileState>,
}

impl Machine {
    pub(super) fn app_paused(&mut self, now: Timestamp, paused: bool) {
        self.paused = paused;
        let all: Vec<_> = self.files.keys().copied().collect();
        for id in all {
            if paused {
                self.hold_back(now, id);
            } else {
                // Whoever says "go on" means now, and so does who said when a pause ends.
                self.end_wait(id);
            }
            self.reindex(id);
        }
        if !paused {
            // Also what is being read or counted: its rows may have waited when they were read.
            self.groups.values_mut().for_each(Self::rewind);
        }
    }

    /// Other conditions hold: what may not run any more stops as by a pause, what may again is looked at from its first row.
    pub(super) fn hold(&mut self, now: Timestamp, holds: Holds) {
        self.holds = holds;
        let all: Vec<_> = self.files.values().map(|f| (f.id, f.group)).collect();
        for (id, group) in all {
            if !self.group_runs(group) {
                self.hold_back(now, id);
            }
            self.reindex(id);
        }
        let running: Vec<_> = self
            .groups
            .keys()
            .copied()
            .filter(|g| self.group_runs(*g))
            .collect();
        for id in running {
            if let Some(g) = self.groups.get_mut(&id).filter(|g| !g.loading && !g.counting) {
                Self::rewind(g);
            }
        }
    }

    pub(super) fn group_intent(&mut self, now: Timestamp, id: GroupId, intent: Intent) {
        let Some(g) = self.groups.get_mut(&id) else { return };
        if g.record.intent == Intent::Cancelled {
            return;
        }
        g.record.intent = intent;
        Self::rewind(g);
        let files: Vec<_> = self
            .files
            .values()
            .filter(|f| f.group == id)
            .map(|f| f.id)
            .collect();
        for file in files {
            match intent {
                // As for everything.
                Intent::Run => self.end_wait(file),
                Intent::Paused => self.hold_back(now, file),
                Intent::Cancelled => {
                    self.let_go(file);
                    continue;
                }
            }
            self.reindex(file);
        }
    }

    pub(super) fn file_intent(
        &mut self,
        now: Timestamp,
        id: FileId,
        group: GroupId,
        state: FileState,
        intent: Intent,
    ) {
        self.touch(group, id);
        let Some(g) = self.groups.get_mut(&group) else {
            return;
        };
        let destination = g.record.destination;
        match intent {
            Intent::Run | Intent::Paused => {
                Self::rewind(g);
                if let Some(f) = self.files.get_mut(&id) {
                    f.intent = intent;
                }
                if intent == Intent::Paused {
                    self.hold_back(now, id);
                }
                self.reindex(id);
                self.leave_if_paused(id);
            }
            Intent::Cancelled => {
                let state = self.files.get(&id).map_or(state, |f| f.state);
                self.let_go(id);
                let fresh = Cancelling {
                    group,
                    destination,
                    state,
                    out: false,
                    not_before: now,
                    tries: 0,
                };
                match state {
                    FileState::Done | FileState::Removed => {}
                    FileState::Queued
                    | FileState::Registered
                    | FileState::Uploading
                    | FileState::Verifying
                    | FileState::Failed => {
                        self.cancelling.entry(id).or_insert(fresh);
                    }
                }
            }
        }
    }

    /// No new request for the file. Parts in flight get a moment to end; all else in memory is given back.
    fn hold_back(&mut self, now: Timestamp, id: FileId) {
        self.drop_unsent(id);
        let Some(file) = self.files.get(&id) else { return };
        let until = now.plus_millis(PAUSE_GRACE_MS);
        self.grace.extend(file.sending.values().map(|put| (*put, until)));
    }

    /// A file that was paused by itself takes no room: it leaves once nothing of it is in flight, and comes back from its row.
    pub(super) fn leave_if_paused(&mut self, id: FileId) {
        if self
            .files
            .get(&id)
            .is_some_and(|f| f.intent == Intent::Paused && f.sending.is_empty())
        {
            self.let_go(id);
        }
    }

    /// Cuts what did not end in its moment. What was taken up again meanwhile is left alone.
    pub(super) fn end_grace(&mut self, now: Timestamp) {
        let due: Vec<_> = self
            .grace
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(put, _)| *put)
            .collect();
        for put in due {
            self.grace.remove(&put);
            let Some(file) = self
                .files
                .values()
                .find(|f| f.sending.values().any(|p| *p == put))
            else {
                continue;
            };
            if !self.may_run(file) {
                let id = file.id;
                self.stop_sending(id);
                self.reindex(id);
                self.leave_if_paused(id);
            }
        }
    }

    /// A guarded update met another state than expected. The row is the truth: the machine lets go of the file and looks again,
    /// after a moment, for what is wrong may last.
    pub(super) fn stale(&mut self, now: Timestamp, id: FileId) {
        if let Some(removing) = self.removing.get_mut(&id) {
            // Its row moved on just before it was cancelled.
            if let Some(from) = removing.untried.pop() {
                let group = removing.group;
                self.persist(vec![Change::FileRemoved { id, from, at: now }], vec![]);
                self.recount(group);
            }
            return;
        }
        let group = self.files.get(&id).map(|f| f.group);
        self.let_go(id);
        if let Some(g) = group.and_then(|g| self.groups.get_mut(&g)) {
            g.reload_after(now.plus_millis(STALE_MS));
        }
    }

    pub(super) fn cancels_sooner(&mut self, ms: i64) {
        self.cancelling
            .values_mut()
            .for_each(|c| c.not_before = c.not_before.plus_millis(-ms));
    }

    pub(super) fn next_cancel(&self) -> Option<Timestamp> {
        self.cancelling
            .values()
            .filter(|c| !c.out)
            .map(|c| c.not_before)
            .min()
    }

    pub(super) fn schedule_cancels(&mut self, now: Timestamp) {
        let mut by_destination: Vec<(DestinationId, Vec<FileId>)> = Vec::new();
        for (id, c) in self
            .cancelling
            .iter_mut()
            .filter(|(_, c)| !c.out && c.not_before <= now)
            .take(self.config.batch)
        {
            c.out = true;
            match by_destination.iter_mut().find(|(d, _)| *d == c.destination) {
                Some((_, ids)) => ids.push(*id),
                None => by_destination.push((c.destination, vec![*id])),
            }
        }
        for (destination, files) in by_destination {
            self.out.push(Effect::Delete { destination, files });
        }
        for (id, g) in &mut self.groups {
            let due = g.reload_at.is_none_or(|at| at <= now);
            if g.record.intent == Intent::Cancelled && !g.has_ended() && !g.cancel_sent && due {
                g.cancel_sent = true;
                g.reload_at = None;
                self.out.push(Effect::CancelGroup { group: *id });
            }
        }
    }

    pub(super) fn deleted(
        &mut self,
        now: Timestamp,
        _: DestinationId,
        asked: &[FileId],
        result: Result<Vec<bool>, Failure>,
    ) {
        let cleaned = result.unwrap_or_else(|_| vec![false; asked.len()]);
        for (id, clean) in asked.iter().zip(cleaned) {
            let random = self.chance();
            let Some(c) = self.cancelling.get_mut(id) else {
                continue;
            };
            if clean {
                let (group, from) = (c.group, c.state);
                self.cancelling.remove(id);
                let open = FileState::ALL
                    .iter()
                    .filter(|s| **s != from && s.may_become(FileState::Removed));
                self.removing.insert(
                    *id,
                    Removing {
                        group,
                        untried: open.copied().collect(),
                    },
                );
                self.persist(
                    vec![Change::FileRemoved {
                        id: *id,
                        from,
                        at: now,
                    }],
                    vec![],
                );
                self.recount(group);
            } else {
                c.out = false;
                c.tries = c.tries.saturating_add(1);
                c.not_before = next_try(now, c.tries, None, random);
            }
        }
    }

    /// One of its files counts no more among the open ones.
    fn recount(&mut self, group: GroupId) {
        if let Some(g) = self.groups.get_mut(&group) {
            g.counted = false;
            g.stirred |= g.loading || g.counting || g.ending;
        }
    }

    pub(super) fn group_cancelled(&mut self, now: Timestamp, id: GroupId, result: Result<(), Failure>) {
        let random = self.chance();
        let Some(g) = self.groups.get_mut(&id) else { return };
        if g.has_ended() {
            return;
        }
        // A group that the ledger never heard of has nothing there.
        let over = match &result {
            Ok(()) => true,
            Err(f) => f.code == ErrorCode::NotFound,
        };
        // It was too late: the answer to its end had been lost.
        if matches!(&result, Err(f) if f.code == ErrorCode::GroupCompleted) {
            return self.complete_group(now, id);
        }
        if over {
            g.record.state = GroupState::Cancelled;
            self.persist(vec![Change::GroupCancelled { id, at: now }], vec![]);
        } else {
            g.cancel_sent = false;
            g.tries = g.tries.saturating_add(1);
            g.reload_at = Some(next_try(now, g.tries, None, random));
        }
    }
}
