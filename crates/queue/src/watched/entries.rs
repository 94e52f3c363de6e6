//! The files of watched folders.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::error::Failure;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{FileId, GroupId, WatchId};
use windlass_core::machine::records::DoneResult;
use windlass_core::states::FileState;
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;
use windlass_core::watch::{EntryState, Why};

use crate::QueueError;
use crate::row::{self, id, key, short, time, word};
use crate::words::words;

words! {
    /// How far the choice for originals was carried out.
    AfterState, "after_state" {
        /// Nothing is to be done.
        None = "none",
        /// It is to be carried out.
        Due = "due",
        /// It was.
        Done = "done",
        /// It could not be; the original is where it was.
        Failed = "failed",
    }
}

/// A file, with what became of its newest upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Below the folder, byte for byte.
    pub rel_path: Vec<u8>,
    /// As seen when it was written down; of an upload, the version that goes or went.
    pub fingerprint: SourceFingerprint,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When this row last changed.
    pub last_change: Timestamp,
    /// State.
    pub state: EntryState,
    /// Why.
    pub why: Why,
    /// The rule, the number, the path in it.
    pub detail: String,
    /// Newest upload.
    pub file: Option<FileId>,
    /// Versions that were proved.
    pub versions: u32,
    /// False when it left the folder.
    pub present: bool,
    /// What becomes of the original.
    pub after_state: AfterState,
    /// The upload's group, while its row is there.
    pub group: Option<GroupId>,
    /// The upload's state, while its row is there.
    pub file_state: Option<FileState>,
    /// The version that the upload's row is about.
    pub file_version: Option<SourceFingerprint>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// The version that was proved.
    pub proved: Option<SourceFingerprint>,
    /// Its content.
    pub sha256: Option<Sha256>,
    /// How it came to be done.
    pub result: Option<DoneResult>,
    /// When it was proved.
    pub proved_at: Option<Timestamp>,
    /// The object's key.
    pub object_key: Option<String>,
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Below the folder.
    pub rel_path: Vec<u8>,
    /// As seen.
    pub fingerprint: SourceFingerprint,
    /// State.
    pub state: EntryState,
    /// Why.
    pub why: Why,
    /// The fact in it.
    pub detail: String,
    /// The upload, when it has one from now on; `None` keeps the one it had.
    pub file: Option<FileId>,
    /// When.
    pub at: Timestamp,
}

const SELECT: &str = "SELECT e.rel_path, e.dev, e.inode, e.size, e.mtime_ns, e.ctime_ns, e.first_seen, e.last_change, e.state, e.why, e.detail,
    e.file_id, e.versions, e.present, e.after_state, f.group_id, f.state, f.dev, f.inode, f.size, f.mtime_ns, f.ctime_ns,
    f.error_code, f.error_detail, r.dev, r.inode, r.size, r.mtime_ns, r.ctime_ns, coalesce(r.sha256, h.sha256), r.result,
    r.uploaded_at, r.object_key
  FROM watched_entry e
  LEFT JOIN upload_file f ON f.id = e.file_id
  LEFT JOIN receipt r ON r.file_id = e.file_id
  LEFT JOIN receipt_hash h ON h.file_id = e.file_id";

fn maybe<T>(
    r: &Row<'_>,
    i: usize,
    read: impl FnOnce(&Row<'_>, usize) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    if r.get_ref(i)? == rusqlite::types::ValueRef::Null {
        Ok(None)
    } else {
        read(r, i).map(Some)
    }
}

fn read(r: &Row<'_>) -> rusqlite::Result<EntryRow> {
    Ok(EntryRow {
        rel_path: r.get(0)?,
        fingerprint: row::fingerprint(r, 1)?,
        first_seen: time(r, 6)?,
        last_change: time(r, 7)?,
        state: word(r, 8)?,
        why: word(r, 9)?,
        detail: r.get(10)?,
        file: maybe(r, 11, id)?,
        versions: r.get(12)?,
        present: r.get(13)?,
        after_state: word(r, 14)?,
        group: maybe(r, 15, id)?,
        file_state: maybe(r, 16, word)?,
        file_version: maybe(r, 17, row::fingerprint)?,
        error: row::failure(r, 22)?,
        proved: maybe(r, 24, row::fingerprint)?,
        sha256: row::sha256(r, 29)?,
        result: row::done_result(r, 30)?,
        proved_at: row::maybe_time(r, 31)?,
        object_key: r.get(32)?,
    })
}

