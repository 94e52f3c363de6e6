//! What must always hold. It looks from outside: at effects, events, rows, objects; never into the machine.

use std::collections::{BTreeMap, BTreeSet};

use windlass_core::checksum::crc64;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::limits::PAUSE_GRACE_MS;
use windlass_core::machine::records::{Change, Proof};
use windlass_core::machine::{Config, Effect, Event, Notice};
use windlass_core::part_plan::PartRange;
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_core::time::Timestamp;
use windlass_core::units::ETag;

use crate::calls::PartKey;
use crate::disk::Disk;
use crate::queue::Queue;
use crate::server::{Server, Url};
use crate::world::{Shell, identity};

/// How often what happened, so that a simulation that goes blind shows.
pub(crate) type Seen = BTreeMap<&'static str, u64>;

#[derive(Debug, Default)]
pub(crate) struct Oracle {
    /// Ends of the trace: two runs of a seed have the same (I41).
    pub(crate) trace: u64,
    pub(crate) log: Option<Vec<String>>,
    pub(crate) seen: Seen,
    /// Since when the machine knows that something is paused.
    app_paused: Option<Timestamp>,
    groups_paused: BTreeMap<GroupId, Timestamp>,
    files_paused: BTreeMap<FileId, Timestamp>,
    /// What the machine knows to be cancelled.
    files_cancelled: BTreeSet<FileId>,
    groups_cancelled: BTreeSet<GroupId>,
    group_of: BTreeMap<FileId, GroupId>,
    /// Parts that a commit calls stored: they are never sent again (I12).
    durable: BTreeSet<PartKey>,
    /// Every part that the storage ever answered for.
    stored: BTreeSet<(PartKey, u64)>,
    told: BTreeMap<GroupId, u64>,
}

impl Oracle {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn write(&mut self, now: Timestamp, line: String) {
        let mut bytes = self.trace.to_be_bytes().to_vec();
        bytes.extend_from_slice(line.as_bytes());
        self.trace = crc64(&bytes).0;
        if let Some(log) = &mut self.log {
            log.push(format!("{:>9} {line}", now.as_millis() - 1_700_000_000_000));
        }
    }

    pub(crate) fn note(&mut self, now: Timestamp, line: String) {
        self.write(now, format!("-- {line}"));
    }

    /// The machine died; what it knew is gone.
    pub(crate) fn forget(&mut self) {
        self.app_paused = None;
        self.groups_paused.clear();
        self.files_paused.clear();
        self.files_cancelled.clear();
        self.groups_cancelled.clear();
    }

    pub(crate) fn told(&mut self, event: &Event, now: Timestamp) {
        self.write(now, format!("> {event:?}"));
        match event {
            Event::AppPaused(paused) => self.app_paused = paused.then_some(now),
            Event::GroupAdded { record, .. } => self.group_intent(record.id, record.intent, now),
            Event::GroupIntent { id, intent } => self.group_intent(*id, *intent, now),
            Event::FileIntent {
                id, group, intent, ..
            } => {
                self.group_of.insert(*id, *group);
                self.files_paused.remove(id);
                match intent {
                    Intent::Run => {}
                    Intent::Paused => drop(self.files_paused.insert(*id, now)),
                    Intent::Cancelled => drop(self.files_cancelled.insert(*id)),
                }
            }
            Event::Loaded { files, .. } => self.group_of.extend(files.iter().map(|f| (f.id, f.group))),
            Event::InitAnswered {
                result: Ok(outcomes), ..
            } => {
                use windlass_core::machine::InitOutcome::{Follow, HashFirst, Refused, Settled, Upload};
                for outcome in outcomes {
                    self.count(match outcome {
                        Upload { .. } => "init: upload",
                        HashFirst => "init: hash first",
                        Follow => "init: follow",
                        Settled(_) => "init: settled",
                        Refused(_) => "init: refused",
                    });
                }
            }
            Event::Completed {
                result: Ok(outcomes), ..
            } => {
                use windlass_core::machine::CompleteOutcome::{Failed, PartsMissing, Settled, Verifying};
                for outcome in outcomes {
                    self.count(match outcome {
                        Settled(_) => "complete: settled",
                        PartsMissing(_) => "complete: parts missing",
                        Verifying => "complete: verifying",
                        Failed(_) => "complete: failed",
                    });
                }
            }
            Event::Stale { .. } => self.count("stale"),
            _ => {}
        }
    }

