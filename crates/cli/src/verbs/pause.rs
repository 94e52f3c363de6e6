//! `windlass pause`: a group or everything stands still until `windlass resume`, also over a restart.

use windlass_core::states::Intent;
use windlass_engine::Scope;

use super::Context;
use crate::args::OneGroup;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::select::{self, Among};
use crate::session::{Keeps, Session};

/// Pauses.
///
/// # Errors
/// When the queue can't be used; when there is no such group.
pub async fn run(args: OneGroup, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let paused = pause(&mut session, args.group.as_deref(), cx).await;
    session.close().await;
    paused
}

async fn pause(session: &mut Session, wanted: Option<&str>, cx: &Context) -> Result<Exit, Trouble> {
    let (scope, id, what, on) = match wanted {
        None => (
            Scope::App,
            None,
            "Everything is paused".to_owned(),
            "windlass resume".to_owned(),
        ),
        Some(wanted) => {
            let snapshot = session.snapshot().await?;
            let g = select::group(&snapshot.groups, wanted, Among::Open)?;
            if !select::is_open(g) {
                let what = format!("{} has ended; there is nothing to pause.", g.name);
                return Err(Trouble::new(windlass_core::error::ErrorCode::StateConflict, what));
            }
            (
                Scope::Group(g.id),
                Some(g.id),
                format!("{} is paused", g.name),
                format!("windlass resume {}", g.id),
            )
        }
    };
    session.set_intent(scope, Intent::Paused).await?;
    cx.out.event(&event!("paused", group: id, resume: on));
    if !cx.out.is_json() {
        cx.out.say(format!("{what}. Nothing is lost. To go on: {on}"));
    }
    Ok(Exit::Done)
}
