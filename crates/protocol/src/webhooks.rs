//! Webhooks on the wire: addresses that are told of changes, in order, each at least once.
//!
//! A message is a [`crate::changes::Change`], signed as Standard Webhooks has it: `webhook-id` is the change's id,
//! `webhook-timestamp`, and `webhook-signature: v1,` with the HMAC-SHA256 of `id.timestamp.body`.

use std::fmt;

use serde::{Deserialize, Serialize};
use windlass_core::ids::WebhookId;

use crate::problem::Problem;

/// `POST /v1/webhooks`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// Made by the caller.
    pub id: WebhookId,
    /// `https://…`
    pub url: String,
    /// What is told: `MACHINE.STATE`, `MACHINE.*`, or `*`.
    #[serde(default = "everything")]
    pub events: Vec<String>,
}

fn everything() -> Vec<String> {
    vec!["*".into()]
}

/// `PATCH /v1/webhooks/{id}`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchWebhook {
    /// Another address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Other events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// False stops it, true lets it go on from where it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Id.
    pub id: WebhookId,
    /// Address.
    pub url: String,
    /// What is told.
    pub events: Vec<String>,
    /// `active`, `failing` or `disabled`.
    pub state: String,
    /// How far it was told.
    pub cursor: String,
    /// Failures in a row.
    pub failures: u64,
    /// Since when it fails, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<i64>,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<i64>,
    /// When it was made.
    pub created_at: i64,
}

/// Answer to `POST /v1/webhooks`; the secret is told once.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatedWebhook {
    /// `whsec_…`, what messages are signed with.
    pub secret: String,
    /// What it is.
    #[serde(flatten)]
    pub about: Webhook,
}

impl fmt::Debug for CreatedWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedWebhook")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

/// Answer to `POST /v1/webhooks/{id}/test`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookTest {
    /// The other side has it.
    pub delivered: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}
