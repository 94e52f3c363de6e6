//! Finding proved files among a million: by words of their path or by their checksum, by where they went and came from, and when.
//!
//! The words stand in a full-text table that is filled behind the writer ([`index`]); what it does not hold yet is looked
//! through row by row. A word finds what begins with it: `c012` finds `A003_C012_1104.mov`.

use rusqlite::{Connection, params};
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::files::like;
use crate::history::{Ended, below};
use crate::receipts::{self, Receipt};
use crate::row::key;
use crate::words::words;

/// Words of a search that count.
const MOST_WORDS: usize = 8;

/// Takes up to `limit` more receipts into the table of words. Answers with how many; 0 when it holds all.
///
/// # Errors
/// As for every write.
pub fn index(conn: &Connection, limit: u32) -> Result<usize, QueueError> {
    let upto = upto(conn)?;
    let mut read = conn.prepare_cached(
        "SELECT seq, rel_path || ' ' || coalesce(lower(hex(sha256)), '') FROM receipt WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut write = conn.prepare_cached("INSERT INTO receipt_text (rowid, words) VALUES (?1, ?2)")?;
    let mut rows = read.query(params![upto, limit])?;
    let (mut count, mut last) = (0, upto);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        write.execute(params![last, row.get::<_, String>(1)?])?;
        count += 1;
    }
    if count > 0 {
        conn.prepare_cached("UPDATE receipt_text_upto SET upto = ?1")?
            .execute([last])?;
    }
    Ok(count)
}

fn upto(conn: &Connection) -> Result<i64, QueueError> {
    let mut q = conn.prepare_cached("SELECT upto FROM receipt_text_upto")?;
    Ok(q.query_row([], |r| r.get(0))?)
}

words! {
    /// Which proved files.
    Proved, "kind of proved files" {
        /// All.
        All = "all",
        /// Those that were sent.
        Sent = "sent",
        /// Those that did not have to be: the same content was there, or they are untouched since their receipt.
        Spared = "spared",
        /// Those that were processed where they arrived, well or not; the time of the filter is the end of that.
        Processed = "processed",
    }
}

/// Which files. What is absent does not matter; what is there has to hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFilter {
    /// Words of the path, or the beginning of the checksum; empty: every file.
    pub text: String,
    /// Of them.
    pub proved: Proved,
    /// Where it went.
    pub destination: Option<DestinationId>,
    /// It lay in this folder or below it, byte for byte.
    pub folder: Option<Vec<u8>>,
    /// How its group ended.
    pub ended: Option<Ended>,
    /// Written down as proved then or later.
    pub from: Option<Timestamp>,
    /// Written down as proved before.
    pub before: Option<Timestamp>,
}

impl FileFilter {
    /// Files by words alone.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            proved: Proved::All,
            destination: None,
            folder: None,
            ended: None,
            from: None,
            before: None,
        }
    }
}

/// A page of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Newest first.
    pub receipts: Vec<Receipt>,
    /// The page after it holds files before this number; `None`: there are no more. A page may hold fewer files than it could, or
    /// none, and yet have one after it: a page looks at a bounded number of files.
    pub next: Option<i64>,
}

/// Files of one page that are looked at one by one, at most: so long it takes tens of milliseconds.
pub const MOST_LOOKED_AT: usize = 50_000;

/// Whether the file of the receipt `r` is one of those; `?4` to `?10`.
const FITS: &str = "(?4 IS NULL OR r.destination_id = ?4) \
     AND (?5 IS NULL OR (r.result = 'uploaded') = ?5) \
     AND (?6 IS NULL OR substr(r.path, 1, length(?6)) = ?6) \
     AND (?7 IS NULL OR EXISTS (SELECT 1 FROM history h WHERE h.group_id = r.group_id AND h.state = ?7)) \
     AND (?8 = 0 OR EXISTS (SELECT 1 FROM processing p WHERE p.file_id = r.file_id AND p.ended_at >= ?9 AND p.ended_at < ?10))";

