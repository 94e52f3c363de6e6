//! The one behind a request.

use std::collections::BTreeSet;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, OwnerId, TokenId};
use windlass_protocol::owners::Role;
use windlass_protocol::tokens::Scope;

use super::secret::TokenHash;

/// What is allowed, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// All of them.
    pub const ALL: Self = Self(0b1_1111);

    /// Has it this one?
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// True when nothing is here that is not there.
    #[must_use]
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// As a list.
    #[must_use]
    pub fn list(self) -> Vec<Scope> {
        Scope::ALL.into_iter().filter(|s| self.has(*s)).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, s| bits | (1 << s as u8)))
    }
}

/// How somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By the secret of a launch: this computer.
    Launch,
    /// By an API token.
    Token,
    /// By a secret that the caller made, for which there is an owner.
    Anonymous,
    /// By a secret that the caller made and nobody has seen before. [`Principal::owner`] is not in the ledger yet; the
    /// first group or file makes it, where a destination allows that.
    Newcomer(TokenHash),
}

/// The one behind a request.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Whose rows.
    pub owner: OwnerId,
    /// What the owner may be for.
    pub role: Role,
    /// What is allowed.
    pub scopes: Scopes,
    /// Where; none: everywhere.
    pub destinations: Option<Arc<BTreeSet<DestinationId>>>,
    /// By which token.
    pub token_id: Option<TokenId>,
    /// How they are known.
    pub kind: Kind,
}

impl Principal {
    /// This computer's user: owner and admin in one.
    #[must_use]
    pub fn launch(owner: OwnerId) -> Self {
        Self {
            owner,
            role: Role::Admin,
            scopes: Scopes::ALL,
            destinations: None,
            token_id: None,
            kind: Kind::Launch,
        }
    }

    /// Refuses what the token does not allow.
    ///
    /// # Errors
    /// `forbidden`; `unauthenticated` for somebody of whom nothing is known yet.
    pub fn require(&self, scope: Scope) -> Result<(), Failure> {
        if matches!(self.kind, Kind::Newcomer(_)) && scope != Scope::Upload {
            return Err(Failure::new(ErrorCode::Unauthenticated, "nobody has this secret"));
        }
        if !self.scopes.has(scope) {
            let detail = format!("the token does not have the scope {scope}");
            return Err(Failure::new(ErrorCode::Forbidden, detail));
        }
        if scope == Scope::Admin {
            return self.require_role(Role::Admin);
        }
        Ok(())
    }

    /// Refuses owners of another role. Admins are no workers: they read no content.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_role(&self, role: Role) -> Result<(), Failure> {
        if self.role == role || self.kind == Kind::Launch {
            return Ok(());
        }
        let detail = format!("this takes an owner of the role {role}");
        Err(Failure::new(ErrorCode::Forbidden, detail))
    }

    /// True when the token may be used there.
    #[must_use]
    pub fn reaches(&self, destination: DestinationId) -> bool {
        self.destinations
            .as_ref()
            .is_none_or(|d| d.contains(&destination))
    }

    /// Refuses a destination that the token is not for.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_destination(&self, destination: DestinationId) -> Result<(), Failure> {
        if self.reaches(destination) {
            return Ok(());
        }
        Err(Failure::new(
            ErrorCode::Forbidden,
            "the token is for other destinations",
        ))
    }

    /// True for uploads of people without an account.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        matches!(self.kind, Kind::Anonymous | Kind::Newcomer(_))
    }
}
