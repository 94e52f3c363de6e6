//! The trash of the desktop (freedesktop.org, Trash 1.0): the home trash for files of its disk, else the one at the top of
//! the file's own disk. A file never crosses disks to be thrown away. All of it blocks.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::names::numbered;

/// Names that are tried before it is given up.
const TRIES: u32 = 10_000;

/// Puts a file into the trash. Answers with its place there. `deleted_at`: local time, as `2026-05-12T14:02:03`.
///
/// # Errors
/// `trash_missing` where there is none; `no_permission`, `read_error`.
pub(crate) fn put(file: &Path, home_trash: Option<&Path>, deleted_at: &str) -> Result<PathBuf, Failure> {
    let meta =
        fs::symlink_metadata(file).map_err(|e| windlass_transfer::source::source_failure(&e, file, None))?;
    let (trash, relative_to) = find(file, meta.dev(), home_trash)?;
    let told = match &relative_to {
        Some(top) => file.strip_prefix(top).unwrap_or(file),
        None => file,
    };
    into(file, told, &trash, deleted_at).map_err(|e| {
        let code = if e.kind() == io::ErrorKind::PermissionDenied {
            ErrorCode::NoPermission
        } else {
            ErrorCode::TrashMissing
        };
        Failure::new(code, format!("{}: {e}", trash.display()))
    })
}

fn into(file: &Path, told: &Path, trash: &Path, deleted_at: &str) -> io::Result<PathBuf> {
    let (files, infos) = (trash.join("files"), trash.join("info"));
    for dir in [&files, &infos] {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text = format!(
        "[Trash Info]\nPath={}\nDeletionDate={deleted_at}\n",
        percent(told.as_os_str().as_bytes())
    );
    for n in 1..TRIES {
        let name = if n == 1 { name.clone() } else { numbered(&name, n) };
        let info = infos.join(format!("{name}.trashinfo"));
        // Whoever makes the info file owns the name.
        let mut made = match fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&info)
        {
            Ok(made) => made,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(e) => return Err(e),
        };
        let target = files.join(&name);
        let moved = made
            .write_all(text.as_bytes())
            .and_then(|()| made.sync_all())
            .and_then(|()| super::originals::rename_new(file, &target));
        match moved {
            Ok(()) => return Ok(target),
            Err(e) => {
                let _ = fs::remove_file(&info);
                if e.kind() != io::ErrorKind::AlreadyExists {
                    return Err(e);
                }
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Whether the trash still holds, at the place that [`put`] answered with, what was put there from a path. A name that another
/// file has there since is told apart by its note. Blocks.
pub(crate) fn holds(place: &Path, from: &Path) -> bool {
    let is_there = fs::symlink_metadata(place).is_ok_and(|meta| meta.is_file());
    let told = info_of(place).and_then(|info| fs::read_to_string(info).ok());
    let from = percent(from.as_os_str().as_bytes());
    is_there
        && told.is_some_and(|text| {
            let path = text.lines().find_map(|line| line.strip_prefix("Path="));
            // Of another disk's trash it is told from the top of that disk.
            path.is_some_and(|path| from == path || from.ends_with(&format!("/{path}")))
        })
}

/// Moves a file out of the trash to where it was, into folders that are made again where they went. Never over another file.
/// Blocks.
///
/// # Errors
/// `state_conflict` where another file has its name; `no_permission`, `read_error`.
pub(crate) fn take_back(place: &Path, to: &Path) -> Result<(), Failure> {
    let folder = to.parent().unwrap_or(Path::new("/"));
    let moved = fs::create_dir_all(folder).and_then(|()| super::originals::rename_new(place, to));
    moved.map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::new(ErrorCode::StateConflict, "another file has its name now")
        }
        _ => windlass_transfer::source::source_failure(&e, to, None),
    })?;
    // Without its file a note is nothing that a trash shows.
    if let Some(info) = info_of(place) {
        let _ = fs::remove_file(info);
    }
    let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// The note beside a file of the trash.
fn info_of(place: &Path) -> Option<PathBuf> {
    let name = place.file_name()?.to_string_lossy();
    let trash = place.parent()?.parent()?;
    Some(trash.join("info").join(format!("{name}.trashinfo")))
}

/// The trash of a disk, and the top of that disk when it is not the home's.
fn find(file: &Path, dev: u64, home_trash: Option<&Path>) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    if let Some(home) = home_trash {
        let there = home.ancestors().find_map(|p| fs::metadata(p).ok());
        if there.is_some_and(|m| m.dev() == dev) {
            return Ok((home.to_owned(), None));
        }
    }
    let missing = || Failure::new(ErrorCode::TrashMissing, file.display().to_string());
    let top = file
        .ancestors()
        .skip(1)
        .take_while(|p| fs::metadata(p).is_ok_and(|m| m.dev() == dev))
        .last()
        .ok_or_else(missing)?;
    let uid = rustix::process::getuid().as_raw();
    let shared = top.join(".Trash");
    if let Ok(meta) = fs::symlink_metadata(&shared)
        && meta.is_dir()
        && meta.permissions().mode() & 0o1000 != 0
    {
        return Ok((shared.join(uid.to_string()), Some(top.to_owned())));
    }
    let own = top.join(format!(".Trash-{uid}"));
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&own);
    let fine = fs::symlink_metadata(&own).is_ok_and(|m| m.is_dir() && m.uid() == uid);
    if made.is_err() || !fine {
        return Err(missing());
    }
    Ok((own, Some(top.to_owned())))
}

