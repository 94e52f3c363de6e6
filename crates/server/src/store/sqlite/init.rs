//! Announcing files: new, known, a newer attempt; to be sent, a duplicate, a follower. One transaction a batch, so two
//! items of one batch see each other.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId, ObjectId, OwnerId};
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;

use super::placing::{self, Place};
use super::sign::last_error;
use super::{groups, reads, sql};
use crate::failure::{Refusal, internal};
use crate::naming::Rules;
use crate::store::{InitDecision, InitRow, ObjectRow, SessionRow};

/// Without a sign of life for so long, an open file is not waited for, milliseconds (server model M7).
const QUIET_MS: i64 = 600_000;
/// An object that the storage was not asked about for so long is asked about before it counts, milliseconds (M6).
const SEEN_MS: i64 = 86_400_000;

type Places = BTreeMap<GroupId, Result<Place, Refusal>>;

/// Decides and writes a batch.
pub(super) fn init(
    conn: &Connection,
    owner: OwnerId,
    items: &[InitRow],
    now: Timestamp,
) -> Result<Vec<InitDecision>, Failure> {
    let mut places = Places::new();
    items
        .iter()
        .map(|item| one(conn, owner, item, &mut places, now))
        .collect()
}

fn one(
    conn: &Connection,
    owner: OwnerId,
    item: &InitRow,
    places: &mut Places,
    now: Timestamp,
) -> Result<InitDecision, Failure> {
    let known = reads::session(conn, owner, item.id)?;
    if let Some(row) = &known
        && let Some(decision) = answer_known(row, item)
    {
        return Ok(decision);
    }
    let place = match places.entry(item.group) {
        std::collections::btree_map::Entry::Occupied(e) => e.into_mut(),
        std::collections::btree_map::Entry::Vacant(e) => e.insert(placing::place(conn, owner, item.group)?),
    };
    let place = match place {
        Ok(place) => place.clone(),
        Err(refused) => return Ok(InitDecision::Refused(refused.clone())),
    };
    if place.max_bytes.is_some_and(|max| item.plan.size() > max) {
        let detail = format!(
            "{} bytes, allowed are {}",
            item.plan.size(),
            place.max_bytes.unwrap_or(0)
        );
        return Ok(InitDecision::Refused(Refusal::new(ErrorCode::TooLarge, detail)));
    }
    let mut at = At {
        conn,
        owner,
        item,
        place,
        now,
        known,
    };
    let found = at.look()?;
    if let Found::Maybe = found {
        return Ok(InitDecision::MaybeDuplicate);
    }
    if let Found::Settled(source) = &found
        && let Some(object) = at.ask_first(source)
    {
        return Ok(InitDecision::AskFirst {
            object: Box::new(object),
        });
    }
    at.begin_attempt()?;
    match found {
        Found::Settled(source) if at.place.rules == Rules::Bucket => at.link(&source),
        Found::Settled(source) => at.copy(source),
        Found::Open(of) => at.follow(of),
        Found::Maybe | Found::Nothing => at.alone(),
    }
}

/// The answer to a file that is known in this attempt, unless it is to be decided anew.
fn answer_known(row: &SessionRow, item: &InitRow) -> Option<InitDecision> {
    let refuse = |code, detail: String| {
        Some(InitDecision::Refused(
            Refusal::new(code, detail).with_state(row.state),
        ))
    };
    if row.deleted {
        return refuse(ErrorCode::SessionDeleted, "the session was removed".to_owned());
    }
    if item.attempt < row.attempt {
        return refuse(
            ErrorCode::LeaseLost,
            format!("attempt {}, the ledger has {}", item.attempt, row.attempt),
        );
    }
    let same_file = row.group == item.group && row.rel_path == item.rel_path;
    if item.attempt > row.attempt {
        if !same_file {
            return refuse(ErrorCode::IdReused, "the id is that of another file".to_owned());
        }
        if row.is_settled() {
            return refuse(
                ErrorCode::SessionSettled,
                "an earlier attempt is settled".to_owned(),
            );
        }
        return None;
    }
    let same_content = item.sha256.is_none() || row.sha256.is_none() || item.sha256 == row.sha256;
    if !same_file || row.plan != item.plan || !same_content {
        return refuse(
            ErrorCode::IdReused,
            "the id was announced with other facts".to_owned(),
        );
    }
    match row.state {
        SessionState::Uploaded | SessionState::Deduplicated => Some(InitDecision::Settled {
            row: Box::new(row.clone()),
        }),
        SessionState::Failed | SessionState::Rejected => Some(InitDecision::Refused(
            Refusal::from(last_error(row)).with_state(row.state),
        )),
        SessionState::Pending if row.canonical.is_some() => None,
        SessionState::Pending | SessionState::Uploading | SessionState::Verifying => row
            .object
            .as_ref()
            .map(|o| InitDecision::Upload { key: o.key.clone() }),
    }
}

