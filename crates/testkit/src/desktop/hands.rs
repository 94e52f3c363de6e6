//! What a person does and sees outside the page: drags, the tray, notifications.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Desktop, asset, text};
use crate::wait;

/// A notification as the desktop's service received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its number, for [`Desktop::click_notification`].
    pub id: u64,
    /// Its first line.
    pub summary: String,
    /// Its text.
    pub body: String,
}

/// An entry of a tray menu; what is in a submenu stands after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayItem {
    /// What it says.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
}

impl Desktop {
    /// Drags files from another program to a place inside a window and lets go.
    ///
    /// # Errors
    /// The window did not take them.
    pub fn drag(&self, files: &[PathBuf], window: &str, (x, y): (i64, i64)) -> Result<()> {
        self.drag_with(files, window, (x, y), &[])
    }

    /// As [`Desktop::drag`], and keeps what the screen showed while the files were held over the window, as PNG.
    ///
    /// # Errors
    /// The window did not take them, or the picture can't be taken.
    pub fn drag_and_look(
        &self,
        files: &[PathBuf],
        window: &str,
        at: (i64, i64),
        picture: &Path,
    ) -> Result<()> {
        if let Some(parent) = picture.parent() {
            fs::create_dir_all(parent)?;
        }
        self.drag_with(files, window, at, &["--hover", "1", "--picture", text(picture)?])
    }

    /// Drags files to a window, holds them there, and gives up by Escape.
    ///
    /// # Errors
    /// The window took them all the same.
    pub fn drag_and_cancel(&self, files: &[PathBuf], window: &str, (x, y): (i64, i64)) -> Result<()> {
        self.drag_with(files, window, (x, y), &["--cancel"])
    }

    /// Drags text from another program, as a browser drags a link. The window may take it or not.
    ///
    /// # Errors
    /// It can't be dragged.
    pub fn drag_text(&self, said: &str, window: &str, (x, y): (i64, i64)) -> Result<bool> {
        let dropped = self.drag_with(&[PathBuf::from(said)], window, (x, y), &["--text"]);
        Ok(dropped.is_ok())
    }

    fn drag_with(&self, files: &[PathBuf], window: &str, (x, y): (i64, i64), more: &[&str]) -> Result<()> {
        let (script, place) = (asset("drag.py"), format!("{x},{y}"));
        let mut arguments = vec![text(&script)?, "--window", window, "--to", &place];
        arguments.extend(more);
        arguments.push("--");
        for file in files {
            arguments.push(text(file)?);
        }
        self.tool("/usr/bin/python3", &arguments).map(drop)
    }

    /// Copies files, as a person does in a file manager: they are on the clipboard until something else is.
    ///
    /// # Errors
    /// The desktop's service does not answer.
    pub fn copy_files(&self, files: &[PathBuf]) -> Result<()> {
        let mut all = vec!["copy", "files"];
        for file in files {
            all.push(text(file)?);
        }
        self.recorder(&all).map(drop)
    }

    /// Copies text.
    ///
    /// # Errors
    /// The desktop's service does not answer.
    pub fn copy_text(&self, said: &str) -> Result<()> {
        self.recorder(&["copy", "text", said]).map(drop)
    }

    /// How bright a picture is on average, from 0 (black) to 1 (white), and how many colours it has.
    ///
    /// # Errors
    /// It can't be read.
    pub fn brightness(&self, picture: &Path) -> Result<(f64, u64)> {
        let format = ["-format", "%[fx:mean] %k", "info:"];
        let said = self.tool("convert", &[&[text(picture)?], &format[..]].concat())?;
        let mut words = said.split_whitespace();
        let mut next = || words.next().context("the picture has no such figure");
        Ok((next()?.parse()?, next()?.parse()?))
    }

    /// The entries of all tray menus, separators left out.
    ///
    /// # Errors
    /// The tray does not answer.
    pub fn tray_menu(&self) -> Result<Vec<TrayItem>> {
        fn collect(entries: &Value, into: &mut Vec<TrayItem>) {
            for entry in entries.as_array().into_iter().flatten() {
                if let Some(label) = entry["label"].as_str() {
                    into.push(TrayItem {
                        label: label.to_owned(),
                        enabled: entry["enabled"] != false,
                    });
                }
                collect(&entry["items"], into);
            }
        }
        let icons: Value = serde_json::from_str(&self.recorder(&["tray"])?)?;
        let mut items = Vec::new();
        for icon in icons.as_array().into_iter().flatten() {
            collect(&icon["menu"], &mut items);
        }
        Ok(items)
    }

