//! The folder itself: whether it is there, is the same, and lies on this computer. All of it blocks.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::filesystems::is_remote;

/// How the folder was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    /// It is there.
    Here(Identity),
    /// Its disk is not connected: absence is never a deletion.
    DiskMissing,
    /// It can't be watched, for this reason.
    Trouble(Failure),
}

/// What tells it from another folder at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The disk's number, which may be another after the next start.
    pub(crate) dev: u64,
    /// The disk's name for itself, the folder's inode and birth: `volume|inode:birth`.
    pub(crate) marker: String,
}

/// Looks at it as it is now.
pub(crate) fn identity(path: &Path) -> io::Result<Identity> {
    let meta = std::fs::symlink_metadata(path)?;
    let birth = meta
        .created()
        .ok()
        .and_then(|t| t.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |d| d.as_nanos());
    let volume = volume(meta.dev()).unwrap_or_default();
    Ok(Identity {
        dev: meta.dev(),
        marker: format!("{volume}|{}:{birth}", meta.ino()),
    })
}

/// The name that the disk itself carries, where the system knows it.
fn volume(dev: u64) -> Option<String> {
    for entry in std::fs::read_dir("/dev/disk/by-uuid").ok()?.flatten() {
        let same = std::fs::metadata(entry.path()).is_ok_and(|m| m.rdev() == dev);
        if same {
            return Some(entry.file_name().to_string_lossy().into_owned());
        }
    }
    None
}

/// How it stands, held against what is known of it.
pub(crate) fn look(path: &Path, known: &Identity) -> Root {
    let trouble = |code, detail: String| Root::Trouble(Failure::new(code, detail));
    let shown = path.display();
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            // The disk that it was on shows itself in the folders above it, or not at all.
            let above = path
                .ancestors()
                .skip(1)
                .find_map(|p| std::fs::symlink_metadata(p).ok());
            return match above {
                Some(above) if above.dev() == known.dev => {
                    trouble(ErrorCode::WatchMissing, shown.to_string())
                }
                _ => Root::DiskMissing,
            };
        }
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            return trouble(ErrorCode::NoPermission, format!("{shown}: {e}"));
        }
        // A disk that fails or went away under its mount.
        Err(_) => return Root::DiskMissing,
    };
    if !meta.is_dir() {
        return trouble(ErrorCode::WatchNotFolder, shown.to_string());
    }
    let mut inside = match std::fs::read_dir(path) {
        Ok(inside) => inside,
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            return trouble(ErrorCode::NoPermission, format!("{shown}: {e}"));
        }
        Err(_) => return Root::DiskMissing,
    };
    let Ok(now) = identity(path) else {
        return Root::DiskMissing;
    };
    match compare(known, &now) {
        Sameness::Same => Root::Here(now),
        // An empty folder on another disk is what stays of a mount.
        Sameness::Other if inside.next().is_none() => Root::DiskMissing,
        Sameness::Other => trouble(ErrorCode::WatchOtherDisk, shown.to_string()),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Sameness {
    Same,
    Other,
}

fn compare(known: &Identity, now: &Identity) -> Sameness {
    if known.marker == now.marker {
        return Sameness::Same;
    }
    let volume = |i: &Identity| i.marker.split('|').next().unwrap_or_default().to_owned();
    let (was, is) = (volume(known), volume(now));
    let same_disk = if was.is_empty() || is.is_empty() {
        known.dev == now.dev
    } else {
        was == is
    };
    // Deleted and made again on the same disk: the same place for a person (F152).
    if same_disk {
        Sameness::Same
    } else {
        Sameness::Other
    }
}

/// True where files lie on another computer: its clock is not ours, and nobody tells of changes.
pub(crate) fn is_network(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|fs| is_remote(fs.f_type))
}

/// Folders that are no person's.
pub(crate) fn is_systems(path: &Path) -> bool {
    const TREES: &[&str] = &[
        "/proc",
        "/sys",
        "/dev",
        "/run/user",
        "/boot",
        "/etc",
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
    ];
    const ALONE: &[&str] = &[
        "/", "/home", "/root", "/var", "/tmp", "/run", "/mnt", "/media", "/opt", "/srv",
    ];
    ALONE.iter().any(|p| path == Path::new(p)) || TREES.iter().any(|p| path.starts_with(p))
}

/// The path without links, or as near to that as what is there allows.
pub(crate) fn real(path: &Path) -> std::path::PathBuf {
    let mut rest: Vec<OsString> = Vec::new();
    for above in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(above) {
            return rest.iter().rev().fold(real, |p, part| p.join(part));
        }
        rest.extend(above.file_name().map(OsString::from));
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(dev: u64, marker: &str) -> Identity {
        Identity {
            dev,
            marker: marker.into(),
        }
    }

    #[test]
    fn e9_x16_the_disk_tells_whether_it_is_the_same_folder() {
        for (known, now, same) in [
            // After a new start the disk has another number.
            (id(1, "V|2:3"), id(9, "V|2:3"), Sameness::Same),
            // Made again on the same disk.
            (id(1, "V|2:3"), id(1, "V|7:8"), Sameness::Same),
            (id(1, "|2:3"), id(1, "|7:8"), Sameness::Same),
            // Another disk at the same place, maybe with the same number.
            (id(1, "V|2:3"), id(1, "W|2:9"), Sameness::Other),
            (id(1, "|2:3"), id(9, "|7:8"), Sameness::Other),
        ] {
            assert_eq!(compare(&known, &now), same, "{known:?} {now:?}");
        }
    }

    #[test]
    fn e9_what_is_gone_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w");
        std::fs::create_dir(&path).unwrap();
        let known = identity(&path).unwrap();
        assert!(matches!(look(&path, &known), Root::Here(_)));
        std::fs::remove_dir(&path).unwrap();
        let missing =
            |root: Root, code| assert!(matches!(&root, Root::Trouble(f) if f.code == code), "{root:?}");
        missing(look(&path, &known), ErrorCode::WatchMissing);
        // The disk that it was on is nowhere above its place.
        let elsewhere = id(known.dev + 1, &format!("other{}", known.marker));
        assert_eq!(look(&path, &elsewhere), Root::DiskMissing);
        std::fs::write(&path, b"x").unwrap();
        missing(look(&path, &known), ErrorCode::WatchNotFolder);
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(dir.path(), &path).unwrap();
        missing(look(&path, &known), ErrorCode::WatchNotFolder);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(look(&path, &known), Root::Here(_)), "made again");
        // An empty folder on another disk is an unmounted one; one with files is a question.
        let other = id(known.dev + 1, "Z|1:1");
        assert_eq!(look(&path, &other), Root::DiskMissing);
        std::fs::write(path.join("a"), b"x").unwrap();
        missing(look(&path, &other), ErrorCode::WatchOtherDisk);
    }
}
