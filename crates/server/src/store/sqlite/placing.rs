//! Names and objects in the ledger: every key is written here before anything is created under it (I18).

use rusqlite::{Connection, OptionalExtension as _, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId, ObjectId, OwnerId};
use windlass_core::names::collision_form;
use windlass_core::states::GroupState;
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::DestinationConfig;

use super::{reads, sql};
use crate::failure::{Refusal, internal};
use crate::naming::{self, Rules};
use crate::store::InitRow;

/// Ways to write one name that are tried.
const MAX_NUMBER: u32 = 100_000;

/// Where the files of a group go.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) group_name: String,
    pub(super) destination: DestinationId,
    pub(super) rules: Rules,
    prefix: String,
    pub(super) max_bytes: Option<u64>,
}

/// The place of an open group.
pub(super) fn place(
    conn: &Connection,
    owner: OwnerId,
    group: GroupId,
) -> Result<Result<Place, Refusal>, Failure> {
    let found = conn
        .prepare_cached(
            "SELECT g.state, g.name, d.id, d.config, d.max_bytes FROM upload_group g
             JOIN destination d ON d.id = g.destination_id WHERE g.owner_id = ?1 AND g.id = ?2",
        )
        .and_then(|mut q| {
            q.query_row(params![owner.as_bytes(), group.as_bytes()], |r| {
                let state: GroupState = reads::word(r, 0)?;
                Ok((
                    state,
                    r.get(1)?,
                    reads::id(r, 2)?,
                    r.get::<_, String>(3)?,
                    r.get::<_, Option<i64>>(4)?,
                ))
            })
            .optional()
        })
        .map_err(sql)?;
    let Some((state, group_name, destination, config, max_bytes)) = found else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such group")));
    };
    match state {
        GroupState::Completed => {
            return Ok(Err(Refusal::new(
                ErrorCode::GroupCompleted,
                "the group is complete",
            )));
        }
        GroupState::Cancelled => {
            return Ok(Err(Refusal::new(
                ErrorCode::GroupClosed,
                "the group was cancelled",
            )));
        }
        GroupState::Draft | GroupState::Uploading | GroupState::Failed => {}
    }
    let (rules, prefix) = rules(&config)?;
    Ok(Ok(Place {
        group_name,
        destination,
        rules,
        prefix,
        max_bytes: max_bytes.map(i64::unsigned_abs),
    }))
}

fn rules(config: &str) -> Result<(Rules, String), Failure> {
    Ok(match serde_json::from_str(config).map_err(internal)? {
        DestinationConfig::Folder { .. } => (Rules::Folder, String::new()),
        DestinationConfig::S3 { prefix, .. } => (Rules::Bucket, prefix),
    })
}

/// The first name that a file may have: key and collision form.
pub(super) fn choose(
    conn: &Connection,
    place: &Place,
    rel_path: &str,
) -> Result<Result<(String, String), Refusal>, Failure> {
    match naming::key(&place.prefix, &place.group_name, rel_path, place.rules) {
        Ok(base) => {
            Ok(free(conn, place.destination, &base, 1, place.rules)?.map(|(key, form, _)| (key, form)))
        }
        Err(refused) => Ok(Err(refused.into())),
    }
}

/// Makes the open object of a file.
pub(super) fn insert(
    conn: &Connection,
    owner: OwnerId,
    item: &InitRow,
    destination: DestinationId,
    key: &str,
    form: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    conn.prepare_cached(
        "INSERT INTO stored_object (id, owner_id, session_id, attempt, destination_id, object_key, key_form, state, token,
           size, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open', ?8, ?9, ?10)",
    )
    .and_then(|mut q| {
        q.execute(params![
            item.object.as_bytes(),
            owner.as_bytes(),
            item.id.as_bytes(),
            item.attempt,
            destination.as_bytes(),
            key,
            form,
            item.token,
            item.plan.size() as i64,
            now.as_millis()
        ])
    })
    .map_err(sql)?;
    Ok(())
}

/// The first name from the n-th on that no object of the destination has: key, collision form, number.
fn free(
    conn: &Connection,
    destination: DestinationId,
    base: &str,
    from: u32,
    rules: Rules,
) -> Result<Result<(String, String, u32), Refusal>, Failure> {
    let mut taken = conn
        .prepare_cached("SELECT 1 FROM stored_object WHERE destination_id = ?1 AND key_form = ?2")
        .map_err(sql)?;
    for n in from..MAX_NUMBER {
        let key = match if n < 2 {
            Ok(base.to_owned())
        } else {
            naming::nth(base, n, rules)
        } {
            Ok(key) => key,
            Err(refused) => return Ok(Err(refused.into())),
        };
        let form = collision_form(&key, rules == Rules::Folder);
        if !taken.exists(params![destination.as_bytes(), form]).map_err(sql)? {
            return Ok(Ok((key, form, n)));
        }
    }
    Ok(Err(Refusal::new(
        ErrorCode::NameInvalid,
        "too many files of this name",
    )))
}

/// Gives an open object the next free name.
pub(super) fn rename(
    conn: &Connection,
    object: ObjectId,
    from: u32,
) -> Result<Result<(String, u32), Refusal>, Failure> {
    type Facts = (DestinationId, String, String, String);
    let found: Option<Facts> = conn
        .prepare_cached(
            "SELECT o.destination_id, d.config, g.name, s.rel_path FROM stored_object o
             JOIN destination d ON d.id = o.destination_id
             JOIN upload_session s ON s.owner_id = o.owner_id AND s.id = o.session_id
             JOIN upload_group g ON g.owner_id = s.owner_id AND g.id = s.group_id
             WHERE o.id = ?1 AND o.state = 'open'",
        )
        .and_then(|mut q| {
            q.query_row([object.as_bytes()], |r| {
                Ok((reads::id(r, 0)?, r.get(1)?, r.get(2)?, r.get(3)?))
            })
            .optional()
        })
        .map_err(sql)?;
    let Some((destination, config, group_name, rel_path)) = found else {
        return Ok(Err(Refusal::new(
            ErrorCode::ObjectCondemned,
            "the attempt was given up",
        )));
    };
    let (rules, prefix) = rules(&config)?;
    let base = match naming::key(&prefix, &group_name, &rel_path, rules) {
        Ok(base) => base,
        Err(refused) => return Ok(Err(refused.into())),
    };
    let (key, form, n) = match free(conn, destination, &base, from, rules)? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    conn.prepare_cached(
        "UPDATE stored_object SET object_key = ?2, key_form = ?3 WHERE id = ?1 AND state = 'open'",
    )
    .and_then(|mut q| q.execute(params![object.as_bytes(), key, form]))
    .map_err(sql)?;
    Ok(Ok((key, n)))
}

/// Gives up an object. On a folder its name is free again: nothing was ever visible under it.
pub(super) fn condemn(conn: &Connection, object: ObjectId) -> Result<(), Failure> {
    conn.prepare_cached(
        "UPDATE stored_object SET state = 'condemned',
           key_form = CASE WHEN (SELECT kind FROM destination d WHERE d.id = destination_id) = 'folder'
                      THEN key_form || '/' || hex(id) ELSE key_form END
         WHERE id = ?1 AND state IN ('open', 'stored')",
    )
    .and_then(|mut q| q.execute([object.as_bytes()]))
    .map_err(sql)?;
    Ok(())
}
