//! Reading: connections that can't write, and rows of sessions with their objects.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, OwnerId};
use windlass_core::part_plan::PartPlan;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, Sha256};

use super::{open, sql};
use crate::store::{ObjectRow, Proof, SessionRow};

/// Connections kept for the next read.
const KEPT: usize = 4;

/// Connections that only read.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
        }
    }

    pub(super) fn with<T>(&self, f: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => open::connect_reader(&self.path)?,
        };
        // One read is one snapshot.
        conn.execute_batch("BEGIN").map_err(sql)?;
        let result = f(&conn);
        if conn.execute_batch("COMMIT").is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < KEPT {
                idle.push(conn);
            }
        }
        result
    }
}

/// One session.
pub(super) fn session(conn: &Connection, owner: OwnerId, id: FileId) -> Result<Option<SessionRow>, Failure> {
    conn.prepare_cached(
        "SELECT s.id, s.attempt, s.group_id, s.destination_id, s.rel_path, s.size, s.part_size, s.mime, s.sha256,
           s.canonical_id, s.state, s.client_id, s.alive_at, s.lease_until, s.fence, s.error_code, s.error_detail,
           s.uploaded_at, s.deleted_at IS NOT NULL, o.id, o.session_id, o.attempt, o.destination_id, o.object_key,
           o.state, o.name_checked, o.upload_id, o.token, o.etag, o.crc64, o.sha256, o.proof, o.checked_at
         FROM upload_session s LEFT JOIN stored_object o ON o.id = s.object_id
         WHERE s.owner_id = ?1 AND s.id = ?2",
    )
    .and_then(|mut q| q.query_row(params![owner.as_bytes(), id.as_bytes()], session_row).optional())
    .map_err(sql)
}

/// A row as [`session`] selects it.
fn session_row(r: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let plan = plan(r, 5, 6)?;
    let mime: String = r.get(7)?;
    let object = if r.get_ref(19)?.as_blob_or_null().ok().flatten().is_some() {
        Some(object_row(r, 19, plan, mime.clone())?)
    } else {
        None
    };
    let error: Option<String> = r.get(15)?;
    Ok(SessionRow {
        id: id(r, 0)?,
        attempt: r.get(1)?,
        group: id(r, 2)?,
        destination: id(r, 3)?,
        rel_path: r.get(4)?,
        plan,
        mime,
        sha256: hash(r, 8)?,
        canonical: optional_id(r, 9)?,
        state: word(r, 10)?,
        client: id(r, 11)?,
        alive_at: Timestamp::from_millis(r.get(12)?),
        lease_until: Timestamp::from_millis(r.get(13)?),
        fence: r.get(14)?,
        error: match error {
            None => None,
            Some(code) => Some(Failure::new(
                code.parse().unwrap_or(ErrorCode::Internal),
                r.get::<_, Option<String>>(16)?.unwrap_or_default(),
            )),
        },
        uploaded_at: r.get::<_, Option<i64>>(17)?.map(Timestamp::from_millis),
        deleted: r.get(18)?,
        object,
    })
}

/// An object from column `at` on.
fn object_row(r: &Row<'_>, at: usize, plan: PartPlan, mime: String) -> rusqlite::Result<ObjectRow> {
    let token: Vec<u8> = r.get(at + 8)?;
    let crc: Option<Vec<u8>> = r.get(at + 10)?;
    Ok(ObjectRow {
        id: id(r, at)?,
        session: id(r, at + 1)?,
        attempt: r.get(at + 2)?,
        destination: id(r, at + 3)?,
        key: r.get(at + 4)?,
        state: word(r, at + 5)?,
        name_checked: r.get(at + 6)?,
        upload_id: r.get(at + 7)?,
        token: token
            .try_into()
            .map_err(|_| wrong(at + 8, "a token has 16 bytes"))?,
        plan,
        mime,
        etag: r.get(at + 9)?,
        crc64: match crc {
            None => None,
            Some(b) => Some(Crc64Nvme::from_slice(&b).map_err(|e| wrong(at + 10, e))?),
        },
        sha256: hash(r, at + 11)?,
        proof: r
            .get::<_, Option<String>>(at + 12)?
            .as_deref()
            .and_then(Proof::parse),
        checked_at: r.get::<_, Option<i64>>(at + 13)?.map(Timestamp::from_millis),
    })
}

/// Objects that were given up; with the plan of their session.
pub(super) fn condemned(conn: &Connection, limit: u32) -> Result<Vec<ObjectRow>, Failure> {
    objects(
        conn,
        "o.state = 'condemned' ORDER BY o.id LIMIT ?1",
        params![limit],
    )
}

/// Objects by a condition.
pub(super) fn objects(
    conn: &Connection,
    rule: &str,
    p: &[&dyn rusqlite::ToSql],
) -> Result<Vec<ObjectRow>, Failure> {
    conn.prepare_cached(&format!(
        "SELECT o.size, s.part_size, s.mime, o.id, o.session_id, o.attempt, o.destination_id, o.object_key, o.state,
           o.name_checked, o.upload_id, o.token, o.etag, o.crc64, o.sha256, o.proof, o.checked_at
         FROM stored_object o JOIN upload_session s ON s.owner_id = o.owner_id AND s.id = o.session_id WHERE {rule}"
    ))
    .and_then(|mut q| {
        q.query_map(p, |r| {
            // The session may have a newer plan; a given-up object needs none that fits, only its size.
            let size: u64 = r.get::<_, i64>(0)?.unsigned_abs();
            let part: u64 = r.get::<_, i64>(1)?.unsigned_abs();
            let plan = PartPlan::stored(size, part)
                .or_else(|_| PartPlan::new(size))
                .map_err(|e| wrong(0, e))?;
            object_row(r, 3, plan, r.get(2)?)
        })?
        .collect()
    })
    .map_err(sql)
}

fn plan(r: &Row<'_>, size: usize, part: usize) -> rusqlite::Result<PartPlan> {
    PartPlan::stored(
        r.get::<_, i64>(size)?.unsigned_abs(),
        r.get::<_, i64>(part)?.unsigned_abs(),
    )
    .map_err(|e| wrong(size, e))
}

fn hash(r: &Row<'_>, at: usize) -> rusqlite::Result<Option<Sha256>> {
    match r.get::<_, Option<Vec<u8>>>(at)? {
        None => Ok(None),
        Some(b) => b
            .try_into()
            .map(|b| Some(Sha256(b)))
            .map_err(|_| wrong(at, "a SHA-256 has 32 bytes")),
    }
}

/// An id.
pub(super) fn id<T: From<uuid::Uuid>>(r: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    r.get::<_, uuid::Uuid>(at).map(T::from)
}

fn optional_id<T: From<uuid::Uuid>>(r: &Row<'_>, at: usize) -> rusqlite::Result<Option<T>> {
    Ok(r.get::<_, Option<uuid::Uuid>>(at)?.map(T::from))
}

/// A state.
pub(super) fn word<T: FromStr<Err: std::fmt::Display>>(r: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text = r.get_ref(at)?.as_str().map_err(|e| wrong(at, e))?;
    text.parse().map_err(|e: T::Err| wrong(at, e))
}

fn wrong(at: usize, why: impl std::fmt::Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Blob, why.to_string().into())
}
