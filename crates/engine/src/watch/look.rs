//! Looking at files of a watched folder: one by one, or all of them. All of it blocks.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use tokio::sync::mpsc;
use walkdir::WalkDir;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::watch::{Kind, Left, Why};
use windlass_transfer::source;

use super::rules::Rules;
use crate::clock;
use crate::groups::path_of;

/// Files of one step of a walk.
const STEP: usize = 500;

/// A file as it was seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) rel: Vec<u8>,
    pub(crate) kind: Kind,
    pub(crate) fingerprint: SourceFingerprint,
    pub(crate) left: Option<Left>,
}

/// What lies at a path.
#[derive(Debug)]
pub(crate) enum Looked {
    /// A file, or something that never goes.
    Seen(Seen),
    /// A folder.
    Folder,
    /// Nothing.
    Gone,
}

/// Below the root, byte for byte; `None` for the root itself and for what is not below it.
pub(crate) fn below(root: &Path, path: &Path) -> Option<Vec<u8>> {
    let rel = path.strip_prefix(root).ok()?.as_os_str().as_bytes().to_vec();
    (!rel.is_empty()).then_some(rel)
}

/// Looks at one path, and at the folders above it: a rule for them holds for it too.
pub(crate) fn look(root: &Path, rel: &[u8], rules: &Rules) -> Looked {
    let path = root.join(path_of(rel));
    match std::fs::symlink_metadata(&path) {
        Ok(meta) if meta.is_dir() => Looked::Folder,
        Ok(meta) => {
            let fingerprint = source::fingerprint(&meta);
            if !meta.is_file() {
                return Looked::Seen(Seen {
                    rel: rel.to_vec(),
                    kind: Kind::Other,
                    fingerprint,
                    left: None,
                });
            }
            // A link above it: it is not below the folder.
            let mut above = rel;
            while let Some(cut) = above.iter().rposition(|b| *b == b'/') {
                above = &above[..cut];
                if std::fs::symlink_metadata(root.join(path_of(above))).is_ok_and(|m| m.is_symlink()) {
                    return Looked::Gone;
                }
            }
            Looked::Seen(Seen {
                rel: rel.to_vec(),
                kind: Kind::File,
                fingerprint,
                left: left(rules, rel, meta.len(), age_ms(&fingerprint)),
            })
        }
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Looked::Gone,
        Err(e) => Looked::Seen(unreadable(rel, &e.to_string())),
    }
}

/// What rules say of a file: those for the folders above it, then its own.
pub(crate) fn left(rules: &Rules, rel: &[u8], size: u64, age_ms: i64) -> Option<Left> {
    let mut ends = rel
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'/')
        .map(|(i, _)| i);
    ends.find_map(|end| rules.left_folder(&rel[..end]))
        .or_else(|| rules.left(rel, size, age_ms))
}

/// How long ago the content was changed, milliseconds.
fn age_ms(fingerprint: &SourceFingerprint) -> i64 {
    clock::now_ns().saturating_sub(fingerprint.mtime_ns) / 1_000_000
}

fn unreadable(rel: &[u8], detail: &str) -> Seen {
    Seen {
        rel: rel.to_vec(),
        kind: Kind::File,
        fingerprint: SourceFingerprint::NOTHING,
        left: Some(Left::by(Why::Unreadable, detail)),
    }
}

/// Walks all below `from`, which is the root or a folder in it. False when it did not come to the end.
pub(crate) fn walk(root: &Path, from: &Path, rules: &Rules, send: &mpsc::Sender<Vec<Seen>>) -> bool {
    let mut step = Vec::with_capacity(STEP);
    let mut whole = true;
    let mut walk = WalkDir::new(from)
        .follow_links(false)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        let seen = match entry {
            Err(e) => {
                let gone = e
                    .io_error()
                    .is_some_and(|io| io.kind() == io::ErrorKind::NotFound);
                let rel = e.path().and_then(|p| below(root, p));
                whole &= gone || rel.is_some();
                match rel {
                    Some(rel) if !gone => unreadable(&rel, &e.to_string()),
                    _ => continue,
                }
            }
            Ok(entry) => {
                let Some(rel) = below(root, entry.path()) else {
                    continue;
                };
                if entry.file_type().is_dir() {
                    let Some(left) = rules.left_folder(&rel) else {
                        continue;
                    };
                    walk.skip_current_dir();
                    // What systems and programs hide is not worth a line a folder.
                    if left.why != Why::Excluded {
                        continue;
                    }
                    let mut rel = rel;
                    rel.push(b'/');
                    Seen {
                        rel,
                        kind: Kind::File,
                        fingerprint: SourceFingerprint::NOTHING,
                        left: Some(left),
                    }
                } else {
                    match entry.metadata() {
                        Ok(meta) => {
                            let fingerprint = source::fingerprint(&meta);
                            Seen {
                                kind: if meta.is_file() { Kind::File } else { Kind::Other },
                                left: rules.left(&rel, meta.len(), age_ms(&fingerprint)),
                                fingerprint,
                                rel,
                            }
                        }
                        Err(e)
                            if e.io_error()
                                .is_some_and(|io| io.kind() == io::ErrorKind::NotFound) =>
                        {
                            continue;
                        }
                        Err(e) => unreadable(&rel, &e.to_string()),
                    }
                }
            }
        };
        step.push(seen);
        if step.len() >= STEP && send.blocking_send(std::mem::take(&mut step)).is_err() {
            return false;
        }
    }
    (step.is_empty() || send.blocking_send(step).is_ok()) && whole
}
