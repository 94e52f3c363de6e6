//! The real type of a file by its content, held against the type that was declared.
//!
//! Pure: [`sniff`] looks at the first bytes and, for archives, at the names in the directory. [`sniff_file`] reads both
//! from a file. A guess is only made where a wrong one does no harm: between kinds of text.

pub mod directory;
mod real;
mod verdict;

use serde::{Deserialize, Serialize};
use std::io::{self, Read, Seek, SeekFrom};

pub use verdict::verdict;

/// How many of the first bytes are worth handing in.
pub const HEAD: usize = 64 * 1024;

/// What content says about a declared type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The content is of the declared type.
    Matches,
    /// The content may well be of the declared type: it is a wider or narrower word for it, or nothing can be told.
    Compatible,
    /// The content is of another type.
    Contradicts,
}

/// A type by content, and what it says about the declared one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// The real type, without parameters; empty if it is not known.
    pub real: &'static str,
    /// The same against the declared one.
    pub verdict: Verdict,
}

/// The real type of a file that begins with `head`. `complete` says that `head` is all of it. `names` are the entries of
/// its directory if it is an archive and they are known.
#[must_use]
pub fn sniff(head: &[u8], complete: bool, names: Option<&[String]>, declared: &str) -> Sniffed {
    let declared = essence(declared);
    let real = real::of(head, complete, names, &declared);
    Sniffed {
        real,
        verdict: verdict(real, &declared, real::names_matter(head) && names.is_none()),
    }
}

/// The same for a file that can be read.
///
/// # Errors
/// When it can't be read.
pub fn sniff_file(file: &mut (impl Read + Seek), declared: &str) -> io::Result<Sniffed> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD as u64 + 1).read_to_end(&mut head)?;
    let complete = head.len() <= HEAD;
    head.truncate(HEAD);
    let listed = if real::names_matter(&head) {
        directory::read(file)?
    } else {
        None
    };
    let names = listed.map(|l| l.names);
    // A damaged directory is known to name nothing.
    let none = Vec::new();
    let names = if real::names_matter(&head) {
        Some(names.as_deref().unwrap_or(&none))
    } else {
        None
    };
    Ok(sniff(&head, complete, names, declared))
}

/// A media type in lower case without its parameters.
#[must_use]
pub fn essence(declared: &str) -> String {
    declared
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .chars()
        .take(255)
        .collect::<String>()
        .to_ascii_lowercase()
}