/// What there is of this content.
enum Found {
    Nothing,
    Maybe,
    Open(FileId),
    Settled(Box<SessionRow>),
}

/// One item at its place.
struct At<'a> {
    conn: &'a Connection,
    owner: OwnerId,
    item: &'a InitRow,
    place: Place,
    now: Timestamp,
    known: Option<SessionRow>,
}

impl At<'_> {
    fn look(&self) -> Result<Found, Failure> {
        // An empty file costs nothing to send.
        if self.item.race || self.item.plan.size() == 0 {
            return Ok(Found::Nothing);
        }
        let Some(hash) = self.item.sha256.or_else(|| self.said_before()) else {
            return Ok(if self.size_is_there()? {
                Found::Maybe
            } else {
                Found::Nothing
            });
        };
        if let Some(source) = self.settled_of(hash)? {
            return Ok(Found::Settled(Box::new(source)));
        }
        // Whoever is followed may not follow: no chains (M11).
        if self.known.is_some() && self.is_followed()? {
            return Ok(Found::Nothing);
        }
        Ok(self.open_of(hash)?.map_or(Found::Nothing, Found::Open))
    }

    /// The hash that this attempt was announced with.
    fn said_before(&self) -> Option<Sha256> {
        self.known
            .as_ref()
            .filter(|row| row.attempt == self.item.attempt)
            .and_then(|row| row.sha256)
    }

    fn size_is_there(&self) -> Result<bool, Failure> {
        self.conn
            .prepare_cached(
                "SELECT 1 FROM upload_session WHERE owner_id = ?1 AND destination_id = ?2 AND size = ?3
                   AND state = 'uploaded' AND deleted_at IS NULL LIMIT 1",
            )
            .and_then(|mut q| {
                q.exists(params![
                    self.owner.as_bytes(),
                    self.place.destination.as_bytes(),
                    self.item.plan.size() as i64
                ])
            })
            .map_err(sql)
    }

    /// A settled session with this content, proved (M6).
    fn settled_of(&self, hash: Sha256) -> Result<Option<SessionRow>, Failure> {
        let id: Option<FileId> = self
            .conn
            .prepare_cached(
                "SELECT s.id FROM upload_session s JOIN stored_object o ON o.id = s.object_id
                 WHERE s.owner_id = ?1 AND s.destination_id = ?2 AND s.sha256 = ?3 AND s.canonical_id IS NULL
                   AND s.deleted_at IS NULL AND s.state = 'uploaded' AND s.size = ?4
                   AND o.state = 'stored' AND o.sha256 = ?3
                 ORDER BY o.checked_at DESC LIMIT 1",
            )
            .and_then(|mut q| {
                q.query_row(
                    params![
                        self.owner.as_bytes(),
                        self.place.destination.as_bytes(),
                        hash.0,
                        self.item.plan.size() as i64
                    ],
                    |r| reads::id(r, 0),
                )
                .optional()
            })
            .map_err(sql)?;
        id.map_or(Ok(None), |id| reads::session(self.conn, self.owner, id))
    }

    /// Another session that brings this content and shows signs of life.
    fn open_of(&self, hash: Sha256) -> Result<Option<FileId>, Failure> {
        self.conn
            .prepare_cached(
                "SELECT id FROM upload_session WHERE owner_id = ?1 AND destination_id = ?2 AND sha256 = ?3
                   AND canonical_id IS NULL AND deleted_at IS NULL AND state IN ('pending', 'uploading', 'verifying')
                   AND size = ?4 AND alive_at > ?5 AND id <> ?6 ORDER BY created_at, id LIMIT 1",
            )
            .and_then(|mut q| {
                q.query_row(
                    params![
                        self.owner.as_bytes(),
                        self.place.destination.as_bytes(),
                        hash.0,
                        self.item.plan.size() as i64,
                        self.now.plus_millis(-QUIET_MS).as_millis(),
                        self.item.id.as_bytes()
                    ],
                    |r| reads::id(r, 0),
                )
                .optional()
            })
            .map_err(sql)
    }

    fn is_followed(&self) -> Result<bool, Failure> {
        self.conn
            .prepare_cached(
                "SELECT 1 FROM upload_session WHERE owner_id = ?1 AND canonical_id = ?2 AND deleted_at IS NULL LIMIT 1",
            )
            .and_then(|mut q| q.exists(params![self.owner.as_bytes(), self.item.id.as_bytes()]))
            .map_err(sql)
    }

    /// The source's object, when the storage is to be asked about it first. A folder is asked while copying.
    fn ask_first(&self, source: &SessionRow) -> Option<ObjectRow> {
        let object = source.object.as_ref()?;
        let fresh = object
            .checked_at
            .is_some_and(|at| self.now.millis_since(at) < SEEN_MS)
            || self.item.present.contains(&object.id)
            || self.place.rules == Rules::Folder;
        (!fresh).then(|| object.clone())
    }

    /// A newer attempt gives up what the older one had.
    fn begin_attempt(&mut self) -> Result<(), Failure> {
        let Some(row) = self.known.as_mut().filter(|row| row.attempt != self.item.attempt) else {
            return Ok(());
        };
        if let Some(object) = row
            .object
            .take()
            .filter(|o| o.session == row.id && o.state == ObjectState::Open)
        {
            placing::condemn(self.conn, object.id)?;
        }
        if matches!(row.state, SessionState::Uploading | SessionState::Verifying) {
            step(self.conn, self.owner, row, SessionState::Failed)?;
        }
        if row.state == SessionState::Failed {
            step(self.conn, self.owner, row, SessionState::Pending)?;
            groups::retried(self.conn, self.owner, row.group, self.now)?;
        }
        Ok(())
    }

    fn alone(&self) -> Result<InitDecision, Failure> {
        let object = match self.own_object()? {
            Ok(object) => object,
            Err(refused) => return Ok(InitDecision::Refused(refused)),
        };
        object.insert(self)?;
        self.write(SessionState::Pending, None, Some(object.id), None)?;
        Ok(InitDecision::Upload { key: object.key })
    }

    fn follow(&self, of: FileId) -> Result<InitDecision, Failure> {
        // An object that a copy was to be placed in stays for the day that this one goes alone.
        let own = self
            .known
            .as_ref()
            .and_then(|row| row.object.as_ref())
            .map(|o| o.id);
        self.write(SessionState::Pending, Some(of), own, None)?;
        Ok(InitDecision::Follow { of })
    }

    fn link(&self, source: &SessionRow) -> Result<InitDecision, Failure> {
        let object = source.object.as_ref().map(|o| o.id);
        self.write(
            SessionState::Deduplicated,
            Some(source.id),
            object,
            Some(self.now),
        )?;
        groups::under_way(self.conn, self.owner, self.item.group, self.now)?;
        Ok(InitDecision::Linked {
            of: source.id,
            row: Box::new(self.written()?),
        })
    }

    fn copy(&self, source: Box<SessionRow>) -> Result<InitDecision, Failure> {
        let object = match self.own_object()? {
            Ok(object) => object,
            Err(refused) => return Ok(InitDecision::Refused(refused)),
        };
        object.insert(self)?;
        self.write(SessionState::Pending, Some(source.id), Some(object.id), None)?;
        let from = source
            .object
            .ok_or_else(|| internal("a settled session without an object"))?;
        Ok(InitDecision::Copy {
            of: source.id,
            from: Box::new(from),
            row: Box::new(self.written()?),
        })
    }

    fn written(&self) -> Result<SessionRow, Failure> {
        reads::session(self.conn, self.owner, self.item.id)?
            .ok_or_else(|| internal("a session that was just written is not there"))
    }

    /// The open object of this attempt: the one that is there, or one to be made under a free name.
    fn own_object(&self) -> Result<Result<OwnObject, Refusal>, Failure> {
        let there = self.known.as_ref().and_then(|row| row.object.as_ref());
        if let Some(o) = there.filter(|o| o.state == ObjectState::Open && o.session == self.item.id) {
            return Ok(Ok(OwnObject {
                id: o.id,
                key: o.key.clone(),
                form: None,
            }));
        }
        let chosen = placing::choose(self.conn, &self.place, &self.item.rel_path)?;
        Ok(chosen.map(|(key, form)| OwnObject {
            id: self.item.object,
            key,
            form: Some(form),
        }))
    }

    /// Writes the session: a new row, or the known one.
    fn write(
        &self,
        state: SessionState,
        canonical: Option<FileId>,
        object: Option<ObjectId>,
        settled: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let item = self.item;
        let statement = if self.known.is_none() {
            "INSERT INTO upload_session (owner_id, id, attempt, group_id, destination_id, rel_path, size, part_size, mime,
               sha256, canonical_id, object_id, state, client_id, alive_at, uploaded_at, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?15, ?15)"
        } else {
            "UPDATE upload_session SET attempt = ?3, size = ?7, part_size = ?8, mime = ?9,
               sha256 = CASE WHEN attempt = ?3 THEN COALESCE(?10, sha256) ELSE ?10 END, canonical_id = ?11,
               object_id = ?12, state = ?13, client_id = ?14, alive_at = ?15, uploaded_at = ?16, updated_at = ?15,
               rev = rev + 1
             WHERE owner_id = ?1 AND id = ?2 AND group_id = ?4 AND destination_id = ?5 AND rel_path = ?6
               AND state = 'pending' AND deleted_at IS NULL"
        };
        self.conn
            .prepare_cached(statement)
            .and_then(|mut q| {
                q.execute(params![
                    self.owner.as_bytes(),
                    item.id.as_bytes(),
                    item.attempt,
                    item.group.as_bytes(),
                    self.place.destination.as_bytes(),
                    item.rel_path,
                    item.plan.size() as i64,
                    item.plan.part_size() as i64,
                    item.mime,
                    item.sha256.map(|h| h.0),
                    canonical.map(|c| *c.as_bytes()),
                    object.map(|o| *o.as_bytes()),
                    state.as_str(),
                    item.client.as_bytes(),
                    self.now.as_millis(),
                    settled.map(Timestamp::as_millis)
                ])
            })
            .map_err(sql)?;
        Ok(())
    }
}

