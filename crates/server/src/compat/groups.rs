//! Groups, sessions, parts and jobs (G), with G's own words and in camel case.

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::units::{ETag, PartNumber};
use windlass_protocol::files::{FileView, PartView};
use windlass_protocol::groups::{GroupView, Metadata, NewGroup};

use super::door::{self, Told};
use super::words::{group_status, job_status, part_status};
use crate::auth::{Delete, Principal, Read, Scoped, Upload};
use crate::clock::random;
use crate::failure::Refusal;
use crate::routes::{From, Json, Problems, Site};
use crate::service::plain::{Outcome, Parts, Wish};
use crate::store::jobs::{self, JobFilter};

/// URLs of parts that are given at once.
const FIRST_PARTS: u32 = 1_000;

type Answer = Result<Json<Value>, Problems>;

fn group_of(who: &Principal, group: &GroupView) -> Value {
    json!({
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "userId": (!group.anonymous).then_some(who.owner),
        "status": group_status(group.state),
        "totalFiles": group.total_files,
        "completedFiles": group.completed_files,
        "createdAt": door::time(group.created_at),
        "updatedAt": door::time(group.updated_at),
    })
}

fn session_of(who: &Principal, file: &FileView) -> Value {
    let mut session = json!({
        "id": file.id,
        "groupId": file.group_id,
        "userId": (!who.is_anonymous()).then_some(who.owner),
        "objectKey": file.object_key,
        "uploadId": file.upload_id,
        "status": door::facts(file).file_status(),
        "filename": file.name,
        "contentType": file.mime,
        "size": file.size,
        "uploadedAt": door::some_time(file.uploaded_at),
        "createdAt": door::time(file.created_at),
        "updatedAt": door::time(file.updated_at),
        "totalParts": file.part_count,
        "completedParts": file.parts_done,
    });
    if let (Value::Object(fields), Some(error)) = (&mut session, &file.error) {
        fields.insert(
            "error".into(),
            json!({ "code": error.code, "detail": error.detail }),
        );
    }
    session
}

#[derive(Deserialize)]
pub(super) struct Create {
    #[serde(default)]
    id: Option<GroupId>,
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    destination: Option<String>,
}

pub(super) async fn create(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Json(body): Json<Create>,
) -> Answer {
    // Without a destination each file goes where files of its type go.
    let destination_id = match body.destination.as_deref() {
        Some(word) => Some(door::place(&site, &who, Some(word), ("", None, "")).await?),
        None => None,
    };
    let who = match destination_id {
        Some(id) => site.keeper.admit(&who, id, from.0).await?,
        None if who.is_anonymous() => {
            let detail = "destination: anonymous uploaders name it";
            return Err(Refusal::new(ErrorCode::InvalidField, detail).into());
        }
        None => who.0,
    };
    let id = match body.id {
        Some(id) => id,
        None => GroupId::new(door::now(&site), random(site.service.world())?),
    };
    let group = NewGroup {
        id,
        name: body.name,
        description: body.description,
        destination_id,
        destination: None,
        template: None,
        entity_id: None,
        parent_id: None,
        metadata: Metadata::new(),
        client_id: None,
    };
    let group = site.service.create_group(who.owner, &group).await?;
    Ok(Json(group_of(&who, &group)))
}

pub(super) async fn group(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    let group = door::reached_group(&site, &who, door::group_id(&id)?).await?;
    Ok(Json(group_of(&who, &group)))
}

pub(super) async fn complete_group(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Path(id): Path<String>,
) -> Answer {
    let group = door::reached_group(&site, &who, door::group_id(&id)?).await?;
    let done = site.service.finalize_group(who.owner, group.id, 0).await?;
    Ok(Json(group_of(&who, &done.group)))
}

