//! The control plane and its storage: sessions, attempts, parts with real checksums, objects.
//!
//! It shares no decision with the machine; what it is sent is held against the rules of the requirements (I3, I17).

use std::collections::BTreeMap;

use windlass_core::checksum::crc64;
use windlass_core::complete::StoredPart;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::records::{DoneResult, Proof};
use windlass_core::machine::{CompleteAsk, CompleteOutcome, InitAsk, InitOutcome, SignAsk};
use windlass_core::reconcile::{Remote, RemoteSession};
use windlass_core::states::SessionState;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber, Sha256};

use crate::rng::Rng;

/// A claim on a content that shows no sign of life for so long is taken over, milliseconds.
const CLAIM_MS: i64 = 60_000;

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Open,
    /// Complete runs until then.
    Completing(Timestamp),
    Settled(Proof),
    Deleted,
    Refused,
}

#[derive(Debug)]
struct Session {
    destination: DestinationId,
    attempt: u32,
    size: u64,
    state: State,
    claim: Option<Sha256>,
    alive_at: Timestamp,
}

#[derive(Debug, Clone)]
struct Part {
    bytes: Vec<u8>,
    crc64: Crc64Nvme,
    etag: ETag,
}

/// The unfinished upload of one attempt, or the object that was made of it.
#[derive(Debug, Default)]
struct Upload {
    size: u64,
    part_size: u64,
    parts: BTreeMap<PartNumber, Part>,
    object: Option<Vec<u8>>,
    /// Aborted: it takes nothing any more.
    dead: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupState {
    Open,
    Completed,
    Cancelled,
}

/// What a signed URL allows.
#[derive(Debug, Clone)]
pub(crate) struct Url {
    pub(crate) file: FileId,
    pub(crate) attempt: u32,
    pub(crate) n: PartNumber,
    size: u64,
    crc64: Crc64Nvme,
    until: Timestamp,
}

impl Url {
    pub(crate) fn crc(&self) -> Crc64Nvme {
        self.crc64
    }
}

/// A file as init is told of it.
pub(crate) struct Announced {
    pub(crate) ask: InitAsk,
    pub(crate) group: GroupId,
    pub(crate) size: u64,
    pub(crate) part_size: u64,
    /// This destination takes no such file.
    pub(crate) refused: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Server {
    groups: BTreeMap<GroupId, GroupState>,
    sessions: BTreeMap<FileId, Session>,
    uploads: BTreeMap<(FileId, u32), Upload>,
    /// Tags are made anew for each PUT where the store does so.
    fresh_tags: bool,
    lists_crc: bool,
    dedup: bool,
    pub(crate) url_ttl_ms: i64,
    slow_complete_ms: i64,
    tags: u64,
}

fn failure(code: ErrorCode) -> Failure {
    Failure::new(code, "simulated")
}

pub(crate) fn key(file: FileId, attempt: u32) -> String {
    format!("{file}/{attempt}")
}

impl Server {
    pub(crate) fn new(rng: &mut Rng, latency: u64) -> Self {
        let shortest = 4 * latency as i64 + 400;
        Self {
            fresh_tags: rng.chance(300),
            lists_crc: rng.chance(800),
            dedup: rng.chance(500),
            url_ttl_ms: *rng.pick(&[shortest, shortest + 10_000, 900_000]).expect("a time"),
            slow_complete_ms: *rng.pick(&[0, 0, 1_500]).expect("a time"),
            ..Self::default()
        }
    }

    pub(crate) fn create_group(&mut self, id: GroupId) -> Result<(), Failure> {
        match self.groups.entry(id).or_insert(GroupState::Open) {
            GroupState::Cancelled => Err(failure(ErrorCode::GroupClosed)),
            GroupState::Open | GroupState::Completed => Ok(()),
        }
    }

