//! Destinations: the queue's list beside the control plane's, tested before they are saved.

mod form;
mod remote;

use std::sync::Arc;

use windlass_core::accepts::Accepts;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::machine::{ContentHash, Event};
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::{Check, DestinationConfig, StepOutcome};
use windlass_queue::destinations::{
    self, ContentHash as Stored, DestinationKind as RowKind, DestinationRemoval, DestinationRow,
};
use windlass_queue::servers::{self, ServerRow};
use windlass_queue::settings;

pub(crate) use form::form;
use form::request;

use crate::server::{self, Wanted};
use crate::shell::Shared;
use crate::view::{
    ChangeKind, CheckOutcome, CheckStep, DestinationCheck, DestinationKind, DestinationView, NewDestination,
    NewServer,
};
use crate::way::Trial;
use crate::{accepts, changes, clock};

/// Key of the setting that says the first run is over.
pub(crate) const FIRST_RUN_DONE: &str = "first_run_done";

pub(crate) async fn rows(shared: &Shared) -> Result<Vec<DestinationRow>, Failure> {
    Ok(shared.queue.read(destinations::list).await?)
}

pub(crate) async fn list(shared: &Shared) -> Result<Vec<DestinationView>, Failure> {
    let rows = rows(shared).await?;
    let held = shared
        .inspect({
            let ids: Vec<_> = rows.iter().map(|r| r.id).collect();
            move |m| {
                ids.into_iter()
                    .map(|id| m.failing(id).map(|f| (f.failure.code, f.since)))
                    .collect::<Vec<_>>()
            }
        })
        .await
        .unwrap_or_default();
    let problems = held.into_iter().chain(std::iter::repeat(None));
    Ok(rows
        .into_iter()
        .zip(problems)
        .map(|(r, problem)| view(r, problem))
        .collect())
}

fn view(r: DestinationRow, failing: Option<(ErrorCode, Timestamp)>) -> DestinationView {
    let kind = match r.kind {
        RowKind::Folder => DestinationKind::Folder,
        RowKind::S3 => DestinationKind::S3,
        RowKind::Server => DestinationKind::Server,
    };
    DestinationView {
        id: r.id,
        name: r.name,
        kind,
        location: r.location,
        is_default: r.is_default,
        problem: failing.map(|(code, _)| code),
        since: failing.map(|(_, since)| since.as_millis()),
        accepts: r.accepts,
    }
}

/// Takes over destinations that the control plane has and the queue does not: after a queue was set aside they are still
/// there, with their keys (I14).
pub(crate) async fn adopt(shared: &Shared) -> Result<(), Failure> {
    let known = rows(shared).await?;
    let theirs = match shared.planes.own().destinations().await {
        Ok(theirs) => theirs,
        Err(failure) => {
            tracing::warn!(error = %failure, "the control plane did not tell its destinations");
            return Ok(());
        }
    };
    let mut position = known.iter().map(|r| r.position + 1).max().unwrap_or(0);
    let mut is_default = !known.iter().any(|r| r.is_default);
    let mut missing = Vec::new();
    for d in theirs {
        if known.iter().any(|r| r.id == d.id || r.name == d.name) {
            continue;
        }
        let told = d.accepts();
        let (kind, location) = match d.config {
            DestinationConfig::Folder { path } => (RowKind::Folder, path),
            DestinationConfig::S3 { endpoint, bucket, .. } => {
                let host = endpoint.split("://").nth(1).unwrap_or(&endpoint).to_owned();
                (RowKind::S3, format!("{bucket} at {host}"))
            }
        };
        missing.push(DestinationRow {
            id: d.id,
            name: d.name,
            kind,
            location,
            is_default,
            position,
            content_hash: Stored::Always,
            accepts: told,
        });
        is_default = false;
        position += 1;
    }
    if !missing.is_empty() {
        shared
            .queue
            .write(move |conn| missing.iter().try_for_each(|row| destinations::insert(conn, row)))
            .await?;
    }
    Ok(())
}

fn answer(check: Check) -> DestinationCheck {
    let steps = check.steps.into_iter().map(|s| CheckStep {
        step: s.step,
        outcome: match s.outcome {
            StepOutcome::Ok => CheckOutcome::Ok,
            StepOutcome::Warning => CheckOutcome::Warning,
            StepOutcome::Failed => CheckOutcome::Failed,
        },
        detail: s.detail,
        code: s.code,
    });
    DestinationCheck {
        ok: check.ok,
        steps: steps.collect(),
        places: Vec::new(),
    }
}

