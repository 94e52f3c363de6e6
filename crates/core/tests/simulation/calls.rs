//! The shell: carries effects out, one call at a time, and brings the answers back. It decides nothing.

use windlass_core::checksum::crc64;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::{
    BufferId, CompleteAsk, CompleteOutcome, Effect, Event, InitAsk, InitOutcome, PutId, ReadMode,
    ReadOutcome, SignAsk,
};
use windlass_core::part_plan::PartRange;
use windlass_core::units::PartNumber;

use crate::server::{Announced, Url};
use crate::world::{World, identity};

/// Something under way.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Load {
        group: GroupId,
        after: i64,
        limit: usize,
    },
    Count(GroupId),
    CreateGroup(GroupId),
    Init(DestinationId, Vec<InitAsk>),
    Read {
        file: FileId,
        part: PartRange,
        mode: ReadMode,
        buffer: BufferId,
        restart: bool,
        opened: u64,
    },
    Sign(DestinationId, Vec<SignAsk>),
    Put {
        file: FileId,
        part: PartRange,
        put: PutId,
        url: Url,
        bytes: Option<Vec<u8>>,
    },
    Check(Vec<FileId>),
    Complete(DestinationId, Vec<CompleteAsk>),
    Delete(DestinationId, Vec<FileId>),
    CancelGroup(GroupId),
    Finalize(GroupId),
}

/// Failures of a whole call.
const FAULTS: [ErrorCode; 9] = [
    ErrorCode::ConnectionLost,
    ErrorCode::StorageDown,
    ErrorCode::Overloaded,
    ErrorCode::Offline,
    ErrorCode::RateLimited,
    ErrorCode::StorageError,
    ErrorCode::DatabaseDown,
    ErrorCode::Internal,
    ErrorCode::TokenExpired,
];

/// Failures of one PUT.
const PUT_FAULTS: [ErrorCode; 8] = [
    ErrorCode::ConnectionLost,
    ErrorCode::UrlExpired,
    ErrorCode::UrlSignature,
    ErrorCode::ChecksumMismatch,
    ErrorCode::SlowNetwork,
    ErrorCode::StorageFull,
    ErrorCode::DestinationSlowDown,
    ErrorCode::StorageTimeout,
];

/// Failures of one source.
const DISK_FAULTS: [ErrorCode; 3] = [
    ErrorCode::LockedFile,
    ErrorCode::DiskMissing,
    ErrorCode::ReadError,
];

enum Fault {
    None,
    Before(Failure),
    /// It happened; the answer is lost.
    After(Failure),
}

impl World {
    pub(crate) fn carry_out(&mut self, effect: Effect) {
        self.oracle.asked(&effect, self.now);
        match effect {
            Effect::Persist { changes, then } => self.shell.lane.push_back((changes, then)),
            Effect::Load { group, after, limit } => self.call(Call::Load { group, after, limit }),
            Effect::Count { group } => self.call(Call::Count(group)),
            Effect::CreateGroup { group } => self.call(Call::CreateGroup(group)),
            Effect::Init { destination, files } => self.call(Call::Init(destination, files)),
            Effect::Read {
                file,
                part,
                mode,
                buffer,
                restart_hash,
                last: _,
            } => {
                let kept = matches!(mode, ReadMode::HashAndKeep | ReadMode::Keep);
                self.shell
                    .buffers
                    .insert(buffer, (if kept { part.len } else { 0 }, None));
                self.shell.reads.insert(buffer);
                self.shell.opened += u64::from(!self.shell.hashed.contains_key(&file));
                let opened = self
                    .shell
                    .hashed
                    .entry(file)
                    .or_insert((self.shell.opened, Vec::new()))
                    .0;
                self.call(Call::Read {
                    file,
                    part,
                    mode,
                    buffer,
                    restart: restart_hash,
                    opened,
                });
            }
            Effect::Sign { destination, parts } => self.call(Call::Sign(destination, parts)),
            Effect::Put {
                file,
                part,
                put,
                buffer,
            } => self.start_put(file, part, put, buffer),
            Effect::CancelPut { put } => self.cut(put),
            Effect::DropBuffer { buffer } => drop(self.shell.buffers.remove(&buffer)),
            Effect::Check { files } => self.call(Call::Check(files)),
            Effect::Complete { destination, files } => self.call(Call::Complete(destination, files)),
            Effect::Delete { destination, files } => self.call(Call::Delete(destination, files)),
            Effect::CancelGroup { group } => self.call(Call::CancelGroup(group)),
            Effect::Finalize { group } => self.call(Call::Finalize(group)),
            Effect::Close { file } => {
                self.shell.hashed.remove(&file);
                self.shell.urls.retain(|(id, _), _| *id != file);
            }
            Effect::Notify { .. } => {}
        }
    }

