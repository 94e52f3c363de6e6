//! Disks of sources: whether one is what is missing, and where it was.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};

/// A failure of a source as it is when its disk is what is missing: the file was on the disk with this number (F17).
///
/// Not found where also its folder is not, and what is there of the way to it lies on another disk; or not to be read, and the
/// system does not know the disk any more. A file that is not found in a folder with other files was deleted.
#[must_use]
pub fn with_its_disk(failure: Failure, path: &Path, dev: u64) -> Failure {
    let gone = match failure.code {
        ErrorCode::FileMissing => lies_elsewhere(path, dev),
        ErrorCode::ReadError => is_unplugged(dev),
        _ => false,
    };
    if gone {
        Failure::new(ErrorCode::DiskMissing, failure.detail)
    } else {
        failure
    }
}

fn lies_elsewhere(path: &Path, dev: u64) -> bool {
    let Some(folder) = path.parent() else {
        return false;
    };
    // An empty folder is what stays of a mount.
    if holds_something(folder) == Some(true) {
        return false;
    }
    let there = folder.ancestors().find_map(|p| std::fs::metadata(p).ok());
    there.is_some_and(|m| m.dev() != dev)
}

/// `None`: it is no folder that can be read.
fn holds_something(folder: &Path) -> Option<bool> {
    let mut inside = std::fs::read_dir(folder).ok()?;
    Some(inside.next().is_some())
}

/// Numbers that the system makes up, for shares and the like, belong to no device.
fn is_unplugged(dev: u64) -> bool {
    let (major, minor) = (rustix::fs::major(dev), rustix::fs::minor(dev));
    let devices = Path::new("/sys/dev/block");
    major != 0 && devices.is_dir() && !devices.join(format!("{major}:{minor}")).exists()
}

/// Where the disk is, or was, mounted that a path leads to which can't be reached. The folder has its name.
///
/// `dev` is its number as it was last seen. Blocks.
#[must_use]
pub fn place_of_disk(path: &Path, dev: u64) -> Option<PathBuf> {
    let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    mounted_at(&mounts, path, dev).or_else(|| {
        let folder = path.parent()?;
        let there = folder.ancestors().find(|p| p.is_dir())?;
        let is_empty = holds_something(there) == Some(false);
        let person = std::env::var_os("USER");
        was_mounted_at(folder, there, is_empty, person.as_deref())
    })
}

/// Where a disk that the system still lists is mounted, above a path. Lines as proc_pid_mountinfo(5) has them.
fn mounted_at(mounts: &[u8], path: &Path, dev: u64) -> Option<PathBuf> {
    let wanted = format!("{}:{}", rustix::fs::major(dev), rustix::fs::minor(dev));
    let places = mounts.split(|b| *b == b'\n').filter_map(|line| {
        let mut words = line.split(|b| *b == b' ').skip(2);
        let (number, _root, place) = (words.next()?, words.next()?, words.next()?);
        (number == wanted.as_bytes()).then(|| PathBuf::from(OsStr::from_bytes(&unescaped(place))))
    });
    places
        .filter(|place| path.starts_with(place))
        .max_by_key(|place| place.components().count())
}

/// A word of the list of mounts: blanks and the like are in it as `\040`.
fn unescaped(word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, after)) = rest.split_first() {
        let octal = (*first == b'\\').then(|| after.get(..3)).flatten();
        let value = octal
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { &after[3..] } else { after };
    }
    bytes
}

