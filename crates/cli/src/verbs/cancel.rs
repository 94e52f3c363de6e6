//! `windlass cancel`: a group is given up; what is unfinished is removed at the destination, what is proved stays.

use std::io::{IsTerminal as _, Write as _};

use windlass_core::error::ErrorCode;
use windlass_core::states::Intent;
use windlass_engine::view::GroupView;
use windlass_engine::{GroupEnd, Scope};

use super::Context;
use crate::args::Cancel;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::follow::follow;
use crate::human;
use crate::report::Counts;
use crate::select::{self, Among};
use crate::session::{Keeps, Session};

/// Cancels, and waits until the destination confirmed it.
///
/// # Errors
/// When the queue can't be used; when there is no such group.
pub async fn run(args: Cancel, cx: &Context) -> Result<Exit, Trouble> {
    if args.elsewhere {
        return super::elsewhere::discard(&args, cx).await;
    }
    let mut session = cx.session(Keeps::Open).await?;
    let cancelled = cancel(&mut session, &args, cx).await;
    session.close().await;
    cancelled
}

async fn cancel(session: &mut Session, args: &Cancel, cx: &Context) -> Result<Exit, Trouble> {
    let snapshot = session.snapshot().await?;
    let g = select::group(&snapshot.groups, &args.group, Among::Open)?;
    if !select::is_open(g) {
        let what = format!("{} has ended; there is nothing to cancel.", g.name);
        return Err(Trouble::new(ErrorCode::StateConflict, what)
            .todo("What is proved at the destination stays there."));
    }
    if !args.yes && asks(cx) && !confirmed(g).await {
        cx.out.tell("Kept.");
        return Ok(Exit::Done);
    }
    session.set_intent(Scope::Group(g.id), Intent::Cancelled).await?;
    let mut show = cx.show(&[g.id]);
    let followed = follow(session, &[g.id], &mut show, &cx.stop).await;
    show.end(cx.stop.is_asked());
    let followed = followed?;
    let counts = Counts::from(session.summary(g.id).await?);
    let confirmed = followed.ends.get(&g.id) == Some(&GroupEnd::Cancelled);
    let kept = counts.uploaded + counts.deduplicated + counts.unchanged;
    cx.out
        .event(&event!("cancelled", group: g.id, cleaned_up: confirmed, kept: kept));
    if !cx.out.is_json() {
        let stay = if kept > 0 {
            format!(
                " {} that were proved stay at {}.",
                human::files(kept),
                g.destination_name
            )
        } else {
            String::new()
        };
        cx.out.say(if confirmed {
            format!("{} is cancelled, and what was unfinished is removed.{stay}", g.name)
        } else {
            format!("{} is cancelled. What is unfinished at the destination is removed by the next command.{stay}", g.name)
        });
    }
    Ok(if confirmed { Exit::Done } else { Exit::Stopped })
}

/// A script is not asked: it named the group.
fn asks(cx: &Context) -> bool {
    !cx.out.is_json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

async fn confirmed(g: &GroupView) -> bool {
    let sent = if g.bytes_done > 0 {
        format!(
            " What is unfinished of {} already sent will be removed at the destination.",
            human::size(g.bytes_done)
        )
    } else {
        String::new()
    };
    let question = format!("Cancel {}?{sent} Verified files stay. [y/N] ", g.name);
    let read = tokio::task::spawn_blocking(move || {
        let mut err = std::io::stderr().lock();
        let _ = err.write_all(question.as_bytes()).and_then(|()| err.flush());
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map(|_| answer)
    });
    matches!(read.await, Ok(Ok(answer)) if matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}