    pub(crate) fn init(
        &mut self,
        destination: DestinationId,
        item: &Announced,
        now: Timestamp,
    ) -> InitOutcome {
        match self.groups.get(&item.group) {
            None => return InitOutcome::Refused(failure(ErrorCode::NotFound)),
            Some(GroupState::Cancelled) => return InitOutcome::Refused(failure(ErrorCode::GroupClosed)),
            Some(GroupState::Completed) => return InitOutcome::Refused(failure(ErrorCode::GroupCompleted)),
            Some(GroupState::Open) => {}
        }
        let (file, attempt) = (item.ask.file, item.ask.attempt);
        if item.refused {
            let fresh = Session {
                state: State::Refused,
                ..session(destination, attempt, item.size, now)
            };
            self.sessions.insert(file, fresh);
            return InitOutcome::Refused(failure(ErrorCode::MimeNotAllowed));
        }
        if let Some(known) = self.sessions.get(&file) {
            if known.attempt > attempt {
                return InitOutcome::Refused(failure(ErrorCode::StateConflict));
            }
            if known.attempt == attempt {
                match &known.state {
                    State::Settled(proof) => return InitOutcome::Settled(proof.clone()),
                    State::Deleted => return InitOutcome::Refused(failure(ErrorCode::SessionDeleted)),
                    State::Refused => return InitOutcome::Refused(failure(ErrorCode::MimeNotAllowed)),
                    State::Open | State::Completing(_) => {}
                }
            }
        }
        if let Some(outcome) = self.duplicate(destination, item, now) {
            return outcome;
        }
        let older = self.sessions.get(&file).is_none_or(|s| s.attempt < attempt);
        if older {
            self.give_up(file);
            self.sessions
                .insert(file, session(destination, attempt, item.size, now));
            let upload = Upload {
                size: item.size,
                part_size: item.part_size,
                ..Upload::default()
            };
            self.uploads.insert((file, attempt), upload);
        }
        if let Some(s) = self.sessions.get_mut(&file) {
            (s.claim, s.alive_at) = (item.ask.sha256, now);
        }
        InitOutcome::Upload {
            object_key: key(file, attempt),
        }
    }

    fn duplicate(
        &mut self,
        destination: DestinationId,
        item: &Announced,
        now: Timestamp,
    ) -> Option<InitOutcome> {
        if !self.dedup {
            return None;
        }
        let file = item.ask.file;
        let mut others = self
            .sessions
            .iter()
            .filter(|(id, s)| **id != file && s.destination == destination);
        let Some(sha256) = item.ask.sha256 else {
            let maybe = others
                .any(|(_, s)| s.size == item.size && matches!(s.state, State::Settled(_) | State::Open));
            let known = self
                .sessions
                .get(&file)
                .is_some_and(|s| s.attempt == item.ask.attempt);
            return (maybe && !known).then_some(InitOutcome::HashFirst);
        };
        let settled = others.clone().find_map(|(_, s)| match &s.state {
            State::Settled(proof) if proof.sha256 == Some(sha256) => Some(proof.clone()),
            _ => None,
        });
        if let Some(proof) = settled {
            let proof = Proof {
                result: DoneResult::Deduplicated,
                uploaded_at: now,
                ..proof
            };
            self.give_up(file);
            let fresh = session(destination, item.ask.attempt, item.size, now);
            self.sessions.insert(
                file,
                Session {
                    state: State::Settled(proof.clone()),
                    ..fresh
                },
            );
            return Some(InitOutcome::Settled(proof));
        }
        let claimed = others.any(|(_, s)| {
            let open = matches!(s.state, State::Open | State::Completing(_));
            open && s.claim == Some(sha256) && now.millis_since(s.alive_at) < CLAIM_MS
        });
        let ours = self.sessions.get(&file).is_some_and(|s| s.claim == Some(sha256));
        (claimed && !ours).then_some(InitOutcome::Follow)
    }

    /// The session's attempt takes nothing any more.
    fn give_up(&mut self, file: FileId) {
        let Some(s) = self.sessions.get(&file) else { return };
        if let Some(upload) = self
            .uploads
            .get_mut(&(file, s.attempt))
            .filter(|u| u.object.is_none())
        {
            upload.dead = true;
            upload.parts.clear();
        }
    }

    pub(crate) fn sign(&mut self, ask: &SignAsk, now: Timestamp) -> Result<Url, Failure> {
        let s = self
            .sessions
            .get_mut(&ask.file)
            .ok_or(failure(ErrorCode::NotFound))?;
        if s.attempt != ask.attempt {
            return Err(failure(ErrorCode::StateConflict));
        }
        match s.state {
            State::Open => {}
            State::Completing(_) => return Err(failure(ErrorCode::StateConflict)),
            State::Settled(_) => return Err(failure(ErrorCode::SessionSettled)),
            State::Deleted => return Err(failure(ErrorCode::SessionDeleted)),
            State::Refused => return Err(failure(ErrorCode::StateConflict)),
        }
        s.alive_at = now;
        let until = now.plus_millis(self.url_ttl_ms);
        Ok(Url {
            file: ask.file,
            attempt: ask.attempt,
            n: ask.n,
            size: ask.size,
            crc64: ask.crc64,
            until,
        })
    }

