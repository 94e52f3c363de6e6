//! What everybody may read: files of released groups, and of groups whose parent is released, by the public id; objects
//! in public destinations, by their keys (L-12).

use windlass_core::error::Failure;
use windlass_core::ids::{FileId, GroupId, OwnerId};

use super::group_view::{self, SettledFile};
use crate::db::{Tx, params};
use crate::store::{ObjectRow, reads};

/// A released group.
pub(crate) struct Released {
    pub(crate) owner: OwnerId,
    pub(crate) group: GroupId,
    pub(crate) name: String,
}

/// The group of a public id.
pub(crate) fn group(tx: &mut dyn Tx, public: [u8; 16]) -> Result<Option<Released>, Failure> {
    tx.query_opt(
        "SELECT owner_id, id, name FROM upload_group WHERE public_id = ?1 AND released_at IS NOT NULL AND deleted_at IS NULL",
        params![public],
    )?
    .map(|r| {
        Ok(Released {
            owner: r.get(0)?,
            group: r.get(1)?,
            name: r.get(2)?,
        })
    })
    .transpose()
}

/// The first settled files of a released group, and of the completed groups below it.
pub(crate) fn files(tx: &mut dyn Tx, released: &Released, most: usize) -> Result<Vec<SettledFile>, Failure> {
    let mut files = group_view::settled(tx, released.owner, released.group, most)?;
    let below = tx.query(
        "SELECT id FROM upload_group WHERE owner_id = ?1 AND parent_id = ?2 AND deleted_at IS NULL ORDER BY created_at, id",
        params![released.owner, released.group],
    )?;
    for row in below {
        let left = most.saturating_sub(files.len());
        if left == 0 {
            break;
        }
        files.extend(group_view::settled(tx, released.owner, row.get(0)?, left)?);
    }
    Ok(files)
}

/// The object of a file of a released group, or of a group whose parent is released.
pub(crate) fn file(tx: &mut dyn Tx, public: [u8; 16], session: FileId) -> Result<Option<ObjectRow>, Failure> {
    let rule = "o.state = 'stored' AND EXISTS (SELECT 1 FROM upload_group r
         JOIN upload_group g ON g.owner_id = r.owner_id AND (g.id = r.id OR g.parent_id = r.id)
         JOIN upload_session f ON f.owner_id = g.owner_id AND f.group_id = g.id
         WHERE r.public_id = ?1 AND r.released_at IS NOT NULL AND r.deleted_at IS NULL AND g.deleted_at IS NULL
           AND f.id = ?2 AND f.deleted_at IS NULL AND f.state IN ('uploaded', 'deduplicated')
           AND f.owner_id = o.owner_id AND f.object_id = o.id)";
    Ok(reads::objects(tx, rule, params![public, session])?.pop())
}

/// The object under a key of a public destination, while a living file has it.
pub(crate) fn object(tx: &mut dyn Tx, destination: &str, key: &str) -> Result<Option<ObjectRow>, Failure> {
    let rule = "o.state = 'stored' AND o.object_key = ?2
         AND o.destination_id = (SELECT d.id FROM destination d WHERE d.name = ?1 AND d.state <> 'retired'
           AND d.visibility = 'public')
         AND EXISTS (SELECT 1 FROM upload_session f WHERE f.owner_id = o.owner_id AND f.object_id = o.id
           AND f.deleted_at IS NULL AND f.state IN ('uploaded', 'deduplicated'))";
    Ok(reads::objects(tx, rule, params![destination, key])?.pop())
}
