//! Destinations in the ledger; never their keys.

use windlass_core::accepts::Accepts;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::{DestinationConfig, SecretKeep};

use crate::db::{Row, Tx, params};
use crate::failure::{Refusal, internal};
use crate::store::DestinationRow;

const DESTINATION: &str = "SELECT id, name, config, secret_keep, capabilities, state = 'active', max_bytes, refused_types, allowed_mime FROM destination";

fn parse(r: &Row) -> Result<DestinationRow, Failure> {
    Ok(DestinationRow {
        id: r.get(0)?,
        name: r.get(1)?,
        config: serde_json::from_str(&r.get::<String>(2)?).map_err(internal)?,
        keep: r.get::<Option<String>>(3)?.as_deref().and_then(keep_of),
        capabilities: r
            .get::<Option<String>>(4)?
            .map(|c| serde_json::from_str(&c))
            .transpose()
            .map_err(internal)?,
        active: r.get(5)?,
        accepts: accepts(r, 6)?,
    })
}

/// What a destination takes, of `max_bytes, refused_types, allowed_mime` in this order.
pub(crate) fn accepts(r: &Row, at: usize) -> Result<Accepts, Failure> {
    Ok(Accepts {
        max_bytes: r.get(at)?,
        refused_types: serde_json::from_str(&r.get::<String>(at + 1)?).map_err(internal)?,
        allowed_mime: r
            .get::<Option<String>>(at + 2)?
            .map(|list| serde_json::from_str(&list))
            .transpose()
            .map_err(internal)?,
    })
}

/// As it is kept: a list of texts.
pub(super) fn list(words: &[String]) -> Result<String, Failure> {
    serde_json::to_string(words).map_err(internal)
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
pub(super) fn all(tx: &mut dyn Tx) -> Result<Vec<DestinationRow>, Failure> {
    let rows = tx.query(
        &format!("{DESTINATION} WHERE state = 'active' ORDER BY created_at, id"),
        params![],
    )?;
    rows.iter().map(parse).collect()
}

/// One, also one that is not in use any more.
pub(super) fn load(tx: &mut dyn Tx, id: DestinationId) -> Result<Option<DestinationRow>, Failure> {
    tx.query_opt(&format!("{DESTINATION} WHERE id = ?1"), params![id])?
        .map(|r| parse(&r))
        .transpose()
}

/// One in use, by its name.
pub(crate) fn by_name(tx: &mut dyn Tx, name: &str) -> Result<Option<DestinationId>, Failure> {
    tx.query_opt(
        "SELECT id FROM destination WHERE name = ?1 AND state <> 'retired'",
        params![name],
    )?
    .map(|r| r.get(0))
    .transpose()
}

/// Adds or replaces. Refused when another has the name, or when files went there and the place would change.
pub(super) fn put(
    tx: &mut dyn Tx,
    row: &DestinationRow,
    limits: Option<&Accepts>,
    now: Timestamp,
) -> Result<Result<(), Refusal>, Failure> {
    let taken = tx.exists(
        "SELECT 1 FROM destination WHERE name = ?1 AND id <> ?2 AND state = 'active'",
        params![&row.name, row.id],
    )?;
    if taken {
        return Ok(Err(name_taken()));
    }
    if let Some(old) = load(tx, row.id)?
        && !same_place(&old.config, &row.config)
        && is_used(tx, row.id)?
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
    let everything = Accepts::default();
    let accepts = limits.unwrap_or(&everything);
    let mime = accepts.allowed_mime.as_deref().map(list).transpose()?;
    tx.execute("INSERT INTO destination (id, name, kind, config, secret_keep, capabilities, max_bytes, refused_types, allowed_mime,
           state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'active', ?10, ?10)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, config = excluded.config,
           secret_keep = excluded.secret_keep, capabilities = excluded.capabilities,
           max_bytes = CASE WHEN ?11 = 1 THEN excluded.max_bytes ELSE destination.max_bytes END,
           refused_types = CASE WHEN ?11 = 1 THEN excluded.refused_types ELSE destination.refused_types END,
           allowed_mime = CASE WHEN ?11 = 1 THEN excluded.allowed_mime ELSE destination.allowed_mime END,
           state = 'active', updated_at = excluded.updated_at", params![
            row.id,
            &row.name,
            kind,
            config,
            row.keep.map(keep_word),
            capabilities,
            accepts.max_bytes,
            list(&accepts.refused_types)?,
            mime,
            now,
            limits.is_some()
        ])?;
    Ok(Ok(()))
}

pub(crate) fn name_taken() -> Refusal {
    Refusal::new(ErrorCode::InvalidField, "another destination has this name")
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

fn is_used(tx: &mut dyn Tx, id: DestinationId) -> Result<bool, Failure> {
    tx.exists("SELECT 1 FROM stored_object WHERE destination_id = ?1 AND state IN ('open', 'stored', 'condemned') LIMIT 1", params![id])
}

/// Takes one out of use; its rows stay for the history.
pub(super) fn remove(
    tx: &mut dyn Tx,
    id: DestinationId,
    now: Timestamp,
) -> Result<Result<(), Refusal>, Failure> {
    if !load(tx, id)?.is_some_and(|d| d.active) {
        // Asked again after a lost answer: it is not there, as was wanted.
        return Ok(Ok(()));
    }
    let open: u64 = tx
        .query_one(
            "SELECT COUNT(*) FROM upload_session WHERE destination_id = ?1 AND deleted_at IS NULL
               AND state IN ('pending', 'uploading', 'verifying')",
            params![id],
        )?
        .get(0)?;
    if open > 0 {
        return Ok(Err(Refusal::new(
            ErrorCode::StateConflict,
            format!("{open} unfinished files go there"),
        )));
    }
    tx.execute(
        "UPDATE destination SET state = 'retired', updated_at = ?2 WHERE id = ?1",
        params![id, now],
    )?;
    Ok(Ok(()))
}
