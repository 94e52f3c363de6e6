//! `windlass resume`: what was interrupted or paused goes on, and is followed to its end.

use std::time::Instant;

use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_core::states::Intent;
use windlass_engine::Scope;
use windlass_engine::view::{GroupView, GroupWord, Snapshot};

use super::Context;
use crate::args::Resume;
use crate::exit::{Exit, Trouble};
use crate::run::Run;
use crate::select::{self, Among};
use crate::session::{Keeps, Session};

/// Goes on.
///
/// # Errors
/// When nothing could be begun.
pub async fn run(args: Resume, cx: &Context) -> Result<Exit, Trouble> {
    let started = Instant::now();
    let mut session = cx.session(Keeps::Open).await?;
    match begin(&mut session, args.group.as_deref(), args.anyway).await {
        Ok(groups) => {
            if groups.is_empty() && !cx.out.is_json() {
                cx.out.say("Nothing waits.");
            }
            let run = Run {
                groups,
                missing: Vec::new(),
                with_sum: args.group.is_none(),
            };
            run.to_the_end(session, cx, started).await
        }
        Err(trouble) => {
            session.close().await;
            Err(trouble)
        }
    }
}

async fn begin(session: &mut Session, wanted: Option<&str>, anyway: bool) -> Result<Vec<GroupId>, Trouble> {
    let snapshot = session.snapshot().await?;
    let groups: Vec<GroupView> = match wanted {
        Some(wanted) => vec![select::group(&snapshot.groups, wanted, Among::Open)?.clone()],
        None => snapshot.groups.iter().filter(|g| can_go_on(g)).cloned().collect(),
    };
    unpause(session, &snapshot, wanted.is_some()).await?;
    // In another program also what runs: its waits for a later try end. Here the answer to the launch ends them.
    let elsewhere = !session.is_own();
    for g in &groups {
        match g.intent {
            Intent::Paused => session.set_intent(Scope::Group(g.id), Intent::Run).await?,
            Intent::Run if elsewhere => still_go_on(session, g.id).await?,
            Intent::Run | Intent::Cancelled => {}
        }
    }
    if anyway {
        match wanted {
            None => pass(session, Scope::App).await?,
            Some(_) => {
                for g in &groups {
                    pass(session, Scope::Group(g.id)).await?;
                }
            }
        }
    }
    match wanted {
        None => session.go_on(None).await?,
        Some(_) => {
            for g in &groups {
                session.go_on(Some(g.id)).await?;
            }
        }
    }
    Ok(groups.into_iter().map(|g| g.id).collect())
}

/// Ends the waits of a group that runs in another program. It may have ended meanwhile.
async fn still_go_on(session: &mut Session, id: GroupId) -> Result<(), Trouble> {
    match session.set_intent(Scope::Group(id), Intent::Run).await {
        Err(failure) if failure.code == ErrorCode::NotFound => Ok(()),
        other => Ok(other?),
    }
}

/// Passes over what network, power and the hour hold.
async fn pass(session: &mut Session, scope: Scope) -> Result<(), Trouble> {
    session.go_anyway(scope).await?;
    Ok(())
}

/// Ends the pause of everything. In another program one group is no reason to let all others run.
async fn unpause(session: &mut Session, snapshot: &Snapshot, one: bool) -> Result<(), Trouble> {
    if !snapshot.totals.paused {
        return Ok(());
    }
    if one && !session.is_own() {
        let t = Trouble::new(
            ErrorCode::StateConflict,
            "Everything is paused, so one group can't go on alone.",
        );
        return Err(t.todo("To go on with all: windlass resume"));
    }
    Ok(session.set_intent(Scope::App, Intent::Run).await?)
}

/// Something is left to do that needs no decision.
fn can_go_on(g: &GroupView) -> bool {
    match g.word {
        GroupWord::Waiting
        | GroupWord::Preparing
        | GroupWord::Uploading
        | GroupWord::Finishing
        | GroupWord::Paused
        | GroupWord::Interrupted
        | GroupWord::CleaningUp => true,
        GroupWord::NeedsYou | GroupWord::Done | GroupWord::DoneLeftOut | GroupWord::Cancelled => false,
    }
}
