//! A group in the machine: which of its files were brought, and whether there are more.
//!
//! Files are brought from the queue in the order of their positions, a window at a time. When the queue has no more and
//! none is left in the machine, the group is counted, and ends or waits ([`super::finish`]).

use std::collections::BTreeSet;

use super::file::File;
use super::records::{FileRecord, GroupRecord};
use super::{Effect, Machine};
use crate::error::{ErrorCode, Failure};
use crate::ids::{FileId, GroupId};
use crate::states::{FileState, GroupState, Intent};
use crate::time::Timestamp;

/// For each file at work so many may wait in the machine.
const WAITING_SHARE: usize = 3;
/// No wait is longer; one that seems so was written by another clock, milliseconds.
pub(super) const LONGEST_WAIT_MS: i64 = 1_200_000;
/// Rows brought at once.
const LOAD: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    No,
    Asked,
    Yes,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) record: GroupRecord,
    pub(super) held: bool,
    pub(super) scanning: bool,
    /// The control plane has it.
    pub(super) known: Known,
    /// Files up to here were brought.
    pub(super) cursor: i64,
    pub(super) loading: bool,
    /// Files that left the machine, or were wanted otherwise, while a load was out: what it brings of them is old.
    pub(super) touched: BTreeSet<FileId>,
    /// The queue had no more beyond the cursor.
    pub(super) exhausted: bool,
    /// Rows changed while a load was out.
    pub(super) stirred: bool,
    pub(super) counting: bool,
    pub(super) counted: bool,
    pub(super) ending: bool,
    pub(super) reload_at: Option<Timestamp>,
    /// Rows are open, and nothing told why they are not here: they are looked at once more then.
    pub(super) look_again_at: Option<Timestamp>,
    pub(super) tries: u32,
    /// What its end met, several times in a row.
    pub(super) trouble: Option<Failure>,
    pub(super) active: usize,
    pub(super) finishing: u32,
    pub(super) cancel_sent: bool,
}

impl Group {
    /// Nothing of it is under way and nothing will come by itself. `runs`: nothing holds it.
    pub(super) fn is_quiet(&self, runs: bool) -> bool {
        let nothing_out = !self.loading && !self.counting && !self.ending && self.known != Known::Asked;
        if self.has_ended() {
            return nothing_out;
        }
        let looked_through = self.exhausted && self.counted && self.active == 0;
        nothing_out && !self.scanning && self.record.intent != Intent::Cancelled && (!runs || looked_through)
    }

    /// Its rows are read again then, or before.
    pub(super) fn reload_after(&mut self, until: Timestamp) {
        self.reload_at = Some(self.reload_at.map_or(until, |at| at.min(until)));
        self.counted = false;
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.reload_at.is_some_and(|at| at <= now) || self.look_again_at.is_some_and(|at| at <= now)
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.record.state, GroupState::Completed | GroupState::Cancelled)
    }
}

impl Machine {
    pub(super) fn group_added(&mut self, record: GroupRecord, held: bool, scanning: bool) {
        let id = record.id;
        self.groups.entry(id).or_insert(Group {
            record,
            held,
            scanning,
            known: Known::No,
            cursor: i64::MIN,
            loading: false,
            touched: BTreeSet::new(),
            exhausted: false,
            stirred: false,
            counting: false,
            counted: false,
            ending: false,
            reload_at: None,
            look_again_at: None,
            tries: 0,
            trouble: None,
            active: 0,
            finishing: 0,
            cancel_sent: false,
        });
    }

    pub(super) fn group_work(&mut self, id: GroupId, scanning: bool) {
        if let Some(g) = self.groups.get_mut(&id) {
            g.scanning = scanning;
            Self::rewind(g);
        }
    }

    /// What a load that is out brings of this file is old by now.
    pub(super) fn touch(&mut self, group: GroupId, file: FileId) {
        if let Some(g) = self.groups.get_mut(&group).filter(|g| g.loading) {
            g.touched.insert(file);
        }
    }

    /// Everything from the first row on is looked at again; what is in the machine already is skipped.
    pub(super) fn rewind(g: &mut Group) {
        g.cursor = i64::MIN;
        g.exhausted = false;
        g.counted = false;
        g.reload_at = None;
        g.look_again_at = None;
        g.stirred = g.loading || g.counting || g.ending;
    }

    pub(super) fn group_released(&mut self, id: GroupId) {
        if let Some(g) = self.groups.get_mut(&id) {
            g.held = false;
            Self::rewind(g);
        }
        self.reindex_group(id);
    }

    /// What stands first is loaded first and sent first; what is out already is not called back.
    pub(super) fn groups_ordered(&mut self, order: Vec<(GroupId, i64)>) {
        for (id, position) in order {
            match self.groups.get_mut(&id) {
                Some(g) if g.record.position != position => g.record.position = position,
                Some(_) | None => continue,
            }
            let files: Vec<_> = self
                .files
                .values()
                .filter(|f| f.group == id)
                .map(|f| f.id)
                .collect();
            for file in files {
                if let Some(f) = self.files.get_mut(&file) {
                    self.ready.remove(&f.key);
                    f.key.0 = position;
                }
                self.reindex(file);
            }
        }
    }

    pub(super) fn reindex_group(&mut self, id: GroupId) {
        let files: Vec<_> = self
            .files
            .values()
            .filter(|f| f.group == id)
            .map(|f| f.id)
            .collect();
        files.into_iter().for_each(|f| self.reindex(f));
    }

