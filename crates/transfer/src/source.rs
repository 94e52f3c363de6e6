//! A source file: opened without following a link at its end, looked at by its descriptor, read by place.
//!
//! All calls block: they belong on a blocking thread. Reading stops at the declared length, so that bytes beyond the opened
//! size are never sent (F01); a file that ends early is told as changed by its fingerprint, never padded (F02).

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use bytes::{Bytes, BytesMut};
use windlass_core::checksum::Crc64;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::limits::READ_STEP_BYTES;
use windlass_core::part_plan::PartRange;
use windlass_core::units::Crc64Nvme;

use crate::hash::ContentHash;

/// An open source.
#[derive(Debug)]
pub struct Source {
    file: File,
}

/// What reading a part gave.
#[derive(Debug)]
pub struct PartBytes {
    /// CRC of the bytes.
    pub crc64: Crc64Nvme,
    /// The bytes, when they were to be kept.
    pub bytes: Option<Bytes>,
    /// The source after the read.
    pub fingerprint: SourceFingerprint,
}

/// The fingerprint that `stat` gives.
#[must_use]
pub fn fingerprint(meta: &Metadata) -> SourceFingerprint {
    SourceFingerprint {
        dev: meta.dev(),
        inode: meta.ino(),
        size: meta.size(),
        mtime_ns: meta
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(meta.mtime_nsec()),
        ctime_ns: meta
            .ctime()
            .saturating_mul(1_000_000_000)
            .saturating_add(meta.ctime_nsec()),
    }
}

/// The fingerprint of what lies at a path now. Links are followed as the intake followed them.
///
/// # Errors
/// `file_missing`, `no_permission`, `read_error`.
pub fn look(path: &Path) -> Result<SourceFingerprint, Failure> {
    std::fs::metadata(path)
        .map(|m| fingerprint(&m))
        .map_err(|e| source_failure(&e, path, None))
}

impl Source {
    /// Opens a regular file. A pipe or device that took its place is refused without waiting for it.
    ///
    /// # Errors
    /// `file_missing`, `no_permission`, `not_regular_file`, `read_error`; out of descriptors is `overloaded` and passes.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(nonblock)
            .open(path)
            .map_err(|e| not_opened(&e, path))?;
        let meta = file.metadata().map_err(|e| source_failure(&e, path, None))?;
        if meta.is_file() {
            Ok(Self { file })
        } else {
            Err(Failure::new(ErrorCode::NotRegularFile, path.to_string_lossy()))
        }
    }

    /// The fingerprint by the descriptor: of what is read, whatever lies at the path.
    ///
    /// # Errors
    /// `read_error`.
    pub fn fingerprint(&self, path: &Path) -> Result<SourceFingerprint, Failure> {
        self.file
            .metadata()
            .map(|m| fingerprint(&m))
            .map_err(|e| source_failure(&e, path, None))
    }

    /// Reads a part once, counting its CRC and, when given, the hash of the whole.
    ///
    /// # Errors
    /// `read_error` with the offset; `file_changed` is not an error here: a short read ends the part, and the
    /// fingerprint tells.
    pub fn read_part(
        &self,
        path: &Path,
        range: PartRange,
        keep: bool,
        mut hash: Option<&mut ContentHash>,
    ) -> Result<PartBytes, Failure> {
        let len = usize::try_from(range.len)
            .map_err(|_| Failure::new(ErrorCode::Internal, "a part larger than memory"))?;
        let mut crc = Crc64::default();
        let mut kept = if keep {
            BytesMut::zeroed(len)
        } else {
            BytesMut::zeroed(READ_STEP_BYTES.min(len))
        };
        let mut done = 0usize;
        while done < len {
            let step = READ_STEP_BYTES.min(len - done);
            let into = if keep {
                &mut kept[done..done + step]
            } else {
                &mut kept[..step]
            };
            let offset = range.offset + done as u64;
            let n = match self.file.read_at(into, offset) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(source_failure(&e, path, Some(offset))),
            };
            if n == 0 {
                break;
            }
            crc.update(&into[..n]);
            if let Some(hash) = hash.as_deref_mut() {
                hash.update(&into[..n]);
            }
            done += n;
        }
        let mut fingerprint = self.fingerprint(path)?;
        if done < len {
            // It ended early. If `stat` has not noticed yet, its size is at most what could be read.
            fingerprint.size = fingerprint.size.min(range.offset + done as u64);
        }
        Ok(PartBytes {
            crc64: crc.finish(),
            bytes: keep.then(|| kept.freeze()),
            fingerprint,
        })
    }

    /// Reads up to 256 KiB at a place: for parts that are streamed.
    ///
    /// # Errors
    /// `read_error`.
    pub fn read_step(&self, path: &Path, offset: u64, len: usize) -> Result<Bytes, Failure> {
        let mut bytes = BytesMut::zeroed(len.min(READ_STEP_BYTES));
        loop {
            match self.file.read_at(&mut bytes, offset) {
                Ok(n) => {
                    bytes.truncate(n);
                    return Ok(bytes.freeze());
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(source_failure(&e, path, Some(offset))),
            }
        }
    }
}