    fn call(&mut self, call: Call) {
        let at = self.later();
        self.shell.calls.push((at, call));
    }

    fn start_put(&mut self, file: FileId, part: PartRange, put: PutId, buffer: Option<BufferId>) {
        if self.shell.cut.remove(&put) {
            return;
        }
        let Some(url) = self.shell.urls.remove(&(file, part.number)) else {
            let result = Err(Failure::new(ErrorCode::UrlExpired, "no URL in hand"));
            return self.answer(Event::PutDone {
                file,
                n: part.number,
                put,
                result,
            });
        };
        let bytes = buffer.map(|b| {
            let held = self.shell.buffers.get(&b).and_then(|(_, bytes)| bytes.clone());
            held.expect("a PUT has its bytes until it is cut")
        });
        self.shell.puts.insert(put);
        self.oracle
            .put_starts(&url, part, self.now, &self.queue, self.app_paused, &self.server);
        self.call(Call::Put {
            file,
            part,
            put,
            url,
            bytes,
        });
    }

    fn cut(&mut self, put: PutId) {
        if !self.shell.puts.remove(&put) {
            self.shell.cut.insert(put);
            return;
        }
        let of = |c: &Call| matches!(c, Call::Put { put: p, .. } if *p == put);
        let Some(i) = self.shell.calls.iter().position(|(_, c)| of(c)) else {
            return;
        };
        let (_, call) = self.shell.calls.swap_remove(i);
        // All of it may have been on the wire already.
        if self.rng.chance(300)
            && let Call::Put {
                file,
                part,
                url,
                bytes,
                ..
            } = call
        {
            let _ = self.send(file, part, &url, bytes);
        }
    }

    /// The world's side of a call whose caller died.
    pub(crate) fn carry_without_answer(&mut self, call: Call) {
        let events = self.shell.events.len();
        self.carry(call);
        self.shell.events.truncate(events);
    }