    fn group_intent(&mut self, id: GroupId, intent: Intent, now: Timestamp) {
        self.groups_paused.remove(&id);
        match intent {
            Intent::Run => {}
            Intent::Paused => drop(self.groups_paused.insert(id, now)),
            Intent::Cancelled => drop(self.groups_cancelled.insert(id)),
        }
    }

    fn is_cancelled(&self, file: FileId) -> bool {
        let group = self.group_of.get(&file);
        self.files_cancelled.contains(&file) || group.is_some_and(|g| self.groups_cancelled.contains(g))
    }

    pub(crate) fn asked(&mut self, effect: &Effect, now: Timestamp) {
        self.write(now, format!("< {effect:?}"));
        match effect {
            Effect::Persist { changes, .. } => {
                for change in changes {
                    if let Change::FileDone { id, .. } = change {
                        assert!(!self.is_cancelled(*id), "I37: done after it was cancelled: {id}");
                    }
                }
            }
            Effect::Put { buffer: None, .. } => self.count("put: streamed"),
            Effect::Put { .. } => self.count("put"),
            Effect::CancelPut { .. } => self.count("put: cut"),
            Effect::Notify { group, notice } => {
                *self.told.entry(*group).or_default() += 1;
                self.count(match notice {
                    Notice::Done => "notice: done",
                    Notice::NeedsYou => "notice: needs you",
                });
            }
            _ => {}
        }
    }

