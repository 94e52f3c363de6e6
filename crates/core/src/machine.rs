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
mod destination;
mod failure;
mod file;
mod finish;
mod gather;
mod group;
mod intent;
mod put;
pub mod records;
mod send;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Failure;
use crate::fingerprint::SourceFingerprint;
use crate::ids::{DestinationId, FileId, GroupId};
use crate::part_plan::PartRange;
use crate::states::{BlockedReason, FileState, GroupState, Intent};
use crate::time::Timestamp;
use crate::units::{Crc64Nvme, ETag, PartNumber, Sha256};

use destination::Destination;
use file::{File, OrderKey};
use gather::Gather;
use group::Group;
use intent::{Cancelling, Removing};
use records::{Change, FileRecord, GroupRecord, Proof};

/// Limits of one engine.
#[derive(Debug, Clone)]
pub struct Config {
    /// PUTs at once, over all destinations.
    pub connections: u32,
    /// PUTs of files of some kilobytes in place of one other: they wait for answers and commits, not for the line.
    pub small_puts: u32,
    /// Reads at once.
    pub readers: u32,
    /// Bytes of content in memory at once.
    pub pool_bytes: u64,
    /// Parts in memory at once: what one signing window and the connections need.
    pub pool_parts: usize,
    /// Files in the machine at once.
    pub active_files: usize,
    /// Large files read at once.
    pub large_files: usize,
    /// Items of one call to the control plane.
    pub batch: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections: 8,
            small_puts: 8,
            readers: 4,
            pool_bytes: crate::limits::BUFFER_POOL_BYTES,
            pool_parts: 1_000,
            active_files: 3_000,
            large_files: 4,
            batch: 500,
        }
    }
}

/// Whether the SHA-256 of the whole is counted while a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentHash {
    /// From the same read.
    #[default]
    Always,
    /// Not at all: the upload is proved by CRC64NVME alone and is no dedup source.
    Never,
}

/// Names a content buffer of the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferId(pub u64);

/// Names one PUT, so that a late answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PutId(pub u64);

/// What a read is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadMode {
    /// Count CRC and the running SHA-256; keep nothing.
    Hash,
    /// Count both and keep the bytes for sending.
    HashAndKeep,
    /// Count the CRC and keep the bytes: a part that is read again.
    Keep,
    /// Count the CRC alone: a part that is streamed from the source when it is sent.
    Crc,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A destination is there, or its setting changed.
    DestinationAdded {
        /// Id.
        id: DestinationId,
        /// Setting.
        hash: ContentHash,
    },
    /// A person or a check says that the destination answers again.
    DestinationReady {
        /// Id.
        id: DestinationId,
    },
    /// A group is there. `held`: the relaunch report asks about it first.
    GroupAdded {
        /// As in the queue.
        record: GroupRecord,
        /// Waits for an answer.
        held: bool,
        /// Paths are still being walked.
        scanning: bool,
    },
    /// Rows of the group changed by other hands: files were added, retried, resumed; or the walk ended.
    GroupWork {
        /// Group.
        id: GroupId,
        /// Paths are still being walked.
        scanning: bool,
    },
    /// The report about the group was answered with Resume.
    GroupReleased {
        /// Group.
        id: GroupId,
    },
    /// The person paused, resumed or cancelled the group; written in the queue before.
    GroupIntent {
        /// Group.
        id: GroupId,
        /// Wanted.
        intent: Intent,
    },
    /// The same for one file, with where its row stands.
    FileIntent {
        /// File.
        id: FileId,
        /// Its group.
        group: GroupId,
        /// Its state in the queue.
        state: FileState,
        /// Wanted.
        intent: Intent,
    },
    /// Everything is paused or goes on.
    AppPaused(bool),
    /// The person put the groups in another order; written in the queue before.
    GroupsOrdered(Vec<(GroupId, i64)>),
    /// So many PUTs at once from now on, at least one. What is under way ends as it began.
    Connections(u32),
    /// Answer to `Load`.
    Loaded {
        /// Group.
        group: GroupId,
        /// In order of position.
        files: Vec<FileRecord>,
        /// True when there were no more.
        last: bool,
    },
    /// Answer to `Count`.
    Counted {
        /// Group.
        group: GroupId,
        /// What was counted.
        counts: Counts,
    },
    /// Answer to `CreateGroup`.
    GroupCreated {
        /// Group.
        group: GroupId,
        /// How it went.
        result: Result<(), Failure>,
    },
    /// Answer to `Init`.
    InitAnswered {
        /// Whom was asked.
        destination: DestinationId,
        /// Files asked about, with the attempt.
        asked: Vec<(FileId, u32)>,
        /// One an item asked, or the failure of the call.
        result: Result<Vec<InitOutcome>, Failure>,
    },
    /// Answer to `Read`.
    PartRead {
        /// File.
        file: FileId,
        /// The buffer's name, also when nothing was kept.
        buffer: BufferId,
        /// Part.
        n: PartNumber,
        /// What was read, or why not.
        result: Result<ReadOutcome, Failure>,
    },
    /// Answer to `Sign`.
    Signed {
        /// Whom was asked.
        destination: DestinationId,
        /// What was asked.
        asked: Vec<(FileId, PartNumber)>,
        /// One a part asked: valid until; or the failure of the call.
        result: Result<Vec<Result<Timestamp, Failure>>, Failure>,
    },
    /// Answer to `Put`.
    PutDone {
        /// File.
        file: FileId,
        /// Part.
        n: PartNumber,
        /// Which PUT.
        put: PutId,
        /// The storage's tag.
        result: Result<ETag, Failure>,
    },
    /// Answer to `Check`: the sources as they are.
    Checked {
        /// One a file.
        files: Vec<(FileId, Result<SourceFingerprint, Failure>)>,
    },
    /// Answer to `Complete`.
    Completed {
        /// Whom was asked.
        destination: DestinationId,
        /// Files asked for, with the attempt.
        asked: Vec<(FileId, u32)>,
        /// One an item, or the failure of the call.
        result: Result<Vec<CompleteOutcome>, Failure>,
    },
    /// Answer to `Delete`.
    Deleted {
        /// Whom was asked.
        destination: DestinationId,
        /// Files.
        asked: Vec<FileId>,
        /// One an item: nothing unfinished is left; or the failure of the call.
        result: Result<Vec<bool>, Failure>,
    },
    /// Answer to `CancelGroup`.
    GroupCancelled {
        /// Group.
        group: GroupId,
        /// How it went.
        result: Result<(), Failure>,
    },
    /// Answer to `Finalize`.
    Finalized {
        /// Group.
        group: GroupId,
        /// How it went.
        result: Result<(), Failure>,
    },
    /// A guarded update met another state than expected: the rows are the truth, the machine lets go.
    Stale {
        /// File.
        file: FileId,
    },
    /// The queue can't be written (`Some`), or can be again.
    QueueBlocked(Option<BlockedReason>),
    /// Time went on.
    Tick,
}

