//! Entities of an older system (L-17, M17). What has a location is read from there, sent by the server itself as any
//! client would send it, and passes the same gate; the old object stays as it is. What has none is failed, "Legacy record
//! without files", where drafts of its kind grow old, else a draft.
//!
//! Ids are made of what is imported, so an import that was cut is asked for again.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use aws_lc_rs::digest;
use futures::stream;
use windlass_core::checksum::{combine, crc64};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId, OwnerId};
use windlass_core::limits::URL_TTL_MS;
use windlass_core::part_plan::{PartPlan, PartRange};
use windlass_core::states::{GroupState, ObjectState};
use windlass_core::units::{Crc64Nvme, ETag, Sha256};
use windlass_protocol::files::NewFile;
use windlass_protocol::groups::{GroupView, Metadata, NewGroup};
use windlass_protocol::places::{ImportEntity, ImportFile, Imported, ImportedFile};
use windlass_protocol::sessions::{
    CompleteItem, CompleteOutcome, DonePart, InitAnswer, SignItem, SignPart, SignedPart,
};

use super::Service;
use crate::failure::{Refusal, folder_failure, internal};
use crate::store::audit::Actor;
use crate::store::{ObjectRow, groups};

/// An old object that can be read.
enum Old {
    File(std::fs::File, u64),
    Url {
        http: reqwest::Client,
        url: String,
        size: u64,
    },
}

/// What was found out about an old object by reading it.
struct Content {
    plan: PartPlan,
    parts: Vec<Crc64Nvme>,
    sha256: Sha256,
}

impl Service {
    /// Imports entities, one after another; what is wrong with one is its own answer.
    ///
    /// # Errors
    /// `batch_too_large`; when the ledger does not answer.
    pub async fn import(
        self: &Arc<Self>,
        owner: OwnerId,
        entities: &[ImportEntity],
        actor: Actor,
    ) -> Result<Vec<Imported>, Failure> {
        super::check_batch(entities.len())?;
        let mut answers = Vec::with_capacity(entities.len());
        for entity in entities {
            answers.push(match self.import_one(owner, entity, actor).await {
                Ok(imported) => imported,
                Err(refused) => Imported {
                    id: entity.id,
                    state: None,
                    files: Vec::new(),
                    error: Some(refused.problem()),
                },
            });
        }
        Ok(answers)
    }

    async fn import_one(
        self: &Arc<Self>,
        owner: OwnerId,
        entity: &ImportEntity,
        actor: Actor,
    ) -> Result<Imported, Refusal> {
        let wanted = NewGroup {
            id: entity.id,
            name: entity.name.clone(),
            description: None,
            destination_id: None,
            destination: None,
            template: Some(entity.template.clone()),
            entity_id: Some(entity.id),
            parent_id: None,
            metadata: entity.metadata.clone(),
            client_id: None,
        };
        let group = self.create_group(owner, &wanted).await?;
        let mut files = Vec::with_capacity(entity.files.len());
        if group.state != GroupState::Completed {
            for file in &entity.files {
                files.push(self.import_file(owner, &group, file).await?);
            }
            if entity.files.is_empty() {
                let (id, now) = (entity.id, self.now());
                let write = self.store.db().write(Some(owner), move |tx| {
                    groups::without_files(tx, owner, id, actor, now)
                });
                write.await?;
            } else if files.iter().all(|f| f.error.is_none()) {
                match self.finalize_group(owner, entity.id, 0).await {
                    Ok(_) => {}
                    // Required files that the older system did not have either.
                    Err(refused) if refused.failure.code == ErrorCode::FinalizeIncomplete => {}
                    Err(refused) => return Err(refused),
                }
            }
        }
        Ok(Imported {
            id: entity.id,
            state: Some(self.group(owner, entity.id).await?.state),
            files,
            error: None,
        })
    }

