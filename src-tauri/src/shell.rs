//! What the parts of this program share: the engine once it runs, the page, the paths that were given.
//!
//! Made before the window, so that commands find it; the engine comes a moment later, and who needs it waits for it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_engine::remote::ServeGuard;
use windlass_engine::view::DiagnosticsSection;
use windlass_engine::{AddPaths, EngineHandle, Origin};
use windlass_server::embedded::Embedded;

use crate::check::Looks;
use crate::files::Given;
use crate::follow::Facts;
use crate::logs::Keep;
use crate::page::Page;
use crate::sign_in::SignIns;
use crate::words::{RateUnit, Words, words};

/// Shared by commands, tray and desktop. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Shell(Arc<Inner>);

/// What has to be ended after the engine.
pub(crate) struct Behind {
    /// The socket of the command line; without it the command line waits for this program's end.
    pub(crate) socket: Option<ServeGuard>,
    /// The control plane.
    pub(crate) embedded: Embedded,
}

struct Inner {
    engine: watch::Sender<Option<EngineHandle>>,
    behind: Mutex<Option<Behind>>,
    page: Page,
    given: Mutex<Given>,
    facts: Mutex<Facts>,
    settings: Mutex<BTreeMap<String, Value>>,
    /// What was given and waits for an answer.
    looks: Mutex<Looks>,
    /// The diagnostics that the window shows.
    bundle: Mutex<Option<String>>,
    /// Paths that came before there was a destination.
    early: Mutex<Vec<PathBuf>>,
    /// Folders that were chosen to be watched, or for originals, in this run; the page knows their numbers.
    chosen_folders: Mutex<Vec<PathBuf>>,
    /// Hosts that the person confirmed in this run (A15).
    confirmed: Mutex<Vec<String>>,
    /// Sign-ins at servers.
    sign_ins: SignIns,
    /// The window has the focus.
    focused: AtomicBool,
    /// A question before the end is open, or the end has begun.
    asking: AtomicBool,
    ending: AtomicBool,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            engine: watch::channel(None).0,
            behind: Mutex::default(),
            page: Page::default(),
            given: Mutex::default(),
            facts: Mutex::default(),
            settings: Mutex::default(),
            looks: Mutex::default(),
            bundle: Mutex::default(),
            early: Mutex::default(),
            chosen_folders: Mutex::default(),
            confirmed: Mutex::default(),
            sign_ins: SignIns::default(),
            focused: AtomicBool::new(false),
            asking: AtomicBool::new(false),
            ending: AtomicBool::new(false),
        }
    }
}

