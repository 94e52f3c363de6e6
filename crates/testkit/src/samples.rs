//! Files to upload: of any size from a seed, and trees with the names that break programs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

const BLOCK: usize = 1 << 20;

/// Writes `bytes` bytes that are the same for the same seed and hardly compress. No two MiB of one seed are alike, and a
/// shorter file of a seed is the beginning of a longer one.
///
/// # Errors
/// The disk refuses.
pub fn random_file(path: impl AsRef<Path>, bytes: u64, seed: u64) -> Result<()> {
    let path = path.as_ref();
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let mut out = BufWriter::with_capacity(BLOCK, file);
    write_random(&mut out, bytes, seed)?;
    out.flush()?;
    Ok(())
}

/// The bytes of [`random_file`].
///
/// # Errors
/// `out` refuses.
pub fn write_random(out: &mut impl Write, bytes: u64, seed: u64) -> io::Result<()> {
    // One random block, and a mark at the head of each MiB: as good as random for whoever sends it, and made at the
    // speed of the disk also in a debug build.
    let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
    let mut block = Vec::with_capacity(BLOCK);
    while block.len() < BLOCK {
        block.extend_from_slice(&next(&mut state).to_le_bytes());
    }
    let mut left = bytes;
    let mut number = 0_u64;
    while left > 0 {
        let mut mark = seed.rotate_left(32) ^ number.wrapping_mul(0xD134_2543_DE82_EF95);
        for place in block.chunks_exact_mut(8).take(8) {
            place.copy_from_slice(&next(&mut mark).to_le_bytes());
        }
        let length = left.min(BLOCK as u64);
        out.write_all(
            block
                .get(..usize::try_from(length).unwrap_or(BLOCK))
                .unwrap_or_default(),
        )?;
        left -= length;
        number += 1;
    }
    Ok(())
}

/// splitmix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A file with a hole: `bytes` long, with a few bytes at its very end.
///
/// # Errors
/// The disk refuses.
pub fn sparse_file(path: impl AsRef<Path>, bytes: u64) -> Result<()> {
    use std::os::unix::fs::FileExt as _;
    let file =
        File::create(path.as_ref()).with_context(|| format!("cannot create {}", path.as_ref().display()))?;
    file.set_len(bytes)?;
    if let Some(end) = bytes.checked_sub(3) {
        file.write_all_at(b"end", end)?;
    }
    Ok(())
}

/// Names that people and other systems give to files, each with what is hard about it. None is refused by Linux.
pub const ODD_NAMES: &[(&str, &str)] = &[
    ("plain.txt", "nothing"),
    ("with space.txt", "a space"),
    (" lead and tail ", "spaces at both ends"),
    ("plus+and&amp;.txt", "characters of URLs and XML"),
    ("per%20cent%2F.txt", "looks encoded"),
    ("q?mark#hash.txt", "ends a path in a URL"),
    ("semi;colon=.txt", "parameters"),
    ("quote'\"x.txt", "quotes"),
    ("back\\slash.txt", "a separator elsewhere"),
    ("colon:star*.txt", "refused by Windows"),
    ("ü-ä-ö.txt", "composed letters"),
    ("u\u{308}-nfd.txt", "decomposed letters"),
    ("日本語ファイル.txt", "three bytes a letter"),
    ("emoji-😀.txt", "four bytes a letter"),
    ("\u{202e}cod.exe", "reads backwards"),
    ("new\nline.txt", "a line break"),
    ("tab\there.txt", "a tab"),
    ("-rf", "looks like an option"),
    ("~tilde", "looks like a home"),
    (".hidden", "hidden"),
    ("trailing.", "a dot at the end"),
    ("CON.txt", "a device elsewhere"),
    ("<xml>&.txt", "markup"),
];

/// A tree with every odd name, an empty file, a folder in a folder, and a file of three parts. Returns the files, as
/// paths relative to `root`.
///
/// # Errors
/// The disk refuses.
pub fn odd_tree(root: &Path, seed: u64) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (number, (name, _)) in ODD_NAMES.iter().enumerate() {
        let folder = if number % 3 == 0 {
            PathBuf::from("deep/er ü/日本")
        } else {
            PathBuf::new()
        };
        files.push((folder.join(name), 1_000 + number as u64));
    }
    // No UTF-8: a name from an old disk.
    files.push((PathBuf::from(OsStr::from_bytes(b"deep/latin1-\xfc.txt")), 77));
    files.push((PathBuf::from("empty.bin"), 0));
    files.push((PathBuf::from("deep/one byte"), 1));
    files.push((PathBuf::from("deep/exactly one part.bin"), 8 << 20));
    files.push((PathBuf::from("three parts.bin"), (16 << 20) + 12_345));
    for (number, (name, bytes)) in files.iter().enumerate() {
        random_file(root.join(name), *bytes, seed.wrapping_add(number as u64))?;
    }
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

/// All files below a folder, relative to it, in order. Names that start with a dot are left out when `hidden` is false.
///
/// # Errors
/// A folder can't be listed.
pub fn files_below(root: &Path, hidden: bool) -> Result<Vec<PathBuf>> {
    fn walk(root: &Path, below: &Path, hidden: bool, found: &mut Vec<PathBuf>) -> Result<()> {
        let folder = root.join(below);
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            if !hidden && entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type()?.is_dir() {
                walk(root, &name, hidden, found)?;
            } else {
                found.push(name);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(root, Path::new(""), hidden, &mut found)?;
    found.sort();
    Ok(found)
}

/// The bytes of a file; none when it went since it was listed.
///
/// # Errors
/// It is there and can't be read.
pub fn read_if_there(path: impl AsRef<Path>) -> Result<Option<Vec<u8>>> {
    let path = path.as_ref();
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// The file can't be read.
pub fn sha256(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut hashing = Hashing::default();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hashing.hex());
        }
        hashing.write_all(buffer.get(..read).unwrap_or_default())?;
    }
}

/// Hashes and counts what is written to it.
#[derive(Default)]
pub struct Hashing {
    hasher: Sha256,
    /// Bytes so far.
    pub bytes: u64,
}

impl Hashing {
    /// The SHA-256 of all bytes, in hexadecimal.
    #[must_use]
    pub fn hex(self) -> String {
        use std::fmt::Write as _;
        self.hasher
            .finalize()
            .iter()
            .fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            })
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
