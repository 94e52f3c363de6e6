//! What went over the network, by minute and destination: the throughput of the insights. Kept for 40 days.

use rusqlite::{Connection, params};
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;

use crate::QueueError;
use crate::row::{key, time, unsigned};

/// Milliseconds of one sample.
pub const SAMPLE_MS: i64 = 60_000;
/// Milliseconds that samples are kept.
pub const KEEP_MS: i64 = 40 * 24 * 60 * 60 * 1_000;

/// Bytes of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Its beginning.
    pub at: Timestamp,
    /// Bytes that sockets took.
    pub sent: u64,
    /// Of these: bytes that the storage did not keep, and that go again.
    pub lost: u64,
}

/// Adds to the minute of `at`.
///
/// # Errors
/// As for every write.
pub fn add(
    conn: &Connection,
    at: Timestamp,
    destination: DestinationId,
    sent: u64,
    lost: u64,
) -> Result<(), QueueError> {
    conn.prepare_cached(
        "INSERT INTO sample (at, destination_id, sent, lost) VALUES (?1 / ?5 * ?5, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET sent = sent + excluded.sent, lost = lost + excluded.lost",
    )?
    .execute(params![
        at.as_millis(),
        key(destination),
        sent.cast_signed(),
        lost.cast_signed(),
        SAMPLE_MS
    ])?;
    Ok(())
}

/// Sums of stretches of `step_ms`, oldest first; stretches in which nothing moved are absent.
///
/// # Errors
/// As for every read.
pub fn since(
    conn: &Connection,
    from: Timestamp,
    step_ms: i64,
    destination: Option<DestinationId>,
) -> Result<Vec<Sample>, QueueError> {
    let mut q = conn.prepare_cached(
        "SELECT at / ?2 * ?2 AS step, sum(sent), sum(lost) FROM sample
         WHERE at >= ?1 AND (?3 IS NULL OR destination_id = ?3) GROUP BY step ORDER BY step",
    )?;
    let rows = q.query_map(
        params![from.as_millis(), step_ms.max(SAMPLE_MS), destination.map(key)],
        |r| {
            Ok(Sample {
                at: time(r, 0)?,
                sent: unsigned(r, 1)?,
                lost: unsigned(r, 2)?,
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes what is too old.
///
/// # Errors
/// As for every write.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, QueueError> {
    let mut q = conn.prepare_cached("DELETE FROM sample WHERE at < ?1")?;
    Ok(q.execute([now.plus_millis(-KEEP_MS).as_millis()])?)
}
