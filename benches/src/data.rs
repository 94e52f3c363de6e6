//! Sample files, made once and kept for the next run, and folders that go after use.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use windlass_testkit::samples;

/// Files of one folder of a tree.
const FOLDER: u64 = 500;

/// The folder for all of it.
pub(crate) struct Data {
    dir: PathBuf,
}

impl Data {
    /// By default beside the built programs, so that nothing is written outside the repository.
    pub(crate) fn new(dir: Option<PathBuf>) -> Result<Self> {
        let dir = match dir {
            Some(dir) => std::path::absolute(dir)?,
            None => std::env::current_exe()?
                .ancestors()
                .nth(2)
                .context("no folder for samples")?
                .join("bench-data"),
        };
        fs::create_dir_all(&dir)?;
        Ok(Self { dir })
    }

    /// Where it is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A folder that goes with its value.
    pub(crate) fn scratch(&self) -> Result<TempDir> {
        Ok(tempfile::Builder::new().prefix("run-").tempdir_in(&self.dir)?)
    }

    /// One file.
    pub(crate) fn file(&self, bytes: u64) -> Result<PathBuf> {
        let path = self.dir.join(format!("file-{bytes}.bin"));
        if fs::metadata(&path).is_ok_and(|meta| meta.len() == bytes) {
            return Ok(path);
        }
        println!("   making {}", path.display());
        samples::random_file(&path, bytes, 1)?;
        File::open(&path)?.sync_all()?;
        Ok(path)
    }

    /// A folder of `count` files of `bytes`, no two alike.
    pub(crate) fn tree(&self, count: u64, bytes: u64) -> Result<PathBuf> {
        let root = self.dir.join(format!("tree-{count}-{bytes}"));
        let whole = self.dir.join(format!("tree-{count}-{bytes}.whole"));
        if whole.exists() {
            return Ok(root);
        }
        println!("   making {}", root.display());
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        let mut content = Vec::new();
        samples::write_random(&mut content, bytes, count)?;
        for number in 0..count {
            let folder = root.join(format!("{:04}", number / FOLDER));
            if number % FOLDER == 0 {
                fs::create_dir_all(&folder)?;
            }
            let mark = number.to_le_bytes();
            for (place, byte) in content.iter_mut().zip(mark) {
                *place = byte;
            }
            File::create_new(folder.join(format!("file {number:07}.dat")))?.write_all(&content)?;
        }
        rustix::fs::sync();
        File::create(&whole)?;
        Ok(root)
    }
}
