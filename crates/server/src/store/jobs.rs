//! Jobs in the ledger.
//!
//! Made with their file's step to uploaded or by a person ([`make`]); claimed under a lease with a fence ([`claim`]); ended
//! by the report of whoever holds the newest fence, given back, cancelled, or retried ([`ends`]). Each change of state is
//! told by a trigger in the same transaction, so the newest entry of the log is the state (D-7). Nothing here touches the
//! upload: its track and this one never change each other (M18).

pub mod claim;
pub mod ends;
pub mod make;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, JobId, OwnerId, RunId};
use windlass_core::states::JobState;
use windlass_core::time::Timestamp;
use windlass_protocol::jobs::{Job, LogEntry};

use crate::db::{Row, Tx, Value, list, params};
use crate::failure::{internal, known_problem};

/// How much later a job is due for each step of its priority: what waits long enough comes before what is urgent (F126).
pub const AGING_MS: i64 = 600_000;

/// States of a job that lives.
pub(super) const LIVING: &str = "('pending', 'sending', 'running')";

const COLUMNS: &str = "owner_id, id, session_id, run_id, type, state, priority, attempts, max_attempts, due_at,
  lease_until, fence, config, result, error_code, error_detail, created_at, updated_at, started_at, finished_at, rev";

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Whose.
    pub owner: OwnerId,
    /// Id.
    pub id: JobId,
    /// Of which file; never a duplicate.
    pub session: FileId,
    /// The run that it counts to.
    pub run: Option<RunId>,
    /// What is done.
    pub kind: String,
    /// State.
    pub state: JobState,
    /// 1 to 10, the lower the earlier.
    pub priority: u8,
    /// Attempts that were begun.
    pub attempts: u32,
    /// At the most.
    pub max_attempts: u32,
    /// Claims go by it: earliest start and aging.
    pub due_at: Timestamp,
    /// Until when somebody holds it.
    pub lease_until: Timestamp,
    /// Counts who held it.
    pub fence: i64,
    /// For the worker, JSON.
    pub config: String,
    /// What came of it, JSON.
    pub result: Option<String>,
    /// What the last attempt failed of.
    pub error: Option<Failure>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Counts its changes.
    pub rev: u64,
}

impl JobRow {
    /// True when nobody will do it any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(
            self.state,
            JobState::Completed | JobState::Failed | JobState::Cancelled
        )
    }

    /// As it stands in an answer.
    ///
    /// # Errors
    /// `internal` when the ledger holds no JSON.
    pub fn told(&self) -> Result<Job, Failure> {
        let json = |text: &String| serde_json::from_str(text).map_err(internal);
        Ok(Job {
            id: self.id,
            session_id: self.session,
            run_id: self.run,
            kind: self.kind.clone(),
            state: self.state,
            priority: self.priority,
            attempts: self.attempts,
            max_attempts: self.max_attempts,
            not_before: self.due_at.as_millis() - i64::from(self.priority) * AGING_MS,
            config: json(&self.config)?,
            result: self.result.as_ref().map(json).transpose()?,
            error: self.error.as_ref().map(known_problem),
            created_at: self.created_at.as_millis(),
            updated_at: self.updated_at.as_millis(),
            started_at: self.started_at.map(Timestamp::as_millis),
            finished_at: self.finished_at.map(Timestamp::as_millis),
            rev: self.rev,
        })
    }
}

fn read(r: &Row) -> Result<JobRow, Failure> {
    let code: Option<String> = r.get(14)?;
    let error = match code {
        None => None,
        Some(code) => Some(Failure::new(
            code.parse().unwrap_or(ErrorCode::Internal),
            r.get::<Option<String>>(15)?.unwrap_or_default(),
        )),
    };
    Ok(JobRow {
        owner: r.get(0)?,
        id: r.get(1)?,
        session: r.get(2)?,
        run: r.get(3)?,
        kind: r.get(4)?,
        state: r.get(5)?,
        priority: r.get(6)?,
        attempts: r.get(7)?,
        max_attempts: r.get(8)?,
        due_at: r.get(9)?,
        lease_until: r.get(10)?,
        fence: r.get(11)?,
        config: r.get(12)?,
        result: r.get(13)?,
        error,
        created_at: r.get(16)?,
        updated_at: r.get(17)?,
        started_at: r.get(18)?,
        finished_at: r.get(19)?,
        rev: r.get(20)?,
    })
}

/// When a job that may begin then is due.
#[must_use]
pub fn due(not_before: Timestamp, priority: u8) -> Timestamp {
    not_before.plus_millis(i64::from(priority) * AGING_MS)
}

/// A job of an owner.
///
/// # Errors
/// As the database answers.
pub fn one(tx: &mut dyn Tx, owner: OwnerId, id: JobId) -> Result<Option<JobRow>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM processing_job WHERE owner_id = ?1 AND id = ?2");
    tx.query_opt(&sql, params![owner, id])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Whose a job is, for workers, who work for all. Ids are made by clients: of several owners' the one with this fence in
