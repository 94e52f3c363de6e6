//! Webhooks in the ledger: an address each, with the place in the log up to which it was told. No row is written for an
//! event; who delivers holds a lease on the address.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{OwnerId, WebhookId};
use windlass_core::time::Timestamp;
use windlass_protocol::webhooks::{CreateWebhook, PatchWebhook, Webhook};

use super::changes::{self, Cursor};
use crate::db::{Row, Tx, params, skip_locked};
use crate::failure::{Refusal, internal};

/// Webhooks of one owner.
const MAX_OF_OWNER: u64 = 32;
/// Event patterns of one.
const MAX_EVENTS: usize = 64;
/// An address that has failed for so long is not tried any more.
pub const GIVE_UP_MS: i64 = 24 * 3_600_000;
/// The longest wait between two tries.
const LONGEST_WAIT_MS: i64 = 3_600_000;

const COLUMNS: &str =
    "owner_id, id, url, events, state, cursor, failures, failing_since, retry_at, created_at, secret";

/// A webhook with its sealed secret.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookRow {
    /// Whose.
    pub owner: OwnerId,
    /// What it is.
    pub about: Webhook,
    /// Sealed.
    pub secret: Vec<u8>,
}

fn read(r: &Row) -> Result<WebhookRow, Failure> {
    Ok(WebhookRow {
        owner: r.get(0)?,
        about: Webhook {
            id: r.get(1)?,
            url: r.get(2)?,
            events: serde_json::from_str(&r.get::<String>(3)?).map_err(internal)?,
            state: r.get(4)?,
            cursor: r.get(5)?,
            failures: r.get(6)?,
            failing_since: r.get(7)?,
            retry_at: r.get(8)?,
            created_at: r.get(9)?,
        },
        secret: r.get(10)?,
    })
}

/// A webhook of an owner.
///
/// # Errors
/// As the database answers.
pub fn one(tx: &mut dyn Tx, owner: OwnerId, id: WebhookId) -> Result<Option<WebhookRow>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_endpoint WHERE owner_id = ?1 AND id = ?2");
    tx.query_opt(&sql, params![owner, id])?
        .as_ref()
        .map(read)
        .transpose()
}

/// An owner's webhooks.
///
/// # Errors
/// As the database answers.
pub fn all(tx: &mut dyn Tx, owner: OwnerId) -> Result<Vec<WebhookRow>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_endpoint WHERE owner_id = ?1 ORDER BY created_at, id");
    tx.query(&sql, params![owner])?.iter().map(read).collect()
}

/// When the oldest change came about that a webhook has not got yet; none when all have got all.
///
/// # Errors
/// As the database answers.
pub fn oldest_untold(tx: &mut dyn Tx) -> Result<Option<Timestamp>, Failure> {
    let sql = "SELECT owner_id, cursor FROM webhook_endpoint WHERE state <> 'disabled' ORDER BY failing_since, id LIMIT 100";
    let mut oldest = None;
    for row in tx.query(sql, params![])? {
        let cursor: Cursor = row.get::<String>(1)?.parse()?;
        let next = changes::after(tx, row.get(0)?, cursor, 1)?;
        let at = next.first().map(|(_, change)| Timestamp::from_millis(change.at));
        oldest = oldest.into_iter().chain(at).min();
    }
    Ok(oldest)
}

/// `*`, `session.*`, `job.failed`.
fn check_events(events: &[String]) -> Result<(), Refusal> {
    let fine = |e: &String| {
        e == "*"
            || e.split_once('.').is_some_and(|(machine, word)| {
                matches!(machine, "session" | "group" | "job" | "run")
                    && !word.is_empty()
                    && word.len() <= 40
                    && word
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'*')
            })
    };
    if events.is_empty() || events.len() > MAX_EVENTS || !events.iter().all(fine) {
        let what =
            "events: 1 to 64 of MACHINE.STATE, MACHINE.* or *; machines are session, group, job and run";
        return Err(Refusal::new(ErrorCode::InvalidField, what));
    }
    Ok(())
}

/// Does a list of patterns want this? `to` is the state, or the kind of what is no change of state.
#[must_use]
pub fn wants(events: &[String], machine: &str, to: &str) -> bool {
    events.iter().any(|e| {
        e == "*"
            || e.split_once('.')
                .is_some_and(|(m, word)| m == machine && (word == "*" || word == to))
    })
}

