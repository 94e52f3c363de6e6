//! The real window on a screen of its own: from the start of the program to the first picture that is no empty area.
//!
//! A group of 100,000 files in it is measured by `cargo xtask bench --window`, inside the page.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Bench;
use crate::report::{Budget, Row, Unit};

const PAINT_MS: f64 = 1_000.0;
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// An empty window has one or two; text and lines have many, by their smooth edges.
const COLOURS: usize = 16;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let rows = vec![Row::not_measured(
        "window: 100,000 rows",
        "by `cargo xtask bench --window`, in the page itself",
    )];
    let program = std::env::current_exe()?.with_file_name("windlass-desktop");
    if let Some(missing) = missing(&program) {
        let why = format!("{missing} is missing");
        return Ok([Row::not_measured("window: first paint", &why)]
            .into_iter()
            .chain(rows)
            .collect());
    }
    let screen = Screen::start()?;
    let (mut mapped, mut painted) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        let scratch = bench.data.scratch()?;
        let (shown, drawn) = screen.open(&program, scratch.path())?;
        println!("   shown after {shown:.0} ms, painted after {drawn:.0} ms");
        mapped.push(shown);
        painted.push(drawn);
    }
    let measured = [
        Row::new("window: shown", Unit::Milliseconds, mapped),
        Row::new("window: first paint", Unit::Milliseconds, painted)
            .within(Budget::AtMost(PAINT_MS))
            .noting("software rendering; seen by screenshots, which take their time from it"),
    ];
    Ok(measured.into_iter().chain(rows).collect())
}

fn missing(program: &Path) -> Option<String> {
    if !program.exists() {
        return Some(program.display().to_string());
    }
    let there = |tool: &&str| {
        let mut which = Command::new("sh");
        which
            .args(["-c", "command -v \"$0\"", tool])
            .output()
            .is_ok_and(|out| out.status.success())
    };
    let tools = ["Xvfb", "xdotool", "import", "dbus-run-session"];
    tools
        .iter()
        .find(|tool| !there(tool))
        .map(|tool| (*tool).to_owned())
}

/// A screen that nobody sees.
struct Screen {
    display: String,
    server: Ended,
}

/// A process that is killed with its value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Screen {
    fn start() -> Result<Self> {
        let mut command = Command::new("Xvfb");
        command
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = Ended(command.spawn()?);
        let mut number = String::new();
        BufReader::new(server.0.stdout.take().context("no output")?).read_line(&mut number)?;
        Ok(Self {
            display: format!(":{}", number.trim()),
            server,
        })
    }

    /// Milliseconds until the window is there, and until something is drawn in it.
    fn open(&self, program: &Path, home: &Path) -> Result<(f64, f64)> {
        let mut command = Command::new("dbus-run-session");
        command
            .arg("--")
            .arg(program)
            .env("DISPLAY", &self.display)
            .env("GDK_BACKEND", "x11")
            .env("HOME", home)
            .env("WINDLASS_HOME", home.join("windlass"))
            .env("XDG_RUNTIME_DIR", home)
            .env("XDG_DATA_HOME", home.join("share"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .env("NO_AT_BRIDGE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let began = Instant::now();
        let program = Ended(command.spawn()?);
        let opened = self.watch(began);
        self.close()?;
        drop(program);
        opened
    }

    fn watch(&self, began: Instant) -> Result<(f64, f64)> {
        let window = loop {
            let found = self.tool("xdotool", &["search", "--onlyvisible", "--name", "^Windlass$"])?;
            if let Some(window) = found.lines().next().filter(|line| !line.is_empty()) {
                break window.to_owned();
            }
            self.wait(began, "no window")?;
        };
        let shown = began.elapsed();
        while self.colours(&window)? < COLOURS {
            self.wait(began, "an empty window")?;
        }
        Ok((shown.as_secs_f64() * 1e3, began.elapsed().as_secs_f64() * 1e3))
    }

    fn colours(&self, window: &str) -> Result<usize> {
        let seen = self.tool("import", &["-window", window, "-format", "%k", "info:-"])?;
        Ok(seen.trim().parse().unwrap_or(0))
    }

    /// Closes the window as its button does, so that the program and what it started end by themselves.
    fn close(&self) -> Result<()> {
        self.tool("xdotool", &["search", "--name", "^Windlass$", "windowquit", "%@"])?;
        let began = Instant::now();
        while !self
            .tool("xdotool", &["search", "--onlyvisible", "--name", "^Windlass$"])?
            .is_empty()
        {
            if began.elapsed() > Duration::from_secs(5) {
                break;
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn wait(&self, began: Instant, state: &str) -> Result<()> {
        if began.elapsed() > PATIENCE {
            bail!(
                "{state} after {PATIENCE:?} on the screen of process {}",
                self.server.0.id()
            );
        }
        thread::sleep(LOOK_EVERY);
        Ok(())
    }

    fn tool(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("DISPLAY", &self.display)
            .stderr(Stdio::null());
        Ok(String::from_utf8_lossy(&command.output()?.stdout).into_owned())
    }
}
