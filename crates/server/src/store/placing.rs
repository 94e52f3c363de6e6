//! Names and objects in the ledger: every key is written here before anything is created under it (I18).

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId, ObjectId, OwnerId};
use windlass_core::names::collision_form;
use windlass_core::states::GroupState;
use windlass_protocol::destinations::DestinationConfig;

use crate::db::{Tx, params};
use crate::failure::{Refusal, internal};
use crate::naming::{self, Rules};

/// Ways to write one name that are tried.
const MAX_NUMBER: u32 = 100_000;

/// Where the files of a group go.
pub(super) struct Place {
    pub(super) group_name: String,
    pub(super) destination: DestinationId,
    pub(super) rules: Rules,
    prefix: String,
    max_bytes: Option<u64>,
    allowed_mime: Option<Vec<String>>,
    read_only: bool,
}

impl Place {
    /// Why the destination does not take a file (L-10).
    pub(super) fn refuses(&self, size: u64, mime: &str) -> Option<Refusal> {
        if self.read_only {
            let detail = "the destination takes no new files";
            return Some(Refusal::new(ErrorCode::DestinationReadOnly, detail));
        }
        if let Some(max) = self.max_bytes.filter(|max| size > *max) {
            let detail = format!("{size} bytes, allowed are {max}");
            return Some(Refusal::new(ErrorCode::TooLarge, detail));
        }
        let allowed = self.allowed_mime.as_ref()?;
        let essence = mime
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => essence.starts_with(start),
            None => essence == *pattern,
        };
        if allowed.iter().any(fits) {
            return None;
        }
        let detail = format!("{essence:?}, allowed are {}", allowed.join(", "));
        Some(Refusal::new(ErrorCode::MimeNotAllowed, detail))
    }
}

/// The place of an open group.
pub(super) fn place(
    tx: &mut dyn Tx,
    owner: OwnerId,
    group: GroupId,
) -> Result<Result<Place, Refusal>, Failure> {
    let found = tx.query_opt(
        "SELECT g.state, g.name, d.id, d.config, d.max_bytes, d.allowed_mime, d.state = 'read_only' FROM upload_group g
         JOIN destination d ON d.id = g.destination_id WHERE g.owner_id = ?1 AND g.id = ?2",
        params![owner, group],
    )?;
    let Some(row) = found else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such group")));
    };
    match row.get::<GroupState>(0)? {
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
    let (rules, prefix) = rules(&row.get::<String>(3)?)?;
    Ok(Ok(Place {
        group_name: row.get(1)?,
        destination: row.get(2)?,
        rules,
        prefix,
        max_bytes: row.get(4)?,
        allowed_mime: row
            .get::<Option<String>>(5)?
            .map(|list| serde_json::from_str(&list))
            .transpose()
            .map_err(internal)?,
        read_only: row.get(6)?,
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
    place: &Place,
    rel_path: &str,
    taken: impl FnMut(&str) -> Result<bool, Failure>,
) -> Result<Result<(String, String), Refusal>, Failure> {
    match naming::key(&place.prefix, &place.group_name, rel_path, place.rules) {
        Ok(base) => Ok(free(&base, 1, place.rules, taken)?.map(|(key, form, _)| (key, form))),
        Err(refused) => Ok(Err(refused.into())),
    }
}

/// The form of the first name that is tried for a file, if it may have it at all.
pub(super) fn first_form(place: &Place, rel_path: &str) -> Option<String> {
    let key = naming::key(&place.prefix, &place.group_name, rel_path, place.rules).ok()?;
    Some(collision_form(&key, place.rules == Rules::Folder))
}

/// True when an object of the destination has the name.
pub(super) fn is_taken(tx: &mut dyn Tx, destination: DestinationId, form: &str) -> Result<bool, Failure> {
    tx.exists(
        "SELECT 1 FROM stored_object WHERE destination_id = ?1 AND key_form = ?2",
        params![destination, form],
    )
}

/// The first name from the n-th on that nobody has: key, collision form, number.
fn free(
    base: &str,
    from: u32,
    rules: Rules,
    mut taken: impl FnMut(&str) -> Result<bool, Failure>,
) -> Result<Result<(String, String, u32), Refusal>, Failure> {
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
        if !taken(&form)? {
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
    tx: &mut dyn Tx,
    object: ObjectId,
    from: u32,
) -> Result<Result<(String, u32), Refusal>, Failure> {
    let found = tx.query_opt(
        "SELECT o.destination_id, d.config, g.name, s.rel_path FROM stored_object o
         JOIN destination d ON d.id = o.destination_id
         JOIN upload_session s ON s.owner_id = o.owner_id AND s.id = o.session_id
         JOIN upload_group g ON g.owner_id = s.owner_id AND g.id = s.group_id
         WHERE o.id = ?1 AND o.state = 'open'",
        params![object],
    )?;
    let Some(row) = found else {
        return Ok(Err(Refusal::new(
            ErrorCode::ObjectCondemned,
            "the attempt was given up",
        )));
    };
    let (rules, prefix) = rules(&row.get::<String>(1)?)?;
    let base = match naming::key(&prefix, &row.get::<String>(2)?, &row.get::<String>(3)?, rules) {
        Ok(base) => base,
        Err(refused) => return Ok(Err(refused.into())),
    };
    let destination = row.get(0)?;
    let (key, form, n) = match free(&base, from, rules, |form| is_taken(tx, destination, form))? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    tx.execute(
        "UPDATE stored_object SET object_key = ?2, key_form = ?3 WHERE id = ?1 AND state = 'open'",
        params![object, &key, form],
    )?;
    Ok(Ok((key, n)))
}

/// Gives up an object. On a folder its name is free again: nothing was ever visible under it.
pub(super) fn condemn(tx: &mut dyn Tx, object: ObjectId) -> Result<(), Failure> {
    tx.execute(
        "UPDATE stored_object SET state = 'condemned',
           key_form = CASE WHEN (SELECT kind FROM destination d WHERE d.id = destination_id) = 'folder'
                      THEN key_form || '/' || ?2 ELSE key_form END
         WHERE id = ?1 AND state IN ('open', 'stored')",
        params![object, object.to_string()],
    )?;
    Ok(())
}
