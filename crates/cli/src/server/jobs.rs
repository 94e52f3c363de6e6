//! `windlass jobs`

use windlass_core::error::ErrorCode;
use windlass_core::ids::JobId;
use windlass_core::states::JobState;
use windlass_server::serve::admin::{Admin, OwnedJob};

use super::args::{Jobs, JobsList, JobsRetry, JobsShow, JobsSome};
use super::ledger;
use crate::exit::{Exit, Trouble};
use crate::output::Output;

/// Does what was asked.
///
/// # Errors
/// When it could not be done.
pub async fn run(verb: Jobs, out: Output) -> Result<Exit, Trouble> {
    match verb {
        Jobs::List(args) => {
            let state = args.state.clone();
            let state = state.map(|w| w.parse::<JobState>()).transpose();
            let state = state.map_err(|e| invalid(format!("--state: {e}")))?;
            list(args, state, out).await
        }
        Jobs::Dead(args) => list(args, Some(JobState::Failed), out).await,
        Jobs::Show(args) => show(args, out).await,
        Jobs::Retry(args) => retry(args, out).await,
        Jobs::Cancel(args) => cancel(args, out).await,
    }
}

fn invalid(what: String) -> Trouble {
    Trouble::new(ErrorCode::InvalidField, what)
}

fn id(text: &str) -> Result<JobId, Trouble> {
    text.parse()
        .map_err(|_| invalid(format!("{text:?} is no id of a job")))
}

fn line(one: &OwnedJob) -> String {
    let job = &one.job;
    let why = job
        .error
        .as_ref()
        .map_or_else(String::new, |e| format!("  {}: {}", e.code, e.detail));
    format!(
        "{}  {:<12}  {:<9}  attempt {} of {}{why}",
        job.id,
        job.kind,
        job.state.as_str(),
        job.attempts,
        job.max_attempts
    )
}

async fn list(args: JobsList, state: Option<JobState>, out: Output) -> Result<Exit, Trouble> {
    let admin = Admin::open(ledger(&args.place)?).await?;
    let all = admin.jobs(args.kind, state, args.limit).await?;
    admin.close().await?;
    for one in &all {
        out.event(one);
        if !out.is_json() {
            out.say(line(one));
        }
    }
    if all.is_empty() && !out.is_json() {
        out.tell("There are none.");
    }
    Ok(Exit::Done)
}

async fn show(args: JobsShow, out: Output) -> Result<Exit, Trouble> {
    let id = id(&args.job)?;
    let admin = Admin::open(ledger(&args.place)?).await?;
    let found = admin.job(id).await.map_err(|r| r.failure);
    admin.close().await?;
    let (one, log) = found?;
    if out.is_json() {
        out.event(&serde_json::json!({ "job": one, "log": log }));
        return Ok(Exit::Done);
    }
    out.say(line(&one));
    out.say(format!("of file {}, owner {}", one.job.session_id, one.owner_id));
    for entry in &log {
        let why = entry
            .reason
            .as_ref()
            .map_or_else(String::new, |r| format!("  {r}"));
        let at = jiff::Timestamp::from_millisecond(entry.at)
            .map_or_else(|_| entry.at.to_string(), |t| t.to_string());
        out.say(format!("  {at}  {}  attempt {}{why}", entry.to, entry.attempt));
    }
    if let Some(result) = &one.job.result {
        out.say(format!("  result {result}"));
    }
    Ok(Exit::Done)
}

async fn retry(args: JobsRetry, out: Output) -> Result<Exit, Trouble> {
    if args.jobs.is_empty() != args.dead {
        return Err(invalid("name the jobs, or say --dead for all that failed".into()));
    }
    let named: Vec<JobId> = args.jobs.iter().map(|t| id(t)).collect::<Result<_, _>>()?;
    let admin = Admin::open(ledger(&args.place)?).await?;
    let ids = if args.dead {
        let dead = admin.jobs(args.kind, Some(JobState::Failed), MOST).await?;
        dead.into_iter().map(|one| one.job.id).collect()
    } else {
        named
    };
    let mut refused = false;
    for id in &ids {
        match admin.retry_job(*id).await {
            Ok(one) => told(&one, "goes again", out),
            Err(refusal) => {
                refused = true;
                out.trouble(&Trouble::new(
                    refusal.failure.code,
                    format!("{id}: {}", refusal.failure.detail),
                ));
            }
        }
    }
    admin.close().await?;
    if ids.is_empty() && !out.is_json() {
        out.tell("No job has failed.");
    }
    Ok(if refused { Exit::SomeFailed } else { Exit::Done })
}

/// Dead letters that are replayed by one command.
const MOST: u32 = 10_000;

async fn cancel(args: JobsSome, out: Output) -> Result<Exit, Trouble> {
    let ids: Vec<JobId> = args.jobs.iter().map(|t| id(t)).collect::<Result<_, _>>()?;
    let admin = Admin::open(ledger(&args.place)?).await?;
    let mut refused = false;
    for id in ids {
        match admin.cancel_job(id).await {
            Ok(one) => told(&one, "is cancelled", out),
            Err(refusal) => {
                refused = true;
                out.trouble(&Trouble::new(
                    refusal.failure.code,
                    format!("{id}: {}", refusal.failure.detail),
                ));
            }
        }
    }
    admin.close().await?;
    Ok(if refused { Exit::SomeFailed } else { Exit::Done })
}

fn told(one: &OwnedJob, what: &str, out: Output) {
    out.event(one);
    if !out.is_json() {
        out.say(format!("{} ({}) {what}.", one.job.id, one.job.kind));
    }
}
