//! Many files of a group at once: what a person selected in a list, or all that a search found.

use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId};
use windlass_core::machine::Event;
use windlass_core::states::Intent;
use windlass_queue::files::{self, FileRow, Scope as Files};
use windlass_queue::retry::{RetryScope, retry};
use windlass_transfer::source::look;

use crate::groups::path_of;
use crate::handle::{Chosen, EngineHandle, FileAct};
use crate::shell::Shared;
use crate::view::FindKind;

/// Files of one transaction: others wait for the writer.
const STEP: usize = 500;

/// The files that are meant, by place.
pub(crate) async fn ids(shared: &Shared, group: GroupId, chosen: Chosen) -> Result<Vec<FileId>, Failure> {
    let ids = shared
        .queue
        .read(move |conn| match &chosen {
            Chosen::Places(places) => {
                let mut ids = Vec::new();
                for (from, to) in places {
                    ids.extend(files::ids_at(conn, group, *from, *to)?);
                }
                Ok(ids)
            }
            Chosen::Found(find) => files::find_ids(conn, group, &crate::convert::find(find)),
        })
        .await?;
    Ok(ids)
}

/// Those of the files that are not there now: what a row says of its disk may be old, and leaving out is for good.
async fn not_there(shared: &Shared, ids: Vec<FileId>) -> Result<Vec<FileId>, Failure> {
    let mut gone = Vec::new();
    for step in ids.chunks(STEP) {
        let step = step.to_vec();
        let rows = shared
            .queue
            .read(move |conn| files::get_many(conn, &step))
            .await?;
        let looked = tokio::task::spawn_blocking(move || {
            let there = |row: &FileRow| look(&path_of(&row.path)).is_ok();
            rows.into_iter()
                .filter(|row| !there(row))
                .map(|row| row.id)
                .collect::<Vec<_>>()
        });
        gone.extend(
            looked
                .await
                .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?,
        );
    }
    Ok(gone)
}

pub(crate) async fn act(
    shared: &Arc<Shared>,
    group: GroupId,
    chosen: Chosen,
    act: FileAct,
) -> Result<u64, Failure> {
    let away = matches!(&chosen, Chosen::Found(find) if find.kind == FindKind::NoDisk);
    let mut ids = ids(shared, group, chosen).await?;
    if away {
        ids = not_there(shared, ids).await?;
    }
    let mut reached = 0;
    for step in ids.chunks(STEP) {
        reached += match act {
            FileAct::Pause => intent(shared, group, step.to_vec(), Intent::Paused).await?,
            FileAct::Resume => intent(shared, group, step.to_vec(), Intent::Run).await?,
            FileAct::Cancel => intent(shared, group, step.to_vec(), Intent::Cancelled).await?,
            FileAct::Retry => again(shared, group, step.to_vec()).await?,
        };
    }
    shared.deltas.stir(group);
    Ok(reached)
}

async fn intent(
    shared: &Arc<Shared>,
    group: GroupId,
    ids: Vec<FileId>,
    intent: Intent,
) -> Result<u64, Failure> {
    let rows = shared
        .queue
        .write(move |conn| {
            let mut changed = Vec::new();
            for id in ids {
                let Some(row) = files::get(conn, id)?.filter(|r| r.group == group) else {
                    continue;
                };
                if files::set_intent(conn, Files::File(id), intent)? > 0 {
                    changed.push(row);
                }
            }
            Ok(changed)
        })
        .await?;
    for row in &rows {
        EngineHandle::tell_file(shared, row.id, group, row.state, intent).await;
    }
    Ok(rows.len() as u64)
}

async fn again(shared: &Arc<Shared>, group: GroupId, ids: Vec<FileId>) -> Result<u64, Failure> {
    let (count, row) = shared
        .queue
        .write(move |conn| {
            let mut count = 0;
            for id in ids {
                if files::get(conn, id)?.is_some_and(|r| r.group == group) {
                    count += retry(conn, RetryScope::File(id), None)?.len() as u64;
                }
            }
            let row = if count > 0 {
                crate::groups::under_way(conn, group)?
            } else {
                None
            };
            Ok((count, row))
        })
        .await?;
    if let Some(row) = row {
        let scanning = row.scanning;
        shared.event(Event::GroupWork { id: group, scanning }).await;
    }
    Ok(count)
}

pub(crate) async fn find_in_groups(shared: &Shared, text: String) -> Result<Vec<(GroupId, u64)>, Failure> {
    Ok(shared
        .queue
        .read(move |conn| files::found_in_groups(conn, &text))
        .await?)
}
