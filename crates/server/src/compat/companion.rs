//! Companion's routes for Uppy's S3 plugin. It tells no size and no checksum, hears of no end of a one-request upload, and
//! can send no header, so its base may carry an upload key: `/k/{upload_key}/s3/…`, a token for one destination that can
//! only upload and does not live long.
//!
//! A one-request upload is settled by the storage's own event, or by the sweep.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use windlass_core::error::ErrorCode;
use windlass_core::ids::FileId;
use windlass_core::limits::URL_TTL_MS;
use windlass_core::units::{ETag, PartNumber};
use windlass_protocol::destinations::DestinationConfig;
use windlass_protocol::sessions::SignedPart;

use super::door::{self, Told};
use super::groups::ended;
use crate::auth::{Principal, Scoped, Upload};
use crate::failure::Refusal;
use crate::routes::{From, Json, Problems, Site};
use crate::service::plain::{Parts, Wish};
use crate::store::plain;

type Answer = Result<Json<Value>, Problems>;
type Words = BTreeMap<String, String>;

/// The routes below a base.
pub(super) fn router(base: &str) -> Router<Site> {
    let at = |path: &str| format!("{base}{path}");
    Router::new()
        .route(&at("/params"), get(params))
        .route(&at("/sts"), get(sts))
        .route(&at("/multipart"), post(create))
        .route(&at("/multipart/{upload_id}"), get(list).delete(abort))
        .route(&at("/multipart/{upload_id}/batch"), get(batch))
        .route(&at("/multipart/{upload_id}/complete"), post(complete))
        .route(&at("/multipart/{upload_id}/{part}"), get(sign))
}

/// What a plugin says of a file.
fn told(name: Option<&str>, mime: Option<&str>, size: Option<&str>, single: bool) -> Result<Told, Refusal> {
    let name = name.filter(|n| !n.is_empty());
    let name = name.ok_or_else(|| Refusal::new(ErrorCode::InvalidField, "filename: the name of the file"))?;
    let size = match size.map(str::parse) {
        None => None,
        Some(Ok(size)) => Some(size),
        Some(Err(_)) => return Err(Refusal::new(ErrorCode::InvalidField, "size: bytes")),
    };
    Ok(Told {
        name: name.to_owned(),
        size,
        mime: mime.map(str::to_owned),
        single,
        ..Told::default()
    })
}

/// One request: a form where the storage takes forms, else a PUT.
async fn params(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Query(query): Query<Words>,
) -> Answer {
    let word = |name: &str| query.get(name).map(String::as_str);
    let size = word("metadata[size]").or(word("size"));
    let mut told = told(word("filename"), word("type"), size, true)?;
    told.destination = word("metadata[destination]").map(str::to_owned);
    let (who, id) = door::announce(&site, &who, from, told).await?.accepted()?;
    let signed = site.service.sign_plain(who.owner, id, &Parts::All, false).await?;
    let expires = URL_TTL_MS / 1_000;
    if let Some(form) = site.service.form_plain(&signed).await? {
        let fields: serde_json::Map<String, Value> = form
            .fields
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        return Ok(Json(json!({
            "method": "POST", "url": form.url, "fields": fields, "headers": {}, "expires": expires, "sessionId": id,
        })));
    }
    let first = signed
        .uploads
        .first()
        .ok_or_else(|| crate::failure::internal("a file without a part"))?;
    Ok(Json(json!({
        "method": "PUT", "url": first.url, "fields": {}, "headers": { "content-type": signed.row.mime },
        "expires": expires, "sessionId": id,
    })))
}

/// Credentials never leave the server.
async fn sts() -> Problems {
    Refusal::new(ErrorCode::NotFound, "credentials are not given out").into()
}

#[derive(Deserialize)]
struct Create {
    filename: String,
    #[serde(rename = "type", default)]
    mime: Option<String>,
    #[serde(default)]
    metadata: serde_json::Map<String, Value>,
}

