//! The log of this program, in the data folder.
//!
//! `WINDLASS_LOG` says what goes in. A log that can't be written is no reason not to upload.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use windlass_engine::home::Home;

/// A log of this size is set aside at the next start.
const MOST: u64 = 8 << 20;
/// Logs that were set aside and are kept.
const KEPT: u32 = 3;

/// Begins to log. What is kept in memory is written when the guard goes.
#[must_use]
pub fn begin(home: &Home) -> Option<WorkerGuard> {
    let file = home
        .make()
        .map_err(io::Error::other)
        .and_then(|()| open(&home.logs(), MOST))
        .ok()?;
    let filter = EnvFilter::builder()
        .with_env_var("WINDLASS_LOG")
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    let (writer, guard) = tracing_appender::non_blocking(file);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_env_filter(filter)
        .finish();
    tracing::subscriber::set_global_default(subscriber).ok()?;
    Some(guard)
}

/// Opens the log for this user alone; a long one is set aside first.
fn open(folder: &Path, most: u64) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = |n: u32| {
        folder.join(if n == 0 {
            "windlass.log".to_owned()
        } else {
            format!("windlass.{n}.log")
        })
    };
    if std::fs::metadata(path(0)).is_ok_and(|m| m.len() > most) {
        for n in (0..KEPT).rev() {
            // What is not there can't be renamed.
            let _ = std::fs::rename(path(n), path(n + 1));
        }
    }
    File::options()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a023_a_log_is_the_users_own_and_does_not_grow_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let logs = dir.path().join("logs");
        for _ in 0..6 {
            open(&logs, 3).unwrap().write_all(b"12345").unwrap();
        }
        let mut names: Vec<_> = std::fs::read_dir(&logs)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "windlass.1.log",
                "windlass.2.log",
                "windlass.3.log",
                "windlass.log"
            ]
        );
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&logs), mode(&logs.join("windlass.log"))), (0o700, 0o600));
    }
}
