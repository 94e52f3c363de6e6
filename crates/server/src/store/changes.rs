//! The log of changes, read in order: by an owner's clients, and by what is told of it.
//!
//! A place in the log is the transaction that wrote an entry and the entry's number. Numbers are given before a commit, so
//! on PostgreSQL a later number may be seen before an earlier one. Readers therefore stop below the oldest transaction that
//! still runs: what is below has ended, and nothing comes in there any more (F129). On SQLite there is one writer.
//!
//! A ledger that was restored knows less than its clients were told. It goes on with places above all of theirs
//! (`db::migrate`), so that nothing of what comes then is behind anybody.

use std::fmt;
use std::str::FromStr;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_protocol::changes::Change;

use crate::db::{Dialect, Row, Tx, params};
use crate::failure::internal;

/// A place in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    txid: i64,
    seq: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.txid, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = Failure;

    /// Empty is the beginning.
    fn from_str(text: &str) -> Result<Self, Failure> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let number = |t: &str| t.parse().ok().filter(|n: &i64| *n >= 0);
        let both = text.split_once('-');
        both.and_then(|(t, s)| {
            Some(Self {
                txid: number(t)?,
                seq: number(s)?,
            })
        })
        .ok_or_else(|| Failure::new(ErrorCode::BadCursor, "the cursor is none of this feed"))
    }
}

/// What every reader stays below.
const fn horizon(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => {
            " AND txid < (SELECT base FROM feed) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        }
    }
}

/// Changes of an owner behind a place, in order.
///
/// # Errors
/// As the database answers.
pub fn after(
    tx: &mut dyn Tx,
    owner: OwnerId,
    cursor: Cursor,
    most: u32,
) -> Result<Vec<(Cursor, Change)>, Failure> {
    let sql = format!(
        "SELECT txid, seq, at, machine, subject_id, kind, from_state, to_state, rev, reason, data FROM outbox_entry
         WHERE owner_id = ?1 AND (txid, seq) > (?2, ?3){} ORDER BY txid, seq LIMIT ?4",
        horizon(tx.dialect())
    );
    let rows = tx.query(&sql, params![owner, cursor.txid, cursor.seq, most])?;
    rows.iter().map(read).collect()
}

/// True when there is a change behind a place.
///
/// # Errors
/// As the database answers.
pub fn any_after(tx: &mut dyn Tx, owner: OwnerId, cursor: Cursor) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT 1 FROM outbox_entry WHERE owner_id = ?1 AND (txid, seq) > (?2, ?3){} LIMIT 1",
        horizon(tx.dialect())
    );
    tx.exists(&sql, params![owner, cursor.txid, cursor.seq])
}

/// The place behind everything that was told by now; what is under way comes behind it.
///
/// # Errors
/// As the database answers.
pub fn head(tx: &mut dyn Tx) -> Result<Cursor, Failure> {
    let (txid, seq) = match tx.dialect() {
        Dialect::Sqlite => {
            let row = tx.query_one("SELECT COALESCE(MAX(seq), 0) FROM outbox_entry", params![])?;
            (0, row.get(0)?)
        }
        Dialect::Postgres => {
            let row = tx.query_one(
                "SELECT base + pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM feed",
                params![],
            )?;
            (row.get(0)?, 0)
        }
    };
    Ok(Cursor { txid, seq })
}

fn read(r: &Row) -> Result<(Cursor, Change), Failure> {
    let cursor = Cursor {
        txid: r.get(0)?,
        seq: r.get(1)?,
    };
    let subject: [u8; 16] = r.get(4)?;
    let data: Option<String> = r.get(10)?;
    let change = Change {
        id: cursor.to_string(),
        at: r.get(2)?,
        machine: r.get(3)?,
        subject_id: uuid::Uuid::from_bytes(subject).hyphenated().to_string(),
        kind: r.get(5)?,
        from: r.get(6)?,
        to: r.get(7)?,
        rev: r.get(8)?,
        reason: r.get(9)?,
        data: data
            .map(|d| serde_json::from_str(&d).map_err(internal))
            .transpose()?,
    };
    Ok((cursor, change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_are_written_and_anything_else_is_refused() {
        for text in ["0-0", "0-7", "9223372036854775807-1"] {
            assert_eq!(text.parse::<Cursor>().map(|c| c.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("".parse(), Ok(Cursor::default()));
        for text in ["-", "1", "1-", "-1-2", "a-b", "1-2-3", "99999999999999999999-1"] {
            assert_eq!(
                text.parse::<Cursor>().map_err(|e| e.code),
                Err(ErrorCode::BadCursor),
                "{text}"
            );
        }
    }
}
