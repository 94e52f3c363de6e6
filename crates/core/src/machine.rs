//! The machine: takes events, returns effects, decides everything in between.
//!
//! It is born empty at launch, is told of destinations and groups, and asks for work (`Load`). A file enters it from a
//! row of the queue and passes: announced (`Init`), read and hashed once (`Read`), signed for (`Sign`), sent (`Put`), looked at
//! again (`Check`), completed (`Complete`), done. It leaves the machine when it is done, failed, starts over or is cancelled.
//! The engine's shell carries effects out and brings back what happened; it decides nothing. kill -9 ends the machine at
//! any point: everything that matters was written by a `Persist`, and what depends on that being durable stands in the
//! effect's `then`, which is carried out only after the commit (I10, I11). The machine never reads a clock, never does
//! I/O, never guesses: late answers are known by their number and ignored (F72).

mod announce;
mod config;
mod destination;
mod disks;
mod effect;
mod event;
mod failure;
mod file;
mod finish;
mod gather;
mod group;
mod intent;
mod put;
mod ready;
pub mod records;
mod send;

use std::collections::{BTreeMap, BTreeSet};

use crate::conditions::Holds;
use crate::error::Failure;
use crate::ids::{DestinationId, FileId, GroupId};
use crate::states::{BlockedReason, GroupState, Intent};
use crate::time::Timestamp;

pub use config::{Config, ContentHash};
use destination::Destination;
use disks::Disks;
pub use effect::{BufferId, CompleteAsk, Effect, InitAsk, Notice, PutId, ReadMode, SignAsk};
pub use event::{CompleteOutcome, Counts, Event, InitOutcome, ReadOutcome};
use file::File;
use gather::Gather;
use group::Group;
use intent::{Cancelling, Removing};
use ready::{Out, Ready, Reserved, Size};
use records::Change;

/// What holds a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Why.
    pub reason: BlockedReason,
    /// The failure behind it.
    pub failure: Failure,
    /// Next try.
    pub until: Timestamp,
}

/// A destination that failed, and of which nothing succeeded since: also while it is being tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// When that began.
    pub since: Timestamp,
    /// What it met last.
    pub failure: Failure,
}

/// The machine. See the module.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    random: u64,
    paused: bool,
    holds: Holds,
    queue_blocked: Option<BlockedReason>,
    destinations: BTreeMap<DestinationId, Destination>,
    groups: BTreeMap<GroupId, Group>,
    files: BTreeMap<FileId, File>,
    ready: Ready,
    pool_free: u64,
    pool_parts: usize,
    /// Reads under way.
    reads: BTreeMap<BufferId, Size>,
    /// What each read or kept part holds of the pool.
    reserved: BTreeMap<BufferId, Reserved>,
    /// Of that: what files of one PUT hold.
    pool_small: u64,
    /// PUTs under way.
    puts: BTreeMap<PutId, Out>,
    /// Signatures asked for and not answered, by file.
    signing: BTreeMap<FileId, u32>,
    /// PUTs of paused files that may end by themselves until then.
    grace: BTreeMap<PutId, Timestamp>,
    /// Files that wait for a time.
    waiting: BTreeSet<(Timestamp, FileId)>,
    /// Files that failed several times in a row and are tried again, each with what it met last.
    troubled: BTreeMap<FileId, (GroupId, Failure)>,
    disks: Disks,
    cancelling: BTreeMap<FileId, Cancelling>,
    removing: BTreeMap<FileId, Removing>,
    /// When the last event was.
    last: Timestamp,
    next_number: u64,
    /// Checks under way.
    checks: u32,
    gather_signs: Gather,
    gather_checks: Gather,
    gather_completes: Gather,
    out: Vec<Effect>,
}

