//! A program that writes files into a watched folder in every way that programs have, and what has to arrive of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use windlass_testkit::{samples, wait};

/// Bytes of a file, by its number.
fn content(n: usize) -> Result<Vec<u8>> {
    let sizes = [0, 1, 700, 9_000, 60_000, 300_000, 1_500_000];
    let len = if n.is_multiple_of(97) {
        12 << 20
    } else {
        sizes[n * 7 % sizes.len()] + n
    };
    let mut bytes = Vec::with_capacity(len);
    samples::write_random(&mut bytes, len as u64, n as u64)?;
    Ok(bytes)
}

/// Writes one file, in the way of its number. Answers with its final path below the folder.
fn write(root: &Path, beside: &Path, n: usize) -> Result<PathBuf> {
    let bytes = content(n)?;
    let pause = || thread::sleep(Duration::from_millis(60 + n as u64 % 90));
    let name = match n % 5 {
        0 => PathBuf::from(format!("day {}/card {}/f{n}.bin", n % 3, n % 7)),
        1 => PathBuf::from(format!("day {}/f{n}.bin", n % 3)),
        _ => PathBuf::from(format!("f{n}.bin")),
    };
    let to = root.join(&name);
    fs::create_dir_all(to.parent().context("it has a folder")?)?;
    let third = bytes.len() / 3;
    match n % 8 {
        // At once.
        0 | 1 => fs::write(&to, &bytes)?,
        // Slowly, open all the time.
        2 => {
            let mut file = File::create(&to)?;
            for chunk in bytes.chunks(third.max(1)) {
                file.write_all(chunk)?;
                pause();
            }
        }
        // Under a temporary name.
        3 => {
            let temporary = to.with_extension("bin.part");
            let mut file = File::create(&temporary)?;
            for chunk in bytes.chunks(third.max(1)) {
                file.write_all(chunk)?;
                pause();
            }
            drop(file);
            fs::rename(&temporary, &to)?;
        }
        // Under another name, renamed while it is open.
        4 => {
            let other = to.with_extension("made");
            let mut file = File::create(&other)?;
            file.write_all(&bytes)?;
            pause();
            fs::rename(&other, &to)?;
        }
        // Opened and closed for each piece.
        5 => {
            for chunk in bytes.chunks(third.max(1)) {
                File::options()
                    .create(true)
                    .append(true)
                    .open(&to)?
                    .write_all(chunk)?;
                pause();
            }
            if bytes.is_empty() {
                File::create(&to)?;
            }
        }
        // Moved in, whole.
        6 => {
            let outside = beside.join(format!("{n}"));
            fs::write(&outside, &bytes)?;
            fs::rename(&outside, &to)?;
        }
        // Its size first, its bytes after, and those twice.
        _ => {
            let mut file = File::create(&to)?;
            file.set_len(bytes.len() as u64)?;
            pause();
            file.write_all(&vec![7; bytes.len()])?;
            pause();
            file.rewind()?;
            file.write_all(&bytes)?;
        }
    }
    Ok(name)
}

/// The program that writes: bursts with quiet in between, four files at a time.
pub struct Writing {
    written: Arc<AtomicUsize>,
    all: Duration,
    threads: Vec<thread::JoinHandle<Result<()>>>,
}

impl Writing {
    /// Starts to write so many files in ten bursts over this time; what is moved in comes from `beside`.
    #[must_use]
    pub fn start(root: &Path, beside: &Path, files: usize, all: Duration) -> Self {
        let began = Instant::now();
        let burst = files.div_ceil(10).max(1);
        let written = Arc::new(AtomicUsize::new(0));
        let threads = (0..4).map(|lane| {
            let (root, beside, written) = (root.to_owned(), beside.to_owned(), Arc::clone(&written));
            thread::spawn(move || -> Result<()> {
                for n in (lane..files).step_by(4) {
                    let due = all.mul_f64((n / burst * burst) as f64 / files as f64);
                    thread::sleep(due.saturating_sub(began.elapsed()));
                    write(&root, &beside, n)?;
                    written.fetch_add(1, Ordering::SeqCst);
                }
                Ok(())
            })
        });
        Self {
            threads: threads.collect(),
            written,
            all,
        }
    }

    /// Waits until so many are written.
    ///
    /// # Errors
    /// It takes far longer than it should.
    pub fn wait_for(&self, n: usize) -> Result<()> {
        let patience = self.all + wait::PATIENCE;
        wait::until(&format!("{n} files to be written"), patience, || {
            (self.written.load(Ordering::SeqCst) >= n).then_some(())
        })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// A file could not be written.
    pub fn end(self) -> Result<()> {
        for thread in self.threads {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a writer panicked"))??;
        }
        Ok(())
    }
}

/// Every final file is there once, with its final bytes and one receipt, and nothing else.
///
/// # Errors
/// It is not so.
pub fn arrived_once(root: &Path, to: &Path, data: &Path, files: usize) -> Result<()> {
    let mut arrived: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in samples::files_below(to, false)? {
        let name = file.file_name().context("a name")?.to_string_lossy().into_owned();
        arrived.entry(name).or_default().push(file);
    }
    for source in samples::files_below(root, true)? {
        let name = source
            .file_name()
            .context("a name")?
            .to_string_lossy()
            .into_owned();
        let there = arrived.remove(&name).unwrap_or_default();
        ensure!(
            there.len() == 1,
            "{name} arrived {} times: {there:?}",
            there.len()
        );
        let same = samples::sha256(root.join(&source))? == samples::sha256(to.join(&there[0]))?;
        ensure!(same, "{name} arrived with other bytes");
    }
    ensure!(arrived.is_empty(), "nobody wrote these: {arrived:?}");
    let queue = Connection::open(data.join("queue.sqlite"))?;
    let proofs: (i64, i64) =
        queue.query_row("SELECT count(*), count(DISTINCT path) FROM receipt", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
    ensure!(proofs == (files as i64, files as i64), "{proofs:?} receipts");
    Ok(())
}
