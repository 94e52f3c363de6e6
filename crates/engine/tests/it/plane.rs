//! A small control plane with its storage, in memory, that fails when it is told to: the transport of these tests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Path, Query as Params, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use windlass_core::accepts::Accepts;
use windlass_core::checksum::{combine, crc64};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::FileId;
use windlass_core::states::{GroupState, SessionState};
use windlass_core::units::{Crc64Nvme, ETag, PartNumber};
use windlass_protocol::destinations::{Check, Destination, PutDestination};
use windlass_protocol::groups::{CreateGroup, Group};
use windlass_protocol::sessions::*;
use windlass_protocol::{Endpoint, Problem};

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This status and body; nothing is done.
    Status(u16, &'static str),
    /// It is done, but the connection breaks before the answer.
    AnswerLost,
    /// The connection breaks before anything is done.
    Cut,
}

#[derive(Debug, Default, Clone)]
struct Sess {
    item: Option<InitItem>,
    parts: BTreeMap<u32, Bytes>,
    settled: Option<Settled>,
    deleted: bool,
}

#[derive(Default)]
struct World {
    sessions: BTreeMap<FileId, Sess>,
    objects: BTreeMap<String, Bytes>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    /// Every PUT that arrived whole: file, part.
    puts: Vec<(FileId, u32)>,
    destinations: BTreeMap<String, Destination>,
    cancelled: Vec<String>,
    /// How many PUTs may still come in; as many as want to.
    room: Option<usize>,
    /// PUTs that came to the closed door.
    held: Vec<FileId>,
    /// Parts that were signed, each as often as it was.
    signed: usize,
}

/// The plane's handle.
#[derive(Clone)]
pub(crate) struct Plane {
    world: Arc<Mutex<World>>,
    gate: Arc<tokio::sync::Notify>,
    pub(crate) endpoint: Endpoint,
}

type Answer = Result<Response, Response>;

fn problem(status: u16, code: ErrorCode) -> Response {
    let p = Problem::new(status, &Failure::new(code, "told to"));
    (StatusCode::from_u16(status).unwrap(), Json(p)).into_response()
}

impl Plane {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let plane = Self {
            world: Arc::default(),
            gate: Arc::default(),
            endpoint: Endpoint {
                base_url,
                token: "t".into(),
            },
        };
        let app = Router::new()
            .route("/v1/groups", post(create_group))
            .route("/v1/groups/{id}", get(group))
            .route("/v1/groups/{id}/finalize", post(finalize))
            .route("/v1/groups/{id}/cancel", post(cancel))
            .route("/v1/sessions:init", post(init))
            .route("/v1/sessions:sign", post(sign))
            .route("/v1/sessions:complete", post(complete))
            .route("/v1/sessions:query", post(query))
            .route("/v1/sessions:delete", post(delete))
            .route("/v1/sessions:verify", post(verify))
            .route("/v1/destinations", get(destinations))
            .route(
                "/v1/destinations/{id}",
                put(put_destination).delete(remove_destination),
            )
            .route("/blob/{id}", put(blob))
            .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
            .with_state(plane.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        plane
    }

    /// The next requests of this kind fail so.
    pub(crate) fn fail(&self, op: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.world
            .lock()
            .unwrap()
            .faults
            .entry(op)
            .or_default()
            .extend(faults);
    }

    /// Requests of this kind go well again.
    pub(crate) fn heal(&self, op: &'static str) {
        self.world.lock().unwrap().faults.remove(op);
    }

    /// PUTs wait at the door until they are let in.
    pub(crate) fn hold_puts(&self, hold: bool) {
        self.let_in(hold.then_some(0));
    }

    /// The door closes behind so many PUTs.
    pub(crate) fn let_in(&self, room: Option<usize>) {
        self.world.lock().unwrap().room = room;
        self.gate.notify_waiters();
    }

    /// PUTs that came to the closed door.
    pub(crate) fn held(&self) -> usize {
        self.world.lock().unwrap().held.len()
    }

    /// Their files.
    pub(crate) fn held_files(&self) -> Vec<FileId> {
        self.world.lock().unwrap().held.clone()
    }

    /// Parts that were signed.
    pub(crate) fn signed(&self) -> usize {
        self.world.lock().unwrap().signed
    }

    pub(crate) fn objects(&self) -> BTreeMap<String, Bytes> {
        self.world.lock().unwrap().objects.clone()
    }

