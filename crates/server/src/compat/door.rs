//! What the routes of all sources share: where a file goes, announcing it, and looking at it.

use serde_json::{Value, json};
use windlass_core::accepts::Accepts;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::names::encode_path_bytes;
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;
use windlass_protocol::files::{FileView, NewFile};
use windlass_protocol::groups::{GroupView, Metadata};
use windlass_protocol::sessions::{InitAnswer, SignedPart};

use super::words::{Facts, Removed};
use crate::auth::Principal;
use crate::clock::random;
use crate::db::params;
use crate::failure::Refusal;
use crate::routes::reach::reaches_group;
use crate::routes::{From, Site};
use crate::service::plain::Plain;
use crate::store::{destinations, plain};

/// A file as a caller tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) id: Option<FileId>,
    pub(super) attempt: Option<u32>,
    pub(super) name: String,
    /// None: not known before it is there.
    pub(super) size: Option<u64>,
    pub(super) mime: Option<String>,
    pub(super) sha256: Option<Sha256>,
    pub(super) group: Option<GroupId>,
    pub(super) file_type: Option<String>,
    /// By name or id.
    pub(super) destination: Option<String>,
    /// True: in one request, whatever its size.
    pub(super) single: bool,
    /// True: a content that is there is answered at once.
    pub(super) dedup: bool,
    pub(super) metadata: Metadata,
}

/// An announced file.
pub(super) struct Announced {
    pub(super) who: Principal,
    pub(super) id: FileId,
    pub(super) answer: InitAnswer,
}

impl Announced {
    /// Refuses what was refused.
    pub(super) fn accepted(self) -> Result<(Principal, FileId), Refusal> {
        match self.answer {
            InitAnswer::Refused { error } => Err(error.to_failure().into()),
            InitAnswer::Upload { .. }
            | InitAnswer::MaybeDuplicate
            | InitAnswer::Duplicate { .. }
            | InitAnswer::Settled(_) => Ok((self.who, self.id)),
        }
    }
}

/// A place that is in use.
struct Place {
    id: DestinationId,
    name: String,
    accepts: Accepts,
    is_folder: bool,
}

impl Place {
    fn takes(&self, name: &str, size: Option<u64>, mime: &str) -> bool {
        self.accepts.refuses(name, size.unwrap_or(0), mime).is_none()
    }
}

async fn places(site: &Site, who: &Principal) -> Result<Vec<Place>, Failure> {
    let sql =
        "SELECT id, name, kind = 'folder', max_bytes, refused_types, allowed_mime FROM destination WHERE state = 'active'
               ORDER BY created_at, id";
    let read = site.service.store().db().read(move |tx| {
        let rows = tx.query(sql, params![])?;
        let place = |r: &crate::db::Row| {
            Ok(Place {
                id: r.get(0)?,
                name: r.get(1)?,
                accepts: destinations::accepts(r, 3)?,
                is_folder: r.get(2)?,
            })
        };
        rows.iter().map(place).collect::<Result<Vec<_>, Failure>>()
    });
    let all = read.await?;
    Ok(all.into_iter().filter(|p| who.reaches(p.id)).collect())
}

/// Where a file goes that names no slot: where it says; else to the first destination that takes such a file. When none
/// does, the first one says why.
pub(super) async fn place(
    site: &Site,
    who: &Principal,
    named: Option<&str>,
    (name, size, mime): (&str, Option<u64>, &str),
) -> Result<DestinationId, Refusal> {
    let all = places(site, who).await?;
    let found = match named {
        Some(word) => {
            let id = word.parse::<DestinationId>().ok();
            all.iter().find(|p| p.name == word || Some(p.id) == id)
        }
        None => all.iter().find(|p| p.takes(name, size, mime)).or(all.first()),
    };
    found
        .map(|p| p.id)
        .ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such destination"))
}

/// Announces a file, after the type of its name where none is told.
pub(super) async fn announce(
    site: &Site,
    who: &Principal,
    from: From,
    told: Told,
) -> Result<Announced, Refusal> {
    let mime = told
        .mime
        .clone()
        .filter(|m| !m.is_empty())
        .unwrap_or_else(|| mime_of(&told.name));
    let group = match told.group {
        Some(id) => Some(reached_group(site, who, id).await?),
        None => None,
    };
    let of_group = group.as_ref().and_then(|g| match &told.file_type {
        Some(kind) => g
            .slots
            .iter()
            .find(|s| s.file_type == *kind)
            .map(|s| s.destination_id),
        None => g.destination_id,
    });
    let is_slot = told.file_type.is_some() && told.group.is_some();
    let to = match of_group {
        Some(id) => Some(id),
        // The ledger says which slots there are.
        None if is_slot => None,
        None => Some(
            place(
                site,
                who,
                told.destination.as_deref(),
                (&told.name, told.size, &mime),
            )
            .await?,
        ),
    };
    let who = match to {
        Some(id) => {
            who.require_destination(id)?;
            site.keeper.admit(who, id, from.0).await?
        }
        None => who.clone(),
    };
    if told.size.is_none()
        && let Some(id) = to
        && places(site, &who)
            .await?
            .iter()
            .any(|p| p.id == id && p.is_folder)
    {
        let detail = "size: a folder has to know it before the first byte";
        return Err(Refusal::new(ErrorCode::InvalidField, detail));
    }
    let (service, now) = (&site.service, site.service.now());
    let id = match told.id {
        Some(id) => id,
        None => FileId::new(now, random(service.world())?),
    };
    let size = told.size.unwrap_or(0);
    let file = NewFile {
        id,
        attempt: told.attempt.unwrap_or(1),
        group_id: told.group,
        destination_id: to.filter(|_| of_group.is_none()),
        destination: None,
        rel_path: encode_path_bytes(told.name.trim_start_matches('/').as_bytes()),
        file_type: told.file_type,
        is_required: None,
        size,
        part_size: told.single.then_some(size.max(1)),
        mime,
        sha256: told.sha256,
        client_id: None,
        race: !told.dedup,
        metadata: told.metadata,
        keep_rejected: true,
        plain: true,
    };
    let owner = who.owner;
    let result = service.init(owner, vec![file]).await?.pop();
    let answer = result
        .map(|r| r.answer)
        .ok_or_else(|| crate::failure::internal("an init without an answer"))?;
    if told.size.is_none() && matches!(answer, InitAnswer::Upload { .. }) {
        let single = told.single;
        service
            .store()
            .db()
            .write(Some(owner), move |tx| {
                plain::forget_size(tx, owner, id, single, now)
            })
            .await?;
    }
    Ok(Announced { who, id, answer })
}

