//! Destinations on a server: the address in the queue, the token elsewhere.

use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_queue::destinations::{self, DestinationKind as RowKind, DestinationRow};
use windlass_queue::servers;

use super::{keep, new_row, refuse_while_open, rows};
use crate::changes;
use crate::clock;
use crate::groups::checked_name;
use crate::server::{self, Wanted};
use crate::shell::Shared;
use crate::view::{ChangeKind, DestinationCheck, NewDestination, NewServer};
use crate::way::Trial;

pub(super) async fn add(
    shared: &Arc<Shared>,
    new: &NewDestination,
    filled: &NewServer,
) -> Result<DestinationCheck, Failure> {
    let url = server::checked(filled, false)?;
    let id = clock::destination_id();
    let name = checked_name(&new.name)?;
    let mut row = new_row(
        id,
        name,
        RowKind::Server,
        String::new(),
        new,
        &rows(shared).await?,
    )?;
    let way = Trial::begin(shared, id, new.proxy.as_ref()).await?;
    let tested = server::test(id, &url, filled.token.trim(), Wanted::Name(filled.place.trim())).await?;
    let Some(place) = tested.place else {
        return Ok(tested.check);
    };
    way.keep().await?;
    row.location = server::location(&url, &place.name);
    row.accepts = place.accepts();
    // The token first: a destination without one could do nothing, a token without a destination harms nobody.
    let behind = server::keep_token(shared, id, filled, url, &place, None).await?;
    keep(shared, row, Some(behind)).await?;
    Ok(tested.check)
}

pub(super) async fn edit(
    shared: &Arc<Shared>,
    id: DestinationId,
    new: &NewDestination,
    filled: &NewServer,
) -> Result<DestinationCheck, Failure> {
    let url = server::checked(filled, true)?;
    let name = checked_name(&new.name)?;
    let rows = rows(shared).await?;
    let was = rows.iter().find(|r| r.id == id).cloned();
    let (Some(was), Some(behind)) = (was, shared.planes.server(id)) else {
        return Err(Failure::new(ErrorCode::NotFound, "no such server"));
    };
    if rows.iter().any(|r| r.id != id && r.name == name) {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            format!("a destination named {name} is there already"),
        ));
    }
    let token = match filled.token.trim() {
        // A stored token goes to the host that it was given for, and to no other.
        "" if url != behind.url => {
            let why = "another server needs a token of its own";
            return Err(Failure::new(ErrorCode::InvalidField, why));
        }
        "" => shared.planes.token(&behind).await?,
        token => token.to_owned(),
    };
    let wanted = match filled.place.trim() {
        "" => Wanted::Id(behind.remote),
        name => Wanted::Name(name),
    };
    let way = Trial::begin(shared, id, new.proxy.as_ref()).await?;
    let tested = server::test(id, &url, &token, wanted).await?;
    let Some(place) = tested.place else {
        return Ok(tested.check);
    };
    if place.id != behind.remote {
        refuse_while_open(shared, id).await?;
    }
    way.keep().await?;
    let behind = server::keep_token(shared, id, filled, url.clone(), &place, Some(&behind)).await?;
    let known = behind.clone();
    let row = DestinationRow {
        name,
        location: server::location(&url, &place.name),
        accepts: place.accepts(),
        ..was
    };
    let make_default = new.make_default && !row.is_default;
    shared
        .queue
        .write(move |conn| {
            destinations::update(conn, &row)?;
            changes::destination(conn, id, &row.name, ChangeKind::Changed)?;
            servers::put(conn, &behind)?;
            if make_default {
                destinations::set_default(conn, row.id)?;
            }
            Ok(())
        })
        .await?;
    shared.planes.put(known);
    server::ready(shared, id).await;
    shared.deltas.destinations_changed();
    Ok(tested.check)
}
