//! A batch of announced files: what is asked about all of them at once, and what is written for all of them at once.
//!
//! New rows wait until the end, or until something is asked that they would answer. What was foreseen holds until a known
//! row is changed; from then on each question is asked by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::states::SessionState;
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;

use super::QUIET_MS;
use crate::db::{Kind, Tx, Value, list, params, rows_list, values_list};
use crate::failure::{Refusal, internal};
use crate::store::placing::{self, Place, Wish};
use crate::store::reads::{filled, step};
use crate::store::{InitRow, ObjectRow, SessionRow, canonical, groups, reads};

/// Rows of one INSERT. What does not fill one goes in smaller ones, so that there are few statements to prepare.
const TOGETHER: [usize; 3] = [128, 16, 1];

/// A content at a place: destination, hash, bytes.
type Content = (DestinationId, Sha256, u64);

/// An object to be made.
pub(super) struct NewObject {
    pub(super) object: ObjectRow,
    /// Collision form of its key.
    pub(super) form: String,
}

/// A session to be made.
pub(super) struct NewSession {
    row: SessionRow,
    object: Option<ObjectId>,
    metadata: Option<String>,
}

impl NewSession {
    pub(super) fn new(row: &SessionRow, item: &InitRow) -> Self {
        Self {
            object: row.object.as_ref().map(|o| o.id),
            row: SessionRow {
                object: None,
                ..row.clone()
            },
            metadata: item.metadata.clone(),
        }
    }

    /// One that can never be taken.
    pub(super) fn rejected(row: &SessionRow, item: &InitRow, why: &Failure) -> Self {
        let mut new = Self::new(row, item);
        new.row.error = Some(why.clone());
        new
    }
}

/// What is known about all of a batch before the first is decided.
#[derive(Default)]
struct Foreseen {
    /// Sizes of which there is an uploaded file.
    sizes: BTreeSet<(DestinationId, u64)>,
    /// Whether a name is taken, of those that were asked about.
    names: BTreeMap<(DestinationId, String), bool>,
    /// Who has a content, who is bringing it, and who only says to have it.
    settled: BTreeMap<Content, SessionRow>,
    open: BTreeMap<Content, FileId>,
    unproved: BTreeMap<Content, FileId>,
    /// Contents of which a deleted canonical is left.
    orphaned: BTreeSet<Content>,
}

/// A batch in its transaction.
pub(super) struct Batch<'a> {
    pub(super) tx: &'a mut dyn Tx,
    pub(super) owner: OwnerId,
    pub(super) now: Timestamp,
    places: BTreeMap<Wish, Result<Rc<Place>, Refusal>>,
    known: BTreeMap<FileId, SessionRow>,
    /// Sessions that this batch has written.
    written: BTreeSet<FileId>,
    objects: Vec<NewObject>,
    sessions: Vec<NewSession>,
    moved: BTreeSet<GroupId>,
    foreseen: Option<Foreseen>,
}

impl<'a> Batch<'a> {
    pub(super) fn begin(
        tx: &'a mut dyn Tx,
        owner: OwnerId,
        items: &[InitRow],
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let known = reads::sessions(tx, owner, items.iter().map(|i| i.id))?;
        let mut batch = Self {
            tx,
            owner,
            now,
            places: BTreeMap::new(),
            known,
            written: BTreeSet::new(),
            objects: Vec::new(),
            sessions: Vec::new(),
            moved: BTreeSet::new(),
            foreseen: None,
        };
        batch.foreseen = Some(batch.foresee(items)?);
        Ok(batch)
    }

    /// The session of an id, as it is now.
    pub(super) fn known(&mut self, id: FileId) -> Result<Option<SessionRow>, Failure> {
        if self.written.contains(&id) {
            self.flush()?;
            return reads::session(self.tx, self.owner, id);
        }
        Ok(self.known.get(&id).cloned())
    }