/// A file within reach.
pub(super) async fn reached(site: &Site, who: &Principal, text: &str) -> Result<FileView, Refusal> {
    let missing = || Refusal::new(ErrorCode::NotFound, "no such file");
    let id: FileId = text.parse().map_err(|_| missing())?;
    let view = site.service.file(who.owner, id).await?;
    if who.reaches(view.destination_id) {
        Ok(view)
    } else {
        Err(missing())
    }
}

/// A group within reach.
pub(super) async fn reached_group(site: &Site, who: &Principal, id: GroupId) -> Result<GroupView, Refusal> {
    let group = site.service.group(who.owner, id).await?;
    if reaches_group(who, &group) {
        Ok(group)
    } else {
        Err(Refusal::new(ErrorCode::NotFound, "no such group"))
    }
}

/// The id in a path.
pub(super) fn group_id(text: &str) -> Result<GroupId, Refusal> {
    text.parse()
        .map_err(|_| Refusal::new(ErrorCode::NotFound, "no such group"))
}

/// What the words of a file are derived from.
pub(super) fn facts(file: &FileView) -> Facts {
    Facts {
        state: file.state,
        removed: file.delete_reason.as_deref().map(|why| match why {
            "mismatch" | "vanished" => Removed::Lost,
            _ => Removed::OnPurpose,
        }),
        follows: file.canonical_id.is_some() && file.settled.is_none(),
        jobs: file.jobs.iter().map(|j| (j.kind.clone(), j.state)).collect(),
    }
}

/// A permission to send, in camel case.
pub(super) fn upload(signed: &SignedPart, mime: &str) -> Value {
    let mut headers: serde_json::Map<String, Value> = signed
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    // Not signed, so whoever does not send it is not refused; the storage keeps it where it comes.
    headers.entry("content-type").or_insert_with(|| mime.into());
    json!({ "method": "PUT", "url": signed.url, "headers": headers, "expiresAt": time(signed.expires_at) })
}

/// A multipart upload with the URLs of its first parts, in camel case.
pub(super) fn multipart(signed: &Plain) -> Value {
    json!({
        "uploadId": signed.object.upload_id,
        "partSize": signed.row.plan.part_size(),
        "partCount": signed.row.plan.count(),
        "parts": signed.uploads.iter().map(part).collect::<Vec<_>>(),
    })
}

/// The URL of a part, in camel case.
pub(super) fn part(signed: &SignedPart) -> Value {
    json!({ "partNumber": signed.n, "url": signed.url, "expiresAt": time(signed.expires_at) })
}

/// A time as these callers read it.
pub(super) fn time(ms: i64) -> Value {
    jiff::Timestamp::from_millisecond(ms).map_or(Value::Null, |t| t.to_string().into())
}

/// The same, where there may be none.
pub(super) fn some_time(ms: Option<i64>) -> Value {
    ms.map_or(Value::Null, time)
}

/// What was told about a hash.
pub(super) fn hash(text: Option<&String>) -> Result<Option<Sha256>, Refusal> {
    let Some(text) = text.filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    serde_json::from_value(Value::from(hex.to_ascii_lowercase()))
        .map(Some)
        .map_err(|_| Refusal::new(ErrorCode::InvalidField, "hash: SHA-256 as 64 hex digits"))
}

/// The time now.
pub(super) fn now(site: &Site) -> Timestamp {
    site.service.now()
}

/// The type that a name's extension stands for.
pub(super) fn mime_of(name: &str) -> String {
    let ext = name
        .rsplit_once('.')
        .map(|(_, ext)| ext.to_ascii_lowercase())
        .unwrap_or_default();
    match ext.as_str() {
        "json" => "application/json",
        "glb" => "model/gltf-binary",
        "gltf" => "model/gltf+json",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "pdf" => "application/pdf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "epub" => "application/epub+zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        _ => "application/octet-stream",
    }
    .to_owned()
}