    pub(crate) fn put(&mut self, url: &Url, bytes: &[u8], now: Timestamp) -> Result<ETag, Failure> {
        if now >= url.until {
            return Err(failure(ErrorCode::UrlExpired));
        }
        let upload = self
            .uploads
            .get_mut(&(url.file, url.attempt))
            .ok_or(failure(ErrorCode::StorageLostUpload))?;
        if upload.dead || upload.object.is_some() {
            return Err(failure(ErrorCode::StorageLostUpload));
        }
        if bytes.len() as u64 != url.size || crc64(bytes) != url.crc64 {
            return Err(failure(ErrorCode::ChecksumMismatch));
        }
        self.tags += 1;
        let etag = if self.fresh_tags {
            format!("\"{}\"", self.tags)
        } else {
            format!("\"{}\"", url.crc64)
        };
        let part = Part {
            bytes: bytes.to_vec(),
            crc64: url.crc64,
            etag: ETag(etag.clone()),
        };
        upload.parts.insert(url.n, part);
        Ok(ETag(etag))
    }

    pub(crate) fn complete(&mut self, ask: &CompleteAsk, now: Timestamp) -> CompleteOutcome {
        let slow = self.slow_complete_ms;
        let Some(s) = self.sessions.get_mut(&ask.file) else {
            return CompleteOutcome::Failed(failure(ErrorCode::SessionGone));
        };
        if s.attempt != ask.attempt {
            return CompleteOutcome::Failed(failure(ErrorCode::StateConflict));
        }
        match &s.state {
            State::Settled(proof) => return CompleteOutcome::Settled(proof.clone()),
            State::Deleted => return CompleteOutcome::Failed(failure(ErrorCode::SessionDeleted)),
            State::Refused => return CompleteOutcome::Failed(failure(ErrorCode::StateConflict)),
            State::Completing(until) if *until > now => return CompleteOutcome::Verifying,
            State::Completing(_) => {}
            State::Open => {
                if slow > 0 {
                    s.state = State::Completing(now.plus_millis(slow));
                    return CompleteOutcome::Verifying;
                }
            }
        }
        let Some(upload) = self.uploads.get_mut(&(ask.file, ask.attempt)).filter(|u| !u.dead) else {
            return CompleteOutcome::Failed(failure(ErrorCode::StorageLostUpload));
        };
        i03_the_list_is_whole(upload, ask);
        let missing: Vec<_> = ask
            .parts
            .iter()
            .filter(|(n, _, crc, etag)| {
                upload
                    .parts
                    .get(n)
                    .is_none_or(|p| p.crc64 != *crc || p.etag != *etag)
            })
            .map(|(n, ..)| *n)
            .collect();
        if !missing.is_empty() {
            s.state = State::Open;
            return CompleteOutcome::PartsMissing(missing);
        }
        let object: Vec<u8> = upload
            .parts
            .values()
            .flat_map(|p| p.bytes.iter().copied())
            .collect();
        assert_eq!(
            crc64(&object),
            ask.crc64,
            "the checksum of the whole is that of its parts"
        );
        assert!(upload.object.is_none(), "I17: one object an attempt");
        upload.object = Some(object);
        let proof = Proof {
            result: DoneResult::Uploaded,
            object_key: key(ask.file, ask.attempt),
            how: "crc64nvme".into(),
            sha256: ask.sha256,
            crc64: Some(ask.crc64),
            uploaded_at: now,
        };
        s.state = State::Settled(proof.clone());
        CompleteOutcome::Settled(proof)
    }

    /// True: nothing unfinished is left.
    pub(crate) fn delete(&mut self, file: FileId) -> bool {
        if let Some(s) = self.sessions.get_mut(&file)
            && !matches!(s.state, State::Settled(_))
        {
            s.state = State::Deleted;
            self.give_up(file);
        }
        true
    }

    pub(crate) fn cancel_group(&mut self, id: GroupId, files: &[FileId]) -> Result<(), Failure> {
        match self.groups.get(&id) {
            None => return Err(failure(ErrorCode::NotFound)),
            Some(GroupState::Completed) => return Err(failure(ErrorCode::GroupCompleted)),
            Some(GroupState::Open | GroupState::Cancelled) => {}
        }
        self.groups.insert(id, GroupState::Cancelled);
        for file in files {
            self.delete(*file);
        }
        Ok(())
    }

