//! What a person gave to a group that is being walked: gestures, each with its paths and what the answer to its look left out.
//!
//! Written before the walk begins and forgotten when the last walk of the group has ended, so that a crash between loses neither
//! a path nor an answer.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::GroupId;

use crate::QueueError;
use crate::row::{fingerprint, fingerprint_columns, key};

/// What the person answered to the look at a gesture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What was proved there before and is unchanged is left out.
    pub unchanged: bool,
    /// What can't be sent is left out.
    pub troubled: bool,
    /// What has a name that another file of the group has is left out.
    pub same_name: bool,
    /// These are left out, by their paths inside the group; with a fingerprint, only while they are that version.
    pub left: BTreeMap<String, Option<SourceFingerprint>>,
}

/// One gesture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gesture {
    /// Its paths, made storable.
    pub roots: Vec<String>,
    /// The answer; none: there was no look.
    pub answer: Option<Answer>,
}

/// Writes one down.
///
/// # Errors
/// As for every write.
pub fn add(
    conn: &Connection,
    group: GroupId,
    roots: &[String],
    answer: Option<&Answer>,
) -> Result<(), QueueError> {
    let nothing = Answer::default();
    let told = answer.unwrap_or(&nothing);
    conn.prepare_cached(
        "INSERT INTO given (group_id, looked_at, unchanged, troubled, same_name) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        key(group),
        answer.is_some(),
        told.unchanged,
        told.troubled,
        told.same_name
    ])?;
    let given = conn.last_insert_rowid();
    let mut root = conn.prepare_cached("INSERT INTO given_root (given, n, path) VALUES (?1, ?2, ?3)")?;
    for (n, path) in (0_i64..).zip(roots) {
        root.execute(params![given, n, path])?;
    }
    let mut left = conn.prepare_cached("INSERT INTO given_left VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (rel_path, version) in &told.left {
        let columns = version.as_ref().map(fingerprint_columns);
        let column = |i: usize| columns.and_then(|c| c.get(i).copied());
        left.execute(params![
            given,
            rel_path,
            column(0),
            column(1),
            column(2),
            column(3),
            column(4)
        ])?;
    }
    Ok(())
}

/// Those of a group, in the order in which they were made.
///
/// # Errors
/// As for every read.
pub fn of_group(conn: &Connection, group: GroupId) -> Result<Vec<Gesture>, QueueError> {
    let mut given = conn.prepare_cached(
        "SELECT seq, looked_at, unchanged, troubled, same_name FROM given WHERE group_id = ?1 ORDER BY seq",
    )?;
    let mut root = conn.prepare_cached("SELECT path FROM given_root WHERE given = ?1 ORDER BY n")?;
    let mut left = conn.prepare_cached(
        "SELECT rel_path, dev IS NOT NULL, dev, inode, size, mtime_ns, ctime_ns FROM given_left WHERE given = ?1",
    )?;
    let mut gestures = Vec::new();
    let mut rows = given.query([key(group)])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let answer = Answer {
            unchanged: row.get(2)?,
            troubled: row.get(3)?,
            same_name: row.get(4)?,
            left: left
                .query_map([seq], |r| {
                    let version = if r.get(1)? { Some(fingerprint(r, 2)?) } else { None };
                    Ok((r.get(0)?, version))
                })?
                .collect::<Result<_, _>>()?,
        };
        gestures.push(Gesture {
            roots: root.query_map([seq], |r| r.get(0))?.collect::<Result<_, _>>()?,
            answer: row.get::<_, bool>(1)?.then_some(answer),
        });
    }
    Ok(gestures)
}

/// Forgets those of a group: all is taken in.
///
/// # Errors
/// As for every write.
pub fn forget(conn: &Connection, group: GroupId) -> Result<(), QueueError> {
    conn.prepare_cached("DELETE FROM given WHERE group_id = ?1")?
        .execute([key(group)])?;
    Ok(())
}
