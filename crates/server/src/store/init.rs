//! Announcing files: new, known, a newer attempt; to be sent, a duplicate, a follower. One transaction a batch, so two
//! items of one batch see each other.

mod batch;

pub(super) use batch::settled_contents;

use windlass_core::error::{ErrorCode, Failure, RetryClass};
use windlass_core::ids::{FileId, ObjectId, OwnerId};
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;

use super::placing::{Place, Wish};
use super::quota::Quota;
use super::sign::last_error;
use super::{canonical, groups, jobs, placing, reads};
use crate::db::{Tx, params};
use crate::failure::{Refusal, internal};
use crate::naming::Rules;
use crate::store::{InitDecision, InitRow, ObjectRow, SessionRow};
use batch::{Batch, NewObject, NewSession};

/// Without a sign of life for so long, an open file is not waited for, milliseconds (server model M7).
const QUIET_MS: i64 = 600_000;
/// An object that the storage was not asked about for so long is asked about before it counts, milliseconds (M6).
pub(super) const SEEN_MS: i64 = 86_400_000;

/// Decides and writes a batch.
pub(super) fn init(
    tx: &mut dyn Tx,
    owner: OwnerId,
    items: &[InitRow],
    now: Timestamp,
) -> Result<Vec<InitDecision>, Failure> {
    let mut quota = Quota::of(tx, owner)?;
    let mut batch = Batch::begin(tx, owner, items, now)?;
    let decisions = items
        .iter()
        .map(|item| one(&mut batch, item, &mut quota))
        .collect::<Result<_, _>>()?;
    batch.flush()?;
    Ok(decisions)
}

