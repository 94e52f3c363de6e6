//! Copying a folder, and looking at it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use windlass_core::machine::Config;
use windlass_transfer::hash::ContentHash;

use super::put::{below, in_turns};
use super::read::read;

/// Reads, hashes and writes each file of a folder into another; one sync makes all of them durable.
pub(crate) fn copy(source: &Path, target: &Path) -> Result<()> {
    let files = below(source)?;
    for file in &files {
        let folder = file.strip_prefix(source)?.parent().context("no folder")?;
        fs::create_dir_all(target.join(folder))?;
    }
    let readers = usize::try_from(Config::default().readers)?;
    in_turns(files.len(), readers, || {
        let (mut bytes, files) = (Vec::new(), &files);
        Ok(move |index: usize| -> Result<()> {
            let path = files.get(index).context("no file")?;
            let file = File::open(path)?;
            bytes.resize(usize::try_from(file.metadata()?.len())?, 0);
            let mut hash = ContentHash::default();
            read(&file, 0, &mut bytes, Some(&mut hash))?;
            let _ = hash.finish();
            File::create_new(target.join(path.strip_prefix(source)?))?.write_all(&bytes)?;
            Ok(())
        })
    })?;
    Ok(rustix::fs::syncfs(File::open(target)?)?)
}

/// Looks at each file.
pub(crate) fn stat(source: &Path) -> Result<()> {
    for file in below(source)? {
        file.metadata()?;
    }
    Ok(())
}