    /// Waits until the tray menu has an entry that can be chosen, and chooses it.
    ///
    /// # Errors
    /// There was none within `patience`; the message has the menu as it is.
    pub fn choose_in_tray(&self, label: &str, patience: Duration) -> Result<()> {
        wait::until_ok(&format!("the tray's {label:?}"), patience, || {
            let menu = self.tray_menu()?;
            anyhow::ensure!(
                menu.iter().any(|item| item.label == label && item.enabled),
                "the menu is {menu:?}"
            );
            // Between the look and the click the menu may be made anew; then nothing is clicked, and it fails.
            self.recorder(&["click", label]).map(drop)
        })
    }

    /// The notifications so far. One that was replaced is there twice.
    ///
    /// # Errors
    /// The record can't be read.
    pub fn notifications(&self) -> Result<Vec<Notification>> {
        let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let shown = self.events("notify")?.into_iter().map(|event| Notification {
            id: event["id"].as_u64().unwrap_or_default(),
            summary: string(&event["summary"]),
            body: string(&event["body"]),
        });
        Ok(shown.collect())
    }

    /// Waits for a notification that fits.
    ///
    /// # Errors
    /// None came within `patience`; the message has those that came.
    pub fn notification(
        &self,
        patience: Duration,
        fits: impl Fn(&Notification) -> bool,
    ) -> Result<Notification> {
        wait::until_ok("a notification", patience, || {
            let shown = self.notifications()?;
            shown
                .iter()
                .find(|one| fits(one))
                .cloned()
                .with_context(|| format!("shown so far: {shown:?}"))
        })
    }

    /// Clicks a notification.
    ///
    /// # Errors
    /// The service does not answer.
    pub fn click_notification(&self, notification: &Notification) -> Result<()> {
        self.recorder(&["invoke", &notification.id.to_string()]).map(drop)
    }

    /// Chooses something on a notification, by the name that the program gave it.
    ///
    /// # Errors
    /// The service does not answer.
    pub fn choose_on_notification(&self, notification: &Notification, action: &str) -> Result<()> {
        self.recorder(&["invoke", &notification.id.to_string(), action])
            .map(drop)
    }

    /// What a notification offers: name and word, one after the other.
    ///
    /// # Errors
    /// The record can't be read.
    pub fn offered_on(&self, notification: &Notification) -> Result<Vec<String>> {
        let all = self.events("notify")?;
        let of = all.iter().rfind(|event| event["id"] == notification.id);
        let offered = of.and_then(|event| serde_json::from_value(event["actions"].clone()).ok());
        Ok(offered.unwrap_or_default())
    }

    /// Whether the program took a notification back.
    ///
    /// # Errors
    /// The record can't be read.
    pub fn was_taken_back(&self, notification: &Notification) -> Result<bool> {
        Ok(self
            .events("close")?
            .iter()
            .any(|event| event["id"] == notification.id))
    }

    /// The person wants no notifications from here on, or wants them again, as the desktop's service tells every program that
    /// listens to it (`Inhibited`, as KDE has it).
    ///
    /// # Errors
    /// The service does not answer.
    pub fn do_not_disturb(&self, on: bool) -> Result<()> {
        self.recorder(&["quiet", if on { "yes" } else { "no" }]).map(drop)
    }

    /// Waits until a program has asked whether the person wants quiet, and was told this the last time.
    ///
    /// # Errors
    /// None did within `patience`.
    pub fn heard_of_quiet(&self, on: bool, patience: Duration) -> Result<()> {
        wait::until_ok("a program that asks for quiet", patience, || {
            let asked = self.events("asked")?;
            let last = asked.last().context("none asked")?;
            anyhow::ensure!(last["quiet"] == on, "it was told {last}");
            Ok(())
        })
    }