/// A server; none for the other kinds.
fn server_of(new: &NewDestination) -> Result<Option<&NewServer>, Failure> {
    match (&new.server, &new.folder, &new.s3) {
        (None, ..) => Ok(None),
        (Some(server), None, None) => Ok(Some(server)),
        (Some(_), ..) => Err(Failure::new(
            ErrorCode::InvalidField,
            "a folder, a bucket or a server, one of the three",
        )),
    }
}

pub(crate) async fn test(shared: &Shared, new: &NewDestination) -> Result<DestinationCheck, Failure> {
    let id = clock::destination_id();
    let server = server_of(new)?;
    let _only_tried = Trial::begin(shared, id, new.proxy.as_ref()).await?;
    if let Some(server) = server {
        let url = server::checked(server, false)?;
        let wanted = Wanted::Name(server.place.trim());
        return Ok(server::test(id, &url, server.token.trim(), wanted).await?.check);
    }
    let (put, ..) = request(id, new, false)?;
    if let Some(folder) = &new.folder {
        crate::watch::may_be_destination(shared, folder).await?;
    }
    shared.planes.own().test_destination(&put).await.map(answer)
}

/// The row of a new destination, behind the others.
fn new_row(
    id: DestinationId,
    name: String,
    kind: RowKind,
    location: String,
    new: &NewDestination,
    rows: &[DestinationRow],
) -> Result<DestinationRow, Failure> {
    if rows.iter().any(|r| r.name == name) {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            format!("a destination named {name} is there already"),
        ));
    }
    Ok(DestinationRow {
        id,
        name,
        kind,
        location,
        is_default: new.make_default || rows.is_empty(),
        position: rows.iter().map(|r| r.position + 1).max().unwrap_or(0),
        content_hash: Stored::Always,
        accepts: new.accepts.clone().tidied(),
    })
}

/// Where files go stays while unfinished groups go there.
async fn refuse_while_open(shared: &Shared, id: DestinationId) -> Result<(), Failure> {
    let open = shared
        .queue
        .read(move |conn| {
            let all = windlass_queue::groups::list(conn)?;
            Ok(all
                .iter()
                .filter(|g| g.record.destination == id && g.finished_at.is_none())
                .count())
        })
        .await?;
    if open > 0 {
        let detail = format!("{open} unfinished groups go there");
        return Err(Failure::new(ErrorCode::StateConflict, detail));
    }
    Ok(())
}

pub(crate) async fn add(shared: &Arc<Shared>, new: &NewDestination) -> Result<DestinationCheck, Failure> {
    if let Some(server) = server_of(new)? {
        return remote::add(shared, new, server).await;
    }
    let id = clock::destination_id();
    let (put, kind, location) = request(id, new, false)?;
    if let Some(folder) = &new.folder {
        crate::watch::may_be_destination(shared, folder).await?;
    }
    let row = new_row(id, put.name.clone(), kind, location, new, &rows(shared).await?)?;
    let way = Trial::begin(shared, id, new.proxy.as_ref()).await?;
    let check = shared.planes.own().put_destination(&put).await?;
    if check.ok {
        way.keep().await?;
        keep(shared, row, None).await?;
        accepts::of(shared, id).await?;
    }
    Ok(answer(check))
}

/// Writes a tested destination down, with the server behind it where there is one, and lets everybody know. The first run is
/// over with it.
async fn keep(shared: &Arc<Shared>, row: DestinationRow, behind: Option<ServerRow>) -> Result<(), Failure> {
    let id = row.id;
    let known = behind.clone();
    shared
        .queue
        .write(move |conn| {
            destinations::insert(conn, &row)?;
            changes::destination(conn, id, &row.name, ChangeKind::Added)?;
            if let Some(behind) = &behind {
                servers::put(conn, behind)?;
            }
            settings::set(conn, FIRST_RUN_DONE, &serde_json::Value::from(true))
        })
        .await?;
    if let Some(known) = known {
        shared.planes.put(known);
    }
    shared
        .event(Event::DestinationAdded {
            id,
            hash: ContentHash::Always,
        })
        .await;
    shared.deltas.destinations_changed();
    Ok(())
}

