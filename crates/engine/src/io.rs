//! Reading parts of sources and sending them: the tasks behind `Read`, `Put` and `Check`.
//!
//! A source is opened by its first read and lives until the machine closes the file. At most one read of a file is under
//! way (the machine sees to it), so its running hash needs no order of its own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::FileId;
use windlass_core::limits::READ_STEP_BYTES;
use windlass_core::machine::{ReadMode, ReadOutcome};
use windlass_core::part_plan::PartRange;
use windlass_core::units::ETag;
use windlass_protocol::sessions::SignedPart;
use windlass_transfer::hash::ContentHash;
use windlass_transfer::put::{ByteStream, PartBody, SignedUrl, put_part};
use windlass_transfer::source::{Source, look};

use crate::infos::{FileInfo, Infos, locked};
use crate::shell::Shared;

/// A source under work.
pub(crate) struct OpenSource {
    path: PathBuf,
    source: Mutex<Option<Arc<Source>>>,
    hash: Mutex<Option<ContentHash>>,
}

impl OpenSource {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            source: Mutex::new(None),
            hash: Mutex::new(None),
        }
    }

    fn source(&self) -> Result<Arc<Source>, Failure> {
        let mut slot = locked(&self.source);
        if let Some(source) = slot.as_ref() {
            return Ok(Arc::clone(source));
        }
        let source = Arc::new(Source::open(&self.path)?);
        *slot = Some(Arc::clone(&source));
        Ok(source)
    }

    /// Reads a part. Blocks.
    pub(crate) fn read(
        &self,
        range: PartRange,
        mode: ReadMode,
        restart_hash: bool,
        whole_after: bool,
        last: bool,
    ) -> Result<(ReadOutcome, Option<Bytes>), Failure> {
        let source = self.source()?;
        let hashes = matches!(mode, ReadMode::Hash | ReadMode::HashAndKeep);
        let mut hash = if restart_hash {
            Some(ContentHash::default())
        } else {
            locked(&self.hash).take()
        };
        if hashes && hash.is_none() {
            return Err(Failure::new(
                ErrorCode::Internal,
                "the hashing pass lost its place",
            ));
        }
        let keep = matches!(mode, ReadMode::Keep | ReadMode::HashAndKeep);
        let result = source.read_part(&self.path, range, keep, hash.as_mut().filter(|_| hashes));
        let sha256 = if hashes && whole_after {
            hash.take().map(ContentHash::finish)
        } else {
            None
        };
        // What was hashed of a part that could not be read to its end is no beginning of anything.
        *locked(&self.hash) = hash.filter(|_| result.is_ok() || !hashes);
        if last || result.is_err() {
            // A small file is open only while it is read: ten thousand of them need no ten thousand descriptors. And what is
            // open on a disk that went away stays dead when the disk is back.
            *locked(&self.source) = None;
        }
        let part = result?;
        Ok((
            ReadOutcome {
                crc64: part.crc64,
                sha256,
                source: part.fingerprint,
            },
            part.bytes,
        ))
    }

    /// The part as a stream of steps, for parts too large to be held.
    pub(crate) fn stream(self: &Arc<Self>, range: PartRange) -> ByteStream {
        let this = Arc::clone(self);
        Box::pin(stream::try_unfold(
            (this, range.offset, range.len),
            |(this, offset, left)| async move {
                if left == 0 {
                    return Ok(None);
                }
                let step = usize::try_from(left)
                    .unwrap_or(READ_STEP_BYTES)
                    .min(READ_STEP_BYTES);
                let reader = Arc::clone(&this);
                let read = tokio::task::spawn_blocking(move || {
                    let read = reader.source()?.read_step(&reader.path, offset, step);
                    if read.is_err() {
                        *locked(&reader.source) = None;
                    }
                    read
                })
                .await;
                let bytes = read.map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))??;
                if bytes.is_empty() {
                    return Err(Failure::new(ErrorCode::FileChanged, "the source ended early"));
                }
                let n = bytes.len() as u64;
                Ok(Some((bytes, (this, offset + n, left - n))))
            },
        ))
    }
}

/// A signed URL with the client's own record of its end.
pub(crate) struct Url {
    pub(crate) part: SignedPart,
    until: Instant,
}

impl Url {
    pub(crate) fn new(part: SignedPart) -> Self {
        let valid = Duration::from_millis(u64::try_from(part.valid_ms).unwrap_or(0));
        Self {
            until: Instant::now() + valid,
            part,
        }
    }

    fn expired(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// Sends one part. The meter counts what the socket took, also when it fails.
pub(crate) async fn put(
    shared: &Shared,
    group: windlass_core::ids::GroupId,
    url: Url,
    body: PartBody,
) -> Result<ETag, Failure> {
    if url.expired() {
        return Err(Failure::new(
            ErrorCode::UrlExpired,
            "it ran out before it was used",
        ));
    }
    let sent = Arc::new(AtomicU64::new(0));
    let to = SignedUrl {
        url: &url.part.url,
        headers: &url.part.headers,
        expired: &|| url.expired(),
    };
    let place = shared
        .infos
        .destination(group)
        .ok_or_else(|| Failure::new(ErrorCode::Internal, "the group of the part is not known"))?;
    let client = shared.storage_for(place, &url.part.url)?;
    let mut counted = Counted {
        shared,
        group,
        sent: Arc::clone(&sent),
        stored: false,
    };
    let body = body.limited(Arc::clone(&shared.limiter));
    let result = put_part(&client, to, body, sent).await;
    if result.is_ok() {
        shared.meter.add(group, |m| m.parts += 1);
        counted.stored = true;
    }
    drop(counted);
    result
}

/// Counts what was sent also when the PUT is cut by dropping it.
struct Counted<'a> {
    shared: &'a Shared,
    group: windlass_core::ids::GroupId,
    sent: Arc<AtomicU64>,
    stored: bool,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let bytes = self.sent.load(Ordering::Relaxed);
        let lost = if self.stored { 0 } else { bytes };
        self.shared.meter.add(self.group, |m| {
            m.bytes += bytes;
            m.lost += lost;
        });
    }
}

/// Looks at the sources as they are. Blocks.
///
/// With a fingerprint: only that version is an answer (see [`crate::watch`]).
pub(crate) fn check(
    infos: &Infos,
    files: Vec<(FileId, Option<Arc<FileInfo>>, Option<SourceFingerprint>)>,
) -> Vec<(FileId, Result<SourceFingerprint, Failure>)> {
    let gone = || Err(Failure::new(ErrorCode::FileMissing, "it left the queue"));
    files
        .into_iter()
        .map(|(id, info, strict)| {
            let seen = info.map_or_else(gone, |i| infos.seen(&i, look(&i.path), |f| *f));
            (
                id,
                seen.and_then(|seen| strict.map_or(Ok(seen), |s| crate::watch::strictly(&s, seen))),
            )
        })
        .collect()
}
