//! After the proof: the original is moved or thrown away, when the person chose that, and only with every proof in hand (E-8, X-13).
//!
//! The destination is asked again, the file is read again and compared with its receipt. A crash in between leaves the file where it
//! was, or where it went: then there is nothing left to do. What does not bear out is told, and the file stays.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{FileId, WatchId};
use windlass_core::limits::READ_STEP_BYTES;
use windlass_core::names::{encode_path_bytes, numbered};
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;
use windlass_core::watch::{After, AfterFacts, AfterStep, after};
use windlass_queue::acts::{ActKind, NewAct};
use windlass_queue::events::{self, EventScope, NewEvent};
use windlass_queue::watched::{self, AfterState, EntryRow};
use windlass_transfer::hash::ContentHash;
use windlass_transfer::source;

use super::trash;
use crate::clock;
use crate::groups::path_of;
use crate::shell::Shared;

/// Files of one round.
const ROUND: usize = 50;

/// Where originals go.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) watch: WatchId,
    pub(super) root: PathBuf,
    pub(super) after: After,
    pub(super) folder: Option<PathBuf>,
}

/// Carries out what is due. Answers how many originals left. Those that stay are tried again with `AfterState::Failed`.
pub(super) async fn carry_out(
    shared: &Arc<Shared>,
    choice: &Choice,
    state: AfterState,
) -> Result<u64, Failure> {
    let watch = choice.watch;
    let mut left = 0;
    loop {
        let due = shared
            .queue
            .read(move |conn| watched::after_due(conn, watch, state, ROUND))
            .await?;
        let n = due.len();
        left += round(shared, choice, due).await?;
        // What failed before fails again until something changes: once a call is enough.
        if n < ROUND || state == AfterState::Failed {
            return Ok(left);
        }
    }
}

async fn round(shared: &Arc<Shared>, choice: &Choice, due: Vec<EntryRow>) -> Result<u64, Failure> {
    if due.is_empty() {
        return Ok(0);
    }
    let ids: Vec<FileId> = due.iter().filter_map(|e| e.file).collect();
    // A destination that does not answer bears nothing out now; it is asked again later.
    let borne = crate::planes::verify_files(shared, ids).await?;
    let borne: BTreeMap<FileId, bool> = borne
        .into_iter()
        .map(|r| {
            let entry = due.iter().find(|e| e.file == Some(r.id));
            let fits = r.error.is_none()
                && match (&r.settled, entry) {
                    (Some(s), Some(e)) => {
                        e.proved.is_some_and(|p| p.size == s.size)
                            && !matches!((s.sha256, e.sha256), (Some(a), Some(b)) if a != b)
                    }
                    _ => false,
                };
            (r.id, fits)
        })
        .collect();
    let mut left = 0;
    for e in due {
        let Some(file) = e.file else { continue };
        let (c, ok) = (choice.clone(), borne.get(&file) == Some(&true));
        let rel = e.rel_path.clone();
        let (group, bytes) = (e.group, e.fingerprint.size);
        let done = tokio::task::spawn_blocking(move || one(&c, &e, ok)).await;
        let done = done.unwrap_or_else(|e| Err(Failure::new(ErrorCode::Internal, e.to_string())));
        let (watch, now, root) = (choice.watch, clock::now(), choice.root.clone());
        left += u64::from(matches!(&done, Ok(Some(_))));
        shared
            .queue
            .write(move |conn| match &done {
                Ok(to) => {
                    if let Some((kind, to)) = to {
                        let from = encode_path_bytes(std::os::unix::ffi::OsStrExt::as_bytes(
                            root.join(path_of(&rel)).as_os_str(),
                        ));
                        let to = encode_path_bytes(std::os::unix::ffi::OsStrExt::as_bytes(to.as_os_str()));
                        let event = NewEvent {
                            at: now,
                            scope: EventScope::File(file),
                            kind: (*kind).to_owned(),
                            code: None,
                            data: json!({ "from": from, "to": to }),
                        };
                        events::append(conn, &event)?;
                        if let Some(group) = group {
                            let kind = match event.kind.as_str() {
                                crate::put_back::TRASHED => ActKind::Trashed,
                                _ => ActKind::Moved,
                            };
                            let act = NewAct {
                                files: 1,
                                bytes,
                                ..crate::put_back::act(kind, group)
                            };
                            crate::put_back::note(conn, &act)?;
                        }
                        watched::mark_gone(conn, watch, &rel)?;
                    }
                    watched::set_after(conn, watch, &rel, AfterState::Done, "")
                }
                Err(failure) => {
                    watched::set_after(conn, watch, &rel, AfterState::Failed, failure.code.as_str())
                }
            })
            .await?;
    }
    Ok(left)
}

