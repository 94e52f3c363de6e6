//! Claiming: who gets a job holds it for a while, under a fence that is higher than everybody's before.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{JobId, OwnerId};
use windlass_core::states::JobState;
use windlass_core::time::Timestamp;

use super::{AGING_MS, COLUMNS, JobRow, LIVING, one, read};
use crate::db::{Tx, Value, list, params, skip_locked};
use crate::failure::Refusal;
use crate::store::runs;

/// The longest aging: nothing that is due later than this from now may begin.
const HORIZON_MS: i64 = 10 * AGING_MS;

/// Who wants what.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Types that they can do.
    pub kinds: Vec<String>,
    /// At most so many jobs.
    pub most: u32,
    /// Who they are, for people.
    pub worker: String,
    /// Until when.
    pub until: Timestamp,
}

/// What may be claimed: free, old enough, of these types (from `?3` on), with an attempt left. Vectors are made of text, so
/// they wait while it is being read.
fn rule(kinds: usize) -> String {
    format!(
        "state IN {LIVING} AND lease_until <= ?1 AND due_at <= ?2 AND due_at - priority * {AGING_MS} <= ?1
         AND attempts < max_attempts AND type IN ({})
         AND NOT (type = 'embed' AND EXISTS (SELECT 1 FROM processing_job t WHERE t.owner_id = processing_job.owner_id
           AND t.session_id = processing_job.session_id AND t.type = 'extract_text' AND t.state IN {LIVING}))",
        list(3, kinds)
    )
}

fn values(kinds: &[String], now: Timestamp) -> Vec<Value> {
    let mut values = vec![now.into(), now.plus_millis(HORIZON_MS).into()];
    values.extend(kinds.iter().map(Value::from));
    values
}

/// True when there is something to claim; cheap, and locks nothing.
///
/// # Errors
/// As the database answers.
pub fn is_due(tx: &mut dyn Tx, kinds: &[String], now: Timestamp) -> Result<bool, Failure> {
    let sql = format!("SELECT 1 FROM processing_job WHERE {} LIMIT 1", rule(kinds.len()));
    tx.exists(&sql, &values(kinds, now))
}

/// Claims what is due first: pending → sending (D-8). Two that claim at once never get the same job; one whose lease is over
/// is claimed again and its state does not go back (M13, M20).
///
/// # Errors
/// As the database answers.
pub fn claim(tx: &mut dyn Tx, wanted: &Wanted, now: Timestamp) -> Result<Vec<JobRow>, Failure> {
    let mut v = values(&wanted.kinds, now);
    v.push(wanted.most.into());
    let sql = format!(
        "SELECT owner_id, id, fence FROM processing_job WHERE {} ORDER BY due_at, id LIMIT ?{}{}",
        rule(wanted.kinds.len()),
        v.len(),
        skip_locked(tx.dialect())
    );
    let mut claimed = Vec::new();
    for row in tx.query(&sql, &v)? {
        let (owner, id, fence): (OwnerId, JobId, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let update = format!(
            "UPDATE processing_job SET state = CASE WHEN state = 'pending' THEN 'sending' ELSE state END,
               attempts = attempts + CASE WHEN state = 'running' THEN 1 ELSE 0 END, lease_owner = ?4, lease_until = ?5,
               fence = fence + 1, rev = rev + 1, updated_at = ?6
             WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state IN {LIVING} RETURNING {COLUMNS}"
        );
        let p = params![owner, id, fence, wanted.worker.as_str(), wanted.until, now];
        if let Some(row) = tx.query_opt(&update, p)? {
            let job = read(&row)?;
            if let Some(run) = job.run {
                runs::begun(tx, owner, run, now)?;
            }
            claimed.push(job);
        }
    }
    Ok(claimed)
}

/// The claimed job was handed over: sending → running, and an attempt is counted. One that was begun before stays so.
///
/// # Errors
/// As the database answers.
pub fn begin(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: JobId,
    fence: i64,
    now: Timestamp,
) -> Result<Result<JobRow, Refusal>, Failure> {
    tx.execute(
        "UPDATE processing_job SET state = 'running', attempts = attempts + 1, started_at = COALESCE(started_at, ?4),
           rev = rev + 1, updated_at = ?4
         WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state = 'sending'",
        params![owner, id, fence, now],
    )?;
    held(tx, owner, id, fence)
}

/// Prolongs a lease that is still held.
///
/// # Errors
/// As the database answers.
pub fn heartbeat(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: JobId,
    fence: i64,
    until: Timestamp,
) -> Result<Result<JobRow, Refusal>, Failure> {
    tx.execute(
        "UPDATE processing_job SET lease_until = CASE WHEN lease_until < ?4 THEN ?4 ELSE lease_until END
         WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state IN ('sending', 'running')",
        params![owner, id, fence, until],
    )?;
    held(tx, owner, id, fence)
}

fn held(tx: &mut dyn Tx, owner: OwnerId, id: JobId, fence: i64) -> Result<Result<JobRow, Refusal>, Failure> {
    let Some(job) = one(tx, owner, id)? else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such job")));
    };
    let is_held = job.fence == fence && matches!(job.state, JobState::Sending | JobState::Running);
    Ok(if is_held { Ok(job) } else { Err(lost(&job)) })
}

/// Somebody else has it, or nobody is to do it any more.
pub(super) fn lost(job: &JobRow) -> Refusal {
    let detail = match job.state {
        JobState::Cancelled => "the job was cancelled".to_owned(),
        state => format!(
            "the lease is over; the job is {} under another fence",
            state.as_str()
        ),
    };
    Refusal::new(ErrorCode::LeaseLost, detail)
}

/// Who says no fence takes the job by what is said: one that nobody holds is claimed, one in somebody's hands is said for
/// them. Answers the fence to go on with.
///
/// # Errors
/// As the database answers.
pub fn take(tx: &mut dyn Tx, job: &JobRow, until: Timestamp, now: Timestamp) -> Result<i64, Failure> {
    if job.has_ended() || (job.state != JobState::Pending && job.lease_until > now) {
        return Ok(job.fence);
    }
    tx.execute(
        "UPDATE processing_job SET state = CASE WHEN state = 'pending' THEN 'sending' ELSE state END,
           attempts = attempts + CASE WHEN state = 'running' AND attempts < max_attempts THEN 1 ELSE 0 END,
           lease_until = ?4, fence = fence + 1, rev = rev + 1, updated_at = ?5
         WHERE owner_id = ?1 AND id = ?2 AND fence = ?3",
        params![job.owner, job.id, job.fence, until, now],
    )?;
    if let Some(run) = job.run {
        runs::begun(tx, job.owner, run, now)?;
    }
    Ok(job.fence + 1)
}
