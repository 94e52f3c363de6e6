//! Looking for files of a group, by words of their path and by what became of them.
//!
//! The words are looked for anywhere in the path inside the group. Rows of one state come from an index alone; a search
//! in words reads the rows of the group, which for 100,000 of them takes some 30 ms.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rusqlite::{Connection, params};
use windlass_core::error::ErrorCode;
use windlass_core::ids::{FileId, GroupId};

use super::rows::{COLUMNS, FileRow, read};
use crate::QueueError;
use crate::row::{id, key, unsigned};
use crate::totals::FOR_GOOD;
use crate::words::words;

words! {
    /// What became of a file, coarsely.
    Kind, "kind of file" {
        /// Every file.
        All = "all",
        /// Not ended.
        Open = "open",
        /// Needs a person.
        Failed = "failed",
        /// Proved.
        Done = "done",
        /// Refused for good, or cancelled.
        LeftOut = "left_out",
        /// It arrived, and the server could not process it.
        Unprocessed = "unprocessed",
        /// Not ended, and on a disk that was found not to be connected.
        NoDisk = "no_disk",
    }
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// Words that the path has, all of them; empty: any path.
    pub text: String,
    /// What became of the file.
    pub kind: Kind,
    /// Only those that failed with this: the upload, or of the unprocessed their processing.
    pub code: Option<ErrorCode>,
}

/// One that finds everything.
impl Default for Find {
    fn default() -> Self {
        Self {
            text: String::new(),
            kind: Kind::All,
            code: None,
        }
    }
}

impl Find {
    /// True when it leaves nothing out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.kind == Kind::All && self.code.is_none() && self.text.trim().is_empty()
    }

    fn condition(&self) -> &'static str {
        static FAILED: LazyLock<String> = LazyLock::new(|| {
            format!(
                "f.state = 'failed' AND f.error_code NOT IN ({})",
                FOR_GOOD.as_str()
            )
        });
        static LEFT_OUT: LazyLock<String> = LazyLock::new(|| {
            format!(
                "(f.state = 'removed' OR (f.state = 'failed' AND f.error_code IN ({})))",
                FOR_GOOD.as_str()
            )
        });
        match self.kind {
            Kind::All => "1",
            Kind::Open => "f.state NOT IN ('done', 'failed', 'removed')",
            Kind::Failed => &FAILED,
            Kind::Done => "f.state = 'done'",
            Kind::LeftOut => &LEFT_OUT,
            Kind::Unprocessed => {
                "f.state = 'done' AND EXISTS (SELECT 1 FROM processing p WHERE p.file_id = f.id AND p.state = 'failed')"
            }
            // Those whose turn has not come yet are on that disk too.
            Kind::NoDisk => {
                "f.state <> 'done' AND f.state <> 'failed' AND f.state <> 'removed' AND f.dev IN (
                     SELECT d.dev FROM upload_file d WHERE d.group_id = ?1 AND d.error_code = 'disk_missing'
                       AND d.state <> 'done' AND d.state <> 'failed' AND d.state <> 'removed')"
            }
        }
    }

    /// One `LIKE` pattern a word; at most four, which is more than a person types.
    fn patterns(&self) -> [String; 4] {
        let mut words = self.text.split_whitespace().map(like);
        std::array::from_fn(|_| words.next().unwrap_or_else(|| "%".to_owned()))
    }

    fn clause(&self) -> String {
        let text = if self.text.trim().is_empty() {
            ""
        } else {
            " AND f.rel_path LIKE ?2 ESCAPE '\\' AND f.rel_path LIKE ?3 ESCAPE '\\'
              AND f.rel_path LIKE ?4 ESCAPE '\\' AND f.rel_path LIKE ?5 ESCAPE '\\'"
        };
        // The words of codes are ours and hold no quote.
        let code = self
            .code
            .map(|c| match self.kind {
                Kind::Unprocessed => {
                    format!(
                        " AND EXISTS (SELECT 1 FROM processing p WHERE p.file_id = f.id AND p.code = '{c}')"
                    )
                }
                _ => format!(" AND f.state = 'failed' AND f.error_code = '{c}'"),
            })
            .unwrap_or_default();
        // The slots stay in use, so that one list of values fits every statement.
        format!(
            "f.group_id = ?1 AND ({}){text}{code} AND coalesce(?2, ?3, ?4, ?5, '') IS NOT NULL",
            self.condition()
        )
    }
}

