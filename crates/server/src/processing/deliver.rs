//! Telling webhooks of changes: in order, each at least once, by the place in the log up to which an address was told.
//!
//! Whoever delivers to an address holds its lease; the place is written after each message, so a crash sends one message
//! again, under the same id. An address that fails is tried again, later and later; after a day it is disabled, its place
//! kept.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;
use windlass_core::error::Failure;
use windlass_core::ids::{OwnerId, WebhookId};
use windlass_core::time::Timestamp;
use windlass_protocol::changes::Change;

use crate::clock::random;
use crate::failure::internal;
use crate::outgoing::Outgoing;
use crate::outgoing::webhook::{Message, Outcome, Secret, deliver};
use crate::seal::Seal;
use crate::service::Service;
use crate::store::audit::{self, Act, Actor, ActorKind};
use crate::store::changes::{self, Cursor};
use crate::store::webhooks::{self, Told, WebhookRow};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// A lease, milliseconds; more than a message takes.
const LEASE_MS: i64 = 60_000;
/// Messages under one lease, before others get their turn.
const TURN: u32 = 100;
/// Addresses at a time.
const AT_A_TIME: usize = 8;

/// What delivering takes.
#[derive(Clone)]
pub struct Deliverer {
    /// Ledger and time.
    pub service: Arc<Service>,
    /// Calls addresses of other people.
    pub outgoing: Outgoing,
    /// Opens their secrets.
    pub seal: Arc<Seal>,
}

/// What the secret of a webhook is sealed for.
pub(crate) fn purpose(owner: OwnerId, id: WebhookId) -> Vec<u8> {
    [b"webhook", &owner.as_bytes()[..], &id.as_bytes()[..]].concat()
}

/// The secret of a webhook.
pub(crate) fn secret(seal: &Seal, webhook: &WebhookRow) -> Result<Secret, Failure> {
    let bytes = seal.open(&purpose(webhook.owner, webhook.about.id), &webhook.secret)?;
    Secret::parse(&String::from_utf8(bytes).map_err(internal)?)
}

impl Deliverer {
    /// Delivers until it is stopped.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let more = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                more = self.round() => more.unwrap_or_else(|e| {
                    tracing::warn!(error = %e, "webhooks could not be told");
                    false
                }),
            };
            if more {
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Tells everybody who is behind. True when there is more to tell.
    async fn round(&self) -> Result<bool, Failure> {
        let now = self.service.now();
        let behind = self.service.store().db().read(move |tx| {
            let mut behind = Vec::new();
            for (owner, id, cursor) in webhooks::ready(tx, now)? {
                if changes::any_after(tx, owner, cursor)? {
                    behind.push((owner, id));
                }
            }
            Ok(behind)
        });
        let told: Vec<_> = futures::stream::iter(behind.await?)
            .map(|(owner, id)| self.one(owner, id))
            .buffer_unordered(AT_A_TIME)
            .collect()
            .await;
        told.into_iter().try_fold(false, |any, one| Ok(any | one?))
    }

    /// Tells one address its next changes. True when there are more.
    async fn one(&self, owner: OwnerId, id: WebhookId) -> Result<bool, Failure> {
        let db = self.service.store().db();
        let now = self.service.now();
        let mut lease = now.plus_millis(LEASE_MS);
        let taken = db.write(None, move |tx| webhooks::lease(tx, owner, id, lease, now));
        let Some(webhook) = taken.await? else {
            return Ok(false);
        };
        let mut at: Cursor = webhook.about.cursor.parse()?;
        let events = db.read(move |tx| changes::after(tx, owner, at, TURN)).await?;
        let more = events.len() == TURN as usize;
        for (cursor, change) in events {
            let word = if change.kind == "state" {
                &change.to
            } else {
                &change.kind
            };
            if !webhooks::wants(&webhook.about.events, &change.machine, word) {
                at = cursor;
                continue;
            }
            let told = match self.send(&webhook, &change).await {
                Outcome::Delivered => Told::UpTo(cursor),
                Outcome::Again(why) => {
                    tracing::info!(webhook = %id, error = %why, "a webhook did not take a message");
                    Told::Failed(u64::from_le_bytes(random(self.service.world())?))
                }
                Outcome::Gone => Told::Gone,
            };
            let now = self.service.now();
            let next = now.plus_millis(LEASE_MS);
            let failed = !matches!(told, Told::UpTo(_));
            // What was passed over needs no second look.
            if failed
                && !self
                    .write(owner, id, lease, Told::PassedOver(at), Some(lease), now)
                    .await?
            {
                return Ok(false);
            }
            let held = self
                .write(owner, id, lease, told, (!failed).then_some(next), now)
                .await?;
            if failed || !held {
                return Ok(false);
            }
            (at, lease) = (cursor, next);
        }
        let now = self.service.now();
        self.write(owner, id, lease, Told::PassedOver(at), None, now)
            .await?;
        Ok(more)
    }

    async fn send(&self, webhook: &WebhookRow, change: &Change) -> Outcome {
        let secret = match secret(&self.seal, webhook) {
            Ok(secret) => secret,
            Err(e) => return Outcome::Again(e),
        };
        let payload = match serde_json::to_vec(change) {
            Ok(payload) => Bytes::from(payload),
            Err(e) => return Outcome::Again(internal(e)),
        };
        let message = Message {
            id: change.id.clone(),
            payload,
        };
        deliver(
            &self.outgoing,
            &webhook.about.url,
            &[secret],
            &message,
            self.service.now(),
        )
        .await
    }

    /// False when somebody else has the lease.
    async fn write(
        &self,
        owner: OwnerId,
        id: WebhookId,
        lease: Timestamp,
        told: Told,
        keep: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let write = self.service.store().db().write(None, move |tx| {
            let (held, given_up) = webhooks::told(tx, owner, id, lease, &told, keep, now)?;
            if given_up {
                let why = match told {
                    Told::Gone => "the other side wants no more (410)",
                    Told::UpTo(_) | Told::PassedOver(_) | Told::Failed(_) => "24 hours of failures",
                };
                let act = Act {
                    actor: Actor {
                        id: None,
                        kind: ActorKind::Worker,
                    },
                    action: "webhook.disable",
                    subject_kind: "webhook",
                    subject: id.into(),
                    owner: Some(owner),
                    reason: Some(why),
                    data: serde_json::json!({}),
                };
                audit::write(tx, &act, now)?;
            }
            Ok((held, given_up))
        });
        let (held, given_up) = write.await?;
        if given_up {
            tracing::warn!(webhook = %id, "a webhook was disabled; its place in the log is kept");
        }
        Ok(held)
    }
}
