//! A desktop of a test's own: screen, window manager, session bus, notification service and tray, and empty folders for
//! settings and data. Several can run side by side.
//!
//! [`Desktop::start`] brings it up in about a second, [`Desktop::open`] starts a program on it and drives its page by
//! WebDriver, the methods of `hands` do what a person does outside the page, those of `pointer` press and draw where the hand
//! is. [`Desktop::finish`] ends everything and fails when a program of the test is still there; dropping ends everything too.
//!
//! All processes carry a mark in their environment, by which also those are found that the session bus started.

mod app;
mod hands;
mod pointer;
mod webdriver;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::process::{self, Found};
use crate::wait::{self, PATIENCE};

pub use app::App;
pub use hands::{Notification, TrayItem};
pub use webdriver::Element;

/// The variable that marks the processes of a desktop.
const MARK: &str = "WINDLASS_TEST_DESKTOP";
const SCREEN: &str = "1280x800x24";
/// A session bus that starts no services of this machine: a desktop has what its test gave it.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><keep_umask/><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;

/// What a desktop may be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// No tray: closed windows have nowhere to go.
    Tray,
    /// Its notification service refuses each.
    Notifications,
}

/// A running desktop.
pub struct Desktop {
    display: String,
    bus: String,
    children: Vec<Child>,
    /// Removed last, after everything that may write there has ended.
    dir: TempDir,
}

impl Desktop {
    /// Starts a desktop.
    ///
    /// # Errors
    /// A program is missing (the message says how to get it) or does not come up.
    pub fn start() -> Result<Self> {
        Self::start_without(None)
    }

    /// Starts a desktop that lacks something.
    ///
    /// # Errors
    /// As [`Desktop::start`].
    pub fn start_without(lack: Option<Lack>) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("windlass-desktop-").tempdir()?;
        for folder in ["run", "data", "config", "cache", "state", "home"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(dir.path().join("run"), fs::Permissions::from_mode(0o700))?;
        let mut desktop = Self {
            display: String::new(),
            bus: String::new(),
            children: Vec::new(),
            dir,
        };

        // Xvfb picks a free number itself and tells it.
        let mut screen = desktop.command("Xvfb");
        screen.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            SCREEN,
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        desktop.display = format!(":{}", desktop.start_and_listen(screen, "Xvfb")?);

        let rules = desktop.dir.path().join("bus.conf");
        fs::write(&rules, BUS)?;
        let mut bus = desktop.command("dbus-daemon");
        bus.arg(format!("--config-file={}", text(&rules)?)).args([
            "--nofork",
            "--nopidfile",
            "--print-address=1",
        ]);
        desktop.bus = desktop.start_and_listen(bus, "dbus-daemon")?;

        desktop.start_quiet(&["openbox"])?;
        wait::until("openbox", PATIENCE, || {
            let out = desktop
                .tool("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"])
                .ok()?;
            out.contains("0x").then_some(())
        })?;

