//! The secret by which the storage of a destination is known when it tells us something. Only its hash is kept.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, OwnerId};

use super::Service;
use crate::clock::random;
use crate::db::{Tx, params};
use crate::failure::Refusal;
use crate::store::audit::{Act, Actor, ActorKind, write};

/// Begins such a secret, so that a scanner knows it.
const PREFIX: &str = "wlh_";

/// What comparing a secret said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It is the destination's.
    Right,
    /// It is not, or the destination has none, or is not there.
    Wrong,
}

impl Service {
    /// Compares what was shown with the secret of a destination, in the same time whatever it is.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn shows_hook_secret(&self, id: DestinationId, shown: &[u8]) -> Result<Shown, Failure> {
        let find = "SELECT hook_secret_hash FROM destination WHERE id = ?1 AND state <> 'retired'";
        let row = self
            .store
            .db()
            .read(move |tx| tx.query_opt(find, params![id]))
            .await?;
        let kept: Option<Vec<u8>> = row.map(|r| r.get(0)).transpose()?.flatten();
        let is_set = kept.is_some();
        // No text has this hash.
        let kept = kept.unwrap_or_else(|| vec![0; 32]);
        let same = verify_slices_are_equal(hash(shown).as_slice(), &kept).is_ok();
        Ok(if same && is_set {
            Shown::Right
        } else {
            Shown::Wrong
        })
    }

    /// Makes the secret of a destination; the one before it ends.
    ///
    /// # Errors
    /// `not_found`; when the ledger does not answer.
    pub async fn make_hook_secret(&self, id: DestinationId, by: OwnerId) -> Result<String, Refusal> {
        let bytes: [u8; 32] = random(self.world())?;
        let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        self.set_hook_hash(id, by, Some(hash(secret.as_bytes()))).await?;
        Ok(secret)
    }

    /// The storage of a destination is not listened to any more.
    ///
    /// # Errors
    /// `not_found`; when the ledger does not answer.
    pub async fn drop_hook_secret(&self, id: DestinationId, by: OwnerId) -> Result<(), Refusal> {
        self.set_hook_hash(id, by, None).await
    }

    async fn set_hook_hash(
        &self,
        id: DestinationId,
        by: OwnerId,
        hash: Option<Vec<u8>>,
    ) -> Result<(), Refusal> {
        let now = self.now();
        let set = move |tx: &mut dyn Tx| {
            let sql = "UPDATE destination SET hook_secret_hash = ?2, updated_at = ?3 WHERE id = ?1 AND state <> 'retired'";
            if tx.execute(sql, params![id, hash.clone(), now])? == 0 {
                return Ok(false);
            }
            let act = Act {
                actor: Actor {
                    id: Some(by),
                    kind: ActorKind::Admin,
                },
                action: if hash.is_some() {
                    "destination.hook"
                } else {
                    "destination.unhook"
                },
                subject_kind: "destination",
                subject: id.into(),
                owner: None,
                reason: None,
                data: serde_json::json!({}),
            };
            write(tx, &act, now)?;
            Ok(true)
        };
        if self.store.db().write(None, set).await? {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::NotFound, "no such destination"))
    }
}

fn hash(text: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, text).as_ref().to_vec()
}
