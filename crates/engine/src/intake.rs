//! Intake: paths become rows.
//!
//! What a person gave is written down first (group, roots, "being walked"), then walked, streamed into the queue in
//! batches; the machine begins with the first batch. A crash in the middle loses nothing: the next launch walks the roots
//! again and takes in what is not there yet. A path that can't be taken becomes a row too, with its reason, so that
//! the numbers add up (I8). Links inside a folder are not followed; pipes, sockets and devices are never opened. What another
//! program is writing just now is taken in when it stands still ([`growing`]); the group stays open until then.

mod again;
mod growing;
mod look;
mod split;
mod taken;
mod walks;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::limits::{MAX_FILES_PER_INTAKE, MAX_TEXT_BYTES};
use windlass_core::machine::Event;
use windlass_core::machine::records::Change;
use windlass_core::names::{decode_path_text, encode_path_bytes};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::{GroupState, Intent};
use windlass_queue::files::NewFile;
use windlass_queue::given::{self, Answer, Gesture};
use windlass_queue::groups::NewGroup;
use windlass_queue::{
    Connection, QueueError, changes, destinations, files, folders, groups, hash_cache, receipts,
};

pub(crate) use again::again;
pub(crate) use growing::Written;
pub(crate) use look::{Found, Room, found, walk_roots};
pub(crate) use split::add_split;
pub(crate) use taken::{Stands, Taken};
pub(crate) use walks::OfGroup;

use crate::handle::{AddPaths, Leave};
use crate::infos::GroupInfo;
use crate::shell::Shared;
use crate::{accepts, clock};

/// Files of one batch: written in one transaction, shown as one step of the count.
const BATCH: usize = 2_000;
/// Batches that the walk may be ahead of the queue.
const AHEAD: usize = 4;

/// Takes paths in without a look.
pub(crate) async fn add(shared: &Arc<Shared>, add: AddPaths) -> Result<GroupId, Failure> {
    take_in(shared, add, None).await
}

/// Takes paths in as [`add`] does, without what the person chose to leave out after a look.
pub(crate) async fn add_without(
    shared: &Arc<Shared>,
    add: AddPaths,
    leave: Leave,
) -> Result<GroupId, Failure> {
    take_in(shared, add, Some(leave)).await
}

async fn take_in(shared: &Arc<Shared>, mut add: AddPaths, leave: Option<Leave>) -> Result<GroupId, Failure> {
    // The same thing given twice in one gesture is one thing.
    let mut seen = BTreeSet::new();
    add.paths.retain(|p| seen.insert(p.clone()));
    if add.paths.is_empty() {
        return Err(Failure::new(ErrorCode::BadRequest, "nothing was given"));
    }
    let roots: Vec<String> = add
        .paths
        .iter()
        .map(|p| encode_path_bytes(p.as_os_str().as_bytes()))
        .collect();
    let name = match &add.name {
        Some(name) => crate::groups::checked_name(name)?,
        None => name_of(&add.paths),
    };
    let (into, wanted, origin, paused) = (add.group, add.destination, add.origin.stored(), add.paused);
    let fresh = add.id.unwrap_or_else(clock::group_id);
    let answer = leave.as_ref().map(answer_of);
    let now = clock::now();
    let walks = shared.infos.walks(into.unwrap_or(fresh));
    let mut open = walks.gate().await;
    let row = shared
        .queue
        .write(move |conn| {
            let id = into.unwrap_or(fresh);
            if into.is_none() {
                // Written before, and the answer did not arrive: what it gave is among the roots or walked already.
                if let Some(row) = groups::get(conn, id)? {
                    return Ok(Some((row, false)));
                }
                let all = destinations::list(conn)?;
                let place = match wanted {
                    Some(d) => all.into_iter().find(|p| p.id == d),
                    None => all.into_iter().find(|p| p.is_default),
                };
                let Some(place) = place else { return Ok(None) };
                groups::insert(
                    conn,
                    &NewGroup {
                        id,
                        name,
                        destination: place.id,
                        origin,
                        created_at: now,
                    },
                )?;
                if paused {
                    let _ = groups::set_intent(conn, id, Intent::Paused)?;
                }
            }
            given::add(conn, id, &roots, answer.as_ref())?;
            groups::set_scanning(conn, id, true)?;
            Ok(groups::get(conn, id)?.map(|row| (row, true)))
        })
        .await?;
    let Some((row, is_new)) = row else {
        return Err(Failure::new(
            ErrorCode::NotFound,
            if add.group.is_some() {
                "no such group"
            } else {
                "no destination"
            },
        ));
    };
    if !is_new {
        let id = row.record.id;
        tracing::info!(group = %id, "asked again for what is written already");
        // Who gives the files wants them to go: that answers the launch's question.
        crate::launch::known(shared).await;
        crate::launch::settled(shared, id);
        shared.event(Event::GroupReleased { id }).await;
        return Ok(id);
    }
    let closed = matches!(row.record.state, GroupState::Completed | GroupState::Cancelled)
        || row.record.intent == Intent::Cancelled;
    if closed {
        let id = row.record.id;
        if open.is_last() {
            shared.queue.write(move |conn| end_walk(conn, id)).await?;
        }
        return Err(Failure::new(
            ErrorCode::GroupClosed,
            "the group has ended; make a new one",
        ));
    }
    let id = row.record.id;
    tracing::info!(group = %id, destination = %row.record.destination, given = add.paths.len(), "a group takes files in");
    shared.infos.put_group(
        id,
        GroupInfo {
            name: row.name.clone(),
            destination: row.record.destination,
        },
    );
    shared
        .event(Event::GroupAdded {
            record: row.record,
            held: false,
            scanning: true,
        })
        .await;
    shared.event(Event::GroupWork { id, scanning: true }).await;
    shared.deltas.stir(id);
    open.begins();
    drop(open);
    let walker = Arc::clone(shared);
    let paths = add.paths;
    shared
        .tasks
        .spawn(async move { walk(walker, id, paths, leave, walks).await });
    Ok(id)
}

