//! Runs in the ledger: made with their jobs, begun by the first claim, ended by the last job's end (M14).

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId, OwnerId, RunId};
use windlass_core::states::{JobState, RunState, SessionState};
use windlass_core::time::Timestamp;
use windlass_protocol::jobs::CreateJob;
use windlass_protocol::runs::{Counts, CreateRun, Run, RunKind, RunSource};

use super::jobs::{self, JobFilter, ends, make};
use crate::db::{Dialect, Row, Tx, params};
use crate::failure::{Refusal, known_problem};

/// Sources of a run.
const MAX_SOURCES: usize = 1_000;

const COLUMNS: &str =
    "id, kind, name, group_id, state, error_code, error_detail, created_at, started_at, finished_at, rev";

/// Holds a run until the transaction ends.
pub(super) fn lock(tx: &mut dyn Tx, owner: OwnerId, id: RunId) -> Result<(), Failure> {
    if tx.dialect() == Dialect::Postgres {
        tx.query(
            "SELECT 1 FROM processing_run WHERE owner_id = ?1 AND id = ?2 FOR UPDATE",
            params![owner, id],
        )?;
    }
    Ok(())
}

/// A job of it was claimed.
pub(super) fn begun(tx: &mut dyn Tx, owner: OwnerId, id: RunId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE processing_run SET state = 'processing', started_at = ?3, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'queued'",
        params![owner, id, now],
    )
    .map(drop)
}

pub(super) fn has_ended(tx: &mut dyn Tx, owner: OwnerId, id: RunId) -> Result<bool, Failure> {
    tx.exists(
        "SELECT 1 FROM processing_run WHERE owner_id = ?1 AND id = ?2 AND finished_at IS NOT NULL",
        params![owner, id],
    )
}

fn counts(tx: &mut dyn Tx, owner: OwnerId, id: RunId) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let sql = "SELECT state, COUNT(*) FROM processing_job WHERE owner_id = ?1 AND run_id = ?2 GROUP BY state";
    for row in tx.query(sql, params![owner, id])? {
        let n: u64 = row.get(1)?;
        counts.total += n;
        match row.get(0)? {
            JobState::Pending | JobState::Sending => counts.open += n,
            JobState::Running => counts.running += n,
            JobState::Completed => counts.completed += n,
            JobState::Failed => counts.failed += n,
            JobState::Cancelled => counts.cancelled += n,
        }
    }
    Ok(counts)
}

/// How a run ends whose jobs ended like this; none while one lives.
#[must_use]
pub fn ended_as(kind: RunKind, counts: &Counts) -> Option<RunState> {
    if counts.open + counts.running > 0 {
        return None;
    }
    Some(match (counts.completed, kind) {
        (0, _) => RunState::Failed,
        (n, RunKind::Train) if n == counts.total => RunState::Completed,
        (n, RunKind::Cleanup) if n == counts.total => RunState::CleanupCompleted,
        (_, RunKind::Train | RunKind::Cleanup) => RunState::PartiallyCompleted,
    })
}

/// A job of it has ended: so has the run, if it was the last one.
pub(super) fn count(tx: &mut dyn Tx, owner: OwnerId, id: RunId, now: Timestamp) -> Result<(), Failure> {
    let sql = "SELECT kind FROM processing_run WHERE owner_id = ?1 AND id = ?2 AND finished_at IS NULL";
    let Some(row) = tx.query_opt(sql, params![owner, id])? else {
        return Ok(());
    };
    let counts = counts(tx, owner, id)?;
    let Some(to) = ended_as(kind(&row, 0)?, &counts) else {
        return Ok(());
    };
    let why = (to == RunState::Failed).then(|| {
        let detail = format!("none of {} sources was completed", counts.total);
        Failure::new(ErrorCode::ProcessingFailed, detail)
    });
    tx.execute(
        "UPDATE processing_run SET state = ?3, finished_at = ?4, updated_at = ?4, rev = rev + 1, error_code = ?5,
           error_detail = ?6
         WHERE owner_id = ?1 AND id = ?2 AND finished_at IS NULL",
        params![
            owner,
            id,
            to,
            now,
            why.as_ref().map(|w| w.code),
            why.as_ref().map(|w| w.detail.as_str())
        ],
    )
    .map(drop)
}

fn kind(row: &Row, at: usize) -> Result<RunKind, Failure> {
    Ok(match row.get::<String>(at)?.as_str() {
        "cleanup" => RunKind::Cleanup,
        _ => RunKind::Train,
    })
}

