//! What may be asked about watched folders: the part of the engine's door that is about them.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::WatchId;
use windlass_core::names::{decode_path_text, encode_path_bytes};
use windlass_core::states::Intent;
use windlass_core::watch::{After, Kind, Left, Why};
use windlass_queue::destinations::{self, DestinationKind};
use windlass_queue::watched::{self, FolderRow};

use super::look::{self, Looked};
use super::root;
use super::rules::Rules;
use super::{Command, folder, views};
use crate::changes;
use crate::clock;
use crate::groups::{checked_name, path_of};
use crate::handle::EngineHandle;
use crate::infos::locked;
use crate::shell::Shared;
use crate::view::{
    ChangeKind, NewWatch, WatchExample, WatchExplained, WatchFileView, WatchOriginal, WatchPage,
    WatchPreview, WatchQuery, WatchSettings, WatchVerdict, WatchView,
};

/// A preview ends after so many files, or so long.
const PREVIEW_FILES: u32 = 200_000;
const PREVIEW: Duration = Duration::from_secs(3);
const EXAMPLES: usize = 8;

impl EngineHandle {
    /// All watched folders.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn watches(&self) -> Result<Vec<WatchView>, Failure> {
        views::all(&self.shared).await
    }

    /// Begins to watch: a program that stays calls it once, after its start. Before that, folders are only looked at when asked.
    pub fn begin_watching(&self) {
        self.shared.watches.active.send_replace(true);
        self.shared.deltas.watches_changed();
    }

    /// Watches a folder from now on.
    ///
    /// # Errors
    /// `watch_not_folder`, `watch_system_folder`, `watch_overlap`, `watch_destination`, `watch_rule`, `not_found` for the destination;
    /// errors of the queue.
    pub async fn add_watch(&self, new: NewWatch) -> Result<WatchView, Failure> {
        let shared = &self.shared;
        let row = checked(shared, &new).await?;
        let (id, written) = (row.id, row.clone());
        shared
            .queue
            .write(move |conn| {
                changes::watch(conn, id, &written.name, ChangeKind::Added)?;
                watched::add(conn, &written)
            })
            .await?;
        super::spawn(shared, row);
        shared.deltas.watches_changed();
        self.watch_view(id).await
    }

    /// What the rules would do with the files that are there now.
    ///
    /// # Errors
    /// `watch_not_folder`, `watch_rule`.
    pub async fn preview_watch(
        &self,
        path: String,
        settings: WatchSettings,
    ) -> Result<WatchPreview, Failure> {
        let path = absolute(&path)?;
        let rules = Rules::new(&settings)?;
        tokio::task::spawn_blocking(move || preview(&path, &rules))
            .await
            .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?
    }

    /// Another name, other rules, another choice for originals.
    ///
    /// # Errors
    /// `not_found`, `watch_rule`, `invalid_field`; errors of the queue.
    pub async fn set_watch(
        &self,
        id: WatchId,
        name: String,
        settings: WatchSettings,
    ) -> Result<WatchView, Failure> {
        let shared = &self.shared;
        let live = shared.watches.get(id)?;
        let name = checked_name(&name)?;
        Rules::new(&settings)?;
        let rows = shared.queue.read(watched::all).await?;
        let row = rows.iter().find(|r| r.id == id);
        let row = row.ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such watched folder"))?;
        let after_path = after_path(&settings, &path_of(&row.path), &rows)?;
        let rules =
            serde_json::to_value(&settings).map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
        shared
            .queue
            .write(move |conn| {
                changes::watch(conn, id, &name, ChangeKind::Changed)?;
                watched::set_rules(conn, id, &name, settings.group_rule, &rules)?;
                watched::set_after_upload(conn, id, settings.after, after_path.as_deref())
            })
            .await?;
        live.ask(Command::Changed).await?;
        // What its rules let pass holds for its groups at once.
        shared.conditions.stir();
        self.watch_view(id).await
    }

    /// Pauses a folder, or lets it go on.
    ///
    /// # Errors
    /// `not_found`, `bad_request` for cancelling; errors of the queue.
    pub async fn set_watch_intent(&self, id: WatchId, intent: Intent) -> Result<(), Failure> {
        if intent == Intent::Cancelled {
            return Err(Failure::new(
                ErrorCode::BadRequest,
                "a watched folder is removed, not cancelled",
            ));
        }
        let live = self.shared.watches.get(id)?;
        self.shared
            .queue
            .write(move |conn| watched::set_intent(conn, id, intent))
            .await?;
        live.ask(Command::Changed).await
    }

    /// Watches it no more. Files, uploads and receipts stay.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn remove_watch(&self, id: WatchId) -> Result<(), Failure> {
        let shared = &self.shared;
        shared.watches.get(id)?;
        // Its task ends with its commands.
        locked(&shared.watches.live).remove(&id);
        let groups = shared
            .queue
            .write(move |conn| {
                let open: Vec<_> = watched::joining(conn, id)?.into_iter().map(|j| j.group).collect();
                for group in &open {
                    watched::close(conn, *group)?;
                }
                let was = watched::all(conn)?.into_iter().find(|row| row.id == id);
                if let (true, Some(was)) = (watched::remove(conn, id)?, was) {
                    changes::watch(conn, id, &was.name, ChangeKind::Removed)?;
                }
                Ok(open)
            })
            .await?;
        folder::close(shared, groups).await?;
        shared.deltas.watches_changed();
        Ok(())
    }

    /// Looks at everything now; returns when that is done. `None`: in all folders.
    ///
    /// # Errors
    /// What is wrong with a folder.
    pub async fn look_now(&self, id: Option<WatchId>) -> Result<(), Failure> {
        let folders = match id {
            Some(id) => vec![self.shared.watches.get(id)?],
            None => self.shared.watches.all().into_iter().map(|(_, l)| l).collect(),
        };
        let mut first = Ok(());
        for live in folders {
            let done = live.ask(Command::Look).await?;
            if first.is_ok() {
                first = done;
            }
        }
        first
    }

    /// Sends files whatever rule or wait holds them; `None`: all that wait for standing still. Answers how many.
    ///
    /// # Errors
    /// `not_found`, `bad_request` for what is no path; errors of the queue.
    pub async fn upload_anyway(&self, id: WatchId, paths: Option<Vec<String>>) -> Result<u64, Failure> {
        let live = self.shared.watches.get(id)?;
        let paths = match paths {
            Some(paths) => {
                let decoded: Option<Vec<_>> = paths.iter().map(|p| decode_path_text(p)).collect();
                let wrong = || Failure::new(ErrorCode::BadRequest, "no path of this folder");
                let decoded = decoded.ok_or_else(wrong)?;
                if decoded
                    .iter()
                    .any(|p| windlass_core::names::checked_rel_path(&String::from_utf8_lossy(p)).is_none())
                {
                    return Err(wrong());
                }
                Some(decoded)
            }
            None => None,
        };
        live.ask(|answer| Command::Anyway(paths, answer)).await
    }

    /// The folder at the place of a watched one is the same, says the person, though its disk is another.
    ///
    /// # Errors
    /// `not_found`, `watch_missing`; errors of the queue.
    pub async fn confirm_watch(&self, id: WatchId) -> Result<(), Failure> {
        let live = self.shared.watches.get(id)?;
        live.ask(Command::Same).await?
    }

    /// Why each file was, is or will not be uploaded; those that changed last first.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn watch_files(&self, id: WatchId, query: WatchQuery) -> Result<WatchPage, Failure> {
        views::page(&self.shared, id, query).await
    }

    /// Why this file was, is or will not be uploaded; also one that is not there: what the rules would say of its name.
    ///
    /// # Errors
    /// `not_found` when it is in no watched folder; errors of the queue.
    pub async fn explain_watched(&self, path: String) -> Result<WatchExplained, Failure> {
        let path = root::real(&absolute(&path)?);
        let watches = self.watches().await?;
        let found = watches.into_iter().find_map(|w| {
            let root = path_of(&decode_path_text(&w.path)?);
            Some((look::below(&root, &path)?, root, w))
        });
        let Some((rel, root, watch)) = found else {
            return Err(Failure::new(
                ErrorCode::NotFound,
                format!("{}: in no watched folder", path.display()),
            ));
        };
        self.explained(watch, root, rel).await
    }

    /// What the rules of a folder say of a name below it, as a person writes it: there or not.
    ///
    /// # Errors
    /// `not_found`; `name_invalid` for what is no name below it; errors of the queue.
    pub async fn explain_name(&self, id: WatchId, name: String) -> Result<WatchExplained, Failure> {
        let watch = self.watch_view(id).await?;
        let rel = name.trim().trim_start_matches("./").trim_matches('/');
        if windlass_core::names::checked_rel_path(&encode_path_bytes(rel.as_bytes())).is_none() {
            return Err(Failure::new(ErrorCode::NameInvalid, "no name below the folder"));
        }
        let root = decode_path_text(&watch.path)
            .map(|b| path_of(&b))
            .ok_or_else(|| Failure::new(ErrorCode::Internal, "a folder without a path"))?;
        self.explained(watch, root, rel.as_bytes().to_vec()).await
    }

    async fn explained(
        &self,
        watch: WatchView,
        root: PathBuf,
        rel: Vec<u8>,
    ) -> Result<WatchExplained, Failure> {
        let shared = &self.shared;
        let file = match views::one(shared, watch.id, rel.clone()).await? {
            Some(file) => file,
            None => {
                let to = watch.destination_id;
                let place = shared.queue.read(move |conn| destinations::get(conn, to)).await?;
                let takes = place.map(|d| d.accepts).unwrap_or_default();
                let rules = Rules::new(&watch.settings)?.to(takes);
                tokio::task::spawn_blocking(move || by_name(&root, &rel, &rules))
                    .await
                    .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?
            }
        };
        Ok(WatchExplained { watch, file })
    }

    async fn watch_view(&self, id: WatchId) -> Result<WatchView, Failure> {
        let found = self.watches().await?.into_iter().find(|w| w.id == id);
        found.ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such watched folder"))
    }
}