/// As it is written down.
fn answer_of(leave: &Leave) -> Answer {
    let named = leave.names.iter().map(|name| (name.clone(), None));
    let seen = leave
        .there
        .iter()
        .map(|(name, version)| (name.clone(), Some(*version)));
    Answer {
        unchanged: leave.unchanged,
        troubled: leave.troubled,
        same_name: leave.same_name,
        left: seen.chain(named).collect(),
    }
}

/// As it was answered.
fn leave_of(answer: Answer) -> Leave {
    let (mut names, mut there) = (BTreeSet::new(), BTreeMap::new());
    for (name, version) in answer.left {
        match version {
            Some(version) => drop(there.insert(name, version)),
            None => drop(names.insert(name)),
        }
    }
    Leave {
        unchanged: answer.unchanged,
        troubled: answer.troubled,
        same_name: answer.same_name,
        names,
        there,
    }
}

/// Walks again what a crash cut: each gesture by its own answer.
pub(crate) async fn resume_walk(shared: &Arc<Shared>, id: GroupId) -> Result<(), Failure> {
    let mut gestures = shared.queue.read(move |conn| given::of_group(conn, id)).await?;
    if gestures.is_empty() {
        // Its walk has to end all the same.
        gestures.push(Gesture {
            roots: Vec::new(),
            answer: None,
        });
    }
    let walks = shared.infos.walks(id);
    let mut open = walks.gate().await;
    for gesture in gestures {
        let paths = gesture
            .roots
            .iter()
            .filter_map(|r| decode_path_text(r))
            .map(|b| crate::groups::path_of(&b))
            .collect();
        let leave = gesture.answer.map(leave_of);
        open.begins();
        let (walker, walks) = (Arc::clone(shared), Arc::clone(&walks));
        shared
            .tasks
            .spawn(async move { walk(walker, id, paths, leave, walks).await });
    }
    Ok(())
}

fn end_walk(conn: &Connection, id: GroupId) -> Result<(), QueueError> {
    given::forget(conn, id)?;
    groups::set_scanning(conn, id, false)?;
    Ok(())
}