    async fn import_file(
        self: &Arc<Self>,
        owner: OwnerId,
        group: &GroupView,
        file: &ImportFile,
    ) -> Result<ImportedFile, Refusal> {
        let slot = group.slots.iter().find(|s| s.file_type == file.file_type);
        let id = id_of(group.id, file);
        let outcome = match slot {
            Some(slot) => {
                let sent = self.bring(owner, group.id, slot.destination_id, id, file).await;
                if let Err(refused) = &sent
                    && !matches!(
                        refused.failure.code,
                        ErrorCode::NotFound | ErrorCode::InvalidField
                    )
                {
                    // Why it is not there is kept with it; a row that is not there yet is made first.
                    self.give_up(owner, group.id, id, file, &refused.failure).await?;
                }
                sent
            }
            None => Err(Refusal::new(
                ErrorCode::InvalidField,
                format!("file_type: the template has no slot {:?}", file.file_type),
            )),
        };
        let row = self.store.sessions(owner, vec![id]).await?.pop().flatten();
        Ok(ImportedFile {
            file_type: file.file_type.clone(),
            session_id: row.as_ref().map(|r| r.id),
            state: row.as_ref().map(|r| r.state),
            sha256: row.and_then(|r| r.object).and_then(|o| o.sha256),
            error: outcome.err().map(|r| r.problem()),
        })
    }

    /// Reads an old object and sends it through the gate.
    async fn bring(
        self: &Arc<Self>,
        owner: OwnerId,
        group: GroupId,
        destination: DestinationId,
        id: FileId,
        file: &ImportFile,
    ) -> Result<(), Refusal> {
        let row = self.store.sessions(owner, vec![id]).await?.pop().flatten();
        if row.is_some_and(|r| r.is_settled()) {
            return Ok(());
        }
        let mut old = self.open_old(destination, file).await?;
        let content = old.read().await?;
        let size = content.plan.size();
        let announced = NewFile {
            sha256: Some(content.sha256),
            ..announced(group, id, file, size)
        };
        match self.init(owner, vec![announced]).await?.pop().map(|r| r.answer) {
            Some(InitAnswer::Upload { .. }) => {}
            Some(InitAnswer::Settled(_) | InitAnswer::Duplicate { settled: Some(_), .. }) => return Ok(()),
            Some(InitAnswer::Refused { error }) => return Err(error.to_failure().into()),
            _ => {
                let detail = "the same content is on its way: import again";
                return Err(Refusal::new(ErrorCode::FollowsOther, detail));
            }
        }
        let mut done = Vec::with_capacity(content.parts.len());
        for (range, crc) in content.plan.parts().zip(&content.parts) {
            let body = old.range(range).await?;
            let part = SignPart {
                n: range.number,
                size: range.len,
                crc64: *crc,
                sha256: content.plan.is_single().then_some(content.sha256),
                again: false,
            };
            let sign = SignItem {
                id,
                attempt: 1,
                parts: vec![part],
            };
            let signed = self.sign(owner, vec![sign]).await?.pop();
            let signed = signed.ok_or_else(|| internal("a part without an answer"))?;
            if let Some(error) = signed.error {
                return Err(error.to_failure().into());
            }
            let upload = signed.uploads.into_iter().next();
            let upload = upload.ok_or_else(|| internal("a part without a URL"))?;
            let etag = self
                .put(owner, destination, id, &upload, range, *crc, body)
                .await?;
            done.push(DonePart {
                n: range.number,
                size: range.len,
                crc64: *crc,
                etag,
            });
        }
        let complete = CompleteItem {
            id,
            attempt: 1,
            size,
            crc64: combine(done.iter().map(|p| (p.crc64, p.size))),
            sha256: Some(content.sha256),
            parts: done,
        };
        match self
            .complete(owner, vec![complete])
            .await?
            .pop()
            .map(|r| r.outcome)
        {
            Some(CompleteOutcome::Settled(_)) => Ok(()),
            Some(CompleteOutcome::Failed { error }) => Err(error.to_failure().into()),
            _ => Err(Refusal::new(
                ErrorCode::StorageTimeout,
                "the storage has not answered: import again",
            )),
        }
    }