/// Moves one original. `None`: there is nothing to move. Blocks.
fn one(choice: &Choice, e: &EntryRow, borne_out: bool) -> Result<Option<(&'static str, PathBuf)>, Failure> {
    let path = choice.root.join(path_of(&e.rel_path));
    let seen = match fs::symlink_metadata(&path) {
        Ok(meta) if meta.is_file() => Some(source::fingerprint(&meta)),
        Ok(_) => return Err(Failure::new(ErrorCode::FileChanged, "another thing lies there")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(source::source_failure(&e, &path, None)),
    };
    let content = match seen {
        Some(_) if borne_out => content(&path)?,
        _ => None,
    };
    let facts = AfterFacts {
        after: choice.after,
        // Of an uploaded file this is the version that was proved, or one that was read to be the same.
        proved: e.fingerprint,
        sha256: e.sha256,
        borne_out,
        seen,
        content: content.map(|(_, hash)| hash),
    };
    match after(&facts) {
        AfterStep::Keep | AfterStep::Gone => Ok(None),
        AfterStep::Refuse(code) => Err(Failure::new(code, "")),
        AfterStep::Trash => to_trash(&path).map(|to| Some((crate::put_back::TRASHED, to))),
        AfterStep::Move => {
            let to = choice
                .folder
                .as_ref()
                .ok_or_else(|| Failure::new(ErrorCode::InvalidField, "no folder to move to"))?;
            let seen = seen.unwrap_or(e.fingerprint);
            move_to(&path, &to.join(path_of(&e.rel_path)), &seen, e.sha256)
                .map(|to| Some(("original_moved", to)))
        }
    }
}

/// Puts a file into the trash of the desktop. Answers with its place there. Blocks.
pub(crate) fn to_trash(path: &Path) -> Result<PathBuf, Failure> {
    trash::put(path, home_trash().as_deref(), &local(clock::now()))
}

fn home_trash() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME")
        .filter(|v| !v.is_empty())
        .map(PathBuf::from);
    let data = data.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".local/share")));
    data.filter(|d| d.is_absolute()).map(|d| d.join("Trash"))
}

fn local(now: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(now.as_millis())
        .unwrap_or_default()
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string()
}

/// The content of a file that did not change while it was read; `None` when it did. Blocks.
pub(crate) fn content(path: &Path) -> Result<Option<(SourceFingerprint, Sha256)>, Failure> {
    content_while(path, &|| true)
}

/// The same; also `None` when it was not to go on to the end.
pub(crate) fn content_while(
    path: &Path,
    go: &dyn Fn() -> bool,
) -> Result<Option<(SourceFingerprint, Sha256)>, Failure> {
    use std::os::unix::fs::FileExt as _;
    let failed = |e: &io::Error| source::source_failure(e, path, None);
    let file = fs::File::open(path).map_err(|e| failed(&e))?;
    let before = file
        .metadata()
        .map(|m| source::fingerprint(&m))
        .map_err(|e| failed(&e))?;
    let mut hash = ContentHash::default();
    let mut step = vec![0u8; READ_STEP_BYTES];
    let mut at = 0;
    while go() {
        match file.read_at(&mut step, at) {
            Ok(0) => break,
            Ok(n) => {
                hash.update(&step[..n]);
                at += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(failed(&e)),
        }
    }
    let after = source::look(path)?;
    Ok((before == after && at == before.size).then(|| (after, hash.finish())))
}

/// Renames to a name that nobody has.
pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // A file system that can't: a hard link refuses a taken name as well.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        Err(e) => Err(e.into()),
    }
}

/// Moves it to this path, or to the next free name; to another disk by a copy that is read back. Blocks.
fn move_to(
    from: &Path,
    to: &Path,
    seen: &SourceFingerprint,
    sha256: Option<Sha256>,
) -> Result<PathBuf, Failure> {
    let failed = |e: &io::Error| source::source_failure(e, to, None);
    let folder = to.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(|e| failed(&e))?;
    let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for n in 1..10_000 {
        let target = if n == 1 {
            to.to_owned()
        } else {
            folder.join(numbered(&name, n))
        };
        match rename_new(from, &target) {
            Ok(()) => return Ok(target),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
                if target.exists() {
                    continue;
                }
                return copy_over(from, &target, seen, sha256);
            }
            Err(e) => return Err(failed(&e)),
        }
    }
    Err(Failure::new(ErrorCode::StateConflict, "no free name"))
}

fn copy_over(
    from: &Path,
    to: &Path,
    seen: &SourceFingerprint,
    sha256: Option<Sha256>,
) -> Result<PathBuf, Failure> {
    let failed = |e: &io::Error| source::source_failure(e, to, None);
    let folder = to.parent().unwrap_or(Path::new("/"));
    let making = folder.join(format!(".windlass-{}.part", clock::file_id()));
    let copied = (|| {
        let mut source = fs::File::open(from)?;
        let mut target = fs::File::options().write(true).create_new(true).open(&making)?;
        io::copy(&mut source, &mut target)?;
        target.flush()?;
        if let Ok(time) = source.metadata().and_then(|m| m.modified()) {
            let _ = target.set_modified(time);
        }
        target.sync_all()
    })();
    let result = copied.map_err(|e| failed(&e)).and_then(|()| {
        let same = content(&making)?.is_some_and(|(_, hash)| Some(hash) == sha256);
        if !same || source::look(from)? != *seen {
            return Err(Failure::new(
                ErrorCode::FileChanged,
                "it changed while it was moved",
            ));
        }
        rename_new(&making, to).map_err(|e| failed(&e))?;
        let _ = fs::File::open(folder).and_then(|d| d.sync_all());
        fs::remove_file(from).map_err(|e| failed(&e))?;
        Ok(to.to_owned())
    });
    if result.is_err() {
        let _ = fs::remove_file(&making);
    }
    result
}
