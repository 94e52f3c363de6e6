//! Groups put together and taken apart by the person, and that undone.
//!
//! One rule for all of it: files of which nothing was stored yet go over to another group, what is under way stays. The queue moves
//! them in one transaction ([`windlass_queue::regroup`]); the machine hears of the new ones as of any work, and of the old ones as
//! of cancelled files. A group of which everything went over is given up as a whole and loses its card at once.

use std::collections::HashSet;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::Event;
use windlass_core::machine::records::GroupRecord;
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_queue::groups::{GroupRow, NewGroup, Origin};
use windlass_queue::{Connection, QueueError, groups, regroup};

use crate::clock;
use crate::groups::{checked_name, under_way};
use crate::handle::{Chosen, EngineHandle};
use crate::infos::{GroupInfo, locked};
use crate::shell::Shared;
use crate::view::Regrouped;

/// What takes the last change back.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    number: u32,
    step: Option<Step>,
}

/// Files that go over.
#[derive(Debug, Clone)]
struct Step {
    from: GroupId,
    /// `None`: all of them.
    files: Option<Vec<FileId>>,
    to: To,
}

#[derive(Debug, Clone)]
enum To {
    Group(GroupId),
    /// A new one at this place of the list.
    New {
        name: String,
        place: usize,
    },
}

/// What a step did.
struct Moved {
    from: GroupRow,
    /// All of it went.
    whole: bool,
    to: GroupRow,
    new: Option<GroupRecord>,
    files: Vec<FileId>,
    old: Vec<(FileId, FileState)>,
    stayed: u64,
    /// Where the group stood in the list.
    place: usize,
    order: Vec<(GroupId, i64)>,
}

/// All files of a group that may go, into another one.
pub(crate) async fn merge(shared: &Arc<Shared>, from: GroupId, into: GroupId) -> Result<Regrouped, Failure> {
    if from == into {
        return Err(Failure::new(
            ErrorCode::BadRequest,
            "a group is not put into itself",
        ));
    }
    take(
        shared,
        Step {
            from,
            files: None,
            to: To::Group(into),
        },
    )
    .await
}

/// Chosen files of a group, into a new one behind it.
pub(crate) async fn split(
    shared: &Arc<Shared>,
    from: GroupId,
    chosen: Chosen,
    name: Option<String>,
) -> Result<Regrouped, Failure> {
    let ids = crate::chosen::ids(shared, from, chosen).await?;
    let (row, place) = shared
        .queue
        .read(move |conn| Ok((groups::get(conn, from)?, place_of(conn, from)?)))
        .await?;
    let row = row.ok_or_else(missing)?;
    let name = match name {
        Some(name) => checked_name(&name)?,
        None => checked_name(&format!("{} 2", row.name)).unwrap_or(row.name),
    };
    take(
        shared,
        Step {
            from,
            files: Some(ids),
            to: To::New {
                name,
                place: place.saturating_add(1),
            },
        },
    )
    .await
}

/// Takes back what was answered with this number, as far as nothing of it was begun. Only the last can be.
pub(crate) async fn undo(shared: &Arc<Shared>, number: u32) -> Result<Regrouped, Failure> {
    let step = {
        let mut undo = locked(&shared.regrouped);
        if undo.number == number {
            undo.step.take()
        } else {
            None
        }
    };
    match step {
        Some(step) => take(shared, step).await,
        None => Err(Failure::new(
            ErrorCode::StateConflict,
            "it can't be taken back any more",
        )),
    }
}

async fn take(shared: &Arc<Shared>, step: Step) -> Result<Regrouped, Failure> {
    let held = shared.relaunch.is_held(step.from);
    if let To::Group(to) = step.to
        && held
        && !shared.relaunch.is_held(to)
    {
        return Err(Failure::new(
            ErrorCode::StateConflict,
            "the question of the launch comes first",
        ));
    }
    let asked = step.clone();
    let moved = shared.queue.write(move |conn| carry(conn, &asked)).await??;
    let (from, to) = (moved.from.record.id, moved.to.record.id);
    tracing::info!(%from, %to, files = moved.files.len(), whole = moved.whole, "files went over to another group");
    if let Some(record) = moved.new {
        let info = GroupInfo {
            name: moved.to.name.clone(),
            destination: record.destination,
        };
        shared.infos.put_group(to, info);
        crate::launch::held_like(shared, from, to, &moved.to.name, moved.to.record.position);
        shared
            .event(Event::GroupAdded {
                record,
                held,
                scanning: false,
            })
            .await;
        shared.event(Event::GroupsOrdered(moved.order)).await;
    }
    shared
        .event(Event::GroupWork {
            id: to,
            scanning: false,
        })
        .await;
    if moved.whole {
        let intent = Intent::Cancelled;
        shared.event(Event::GroupIntent { id: from, intent }).await;
        crate::launch::settled(shared, from);
        shared.deltas.removed(from);
    } else {
        for (id, state) in moved.old {
            EngineHandle::tell_file(shared, id, from, state, Intent::Cancelled).await;
        }
        shared.deltas.stir(from);
    }
    shared.deltas.stir(to);
    let back = if moved.whole {
        To::New {
            name: moved.from.name,
            place: moved.place,
        }
    } else {
        To::Group(from)
    };
    let count = moved.files.len();
    let number = {
        let mut undo = locked(&shared.regrouped);
        undo.number = undo.number.wrapping_add(1);
        undo.step = Some(Step {
            from: to,
            files: Some(moved.files),
            to: back,
        });
        undo.number
    };
    Ok(Regrouped {
        group: to,
        moved: u32::try_from(count).unwrap_or(u32::MAX),
        stayed: u32::try_from(moved.stayed).unwrap_or(u32::MAX),
        undo: number,
    })
}

