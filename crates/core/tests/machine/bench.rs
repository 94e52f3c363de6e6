//! A machine on a bench: one destination or two, a few groups, every commit at once, every answer by hand.

use windlass_core::checksum::crc64;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::records::{Change, DoneResult, FileRecord, GroupRecord, Proof};
use windlass_core::machine::{
    BufferId, CompleteOutcome, Config, ContentHash, Counts, Effect, Event, InitOutcome, Machine, PutId,
    ReadMode, ReadOutcome,
};
use windlass_core::part_plan::PartRange;
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_core::time::Timestamp;
use windlass_core::units::{ETag, PartNumber, Sha256};

pub(crate) const PART: u64 = 10;

pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) now: Timestamp,
    /// What came of the last event, in order; what stood behind a commit follows it at once.
    pub(crate) effects: Vec<Effect>,
    /// All reads so far.
    out: Vec<(FileId, PartRange, ReadMode, BufferId)>,
}

pub(crate) fn config() -> Config {
    Config {
        connections: 2,
        small_puts: 1,
        readers: 2,
        pool_bytes: 400,
        ..Config::default()
    }
}

pub(crate) fn destination(i: u8) -> DestinationId {
    DestinationId::new(Timestamp::from_millis(1), [i; 10])
}

pub(crate) fn group(i: u8) -> GroupId {
    GroupId::new(Timestamp::from_millis(1), [i; 10])
}

pub(crate) fn file(i: u8) -> FileId {
    FileId::new(Timestamp::from_millis(1), [i; 10])
}

pub(crate) fn n(number: u32) -> PartNumber {
    PartNumber::try_from(number).expect("a part number")
}

pub(crate) fn failure(code: ErrorCode) -> Failure {
    Failure::new(code, "on the bench")
}

pub(crate) fn fingerprint(i: u8, size: u64) -> SourceFingerprint {
    SourceFingerprint {
        dev: 1,
        inode: u64::from(i),
        size,
        mtime_ns: 5,
        ctime_ns: 5,
    }
}

pub(crate) fn record(g: u8, i: u8, size: u64) -> FileRecord {
    FileRecord {
        id: file(i),
        group: group(g),
        position: i64::from(i),
        intent: Intent::Run,
        state: FileState::Queued,
        attempt: 1,
        fingerprint: fingerprint(i, size),
        part_size: PART,
        sha256: None,
        tries: 0,
        next_try_at: None,
        parts: Vec::new(),
    }
}

pub(crate) fn proof() -> Proof {
    Proof {
        result: DoneResult::Uploaded,
        object_key: "k".into(),
        how: "crc64nvme".into(),
        sha256: None,
        crc64: None,
        uploaded_at: Timestamp::from_millis(2),
    }
}