        let log = desktop.events_file();
        let recorder = asset("desktop.py");
        let mut recorder = vec!["/usr/bin/python3", text(&recorder)?, "serve", text(&log)?];
        recorder.extend(lack.map(|lack| match lack {
            Lack::Tray => "tray",
            Lack::Notifications => "notifications",
        }));
        desktop.start_quiet(&recorder)?;
        wait::until("the notification service and tray", PATIENCE, || {
            desktop.events("ready").ok()?.first().map(drop)
        })?;
        Ok(desktop)
    }

    /// A folder of this desktop, for what a test wants to keep as long as it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Gives it a keyring of its own, new and open.
    ///
    /// # Errors
    /// There is no `gnome-keyring-daemon`, or it does not come up.
    pub fn unlock_keyring(&mut self) -> Result<()> {
        let log = File::create(self.dir.path().join("keyring.log"))?;
        let mut command = self.command("gnome-keyring-daemon");
        command
            .args(["--foreground", "--components=secrets", "--unlock"])
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut daemon = process::spawn(command).with_context(|| missing("gnome-keyring-daemon"))?;
        let password = daemon.stdin.take();
        self.children.push(daemon);
        // It reads the password up to the end.
        password.context("no input")?.write_all(b"of this desktop")?;
        wait::until_ok("an open keyring", PATIENCE, || self.secrets("nobody").map(drop))
            .with_context(|| fs::read_to_string(self.dir.path().join("keyring.log")).unwrap_or_default())
    }

    /// A picture of the whole screen, as PNG.
    ///
    /// # Errors
    /// The picture can't be taken.
    pub fn screenshot(&self, to: impl AsRef<Path>) -> Result<()> {
        if let Some(parent) = to.as_ref().parent() {
            fs::create_dir_all(parent)?;
        }
        self.tool("import", &["-window", "root", text(to.as_ref())?])
            .map(drop)
    }

    /// Ends the desktop.
    ///
    /// # Errors
    /// A program that a test had opened was still running: it is named, and ended.
    pub fn finish(mut self) -> Result<()> {
        let own = self.own();
        let left: Vec<Found> = self
            .processes()
            .into_iter()
            .filter(|one| !own.contains(&one.pid))
            .collect();
        // The bus starts helpers on demand; they end with it.
        let ours = |one: &&Found| !one.exe.starts_with("/usr/lib") && !one.exe.starts_with("/usr/bin");
        let programs: Vec<String> = left
            .iter()
            .filter(ours)
            .map(|one| format!("{} ({})", one.exe, one.pid))
            .collect();
        self.end();
        ensure!(
            programs.is_empty(),
            "still running at the end: {}",
            programs.join(", ")
        );
        ensure!(
            self.processes().is_empty(),
            "could not be ended: {:?}",
            self.processes()
        );
        Ok(())
    }

    /// A command on this desktop.
    fn command(&self, program: &str) -> Command {
        let mut command = process::command(program);
        self.environment(&mut command);
        command.stdin(Stdio::null());
        command
    }

    fn environment(&self, command: &mut Command) {
        let at = |name: &str| self.dir.path().join(name);
        command
            .env(MARK, self.mark())
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            // No network manager and no battery of this machine has a say; a test may name a bus of its own.
            .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("HOME", at("home"))
            .env("XDG_RUNTIME_DIR", at("run"))
            .env("XDG_DATA_HOME", at("data"))
            .env("XDG_CONFIG_HOME", at("config"))
            .env("XDG_CACHE_HOME", at("cache"))
            .env("XDG_STATE_HOME", at("state"))
            .env("XDG_SESSION_TYPE", "x11")
            .env("GDK_BACKEND", "x11")
            .env_remove("WAYLAND_DISPLAY")
            // No helper services, and no GPU behind Xvfb. With compositing off the page is painted on the screen, where
            // `screenshot` sees it.
            .env("NO_AT_BRIDGE", "1")
            .env("GTK_USE_PORTAL", "0")
            .env("GSETTINGS_BACKEND", "memory")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
    }

    fn mark(&self) -> String {
        self.dir.path().display().to_string()
    }

    /// Starts a program that says in its first line where it is to be found.
    fn start_and_listen(&mut self, mut command: Command, what: &str) -> Result<String> {
        let log = File::create(self.dir.path().join(format!("{what}.log")))?;
        command.stdout(Stdio::piped()).stderr(log);
        let mut child = process::spawn(command).with_context(|| missing(what))?;
        let out = child.stdout.take().context("no output")?;
        self.children.push(child);
        let (said, hears) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut lines = BufReader::new(out).lines();
            // Nobody waits any longer when the desktop gave up.
            let _ = said.send(lines.next().and_then(Result::ok));
            // Reads on, so that the program never writes into a full pipe.
            lines.for_each(drop);
        });
        let line = hears.recv_timeout(PATIENCE).ok().flatten();
        line.map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .with_context(|| {
                let log = fs::read_to_string(self.dir.path().join(format!("{what}.log"))).unwrap_or_default();
                format!("{what} did not come up: {log}\n{}", missing(what))
            })
    }

    fn start_quiet(&mut self, line: &[&str]) -> Result<()> {
        let (program, arguments) = line.split_first().context("an empty command")?;
        let name = Path::new(program)
            .file_name()
            .unwrap_or_default()
            .display()
            .to_string();
        let log = File::create(self.dir.path().join(format!("{name}.log")))?;
        let mut command = self.command(program);
        command.args(arguments).stdout(log.try_clone()?).stderr(log);
        self.children
            .push(process::spawn(command).with_context(|| missing(program))?);
        Ok(())
    }

    /// Runs a small program on this desktop and returns what it printed.
    fn tool(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let mut command = self.command(program);
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let out = process::spawn(command)
            .with_context(|| missing(program))?
            .wait_with_output()?;
        let (said, complained) = (
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr),
        );
        ensure!(
            out.status.success(),
            "{program} {arguments:?}: {} {said}{complained}",
            out.status
        );
        Ok(said.into_owned())
    }

    fn events_file(&self) -> PathBuf {
        self.dir.path().join("events.jsonl")
    }

    /// All processes on this desktop, its own and those of what was opened there.
    #[must_use]
    pub fn processes(&self) -> Vec<Found> {
        process::with_env(MARK, &self.mark())
    }

    fn own(&self) -> Vec<i32> {
        self.children
            .iter()
            .filter_map(|child| i32::try_from(child.id()).ok())
            .collect()
    }

    /// Ends all that carries the mark: programs first, the screen last, so that none complains about a lost screen.
    fn end(&mut self) {
        let own = self.own();
        for process in self.processes().into_iter().filter(|one| !own.contains(&one.pid)) {
            process::kill_pid(process.pid);
        }
        while let Some(mut child) = self.children.pop() {
            process::kill(&mut child);
        }
        // Killed processes of others stay in the list for a moment, until they are gone.
        let _ = wait::until("the end of the desktop", Duration::from_secs(5), || {
            self.processes().is_empty().then_some(())
        });
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if thread::panicking() {
            let picture = std::env::temp_dir().join("windlass-window-test-failed.png");
            if self.screenshot(&picture).is_ok() {
                eprintln!("the screen when the test failed: {}", picture.display());
            }
        }
        self.end();
    }
}

fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path of the test's own is no UTF-8")
}

fn missing(program: &str) -> String {
    format!("{program} can't be used: `cargo xtask setup --test` installs what the window tests need")
}
