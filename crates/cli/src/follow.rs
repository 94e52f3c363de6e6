//! Follows groups to their end, whoever sends them.

use std::collections::BTreeMap;

use windlass_core::error::Failure;
use windlass_core::ids::GroupId;
use windlass_engine::GroupEnd;
use windlass_engine::remote::{CallError, WatchEvent};

use crate::session::Session;
use crate::show::Show;
use crate::stop::Stop;

/// How it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// Groups that came to an end, and to which.
    pub ends: BTreeMap<GroupId, GroupEnd>,
    /// A signal came first.
    pub stopped: bool,
}

/// Follows until all have ended or a signal came. When the program that sends them ends, this one goes on with them.
///
/// # Errors
/// Errors of the queue; a data folder that can't be taken over.
pub async fn follow(
    session: &mut Session,
    groups: &[GroupId],
    show: &mut Show,
    stop: &Stop,
) -> Result<Followed, Failure> {
    let mut followed = Followed::default();
    loop {
        let open: Vec<GroupId> = groups
            .iter()
            .copied()
            .filter(|g| !followed.ends.contains_key(g))
            .collect();
        if open.is_empty() {
            return Ok(followed);
        }
        let mut events = session.watch(open.clone());
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = stop.asked() => {
                    followed.stopped = true;
                    return Ok(followed);
                }
            };
            match event {
                Some(Ok(WatchEvent::Progress(views))) => show.update(views),
                Some(Ok(WatchEvent::Notice(notice))) => show.notice(&notice),
                Some(Ok(WatchEvent::Ended {
                    end: GroupEnd::Stopped,
                    ..
                }))
                | Some(Err(CallError::Gone)) => break,
                Some(Ok(WatchEvent::Ended { group, end })) => {
                    followed.ends.insert(group, end);
                }
                Some(Err(CallError::Failed(failure))) => return Err(failure),
                None if groups.iter().all(|g| followed.ends.contains_key(g)) => return Ok(followed),
                None => break,
            }
        }
        show.taken_over();
        session.again().await?;
        for group in open {
            session.go_on(Some(group)).await?;
        }
    }
}
