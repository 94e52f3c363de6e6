//! One run: the very machine, a simulated shell, a durable queue, a server, a disk and a person, in one thread.
//!
//! The world is born from a seed. Everything that takes time waits in a list and happens in any order; the lane to the queue
//! alone keeps its order. A crash drops the machine and all that waits; queue, server and disk stay.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::records::{Change, FileRecord, GroupRecord};
use windlass_core::machine::{BufferId, Config, ContentHash, Effect, Event, Machine, PutId};
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_core::time::Timestamp;
use windlass_core::units::{PartNumber, Sha256};

use crate::calls::Call;
use crate::disk::Disk;
use crate::oracle::Oracle;
use crate::queue::{GroupRow, Queue, Row};
use crate::rng::Rng;
use crate::server::{Server, Url};

/// Signed URLs, each for one part.
pub(crate) type Urls = Vec<((FileId, PartNumber), Url)>;

/// What a crash leaves nothing of.
#[derive(Debug, Default)]
pub(crate) struct Shell {
    pub(crate) lane: VecDeque<(Vec<Change>, Vec<Effect>)>,
    pub(crate) calls: Vec<(Timestamp, Call)>,
    /// Answers, with the URLs that came along.
    pub(crate) events: Vec<(Timestamp, Event, Urls)>,
    /// What a person did, in order.
    pub(crate) person: VecDeque<Event>,
    /// What each buffer holds of the pool, and its bytes once they are read.
    pub(crate) buffers: BTreeMap<BufferId, (u64, Option<Vec<u8>>)>,
    pub(crate) reads: BTreeSet<BufferId>,
    pub(crate) puts: BTreeSet<PutId>,
    /// PUTs that were cut before they began.
    pub(crate) cut: BTreeSet<PutId>,
    pub(crate) urls: BTreeMap<(FileId, PartNumber), Url>,
    /// Bytes that the hashing pass of an open source has seen.
    pub(crate) hashed: BTreeMap<FileId, (u64, Vec<u8>)>,
    pub(crate) opened: u64,
}

/// How one run is.
#[derive(Debug)]
pub(crate) struct Manner {
    pub(crate) config: Config,
    pub(crate) hash: ContentHash,
    /// Of a thousand calls so many fail.
    pub(crate) faults: u64,
    /// Of a thousand steps so many are something that a person or fate does.
    pub(crate) chaos: u64,
    pub(crate) crashes: u64,
    pub(crate) edits: u64,
    /// Answers take up to so long, milliseconds.
    pub(crate) latency: u64,
    pub(crate) part_size: u64,
    pub(crate) page: usize,
}