/// An object of this attempt; with a collision form while it is to be made.
struct OwnObject {
    id: ObjectId,
    key: String,
    form: Option<String>,
}

impl OwnObject {
    /// Makes it, before the session's row that points at it.
    fn insert(&self, at: &At<'_>) -> Result<(), Failure> {
        let Some(form) = &self.form else { return Ok(()) };
        placing::insert(
            at.conn,
            at.owner,
            at.item,
            at.place.destination,
            &self.key,
            form,
            at.now,
        )
    }
}

/// One guarded step of a session that has no object any more.
fn step(conn: &Connection, owner: OwnerId, row: &mut SessionRow, to: SessionState) -> Result<(), Failure> {
    conn.prepare_cached(
        "UPDATE upload_session SET state = ?3, lease_until = 0, fence = fence + 1, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = ?4 AND deleted_at IS NULL",
    )
    .and_then(|mut q| {
        q.execute(params![
            owner.as_bytes(),
            row.id.as_bytes(),
            to.as_str(),
            row.state.as_str()
        ])
    })
    .map_err(sql)?;
    row.state = to;
    Ok(())
}

/// Follows no longer; its own object is open already.
pub(super) fn go_alone(
    conn: &Connection,
    owner: OwnerId,
    id: FileId,
    now: Timestamp,
) -> Result<Option<SessionRow>, Failure> {
    conn.prepare_cached(
        "UPDATE upload_session SET canonical_id = NULL, alive_at = ?3, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'pending' AND object_id IS NOT NULL AND deleted_at IS NULL",
    )
    .and_then(|mut q| q.execute(params![owner.as_bytes(), id.as_bytes(), now.as_millis()]))
    .map_err(sql)?;
    reads::session(conn, owner, id)
}