/// A word as a pattern that finds it anywhere.
pub(crate) fn like(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A page of what is found, by place, after `offset` of them.
///
/// # Errors
/// As for every read.
pub fn find(
    conn: &Connection,
    group: GroupId,
    what: &Find,
    offset: u64,
    limit: usize,
) -> Result<Vec<FileRow>, QueueError> {
    let [a, b, c, d] = what.patterns();
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM upload_file f WHERE {} ORDER BY f.position LIMIT ?6 OFFSET ?7",
        what.clause()
    ))?;
    let (limit, offset) = (
        i64::try_from(limit).unwrap_or(i64::MAX),
        i64::try_from(offset).unwrap_or(i64::MAX),
    );
    Ok(q.query_map(params![key(group), a, b, c, d, limit, offset], read)?
        .collect::<Result<_, _>>()?)
}

/// How many are found.
///
/// # Errors
/// As for every read.
pub fn found_count(conn: &Connection, group: GroupId, what: &Find) -> Result<u64, QueueError> {
    let [a, b, c, d] = what.patterns();
    let mut q = conn.prepare_cached(&format!(
        "SELECT count(*) FROM upload_file f WHERE {}",
        what.clause()
    ))?;
    Ok(q.query_row(params![key(group), a, b, c, d], |r| unsigned(r, 0))?)
}

/// All that are found, by place.
///
/// # Errors
/// As for every read.
pub fn find_ids(conn: &Connection, group: GroupId, what: &Find) -> Result<Vec<FileId>, QueueError> {
    let [a, b, c, d] = what.patterns();
    let mut q = conn.prepare_cached(&format!(
        "SELECT f.id FROM upload_file f WHERE {} ORDER BY f.position",
        what.clause()
    ))?;
    Ok(q.query_map(params![key(group), a, b, c, d], |r| id(r, 0))?
        .collect::<Result<_, _>>()?)
}

/// Disks that were found not to be connected, by their numbers in the rows of files that have not ended.
///
/// # Errors
/// As for every read.
pub fn disks_away(conn: &Connection) -> Result<BTreeSet<u64>, QueueError> {
    // By an index that has the code: a million files are looked through in some 100 ms.
    let mut q = conn.prepare(
        "SELECT DISTINCT dev FROM upload_file INDEXED BY upload_file_totals
         WHERE error_code = 'disk_missing' AND state NOT IN ('done', 'failed', 'removed')",
    )?;
    Ok(q.query_map([], |r| r.get::<_, i64>(0).map(i64::cast_unsigned))?
        .collect::<Result<_, _>>()?)
}

/// The files that stand from one place on up to another.
///
/// # Errors
/// As for every read.
pub fn ids_at(conn: &Connection, group: GroupId, from: u32, to: u32) -> Result<Vec<FileId>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT id FROM upload_file WHERE group_id = ?1 AND position >= ?2 AND position < ?3 ORDER BY position",
    )?;
    Ok(q.query_map(params![key(group), from, to], |r| id(r, 0))?
        .collect::<Result<_, _>>()?)
}

/// In how many files of each group with a card the words are found; groups without any are absent.
///
/// # Errors
/// As for every read.
pub fn found_in_groups(conn: &Connection, text: &str) -> Result<Vec<(GroupId, u64)>, QueueError> {
    let what = Find {
        text: text.to_owned(),
        ..Find::default()
    };
    let [a, b, c, d] = what.patterns();
    let mut q = conn.prepare_cached(
        "SELECT g.id, count(*) FROM upload_group g CROSS JOIN upload_file f ON f.group_id = g.id
         WHERE g.hidden = 0 AND f.rel_path LIKE ?1 ESCAPE '\\' AND f.rel_path LIKE ?2 ESCAPE '\\'
           AND f.rel_path LIKE ?3 ESCAPE '\\' AND f.rel_path LIKE ?4 ESCAPE '\\'
         GROUP BY g.id",
    )?;
    Ok(
        q.query_map(params![a, b, c, d], |r| Ok((id(r, 0)?, unsigned(r, 1)?)))?
            .collect::<Result<_, _>>()?,
    )
}

/// How many files of a group have no proof and were not cancelled: open ones and those that failed, left out ones included.
///
/// # Errors
/// As for every read.
pub fn open_or_failed(conn: &Connection, group: GroupId) -> Result<u32, QueueError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT count(*) FROM upload_file WHERE group_id = ?1 AND state NOT IN ('done', 'removed')
           AND (state <> 'failed' OR error_code NOT IN ({}))",
        FOR_GOOD.as_str()
    ))?;
    Ok(q.query_row([key(group)], |r| r.get(0))?)
}
