//! Records, options and projects (L): groups by template, with the columns and words of L.

use std::collections::BTreeMap;

use axum::extract::{OriginalUri, Path, Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::limits::MAX_BATCH;
use windlass_core::states::{GroupState, SessionState};
use windlass_protocol::files::FileView;
use windlass_protocol::groups::{GroupView, Metadata, NewGroup, PatchGroup};

use super::door::{self, Told};
use super::groups::ended;
use super::words::record_status;
use crate::auth::{Delete, Principal, Read, Scoped, Upload};
use crate::clock::random;
use crate::failure::Refusal;
use crate::routes::{From, Json, Problems, Site};
use crate::service::plain::{Parts, Wish};
use crate::store::files::FileFilter;
use crate::store::group_view::GroupFilter;
use crate::store::plain;

/// Without a sign of life for so long, an entity counts as abandoned, milliseconds.
const ABANDONED_MS: i64 = 3_600_000;

type Answer = Result<Json<Value>, Problems>;

/// What a file's columns begin with, by its slot.
fn column(slot: &str) -> &str {
    match slot {
        "processed_recording" => "record",
        "raw_recording" => "raw",
        other => other,
    }
}

async fn told(site: &Site, who: &Principal, group: &GroupView) -> Result<Value, Refusal> {
    let mut row: Map<String, Value> = group.metadata.clone();
    for (name, value) in [
        ("id", json!(group.id)),
        ("entity_type", json!(group.entity_type)),
        ("name", json!(group.name)),
        ("upload_status", record_status(group.state).into()),
        ("upload_error", json!(group.error.as_ref().map(|e| &e.detail))),
        ("upload_retry_count", group.retry_count.into()),
        ("created_at", door::time(group.created_at)),
        ("updated_at", door::time(group.updated_at)),
        ("completed_at", door::some_time(group.completed_at)),
        ("files_done", group.required.done.into()),
        ("files_total", group.required.total.into()),
    ] {
        row.insert(name.to_owned(), value);
    }
    let newest = newest_settled(site, who, group.id).await?;
    for slot in &group.slots {
        let (name, file) = (column(&slot.file_type), newest.get(&slot.file_type));
        row.insert(
            format!("{name}_url"),
            json!(file.and_then(|f| f.object_key.as_ref())),
        );
        row.insert(format!("{name}_file_size"), json!(file.and_then(|f| f.size)));
        row.insert(
            format!("{name}_uploaded_at"),
            door::some_time(file.and_then(|f| f.uploaded_at)),
        );
    }
    Ok(Value::Object(row))
}

async fn all_files(site: &Site, who: &Principal, group: GroupId) -> Result<Vec<FileView>, Refusal> {
    let filter = FileFilter {
        group: Some(group),
        limit: 1_000,
        ..FileFilter::default()
    };
    Ok(site.service.files(who.owner, filter).await?.items)
}

/// The newest settled file of each slot.
async fn newest_settled(
    site: &Site,
    who: &Principal,
    group: GroupId,
) -> Result<BTreeMap<String, FileView>, Refusal> {
    let mut newest = BTreeMap::new();
    for file in all_files(site, who, group).await? {
        if let (Some(kind), Some(_)) = (&file.file_type, &file.settled) {
            newest.entry(kind.clone()).or_insert(file);
        }
    }
    Ok(newest)
}

fn file_of(group: &GroupView, file: &FileView) -> Value {
    json!({
        "id": file.id,
        "entity_type": group.entity_type,
        "entity_id": group.entity_id,
        "file_type": file.file_type,
        "file_path": file.object_key,
        "file_size": file.size,
        "mime_type": file.mime,
        "upload_status": door::facts(file).record_file(),
        "uploaded_at": door::some_time(file.uploaded_at),
        "verified_at": door::some_time(file.verified_at),
        "metadata": file.metadata,
        "is_required": file.is_required,
        "error": file.error.as_ref().map(|e| &e.detail),
        "error_code": file.error.as_ref().map(|e| &e.code),
        "error_at": door::some_time(file.error.as_ref().and_then(|e| e.at)),
        "retry_count": file.retry_count,
        "created_at": door::time(file.created_at),
        "updated_at": door::time(file.updated_at),
    })
}

pub(super) async fn create_record(
    site: State<Site>,
    who: Scoped<Upload>,
    from: From,
    body: Json<Metadata>,
) -> Answer {
    create(site, who, from, body, "record").await
}

pub(super) async fn create_option(
    site: State<Site>,
    who: Scoped<Upload>,
    from: From,
    body: Json<Metadata>,
) -> Answer {
    create(site, who, from, body, "option").await
}

pub(super) async fn create_project(
    site: State<Site>,
    who: Scoped<Upload>,
    from: From,
    body: Json<Metadata>,
) -> Answer {
    create(site, who, from, body, "project").await
}

async fn create(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Json(mut body): Json<Metadata>,
    template: &str,
) -> Answer {
    let id = match body.remove("id") {
        Some(id) => group_in(&id)?,
        None => GroupId::new(door::now(&site), random(site.service.world())?),
    };
    let name = match body.remove("name") {
        Some(Value::String(name)) => name,
        Some(_) => return Err(Refusal::new(ErrorCode::InvalidField, "name: text").into()),
        None => template.to_owned(),
    };
    for fixed in ["upload_status", "upload_error", "upload_retry_count"] {
        if body.remove(fixed).is_some_and(|v| v != "draft" && !v.is_null()) {
            let detail = format!("{fixed}: it begins as a draft");
            return Err(Refusal::new(ErrorCode::InvalidField, detail).into());
        }
    }
    // Where its project is one of ours, it belongs to it.
    let project = body.get("project_id").map(group_in).transpose()?;
    let parent_id = match project.filter(|_| template != "project") {
        Some(id) => site.service.group(who.owner, id).await.ok().map(|g| g.id),
        None => None,
    };
    let group = NewGroup {
        id,
        name,
        description: None,
        destination_id: None,
        destination: None,
        template: Some(template.to_owned()),
        entity_id: None,
        parent_id,
        metadata: body,
        client_id: None,
    };
    let mut maker = who.0;
    for place in site.service.group_places(&group).await? {
        maker.require_destination(place)?;
        maker = site.keeper.admit(&maker, place, From(from.0).0).await?;
    }
    let group = site.service.create_group(maker.owner, &group).await?;
    Ok(Json(told(&site, &maker, &group).await?))
}

fn group_in(value: &Value) -> Result<GroupId, Refusal> {
    let id = value.as_str().and_then(|text| text.parse().ok());
    id.ok_or_else(|| Refusal::new(ErrorCode::InvalidField, "id: a UUID"))
}

/// The group in a path, if it is of the kind that the path says.
async fn found(site: &Site, who: &Principal, id: &str, path: &str) -> Result<GroupView, Refusal> {
    let group = door::reached_group(site, who, door::group_id(id)?).await?;
    let kind = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let same = group
        .entity_type
        .as_ref()
        .is_some_and(|t| format!("{t}s") == kind);
    if same && group.deleted_at.is_none() {
        Ok(group)
    } else {
        Err(Refusal::new(ErrorCode::NotFound, "no such entity"))
    }
}

pub(super) async fn get(
    State(site): State<Site>,
    who: Scoped<Read>,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Answer {
    let group = found(&site, &who, &id, uri.path()).await?;
    Ok(Json(told(&site, &who, &group).await?))
}

/// A list of entities, newest first; `upload_status=` narrows it, `abandoned=1` to those that are uploading and quiet for an
/// hour (L-13).
pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Read>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let kind = uri.path().trim_matches('/').trim_end_matches('s').to_owned();
    let state = match query.get("upload_status").map(String::as_str) {
        None => None,
        Some("draft") => Some(GroupState::Draft),
        Some("uploading") => Some(GroupState::Uploading),
        Some("completed") => Some(GroupState::Completed),
        Some("failed") => Some(GroupState::Failed),
        Some(_) => {
            let detail = "upload_status: draft, uploading, completed, failed";
            return Err(Refusal::new(ErrorCode::InvalidField, detail).into());
        }
    };
    let abandoned = query.get("abandoned").is_some_and(|v| v == "1");
    let filter = GroupFilter {
        state,
        abandoned_before: abandoned.then(|| door::now(&site).plus_millis(-ABANDONED_MS)),
        entity_type: Some(kind),
        limit: 1_000,
        ..GroupFilter::default()
    };
    let mut rows = Vec::new();
    for group in site.service.groups(who.owner, filter).await?.items {
        if group.slots.iter().all(|s| who.reaches(s.destination_id)) {
            rows.push(told(&site, &who, &group).await?);
        }
    }
    Ok(Json(rows.into()))
}

/// Deletes an entity with its files.
pub(super) async fn remove(
    State(site): State<Site>,
    who: Scoped<Delete>,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Answer {
    let group = found(&site, &who, &id, uri.path()).await?;
    site.service.delete_group(who.owner, group.id).await?;
    Ok(Json(json!({ "id": group.id })))
}

/// Starts, retries, resets, or reports a failure (L-2). Completed is said by finalize only (L-9).
pub(super) async fn patch(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    Json(mut body): Json<Metadata>,
) -> Answer {
    let group = found(&site, &who, &id, uri.path()).await?;
    let (owner, id) = (who.owner, group.id);
    let word = body.remove("upload_status");
    let error = body.remove("upload_error");
    body.remove("upload_retry_count");
    if !body.is_empty() {
        let mut metadata = group.metadata.clone();
        metadata.extend(body);
        let wanted = PatchGroup {
            metadata: Some(metadata),
            ..PatchGroup::default()
        };
        site.service.patch_group(owner, id, &wanted).await?;
    }
    if let Some(word) = word {
        step(
            &site,
            &who,
            &group,
            word.as_str().unwrap_or_default(),
            error.as_ref(),
        )
        .await?;
    }
    let group = site.service.group(owner, id).await?;
    Ok(Json(told(&site, &who, &group).await?))
}

async fn step(
    site: &Site,
    who: &Principal,
    group: &GroupView,
    word: &str,
    error: Option<&Value>,
) -> Result<(), Refusal> {
    let (owner, id, service) = (who.owner, group.id, &site.service);
    let from = group.state;
    let conflict = || {
        let detail = format!("{} does not become {word}", record_status(from));
        let code = match from {
            GroupState::Completed => ErrorCode::GroupCompleted,
            GroupState::Cancelled => ErrorCode::GroupClosed,
            GroupState::Draft | GroupState::Uploading | GroupState::Failed => ErrorCode::StateConflict,
        };
        Refusal::new(code, detail)
    };
    match (from, word) {
        (GroupState::Draft, "draft")
        | (GroupState::Uploading, "uploading")
        | (GroupState::Failed, "failed") => Ok(()),
        (GroupState::Draft, "uploading") => {
            let now = service.now();
            let db = service.store().db();
            Ok(db
                .write(Some(owner), move |tx| plain::under_way(tx, owner, Some(id), now))
                .await?)
        }
        (GroupState::Failed, "uploading") => service.retry_group(owner, id).await.map(drop),
        (GroupState::Failed, "draft") => service.reset_group(owner, id).await.map(drop),
        (GroupState::Draft | GroupState::Uploading, "failed") => {
            let said = error.and_then(Value::as_str).filter(|e| !e.is_empty());
            let text = said.unwrap_or("One or more file uploads failed").to_owned();
            let why = Failure::new(ErrorCode::Cancelled, text);
            let now = service.now();
            let db = service.store().db();
            Ok(db
                .write(Some(owner), move |tx| plain::fail_group(tx, owner, id, &why, now))
                .await?)
        }
        (_, "draft" | "uploading" | "failed" | "completed") => Err(conflict()),
        _ => Err(Refusal::new(
            ErrorCode::InvalidField,
            "upload_status: draft, uploading, completed, failed",
        )),
    }
}

#[derive(Deserialize)]
pub(super) struct File {
    file_type: String,
    #[serde(default)]
    file_ext: Option<String>,
    #[serde(default)]
    file_size: Option<u64>,
    #[serde(default)]
    mime_type: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

/// Rows with signed URLs, for the slots that are named (L-4, L-9).
pub(super) async fn add_files(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    Json(body): Json<Vec<File>>,
) -> Answer {
    crate::service::check_batch(body.len())?;
    let group = found(&site, &who, &id, uri.path()).await?;
    if let Some(unknown) = body
        .iter()
        .find(|f| group.slots.iter().all(|s| s.file_type != f.file_type))
    {
        let detail = format!("{:?} is no file of this entity", unknown.file_type);
        return Err(Refusal::new(ErrorCode::InvalidField, detail).into());
    }
    let mut rows = Vec::with_capacity(body.len());
    for file in body {
        let ext = file
            .file_ext
            .as_deref()
            .unwrap_or("bin")
            .trim_start_matches('.')
            .to_owned();
        let told = Told {
            name: format!("{}.{ext}", file.file_type),
            size: file.file_size,
            mime: file.mime_type,
            group: Some(group.id),
            file_type: Some(file.file_type),
            single: true,
            metadata: file.metadata,
            ..Told::default()
        };
        let (who, id) = door::announce(&site, &who, From(from.0), told)
            .await?
            .accepted()?;
        rows.push(signed_row(&site, &who, &group, id, false).await?);
    }
    Ok(Json(rows.into()))
}

async fn signed_row(
    site: &Site,
    who: &Principal,
    group: &GroupView,
    id: windlass_core::ids::FileId,
    begins: bool,
) -> Result<Value, Refusal> {
    let signed = site
        .service
        .sign_plain(who.owner, id, &Parts::All, begins)
        .await?;
    let view = site.service.file(who.owner, id).await?;
    let mut row = file_of(group, &view);
    if let (Value::Object(fields), Some(first)) = (&mut row, signed.uploads.first()) {
        fields.insert("signed_url".into(), first.url.as_str().into());
        fields.insert("signed_url_expires_at".into(), door::time(first.expires_at));
    }
    Ok(row)
}

pub(super) async fn files(
    State(site): State<Site>,
    who: Scoped<Read>,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Answer {
    let group = found(&site, &who, &id, uri.path()).await?;
    let files = all_files(&site, &who, group.id).await?;
    Ok(Json(files.iter().map(|f| file_of(&group, f)).collect()))
}

async fn found_file(site: &Site, who: &Principal, id: &str) -> Result<(GroupView, FileView), Refusal> {
    let file = door::reached(site, who, id).await?;
    let missing = || Refusal::new(ErrorCode::NotFound, "no such file");
    let group = site
        .service
        .group(who.owner, file.group_id.ok_or_else(missing)?)
        .await?;
    if file.deleted || group.entity_type.is_none() {
        return Err(missing());
    }
    Ok((group, file))
}

pub(super) async fn file(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    let (group, file) = found_file(&site, &who, &id).await?;
    Ok(Json(file_of(&group, &file)))
}

#[derive(Deserialize)]
pub(super) struct PatchFile {
    upload_status: String,
    #[serde(default)]
    error: Option<String>,
}

/// `completed` is looked for in the storage, `failed` is believed, `uploading` is a retry or another URL.
pub(super) async fn patch_file(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(id): Path<String>,
    Json(body): Json<PatchFile>,
) -> Answer {
    let (group, file) = found_file(&site, &who, &id).await?;
    let (owner, id) = (who.owner, file.id);
    let settled = file.settled.is_some();
    match body.upload_status.as_str() {
        "completed" if settled => {}
        "completed" => ended(site.service.complete_plain(owner, id, Wish::default()).await?)?,
        "failed" if file.state == SessionState::Failed => {}
        "failed" if !settled => {
            let text = body.error.unwrap_or_else(|| "the upload failed".to_owned());
            let why = Failure::new(ErrorCode::ConnectionLost, text);
            site.service.fail_file(owner, id, why).await?;
        }
        "uploading" if !settled => {
            if file.state == SessionState::Failed {
                site.service.retry_file(owner, id, false).await?;
            }
            return Ok(Json(signed_row(&site, &who, &group, id, true).await?));
        }
        word => {
            let is = door::facts(&file).record_file();
            let detail = format!("{is} does not become {word}");
            return Err(Refusal::new(ErrorCode::StateConflict, detail)
                .with_state(file.state)
                .into());
        }
    }
    Ok(Json(file_of(&group, &site.service.file(owner, id).await?)))
}

/// Completes an entity with all its required files, or says how many are not there (L-7).
pub(super) async fn finalize(
    State(site): State<Site>,
    who: Scoped<Upload>,
    OriginalUri(uri): OriginalUri,
    Json(body): Json<Metadata>,
) -> Answer {
    let kind = uri.path().rsplit_once("finalize_").map_or("", |(_, kind)| kind);
    let field = format!("{kind}_id");
    let text = body.get(&field).and_then(Value::as_str);
    let text = text.ok_or_else(|| Refusal::new(ErrorCode::InvalidField, format!("{field}: a UUID")))?;
    let group = found(&site, &who, text, &format!("/{kind}s")).await?;
    let done = site
        .service
        .finalize_group(who.owner, group.id, MAX_BATCH)
        .await?;
    let files: Vec<_> = done
        .files
        .iter()
        .map(|f| json!({ "type": f.file_type, "url": f.url, "size": f.size }))
        .collect();
    Ok(Json(json!({ "success": true, "files": files })))
}
