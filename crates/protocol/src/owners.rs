//! Owners on the wire (for admins): `POST /v1/owners`, `GET /v1/owners`, `GET`, `PATCH /v1/owners/{id}`; and for everybody
//! `GET /v1/quota`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use windlass_core::ids::OwnerId;

/// What an owner may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Its own files.
    Member,
    /// Jobs of everybody, by their types.
    Worker,
    /// Destinations, owners, janitor, audit.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Member, Self::Worker, Self::Admin];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Worker => "worker",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|r| r.as_str() == word);
        known.ok_or_else(|| format!("no role: {word:?}; there are member, worker, admin"))
    }
}

/// Answer to `GET /v1/quota`: how much the caller may store, and does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Who asks.
    pub owner_id: OwnerId,
    /// Bytes that may be stored; none where there is no such limit.
    pub quota_bytes: Option<u64>,
    /// Bytes that are stored or announced; none where there is no limit.
    pub used_bytes: Option<u64>,
}

impl Quota {
    /// Bytes that are left; none where there is no limit.
    #[must_use]
    pub fn left(self) -> Option<u64> {
        let used = self.used_bytes.unwrap_or_default();
        self.quota_bytes.map(|quota| quota.saturating_sub(used))
    }
}

/// An owner to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateOwner {
    /// Made by the caller.
    pub id: OwnerId,
    /// Unique among people.
    pub name: String,
    /// Unique, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What it may be for.
    pub role: Role,
    /// Bytes that it may store; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_bytes: Option<u64>,
}

/// What to change of an owner; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchOwner {
    /// True: its tokens are refused from now on, its rows stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// What it may be for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Bytes that it may store; 0: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_bytes: Option<u64>,
}

/// An owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Id.
    pub id: OwnerId,
    /// `local`, `user`, `anonymous`.
    pub kind: String,
    /// What it may be for.
    pub role: Role,
    /// Name.
    pub name: String,
    /// Address for mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Bytes that it may store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_bytes: Option<u64>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Since when it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<i64>,
}
