//! Names that say by themselves that a file is not finished, or not a person's.

use super::{Left, Why};

/// Endings of files that a program still writes.
const TEMP_ENDS: &[&str] = &[
    ".part",
    ".partial",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".filepart",
    ".opdownload",
    ".aria2",
    ".!ut",
    ".!qb",
    ".swp",
    ".swx",
    ".lck",
    ".lock",
];
/// Beginnings of such.
const TEMP_STARTS: &[&str] = &[
    "~$",
    ".~lock.",
    ".goutputstream-",
    ".nfs",
    ".fuse_hidden",
    ".syncthing.",
];
/// What systems leave in folders.
const JUNK: &[&str] = &[
    ".ds_store",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    ".directory",
    ".localized",
    "icon\r",
];
/// Folders of systems.
const JUNK_FOLDERS: &[&str] = &[
    ".trash",
    ".trashes",
    "$recycle.bin",
    "system volume information",
    ".spotlight-v100",
    ".fseventsd",
    ".temporaryitems",
    "lost+found",
    "@eadir",
    ".windlass",
];

/// What the parts of a path say; `None` when they say nothing. The path is `/`-separated below the folder.
#[must_use]
pub fn left_by_name(rel_path: &str, hidden_too: bool) -> Option<Left> {
    let mut parts = rel_path.split('/').filter(|p| !p.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let lower = part.to_lowercase();
        if JUNK_FOLDERS.contains(&lower.as_str()) || lower.starts_with(".trash-") {
            return Some(Left::by(Why::Junk, part));
        }
        if parts.peek().is_none() {
            if JUNK.contains(&lower.as_str()) || lower.starts_with("._") {
                return Some(Left::by(Why::Junk, part));
            }
            if let Some(end) = TEMP_ENDS.iter().find(|e| lower.ends_with(**e)) {
                return Some(Left::by(Why::TempName, format!("*{end}")));
            }
            if let Some(start) = TEMP_STARTS.iter().find(|s| lower.starts_with(**s)) {
                return Some(Left::by(Why::TempName, format!("{start}*")));
            }
            // An editor's copy, and rsync's `.name.Xx12yZ`.
            if lower.ends_with('~') {
                return Some(Left::by(Why::TempName, "*~"));
            }
            if rsync_temporary(part) {
                return Some(Left::by(Why::TempName, ".name.??????"));
            }
        }
        if part.starts_with('.') && !hidden_too {
            return Some(Left::by(Why::Hidden, part));
        }
    }
    None
}

fn rsync_temporary(name: &str) -> bool {
    let Some((stem, end)) = name.strip_prefix('.').and_then(|n| n.rsplit_once('.')) else {
        return false;
    };
    stem.contains('.')
        && end.len() == 6
        && end.bytes().all(|b| b.is_ascii_alphanumeric())
        && end.bytes().any(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f149_names_of_unfinished_files_wait_for_their_rename() {
        for name in [
            "a.part",
            "b/c.mp4.CRDOWNLOAD",
            "~$report.docx",
            ".~lock.x.odt#",
            "x.tmp",
            ".goutputstream-AB12",
            "notes.txt~",
            ".film.mp4.Ab3dE6",
        ] {
            assert_eq!(
                left_by_name(name, true).map(|l| l.why),
                Some(Why::TempName),
                "{name}"
            );
        }
        for name in [
            "a.partition",
            "tmp",
            "part",
            "film.mp4",
            ".profile",
            "x.tmpl",
            ".config.json.backup",
        ] {
            assert_eq!(left_by_name(name, true), None, "{name}");
        }
    }

    #[test]
    fn what_systems_leave_behind_is_junk_at_any_depth() {
        for name in [
            "Thumbs.db",
            "a/.DS_Store",
            "._film.mov",
            "$RECYCLE.BIN/x.txt",
            ".Trash-1000/files/x",
            ".windlass/x",
        ] {
            assert_eq!(left_by_name(name, true).map(|l| l.why), Some(Why::Junk), "{name}");
        }
    }

    #[test]
    fn hidden_files_and_what_lies_in_hidden_folders_follow_the_rule() {
        assert_eq!(
            left_by_name("a/.git/config", false).map(|l| l.why),
            Some(Why::Hidden)
        );
        assert_eq!(left_by_name(".profile", false).map(|l| l.why), Some(Why::Hidden));
        assert_eq!(left_by_name("a/.git/config", true), None);
    }
}