fn read(tx: &mut dyn Tx, owner: OwnerId, r: &Row) -> Result<Run, Failure> {
    let id: RunId = r.get(0)?;
    let code: Option<ErrorCode> = r.get(5)?;
    let detail: Option<String> = r.get(6)?;
    Ok(Run {
        id,
        kind: kind(r, 1)?,
        name: r.get(2)?,
        group_id: r.get(3)?,
        state: r.get(4)?,
        counts: counts(tx, owner, id)?,
        error: code.map(|c| known_problem(&Failure::new(c, detail.unwrap_or_default()))),
        created_at: r.get(7)?,
        started_at: r.get(8)?,
        finished_at: r.get(9)?,
        rev: r.get(10)?,
        sources: Vec::new(),
    })
}

/// A run with its sources.
///
/// # Errors
/// As the database answers.
pub fn one(tx: &mut dyn Tx, owner: OwnerId, id: RunId) -> Result<Option<Run>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM processing_run WHERE owner_id = ?1 AND id = ?2");
    let Some(row) = tx.query_opt(&sql, params![owner, id])? else {
        return Ok(None);
    };
    let mut run = read(tx, owner, &row)?;
    let sql = "SELECT session_id, id, state, error_code, error_detail FROM processing_job
               WHERE owner_id = ?1 AND run_id = ?2 ORDER BY created_at, id LIMIT 1000";
    for row in tx.query(sql, params![owner, id])? {
        let code: Option<ErrorCode> = row.get(3)?;
        let detail: Option<String> = row.get(4)?;
        run.sources.push(RunSource {
            session_id: row.get(0)?,
            job_id: row.get(1)?,
            state: row.get(2)?,
            error: code.map(|c| known_problem(&Failure::new(c, detail.unwrap_or_default()))),
        });
    }
    Ok(Some(run))
}

/// A page of runs, newest first.
///
/// # Errors
/// As the database answers.
pub fn page(
    tx: &mut dyn Tx,
    owner: OwnerId,
    before: Option<(Timestamp, RunId)>,
    limit: u32,
) -> Result<Vec<Run>, Failure> {
    let rows = match before {
        None => tx.query(
            &format!(
                "SELECT {COLUMNS} FROM processing_run WHERE owner_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2"
            ),
            params![owner, limit],
        )?,
        Some((at, id)) => tx.query(
            &format!(
                "SELECT {COLUMNS} FROM processing_run WHERE owner_id = ?1 AND (created_at, id) < (?3, ?4)
                 ORDER BY created_at DESC, id DESC LIMIT ?2"
            ),
            params![owner, limit, at, id],
        )?,
    };
    rows.iter().map(|r| read(tx, owner, r)).collect()
}

