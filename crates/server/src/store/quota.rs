//! Quotas: bytes that an owner may store, reserved when a file is announced (A52).
//!
//! All writes of one owner run one after another, so what is left is what was read.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_protocol::owners::Quota as Told;

use crate::db::{Tx, params};
use crate::failure::Refusal;

/// What is left of an owner's quota, in a batch.
pub(super) struct Quota(Option<u64>);

impl Quota {
    /// Owners without a quota cost one look at their row.
    pub(super) fn of(tx: &mut dyn Tx, owner: OwnerId) -> Result<Self, Failure> {
        Ok(Self(told(tx, owner)?.left()))
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

/// What an owner may store, and does.
pub(crate) fn told(tx: &mut dyn Tx, owner: OwnerId) -> Result<Told, Failure> {
    let quota_bytes = limit(tx, owner)?;
    let used_bytes = match quota_bytes {
        Some(_) => Some(used(tx, owner)?),
        None => None,
    };
    Ok(Told {
        owner_id: owner,
        quota_bytes,
        used_bytes,
    })
}

fn limit(tx: &mut dyn Tx, owner: OwnerId) -> Result<Option<u64>, Failure> {
    let row = tx.query_opt(
        "SELECT quota_bytes FROM owner WHERE id = ?1 AND quota_bytes IS NOT NULL",
        params![owner],
    )?;
    row.map(|r| r.get(0)).transpose()
}

fn used(tx: &mut dyn Tx, owner: OwnerId) -> Result<u64, Failure> {
    tx.query_one(
        "SELECT CAST(COALESCE(SUM(size), 0) AS bigint) FROM stored_object
         WHERE owner_id = ?1 AND state IN ('open', 'stored')",
        params![owner],
    )?
    .get(0)
}