/// Bytes of a path as in a URL.
fn percent(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for b in bytes {
        if b.is_ascii_alphanumeric() || b"/-_.~".contains(b) {
            out.push(char::from(*b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x13_what_is_thrown_away_can_be_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let trash = dir.path().join("share/Trash");
        for n in 1..=2 {
            let file = dir.path().join("a b.txt");
            fs::write(&file, format!("{n}")).unwrap();
            let place = put(&file, Some(&trash), "2026-05-12T14:02:03").unwrap();
            assert!(!file.exists());
            assert_eq!(fs::read(&place).unwrap(), format!("{n}").as_bytes());
            let name = place.file_name().unwrap().to_string_lossy().into_owned();
            let info = fs::read_to_string(trash.join("info").join(format!("{name}.trashinfo"))).unwrap();
            let path = percent(file.as_os_str().as_bytes());
            assert_eq!(
                info,
                format!("[Trash Info]\nPath={path}\nDeletionDate=2026-05-12T14:02:03\n")
            );
            assert!(path.ends_with("a%20b.txt"));
        }
        assert_eq!(fs::read_dir(trash.join("files")).unwrap().count(), 2);
    }

    #[test]
    fn x13_what_the_trash_holds_comes_back_to_where_it_was_and_never_over_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let trash = dir.path().join("share/Trash");
        let file = dir.path().join("Shoot ü/a 100%.txt");
        let put_away = |content: &str| {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, content).unwrap();
            put(&file, Some(&trash), "2026-05-12T14:02:03").unwrap()
        };
        let place = put_away("1");
        assert!(holds(&place, &file));
        assert!(!holds(&place, &dir.path().join("another.txt")));

        fs::write(&file, "newer").unwrap();
        let why = take_back(&place, &file).unwrap_err();
        assert_eq!(why.code, ErrorCode::StateConflict);
        assert!(holds(&place, &file), "a refusal leaves it there");
        assert_eq!(fs::read(&file).unwrap(), b"newer");

        // Its folder went meanwhile.
        fs::remove_dir_all(file.parent().unwrap()).unwrap();
        take_back(&place, &file).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"1");
        assert!(!holds(&place, &file));
        assert_eq!(fs::read_dir(trash.join("info")).unwrap().count(), 0);

        // The trash was emptied, and another file has the name there.
        let place = put_away("2");
        fs::remove_file(info_of(&place).unwrap()).unwrap();
        assert!(!holds(&place, &file));
    }
}