    /// Somebody removes them there.
    pub(crate) fn lose_objects(&self) {
        self.world.lock().unwrap().objects.clear();
    }

    pub(crate) fn puts(&self) -> Vec<(FileId, u32)> {
        self.world.lock().unwrap().puts.clone()
    }

    pub(crate) fn cancelled(&self) -> usize {
        self.world.lock().unwrap().cancelled.len()
    }

    /// Parts stored of uploads that are not complete.
    pub(crate) fn unfinished_parts(&self) -> usize {
        let w = self.world.lock().unwrap();
        w.sessions
            .values()
            .filter(|s| s.settled.is_none() && !s.deleted)
            .map(|s| s.parts.len())
            .sum()
    }

    /// Whoever runs the storage sets what all destinations take.
    pub(crate) fn limit(&self, accepts: &Accepts) {
        for d in self.world.lock().unwrap().destinations.values_mut() {
            d.max_bytes = accepts.max_bytes;
            d.refused_types.clone_from(&accepts.refused_types);
            d.allowed_mime.clone_from(&accepts.allowed_mime);
        }
    }

    fn enter(&self, op: &'static str) -> Result<Option<Fault>, Response> {
        let fault = self
            .world
            .lock()
            .unwrap()
            .faults
            .get_mut(op)
            .and_then(VecDeque::pop_front);
        match fault {
            Some(Fault::Status(status, body)) => {
                Err((StatusCode::from_u16(status).unwrap(), body).into_response())
            }
            Some(Fault::Cut) => std::panic::resume_unwind(Box::new("cut")),
            other => Ok(other),
        }
    }
}

fn leave(fault: Option<Fault>, answer: Response) -> Answer {
    if matches!(fault, Some(Fault::AnswerLost)) {
        // Ends the connection without an answer, quietly.
        std::panic::resume_unwind(Box::new("answer lost"));
    }
    Ok(answer)
}

async fn create_group(State(p): State<Plane>, Json(g): Json<CreateGroup>) -> Answer {
    let fault = p.enter("group")?;
    let group = Group {
        id: g.id,
        name: g.name,
        destination_id: g.destination_id,
        state: GroupState::Draft,
        total_files: 0,
        completed_files: 0,
        created_at: 0,
        rev: 1,
    };
    leave(fault, Json(group).into_response())
}

fn group_answer(id: &str, state: GroupState) -> Response {
    let id = id.parse().unwrap();
    let nowhere = uuid_like();
    Json(Group {
        id,
        name: String::new(),
        destination_id: nowhere,
        state,
        total_files: 0,
        completed_files: 0,
        created_at: 0,
        rev: 1,
    })
    .into_response()
}

fn uuid_like() -> windlass_core::ids::DestinationId {
    windlass_core::ids::DestinationId::new(windlass_core::time::Timestamp::from_millis(1), [0; 10])
}

async fn finalize(State(p): State<Plane>, Path(id): Path<String>) -> Answer {
    let fault = p.enter("finalize")?;
    leave(fault, group_answer(&id, GroupState::Completed))
}

/// One of which nothing is there.
async fn group(State(p): State<Plane>, Path(id): Path<String>) -> Answer {
    let fault = p.enter("look")?;
    leave(fault, group_answer(&id, GroupState::Draft))
}

async fn cancel(State(p): State<Plane>, Path(id): Path<String>) -> Answer {
    let fault = p.enter("cancel")?;
    {
        let mut w = p.world.lock().unwrap();
        let group: windlass_core::ids::GroupId = id.parse().unwrap();
        for s in w
            .sessions
            .values_mut()
            .filter(|s| s.settled.is_none() && s.item.as_ref().is_some_and(|i| i.group_id == group))
        {
            s.deleted = true;
            s.parts.clear();
        }
        w.cancelled.push(id.clone());
    }
    leave(fault, group_answer(&id, GroupState::Cancelled))
}

async fn init(State(p): State<Plane>, Json(batch): Json<Batch<InitItem>>) -> Answer {
    let fault = p.enter("init")?;
    let mut w = p.world.lock().unwrap();
    let items = batch
        .items
        .into_iter()
        .map(|item| {
            let id = item.id;
            let s = w.sessions.entry(id).or_default();
            if s.item.as_ref().is_none_or(|i| i.attempt < item.attempt) {
                *s = Sess {
                    item: Some(item.clone()),
                    ..Sess::default()
                };
            }
            let answer = match &s.settled {
                Some(settled) => InitAnswer::Settled(settled.clone()),
                None => InitAnswer::Upload {
                    object_key: item.rel_path,
                },
            };
            InitResult { id, answer }
        })
        .collect();
    drop(w);
    leave(fault, Json(Answers::<InitResult> { items }).into_response())
}

