//! `cargo xtask run`: from a fresh clone to a window, or to a proved upload where there is no display.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use anyhow::{Context as _, Result, ensure};

use crate::command::{Run, cargo};
use crate::paths;
use crate::setup::{self, For};
use crate::steps::Steps;

pub(crate) fn run(args: &[String]) -> Result<()> {
    let mut steps = Steps::new();
    setup::all(&mut steps, For::Build)?;
    steps.step("build", || {
        cargo("build -p windlass-desktop -p windlass-cli").go()
    })?;
    if has_display() {
        steps.finish();
        println!("\nOpening the window. Drop a file on it. Ctrl+C here ends it.");
        return Run::program(paths::built("windlass-desktop"))
            .args(args)
            .hand_over();
    }
    println!("\nThere is no display here (DISPLAY and WAYLAND_DISPLAY are unset), so the window can't open.");
    println!("The same upload by the command line:");
    let sample = Sample::make()?;
    steps.step("upload a sample", || sample.upload(args))?;
    steps.step("compare what arrived", || sample.compare())?;
    steps.finish();
    println!("\nYou dropped    {}", sample.file.display());
    println!("it arrived in  {}", sample.destination.display());
    println!("the queue is   {} (WINDLASS_HOME)", sample.home.display());
    println!(
        "Nothing of this touches your own settings; delete {} when you have seen it.",
        sample.dir.display()
    );
    Ok(())
}

fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A file to upload, and folders of its own for everything that this makes.
struct Sample {
    dir: PathBuf,
    home: PathBuf,
    file: PathBuf,
    destination: PathBuf,
}

impl Sample {
    fn make() -> Result<Self> {
        let dir = env::temp_dir().join(format!("windlass-sample-{}", process::id()));
        let sample = Self {
            home: dir.join("home"),
            file: dir.join("drop me.bin"),
            destination: dir.join("destination"),
            dir,
        };
        fs::create_dir_all(&sample.destination).context("cannot make a folder for the sample")?;
        // 20 MiB are three parts. A multiplicative sequence repeats only after 2^64 steps.
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut content = Vec::with_capacity(20 << 20);
        while content.len() < 20 << 20 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            content.extend_from_slice(&state.rotate_left(23).to_le_bytes());
        }
        fs::write(&sample.file, content).context("cannot write the sample")?;
        Ok(sample)
    }

    fn windlass(&self, line: &str) -> Run {
        line.split_whitespace()
            .fold(Run::program(paths::built("windlass")), Run::arg)
            .env("WINDLASS_HOME", &self.home)
    }

    fn upload(&self, args: &[String]) -> Result<()> {
        self.windlass("dest add sample --folder")
            .arg(&self.destination)
            .go()?;
        self.windlass("up --group Sample --to sample")
            .args(args)
            .arg(&self.file)
            .go()
    }

    fn compare(&self) -> Result<()> {
        let arrived = find(
            &self.destination,
            self.file.file_name().unwrap_or_default().as_ref(),
        )
        .with_context(|| format!("the file is not in {}", self.destination.display()))?;
        let (sent, got) = (fs::read(&self.file)?, fs::read(&arrived)?);
        ensure!(
            sent == got,
            "{} and {} differ",
            self.file.display(),
            arrived.display()
        );
        println!("{} bytes, the same in both", got.len());
        if let Ok(sums) = Run::program("sha256sum").arg(&self.file).arg(&arrived).output() {
            print!("{sums}");
        }
        Ok(())
    }
}

/// The file of this name anywhere below a folder; hidden folders hold what is under way.
fn find(dir: &Path, name: &Path) -> Option<PathBuf> {
    for entry in fs::read_dir(dir).ok()?.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if path.file_name() == Some(name.as_os_str()) {
            return Some(path);
        }
    }
    None
}
