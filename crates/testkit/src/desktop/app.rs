//! A program with a page, open on a desktop.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use url::Url;

use super::webdriver::{self, Element, Session};
use super::{Desktop, missing, text};
use crate::process;
use crate::wait::{self, PATIENCE};

/// An open program. Dropping it kills it.
pub struct App<'desktop> {
    desktop: &'desktop Desktop,
    binary: PathBuf,
    session: Session,
    driver: Child,
    pid: i32,
}

impl Desktop {
    /// Opens a program by WebDriver; `environment` is added to the desktop's own.
    ///
    /// # Errors
    /// The program is not there, or shows no page.
    pub fn open(
        &self,
        binary: &Path,
        arguments: &[String],
        environment: &[(&str, &Path)],
    ) -> Result<App<'_>> {
        let binary = binary
            .canonicalize()
            .with_context(|| format!("{} is not built", binary.display()))?;
        // An instance that is still ending would take the new one's place, and the driver would wait for ever.
        wait::until("the end of an earlier instance", PATIENCE, || {
            self.running(&binary).is_empty().then_some(())
        })?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_of(&binary))?;
        // As a person's program, whom file permissions hold back.
        let mut command = process::command_without_privilege("WebKitWebDriver");
        self.environment(&mut command);
        command
            .arg(format!("--port={port}"))
            .arg("--host=127.0.0.1")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("TAURI_AUTOMATION", "true")
            .envs(environment.iter().copied())
            .stdout(log.try_clone()?)
            .stderr(log)
            .stdin(Stdio::null());
        let mut driver = process::spawn(command).with_context(|| missing("WebKitWebDriver"))?;
        let base: Url = format!("http://127.0.0.1:{port}").parse()?;
        let opened = wait::until_ok("WebKitWebDriver", PATIENCE, || webdriver::is_ready(&base))
            .and_then(|()| Session::open(base, text(&binary)?, arguments));
        let session = match opened {
            Ok(session) => session,
            Err(why) => {
                process::kill(&mut driver);
                let log = std::fs::read_to_string(self.log_of(&binary)).unwrap_or_default();
                return Err(why.context(format!("{} did not open its page\n{log}", binary.display())));
            }
        };
        let pid = self.running(&binary).first().copied().unwrap_or_default();
        Ok(App {
            desktop: self,
            binary,
            session,
            driver,
            pid,
        })
    }

    /// Starts a program on this desktop beside what runs there, and waits for its end: its exit status and what it said.
    ///
    /// # Errors
    /// It can't be started, or does not end.
    pub fn run(
        &self,
        binary: &Path,
        arguments: &[&Path],
        environment: &[(&str, &Path)],
    ) -> Result<(Option<i32>, String)> {
        let said = self.dir().join("beside.log");
        let log = File::create(&said)?;
        let mut command = self.command(text(binary)?);
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut child = process::spawn(command)?;
        let ended = process::wait_for_end(&mut child, text(binary)?, PATIENCE)?;
        Ok((ended.code(), std::fs::read_to_string(said)?))
    }

    /// What a program wrote to its standard output and error, over all the times it was opened.
    #[must_use]
    pub fn log_of(&self, binary: &Path) -> PathBuf {
        self.dir().join(format!(
            "{}.log",
            binary.file_name().unwrap_or_default().display()
        ))
    }

    /// The processes of this desktop that run a program.
    fn running(&self, binary: &Path) -> Vec<i32> {
        let exe = binary.display().to_string();
        self.processes()
            .into_iter()
            .filter(|one| one.exe == exe)
            .map(|one| one.pid)
            .collect()
    }
}

