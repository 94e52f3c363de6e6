//! Groups.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_protocol::files::Page;
use windlass_protocol::groups::{Finalized, Folders, GroupView, NewGroup, PatchGroup};

use super::lists::Fields;
use super::wire::{From, IfMatch, Json, Problems};
use super::{Site, reach};
use crate::auth::{Delete, Principal, Read, Scoped, Upload};
use crate::failure::Refusal;

type Answer = Result<Json<GroupView>, Problems>;

fn id(text: &str) -> Result<GroupId, Refusal> {
    text.parse().map_err(|_| missing())
}

/// The group in a path, within reach.
async fn reached(site: &Site, who: &Principal, text: &str) -> Result<GroupId, Refusal> {
    let id = id(text)?;
    reach::groups(site, who, [id]).await?;
    Ok(id)
}

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such group")
}

pub(super) async fn create(
    State(site): State<Site>,
    who: Scoped<Upload>,
    From(from): From,
    Json(group): Json<NewGroup>,
) -> Answer {
    let places = site.service.group_places(&group).await?;
    let mut who = who.0;
    for place in places {
        who.require_destination(place)?;
        who = site.keeper.admit(&who, place, from).await?;
    }
    if matches!(who.kind, crate::auth::principal::Kind::Newcomer(_)) {
        return Err(Refusal::new(ErrorCode::NotFound, "no such destination").into());
    }
    Ok(Json(site.service.create_group(who.owner, &group).await?))
}

pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page<GroupView>>, Problems> {
    let filter = Fields(query).groups(site.service.now())?;
    let mut page = site.service.groups(who.owner, filter).await?;
    page.items.retain(|g| reach::reaches_group(&who, g));
    Ok(Json(page))
}

pub(super) async fn get(State(site): State<Site>, who: Scoped<Read>, Path(group): Path<String>) -> Answer {
    let group = site.service.group(who.owner, id(&group)?).await?;
    if !reach::reaches_group(&who, &group) {
        return Err(missing().into());
    }
    Ok(Json(group))
}

pub(super) async fn patch(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(group): Path<String>,
    demanded: IfMatch,
    Json(wanted): Json<PatchGroup>,
) -> Answer {
    let id = reached(&site, &who, &group).await?;
    Ok(Json(
        site.service
            .patch_group(who.owner, demanded.of(id), &wanted)
            .await?,
    ))
}

pub(super) async fn finalize(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(group): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    demanded: IfMatch,
) -> Result<Json<Finalized>, Problems> {
    let most = Fields(query).known(&["limit"])?.most()?;
    let id = reached(&site, &who, &group).await?;
    let done = site.service.finalize_group(who.owner, demanded.of(id), most);
    Ok(Json(done.await?))
}

pub(super) async fn folders(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(group): Path<String>,
    Json(wanted): Json<Folders>,
) -> Result<Json<Folders>, Problems> {
    let id = reached(&site, &who, &group).await?;
    Ok(Json(site.service.keep_folders(who.owner, id, &wanted).await?))
}

pub(super) async fn retry(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(group): Path<String>,
) -> Answer {
    let id = reached(&site, &who, &group).await?;
    Ok(Json(site.service.retry_group(who.owner, id).await?))
}

pub(super) async fn reset(
    State(site): State<Site>,
    who: Scoped<Delete>,
    Path(group): Path<String>,
    demanded: IfMatch,
) -> Answer {
    let id = reached(&site, &who, &group).await?;
    Ok(Json(site.service.reset_group(who.owner, demanded.of(id)).await?))
}

pub(super) async fn cancel(
    State(site): State<Site>,
    who: Scoped<Delete>,
    Path(group): Path<String>,
    demanded: IfMatch,
) -> Answer {
    let id = reached(&site, &who, &group).await?;
    Ok(Json(site.service.cancel_group(who.owner, demanded.of(id)).await?))
}

pub(super) async fn release(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(group): Path<String>,
    demanded: IfMatch,
) -> Answer {
    let id = reached(&site, &who, &group).await?;
    not_anonymous(&who)?;
    Ok(Json(
        site.service
            .release_group(who.owner, demanded.of(id), true)
            .await?,
    ))
}

pub(super) async fn unrelease(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(group): Path<String>,
    demanded: IfMatch,
) -> Answer {
    let id = reached(&site, &who, &group).await?;
    Ok(Json(
        site.service
            .release_group(who.owner, demanded.of(id), false)
            .await?,
    ))
}

pub(super) async fn remove(
    State(site): State<Site>,
    who: Scoped<Delete>,
    Path(group): Path<String>,
    demanded: IfMatch,
) -> Result<StatusCode, Problems> {
    let id = reached(&site, &who, &group).await?;
    site.service.delete_group(who.owner, demanded.of(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever gives something out to everybody has an account (A104).
fn not_anonymous(who: &Principal) -> Result<(), Refusal> {
    match who.is_anonymous() {
        true => Err(Refusal::new(
            ErrorCode::Forbidden,
            "anonymous uploaders give nothing out to everybody",
        )),
        false => Ok(()),
    }
}
