//! Owners, for admins; and of everybody their own quota.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use windlass_core::error::ErrorCode;
use windlass_core::ids::OwnerId;
use windlass_protocol::owners::{CreateOwner, Owner, PatchOwner, Quota};
use windlass_protocol::sessions::Answers;

use super::Site;
use super::tokens::actor;
use super::wire::{Json, Problems};
use crate::auth::{Admin, Read, Scoped};
use crate::failure::Refusal;
use crate::store::{owners, quota};

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such owner")
}

fn id(text: &str) -> Result<OwnerId, Refusal> {
    text.parse().map_err(|_| missing())
}

pub(super) async fn create(
    State(site): State<Site>,
    who: Scoped<Admin>,
    Json(wanted): Json<CreateOwner>,
) -> Result<Json<Owner>, Problems> {
    let (actor, now) = (actor(&who, false), site.service.now());
    let write = site
        .service
        .store()
        .db()
        .write(None, move |tx| owners::create(tx, &wanted, actor, now));
    Ok(Json(write.await??))
}

pub(super) async fn all(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Answers<Owner>>, Problems> {
    let anonymous = query.get("anonymous").is_some_and(|v| v == "1");
    let read = site
        .service
        .store()
        .db()
        .read(move |tx| owners::all(tx, anonymous));
    Ok(Json(Answers { items: read.await? }))
}

pub(super) async fn get(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Path(owner): Path<String>,
) -> Result<Json<Owner>, Problems> {
    let id = id(&owner)?;
    let read = site.service.store().db().read(move |tx| owners::by_id(tx, id));
    Ok(Json(read.await?.ok_or_else(missing)?))
}

pub(super) async fn patch(
    State(site): State<Site>,
    who: Scoped<Admin>,
    Path(owner): Path<String>,
    Json(wanted): Json<PatchOwner>,
) -> Result<Json<Owner>, Problems> {
    let id = id(&owner)?;
    if id == who.owner && (wanted.disabled == Some(true) || wanted.role.is_some()) {
        return Err(Refusal::new(ErrorCode::StateConflict, "nobody takes their own rights away").into());
    }
    let (actor, now) = (actor(&who, false), site.service.now());
    let write = site
        .service
        .store()
        .db()
        .write(None, move |tx| owners::patch(tx, id, &wanted, actor, now));
    let owner = write.await?;
    site.keeper.forget(id);
    Ok(Json(owner))
}

pub(super) async fn quota_of_caller(
    State(site): State<Site>,
    who: Scoped<Read>,
) -> Result<Json<Quota>, Problems> {
    let owner = who.owner;
    let read = site.service.store().db().read(move |tx| quota::told(tx, owner));
    Ok(Json(read.await?))
}