/// What `Count` found in the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files not done, not failed, not removed.
    pub open: u64,
    /// Done.
    pub done: u64,
    /// Failed and can be retried.
    pub failed: u64,
    /// Refused for good.
    pub rejected: u64,
    /// When the first of the open ones may be tried again.
    pub next_try_at: Option<Timestamp>,
    /// Paths are still being walked.
    pub scanning: bool,
}

/// What `init` says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitOutcome {
    /// Send it.
    Upload {
        /// Its key.
        object_key: String,
    },
    /// Hash first, ask again.
    HashFirst,
    /// The same content is on its way elsewhere.
    Follow,
    /// There already.
    Settled(Proof),
    /// Not taken.
    Refused(Failure),
}

/// What `complete` says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompleteOutcome {
    /// Proved.
    Settled(Proof),
    /// These parts go again.
    PartsMissing(Vec<PartNumber>),
    /// Not known yet: ask again.
    Verifying,
    /// Not done.
    Failed(Failure),
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOutcome {
    /// CRC of the part.
    pub crc64: Crc64Nvme,
    /// SHA-256 of the whole, when this was the last part of a hashing pass.
    pub sha256: Option<Sha256>,
    /// The source after the read.
    pub source: SourceFingerprint,
}

/// One file of an `Init`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitAsk {
    /// File.
    pub file: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Hash, when known.
    pub sha256: Option<Sha256>,
    /// Send it in any case: the one that it followed did not arrive in its time.
    pub race: bool,
}

/// One part of a `Sign`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignAsk {
    /// File.
    pub file: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Part.
    pub n: PartNumber,
    /// Bytes.
    pub size: u64,
    /// CRC.
    pub crc64: Crc64Nvme,
    /// Hash, when the file is one PUT.
    pub sha256: Option<Sha256>,
}

/// One file of a `Complete`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteAsk {
    /// File.
    pub file: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Bytes.
    pub size: u64,
    /// CRC of the whole.
    pub crc64: Crc64Nvme,
    /// Hash of the whole.
    pub sha256: Option<Sha256>,
    /// Parts with size, CRC, tag.
    pub parts: Vec<(PartNumber, u64, Crc64Nvme, ETag)>,
}