    pub(super) fn loaded(&mut self, now: Timestamp, group: GroupId, records: Vec<FileRecord>, last: bool) {
        let Some(g) = self.groups.get_mut(&group) else {
            return;
        };
        g.loading = false;
        let touched = std::mem::take(&mut g.touched);
        if std::mem::take(&mut g.stirred) {
            Self::rewind(g);
            g.stirred = false;
        } else {
            g.exhausted = last;
            if let Some(r) = records.last() {
                g.cursor = r.position;
            }
        }
        if g.record.intent == Intent::Cancelled || g.has_ended() {
            return;
        }
        let (position, destination) = (g.record.position, g.record.destination);
        let hash = self
            .destinations
            .get(&destination)
            .map(|d| d.hash)
            .unwrap_or_default();
        if self
            .groups
            .get(&group)
            .is_some_and(|g| g.record.state == GroupState::Failed)
            && !records.is_empty()
        {
            let mut changes = Vec::new();
            self.group_under_way(now, group, &mut changes);
            self.persist(changes, vec![]);
        }
        for record in records {
            if touched.contains(&record.id)
                || self.files.contains_key(&record.id)
                || record.intent != Intent::Run
                || !is_open(record.state)
            {
                continue;
            }
            let Some(file) = File::new(&record, position, hash) else {
                let failure = Failure::new(ErrorCode::QueueDamaged, "its stored plan does not fit its size");
                let change = super::records::Change::FileFailed {
                    id: record.id,
                    from: record.state,
                    failure,
                    at: now,
                };
                self.persist(vec![change], vec![]);
                continue;
            };
            let old_signs = self.signing.get(&record.id).copied().unwrap_or(0);
            self.files.insert(record.id, File { old_signs, ..file });
            if let Some(at) = record
                .next_try_at
                .filter(|at| *at > now && at.millis_since(now) <= LONGEST_WAIT_MS)
            {
                self.wait(record.id, at);
            }
            if let Some(g) = self.groups.get_mut(&group) {
                g.active += 1;
            }
            self.reindex(record.id);
        }
    }

    /// Asks for the group at the control plane, before its first file.
    pub(super) fn want_group(&mut self, id: GroupId) -> bool {
        let Some(g) = self.groups.get_mut(&id) else {
            return false;
        };
        if g.known == Known::No {
            g.known = Known::Asked;
            let destination = g.record.destination;
            self.out.push(Effect::CreateGroup { group: id });
            if let Some(d) = self.destinations.get_mut(&destination) {
                d.other_calls += 1;
            }
            return false;
        }
        g.known == Known::Yes
    }

    pub(super) fn group_created(&mut self, now: Timestamp, id: GroupId, result: Result<(), Failure>) {
        let Some(g) = self.groups.get_mut(&id) else { return };
        let destination = g.record.destination;
        g.known = if result.is_ok() { Known::Yes } else { Known::No };
        if let Some(d) = self.destinations.get_mut(&destination) {
            d.other_calls = d.other_calls.saturating_sub(1);
        }
        match result {
            Ok(()) => self.destination_answers(destination),
            Err(failure) => {
                if !self.hold_destination(now, destination, &failure) {
                    self.hold_as_down(now, destination, failure);
                }
            }
        }
    }

    /// A failure of a call that concerns no single file: the destination waits and tries again.
    pub(super) fn hold_as_down(&mut self, now: Timestamp, id: crate::ids::DestinationId, failure: Failure) {
        let random = self.chance();
        let reason = failure.code.retry_class().reason();
        if let Some(d) = self.destinations.get_mut(&id)
            && d.held.is_none()
        {
            d.hold(now, reason, failure, random);
        }
        self.wake_destination(id);
    }

    /// Brings more files while there is room.
    pub(super) fn schedule_loads(&mut self, now: Timestamp) {
        let wants = |g: &Group| {
            g.is_due(now)
                || (!g.loading && !g.counting && !g.ending && (!g.exhausted || (g.active == 0 && !g.counted)))
        };
        if !self.groups.values().any(wants) {
            return;
        }
        // Files of groups that are held take no room: they may not starve the others.
        let running: usize = self
            .groups
            .values()
            .filter(|g| self.group_runs(g.record.id))
            .map(|g| g.active)
            .sum();
        // Those that wait for a time make room, within bounds: what they wait for may be among the next.
        // A disk may be away for days: what waits for one takes nobody's room.
        let diskless = self.disks.waiting();
        let waiting = (self.waiting.len().saturating_sub(diskless))
            .min(self.config.active_files.saturating_mul(WAITING_SHARE))
            .saturating_add(diskless);
        let diskless = self.disks.waiting_of_groups();
        let mut room = self
            .config
            .active_files
            .saturating_sub(running.saturating_sub(waiting));
        let mut order: Vec<_> = self
            .groups
            .values()
            .map(|g| (g.record.position, g.record.id))
            .collect();
        order.sort_unstable();
        for (_, id) in order {
            let runs = self.group_runs(id);
            let Some(g) = self.groups.get_mut(&id) else {
                continue;
            };
            if g.is_due(now) {
                Self::rewind(g);
            }
            if !runs || g.loading || g.counting || g.ending {
                continue;
            }
            if !g.exhausted {
                // The rest of it most likely lies on that disk too.
                let full = diskless.get(&id).is_some_and(|n| *n >= self.config.active_files);
                if room > 0 && !full {
                    g.loading = true;
                    room = room.saturating_sub(LOAD);
                    let load = Effect::Load {
                        group: id,
                        after: g.cursor,
                        limit: LOAD,
                    };
                    // Behind the commits of what left the machine: a row may not come back as it was before.
                    self.persist(vec![], vec![load]);
                }
            } else if g.active == 0 && !g.counted && g.reload_at.is_none() && !g.scanning {
                g.counting = true;
                self.persist(vec![], vec![Effect::Count { group: id }]);
            }
        }
    }
}

fn is_open(state: FileState) -> bool {
    match state {
        FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying => true,
        FileState::Done | FileState::Failed | FileState::Removed => false,
    }
}
