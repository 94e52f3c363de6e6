//! Quotas: bytes that an owner may store, reserved when a file is announced (A52).
//!
//! All writes of one owner run one after another, so what is left is what was read.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;

use crate::db::{Tx, params};
use crate::failure::Refusal;

/// What is left of an owner's quota, in a batch.
pub(super) struct Quota(Option<u64>);

impl Quota {
    /// Owners without a quota cost one look at their row.
    pub(super) fn of(tx: &mut dyn Tx, owner: OwnerId) -> Result<Self, Failure> {
        let row = tx.query_opt(
            "SELECT quota_bytes FROM owner WHERE id = ?1 AND quota_bytes IS NOT NULL",
            params![owner],
        )?;
        let Some(row) = row else {
            return Ok(Self(None));
        };
        let quota: u64 = row.get(0)?;
        let used: u64 = tx
            .query_one(
                "SELECT CAST(COALESCE(SUM(size), 0) AS bigint) FROM stored_object
                 WHERE owner_id = ?1 AND state IN ('open', 'stored')",
                params![owner],
            )?
            .get(0)?;
        Ok(Self(Some(quota.saturating_sub(used))))
    }

    /// Takes bytes out of what is left.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), Refusal> {
        let Some(left) = &mut self.0 else {
            return Ok(());
        };
        let refused = || {
            let detail = format!("{bytes} bytes more, {left} are left");
            Refusal::new(ErrorCode::QuotaExceeded, detail)
        };
        *left = left.checked_sub(bytes).ok_or_else(refused)?;
        Ok(())
    }
}