/// Where a disk was mounted that is not there any more. `there` is what is left of the way to the folder.
///
/// Desktops mount in a folder of the person's and take the mount point away with the disk; one made by hand stays and is
/// empty then.
fn was_mounted_at(folder: &Path, there: &Path, is_empty: bool, person: Option<&OsStr>) -> Option<PathBuf> {
    // The folder of the person's goes at a restart: what is left of the way says nothing about it.
    let by_desktop = ["/run/media", "/media"].into_iter().find_map(|base| {
        let mut below = folder.strip_prefix(base).ok()?.components();
        let (owner, disk) = (below.next()?, below.next()?);
        let is_persons = base == "/run/media" || Some(owner.as_os_str()) == person;
        is_persons.then(|| Path::new(base).join(owner).join(disk))
    });
    if by_desktop.is_some() {
        return by_desktop;
    }
    if is_empty {
        return Some(there.to_owned());
    }
    match folder.strip_prefix(there).ok()?.components().next() {
        Some(Component::Normal(next)) => Some(there.join(next)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{look, source_failure};

    #[test]
    fn f017_a_deleted_file_is_told_from_one_whose_disk_is_not_connected() {
        let dir = tempfile::tempdir().unwrap();
        let card = dir.path().join("card");
        let [file, sister] = ["a", "b"].map(|n| card.join("photos").join(n));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        for path in [&file, &sister] {
            std::fs::write(path, b"x").unwrap();
        }
        let dev = look(&file).unwrap().dev;
        let code = |path: &Path, dev| with_its_disk(look(path).unwrap_err(), path, dev).code;
        std::fs::remove_file(&file).unwrap();
        // Other files of its folder are there.
        assert_eq!(code(&file, dev), ErrorCode::FileMissing);
        assert_eq!(code(&file, dev + 1), ErrorCode::FileMissing);
        std::fs::remove_file(&sister).unwrap();
        for emptied in [false, true] {
            if emptied {
                std::fs::remove_dir_all(card.join("photos")).unwrap();
            }
            assert_eq!(code(&file, dev), ErrorCode::FileMissing);
            assert_eq!(code(&file, dev + 1), ErrorCode::DiskMissing);
        }
        let broken = |dev| with_its_disk(Failure::new(ErrorCode::ReadError, "EIO"), &file, dev).code;
        // No computer has this many disks; numbers of shares say nothing.
        assert_eq!(broken(rustix::fs::makedev(4_000, 77)), ErrorCode::DiskMissing);
        assert_eq!(broken(rustix::fs::makedev(0, 77)), ErrorCode::ReadError);
        assert_eq!(broken(dev), ErrorCode::ReadError);
        // Who served the files went while one was being read.
        let aborted = std::io::Error::from(rustix::io::Errno::CONNABORTED);
        assert_eq!(
            source_failure(&aborted, &file, Some(7)).code,
            ErrorCode::DiskMissing
        );
    }

    #[test]
    fn f017_a_disk_has_the_name_of_where_it_was_mounted() {
        let ann = Some(OsStr::new("ann"));
        let name = |folder: &str, there: &str, is_empty| {
            let place = was_mounted_at(Path::new(folder), Path::new(there), is_empty, ann);
            place.map(|p| p.to_string_lossy().into_owned())
        };
        // As desktops mount, with other disks beside it and without.
        for is_empty in [false, true] {
            let card = Some("/media/ann/CARD A".to_owned());
            assert_eq!(name("/media/ann/CARD A/DCIM/100", "/media/ann", is_empty), card);
            let card = Some("/run/media/ann/CARD A".to_owned());
            assert_eq!(name("/run/media/ann/CARD A", "/run/media/ann", is_empty), card);
        }
        // After a restart nothing of it is there.
        for (there, is_empty) in [("/run", false), ("/run/media", true), ("/run/media", false)] {
            let card = Some("/run/media/ann/CARD A".to_owned());
            assert_eq!(
                name("/run/media/ann/CARD A/DCIM", there, is_empty),
                card,
                "{there}"
            );
        }
        // By hand: the mount point stays.
        assert_eq!(
            name("/mnt/card/DCIM", "/mnt/card", true),
            Some("/mnt/card".into())
        );
        assert_eq!(
            name("/media/cdrom/a/b", "/media/cdrom", true),
            Some("/media/cdrom".into())
        );
        assert_eq!(name("/mnt/card/DCIM", "/mnt/card/DCIM", false), None);
    }

    #[test]
    fn f017_a_disk_that_the_system_still_lists_is_found_in_its_list() {
        let list = b"29 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            77 29 8:17 / /media/ann/CARD\\040A rw,nosuid - vfat /dev/sdb1 rw\n\
            78 29 8:33 /x /media/ann rw - ext4 /dev/sdc1 rw\n";
        let dev = |minor| rustix::fs::makedev(8, minor);
        let path = Path::new("/media/ann/CARD A/DCIM/1.jpg");
        assert_eq!(
            mounted_at(list, path, dev(17)),
            Some(PathBuf::from("/media/ann/CARD A"))
        );
        assert_eq!(mounted_at(list, path, dev(33)), Some(PathBuf::from("/media/ann")));
        assert_eq!(mounted_at(list, path, dev(49)), None);
        assert_eq!(mounted_at(list, Path::new("/home/ann/1.jpg"), dev(17)), None);
    }

    #[test]
    fn f017_what_stays_of_a_mount_tells_where_its_disk_was() {
        let dir = tempfile::tempdir().unwrap();
        let other = rustix::fs::makedev(4_000, 77);
        let file = dir.path().join("CARD_A/DCIM/1.jpg");
        // Something else is beside the mount point that went.
        std::fs::write(dir.path().join("x"), "").unwrap();
        let place = dir.path().join("CARD_A");
        assert_eq!(place_of_disk(&file, other).as_ref(), Some(&place));
        std::fs::create_dir(&place).unwrap();
        assert_eq!(place_of_disk(&file, other), Some(place));
    }
}
