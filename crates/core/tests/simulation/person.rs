//! What a person and fate do: pause, go on, cancel, edit, retry; crash and launch again.

use windlass_core::conditions::Holds;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::machine::records::Change;
use windlass_core::machine::{Event, Machine};
use windlass_core::reconcile::{Observation, Remote, check, plan};
use windlass_core::states::{BlockedReason, FileState, GroupState, Intent};

use crate::disk::EDITS;
use crate::queue::is_open;
use crate::world::{Shell, World};

impl World {
    /// Something that nobody planned.
    pub(crate) fn chaos(&mut self) {
        if self.rng.chance(self.manner.edits * 20) {
            let files: Vec<_> = self.queue.files.keys().copied().collect();
            let (Some(id), Some(edit)) = (self.rng.pick(&files).copied(), self.rng.pick(&EDITS).copied())
            else {
                return;
            };
            self.oracle.note(self.now, format!("{edit:?} {id}"));
            self.disk.edit(id, edit, &mut self.rng);
            return;
        }
        match self.rng.below(15) {
            0 => {
                self.app_paused = !self.app_paused;
                self.shell.person.push_back(Event::AppPaused(self.app_paused));
            }
            1..=3 => self.change_group(),
            4..=6 => self.change_file(),
            7 => {
                self.retry_all();
            }
            8 => {
                let files: Vec<_> = self.queue.files.keys().copied().collect();
                let Some(id) = self.rng.pick(&files).copied() else {
                    return;
                };
                self.oracle.note(self.now, format!("the operator removes {id}"));
                self.server.operator_removes(id);
                self.oracle.storage_lost(id);
            }
            9 => self.block_queue(!self.queue_blocked),
            10 => {
                let id = *self.rng.pick(&self.destinations).expect("a destination");
                self.shell.person.push_back(Event::DestinationReady { id });
            }
            11 => self.scan(),
            12 => self.hold(),
            13 => self.shell.person.push_back(Event::NewLines),
            _ => {
                let hours = *self.rng.pick(&[-8_760, -1, 1, 8_760]).expect("a time");
                self.skew += hours * 3_600_000;
                self.oracle.count("the clock is set");
                self.oracle
                    .note(self.now, format!("the clock is set by {hours} h"));
            }
        }
    }

    /// Network and power come and go; now and then the person does not mind for one group.
    fn hold(&mut self) {
        let reasons = [BlockedReason::Metered, BlockedReason::Battery];
        let reasons: Vec<_> = reasons.into_iter().filter(|_| self.rng.chance(500)).collect();
        let groups: Vec<_> = self.queue.groups.keys().copied().collect();
        let passed = self.rng.pick(&groups).copied();
        let holds = Holds {
            anyway: reasons.iter().map(|r| (*r, passed)).collect(),
            reasons,
            local: self.rng.pick(&self.destinations).copied().into_iter().collect(),
            ..Holds::default()
        };
        self.oracle.note(self.now, format!("{:?} hold", holds.reasons));
        self.shell.person.push_back(Event::Hold(holds));
    }

    fn block_queue(&mut self, blocked: bool) {
        self.queue_blocked = blocked;
        let reason = blocked.then_some(BlockedReason::QueueDiskFull);
        self.shell.person.push_back(Event::QueueBlocked(reason));
    }

    fn change_group(&mut self) {
        let groups: Vec<_> = self.queue.groups.keys().copied().collect();
        let Some(id) = self.rng.pick(&groups).copied() else {
            return;
        };
        let cancel = self.rng.chance(60);
        let record = &mut self.queue.groups.get_mut(&id).expect("a group").record;
        if record.intent == Intent::Cancelled
            || matches!(record.state, GroupState::Completed | GroupState::Cancelled)
        {
            return;
        }
        record.intent = match record.intent {
            _ if cancel => Intent::Cancelled,
            Intent::Run => Intent::Paused,
            Intent::Paused | Intent::Cancelled => Intent::Run,
        };
        let intent = record.intent;
        if intent != Intent::Paused {
            self.shell.person.push_back(Event::GroupReleased { id });
        }
        self.shell.person.push_back(Event::GroupIntent { id, intent });
    }