fn absolute(text: &str) -> Result<PathBuf, Failure> {
    decode_path_text(text)
        .map(|b| path_of(&b))
        .filter(|p| p.is_absolute())
        .ok_or_else(|| Failure::new(ErrorCode::BadRequest, "a path is not absolute"))
}

/// What rules say of a name of which nothing is written down.
fn by_name(root: &Path, rel: &[u8], rules: &Rules) -> WatchFileView {
    let (size, left) = match look::look(root, rel, rules) {
        Looked::Seen(seen) if seen.kind == Kind::Other => (0, Some(Left::by(Why::NotRegular, ""))),
        Looked::Seen(seen) => (seen.fingerprint.size, seen.left),
        Looked::Folder => (0, rules.left_folder(rel)),
        Looked::Gone => {
            let least = rules.settings().min_size;
            (
                0,
                look::left(rules, rel, least, 0).or_else(|| Some(Left::by(Why::Absent, ""))),
            )
        }
    };
    let (name, folder) = views::name_and_folder(rel);
    let verdict = if left.is_some() {
        WatchVerdict::Ignored
    } else {
        WatchVerdict::Settling
    };
    let left = left.unwrap_or_else(|| Left::by(Why::Settling, ""));
    WatchFileView {
        path: encode_path_bytes(rel),
        name,
        folder,
        size,
        verdict,
        why: left.why,
        detail: left.detail,
        until: None,
        looked_at: None,
        settle_ms: None,
        at: clock::now().as_millis(),
        percent: None,
        file_id: None,
        group_id: None,
        object_key: None,
        versions: 0,
        gone: false,
        original: WatchOriginal::Kept,
        error: None,
    }
}