impl Shell {
    /// The engine, when it runs.
    pub(crate) async fn engine(&self) -> Result<EngineHandle, Failure> {
        let mut engine = self.0.engine.subscribe();
        let running = engine
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|engine| engine.clone());
        running.ok_or_else(|| Failure::new(ErrorCode::ShuttingDown, "Windlass is closing"))
    }

    /// The engine, if it runs already.
    pub(crate) fn engine_now(&self) -> Option<EngineHandle> {
        self.0.engine.borrow().clone()
    }

    /// The engine runs.
    pub(crate) fn started(&self, engine: EngineHandle, behind: Behind, settings: BTreeMap<String, Value>) {
        *lock(&self.0.behind) = Some(behind);
        *lock(&self.0.settings) = settings;
        self.0.engine.send_replace(Some(engine));
    }

    /// What is behind the engine, to end it.
    pub(crate) fn take_behind(&self) -> Option<Behind> {
        lock(&self.0.behind).take()
    }

    /// The page.
    pub(crate) fn page(&self) -> &Page {
        &self.0.page
    }

    /// What was given and waits for an answer.
    pub(crate) fn looks(&self) -> MutexGuard<'_, Looks> {
        lock(&self.0.looks)
    }

    /// Folders that were chosen to be watched, by their numbers.
    pub(crate) fn chosen_folders(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        lock(&self.0.chosen_folders)
    }

    /// Sign-ins at servers.
    pub(crate) fn sign_ins(&self) -> &SignIns {
        &self.0.sign_ins
    }

    /// Dropped paths.
    pub(crate) fn given(&self) -> MutexGuard<'_, Given> {
        lock(&self.0.given)
    }

    /// What the tray and the desktop are told from.
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        lock(&self.0.facts)
    }

    /// A choice of the person.
    pub(crate) fn setting(&self, key: &str) -> Option<Value> {
        lock(&self.0.settings).get(key).cloned()
    }

    /// Writes a choice down; null takes it back.
    pub(crate) async fn set_setting(&self, key: &str, value: Value) -> Result<(), Failure> {
        self.engine().await?.set_setting(key, value.clone()).await?;
        let mut settings = lock(&self.0.settings);
        if value.is_null() {
            settings.remove(key);
        } else {
            settings.insert(key.to_owned(), value);
        }
        Ok(())
    }

    /// Choices are others, by whatever hand.
    pub(crate) fn settings_are(&self, settings: BTreeMap<String, Value>) {
        *lock(&self.0.settings) = settings;
    }

    /// Keeps the bundle that is shown, to save exactly that.
    pub(crate) fn keep_bundle(&self, sections: &[DiagnosticsSection]) {
        let text = sections
            .iter()
            .map(|s| format!("== {}\n{}\n", s.name, s.text))
            .collect();
        *lock(&self.0.bundle) = Some(text);
    }

    /// The bundle that is shown.
    pub(crate) fn bundle(&self) -> Option<String> {
        lock(&self.0.bundle).clone()
    }

    /// How rates are said.
    pub(crate) fn rate_unit(&self) -> RateUnit {
        RateUnit::chosen(self.setting("rate_unit").as_ref())
    }

    /// What the logs are to keep.
    pub(crate) fn keep_logs(&self) -> Keep {
        let settings = lock(&self.0.settings);
        Keep::chosen(settings.get("log_level"), settings.get("log_days"))
    }

    /// The words in the person's language.
    pub(crate) fn words(&self) -> &'static Words {
        let chosen = self.setting("language");
        words(
            chosen.as_ref().and_then(Value::as_str),
            &crate::environment::language(),
        )
    }

    /// Takes in what the desktop handed over ("open with", a second start). Before there is a destination it waits for one.
    pub(crate) async fn open_with(&self, paths: Vec<PathBuf>) -> Result<Option<GroupId>, Failure> {
        if paths.is_empty() {
            return Ok(None);
        }
        let engine = self.engine().await?;
        if engine.destinations().await?.is_empty() {
            lock(&self.0.early).extend(paths);
            return Ok(None);
        }
        engine
            .add_paths(new_group(paths, Origin::OpenWith))
            .await
            .map(Some)
    }

    /// There may be a destination: what waited for one goes on.
    pub(crate) async fn open_early(&self) -> Result<Option<GroupId>, Failure> {
        let waiting = std::mem::take(&mut *lock(&self.0.early));
        self.open_with(waiting).await
    }

    /// Whether the person confirmed this host in this run.
    pub(crate) fn is_confirmed(&self, host: &str) -> bool {
        lock(&self.0.confirmed).iter().any(|h| h == host)
    }

    /// The person confirmed this host.
    pub(crate) fn confirm(&self, host: String) {
        lock(&self.0.confirmed).push(host);
    }

    /// Whether the person looks at the window.
    pub(crate) fn is_focused(&self) -> bool {
        self.0.focused.load(Ordering::Relaxed)
    }

    /// The window got the focus, or lost it.
    pub(crate) fn set_focused(&self, focused: bool) {
        self.0.focused.store(focused, Ordering::Relaxed);
    }

    /// True for the first who wants to ask about the end; [`Self::asked`] frees the place.
    pub(crate) fn begin_to_ask(&self) -> bool {
        !self.is_ending() && !self.0.asking.swap(true, Ordering::SeqCst)
    }

    /// The question was answered.
    pub(crate) fn asked(&self) {
        self.0.asking.store(false, Ordering::SeqCst);
    }

    /// True for the first who begins the end.
    pub(crate) fn begin_to_end(&self) -> bool {
        !self.0.ending.swap(true, Ordering::SeqCst)
    }

    /// The end has begun.
    pub(crate) fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::SeqCst)
    }
}

/// Paths for a new group at the default destination.
pub(crate) fn new_group(paths: Vec<PathBuf>, origin: Origin) -> AddPaths {
    AddPaths {
        paths,
        group: None,
        name: None,
        destination: None,
        origin,
        id: None,
        paused: false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
