//! `windlass dest`: where files go.

pub mod add;
pub mod limits;
pub mod proxy;
pub mod token;

use windlass_core::error::ErrorCode;
use windlass_core::names::shown;
use windlass_engine::view::{CheckOutcome, DestinationCheck, DestinationView};

use super::Context;
use crate::args::DestName;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::output::{Ink, Output};
use crate::session::{Keeps, Session};
use crate::words;

/// Lists destinations.
///
/// # Errors
/// When the queue can't be read.
pub async fn list(cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let all = session.destinations().await;
    session.close().await;
    let all = all?;
    cx.out.event(&event!("destinations", destinations: all));
    if cx.out.is_json() {
        return Ok(Exit::Done);
    }
    let width = all
        .iter()
        .map(|d| shown(&d.name).chars().count())
        .max()
        .unwrap_or(0);
    for d in &all {
        cx.out.say(row(d, width, cx.out));
    }
    if all.is_empty() {
        cx.out
            .say("No destinations. To add one: windlass dest add NAME --folder DIR");
    }
    Ok(Exit::Done)
}

fn row(d: &DestinationView, width: usize, out: Output) -> String {
    let default = if d.is_default { "  (default)" } else { "" };
    let problem = d.problem.map_or_else(String::new, |code| {
        format!("\n  {} {}", out.ink(Ink::Bad, &code.label()), code.text())
    });
    let takes = words::accepts(&d.accepts).map_or_else(String::new, |takes| format!("\n  {takes}"));
    format!(
        "{:width$}  {:6}  {}{default}{takes}{problem}",
        shown(&d.name),
        words::kind(d.kind),
        shown(&d.location)
    )
}

/// Tests a saved destination.
///
/// # Errors
/// When there is none of this name.
pub async fn test(args: DestName, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let checked = async {
        let id = named(&mut session, &args.name).await?.id;
        Ok::<_, Trouble>(session.check_destination(id).await?)
    }
    .await;
    session.close().await;
    let check = checked?;
    cx.out
        .event(&event!("tested", destination: args.name, ok: check.ok, steps: check.steps));
    tell_check(&check, cx.out);
    Ok(if check.ok { Exit::Done } else { Exit::NotStarted })
}

/// Removes a destination.
///
/// # Errors
/// When there is none of this name; while groups go there.
pub async fn remove(args: DestName, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let removed = async {
        let id = named(&mut session, &args.name).await?.id;
        Ok::<_, Trouble>(session.remove_destination(id).await?)
    }
    .await;
    session.close().await;
    removed?;
    cx.out.event(&event!("removed", destination: args.name));
    said(&args.name, "is removed. Its files stay where they are.", cx.out);
    Ok(Exit::Done)
}

/// Makes a destination the default.
///
/// # Errors
/// When there is none of this name.
pub async fn make_default(args: DestName, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let made = async {
        let id = named(&mut session, &args.name).await?.id;
        Ok::<_, Trouble>(session.set_default_destination(id).await?)
    }
    .await;
    session.close().await;
    made?;
    cx.out.event(&event!("default", destination: args.name));
    said(&args.name, "is used when a command names no destination.", cx.out);
    Ok(Exit::Done)
}

fn said(name: &str, words: &str, out: Output) {
    if !out.is_json() {
        out.say(format!("{} {words}", shown(name)));
    }
}

async fn named(session: &mut Session, name: &str) -> Result<DestinationView, Trouble> {
    let all = session.destinations().await?;
    super::up::destination(&all, Some(name)).cloned()
}

/// The steps of a test, with a tick each up to the first cross.
pub(super) fn tell_check(check: &DestinationCheck, out: Output) {
    if out.is_json() {
        return;
    }
    for step in &check.steps {
        let (ink, mark) = match step.outcome {
            CheckOutcome::Ok => (Ink::Good, "✓"),
            CheckOutcome::Warning => (Ink::Warn, "!"),
            CheckOutcome::Failed => (Ink::Bad, "✗"),
        };
        let detail = match (step.step.as_str(), step.detail.parse()) {
            _ if step.detail.is_empty() => String::new(),
            ("free_space", Ok(bytes)) => format!(": {} free", human::size(bytes)),
            _ => format!(": {}", shown(&step.detail)),
        };
        out.say(format!(
            "  {} {}{detail}",
            out.ink(ink, mark),
            words::step(&step.step, step.outcome)
        ));
        if let Some(code) = step.code.filter(|_| step.outcome != CheckOutcome::Ok) {
            out.say(format!("    {} {code}: {}", code.label(), code.text()));
        }
    }
}

/// The trouble that a failed test is.
pub(super) fn refused(check: &DestinationCheck, what: &str) -> Trouble {
    let failed = check.steps.iter().find(|s| s.outcome == CheckOutcome::Failed);
    Trouble::new(
        failed.and_then(|s| s.code).unwrap_or(ErrorCode::StorageError),
        what,
    )
}