/// What a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Every file is proved (or left out).
    Done,
    /// It can't go on without a person.
    NeedsYou,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write, in one transaction; then, only after the commit, do the rest.
    Persist {
        /// In order.
        changes: Vec<Change>,
        /// After the commit.
        then: Vec<Effect>,
    },
    /// Bring more files of a group, by position.
    Load {
        /// Group.
        group: GroupId,
        /// Beyond this position.
        after: i64,
        /// At most.
        limit: usize,
    },
    /// Count the group's files.
    Count {
        /// Group.
        group: GroupId,
    },
    /// Tell the control plane of the group.
    CreateGroup {
        /// Group.
        group: GroupId,
    },
    /// Announce files.
    Init {
        /// To whom.
        destination: DestinationId,
        /// Files.
        files: Vec<InitAsk>,
    },
    /// Read a part.
    Read {
        /// File.
        file: FileId,
        /// Where.
        part: PartRange,
        /// What for.
        mode: ReadMode,
        /// Name of the buffer.
        buffer: BufferId,
        /// The hashing pass begins here.
        restart_hash: bool,
        /// The source is closed after it.
        last: bool,
    },
    /// Ask for signed URLs.
    Sign {
        /// Whom.
        destination: DestinationId,
        /// Parts.
        parts: Vec<SignAsk>,
    },
    /// Send a part with the URL signed for it.
    Put {
        /// File.
        file: FileId,
        /// Part.
        part: PartRange,
        /// Which PUT.
        put: PutId,
        /// The bytes; `None`: stream them from the source (F186).
        buffer: Option<BufferId>,
    },
    /// Cut a PUT short.
    CancelPut {
        /// Which.
        put: PutId,
    },
    /// The bytes are not needed any more.
    DropBuffer {
        /// Which.
        buffer: BufferId,
    },
    /// Look at the sources.
    Check {
        /// Files.
        files: Vec<FileId>,
    },
    /// Complete and prove.
    Complete {
        /// Whom.
        destination: DestinationId,
        /// Files.
        files: Vec<CompleteAsk>,
    },
    /// Give up files at the control plane.
    Delete {
        /// Whom.
        destination: DestinationId,
        /// Files.
        files: Vec<FileId>,
    },
    /// Give up a group there.
    CancelGroup {
        /// Group.
        group: GroupId,
    },
    /// Close a complete group there.
    Finalize {
        /// Group.
        group: GroupId,
    },
    /// The file left the machine: close its source, forget its URLs.
    Close {
        /// File.
        file: FileId,
    },
    /// Tell the person, once.
    Notify {
        /// Group.
        group: GroupId,
        /// What.
        notice: Notice,
    },
}

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

/// The machine. See the module.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    random: u64,
    paused: bool,
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

/// Whether a file is one PUT or many parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Large,
}

/// What a read or a kept part holds of the pool.
#[derive(Debug, Clone, Copy)]
struct Reserved {
    bytes: u64,
    /// It counts as a part in memory.
    counted: bool,
    size: Size,
}

/// A PUT under way.
#[derive(Debug, Clone, Copy)]
struct Out {
    destination: DestinationId,
    size: Size,
    weight: u32,
}

/// Files by what they need next, in the order in which people put them. Only files that may run now are in here. Those of
/// one PUT stand apart from those of many parts where they have a share of their own.
#[derive(Debug, Default)]
struct Ready {
    init: BTreeSet<OrderKey>,
    read: BTreeSet<OrderKey>,
    read_large: BTreeSet<OrderKey>,
    sign: BTreeSet<OrderKey>,
    put: BTreeSet<OrderKey>,
    put_large: BTreeSet<OrderKey>,
    check: BTreeSet<OrderKey>,
    complete: BTreeSet<OrderKey>,
}

impl Ready {
    fn remove(&mut self, key: &OrderKey) {
        for set in [
            &mut self.init,
            &mut self.read,
            &mut self.read_large,
            &mut self.sign,
            &mut self.put,
            &mut self.put_large,
            &mut self.check,
            &mut self.complete,
        ] {
            set.remove(key);
        }
    }
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
            Event::DestinationReady { id } => self.unblock_destination(id),
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
            Event::GroupsOrdered(order) => self.groups_ordered(order),
            Event::Connections(count) => self.config.connections = count.max(1),
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

    /// Why a destination stands still, if it does.
    #[must_use]
    pub fn held(&self, destination: DestinationId) -> Option<&Held> {
        self.destinations.get(&destination).and_then(|d| d.held.as_ref())
    }

    /// All destinations, with why each stands still.
    pub fn destinations_held(&self) -> impl Iterator<Item = (DestinationId, Option<&Held>)> {
        self.destinations.iter().map(|(id, d)| (*id, d.held.as_ref()))
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