pub(super) async fn cancel(State(site): State<Site>, who: Scoped<Delete>, Path(id): Path<String>) -> Answer {
    let group = door::reached_group(&site, &who, door::group_id(&id)?).await?;
    let group = site.service.cancel_group(who.owner, group.id).await?;
    Ok(Json(group_of(&who, &group)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File {
    filename: String,
    #[serde(default)]
    content_type: Option<String>,
    size: u64,
    #[serde(default)]
    group_id: Option<GroupId>,
    #[serde(default)]
    destination: Option<String>,
}

impl File {
    fn told(self, single: bool) -> Told {
        Told {
            name: self.filename,
            size: Some(self.size),
            mime: self.content_type,
            group: self.group_id,
            destination: self.destination,
            single,
            ..Told::default()
        }
    }
}

/// Checks type and size, makes the session, answers the URL (G-10).
pub(super) async fn generate(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Json(body): Json<File>,
) -> Answer {
    let (who, id) = door::announce(&site, &who, from, body.told(true))
        .await?
        .accepted()?;
    let signed = site.service.sign_plain(who.owner, id, &Parts::All, false).await?;
    let first = signed
        .uploads
        .first()
        .ok_or_else(|| crate::failure::internal("a file without a part"))?;
    let view = site.service.file(who.owner, id).await?;
    Ok(Json(json!({
        "sessionId": id,
        "objectKey": signed.object.key,
        "url": first.url,
        "expiresAt": door::time(first.expires_at),
        "status": door::facts(&view).file_status(),
    })))
}

pub(super) async fn multipart_init(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Json(body): Json<File>,
) -> Answer {
    let (who, id) = door::announce(&site, &who, from, body.told(false))
        .await?
        .accepted()?;
    let signed = site
        .service
        .sign_plain(who.owner, id, &Parts::First(FIRST_PARTS), false)
        .await?;
    let mut answer = door::multipart(&signed);
    if let Value::Object(fields) = &mut answer {
        fields.insert("sessionId".into(), json!(id));
        fields.insert("objectKey".into(), signed.object.key.as_str().into());
    }
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sign {
    session_id: String,
    part_numbers: Vec<PartNumber>,
}

pub(super) async fn multipart_sign(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Json(body): Json<Sign>,
) -> Answer {
    crate::service::check_batch(body.part_numbers.len())?;
    let view = door::reached(&site, &who, &body.session_id).await?;
    let parts = Parts::These(body.part_numbers);
    let signed = site.service.sign_plain(who.owner, view.id, &parts, true).await?;
    Ok(Json(json!({
        "sessionId": view.id,
        "parts": signed.uploads.iter().map(door::part).collect::<Vec<_>>(),
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Complete {
    session_id: String,
    /// None: as the storage has them.
    #[serde(default)]
    parts: Option<Vec<Sent>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    part_number: PartNumber,
    etag: String,
}

pub(super) async fn multipart_complete(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Json(body): Json<Complete>,
) -> Answer {
    let view = door::reached(&site, &who, &body.session_id).await?;
    if view.deleted {
        return Err(Refusal::new(ErrorCode::SessionDeleted, "the file was deleted")
            .with_state(view.state)
            .into());
    }
    let sent = |p: Sent| (p.part_number, ETag(p.etag));
    let wish = Wish {
        parts: body.parts.map(|parts| parts.into_iter().map(sent).collect()),
        ..Wish::default()
    };
    ended(site.service.complete_plain(who.owner, view.id, wish).await?)?;
    Ok(Json(session_of(
        &who,
        &site.service.file(who.owner, view.id).await?,
    )))
}

/// What is said when a file is not complete.
pub(super) fn ended(outcome: Outcome) -> Result<(), Refusal> {
    match outcome {
        Outcome::Settled => Ok(()),
        Outcome::Absent => Err(Refusal::new(ErrorCode::PartMissing, "nothing is stored yet")),
        Outcome::Missing(parts) => {
            let some: Vec<_> = parts.iter().take(20).map(ToString::to_string).collect();
            let detail = format!("{} parts are missing or differ: {}", parts.len(), some.join(", "));
            Err(Refusal::new(ErrorCode::PartMissing, detail))
        }
        Outcome::Verifying => {
            let failure = Failure::new(
                ErrorCode::Overloaded,
                "the storage has not answered yet: ask again",
            );
            Err(failure.after(Some(1_000)).into())
        }
        Outcome::Failed(refused) => Err(refused),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Abort {
    session_id: String,
}

pub(super) async fn multipart_abort(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Json(body): Json<Abort>,
) -> Answer {
    let view = door::reached(&site, &who, &body.session_id).await?;
    if view.settled.is_some() && !view.deleted {
        let refused = Refusal::new(
            ErrorCode::SessionSettled,
            "the file is complete: delete it instead",
        );
        return Err(refused.with_state(view.state).into());
    }
    site.service.delete_file(who.owner, view.id).await?;
    Ok(Json(session_of(
        &who,
        &site.service.file(who.owner, view.id).await?,
    )))
}

/// A session; of one that is on its way in parts the storage is asked which are there.
pub(super) async fn session(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    let mut view = door::reached(&site, &who, &id).await?;
    if view.part_count > 1 && view.settled.is_none() && !view.deleted {
        // What the storage does not answer now, the ledger's own rows say.
        if let Err(refused) = site.service.parts(who.owner, view.id, true).await {
            tracing::info!(file = %view.id, error = %refused.failure, "parts could not be listed");
        }
        view = site.service.file(who.owner, view.id).await?;
    }
    Ok(Json(session_of(&who, &view)))
}

pub(super) async fn remove(State(site): State<Site>, who: Scoped<Delete>, Path(id): Path<String>) -> Answer {
    let view = door::reached(&site, &who, &id).await?;
    site.service.delete_file(who.owner, view.id).await?;
    Ok(Json(session_of(
        &who,
        &site.service.file(who.owner, view.id).await?,
    )))
}

pub(super) async fn parts(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    let view = door::reached(&site, &who, &id).await?;
    let found = site.service.parts(who.owner, view.id, true).await?;
    let part = |p: &PartView| {
        json!({
            "id": p.id,
            "sessionId": view.id,
            "partNumber": p.n,
            "etag": p.etag,
            "size": p.size,
            "status": part_status(p.state),
            "uploadedAt": door::some_time(p.uploaded_at),
        })
    };
    Ok(Json(found.parts.iter().map(part).collect()))
}

/// Its jobs, by priority.
pub(super) async fn jobs(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    let view = door::reached(&site, &who, &id).await?;
    let filter = JobFilter {
        owner: Some(who.owner),
        session: Some(view.id),
        limit: 1_000,
        ..JobFilter::default()
    };
    let read = site.service.store().db().read(move |tx| jobs::page(tx, &filter));
    let mut found = read.await?;
    found.sort_by_key(|j| (j.priority, j.id));
    let job = |j: &jobs::JobRow| -> Result<Value, Failure> {
        let told = j.told()?;
        Ok(json!({
            "id": told.id,
            "sessionId": view.id,
            "type": told.kind,
            "status": job_status(told.state),
            "priority": told.priority,
            "config": told.config,
            "result": told.result,
            "error": told.error.map(|e| e.detail),
            "attempts": told.attempts,
            "maxAttempts": told.max_attempts,
            "createdAt": door::time(told.created_at),
            "startedAt": door::some_time(told.started_at),
            "finishedAt": door::some_time(told.finished_at),
        }))
    };
    Ok(Json(found.iter().map(job).collect::<Result<Vec<_>, _>>()?.into()))
}