fn preview(path: &Path, rules: &Rules) -> Result<WatchPreview, Failure> {
    if !std::fs::metadata(path).is_ok_and(|m| m.is_dir()) {
        return Err(Failure::new(
            ErrorCode::WatchNotFolder,
            path.display().to_string(),
        ));
    }
    let root = root::real(path);
    let (send, mut steps) = mpsc::channel(4);
    let began = Instant::now();
    let mut found = WatchPreview::default();
    std::thread::scope(|scope| {
        let below = root.as_path();
        scope.spawn(move || look::walk(below, below, rules, &send));
        while let Some(step) = steps.blocking_recv() {
            for seen in step {
                found.total = found.total.saturating_add(1);
                let path = encode_path_bytes(&seen.rel);
                let left = match seen.kind {
                    Kind::Other => Some(Left::by(Why::NotRegular, "")),
                    Kind::File => seen.left,
                };
                match left {
                    None => {
                        found.matched = found.matched.saturating_add(1);
                        found.bytes = found.bytes.saturating_add(seen.fingerprint.size);
                        if found.examples.len() < EXAMPLES {
                            found.examples.push(path);
                        }
                    }
                    Some(left) if found.left_out.len() < EXAMPLES => found.left_out.push(WatchExample {
                        path,
                        why: left.why,
                        detail: left.detail,
                    }),
                    Some(_) => {}
                }
            }
            if found.total >= PREVIEW_FILES || began.elapsed() >= PREVIEW {
                found.more = true;
                steps.close();
                while steps.blocking_recv().is_some() {}
                break;
            }
        }
    });
    Ok(found)
}

