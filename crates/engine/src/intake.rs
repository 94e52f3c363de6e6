//! Intake: paths become rows.
//!
//! What a person gave is written down first (group, roots, "being walked"), then walked, streamed into the queue in
//! batches; the machine begins with the first batch. A crash in the middle loses nothing: the next launch walks the roots
//! again and takes in what is not there yet. A path that can't be taken becomes a row too, with its reason, so that
//! the numbers add up (I8). Links inside a folder are not followed; pipes, sockets and devices are never opened.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use walkdir::WalkDir;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::GroupId;
use windlass_core::limits::{MAX_FILES_PER_INTAKE, MAX_TEXT_BYTES};
use windlass_core::machine::Event;
use windlass_core::machine::records::Change;
use windlass_core::names::{checked_rel_path, decode_path_text, encode_path_bytes, numbered};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::{GroupState, Intent};
use windlass_queue::files::NewFile;
use windlass_queue::groups::NewGroup;
use windlass_queue::{
    Connection, QueueError, changes, destinations, files, groups, hash_cache, history, receipts, settings,
};
use windlass_transfer::source;

use crate::clock;
use crate::handle::{AddPaths, Leave};
use crate::infos::GroupInfo;
use crate::shell::Shared;

/// Files of one batch: written in one transaction, shown as one step of the count.
const BATCH: usize = 2_000;
/// Batches that the walk may be ahead of the queue.
const AHEAD: usize = 4;
const ROOTS: &str = "intake:";
const LEAVE: &str = "intake:leave:";

pub(crate) async fn add(shared: &Arc<Shared>, mut add: AddPaths) -> Result<GroupId, Failure> {
    // The same thing given twice in one gesture is one thing.
    let mut seen = std::collections::BTreeSet::new();
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
    let (into, wanted, origin) = (add.group, add.destination, add.origin.stored());
    let fresh = add.id.unwrap_or_else(clock::group_id);
    let now = clock::now();
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
            }
            let key = format!("{ROOTS}{id}");
            let mut all: Vec<String> = settings::get(conn, &key)?
                .and_then(|v| serde_json::from_value(v).ok())
                .unwrap_or_default();
            all.extend(roots);
            settings::set(conn, &key, &serde_json::json!(all))?;
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
        shared.queue.write(move |conn| end_walk(conn, id)).await?;
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
    let walker = Arc::clone(shared);
    let paths = add.paths;
    shared.tasks.spawn(async move { walk(walker, id, paths).await });
    Ok(id)
}

/// Takes paths in as [`add`] does, without what the person chose to leave out. The choice is written first: a walk that a crash
/// cut goes on by it.
pub(crate) async fn add_without(
    shared: &Arc<Shared>,
    mut add: AddPaths,
    leave: Leave,
) -> Result<GroupId, Failure> {
    let id = match add.group {
        Some(id) => id,
        None => *add.id.get_or_insert_with(clock::group_id),
    };
    if leave != Leave::default() {
        let value = serde_json::json!({ "unchanged": leave.unchanged, "troubled": leave.troubled });
        shared
            .queue
            .write(move |conn| settings::set(conn, &format!("{LEAVE}{id}"), &value))
            .await?;
    }
    self::add(shared, add).await
}

/// What the person chose to leave out of the walk that is under way.
async fn leave_of(shared: &Shared, id: GroupId) -> Leave {
    let read = shared
        .queue
        .read(move |conn| settings::get(conn, &format!("{LEAVE}{id}")))
        .await;
    let flag = |value: &serde_json::Value, key| {
        value
            .get(key)
            .and_then(serde_json::Value::as_bool)
            .unwrap_or(false)
    };
    match read {
        Ok(Some(value)) => Leave {
            unchanged: flag(&value, "unchanged"),
            troubled: flag(&value, "troubled"),
        },
        Ok(None) | Err(_) => Leave::default(),
    }
}

