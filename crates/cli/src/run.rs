//! From groups on their way to the last line: shared by `up`, `resume` and `retry`.

use std::time::Instant;

use windlass_core::ids::GroupId;
use windlass_core::states::Intent;
use windlass_engine::GroupEnd;
use windlass_engine::view::GroupView;

use crate::event;
use crate::exit::{Exit, Trouble};
use crate::follow::{Followed, follow};
use crate::human;
use crate::output::{Ink, Output};
use crate::report::{Counts, Failed, can_retry, failed, tell_failed};
use crate::session::Session;
use crate::verbs::Context;

/// What a verb brought about before the run.
#[derive(Debug, Default)]
pub struct Run {
    /// The groups to follow.
    pub groups: Vec<GroupId>,
    /// Paths that were not there; told already.
    pub missing: Vec<Failed>,
    /// Tell one last line for all when there are several groups.
    pub with_sum: bool,
}

impl Run {
    /// Follows the groups, tells what failed and the counts, ends the session.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn to_the_end(
        self,
        mut session: Session,
        cx: &Context,
        started: Instant,
    ) -> Result<Exit, Trouble> {
        let ended = self.follow(&mut session, cx, started).await;
        session.close().await;
        ended
    }

    async fn follow(self, session: &mut Session, cx: &Context, started: Instant) -> Result<Exit, Trouble> {
        let mut show = cx.show(&self.groups);
        let followed = follow(session, &self.groups, &mut show, &cx.stop).await;
        show.end(cx.stop.is_asked());
        let followed = followed?;
        let seconds = started.elapsed().as_secs_f64();
        let snapshot = session.snapshot().await?;
        let view = |id: GroupId| snapshot.groups.iter().find(|g| g.id == id);
        let mut all = Vec::with_capacity(self.groups.len());
        for &group in &self.groups {
            let mut counts = Counts::from(session.summary(group).await?);
            if counts.failed + counts.rejected > 0 && !followed.stopped {
                let files = failed(session, group).await?;
                tell_failed(cx.out, Some(group), &files);
                tell_retry(cx.out, group, &files);
            }
            let missing = self.missing.len() as u64;
            counts.files += missing;
            counts.failed += missing;
            if followed.stopped {
                tell_stopped(cx.out, session, group, &counts);
            } else if let Some(GroupEnd::Paused) = followed.ends.get(&group) {
                tell_paused(cx.out, view(group));
            }
            if cx.out.is_json() {
                cx.out.event(&counts.event(seconds));
            } else {
                let (name, place) =
                    view(group).map_or(("", ""), |g| (g.name.as_str(), g.destination_name.as_str()));
                cx.out.say(counts.words(name, place, seconds));
            }
            all.push(counts);
        }
        if all.is_empty() || all.len() > 1 && self.with_sum {
            let sum = Counts::sum(&all);
            cx.out.event(&sum.event(seconds));
            if !cx.out.is_json() && all.len() > 1 {
                cx.out
                    .say(sum.words(&human::counted(all.len() as u64, "group", "groups"), "", seconds));
            }
        }
        Ok(exit(&followed, &all))
    }
}

/// What the whole run comes to.
fn exit(followed: &Followed, all: &[Counts]) -> Exit {
    if followed.stopped || followed.ends.values().any(|e| *e == GroupEnd::Paused) {
        Exit::Stopped
    } else if all.iter().all(Counts::all_proved)
        || all.iter().all(|c| c.failed + c.rejected == 0) && cancelled(followed)
    {
        Exit::Done
    } else {
        Exit::SomeFailed
    }
}

/// Cancelled elsewhere while this command waited: nothing failed.
fn cancelled(followed: &Followed) -> bool {
    followed
        .ends
        .values()
        .all(|e| matches!(e, GroupEnd::Cancelled | GroupEnd::Done))
}

fn tell_retry(out: Output, group: GroupId, files: &[Failed]) {
    if can_retry(files) {
        out.tell(format!("To try them again: windlass retry {group}"));
    }
}

fn tell_stopped(out: Output, session: &Session, group: GroupId, counts: &Counts) {
    let on = format!("windlass resume {group}");
    out.event(&event!("stopped", group: group, open: counts.open, resume: on, goes_on_in: session.other()));
    match session.other() {
        Some(pid) => out.tell(format!(
            "Not waiting any more. The running Windlass (process {pid}) goes on with it."
        )),
        None if counts.open > 0 => {
            out.tell(format!(
                "{} Nothing is lost. To go on: {on}",
                out.ink_err(Ink::Warn, "Stopped.")
            ));
        }
        None => {}
    }
}

fn tell_paused(out: Output, view: Option<&GroupView>) {
    let Some(g) = view else { return };
    let what = if g.intent == Intent::Paused {
        format!("{} is paused.", g.name)
    } else {
        "Everything is paused.".to_owned()
    };
    let on = if g.intent == Intent::Paused {
        format!("windlass resume {}", g.id)
    } else {
        "windlass resume".to_owned()
    };
    out.event(&event!("paused", group: g.id, resume: on));
    out.tell(format!(
        "{} The files are in the queue. To go on: {on}",
        out.ink_err(Ink::Warn, &what)
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(end: GroupEnd) -> Followed {
        let id = crate::select::tests::view(1, "a", windlass_engine::view::GroupWord::Done).id;
        Followed {
            ends: [(id, end)].into(),
            stopped: false,
        }
    }

    #[test]
    fn the_exit_code_is_0_only_when_all_is_proved() {
        let proved = || Counts {
            files: 1,
            uploaded: 1,
            ..Counts::default()
        };
        let some = || Counts {
            failed: 1,
            ..proved()
        };
        let left_out = || Counts {
            rejected: 1,
            ..proved()
        };
        assert_eq!(exit(&ended(GroupEnd::Done), &[proved()]), Exit::Done);
        assert_eq!(
            exit(&ended(GroupEnd::NeedsYou), &[proved(), some()]),
            Exit::SomeFailed
        );
        assert_eq!(exit(&ended(GroupEnd::Done), &[left_out()]), Exit::SomeFailed);
        assert_eq!(exit(&ended(GroupEnd::Paused), &[proved()]), Exit::Stopped);
        let stopped = Followed {
            stopped: true,
            ..ended(GroupEnd::Done)
        };
        assert_eq!(exit(&stopped, &[some()]), Exit::Stopped);
        assert_eq!(exit(&Followed::default(), &[]), Exit::Done);
    }
}