/// Makes a run with a job for each of its sources, or finds the one of this id. A source that can't be part of it says so in
/// the answer; a run without any is refused.
///
/// # Errors
/// As the database answers.
pub fn create(
    tx: &mut dyn Tx,
    owner: OwnerId,
    wanted: &CreateRun,
    now: Timestamp,
) -> Result<Result<Run, Refusal>, Failure> {
    let invalid = |what: &str| Ok(Err(Refusal::new(ErrorCode::InvalidField, what)));
    if let Some(known) = one(tx, owner, wanted.id)? {
        let same =
            known.kind == wanted.kind && known.group_id == wanted.group_id && known.name == wanted.name;
        let reused = || Refusal::new(ErrorCode::IdReused, "the id stands for another run");
        return Ok(if same { Ok(known) } else { Err(reused()) });
    }
    if wanted.name.as_ref().is_some_and(|n| n.len() > 1_024) {
        return invalid("name: at most 1,024 bytes");
    }
    let config = wanted.config.clone().unwrap_or_else(|| serde_json::json!({}));
    if !config.is_object() || config.to_string().len() > 65_536 {
        return invalid("config: an object of at most 64 KiB");
    }
    let sources = match (&wanted.session_ids, wanted.group_id, wanted.kind) {
        (Some(ids), None, _) => ids.clone(),
        (None, Some(group), RunKind::Train) => match of_group(tx, owner, group)? {
            Some(ids) => ids,
            None => return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such group"))),
        },
        (None, None, RunKind::Cleanup) => left_over(tx, owner)?,
        _ => return invalid("session_ids or group_id: one of them"),
    };
    if sources.is_empty() || sources.len() > MAX_SOURCES {
        return invalid("a run has 1 to 1,000 sources");
    }
    tx.execute(
        "INSERT INTO processing_run (owner_id, id, kind, name, group_id, config, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?7)",
        params![
            owner,
            wanted.id,
            wanted.kind.as_str(),
            wanted.name.as_deref(),
            wanted.group_id,
            config.to_string(),
            now
        ],
    )?;
    let of_jobs = match wanted.kind {
        RunKind::Train => wanted.kind_of_jobs.as_deref().unwrap_or("embed"),
        RunKind::Cleanup => "cleanup",
    };
    let mut refused = Vec::new();
    let mut made = 0;
    for session in sources {
        let job = CreateJob {
            id: make::made_id(wanted.id.as_bytes(), session, of_jobs, now),
            session_id: session,
            kind: of_jobs.to_owned(),
            priority: 5,
            max_attempts: 3,
            config: config.clone(),
        };
        match make::create(tx, owner, &job, Some(wanted.id), now)? {
            Ok(_) => made += 1,
            Err(refusal) => refused.push(RunSource {
                session_id: session,
                job_id: None,
                state: None,
                error: Some(refusal.problem()),
            }),
        }
    }
    if made == 0 {
        // It could not start: that is written down, as every run is.
        tx.execute(
            "UPDATE processing_run SET state = 'failed', finished_at = ?3, updated_at = ?3, rev = rev + 1, error_code = ?4,
               error_detail = 'none of its sources can be processed'
             WHERE owner_id = ?1 AND id = ?2",
            params![owner, wanted.id, now, ErrorCode::ProcessingFailed],
        )?;
    }
    let run = one(tx, owner, wanted.id)?.map(|mut run| {
        run.sources.extend(refused);
        run
    });
    Ok(run.ok_or_else(|| Refusal::new(ErrorCode::Internal, "a run that was just made is not there")))
}

/// Settled files of a group.
fn of_group(tx: &mut dyn Tx, owner: OwnerId, group: GroupId) -> Result<Option<Vec<FileId>>, Failure> {
    let known = "SELECT 1 FROM upload_group WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL";
    if !tx.exists(known, params![owner, group])? {
        return Ok(None);
    }
    let rows = tx.query(
        "SELECT DISTINCT COALESCE(canonical_id, id) FROM upload_session
         WHERE owner_id = ?1 AND group_id = ?2 AND deleted_at IS NULL AND state IN (?3, ?4) LIMIT 1001",
        params![owner, group, SessionState::Uploaded, SessionState::Deduplicated],
    )?;
    rows.iter().map(|r| r.get(0)).collect::<Result<_, _>>().map(Some)
}

/// Deleted files of which something is left that was derived, and that no living duplicate shows.
fn left_over(tx: &mut dyn Tx, owner: OwnerId) -> Result<Vec<FileId>, Failure> {
    let rows = tx.query(
        "SELECT s.id FROM upload_session s
         WHERE s.owner_id = ?1 AND s.deleted_at IS NOT NULL
           AND (EXISTS (SELECT 1 FROM document_text t WHERE t.owner_id = s.owner_id AND t.session_id = s.id)
             OR EXISTS (SELECT 1 FROM chunk c WHERE c.owner_id = s.owner_id AND c.session_id = s.id)
             OR EXISTS (SELECT 1 FROM processing_job j WHERE j.owner_id = s.owner_id AND j.session_id = s.id
                  AND j.result IS NOT NULL AND j.type <> 'cleanup'))
           AND NOT EXISTS (SELECT 1 FROM upload_session d WHERE d.owner_id = s.owner_id AND d.canonical_id = s.id
             AND d.deleted_at IS NULL)
         ORDER BY s.id LIMIT 1000",
        params![owner],
    )?;
    rows.iter().map(|r| r.get(0)).collect()
}

/// Cancels what lives of a run; the counts decide how it ends.
///
/// # Errors
/// As the database answers.
pub fn cancel(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: RunId,
    now: Timestamp,
) -> Result<Result<Run, Refusal>, Failure> {
    lock(tx, owner, id)?;
    if one(tx, owner, id)?.is_none() {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such run")));
    }
    let filter = JobFilter {
        owner: Some(owner),
        run: Some(id),
        limit: 1_000,
        ..JobFilter::default()
    };
    for job in jobs::page(tx, &filter)? {
        if !job.has_ended() {
            ends::cancel(tx, owner, job.id, now)?.ok();
        }
    }
    Ok(one(tx, owner, id)?.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such run")))
}