async fn sign(State(p): State<Plane>, Json(batch): Json<Batch<SignItem>>) -> Answer {
    let fault = p.enter("sign")?;
    let base = &p.endpoint.base_url;
    let items = batch
        .items
        .into_iter()
        .map(|item| {
            let known = p
                .world
                .lock()
                .unwrap()
                .sessions
                .get(&item.id)
                .is_some_and(|s| !s.deleted);
            if !known {
                let error = Some(Problem::new(404, &Failure::new(ErrorCode::SessionGone, "gone")));
                return SignResult {
                    id: item.id,
                    uploads: vec![],
                    error,
                };
            }
            p.world.lock().unwrap().signed += item.parts.len();
            let uploads = item.parts.iter().map(|part| SignedPart {
                n: part.n,
                url: format!(
                    "{base}/blob/{}?n={}&crc={}",
                    item.id,
                    part.n,
                    u64::from_be_bytes(part.crc64.to_bytes())
                ),
                headers: vec![("x-len".into(), part.size.to_string())],
                expires_at: 0,
                valid_ms: 900_000,
            });
            SignResult {
                id: item.id,
                uploads: uploads.collect(),
                error: None,
            }
        })
        .collect();
    leave(fault, Json(Answers::<SignResult> { items }).into_response())
}

async fn blob(
    State(p): State<Plane>,
    Path(id): Path<String>,
    Params(q): Params<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let id: FileId = id.parse().unwrap();
    loop {
        let wait = p.gate.notified();
        {
            let mut w = p.world.lock().unwrap();
            match w.room.as_mut() {
                None => break,
                Some(0) => w.held.push(id),
                Some(room) => {
                    *room -= 1;
                    break;
                }
            }
        }
        wait.await;
    }
    let fault = p.enter("put")?;
    if headers["x-len"] != body.len().to_string() || q["crc"] != crc64(&body).0.to_string() {
        return Err(problem(400, ErrorCode::ChecksumMismatch));
    }
    let n: u32 = q["n"].parse().unwrap();
    let tag = format!("\"{}\"", crc64(&body).0);
    {
        let mut w = p.world.lock().unwrap();
        w.puts.push((id, n));
        if let Some(s) = w.sessions.get_mut(&id).filter(|s| !s.deleted) {
            s.parts.insert(n, body);
        }
    }
    leave(fault, [("etag", tag)].into_response())
}

async fn complete(State(p): State<Plane>, Json(batch): Json<Batch<CompleteItem>>) -> Answer {
    let fault = p.enter("complete")?;
    let mut w = p.world.lock().unwrap();
    let mut results = Vec::new();
    for item in batch.items {
        let outcome = complete_one(&mut w, &item);
        results.push(CompleteResult { id: item.id, outcome });
    }
    drop(w);
    leave(fault, Json(Answers { items: results }).into_response())
}

fn complete_one(w: &mut World, item: &CompleteItem) -> CompleteOutcome {
    let Some(s) = w.sessions.get_mut(&item.id) else {
        return CompleteOutcome::Failed {
            error: Problem::new(404, &Failure::new(ErrorCode::SessionGone, "gone")),
        };
    };
    if let Some(settled) = &s.settled {
        return CompleteOutcome::Settled(settled.clone());
    }
    let missing: Vec<PartNumber> = item
        .parts
        .iter()
        .filter(|part| {
            s.parts
                .get(&part.n.get())
                .is_none_or(|b| crc64(b) != part.crc64 || b.len() as u64 != part.size)
        })
        .map(|part| part.n)
        .collect();
    if !missing.is_empty() {
        return CompleteOutcome::PartsMissing { parts: missing };
    }
    let whole = s.parts.values().map(|b| &b[..]).collect::<Vec<_>>().concat();
    let said: Crc64Nvme = combine(item.parts.iter().map(|p| (p.crc64, p.size)));
    assert_eq!(
        said, item.crc64,
        "the client's own list gives the client's own checksum"
    );
    assert_eq!(crc64(&whole), item.crc64, "I1");
    let key = s.item.as_ref().unwrap().rel_path.clone();
    let settled = Settled {
        object_key: key.clone(),
        proof: "crc64nvme".into(),
        size: item.size,
        crc64: Some(item.crc64),
        sha256: item.sha256,
        uploaded_at: 1,
        deduplicated: false,
    };
    s.settled = Some(settled.clone());
    w.objects.insert(key, Bytes::from(whole));
    CompleteOutcome::Settled(settled)
}