    pub(crate) fn finalize(&mut self, id: GroupId, files: &[FileId]) -> Result<(), Failure> {
        match self.groups.get(&id) {
            None => return Err(failure(ErrorCode::NotFound)),
            Some(GroupState::Cancelled) => return Err(failure(ErrorCode::GroupClosed)),
            Some(GroupState::Completed) => return Ok(()),
            Some(GroupState::Open) => {}
        }
        let open = files.iter().filter_map(|f| self.sessions.get(f));
        if open
            .into_iter()
            .any(|s| matches!(s.state, State::Open | State::Completing(_)))
        {
            return Err(failure(ErrorCode::FinalizeIncomplete));
        }
        self.groups.insert(id, GroupState::Completed);
        Ok(())
    }

    /// Somebody at the destination removes an unfinished upload.
    pub(crate) fn operator_removes(&mut self, file: FileId) {
        self.delete(file);
    }

    /// The storage loses one part. True when there was one.
    pub(crate) fn loses_part(&mut self, file: FileId, attempt: u32) -> Option<PartNumber> {
        let upload = self
            .uploads
            .get_mut(&(file, attempt))
            .filter(|u| u.object.is_none())?;
        upload.parts.pop_first().map(|(n, _)| n)
    }

    pub(crate) fn holds_part(&self, file: FileId, attempt: u32, n: PartNumber, crc: Crc64Nvme) -> bool {
        let upload = self.uploads.get(&(file, attempt));
        upload.is_some_and(|u| u.parts.get(&n).is_some_and(|p| p.crc64 == crc))
    }

    pub(crate) fn object(&self, key: &str) -> Option<&[u8]> {
        let (file, attempt) = key.split_once('/')?;
        let upload = self.uploads.get(&(file.parse().ok()?, attempt.parse().ok()?))?;
        upload.object.as_deref()
    }

    /// Unfinished bytes of any attempt of the file.
    pub(crate) fn unfinished(&self, file: FileId) -> bool {
        self.uploads
            .range((file, 0)..=(file, u32::MAX))
            .any(|(_, u)| u.object.is_none() && !u.parts.is_empty())
    }

    /// The answer to a launch.
    pub(crate) fn tell(&self, file: FileId) -> Remote {
        let Some(s) = self.sessions.get(&file) else {
            return Remote::Unknown;
        };
        let upload = self.uploads.get(&(file, s.attempt));
        let list = |u: &Upload| -> Vec<StoredPart> {
            let one = |(n, p): (&PartNumber, &Part)| StoredPart {
                n: *n,
                size: p.bytes.len() as u64,
                etag: p.etag.clone(),
                crc64: self.lists_crc.then_some(p.crc64),
            };
            u.parts.iter().map(one).collect()
        };
        let multipart = upload.is_some_and(|u| u.size > u.part_size);
        let parts = match s.state {
            State::Open if multipart => upload.map(list),
            // The storage may have made the object already: it lists nothing.
            State::Completing(_) if multipart => Some(Vec::new()),
            _ => None,
        };
        let (state, settled) = match &s.state {
            State::Open | State::Deleted => (SessionState::Uploading, None),
            State::Completing(_) => (SessionState::Verifying, None),
            State::Settled(p) if p.result == DoneResult::Uploaded => {
                (SessionState::Uploaded, Some(p.clone()))
            }
            State::Settled(p) => (SessionState::Deduplicated, Some(p.clone())),
            State::Refused => (SessionState::Rejected, None),
        };
        let deleted = s.state == State::Deleted;
        Remote::Known(RemoteSession {
            attempt: s.attempt,
            state,
            deleted,
            settled,
            parts,
        })
    }
}

fn session(destination: DestinationId, attempt: u32, size: u64, now: Timestamp) -> Session {
    Session {
        destination,
        attempt,
        size,
        state: State::Open,
        claim: None,
        alive_at: now,
    }
}

fn i03_the_list_is_whole(upload: &Upload, ask: &CompleteAsk) {
    let mut left = upload.size;
    for (i, (n, size, ..)) in ask.parts.iter().enumerate() {
        assert_eq!(n.index(), i, "I3: no gap, no repeat");
        let planned = upload.part_size.min(left);
        assert_eq!(*size, planned, "I3: each part has its planned size");
        left -= size;
    }
    assert_eq!((left, ask.size), (0, upload.size), "I3: the sizes make the whole");
}
