//! Groups: what the person wants of them, what the machine asks about them, and what is told of their ends.

use std::path::PathBuf;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::limits::MAX_TEXT_BYTES;
use windlass_core::machine::records::Change;
use windlass_core::machine::{Counts, Event, Machine, Notice};
use windlass_core::states::{GroupState, Intent};
use windlass_queue::changes;
use windlass_queue::files::Scope as Files;
use windlass_queue::groups::GroupRemoval;
use windlass_queue::retry::{RetryScope, retry as again};
use windlass_queue::totals::{counts, error_folds, totals};
use windlass_queue::{files, groups, settings};

use crate::clock;
use crate::handle::{EngineHandle, Scope, Told};
use crate::infos::FileInfo;
use crate::shell::Shared;
use crate::summary::{GroupEnd, Summary};

/// Answer to the machine's `Load`.
pub(crate) async fn load(shared: &Shared, group: GroupId, after: i64, limit: usize) -> Event {
    let now = clock::now();
    let rows = shared
        .queue
        .read(move |conn| {
            let records = files::load_work(conn, group, after, limit, now)?;
            let ids: Vec<_> = records.iter().map(|r| r.id).collect();
            Ok((records, files::get_many(conn, &ids)?))
        })
        .await;
    match rows {
        Ok((records, rows)) => {
            shared.infos.put_files(rows.into_iter().map(|row| {
                let path = path_of(&row.path);
                let mime = row.mime.unwrap_or_else(|| "application/octet-stream".to_owned());
                (
                    row.id,
                    FileInfo::new(
                        row.group,
                        path,
                        row.rel_path,
                        mime,
                        row.part_size,
                        row.fingerprint,
                    ),
                )
            }));
            let last = records.len() < limit;
            Event::Loaded {
                group,
                files: records,
                last,
            }
        }
        Err(e) => {
            tracing::error!(error = %Failure::from(&e), "files could not be loaded");
            // Nothing came; the group is looked at again when its rows change or a wait is over.
            Event::Loaded {
                group,
                files: Vec::new(),
                last: true,
            }
        }
    }
}

/// Path bytes as a path.
pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// Answer to the machine's `Count`.
pub(crate) async fn count(shared: &Shared, group: GroupId) -> Event {
    let counted = shared.queue.read(move |conn| counts(conn, group)).await;
    // An unreadable queue counts as open: nothing is called done on a guess.
    let counts = counted.unwrap_or(Counts {
        open: 1,
        next_try_at: Some(clock::now().plus_millis(5_000)),
        ..Counts::default()
    });
    Event::Counted { group, counts }
}

/// Tells the end of a group outside of the window.
pub(crate) async fn notify(shared: &Shared, group: GroupId, notice: Notice) {
    let counted = shared
        .queue
        .read(move |conn| {
            let first = error_folds(conn, group)?.into_iter().next();
            Ok((totals(conn, group)?, groups::get(conn, group)?, first))
        })
        .await;
    shared.deltas.stir(group);
    if let Ok((t, Some(row), first)) = counted {
        let cause = first.filter(|_| notice == Notice::NeedsYou);
        let told = Told {
            group,
            name: row.name,
            notice,
            done: t.done,
            failed: t.failed,
            rejected: t.rejected,
            watched: shared.watches.has_group(group),
            cause: cause.map(|fold| (row.record.destination, fold.code)),
        };
        // Nobody listens in a program without a desktop.
        let _ = shared.told.send(told);
    }
}

/// Key of the setting that keeps "everything is paused" over a relaunch (I36).
pub(crate) const PAUSED: &str = "paused";

/// Key of the setting that says when that pause ends by itself, milliseconds since 1970.
pub(crate) const PAUSED_UNTIL: &str = "paused_until";

/// Pauses everything until a time; also over a relaunch.
pub(crate) async fn pause_until(shared: &Arc<Shared>, until: i64) -> Result<(), Failure> {
    set_intent(shared, Scope::App, Intent::Paused).await?;
    shared
        .queue
        .write(move |conn| settings::set(conn, PAUSED_UNTIL, &until.into()))
        .await?;
    shared.deltas.set_paused_until(Some(until));
    Ok(())
}

/// Ends a pause whose time is over.
pub(crate) async fn end_pause(shared: &Arc<Shared>) {
    let over = shared
        .deltas
        .paused_until()
        .is_some_and(|until| until <= clock::now().as_millis());
    if over && let Err(e) = set_intent(shared, Scope::App, Intent::Run).await {
        tracing::warn!(error = %e, "the pause could not be ended");
    }
}