/// A group's name from what was given: the folder's name, the file's without its extension, or the first and how many more.
pub(crate) fn name_of(paths: &[PathBuf]) -> String {
    let name = |p: &PathBuf| {
        if p.is_dir() { p.file_name() } else { p.file_stem() }.map(|n| n.to_string_lossy().into_owned())
    };
    let first = paths.first().and_then(name).unwrap_or_else(|| "/".to_owned());
    let mut name = match paths.len() {
        0 | 1 => first,
        n => format!("{first} and {} more", n - 1),
    };
    while name.len() > MAX_TEXT_BYTES {
        name.pop();
    }
    name.replace('\0', "\u{fffd}")
}

/// Walks what one gesture gave. The group is open until the last of its walks has ended.
async fn walk(
    shared: Arc<Shared>,
    id: GroupId,
    paths: Vec<PathBuf>,
    answered: Option<Leave>,
    walks: Arc<OfGroup>,
) {
    let was_whole = match walk_through(&shared, id, paths, answered, &walks).await {
        Ok(was_whole) => was_whole,
        Err(failure) => {
            tracing::error!(error = %failure, "files could not be taken in");
            shared.deltas.notice(failure, Some(id));
            false
        }
    };
    let mut open = walks.gate().await;
    // What was cut stays written as "being walked": the next launch goes on.
    if !open.ends(was_whole) {
        return;
    }
    if let Err(e) = shared.queue.write(move |conn| end_walk(conn, id)).await {
        tracing::error!(error = %Failure::from(&e), "the end of the walk could not be noted");
    }
    shared.event(Event::GroupWork { id, scanning: false }).await;
    shared.deltas.stir(id);
}

/// False when the engine stops before all is taken in.
async fn walk_through(
    shared: &Arc<Shared>,
    id: GroupId,
    paths: Vec<PathBuf>,
    answered: Option<Leave>,
    walks: &OfGroup,
) -> Result<bool, Failure> {
    let turn = walks.turn().await;
    let (send, mut batches) = mpsc::channel::<Batch>(AHEAD);
    let was_looked_at = answered.is_some();
    let leave = Arc::new(answered.unwrap_or_default());
    let left = Arc::clone(&leave);
    let walker = tokio::task::spawn_blocking(move || walk_all(&paths, &left, &send));
    let learnt = async {
        // A look has asked the destination already.
        if was_looked_at {
            Ok(())
        } else {
            learn(shared, id).await
        }
    };
    let ((), mut taken) = tokio::try_join!(learnt, Taken::of(shared, id))?;
    while let Some(batch) = batches.recv().await {
        if shared.stop.is_cancelled() {
            return Ok(false);
        }
        let Some(next) = store(shared, id, batch, Arc::clone(&leave), taken).await? else {
            // Cancelled, or hidden: nobody wants the rest.
            return Ok(true);
        };
        taken = next;
        shared.event(Event::GroupWork { id, scanning: true }).await;
        shared.deltas.stir(id);
    }
    drop((batches, taken));
    let walked = walker
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    if let Some(failure) = walked.failure {
        shared.deltas.notice(failure, Some(id));
    }
    drop(turn);
    growing::take(shared, id, walked.growing, leave, walks).await
}

/// Asks the group's destination what it takes.
async fn learn(shared: &Shared, id: GroupId) -> Result<(), Failure> {
    if let Some(row) = shared.queue.read(move |conn| groups::get(conn, id)).await? {
        accepts::of(shared, row.record.destination).await?;
    }
    Ok(())
}

/// What the walk found since the batch before.
#[derive(Default)]
struct Batch {
    files: Vec<Found>,
    /// Folders with nothing in them, as paths inside the group.
    empty: Vec<String>,
}

/// What is left of a walk when it is over.
#[derive(Default)]
struct Walked {
    /// Is to be told once.
    failure: Option<Failure>,
    /// What other programs were writing.
    growing: Vec<Found>,
}

