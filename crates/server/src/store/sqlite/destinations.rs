//! Destinations in the ledger; never their keys.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::{DestinationConfig, SecretKeep};

use super::{reads, sql};
use crate::failure::{Refusal, internal};
use crate::store::DestinationRow;

type Raw = (
    DestinationId,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<i64>,
    bool,
);

fn raw(r: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((
        reads::id(r, 0)?,
        r.get(1)?,
        r.get(2)?,
        r.get(3)?,
        r.get(4)?,
        r.get(5)?,
        r.get(6)?,
    ))
}

fn parse((id, name, config, keep, capabilities, max_bytes, active): Raw) -> Result<DestinationRow, Failure> {
    Ok(DestinationRow {
        id,
        name,
        config: serde_json::from_str(&config).map_err(internal)?,
        keep: keep.as_deref().and_then(keep_of),
        capabilities: capabilities
            .map(|c| serde_json::from_str(&c))
            .transpose()
            .map_err(internal)?,
        max_bytes: max_bytes.map(i64::unsigned_abs),
        active,
    })
}

const fn keep_word(keep: SecretKeep) -> &'static str {
    match keep {
        SecretKeep::Keyring => "keyring",
        SecretKeep::File => "file",
        SecretKeep::Session => "session",
    }
}

fn keep_of(word: &str) -> Option<SecretKeep> {
    [SecretKeep::Keyring, SecretKeep::File, SecretKeep::Session]
        .into_iter()
        .find(|k| keep_word(*k) == word)
}

/// Those in use, by age.
pub(super) fn all(conn: &Connection) -> Result<Vec<DestinationRow>, Failure> {
    let rows: Vec<Raw> = conn
        .prepare_cached(
            "SELECT id, name, config, secret_keep, capabilities, max_bytes, state = 'active' FROM destination
             WHERE state = 'active' ORDER BY created_at, id",
        )
        .and_then(|mut q| q.query_map([], raw)?.collect())
        .map_err(sql)?;
    rows.into_iter().map(parse).collect()
}

/// One, also one that is not in use any more.
pub(super) fn load(conn: &Connection, id: DestinationId) -> Result<Option<DestinationRow>, Failure> {
    conn.prepare_cached(
        "SELECT id, name, config, secret_keep, capabilities, max_bytes, state = 'active' FROM destination WHERE id = ?1",
    )
    .and_then(|mut q| q.query_row([id.as_bytes()], raw).optional())
    .map_err(sql)?
    .map(parse)
    .transpose()
}

/// Adds or replaces. Refused when another has the name, or when files went there and the place would change.
pub(super) fn put(
    conn: &Connection,
    row: &DestinationRow,
    now: Timestamp,
) -> Result<Result<(), Refusal>, Failure> {
    let taken = conn
        .prepare_cached("SELECT 1 FROM destination WHERE name = ?1 AND id <> ?2 AND state = 'active'")
        .and_then(|mut q| q.exists(params![row.name, row.id.as_bytes()]))
        .map_err(sql)?;
    if taken {
        return Ok(Err(Refusal::new(
            ErrorCode::InvalidField,
            "another destination has this name",
        )));
    }
    if let Some(old) = load(conn, row.id)?
        && !same_place(&old.config, &row.config)
        && is_used(conn, row.id)?
    {
        let detail = "files were sent there: add a new destination for another place";
        return Ok(Err(Refusal::new(ErrorCode::StateConflict, detail)));
    }
    let config = serde_json::to_string(&row.config).map_err(internal)?;
    let capabilities = row
        .capabilities
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(internal)?;
    let kind = match row.config {
        DestinationConfig::Folder { .. } => "folder",
        DestinationConfig::S3 { .. } => "s3",
    };
    conn.prepare_cached(
        "INSERT INTO destination (id, name, kind, config, secret_keep, capabilities, max_bytes, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'active', ?8, ?8)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, config = excluded.config,
           secret_keep = excluded.secret_keep, capabilities = excluded.capabilities, max_bytes = excluded.max_bytes,
           state = 'active', updated_at = excluded.updated_at",
    )
    .and_then(|mut q| {
        q.execute(params![
            row.id.as_bytes(),
            row.name,
            kind,
            config,
            row.keep.map(keep_word),
            capabilities,
            row.max_bytes.map(|b| i64::try_from(b).unwrap_or(i64::MAX)),
            now.as_millis()
        ])
    })
    .map_err(sql)?;
    Ok(Ok(()))
}

/// True when keys of one are keys of the other. How a bucket is reached may change; which it is may not.
fn same_place(a: &DestinationConfig, b: &DestinationConfig) -> bool {
    use DestinationConfig as D;
    match (a, b) {
        // A folder is told by its marker, which the service looks for; it may have been moved.
        (D::Folder { .. }, D::Folder { .. }) => true,
        (D::S3 { bucket: a, .. }, D::S3 { bucket: b, .. }) => a == b,
        (D::Folder { .. }, D::S3 { .. }) | (D::S3 { .. }, D::Folder { .. }) => false,
    }
}

fn is_used(conn: &Connection, id: DestinationId) -> Result<bool, Failure> {
    conn.prepare_cached(
        "SELECT 1 FROM stored_object WHERE destination_id = ?1 AND state IN ('open', 'stored', 'condemned') LIMIT 1",
    )
    .and_then(|mut q| q.exists([id.as_bytes()]))
    .map_err(sql)
}

/// Takes one out of use; its rows stay for the history.
pub(super) fn remove(
    conn: &Connection,
    id: DestinationId,
    now: Timestamp,
) -> Result<Result<(), Refusal>, Failure> {
    if !load(conn, id)?.is_some_and(|d| d.active) {
        // Asked again after a lost answer: it is not there, as was wanted.
        return Ok(Ok(()));
    }
    let open: i64 = conn
        .prepare_cached(
            "SELECT COUNT(*) FROM upload_session WHERE destination_id = ?1 AND deleted_at IS NULL
               AND state IN ('pending', 'uploading', 'verifying')",
        )
        .and_then(|mut q| q.query_row([id.as_bytes()], |r| r.get(0)))
        .map_err(sql)?;
    if open > 0 {
        return Ok(Err(Refusal::new(
            ErrorCode::StateConflict,
            format!("{open} unfinished files go there"),
        )));
    }
    conn.prepare_cached("UPDATE destination SET state = 'retired', updated_at = ?2 WHERE id = ?1")
        .and_then(|mut q| q.execute(params![id.as_bytes(), now.as_millis()]))
        .map_err(sql)?;
    Ok(Ok(()))
}