/// Makes a webhook that is told of everything that comes from now on. What was written moments before, while another
/// transaction was still open, may be told as well.
///
/// # Errors
/// As the database answers.
pub fn create(
    tx: &mut dyn Tx,
    owner: OwnerId,
    wanted: &CreateWebhook,
    sealed: &[u8],
    from: Cursor,
    now: Timestamp,
) -> Result<Result<WebhookRow, Refusal>, Failure> {
    if let Err(refusal) = check_events(&wanted.events) {
        return Ok(Err(refusal));
    }
    if one(tx, owner, wanted.id)?.is_some() {
        // Its secret was told, and is told once.
        return Ok(Err(Refusal::new(
            ErrorCode::IdReused,
            "the id stands for a webhook already",
        )));
    }
    let count = "SELECT COUNT(*) FROM webhook_endpoint WHERE owner_id = ?1";
    if tx.query_one(count, params![owner])?.get::<u64>(0)? >= MAX_OF_OWNER {
        let what = format!("at most {MAX_OF_OWNER} webhooks");
        return Ok(Err(Refusal::new(ErrorCode::QuotaExceeded, what)));
    }
    tx.execute(
        "INSERT INTO webhook_endpoint (owner_id, id, url, secret, events, cursor, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'active', ?7, ?7)",
        params![
            owner,
            wanted.id,
            wanted.url.as_str(),
            sealed,
            serde_json::to_string(&wanted.events).map_err(internal)?,
            from.to_string(),
            now
        ],
    )?;
    one(tx, owner, wanted.id)?
        .ok_or_else(|| internal("a webhook that was just made is not there"))
        .map(Ok)
}

/// Changes a webhook. Made active again it goes on from where it stood.
///
/// # Errors
/// As the database answers.
pub fn patch(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: WebhookId,
    change: &PatchWebhook,
    now: Timestamp,
) -> Result<Result<WebhookRow, Refusal>, Failure> {
    let missing = || Refusal::new(ErrorCode::NotFound, "no such webhook");
    let Some(known) = one(tx, owner, id)? else {
        return Ok(Err(missing()));
    };
    let events = change.events.as_ref().unwrap_or(&known.about.events);
    if let Err(refusal) = check_events(events) {
        return Ok(Err(refusal));
    }
    let (state, fresh) = match change.active {
        Some(true) => ("active".to_owned(), true),
        Some(false) => ("disabled".to_owned(), false),
        None => (known.about.state.clone(), false),
    };
    tx.execute(
        "UPDATE webhook_endpoint SET url = ?3, events = ?4, state = ?5, updated_at = ?6,
           failures = CASE WHEN ?7 = 1 THEN 0 ELSE failures END,
           failing_since = CASE WHEN ?7 = 1 THEN NULL ELSE failing_since END,
           retry_at = CASE WHEN ?7 = 1 THEN NULL ELSE retry_at END
         WHERE owner_id = ?1 AND id = ?2",
        params![
            owner,
            id,
            change.url.as_ref().unwrap_or(&known.about.url).as_str(),
            serde_json::to_string(events).map_err(internal)?,
            state,
            now,
            fresh
        ],
    )?;
    Ok(one(tx, owner, id)?.ok_or_else(missing))
}

/// Removes a webhook. False when there was none.
///
/// # Errors
/// As the database answers.
pub fn remove(tx: &mut dyn Tx, owner: OwnerId, id: WebhookId) -> Result<bool, Failure> {
    let sql = "DELETE FROM webhook_endpoint WHERE owner_id = ?1 AND id = ?2";
    Ok(tx.execute(sql, params![owner, id])? > 0)
}

const READY: &str =
    "state IN ('active', 'failing') AND lease_until <= ?1 AND (retry_at IS NULL OR retry_at <= ?1)";

/// Who may be told something now.
///
/// # Errors
/// As the database answers.
pub fn ready(tx: &mut dyn Tx, now: Timestamp) -> Result<Vec<(OwnerId, WebhookId, Cursor)>, Failure> {
    let sql =
        format!("SELECT owner_id, id, cursor FROM webhook_endpoint WHERE {READY} ORDER BY id LIMIT 1000");
    let rows = tx.query(&sql, params![now])?;
    rows.iter()
        .map(|r| Ok((r.get(0)?, r.get(1)?, r.get::<String>(2)?.parse()?)))
        .collect()
}

