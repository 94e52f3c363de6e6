//! Looks at what was given before anything of it is taken in: counts, sizes, and what can't or need not be sent.
//!
//! A look reads metadata, opens each file for a moment, asks the queue for receipts, and the destination what it takes. When
//! all is counted, it reads what may be there under another name ([`there`]). It keeps nothing but hashes, and may be left at any
//! time. What it said holds for that moment; the intake looks at everything again.

mod there;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio_util::sync::{CancellationToken, DropGuard};
use windlass_core::accepts::{Accepts, Refused};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::limits::{MAX_FILES_PER_INTAKE, MAX_REFUSED_TYPES};
use windlass_core::names::shown;
use windlass_queue::destinations::{self, DestinationRow};
use windlass_queue::{groups, receipts};

use crate::handle::LookFor;
use crate::infos::locked;
use crate::intake::{Found, Room, Stands, Taken, Written, name_of, walk_roots};
use crate::shell::Shared;
use crate::view::{PreflightExample, PreflightFold, PreflightKind, PreflightView};
use crate::{accepts, room};
use there::Candidates;

/// Files that are held against receipts together.
const TOGETHER: usize = 500;
/// Names that a fold tells. As many again are kept of files that may turn out to be there, and then stand elsewhere.
const EXAMPLES: usize = 200;
/// Files that a look remembers by name: who leaves out what was being written, or was there, leaves out these.
const MOST_NAMED: usize = 10_000;

/// A look under way. Dropped, it ends.
#[derive(Debug)]
pub struct Preflight {
    view: Arc<Mutex<PreflightView>>,
    growing: Arc<Mutex<BTreeSet<String>>>,
    there: Arc<Mutex<BTreeMap<String, SourceFingerprint>>>,
    _stop: DropGuard,
}

impl Preflight {
    /// The files that were being written, by their paths inside the group.
    #[must_use]
    pub fn growing(&self) -> BTreeSet<String> {
        locked(&self.growing).clone()
    }

    /// The files that are there by their content and that the intake can't tell from its own knowledge: they were touched just
    /// now, so that their hash is not remembered. By their paths inside the group, as the versions that were read.
    #[must_use]
    pub fn there(&self) -> BTreeMap<String, SourceFingerprint> {
        locked(&self.there).clone()
    }

    /// What is known by now.
    #[must_use]
    pub fn view(&self) -> PreflightView {
        let mut view = locked(&self.view).clone();
        view.first.truncate(EXAMPLES);
        for fold in &mut view.folds {
            fold.examples.truncate(EXAMPLES);
        }
        view
    }
}

pub(crate) async fn begin(
    shared: &Arc<Shared>,
    paths: Vec<PathBuf>,
    to: LookFor,
) -> Result<Preflight, Failure> {
    if paths.is_empty() {
        return Err(Failure::new(ErrorCode::BadRequest, "nothing was given"));
    }
    let (place, name) = shared
        .queue
        .read(move |conn| {
            let (row, wanted) = match to {
                LookFor::Group(id) => (groups::get(conn, id)?, None),
                LookFor::New(wanted) => (None, wanted),
            };
            let all = destinations::list(conn)?;
            let place = match row.as_ref().map(|r| r.record.destination).or(wanted) {
                Some(id) => all.into_iter().find(|d| d.id == id),
                None => all.into_iter().find(|d| d.is_default),
            };
            Ok((place, row.map(|r| r.name)))
        })
        .await?;
    let first = PreflightView {
        done: false,
        comparing: 0,
        too_many: false,
        destination: place.as_ref().map(|p| p.id),
        destination_name: place.as_ref().map(|p| shown(&p.name)).unwrap_or_default(),
        name: name.unwrap_or_else(|| name_of(&paths)),
        files: 0,
        folders: 0,
        empty_folders: 0,
        bytes: 0,
        ready: 0,
        ready_bytes: 0,
        later: 0,
        first: Vec::new(),
        oldest: None,
        newest: None,
        free: None,
        folds: Vec::new(),
    };
    let stop = CancellationToken::new();
    let look = Preflight {
        view: Arc::new(Mutex::new(first)),
        growing: Arc::default(),
        there: Arc::default(),
        _stop: stop.clone().drop_guard(),
    };
    let (view, shared_too) = (Arc::clone(&look.view), Arc::clone(shared));
    let notes = Notes {
        view: Arc::clone(&look.view),
        growing: Arc::clone(&look.growing),
        there: Arc::clone(&look.there),
    };
    shared.tasks.spawn(async move {
        let ended = tokio::select! {
            ended = run(&shared_too, &notes, paths, place, to, stop.clone()) => ended,
            () = stop.cancelled() => return,
            () = shared_too.stop.cancelled() => return,
        };
        if let Err(failure) = ended {
            tracing::warn!(error = %failure, "what was given could not be looked at to the end");
        }
        let mut view = locked(&view);
        view.done = true;
        view.comparing = 0;
    });
    Ok(look)
}