/// Those of these paths that are written down.
///
/// # Errors
/// As for every read.
pub fn entries_by_path(
    conn: &Connection,
    watch: WatchId,
    paths: &[Vec<u8>],
) -> Result<Vec<EntryRow>, QueueError> {
    static ONE: LazyLock<String> =
        LazyLock::new(|| format!("{SELECT} WHERE e.folder_id = ?1 AND e.rel_path = ?2"));
    let mut q = conn.prepare_cached(&ONE)?;
    let mut rows = Vec::new();
    for path in paths {
        rows.extend(q.query_row(params![key(watch), path], read).optional()?);
    }
    Ok(rows)
}

/// Files that had this inode when they were written down.
///
/// # Errors
/// As for every read.
pub fn entries_by_inode(
    conn: &Connection,
    watch: WatchId,
    dev: u64,
    inode: u64,
) -> Result<Vec<EntryRow>, QueueError> {
    static SOME: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{SELECT} WHERE e.folder_id = ?1 AND e.dev = ?2 AND e.inode = ?3 AND e.file_id IS NOT NULL LIMIT 16"
        )
    });
    let mut q = conn.prepare_cached(&SOME)?;
    let rows = q
        .query_map(params![key(watch), dev.cast_signed(), inode.cast_signed()], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Files in the order of their paths, after one.
///
/// # Errors
/// As for every read.
pub fn page_after(
    conn: &Connection,
    watch: WatchId,
    after: &[u8],
    limit: usize,
) -> Result<Vec<EntryRow>, QueueError> {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        format!("{SELECT} WHERE e.folder_id = ?1 AND e.rel_path > ?2 ORDER BY e.rel_path LIMIT ?3")
    });
    let mut q = conn.prepare_cached(&PAGE)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q
        .query_map(params![key(watch), after, limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Which files a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Only of these states; empty: all.
    pub states: Vec<EntryState>,
    /// Only paths that have this in them.
    pub text: String,
}

impl EntryFilter {
    fn sql(&self) -> String {
        let mut sql = String::new();
        if !self.states.is_empty() {
            let words: Vec<_> = self.states.iter().map(|s| format!("'{}'", s.as_str())).collect();
            sql.push_str(&format!(" AND e.state IN ({})", words.join(", ")));
        }
        if !self.text.is_empty() {
            sql.push_str(" AND instr(lower(CAST(e.rel_path AS TEXT)), lower(?2)) > 0");
        }
        sql
    }
}

/// Files of a list, those that changed last first.
///
/// # Errors
/// As for every read.
pub fn listed(
    conn: &Connection,
    watch: WatchId,
    filter: &EntryFilter,
    offset: u64,
    limit: usize,
) -> Result<Vec<EntryRow>, QueueError> {
    let sql = format!(
        "{SELECT} WHERE e.folder_id = ?1 AND ?2 IS NOT NULL{} ORDER BY e.last_change DESC, e.rel_path LIMIT ?3 OFFSET ?4",
        filter.sql()
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let mut q = conn.prepare_cached(&sql)?;
    let rows = q
        .query_map(params![key(watch), filter.text, limit, offset], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// How many a list has.
///
/// # Errors
/// As for every read.
pub fn listed_count(conn: &Connection, watch: WatchId, filter: &EntryFilter) -> Result<u64, QueueError> {
    let sql = format!(
        "SELECT count(*) FROM watched_entry e WHERE e.folder_id = ?1 AND ?2 IS NOT NULL{}",
        filter.sql()
    );
    let n: i64 = conn
        .prepare_cached(&sql)?
        .query_row(params![key(watch), filter.text], |r| r.get(0))?;
    Ok(n.cast_unsigned())
}

/// Counts by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EntryCounts {
    /// Not still yet.
    pub settling: u64,
    /// In the queue.
    pub queued: u64,
    /// Proved.
    pub uploaded: u64,
    /// Left out.
    pub ignored: u64,
    /// Failed.
    pub failed: u64,
    /// When one was proved last.
    pub last_proved_at: Option<Timestamp>,
}

/// Counts of a folder.
///
/// # Errors
/// As for every read.
pub fn counts(conn: &Connection, watch: WatchId) -> Result<EntryCounts, QueueError> {
    let mut c = EntryCounts::default();
    // By watched_entry_state alone.
    let mut q = conn.prepare_cached(
        "SELECT state, count(*), max(last_change) FROM watched_entry INDEXED BY watched_entry_state WHERE folder_id = ?1 GROUP BY state",
    )?;
    let mut rows = q.query([key(watch)])?;
    while let Some(r) = rows.next()? {
        let n = r.get::<_, i64>(1)?.cast_unsigned();
        match word::<EntryState>(r, 0)? {
            EntryState::Settling => c.settling = n,
            EntryState::Queued => c.queued = n,
            EntryState::Uploaded => {
                c.uploaded = n;
                c.last_proved_at = row::maybe_time(r, 2)?;
            }
            EntryState::Ignored => c.ignored = n,
            EntryState::Failed => c.failed = n,
        }
    }
    Ok(c)
}

/// Writes a file down, or what changed of it. It is there then, and nothing is due for its original.
///
/// # Errors
/// When it would replace an upload that is open.
pub fn put(conn: &Connection, watch: WatchId, e: &NewEntry) -> Result<(), QueueError> {
    let [dev, inode, size, mtime, ctime] = row::fingerprint_columns(&e.fingerprint);
    conn.prepare_cached(
        "INSERT INTO watched_entry (folder_id, rel_path, dev, inode, size, mtime_ns, ctime_ns, first_seen, last_change, state, why,
                                    detail, file_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (folder_id, rel_path) DO UPDATE SET dev = ?3, inode = ?4, size = ?5, mtime_ns = ?6, ctime_ns = ?7,
             last_change = ?8, state = ?9, why = ?10, detail = ?11, file_id = coalesce(?12, file_id), present = 1,
             after_state = CASE WHEN after_state = 'due' THEN after_state ELSE 'none' END",
    )?
    .execute(params![
        key(watch), e.rel_path, dev, inode, size, mtime, ctime, e.at.as_millis(), e.state.as_str(), e.why.as_str(),
        short(&e.detail), e.file.map(key),
    ])?;
    Ok(())
}

/// What an upload came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// State.
    pub state: EntryState,
    /// Why.
    pub why: Why,
    /// The fact in it.
    pub detail: String,
    /// The version that was proved.
    pub version: Option<SourceFingerprint>,
    /// What is due for the original.
    pub after: AfterState,
}

/// It came to this, by its upload. Guarded by the upload: where there is another one meanwhile, nothing changes.
///
/// # Errors
/// As for every write.
pub fn mark(
    conn: &Connection,
    watch: WatchId,
    rel_path: &[u8],
    file: FileId,
    came_to: &Outcome,
    at: Timestamp,
) -> Result<bool, QueueError> {
    let [dev, inode, size, mtime, ctime] = came_to
        .version
        .as_ref()
        .map_or([None; 5], |v| row::fingerprint_columns(v).map(Some));
    let n = conn
        .prepare_cached(
            "UPDATE watched_entry SET state = ?4, why = ?5, detail = ?6, dev = coalesce(?7, dev), inode = coalesce(?8, inode),
                 size = coalesce(?9, size), mtime_ns = coalesce(?10, mtime_ns), ctime_ns = coalesce(?11, ctime_ns),
                 after_state = ?12, last_change = ?13, versions = versions + (?4 = 'uploaded')
             WHERE folder_id = ?1 AND rel_path = ?2 AND file_id = ?3",
        )?
        .execute(params![
            key(watch), rel_path, key(file), came_to.state.as_str(), came_to.why.as_str(), short(&came_to.detail), dev, inode, size,
            mtime, ctime, came_to.after.as_str(), at.as_millis(),
        ])?;
    Ok(n == 1)
}

/// Its upload is that of another file of the folder, which was renamed to it. The other one is forgotten.
///
/// # Errors
/// As for every write.
pub fn take_over(conn: &Connection, watch: WatchId, from: &[u8], to: &NewEntry) -> Result<(), QueueError> {
    let old = entries_by_path(conn, watch, &[from.to_vec()])?;
    let Some(old) = old.into_iter().next() else {
        return put(conn, watch, to);
    };
    forget(conn, watch, from)?;
    put(
        conn,
        watch,
        &NewEntry {
            file: old.file,
            ..to.clone()
        },
    )?;
    conn.prepare_cached(
        "UPDATE watched_entry SET versions = ?3, after_state = ?4 WHERE folder_id = ?1 AND rel_path = ?2",
    )?
    .execute(params![
        key(watch),
        to.rel_path,
        old.versions,
        old.after_state.as_str()
    ])?;
    Ok(())
}

/// It left the folder: one that was never uploaded is forgotten, the others are remembered.
///
/// # Errors
/// As for every write.
pub fn mark_gone(conn: &Connection, watch: WatchId, rel_path: &[u8]) -> Result<(), QueueError> {
    conn.prepare_cached(
        "DELETE FROM watched_entry WHERE folder_id = ?1 AND rel_path = ?2
         AND (file_id IS NULL OR NOT EXISTS (SELECT 1 FROM receipt WHERE file_id = watched_entry.file_id))
         AND state <> 'queued'",
    )?
    .execute(params![key(watch), rel_path])?;
    conn.prepare_cached(
        "UPDATE watched_entry SET present = 0 WHERE folder_id = ?1 AND rel_path = ?2 AND present = 1",
    )?
    .execute(params![key(watch), rel_path])?;
    Ok(())
}

/// The uploads of these files are gone at the destination, though they were proved: their entries remember it. Answers with the
/// number of them.
///
/// # Errors
/// As for every write.
pub fn mark_removed_there(conn: &Connection, files: &[FileId]) -> Result<usize, QueueError> {
    let mut q = conn.prepare_cached(
        "UPDATE watched_entry SET why = ?2, detail = '' WHERE file_id = ?1 AND state = 'uploaded' AND why <> ?2",
    )?;
    let mut marked = 0;
    for file in files {
        marked += q.execute(params![key(*file), Why::RemovedThere.as_str()])?;
    }
    Ok(marked)
}

/// Forgets it.
///
/// # Errors
/// As for every write.
pub fn forget(conn: &Connection, watch: WatchId, rel_path: &[u8]) -> Result<(), QueueError> {
    conn.prepare_cached("DELETE FROM watched_entry WHERE folder_id = ?1 AND rel_path = ?2")?
        .execute(params![key(watch), rel_path])?;
    Ok(())
}

/// Files whose upload came further than is written down of them.
///
/// # Errors
/// As for every read.
pub fn settled_since(conn: &Connection, watch: WatchId, limit: usize) -> Result<Vec<EntryRow>, QueueError> {
    static SOME: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{SELECT} WHERE e.folder_id = ?1 AND e.file_id IS NOT NULL AND (
                (e.state = 'queued' AND (f.id IS NULL OR f.state = 'done' OR f.state = 'failed' OR f.state = 'removed'))
                OR (e.state = 'failed' AND (f.id IS NULL OR f.state <> 'failed')))
             LIMIT ?2"
        )
    });
    let mut q = conn.prepare_cached(&SOME)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q
        .query_map(params![key(watch), limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// How many uploads of a folder were proved since a time.
///
/// # Errors
/// As for every read.
pub fn sent_since(conn: &Connection, watch: WatchId, since: Timestamp) -> Result<u64, QueueError> {
    let n: i64 = conn
        .prepare_cached("SELECT count(*) FROM watched_entry WHERE folder_id = ?1 AND state = 'uploaded' AND last_change >= ?2")?
        .query_row(params![key(watch), since.as_millis()], |r| r.get(0))?;
    Ok(n.cast_unsigned())
}

/// Files whose original is due.
///
/// # Errors
/// As for every read.
pub fn after_due(
    conn: &Connection,
    watch: WatchId,
    state: AfterState,
    limit: usize,
) -> Result<Vec<EntryRow>, QueueError> {
    static SOME: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{SELECT} WHERE e.folder_id = ?1 AND e.after_state = ?2 AND e.state = 'uploaded' ORDER BY e.rel_path LIMIT ?3"
        )
    });
    let mut q = conn.prepare_cached(&SOME)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q
        .query_map(params![key(watch), state.as_str(), limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// How far it came with an original.
///
/// # Errors
/// As for every write.
pub fn set_after(
    conn: &Connection,
    watch: WatchId,
    rel_path: &[u8],
    state: AfterState,
    detail: &str,
) -> Result<(), QueueError> {
    conn.prepare_cached("UPDATE watched_entry SET after_state = ?3, detail = ?4 WHERE folder_id = ?1 AND rel_path = ?2 AND file_id IS NOT NULL")?
        .execute(params![key(watch), rel_path, state.as_str(), short(detail)])?;
    Ok(())
}