async fn query(State(p): State<Plane>, Json(q): Json<Query>) -> Answer {
    let fault = p.enter("query")?;
    let w = p.world.lock().unwrap();
    let mut answer = QueryAnswer {
        sessions: vec![],
        unknown: vec![],
    };
    for id in q.ids {
        let Some((s, item)) = w.sessions.get(&id).and_then(|s| s.item.as_ref().map(|i| (s, i))) else {
            answer.unknown.push(id);
            continue;
        };
        let parts = s.parts.iter().map(|(n, b)| ListedPart {
            n: PartNumber::try_from(*n).unwrap(),
            size: b.len() as u64,
            etag: ETag(format!("\"{}\"", crc64(b).0)),
            crc64: Some(crc64(b)),
        });
        answer.sessions.push(Session {
            id,
            attempt: item.attempt,
            group_id: item.group_id,
            destination_id: uuid_like(),
            rel_path: item.rel_path.clone(),
            size: item.size,
            part_size: item.part_size,
            state: if s.settled.is_some() {
                SessionState::Uploaded
            } else {
                SessionState::Uploading
            },
            deleted: s.deleted,
            object_key: Some(item.rel_path.clone()),
            parts: parts.collect(),
            parts_known: true,
            settled: s.settled.clone(),
            error: None,
            alive_at: 0,
        });
    }
    drop(w);
    leave(fault, Json(answer).into_response())
}

async fn delete(State(p): State<Plane>, Json(ids): Json<Ids>) -> Answer {
    let fault = p.enter("delete")?;
    let mut w = p.world.lock().unwrap();
    let items = ids
        .ids
        .into_iter()
        .map(|id| {
            if let Some(s) = w.sessions.get_mut(&id) {
                s.deleted = true;
                s.parts.clear();
            }
            DeleteResult {
                id,
                cleaned: true,
                error: None,
            }
        })
        .collect();
    drop(w);
    leave(fault, Json(Answers::<DeleteResult> { items }).into_response())
}

async fn verify(State(p): State<Plane>, Json(ids): Json<Ids>) -> Answer {
    let fault = p.enter("verify")?;
    let w = p.world.lock().unwrap();
    let items = ids
        .ids
        .into_iter()
        .map(|id| {
            let settled = w.sessions.get(&id).and_then(|s| s.settled.clone());
            // An object that a person removed there is not proved any more.
            let settled = settled.filter(|s| w.objects.contains_key(&s.object_key));
            VerifyResult {
                id,
                settled,
                error: None,
            }
        })
        .collect();
    drop(w);
    leave(fault, Json(Answers::<VerifyResult> { items }).into_response())
}

async fn destinations(State(p): State<Plane>) -> Answer {
    let fault = p.enter("destinations")?;
    let items = p.world.lock().unwrap().destinations.values().cloned().collect();
    leave(fault, Json(Answers::<Destination> { items }).into_response())
}

async fn put_destination(State(p): State<Plane>, Json(d): Json<PutDestination>) -> Answer {
    let row = Destination {
        id: d.id,
        name: d.name,
        config: d.config,
        max_bytes: d.accepts.as_ref().and_then(|a| a.max_bytes),
        refused_types: d
            .accepts
            .as_ref()
            .map_or_else(Vec::new, |a| a.refused_types.clone()),
        allowed_mime: d.accepts.and_then(|a| a.allowed_mime),
    };
    p.world
        .lock()
        .unwrap()
        .destinations
        .insert(row.id.to_string(), row);
    Ok(Json(Check {
        ok: true,
        steps: vec![],
    })
    .into_response())
}

async fn remove_destination(State(p): State<Plane>, Path(id): Path<String>) -> Answer {
    let _fault = p.enter("remove_destination")?;
    p.world.lock().unwrap().destinations.remove(&id);
    Ok(StatusCode::NO_CONTENT.into_response())
}
