//! Logs: one file a day in the data folder, for this user alone, kept for two weeks; warnings also on stderr.
//!
//! They carry ids, codes and counts. Names and paths are at `debug`, which only `WINDLASS_LOG` turns on; secrets and signed
//! URLs are in no `Debug` of the product.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, filter::LevelFilter, fmt};
use windlass_core::time::Timestamp;
use windlass_engine::clock;

/// Days that are kept.
const DAYS: usize = 14;
const DAY_MS: i64 = 86_400_000;

/// Begins to log. The guard writes what is left when it is dropped. Without a folder to write to there is only stderr.
pub(crate) fn begin(dir: &Path) -> Option<WorkerGuard> {
    let stderr = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_filter(LevelFilter::WARN);
    let (layer, guard, why) = match DayLog::open(dir, clock::now()) {
        Ok(file) => {
            let (writer, guard) = tracing_appender::non_blocking(file);
            let filter = EnvFilter::try_from_env("WINDLASS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
            let layer = fmt::layer()
                .with_writer(writer)
                .with_ansi(false)
                .with_filter(filter);
            (Some(layer), Some(guard), None)
        }
        Err(why) => (None, None, Some(why)),
    };
    // Fails only when somebody set a subscriber before: then that one writes.
    let _ = tracing_subscriber::registry().with(layer).with(stderr).try_init();
    if let Some(why) = why {
        tracing::warn!(%why, "there is no log file");
    }
    guard
}

/// The end of the newest log, for who helps. Words with a slash in them, which may be paths or addresses, are left out.
pub(crate) fn tail(dir: &Path) -> String {
    const LINES: usize = 400;
    let Ok(entries) = std::fs::read_dir(dir) else {
        return String::new();
    };
    let newest = entries
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "log"))
        .max();
    let text = newest
        .and_then(|p| std::fs::read(p).ok())
        .map(|b| String::from_utf8_lossy(&b).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    let mut told = String::new();
    for line in lines.get(from..).unwrap_or_default() {
        let words: Vec<&str> = line
            .split(' ')
            .map(|w| if w.contains(['/', '\\', '@']) { "…" } else { w })
            .collect();
        told.push_str(&words.join(" "));
        told.push('\n');
    }
    told
}

/// A file a day, `desktop.2026-05-12.log`.
struct DayLog {
    dir: PathBuf,
    day: i64,
    file: File,
}

impl DayLog {
    fn open(dir: &Path, now: Timestamp) -> io::Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        let file = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(dir.join(name(now)))?;
        forget_old(dir);
        Ok(Self {
            dir: dir.to_owned(),
            day: day(now),
            file,
        })
    }

    fn turn(&mut self, now: Timestamp) {
        // Where the new file can't be made, the old one goes on.
        if day(now) != self.day
            && let Ok(next) = Self::open(&self.dir, now)
        {
            *self = next;
        }
    }
}

impl Write for DayLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.turn(clock::now());
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

const fn day(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(DAY_MS)
}

fn name(now: Timestamp) -> String {
    let date = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    format!("desktop.{}.log", date.strftime("%Y-%m-%d"))
}

fn forget_old(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let named = |name: &str| name.starts_with("desktop.") && name.ends_with(".log");
    let mut logs: Vec<String> = entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .filter(|n| named(n))
        .collect();
    logs.sort_unstable();
    for old in logs.iter().rev().skip(DAYS) {
        let _ = std::fs::remove_file(dir.join(old));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    // H-8, X-26
    #[test]
    fn the_end_of_the_log_leaves_the_computer_without_paths_and_addresses() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("desktop.2026-05-11.log"), "old\n").unwrap();
        let text =
            "INFO put failed code=offline at=/home/ada/x.mov https://s3.example/b?sig=1 ada@example.org\n";
        std::fs::write(dir.path().join("desktop.2026-05-12.log"), text).unwrap();
        assert_eq!(tail(dir.path()), "INFO put failed code=offline … … …\n");
        assert_eq!(tail(&dir.path().join("none")), "");
    }

    #[test]
    fn a023_a_day_has_a_file_of_its_own_for_this_user_alone_and_two_weeks_stay() {
        let dir = tempfile::tempdir().unwrap();
        let logs = dir.path().join("logs");
        let noon = |d: i64| Timestamp::from_millis(d * DAY_MS + DAY_MS / 2);
        let mut log = DayLog::open(&logs, noon(20_000)).unwrap();
        for day in 20_000..20_020 {
            log.turn(noon(day));
            log.file.write_all(b"line\n").unwrap();
        }
        let mut left: Vec<_> = std::fs::read_dir(&logs)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        left.sort();
        assert_eq!(left.len(), DAYS);
        assert_eq!(
            left.last().unwrap().file_name().unwrap(),
            "desktop.2024-10-23.log"
        );
        for path in &left {
            assert_eq!(
                std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert_eq!(
            std::fs::metadata(&logs).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}
