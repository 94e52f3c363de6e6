//! API tokens. Only the SHA-256 of a secret is here; a token is taken back, never deleted.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, OwnerId, TokenId};
use windlass_core::limits::MAX_TEXT_BYTES;
use windlass_core::time::Timestamp;
use windlass_protocol::owners::Role;
use windlass_protocol::tokens::{CreateToken, Scope, Token};

use super::audit::{self, Act, Actor};
use super::owners;
use crate::auth::Scopes;
use crate::auth::secret::TokenHash;
use crate::db::{Row, Tx, params};
use crate::failure::{Refusal, internal};

const COLUMNS: &str = "t.id, t.owner_id, t.name, t.scopes, t.destinations, t.client_id, t.expires_at, t.last_used_at, t.revoked_at, t.created_at";
/// Time between two writes of when a token was last used.
const TOUCH_MS: i64 = 60_000;
/// Destinations that a token can be for.
const MAX_DESTINATIONS: usize = 100;

/// A token as it is looked up, with its owner.
#[derive(Debug, Clone)]
pub struct Found {
    /// The token.
    pub token: Token,
    /// What is kept of its secret.
    pub hash: TokenHash,
    /// What its owner may be for.
    pub role: Role,
    /// The owner's kind is anonymous.
    pub anonymous: bool,
    /// The owner is refused.
    pub disabled: bool,
}

/// Makes a token for an owner.
///
/// # Errors
/// `invalid_field`, `not_found`, `id_reused`; as the database answers.
pub fn create(
    tx: &mut dyn Tx,
    owner: OwnerId,
    wanted: &CreateToken,
    hash: TokenHash,
    actor: Actor,
    now: Timestamp,
) -> Result<Result<Token, Refusal>, Failure> {
    let invalid = |what: &str| Refusal::new(ErrorCode::InvalidField, what);
    if let Err(what) = check(wanted, now) {
        return Ok(Err(invalid(&what)));
    }
    let Some(known) = owners::by_id(tx, owner)? else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such owner")));
    };
    if known.disabled_at.is_some() {
        return Ok(Err(Refusal::new(
            ErrorCode::StateConflict,
            "the owner is disabled",
        )));
    }
    if wanted.scopes.contains(&Scope::Admin) && known.role != Role::Admin {
        return Ok(Err(invalid("scopes: admin is for owners of the role admin")));
    }
    for id in wanted.destinations.iter().flatten() {
        if !tx.exists("SELECT 1 FROM destination WHERE id = ?1", params![*id])? {
            return Ok(Err(invalid(&format!("destinations: there is no {id}"))));
        }
    }
    if tx.exists(
        "SELECT 1 FROM api_token WHERE owner_id = ?1 AND id = ?2",
        params![owner, wanted.id],
    )? {
        // Its secret was told once, and can't be told again.
        return Ok(Err(Refusal::new(
            ErrorCode::IdReused,
            "the id is that of another token",
        )));
    }
    let scopes: Scopes = wanted.scopes.iter().copied().collect();
    insert(tx, owner, wanted, &scopes.list(), hash, now)?;
    let data =
        serde_json::json!({ "name": wanted.name, "scopes": scopes.list(), "expires_at": wanted.expires_at });
    tell(tx, actor, "token.create", owner, wanted.id, data, now)?;
    let made = one(tx, owner, wanted.id)?;
    made.map(Ok)
        .ok_or_else(|| internal("the token that was just made is not there"))
}

/// When a token ends.
///
/// # Errors
/// As the database answers.
pub fn expiry(tx: &mut dyn Tx, owner: OwnerId, id: TokenId) -> Result<Option<i64>, Failure> {
    Ok(one(tx, owner, id)?.and_then(|t| t.expires_at))
}

/// Whose a token is; of two owners with the same id, the one who asks comes first.
///
/// # Errors
/// As the database answers.
pub fn owner_of(tx: &mut dyn Tx, id: TokenId, asks: OwnerId) -> Result<Option<OwnerId>, Failure> {
    if one(tx, asks, id)?.is_some() {
        return Ok(Some(asks));
    }
    let row = tx.query_opt("SELECT owner_id FROM api_token WHERE id = ?1", params![id])?;
    row.map(|r| r.get(0)).transpose()
}

/// Writes the row. What is asked of it was checked.
pub(crate) fn insert(
    tx: &mut dyn Tx,
    owner: OwnerId,
    wanted: &CreateToken,
    scopes: &[Scope],
    hash: TokenHash,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "INSERT INTO api_token (owner_id, id, name, token_hash, scopes, destinations, client_id, expires_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            owner,
            wanted.id,
            wanted.name.as_str(),
            hash.0.to_vec(),
            json(&scopes)?,
            wanted.destinations.as_ref().map(json).transpose()?,
            wanted.client_id,
            wanted.expires_at,
            now
        ],
    )
    .map(drop)
}

