//! Files that the server looks after by itself: those whose client is quiet, and those that a storage told of. Also the
//! events that nobody could place.
//!
//! `checked_at` of an open object is when its storage was last asked. Each question to a client that stays quiet comes
//! later than the one before, so what is abandoned costs ever less.

use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, FileId, ObjectId, OwnerId};
use windlass_core::names::collision_form;
use windlass_core::states::{ObjectState, SessionState};
use windlass_core::time::Timestamp;

use super::reads;
use crate::db::{Tx, params};
use crate::events::{DeadLetter, MAX_KEPT_BYTES};
use crate::store::{ObjectRow, SessionRow};
use crate::text::cut;

/// A client of ours that is quiet for so long is not waited for, milliseconds (M19).
pub const QUIET_MS: i64 = 300_000;
/// The same for callers of the compatible routes, which never call twice.
pub const QUIET_PLAIN_MS: i64 = 60_000;
/// The storage is asked at least so often while a file is open, milliseconds.
const ASK_AGAIN_MS: i64 = 6 * 3_600_000;
/// Events of one destination that are set aside within an hour; what comes above them is only counted.
const DEAD_AN_HOUR: u64 = 1_000;

/// Open files with a URL out, whose client is quiet and whose storage was not asked for a while; the longest unasked first.
///
/// # Errors
/// As the database answers.
pub fn quiet(tx: &mut dyn Tx, now: Timestamp, limit: u32) -> Result<Vec<(OwnerId, FileId)>, Failure> {
    // Open files first, and their objects then (CROSS): SQLite would begin with all objects that there are.
    let rows = tx.query(
        "SELECT s.owner_id, s.id FROM upload_session s CROSS JOIN stored_object o
         WHERE o.owner_id = s.owner_id AND o.id = s.object_id
           AND s.deleted_at IS NULL AND s.state IN ('pending', 'uploading', 'verifying') AND s.canonical_id IS NULL
           AND o.state = 'open' AND o.session_id = s.id
           AND (s.state <> 'verifying' OR s.lease_until <= ?1)
           AND (s.state <> 'pending' OR o.name_checked = 1 OR o.upload_id IS NOT NULL OR s.client_id IS NULL)
           AND ((s.client_id IS NULL AND s.alive_at <= ?2) OR s.alive_at <= ?3)
           AND (o.checked_at IS NULL OR (?1 - o.checked_at) * 2 >= ?1 - s.alive_at OR o.checked_at <= ?4)
         ORDER BY COALESCE(o.checked_at, 0), s.id LIMIT ?5",
        params![
            now,
            now.plus_millis(-QUIET_PLAIN_MS),
            now.plus_millis(-QUIET_MS),
            now.plus_millis(-ASK_AGAIN_MS),
            limit
        ],
    )?;
    rows.iter().map(|r| Ok((r.get(0)?, r.get(1)?))).collect()
}

/// The storage of open objects was asked.
///
/// # Errors
/// As the database answers.
pub fn asked(tx: &mut dyn Tx, objects: &[ObjectId], now: Timestamp) -> Result<(), Failure> {
    for object in objects {
        tx.execute(
            "UPDATE stored_object SET checked_at = ?2 WHERE id = ?1 AND state = 'open'",
            params![*object, now],
        )?;
    }
    Ok(())
}

/// What an open file is, when the server may verify it: nobody else does, and it is not finished.
///
/// # Errors
/// As the database answers.
pub fn verifiable(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    now: Timestamp,
) -> Result<Option<SessionRow>, Failure> {
    let row = reads::session(tx, owner, id)?;
    Ok(row.filter(|row| {
        let open = matches!(
            row.state,
            SessionState::Pending | SessionState::Uploading | SessionState::Verifying
        );
        let free = row.state != SessionState::Verifying || row.lease_until <= now;
        let object = row.object.as_ref();
        let sent_here = object.is_some_and(|o| o.state == ObjectState::Open && o.session == row.id);
        open && free && !row.deleted && row.canonical.is_none() && sent_here
    }))
}

