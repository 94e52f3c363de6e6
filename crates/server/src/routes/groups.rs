//! Groups.

use axum::extract::{Path, State};
use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_protocol::groups::{CreateGroup, Group};

use super::wire::{From, Json, Problems};
use super::{Site, reach};
use crate::auth::{Delete, Read, Scoped, Upload};
use crate::failure::Refusal;

type Answer = Result<Json<Group>, Problems>;

fn id(text: &str) -> Result<GroupId, Refusal> {
    text.parse().map_err(|_| missing())
}

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such group")
}

pub(super) async fn create(
    State(site): State<Site>,
    who: Scoped<Upload>,
    From(from): From,
    Json(group): Json<CreateGroup>,
) -> Answer {
    who.require_destination(group.destination_id)?;
    let who = site.keeper.admit(&who, group.destination_id, from).await?;
    Ok(Json(site.service.create_group(who.owner, &group).await?))
}

pub(super) async fn get(State(site): State<Site>, who: Scoped<Read>, Path(group): Path<String>) -> Answer {
    let group = site.service.group(who.owner, id(&group)?).await?;
    if !who.reaches(group.destination_id) {
        return Err(missing().into());
    }
    Ok(Json(group))
}

pub(super) async fn finalize(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(group): Path<String>,
) -> Answer {
    let id = id(&group)?;
    reach::groups(&site, &who, [id]).await?;
    Ok(Json(site.service.finalize_group(who.owner, id).await?))
}

pub(super) async fn cancel(
    State(site): State<Site>,
    who: Scoped<Delete>,
    Path(group): Path<String>,
) -> Answer {
    let id = id(&group)?;
    reach::groups(&site, &who, [id]).await?;
    Ok(Json(site.service.cancel_group(who.owner, id).await?))
}
