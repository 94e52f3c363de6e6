//! Logs: one file a day in the data folder, for this user alone, kept for two weeks; warnings also on stderr.
//!
//! How much is written and how long it is kept are the person's choice and change at once; `WINDLASS_LOG` wins over what was
//! chosen to write. They carry ids, codes and counts. Names and paths are at `debug`, which is no default; secrets and signed
//! URLs are in no `Debug` of the product.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, filter::LevelFilter, fmt, reload};
use windlass_core::time::Timestamp;
use windlass_engine::clock;

/// Days that are kept when nobody chose another number.
const DAYS: usize = 14;
const DAY_MS: i64 = 86_400_000;

/// What is written, and how long it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep {
    level: Level,
    days: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Problems,
    Normal,
    /// Names and paths too.
    Detailed,
}

impl Level {
    fn filter(self) -> EnvFilter {
        EnvFilter::new(match self {
            Self::Problems => "warn",
            Self::Normal => "info",
            // Of this product; what it is built from says much of little use.
            Self::Detailed => "info,windlass=debug",
        })
    }
}

impl Keep {
    /// By the choices `log_level` and `log_days`.
    pub(crate) fn chosen(level: Option<&Value>, days: Option<&Value>) -> Self {
        let level = match level.and_then(Value::as_str) {
            Some("problems") => Level::Problems,
            Some("detailed") => Level::Detailed,
            _ => Level::Normal,
        };
        let days = days.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        Self {
            level,
            days: days.filter(|n| *n > 0).unwrap_or(DAYS),
        }
    }
}

/// The logs of this run.
#[derive(Default)]
pub(crate) struct Logs {
    dir: PathBuf,
    days: Arc<AtomicUsize>,
    /// None where `WINDLASS_LOG` says what is written, or nothing can be.
    filter: Option<reload::Handle<EnvFilter, Registry>>,
    /// Writes what is left when it is dropped.
    _writer: Option<WorkerGuard>,
}

impl Logs {
    /// Writes and keeps what was chosen from now on.
    pub(crate) fn follow(&self, keep: Keep) {
        if self.days.swap(keep.days, Ordering::Relaxed) != keep.days {
            forget_old(&self.dir, keep.days);
        }
        if let Some(filter) = &self.filter
            && let Err(why) = filter.reload(keep.level.filter())
        {
            tracing::warn!(%why, "the log writes as before");
        }
    }
}

/// Begins to log. Without a folder to write to there is only stderr.
pub(crate) fn begin(dir: &Path) -> Logs {
    let stderr = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_filter(LevelFilter::WARN);
    let mut logs = Logs {
        dir: dir.to_owned(),
        days: Arc::new(AtomicUsize::new(DAYS)),
        ..Logs::default()
    };
    let (layer, why) = match DayLog::open(dir, clock::now(), Arc::clone(&logs.days)) {
        Ok(file) => {
            let (writer, guard) = tracing_appender::non_blocking(file);
            logs._writer = Some(guard);
            let said = EnvFilter::try_from_env("WINDLASS_LOG").ok();
            let fixed = said.is_some();
            let (layer, filter) = written(writer, said.unwrap_or_else(|| Level::Normal.filter()));
            logs.filter = Some(filter).filter(|_| !fixed);
            (Some(layer), None)
        }
        Err(why) => (None, Some(why)),
    };
    // Fails only when somebody set a subscriber before: then that one writes.
    let _ = tracing_subscriber::registry().with(layer).with(stderr).try_init();
    if let Some(why) = why {
        tracing::warn!(%why, "there is no log file");
    }
    logs
}

/// What is written to the log, by a filter that can be changed.
fn written<W>(
    writer: W,
    filter: EnvFilter,
) -> (
    impl Layer<Registry> + Send + Sync,
    reload::Handle<EnvFilter, Registry>,
)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(filter);
    let layer = fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_filter(filter);
    (layer, handle)
}

/// The end of the newest log, for who helps. Lines of `debug` name files and are left out; so are words with a slash in them,
/// which may be paths or addresses.
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
    let lines: Vec<&str> = text.lines().filter(|line| is_told(line)).collect();
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

/// Begins with a time and a level of those that name nothing. What follows a line break within a value does not.
fn is_told(line: &str) -> bool {
    let level = line.split_whitespace().nth(1);
    level.is_some_and(|level| matches!(level, "INFO" | "WARN" | "ERROR"))
}