pub(crate) struct World {
    pub(crate) rng: Rng,
    /// As it is.
    pub(crate) now: Timestamp,
    /// How far this computer's clock is off, milliseconds.
    pub(crate) skew: i64,
    pub(crate) manner: Manner,
    pub(crate) disk: Disk,
    pub(crate) queue: Queue,
    pub(crate) server: Server,
    pub(crate) machine: Machine,
    pub(crate) shell: Shell,
    pub(crate) oracle: Oracle,
    pub(crate) destinations: Vec<DestinationId>,
    pub(crate) app_paused: bool,
    pub(crate) queue_blocked: bool,
    /// The server and the network behave.
    pub(crate) calm: bool,
    pub(crate) refused: BTreeSet<FileId>,
    pub(crate) steps: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let manner = manner(&mut rng);
        let server = Server::new(&mut rng, manner.latency);
        let now = Timestamp::from_millis(1_700_000_000_000);
        let destinations = (0..rng.between(1, 2))
            .map(|_| DestinationId::new(now, rng.bytes10()))
            .collect();
        let mut world = Self {
            machine: Machine::new(manner.config.clone(), rng.next()),
            rng,
            now,
            skew: 0,
            manner,
            disk: Disk::default(),
            queue: Queue::default(),
            server,
            shell: Shell::default(),
            oracle: Oracle::default(),
            destinations,
            app_paused: false,
            queue_blocked: false,
            calm: false,
            refused: BTreeSet::new(),
            steps: 0,
        };
        let groups = world.rng.between(1, 3);
        for position in 0..groups {
            world.make_group(position as i64);
        }
        world.launch();
        world
    }

    fn make_group(&mut self, position: i64) {
        let id = GroupId::new(self.now, self.rng.bytes10());
        let destination = *self.rng.pick(&self.destinations).expect("a destination");
        let record = GroupRecord {
            id,
            destination,
            position,
            intent: Intent::Run,
            state: GroupState::Draft,
        };
        let scanning = self.rng.chance(200);
        self.queue.groups.insert(id, GroupRow { record, scanning });
        let many = *self.rng.pick(&[1, 2, 4, 12]).expect("a number");
        for _ in 0..self.rng.between(1, many) {
            self.add_file(id);
        }
    }

    /// A file is taken in.
    pub(crate) fn add_file(&mut self, group: GroupId) {
        let id = FileId::new(self.now, self.rng.bytes10());
        let position = self.queue.of_group(group).count() as i64;
        let known: Vec<_> = self.queue.files.keys().copied().collect();
        let twin = if self.rng.chance(150) {
            self.rng.pick(&known).copied()
        } else {
            None
        };
        let size = *self.rng.pick(&[0, 1, 5, 16, 17, 30, 60]).expect("a size");
        let fingerprint = self.disk.create(id, size, twin);
        let record = FileRecord {
            id,
            group,
            position,
            intent: Intent::Run,
            state: FileState::Queued,
            attempt: 1,
            fingerprint,
            part_size: self.manner.part_size,
            sha256: None,
            tries: 0,
            next_try_at: None,
            parts: Vec::new(),
        };
        if self.rng.chance(30) {
            self.refused.insert(id);
        }
        self.queue.files.insert(
            id,
            Row {
                record,
                failure: None,
                registered: false,
                receipt: None,
            },
        );
    }

    /// Tells a machine that was just born what there is. Answers with the groups that wait for a person's answer.
    pub(crate) fn launch(&mut self) -> Vec<GroupId> {
        for id in self.destinations.clone() {
            self.shell.person.push_back(Event::DestinationAdded {
                id,
                hash: self.manner.hash,
            });
        }
        if self.app_paused {
            self.shell.person.push_back(Event::AppPaused(true));
        }
        let mut held = Vec::new();
        for row in self.queue.groups.values() {
            if matches!(row.record.state, GroupState::Completed | GroupState::Cancelled) {
                continue;
            }
            let hold = row.record.intent == Intent::Run && self.rng.chance(500);
            held.extend(hold.then_some(row.record.id));
            let added = Event::GroupAdded {
                record: row.record.clone(),
                held: hold,
                scanning: row.scanning,
            };
            self.shell.person.push_back(added);
        }
        for row in self.queue.files.values() {
            let r = &row.record;
            if r.intent == Intent::Cancelled && !matches!(r.state, FileState::Done | FileState::Removed) {
                let told = Event::FileIntent {
                    id: r.id,
                    group: r.group,
                    state: r.state,
                    intent: Intent::Cancelled,
                };
                self.shell.person.push_back(told);
            }
        }
        for id in &held {
            self.shell.person.push_back(Event::GroupReleased { id: *id });
        }
        held
    }

    /// One thing happens. False when nothing is left that could.
    pub(crate) fn step(&mut self) -> bool {
        self.steps += 1;
        let now = self.now;
        let due =
            |times: Vec<Timestamp>| -> Vec<usize> { (0..times.len()).filter(|i| times[*i] <= now).collect() };
        let calls = due(self.shell.calls.iter().map(|(at, _)| *at).collect());
        let events = due(self.shell.events.iter().map(|(at, ..)| *at).collect());
        let mut choices = Vec::new();
        choices.extend((!self.shell.lane.is_empty() && !self.queue_blocked).then_some(0));
        choices.extend((!calls.is_empty()).then_some(1));
        choices.extend((!events.is_empty()).then_some(2));
        choices.extend((!self.shell.person.is_empty()).then_some(3));
        choices.extend(self.wakes_at().is_some_and(|at| at <= self.now).then_some(4));
        match self.rng.pick(&choices) {
            Some(0) => self.commit(),
            Some(1) => {
                let i = *self.rng.pick(&calls).expect("a call");
                let (_, call) = self.shell.calls.swap_remove(i);
                self.carry(call);
            }
            Some(2) => {
                let i = *self.rng.pick(&events).expect("an event");
                let (_, event, urls) = self.shell.events.swap_remove(i);
                self.shell.urls.extend(urls);
                self.tell(event);
            }
            Some(3) => {
                let event = self.shell.person.pop_front().expect("an event");
                self.tell(event);
            }
            Some(_) => self.tell(Event::Tick),
            None => return self.wait(),
        }
        self.oracle.holds(&self.shell, &self.manner.config);
        true
    }

    /// Nothing can happen now: time goes on to when something can.
    fn wait(&mut self) -> bool {
        let calls = self.shell.calls.iter().map(|(at, _)| *at);
        let events = self.shell.events.iter().map(|(at, ..)| *at);
        match calls.chain(events).chain(self.wakes_at()).min() {
            Some(at) => {
                self.now = self.now.max(at);
                true
            }
            None => {
                let more = self.machine.handle(self.clock(), Event::Tick);
                assert!(
                    more.is_empty(),
                    "nothing would have come of this but by chance: {more:?}"
                );
                false
            }
        }
    }

    /// So much longer may a wait that was written down seem after the clock was set back.
    pub(crate) fn set_back_ms(&self) -> i64 {
        if self.skew == 0 { 0 } else { 1_200_000 }
    }

    /// What this computer's clock shows.
    pub(crate) fn clock(&self) -> Timestamp {
        self.now.plus_millis(self.skew)
    }

    /// When the machine is to be woken. The shell sleeps no longer than a minute, for the clock may be set.
    fn wakes_at(&self) -> Option<Timestamp> {
        self.machine
            .next_wake()
            .map(|at| at.plus_millis(-self.skew).min(self.now.plus_millis(60_000)))
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.oracle.told(&event, self.now);
        let effects = self.machine.handle(self.clock(), event);
        effects.into_iter().for_each(|e| self.carry_out(e));
    }

    /// Later, as answers are.
    pub(crate) fn later(&mut self) -> Timestamp {
        let slow = match self.calm {
            true => self.manner.latency.min(200),
            false if self.rng.chance(20) => 30_000,
            false => self.manner.latency,
        };
        self.now.plus_millis(self.rng.below(slow + 1) as i64)
    }

    pub(crate) fn answer(&mut self, event: Event) {
        self.answer_with(event, Vec::new());
    }

    pub(crate) fn answer_with(&mut self, event: Event, urls: Urls) {
        let at = self.later();
        self.shell.events.push((at, event, urls));
    }

    fn commit(&mut self) {
        let Some((changes, then)) = self.shell.lane.pop_front() else {
            return;
        };
        for change in &changes {
            let part_size = self.manner.part_size;
            match self.queue.apply(change, part_size) {
                Ok(()) => self
                    .oracle
                    .committed(change, &self.queue, &self.server, &self.disk),
                Err(why) => {
                    self.oracle.refused(change, &why, &self.queue);
                    if let Some(file) = change.file() {
                        // Told before what waited for the commit.
                        self.tell(Event::Stale { file });
                    }
                }
            }
        }
        then.into_iter().for_each(|e| self.carry_out(e));
    }

    pub(crate) fn size_of_group(&self, id: GroupId) -> Vec<FileId> {
        self.queue.of_group(id).map(|r| r.record.id).collect()
    }
}