    fn change_file(&mut self) {
        let files: Vec<_> = self.queue.files.keys().copied().collect();
        let Some(id) = self.rng.pick(&files).copied() else {
            return;
        };
        let cancel = self.rng.chance(150);
        let record = &mut self.queue.files.get_mut(&id).expect("a file").record;
        if record.intent == Intent::Cancelled || matches!(record.state, FileState::Done | FileState::Removed)
        {
            return;
        }
        record.intent = match record.intent {
            _ if cancel => Intent::Cancelled,
            Intent::Run => Intent::Paused,
            Intent::Paused | Intent::Cancelled => Intent::Run,
        };
        let told = Event::FileIntent {
            id,
            group: record.group,
            state: record.state,
            intent: record.intent,
        };
        self.shell.person.push_back(told);
    }

    /// "Try again", for everything that failed. True when there was something.
    pub(crate) fn retry_all(&mut self) -> bool {
        let mut any = false;
        for group in self.queue.groups.values_mut() {
            let r = &mut group.record;
            if r.intent == Intent::Cancelled
                || matches!(r.state, GroupState::Completed | GroupState::Cancelled)
            {
                continue;
            }
            let mut stirred = false;
            for row in self.queue.files.values_mut().filter(|f| f.record.group == r.id) {
                stirred |= row.retry();
            }
            if stirred {
                if r.state == GroupState::Failed {
                    r.state = GroupState::Uploading;
                }
                self.shell.person.push_back(Event::GroupWork {
                    id: r.id,
                    scanning: group.scanning,
                });
                any = true;
            }
        }
        any
    }

    /// The walk of a dropped folder finds one more, or ends.
    fn scan(&mut self) {
        let walking: Vec<_> = self
            .queue
            .groups
            .values()
            .filter(|g| g.scanning)
            .map(|g| g.record.clone())
            .collect();
        let Some(record) = self.rng.pick(&walking).cloned() else {
            return;
        };
        let ended = matches!(record.state, GroupState::Completed | GroupState::Cancelled);
        if !ended && self.rng.chance(600) {
            self.add_file(record.id);
        } else {
            self.end_scan(record.id);
            return;
        }
        self.shell.person.push_back(Event::GroupWork {
            id: record.id,
            scanning: true,
        });
    }

    fn end_scan(&mut self, id: windlass_core::ids::GroupId) {
        self.queue.groups.get_mut(&id).expect("a group").scanning = false;
        self.shell
            .person
            .push_back(Event::GroupWork { id, scanning: false });
    }

    /// kill -9, and the next launch.
    pub(crate) fn crash(&mut self) {
        self.oracle.note(self.now, "crash".into());
        self.oracle.count("crash");
        let calls = std::mem::take(&mut self.shell).calls;
        for (_, call) in calls {
            // What was on the wire may arrive all the same.
            if self.rng.chance(500) {
                self.carry_without_answer(call);
            }
        }
        self.shell = Shell::default();
        self.oracle.forget();
        self.queue_blocked = false;
        self.while_it_is_off();
        let asleep = *self.rng.pick(&[0, 500, 70_000, 86_400_000]).expect("a time");
        self.now = self.now.plus_millis(asleep);
        self.reconcile();
        self.machine = Machine::new(self.manner.config.clone(), self.rng.next());
        for id in self.launch() {
            if self.rng.chance(100) {
                self.start_over(id);
            }
        }
    }

    /// The destination goes on without us, and forgets.
    fn while_it_is_off(&mut self) {
        let open: Vec<_> = self
            .queue
            .files
            .values()
            .filter(|r| is_open(r.record.state))
            .map(|r| r.record.clone())
            .collect();
        for r in open {
            if self.rng.chance(60) && self.server.loses_part(r.id, r.attempt).is_some() {
                self.oracle.storage_lost(r.id);
            }
            if self.rng.chance(20) {
                self.server.operator_removes(r.id);
                self.oracle.storage_lost(r.id);
            }
        }
    }

    /// The answer "start over" to the report about a group: each of its interrupted files, as its source is now.
    fn start_over(&mut self, group: windlass_core::ids::GroupId) {
        let rows = self
            .queue
            .of_group(group)
            .filter(|r| is_open(r.record.state) && r.record.state != FileState::Queued);
        let anew: Vec<_> = rows
            .map(|r| Change::FileStartOver {
                id: r.record.id,
                from: r.record.state,
                attempt: r.record.attempt + 1,
                fingerprint: self.disk.stat(r.record.id).unwrap_or(r.record.fingerprint),
                part_size: self.manner.part_size,
                part_count: 1,
                because: Failure::new(ErrorCode::Cancelled, "started over by the person"),
                at: self.now,
            })
            .collect();
        for change in anew {
            self.queue
                .apply(&change, self.manner.part_size)
                .expect("nobody works on a held group");
        }
    }

