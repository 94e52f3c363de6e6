//! The real window on a desktop of its own, as a person finds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::desktop::{App, Desktop, Lack};
use windlass_testkit::garage::Garage;
use windlass_testkit::{samples, wait};

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

/// Two cores carry one window at a time: held while one is open, here or in a program that a test starts.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A desktop with a home for the program, and the command line on the same home.
pub struct Table {
    /// The desktop.
    pub desktop: Desktop,
    /// The command line, with the same data folder as the window.
    pub windlass: Windlass,
    _turn: MutexGuard<'static, ()>,
}

impl Table {
    /// Lays it.
    ///
    /// # Errors
    /// The desktop does not come up.
    pub fn lay() -> Result<Self> {
        Self::lay_without(None)
    }

    /// Lays it on a desktop that lacks something.
    ///
    /// # Errors
    /// The desktop does not come up.
    pub fn lay_without(lack: Option<Lack>) -> Result<Self> {
        let turn = turn();
        Ok(Self {
            desktop: Desktop::start_without(lack)?,
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
        self.open_with(theme, &[], &[])
    }

    /// As [`Table::open_in`], with words behind the program's name and variables of the environment.
    ///
    /// # Errors
    /// It does not.
    pub fn open_with(&self, theme: Theme, words: &[String], more: &[(&str, &Path)]) -> Result<App<'_>> {
        let (program, home) = (crate::built("windlass-desktop")?, self.windlass.data());
        let mut environment = vec![
            ("WINDLASS_HOME", home.as_path()),
            ("GTK_THEME", Path::new(theme.of_gtk())),
        ];
        environment.extend(more);
        let app = self.desktop.open(&program, words, &environment)?;
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

    /// Starts the program a second time on the same data folder, and waits for its end: its exit status.
    ///
    /// # Errors
    /// It does not end.
    pub fn second_start(&self, words: &[&Path]) -> Result<Option<i32>> {
        let home = self.windlass.data();
        let environment = [("WINDLASS_HOME", home.as_path())];
        let program = crate::built("windlass-desktop")?;
        Ok(self.desktop.run(&program, words, &environment)?.0)
    }

    /// Presses a key, as xdotool names it, until what has the focus is this; whoever has no mouse does the same.
    ///
    /// # Errors
    /// The focus never comes there.
    pub fn key_until(&self, app: &App<'_>, key: &str, id: &str) -> Result<()> {
        const MOST: usize = 80;
        let focus = || {
            app.run(
                "window.hadFocus = document.activeElement; return window.hadFocus?.dataset?.testid ?? ''",
                &[],
            )
        };
        let moved = || app.run("return document.activeElement !== window.hadFocus", &[]);
        let mut seen = Vec::new();
        for _ in 0..MOST {
            let now = focus()?;
            if now == id {
                return Ok(());
            }
            seen.push(now);
            self.desktop.keys(&[key])?;
            // The page hears of a key in its own time. One that moves nothing is pressed again.
            let _ = wait::until("the focus to move", Duration::from_secs(5), || {
                moved().is_ok_and(|moved| moved == true).then_some(())
            });
        }
        anyhow::bail!("{key} does not lead to {id}, but to {seen:?}")
    }

    /// Drags files from another program onto an element of the page.
    ///
    /// # Errors
    /// The window does not take them.
    pub fn drag(&self, app: &App<'_>, files: &[PathBuf], onto: &str) -> Result<()> {
        self.desktop.drag(files, TITLE, app.middle_of(onto)?)
    }

    /// Presses an element with the pointer of the screen, once it may be pressed.
    ///
    /// # Errors
    /// It is not there in time, or the window is not to be seen.
    pub fn press(&self, app: &App<'_>, css: &str) -> Result<()> {
        app.find(&format!("{css}:not([disabled])"))?;
        self.desktop.press_at(TITLE, app.middle_of(css)?)
    }

    /// Types into the field that has the focus, and waits until it is there.
    ///
    /// # Errors
    /// It has something else in the end.
    pub fn write(&self, app: &App<'_>, text: &str) -> Result<()> {
        self.desktop.write(text)?;
        wait::until_ok(&format!("the field to have {text:?}"), wait::PATIENCE, || {
            let has = app.run("return document.activeElement?.value", &[])?;
            ensure!(has == text, "it has {has}");
            Ok(())
        })
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

    /// The files of the data folder that hold these bytes.
    ///
    /// # Errors
    /// One can't be read; or there is none to read at all.
    pub fn files_with(&self, text: &str) -> Result<Vec<PathBuf>> {
        let data = self.windlass.data();
        let (mut read, mut has) = (0, Vec::new());
        for file in samples::files_below(&data, true)? {
            let path = data.join(file);
            // The door of the running program is no file, and a picture of the tray lives until the next.
            if !path.is_file() {
                continue;
            }
            let Some(bytes) = samples::read_if_there(&path)? else {
                continue;
            };
            read += 1;
            if bytes.windows(text.len()).any(|some| some == text.as_bytes()) {
                has.push(path);
            }
        }
        ensure!(read > 0, "no file of {} was read", data.display());
        Ok(has)
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

/// Goes to a screen by the list of them: `transfers`, `watched`, `history`, `insights`, `settings`.
///
/// # Errors
/// There is no such screen.
pub fn go_to(app: &App<'_>, screen: &str) -> Result<()> {
    app.click(&hook(&format!("nav-{screen}")))
}

/// Waits until an element has this in its text, shortened on the screen or not, and returns the text.
///
/// # Errors
/// It has not in the end.
pub fn says(app: &App<'_>, css: &str, piece: &str) -> Result<String> {
    wait::until_ok(&format!("{css} says {piece:?}"), UPLOAD, || {
        let said = app.run(
            "return document.querySelector(arguments[0])?.textContent.replace(/\\s+/g, ' ')",
            &[css.into()],
        )?;
        let text = said.as_str().context("it is not there")?;
        ensure!(text.contains(piece), "it says {text:?}");
        Ok(text.to_owned())
    })
}

/// Waits until an element is wholly in sight.
///
/// # Errors
///
/// It is not there, or stays beyond an edge or under something else.
pub fn in_view(app: &App<'_>, css: &str) -> Result<()> {
    wait::until_ok(&format!("{css} in sight"), UPLOAD, || {
        let seen = app.run(
            "const one = document.querySelector(arguments[0]), box = one?.getBoundingClientRect();\
             const at = y => one.contains(document.elementFromPoint(box.left + box.width / 2, y));\
             return box && box.height > 0 && at(box.top + 1) && at(box.bottom - 1)",
            &[css.into()],
        )?;
        ensure!(seen == serde_json::json!(true), "{seen}");
        Ok(())
    })
}

/// Waits until so many elements match.
///
/// # Errors
/// There are others in the end.
pub fn count_becomes(app: &App<'_>, css: &str, wanted: u64) -> Result<()> {
    wait::until_ok(&format!("{wanted} of {css}"), UPLOAD, || {
        let count = app.count(css)?;
        ensure!(count == wanted, "there are {count}");
        Ok(())
    })
}

/// Chooses an entry of a list as a person does: the page hears of it.
///
/// # Errors
/// There is no such list.
pub fn choose(app: &App<'_>, id: &str, value: &str) -> Result<()> {
    app.find(&hook(id))?;
    let script = "const list = document.querySelector(arguments[0]); list.value = arguments[1];\
        list.dispatchEvent(new Event('change', {bubbles: true})); list.dispatchEvent(new Event('input', {bubbles: true}));";
    app.run(script, &[hook(id).into(), value.into()]).map(drop)
}

/// Opens the form of another destination and describes a bucket in it.
///
/// # Errors
/// The form lacks a field.
pub fn describe_bucket(app: &App<'_>, garage: &Garage, endpoint: &str, name: &str) -> Result<()> {
    app.click(&hook("dest-add"))?;
    app.click(&hook("dest-kind-s3"))?;
    for (field, text) in [
        ("dest-s3-endpoint", endpoint),
        ("dest-s3-bucket", garage.bucket()),
        ("dest-s3-region", garage.region()),
        ("dest-s3-access", garage.access_key()),
        ("dest-s3-secret", garage.secret_key()),
        ("dest-name", name),
    ] {
        app.type_in(&hook(field), text)?;
    }
    Ok(())
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