/// The row of a folder that may be watched.
async fn checked(shared: &Arc<Shared>, new: &NewWatch) -> Result<FolderRow, Failure> {
    let given = absolute(&new.path)?;
    Rules::new(&new.settings)?;
    let (rows, places) = shared
        .queue
        .read(|conn| Ok((watched::all(conn)?, destinations::list(conn)?)))
        .await?;
    let refuse = |code, detail: String| Err(Failure::new(code, detail));
    let shown = given.display().to_string();
    let meta = match std::fs::symlink_metadata(&given) {
        Ok(meta) => meta,
        Err(e) => return refuse(ErrorCode::WatchNotFolder, format!("{shown}: {e}")),
    };
    if meta.is_symlink() {
        return refuse(ErrorCode::WatchNotFolder, format!("{shown} is a link"));
    }
    if !meta.is_dir() {
        return refuse(ErrorCode::WatchNotFolder, format!("{shown} is a file"));
    }
    let path = root::real(&given);
    if let Err(e) = std::fs::read_dir(&path) {
        return refuse(ErrorCode::NoPermission, format!("{shown}: {e}"));
    }
    let home = root::real(shared._lock.home().dir());
    if root::is_systems(&path) || home.starts_with(&path) || path.starts_with(&home) {
        return refuse(ErrorCode::WatchSystemFolder, shown);
    }
    if let Some(other) = overlapping(&path, &rows) {
        return refuse(ErrorCode::WatchOverlap, other.display().to_string());
    }
    for place in places.iter().filter(|p| p.kind == DestinationKind::Folder) {
        let folder = root::real(Path::new(&place.location));
        if folder.starts_with(&path) || path.starts_with(&folder) {
            return refuse(ErrorCode::WatchDestination, place.location.clone());
        }
    }
    let place = match new.destination {
        Some(id) => places.iter().find(|p| p.id == id),
        None => places.iter().find(|p| p.is_default),
    };
    let Some(place) = place else {
        return refuse(ErrorCode::NotFound, "no destination".into());
    };
    let name = match &new.name {
        Some(name) => checked_name(name)?,
        None => path
            .file_name()
            .map_or_else(|| "/".to_owned(), |n| n.to_string_lossy().into_owned()),
    };
    let identity = root::identity(&path)
        .map_err(|e| Failure::new(ErrorCode::WatchNotFolder, format!("{shown}: {e}")))?;
    let after_path = after_path(&new.settings, &path, &rows)?;
    let rules =
        serde_json::to_value(&new.settings).map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    Ok(FolderRow {
        id: WatchId::new(clock::now(), clock::random()),
        name,
        path: path.as_os_str().as_bytes().to_vec(),
        dev: identity.dev,
        marker: identity.marker,
        destination: place.id,
        group_rule: new.settings.group_rule,
        rules,
        after: new.settings.after,
        after_path,
        intent: Intent::Run,
        only_new: new.only_new,
        last_scan_at: None,
        created_at: clock::now(),
    })
}

fn overlapping(path: &Path, rows: &[FolderRow]) -> Option<PathBuf> {
    let mut others = rows.iter().map(|r| path_of(&r.path));
    others.find(|other| path.starts_with(other) || other.starts_with(path))
}

/// Where originals are moved: never into a watched folder, which would send them again.
fn after_path(settings: &WatchSettings, root: &Path, rows: &[FolderRow]) -> Result<Option<Vec<u8>>, Failure> {
    if settings.after != After::Move {
        return Ok(None);
    }
    let given = settings.after_path.as_deref().map(absolute).transpose()?;
    let given =
        given.ok_or_else(|| Failure::new(ErrorCode::InvalidField, "say where originals are moved"))?;
    let path = root::real(&given);
    let watched: BTreeSet<PathBuf> = rows
        .iter()
        .map(|r| path_of(&r.path))
        .chain([root.to_owned()])
        .collect();
    if let Some(inside) = watched.iter().find(|w| path.starts_with(w)) {
        return Err(Failure::new(
            ErrorCode::WatchOverlap,
            inside.display().to_string(),
        ));
    }
    Ok(Some(path.as_os_str().as_bytes().to_vec()))
}

/// Refuses a folder as destination that is watched, lies in a watched folder, or has one in it.
pub(crate) async fn may_be_destination(shared: &Shared, folder: &str) -> Result<(), Failure> {
    let path = root::real(Path::new(folder));
    let rows = shared.queue.read(watched::all).await?;
    match overlapping(&path, &rows) {
        Some(watched) => Err(Failure::new(
            ErrorCode::WatchDestination,
            watched.display().to_string(),
        )),
        None => Ok(()),
    }
}
