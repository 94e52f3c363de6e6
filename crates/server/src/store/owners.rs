//! Owners: people, programs, anonymous uploaders, and the one of an embedded ledger. Never deleted; a disabled one keeps
//! its rows and is refused everywhere.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_core::limits::MAX_TEXT_BYTES;
use windlass_core::time::Timestamp;
use windlass_protocol::owners::{CreateOwner, Owner, PatchOwner, Role};

use super::audit::{self, Act, Actor};
use crate::db::{Row, Tx, params};
use crate::failure::Refusal;

const COLUMNS: &str = "id, kind, role, name, email, quota_bytes, created_at, disabled_at";

/// Makes an owner, or answers the one of these facts.
///
/// # Errors
/// `invalid_field`, `id_reused`, `state_conflict` for a name or an address that somebody has; as the database answers.
pub fn create(
    tx: &mut dyn Tx,
    wanted: &CreateOwner,
    actor: Actor,
    now: Timestamp,
) -> Result<Result<Owner, Refusal>, Failure> {
    if let Err(refusal) = check(wanted) {
        return Ok(Err(refusal));
    }
    if let Some(known) = by_id(tx, wanted.id)? {
        let same = known.kind == "user" && known.name == wanted.name && known.role == wanted.role;
        let reused = || Refusal::new(ErrorCode::IdReused, "the id is that of another owner");
        return Ok(if same { Ok(known) } else { Err(reused()) });
    }
    let taken = |what: &str| Refusal::new(ErrorCode::StateConflict, format!("{what} is somebody else's"));
    if by_name(tx, &wanted.name)?.is_some() {
        return Ok(Err(taken("the name")));
    }
    if let Some(mail) = &wanted.email
        && tx.exists(
            "SELECT 1 FROM owner WHERE lower(email) = lower(?1)",
            params![mail.as_str()],
        )?
    {
        return Ok(Err(taken("the mail address")));
    }
    tx.execute(
        "INSERT INTO owner (id, kind, role, name, email, quota_bytes, created_at)
         VALUES (?1, 'user', ?2, ?3, ?4, ?5, ?6)",
        params![
            wanted.id,
            wanted.role.as_str(),
            wanted.name.as_str(),
            wanted.email.clone(),
            wanted.quota_bytes,
            now
        ],
    )?;
    let data = serde_json::json!({ "name": wanted.name, "role": wanted.role });
    tell(tx, actor, "owner.create", wanted.id, data, now)?;
    by_id(tx, wanted.id)?.map(Ok).ok_or_else(missing)
}

/// Changes an owner.
///
/// # Errors
/// `not_found`; as the database answers.
pub fn patch(
    tx: &mut dyn Tx,
    id: OwnerId,
    wanted: &PatchOwner,
    actor: Actor,
    now: Timestamp,
) -> Result<Owner, Failure> {
    let known = by_id(tx, id)?.ok_or_else(missing)?;
    let disabled_at = match wanted.disabled {
        None => known.disabled_at,
        Some(false) => None,
        Some(true) => known.disabled_at.or(Some(now.as_millis())),
    };
    let quota = wanted
        .quota_bytes
        .map_or(known.quota_bytes, |q| Some(q).filter(|q| *q > 0));
    tx.execute(
        "UPDATE owner SET disabled_at = ?2, role = ?3, quota_bytes = ?4 WHERE id = ?1",
        params![id, disabled_at, wanted.role.unwrap_or(known.role).as_str(), quota],
    )?;
    let data = serde_json::to_value(wanted).unwrap_or_default();
    tell(tx, actor, "owner.change", id, data, now)?;
    by_id(tx, id)?.ok_or_else(missing)
}

/// All owners, newest first; anonymous ones only where they are asked for.
///
/// # Errors
/// As the database answers.
pub fn all(tx: &mut dyn Tx, anonymous: bool) -> Result<Vec<Owner>, Failure> {
    let filter = if anonymous {
        ""
    } else {
        " WHERE kind <> 'anonymous'"
    };
    let rows = tx.query(
        &format!("SELECT {COLUMNS} FROM owner{filter} ORDER BY created_at DESC, id DESC LIMIT 1000"),
        params![],
    )?;
    rows.iter().map(read).collect()
}

/// An owner by id.
///
/// # Errors
/// As the database answers.
pub fn by_id(tx: &mut dyn Tx, id: OwnerId) -> Result<Option<Owner>, Failure> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM owner WHERE id = ?1"), params![id])?;
    row.as_ref().map(read).transpose()
}

/// A person by name, or by mail address.
///
/// # Errors
/// As the database answers.
pub fn by_name(tx: &mut dyn Tx, name: &str) -> Result<Option<Owner>, Failure> {
    let sql = format!(
        "SELECT {COLUMNS} FROM owner WHERE kind <> 'anonymous' AND (name = ?1 OR lower(email) = lower(?1))
         ORDER BY created_at LIMIT 1"
    );
    tx.query_opt(&sql, params![name])?.as_ref().map(read).transpose()
}

fn check(wanted: &CreateOwner) -> Result<(), Refusal> {
    let invalid = |what: &str| Err(Refusal::new(ErrorCode::InvalidField, what));
    let name = wanted.name.trim();
    if name.is_empty()
        || name != wanted.name
        || name.len() > MAX_TEXT_BYTES
        || name.chars().any(char::is_control)
    {
        return invalid("name: 1 to 1,024 bytes, no space at its ends, no control characters");
    }
    let fine = |mail: &String| {
        mail.len() <= 254
            && mail
                .split_once('@')
                .is_some_and(|(a, b)| !a.is_empty() && b.contains('.'))
    };
    if wanted.email.as_ref().is_some_and(|m| !fine(m)) {
        return invalid("email: no mail address");
    }
    Ok(())
}

fn tell(
    tx: &mut dyn Tx,
    actor: Actor,
    action: &str,
    id: OwnerId,
    data: serde_json::Value,
    now: Timestamp,
) -> Result<(), Failure> {
    let act = Act {
        actor,
        action,
        subject_kind: "owner",
        subject: id.into(),
        owner: Some(id),
        reason: None,
        data,
    };
    audit::write(tx, &act, now)
}

fn missing() -> Failure {
    Failure::new(ErrorCode::NotFound, "no such owner")
}

fn read(row: &Row) -> Result<Owner, Failure> {
    Ok(Owner {
        id: row.get(0)?,
        kind: row.get(1)?,
        role: row.word::<Role>(2)?,
        name: row.get::<Option<String>>(3)?.unwrap_or_default(),
        email: row.get(4)?,
        quota_bytes: row.get(5)?,
        created_at: row.get(6)?,
        disabled_at: row.get(7)?,
    })
}
