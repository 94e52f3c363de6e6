//! The real window on a desktop of its own, as a person finds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::desktop::{App, Desktop};

use crate::Windlass;

/// The window's title.
pub const TITLE: &str = "Windlass";
/// For what a person would wait for with patience: whole uploads in a debug build, on a busy machine.
pub const UPLOAD: Duration = Duration::from_secs(60);

/// `[data-testid=…]`
#[must_use]
pub fn hook(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}

/// What the desktop prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Its word, for the names of pictures.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn of_gtk(self) -> &'static str {
        match self {
            Self::Light => "Adwaita",
            Self::Dark => "Adwaita:dark",
        }
    }
}

/// A desktop with a home for the program, and the command line on the same home.
pub struct Table {
    /// The desktop.
    pub desktop: Desktop,
    /// The command line, with the same data folder as the window.
    pub windlass: Windlass,
    /// Two cores carry one window at a time.
    _turn: MutexGuard<'static, ()>,
}

impl Table {
    /// Lays it.
    ///
    /// # Errors
    /// The desktop does not come up.
    pub fn lay() -> Result<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Self {
            desktop: Desktop::start()?,
            windlass: Windlass::new()?,
            _turn: turn,
        })
    }

    /// Opens the window and waits until it shows what the program knows.
    ///
    /// # Errors
    /// It does not.
    pub fn open(&self) -> Result<App<'_>> {
        self.open_in(Theme::Light)
    }

    /// As [`Table::open`], on a desktop of this theme.
    ///
    /// # Errors
    /// It does not.
    pub fn open_in(&self, theme: Theme) -> Result<App<'_>> {
        let app = self.desktop.open(
            &crate::built("windlass-desktop")?,
            &[],
            &[
                ("WINDLASS_HOME", &self.windlass.data()),
                ("GTK_THEME", Path::new(theme.of_gtk())),
            ],
        )?;
        app.find(&hook("app-ready")).with_context(|| {
            let page = app.run("return document.documentElement.outerHTML.slice(0, 3000)", &[]);
            format!("{}\nthe page is {page:?}", self.log())
        })?;
        Ok(app)
    }

    /// Opens the window on destinations that are there already, past the first-run screen when it is shown.
    ///
    /// # Errors
    /// The transfers are not shown.
    pub fn open_past_first_run(&self) -> Result<App<'_>> {
        let app = self.open()?;
        if app.count(&hook("first-run-later"))? > 0 {
            app.click(&hook("first-run-later"))?;
        }
        app.find(&hook("empty")).with_context(|| self.log())?;
        Ok(app)
    }

    /// Opens the window for the first time and chooses a folder as destination.
    ///
    /// # Errors
    /// The first-run screen does not do that.
    pub fn open_and_choose(&self, destination: &Path) -> Result<App<'_>> {
        fs::create_dir_all(destination)?;
        let app = self.open()?;
        app.type_in(
            &hook("dest-folder-input"),
            destination.to_str().context("no UTF-8")?,
        )?;
        app.click(&hook("first-run-start"))?;
        app.find(&hook("empty")).with_context(|| self.log())?;
        Ok(app)
    }

    /// Drags files from another program onto an element of the page.
    ///
    /// # Errors
    /// The window does not take them.
    pub fn drag(&self, app: &App<'_>, files: &[PathBuf], onto: &str) -> Result<()> {
        self.desktop.drag(files, TITLE, app.middle_of(onto)?)
    }

    /// What the program said, for messages.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.desktop.log_of(Path::new("windlass-desktop"))).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        format!(
            "the program said\n{}",
            lines
                .get(lines.len().saturating_sub(30)..)
                .unwrap_or_default()
                .join("\n")
        )
    }
}

/// Waits until the only group has this word.
///
/// # Errors
/// It has another in the end.
pub fn group_becomes(app: &App<'_>, word: &str) -> Result<()> {
    app.attribute_becomes(&hook("group-card"), "data-word", UPLOAD, |now| now == word)
        .map(drop)
}

/// Unfolds the group so that its files are seen, unless they are.
///
/// # Errors
/// No row appears.
pub fn unfold(app: &App<'_>) -> Result<()> {
    app.find(&hook("group-toggle"))?;
    if app.attribute(&hook("group-toggle"), "aria-expanded")?.as_deref() != Some("true") {
        app.click(&hook("group-toggle"))?;
    }
    app.find(&hook("file-row")).map(drop)
}

/// Has the page write down every state that a part strip shows from here on.
///
/// # Errors
/// The page does not answer.
pub fn watch_strips(app: &App<'_>) -> Result<()> {
    let script = "window.seenStrips = new Set();\
        const look = () => document.querySelectorAll('[data-testid=\"part-strip\"]')\
            .forEach(strip => window.seenStrips.add(strip.dataset.cells));\
        new MutationObserver(look).observe(document.body, {attributes: true, childList: true, subtree: true}); look();";
    app.run(script, &[]).map(drop)
}

/// The states that [`watch_strips`] saw.
///
/// # Errors
/// The page does not answer.
pub fn seen_strips(app: &App<'_>) -> Result<Vec<String>> {
    let seen = app.run("return [...window.seenStrips]", &[])?;
    Ok(serde_json::from_value(seen)?)
}

/// The one folder that a folder destination holds for its only group.
///
/// # Errors
/// There is none, or there are several.
pub fn only_group(destination: &Path) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(destination)? {
        let entry = entry?;
        if entry.file_name() != ".windlass" {
            found.push(entry.path());
        }
    }
    ensure!(found.len() == 1, "in the destination are {found:?}");
    found.pop().context("nothing arrived")
}
