//! What an operator wants to see at a glance: who uploads what now, what was moved, what failed, what waits.
//!
//! Counted over all owners, at one moment, in one read. Lists are short on purpose; the routes have the rest.

use windlass_core::error::Failure;
use windlass_core::ids::{FileId, JobId, OwnerId};
use windlass_core::time::Timestamp;
use windlass_protocol::places::UploadMetrics;

use super::figures::{self, Of};
use crate::db::{Row, Tx, params};

const HOUR_MS: i64 = 3_600_000;
/// Hours of the throughput.
const HOURS: usize = 24;
/// Rows of a list.
const ROWS: i64 = 50;

/// Everything of the page.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Status {
    /// The moment.
    pub at: Timestamp,
    /// The four figures, of files.
    pub files: UploadMetrics,
    /// And of groups.
    pub groups: UploadMetrics,
    /// Who uploads what now, the liveliest first.
    pub uploading: Vec<Uploading>,
    /// The last 24 hours, the oldest first.
    pub hours: Vec<Hour>,
    /// Open for more than an hour without a sign of life, the quietest first.
    pub abandoned: Vec<Abandoned>,
    /// Jobs by type.
    pub jobs: Vec<Jobs>,
    /// Jobs that gave up, the newest first.
    pub dead_jobs: Vec<DeadJob>,
    /// What waits for a person.
    pub waiting: Waiting,
}

/// A group that is being uploaded; or the files without one, of an owner.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Uploading {
    /// Whose.
    pub owner_id: OwnerId,
    /// Their name; none: an anonymous one.
    pub owner: Option<String>,
    /// The group's name.
    pub group: Option<String>,
    /// The destination's name.
    pub destination: String,
    /// Open files.
    pub files: u64,
    /// Their bytes, as far as told.
    pub bytes: u64,
    /// Bytes of parts that are known to be stored.
    pub bytes_stored: u64,
    /// The last sign of life.
    pub alive_at: Timestamp,
}

/// An hour's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Hour {
    /// When it begins.
    pub from: Timestamp,
    /// Files that were proved.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A file whose client went quiet.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Abandoned {
    /// Which.
    pub id: FileId,
    /// Whose; none: an anonymous one.
    pub owner: Option<String>,
    /// The group's name.
    pub group: Option<String>,
    /// Its path.
    pub path: String,
    /// Its size, as far as told.
    pub bytes: Option<u64>,
    /// Parts that are stored.
    pub parts_done: u64,
    /// Parts in all.
    pub parts: u64,
    /// The last sign of life.
    pub alive_at: Timestamp,
}

/// Jobs of a type.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Jobs {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Wait for a worker.
    pub waiting: u64,
    /// A worker has them.
    pub running: u64,
    /// Ended well in the last 24 hours.
    pub completed_24h: u64,
    /// Gave up in the last 24 hours.
    pub failed_24h: u64,
}

/// A job that gave up.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DeadJob {
    /// Which.
    pub id: JobId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose; none: an anonymous one.
    pub owner: Option<String>,
    /// The file's path.
    pub path: String,
    /// Why.
    pub error_code: Option<String>,
    /// In words.
    pub error_detail: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it gave up.
    pub at: Option<Timestamp>,
}

/// What waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Waiting {
    /// Jobs that gave up.
    pub jobs: u64,
    /// Events of storages that nobody could place, not tried again yet.
    pub storage_events: u64,
    /// Webhooks that don't answer.
    pub webhooks_failing: u64,
    /// Webhooks that were given up.
    pub webhooks_disabled: u64,
    /// Objects in storages that no row knows.
    pub strays: u64,
}

/// Reads all of it.
///
/// # Errors
/// As the database answers.
pub fn read(tx: &mut dyn Tx, now: Timestamp) -> Result<Status, Failure> {
    Ok(Status {
        at: now,
        files: figures::count(tx, Of::Sessions, None, now)?,
        groups: figures::count(tx, Of::Groups, None, now)?,
        uploading: uploading(tx, now)?,
        hours: hours(tx, now)?,
        abandoned: abandoned(tx, now)?,
        jobs: jobs(tx, now)?,
        dead_jobs: dead_jobs(tx)?,
        waiting: waiting(tx)?,
    })
}

