//! Makes a new queue: under another name first, so that the real name never shows a half-made one. What a crash leaves
//! of it is removed by the next try.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::params;
use windlass_core::ids::ClientId;
use windlass_core::time::Timestamp;

use crate::header::APPLICATION_ID;
use crate::{QueueError, connection, migrate};

/// Makes the folder (0700) where it is missing.
pub(crate) fn folder(dir: &Path) -> Result<(), QueueError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|e| QueueError::from_io(&e, "the data folder can't be made"))
}

/// Makes the file (0600), whole or not at all.
pub(crate) fn new_queue(path: &Path, now: Timestamp, random: [u8; 10]) -> Result<(), QueueError> {
    let making = making_name(path);
    for leftover in [making.clone(), with_suffix(&making, "-journal")] {
        match fs::remove_file(&leftover) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(QueueError::from_io(&e, "a half-made queue can't be removed")),
        }
    }
    let told = |e: &std::io::Error| QueueError::from_io(e, "the queue can't be made");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(&making).map_err(|e| told(&e))?);

    let mut conn = connection::maker(&making)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    let tx = conn.transaction()?;
    migrate::run(&tx, 0)?;
    tx.execute(
        "INSERT INTO engine (one, install_id, clean_exit, last_alive) VALUES (1, ?1, 1, NULL)",
        params![uuid::Uuid::from(ClientId::new(now, random))],
    )?;
    tx.commit()?;
    conn.close().map_err(|(_, e)| e)?;

    fs::rename(&making, path).map_err(|e| told(&e))?;
    sync_folder(path)
}

/// Makes a rename in the file's folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), QueueError> {
    if cfg!(unix)
        && let Some(dir) = path.parent()
    {
        File::open(dir)
            .and_then(|d| d.sync_all())
            .map_err(|e| QueueError::from_io(&e, "the data folder can't be synced"))?;
    }
    Ok(())
}

fn making_name(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
