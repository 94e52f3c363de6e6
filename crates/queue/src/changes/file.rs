//! Changes of a file.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;
use windlass_core::error::Failure;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::FileId;
use windlass_core::machine::records::Proof;
use windlass_core::states::FileState;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, Sha256};

use super::{Applied, guarded, stale};
use crate::events::{self, EventScope, NewEvent};
use crate::row::{self, key, short};
use crate::{QueueError, files};

fn elsewhere(conn: &Connection, id: FileId) -> Result<Applied, QueueError> {
    stale(conn, "SELECT state FROM upload_file WHERE id = ?1", key(id))
}

pub(super) fn state(
    conn: &Connection,
    id: FileId,
    from: FileState,
    to: FileState,
) -> Result<Applied, QueueError> {
    // Not by upload_file_moved alone: a step that is in no table is a stale one for the machine, not a broken queue.
    if !from.may_become(to) {
        return Err(QueueError::Refused(format!(
            "a file does not go from {from} to {to}"
        )));
    }
    let applied = guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET state = ?3, object_key = CASE WHEN ?3 <> 'queued' THEN object_key END
             WHERE id = ?1 AND state = ?2",
        )?,
        params![key(id), from.as_str(), to.as_str()],
        || elsewhere(conn, id),
    )?;
    if applied == Applied::Done && to == FileState::Queued {
        forget_parts(conn, id)?;
    }
    Ok(applied)
}

/// A queued file has nothing at the destination: neither a key nor parts.
fn forget_parts(conn: &Connection, id: FileId) -> Result<(), QueueError> {
    conn.prepare_cached(
        "UPDATE part SET state = 'pending', crc64 = NULL, etag = NULL, uploaded_at = NULL
         WHERE file_id = ?1 AND state <> 'pending'",
    )?
    .execute([key(id)])?;
    Ok(())
}

pub(super) fn registered(conn: &Connection, id: FileId, object_key: &str) -> Result<Applied, QueueError> {
    guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET state = 'registered', object_key = ?2 WHERE id = ?1 AND state = 'queued'",
        )?,
        params![key(id), object_key],
        || elsewhere(conn, id),
    )
}

pub(super) fn hashed(conn: &Connection, id: FileId, sha256: &Sha256) -> Result<Applied, QueueError> {
    guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET sha256 = ?2 WHERE id = ?1 AND state NOT IN ('done', 'removed')",
        )?,
        params![key(id), sha256.0],
        || hashed_later(conn, id, sha256),
    )
}

/// The hash of a file that is done by another proof: its row takes it once, and its receipt finds it.
fn hashed_later(conn: &Connection, id: FileId, sha256: &Sha256) -> Result<Applied, QueueError> {
    let known: Option<Option<[u8; 32]>> = conn
        .prepare_cached("SELECT sha256 FROM upload_file WHERE id = ?1 AND state = 'done'")?
        .query_row([key(id)], |r| r.get(0))
        .optional()?;
    match known {
        Some(None) => {
            conn.prepare_cached("UPDATE upload_file SET sha256 = ?2 WHERE id = ?1")?
                .execute(params![key(id), sha256.0])?;
            conn.prepare_cached("INSERT INTO receipt_hash (file_id, sha256) VALUES (?1, ?2)")?
                .execute(params![key(id), sha256.0])?;
            Ok(Applied::Done)
        }
        Some(Some(known)) if known == sha256.0 => Ok(Applied::Done),
        Some(Some(_)) | None => elsewhere(conn, id),
    }
}

pub(super) fn fingerprint(
    conn: &Connection,
    id: FileId,
    f: &SourceFingerprint,
) -> Result<Applied, QueueError> {
    let [dev, inode, size, mtime, ctime] = row::fingerprint_columns(f);
    // The hash belongs to the fingerprint before; it is counted again with the bytes. Another size is another plan.
    guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET dev = ?2, inode = ?3, mtime_ns = ?5, ctime_ns = ?6, sha256 = NULL
             WHERE id = ?1 AND size = ?4 AND state NOT IN ('done', 'removed')",
        )?,
        params![key(id), dev, inode, size, mtime, ctime],
        || elsewhere(conn, id),
    )
}

pub(super) fn tries(
    conn: &Connection,
    id: FileId,
    tries: u32,
    next_try_at: Option<Timestamp>,
    failure: Option<&Failure>,
) -> Result<Applied, QueueError> {
    guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET tries = ?2, next_try_at = ?3, error_code = ?4, error_detail = ?5
             WHERE id = ?1 AND state <> 'done' AND state <> 'failed' AND state <> 'removed'",
        )?,
        params![
            key(id),
            tries,
            next_try_at.map(Timestamp::as_millis),
            failure.map(|f| f.code.as_str()),
            failure.map(|f| short(&f.detail)),
        ],
        || elsewhere(conn, id),
    )
}

pub(super) fn failed(
    conn: &Connection,
    id: FileId,
    from: FileState,
    failure: &Failure,
    at: Timestamp,
) -> Result<Applied, QueueError> {
    let applied = guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET state = 'failed', error_code = ?3, error_detail = ?4, next_try_at = NULL
             WHERE id = ?1 AND state = ?2",
        )?,
        params![
            key(id),
            from.as_str(),
            failure.code.as_str(),
            short(&failure.detail)
        ],
        || elsewhere(conn, id),
    )?;
    if applied == Applied::Done {
        log(
            conn,
            id,
            "failed",
            failure,
            at,
            json!({ "from": from.as_str(), "detail": short(&failure.detail) }),
        )?;
    }
    Ok(applied)
}