/// Where a look notes what it sees.
struct Notes {
    view: Arc<Mutex<PreflightView>>,
    growing: Arc<Mutex<BTreeSet<String>>>,
    there: Arc<Mutex<BTreeMap<String, SourceFingerprint>>>,
}

/// What files are held against.
struct Against {
    /// Where they would go, and what is taken there.
    to: Option<(DestinationId, Accepts)>,
    /// The group that they join, with the names that it has.
    into: Option<(GroupId, Arc<Taken>)>,
}

async fn run(
    shared: &Shared,
    notes: &Notes,
    paths: Vec<PathBuf>,
    place: Option<DestinationRow>,
    to: LookFor,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let (send, mut batches) = tokio::sync::mpsc::channel(4);
    let stop_walk = stop.clone();
    let walker = tokio::task::spawn_blocking(move || {
        let mut seen = Folders::default();
        let more = walk(&paths, &stop_walk, &send, &mut seen);
        (seen, more)
    });
    let free = async {
        match &place {
            Some(place) => room::at(shared, place).await.map(|room| room.free),
            None => None,
        }
    };
    let taking = async {
        let against = Against {
            to: match &place {
                Some(place) => Some((place.id, accepts::of(shared, place.id).await?)),
                None => None,
            },
            into: match to {
                LookFor::Group(id) => Some((id, Arc::new(Taken::of(shared, id).await?))),
                LookFor::New(_) => None,
            },
        };
        let mut candidates = Candidates::default();
        while let Some(batch) = batches.recv().await {
            take(shared, notes, &against, &mut candidates, batch).await?;
        }
        Ok::<_, Failure>(candidates.into_all())
    };
    // Asked beside: who is slow to tell it holds up no counting.
    let (taken, free) = tokio::join!(taking, free);
    let candidates = taken?;
    let (seen, too_many) = walker
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    {
        let mut view = locked(&notes.view);
        view.free = free;
        view.too_many = too_many;
        view.folders = u32::try_from(seen.all.len()).unwrap_or(u32::MAX);
        view.empty_folders = u32::try_from(seen.all.difference(&seen.used).count()).unwrap_or(u32::MAX);
        view.comparing = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        view.done = true;
    }
    match place {
        Some(place) => there::compare(shared, notes, place.id, candidates, &stop).await,
        None => Ok(()),
    }
}

/// Folders that were walked, and those of them with something in it.
#[derive(Default)]
struct Folders {
    all: BTreeSet<PathBuf>,
    used: BTreeSet<PathBuf>,
}

struct Looked {
    found: Found,
    trouble: Option<PreflightKind>,
}

impl Looked {
    /// What the destination says of it, unless something else stands against it already.
    fn refused_by(&self, accepts: &Accepts) -> Option<Refused> {
        match self.trouble {
            None | Some(PreflightKind::Growing) => {}
            Some(_) => return None,
        }
        let Found {
            path,
            rel_path,
            fingerprint,
            ..
        } = &self.found;
        accepts::refuses(accepts, path, rel_path, fingerprint.size)
    }
}

/// Walks and opens. Blocks. True when there was more than may be taken in at once.
fn walk(
    paths: &[PathBuf],
    stop: &CancellationToken,
    send: &tokio::sync::mpsc::Sender<Vec<Looked>>,
    folders: &mut Folders,
) -> bool {
    let mut batch = Vec::with_capacity(TOGETHER);
    let written = Written::below(paths);
    let mut room = Room::new(MAX_FILES_PER_INTAKE);
    let mut too_many = false;
    for (entry, parent) in walk_roots(paths) {
        if stop.is_cancelled() {
            return false;
        }
        if !room.takes(&entry) {
            too_many = true;
            break;
        }
        if let Ok(e) = &entry {
            if e.depth() > 0
                && let Some(above) = e.path().parent()
            {
                folders.used.insert(above.to_owned());
            }
            if e.file_type().is_dir() {
                folders.all.insert(e.path().to_owned());
            }
        }
        let Some(found) = crate::intake::found(entry, &parent) else {
            continue;
        };
        batch.push(Looked {
            trouble: trouble(&found, &written),
            found,
        });
        if batch.len() >= TOGETHER && send.blocking_send(std::mem::take(&mut batch)).is_err() {
            return false;
        }
    }
    let _ = send.blocking_send(batch);
    too_many
}

/// Why a file can't go, or should wait. Blocks.
fn trouble(found: &Found, written: &Written) -> Option<PreflightKind> {
    if let Some(refused) = &found.refused {
        return Some(match refused.code {
            ErrorCode::TooLarge => PreflightKind::TooLarge,
            ErrorCode::NameInvalid => PreflightKind::OddName,
            ErrorCode::NotRegularFile => PreflightKind::NotRegular,
            _ => PreflightKind::Unreadable,
        });
    }
    if std::fs::File::open(&found.path).is_err() {
        return Some(PreflightKind::Unreadable);
    }
    written.has(&found.fingerprint).then_some(PreflightKind::Growing)
}

