//! What admins set: destinations beyond their place, templates.

use axum::extract::{Path, State};
use windlass_core::error::ErrorCode;
use windlass_protocol::places::{DestinationView, Import, Imported, NewTemplate, PatchDestination, Template};
use windlass_protocol::sessions::Answers;

use super::Site;
use super::destinations::{id, veiled};
use super::tokens::actor;
use super::wire::{Json, Problems};
use crate::auth::{Admin, Scoped, Upload};
use crate::failure::Refusal;
use windlass_protocol::tokens::Scope;

/// Those that the token may be used for; where they are is told to admins alone.
pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Upload>,
) -> Result<Json<Answers<DestinationView>>, Problems> {
    let is_admin = who.require(Scope::Admin).is_ok();
    let all = site.service.destination_views().await?;
    let told = |d: DestinationView| {
        let config = if is_admin { d.config } else { veiled(&d.config) };
        DestinationView { config, ..d }
    };
    Ok(Json(Answers {
        items: all.into_iter().filter(|d| who.reaches(d.id)).map(told).collect(),
    }))
}

pub(super) async fn get(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(destination): Path<String>,
) -> Result<Json<DestinationView>, Problems> {
    let view = site.service.destination_view(id(&destination)?).await?;
    if !who.reaches(view.id) {
        return Err(Refusal::new(ErrorCode::NotFound, "no such destination").into());
    }
    let config = match who.require(Scope::Admin) {
        Ok(()) => view.config,
        Err(_) => veiled(&view.config),
    };
    Ok(Json(DestinationView { config, ..view }))
}

pub(super) async fn patch(
    State(site): State<Site>,
    who: Scoped<Admin>,
    Path(destination): Path<String>,
    Json(wanted): Json<PatchDestination>,
) -> Result<Json<DestinationView>, Problems> {
    let id = id(&destination)?;
    let view = site
        .service
        .patch_destination(id, &wanted, actor(&who, false))
        .await?;
    Ok(Json(view))
}

pub(super) async fn import(
    State(site): State<Site>,
    who: Scoped<Admin>,
    Json(wanted): Json<Import>,
) -> Result<Json<Answers<Imported>>, Problems> {
    let owner = wanted.owner_id.unwrap_or(who.owner);
    if owner != who.owner {
        let find = site
            .service
            .store()
            .db()
            .read(move |tx| crate::store::owners::by_id(tx, owner));
        let found = find.await?;
        found.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such owner"))?;
    }
    let items = site
        .service
        .import(owner, &wanted.entities, actor(&who, false))
        .await?;
    Ok(Json(Answers { items }))
}

pub(super) async fn templates(
    State(site): State<Site>,
    _: Scoped<Upload>,
) -> Result<Json<Answers<Template>>, Problems> {
    Ok(Json(Answers {
        items: site.service.templates().await?,
    }))
}

pub(super) async fn template(
    State(site): State<Site>,
    _: Scoped<Upload>,
    Path(id): Path<String>,
) -> Result<Json<Template>, Problems> {
    let missing = |_| Refusal::new(ErrorCode::NotFound, "no such template");
    let id = uuid::Uuid::try_parse(&id).map_err(missing)?;
    Ok(Json(site.service.template(id).await?))
}

pub(super) async fn create_template(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Json(wanted): Json<NewTemplate>,
) -> Result<Json<Template>, Problems> {
    Ok(Json(site.service.create_template(&wanted).await?))
}
