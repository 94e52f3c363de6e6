//! Paths that the desktop gave: they stay here, the page gets a number for them (A11).
//!
//! A drop makes a [`Given`] entry; the page says by its number into which group it goes, once. What it never asks for again
//! leaves after ten minutes, or when sixteen newer ones came.

use std::collections::VecDeque;
use std::path::PathBuf;

use windlass_core::time::Timestamp;

/// Drops that wait for the page's answer.
const MOST: usize = 16;
/// How long one waits, milliseconds.
const LIFE_MS: i64 = 600_000;
/// Paths of a drag that are looked at to count what is dragged; beyond it all count as files.
const LOOK_AT: usize = 1_000;

/// Dropped paths by number.
#[derive(Debug, Default)]
pub(crate) struct Given {
    last: u32,
    waiting: VecDeque<(u32, Timestamp, Vec<PathBuf>)>,
}

impl Given {
    /// Keeps paths and gives their number.
    pub(crate) fn keep(&mut self, paths: Vec<PathBuf>, now: Timestamp) -> u32 {
        self.forget_old(now);
        while self.waiting.len() >= MOST {
            self.waiting.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        self.waiting.push_back((self.last, now, paths));
        self.last
    }

    /// Takes the paths of a number, once.
    pub(crate) fn take(&mut self, number: u32, now: Timestamp) -> Option<Vec<PathBuf>> {
        self.forget_old(now);
        let at = self.waiting.iter().position(|(n, ..)| *n == number)?;
        self.waiting.remove(at).map(|(_, _, paths)| paths)
    }

    fn forget_old(&mut self, now: Timestamp) {
        self.waiting
            .retain(|(_, kept, _)| now.millis_since(*kept) < LIFE_MS);
    }
}

/// What is dragged, for the words over the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Files.
    pub(crate) files: u32,
    /// Folders.
    pub(crate) folders: u32,
    /// Bytes, when there are only files and all were looked at.
    pub(crate) bytes: Option<u64>,
}

impl Counts {
    /// So many things, not looked at.
    pub(crate) fn unknown(paths: usize) -> Self {
        Self {
            files: u32::try_from(paths).unwrap_or(u32::MAX),
            folders: 0,
            bytes: None,
        }
    }

    /// Looks at each; may wait for a disk.
    pub(crate) fn observe(paths: &[PathBuf]) -> Self {
        let (mut files, mut folders, mut bytes) = (0, 0, Some(0_u64));
        for path in paths.iter().take(LOOK_AT) {
            match std::fs::symlink_metadata(path) {
                Ok(meta) if meta.is_dir() => {
                    folders += 1;
                    bytes = None;
                }
                Ok(meta) => {
                    files += 1;
                    bytes = bytes.and_then(|b| b.checked_add(meta.len()));
                }
                Err(_) => {
                    files += 1;
                    bytes = None;
                }
            }
        }
        if paths.len() > LOOK_AT {
            files = Self::unknown(paths.len()).files.saturating_sub(folders);
            bytes = None;
        }
        Self {
            files,
            folders,
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a011_a_number_is_good_once_and_only_if_a_drop_made_it() {
        let mut given = Given::default();
        assert_eq!(given.take(1, at(0)), None);
        let number = given.keep(vec!["/a".into()], at(0));
        assert_eq!(given.take(number + 1, at(1)), None);
        assert_eq!(given.take(number, at(1)), Some(vec!["/a".into()]));
        assert_eq!(given.take(number, at(1)), None);
    }

    #[test]
    fn what_nobody_asks_for_leaves_by_age_and_by_number() {
        let mut given = Given::default();
        let old = given.keep(vec!["/old".into()], at(0));
        assert_eq!(given.take(old, at(LIFE_MS)), None);
        let first = given.keep(Vec::new(), at(0));
        let rest: Vec<u32> = (0..MOST).map(|_| given.keep(Vec::new(), at(1))).collect();
        assert_eq!(given.take(first, at(1)), None);
        assert!(rest.iter().all(|n| given.take(*n, at(1)).is_some()));
    }

    #[test]
    fn counts_are_of_what_is_there_and_bytes_only_of_files() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&a, b"12345").unwrap();
        std::fs::create_dir(&b).unwrap();
        assert_eq!(
            Counts::observe(std::slice::from_ref(&a)),
            Counts {
                files: 1,
                folders: 0,
                bytes: Some(5)
            }
        );
        assert_eq!(
            Counts::observe(&[a, b, dir.path().join("gone")]),
            Counts {
                files: 2,
                folders: 1,
                bytes: None
            }
        );
    }
}