fn manner(rng: &mut Rng) -> Manner {
    let config = Config {
        connections: rng.between(1, 4) as u32,
        small_puts: 2,
        small_share: rng.between(1, 99) as u8,
        readers: rng.between(1, 3) as u32,
        pool_bytes: rng.between(16, 64),
        pool_parts: rng.between(1, 8) as usize,
        active_files: *rng.pick(&[1, 3, 100]).expect("a number"),
        large_files: rng.between(1, 2) as usize,
        batch: rng.between(1, 5) as usize,
    };
    let calm = rng.chance(150);
    Manner {
        config,
        hash: if rng.chance(700) {
            ContentHash::Always
        } else {
            ContentHash::Never
        },
        faults: if calm {
            0
        } else {
            *rng.pick(&[0, 30, 150]).expect("a number")
        },
        chaos: if calm {
            0
        } else {
            *rng.pick(&[5, 20, 60]).expect("a number")
        },
        crashes: if calm {
            0
        } else {
            *rng.pick(&[0, 3, 15]).expect("a number")
        },
        edits: *rng.pick(&[0, 3, 20]).expect("a number"),
        latency: *rng.pick(&[0, 50, 2_000]).expect("a number"),
        part_size: rng.between(4, 16),
        page: *rng.pick(&[1, 3, 500]).expect("a number"),
    }
}

/// Stands for SHA-256: 32 bytes that another content does not have.
pub(crate) fn identity(bytes: &[u8]) -> Sha256 {
    let mut out = [0; 32];
    for (i, chunk) in out.chunks_exact_mut(8).enumerate() {
        let salted = [&[i as u8], bytes].concat();
        chunk.copy_from_slice(&windlass_core::checksum::crc64(&salted).to_bytes());
    }
    Sha256(out)
}
