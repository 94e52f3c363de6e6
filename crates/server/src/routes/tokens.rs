//! API tokens: one's own, and everybody's for admins. A token makes none that may more, elsewhere, or longer than itself
//! (A63).

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use windlass_core::error::ErrorCode;
use windlass_core::ids::TokenId;
use windlass_protocol::sessions::Answers;
use windlass_protocol::tokens::{CreateToken, CreatedToken, Scope, Token};

use super::Site;
use super::wire::{Json, Problems};
use crate::auth::secret::TokenSecret;
use crate::auth::{Known, Principal, Scopes};
use crate::failure::Refusal;
use crate::store::audit::{Actor, ActorKind};
use crate::store::tokens;

pub(super) async fn create(
    State(site): State<Site>,
    who: Known,
    Json(wanted): Json<CreateToken>,
) -> Result<Json<CreatedToken>, Problems> {
    not_anonymous(&who)?;
    let owner = wanted.owner_id.unwrap_or(who.owner);
    if owner != who.owner {
        who.require(Scope::Admin)?;
    }
    let asked: Scopes = wanted.scopes.iter().copied().collect();
    if !asked.within(who.scopes) {
        return Err(forbidden("a token makes none that may more than itself").into());
    }
    if let Some(mine) = &who.destinations {
        let inside = wanted
            .destinations
            .as_ref()
            .is_some_and(|d| d.iter().all(|id| mine.contains(id)));
        if !inside {
            return Err(forbidden("a token makes none for other destinations than its own").into());
        }
    }
    let secret = TokenSecret::make(site.service.world())?;
    let (hash, now, actor) = (secret.hash, site.service.now(), actor(&who, owner == who.owner));
    let (maker, maker_owner) = (who.token_id, who.owner);
    let about = site
        .service
        .store()
        .db()
        .write(None, move |tx| {
            // Its maker's end is its end.
            let until = match maker {
                Some(id) => tokens::expiry(tx, maker_owner, id)?,
                None => None,
            };
            let mut wanted = wanted.clone();
            match (wanted.expires_at, until) {
                (None, until) => wanted.expires_at = until,
                (Some(at), Some(until)) if at > until => {
                    return Ok(Err(forbidden("a token makes none that lives longer than itself")));
                }
                (Some(_), _) => {}
            }
            tokens::create(tx, owner, &wanted, hash, actor, now)
        })
        .await??;
    Ok(Json(CreatedToken {
        token: secret.text,
        about,
    }))
}

pub(super) async fn all(
    State(site): State<Site>,
    who: Known,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Answers<Token>>, Problems> {
    not_anonymous(&who)?;
    let owner = if query.get("all").is_some_and(|v| v == "1") {
        who.require(Scope::Admin)?;
        None
    } else {
        Some(who.owner)
    };
    let read = site.service.store().db().read(move |tx| tokens::all(tx, owner));
    Ok(Json(Answers { items: read.await? }))
}

pub(super) async fn revoke(
    State(site): State<Site>,
    who: Known,
    Path(id): Path<String>,
) -> Result<Json<Token>, Problems> {
    not_anonymous(&who)?;
    let missing = || Refusal::new(ErrorCode::NotFound, "no such token");
    // Whoever has a token need not know its id to give it back.
    let id: TokenId = match (id.as_str(), who.token_id) {
        ("self", Some(id)) => id,
        _ => id.parse().map_err(|_| missing())?,
    };
    let (own, now) = (who.owner, site.service.now());
    let is_admin = who.require(Scope::Admin).is_ok();
    let who = who.0;
    let token = site
        .service
        .store()
        .db()
        .write(None, move |tx| {
            let owner = match tokens::owner_of(tx, id, own)? {
                Some(owner) if owner == own || is_admin => owner,
                _ => return Ok(Err(missing())),
            };
            tokens::revoke(tx, owner, id, actor(&who, owner == own), now).map(Ok)
        })
        .await??;
    site.keeper.forget(token.owner_id);
    Ok(Json(token))
}

pub(super) fn actor(who: &Principal, own: bool) -> Actor {
    Actor {
        id: Some(who.owner),
        kind: if own { ActorKind::Owner } else { ActorKind::Admin },
    }
}

fn not_anonymous(who: &Principal) -> Result<(), Refusal> {
    if who.is_anonymous() {
        return Err(forbidden(
            "anonymous uploaders have the secret that they made, and no other",
        ));
    }
    Ok(())
}

fn forbidden(why: &str) -> Refusal {
    Refusal::new(ErrorCode::Forbidden, why)
}