/// Takes a token back. Doing so twice is once.
///
/// # Errors
/// `not_found`; as the database answers.
pub fn revoke(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: TokenId,
    actor: Actor,
    now: Timestamp,
) -> Result<Token, Failure> {
    let changed = tx.execute(
        "UPDATE api_token SET revoked_at = ?3 WHERE owner_id = ?1 AND id = ?2 AND revoked_at IS NULL",
        params![owner, id, now],
    )?;
    let token = one(tx, owner, id)?.ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such token"))?;
    if changed > 0 {
        tell(
            tx,
            actor,
            "token.revoke",
            owner,
            id,
            serde_json::json!({ "name": token.name }),
            now,
        )?;
    }
    Ok(token)
}

/// An owner's tokens, newest first; without an owner, everybody's.
///
/// # Errors
/// As the database answers.
pub fn all(tx: &mut dyn Tx, owner: Option<OwnerId>) -> Result<Vec<Token>, Failure> {
    let order = "ORDER BY t.created_at DESC, t.id DESC LIMIT 1000";
    let rows = match owner {
        Some(owner) => tx.query(
            &format!("SELECT {COLUMNS} FROM api_token t WHERE t.owner_id = ?1 {order}"),
            params![owner],
        )?,
        None => tx.query(
            &format!(
                "SELECT {COLUMNS} FROM api_token t JOIN owner o ON o.id = t.owner_id WHERE o.kind <> 'anonymous' {order}"
            ),
            params![],
        )?,
    };
    rows.iter().map(read).collect()
}

/// A token by what is kept of its secret.
///
/// # Errors
/// As the database answers.
pub fn find(tx: &mut dyn Tx, hash: TokenHash) -> Result<Option<Found>, Failure> {
    let sql = format!(
        "SELECT {COLUMNS}, o.role, o.kind, o.disabled_at, t.token_hash
         FROM api_token t JOIN owner o ON o.id = t.owner_id WHERE t.token_hash = ?1"
    );
    let row = tx.query_opt(&sql, params![hash.0.to_vec()])?;
    let found = |row: &Row| {
        Ok(Found {
            token: read(row)?,
            role: row.word::<Role>(10)?,
            anonymous: row.get::<String>(11)? == "anonymous",
            disabled: !row.is_null(12),
            hash: TokenHash(row.get(13)?),
        })
    };
    row.as_ref().map(found).transpose()
}

/// Notes that a token was used, at most once a minute.
///
/// # Errors
/// As the database answers.
pub fn touch(tx: &mut dyn Tx, owner: OwnerId, id: TokenId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE api_token SET last_used_at = ?3
         WHERE owner_id = ?1 AND id = ?2 AND (last_used_at IS NULL OR last_used_at <= ?4)",
        params![owner, id, now, now.plus_millis(-TOUCH_MS)],
    )
    .map(drop)
}

/// True when a use at this time is to be noted.
#[must_use]
pub fn is_stale(last_used_at: Option<i64>, now: Timestamp) -> bool {
    last_used_at.is_none_or(|at| at <= now.as_millis() - TOUCH_MS)
}

fn one(tx: &mut dyn Tx, owner: OwnerId, id: TokenId) -> Result<Option<Token>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM api_token t WHERE t.owner_id = ?1 AND t.id = ?2");
    tx.query_opt(&sql, params![owner, id])?
        .as_ref()
        .map(read)
        .transpose()
}

fn check(wanted: &CreateToken, now: Timestamp) -> Result<(), String> {
    let name = &wanted.name;
    if name.is_empty() || name.len() > MAX_TEXT_BYTES || name.chars().any(char::is_control) {
        return Err("name: 1 to 1,024 bytes, no control characters".into());
    }
    if wanted.scopes.is_empty() {
        return Err("scopes: at least one of upload, read, delete, process, admin".into());
    }
    let places = wanted.destinations.as_ref().map(Vec::len);
    if places.is_some_and(|n| n == 0 || n > MAX_DESTINATIONS) {
        return Err(format!(
            "destinations: 1 to {MAX_DESTINATIONS}, or none for everywhere"
        ));
    }
    if wanted.expires_at.is_some_and(|at| at <= now.as_millis()) {
        return Err("expires_at: in the past".into());
    }
    Ok(())
}

fn tell(
    tx: &mut dyn Tx,
    actor: Actor,
    action: &str,
    owner: OwnerId,
    id: TokenId,
    data: serde_json::Value,
    now: Timestamp,
) -> Result<(), Failure> {
    let act = Act {
        actor,
        action,
        subject_kind: "token",
        subject: id.into(),
        owner: Some(owner),
        reason: None,
        data,
    };
    audit::write(tx, &act, now)
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(internal)
}

fn read(row: &Row) -> Result<Token, Failure> {
    let list = |text: String| serde_json::from_str::<Vec<DestinationId>>(&text).map_err(internal);
    Ok(Token {
        id: row.get(0)?,
        owner_id: row.get(1)?,
        name: row.get(2)?,
        scopes: serde_json::from_str(&row.get::<String>(3)?).map_err(internal)?,
        destinations: row.get::<Option<String>>(4)?.map(list).transpose()?,
        client_id: row.get(5)?,
        expires_at: row.get(6)?,
        last_used_at: row.get(7)?,
        revoked_at: row.get(8)?,
        created_at: row.get(9)?,
    })
}