async fn create(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Json(body): Json<Create>,
) -> Answer {
    let size = body.metadata.get("size").map(|s| match s {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let mut told = told(Some(&body.filename), body.mime.as_deref(), size.as_deref(), false)?;
    let to = body.metadata.get("destination").and_then(Value::as_str);
    told.destination = to.map(str::to_owned);
    let (who, id) = door::announce(&site, &who, from, told).await?.accepted()?;
    let signed = site.service.sign_plain(who.owner, id, &Parts::None, true).await?;
    Ok(Json(json!({
        "key": signed.object.key,
        // A folder has none of its own.
        "uploadId": signed.object.upload_id.clone().unwrap_or_else(|| id.to_string()),
        "bucket": bucket(&site, &who, id).await?,
        "sessionId": id,
    })))
}

async fn bucket(site: &Site, who: &Principal, id: FileId) -> Result<String, Refusal> {
    let view = site.service.file(who.owner, id).await?;
    let row = site.service.store().destination(view.destination_id).await?;
    Ok(row.map_or_else(String::new, |d| match d.config {
        DestinationConfig::S3 { bucket, .. } => bucket,
        DestinationConfig::Folder { .. } => d.name,
    }))
}

/// The file of an upload, by what the path and the query say.
async fn found(site: &Site, who: &Principal, path: &Words, query: &Words) -> Result<FileId, Refusal> {
    let missing = || Refusal::new(ErrorCode::NotFound, "no such upload");
    let upload = path.get("upload_id").cloned().ok_or_else(missing)?;
    let key = query.get("key").cloned();
    let key = key.ok_or_else(|| Refusal::new(ErrorCode::InvalidField, "key: as it was answered"))?;
    let (owner, db) = (who.owner, site.service.store().db());
    let (asked, its) = (upload.clone(), key.clone());
    let found = db
        .read(move |tx| plain::of_upload(tx, owner, &asked, &its))
        .await?;
    let id = match found {
        Some((id, _)) => id,
        None => upload.parse().map_err(|_| missing())?,
    };
    let view = door::reached(site, who, &id.to_string())
        .await
        .map_err(|_| missing())?;
    if view.deleted || view.object_key.as_ref() != Some(&key) {
        return Err(missing());
    }
    Ok(id)
}

async fn list(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(path): Path<Words>,
    Query(query): Query<Words>,
) -> Answer {
    let id = found(&site, &who, &path, &query).await?;
    let parts = site.service.list_plain(who.owner, id).await?;
    let part = |p: &windlass_core::complete::StoredPart| json!({ "PartNumber": p.n, "Size": p.size, "ETag": p.etag });
    Ok(Json(parts.iter().map(part).collect()))
}

fn number(text: &str) -> Result<PartNumber, Refusal> {
    let n = text
        .trim()
        .parse::<u32>()
        .ok()
        .and_then(|n| PartNumber::try_from(n).ok());
    n.ok_or_else(|| Refusal::new(ErrorCode::PartOutOfRange, "part numbers are 1 to 10,000"))
}

async fn signed(
    site: &Site,
    who: &Principal,
    id: FileId,
    parts: Vec<PartNumber>,
) -> Result<Vec<SignedPart>, Refusal> {
    let wanted = Parts::These(parts);
    Ok(site
        .service
        .sign_plain(who.owner, id, &wanted, true)
        .await?
        .uploads)
}

async fn sign(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(path): Path<Words>,
    Query(query): Query<Words>,
) -> Answer {
    let id = found(&site, &who, &path, &query).await?;
    let n = number(path.get("part").map_or("", String::as_str))?;
    let uploads = signed(&site, &who, id, vec![n]).await?;
    let first = uploads
        .first()
        .ok_or_else(|| crate::failure::internal("a part without a URL"))?;
    Ok(Json(
        json!({ "url": first.url, "expires": first.valid_ms / 1_000 }),
    ))
}

async fn batch(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(path): Path<Words>,
    Query(query): Query<Words>,
) -> Answer {
    let id = found(&site, &who, &path, &query).await?;
    let text = query.get("partNumbers").map_or("", String::as_str);
    let numbers = text.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
    crate::service::check_batch(numbers.len())?;
    let uploads = signed(&site, &who, id, numbers).await?;
    let urls: serde_json::Map<String, Value> = uploads
        .into_iter()
        .map(|u| (u.n.to_string(), u.url.into()))
        .collect();
    Ok(Json(json!({ "presignedUrls": urls })))
}

#[derive(Deserialize)]
struct Complete {
    parts: Vec<Sent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    part_number: PartNumber,
    #[serde(rename = "ETag")]
    etag: String,
}

async fn complete(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(path): Path<Words>,
    Query(query): Query<Words>,
    Json(body): Json<Complete>,
) -> Answer {
    let id = found(&site, &who, &path, &query).await?;
    let sent = |p: Sent| (p.part_number, ETag(p.etag));
    let wish = Wish {
        parts: Some(body.parts.into_iter().map(sent).collect()),
        ..Wish::default()
    };
    ended(site.service.complete_plain(who.owner, id, wish).await?)?;
    let view = site.service.file(who.owner, id).await?;
    let base = site.service.storages().signer().base_url();
    Ok(Json(json!({
        "location": format!("{base}/v1/sessions/{id}/content"),
        "key": view.object_key,
        "bucket": bucket(&site, &who, id).await?,
    })))
}

/// Gives an upload up; Uppy does so with what it began itself, so the scope is that of uploading.
async fn abort(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(path): Path<Words>,
    Query(query): Query<Words>,
) -> Answer {
    let id = found(&site, &who, &path, &query).await?;
    let view = site.service.file(who.owner, id).await?;
    if view.settled.is_some() {
        let refused = Refusal::new(ErrorCode::SessionSettled, "the file is complete");
        return Err(refused.with_state(view.state).into());
    }
    site.service.delete_file(who.owner, id).await?;
    Ok(Json(json!({})))
}
