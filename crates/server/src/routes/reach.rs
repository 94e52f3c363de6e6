//! Tokens that are for some destinations only: what lies elsewhere is not there for them (A46).
//!
//! Asked before the call; other tokens cost nothing here. A call that names one thing out of reach is refused as a whole.

use std::collections::BTreeSet;

use windlass_core::error::ErrorCode;
use windlass_core::ids::{FileId, GroupId};
use windlass_protocol::groups::GroupView;

use super::Site;
use crate::auth::Principal;
use crate::failure::Refusal;

/// Refuses when one of the sessions is out of reach. Those that are not there at all are told by the call itself.
pub(super) async fn sessions(
    site: &Site,
    who: &Principal,
    ids: impl IntoIterator<Item = FileId>,
) -> Result<(), Refusal> {
    if who.destinations.is_none() {
        return Ok(());
    }
    let ids: Vec<FileId> = ids.into_iter().collect();
    crate::service::check_batch(ids.len())?;
    let rows = site.service.store().sessions(who.owner, ids).await?;
    match rows
        .into_iter()
        .flatten()
        .find(|row| !who.reaches(row.destination))
    {
        None => Ok(()),
        Some(row) => Err(Refusal::new(
            ErrorCode::NotFound,
            format!("no such session: {}", row.id),
        )),
    }
}

/// Refuses when one of the groups is out of reach.
pub(super) async fn groups(
    site: &Site,
    who: &Principal,
    ids: impl IntoIterator<Item = GroupId>,
) -> Result<(), Refusal> {
    if who.destinations.is_none() {
        return Ok(());
    }
    let ids: BTreeSet<GroupId> = ids.into_iter().collect();
    for id in ids {
        let group = site.service.store().group(who.owner, id).await?;
        if group.is_some_and(|g| !reaches_group(who, &g)) {
            return Err(Refusal::new(ErrorCode::NotFound, "no such group"));
        }
    }
    Ok(())
}

/// True when the token may be used for all that may be in the group.
pub(crate) fn reaches_group(who: &Principal, group: &GroupView) -> bool {
    let slots = group.slots.iter().map(|s| s.destination_id);
    group
        .destination_id
        .into_iter()
        .chain(slots)
        .all(|d| who.reaches(d))
}