impl App<'_> {
    /// The program's process.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The first element that matches, as soon as there is one.
    ///
    /// # Errors
    /// None came in time.
    pub fn find(&self, css: &str) -> Result<Element> {
        wait::until_ok(&format!("an element {css}"), PATIENCE, || self.session.find(css))
    }

    /// How many elements match, at this moment.
    ///
    /// # Errors
    /// The page does not answer.
    pub fn count(&self, css: &str) -> Result<u64> {
        let count = self.run(
            "return document.querySelectorAll(arguments[0]).length",
            &[css.into()],
        )?;
        count.as_u64().context("no number")
    }

    /// Clicks, as soon as it can be clicked.
    ///
    /// # Errors
    /// It could not be in time.
    pub fn click(&self, css: &str) -> Result<()> {
        wait::until_ok(&format!("a click on {css}"), PATIENCE, || {
            self.session.click(&self.session.find(css)?)
        })
    }

    /// Puts text in place of what stands in a field.
    ///
    /// # Errors
    /// There is no such field in time.
    pub fn type_in(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find(css)?;
        self.session.clear(&field)?;
        self.session.keys(&field, text)
    }

    /// Presses keys together in whatever has the focus.
    ///
    /// # Errors
    /// The page does not answer.
    pub fn press(&self, keys: &[char]) -> Result<()> {
        self.session.press(keys)
    }

    /// The visible text of an element.
    ///
    /// # Errors
    /// There is none in time.
    pub fn text(&self, css: &str) -> Result<String> {
        wait::until_ok(&format!("text of {css}"), PATIENCE, || {
            self.session.text(&self.session.find(css)?)
        })
    }

    /// An attribute of an element that is there at this moment.
    ///
    /// # Errors
    /// There is no such element.
    pub fn attribute(&self, css: &str, name: &str) -> Result<Option<String>> {
        self.session.attribute(&self.session.find(css)?, name)
    }

    /// Waits until an attribute is as wanted, and returns it.
    ///
    /// # Errors
    /// It did not become so within `patience`; the message has its last value.
    pub fn attribute_becomes(
        &self,
        css: &str,
        name: &str,
        patience: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String> {
        wait::until_ok(&format!("{css} {name}"), patience, || {
            let value = self.attribute(css, name)?.unwrap_or_default();
            ensure!(wanted(&value), "it is {value:?}");
            Ok(value)
        })
    }

    /// Runs the body of an async function in the page; its arguments are in `arguments`.
    ///
    /// # Errors
    /// It throws, or does not end.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.session.run(script, arguments)
    }

    /// The middle of an element, inside the window, once it stands still: nobody aims at what glides.
    ///
    /// # Errors
    /// There is no such element in time, or it does not stand still.
    pub fn middle_of(&self, css: &str) -> Result<(i64, i64)> {
        self.find(css)?;
        let script = "const middle = () => { const box = document.querySelector(arguments[0])?.getBoundingClientRect();\
                      return box && [Math.round(box.left + box.width / 2), Math.round(box.top + box.height / 2)] };\
                      const before = middle();\
                      await new Promise((next) => setTimeout(next, 50));\
                      const now = middle();\
                      return now && String(now) === String(before) ? now : null";
        wait::until_ok(&format!("{css} to stand still"), PATIENCE, || {
            let place = self.run(script, &[css.into()])?;
            let of = |n: usize| place[n].as_i64().context("it moves");
            Ok((of(0)?, of(1)?))
        })
    }

    /// `kill -9`: the program has no chance to say goodbye.
    ///
    /// # Errors
    /// It does not go.
    pub fn kill_9(mut self) -> Result<()> {
        process::kill_pid(self.pid);
        self.gone("the killed program")?;
        process::kill(&mut self.driver);
        Ok(())
    }

    /// Waits until the program has ended by itself, after its Quit was used.
    ///
    /// # Errors
    /// It did not.
    pub fn ends(mut self) -> Result<()> {
        self.gone("the program that was told to quit")?;
        process::kill(&mut self.driver);
        Ok(())
    }

    /// Closes the session, which ends the program, and waits until it is gone.
    ///
    /// # Errors
    /// It does not go.
    pub fn close(mut self) -> Result<()> {
        self.session.close()?;
        self.gone("the closed program")?;
        process::kill(&mut self.driver);
        Ok(())
    }

    fn gone(&self, what: &str) -> Result<()> {
        wait::until(&format!("the end of {what}"), PATIENCE, || {
            self.desktop.running(&self.binary).is_empty().then_some(())
        })
    }
}

impl Drop for App<'_> {
    fn drop(&mut self) {
        for pid in self.desktop.running(&self.binary) {
            process::kill_pid(pid);
        }
        process::kill(&mut self.driver);
    }
}
