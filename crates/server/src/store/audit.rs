//! The audit log: who did what to whom, and why. Rows are only ever added.

use windlass_core::error::Failure;
use windlass_core::ids::OwnerId;
use windlass_core::time::Timestamp;
use windlass_protocol::janitor::AuditEntry;

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

/// Rows of the audit before a number, newest first; of one action, or of all whose word begins so (`janitor.`).
///
/// # Errors
/// As the database answers.
pub fn page(
    tx: &mut dyn Tx,
    action: Option<&str>,
    before: i64,
    limit: u32,
) -> Result<Vec<AuditEntry>, Failure> {
    const ROW: &str =
        "SELECT seq, at, actor_id, actor_kind, action, subject_kind, subject_id, owner_id, reason, data
       FROM audit_row";
    let rows = match action {
        None => tx.query(
            &format!("{ROW} WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2"),
            params![before, limit],
        )?,
        Some(start) if start.ends_with('.') => tx.query(
            &format!(
                "{ROW} WHERE seq < ?1 AND substr(action, 1, length(?3)) = ?3 ORDER BY seq DESC LIMIT ?2"
            ),
            params![before, limit, start],
        )?,
        Some(action) => tx.query(
            &format!("{ROW} WHERE seq < ?1 AND action = ?3 ORDER BY seq DESC LIMIT ?2"),
            params![before, limit, action],
        )?,
    };
    rows.iter()
        .map(|r| {
            let subject: Option<[u8; 16]> = r.get(6)?;
            let data: String = r.get(9)?;
            Ok(AuditEntry {
                seq: r.get(0)?,
                at: r.get(1)?,
                actor_id: r.get(2)?,
                actor_kind: r.get(3)?,
                action: r.get(4)?,
                subject_kind: r.get(5)?,
                subject_id: subject.map(|id| uuid::Uuid::from_bytes(id).to_string()),
                owner_id: r.get(7)?,
                reason: r.get(8)?,
                data: serde_json::from_str(&data).unwrap_or_default(),
            })
        })
        .collect()
}
