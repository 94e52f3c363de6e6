//! The four figures of uploads (L-18), counted from the rows.

use windlass_core::error::Failure;
use windlass_core::ids::OwnerId;
use windlass_core::time::Timestamp;
pub use windlass_protocol::places::MetricsOf as Of;
use windlass_protocol::places::{FailedReason, UploadMetrics};

use crate::db::{Tx, params};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How the figures of something are counted.
struct Counted {
    table: &'static str,
    /// It succeeded, and when.
    good: &'static str,
    good_at: &'static str,
    /// It failed, and when.
    bad: &'static str,
    bad_at: &'static str,
    /// It is open, and nothing moves.
    quiet: &'static str,
}

const SESSIONS: Counted = Counted {
    table: "upload_session",
    good: "x.state IN ('uploaded', 'deduplicated')",
    good_at: "x.uploaded_at",
    bad: "x.state IN ('failed', 'rejected')",
    bad_at: "COALESCE(x.error_at, x.updated_at)",
    quiet: "x.state IN ('pending', 'uploading', 'verifying') AND x.alive_at < ?1",
};

const GROUPS: Counted = Counted {
    table: "upload_group",
    good: "x.state = 'completed'",
    good_at: "x.completed_at",
    bad: "x.state = 'failed'",
    bad_at: "x.updated_at",
    quiet: "x.state = 'uploading' AND x.updated_at < ?1 AND NOT EXISTS (SELECT 1 FROM upload_session s
      WHERE s.owner_id = x.owner_id AND s.group_id = x.id AND s.deleted_at IS NULL AND s.alive_at >= ?1)",
};

/// Counts. Of one owner, or of all. A deleted row counts with what was true of it, and is never abandoned.
pub(crate) fn count(
    tx: &mut dyn Tx,
    of: Of,
    owner: Option<OwnerId>,
    now: Timestamp,
) -> Result<UploadMetrics, Failure> {
    let it = match of {
        Of::Sessions => SESSIONS,
        Of::Groups => GROUPS,
    };
    let (day, week) = (now.plus_millis(-DAY_MS), now.plus_millis(-7 * DAY_MS));
    // Nobody's id when everybody counts: the same parameters in both, so that each has a type.
    let whose = if owner.is_some() {
        "x.owner_id = ?2"
    } else {
        "x.owner_id <> ?2"
    };
    let owner = owner.map_or_else(|| crate::db::Value::Blob(vec![0; 16]), crate::db::Value::from);
    let Counted {
        table,
        good,
        good_at,
        bad,
        bad_at,
        quiet,
    } = it;
    let row = tx.query_one(
        &format!(
            "SELECT COUNT(*), CAST(COALESCE(SUM({good_at} - x.created_at), 0) AS bigint) FROM {table} x
             WHERE {good} AND {good_at} >= ?1 AND {whose}"
        ),
        params![day, owner.clone()],
    )?;
    let (succeeded, took): (u64, i64) = (row.get(0)?, row.get(1)?);
    let failed: u64 = tx
        .query_one(
            &format!("SELECT COUNT(*) FROM {table} x WHERE {bad} AND {bad_at} >= ?1 AND {whose}"),
            params![day, owner.clone()],
        )?
        .get(0)?;
    let rows = tx.query(
        &format!(
            "SELECT COALESCE(x.error_code, 'internal') AS reason, COUNT(*) AS n FROM {table} x
             WHERE {bad} AND {bad_at} >= ?1 AND {whose} GROUP BY COALESCE(x.error_code, 'internal')
             ORDER BY n DESC, reason LIMIT 100"
        ),
        params![week, owner.clone()],
    )?;
    let reason = |r: &crate::db::Row| {
        Ok(FailedReason {
            reason: r.get(0)?,
            count: r.get(1)?,
        })
    };
    let failed_reasons_7d = rows.iter().map(reason).collect::<Result<_, Failure>>()?;
    let abandoned = tx
        .query_one(
            &format!("SELECT COUNT(*) FROM {table} x WHERE {quiet} AND x.deleted_at IS NULL AND {whose}"),
            params![now.plus_millis(-HOUR_MS), owner],
        )?
        .get(0)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate and a mean of far less than 2^53"
    )]
    let ratio = |a: f64, b: u64| (b > 0).then(|| a / b as f64);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate and a mean of far less than 2^53"
    )]
    let (good, millis) = (succeeded as f64, took as f64);
    Ok(UploadMetrics {
        success_rate_24h: ratio(good, succeeded + failed),
        succeeded_24h: succeeded,
        failed_24h: failed,
        average_upload_seconds_24h: ratio(millis / 1_000.0, succeeded),
        failed_reasons_7d,
        abandoned,
    })
}