    /// Writes down that a file can't be brought; its row is made when there is none.
    async fn give_up(
        self: &Arc<Self>,
        owner: OwnerId,
        group: GroupId,
        id: FileId,
        file: &ImportFile,
        why: &Failure,
    ) -> Result<(), Refusal> {
        if self
            .store
            .sessions(owner, vec![id])
            .await?
            .pop()
            .flatten()
            .is_none()
        {
            self.init(owner, vec![announced(group, id, file, 0)]).await?;
        }
        match self.fail_file(owner, id, why.clone()).await {
            Err(refused) if refused.failure.code != ErrorCode::NotFound => Err(refused),
            _ => Ok(()),
        }
    }

    async fn open_old(&self, destination: DestinationId, file: &ImportFile) -> Result<Old, Failure> {
        let missing = || {
            Failure::new(
                ErrorCode::ObjectMissing,
                format!("nothing is at {:?}", file.location),
            )
        };
        let now = self.now();
        let row = ObjectRow {
            id: windlass_core::ids::ObjectId::new(now, [0; 10]),
            session: FileId::new(now, [0; 10]),
            attempt: 1,
            destination,
            key: file.location.clone(),
            state: ObjectState::Stored,
            name_checked: true,
            upload_id: None,
            token: [0; 16],
            plan: PartPlan::new(0).map_err(internal)?,
            mime: mime(file),
            etag: None,
            crc64: None,
            sha256: None,
            proof: None,
            checked_at: None,
        };
        if let Some(folder) = self.storages.folder(destination).await? {
            let opened = folder.open_object(&row).await?.ok_or_else(missing)?;
            let about = opened
                .metadata()
                .map_err(|e| folder_failure("the old file can't be looked at", e))?;
            if !about.is_file() {
                return Err(missing());
            }
            return Ok(Old::File(opened, about.len()));
        }
        let storage = self.storages.get(destination).await?.storage;
        let url = storage.content_url(&row, now.plus_millis(URL_TTL_MS), now)?;
        let http = client()?;
        // The first byte tells the size; an empty object has no first byte.
        let response = get(&http, &url, 0, 0).await?;
        let size = match response.status().as_u16() {
            416 => 0,
            404 => return Err(missing()),
            206 => {
                let range = response.headers().get(reqwest::header::CONTENT_RANGE);
                let total = range
                    .and_then(|r| r.to_str().ok())
                    .and_then(|r| r.rsplit('/').next());
                total
                    .and_then(|t| t.parse().ok())
                    .ok_or_else(|| Failure::new(ErrorCode::StorageError, "a range without its total"))?
            }
            other => {
                let detail = format!("reading the old object: answer {other}");
                return Err(Failure::new(ErrorCode::StorageError, detail));
            }
        };
        Ok(Old::Url { http, url, size })
    }

    /// Sends a part: into a folder by itself, to a bucket by its URL.
    #[expect(clippy::too_many_arguments, reason = "what a PUT has")]
    async fn put(
        &self,
        owner: OwnerId,
        destination: DestinationId,
        id: FileId,
        upload: &SignedPart,
        range: PartRange,
        crc: Crc64Nvme,
        body: Vec<u8>,
    ) -> Result<ETag, Failure> {
        if let Some(folder) = self.storages.folder(destination).await? {
            let row = self.store.sessions(owner, vec![id]).await?.pop().flatten();
            let object = row.and_then(|r| r.object).ok_or_else(|| internal("no object"))?;
            let stream = stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from(body))]);
            folder
                .put(object.id, range.number, range.len, Some(crc), stream)
                .await?;
            return Ok(crate::storage::folder::etag_of(crc));
        }
        let http = client()?;
        let mut request = http.put(&upload.url).body(body);
        for (name, value) in &upload.headers {
            request = request.header(name, value);
        }
        let lost = |_| Failure::new(ErrorCode::ConnectionLost, "the storage did not take a part");
        let response = request.send().await.map_err(lost)?;
        let etag = response.headers().get(reqwest::header::ETAG).cloned();
        match (response.status().is_success(), etag) {
            (true, Some(etag)) => Ok(ETag(etag.to_str().map_err(internal)?.to_owned())),
            (_, _) => {
                let detail = format!("sending a part: answer {}", response.status().as_u16());
                Err(Failure::new(ErrorCode::StorageError, detail))
            }
        }
    }
}

