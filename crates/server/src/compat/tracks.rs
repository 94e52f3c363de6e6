//! Two tracks (D): upload and parse, apart from each other, of content that has one canonical.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_core::states::SessionState;
use windlass_protocol::files::FileView;
use windlass_protocol::sessions::InitAnswer;

use super::door::{self, Told};
use super::words::EXTRACT_TEXT;
use crate::auth::{Delete, Read, Scoped, Upload};
use crate::failure::Refusal;
use crate::routes::{From, Json, Problems, Site};
use crate::service::plain::{Outcome, Parts, Wish};
use crate::store::cursor::Cursor;
use crate::store::files::FileFilter;
use crate::store::plain;

/// Uploads of one list, and URLs that are given at once.
const MOST: u32 = 1_000;

type Answer = Result<Json<Value>, Problems>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Init {
    #[serde(alias = "name")]
    filename: String,
    #[serde(default, alias = "mime")]
    content_type: Option<String>,
    size: u64,
    #[serde(default)]
    hash: Option<String>,
    #[serde(default)]
    group_id: Option<GroupId>,
    #[serde(default)]
    destination: Option<String>,
}

pub(super) async fn init(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Json(body): Json<Init>,
) -> Answer {
    let hash = door::hash(body.hash.as_ref())?;
    let mime = body.content_type.unwrap_or_else(|| door::mime_of(&body.filename));
    // A content that is there and proved is answered at once; nobody is waited for.
    let is_there = match hash {
        Some(hash) => {
            let to = body.destination.as_deref();
            let (owner, to) = (
                who.owner,
                door::place(&site, &who, to, (&body.filename, Some(body.size), &mime)).await?,
            );
            let db = site.service.store().db();
            db.read(move |tx| plain::is_proved(tx, owner, hash, to)).await?
        }
        None => false,
    };
    let told = Told {
        name: body.filename,
        size: Some(body.size),
        mime: Some(mime.clone()),
        sha256: hash,
        group: body.group_id,
        destination: body.destination,
        dedup: is_there,
        ..Told::default()
    };
    let announced = door::announce(&site, &who, from, told).await?;
    let (who, id) = (announced.who, announced.id);
    if let InitAnswer::Refused { error } = &announced.answer {
        return match error.state.as_deref() {
            Some("rejected") => Ok(Json(
                json!({ "fileId": id, "status": "rejected", "error": error }),
            )),
            _ => Err(Refusal::from(error.to_failure()).into()),
        };
    }
    let mut view = site.service.file(who.owner, id).await?;
    if view.state == SessionState::Pending && view.canonical_id.is_some() {
        view = site.service.take_over(who.owner, id).await?;
    }
    let mut answer = told_of(&view);
    if let Value::Object(fields) = &mut answer
        && matches!(view.state, SessionState::Pending | SessionState::Uploading)
    {
        let signed = site
            .service
            .sign_plain(who.owner, id, &Parts::First(MOST), false)
            .await?;
        fields.insert("objectKey".into(), signed.object.key.as_str().into());
        match (signed.told.single, signed.uploads.first()) {
            (true, Some(first)) => drop(fields.insert("upload".into(), door::upload(first, &mime))),
            _ => drop(fields.insert("multipart".into(), door::multipart(&signed))),
        }
    }
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finalize {
    file_id: String,
    #[serde(default)]
    hash: Option<String>,
}

pub(super) async fn finalize(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Json(body): Json<Finalize>,
) -> Answer {
    let hash = door::hash(body.hash.as_ref())?;
    let view = door::reached(&site, &who, &body.file_id).await?;
    let open = matches!(
        view.state,
        SessionState::Pending | SessionState::Uploading | SessionState::Verifying
    );
    if view.deleted {
        return Err(Refusal::new(ErrorCode::SessionDeleted, "the file was deleted")
            .with_state(view.state)
            .into());
    }
    if open {
        let wish = Wish {
            sha256: hash,
            absent_fails: true,
            parts: None,
        };
        match site.service.complete_plain(who.owner, view.id, wish).await? {
            Outcome::Settled | Outcome::Absent | Outcome::Missing(_) => {}
            Outcome::Verifying => {
                let detail = "the storage has not answered yet: ask again";
                return Err(Refusal::new(ErrorCode::Overloaded, detail).into());
            }
            Outcome::Failed(refused) => {
                let now = site.service.file(who.owner, view.id).await?;
                if !matches!(now.state, SessionState::Failed | SessionState::Rejected) {
                    return Err(refused.into());
                }
            }
        }
    }
    let view = site.service.file(who.owner, view.id).await?;
    Ok(Json(told_of(&view)))
}

/// An upload with both tracks (D-12).
fn told_of(view: &FileView) -> Value {
    let facts = door::facts(view);
    let process = view.jobs.iter().find(|j| j.kind == EXTRACT_TEXT);
    let mut answer = json!({
        "fileId": view.id,
        "filename": view.name,
        "size": view.size,
        "contentType": view.mime,
        "hash": view.sha256,
        "status": facts.upload_status(),
        "parseStatus": facts.parse_status(),
        "processId": process.map(|j| j.id),
        "canonicalId": view.canonical_id.filter(|_| view.settled.is_some()),
        "objectKey": view.object_key,
        "createdAt": door::time(view.created_at),
        "uploadedAt": door::some_time(view.uploaded_at),
        "deletedAt": door::some_time(view.deleted_at),
    });
    if let (Value::Object(fields), Some(error)) = (&mut answer, &view.error) {
        fields.insert(
            "error".into(),
            json!({ "code": error.code, "detail": error.detail }),
        );
    }
    answer
}

/// Newest first, deleted ones too: what was parsed of them stays.
pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<axum::response::Response, Problems> {
    use axum::response::IntoResponse as _;
    let cursor = query.get("cursor").map(|c| Cursor::parse(c)).transpose()?;
    let limit = query.get("limit").and_then(|l| l.parse().ok()).unwrap_or(MOST);
    let filter = FileFilter {
        deleted: true,
        destinations: who.destinations.as_ref().map(|d| d.iter().copied().collect()),
        cursor,
        limit: limit.clamp(1, MOST),
        ..FileFilter::default()
    };
    let page = site.service.files(who.owner, filter).await?;
    let list: Vec<_> = page.items.iter().map(told_of).collect();
    let mut response = Json(list).into_response();
    if let Some(next) = page
        .next
        .and_then(|n| format!("</uploads?cursor={n}>; rel=\"next\"").parse().ok())
    {
        response.headers_mut().insert(axum::http::header::LINK, next);
    }
    Ok(response)
}

pub(super) async fn one(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    Ok(Json(told_of(&door::reached(&site, &who, &id).await?)))
}

pub(super) async fn remove(State(site): State<Site>, who: Scoped<Delete>, Path(id): Path<String>) -> Answer {
    let view = door::reached(&site, &who, &id).await?;
    site.service.delete_file(who.owner, view.id).await?;
    Ok(Json(told_of(&site.service.file(who.owner, view.id).await?)))
}