/// What the queue knows of the files of a batch, and whether its content may be there.
async fn known(
    shared: &Shared,
    against: &Against,
    batch: Vec<Looked>,
) -> Result<Vec<(Looked, Option<PreflightKind>, bool)>, Failure> {
    let (place, into) = (against.to.as_ref().map(|(id, _)| *id), against.into.clone());
    let known = shared
        .queue
        .read(move |conn| {
            let mut known = Vec::with_capacity(batch.len());
            for looked in batch {
                let found = &looked.found;
                let stands = match &into {
                    Some((group, taken)) => taken.stands(conn, *group, found, &found.rel_path)?,
                    None => Stands::Free,
                };
                let path = found.path.as_os_str().as_bytes();
                let receipt = match place {
                    Some(place) => receipts::of_upload_here(conn, place, path)?,
                    None => None,
                };
                let kind = match (stands, receipt) {
                    (Stands::Same, _) => Some(PreflightKind::InGroup),
                    (_, Some(r)) if r.fingerprint.is_untouched(&found.fingerprint) => {
                        Some(PreflightKind::AlreadyThere)
                    }
                    (Stands::Other, _) => Some(PreflightKind::SameName),
                    (Stands::Free, Some(_)) => Some(PreflightKind::Changed),
                    (Stands::Free, None) => None,
                };
                let may_be = match place {
                    Some(place) => there::may_be(conn, place, &looked, kind)?,
                    None => false,
                };
                known.push((looked, kind, may_be));
            }
            Ok(known)
        })
        .await?;
    Ok(known)
}

/// Counts a batch, with what the queue knows of its files.
async fn take(
    shared: &Shared,
    notes: &Notes,
    against: &Against,
    candidates: &mut Candidates,
    batch: Vec<Looked>,
) -> Result<(), Failure> {
    let known = known(shared, against, batch).await?;
    let accepts = against.to.as_ref().map(|(_, accepts)| accepts);
    let mut view = locked(&notes.view);
    let mut folds: BTreeMap<PreflightKind, PreflightFold> = std::mem::take(&mut view.folds)
        .into_iter()
        .map(|f| (f.kind, f))
        .collect();
    for (looked, known, may_be) in known {
        let size = looked.found.fingerprint.size;
        view.files += 1;
        view.bytes += size;
        if looked.found.refused.is_none() {
            let at = looked.found.fingerprint.mtime_ns / 1_000_000;
            view.oldest = Some(view.oldest.map_or(at, |o| o.min(at)));
            view.newest = Some(view.newest.map_or(at, |n| n.max(at)));
        }
        let refused = accepts.and_then(|accepts| looked.refused_by(accepts));
        // What is there already needs no waiting.
        let kind = match looked.trouble {
            _ if known == Some(PreflightKind::InGroup) => known,
            _ if matches!(refused, Some(Refused::TooLarge { .. })) => Some(PreflightKind::TooLarge),
            _ if refused.is_some() => Some(PreflightKind::TypeRefused),
            Some(PreflightKind::Growing) => match known {
                Some(PreflightKind::AlreadyThere) => known,
                _ => looked.trouble,
            },
            other => other.or(known),
        };
        let may_be = may_be && there::goes(kind) && candidates.add(&looked, kind);
        let example = PreflightExample {
            name: shown(&looked.found.rel_path),
            path: looked.found.rel_path,
            bytes: size,
        };
        match kind {
            Some(PreflightKind::Growing) => {
                view.later += 1;
                view.ready_bytes += size;
                let mut growing = locked(&notes.growing);
                if growing.len() < MOST_NAMED {
                    growing.insert(example.path.clone());
                }
            }
            None | Some(PreflightKind::Changed | PreflightKind::SameName) => {
                view.ready += 1;
                view.ready_bytes += size;
            }
            Some(_) => {}
        }
        let Some(kind) = kind else {
            if candidates.has_room(None, view.first.len(), may_be) {
                view.first.push(example);
            }
            continue;
        };
        let fold = folds
            .entry(kind)
            .or_insert_with(|| PreflightFold::of(kind, accepts.and_then(|a| a.max_bytes)));
        fold.files += 1;
        fold.bytes += size;
        if candidates.has_room(Some(kind), fold.examples.len(), may_be) {
            fold.examples.push(example);
        }
        match refused {
            Some(Refused::Ending(ending)) => note_type(fold, format!(".{ending}")),
            Some(Refused::Content { mime, allowed }) => {
                note_type(fold, mime);
                fold.taken = allowed;
            }
            Some(Refused::TooLarge { .. }) | None => {}
        }
    }
    view.folds = folds.into_values().collect();
    Ok(())
}

fn note_type(fold: &mut PreflightFold, word: String) {
    if fold.types.len() < MAX_REFUSED_TYPES && !fold.types.contains(&word) {
        fold.types.push(word);
    }
}
