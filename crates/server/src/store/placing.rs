//! Names and objects in the ledger: every key is written here before anything is created under it (I18).

use windlass_core::accepts::Accepts;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::names::collision_form;
use windlass_core::states::GroupState;
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::DestinationConfig;

use crate::db::{Tx, params};
use crate::failure::{Refusal, internal};
use crate::naming::{self, Rules};

/// Ways to write one name that are tried.
const MAX_NUMBER: u32 = 100_000;

/// What decides where a file goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wish {
    pub(super) group: Option<GroupId>,
    /// When neither a slot nor the group says so.
    pub(super) destination: Option<DestinationId>,
    /// A slot of the group's template.
    pub(super) file_type: Option<String>,
}

/// A file that is to have a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) session: FileId,
    pub(super) rel_path: &'a str,
    /// Of the attempt.
    pub(super) at: Timestamp,
}

/// Where files go.
pub(super) struct Place {
    pub(super) destination: DestinationId,
    pub(super) rules: Rules,
    /// The slot can't be done without.
    pub(super) slot_required: bool,
    naming: Naming,
    prefix: String,
    accepts: Accepts,
    read_only: bool,
}

/// How names are made (server model §1.1).
enum Naming {
    /// `{group}/{path}`.
    Group(String),
    /// `{owner}/{group id, or session id}/{path}`.
    Owner(OwnerId, Option<GroupId>),
    /// `{entity type}/{entity}/{file type}_{time}.{ext}`.
    Slot(String),
}

impl Place {
    /// Why the destination does not take a file (L-10, A-9).
    pub(super) fn refuses(&self, rel_path: &str, size: u64, mime: &str) -> Option<Refusal> {
        if self.read_only {
            let detail = "the destination takes no new files";
            return Some(Refusal::new(ErrorCode::DestinationReadOnly, detail));
        }
        let refused = self.accepts.refuses(rel_path, size, mime)?;
        Some(refused.failure().into())
    }

    /// The n-th way to name a file, from 1.
    fn nth(&self, file: Named<'_>, n: u32) -> Result<String, Failure> {
        let base = match &self.naming {
            Naming::Group(name) => naming::key(&self.prefix, name, file.rel_path, self.rules)?,
            Naming::Owner(owner, group) => {
                let inside = group.map_or_else(|| file.session.to_string(), |g| g.to_string());
                naming::plain(
                    format!("{}{owner}/{inside}/{}", self.prefix, file.rel_path),
                    self.rules,
                )?
            }
            Naming::Slot(base) => {
                // A millisecond later for each name that is taken (L-11).
                let at = file.at.plus_millis(i64::from(n) - 1).as_millis();
                let key = format!("{}{base}_{at}.{}", self.prefix, naming::extension(file.rel_path));
                return naming::plain(key, self.rules);
            }
        };
        if n < 2 {
            Ok(base)
        } else {
            naming::nth(&base, n, self.rules)
        }
    }
}

impl Place {
    /// The key of a folder of a group in which nothing is, without a slash at its end.
    ///
    /// # Errors
    /// `name_invalid` when the place can't have a name of this length.
    fn folder(&self, group: GroupId, path: &str) -> Result<String, Failure> {
        // A marker of it is longer by its slash.
        let marker = match &self.naming {
            Naming::Group(name) => naming::key(&self.prefix, name, &format!("{path}/"), self.rules)?,
            Naming::Owner(owner, _) => {
                naming::plain(format!("{}{owner}/{group}/{path}/", self.prefix), self.rules)?
            }
            Naming::Slot(_) => return Err(Failure::new(ErrorCode::NameInvalid, "a slot has no folders")),
        };
        Ok(marker.trim_end_matches('/').to_owned())
    }
}

/// Where folders of a group stand in which nothing is.
pub(crate) struct Standing {
    pub(crate) destination: DestinationId,
    /// Path and key of each that can have a name there.
    pub(crate) keys: Vec<(String, String)>,
}

/// Where folders of a group shall stand.
///
/// # Errors
/// When the ledger does not answer; a group that takes no files any more is a refusal.
pub(crate) fn folders(
    tx: &mut dyn Tx,
    owner: OwnerId,
    group: GroupId,
    paths: &[String],
) -> Result<Result<Standing, Refusal>, Failure> {
    let wish = Wish {
        group: Some(group),
        destination: None,
        file_type: None,
    };
    let place = match place(tx, owner, &wish)? {
        Ok(place) if place.read_only => {
            let detail = "the destination takes no new files";
            return Ok(Err(Refusal::new(ErrorCode::DestinationReadOnly, detail)));
        }
        Ok(place) => place,
        Err(refused) => return Ok(Err(refused)),
    };
    // A group of which nothing went there is given up: no skeleton of it stays behind.
    let has_files = tx.exists(
        "SELECT 1 FROM upload_session WHERE owner_id = ?1 AND group_id = ?2",
        params![owner, group],
    )?;
    let paths = if has_files { paths } else { &[] };
    let keys = paths
        .iter()
        .filter_map(|path| Some((path.clone(), place.folder(group, path).ok()?)));
    Ok(Ok(Standing {
        destination: place.destination,
        keys: keys.collect(),
    }))
}

