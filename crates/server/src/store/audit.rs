//! The audit log: who did what to whom, and why. Rows are only ever added.

use windlass_core::error::Failure;
use windlass_core::ids::OwnerId;
use windlass_core::time::Timestamp;

use crate::db::{Tx, Value, params};

/// In which capacity somebody acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// About one's own.
    Owner,
    /// A worker.
    Worker,
    /// The janitor.
    Janitor,
    /// A storage that tells.
    Webhook,
    /// An admin, or the command line beside the ledger.
    Admin,
}

impl ActorKind {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Worker => "worker",
            Self::Janitor => "janitor",
            Self::Webhook => "webhook",
            Self::Admin => "admin",
        }
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy)]
pub struct Actor {
    /// Whose token; none: the command line, the janitor.
    pub id: Option<OwnerId>,
    /// In which capacity.
    pub kind: ActorKind,
}

/// One act.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// Who.
    pub actor: Actor,
    /// What, as `token.create`.
    pub action: &'a str,
    /// To what kind of thing.
    pub subject_kind: &'a str,
    /// To which.
    pub subject: Value,
    /// Whose it is.
    pub owner: Option<OwnerId>,
    /// Why.
    pub reason: Option<&'a str>,
    /// More, without secrets.
    pub data: serde_json::Value,
}

/// Writes an act down, in the transaction of what it did.
///
/// # Errors
/// As the database answers.
pub fn write(tx: &mut dyn Tx, act: &Act<'_>, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "INSERT INTO audit_row (at, actor_id, actor_kind, action, subject_kind, subject_id, owner_id, reason, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            now,
            act.actor.id,
            act.actor.kind.as_str(),
            act.action,
            act.subject_kind,
            act.subject.clone(),
            act.owner,
            act.reason,
            act.data.to_string(),
        ],
    )
    .map(drop)
}
