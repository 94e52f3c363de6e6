//! Training uploads (T): sources by content hash, the "update database" step, jobs.

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use windlass_core::error::ErrorCode;
use windlass_core::ids::{FileId, OwnerId, RunId};
use windlass_core::states::SessionState;
use windlass_protocol::files::FileView;
use windlass_protocol::runs::{CreateRun, Run, RunKind};
use windlass_protocol::sessions::InitAnswer;

use super::door::{self, Told};
use crate::auth::{Delete, Principal, Process, Read, Scoped, Upload};
use crate::clock::random;
use crate::failure::Refusal;
use crate::routes::{From, Json, Problems, Site};
use crate::service::plain::{Outcome, Parts, Wish};
use crate::store::{plain, runs};

/// URLs of parts that are given at once.
const FIRST_PARTS: u32 = 1_000;

type Answer = Result<Json<Value>, Problems>;

#[derive(Deserialize)]
pub(super) struct Init {
    files: Vec<File>,
    #[serde(default)]
    destination: Option<String>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    size: u64,
    #[serde(default)]
    mime: Option<String>,
    #[serde(default)]
    hash: Option<String>,
}

pub(super) async fn init(
    State(site): State<Site>,
    who: Scoped<Upload>,
    from: From,
    Json(body): Json<Init>,
) -> Answer {
    crate::service::check_batch(body.files.len())?;
    let mut sources = Vec::with_capacity(body.files.len());
    // One after another: of two with one content the second finds the first.
    for file in &body.files {
        let address = From(from.0);
        let source = one(&site, &who, address, file, body.destination.as_deref()).await;
        sources.push(match source {
            Ok(source) => source,
            Err(refused) => json!({ "id": null, "name": file.name, "status": "upload_failed", "error": refused.problem() }),
        });
    }
    Ok(Json(json!({ "sources": sources })))
}

async fn one(
    site: &Site,
    who: &Principal,
    from: From,
    file: &File,
    to: Option<&str>,
) -> Result<Value, Refusal> {
    let hash = door::hash(file.hash.as_ref())?;
    let mime = file.mime.clone().unwrap_or_else(|| door::mime_of(&file.name));
    let owner = who.owner;
    let known = match hash {
        Some(hash) => {
            let to = door::place(site, who, to, (&file.name, Some(file.size), &mime)).await?;
            let db = site.service.store().db();
            db.read(move |tx| plain::of_content(tx, owner, hash, to)).await?
        }
        None => None,
    };
    let mut existing = known.is_some();
    let (owner, id) = match known {
        Some(id) => {
            let view = site.service.file(owner, id).await?;
            if view.state == SessionState::Failed {
                site.service.retry_file(owner, id, true).await?;
            }
            (owner, id)
        }
        None => {
            let told = Told {
                name: file.name.clone(),
                size: Some(file.size),
                mime: Some(mime),
                sha256: hash,
                destination: to.map(str::to_owned),
                ..Told::default()
            };
            let announced = door::announce(site, who, from, told).await?;
            if let InitAnswer::Refused { error } = &announced.answer {
                // Written down, where it can never be taken.
                let kept = site.service.file(announced.who.owner, announced.id).await.ok();
                let id = kept.map(|f| f.id);
                return Ok(json!({ "id": id, "name": file.name, "status": "upload_failed", "error": error }));
            }
            existing = false;
            (announced.who.owner, announced.id)
        }
    };
    let view = site.service.file(owner, id).await?;
    let mut source = source_of(site, owner, &view).await?;
    if let Value::Object(fields) = &mut source {
        fields.insert("existing".into(), existing.into());
        if matches!(view.state, SessionState::Pending | SessionState::Uploading) {
            let signed = site
                .service
                .sign_plain(owner, id, &Parts::First(FIRST_PARTS), false)
                .await?;
            match (signed.told.single, signed.uploads.first()) {
                (true, Some(first)) => drop(fields.insert("upload".into(), door::upload(first, &view.mime))),
                _ => drop(fields.insert("multipart".into(), door::multipart(&signed))),
            }
        }
    }
    Ok(source)
}

/// A source, with its file record once there is one.
async fn source_of(site: &Site, owner: OwnerId, view: &FileView) -> Result<Value, Refusal> {
    let facts = door::facts(view);
    let mut source = json!({
        "id": view.id,
        "name": view.name,
        "status": facts.training_source(),
        "contentHash": view.sha256,
        "size": view.size,
        "createdAt": door::time(view.created_at),
        "deletedAt": door::some_time(view.deleted_at),
    });
    if let Value::Object(fields) = &mut source {
        if let Some(status) = facts.training_file() {
            let id = view.id;
            let read = site
                .service
                .store()
                .db()
                .read(move |tx| plain::object_of(tx, owner, id));
            let file =
                json!({ "id": read.await?, "status": status, "key": view.object_key, "size": view.size });
            fields.insert("file".into(), file);
        }
        if let Some(error) = &view.error
            && facts.training_source() == "upload_failed"
        {
            fields.insert(
                "error".into(),
                json!({ "code": error.code, "detail": error.detail }),
            );
        }
    }
    Ok(source)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    source_ids: Vec<String>,
}

