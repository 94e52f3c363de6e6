//! Making groups: where their files go, of which template they are, what they belong to.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId, OwnerId};
use windlass_core::time::Timestamp;
use windlass_protocol::groups::{GroupView, NewGroup};

use crate::db::{Tx, params};
use crate::failure::{Refusal, internal};
use crate::store::audit::{self, Act, Actor};
use crate::store::destinations;
use crate::store::group_view::{found, load};

/// Makes a group, or finds the one of these facts.
pub(crate) fn create(
    tx: &mut dyn Tx,
    owner: OwnerId,
    wanted: &NewGroup,
    now: Timestamp,
) -> Result<Result<GroupView, Refusal>, Failure> {
    let destination = match destination(tx, wanted)? {
        Ok(destination) => destination,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(group) = load(tx, owner, wanted.id)? {
        let same = group.name == wanted.name
            && group.destination_id == destination
            && group.entity_type == wanted.template
            && group.parent_id == wanted.parent_id
            && (wanted.entity_id.is_none() || group.entity_id == wanted.entity_id);
        if !same {
            return Ok(Err(Refusal::new(
                ErrorCode::IdReused,
                "the id is that of another group",
            )));
        }
        return Ok(Ok(group));
    }
    let template = match &wanted.template {
        None => None,
        Some(word) => match newest_template(tx, word)? {
            Some(id) => Some(id),
            None => {
                let detail = format!("template: there is none for {word:?}");
                return Ok(Err(Refusal::new(ErrorCode::InvalidField, detail)));
            }
        },
    };
    if let Some(parent) = wanted.parent_id
        && let Some(refused) = refuses_parent(tx, owner, parent)?
    {
        return Ok(Err(refused));
    }
    let entity = template.as_ref().map(|_| wanted.entity_id.unwrap_or(wanted.id));
    if let Some(entity) = entity {
        let open = tx.query_opt(
            "SELECT id FROM upload_group WHERE owner_id = ?1 AND entity_type = ?2 AND entity_id = ?3
               AND deleted_at IS NULL AND state IN ('draft', 'uploading', 'failed')",
            params![owner, wanted.template.clone(), entity],
        )?;
        if let Some(row) = open {
            let detail = format!("the entity has an open group already: {}", row.get::<GroupId>(0)?);
            return Ok(Err(Refusal::new(ErrorCode::StateConflict, detail)));
        }
    }
    let metadata = serde_json::to_string(&wanted.metadata).map_err(internal)?;
    tx.execute(
        "INSERT INTO upload_group (owner_id, id, name, description, destination_id, template_id, entity_type, entity_id,
           parent_id, metadata, client_id, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'draft', ?12, ?12)",
        params![
            owner,
            wanted.id,
            &wanted.name,
            wanted.description.clone(),
            destination,
            template,
            wanted.template.clone(),
            entity,
            wanted.parent_id,
            metadata,
            wanted.client_id,
            now
        ],
    )?;
    found(tx, owner, wanted.id).map(Ok)
}

/// Where files without a slot go, if anywhere.
fn destination(
    tx: &mut dyn Tx,
    wanted: &NewGroup,
) -> Result<Result<Option<DestinationId>, Refusal>, Failure> {
    let missing = || Ok(Err(Refusal::new(ErrorCode::NotFound, "no such destination")));
    let id = match (wanted.destination_id, &wanted.destination) {
        (Some(id), _) => id,
        (None, Some(name)) => match destinations::by_name(tx, name)? {
            Some(id) => id,
            None => return missing(),
        },
        (None, None) if wanted.template.is_some() => return Ok(Ok(None)),
        (None, None) => {
            let detail = "destination_id: a group without a template needs one";
            return Ok(Err(Refusal::new(ErrorCode::InvalidField, detail)));
        }
    };
    // A group that is there already keeps its place, also when that was taken out of use since.
    let in_use = "SELECT 1 FROM destination WHERE id = ?1 AND state <> 'retired'";
    let known = tx.exists(in_use, params![id])? || {
        let there = "SELECT 1 FROM upload_group WHERE id = ?2 AND destination_id = ?1";
        tx.exists(there, params![id, wanted.id])?
    };
    if known { Ok(Ok(Some(id))) } else { missing() }
}

/// Where the files of a new group may go; nothing for what is not there.
pub(crate) fn places(tx: &mut dyn Tx, wanted: &NewGroup) -> Result<Vec<DestinationId>, Failure> {
    let mut places = Vec::new();
    if let Ok(Some(own)) = destination(tx, wanted)? {
        places.push(own);
    }
    if let Some(word) = &wanted.template
        && let Some(template) = newest_template(tx, word)?
    {
        let sql = "SELECT DISTINCT destination_id FROM template_slot WHERE template_id = ?1";
        for row in tx.query(sql, params![template])? {
            places.push(row.get(0)?);
        }
    }
    Ok(places)
}

/// An entity of an older system that has no files: failed where drafts of its kind grow old, else it stays a draft (M17).
pub(crate) fn without_files(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: GroupId,
    actor: Actor,
    now: Timestamp,
) -> Result<(), Failure> {
    let failed = tx.execute(
        "UPDATE upload_group SET state = 'failed', error_code = 'legacy_without_files',
           error_detail = 'Legacy record without files', updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'draft' AND deleted_at IS NULL
           AND template_id IN (SELECT t.id FROM template t WHERE t.draft_days IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM upload_session s WHERE s.owner_id = ?1 AND s.group_id = ?2
             AND s.deleted_at IS NULL)",
        params![owner, id, now],
    )?;
    if failed == 0 {
        return Ok(());
    }
    let act = Act {
        actor,
        action: "group.import",
        subject_kind: "group",
        subject: id.into(),
        owner: Some(owner),
        reason: Some("Legacy record without files"),
        data: serde_json::json!({}),
    };
    audit::write(tx, &act, now)
}

/// The newest version of a template, by what it is for.
fn newest_template(tx: &mut dyn Tx, entity_type: &str) -> Result<Option<Vec<u8>>, Failure> {
    tx.query_opt(
        "SELECT id FROM template WHERE entity_type = ?1 ORDER BY version DESC LIMIT 1",
        params![entity_type],
    )?
    .map(|r| r.get(0))
    .transpose()
}

fn refuses_parent(tx: &mut dyn Tx, owner: OwnerId, parent: GroupId) -> Result<Option<Refusal>, Failure> {
    let found = tx.query_opt(
        "SELECT parent_id FROM upload_group WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL",
        params![owner, parent],
    )?;
    Ok(match found {
        None => Some(Refusal::new(ErrorCode::NotFound, "no such parent group")),
        Some(row) if row.get::<Option<GroupId>>(0)?.is_some() => Some(Refusal::new(
            ErrorCode::InvalidField,
            "parent_id: that group has a parent itself",
        )),
        Some(_) => None,
    })
}
