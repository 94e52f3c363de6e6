//! What arrived, compared with what was sent: every file there, with its bytes, and nothing beside them.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use windlass_testkit::s3::Oracle;
use windlass_testkit::samples;

/// Compares a tree with the folder of a group at a folder destination.
///
/// # Errors
/// A file is missing, differs, or is there although nobody sent it. Unfinished things in `.windlass` count as such too.
pub fn compare_folder(source: &Path, group: &Path) -> Result<()> {
    let sent = hashes(source, &samples::files_below(source, true)?)?;
    let arrived = hashes(group, &samples::files_below(group, true)?)?;
    differ(&sent, &arrived, "the folder")
}

/// Compares a tree with the objects below a prefix, by reading each back.
///
/// # Errors
/// An object is missing, differs, or is there although nobody sent it; or a multipart upload is open.
pub fn compare_bucket(source: &Path, oracle: &Oracle, prefix: &str) -> Result<()> {
    let sent: BTreeMap<String, String> = samples::files_below(source, true)?
        .iter()
        .map(|file| Ok((encoded(file), samples::sha256(source.join(file))?)))
        .collect::<Result<_>>()?;
    let mut arrived = BTreeMap::new();
    for object in oracle.objects(prefix)? {
        let name = object.key.strip_prefix(prefix).unwrap_or(&object.key).to_owned();
        let (bytes, sha256) = oracle.sha256(&object.key)?;
        ensure!(
            bytes == object.bytes,
            "{}: listed with {} bytes, read {bytes}",
            object.key,
            object.bytes
        );
        arrived.insert(name, sha256);
    }
    differ(&sent, &arrived, "the bucket")?;
    let open = oracle.uploads()?;
    ensure!(open.is_empty(), "unfinished multipart uploads: {open:?}");
    Ok(())
}

/// Path bytes as an object's key has them: valid UTF-8 as it is, every other byte as `%XX`, and `%` as `%25`.
#[must_use]
pub fn encoded(path: &Path) -> String {
    let mut key = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        key.push_str(&chunk.valid().replace('%', "%25"));
        for byte in chunk.invalid() {
            key.push_str(&format!("%{byte:02X}"));
        }
    }
    key
}

fn hashes(root: &Path, files: &[PathBuf]) -> Result<BTreeMap<PathBuf, String>> {
    files
        .iter()
        .map(|file| Ok((file.clone(), samples::sha256(root.join(file))?)))
        .collect()
}

fn differ<K: Ord + std::fmt::Debug>(
    sent: &BTreeMap<K, String>,
    arrived: &BTreeMap<K, String>,
    place: &str,
) -> Result<()> {
    let missing: Vec<_> = sent.keys().filter(|name| !arrived.contains_key(name)).collect();
    let strange: Vec<_> = arrived.keys().filter(|name| !sent.contains_key(name)).collect();
    let changed: Vec<_> = sent
        .iter()
        .filter(|(name, hash)| arrived.get(name).is_some_and(|other| other != *hash))
        .collect();
    ensure!(
        missing.is_empty() && strange.is_empty() && changed.is_empty(),
        "{place} is not what was sent\nmissing: {missing:?}\nstrange: {strange:?}\nother bytes: {changed:?}"
    );
    Ok(())
}
