//! Makers of what a launch sees.

use windlass_core::checksum::crc64;
use windlass_core::complete::StoredPart;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::records::{DoneResult, PartRecord, Proof};
use windlass_core::reconcile::{LocalFile, Remote, RemoteSession, Source};
use windlass_core::states::{FileState, PartState, SessionState};
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);
pub(crate) const ATTEMPT: u32 = 3;
pub(crate) const PART: u64 = 10;

/// How the storage lists one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    Not,
    Same,
    SameOtherTag,
    OtherBytes,
    OtherSize,
    TagOnly,
    OtherTagOnly,
}

pub(crate) const LISTED: [Listed; 7] = [
    Listed::Not,
    Listed::Same,
    Listed::SameOtherTag,
    Listed::OtherBytes,
    Listed::OtherSize,
    Listed::TagOnly,
    Listed::OtherTagOnly,
];

pub(crate) fn n(i: usize) -> PartNumber {
    PartNumber::from_index(i).expect("a part number")
}

pub(crate) fn crc(i: usize) -> Crc64Nvme {
    crc64(&[i as u8; PART as usize])
}

pub(crate) fn tag(i: usize) -> ETag {
    ETag(format!("\"tag-{i}\""))
}

pub(crate) fn fingerprint(size: u64) -> SourceFingerprint {
    SourceFingerprint {
        dev: 1,
        inode: 7,
        size,
        mtime_ns: 100,
        ctime_ns: 100,
    }
}

pub(crate) fn local(id: u8, state: FileState, parts: &[PartState]) -> LocalFile {
    let records = parts
        .iter()
        .enumerate()
        .filter(|(_, s)| **s != PartState::Pending)
        .map(|(i, s)| PartRecord {
            n: n(i),
            state: *s,
            crc64: (*s == PartState::Uploaded).then(|| crc(i)),
            etag: (*s == PartState::Uploaded).then(|| tag(i)),
        });
    LocalFile {
        id: FileId::new(NOW, [id; 10]),
        group: GroupId::new(NOW, [1; 10]),
        name: format!("file-{id}"),
        attempt: ATTEMPT,
        state,
        fingerprint: fingerprint(parts.len() as u64 * PART),
        part_size: PART,
        sha256: None,
        parts: records.collect(),
    }
}

pub(crate) fn listing(parts: &[Listed]) -> Vec<StoredPart> {
    let one = |i: usize, listed: Listed| {
        let part = StoredPart {
            n: n(i),
            size: PART,
            etag: tag(i),
            crc64: Some(crc(i)),
        };
        match listed {
            Listed::Not => None,
            Listed::Same => Some(part),
            Listed::SameOtherTag => Some(StoredPart {
                etag: ETag("later".into()),
                ..part
            }),
            Listed::OtherBytes => Some(StoredPart {
                crc64: Some(Crc64Nvme(1)),
                etag: ETag("other".into()),
                ..part
            }),
            Listed::OtherSize => Some(StoredPart {
                size: PART - 1,
                ..part
            }),
            // The quotes differ between two answers of one storage.
            Listed::TagOnly => Some(StoredPart {
                crc64: None,
                etag: ETag(format!("tag-{i}")),
                ..part
            }),
            Listed::OtherTagOnly => Some(StoredPart {
                crc64: None,
                etag: ETag("other".into()),
                ..part
            }),
        }
    };
    parts.iter().enumerate().filter_map(|(i, l)| one(i, *l)).collect()
}

pub(crate) fn session(attempt: u32, state: SessionState, parts: Option<Vec<StoredPart>>) -> RemoteSession {
    RemoteSession {
        attempt,
        state,
        deleted: false,
        settled: None,
        parts,
    }
}

pub(crate) fn proof() -> Proof {
    Proof {
        result: DoneResult::Uploaded,
        object_key: "k".into(),
        how: "crc64nvme".into(),
        sha256: None,
        crc64: None,
        uploaded_at: NOW,
    }
}

/// Every way in which a session can be told, but for its parts.
pub(crate) fn remotes(parts: Option<Vec<StoredPart>>) -> Vec<Remote> {
    let mut all = vec![Remote::NotAsked, Remote::Unknown];
    for attempt in [ATTEMPT - 1, ATTEMPT, ATTEMPT + 1] {
        for state in SessionState::ALL {
            for deleted in [false, true] {
                for settled in [None, Some(proof())] {
                    let parts = parts.clone();
                    all.push(Remote::Known(RemoteSession {
                        attempt,
                        state: *state,
                        deleted,
                        settled,
                        parts,
                    }));
                }
            }
        }
    }
    all
}

pub(crate) fn sources(here: SourceFingerprint) -> Vec<Source> {
    vec![
        Source::Present(here),
        Source::Present(SourceFingerprint {
            ctime_ns: 101,
            ..here
        }),
        Source::Present(SourceFingerprint {
            mtime_ns: 101,
            ctime_ns: 101,
            ..here
        }),
        Source::Present(SourceFingerprint {
            size: here.size + 1,
            mtime_ns: 101,
            ctime_ns: 101,
            ..here
        }),
        Source::Missing,
        Source::Failed(Failure::new(ErrorCode::DiskMissing, "card A")),
    ]
}