pub(crate) async fn set_intent(shared: &Arc<Shared>, scope: Scope, intent: Intent) -> Result<(), Failure> {
    match scope {
        Scope::App => {
            if intent == Intent::Cancelled {
                return Err(Failure::new(
                    ErrorCode::BadRequest,
                    "everything at once can be paused, not cancelled",
                ));
            }
            let paused = intent == Intent::Paused;
            shared
                .queue
                .write(move |conn| {
                    if !paused {
                        files::end_all_waits(conn)?;
                    }
                    settings::set(conn, PAUSED, &serde_json::Value::from(paused))?;
                    settings::remove(conn, PAUSED_UNTIL)
                })
                .await?;
            shared.deltas.set_paused_until(None);
            shared.deltas.set_paused(paused);
            shared.event(Event::AppPaused(paused)).await;
        }
        Scope::Group(id) => {
            if intent == Intent::Run && shared.relaunch.is_held(id) {
                // As the report's own answer: nothing moves before it is known what there is.
                crate::launch::known(shared).await;
            }
            let found = shared
                .queue
                .write(move |conn| {
                    if intent == Intent::Run {
                        files::end_waits(conn, id)?;
                    }
                    groups::set_intent(conn, id, intent)
                })
                .await?;
            if !found {
                return Err(Failure::new(
                    ErrorCode::NotFound,
                    "no such group, or it has ended",
                ));
            }
            if intent != Intent::Paused {
                // Going on and cancelling answer the relaunch report's question too.
                crate::launch::settled(shared, id);
                shared.event(Event::GroupReleased { id }).await;
            }
            shared.event(Event::GroupIntent { id, intent }).await;
            shared.deltas.stir(id);
        }
        Scope::File(id) => {
            let row = shared
                .queue
                .write(move |conn| {
                    files::set_intent(conn, Files::File(id), intent)?;
                    files::get(conn, id)
                })
                .await?;
            let Some(row) = row else {
                return Err(Failure::new(ErrorCode::NotFound, "no such file"));
            };
            EngineHandle::tell_file(shared, id, row.group, row.state, intent).await;
            shared.deltas.stir(row.group);
        }
    }
    Ok(())
}

pub(crate) async fn retry(
    shared: &Arc<Shared>,
    scope: Scope,
    code: Option<ErrorCode>,
) -> Result<u64, Failure> {
    let which = match scope {
        Scope::App => RetryScope::All,
        Scope::Group(id) => RetryScope::Group(id),
        Scope::File(id) => RetryScope::File(id),
    };
    let (count, rows) = shared
        .queue
        .write(move |conn| {
            let again = again(conn, which, code)?;
            let touched: std::collections::BTreeSet<GroupId> = again.iter().map(|r| r.group).collect();
            let mut rows = Vec::with_capacity(touched.len());
            for id in touched {
                rows.extend(under_way(conn, id)?);
            }
            Ok((again.len() as u64, rows))
        })
        .await?;
    for row in rows {
        let id = row.record.id;
        shared
            .event(Event::GroupWork {
                id,
                scanning: row.scanning,
            })
            .await;
        shared.deltas.stir(id);
    }
    Ok(count)
}

/// A group that had failed is under way again, in the commit of what is tried again: nobody who waits sees it as ended.
pub(crate) fn under_way(
    conn: &windlass_queue::Connection,
    id: GroupId,
) -> Result<Option<groups::GroupRow>, windlass_queue::QueueError> {
    let change = Change::GroupState {
        id,
        from: GroupState::Failed,
        to: GroupState::Uploading,
        at: clock::now(),
    };
    let _ = changes::apply(conn, &[change])?;
    groups::get(conn, id)
}

pub(crate) async fn rename(shared: &Arc<Shared>, id: GroupId, name: &str) -> Result<(), Failure> {
    let name = checked_name(name)?;
    let found = shared
        .queue
        .write(move |conn| groups::rename(conn, id, &name))
        .await?;
    shared.deltas.stir(id);
    if found {
        Ok(())
    } else {
        Err(Failure::new(ErrorCode::NotFound, "no such group"))
    }
}

