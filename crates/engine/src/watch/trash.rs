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
}
