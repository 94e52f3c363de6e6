//! What the system tells of a folder, gathered until somebody looks.
//!
//! An event is only a hint where to look: what is there decides. So many events of one file are one look, and too many of them
//! are one look at everything.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RemoveKind};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use windlass_core::error::{ErrorCode, Failure};

use crate::infos::locked;

/// Paths that are gathered before it is quicker to look at everything.
const MOST: usize = 20_000;

/// Where to look.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    /// Files.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// Folders, with all below them.
    pub(crate) folders: BTreeSet<PathBuf>,
    /// Everything: this many times events were lost.
    pub(crate) lost: u32,
    /// Everything: something large happened.
    pub(crate) everything: bool,
    /// The system watches no more.
    pub(crate) limit: Option<String>,
}

impl Hints {
    fn is_empty(&self) -> bool {
        self.paths.is_empty()
            && self.folders.is_empty()
            && self.lost == 0
            && !self.everything
            && self.limit.is_none()
    }

    fn take_in(&mut self, event: notify::Result<notify::Event>) {
        let event = match event {
            Ok(event) => event,
            Err(e) if is_limit(&e) => {
                self.limit = Some(e.to_string());
                return;
            }
            Err(e) => {
                tracing::warn!(error = %e, "the watcher stumbled");
                self.everything = true;
                return;
            }
        };
        if event.need_rescan() {
            self.lost += 1;
            return;
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => self.paths.extend(event.paths),
            EventKind::Access(_) => {}
            EventKind::Create(CreateKind::Folder) => self.folders.extend(event.paths),
            // What was in it is told of nowhere.
            EventKind::Remove(RemoveKind::Folder) => self.everything = true,
            EventKind::Modify(ModifyKind::Name(_)) => {
                for path in event.paths {
                    let folder = std::fs::symlink_metadata(&path).map(|m| m.is_dir());
                    match folder {
                        Ok(true) => {
                            self.folders.insert(path);
                        }
                        Ok(false) => {
                            self.paths.insert(path);
                        }
                        // It went: a file, or a folder with all below it.
                        Err(_) => {
                            self.everything |= path.extension().is_none();
                            self.paths.insert(path);
                        }
                    }
                }
            }
            EventKind::Any
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_)
            | EventKind::Other => {
                self.paths.extend(event.paths);
            }
        }
        if self.paths.len() > MOST {
            self.paths.clear();
            self.everything = true;
        }
    }
}

/// True when the system has no more watches to give (F146).
pub(crate) fn is_limit(e: &notify::Error) -> bool {
    match &e.kind {
        notify::ErrorKind::MaxFilesWatch => true,
        // ENOSPC of a watch; EMFILE and ENFILE of an instance.
        notify::ErrorKind::Io(io) => matches!(io.raw_os_error(), Some(28 | 24 | 23)),
        _ => false,
    }
}

/// Hints and a bell.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    hints: Mutex<Hints>,
    rung: Notify,
}

impl Bell {
    /// Waits until there is a hint.
    pub(crate) async fn rung(&self) {
        loop {
            let rung = self.rung.notified();
            if !locked(&self.hints).is_empty() {
                return;
            }
            rung.await;
        }
    }

    /// All hints so far.
    pub(crate) fn take(&self) -> Hints {
        std::mem::take(&mut *locked(&self.hints))
    }
}

/// The system's watching of one folder. Dropped, it ends.
pub(crate) struct Watching {
    _watcher: RecommendedWatcher,
}

impl Watching {
    /// Begins. Blocks: every subfolder is visited.
    ///
    /// # Errors
    /// `watch_limit` where the system has no more watches; `internal` for all else.
    pub(crate) fn begin(root: &Path, bell: &Arc<Bell>) -> Result<Self, Failure> {
        let ringer = Arc::clone(bell);
        let failed = |e: notify::Error| {
            let code = if is_limit(&e) {
                ErrorCode::WatchLimit
            } else {
                ErrorCode::Internal
            };
            Failure::new(code, e.to_string())
        };
        let take = move |event| {
            locked(&ringer.hints).take_in(event);
            ringer.rung.notify_one();
        };
        let config = Config::default().with_follow_symlinks(false);
        let mut watcher = RecommendedWatcher::new(take, config).map_err(failed)?;
        watcher.watch(root, RecursiveMode::Recursive).map_err(failed)?;
        Ok(Self { _watcher: watcher })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::Event;
    use notify::event::Flag;

    #[test]
    fn f145_lost_events_ask_for_a_look_at_everything() {
        let mut hints = Hints::default();
        hints.take_in(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert_eq!(hints.lost, 1);
        let mut hints = Hints::default();
        for n in 0..=MOST {
            hints.take_in(Ok(Event::new(EventKind::Any).add_path(format!("/w/{n}").into())));
        }
        assert!(hints.everything && hints.paths.is_empty());
    }

    #[test]
    fn f146_the_limits_of_the_system_are_known_by_their_names() {
        for (n, limit) in [(28, true), (24, true), (2, false)] {
            let e = notify::Error::io(std::io::Error::from_raw_os_error(n));
            assert_eq!(is_limit(&e), limit, "{n}");
        }
        assert!(is_limit(&notify::Error::new(notify::ErrorKind::MaxFilesWatch)));
    }

    #[test]
    fn reading_a_file_is_no_change() {
        let mut hints = Hints::default();
        hints.take_in(Ok(Event::new(EventKind::Access(AccessKind::Open(
            AccessMode::Read,
        )))
        .add_path("/w/a".into())));
        assert!(hints.is_empty());
    }
}
