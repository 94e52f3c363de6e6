//! What storages tell. Whoever posts shows the secret of the destination, in a header or, for storages that send none, in
//! the path; everything that is well shown is answered with 200, whatever it is, because its sender could do nothing about
//! it. Nothing that is posted is believed.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_protocol::janitor::{Page, StorageEvent, StorageHook};

use super::Site;
use super::guard::one;
use super::wire::{Json, Problems};
use crate::auth::{Admin, Scoped};
use crate::events::{self, DeadLetter, DeadReason, Delivery, MAX_BODY_BYTES};
use crate::failure::Refusal;
use crate::service::hook::Shown;

/// Where storages post.
const PATH: &str = "/v1/webhooks/storage/";
/// Rows of a page.
const PAGE: u32 = 100;

/// With the secret in a header.
pub(super) async fn told(
    State(site): State<Site>,
    Path(destination): Path<String>,
    request: Request,
) -> Result<StatusCode, Problems> {
    let (parts, body) = request.into_parts();
    let secret = bearer(&parts.headers).map(<[u8]>::to_vec).unwrap_or_default();
    take(&site, &destination, &secret, body).await
}

/// With the secret in the path.
pub(super) async fn told_by_path(
    State(site): State<Site>,
    Path((destination, secret)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problems> {
    take(&site, &destination, secret.as_bytes(), request.into_body()).await
}

/// `Bearer SECRET`; MinIO sends what it was given as it is.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = one(headers, &header::AUTHORIZATION)?;
    match value.split_at_checked(7) {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case(b"bearer ") => Some(secret),
        _ => Some(value),
    }
}

async fn take(site: &Site, destination: &str, secret: &[u8], body: Body) -> Result<StatusCode, Problems> {
    let refused = || {
        Failure::new(
            ErrorCode::Unauthenticated,
            "the secret of the destination is missing or wrong",
        )
    };
    let id: DestinationId = destination.parse().map_err(|_| refused())?;
    if site.service.shows_hook_secret(id, secret).await? == Shown::Wrong {
        return Err(refused().into());
    }
    let delivery = match to_bytes(body, MAX_BODY_BYTES).await {
        Ok(bytes) => events::read(&bytes),
        // Longer than is read, or cut: what it named is found by the sweep.
        Err(_) => Delivery {
            hints: Vec::new(),
            dead: vec![DeadLetter {
                reason: DeadReason::TooLarge,
                detail: format!("more than {MAX_BODY_BYTES} bytes, or cut on the way"),
                event: String::new(),
            }],
        },
    };
    site.service.take_hints(id, delivery).await?;
    Ok(StatusCode::OK)
}

/// Makes the secret of a destination; the one before it ends.
pub(super) async fn hook(
    State(site): State<Site>,
    who: Scoped<Admin>,
    Path(destination): Path<String>,
) -> Result<Json<StorageHook>, Problems> {
    let id: DestinationId = destination.parse().map_err(|_| missing())?;
    let secret = site.service.make_hook_secret(id, who.owner).await?;
    Ok(Json(StorageHook {
        path: format!("{PATH}{id}"),
        path_with_secret: format!("{PATH}{id}/{secret}"),
        secret,
    }))
}

/// The storage is not listened to any more.
pub(super) async fn unhook(
    State(site): State<Site>,
    who: Scoped<Admin>,
    Path(destination): Path<String>,
) -> Result<StatusCode, Problems> {
    let id: DestinationId = destination.parse().map_err(|_| missing())?;
    site.service.drop_hook_secret(id, who.owner).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Before {
    cursor: Option<String>,
}

/// Events that nobody could place, newest first.
pub(super) async fn dead(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Query(query): Query<Before>,
) -> Result<Json<Page<StorageEvent>>, Problems> {
    let before = query.cursor.as_deref().map(number).transpose()?;
    let events = site.service.dead_events(before, PAGE).await?;
    let cursor = events.last().filter(|_| events.len() == PAGE as usize);
    let cursor = cursor.map(|e| e.seq.to_string());
    let items = events.into_iter().map(|e| StorageEvent {
        seq: e.seq,
        destination_id: e.destination,
        at: e.at.as_millis(),
        reason: e.reason,
        detail: e.detail,
        event: e.event,
        replayed_at: e.replayed_at.map(windlass_core::time::Timestamp::as_millis),
    });
    Ok(Json(Page {
        items: items.collect(),
        cursor,
    }))
}

/// Takes one of them in again.
pub(super) async fn replay(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Path(seq): Path<String>,
) -> Result<StatusCode, Problems> {
    let missing = || Refusal::new(ErrorCode::NotFound, "no such event");
    let seq = seq.parse().map_err(|_| missing())?;
    site.service.replay(seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn number(cursor: &str) -> Result<i64, Refusal> {
    let bad = |_| Refusal::new(ErrorCode::BadCursor, "not a cursor of this list");
    cursor.parse().map_err(bad)
}

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such destination")
}
