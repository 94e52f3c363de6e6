//! The names in the directory of a zip archive. Own, small and bounded, so that the question "how many entries, and
//! which" is answered before any library reads the archive.

use std::io::{self, Read, Seek, SeekFrom};

/// The end record is 22 bytes and a comment of at most 65,535.
pub const TAIL: usize = 22 + 65_535;
/// Names that are listed; the rest is only counted.
const NAMES: usize = 4096;
/// Bytes of the directory that are read.
const BYTES: u64 = 4 << 20;

/// What a directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// How many entries it claims to have.
    pub entries: u64,
    /// The first names of them.
    pub names: Vec<String>,
}

/// Where the directory lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Entries.
    pub entries: u64,
    /// Bytes.
    pub size: u64,
    /// Offset of its first byte; with data before the archive it counts from the archive's begin.
    pub offset: u64,
    /// Offset of the end record within the tail.
    end: usize,
}

/// Finds the directory by the last bytes of a file ([`TAIL`] are enough).
#[must_use]
pub fn locate(tail: &[u8]) -> Option<Place> {
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06")?;
    let record = tail.get(end..end + 22)?;
    let place = Place {
        entries: u64::from(short(record, 10)?),
        size: u64::from(long(record, 12)?),
        offset: u64::from(long(record, 16)?),
        end,
    };
    // All ones: the true numbers stand in the zip64 record before.
    if place.entries != 0xFFFF && place.offset != 0xFFFF_FFFF && place.size != 0xFFFF_FFFF {
        return Some(place);
    }
    let at = tail[..end].windows(4).rposition(|w| w == b"PK\x06\x06")?;
    let record = tail.get(at..at + 56)?;
    Some(Place {
        entries: quad(record, 32)?,
        size: quad(record, 40)?,
        offset: quad(record, 48)?,
        end: at,
    })
}

/// The names in the bytes of a directory.
#[must_use]
pub fn names(mut directory: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while names.len() < NAMES && directory.starts_with(b"PK\x01\x02") {
        let Some((name, extra, comment)) = short(directory, 28)
            .zip(short(directory, 30))
            .zip(short(directory, 32))
            .map(|((n, e), c)| (n, e, c))
        else {
            break;
        };
        let after = 46 + usize::from(name);
        let Some(bytes) = directory.get(46..after) else {
            break;
        };
        names.push(String::from_utf8_lossy(bytes).into_owned());
        directory = directory
            .get(after + usize::from(extra) + usize::from(comment)..)
            .unwrap_or_default();
    }
    names
}

/// Reads the directory of a file; `None` if it has none.
///
/// # Errors
/// When the file can't be read.
pub fn read(file: &mut (impl Read + Seek)) -> io::Result<Option<Directory>> {
    let size = file.seek(SeekFrom::End(0))?;
    let from = size.saturating_sub(TAIL as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL as u64).read_to_end(&mut tail)?;
    let Some(place) = locate(&tail) else {
        return Ok(None);
    };
    // The directory ends where its end record begins, whatever stands before the archive.
    let Some(begin) = (from + place.end as u64).checked_sub(place.size) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.by_ref()
        .take(place.size.min(BYTES))
        .read_to_end(&mut bytes)?;
    Ok(Some(Directory {
        entries: place.entries,
        names: names(&bytes),
    }))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn quad(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