/// What an error means for a source that was to be opened and read.
fn not_opened(e: &io::Error, path: &Path) -> Failure {
    use rustix::io::Errno;
    let failure = source_failure(e, path, None);
    match e.raw_os_error().map(Errno::from_raw_os_error) {
        // No descriptor is left, which says nothing about the file: fewer at once is what helps.
        Some(Errno::MFILE | Errno::NFILE) => Failure::new(ErrorCode::Overloaded, failure.detail),
        _ => failure,
    }
}

/// What an error of the file system means for a source.
#[must_use]
pub fn source_failure(e: &io::Error, path: &Path, offset: Option<u64>) -> Failure {
    use rustix::io::Errno;
    let errno = e.raw_os_error().map(Errno::from_raw_os_error);
    let code = match errno {
        Some(Errno::NOENT | Errno::NOTDIR) => ErrorCode::FileMissing,
        Some(Errno::ACCESS | Errno::PERM) => ErrorCode::NoPermission,
        // The disk under a mount is gone, or who served it: what was being read then is told as aborted.
        Some(
            Errno::NODEV | Errno::NXIO | Errno::STALE | Errno::NOTCONN | Errno::CONNABORTED | Errno::HOSTDOWN,
        ) => ErrorCode::DiskMissing,
        Some(Errno::LOOP) => ErrorCode::NotRegularFile,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::AGAIN) => ErrorCode::Internal,
        Some(Errno::BUSY | Errno::TXTBSY) => ErrorCode::LockedFile,
        _ => ErrorCode::ReadError,
    };
    let at = offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    Failure::new(code, format!("{}{at}: {e}", path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use windlass_core::checksum::crc64;
    use windlass_core::part_plan::PartPlan;

    // I39
    #[test]
    fn f042_out_of_descriptors_is_no_failure_of_the_file() {
        let code = |errno: rustix::io::Errno| not_opened(&errno.into(), Path::new("a")).code;
        assert_eq!(code(rustix::io::Errno::MFILE), ErrorCode::Overloaded);
        assert_eq!(code(rustix::io::Errno::NFILE), ErrorCode::Overloaded);
        assert_eq!(code(rustix::io::Errno::NOENT), ErrorCode::FileMissing);
    }

    #[test]
    fn a_part_is_read_once_for_bytes_crc_and_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let data: Vec<u8> = (0..700_001u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &data).unwrap();
        let source = Source::open(&path).unwrap();
        let plan = PartPlan::stored(data.len() as u64, 300_000).unwrap();
        let mut hash = ContentHash::default();
        for range in plan.parts() {
            let part = source.read_part(&path, range, true, Some(&mut hash)).unwrap();
            let expected = &data[range.offset as usize..(range.offset + range.len) as usize];
            assert_eq!(part.bytes.as_deref(), Some(expected));
            assert_eq!(part.crc64, crc64(expected));
            assert_eq!(part.fingerprint, look(&path).unwrap());
        }
        let mut whole = ContentHash::default();
        whole.update(&data);
        assert_eq!(hash.finish(), whole.finish());
    }

    #[test]
    fn f002_a_file_that_shrank_is_told_by_its_fingerprint_and_never_padded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::File::create(&path)
            .unwrap()
            .write_all(&[1; 1_000])
            .unwrap();
        let before = look(&path).unwrap();
        let source = Source::open(&path).unwrap();
        std::fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(10)
            .unwrap();
        let plan = PartPlan::new(before.size).unwrap();
        let part = source
            .read_part(&path, plan.parts().next().unwrap(), true, None)
            .unwrap();
        assert_ne!(part.fingerprint.size, before.size);
    }

    #[test]
    fn f012_a_pipe_is_refused_without_waiting_for_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert_eq!(Source::open(&path).unwrap_err().code, ErrorCode::NotRegularFile);
        assert_eq!(
            Source::open(&dir.path().join("none")).unwrap_err().code,
            ErrorCode::FileMissing
        );
    }
}
