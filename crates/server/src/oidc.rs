//! Sign-in with an identity provider (OpenID Connect), by the flow for devices (RFC 8628): docs/decisions/0011.
//!
//! A client begins ([`SignIn::start`]); the server asks the [`provider`] for a code and seals what it has to know later into
//! a handle, so any replica can go on and none remembers anything. The person signs in at the provider, in a browser. The
//! client asks again and again ([`SignIn::poll`]); once the provider answers with an ID token, the token is examined
//! ([`token`]), the person is let in or not ([`person`]), their owner is found or made by what the provider calls them, and
//! a token of this server's own is made, like every other. What came from the provider is forgotten then.
//!
//! A kill in between costs one sign-in: the code at the provider is used, the person begins again.

pub mod person;
mod provider;
mod sign_in;
pub mod token;
mod wire;

use windlass_core::error::{ErrorCode, Failure};

pub use sign_in::SignIn;

/// How an identity provider is used.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcSettings {
    /// Its address, exactly as it calls itself.
    pub issuer: String,
    /// What it calls this server.
    pub client_id: String,
    /// What it knows this server by; none for a public client.
    pub client_secret: Option<String>,
    /// What is asked for.
    pub scopes: String,
    /// The claim with the name of a new owner.
    pub name_claim: String,
    /// The claim with groups.
    pub groups_claim: String,
    /// Groups of which one is needed; empty: none is.
    pub groups: Vec<String>,
    /// Domains of mail addresses of which one is needed; empty: none is.
    pub domains: Vec<String>,
    /// How long a token lives, in milliseconds.
    pub token_life: i64,
}

impl std::fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcSettings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl OidcSettings {
    /// The host where people sign in.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.issuer.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }
}

/// The provider's set-up is wrong; another try changes nothing.
fn wrong(what: impl Into<String>) -> Failure {
    Failure::new(ErrorCode::InvalidField, format!("oidc-issuer: {}", what.into()))
}