/// Takes the originals of a group in once more, as a new group of the same name: what was dropped then, as it is now.
pub(crate) async fn again(shared: &Arc<Shared>, group: GroupId) -> Result<GroupId, Failure> {
    let (name, origin, destination, paths) = shared
        .queue
        .read(move |conn| {
            let row = groups::get(conn, group)?;
            let ended = history::get(conn, group)?;
            let name = row
                .as_ref()
                .map(|r| r.name.clone())
                .or(ended.as_ref().map(|h| h.name.clone()));
            let place = row.map(|r| r.record.destination).or(ended.map(|h| h.destination));
            let mut paths = std::collections::BTreeSet::new();
            let mut next = 0;
            loop {
                let rows = files::page(conn, group, next, BATCH, &[])?;
                let Some(last) = rows.last() else { break };
                next = last.position.unsigned_abs() + 1;
                paths.extend(rows.iter().map(|r| root_of(&r.path, &r.rel_path)));
            }
            for line in receipts::of_group(conn, group)? {
                paths.insert(root_of(&line.path, &line.rel_path));
            }
            let known = destinations::list(conn)?;
            let place = place.filter(|p| known.iter().any(|d| d.id == *p));
            Ok((name, crate::handle::Origin::Dialog, place, paths))
        })
        .await?;
    if paths.is_empty() {
        return Err(Failure::new(
            ErrorCode::NotFound,
            "its files are not known any more",
        ));
    }
    add(
        shared,
        AddPaths {
            paths: paths.into_iter().collect(),
            id: None,
            group: None,
            name,
            destination,
            origin,
        },
    )
    .await
}

/// What was given for a file to come in: the folder in which its path inside the group begins, or the file itself.
fn root_of(path: &[u8], rel_path: &str) -> PathBuf {
    let whole = crate::groups::path_of(path);
    let below = rel_path.matches('/').count();
    let mut root = whole.as_path();
    for _ in 0..below {
        match root.parent() {
            Some(parent) => root = parent,
            None => return whole.clone(),
        }
    }
    // A file that came under another name (two of one name) is itself what was given, unless its folder is.
    let first = rel_path.split('/').next().unwrap_or(rel_path);
    let named = root
        .file_name()
        .is_some_and(|n| encode_path_bytes(n.as_bytes()) == first);
    if below == 0 || named {
        root.to_owned()
    } else {
        whole.clone()
    }
}

/// Walks again what a crash cut.
pub(crate) async fn resume_walk(shared: &Arc<Shared>, id: GroupId) -> Result<(), Failure> {
    let roots = shared
        .queue
        .read(move |conn| settings::get(conn, &format!("{ROOTS}{id}")))
        .await?;
    let roots: Vec<String> = roots
        .and_then(|v| serde_json::from_value(v).ok())
        .unwrap_or_default();
    let paths = roots
        .iter()
        .filter_map(|r| decode_path_text(r))
        .map(|b| crate::groups::path_of(&b))
        .collect();
    let walker = Arc::clone(shared);
    shared.tasks.spawn(async move { walk(walker, id, paths).await });
    Ok(())
}

fn end_walk(conn: &Connection, id: GroupId) -> Result<(), QueueError> {
    settings::remove(conn, &format!("{ROOTS}{id}"))?;
    settings::remove(conn, &format!("{LEAVE}{id}"))?;
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

/// One thing that the walk found.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) rel_path: String,
    pub(crate) fingerprint: SourceFingerprint,
    pub(crate) refused: Option<Failure>,
}

/// Everything below the roots, in order, each with the folder from which its name counts. What was given itself may be a
/// link: the person pointed at it. Links below are not followed.
pub(crate) fn walk_roots(
    paths: &[PathBuf],
) -> impl Iterator<Item = (walkdir::Result<walkdir::DirEntry>, PathBuf)> + '_ {
    paths.iter().flat_map(|root| {
        let parent = root.parent().unwrap_or(Path::new("")).to_owned();
        WalkDir::new(root)
            .follow_links(false)
            .follow_root_links(true)
            .sort_by_file_name()
            .into_iter()
            .map(move |entry| (entry, parent.clone()))
    })
}