    pub(crate) fn carry(&mut self, call: Call) {
        match call {
            Call::Load { group, after, limit } => {
                let limit = limit.min(self.manner.page);
                let due = self.rng.chance(800).then_some(self.clock());
                let (files, last) = match !self.calm && self.rng.chance(self.manner.faults / 10) {
                    // The queue could not be read.
                    true => (Vec::new(), true),
                    false => self.queue.load(group, after, limit, due),
                };
                self.answer(Event::Loaded { group, files, last });
            }
            Call::Count(group) => {
                let counts = self.queue.count(group);
                self.answer(Event::Counted { group, counts });
            }
            Call::CreateGroup(group) => {
                let result = self.faulty(|w| w.server.create_group(group)).and_then(|r| r);
                self.answer(Event::GroupCreated { group, result });
            }
            Call::Init(destination, asks) => self.init(destination, asks),
            Call::Read {
                file,
                part,
                mode,
                buffer,
                restart,
                opened,
            } => {
                self.shell.reads.remove(&buffer);
                let result = self.read(file, part, mode, buffer, restart, opened);
                self.answer(Event::PartRead {
                    file,
                    buffer,
                    n: part.number,
                    result,
                });
            }
            Call::Sign(destination, asks) => self.sign(destination, asks),
            Call::Put {
                file,
                part,
                put,
                url,
                bytes,
            } => {
                let result = self.send(file, part, &url, bytes);
                self.shell.puts.remove(&put);
                self.answer(Event::PutDone {
                    file,
                    n: part.number,
                    put,
                    result,
                });
            }
            Call::Check(files) => {
                let files = files.into_iter().map(|id| (id, self.disk.stat(id))).collect();
                self.answer(Event::Checked { files });
            }
            Call::Complete(destination, asks) => self.complete(destination, asks),
            Call::Delete(destination, asked) => {
                let files = asked.clone();
                let result = self.faulty(|w| files.iter().map(|f| w.server.delete(*f)).collect());
                self.answer(Event::Deleted {
                    destination,
                    asked,
                    result,
                });
            }
            Call::CancelGroup(group) => {
                let files = self.size_of_group(group);
                let result = self
                    .faulty(|w| w.server.cancel_group(group, &files))
                    .and_then(|r| r);
                self.answer(Event::GroupCancelled { group, result });
            }
            Call::Finalize(group) => {
                let files = self.size_of_group(group);
                let result = self.faulty(|w| w.server.finalize(group, &files)).and_then(|r| r);
                self.answer(Event::Finalized { group, result });
            }
        }
    }

    fn fault(&mut self) -> Fault {
        if self.calm || !self.rng.chance(self.manner.faults) {
            return Fault::None;
        }
        if self.rng.chance(400) {
            return Fault::After(Failure::new(ErrorCode::ConnectionLost, "the answer was lost"));
        }
        let code = *self.rng.pick(&FAULTS).expect("a code");
        let after = if self.rng.chance(200) { Some(1_500) } else { None };
        Fault::Before(Failure::new(code, "simulated").after(after))
    }

    fn faulty<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Result<T, Failure> {
        match self.fault() {
            Fault::None => Ok(work(self)),
            Fault::Before(failure) => Err(failure),
            Fault::After(failure) => {
                work(self);
                Err(failure)
            }
        }
    }

    fn init(&mut self, destination: DestinationId, asks: Vec<InitAsk>) {
        let asked: Vec<_> = asks.iter().map(|a| (a.file, a.attempt)).collect();
        let now = self.now;
        let result = self.faulty(|w| {
            let mut outcomes = Vec::new();
            for ask in asks {
                let r = &w.queue.files[&ask.file].record;
                assert_eq!(
                    ask.attempt.max(r.attempt),
                    r.attempt,
                    "an attempt is written down before it is announced"
                );
                if ask.attempt < r.attempt {
                    outcomes.push(InitOutcome::Refused(Failure::new(
                        ErrorCode::StateConflict,
                        "an older attempt",
                    )));
                    continue;
                }
                let (group, size, part_size) = (r.group, r.fingerprint.size, r.part_size);
                let refused = w.refused.contains(&ask.file);
                let item = Announced {
                    ask,
                    group,
                    size,
                    part_size,
                    refused,
                };
                outcomes.push(w.server.init(destination, &item, now));
            }
            outcomes
        });
        self.answer(Event::InitAnswered {
            destination,
            asked,
            result,
        });
    }

    fn sign(&mut self, destination: DestinationId, asks: Vec<SignAsk>) {
        let asked: Vec<_> = asks.iter().map(|a| (a.file, a.n)).collect();
        let now = self.now;
        let mut urls = Vec::new();
        let result = self.faulty(|w| {
            let mut outcomes = Vec::new();
            for ask in &asks {
                let signed = w.server.sign(ask, now);
                outcomes.push(
                    signed
                        .as_ref()
                        .map(|_| now.plus_millis(w.server.url_ttl_ms))
                        .map_err(Clone::clone),
                );
                urls.extend(signed.ok().map(|u| ((ask.file, ask.n), u)));
            }
            outcomes
        });
        if result.is_err() {
            urls.clear();
        }
        self.answer_with(
            Event::Signed {
                destination,
                asked,
                result,
            },
            urls,
        );
    }

