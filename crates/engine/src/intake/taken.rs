//! The names that a group has.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::ffi::OsStrExt as _;

use windlass_core::error::Failure;
use windlass_core::fingerprint::SourceChange;
use windlass_core::ids::GroupId;
use windlass_core::names::numbered;
use windlass_queue::{Connection, QueueError, files};

use super::{BATCH, Found};
use crate::shell::Shared;

/// The names that a group has, as hashes with their places: a million of them take few bytes each, and only a name that
/// seems taken is looked up.
pub(crate) struct Taken {
    /// In halves, so that an entry has 12 bytes and not 16.
    places: HashMap<[u32; 2], u32>,
    hasher: RandomState,
}

/// Who has a name in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Nobody.
    Free,
    /// The very same file, as it is now.
    Same,
    /// Another one.
    Other,
}

impl Taken {
    /// Of a group without any.
    pub(super) fn none() -> Self {
        Self {
            places: HashMap::new(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) async fn of(shared: &Shared, id: GroupId) -> Result<Self, Failure> {
        let mut taken = Self::none();
        let mut next = 0;
        loop {
            let rows = shared
                .queue
                .read(move |conn| files::page(conn, id, next, BATCH, &[]))
                .await?;
            let Some(last) = rows.last() else { return Ok(taken) };
            next = last.position.unsigned_abs() + 1;
            for row in rows {
                let key = taken.key(&row.rel_path);
                taken.put(key, row.position);
            }
        }
    }

    fn key(&self, name: &str) -> [u32; 2] {
        let hash = self.hasher.hash_one(name).to_ne_bytes();
        let [a, b, c, d, e, f, g, h] = hash;
        [u32::from_ne_bytes([a, b, c, d]), u32::from_ne_bytes([e, f, g, h])]
    }

    fn put(&mut self, key: [u32; 2], position: i64) {
        // A group that ever had four thousand million places is past what one intake may bring a thousand times over.
        self.places
            .insert(key, u32::try_from(position).unwrap_or(u32::MAX));
    }

    /// The name under which it goes in, at this place; `None`: the very same file is there already (dropped twice, or walked
    /// again), or another has its name and it is to be `left` out then.
    pub(super) fn name_for(
        &mut self,
        conn: &Connection,
        group: GroupId,
        found: &Found,
        position: i64,
        left: bool,
    ) -> Result<Option<String>, QueueError> {
        let mut name = found.rel_path.clone();
        let mut n = 2;
        loop {
            match self.stands(conn, group, found, &name)? {
                Stands::Free => {
                    let key = self.key(&name);
                    self.put(key, position);
                    return Ok(Some(name));
                }
                Stands::Same => return Ok(None),
                Stands::Other if left => return Ok(None),
                Stands::Other => {
                    name = numbered(&found.rel_path, n);
                    n += 1;
                }
            }
        }
    }

    /// Who has this name in the group.
    pub(crate) fn stands(
        &self,
        conn: &Connection,
        group: GroupId,
        found: &Found,
        name: &str,
    ) -> Result<Stands, QueueError> {
        let Some(place) = self.places.get(&self.key(name)).copied() else {
            return Ok(Stands::Free);
        };
        let place = i64::from(place);
        let other = files::page(conn, group, place.unsigned_abs(), 1, &[])?
            .into_iter()
            .next();
        // One that is not written yet stands in this very batch: two different paths gave one name.
        let same = other.is_some_and(|o| {
            o.position == place
                && o.rel_path == name
                && o.path == found.path.as_os_str().as_bytes()
                && (found.refused.is_some()
                    || o.fingerprint.compare(&found.fingerprint) != SourceChange::Changed)
        });
        Ok(if same { Stands::Same } else { Stands::Other })
    }
}