const OPEN: &str = "s.deleted_at IS NULL AND s.state IN ('pending', 'uploading', 'verifying')";
/// People without an account have made-up names.
const NAME: &str = "CASE WHEN o.kind = 'anonymous' THEN NULL ELSE o.name END";

fn uploading(tx: &mut dyn Tx, now: Timestamp) -> Result<Vec<Uploading>, Failure> {
    let sql = format!(
        "SELECT t.owner_id, {NAME}, g.name, d.name, t.files, t.bytes, t.stored, t.alive
         FROM (SELECT s.owner_id, s.group_id, s.destination_id, COUNT(*) AS files,
                      CAST(SUM(COALESCE(s.size, 0)) AS bigint) AS bytes, MAX(s.alive_at) AS alive,
                      CAST(SUM((SELECT COALESCE(SUM(p.size), 0) FROM file_part p WHERE p.owner_id = s.owner_id
                        AND p.object_id = s.object_id AND p.state = 'uploaded')) AS bigint) AS stored
               FROM upload_session s WHERE {OPEN} AND s.alive_at >= ?1
               GROUP BY s.owner_id, s.group_id, s.destination_id) t
         JOIN owner o ON o.id = t.owner_id
         JOIN destination d ON d.id = t.destination_id
         LEFT JOIN upload_group g ON g.owner_id = t.owner_id AND g.id = t.group_id
         ORDER BY t.alive DESC, t.files DESC LIMIT ?2"
    );
    let row = |r: &Row| {
        Ok(Uploading {
            owner_id: r.get(0)?,
            owner: r.get(1)?,
            group: r.get(2)?,
            destination: r.get(3)?,
            files: r.get(4)?,
            bytes: r.get(5)?,
            bytes_stored: r.get(6)?,
            alive_at: r.get(7)?,
        })
    };
    let rows = tx.query(&sql, params![now.plus_millis(-HOUR_MS), ROWS])?;
    rows.iter().map(row).collect()
}

fn hours(tx: &mut dyn Tx, now: Timestamp) -> Result<Vec<Hour>, Failure> {
    let newest = now.plus_millis(-now.as_millis().rem_euclid(HOUR_MS));
    let mut hours: Vec<Hour> = (0..HOURS)
        .rev()
        .map(|ago| Hour {
            from: newest.plus_millis(-HOUR_MS * i64::try_from(ago).unwrap_or_default()),
            files: 0,
            bytes: 0,
        })
        .collect();
    let Some(first) = hours.first().map(|h| h.from) else {
        return Ok(hours);
    };
    let rows = tx.query(
        "SELECT t.hour, COUNT(*), CAST(COALESCE(SUM(t.size), 0) AS bigint)
         FROM (SELECT (s.uploaded_at - ?1) / 3600000 AS hour, s.size FROM upload_session s
               WHERE s.state IN ('uploaded', 'deduplicated') AND s.uploaded_at >= ?1) t
         GROUP BY t.hour",
        params![first],
    )?;
    for row in &rows {
        // A clock that was put back leaves hours that are still to come.
        let at = usize::try_from(row.get::<i64>(0)?)
            .unwrap_or_default()
            .min(HOURS - 1);
        if let Some(hour) = hours.get_mut(at) {
            hour.files += row.get::<u64>(1)?;
            hour.bytes += row.get::<u64>(2)?;
        }
    }
    Ok(hours)
}