    fn complete(&mut self, destination: DestinationId, asks: Vec<CompleteAsk>) {
        let asked: Vec<_> = asks.iter().map(|a| (a.file, a.attempt)).collect();
        let now = self.now;
        let result = self.faulty(|w| {
            let mut outcomes = Vec::new();
            for ask in &asks {
                if !w.calm && w.rng.chance(w.manner.faults / 2) {
                    w.server.loses_part(ask.file, ask.attempt);
                    w.oracle.storage_lost(ask.file);
                }
                let outcome = w.server.complete(ask, now);
                if let CompleteOutcome::PartsMissing(_) = &outcome {
                    w.oracle.storage_lost(ask.file);
                }
                outcomes.push(outcome);
            }
            outcomes
        });
        self.answer(Event::Completed {
            destination,
            asked,
            result,
        });
    }

    fn send(
        &mut self,
        file: FileId,
        part: PartRange,
        url: &Url,
        bytes: Option<Vec<u8>>,
    ) -> Result<windlass_core::units::ETag, Failure> {
        assert_eq!((url.file, url.n), (file, part.number));
        let bytes = match bytes {
            Some(bytes) => bytes,
            // Streamed from the source as it is now.
            None => self.disk.read(file, part.offset, part.len)?.0,
        };
        if !self.calm && self.rng.chance(self.manner.faults) {
            let code = *self.rng.pick(&PUT_FAULTS).expect("a code");
            if self.rng.chance(300) {
                let stored = self.server.put(url, &bytes, self.now);
                self.oracle.put_ended(url, &stored);
            }
            return Err(Failure::new(code, "simulated"));
        }
        let stored = self.server.put(url, &bytes, self.now);
        self.oracle.put_ended(url, &stored);
        stored
    }

    fn read(
        &mut self,
        file: FileId,
        part: PartRange,
        mode: ReadMode,
        buffer: BufferId,
        restart: bool,
        opened: u64,
    ) -> Result<ReadOutcome, Failure> {
        if !self.calm && self.rng.chance(self.manner.faults / 3) {
            let code = *self.rng.pick(&DISK_FAULTS).expect("a code");
            return Err(Failure::new(code, "simulated"));
        }
        let (bytes, source) = self.disk.read(file, part.offset, part.len)?;
        let mut sha256 = None;
        // The hash of a source that was closed meanwhile is nobody's.
        let open = self.shell.hashed.get_mut(&file).filter(|(o, _)| *o == opened);
        if let Some((_, seen)) = open.filter(|_| matches!(mode, ReadMode::Hash | ReadMode::HashAndKeep)) {
            if restart {
                seen.clear();
            }
            let r = &self.queue.files[&file].record;
            let changed = source != r.fingerprint;
            assert!(
                changed || seen.len() as u64 == part.offset,
                "the hashing pass reads from front to back"
            );
            seen.extend_from_slice(&bytes);
            sha256 = whole_after(part, r.fingerprint.size).then(|| identity(seen));
        }
        let crc64 = crc64(&bytes);
        if let Some((_, slot)) = self.shell.buffers.get_mut(&buffer) {
            *slot = matches!(mode, ReadMode::HashAndKeep | ReadMode::Keep).then_some(bytes);
        }
        Ok(ReadOutcome {
            crc64,
            sha256,
            source,
        })
    }
}

fn whole_after(part: PartRange, size: u64) -> bool {
    part.offset + part.len >= size
}

/// Keys of parts.
pub(crate) type PartKey = (FileId, u32, PartNumber);