/// Where a file goes: by its slot, else by its group, else as it says itself.
pub(super) fn place(tx: &mut dyn Tx, owner: OwnerId, wish: &Wish) -> Result<Result<Place, Refusal>, Failure> {
    let Some(group) = wish.group else {
        let (Some(destination), None) = (wish.destination, &wish.file_type) else {
            let detail = match wish.file_type {
                Some(_) => "file_type: a file without a group has no slot",
                None => "destination_id: a file without a group needs one",
            };
            return Ok(Err(Refusal::new(ErrorCode::InvalidField, detail)));
        };
        // Below its own id, so that no two meet.
        return at(tx, destination, |_| Naming::Owner(owner, None));
    };
    let found = tx.query_opt(
        "SELECT g.state, g.name, g.destination_id, g.deleted_at IS NOT NULL, t.key_word, g.entity_id, x.destination_id,
           x.key_word, x.is_required
         FROM upload_group g LEFT JOIN template t ON t.id = g.template_id
         LEFT JOIN template_slot x ON x.template_id = g.template_id AND x.file_type = ?3
         WHERE g.owner_id = ?1 AND g.id = ?2",
        params![owner, group, wish.file_type.clone()],
    )?;
    let Some(row) = found else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such group")));
    };
    let closed = match row.get::<GroupState>(0)? {
        _ if row.get(3)? => Some((ErrorCode::GroupClosed, "the group was deleted")),
        GroupState::Completed => Some((ErrorCode::GroupCompleted, "the group is complete")),
        GroupState::Cancelled => Some((ErrorCode::GroupClosed, "the group was cancelled")),
        GroupState::Draft | GroupState::Uploading | GroupState::Failed => None,
    };
    if let Some((code, why)) = closed {
        return Ok(Err(Refusal::new(code, why)));
    }
    if let Some(file_type) = &wish.file_type {
        let (Some(destination), Some(word)) = (
            row.get::<Option<DestinationId>>(6)?,
            row.get::<Option<String>>(7)?,
        ) else {
            let detail = format!("file_type: the group has no slot {file_type:?}");
            return Ok(Err(Refusal::new(ErrorCode::InvalidField, detail)));
        };
        let entity: GroupId = row.get(5)?;
        let base = format!("{}/{entity}/{word}", row.get::<String>(4)?);
        let required = row.get(8)?;
        let found = at(tx, destination, |_| Naming::Slot(base))?;
        return Ok(found.map(|place| Place {
            slot_required: required,
            ..place
        }));
    }
    let Some(destination) = row.get::<Option<DestinationId>>(2)?.or(wish.destination) else {
        let detail = "destination_id: the group has none for files without a slot";
        return Ok(Err(Refusal::new(ErrorCode::InvalidField, detail)));
    };
    let name: String = row.get(1)?;
    at(tx, destination, |naming| match naming {
        "owner" => Naming::Owner(owner, Some(group)),
        _ => Naming::Group(name),
    })
}

/// A place at a destination.
fn at(
    tx: &mut dyn Tx,
    destination: DestinationId,
    naming: impl FnOnce(&str) -> Naming,
) -> Result<Result<Place, Refusal>, Failure> {
    let found = tx.query_opt(
        "SELECT config, state <> 'active', naming, max_bytes, refused_types, allowed_mime FROM destination WHERE id = ?1",
        params![destination],
    )?;
    let Some(row) = found else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such destination")));
    };
    let (rules, prefix) = rules(&row.get::<String>(0)?)?;
    Ok(Ok(Place {
        destination,
        rules,
        slot_required: false,
        naming: naming(&row.get::<String>(2)?),
        prefix,
        accepts: super::destinations::accepts(&row, 3)?,
        read_only: row.get(1)?,
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
    file: Named<'_>,
    taken: impl FnMut(&str) -> Result<bool, Failure>,
) -> Result<Result<(String, String), Refusal>, Failure> {
    Ok(free(place, file, 1, taken)?.map(|(key, form, _)| (key, form)))
}

/// The form of the first name that is tried for a file, if it may have it at all.
pub(super) fn first_form(place: &Place, file: Named<'_>) -> Option<String> {
    let key = place.nth(file, 1).ok()?;
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
    place: &Place,
    file: Named<'_>,
    from: u32,
    mut taken: impl FnMut(&str) -> Result<bool, Failure>,
) -> Result<Result<(String, String, u32), Refusal>, Failure> {
    for n in from..MAX_NUMBER {
        let key = match place.nth(file, n) {
            Ok(key) => key,
            Err(refused) => return Ok(Err(refused.into())),
        };
        let form = collision_form(&key, place.rules == Rules::Folder);
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
    let gone = || {
        Ok(Err(Refusal::new(
            ErrorCode::ObjectCondemned,
            "the attempt was given up",
        )))
    };
    let found = tx.query_opt(
        "SELECT o.destination_id, o.owner_id, s.group_id, s.file_type, s.rel_path, s.id, o.created_at
         FROM stored_object o JOIN upload_session s ON s.owner_id = o.owner_id AND s.id = o.session_id
         WHERE o.id = ?1 AND o.state = 'open'",
        params![object],
    )?;
    let Some(row) = found else {
        return gone();
    };
    let destination: DestinationId = row.get(0)?;
    let wish = Wish {
        group: row.get(2)?,
        destination: Some(destination),
        file_type: row.get(3)?,
    };
    let place = match place(tx, row.get(1)?, &wish)? {
        Ok(place) => place,
        Err(refused) => return Ok(Err(refused)),
    };
    let path: String = row.get(4)?;
    let file = Named {
        session: row.get(5)?,
        rel_path: &path,
        at: row.get(6)?,
    };
    let (key, form, n) = match free(&place, file, from, |form| is_taken(tx, destination, form))? {
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