fn one(batch: &mut Batch<'_>, item: &InitRow, quota: &mut Quota) -> Result<InitDecision, Failure> {
    let known = batch.known(item.id)?;
    if let Some(row) = &known
        && let Some(decision) = answer_known(row, item)
    {
        return Ok(decision);
    }
    let place = match batch.place(&wish(item))? {
        Ok(place) => place,
        Err(refused) => return Ok(InitDecision::Refused(refused)),
    };
    if place.slot_required && item.is_required == Some(false) {
        let refused = Refusal::new(
            ErrorCode::InvalidField,
            "is_required: the slot can't be done without",
        );
        return Ok(InitDecision::Refused(refused));
    }
    if let Some(refused) = place.refuses(&item.rel_path, item.plan.size(), &item.mime) {
        // What may change with time (a read-only place, a quota) is no lasting word about the file.
        let lasting = refused.failure.code.retry_class() == RetryClass::Never;
        if !(lasting && item.keep_rejected) {
            return Ok(InitDecision::Refused(refused));
        }
        return reject(batch, item, &place, known.as_ref(), refused);
    }
    let mut at = At {
        batch,
        item,
        place: &place,
        known,
    };
    let found = at.look()?;
    if let Found::Maybe = found {
        return Ok(InitDecision::MaybeDuplicate);
    }
    let source = match &found {
        Found::Settled(source) => source.object.as_ref(),
        Found::Adopt(object) => Some(&**object),
        Found::Nothing | Found::Maybe | Found::Open(_) => None,
    };
    if let Some(object) = source.and_then(|object| at.ask_first(object)) {
        return Ok(InitDecision::AskFirst {
            object: Box::new(object),
        });
    }
    let brings_bytes = match &found {
        Found::Settled(_) => at.place.rules == Rules::Folder,
        Found::Nothing => true,
        Found::Open(_) | Found::Maybe | Found::Adopt(_) => false,
    };
    if brings_bytes && let Err(refused) = quota.take(item.plan.size()) {
        return Ok(InitDecision::Refused(refused));
    }
    at.begin_attempt()?;
    match found {
        Found::Settled(source) if at.place.rules == Rules::Bucket => at.link(&source),
        Found::Settled(source) => at.copy(source),
        Found::Open(of) => at.follow(of),
        Found::Adopt(object) => at.adopt(*object),
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
    let same_file =
        row.group == item.group && row.rel_path == item.rel_path && row.file_type == item.file_type;
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
        // Rejected is final: other content is another file.
        if row.state == SessionState::Rejected {
            return refuse(last_error(row).code, last_error(row).detail);
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

fn wish(item: &InitRow) -> Wish {
    Wish {
        group: item.group,
        destination: item.destination,
        file_type: item.file_type.clone(),
    }
}

/// Writes down that a file can never be taken (D-1, L-10).
fn reject(
    batch: &mut Batch<'_>,
    item: &InitRow,
    place: &Place,
    known: Option<&SessionRow>,
    refused: Refusal,
) -> Result<InitDecision, Failure> {
    if known.is_some() {
        return Ok(InitDecision::Refused(refused));
    }
    let row = new_row(item, place, SessionState::Rejected, batch.now);
    batch.make_session(NewSession::rejected(&row, item, &refused.failure));
    batch.flush()?;
    groups::failed(batch.tx, batch.owner, item.group, batch.now)?;
    Ok(InitDecision::Rejected(refused))
}

/// A session that nothing is known of yet.
fn new_row(item: &InitRow, place: &Place, state: SessionState, now: Timestamp) -> SessionRow {
    SessionRow {
        id: item.id,
        attempt: item.attempt,
        group: item.group,
        destination: place.destination,
        rel_path: item.rel_path.clone(),
        file_type: item.file_type.clone(),
        is_required: item
            .is_required
            .unwrap_or(item.file_type.is_none() || place.slot_required),
        plan: item.plan,
        mime: item.mime.clone(),
        sha256: item.sha256,
        canonical: None,
        state,
        client: item.client,
        alive_at: now,
        lease_until: Timestamp::from_millis(0),
        fence: 0,
        error: None,
        uploaded_at: (state == SessionState::Deduplicated).then_some(now),
        deleted: false,
        object: None,
    }
}

/// What there is of this content.
enum Found {
    Nothing,
    Maybe,
    Open(FileId),
    Settled(Box<SessionRow>),
    /// Whoever had it was deleted; its bytes are still there (M8).
    Adopt(Box<ObjectRow>),
}

/// One item at its place.
struct At<'a, 'b> {
    batch: &'a mut Batch<'b>,
    item: &'a InitRow,
    place: &'a Place,
    known: Option<SessionRow>,
}

impl At<'_, '_> {
    fn look(&mut self) -> Result<Found, Failure> {
        // An empty file costs nothing to send.
        if self.item.race || self.item.plan.size() == 0 {
            return Ok(Found::Nothing);
        }
        let (to, size) = (self.place.destination, self.item.plan.size());
        let Some(hash) = self.item.sha256.or_else(|| self.said_before()) else {
            return Ok(if self.batch.size_is_there(to, size)? {
                Found::Maybe
            } else {
                Found::Nothing
            });
        };
        let same = self.batch.same_content(to, hash, size, self.item.id)?;
        if let Some(source) = same.settled {
            return Ok(Found::Settled(Box::new(source)));
        }
        // Whoever is followed may not follow: no chains (M11).
        if self.known.is_some() && self.batch.is_followed(self.item.id)? {
            return Ok(Found::Nothing);
        }
        // It is there by what its sender said: that is proved now, and this one waits for the proof (M6).
        if let Some(unproved) = same.unproved {
            jobs::make::verify(self.batch.tx, self.batch.owner, unproved, self.batch.now)?;
            return Ok(Found::Open(unproved));
        }
        if let Some(open) = same.open {
            return Ok(Found::Open(open));
        }
        // On a folder a copy would have to be placed: the bytes are sent again.
        if self.place.rules == Rules::Bucket
            && let Some(object) = self.batch.orphan(to, hash, size)?
        {
            return Ok(Found::Adopt(Box::new(object)));
        }
        Ok(Found::Nothing)
    }

    /// The hash that this attempt was announced with.
    fn said_before(&self) -> Option<Sha256> {
        self.known
            .as_ref()
            .filter(|row| row.attempt == self.item.attempt)
            .and_then(|row| row.sha256)
    }

    /// The source's object, when the storage is to be asked about it first. A folder is asked while copying.
    fn ask_first(&self, object: &ObjectRow) -> Option<ObjectRow> {
        let fresh = object
            .checked_at
            .is_some_and(|at| self.batch.now.millis_since(at) < SEEN_MS)
            || self.item.present.contains(&object.id)
            || self.place.rules == Rules::Folder;
        (!fresh).then(|| object.clone())
    }

    /// A newer attempt gives up what the older one had.
    fn begin_attempt(&mut self) -> Result<(), Failure> {
        let Some(row) = self.known.as_mut().filter(|row| row.attempt != self.item.attempt) else {
            return Ok(());
        };
        self.batch.forget()?;
        let (owner, now) = (self.batch.owner, self.batch.now);
        let tx = &mut *self.batch.tx;
        if let Some(object) = row
            .object
            .take()
            .filter(|o| o.session == row.id && o.state == ObjectState::Open)
        {
            placing::condemn(tx, object.id)?;
        }
        if matches!(row.state, SessionState::Uploading | SessionState::Verifying) {
            step(tx, owner, row, SessionState::Failed)?;
        }
        if self.item.sha256.is_none() || self.item.sha256 != row.sha256 {
            canonical::pass_on(tx, owner, row.id, now)?;
        }
        if row.state == SessionState::Failed {
            step(tx, owner, row, SessionState::Pending)?;
            groups::retried(tx, owner, row.group, now)?;
        }
        Ok(())
    }

    fn alone(&mut self) -> Result<InitDecision, Failure> {
        let object = match self.own_object()? {
            Ok(object) => object,
            Err(refused) => return Ok(InitDecision::Refused(refused)),
        };
        let key = object.key.clone();
        self.write(SessionState::Pending, None, Some(object))?;
        Ok(InitDecision::Upload { key })
    }

    fn follow(&mut self, of: FileId) -> Result<InitDecision, Failure> {
        // An object that a copy was to be placed in stays for the day that this one goes alone.
        let own = self.known.as_ref().and_then(|row| row.object.clone());
        self.write(SessionState::Pending, Some(of), own)?;
        Ok(InitDecision::Follow { of })
    }

    fn link(&mut self, source: &SessionRow) -> Result<InitDecision, Failure> {
        let row = self.write(SessionState::Deduplicated, Some(source.id), source.object.clone())?;
        self.batch.under_way(self.item.group)?;
        Ok(InitDecision::Linked {
            of: source.id,
            row: Box::new(row),
        })
    }

    /// Passes the gate with the bytes of a deleted file.
    fn adopt(&mut self, object: ObjectRow) -> Result<InitDecision, Failure> {
        // Its own name and upload are not needed; the object is that of the deleted one.
        self.write(SessionState::Pending, None, Some(object.clone()))?;
        self.batch.forget()?;
        let (owner, now) = (self.batch.owner, self.batch.now);
        canonical::adopt(
            self.batch.tx,
            owner,
            self.item.id,
            &object,
            self.place.destination,
            now,
        )?;
        self.batch.under_way(self.item.group)?;
        let row = self.batch.read_again(self.item.id)?;
        Ok(InitDecision::Settled { row: Box::new(row) })
    }

    fn copy(&mut self, source: Box<SessionRow>) -> Result<InitDecision, Failure> {
        let object = match self.own_object()? {
            Ok(object) => object,
            Err(refused) => return Ok(InitDecision::Refused(refused)),
        };
        let row = self.write(SessionState::Pending, Some(source.id), Some(object))?;
        let from = source
            .object
            .ok_or_else(|| internal("a settled session without an object"))?;
        Ok(InitDecision::Copy {
            of: source.id,
            from: Box::new(from),
            row: Box::new(row),
        })
    }

    /// The open object of this attempt: the one that is there, or one that is made under a free name.
    fn own_object(&mut self) -> Result<Result<ObjectRow, Refusal>, Failure> {
        let there = self.known.as_ref().and_then(|row| row.object.as_ref());
        if let Some(o) = there.filter(|o| o.state == ObjectState::Open && o.session == self.item.id) {
            return Ok(Ok(o.clone()));
        }
        let (to, batch) = (self.place.destination, &mut *self.batch);
        let file = placing::Named {
            session: self.item.id,
            rel_path: &self.item.rel_path,
            at: batch.now,
        };
        let chosen = placing::choose(self.place, file, |form| batch.is_taken(to, form))?;
        let (key, form) = match chosen {
            Ok(chosen) => chosen,
            Err(refused) => return Ok(Err(refused)),
        };
        let object = ObjectRow {
            id: self.item.object,
            session: self.item.id,
            attempt: self.item.attempt,
            destination: to,
            key,
            state: ObjectState::Open,
            name_checked: false,
            upload_id: None,
            token: self.item.token,
            plan: self.item.plan,
            mime: self.item.mime.clone(),
            etag: None,
            crc64: None,
            sha256: None,
            proof: None,
            checked_at: None,
        };
        self.batch.make_object(NewObject {
            object: object.clone(),
            form,
        });
        Ok(Ok(object))
    }

    /// Writes the session: a new row, or the known one.
    fn write(
        &mut self,
        state: SessionState,
        canonical: Option<FileId>,
        object: Option<ObjectRow>,
    ) -> Result<SessionRow, Failure> {
        let settled = (state == SessionState::Deduplicated).then_some(self.batch.now);
        if self.known.is_some() {
            self.rewrite(state, canonical, object.map(|o| o.id), settled)?;
            return self.batch.read_again(self.item.id);
        }
        let item = self.item;
        let row = SessionRow {
            canonical,
            object,
            ..new_row(item, self.place, state, self.batch.now)
        };
        self.batch.make_session(NewSession::new(&row, item));
        Ok(row)
    }

    fn rewrite(
        &mut self,
        state: SessionState,
        canonical: Option<FileId>,
        object: Option<ObjectId>,
        settled: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let item = self.item;
        self.batch.forget()?;
        self.batch.tx.execute(
            "UPDATE upload_session SET attempt = ?3, size = ?7, part_size = ?8, part_count = ?17, mime = ?9,
               sha256 = CASE WHEN attempt = ?3 THEN COALESCE(?10, sha256) ELSE ?10 END, canonical_id = ?11,
               object_id = ?12, state = ?13, client_id = ?14, alive_at = ?15, uploaded_at = ?16, updated_at = ?15,
               rev = rev + 1
             WHERE owner_id = ?1 AND id = ?2 AND group_id IS NOT DISTINCT FROM ?4 AND destination_id = ?5
               AND rel_path = ?6 AND state = 'pending' AND deleted_at IS NULL",
            params![
                self.batch.owner,
                item.id,
                item.attempt,
                item.group,
                self.place.destination,
                &item.rel_path,
                item.plan.size(),
                item.plan.part_size(),
                &item.mime,
                item.sha256,
                canonical,
                object,
                state,
                item.client,
                self.batch.now,
                settled,
                item.plan.count(),
            ],
        )?;
        Ok(())
    }
}

/// One guarded step of a session that has no object any more.
fn step(tx: &mut dyn Tx, owner: OwnerId, row: &mut SessionRow, to: SessionState) -> Result<(), Failure> {
    tx.execute(
        "UPDATE upload_session SET state = ?3, lease_until = 0, fence = fence + 1, rev = rev + 1,
           retry_count = retry_count + CASE WHEN ?4 = 'failed' THEN 1 ELSE 0 END
         WHERE owner_id = ?1 AND id = ?2 AND state = ?4 AND deleted_at IS NULL",
        params![owner, row.id, to, row.state],
    )?;
    row.state = to;
    Ok(())
}

/// Follows no longer; its own object is open already.
pub(super) fn go_alone(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    now: Timestamp,
) -> Result<Option<SessionRow>, Failure> {
    tx.execute("UPDATE upload_session SET canonical_id = NULL, alive_at = ?3, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'pending' AND object_id IS NOT NULL AND deleted_at IS NULL", params![owner, id, now])?;
    reads::session(tx, owner, id)
}
