//! Looks at a queue's file without SQLite, so that a file of a newer Windlass is refused before anything is written: no
//! `-wal`, no `-shm`, no recovery (I15). The version may stand in the log only, so its committed frames are read too.
//!
//! Only for a file that this process has not opened: closing any descriptor of a file drops the process's locks on it.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// "WLQ1": says that the file is a queue of Windlass.
pub(crate) const APPLICATION_ID: i32 = 0x574c_5131;

const HEADER: usize = 100;
const VERSION_AT: usize = 60;
const APPLICATION_AT: usize = 68;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What lies at the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing.
    Absent,
    /// Something that is no queue: empty, cut, of another program, or noise.
    NoQueue(&'static str),
    /// A queue of this version.
    Queue {
        /// Version.
        version: u32,
    },
}

/// The names of the log and of its shared memory.
pub(crate) fn companions(path: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    })
}

/// Looks.
pub(crate) fn look(path: &Path) -> io::Result<Found> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Found::Absent),
        Err(e) => return Err(e),
    };
    let mut page = [0u8; HEADER];
    match file.read_exact(&mut page) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(Found::NoQueue("it is empty or cut")),
        Err(e) => return Err(e),
    }
    if !page.starts_with(b"SQLite format 3\0") {
        return Ok(Found::NoQueue("it is no database"));
    }
    let logged = match File::open(&companions(path)[0]) {
        Ok(log) => first_page_in_log(BufReader::with_capacity(1 << 16, log))?,
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    let page = logged.unwrap_or(page);
    let version = big_endian(&page[VERSION_AT..]);
    if big_endian(&page[APPLICATION_AT..]) != APPLICATION_ID.cast_unsigned() || version == 0 {
        return Ok(Found::NoQueue("it is the database of another program"));
    }
    Ok(Found::Queue { version })
}

fn big_endian(bytes: &[u8]) -> u32 {
    bytes
        .first_chunk::<4>()
        .map_or(0, |four| u32::from_be_bytes(*four))
}

/// The beginning of the first page as the last commit in the log left it.
fn first_page_in_log(mut log: impl Read) -> io::Result<Option<[u8; HEADER]>> {
    let mut head = [0u8; LOG_HEADER];
    if !fill(&mut log, &mut head)? {
        return Ok(None);
    }
    let big = match big_endian(&head) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return Ok(None),
    };
    let page_size = big_endian(&head[8..]) as usize;
    if !(512..=65_536).contains(&page_size) || !page_size.is_power_of_two() {
        return Ok(None);
    }
    let mut sum = checksum((0, 0), &head[..24], big);
    if sum != (big_endian(&head[24..]), big_endian(&head[28..])) {
        return Ok(None);
    }
    let (mut seen, mut committed) = (None, None);
    let mut frame = vec![0u8; FRAME_HEADER + page_size];
    while fill(&mut log, &mut frame)? {
        sum = checksum(checksum(sum, &frame[..8], big), &frame[FRAME_HEADER..], big);
        let valid =
            frame[8..16] == head[16..24] && sum == (big_endian(&frame[16..]), big_endian(&frame[20..]));
        if !valid {
            break;
        }
        if big_endian(&frame) == 1 {
            seen = frame[FRAME_HEADER..].first_chunk::<HEADER>().copied();
        }
        if big_endian(&frame[4..]) != 0 {
            committed = seen;
        }
    }
    Ok(committed)
}

/// False at the end, also in the middle of a frame.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

/// The checksum of SQLite's log format.
fn checksum(start: (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let word = |b: &[u8]| {
        let n = big_endian(b);
        if big { n } else { n.swap_bytes() }
    };
    bytes.chunks_exact(8).fold(start, |(s1, s2), eight| {
        let s1 = s1.wrapping_add(word(&eight[..4])).wrapping_add(s2);
        (s1, s2.wrapping_add(word(&eight[4..])).wrapping_add(s1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn i15_a_version_that_stands_only_in_the_log_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("q.sqlite");
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        conn.execute_batch("PRAGMA user_version = 3; CREATE TABLE a (b); PRAGMA journal_mode = WAL; PRAGMA user_version = 8;")
            .unwrap();
        assert_eq!(
            big_endian(&std::fs::read(&path).unwrap()[VERSION_AT..]),
            3,
            "the commit stands in the log"
        );
        conn.execute_batch("BEGIN; PRAGMA user_version = 9; INSERT INTO a VALUES (randomblob(9000000));")
            .unwrap();
        // The connection stays open, so that nothing is copied back; the open transaction does not count.
        assert_eq!(look(&path).unwrap(), Found::Queue { version: 8 });
    }

    #[test]
    fn what_is_no_queue_is_told_without_opening_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("q.sqlite");
        assert_eq!(look(&path).unwrap(), Found::Absent);
        for bytes in [&b""[..], b"SQLite format 3\0", &[7u8; 4096]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(matches!(look(&path).unwrap(), Found::NoQueue(_)));
        }
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE other (a)")
            .unwrap();
        assert!(matches!(look(&path).unwrap(), Found::NoQueue(_)));
    }
}
