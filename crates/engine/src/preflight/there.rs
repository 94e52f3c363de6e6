//! Content that is there under another name. When all files are counted, those of a size that some receipt of the destination has are
//! read and compared with its receipts: a copy or a renamed file is told before it is sent.
//!
//! Nobody waits for it: what is not compared when the person answers goes the usual way, which finds it by the same hash; so does
//! what is more than a look keeps in mind. What was read is remembered, so that the upload does not read it again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::DestinationId;
use windlass_core::names::shown;
use windlass_queue::hash_cache::{self, CachedHash};
use windlass_queue::{Connection, QueueError, receipts};

use super::{EXAMPLES, Looked, MOST_NAMED, Notes};
use crate::clock;
use crate::infos::locked;
use crate::shell::Shared;
use crate::view::{PreflightExample, PreflightFold, PreflightKind, PreflightView};
use crate::watch::content_while;

/// Files that are read between two answers, and their bytes; one file at least.
const ROUND: usize = 500;
const ROUND_BYTES: u64 = 256 * 1024 * 1024;

/// Files that a look keeps in mind to compare: some 40 MB.
const MOST: usize = 100_000;

/// A file that may be there.
pub(super) struct Candidate {
    path: PathBuf,
    fingerprint: SourceFingerprint,
    example: PreflightExample,
    /// How it was counted.
    kind: Option<PreflightKind>,
}

/// Whether a file of this kind would be sent.
pub(super) const fn goes(kind: Option<PreflightKind>) -> bool {
    matches!(
        kind,
        None | Some(PreflightKind::Changed | PreflightKind::SameName)
    )
}

/// Whether a file that would be sent is worth reading: something of its size is there.
pub(super) fn may_be(
    conn: &Connection,
    place: DestinationId,
    looked: &Looked,
    known: Option<PreflightKind>,
) -> Result<bool, QueueError> {
    let size = looked.found.fingerprint.size;
    if !goes(known) || looked.trouble.is_some() || size == 0 {
        return Ok(false);
    }
    receipts::has_size(conn, place, size)
}

/// Those of a look, as they are counted.
#[derive(Default)]
pub(super) struct Candidates {
    all: Vec<Candidate>,
    /// How many of them stand among the names of a list.
    named: BTreeMap<Option<PreflightKind>, usize>,
}

impl Candidates {
    /// One more. False: it is not compared, there are too many.
    pub(super) fn add(&mut self, looked: &Looked, kind: Option<PreflightKind>) -> bool {
        if self.all.len() >= MOST {
            return false;
        }
        self.all.push(Candidate::of(looked, kind));
        true
    }

    /// Whether a list of so many names takes one more: those that may turn out to be there take no place from the others.
    pub(super) fn has_room(&mut self, list: Option<PreflightKind>, names: usize, may_be: bool) -> bool {
        let named = self.named.entry(list).or_default();
        if !may_be {
            return names.saturating_sub(*named) < EXAMPLES;
        }
        let has = *named < EXAMPLES;
        *named += usize::from(has);
        has
    }

    pub(super) fn into_all(self) -> Vec<Candidate> {
        self.all
    }
}

impl Candidate {
    fn of(looked: &Looked, kind: Option<PreflightKind>) -> Self {
        let found = &looked.found;
        Self {
            path: found.path.clone(),
            fingerprint: found.fingerprint,
            example: PreflightExample {
                name: shown(&found.rel_path),
                path: found.rel_path.clone(),
                bytes: found.fingerprint.size,
            },
            kind,
        }
    }
}

/// Reads them, and counts anew those whose content is there.
pub(super) async fn compare(
    shared: &Shared,
    notes: &Notes,
    place: DestinationId,
    candidates: Vec<Candidate>,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let mut rest = candidates.into_iter().peekable();
    while rest.peek().is_some() {
        let (mut round, mut bytes) = (Vec::new(), 0u64);
        while let Some(next) = rest.peek()
            && (round.is_empty() || (round.len() < ROUND && bytes + next.fingerprint.size <= ROUND_BYTES))
        {
            bytes += next.fingerprint.size;
            round.extend(rest.next());
        }
        let n = u32::try_from(round.len()).unwrap_or(u32::MAX);
        let (there, others) = among(shared, place, round, stop).await?;
        let mut view = locked(&notes.view);
        view.comparing = view.comparing.saturating_sub(n);
        for (candidate, remembered) in there {
            if !remembered {
                let mut names = locked(&notes.there);
                if names.len() < MOST_NAMED {
                    names.insert(candidate.example.path.clone(), candidate.fingerprint);
                }
            }
            count_anew(&mut view, candidate);
        }
        others.into_iter().for_each(|other| name_too(&mut view, other));
    }
    Ok(())
}

