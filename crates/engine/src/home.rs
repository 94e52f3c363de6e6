//! The data folder: where it is, what is in it, and who owns it.
//!
//! One engine works on a data folder at a time. The owner holds an advisory lock on `engine.lock`, which the system gives back
//! when the process ends, however it ends; the pid in the file is for people (I13).

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};

/// A data folder.
#[derive(Debug, Clone)]
pub struct Home {
    dir: PathBuf,
}

/// The right to work on a data folder. Dropped, it is free again.
#[derive(Debug)]
pub struct HomeLock {
    home: Home,
    _file: File,
}

impl Home {
    /// The folder of the variable `WINDLASS_HOME`, else the system's place for data of this user.
    ///
    /// # Errors
    /// `queue_read_only` when neither can be told.
    pub fn find(variable: Option<&std::ffi::OsStr>, system: Option<PathBuf>) -> Result<Self, Failure> {
        match (variable.filter(|v| !v.is_empty()), system) {
            (Some(v), _) => std::path::absolute(v)
                .map(|dir| Self { dir })
                .map_err(|e| Failure::new(ErrorCode::QueueReadOnly, format!("WINDLASS_HOME: {e}"))),
            (None, Some(dir)) => Ok(Self { dir }),
            (None, None) => Err(Failure::new(
                ErrorCode::QueueReadOnly,
                "this user has no folder for data; set WINDLASS_HOME",
            )),
        }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The queue.
    #[must_use]
    pub fn queue(&self) -> PathBuf {
        self.dir.join("queue.sqlite")
    }

    /// The socket of a running engine.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.join("engine.sock")
    }

    /// Folder of the logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// Makes the folder, for this user alone.
    ///
    /// # Errors
    /// `queue_read_only`, `queue_disk_full`.
    pub fn make(&self) -> Result<(), Failure> {
        let made = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir);
        made.map_err(|e| folder_failure(&e, &self.dir))?;
        let meta = std::fs::metadata(&self.dir).map_err(|e| folder_failure(&e, &self.dir))?;
        if meta.permissions().mode() & 0o077 != 0 {
            // A folder that was there may be open to others (A23). Where that can't be mended, its files still are closed.
            let _ = std::fs::set_permissions(&self.dir, std::fs::Permissions::from_mode(0o700));
        }
        Ok(())
    }

    /// Takes the folder.
    ///
    /// # Errors
    /// `already_running` with the pid of the owner; `queue_read_only`; `queue_disk_full`.
    pub fn lock(&self) -> Result<HomeLock, Failure> {
        self.make()?;
        let path = self.dir.join("engine.lock");
        let opened = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        let mut file = opened.map_err(|e| folder_failure(&e, &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.take(20).read_to_string(&mut pid);
                return Err(Failure::new(
                    ErrorCode::AlreadyRunning,
                    format!("process {}", pid.trim()),
                ));
            }
            Err(TryLockError::Error(e)) => return Err(folder_failure(&e, &path)),
        }
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        noted.map_err(|e| folder_failure(&e, &path))?;
        Ok(HomeLock {
            home: self.clone(),
            _file: file,
        })
    }
}

impl HomeLock {
    /// The folder.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }
}

fn folder_failure(e: &std::io::Error, path: &Path) -> Failure {
    let code = match e.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorCode::QueueDiskFull,
        _ => ErrorCode::QueueReadOnly,
    };
    Failure::new(code, format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i13_one_owner_at_a_time_and_free_again_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::find(Some(dir.path().join("h").as_os_str()), None).unwrap();
        let first = home.lock().unwrap();
        let refused = home.lock().unwrap_err();
        assert_eq!(refused.code, ErrorCode::AlreadyRunning);
        assert!(refused.detail.contains(&std::process::id().to_string()));
        drop(first);
        home.lock().unwrap();
        let mode = std::fs::metadata(home.dir()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
