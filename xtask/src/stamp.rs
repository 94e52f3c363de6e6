//! Skipping what is already done: a stamp holds the hash of what a step was made from.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A hash over the names and contents of files and folders. It guards against needless work, not against anybody.
pub(crate) fn hash_of(base: &Path, parts: &[&str]) -> Result<String> {
    let mut files = BTreeMap::new();
    for part in parts {
        collect(base, Path::new(part), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for (name, content) in files {
        hasher.write(name.to_string_lossy().as_bytes());
        hasher.write_usize(content.len());
        hasher.write(&content);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(base: &Path, name: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let path = base.join(name);
    if path.is_dir() {
        for entry in fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))? {
            collect(base, &name.join(entry?.file_name()), files)?;
        }
    } else if path.exists() {
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(name.to_owned(), content);
    }
    Ok(())
}

/// Whether the stamp says that this very input was done, and what it made is still there.
pub(crate) fn is_done(stamp: &Path, hash: &str, made: &Path) -> bool {
    made.exists() && fs::read_to_string(stamp).is_ok_and(|kept| kept.trim() == hash)
}

/// Writes the stamp, after the work.
pub(crate) fn done(stamp: &Path, hash: &str) -> Result<()> {
    if let Some(dir) = stamp.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(stamp, hash).with_context(|| format!("cannot write {}", stamp.display()))
}