/// The "update database" step: looks in the storage for each source's file (T-3).
pub(super) async fn update(
    State(site): State<Site>,
    who: Scoped<Upload>,
    Json(body): Json<Update>,
) -> Answer {
    crate::service::check_batch(body.source_ids.len())?;
    let mut sources = Vec::with_capacity(body.source_ids.len());
    for id in &body.source_ids {
        sources.push(match look(&site, &who, id).await {
            Ok(source) => source,
            Err(refused) => json!({ "id": id, "status": null, "error": refused.problem() }),
        });
    }
    Ok(Json(json!({ "sources": sources })))
}

async fn look(site: &Site, who: &Principal, id: &str) -> Result<Value, Refusal> {
    let view = door::reached(site, who, id).await?;
    let open = !view.deleted
        && matches!(
            view.state,
            SessionState::Pending | SessionState::Uploading | SessionState::Verifying
        );
    if open {
        let wish = Wish {
            absent_fails: true,
            ..Wish::default()
        };
        match site.service.complete_plain(who.owner, view.id, wish).await? {
            Outcome::Settled | Outcome::Absent | Outcome::Missing(_) => {}
            Outcome::Verifying => {
                let detail = "the storage has not answered yet: ask again";
                return Err(Refusal::new(ErrorCode::Overloaded, detail));
            }
            // What can't end well has failed; what may, is asked again.
            Outcome::Failed(refused) => {
                let now = site.service.file(who.owner, view.id).await?;
                if !matches!(now.state, SessionState::Failed | SessionState::Rejected) {
                    return Err(refused);
                }
            }
        }
    }
    let view = site.service.file(who.owner, view.id).await?;
    source_of(site, who.owner, &view).await
}

pub(super) async fn source(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    let view = door::reached(&site, &who, &id).await?;
    Ok(Json(source_of(&site, who.owner, &view).await?))
}

/// Soft-deletes a source; a cleanup job removes what was derived from it.
pub(super) async fn remove(State(site): State<Site>, who: Scoped<Delete>, Path(id): Path<String>) -> Answer {
    let view = door::reached(&site, &who, &id).await?;
    site.service.delete_file(who.owner, view.id).await?;
    let view = site.service.file(who.owner, view.id).await?;
    Ok(Json(source_of(&site, who.owner, &view).await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateJob {
    #[serde(default)]
    id: Option<RunId>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    source_ids: Option<Vec<FileId>>,
    /// `train`, or `cleanup` of soft-deleted sources.
    #[serde(default)]
    kind: Option<RunKind>,
    #[serde(default)]
    config: Option<Value>,
}

pub(super) async fn create_job(
    State(site): State<Site>,
    who: Scoped<Process>,
    Json(body): Json<CreateJob>,
) -> Answer {
    for id in body.source_ids.iter().flatten() {
        door::reached(&site, &who, &id.to_string()).await?;
    }
    let id = match body.id {
        Some(id) => id,
        None => RunId::new(door::now(&site), random(site.service.world())?),
    };
    let wanted = CreateRun {
        id,
        kind: body.kind.unwrap_or(RunKind::Train),
        name: body.name,
        session_ids: body.source_ids,
        group_id: None,
        kind_of_jobs: None,
        config: body.config,
    };
    let (owner, now) = (who.owner, door::now(&site));
    let write = site
        .service
        .store()
        .db()
        .write(Some(owner), move |tx| runs::create(tx, owner, &wanted, now));
    let run = write.await??;
    Ok(Json(told(&site, who.owner, &run).await?))
}

pub(super) async fn job(State(site): State<Site>, who: Scoped<Read>, Path(id): Path<String>) -> Answer {
    let missing = || Refusal::new(ErrorCode::NotFound, "no such job");
    let id: RunId = id.parse().map_err(|_| missing())?;
    let owner = who.owner;
    let read = site.service.store().db().read(move |tx| runs::one(tx, owner, id));
    let run = read.await?.ok_or_else(missing)?;
    Ok(Json(told(&site, who.owner, &run).await?))
}

async fn told(site: &Site, owner: OwnerId, run: &Run) -> Result<Value, Refusal> {
    let mut sources = Vec::with_capacity(run.sources.len());
    for source in &run.sources {
        let view = site.service.file(owner, source.session_id).await?;
        let mut one = json!({ "id": view.id, "status": door::facts(&view).training_source() });
        if let (Value::Object(fields), Some(error)) = (&mut one, &source.error) {
            fields.insert("error".into(), json!(error));
        }
        sources.push(one);
    }
    Ok(json!({
        "id": run.id,
        "name": run.name,
        "status": run.state.as_str(),
        "sources": sources,
        "createdAt": door::time(run.created_at),
        "startedAt": door::some_time(run.started_at),
        "finishedAt": door::some_time(run.finished_at),
    }))
}
