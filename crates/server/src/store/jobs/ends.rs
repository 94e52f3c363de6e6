//! How attempts and jobs end: reported, given back, given up, cancelled, retried.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{JobId, OwnerId};
use windlass_core::states::{JobState, ObjectState};
use windlass_core::time::Timestamp;

use super::claim::lost;
use super::{JobRow, LIVING, due, one};
use crate::db::{Tx, params};
use crate::failure::Refusal;
use crate::store::{reads, runs};

/// Bytes of a result.
const MAX_RESULT_BYTES: usize = 1 << 20;
/// Characters of an error's detail that are kept.
const DETAIL_CHARS: usize = 1_000;
/// First wait after a failed attempt; doubled with each further one.
const FIRST_WAIT_MS: i64 = 10_000;
/// The longest wait.
const LONGEST_WAIT_MS: i64 = 3_600_000;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Done, with this result (JSON).
    Completed(Option<String>),
    /// Not done; with false no further attempt helps.
    Failed(Failure, bool),
    /// Given back; the attempt does not count.
    Released,
}

/// When the next attempt may begin: 2^n × 10 s at most an hour, a part of it by chance; a wait that was asked for is the
/// least.
#[must_use]
pub fn next_attempt(now: Timestamp, attempts: u32, asked_ms: Option<i64>, random: u64) -> Timestamp {
    let step = FIRST_WAIT_MS
        .saturating_mul(1 << attempts.min(20))
        .min(LONGEST_WAIT_MS);
    let half = step / 2;
    let jitter = i64::try_from(random % (half + 1).unsigned_abs()).unwrap_or(0);
    let asked = asked_ms.unwrap_or(0).clamp(0, LONGEST_WAIT_MS);
    now.plus_millis((half + jitter).max(asked))
}

/// Ends the attempt of whoever holds the fence; everybody else is refused and nothing is written (M13, I24). Said again by
/// the same one it is answered again. True when it had effect just now.
///
/// # Errors
/// As the database answers.
pub fn report(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: JobId,
    fence: i64,
    end: &End,
    random: u64,
    now: Timestamp,
) -> Result<Result<(JobRow, bool), Refusal>, Failure> {
    let missing = || Refusal::new(ErrorCode::NotFound, "no such job");
    let Some(job) = one(tx, owner, id)? else {
        return Ok(Err(missing()));
    };
    if let Some(run) = job.run {
        // Of two that end at once the second one counts both (M14).
        runs::lock(tx, owner, run)?;
    }
    if let End::Completed(Some(result)) = end
        && result.len() > MAX_RESULT_BYTES
    {
        let detail = format!("result: {} bytes, allowed are {MAX_RESULT_BYTES}", result.len());
        return Ok(Err(Refusal::new(ErrorCode::InvalidField, detail)));
    }
    let guard = "WHERE owner_id = ?1 AND id = ?2 AND fence = ?3 AND state IN ('sending', 'running')";
    let changed = match end {
        End::Completed(result) => {
            // Reported by one that took it and said so only now.
            super::claim::begin(tx, owner, id, fence, now)?.ok();
            tx.execute(
                &format!(
                    "UPDATE processing_job SET state = 'completed', result = ?4, error_code = NULL, error_detail = NULL,
                       finished_at = ?5, updated_at = ?5, lease_until = 0, rev = rev + 1 {guard}"
                ),
                params![owner, id, fence, result.as_deref(), now],
            )?
        }
        End::Failed(why, retry) if *retry && job.attempts.max(1) < job.max_attempts => {
            let start = next_attempt(now, job.attempts.max(1), why.retry_after_ms, random);
            tx.execute(
                &format!(
                    "UPDATE processing_job SET lease_until = 0, lease_owner = NULL, fence = fence + 1, due_at = ?4,
                       error_code = ?5, error_detail = ?6, updated_at = ?7, rev = rev + 1 {guard}"
                ),
                params![
                    owner,
                    id,
                    fence,
                    due(start, job.priority),
                    why.code,
                    detail(why),
                    now
                ],
            )?
        }
        End::Failed(why, _) => tx.execute(
            &format!(
                "UPDATE processing_job SET state = 'failed', lease_until = 0, error_code = ?4, error_detail = ?5,
                   finished_at = ?6, updated_at = ?6, rev = rev + 1 {guard}"
            ),
            params![owner, id, fence, why.code, detail(why), now],
        )?,
        End::Released => tx.execute(
            &format!(
                "UPDATE processing_job SET lease_until = 0, lease_owner = NULL, fence = fence + 1, updated_at = ?4,
                   rev = rev + 1, attempts = attempts - CASE WHEN state = 'running' AND attempts > 0 THEN 1 ELSE 0 END
                 {guard}"
            ),
            params![owner, id, fence, now],
        )?,
    };
    let Some(after) = one(tx, owner, id)? else {
        return Ok(Err(missing()));
    };
    if changed == 0 {
        // The answer was lost and it is said again.
        let same = match end {
            End::Completed(_) => after.state == JobState::Completed,
            End::Failed(..) => after.state == JobState::Failed,
            End::Released => false,
        };
        let again = same && after.fence == fence;
        return Ok(if again {
            Ok((after, false))
        } else {
            Err(lost(&after))
        });
    }
    if after.has_ended()
        && let Some(run) = after.run
    {
        runs::count(tx, owner, run, now)?;
    }
    Ok(Ok((after, true)))
}