/// somebody's hands, or none.
///
/// # Errors
/// As the database answers.
pub fn owner_of(tx: &mut dyn Tx, id: JobId, fence: Option<i64>) -> Result<Option<OwnerId>, Failure> {
    let rows = tx.query(
        "SELECT owner_id, fence, state FROM processing_job WHERE id = ?1 ORDER BY owner_id LIMIT 16",
        params![id],
    )?;
    if let [only] = rows.as_slice() {
        return only.get(0).map(Some);
    }
    let mut found = None;
    for row in &rows {
        let held = matches!(row.get(2)?, JobState::Sending | JobState::Running);
        if held && fence.is_none_or(|f| row.get(1) == Ok(f)) {
            if found.is_some() {
                return Ok(None);
            }
            found = Some(row.get(0)?);
        }
    }
    Ok(found)
}

/// Which jobs of a list.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Of one owner; none: of all.
    pub owner: Option<OwnerId>,
    /// Of one file; of a duplicate its canonical's.
    pub session: Option<FileId>,
    /// Of one run.
    pub run: Option<RunId>,
    /// Of one type.
    pub kind: Option<String>,
    /// In one state.
    pub state: Option<JobState>,
    /// Of files in these destinations only.
    pub destinations: Option<Vec<DestinationId>>,
    /// Behind this one.
    pub before: Option<(Timestamp, JobId)>,
    /// At most so many.
    pub limit: u32,
}

/// A page of jobs, newest first.
///
/// # Errors
/// As the database answers.
pub fn page(tx: &mut dyn Tx, filter: &JobFilter) -> Result<Vec<JobRow>, Failure> {
    let mut rules = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut rule = |text: &str, value: Value| {
        values.push(value);
        rules.push(text.replace('#', &format!("?{}", values.len())));
    };
    if let Some(owner) = filter.owner {
        rule("owner_id = #", owner.into());
    }
    if let Some(session) = filter.session {
        rule("session_id = #", session.into());
    }
    if let Some(run) = filter.run {
        rule("run_id = #", run.into());
    }
    if let Some(kind) = &filter.kind {
        rule("type = #", kind.into());
    }
    if let Some(state) = filter.state {
        rule("state = #", state.into());
    }
    if let Some((at, id)) = filter.before {
        values.push(at.into());
        values.push(id.into());
        let n = values.len();
        rules.push(format!("(created_at, id) < (?{}, ?{n})", n - 1));
    }
    if let Some(places) = &filter.destinations {
        let first = values.len() + 1;
        values.extend(places.iter().copied().map(Value::from));
        rules.push(format!(
            "EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = processing_job.owner_id
               AND s.id = processing_job.session_id AND s.destination_id IN ({}))",
            list(first, places.len())
        ));
    }
    values.push(filter.limit.into());
    // Of one file or run its own jobs are put in order; in the order of all, every other one would be passed by.
    let few = filter.session.is_some() || filter.run.is_some();
    let sql = format!(
        "SELECT {COLUMNS} FROM processing_job WHERE {} ORDER BY {}created_at DESC, id DESC LIMIT ?{}",
        rules.join(" AND "),
        if few { "+" } else { "" },
        values.len()
    );
    tx.query(&sql, &values)?.iter().map(read).collect()
}

/// Whose jobs a file shows: its own, or of a duplicate its canonical's. None when there is no such file.
///
/// # Errors
/// As the database answers.
pub fn source_of(tx: &mut dyn Tx, owner: OwnerId, session: FileId) -> Result<Option<FileId>, Failure> {
    let sql = "SELECT COALESCE(canonical_id, id) FROM upload_session WHERE owner_id = ?1 AND id = ?2";
    tx.query_opt(sql, params![owner, session])?
        .map(|r| r.get(0))
        .transpose()
}

/// The changes of a job, oldest first.
///
/// # Errors
/// As the database answers.
pub fn log(tx: &mut dyn Tx, owner: OwnerId, id: JobId) -> Result<Vec<LogEntry>, Failure> {
    let rows = tx.query(
        "SELECT txid, seq, at, from_state, to_state, COALESCE(attempt, 0), reason, rev FROM outbox_entry
         WHERE owner_id = ?1 AND subject_id = ?2 AND machine = 'job' ORDER BY txid, seq LIMIT 1000",
        params![owner, id],
    )?;
    let entry = |r: &Row| {
        Ok(LogEntry {
            id: format!("{}-{}", r.get::<u64>(0)?, r.get::<u64>(1)?),
            at: r.get(2)?,
            from: r.get(3)?,
            to: r.get(4)?,
            attempt: r.get(5)?,
            reason: r.get(6)?,
            rev: r.get(7)?,
        })
    };
    rows.iter().map(entry).collect()
}