/// Changes a destination, tested first. Where its files go stays while unfinished groups go there.
pub(crate) async fn edit(
    shared: &Arc<Shared>,
    id: DestinationId,
    new: &NewDestination,
) -> Result<DestinationCheck, Failure> {
    if let Some(server) = server_of(new)? {
        return remote::edit(shared, id, new, server).await;
    }
    let (put, kind, location) = request(id, new, true)?;
    let rows = rows(shared).await?;
    let Some(was) = rows.iter().find(|r| r.id == id).cloned() else {
        return Err(Failure::new(ErrorCode::NotFound, "no such destination"));
    };
    if rows.iter().any(|r| r.id != id && r.name == put.name) {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            format!("a destination named {} is there already", put.name),
        ));
    }
    if kind != was.kind {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            "a destination stays of its kind; add another",
        ));
    }
    if location != was.location {
        if let Some(folder) = &new.folder {
            crate::watch::may_be_destination(shared, folder).await?;
        }
        refuse_while_open(shared, id).await?;
    }
    let way = Trial::begin(shared, id, new.proxy.as_ref()).await?;
    let check = shared.planes.own().put_destination(&put).await?;
    if check.ok {
        way.keep().await?;
        let row = DestinationRow {
            name: put.name.clone(),
            location,
            ..was
        };
        let make_default = new.make_default && !row.is_default;
        shared
            .queue
            .write(move |conn| {
                destinations::update(conn, &row)?;
                changes::destination(conn, id, &row.name, ChangeKind::Changed)?;
                if make_default {
                    destinations::set_default(conn, row.id)?;
                }
                Ok(())
            })
            .await?;
        accepts::of(shared, id).await?;
        // What waited for a better key goes on at once.
        shared.event(Event::DestinationReady { id }).await;
        shared.deltas.destinations_changed();
    }
    Ok(answer(check))
}

pub(crate) async fn check(shared: &Arc<Shared>, id: DestinationId) -> Result<DestinationCheck, Failure> {
    if let Some(behind) = shared.planes.server(id) {
        let token = shared.planes.token(&behind).await?;
        let tested = server::test(id, &behind.url, &token, Wanted::Id(behind.remote)).await?;
        if tested.check.ok {
            server::ready(shared, id).await;
        }
        if let Some(place) = &tested.place {
            accepts::learn(shared, id, place).await?;
        }
        shared.deltas.destinations_changed();
        return Ok(tested.check);
    }
    let check = shared.planes.own().check_destination(id).await?;
    if check.ok {
        accepts::of(shared, id).await?;
        shared.event(Event::DestinationReady { id }).await;
    }
    shared.deltas.destinations_changed();
    Ok(answer(check))
}

pub(crate) async fn remove(shared: &Arc<Shared>, id: DestinationId) -> Result<(), Failure> {
    match shared
        .queue
        .write(move |conn| {
            let was = destinations::get(conn, id)?;
            let removed = destinations::remove(conn, id)?;
            if let (DestinationRemoval::Removed, Some(was)) = (&removed, was) {
                changes::destination(conn, id, &was.name, ChangeKind::Removed)?;
            }
            Ok(removed)
        })
        .await?
    {
        DestinationRemoval::Removed => {}
        DestinationRemoval::InUse(n) => {
            let detail = format!("{n} groups still go there; cancel or finish them first");
            return Err(Failure::new(ErrorCode::StateConflict, detail));
        }
        DestinationRemoval::Missing => return Err(Failure::new(ErrorCode::NotFound, "no such destination")),
    }
    crate::way::forget(shared, id).await?;
    if let Some(behind) = shared.planes.server(id) {
        let keep = crate::planes::keep(behind.keep);
        shared.planes.tokens().remove(id, keep).await?;
        shared.planes.put(behind);
        shared.deltas.destinations_changed();
        return Ok(());
    }
    match shared.planes.own().remove_destination(id).await {
        Ok(()) => {}
        Err(f) if f.code == ErrorCode::NotFound => {}
        Err(f) => return Err(f),
    }
    shared.deltas.destinations_changed();
    Ok(())
}

pub(crate) async fn set_default(shared: &Arc<Shared>, id: DestinationId) -> Result<(), Failure> {
    if !shared
        .queue
        .write(move |conn| destinations::set_default(conn, id))
        .await?
    {
        return Err(Failure::new(ErrorCode::NotFound, "no such destination"));
    }
    shared.deltas.destinations_changed();
    Ok(())
}

pub(crate) async fn finish_first_run(shared: &Arc<Shared>) -> Result<(), Failure> {
    if rows(shared).await?.is_empty() {
        let folder = shared.suggested_folder.to_string_lossy().into_owned();
        let new = NewDestination {
            name: "My files".into(),
            folder: Some(folder),
            s3: None,
            server: None,
            make_default: true,
            accepts: Accepts::default(),
            proxy: None,
        };
        let check = add(shared, &new).await?;
        if let Some(failed) = check.steps.iter().find(|s| s.outcome == CheckOutcome::Failed) {
            return Err(Failure::new(
                failed.code.unwrap_or(ErrorCode::DestinationMissing),
                failed.detail.clone(),
            ));
        }
    }
    shared
        .queue
        .write(move |conn| settings::set(conn, FIRST_RUN_DONE, &serde_json::Value::from(true)))
        .await?;
    shared.deltas.destinations_changed();
    Ok(())
}
