//! Who has a file open for writing.
//!
//! Looked up in the descriptors of the processes that this user may see, once for all files that are ready at a moment. What can't be
//! seen (another user's program, another computer) is covered by the wait alone.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Device and inode of the files at or below these paths that another program has open for writing. Blocks.
pub(crate) fn writers(roots: &[PathBuf]) -> BTreeSet<(u64, u64)> {
    let mut found = BTreeSet::new();
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return found;
    };
    let own = std::process::id().to_string();
    for process in processes.flatten() {
        let name = process.file_name();
        let number = name
            .to_str()
            .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        if !number || name.to_str() == Some(&own) {
            continue;
        }
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        for descriptor in descriptors.flatten() {
            let below = std::fs::read_link(descriptor.path())
                .is_ok_and(|to| roots.iter().any(|root| to.starts_with(root)));
            if !below || !writes(&process.path().join("fdinfo").join(descriptor.file_name())) {
                continue;
            }
            if let Ok(meta) = std::fs::metadata(descriptor.path()) {
                found.insert((meta.dev(), meta.ino()));
            }
        }
    }
    found
}

/// Whether the descriptor was opened for writing. One that went meanwhile does not write.
fn writes(info: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(info) else {
        return false;
    };
    text.lines()
        .find_map(|l| l.strip_prefix("flags:"))
        .and_then(|f| u32::from_str_radix(f.trim(), 8).ok())
        .is_some_and(|flags| flags & 0o3 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Command, Stdio};

    #[test]
    fn f148_a_program_that_writes_is_seen_and_one_that_reads_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (written, read) = (root.join("w"), root.join("r"));
        std::fs::write(&written, b"x").unwrap();
        std::fs::write(&read, b"x").unwrap();
        let script = format!(
            "exec 3>>'{}' 4<'{}'; echo open; read x",
            written.display(),
            read.display()
        );
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let inode = std::fs::metadata(&written).map(|m| (m.dev(), m.ino())).unwrap();
        let roots = [root];
        assert_eq!(writers(&roots), BTreeSet::from([inode]));
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        child.wait().unwrap();
        assert!(writers(&roots).is_empty());
    }
}