    /// What a program has filed in the keyring under its name.
    ///
    /// # Errors
    /// There is no open keyring.
    pub fn secrets(&self, program: &str) -> Result<Vec<String>> {
        Ok(serde_json::from_str(&self.recorder(&["secrets", program])?)?)
    }

    /// Puts a window out of sight, with its key.
    ///
    /// # Errors
    /// There is no such window.
    pub fn put_away(&self, title: &str) -> Result<()> {
        let found = self.tool(
            "xdotool",
            &["search", "--onlyvisible", "--name", &format!("^{title}$")],
        )?;
        let window = found.lines().next().context("no such window")?;
        self.tool("xdotool", &["windowminimize", "--sync", window])
            .map(drop)
    }

    /// Closes the window that has the focus by its frame's key.
    ///
    /// # Errors
    /// There is no such window.
    pub fn close_window(&self, title: &str) -> Result<()> {
        let found = self.tool(
            "xdotool",
            &["search", "--onlyvisible", "--name", &format!("^{title}$")],
        )?;
        let window = found.lines().next().context("no such window")?;
        self.tool("xdotool", &["windowactivate", "--sync", window, "key", "alt+F4"])
            .map(drop)
    }

    /// Answers the question that a program asks in a window of its own beside its window of the same title, with the answer
    /// that the keys choose: names of keys, one after the other, as xdotool has them.
    ///
    /// # Errors
    /// No question is asked, or it stays.
    pub fn answer_question(&self, title: &str, keys: &[&str], patience: Duration) -> Result<()> {
        let named = || -> Result<Vec<String>> {
            let found = self.tool(
                "xdotool",
                &["search", "--onlyvisible", "--name", &format!("^{title}$")],
            )?;
            Ok(found.lines().map(str::to_owned).collect())
        };
        let asked = wait::until("a question in a window of its own", patience, || {
            named().ok().filter(|all| all.len() > 1)
        })?;
        // The one that opened last.
        let question = asked.iter().filter_map(|id| id.parse::<u64>().ok()).max();
        let question = question.context("no window")?.to_string();
        let mut all = vec!["windowactivate", "--sync", &question, "key"];
        all.extend(keys);
        self.tool("xdotool", &all)?;
        wait::until("the question to go", patience, || {
            // Where no window of this title is left to be seen, xdotool fails.
            (!named().unwrap_or_default().contains(&question)).then_some(())
        })
    }

    /// Presses keys one after the other, as xdotool names them (`ctrl+o`, `Tab`), in whatever window has the focus.
    ///
    /// # Errors
    /// There is no such key.
    pub fn keys(&self, keys: &[&str]) -> Result<()> {
        let mut all = vec!["key", "--delay", "30"];
        all.extend(keys);
        self.tool("xdotool", &all).map(drop)
    }

    /// Types text with the keys of the keyboard, into whatever has the focus.
    ///
    /// # Errors
    /// It can't be typed.
    pub fn write(&self, said: &str) -> Result<()> {
        self.tool("xdotool", &["type", "--delay", "15", "--", said])
            .map(drop)
    }

    /// Brings a window to the front, to be typed into.
    ///
    /// # Errors
    /// There is none of this title.
    pub fn activate(&self, title: &str) -> Result<()> {
        let found = self.tool(
            "xdotool",
            &["search", "--onlyvisible", "--name", &format!("^{title}$")],
        )?;
        let window = found.lines().next().context("no such window")?;
        self.tool("xdotool", &["windowactivate", "--sync", window])
            .map(drop)
    }

    /// Opens the list of the field that has the focus and takes the entry to which the keys lead.
    ///
    /// # Errors
    /// No list opens, or it stays.
    pub fn choose_from_list(&self, keys: &[&str], patience: Duration) -> Result<()> {
        let windows = || -> Result<usize> {
            let class = ["search", "--onlyvisible", "--class", "windlass-desktop"];
            Ok(self.tool("xdotool", &class)?.lines().count())
        };
        let before = windows()?;
        self.keys(&["space"])?;
        wait::until("the list", patience, || (windows().ok()? > before).then_some(()))?;
        self.keys(&[keys, &["Return"]].concat())?;
        wait::until("the list to go", patience, || {
            (windows().ok()? == before).then_some(())
        })
    }