impl Bench {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            machine: Machine::new(config, 7),
            now: Timestamp::from_millis(1_000_000),
            effects: Vec::new(),
            out: Vec::new(),
        }
    }

    pub(crate) fn tell(&mut self, event: Event) -> &mut Self {
        self.effects.clear();
        let mut todo: Vec<_> = self.machine.handle(self.now, event).into_iter().rev().collect();
        while let Some(effect) = todo.pop() {
            if let Effect::Persist { then, .. } = &effect {
                todo.extend(then.iter().rev().cloned());
            }
            self.effects.push(effect);
        }
        let reads = self.reads();
        self.out.extend(reads);
        self
    }

    pub(crate) fn later(&mut self, ms: i64) -> &mut Self {
        self.now = self.now.plus_millis(ms);
        self.tell(Event::Tick)
    }

    /// A group with its files, announced and taken.
    pub(crate) fn begin(&mut self, d: u8, g: u8, files: Vec<FileRecord>) -> &mut Self {
        let asked: Vec<_> = files.iter().map(|f| (f.id, f.attempt)).collect();
        let record = GroupRecord {
            id: group(g),
            destination: destination(d),
            position: i64::from(g),
            intent: Intent::Run,
            state: GroupState::Draft,
        };
        self.tell(Event::DestinationAdded {
            id: destination(d),
            hash: ContentHash::Always,
        });
        self.tell(Event::GroupAdded {
            record,
            held: false,
            scanning: false,
        });
        self.tell(Event::Loaded {
            group: group(g),
            files,
            last: true,
        });
        self.tell(Event::GroupCreated {
            group: group(g),
            result: Ok(()),
        });
        let upload = asked
            .iter()
            .map(|_| InitOutcome::Upload {
                object_key: "k".into(),
            })
            .collect();
        self.tell(Event::InitAnswered {
            destination: destination(d),
            asked,
            result: Ok(upload),
        })
    }

    pub(crate) fn reads(&self) -> Vec<(FileId, PartRange, ReadMode, BufferId)> {
        let of = |e: &Effect| match e {
            Effect::Read {
                file,
                part,
                mode,
                buffer,
                ..
            } => Some((*file, *part, *mode, *buffer)),
            _ => None,
        };
        self.effects.iter().filter_map(of).collect()
    }

    pub(crate) fn puts(&self) -> Vec<(FileId, PartNumber, PutId, Option<BufferId>)> {
        let of = |e: &Effect| match e {
            Effect::Put {
                file,
                part,
                put,
                buffer,
            } => Some((*file, part.number, *put, *buffer)),
            _ => None,
        };
        self.effects.iter().filter_map(of).collect()
    }

    pub(crate) fn signs(&self) -> Vec<(FileId, PartNumber)> {
        let of = |e: &Effect| match e {
            Effect::Sign { parts, .. } => parts.iter().map(|p| (p.file, p.n)).collect(),
            _ => Vec::new(),
        };
        self.effects.iter().flat_map(of).collect()
    }

    pub(crate) fn changes(&self) -> Vec<Change> {
        let of = |e: &Effect| match e {
            Effect::Persist { changes, .. } => changes.clone(),
            _ => Vec::new(),
        };
        self.effects.iter().flat_map(of).collect()
    }

    pub(crate) fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(wanted)
    }

    /// A part of file `i` was read: its bytes are the file's number.
    pub(crate) fn read(
        &mut self,
        i: u8,
        size: u64,
        read: (FileId, PartRange, ReadMode, BufferId),
    ) -> &mut Self {
        self.read_as(read, i, fingerprint(i, size))
    }

    pub(crate) fn read_as(
        &mut self,
        read: (FileId, PartRange, ReadMode, BufferId),
        content: u8,
        source: SourceFingerprint,
    ) -> &mut Self {
        let (file, part, mode, buffer) = read;
        let last =
            part.offset + part.len >= source.size && matches!(mode, ReadMode::Hash | ReadMode::HashAndKeep);
        let crc64 = crc64(&vec![content; part.len as usize]);
        let sha256 = last.then_some(Sha256([content; 32]));
        self.tell(Event::PartRead {
            file,
            buffer,
            n: part.number,
            result: Ok(ReadOutcome {
                crc64,
                sha256,
                source,
            }),
        })
    }

    pub(crate) fn signed(&mut self, d: u8, asked: Vec<(FileId, PartNumber)>) -> &mut Self {
        let until = self.now.plus_millis(900_000);
        let result = Ok(asked.iter().map(|_| Ok(until)).collect());
        self.tell(Event::Signed {
            destination: destination(d),
            asked,
            result,
        })
    }

    pub(crate) fn put_done(
        &mut self,
        put: (FileId, PartNumber, PutId, Option<BufferId>),
        result: Result<(), ErrorCode>,
    ) -> &mut Self {
        let (file, n, put, _) = put;
        let result = result.map(|()| ETag(format!("\"{put:?}\""))).map_err(failure);
        self.tell(Event::PutDone { file, n, put, result })
    }

    /// One part of a file read, signed and being sent.
    pub(crate) fn send_first(&mut self, i: u8, size: u64) -> (FileId, PartNumber, PutId, Option<BufferId>) {
        let read = self.reads()[0];
        self.read(i, size, read);
        let asked = self.signs();
        self.signed(1, asked);
        self.puts()[0]
    }

    /// All that is buffered is signed; the first PUT of it.
    pub(crate) fn send_one_of_many(&mut self) -> (FileId, PartNumber, PutId, Option<BufferId>) {
        let asked: Vec<_> = (1..=8).map(|i| (file(i), PartNumber::FIRST)).collect();
        self.signed(1, asked);
        self.puts()[0]
    }

    /// The read of file `i` that is under way.
    pub(crate) fn machine_read(&self, i: u8) -> (FileId, PartRange, ReadMode, BufferId) {
        *self.out.iter().rev().find(|r| r.0 == file(i)).expect("a read")
    }

    /// A file of one part, from its read to the answer of Complete.
    pub(crate) fn whole(&mut self, i: u8, size: u64) -> &mut Self {
        self.sent(i, size);
        self.completed(i, CompleteOutcome::Settled(proof()))
    }

    /// A file of one part, from its read to the look at its source: it is to be completed.
    pub(crate) fn sent(&mut self, i: u8, size: u64) -> &mut Self {
        let put = self.send_first(i, size);
        self.put_done(put, Ok(()));
        self.tell(Event::Checked {
            files: vec![(file(i), Ok(fingerprint(i, size)))],
        })
    }

    /// The answer to Complete of one file.
    pub(crate) fn completed(&mut self, i: u8, outcome: CompleteOutcome) -> &mut Self {
        self.tell(Event::Completed {
            destination: destination(1),
            asked: vec![(file(i), 1)],
            result: Ok(vec![outcome]),
        })
    }

    pub(crate) fn counted(&mut self, g: u8, counts: Counts) -> &mut Self {
        self.tell(Event::Counted {
            group: group(g),
            counts,
        })
    }
}
