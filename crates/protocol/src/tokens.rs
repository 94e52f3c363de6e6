//! API tokens on the wire: `POST /v1/tokens` (the secret is in this answer and nowhere else), `GET /v1/tokens`, `DELETE
//! /v1/tokens/{id}`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use windlass_core::ids::{ClientId, DestinationId, OwnerId, TokenId};

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Making groups, announcing, sending and completing files.
    Upload,
    /// Reading what is there, also the files.
    Read,
    /// Cancelling and deleting.
    Delete,
    /// Jobs and runs.
    Process,
    /// What admins do; only for owners of that role.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 5] = [Self::Upload, Self::Read, Self::Delete, Self::Process, Self::Admin];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Read => "read",
            Self::Delete => "delete",
            Self::Process => "process",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|s| s.as_str() == word);
        known.ok_or_else(|| format!("no scope: {word:?}; there are upload, read, delete, process, admin"))
    }
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Made by the caller.
    pub id: TokenId,
    /// What people know it by.
    pub name: String,
    /// What it allows; never more than the token of the request does.
    pub scopes: Vec<Scope>,
    /// Whose it is; another than one's own takes an admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<OwnerId>,
    /// Where it may be used; none: everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<DestinationId>>,
    /// The machine that uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// When it ends, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Id.
    pub id: TokenId,
    /// Whose it is.
    pub owner_id: OwnerId,
    /// What people know it by.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// Where it may be used; none: everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<DestinationId>>,
    /// The machine that uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// When it ends, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<i64>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
    /// When it was made.
    pub created_at: i64,
}

/// Answer to `POST /v1/tokens`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedToken {
    /// The secret, told once.
    pub token: String,
    /// What it is.
    #[serde(flatten)]
    pub about: Token,
}

impl fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedToken")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}