    /// A session that was just written.
    pub(super) fn read_again(&mut self, id: FileId) -> Result<SessionRow, Failure> {
        self.written.insert(id);
        reads::session(self.tx, self.owner, id)?
            .ok_or_else(|| internal("a session that was just written is not there"))
    }

    /// Where a file goes.
    pub(super) fn place(&mut self, wish: &Wish) -> Result<Result<Rc<Place>, Refusal>, Failure> {
        if let Some(place) = self.places.get(wish) {
            return Ok(place.clone());
        }
        let place = placing::place(self.tx, self.owner, wish)?.map(Rc::new);
        self.places.insert(wish.clone(), place.clone());
        Ok(place)
    }

    /// True when there is an uploaded file of this size.
    pub(super) fn size_is_there(&mut self, to: DestinationId, size: u64) -> Result<bool, Failure> {
        if let Some(foreseen) = &self.foreseen {
            return Ok(foreseen.sizes.contains(&(to, size)));
        }
        Ok(!sizes(self.tx, self.owner, to, &[size])?.is_empty())
    }

    /// Who has this content.
    pub(super) fn same_content(
        &mut self,
        to: DestinationId,
        hash: Sha256,
        size: u64,
        asking: FileId,
    ) -> Result<Same, Failure> {
        let content = (to, hash, size);
        // Of a known session the hash may be that of an earlier call, which was not foreseen; and it is not its own source.
        let is_new = !self.known.contains_key(&asking) && !self.written.contains(&asking);
        if let Some(foreseen) = self.foreseen.as_ref().filter(|_| is_new) {
            return Ok(Same {
                settled: foreseen.settled.get(&content).cloned(),
                open: foreseen.open.get(&content).copied(),
                unproved: foreseen.unproved.get(&content).copied(),
            });
        }
        self.flush()?;
        let found = contents(self.tx, self.owner, to, &[(hash, size)], self.now, Some(asking))?;
        let Who {
            settled,
            open,
            unproved,
        } = found.get(&(hash, size)).copied().unwrap_or_default();
        let settled = match settled {
            Some(id) => reads::session(self.tx, self.owner, id)?,
            None => None,
        };
        Ok(Same {
            settled,
            open,
            unproved,
        })
    }

    /// The stored object of a deleted canonical with this content.
    pub(super) fn orphan(
        &mut self,
        to: DestinationId,
        hash: Sha256,
        size: u64,
    ) -> Result<Option<ObjectRow>, Failure> {
        if let Some(foreseen) = &self.foreseen
            && !foreseen.orphaned.contains(&(to, hash, size))
        {
            return Ok(None);
        }
        canonical::orphan(self.tx, self.owner, (to, hash, size))
    }

    /// True when living sessions follow or duplicate this one.
    pub(super) fn is_followed(&mut self, id: FileId) -> Result<bool, Failure> {
        self.flush()?;
        self.tx.exists(
            "SELECT 1 FROM upload_session WHERE owner_id = ?1 AND canonical_id = ?2 AND deleted_at IS NULL LIMIT 1",
            params![self.owner, id],
        )
    }

    /// True when an object of the destination has the name.
    pub(super) fn is_taken(&mut self, to: DestinationId, form: &str) -> Result<bool, Failure> {
        if let Some(foreseen) = &self.foreseen
            && let Some(taken) = foreseen.names.get(&(to, form.to_owned()))
        {
            return Ok(*taken);
        }
        self.flush()?;
        placing::is_taken(self.tx, to, form)
    }

    /// Makes an object before the session that points at it.
    pub(super) fn make_object(&mut self, new: NewObject) {
        if let Some(foreseen) = &mut self.foreseen {
            let name = (new.object.destination, new.form.clone());
            foreseen.names.insert(name, true);
        }
        self.objects.push(new);
    }

    /// Makes a session.
    pub(super) fn make_session(&mut self, new: NewSession) {
        let row = &new.row;
        if let Some(foreseen) = &mut self.foreseen
            && row.canonical.is_none()
            && row.state == SessionState::Pending
            && let Some(hash) = row.sha256
        {
            let content = (row.destination, hash, row.plan.size());
            foreseen.open.entry(content).or_insert(row.id);
        }
        self.written.insert(row.id);
        self.sessions.push(new);
    }