fn missing() -> Failure {
    Failure::new(ErrorCode::NotFound, "no such group")
}

fn place_of(conn: &Connection, group: GroupId) -> Result<usize, QueueError> {
    let all = groups::list(conn)?;
    Ok(all.iter().position(|g| g.record.id == group).unwrap_or(all.len()))
}

/// Why files of this group may not be moved, or none moved to it.
fn refused(row: &GroupRow) -> Option<Failure> {
    if row.record.intent == Intent::Cancelled
        || matches!(row.record.state, GroupState::Completed | GroupState::Cancelled)
    {
        return Some(Failure::new(ErrorCode::GroupClosed, "the group has ended"));
    }
    let why = if row.scanning {
        "its files are still being counted"
    } else if row.origin == Origin::Watch {
        "a watched folder fills it"
    } else {
        return None;
    };
    Some(Failure::new(ErrorCode::StateConflict, why))
}

/// One transaction: all of it or nothing.
fn carry(conn: &Connection, step: &Step) -> Result<Result<Moved, Failure>, QueueError> {
    let Some(from) = groups::get(conn, step.from)? else {
        return Ok(Err(missing()));
    };
    if let Some(failure) = refused(&from) {
        return Ok(Err(failure));
    }
    let place = place_of(conn, step.from)?;
    let rows = regroup::movable(conn, step.from, step.files.as_deref())?;
    if rows.is_empty() {
        let why = "nothing that may go: what was begun stays where it is";
        return Ok(Err(Failure::new(ErrorCode::StateConflict, why)));
    }
    let left = regroup::living(conn, step.from)?.saturating_sub(rows.len() as u64);
    let whole = left == 0;
    let (to, new) = match &step.to {
        To::Group(id) => {
            let Some(to) = groups::get(conn, *id)? else {
                return Ok(Err(missing()));
            };
            if let Some(failure) = refused(&to) {
                return Ok(Err(failure));
            }
            if to.record.destination != from.record.destination {
                let why = "the two go to different destinations";
                return Ok(Err(Failure::new(ErrorCode::StateConflict, why)));
            }
            // One that had failed has work again.
            (under_way(conn, *id)?.unwrap_or(to), None)
        }
        To::New { .. } if whole => {
            let why = "that is all of it: give the group another name instead";
            return Ok(Err(Failure::new(ErrorCode::StateConflict, why)));
        }
        To::New { name, place } => {
            let id = clock::group_id();
            groups::insert(
                conn,
                &NewGroup {
                    id,
                    name: name.clone(),
                    destination: from.record.destination,
                    origin: from.origin,
                    created_at: clock::now(),
                },
            )?;
            groups::set_intent(conn, id, from.record.intent)?;
            groups::set_position(conn, id, *place)?;
            let Some(row) = groups::get(conn, id)? else {
                return Err(QueueError::Internal("the group was not made".into()));
            };
            let record = row.record.clone();
            (row, Some(record))
        }
    };
    let old: Vec<_> = rows.iter().map(|r| (r.id, r.state)).collect();
    let stayed = match &step.files {
        None => left,
        Some(files) => {
            let went: HashSet<FileId> = old.iter().map(|(id, _)| *id).collect();
            files.iter().filter(|id| !went.contains(id)).count() as u64
        }
    };
    let files = regroup::carry(conn, rows, to.record.id, clock::now(), clock::file_id)?;
    if whole {
        regroup::dissolve(conn, step.from, to.record.id)?;
    }
    let order = groups::list(conn)?;
    Ok(Ok(Moved {
        from,
        whole,
        new,
        files,
        old,
        stayed,
        place,
        order: order.iter().map(|g| (g.record.id, g.record.position)).collect(),
        to,
    }))
}
