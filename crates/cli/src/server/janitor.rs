//! `windlass janitor`

use windlass_protocol::janitor::{AuditEntry, JanitorReport, JanitorStep, StepEnd};
use windlass_server::serve;

use super::args::{Janitor, JanitorAudit, JanitorRun};
use super::told;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::output::Output;

/// Does what was asked.
///
/// # Errors
/// When it could not be done.
pub async fn run(verb: Janitor, out: Output) -> Result<Exit, Trouble> {
    match verb {
        Janitor::Run(args) => clean_up(args, out).await,
        Janitor::Audit(args) => audit(args, out).await,
    }
}

async fn clean_up(args: JanitorRun, out: Output) -> Result<Exit, Trouble> {
    let layers = args.place.layers(&[]).map_err(told)?;
    let janitor = serve::janitor::Janitor::open(&layers).await.map_err(told)?;
    let ran = janitor.run(args.dry_run).await;
    janitor.close().await?;
    let report = ran.map_err(|r| r.failure)?;
    for step in &report.steps {
        out.event(step);
        if !out.is_json() {
            out.say(line(step));
        }
    }
    let failed = report.steps.iter().filter(|s| s.error.is_some()).count();
    out.event(&event!(
        "ran",
        dry_run: report.dry_run,
        steps: report.steps.len(),
        failed: failed,
        abandoned: report.abandoned_total,
        more: report.more
    ));
    if !out.is_json() {
        tell(&report, failed, out);
    }
    Ok(if failed == 0 && report.unseen.is_empty() {
        Exit::Done
    } else {
        Exit::SomeFailed
    })
}

fn line(step: &JanitorStep) -> String {
    let what = step.key.as_deref().unwrap_or(&step.subject);
    let end = match (step.end, &step.error) {
        (StepEnd::Planned, _) => "would be done".to_owned(),
        (StepEnd::Passed, _) => "nothing to do any more".to_owned(),
        (StepEnd::Done, None) => "done".to_owned(),
        (StepEnd::Done | StepEnd::Failed, why) => {
            format!("not done: {}", why.as_deref().unwrap_or("no answer"))
        }
    };
    format!(
        "{:<14} {} {what}: {} ({end})",
        step.action.as_str(),
        step.subject_kind,
        step.reason
    )
}

fn tell(report: &JanitorReport, failed: usize, out: Output) {
    for unseen in &report.unseen {
        out.tell(format!(
            "{} could not be looked through: {}",
            unseen.name, unseen.reason
        ));
    }
    let word = if report.dry_run {
        "would be taken"
    } else {
        "were taken"
    };
    out.tell(format!(
        "{} steps {word}, {failed} failed; {} uploads are abandoned, of which nothing is changed.",
        report.steps.len(),
        report.abandoned_total
    ));
    if report.more {
        out.tell("There is more than one run does: run it again.");
    }
}

async fn audit(args: JanitorAudit, out: Output) -> Result<Exit, Trouble> {
    let layers = args.place.layers(&[]).map_err(told)?;
    let janitor = serve::janitor::Janitor::open(&layers).await.map_err(told)?;
    let read = janitor.audit(args.action, args.limit).await;
    janitor.close().await?;
    for entry in read? {
        out.event(&entry);
        if !out.is_json() {
            out.say(entry_line(&entry));
        }
    }
    Ok(Exit::Done)
}

fn entry_line(entry: &AuditEntry) -> String {
    let at = jiff::Timestamp::from_millisecond(entry.at).map_or_else(
        |_| entry.at.to_string(),
        |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    );
    let subject = entry.subject_id.as_deref().unwrap_or("-");
    let reason = entry
        .reason
        .as_deref()
        .map_or_else(String::new, |r| format!(": {r}"));
    format!(
        "{at}  {} {}  {} {subject}{reason}",
        entry.actor_kind, entry.action, entry.subject_kind
    )
}