pub(crate) async fn move_to(shared: &Arc<Shared>, id: GroupId, place: usize) -> Result<(), Failure> {
    let order = shared
        .queue
        .write(move |conn| {
            if !groups::set_position(conn, id, place)? {
                return Ok(None);
            }
            let all = groups::list(conn)?;
            Ok(Some(
                all.iter()
                    .map(|g| (g.record.id, g.record.position))
                    .collect::<Vec<_>>(),
            ))
        })
        .await?;
    let Some(order) = order else {
        return Err(Failure::new(ErrorCode::NotFound, "no such group"));
    };
    shared.deltas.stir_all(order.iter().map(|(id, _)| *id));
    shared.event(Event::GroupsOrdered(order)).await;
    Ok(())
}

/// A group's name: not empty, not longer than a text may be.
pub(crate) fn checked_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() || name.len() > MAX_TEXT_BYTES || name.contains('\0') {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            "a name has 1 to 1,024 bytes",
        ));
    }
    Ok(name.to_owned())
}

pub(crate) async fn remove(shared: &Arc<Shared>, id: GroupId) -> Result<(), Failure> {
    let row = shared.queue.read(move |conn| groups::get(conn, id)).await?;
    match row {
        None => return Err(Failure::new(ErrorCode::NotFound, "no such group")),
        Some(row)
            if !matches!(
                row.record.state,
                GroupState::Completed | GroupState::Cancelled | GroupState::Failed
            ) =>
        {
            return Err(Failure::new(
                ErrorCode::StateConflict,
                "it has not ended; cancel it first",
            ));
        }
        Some(_) => {}
    }
    match shared.queue.write(move |conn| groups::remove(conn, id)).await? {
        GroupRemoval::Removed | GroupRemoval::Missing => {}
        GroupRemoval::Open(n) => {
            return Err(Failure::new(
                ErrorCode::StateConflict,
                format!("{n} files are still to be done"),
            ));
        }
    }
    shared.deltas.removed(id);
    Ok(())
}

pub(crate) async fn summary(shared: &Shared, id: GroupId) -> Result<Summary, Failure> {
    let (t, row) = shared
        .queue
        .read(move |conn| Ok((totals(conn, id)?, groups::get(conn, id)?)))
        .await?;
    if row.is_none() {
        return Err(Failure::new(ErrorCode::NotFound, "no such group"));
    }
    let sent = shared.meter.of(id);
    Ok(Summary {
        group: id,
        files: t.total,
        uploaded: t.done.saturating_sub(t.deduplicated + t.unchanged),
        deduplicated: t.deduplicated,
        unchanged: t.unchanged,
        rejected: t.rejected,
        failed: t.failed,
        open: t.registered_or_queued + t.uploading + t.verifying,
        bytes: t.bytes_total,
        bytes_sent: sent.bytes,
        parts_sent: sent.parts,
    })
}

pub(crate) async fn wait(shared: &Shared, id: GroupId) -> Result<GroupEnd, Failure> {
    let mut deltas = shared.deltas.subscribe();
    loop {
        if shared.stop.is_cancelled() {
            return Ok(GroupEnd::Stopped);
        }
        if let Some(end) = ended(shared, id).await? {
            return Ok(end);
        }
        tokio::select! {
            // Any change is a reason to look again; a lag means that there were many.
            _ = deltas.recv() => {}
            () = shared.stop.cancelled() => {}
        }
    }
}

async fn ended(shared: &Shared, id: GroupId) -> Result<Option<GroupEnd>, Failure> {
    let row = shared.queue.read(move |conn| groups::get(conn, id)).await?;
    let Some(row) = row else {
        return Err(Failure::new(ErrorCode::NotFound, "no such group"));
    };
    let paused = row.record.intent == Intent::Paused || shared.deltas.is_paused();
    let quiet = if paused {
        shared.inspect(Machine::in_flight).await.unwrap_or(0) == 0
    } else {
        false
    };
    Ok(match row.record.state {
        GroupState::Completed => Some(GroupEnd::Done),
        GroupState::Cancelled => Some(GroupEnd::Cancelled),
        GroupState::Failed if row.record.intent == Intent::Run => {
            // All that is left out is no reason for a person.
            let t = shared.queue.read(move |conn| totals(conn, id)).await?;
            Some(if t.failed > 0 {
                GroupEnd::NeedsYou
            } else {
                GroupEnd::Done
            })
        }
        GroupState::Draft | GroupState::Uploading | GroupState::Failed
            if paused && quiet && !row.scanning =>
        {
            Some(GroupEnd::Paused)
        }
        GroupState::Draft | GroupState::Uploading | GroupState::Failed => None,
    })
}