/// Those whose content is there, and whether its hash is remembered, or the file was touched too short a time ago (F181); and the
/// others.
async fn among(
    shared: &Shared,
    place: DestinationId,
    round: Vec<Candidate>,
    stop: &CancellationToken,
) -> Result<(Vec<(Candidate, bool)>, Vec<Candidate>), Failure> {
    let round = shared
        .queue
        .read(move |conn| {
            let mut with = Vec::with_capacity(round.len());
            for candidate in round {
                let known = hash_cache::get(conn, &candidate.fingerprint)?;
                with.push((candidate, known.map(|k| k.sha256)));
            }
            Ok(with)
        })
        .await?;
    let (stop, stop_all) = (stop.clone(), shared.stop.clone());
    let read = move || {
        let began_ns = clock::now_ns();
        let go = || !stop.is_cancelled() && !stop_all.is_cancelled();
        let mut read = Vec::with_capacity(round.len());
        for (candidate, known) in round {
            let sha256 = known.or_else(|| {
                // What can't be read now, or changes, is told when its turn comes.
                let (version, sha256) = content_while(&candidate.path, &go).ok().flatten()?;
                (version == candidate.fingerprint).then_some(sha256)
            });
            let may = candidate.fingerprint.may_be_cached(began_ns);
            read.push((candidate, sha256, known.is_some(), may));
        }
        read
    };
    let read = tokio::task::spawn_blocking(read)
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    let new: Vec<_> = read
        .iter()
        .filter(|(_, _, known, may)| !known && *may)
        .filter_map(|(c, sha256, ..)| {
            let hash = CachedHash {
                sha256: (*sha256)?,
                crc64: None,
            };
            Some((c.fingerprint, hash))
        })
        .collect();
    if !new.is_empty() {
        shared
            .queue
            .write(move |conn| hash_cache::put(conn, &new, clock::now()))
            .await?;
    }
    let told = shared
        .queue
        .read(move |conn| {
            let (mut there, mut others) = (Vec::new(), Vec::new());
            for (candidate, sha256, known, may) in read {
                let size = candidate.fingerprint.size;
                let is_there = match sha256 {
                    Some(sha256) => receipts::has_content(conn, place, size, sha256)?,
                    None => false,
                };
                if is_there {
                    there.push((candidate, known || may));
                } else {
                    others.push(candidate);
                }
            }
            Ok((there, others))
        })
        .await?;
    Ok(told)
}

/// It is not sent: it is there.
fn count_anew(view: &mut PreflightView, candidate: Candidate) {
    let Candidate { example, kind, .. } = candidate;
    view.ready = view.ready.saturating_sub(1);
    view.ready_bytes = view.ready_bytes.saturating_sub(example.bytes);
    match kind {
        None => view.first.retain(|e| e.path != example.path),
        Some(kind) => {
            if let Some(fold) = view.folds.iter_mut().find(|f| f.kind == kind) {
                fold.files = fold.files.saturating_sub(1);
                fold.bytes = fold.bytes.saturating_sub(example.bytes);
                fold.examples.retain(|e| e.path != example.path);
            }
            view.folds.retain(|f| f.files > 0);
        }
    }
    let there = PreflightKind::AlreadyThere;
    let at = view.folds.partition_point(|f| f.kind < there);
    if view.folds.get(at).is_none_or(|f| f.kind != there) {
        view.folds.insert(at, PreflightFold::of(there, None));
    }
    if let Some(fold) = view.folds.get_mut(at) {
        fold.files += 1;
        fold.bytes += example.bytes;
        if fold.examples.len() < EXAMPLES {
            fold.examples.push(example);
        }
    }
}

/// It is sent: where names of its list went away, it stands there instead.
fn name_too(view: &mut PreflightView, candidate: Candidate) {
    let Candidate { example, kind, .. } = candidate;
    let list = match kind {
        None => Some(&mut view.first),
        Some(kind) => view
            .folds
            .iter_mut()
            .find(|f| f.kind == kind)
            .map(|f| &mut f.examples),
    };
    if let Some(list) = list
        && list.len() < EXAMPLES
        && list.iter().all(|e| e.path != example.path)
    {
        list.push(example);
    }
}