impl Machine {
    /// An empty machine. `seed` spreads its waits.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            pool_free: config.pool_bytes,
            config,
            random: seed,
            paused: false,
            holds: Holds::default(),
            queue_blocked: None,
            destinations: BTreeMap::new(),
            groups: BTreeMap::new(),
            files: BTreeMap::new(),
            ready: Ready::default(),
            pool_parts: 0,
            reads: BTreeMap::new(),
            reserved: BTreeMap::new(),
            pool_small: 0,
            puts: BTreeMap::new(),
            signing: BTreeMap::new(),
            grace: BTreeMap::new(),
            waiting: BTreeSet::new(),
            troubled: BTreeMap::new(),
            disks: Disks::default(),
            cancelling: BTreeMap::new(),
            removing: BTreeMap::new(),
            last: Timestamp::from_millis(i64::MIN),
            next_number: 0,
            checks: 0,
            gather_signs: Gather::new(10),
            gather_checks: Gather::new(10),
            gather_completes: Gather::new(100),
            out: Vec::new(),
        }
    }

    /// Takes what happened, answers with what to do. Never panics, whatever the order of events.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        self.hold_to_the_clock(now);
        match event {
            Event::DestinationAdded { id, hash } => {
                self.destinations.entry(id).or_default().hash = hash;
                self.wake_destination(id);
            }
            Event::DestinationReady { id } => self.destination_is_ready(id),
            Event::GroupAdded {
                record,
                held,
                scanning,
            } => self.group_added(record, held, scanning),
            Event::GroupWork { id, scanning } => self.group_work(id, scanning),
            Event::GroupReleased { id } => self.group_released(id),
            Event::GroupIntent { id, intent } => self.group_intent(now, id, intent),
            Event::FileIntent {
                id,
                group,
                state,
                intent,
            } => self.file_intent(now, id, group, state, intent),
            Event::AppPaused(paused) => self.app_paused(now, paused),
            Event::Hold(holds) => self.hold(now, holds),
            Event::NewLines => self.lines_are_new(),
            Event::DisksChanged => self.disks_changed(),
            Event::DisksAway(numbers) => self.disks_were_away(numbers),
            Event::GroupsOrdered(order) => self.groups_ordered(order),
            Event::Connections(count) => self.config.connections = count.max(1),
            Event::SmallShare(percent) => self.config.small_share = percent,
            Event::Loaded { group, files, last } => self.loaded(now, group, files, last),
            Event::Counted { group, counts } => self.counted(now, group, counts),
            Event::GroupCreated { group, result } => self.group_created(now, group, result),
            Event::InitAnswered {
                destination,
                asked,
                result,
            } => self.init_answered(now, destination, &asked, result),
            Event::PartRead {
                file,
                buffer,
                n,
                result,
            } => self.part_read(now, file, buffer, n, result),
            Event::Signed {
                destination,
                asked,
                result,
            } => self.signed(now, destination, &asked, result),
            Event::PutDone { file, n, put, result } => self.put_done(now, file, n, put, result),
            Event::Checked { files } => self.checked(now, files),
            Event::Completed {
                destination,
                asked,
                result,
            } => self.completed(now, destination, &asked, result),
            Event::Deleted {
                destination,
                asked,
                result,
            } => self.deleted(now, destination, &asked, result),
            Event::GroupCancelled { group, result } => self.group_cancelled(now, group, result),
            Event::Finalized { group, result } => self.finalized(now, group, result),
            Event::Stale { file } => self.stale(now, file),
            Event::QueueBlocked(reason) => self.queue_blocked(reason),
            Event::Tick => {}
        }
        self.wake_due(now);
        self.schedule(now);
        std::mem::take(&mut self.out)
    }

    /// When to send a `Tick`, if nothing happens before.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.next_due()
            .into_iter()
            .chain(self.groups.values().filter_map(|g| g.look_again_at))
            .min()
    }

    /// When the first wait is over.
    fn next_due(&self) -> Option<Timestamp> {
        let destinations = self
            .destinations
            .values()
            .filter_map(|d| d.held.as_ref().map(|h| h.until));
        let groups = self.groups.values().filter_map(|g| g.reload_at);
        self.waiting
            .first()
            .map(|(at, _)| *at)
            .into_iter()
            .chain(destinations)
            .chain(groups)
            .chain(self.grace.values().copied())
            .chain(self.next_cancel())
            .chain(self.gather_signs.due())
            .chain(self.gather_checks.due())
            .chain(self.gather_completes.due())
            .min()
    }

    /// What network, power and the hour hold.
    #[must_use]
    pub const fn holds(&self) -> &Holds {
        &self.holds
    }

    /// Why a destination stands still, if it does.
    #[must_use]
    pub fn held(&self, destination: DestinationId) -> Option<&Held> {
        self.destinations.get(&destination).and_then(|d| d.held.as_ref())
    }

    /// What a destination fails of, from its first failure until something succeeds.
    #[must_use]
    pub fn failing(&self, destination: DestinationId) -> Option<&Failing> {
        self.destinations
            .get(&destination)
            .and_then(|d| d.failing.as_ref())
    }

    /// Why nothing can be written down just now: everything stands still until it can.
    #[must_use]
    pub const fn unwritable(&self) -> Option<BlockedReason> {
        self.queue_blocked
    }

    /// All destinations, with why each stands still and what it fails of.
    pub fn destinations_held(
        &self,
    ) -> impl Iterator<Item = (DestinationId, Option<&Held>, Option<&Failing>)> {
        self.destinations
            .iter()
            .map(|(id, d)| (*id, d.held.as_ref(), d.failing.as_ref()))
    }

    /// Groups of a destination that are in the machine.
    pub fn groups_to(&self, destination: DestinationId) -> impl Iterator<Item = GroupId> {
        self.groups
            .iter()
            .filter(move |(_, g)| g.record.destination == destination)
            .map(|(id, _)| *id)
    }

    /// Parts of a file that are being sent just now, and whether the machine works on it at all.
    #[must_use]
    pub fn activity(&self, file: FileId) -> Option<Activity> {
        self.files.get(&file).map(|f| Activity {
            sending: f.sending.keys().copied().collect(),
            again: f
                .parts
                .iter()
                .enumerate()
                .filter(|(_, p)| p.tries > 0 && !p.is_stored())
                .map(|(i, _)| i)
                .collect(),
            runs: self.may_run(f),
            waits: f.blocked,
        })
    }

    /// Files of a group in the machine: (at work, finishing).
    #[must_use]
    pub fn group_activity(&self, group: GroupId) -> (u32, u32) {
        self.groups.get(&group).map_or((0, 0), |g| {
            (u32::try_from(g.active).unwrap_or(u32::MAX), g.finishing)
        })
    }

    /// What a group meets when none of its files gets on, or its end does not: each failed several times in a row and is
    /// tried again (I44).
    #[must_use]
    pub fn trouble(&self, group: GroupId) -> Option<&Failure> {
        let (active, at_its_end) = self.groups.get(&group).map(|g| (g.active, g.trouble.as_ref()))?;
        if active == 0 {
            return at_its_end;
        }
        if self.troubled.len() < active {
            return None;
        }
        let mut met = self
            .troubled
            .values()
            .filter(|(g, _)| *g == group)
            .map(|(_, f)| f);
        let first = met.next()?;
        (1 + met.count() == active).then_some(first)
    }

    /// PUTs and reads under way: 0 after a pause took hold.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.puts.len()
    }

    /// True when nothing is under way and nothing waits for a time: all that is left needs a person or is done.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.puts.is_empty()
            && self.reads.is_empty()
            && self.cancelling.is_empty()
            && self.queue_blocked.is_none()
            && self.next_due().is_none()
            && self.destinations.values().all(|d| d.calls() == 0)
            && !self.files.values().any(|f| self.may_run(f))
            && self.groups.iter().all(|(id, g)| g.is_quiet(self.group_runs(*id)))
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    fn chance(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn persist(&mut self, changes: Vec<Change>, then: Vec<Effect>) {
        self.out.push(Effect::Persist { changes, then });
    }

    fn queue_blocked(&mut self, reason: Option<BlockedReason>) {
        self.queue_blocked = reason;
        let all: Vec<_> = self.files.keys().copied().collect();
        all.into_iter().for_each(|f| self.reindex(f));
    }

    /// True when nothing above the file holds it.
    fn may_run(&self, file: &File) -> bool {
        file.intent == Intent::Run && file.wait_until.is_none() && self.group_runs(file.group)
    }

    fn group_runs(&self, group: GroupId) -> bool {
        !self.paused
            && self.queue_blocked.is_none()
            && self.groups.get(&group).is_some_and(|g| {
                !g.held
                    && g.record.intent == Intent::Run
                    && !matches!(g.record.state, GroupState::Cancelled | GroupState::Completed)
                    && self.holds.lets(group, g.record.destination)
                    && self
                        .destinations
                        .get(&g.record.destination)
                        .is_some_and(|d| d.held.is_none())
            })
    }
}

/// What the machine does with a file just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// Places (from 0) of the parts that are being sent.
    pub sending: Vec<usize>,
    /// Places of the parts that failed and go again.
    pub again: Vec<usize>,
    /// Nothing holds it.
    pub runs: bool,
    /// The file's own reason to wait.
    pub waits: Option<BlockedReason>,
}