fn detail(why: &Failure) -> String {
    // Zero bytes are text that PostgreSQL has no room for.
    let fine = why.detail.chars().filter(|c| *c != '\0');
    fine.take(DETAIL_CHARS).collect()
}

/// Jobs whose worker died in its last attempt.
///
/// # Errors
/// As the database answers.
pub fn dead(tx: &mut dyn Tx, now: Timestamp) -> Result<Vec<(OwnerId, JobId, i64)>, Failure> {
    // Said as the index of living jobs says it: SQLite would look through all that ever were.
    let sql = format!(
        "SELECT owner_id, id, fence FROM processing_job
         WHERE state IN {LIVING} AND state <> 'pending' AND lease_until <= ?1 AND attempts >= max_attempts
         ORDER BY due_at, id LIMIT 100"
    );
    let rows = tx.query(&sql, params![now])?;
    rows.iter()
        .map(|r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .collect()
}

/// Gives up a job whose worker died in its last attempt, unless it came back meanwhile.
///
/// # Errors
/// As the database answers.
pub fn bury(tx: &mut dyn Tx, owner: OwnerId, id: JobId, fence: i64, now: Timestamp) -> Result<(), Failure> {
    let still = one(tx, owner, id)?.is_some_and(|j| j.fence == fence && j.lease_until <= now);
    if still {
        let why = Failure::new(ErrorCode::LeaseLost, "its worker was lost in the last attempt");
        report(tx, owner, id, fence, &End::Failed(why, false), 0, now)?.ok();
    }
    Ok(())
}

/// A person gives a job up; a worker that has it learns it at its next word.
///
/// # Errors
/// As the database answers.
pub fn cancel(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: JobId,
    now: Timestamp,
) -> Result<Result<JobRow, Refusal>, Failure> {
    let Some(job) = one(tx, owner, id)? else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such job")));
    };
    if job.state == JobState::Cancelled {
        return Ok(Ok(job));
    }
    if let Some(run) = job.run {
        runs::lock(tx, owner, run)?;
    }
    let changed = tx.execute(
        "UPDATE processing_job SET state = 'cancelled', fence = fence + 1, lease_until = 0, finished_at = ?3,
           updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state IN ('pending', 'sending', 'running')",
        params![owner, id, now],
    )?;
    if changed == 0 {
        let detail = format!("the job is {}", job.state.as_str());
        return Ok(Err(Refusal::new(ErrorCode::StateConflict, detail)));
    }
    if let Some(run) = job.run {
        runs::count(tx, owner, run, now)?;
    }
    Ok(Ok(one(tx, owner, id)?.unwrap_or(job)))
}

/// A dead letter goes again, with all its attempts; nothing is uploaded (D-10).
///
/// # Errors
/// As the database answers.
pub fn retry(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: JobId,
    now: Timestamp,
) -> Result<Result<JobRow, Refusal>, Failure> {
    let refuse = |code, detail: String| Ok(Err(Refusal::new(code, detail)));
    let Some(job) = one(tx, owner, id)? else {
        return refuse(ErrorCode::NotFound, "no such job".into());
    };
    if job.state == JobState::Pending {
        // Said twice.
        return Ok(Ok(job));
    }
    if job.state != JobState::Failed {
        return refuse(
            ErrorCode::StateConflict,
            format!("the job is {}; only failed ones are retried", job.state.as_str()),
        );
    }
    if let Some(run) = job.run
        && runs::has_ended(tx, owner, run)?
    {
        return refuse(
            ErrorCode::StateConflict,
            "its run has ended; make a new run for the failed ones".into(),
        );
    }
    let stored = reads::session(tx, owner, job.session)?
        .and_then(|s| s.object)
        .is_some_and(|o| o.state == ObjectState::Stored);
    if !stored && job.kind != "cleanup" {
        return refuse(ErrorCode::ObjectMissing, "its file is not stored any more".into());
    }
    let another = "SELECT id FROM processing_job WHERE owner_id = ?1 AND session_id = ?2 AND type = ?3
                   AND state IN ('pending', 'sending', 'running')";
    let p = params![owner, job.session, job.kind.as_str()];
    if let Some(row) = tx.query_opt(another, p)? {
        let detail = format!("the job {} does the same", row.get::<JobId>(0)?);
        return refuse(ErrorCode::StateConflict, detail);
    }
    tx.execute(
        "UPDATE processing_job SET state = 'pending', attempts = 0, fence = fence + 1, lease_until = 0, lease_owner = NULL,
           due_at = ?3, finished_at = NULL, updated_at = ?4, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'failed'",
        params![owner, id, due(now, job.priority), now],
    )?;
    Ok(Ok(one(tx, owner, id)?.unwrap_or(job)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_spread_and_end_at_an_hour() {
        let now = Timestamp::from_millis(0);
        let wait = |n, random| next_attempt(now, n, None, random).as_millis();
        assert_eq!((wait(1, 0), wait(1, 10_000)), (10_000, 20_000));
        assert_eq!((wait(2, 0), wait(2, 20_000)), (20_000, 40_000));
        assert!(wait(60, u64::MAX) <= 3_600_000 && wait(60, 0) >= 1_800_000);
        assert_eq!(next_attempt(now, 1, Some(90_000), 5).as_millis(), 90_000);
    }
}