/// Takes the lease to verify a file without its client: no sign of life is written. None when somebody was faster.
///
/// # Errors
/// As the database answers.
pub fn lease(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<SessionRow>, Failure> {
    if verifiable(tx, owner, id, now)?.is_none() {
        return Ok(None);
    }
    tx.execute(
        "UPDATE upload_session SET state = 'verifying', fence = fence + 1, lease_until = ?3, updated_at = ?4, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND deleted_at IS NULL",
        params![owner, id, until, now],
    )?;
    reads::session(tx, owner, id)
}

/// Whose object has one of these keys, with the object.
///
/// # Errors
/// As the database answers.
pub fn by_key<'a>(
    tx: &mut dyn Tx,
    destination: DestinationId,
    keys: impl Iterator<Item = &'a str>,
) -> Result<Option<(OwnerId, ObjectRow)>, Failure> {
    for key in keys.filter(|k| !k.contains('\0')) {
        let found = reads::objects(
            tx,
            "o.destination_id = ?1 AND o.key_form = ?2",
            params![destination, collision_form(key, false)],
        )?;
        let Some(object) = found.into_iter().find(|o| o.key == key) else {
            continue;
        };
        let owner = tx.query_one(
            "SELECT owner_id FROM stored_object WHERE id = ?1",
            params![object.id],
        )?;
        return Ok(Some((owner.get(0)?, object)));
    }
    Ok(None)
}

/// An event that was set aside.
#[derive(Debug, Clone)]
pub struct DeadEvent {
    /// Its number.
    pub seq: i64,
    /// The destination that it was sent for.
    pub destination: DestinationId,
    /// When it came.
    pub at: Timestamp,
    /// Why it was set aside.
    pub reason: String,
    /// The fact in it.
    pub detail: String,
    /// The event, or its beginning.
    pub event: String,
    /// When it was tried again.
    pub replayed_at: Option<Timestamp>,
}

/// Sets events aside. False for each that was too many.
///
/// # Errors
/// As the database answers.
pub fn set_aside(
    tx: &mut dyn Tx,
    destination: DestinationId,
    letters: &[DeadLetter],
    now: Timestamp,
) -> Result<u64, Failure> {
    let count = "SELECT COUNT(*) FROM dead_event WHERE destination_id = ?1 AND at > ?2";
    let hour = now.plus_millis(-3_600_000);
    let there: u64 = tx.query_one(count, params![destination, hour])?.get(0)?;
    let room = DEAD_AN_HOUR.saturating_sub(there);
    let kept = letters.iter().take(usize::try_from(room).unwrap_or(usize::MAX));
    for letter in kept {
        tx.execute(
            "INSERT INTO dead_event (destination_id, at, reason, detail, event) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                destination,
                now,
                letter.reason.as_str(),
                cut(&letter.detail, 1_000),
                cut(&letter.event, MAX_KEPT_BYTES)
            ],
        )?;
    }
    Ok((letters.len() as u64).saturating_sub(room))
}

const DEAD: &str = "SELECT seq, destination_id, at, reason, detail, event, replayed_at FROM dead_event";

fn dead_event(row: &crate::db::Row) -> Result<DeadEvent, Failure> {
    Ok(DeadEvent {
        seq: row.get(0)?,
        destination: row.get(1)?,
        at: row.get(2)?,
        reason: row.get(3)?,
        detail: row.get(4)?,
        event: row.get(5)?,
        replayed_at: row.get(6)?,
    })
}

/// Events that were set aside, newest first, before a number.
///
/// # Errors
/// As the database answers.
pub fn dead(tx: &mut dyn Tx, before: i64, limit: u32) -> Result<Vec<DeadEvent>, Failure> {
    let sql = format!("{DEAD} WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2");
    tx.query(&sql, params![before, limit])?
        .iter()
        .map(dead_event)
        .collect()
}

/// One of them.
///
/// # Errors
/// As the database answers.
pub fn dead_one(tx: &mut dyn Tx, seq: i64) -> Result<Option<DeadEvent>, Failure> {
    let sql = format!("{DEAD} WHERE seq = ?1");
    tx.query_opt(&sql, params![seq])?
        .map(|r| dead_event(&r))
        .transpose()
}

/// It was tried again.
///
/// # Errors
/// As the database answers.
pub fn replayed(tx: &mut dyn Tx, seq: i64, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE dead_event SET replayed_at = ?2 WHERE seq = ?1",
        params![seq, now],
    )
    .map(drop)
}