    /// Something of a group moves.
    pub(super) fn under_way(&mut self, group: Option<GroupId>) -> Result<(), Failure> {
        if let Some(group) = group
            && self.moved.insert(group)
        {
            groups::under_way(self.tx, self.owner, group, self.now)?;
        }
        Ok(())
    }

    /// A known row is about to be changed: what was foreseen does not hold any more.
    pub(super) fn forget(&mut self) -> Result<(), Failure> {
        self.flush()?;
        self.foreseen = None;
        Ok(())
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        let (owner, now) = (self.owner, self.now);
        insert(
            self.tx,
            "stored_object (id, owner_id, session_id, attempt, destination_id, object_key, key_form, state, token, size,
               created_at)",
            &std::mem::take(&mut self.objects),
            |new| {
                let o = &new.object;
                vec![
                    o.id.into(),
                    owner.into(),
                    o.session.into(),
                    o.attempt.into(),
                    o.destination.into(),
                    (&o.key).into(),
                    (&new.form).into(),
                    o.state.into(),
                    o.token.into(),
                    o.plan.size().into(),
                    now.into(),
                ]
            },
        )?;
        insert(
            self.tx,
            "upload_session (owner_id, id, attempt, group_id, destination_id, rel_path, size, part_size, part_count, mime,
               sha256, canonical_id, object_id, state, client_id, alive_at, uploaded_at, created_at, updated_at, file_type,
               is_required, metadata, error_code, error_detail, error_at)",
            &std::mem::take(&mut self.sessions),
            |new| {
                let s = &new.row;
                vec![
                    owner.into(),
                    s.id.into(),
                    s.attempt.into(),
                    s.group.into(),
                    s.destination.into(),
                    (&s.rel_path).into(),
                    s.plan.size().into(),
                    s.plan.part_size().into(),
                    s.plan.count().into(),
                    (&s.mime).into(),
                    s.sha256.into(),
                    s.canonical.into(),
                    new.object.into(),
                    s.state.into(),
                    s.client.into(),
                    now.into(),
                    s.uploaded_at.into(),
                    now.into(),
                    now.into(),
                    s.file_type.clone().into(),
                    s.is_required.into(),
                    new.metadata.as_deref().unwrap_or("{}").into(),
                    s.error.as_ref().map(|e| e.code).into(),
                    s.error.as_ref().map(|e| e.detail.as_str()).into(),
                    s.error.as_ref().map(|_| now).into(),
                ]
            },
        )
    }

    /// Asks about all files that are new.
    fn foresee(&mut self, items: &[InitRow]) -> Result<Foreseen, Failure> {
        let mut foreseen = Foreseen::default();
        let mut asked: BTreeMap<DestinationId, Asked> = BTreeMap::new();
        for item in items {
            if self.known.contains_key(&item.id) {
                continue;
            }
            let Ok(place) = self.place(&super::wish(item))? else {
                continue;
            };
            let asked = asked.entry(place.destination).or_default();
            let file = placing::Named {
                session: item.id,
                rel_path: &item.rel_path,
                at: self.now,
            };
            asked.names.extend(placing::first_form(&place, file));
            let size = item.plan.size();
            if item.race || size == 0 {
                continue;
            }
            match item.sha256 {
                Some(hash) => asked.contents.insert((hash, size)),
                None => asked.sizes.insert(size),
            };
        }
        for (to, asked) in asked {
            let (tx, owner) = (&mut *self.tx, self.owner);
            let of_sizes: Vec<_> = asked.sizes.into_iter().collect();
            let there = sizes(tx, owner, to, &of_sizes)?;
            foreseen.sizes.extend(there.into_iter().map(|size| (to, size)));
            let names: Vec<_> = asked.names.into_iter().collect();
            let taken = taken(tx, to, &names)?;
            foreseen.names.extend(names.into_iter().map(|name| {
                let is_taken = taken.contains(&name);
                ((to, name), is_taken)
            }));
            let of_contents: Vec<_> = asked.contents.into_iter().collect();
            let found = contents(tx, owner, to, &of_contents, self.now, None)?;
            let orphaned = canonical::orphaned(tx, owner, to, &of_contents)?;
            foreseen
                .orphaned
                .extend(orphaned.into_iter().map(|(hash, size)| (to, hash, size)));
            let sources = reads::sessions(tx, owner, found.values().filter_map(|f| f.settled))?;
            for ((hash, size), who) in found {
                let content = (to, hash, size);
                let source = who.settled.and_then(|id| sources.get(&id));
                foreseen.settled.extend(source.map(|s| (content, s.clone())));
                foreseen.open.extend(who.open.map(|id| (content, id)));
                foreseen.unproved.extend(who.unproved.map(|id| (content, id)));
            }
        }
        Ok(foreseen)
    }
}