    fn observe(&mut self) -> Vec<Observation> {
        let asked = self.calm || !self.rng.chance(100);
        let queued_too = self.rng.chance(500);
        let rows = self.queue.files.values().filter(|r| is_open(r.record.state));
        rows.filter(|r| queued_too || r.record.state != FileState::Queued)
            .map(|r| {
                let id = r.record.id;
                let remote = if asked {
                    self.server.tell(id)
                } else {
                    Remote::NotAsked
                };
                (r.local(), remote, self.disk.seen(id))
            })
            .collect()
    }

    /// I16: applied action by action, maybe cut in the middle and begun again; afterwards nothing is left to do.
    fn reconcile(&mut self) {
        loop {
            let seen = self.observe();
            let made = plan(&seen, self.clock());
            assert_eq!(check(&made, &seen), Vec::<String>::new());
            let crash = self
                .rng
                .chance(100)
                .then(|| self.rng.below(made.actions.len() as u64 + 1) as usize);
            for action in made.actions.iter().take(crash.unwrap_or(usize::MAX)) {
                self.oracle.note(
                    self.now,
                    format!("{:?} {}: {}", action.kind, action.file, action.because),
                );
                self.oracle.count(found(action.kind));
                for change in &action.changes {
                    self.queue
                        .apply(change, self.manner.part_size)
                        .expect("a plan is allowed by the tables");
                    self.oracle
                        .committed(change, &self.queue, &self.server, &self.disk);
                }
            }
            if crash.is_some() {
                continue;
            }
            let again: Vec<Observation> = seen
                .into_iter()
                .map(|(f, remote, source)| (self.queue.files[&f.id].local(), remote, source))
                .collect();
            let left: Vec<_> = plan(&again, self.now)
                .actions
                .into_iter()
                .flat_map(|a| a.changes)
                .collect();
            assert!(left.is_empty(), "I16: once more: {left:?}");
            return;
        }
    }

    /// Everything is in order again: the person lets all go on.
    pub(crate) fn calm_down(&mut self) {
        self.oracle.note(self.now, "calm".into());
        self.calm = true;
        if self.queue_blocked {
            self.block_queue(false);
        }
        self.app_paused = false;
        self.shell.person.push_back(Event::AppPaused(false));
        self.shell.person.push_back(Event::Hold(Holds::default()));
        let groups: Vec<_> = self.queue.groups.keys().copied().collect();
        for id in groups {
            self.shell.person.push_back(Event::GroupReleased { id });
            let row = self.queue.groups.get_mut(&id).expect("a group");
            if row.record.intent == Intent::Paused {
                row.record.intent = Intent::Run;
                self.shell.person.push_back(Event::GroupIntent {
                    id,
                    intent: Intent::Run,
                });
            }
            if row.scanning {
                self.end_scan(id);
            }
        }
        for row in self.queue.files.values_mut() {
            let r = &mut row.record;
            if r.intent == Intent::Paused {
                r.intent = Intent::Run;
                let told = Event::FileIntent {
                    id: r.id,
                    group: r.group,
                    state: r.state,
                    intent: Intent::Run,
                };
                self.shell.person.push_back(told);
            }
        }
        for id in self.destinations.clone() {
            self.shell.person.push_back(Event::DestinationReady { id });
        }
    }
}

fn found(kind: windlass_core::reconcile::FindingKind) -> &'static str {
    use windlass_core::reconcile::FindingKind as K;
    match kind {
        K::Continues => "found: continues",
        K::MoreStored => "found: more stored",
        K::FewerStored => "found: fewer stored",
        K::Finishes => "found: finishes",
        K::WasFinished => "found: was finished",
        K::SessionGone => "found: session gone",
        K::FileChanged => "found: file changed",
        K::FileMissing => "found: file missing",
        K::DiskMissing => "found: disk missing",
        K::NotStarted => "found: not started",
        K::AbandonedElsewhere => "found: abandoned elsewhere",
    }
}
