//! Finding proved files by words of their path or by their checksum, among a million.
//!
//! The words stand in a full-text table that is filled behind the writer ([`index`]); what it does not hold yet is looked
//! through row by row. A word finds what begins with it: `c012` finds `A003_C012_1104.mov`.

use rusqlite::{Connection, params};

use crate::QueueError;
use crate::files::like;
use crate::receipts::{self, Receipt};

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

/// Receipts whose path has words that begin with all of these, or whose checksum does; newest first, before a number
/// (`None`: from the newest).
///
/// # Errors
/// As for every read.
pub fn files(
    conn: &Connection,
    text: &str,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Receipt>, QueueError> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .take(MOST_WORDS)
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let (upto, before) = (upto(conn)?, before.unwrap_or(i64::MAX));
    let mut seqs = unindexed(conn, &words, upto, before, limit)?;
    if seqs.len() < limit {
        seqs.extend(indexed(conn, &words, before, limit - seqs.len())?);
    }
    receipts::by_seq(conn, &seqs)
}

fn indexed(conn: &Connection, words: &[String], before: i64, limit: usize) -> Result<Vec<i64>, QueueError> {
    let ask: Vec<String> = words.iter().map(|w| format!("\"{w}\"*")).collect();
    let mut q = conn.prepare_cached(
        "SELECT rowid FROM receipt_text WHERE receipt_text MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(q.query_map(params![ask.join(" "), before, limit], |r| r.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Those that the table of words does not hold yet.
fn unindexed(
    conn: &Connection,
    words: &[String],
    upto: i64,
    before: i64,
    limit: usize,
) -> Result<Vec<i64>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT seq, rel_path || ' ' || coalesce(lower(hex(sha256)), '') FROM receipt
         WHERE seq > ?1 AND seq < ?2 AND rel_path || ' ' || coalesce(lower(hex(sha256)), '') LIKE ?3 ESCAPE '\\'
         ORDER BY seq DESC",
    )?;
    let Some(first) = words.first() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let mut rows = q.query(params![upto, before, like(first)])?;
    while let Some(row) = rows.next()? {
        let text = row.get::<_, String>(1)?.to_lowercase();
        let has = |word: &String| {
            text.split(|c: char| !c.is_alphanumeric())
                .any(|w| w.starts_with(word.as_str()))
        };
        if words.iter().all(has) {
            found.push(row.get(0)?);
            if found.len() == limit {
                break;
            }
        }
    }
    Ok(found)
}
