//! Where the socket is, also when its path is longer than an address of a socket may be.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a socket's path that every system takes (`sun_path` has 104 to 108, with an end).
const MOST: usize = 100;

/// A path that fits, and the folder that has to stay open for it.
#[derive(Debug)]
pub(super) struct Address {
    path: PathBuf,
    _folder: Option<File>,
}

impl Address {
    /// The address of `name` in `folder`.
    pub(super) fn of(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        if path.as_os_str().len() <= MOST {
            return Ok(Self { path, _folder: None });
        }
        if !cfg!(target_os = "linux") {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the path of the data folder is too long for a socket",
            ));
        }
        // The same folder by a short name, as long as it is open.
        use std::os::fd::AsRawFd as _;
        let folder = File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()));
        Ok(Self {
            path,
            _folder: Some(folder),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