/// A start over as the machine asks for it.
pub(super) struct StartOver<'a> {
    pub(super) id: FileId,
    pub(super) from: FileState,
    pub(super) attempt: u32,
    pub(super) fingerprint: &'a SourceFingerprint,
    pub(super) part_size: u64,
    pub(super) part_count: u32,
    pub(super) because: &'a Failure,
    pub(super) at: Timestamp,
}

pub(super) fn start_over(conn: &Connection, over: &StartOver<'_>) -> Result<Applied, QueueError> {
    let [dev, inode, size, mtime, ctime] = row::fingerprint_columns(over.fingerprint);
    let detail = short(&over.because.detail);
    let applied = guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET state = 'queued', attempt = ?3, dev = ?4, inode = ?5, size = ?6, mtime_ns = ?7,
                 ctime_ns = ?8, part_size = ?9, part_count = ?10, error_code = ?11, error_detail = ?12, next_try_at = NULL,
                 sha256 = NULL, crc64 = NULL, object_key = NULL
             WHERE id = ?1 AND state = ?2 AND attempt < ?3",
        )?,
        params![
            key(over.id), over.from.as_str(), over.attempt, dev, inode, size, mtime, ctime, over.part_size.cast_signed(),
            over.part_count, over.because.code.as_str(), detail,
        ],
        || elsewhere(conn, over.id),
    )?;
    if applied != Applied::Done {
        return Ok(applied);
    }
    conn.prepare_cached("DELETE FROM part WHERE file_id = ?1")?
        .execute([key(over.id)])?;
    files::plan_parts(
        conn,
        over.id,
        over.fingerprint.size,
        over.part_size,
        over.part_count,
    )?;
    let facts = json!({ "from": over.from.as_str(), "attempt": over.attempt, "size": over.fingerprint.size, "detail": detail });
    log(conn, over.id, "started_over", over.because, over.at, facts)?;
    Ok(Applied::Done)
}

pub(super) fn done(
    conn: &Connection,
    id: FileId,
    from: FileState,
    proof: &Proof,
    at: Timestamp,
) -> Result<Applied, QueueError> {
    let sha256 = proof.sha256.map(|h| h.0);
    let crc64 = proof.crc64.map(Crc64Nvme::to_bytes);
    // The receipt first: a trigger wants it there before the state. It is guarded like the state.
    let written = conn
        .prepare_cached(
            "INSERT INTO receipt (group_id, file_id, attempt, destination_id, destination_name, path, rel_path, dev, inode, size,
                                  mtime_ns, ctime_ns, result, object_key, proof, sha256, crc64, uploaded_at, recorded_at)
             SELECT f.group_id, f.id, f.attempt, d.id, d.name, f.path, f.rel_path, f.dev, f.inode, f.size, f.mtime_ns, f.ctime_ns,
                    ?3, ?4, ?5, coalesce(?6, f.sha256), ?7, ?8, ?9
             FROM upload_file f JOIN upload_group g ON g.id = f.group_id JOIN destination d ON d.id = g.destination_id
             WHERE f.id = ?1 AND f.state = ?2 AND f.state <> 'done'",
        )?
        .execute(params![
            key(id), from.as_str(), proof.result.as_str(), proof.object_key, proof.how, sha256, crc64,
            proof.uploaded_at.as_millis(), at.as_millis(),
        ])?;
    if written != 1 {
        return elsewhere(conn, id);
    }
    guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET state = 'done', result = ?3, object_key = ?4, sha256 = coalesce(?5, sha256), crc64 = ?6,
                 finished_at = ?7, error_code = NULL, error_detail = NULL, tries = 0, next_try_at = NULL
             WHERE id = ?1 AND state = ?2",
        )?,
        params![
            key(id), from.as_str(), proof.result.as_str(), proof.object_key, sha256, crc64, at.as_millis(),
        ],
        || Err(QueueError::Internal("a file moved between its receipt and its end".into())),
    )
}

pub(super) fn removed(
    conn: &Connection,
    id: FileId,
    from: FileState,
    at: Timestamp,
) -> Result<Applied, QueueError> {
    if !from.may_become(FileState::Removed) {
        return Err(QueueError::Refused(format!(
            "a file that is {from} is not removed"
        )));
    }
    guarded(
        conn.prepare_cached(
            "UPDATE upload_file SET state = 'removed', finished_at = ?3, next_try_at = NULL WHERE id = ?1 AND state = ?2",
        )?,
        params![key(id), from.as_str(), at.as_millis()],
        || elsewhere(conn, id),
    )
}

fn log(
    conn: &Connection,
    id: FileId,
    kind: &str,
    cause: &Failure,
    at: Timestamp,
    data: serde_json::Value,
) -> Result<(), QueueError> {
    let event = NewEvent {
        at,
        scope: EventScope::File(id),
        kind: kind.to_owned(),
        code: Some(cause.code),
        data,
    };
    events::append(conn, &event)?;
    Ok(())
}