/// A file a day, `desktop.2026-05-12.log`.
struct DayLog {
    dir: PathBuf,
    days: Arc<AtomicUsize>,
    day: i64,
    file: File,
}

impl DayLog {
    fn open(dir: &Path, now: Timestamp, days: Arc<AtomicUsize>) -> io::Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        let file = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(dir.join(name(now)))?;
        forget_old(dir, days.load(Ordering::Relaxed));
        Ok(Self {
            dir: dir.to_owned(),
            days,
            day: day(now),
            file,
        })
    }

    fn turn(&mut self, now: Timestamp) {
        // Where the new file can't be made, the old one goes on.
        if day(now) != self.day
            && let Ok(next) = Self::open(&self.dir, now, Arc::clone(&self.days))
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

fn forget_old(dir: &Path, days: usize) {
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
    for old in logs.iter().rev().skip(days) {
        let _ = std::fs::remove_file(dir.join(old));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    // H-8, X-26
    #[test]
    fn the_end_of_the_log_leaves_the_computer_without_paths_addresses_and_names() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("desktop.2026-05-11.log"), "old\n").unwrap();
        let text = "2026-05-12T14:02:03Z  INFO put failed code=offline at=/home/ada/x.mov https://s3.example/b?sig=1 ada@example.org
2026-05-12T14:02:04Z DEBUG read name=will.odt
2026-05-12T14:02:05Z  WARN odd name=\"a
will.odt\"
";
        std::fs::write(dir.path().join("desktop.2026-05-12.log"), text).unwrap();
        assert_eq!(
            tail(dir.path()),
            "2026-05-12T14:02:03Z  INFO put failed code=offline … … …\n2026-05-12T14:02:05Z  WARN odd name=\"a\n"
        );
        assert_eq!(tail(&dir.path().join("none")), "");
    }

    /// Lines, as a file would have them.
    #[derive(Clone, Default)]
    struct Paper(Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    // H-8
    #[test]
    fn what_is_written_is_what_was_chosen_from_then_on() {
        let paper = Paper::default();
        let to = paper.clone();
        let (layer, filter) = written(move || to.clone(), Level::Normal.filter());
        let logs = Logs {
            filter: Some(filter),
            ..Logs::default()
        };
        let choose = |level: &str| logs.follow(Keep::chosen(Some(&level.into()), None));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for level in ["none", "problems", "detailed", "normal"] {
                choose(level);
                tracing::debug!("{level} debug");
                tracing::debug!(target: "hyper", "{level} of others");
                tracing::info!("{level} info");
                tracing::warn!("{level} warn");
            }
        });
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let said: Vec<String> = text
            .lines()
            .map(|line| line.split(": ").last().unwrap_or_default().to_owned())
            .collect();
        let wanted = [
            "none info",
            "none warn",
            "problems warn",
            "detailed debug",
            "detailed info",
            "detailed warn",
            "normal info",
            "normal warn",
        ];
        assert_eq!(said, wanted, "{text}");
    }

    // H-8
    #[test]
    fn fewer_days_are_forgotten_at_once_and_more_are_kept_from_then_on() {
        let dir = tempfile::tempdir().unwrap();
        for day in 1..=20 {
            std::fs::write(dir.path().join(format!("desktop.2026-05-{day:02}.log")), "x").unwrap();
        }
        std::fs::write(dir.path().join("notes.log"), "x").unwrap();
        let logs = Logs {
            dir: dir.path().to_owned(),
            days: Arc::new(AtomicUsize::new(DAYS)),
            ..Logs::default()
        };
        let left = || std::fs::read_dir(dir.path()).unwrap().count();
        let days = |n: u64| Keep::chosen(None, Some(&n.into()));
        logs.follow(days(30));
        assert_eq!(left(), 21);
        logs.follow(days(7));
        assert_eq!(left(), 8, "of the logs, and not of what else is there");
        assert!(dir.path().join("desktop.2026-05-14.log").exists());
        assert_eq!(days(0), Keep::chosen(None, None));
    }

    #[test]
    fn a023_a_day_has_a_file_of_its_own_for_this_user_alone_and_two_weeks_stay() {
        let dir = tempfile::tempdir().unwrap();
        let logs = dir.path().join("logs");
        let noon = |d: i64| Timestamp::from_millis(d * DAY_MS + DAY_MS / 2);
        let days = Arc::new(AtomicUsize::new(DAYS));
        let mut log = DayLog::open(&logs, noon(20_000), days).unwrap();
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
