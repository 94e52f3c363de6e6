//! The person's choices, by key, as JSON. No secrets.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use crate::QueueError;

fn read(r: &Row<'_>, i: usize) -> rusqlite::Result<Value> {
    let text = r.get_ref(i)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(i, rusqlite::types::Type::Text, Box::new(e)))
}

/// One choice.
///
/// # Errors
/// As for every read.
pub fn get(conn: &Connection, key: &str) -> Result<Option<Value>, QueueError> {
    let mut q = conn.prepare_cached("SELECT value FROM setting WHERE key = ?1")?;
    Ok(q.query_row([key], |r| read(r, 0)).optional()?)
}

/// Writes one.
///
/// # Errors
/// When the key is empty or longer than 255 characters, or the value longer than 1 MiB.
pub fn set(conn: &Connection, key: &str, value: &Value) -> Result<(), QueueError> {
    conn.prepare_cached(
        "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
    )?
    .execute(params![key, value.to_string()])?;
    Ok(())
}

/// Forgets one. False when there was none.
///
/// # Errors
/// As for every write.
pub fn remove(conn: &Connection, key: &str) -> Result<bool, QueueError> {
    Ok(conn
        .prepare_cached("DELETE FROM setting WHERE key = ?1")?
        .execute([key])?
        == 1)
}

/// All.
///
/// # Errors
/// As for every read.
pub fn all(conn: &Connection) -> Result<BTreeMap<String, Value>, QueueError> {
    let mut q = conn.prepare_cached("SELECT key, value FROM setting")?;
    let rows = q
        .query_map([], |r| Ok((r.get(0)?, read(r, 1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