/// Signed requests go where they were signed for: no redirect is followed (A64).
fn client() -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(internal)
}

impl Old {
    fn size(&self) -> u64 {
        match self {
            Self::File(_, size) | Self::Url { size, .. } => *size,
        }
    }

    /// Reads all of it once, for its checksums.
    async fn read(&mut self) -> Result<Content, Failure> {
        let too_large =
            |e: windlass_core::part_plan::PlanError| Failure::new(ErrorCode::TooLarge, e.to_string());
        let plan = PartPlan::new(self.size()).map_err(too_large)?;
        let mut sha = digest::Context::new(&digest::SHA256);
        let mut parts = Vec::with_capacity(plan.count() as usize);
        for range in plan.parts() {
            let body = self.range(range).await?;
            sha.update(&body);
            parts.push(crc64(&body));
        }
        let found = sha.finish();
        let sha256 = Sha256(found.as_ref().try_into().map_err(internal)?);
        Ok(Content { plan, parts, sha256 })
    }

    async fn range(&mut self, range: PartRange) -> Result<Vec<u8>, Failure> {
        let cut = || {
            Failure::new(
                ErrorCode::StorageError,
                "the old object could not be read to its end",
            )
        };
        let len = usize::try_from(range.len).map_err(internal)?;
        if len == 0 {
            return Ok(Vec::new());
        }
        let body = match self {
            Self::File(file, _) => {
                let mut file = file.try_clone().map_err(internal)?;
                let read = tokio::task::spawn_blocking(move || {
                    let mut body = vec![0; len];
                    file.seek(SeekFrom::Start(range.offset))?;
                    file.read_exact(&mut body).map(|()| body)
                });
                read.await
                    .map_err(internal)?
                    .map_err(|e| folder_failure("the old file can't be read", e))?
            }
            Self::Url { http, url, .. } => {
                let response = get(http, url, range.offset, range.offset + range.len - 1).await?;
                response.bytes().await.map_err(|_| cut())?.to_vec()
            }
        };
        if body.len() == len { Ok(body) } else { Err(cut()) }
    }
}

async fn get(http: &reqwest::Client, url: &str, first: u64, last: u64) -> Result<reqwest::Response, Failure> {
    let request = http
        .get(url)
        .header(reqwest::header::RANGE, format!("bytes={first}-{last}"));
    // The URL is a permission: it is not told.
    let lost = |_| Failure::new(ErrorCode::ConnectionLost, "the storage did not answer");
    request.send().await.map_err(lost)
}

/// The same thing imported twice has the same id.
fn id_of(group: GroupId, file: &ImportFile) -> FileId {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(group.as_bytes());
    for text in [&file.file_type, &file.location] {
        hash.update(&(text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    let mut random = [0; 10];
    random.copy_from_slice(&hash.finish().as_ref()[..10]);
    FileId::new(windlass_core::time::Timestamp::from_millis(0), random)
}

fn mime(file: &ImportFile) -> String {
    file.mime
        .clone()
        .unwrap_or_else(|| "application/octet-stream".to_owned())
}

fn announced(group: GroupId, id: FileId, file: &ImportFile, size: u64) -> NewFile {
    let name = file.location.rsplit('/').next().unwrap_or_default();
    NewFile {
        id,
        attempt: 1,
        group_id: Some(group),
        destination_id: None,
        destination: None,
        rel_path: windlass_core::names::encode_path_bytes(name.as_bytes()),
        file_type: Some(file.file_type.clone()),
        is_required: None,
        size,
        part_size: None,
        mime: mime(file),
        sha256: None,
        client_id: None,
        race: false,
        metadata: Metadata::from_iter([("imported_from".to_owned(), file.location.clone().into())]),
        keep_rejected: true,
        plain: false,
    }
}