async fn walk(shared: Arc<Shared>, id: GroupId, paths: Vec<PathBuf>) {
    let (send, mut batches) = mpsc::channel::<Vec<Found>>(AHEAD);
    let leave = leave_of(&shared, id).await;
    let walker = tokio::task::spawn_blocking(move || walk_all(&paths, leave, &send));
    let mut stop_early = false;
    let mut taken = match Taken::of(&shared, id).await {
        Ok(taken) => taken,
        Err(failure) => return shared.deltas.notice(failure, Some(id)),
    };
    while let Some(batch) = batches.recv().await {
        if shared.stop.is_cancelled() {
            stop_early = true;
            break;
        }
        match store(&shared, id, batch, leave, taken).await {
            Ok(Some(next)) => taken = next,
            // Cancelled, or hidden: nobody wants the rest.
            Ok(None) => break,
            Err(failure) => {
                tracing::error!(error = %failure, "files could not be taken in");
                shared.deltas.notice(failure, Some(id));
                stop_early = true;
                break;
            }
        }
        shared.event(Event::GroupWork { id, scanning: true }).await;
        shared.deltas.stir(id);
    }
    drop(batches);
    if let Ok(Some(failure)) = walker.await {
        shared.deltas.notice(failure, Some(id));
    }
    if stop_early {
        // "Being walked" stays written: the next launch goes on.
        return;
    }
    if let Err(e) = shared.queue.write(move |conn| end_walk(conn, id)).await {
        tracing::error!(error = %Failure::from(&e), "the end of the walk could not be noted");
    }
    shared.event(Event::GroupWork { id, scanning: false }).await;
    shared.deltas.stir(id);
}

/// Walks the roots in order. Blocks. Answers a failure that is to be told once.
fn walk_all(paths: &[PathBuf], leave: Leave, send: &mpsc::Sender<Vec<Found>>) -> Option<Failure> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut count = 0usize;
    let mut first = true;
    for (entry, parent) in walk_roots(paths) {
        count += 1;
        if count > MAX_FILES_PER_INTAKE {
            let last = entry.map_or_else(|_| parent.clone(), |e| e.path().to_owned());
            flush(&mut batch, send);
            return Some(Failure::new(ErrorCode::TooManyFiles, last.to_string_lossy()));
        }
        if let Some(found) = found(entry, &parent)
            && !(leave.troubled && (found.refused.is_some() || std::fs::File::open(&found.path).is_err()))
        {
            batch.push(found);
        }
        // The first files go at once, so that sending begins while the walk goes on.
        let full = batch.len() >= if first { 50 } else { BATCH };
        if full {
            first = false;
            if !flush(&mut batch, send) {
                return None;
            }
        }
    }
    flush(&mut batch, send);
    None
}

fn flush(batch: &mut Vec<Found>, send: &mpsc::Sender<Vec<Found>>) -> bool {
    batch.is_empty() || send.blocking_send(std::mem::take(batch)).is_ok()
}

const NOTHING: SourceFingerprint = SourceFingerprint {
    dev: 0,
    inode: 0,
    size: 0,
    mtime_ns: 0,
    ctime_ns: 0,
};

pub(crate) fn found(entry: walkdir::Result<walkdir::DirEntry>, parent: &Path) -> Option<Found> {
    let rel =
        |path: &Path| encode_path_bytes(path.strip_prefix(parent).unwrap_or(path).as_os_str().as_bytes());
    let refuse = |path: &Path, failure: Failure| Found {
        path: path.to_owned(),
        rel_path: rel(path),
        fingerprint: NOTHING,
        refused: Some(failure),
    };
    let entry = match entry {
        Ok(entry) => entry,
        Err(e) => {
            let path = e.path().map_or_else(|| parent.to_owned(), Path::to_owned);
            let failure = match (e.loop_ancestor(), e.io_error()) {
                (Some(_), _) => Failure::new(
                    ErrorCode::NotRegularFile,
                    "the link leads back to a folder above it",
                ),
                (None, Some(io)) => source::source_failure(io, &path, None),
                (None, None) => Failure::new(ErrorCode::ReadError, e.to_string()),
            };
            return Some(refuse(&path, failure));
        }
    };
    let kind = entry.file_type();
    if kind.is_dir() {
        return None;
    }
    let path = entry.path();
    if kind.is_symlink() && entry.depth() > 0 {
        return Some(refuse(
            path,
            Failure::new(
                ErrorCode::NotRegularFile,
                "a link; links inside a folder are not followed",
            ),
        ));
    }
    // A root that is a link is looked at through the link.
    let meta = if entry.depth() == 0 {
        std::fs::metadata(path)
    } else {
        entry.metadata().map_err(Into::into)
    };
    match meta {
        Err(e) => Some(refuse(path, source::source_failure(&e, path, None))),
        Ok(meta) if meta.is_dir() => None,
        Ok(meta) if !meta.is_file() => Some(refuse(
            path,
            Failure::new(ErrorCode::NotRegularFile, "a pipe, a socket or a device"),
        )),
        Ok(meta) => {
            let fingerprint = source::fingerprint(&meta);
            let rel_path = rel(path);
            let refused = if checked_rel_path(&rel_path).is_none() {
                Some(Failure::new(ErrorCode::NameInvalid, rel_path.clone()))
            } else {
                PartPlan::new(fingerprint.size)
                    .err()
                    .map(|e| Failure::new(ErrorCode::TooLarge, e.to_string()))
            };
            Some(Found {
                path: path.to_owned(),
                rel_path,
                fingerprint,
                refused,
            })
        }
    }
}