/// Proved files, newest first, before a number (`None`: from the newest).
///
/// # Errors
/// As for every read.
pub fn files(
    conn: &Connection,
    filter: &FileFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<Found, QueueError> {
    let words: Vec<String> = filter
        .text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .take(MOST_WORDS)
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() && !filter.text.trim().is_empty() {
        return Ok(Found::default());
    }
    let mut page = Page {
        filter,
        limit,
        seqs: Vec::new(),
        looked: 0,
        next: None,
    };
    let range = range(conn, filter, before)?;
    if words.is_empty() {
        // By the number of the receipt.
        let sql = format!(
            "SELECT r.seq, {FITS}, '' FROM receipt r WHERE r.seq >= ?1 AND r.seq < ?2 AND ?3 = '' ORDER BY r.seq DESC"
        );
        page.walk(conn, &sql, range, "", |_| true)?;
    } else {
        // Those that the table of words does not hold yet.
        let upto = upto(conn)?;
        let sql = format!(
            "SELECT r.seq, {FITS}, {WORDS} FROM receipt r
             WHERE r.seq >= ?1 AND r.seq < ?2 AND {WORDS} LIKE ?3 ESCAPE '\\' ORDER BY r.seq DESC"
        );
        let first = words.first().map(|w| like(w)).unwrap_or_default();
        let has_all = |text: &str| {
            let text = text.to_lowercase();
            let has = |word: &String| {
                text.split(|c: char| !c.is_alphanumeric())
                    .any(|w| w.starts_with(word.as_str()))
            };
            words.iter().all(has)
        };
        page.walk(
            conn,
            &sql,
            (range.0.max(upto.saturating_add(1)), range.1),
            &first,
            has_all,
        )?;
        if page.next.is_none() {
            let ask: Vec<String> = words.iter().map(|w| format!("\"{w}\"*")).collect();
            let sql = format!(
                "SELECT r.seq, {FITS}, '' FROM receipt_text t CROSS JOIN receipt r ON r.seq = t.rowid
                 WHERE t.receipt_text MATCH ?3 AND t.rowid >= ?1 AND t.rowid < ?2 ORDER BY t.rowid DESC"
            );
            page.walk(conn, &sql, range, &ask.join(" "), |_| true)?;
        }
    }
    Ok(Found {
        receipts: receipts::by_seq(conn, &page.seqs)?,
        next: page.next,
    })
}

/// What is matched in a receipt that the table of words does not hold.
const WORDS: &str = "r.rel_path || ' ' || coalesce(lower(hex(r.sha256)), '')";

/// The numbers between which the files were written down in the filter's time, the second not counted.
fn range(conn: &Connection, filter: &FileFilter, before: Option<i64>) -> Result<(i64, i64), QueueError> {
    let before = before.unwrap_or(i64::MAX);
    // A file is processed after it was proved: only its end matters.
    let low = match filter.from {
        Some(from) if filter.proved != Proved::Processed => receipts::first_since(conn, from)?,
        _ => 0,
    };
    let high = match filter.before {
        Some(at) => receipts::first_since(conn, at)?,
        None => i64::MAX,
    };
    Ok((low, high.min(before)))
}

/// A page that is being filled.
struct Page<'a> {
    filter: &'a FileFilter,
    limit: usize,
    seqs: Vec<i64>,
    looked: usize,
    next: Option<i64>,
}

impl Page<'_> {
    /// Looks at the rows of a statement, which tells the number, whether it fits, and a text to be looked at, newest first.
    fn walk(
        &mut self,
        conn: &Connection,
        sql: &str,
        range: (i64, i64),
        text: &str,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<(), QueueError> {
        let sent = match self.filter.proved {
            Proved::All | Proved::Processed => None,
            Proved::Sent => Some(true),
            Proved::Spared => Some(false),
        };
        let mut q = conn.prepare_cached(sql)?;
        let mut rows = q.query(params![
            range.0,
            range.1,
            text,
            self.filter.destination.map(key),
            sent,
            self.filter.folder.as_deref().map(below),
            self.filter.ended.map(Ended::as_str),
            self.filter.proved == Proved::Processed,
            self.filter.from.map_or(i64::MIN, Timestamp::as_millis),
            self.filter.before.map_or(i64::MAX, Timestamp::as_millis),
        ])?;
        while let Some(row) = rows.next()? {
            let seq = row.get(0)?;
            self.looked += 1;
            let text = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            if row.get(1)? && is_meant(text) {
                self.seqs.push(seq);
            }
            if self.seqs.len() == self.limit || self.looked == MOST_LOOKED_AT {
                self.next = Some(seq);
                break;
            }
        }
        Ok(())
    }
}