/// What is asked about one destination.
#[derive(Default)]
struct Asked {
    names: BTreeSet<String>,
    sizes: BTreeSet<u64>,
    contents: BTreeSet<(Sha256, u64)>,
}

/// Those names that objects of a destination have.
fn taken(tx: &mut dyn Tx, to: DestinationId, names: &[String]) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    for some in names.chunks(reads::MOST) {
        let sql = format!(
            "SELECT key_form FROM stored_object WHERE destination_id = ?1 AND key_form IN ({})",
            list(2, step(some.len()))
        );
        for row in tx.query(&sql, &filled(to.into(), some))? {
            found.insert(row.get(0)?);
        }
    }
    Ok(found)
}

/// Those sizes of which an owner has an uploaded file.
fn sizes(tx: &mut dyn Tx, owner: OwnerId, to: DestinationId, of: &[u64]) -> Result<Vec<u64>, Failure> {
    let mut found = Vec::new();
    for some in of.chunks(reads::MOST) {
        let kinds = [Kind::Id, Kind::Id, Kind::Int];
        let values = values_list(tx.dialect(), 1, step(some.len()), &kinds);
        let sql = format!(
            "WITH v(owner_id, destination_id, size) AS ({values}) SELECT v.size FROM v WHERE EXISTS
               (SELECT 1 FROM upload_session s WHERE s.owner_id = v.owner_id AND s.destination_id = v.destination_id
                  AND s.size = v.size AND s.state = 'uploaded' AND s.deleted_at IS NULL)"
        );
        let facts = |size: &u64| [owner.into(), to.into(), (*size).into()];
        let mut values: Vec<Value> = some.iter().flat_map(facts).collect();
        values.resize(kinds.len() * step(some.len()), Value::Null);
        for row in tx.query(&sql, &values)? {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Sessions of one content.
#[derive(Debug, Clone, Copy, Default)]
struct Who {
    /// Has it, proved (M6).
    settled: Option<FileId>,
    /// Brings it, and shows signs of life.
    open: Option<FileId>,
    /// Has it by what its sender said, and nobody has tried in vain to prove that.
    unproved: Option<FileId>,
}

/// The same, with what has it.
#[derive(Debug, Default)]
pub(super) struct Same {
    pub(super) settled: Option<SessionRow>,
    pub(super) open: Option<FileId>,
    pub(super) unproved: Option<FileId>,
}

/// Who has each content.
fn contents(
    tx: &mut dyn Tx,
    owner: OwnerId,
    to: DestinationId,
    of: &[(Sha256, u64)],
    now: Timestamp,
    asking: Option<FileId>,
) -> Result<BTreeMap<(Sha256, u64), Who>, Failure> {
    let mut found = BTreeMap::new();
    for some in of.chunks(reads::MOST / 2) {
        let rows = step(some.len());
        let kinds = [Kind::Id, Kind::Id, Kind::Bytes, Kind::Int];
        let values = values_list(tx.dialect(), 3, rows, &kinds);
        // A plus, and nothing added, hide a column from the planner: the content's own index finds few rows, those of
        // states, sizes and times many.
        let sql = format!(
            "WITH v(owner_id, destination_id, sha256, size) AS ({values}) SELECT v.sha256, v.size,
               (SELECT s.id FROM upload_session s JOIN stored_object o ON o.id = s.object_id
                WHERE s.owner_id = v.owner_id AND s.destination_id = v.destination_id AND s.sha256 = v.sha256
                  AND s.canonical_id IS NULL AND s.deleted_at IS NULL AND s.state || '' = 'uploaded' AND +s.size = v.size
                  AND o.state = 'stored' AND o.sha256 = v.sha256
                ORDER BY o.checked_at DESC NULLS LAST, s.id LIMIT 1),
               (SELECT s.id FROM upload_session s
                WHERE s.owner_id = v.owner_id AND s.destination_id = v.destination_id AND s.sha256 = v.sha256
                  AND s.canonical_id IS NULL AND s.deleted_at IS NULL
                  AND s.state || '' IN ('pending', 'uploading', 'verifying') AND +s.size = v.size
                  AND +s.alive_at > ?1 AND s.id <> ?2 ORDER BY +s.created_at, s.id LIMIT 1),
               (SELECT s.id FROM upload_session s JOIN stored_object o ON o.id = s.object_id
                WHERE s.owner_id = v.owner_id AND s.destination_id = v.destination_id AND s.sha256 = v.sha256
                  AND s.canonical_id IS NULL AND s.deleted_at IS NULL AND s.state || '' = 'uploaded' AND +s.size = v.size
                  AND o.state = 'stored' AND o.sha256 IS NULL
                  AND NOT EXISTS (SELECT 1 FROM processing_job j WHERE j.owner_id = s.owner_id AND j.session_id = s.id
                    AND j.type = 'verify_hash' AND j.state IN ('failed', 'cancelled'))
                ORDER BY +s.created_at, s.id LIMIT 1)
             FROM v"
        );
        // Nobody's id when everybody counts.
        let asking = asking.map_or(Value::Blob(vec![0; 16]), Value::from);
        let mut values = vec![now.plus_millis(-QUIET_MS).into(), asking];
        let facts = |(hash, size): &(Sha256, u64)| [owner.into(), to.into(), (*hash).into(), (*size).into()];
        values.extend(some.iter().flat_map(facts));
        values.resize(2 + kinds.len() * rows, Value::Null);
        for row in tx.query(&sql, &values)? {
            // What fills the list up to its step.
            if row.is_null(0) {
                continue;
            }
            let who = Who {
                settled: row.get(2)?,
                open: row.get(3)?,
                unproved: row.get(4)?,
            };
            found.insert((row.get(0)?, row.get(1)?), who);
        }
    }
    Ok(found)
}

/// Of each content: a settled session that has it, proved.
pub(in crate::store) fn settled_contents(
    tx: &mut dyn Tx,
    owner: OwnerId,
    to: DestinationId,
    of: &[(Sha256, u64)],
    now: Timestamp,
) -> Result<BTreeMap<(Sha256, u64), FileId>, Failure> {
    let found = contents(tx, owner, to, of, now, None)?;
    let settled = found
        .into_iter()
        .filter_map(|(content, who)| Some((content, who.settled?)));
    Ok(settled.collect())
}

/// Inserts rows, many in one statement.
fn insert<T>(
    tx: &mut dyn Tx,
    table: &str,
    rows: &[T],
    values: impl Fn(&T) -> Vec<Value>,
) -> Result<(), Failure> {
    let mut rest = rows;
    for together in TOGETHER {
        while rest.len() >= together {
            let (some, more) = rest.split_at(together);
            let all: Vec<Value> = some.iter().flat_map(&values).collect();
            let columns = all.len() / together;
            let sql = format!("INSERT INTO {table} VALUES {}", rows_list(1, together, columns));
            tx.execute(&sql, &all)?;
            rest = more;
        }
    }
    Ok(())
}