fn abandoned(tx: &mut dyn Tx, now: Timestamp) -> Result<Vec<Abandoned>, Failure> {
    let sql = format!(
        "SELECT s.id, {NAME}, g.name, s.rel_path, s.size, COALESCE(s.part_count, 1), s.alive_at,
                (SELECT COUNT(*) FROM file_part p WHERE p.owner_id = s.owner_id AND p.object_id = s.object_id
                  AND p.state = 'uploaded')
         FROM upload_session s JOIN owner o ON o.id = s.owner_id
         LEFT JOIN upload_group g ON g.owner_id = s.owner_id AND g.id = s.group_id
         WHERE {OPEN} AND s.alive_at < ?1 ORDER BY s.alive_at, s.id LIMIT ?2"
    );
    let row = |r: &Row| {
        Ok(Abandoned {
            id: r.get(0)?,
            owner: r.get(1)?,
            group: r.get(2)?,
            path: r.get(3)?,
            bytes: r.get(4)?,
            parts: r.get(5)?,
            alive_at: r.get(6)?,
            parts_done: r.get(7)?,
        })
    };
    let rows = tx.query(&sql, params![now.plus_millis(-HOUR_MS), ROWS])?;
    rows.iter().map(row).collect()
}

fn jobs(tx: &mut dyn Tx, now: Timestamp) -> Result<Vec<Jobs>, Failure> {
    let rows = tx.query(
        "SELECT j.type, CAST(SUM(CASE WHEN j.state = 'pending' THEN 1 ELSE 0 END) AS bigint),
                CAST(SUM(CASE WHEN j.state IN ('sending', 'running') THEN 1 ELSE 0 END) AS bigint),
                CAST(SUM(CASE WHEN j.state = 'completed' THEN 1 ELSE 0 END) AS bigint),
                CAST(SUM(CASE WHEN j.state = 'failed' THEN 1 ELSE 0 END) AS bigint)
         FROM processing_job j WHERE j.finished_at IS NULL OR j.finished_at >= ?1
         GROUP BY j.type ORDER BY j.type LIMIT ?2",
        params![now.plus_millis(-24 * HOUR_MS), ROWS],
    )?;
    let row = |r: &Row| {
        Ok(Jobs {
            kind: r.get(0)?,
            waiting: r.get(1)?,
            running: r.get(2)?,
            completed_24h: r.get(3)?,
            failed_24h: r.get(4)?,
        })
    };
    rows.iter().map(row).collect()
}

fn dead_jobs(tx: &mut dyn Tx) -> Result<Vec<DeadJob>, Failure> {
    let sql = format!(
        "SELECT j.id, j.type, {NAME}, s.rel_path, j.error_code, j.error_detail, j.attempts, j.finished_at
         FROM processing_job j JOIN owner o ON o.id = j.owner_id
         JOIN upload_session s ON s.owner_id = j.owner_id AND s.id = j.session_id
         WHERE j.state = 'failed' ORDER BY j.finished_at DESC, j.id DESC LIMIT ?1"
    );
    let row = |r: &Row| {
        Ok(DeadJob {
            id: r.get(0)?,
            kind: r.get(1)?,
            owner: r.get(2)?,
            path: r.get(3)?,
            error_code: r.get(4)?,
            error_detail: r.get(5)?,
            attempts: r.get(6)?,
            at: r.get(7)?,
        })
    };
    let rows = tx.query(&sql, params![ROWS])?;
    rows.iter().map(row).collect()
}

fn waiting(tx: &mut dyn Tx) -> Result<Waiting, Failure> {
    let mut count = |sql: &str| tx.query_one(sql, params![])?.get::<u64>(0);
    Ok(Waiting {
        jobs: count("SELECT COUNT(*) FROM processing_job WHERE state = 'failed'")?,
        storage_events: count("SELECT COUNT(*) FROM dead_event WHERE replayed_at IS NULL")?,
        webhooks_failing: count("SELECT COUNT(*) FROM webhook_endpoint WHERE state = 'failing'")?,
        webhooks_disabled: count("SELECT COUNT(*) FROM webhook_endpoint WHERE state = 'disabled'")?,
        strays: count("SELECT COUNT(*) FROM stray WHERE told_at IS NOT NULL")?,
    })
}
