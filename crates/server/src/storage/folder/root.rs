//! The folder itself: opened afresh for each piece of work, so a disk that was taken out is noticed and one that is in
//! use no longer can be taken out. Everything below is reached from its descriptor, one name at a time, through no link
//! (A39). `.windlass/` holds what is unfinished and the marker that tells this folder from an empty mount point.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::filesystems::is_remote;
use windlass_core::ids::DestinationId;
use windlass_core::names::decode_path_text;

use crate::failure::folder_failure;

/// Folder for what is unfinished.
pub(crate) const WORK: &str = ".windlass";
/// One line a destination that uses the folder.
const MARKER: &str = "marker";
/// Open folders kept while a batch is placed.
const OPEN_DIRS: usize = 256;

/// An opened destination folder.
pub(crate) struct Root {
    dir: OwnedFd,
    work: OwnedFd,
}

/// What a look at the place says before it is a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// The folder is there.
    There,
    /// It is not, but its parent is.
    CanBeMade,
}

impl Root {
    /// Opens the folder of a destination.
    ///
    /// # Errors
    /// `destination_missing` when it is not there, or is not the one that this destination was made in.
    pub(crate) fn open(path: &Path, id: DestinationId) -> Result<Self, Failure> {
        let dir = open_dir(path)?;
        let work = rustix::fs::openat(&dir, WORK, dir_flags(), Mode::empty()).map_err(|e| match e {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP => missing(path, "it has no mark of Windlass"),
            e => folder_failure("the folder can't be opened", e.into()),
        })?;
        let root = Self { dir, work };
        if root.marked(id)? {
            Ok(root)
        } else {
            Err(missing(path, "it has no mark of this destination"))
        }
    }

    /// Makes the folder of a destination where its parent is, marks it, and opens it.
    ///
    /// # Errors
    /// As the disk answers.
    pub(crate) fn make(path: &Path, id: DestinationId) -> Result<Self, Failure> {
        if ground(path)? == Ground::CanBeMade {
            rustix::fs::mkdir(path, Mode::from_raw_mode(0o777))
                .map_err(|e| folder_failure("the folder can't be made", e.into()))?;
        }
        let dir = open_dir(path)?;
        match rustix::fs::mkdirat(&dir, WORK, Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(e) => return Err(folder_failure("the folder can't be written to", e.into())),
        }
        let work = rustix::fs::openat(&dir, WORK, dir_flags(), Mode::empty())
            .map_err(|e| folder_failure("the folder can't be opened", e.into()))?;
        let root = Self { dir, work };
        if !root.marked(id)? {
            root.mark(id)
                .map_err(|e| folder_failure("the folder can't be marked", e))?;
        }
        Ok(root)
    }

    fn marked(&self, id: DestinationId) -> Result<bool, Failure> {
        let file = match rustix::fs::openat(&self.work, MARKER, OFlags::RDONLY | FILE, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(false),
            Err(e) => return Err(folder_failure("the marker can't be read", e.into())),
        };
        let mut text = String::new();
        file.take(1 << 20)
            .read_to_string(&mut text)
            .map_err(|e| folder_failure("the marker can't be read", e))?;
        let wanted = id.to_string();
        Ok(text.lines().any(|line| line == wanted))
    }

    fn mark(&self, id: DestinationId) -> std::io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | FILE;
        let mut file = File::from(rustix::fs::openat(
            &self.work,
            MARKER,
            flags,
            Mode::from_raw_mode(0o644),
        )?);
        writeln!(file, "{id}")?;
        file.sync_all()?;
        rustix::fs::fsync(&self.work)?;
        Ok(rustix::fs::fsync(&self.dir)?)
    }

    /// The folder.
    pub(crate) fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// The folder for what is unfinished.
    pub(crate) fn work(&self) -> BorrowedFd<'_> {
        self.work.as_fd()
    }

    /// Opens a file for what is unfinished.
    pub(crate) fn open_work(&self, name: &str, flags: OFlags) -> rustix::io::Result<File> {
        rustix::fs::openat(&self.work, name, flags | FILE, Mode::from_raw_mode(0o666)).map(File::from)
    }

    /// Opens a stored file, through no link.
    pub(crate) fn open_stored(&self, key: &str) -> rustix::io::Result<File> {
        let (dirs, name) = parts(key)?;
        let mut walk = Dirs::new(self.dir());
        let dir = walk.open(&dirs, Missing::Refuse)?;
        rustix::fs::openat(dir, name.as_slice(), OFlags::RDONLY | FILE, Mode::empty()).map(File::from)
    }

    /// What stands at a key, through no link.
    pub(crate) fn stat(&self, key: &str) -> rustix::io::Result<Stat> {
        let (dirs, name) = parts(key)?;
        let mut walk = Dirs::new(self.dir());
        let dir = walk.open(&dirs, Missing::Refuse)?;
        rustix::fs::statat(dir, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Removes a stored file, if it is this very one.
    pub(crate) fn unlink_stored(&self, key: &str, inode: u64) -> rustix::io::Result<()> {
        let (dirs, name) = parts(key)?;
        let mut walk = Dirs::new(self.dir());
        let dir = walk.open(&dirs, Missing::Refuse)?;
        if rustix::fs::statat(dir, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW)?.st_ino == inode {
            rustix::fs::unlinkat(dir, name.as_slice(), AtFlags::empty())?;
        }
        Ok(())
    }

    /// Free bytes for this account.
    pub(crate) fn free_bytes(&self) -> std::io::Result<u64> {
        let fs = rustix::fs::fstatvfs(&self.dir)?;
        Ok(fs.f_bavail.saturating_mul(fs.f_frsize))
    }

    /// True on a file system of this computer of which it is known that one sync of it makes all its files durable.
    pub(crate) fn syncs_as_a_whole(&self) -> bool {
        // ext2/3/4, XFS, Btrfs, F2FS, tmpfs, overlayfs (linux/magic.h).
        const KNOWN: [i64; 6] = [
            0xef53,
            0x5846_5342,
            0x9123_683e,
            0xf2f5_2010,
            0x0102_1994,
            0x794c_7630,
        ];
        rustix::fs::fstatfs(&self.dir).is_ok_and(|fs| KNOWN.contains(&fs.f_type))
    }

    /// True on a share or a file system in user space, whose late errors a sync may not tell (F187).
    pub(crate) fn is_remote(&self) -> bool {
        rustix::fs::fstatfs(&self.dir).is_ok_and(|fs| is_remote(fs.f_type))
    }
}

/// No link at the end, nothing inherited by child processes.
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC);