    /// Answers the chooser that a program asked the desktop's portal for (it does with `GTK_USE_PORTAL=1`): with these paths,
    /// or with none, which cancels it. Answers with what was asked: `method`, `title`, `multiple`, `directory`.
    ///
    /// # Errors
    /// None was asked for within `patience`.
    pub fn choose_by_portal(&self, paths: &[&Path], patience: Duration) -> Result<Value> {
        let asked = wait::until_ok("a chooser of the portal", patience, || {
            let (asked, answered) = (self.events("chooser")?, self.events("chosen")?.len());
            asked.into_iter().nth(answered).context("none is open")
        })?;
        let mut all = vec!["choose"];
        for path in paths {
            all.push(text(path)?);
        }
        self.recorder(&all)?;
        Ok(asked)
    }

    /// Answers the system's dialog for a file or folder that a program opens: types the path and confirms.
    ///
    /// # Errors
    /// No dialog opens, or it stays.
    pub fn choose_in_dialog(&self, path: &Path, patience: Duration) -> Result<()> {
        let dialogs = || -> Vec<String> {
            let found = self.tool(
                "xdotool",
                &["search", "--onlyvisible", "--class", "windlass-desktop"],
            );
            let kind = |id: &str| self.tool("xprop", &["-id", id, "_NET_WM_WINDOW_TYPE"]);
            let is_dialog = |id: &&str| kind(id).is_ok_and(|kind| kind.contains("DIALOG"));
            let found = found.unwrap_or_default();
            found.lines().filter(is_dialog).map(str::to_owned).collect()
        };
        let dialog = wait::until("the system's dialog", patience, || dialogs().pop())?;
        wait::until_ok("the system's dialog to go", patience, || {
            // What is below a dialog that went is not to be typed into.
            if !dialogs().contains(&dialog) {
                return Ok(());
            }
            // "/" opens the field for a path where there is none yet; where there is one, its text is replaced. A dialog that
            // is still reading its folder swallows keys: what it then has is no path, it stays, and the path is typed anew.
            self.tool("xdotool", &["windowactivate", "--sync", &dialog, "key", "ctrl+a"])?;
            self.tool("xdotool", &["type", "--delay", "15", text(path)?])?;
            let gone = || (!dialogs().contains(&dialog)).then_some(());
            // The first may only take what the dialog completed.
            for _ in 0..2 {
                if gone().is_some() {
                    break;
                }
                let keys = ["windowactivate", "--sync", &dialog, "key", "Return"];
                self.tool("xdotool", &keys)?;
                if wait::until("the dialog to go", Duration::from_secs(2), gone).is_ok() {
                    return Ok(());
                }
            }
            anyhow::ensure!(gone().is_some(), "it is still there");
            Ok(())
        })
    }

    /// Whether a window of this title can be seen.
    #[must_use]
    pub fn window_is_visible(&self, title: &str) -> bool {
        self.tool(
            "xdotool",
            &["search", "--onlyvisible", "--name", &format!("^{title}$")],
        )
        .is_ok_and(|found| !found.trim().is_empty())
    }

    /// Opens a plain window titled `Target` that writes the URIs dropped on it to a file, and shows one notification. It is
    /// there to try this desktop without any product.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open_target(&mut self, log: &Path) -> Result<()> {
        let script = asset("target.py");
        self.start_quiet(&["/usr/bin/python3", text(&script)?, text(log)?])
    }

    fn recorder(&self, arguments: &[&str]) -> Result<String> {
        let script = asset("desktop.py");
        let mut all = vec![text(&script)?];
        all.extend(arguments);
        self.tool("/usr/bin/python3", &all)
    }

    /// The recorder's lines of one kind.
    pub(super) fn events(&self, kind: &str) -> Result<Vec<Value>> {
        let log = read_if_there(&self.events_file())?;
        // The last line may be half written.
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole
            .lines()
            .map(serde_json::from_str::<Value>)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(lines.into_iter().filter(|event| event["event"] == kind).collect())
    }
}

fn read_if_there(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => Ok(read?),
    }
}
