//! Making jobs: by the pipeline of a destination, and by a person.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, JobId, OwnerId, RunId};
use windlass_core::time::Timestamp;
use windlass_protocol::jobs::{CreateJob, PipelineStep};

use super::{JobRow, LIVING, due, one, source_of};
use crate::db::{Kind, Tx, params};
use crate::failure::{Refusal, internal};
use crate::store::sign::each;

/// Bytes of a type's name.
const MAX_TYPE_BYTES: usize = 255;
/// Bytes of a config.
const MAX_CONFIG_BYTES: usize = 65_536;
/// Steps of a pipeline.
pub const MAX_STEPS: usize = 16;

/// The id of a job that the ledger makes: the same for the same cause, so doing it twice is once.
#[must_use]
pub fn made_id(cause: &[u8], session: FileId, kind: &str, now: Timestamp) -> JobId {
    let mut hash = Context::new(&SHA256);
    hash.update(cause);
    hash.update(session.as_bytes());
    hash.update(kind.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&hash.finish().as_ref()[..10]);
    JobId::new(now, random)
}

/// Makes what the pipelines say for files that have just been uploaded, in their transaction (G-13, D-9).
pub(in crate::store) fn by_pipeline(
    tx: &mut dyn Tx,
    owner: OwnerId,
    files: &[(FileId, DestinationId)],
    now: Timestamp,
) -> Result<(), Failure> {
    let mut pipelines: BTreeMap<DestinationId, Vec<PipelineStep>> = BTreeMap::new();
    let mut rows = Vec::new();
    for (session, destination) in files {
        let steps = match pipelines.get(destination) {
            Some(steps) => steps,
            None => {
                let steps = pipeline(tx, *destination)?;
                pipelines.entry(*destination).or_insert(steps)
            }
        };
        for step in steps {
            rows.push([
                made_id(b"pipeline", *session, &step.kind, now).into(),
                (*session).into(),
                step.kind.as_str().into(),
                step.priority.into(),
                step.max_attempts.into(),
                due(now, step.priority).into(),
                step.config.to_string().into(),
            ]);
        }
    }
    let kinds = [
        Kind::Id,
        Kind::Id,
        Kind::Text,
        Kind::Int,
        Kind::Int,
        Kind::Int,
        Kind::Text,
    ];
    each(
        tx,
        params![owner],
        &rows,
        &kinds,
        "v(id, session_id, type, priority, max_attempts, due_at, config)",
        "INSERT INTO processing_job (owner_id, id, session_id, type, state, priority, max_attempts, due_at, config,
           created_at, updated_at)
         SELECT s.owner_id, v.id, s.id, v.type, 'pending', v.priority, v.max_attempts, v.due_at, v.config, s.updated_at,
           s.updated_at
         FROM v JOIN upload_session s ON s.owner_id = ?1 AND s.id = v.session_id AND s.state = 'uploaded'
         WHERE s.canonical_id IS NULL ON CONFLICT DO NOTHING",
    )
}

/// Makes the job that proves what the sender of an uploaded file said its hash is, unless there is one (M6).
pub(in crate::store) fn verify(
    tx: &mut dyn Tx,
    owner: OwnerId,
    session: FileId,
    now: Timestamp,
) -> Result<(), Failure> {
    const KIND: &str = "verify_hash";
    const PRIORITY: u8 = 5;
    tx.execute(
        "INSERT INTO processing_job (owner_id, id, session_id, type, state, priority, due_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6, ?7, ?7) ON CONFLICT DO NOTHING",
        params![
            owner,
            made_id(b"needed", session, KIND, now),
            session,
            KIND,
            PRIORITY,
            due(now, PRIORITY),
            now
        ],
    )
    .map(drop)
}

/// The pipeline of a destination. One that can't be read makes no jobs: an upload does not fail of it.
fn pipeline(tx: &mut dyn Tx, destination: DestinationId) -> Result<Vec<PipelineStep>, Failure> {
    let sql = "SELECT pipeline FROM destination WHERE id = ?1";
    let text: String = tx.query_one(sql, params![destination])?.get(0)?;
    let steps = parse_pipeline(&text).unwrap_or_else(|e| {
        tracing::error!(%destination, error = %e.failure, "the pipeline can't be read; no jobs are made");
        Vec::new()
    });
    Ok(steps)
}