fn dir_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | FILE
}

fn missing(path: &Path, why: &str) -> Failure {
    Failure::new(
        ErrorCode::DestinationMissing,
        format!("{}: {why}", path.display()),
    )
}

/// The person's own path may lead through links; what is below may not.
fn open_dir(path: &Path) -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|e| match e {
        Errno::NOENT | Errno::NOTDIR => missing(path, "it is not there"),
        e => folder_failure("the folder can't be opened", e.into()),
    })
}

/// What there is at the path of a destination.
///
/// # Errors
/// `destination_missing` when neither the folder nor its parent is there; `invalid_field` for a path that is not absolute.
pub(crate) fn ground(path: &Path) -> Result<Ground, Failure> {
    if !path.is_absolute() {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            "the path of a folder begins with /",
        ));
    }
    match std::fs::metadata(path) {
        Ok(m) if m.is_dir() => Ok(Ground::There),
        Ok(_) => Err(missing(path, "it is not a folder")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => match path.parent().map(std::fs::metadata) {
            Some(Ok(m)) if m.is_dir() => Ok(Ground::CanBeMade),
            _ => Err(missing(path, "neither it nor the folder around it is there")),
        },
        Err(e) => Err(folder_failure("the folder can't be looked at", e)),
    }
}

/// Folders and name of a key, as bytes.
pub(crate) fn parts(key: &str) -> rustix::io::Result<(Vec<Vec<u8>>, Vec<u8>)> {
    let mut all = key
        .split('/')
        .map(|part| decode_path_text(part).ok_or(Errno::INVAL))
        .collect::<Result<Vec<_>, _>>()?;
    let climbs = all
        .iter()
        .any(|p| p.is_empty() || p == b"." || p == b".." || p.contains(&b'/'));
    match all.pop() {
        Some(name) if !climbs => Ok((all, name)),
        _ => Err(Errno::INVAL),
    }
}

/// What to do about a folder that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Make,
    Refuse,
}

/// Folders below a root, opened once for a batch.
pub(crate) struct Dirs<'a> {
    root: BorrowedFd<'a>,
    open: BTreeMap<Vec<Vec<u8>>, OwnedFd>,
}

impl<'a> Dirs<'a> {
    pub(crate) fn new(root: BorrowedFd<'a>) -> Self {
        Self {
            root,
            open: BTreeMap::new(),
        }
    }

    /// Opens a folder, making those that are missing.
    pub(crate) fn open(&mut self, path: &[Vec<u8>], missing: Missing) -> rustix::io::Result<BorrowedFd<'_>> {
        if self.open.len() >= OPEN_DIRS && !self.open.contains_key(path) {
            self.sync()?;
            self.open.clear();
        }
        for depth in 1..=path.len() {
            if self.open.contains_key(&path[..depth]) {
                continue;
            }
            let parent = self.at(&path[..depth - 1]);
            let name = path[depth - 1].as_slice();
            let fd = match rustix::fs::openat(parent, name, dir_flags(), Mode::empty()) {
                Err(Errno::NOENT) if missing == Missing::Make => {
                    match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o777)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(e) => return Err(e),
                    }
                    rustix::fs::openat(parent, name, dir_flags(), Mode::empty())?
                }
                opened => opened?,
            };
            self.open.insert(path[..depth].to_vec(), fd);
        }
        Ok(self.at(path))
    }

    fn at(&self, path: &[Vec<u8>]) -> BorrowedFd<'_> {
        self.open.get(path).map_or(self.root, AsFd::as_fd)
    }

    /// Makes the entries of all opened folders durable.
    pub(crate) fn sync(&self) -> rustix::io::Result<()> {
        rustix::fs::fsync(self.root)?;
        self.open.values().try_for_each(rustix::fs::fsync)
    }
}

/// Gives a file another name, unless something has it already.
///
/// # Errors
/// `EXIST` when the name is taken; `NOENT` when the file is not there.
pub(crate) fn rename_exclusively(
    from_dir: BorrowedFd<'_>,
    from: &str,
    to_dir: BorrowedFd<'_>,
    to: &[u8],
) -> rustix::io::Result<()> {
    match rustix::fs::renameat_with(from_dir, from, to_dir, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        done => return done,
    }
    // File systems without it: a second name is exclusive too.
    match rustix::fs::linkat(from_dir, from, to_dir, to, AtFlags::empty()) {
        Ok(()) => return rustix::fs::unlinkat(from_dir, from, AtFlags::empty()),
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {}
        Err(e) => return Err(e),
    }
    // Without links either: an empty file of our own holds the name, and is replaced.
    rustix::fs::statat(from_dir, from, AtFlags::SYMLINK_NOFOLLOW)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | FILE;
    rustix::fs::openat(to_dir, to, flags, Mode::from_raw_mode(0o666))?;
    rustix::fs::renameat(from_dir, from, to_dir, to)
}
