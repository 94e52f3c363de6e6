//! Logs: one file a day in the data folder, kept for two weeks; warnings also on stderr.
//!
//! They carry ids, codes and counts. Names and paths are at `debug`, which only `WINDLASS_LOG` turns on; secrets and signed
//! URLs are in no `Debug` of the product.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, filter::LevelFilter, fmt};

/// Days that are kept.
const DAYS: usize = 14;

/// Begins to log. The guard writes what is left when it is dropped. Without a folder to write to there is only stderr.
pub(crate) fn begin(dir: &Path) -> Option<WorkerGuard> {
    let stderr = fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_filter(LevelFilter::WARN);
    let file = open(dir);
    let why = file.as_ref().err().cloned();
    let (layer, guard) = match file {
        Ok(file) => {
            let (writer, guard) = tracing_appender::non_blocking(file);
            let filter = EnvFilter::try_from_env("WINDLASS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
            (Some(fmt::layer().with_writer(writer).with_ansi(false).with_filter(filter)), Some(guard))
        }
        Err(_) => (None, None),
    };
    // Fails only when somebody set a subscriber before: then that one writes.
    let _ = tracing_subscriber::registry().with(layer).with(stderr).try_init();
    if let Some(why) = why {
        tracing::warn!(why, "there is no log file");
    }
    guard
}

fn open(dir: &Path) -> Result<RollingFileAppender, String> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| e.to_string())?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("desktop")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(dir)
        .map_err(|e| e.to_string())
}