/// A pipeline as it is written down, checked.
///
/// # Errors
/// `invalid_field`.
pub fn parse_pipeline(text: &str) -> Result<Vec<PipelineStep>, Refusal> {
    let invalid = |what: String| Refusal::new(ErrorCode::InvalidField, what);
    let steps: Vec<PipelineStep> =
        serde_json::from_str(text).map_err(|e| invalid(format!("pipeline: {e}")))?;
    if steps.len() > MAX_STEPS {
        return Err(invalid(format!("pipeline: at most {MAX_STEPS} steps")));
    }
    for (at, step) in steps.iter().enumerate() {
        check(&step.kind, step.priority, step.max_attempts, &step.config)?;
        if steps[..at].iter().any(|s| s.kind == step.kind) {
            return Err(invalid(format!("pipeline: {} stands there twice", step.kind)));
        }
    }
    Ok(steps)
}

fn check(kind: &str, priority: u8, max_attempts: u32, config: &serde_json::Value) -> Result<(), Refusal> {
    let invalid = |what: &str| Err(Refusal::new(ErrorCode::InvalidField, what));
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"_-.:".contains(&b);
    if kind.is_empty() || kind.len() > MAX_TYPE_BYTES || !kind.bytes().all(fine) {
        return invalid("type: letters, digits, _, -, . and :");
    }
    if !(1..=10).contains(&priority) {
        return invalid("priority: 1 to 10");
    }
    if !(1..=100).contains(&max_attempts) {
        return invalid("max_attempts: 1 to 100");
    }
    if !config.is_object() || config.to_string().len() > MAX_CONFIG_BYTES {
        return invalid("config: an object of at most 64 KiB");
    }
    Ok(())
}

/// Makes a job, or finds the one of these facts.
///
/// # Errors
/// As the database answers.
pub fn create(
    tx: &mut dyn Tx,
    owner: OwnerId,
    wanted: &CreateJob,
    run: Option<RunId>,
    now: Timestamp,
) -> Result<Result<JobRow, Refusal>, Failure> {
    if let Err(refusal) = check(&wanted.kind, wanted.priority, wanted.max_attempts, &wanted.config) {
        return Ok(Err(refusal));
    }
    let Some(session) = source_of(tx, owner, wanted.session_id)? else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such session")));
    };
    if let Some(known) = one(tx, owner, wanted.id)? {
        let same = known.session == session && known.kind == wanted.kind && known.run == run;
        let reused = || Refusal::new(ErrorCode::IdReused, "the id stands for another job");
        return Ok(if same { Ok(known) } else { Err(reused()) });
    }
    let sql = "SELECT state, deleted_at IS NOT NULL FROM upload_session WHERE owner_id = ?1 AND id = ?2";
    let row = tx.query_one(sql, params![owner, session])?;
    let (state, deleted): (windlass_core::states::SessionState, bool) = (row.get(0)?, row.get(1)?);
    let is_cleanup = wanted.kind == "cleanup";
    if !is_cleanup && deleted {
        return Ok(Err(Refusal::new(
            ErrorCode::SessionDeleted,
            "the file was deleted",
        )
        .with_state(state)));
    }
    if !is_cleanup && state != windlass_core::states::SessionState::Uploaded {
        let refusal = Refusal::new(ErrorCode::StateConflict, "the file is not there yet");
        return Ok(Err(refusal.with_state(state)));
    }
    let living = format!(
        "SELECT id FROM processing_job WHERE owner_id = ?1 AND session_id = ?2 AND type = ?3 AND state IN {LIVING}"
    );
    if let Some(row) = tx.query_opt(&living, params![owner, session, wanted.kind.as_str()])? {
        let detail = format!("the job {} of this type is not done yet", row.get::<JobId>(0)?);
        return Ok(Err(Refusal::new(ErrorCode::StateConflict, detail)));
    }
    tx.execute(
        "INSERT INTO processing_job (owner_id, id, session_id, run_id, type, state, priority, max_attempts, due_at, config,
           created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7, ?8, ?9, ?10, ?10)",
        params![
            owner,
            wanted.id,
            session,
            run,
            wanted.kind.as_str(),
            wanted.priority,
            wanted.max_attempts,
            due(now, wanted.priority),
            wanted.config.to_string(),
            now
        ],
    )?;
    one(tx, owner, wanted.id)?
        .ok_or_else(|| internal("a job that was just made is not there"))
        .map(Ok)
}
