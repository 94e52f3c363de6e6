//! The source files: each version has its own bytes, so that a mix of two shows (I2).

use std::collections::BTreeMap;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::FileId;
use windlass_core::reconcile::Source;

use crate::rng::Rng;

#[derive(Debug, Clone)]
struct OnDisk {
    content: Vec<u8>,
    fingerprint: SourceFingerprint,
    there: bool,
}

/// What a person may do to a file behind the uploader's back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edit {
    Grow,
    Shrink,
    Overwrite,
    /// Other bytes, and the time of the last change set back: only ctime tells.
    Sneak,
    Touch,
    Replace,
    Delete,
    PutBack,
}

pub(crate) const EDITS: [Edit; 8] = [
    Edit::Grow,
    Edit::Shrink,
    Edit::Overwrite,
    Edit::Sneak,
    Edit::Touch,
    Edit::Replace,
    Edit::Delete,
    Edit::PutBack,
];

#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: BTreeMap<FileId, OnDisk>,
    versions: BTreeMap<(FileId, SourceFingerprint), Vec<u8>>,
    /// Each change has its own time and its own marker.
    tick: i64,
}

impl Disk {
    pub(crate) fn create(&mut self, id: FileId, size: u64, same_as: Option<FileId>) -> SourceFingerprint {
        self.tick += 1;
        let content = match same_as.and_then(|other| self.files.get(&other)) {
            Some(other) => other.content.clone(),
            None => marked(self.tick, size),
        };
        let size = content.len() as u64;
        let fingerprint = SourceFingerprint {
            dev: 1,
            inode: self.tick as u64,
            size,
            mtime_ns: self.tick,
            ctime_ns: self.tick,
        };
        self.versions.insert((id, fingerprint), content.clone());
        self.files.insert(
            id,
            OnDisk {
                content,
                fingerprint,
                there: true,
            },
        );
        fingerprint
    }

    pub(crate) fn edit(&mut self, id: FileId, edit: Edit, rng: &mut Rng) {
        self.tick += 1;
        let tick = self.tick;
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        let size = file.content.len() as u64;
        let (content, moved) = match edit {
            Edit::Grow => (
                Some([file.content.clone(), marked(tick, rng.between(1, 9))].concat()),
                true,
            ),
            Edit::Shrink => (Some(file.content[..file.content.len() / 2].to_vec()), true),
            Edit::Overwrite => {
                let mut content = file.content.clone();
                let from = rng.below(size) as usize;
                let fresh = marked(tick, size);
                content[from..].copy_from_slice(&fresh[from..]);
                (Some(content), true)
            }
            Edit::Sneak => (Some(marked(tick, size)), false),
            Edit::Touch => (None, false),
            Edit::Replace => {
                file.fingerprint.inode = 1_000_000 + tick as u64;
                (Some(marked(tick, rng.below(40))), true)
            }
            Edit::Delete => {
                file.there = false;
                return;
            }
            Edit::PutBack => {
                file.there = true;
                return;
            }
        };
        if let Some(content) = content {
            file.content = content;
        }
        file.fingerprint.size = file.content.len() as u64;
        file.fingerprint.ctime_ns = tick;
        if moved {
            file.fingerprint.mtime_ns = tick;
        }
        self.versions.insert((id, file.fingerprint), file.content.clone());
    }

    pub(crate) fn stat(&self, id: FileId) -> Result<SourceFingerprint, Failure> {
        match self.files.get(&id) {
            Some(file) if file.there => Ok(file.fingerprint),
            Some(_) | None => Err(Failure::new(ErrorCode::FileMissing, "no such file")),
        }
    }

    pub(crate) fn seen(&self, id: FileId) -> Source {
        self.stat(id).map_or(Source::Missing, Source::Present)
    }

    /// The bytes that are there; fewer when the file ends before.
    pub(crate) fn read(
        &self,
        id: FileId,
        offset: u64,
        len: u64,
    ) -> Result<(Vec<u8>, SourceFingerprint), Failure> {
        let seen = self.stat(id)?;
        let all = &self.files[&id].content;
        let from = (offset as usize).min(all.len());
        let to = ((offset + len) as usize).min(all.len());
        Ok((all[from..to].to_vec(), seen))
    }

    /// The bytes of one version of the file.
    pub(crate) fn version(&self, id: FileId, fingerprint: SourceFingerprint) -> Option<&[u8]> {
        self.versions.get(&(id, fingerprint)).map(Vec::as_slice)
    }
}

fn marked(version: i64, size: u64) -> Vec<u8> {
    let mut rng = Rng::new(version as u64 ^ 0x5eed);
    (0..size).map(|_| rng.next() as u8).collect()
}
