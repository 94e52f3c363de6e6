//! Who somebody is at an identity provider. A row is made with the first sign-in of a person and stays as long as its owner,
//! who is never another one's: a name or a mail address that two people share makes two owners.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_core::time::Timestamp;
use windlass_protocol::owners::{CreateOwner, Role};
use windlass_protocol::tokens::{CreateToken, Token};

use super::audit::{Actor, ActorKind};
use super::{owners, tokens};
use crate::auth::secret::TokenHash;
use crate::db::{Tx, params};
use crate::failure::{Refusal, internal};
use crate::oidc::person::Person;

/// Owners of one name that are told apart by a number.
const MOST_OF_A_NAME: u32 = 1_000;

/// Somebody who signed in, with the id that they get when they are new.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// For a new owner.
    pub id: OwnerId,
    /// The provider.
    pub issuer: String,
    /// Who they are there.
    pub person: Person,
}

/// Finds or makes the owner of somebody who signed in, and makes their token. Answers it with the owner's name.
///
/// # Errors
/// `forbidden` for an owner who is disabled; as the database answers.
pub fn sign_in(
    tx: &mut dyn Tx,
    who: &Newcomer,
    wanted: &CreateToken,
    hash: TokenHash,
    now: Timestamp,
) -> Result<Result<(Token, String), Refusal>, Failure> {
    let (issuer, subject) = (who.issuer.as_str(), who.person.subject.as_str());
    let known = tx.query_opt(
        "SELECT owner_id FROM owner_identity WHERE issuer = ?1 AND subject = ?2",
        params![issuer, subject],
    )?;
    let owner = match known {
        Some(row) => {
            tx.execute(
                "UPDATE owner_identity SET last_seen_at = ?3 WHERE issuer = ?1 AND subject = ?2",
                params![issuer, subject, now],
            )?;
            row.get(0)?
        }
        None => {
            let Some(owner) = make(tx, who, now)? else {
                return Ok(Err(Refusal::new(
                    ErrorCode::StateConflict,
                    "too many people have this name",
                )));
            };
            tx.execute(
                "INSERT INTO owner_identity (issuer, subject, owner_id, created_at, last_seen_at)
                 VALUES (?1, ?2, ?3, ?4, ?4)",
                params![issuer, subject, owner, now],
            )?;
            owner
        }
    };
    let owner = owners::by_id(tx, owner)?.ok_or_else(|| internal("an identity without an owner"))?;
    if owner.disabled_at.is_some() {
        return Ok(Err(Refusal::new(
            ErrorCode::Forbidden,
            "this account is disabled",
        )));
    }
    let actor = Actor {
        id: Some(owner.id),
        kind: ActorKind::Owner,
    };
    let made = tokens::create(tx, owner.id, wanted, hash, actor, now)?;
    Ok(made.map(|token| (token, owner.name)))
}

/// A new owner, by a name that nobody has. A mail address that somebody has stays theirs.
fn make(tx: &mut dyn Tx, who: &Newcomer, now: Timestamp) -> Result<Option<OwnerId>, Failure> {
    let mut email = who.person.email.clone();
    if let Some(mail) = &email
        && owners::by_name(tx, mail)?.is_some()
    {
        email = None;
    }
    let actor = Actor {
        id: Some(who.id),
        kind: ActorKind::Owner,
    };
    for n in 1..=MOST_OF_A_NAME {
        let name = match n {
            1 => who.person.name.clone(),
            n => format!("{} ({n})", who.person.name),
        };
        if owners::by_name(tx, &name)?.is_some() {
            continue;
        }
        let wanted = CreateOwner {
            id: who.id,
            name,
            email,
            role: Role::Member,
            quota_bytes: None,
        };
        return owners::create(tx, &wanted, actor, now)?
            .map(|owner| Some(owner.id))
            .map_err(|refusal| refusal.failure);
    }
    Ok(None)
}