/// Takes the lease of an address; none when somebody else has it.
///
/// # Errors
/// As the database answers.
pub fn lease(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: WebhookId,
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<WebhookRow>, Failure> {
    let sql = format!(
        "SELECT id FROM webhook_endpoint WHERE {READY} AND owner_id = ?2 AND id = ?3{}",
        skip_locked(tx.dialect())
    );
    if tx.query(&sql, params![now, owner, id])?.is_empty() {
        return Ok(None);
    }
    tx.execute(
        "UPDATE webhook_endpoint SET lease_until = ?3 WHERE owner_id = ?1 AND id = ?2",
        params![owner, id, until],
    )?;
    one(tx, owner, id)
}

/// What came of telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Up to here; the lease may be kept for more.
    UpTo(Cursor),
    /// Nothing of it is wanted up to here; whether the address works is not known.
    PassedOver(Cursor),
    /// It did not take the next one: tried again, by this much chance.
    Failed(u64),
    /// It wants no more.
    Gone,
}

/// Writes what came of telling, if the lease is still held; `keep` holds on to it until then. False when it is not held any
/// more. Answers whether the address was given up just now, too.
///
/// # Errors
/// As the database answers.
pub fn told(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: WebhookId,
    lease: Timestamp,
    told: &Told,
    keep: Option<Timestamp>,
    now: Timestamp,
) -> Result<(bool, bool), Failure> {
    let guard = "WHERE owner_id = ?1 AND id = ?2 AND lease_until = ?3";
    let until = keep.unwrap_or(Timestamp::from_millis(0));
    match told {
        Told::UpTo(cursor) => {
            let n = tx.execute(
                &format!(
                    "UPDATE webhook_endpoint SET cursor = ?4, lease_until = ?5, updated_at = ?6, failures = 0,
                       failing_since = NULL, retry_at = NULL, state = CASE WHEN state = 'failing' THEN 'active' ELSE state END
                     {guard}"
                ),
                params![owner, id, lease, cursor.to_string(), until, now],
            )?;
            Ok((n > 0, false))
        }
        Told::PassedOver(cursor) => {
            let n = tx.execute(
                &format!(
                    "UPDATE webhook_endpoint SET cursor = ?4, lease_until = ?5, updated_at = ?6 {guard}"
                ),
                params![owner, id, lease, cursor.to_string(), until, now],
            )?;
            Ok((n > 0, false))
        }
        Told::Failed(random) => {
            let sql = format!("SELECT failures, failing_since FROM webhook_endpoint {guard}");
            let Some(row) = tx.query_opt(&sql, params![owner, id, lease])? else {
                return Ok((false, false));
            };
            let failures: u32 = row.get(0)?;
            let since = row.get::<Option<Timestamp>>(1)?.unwrap_or(now);
            let given_up = now.millis_since(since) >= GIVE_UP_MS;
            let step = 5_000_i64
                .saturating_mul(1 << failures.min(20))
                .min(LONGEST_WAIT_MS);
            let jitter = i64::try_from(random % (step / 2 + 1).unsigned_abs()).unwrap_or(0);
            tx.execute(
                &format!(
                    "UPDATE webhook_endpoint SET lease_until = 0, failures = failures + 1, failing_since = ?4, retry_at = ?5,
                       updated_at = ?6, state = CASE WHEN state = 'disabled' THEN state ELSE ?7 END {guard}"
                ),
                params![
                    owner,
                    id,
                    lease,
                    since,
                    now.plus_millis(step / 2 + jitter),
                    now,
                    if given_up { "disabled" } else { "failing" }
                ],
            )?;
            Ok((true, given_up))
        }
        Told::Gone => {
            let n = tx.execute(
                &format!(
                    "UPDATE webhook_endpoint SET lease_until = 0, state = 'disabled', updated_at = ?4 {guard}"
                ),
                params![owner, id, lease, now],
            )?;
            Ok((n > 0, n > 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_events_are_checked_and_matched() {
        let list = |all: &[&str]| all.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>();
        for good in [
            &["*"][..],
            &["session.uploaded", "job.*"],
            &["run.partially_completed"],
        ] {
            assert!(check_events(&list(good)).is_ok(), "{good:?}");
        }
        for bad in [&[][..], &["x.y"], &["session."], &["session"], &["job.Failed"]] {
            assert!(check_events(&list(bad)).is_err(), "{bad:?}");
        }
        let some = list(&["session.uploaded", "job.*"]);
        assert!(wants(&some, "session", "uploaded") && wants(&some, "job", "failed"));
        assert!(!wants(&some, "session", "failed") && !wants(&some, "run", "failed"));
        assert!(wants(&list(&["*"]), "run", "queued"));
    }
}