    pub(crate) fn put_starts(
        &mut self,
        url: &Url,
        part: PartRange,
        now: Timestamp,
        queue: &Queue,
        app_paused: bool,
        server: &Server,
    ) {
        let file = url.file;
        assert!(!self.is_cancelled(file), "I37: a PUT of a cancelled file begins");
        let group = self.group_of.get(&file);
        let paused = [
            self.app_paused,
            group.and_then(|g| self.groups_paused.get(g)).copied(),
            self.files_paused.get(&file).copied(),
        ];
        // A row may say "go on" before its event does.
        let row = &queue.files[&file].record;
        let runs = [
            !app_paused,
            queue.groups[&row.group].record.intent == Intent::Run,
            row.intent == Intent::Run,
        ];
        for since in paused
            .into_iter()
            .zip(runs)
            .filter(|(_, runs)| !runs)
            .filter_map(|(since, _)| since)
        {
            assert!(
                now.millis_since(since) <= PAUSE_GRACE_MS,
                "I36: a PUT begins {part:?} of {file} while paused"
            );
        }
        let key = (file, url.attempt, part.number);
        if self.durable.contains(&key) {
            let crc = self
                .stored
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, crc)| *crc)
                .unwrap_or_default();
            let there = server.holds_part(
                file,
                url.attempt,
                part.number,
                windlass_core::units::Crc64Nvme(crc),
            );
            assert!(!there, "I12: {key:?} is stored, and it is sent again");
        }
    }

    pub(crate) fn put_ended(&mut self, url: &Url, result: &Result<ETag, windlass_core::error::Failure>) {
        if result.is_ok() {
            self.stored.insert(((url.file, url.attempt, url.n), url.crc().0));
        }
    }

    /// The storage lost something of the file, or refused it at Complete: it may be sent again.
    pub(crate) fn storage_lost(&mut self, file: FileId) {
        self.durable.retain(|(id, ..)| *id != file);
    }

    pub(crate) fn committed(&mut self, change: &Change, queue: &Queue, server: &Server, disk: &Disk) {
        match change {
            Change::PartUploaded { id, n, crc64, .. } => {
                let attempt = queue.files[id].record.attempt;
                let key = (*id, attempt, *n);
                assert!(
                    self.stored.contains(&(key, crc64.0)),
                    "I11: {key:?} counts as sent, but was never stored"
                );
                self.durable.insert(key);
            }
            Change::PartState { id, n, .. } => {
                self.durable.remove(&(*id, queue.files[id].record.attempt, *n));
            }
            Change::FileStartOver { .. } => self.count("start over"),
            Change::FileFailed { .. } => self.count("failed"),
            Change::FileRemoved { .. } => self.count("removed"),
            Change::FileDone { id, proof, .. } => {
                self.count("done");
                i01_the_object_is_the_version(*id, proof, queue, server, disk);
            }
            Change::GroupCancelled { .. } => self.count("group: cancelled"),
            Change::GroupState {
                to: GroupState::Completed,
                id,
                ..
            } => {
                self.count("group: completed");
                let open = queue.of_group(*id).filter(|r| {
                    crate::queue::is_open(r.record.state) && r.record.intent != Intent::Cancelled
                });
                assert_eq!(open.count(), 0, "I6: a complete group has no open file");
                assert!(
                    queue.of_group(*id).any(|r| r.record.state == FileState::Done),
                    "I6: and one that is done"
                );
            }
            _ => {}
        }
    }

    /// A guarded update met another state. That is no fault of the machine only where a person was faster.
    pub(crate) fn refused(&mut self, change: &Change, why: &str, queue: &Queue) {
        self.count("guarded update refused");
        if let Some(id) = change.file() {
            let row = &queue.files[&id];
            let group = &queue.groups[&row.record.group];
            let person = row.record.intent == Intent::Cancelled || group.record.intent == Intent::Cancelled;
            assert!(person, "the queue refuses {change:?}: {why}");
        } else if let Change::GroupState { id, to, .. } = change {
            let row = &queue.groups[id].record;
            assert!(
                row.intent == Intent::Cancelled || row.state == *to,
                "the queue refuses {change:?}: {why}"
            );
        } else if let Change::GroupCancelled { id, .. } = change {
            let state = queue.groups[id].record.state;
            assert!(
                matches!(state, GroupState::Completed | GroupState::Cancelled),
                "{change:?}: {why}"
            );
        }
    }

    /// After each step.
    pub(crate) fn holds(&mut self, shell: &Shell, config: &Config) {
        let pool: u64 = shell.buffers.values().map(|(bytes, _)| bytes).sum();
        assert!(
            pool <= config.pool_bytes,
            "the pool holds {pool} of {} bytes",
            config.pool_bytes
        );
        assert!(
            shell.puts.len() <= (config.connections * config.small_puts) as usize,
            "{} PUTs at once",
            shell.puts.len()
        );
        assert!(
            shell.reads.len() <= config.readers as usize,
            "{} reads at once",
            shell.reads.len()
        );
    }
}

/// I1, I2: the object's bytes are those of one version, the one that the receipt names.
pub(crate) fn i01_the_object_is_the_version(
    id: FileId,
    proof: &Proof,
    queue: &Queue,
    server: &Server,
    disk: &Disk,
) {
    let row = &queue.files[&id];
    let (_, fingerprint) = row.receipt.as_ref().expect("a receipt in the same transaction");
    let object = server.object(&proof.object_key).expect("I1: the object is there");
    let version = disk.version(id, *fingerprint).expect("a version");
    assert!(
        object == version,
        "I2: the object of {id} is not the version of its receipt"
    );
    if let Some(sha256) = proof.sha256 {
        assert_eq!(sha256, identity(object), "I1: the receipt's hash is the object's");
    }
    if let Some(crc) = proof.crc64 {
        assert_eq!(crc, crc64(object), "I1: the receipt's checksum is the object's");
    }
}