/// Writes a batch. `None`: the group takes no more.
async fn store(
    shared: &Shared,
    id: GroupId,
    batch: Vec<Found>,
    leave: Leave,
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
            let mut position = files::next_position(conn, id)?;
            let mut new = Vec::with_capacity(batch.len());
            let mut after = Vec::new();
            for found in batch {
                if leave.unchanged && found.refused.is_none() {
                    let path = found.path.as_os_str().as_bytes();
                    let known = receipts::of_upload(conn, row.record.destination, path)?;
                    if known.is_some_and(|r| r.fingerprint == found.fingerprint) {
                        continue;
                    }
                }
                let Some(rel_path) = taken.name_for(conn, id, &found, position)? else {
                    continue;
                };
                let file = clock::file_id();
                let plan = PartPlan::new(found.fingerprint.size).or_else(|_| PartPlan::new(0));
                let Ok(plan) = plan else { continue };
                // Unchanged since it was hashed: its content is known without a read.
                if found.refused.is_none()
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
                    failure: found.refused,
                });
                position += 1;
            }
            files::insert_many(conn, &new)?;
            let _ = changes::apply(conn, &after)?;
            Ok(Some(taken))
        })
        .await?;
    Ok(written)
}

/// The names that a group has, as hashes with their places: a million of them take few bytes each, and only a name that
/// seems taken is looked up.
struct Taken {
    places: HashMap<u64, i64>,
    hasher: RandomState,
}

impl Taken {
    async fn of(shared: &Shared, id: GroupId) -> Result<Self, Failure> {
        let mut taken = Self {
            places: HashMap::new(),
            hasher: RandomState::new(),
        };
        let mut next = 0;
        loop {
            let rows = shared
                .queue
                .read(move |conn| files::page(conn, id, next, BATCH, &[]))
                .await?;
            let Some(last) = rows.last() else { return Ok(taken) };
            next = last.position.unsigned_abs() + 1;
            for row in rows {
                let key = taken.hasher.hash_one(&row.rel_path);
                taken.places.insert(key, row.position);
            }
        }
    }

    /// The name under which it goes in, at this place; `None`: the very same file is there already (dropped twice, or walked
    /// again).
    fn name_for(
        &mut self,
        conn: &Connection,
        group: GroupId,
        found: &Found,
        position: i64,
    ) -> Result<Option<String>, QueueError> {
        let path = found.path.as_os_str().as_bytes();
        let mut name = found.rel_path.clone();
        let mut n = 2;
        loop {
            let key = self.hasher.hash_one(&name);
            let Some(place) = self.places.get(&key).copied() else {
                self.places.insert(key, position);
                return Ok(Some(name));
            };
            let other = files::page(conn, group, place.unsigned_abs(), 1, &[])?
                .into_iter()
                .next();
            // One that is not written yet stands in this very batch: two different paths gave one name.
            let same = other.is_some_and(|o| {
                o.position == place
                    && o.rel_path == name
                    && o.path == path
                    && (found.refused.is_some() || o.fingerprint == found.fingerprint)
            });
            if same {
                return Ok(None);
            }
            name = numbered(&found.rel_path, n);
            n += 1;
        }
    }
}
