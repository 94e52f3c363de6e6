//! Groups.

use axum::extract::{Path, State};
use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_protocol::groups::{CreateGroup, Group};

use super::Site;
use super::wire::{Json, Problems};
use crate::failure::Refusal;

type Answer = Result<Json<Group>, Problems>;

fn id(text: &str) -> Result<GroupId, Refusal> {
    text.parse()
        .map_err(|_| Refusal::new(ErrorCode::NotFound, "no such group"))
}

pub(super) async fn create(State(site): State<Site>, Json(group): Json<CreateGroup>) -> Answer {
    Ok(Json(site.service.create_group(site.owner, &group).await?))
}

pub(super) async fn get(State(site): State<Site>, Path(group): Path<String>) -> Answer {
    Ok(Json(site.service.group(site.owner, id(&group)?).await?))
}

pub(super) async fn finalize(State(site): State<Site>, Path(group): Path<String>) -> Answer {
    Ok(Json(site.service.finalize_group(site.owner, id(&group)?).await?))
}

pub(super) async fn cancel(State(site): State<Site>, Path(group): Path<String>) -> Answer {
    Ok(Json(site.service.cancel_group(site.owner, id(&group)?).await?))
}