/// Walks the roots in order. Blocks.
fn walk_all(paths: &[PathBuf], leave: &Leave, send: &mpsc::Sender<Batch>) -> Walked {
    let mut walked = Walked::default();
    let written = Written::below(paths);
    let mut batch = Batch::default();
    let mut folders = look::EmptyFolders::default();
    let mut room = Room::new(MAX_FILES_PER_INTAKE);
    let mut first = true;
    for (entry, parent) in walk_roots(paths) {
        if !room.takes(&entry) {
            let last = entry.map_or_else(|_| parent.clone(), |e| e.path().to_owned());
            flush(&mut batch, send);
            walked.failure = Some(Failure::new(ErrorCode::TooManyFiles, last.to_string_lossy()));
            return walked;
        }
        batch.empty.extend(folders.next(&entry, &parent));
        if let Some(found) = found(entry, &parent)
            && !leave.names.contains(&found.rel_path)
            && !leave
                .there
                .get(&found.rel_path)
                .is_some_and(|known| known.is_untouched(&found.fingerprint))
            && !(leave.troubled && (found.refused.is_some() || std::fs::File::open(&found.path).is_err()))
        {
            if written.has(&found.fingerprint) {
                walked.growing.push(found);
            } else {
                batch.files.push(found);
            }
        }
        // The first files go at once, so that sending begins while the walk goes on.
        let full = batch.files.len() + batch.empty.len() >= if first { 50 } else { BATCH };
        if full {
            first = false;
            if !flush(&mut batch, send) {
                return walked;
            }
        }
    }
    batch.empty.extend(folders.end());
    flush(&mut batch, send);
    walked
}

fn flush(batch: &mut Batch, send: &mpsc::Sender<Batch>) -> bool {
    batch.files.is_empty() && batch.empty.is_empty() || send.blocking_send(std::mem::take(batch)).is_ok()
}

/// Writes a batch. `None`: the group takes no more.
async fn store(
    shared: &Shared,
    id: GroupId,
    batch: Batch,
    leave: Arc<Leave>,
    mut taken: Taken,
) -> Result<Option<Taken>, Failure> {
    let now = clock::now();
    let written = shared
        .queue
        .write(move |conn| {
            let Some(row) = groups::get(conn, id)? else {
                return Ok(None);
            };
            if row.record.intent == Intent::Cancelled
                || matches!(row.record.state, GroupState::Completed | GroupState::Cancelled)
            {
                return Ok(None);
            }
            let takes = destinations::get(conn, row.record.destination)?
                .map(|place| place.accepts)
                .unwrap_or_default();
            let mut position = files::next_position(conn, id)?;
            let mut new = Vec::with_capacity(batch.files.len());
            let mut after = Vec::new();
            for found in batch.files {
                if leave.unchanged && found.refused.is_none() {
                    let path = found.path.as_os_str().as_bytes();
                    let place = row.record.destination;
                    let known = receipts::of_upload_here(conn, place, path)?;
                    if known.is_some_and(|r| r.fingerprint.is_untouched(&found.fingerprint)) {
                        continue;
                    }
                    // Under another name: the look has read it, and its hash is remembered.
                    if found.fingerprint.size > 0
                        && let Some(known) = hash_cache::get(conn, &found.fingerprint)?
                        && receipts::has_content(conn, place, found.fingerprint.size, known.sha256)?
                    {
                        continue;
                    }
                }
                let size = found.fingerprint.size;
                let refused = found.refused.clone().or_else(|| {
                    let why = accepts::refuses(&takes, &found.path, &found.rel_path, size)?;
                    Some(why.failure())
                });
                if leave.troubled && refused.is_some() {
                    continue;
                }
                let Some(rel_path) = taken.name_for(conn, id, &found, position, leave.same_name)? else {
                    continue;
                };
                let file = clock::file_id();
                let plan = PartPlan::new(size).or_else(|_| PartPlan::new(0));
                let Ok(plan) = plan else { continue };
                // Unchanged since it was hashed: its content is known without a read.
                if refused.is_none()
                    && let Some(known) = hash_cache::get(conn, &found.fingerprint)?
                {
                    after.push(Change::FileHashed {
                        id: file,
                        sha256: known.sha256,
                    });
                }
                new.push(NewFile {
                    id: file,
                    group: id,
                    position,
                    path: found.path.as_os_str().as_bytes().to_vec(),
                    mime: mime_guess::from_path(&found.path).first_raw().map(str::to_owned),
                    rel_path,
                    fingerprint: found.fingerprint,
                    part_size: plan.part_size(),
                    part_count: plan.count(),
                    at: now,
                    failure: refused,
                });
                position += 1;
            }
            files::insert_many(conn, &new)?;
            folders::add(conn, id, &batch.empty)?;
            let _ = changes::apply(conn, &after)?;
            Ok(Some(taken))
        })
        .await?;
    Ok(written)
}
