//! Sign-in with an identity provider on the wire. A client learns whether there is one (`GET /v1/signin`), begins (`POST
//! /v1/signin`), shows the person an address and a code, and asks (`POST /v1/signin:poll`) until the person has signed in
//! there; the answer then has a token like every other. `DELETE /v1/tokens/self` signs out.
//!
//! None of these needs a token. The handle of a sign-in is the right to its token: it stays with who began.

use std::fmt;

use serde::{Deserialize, Serialize};
use windlass_core::ids::ClientId;

use crate::tokens::Token;

/// Answer to `GET /v1/signin`; `not_found` where tokens are the only way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInOffer {
    /// The host where people sign in.
    pub provider: String,
}

/// Begins a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartSignIn {
    /// What the token will be known by, as the name of a computer.
    pub name: String,
    /// The machine that will use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

/// A sign-in that waits for a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInStarted {
    /// Asks for the token; a secret.
    pub handle: String,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same address with the code in it, where the provider has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_uri_complete: Option<String>,
    /// When the code ends, in milliseconds from now.
    pub expires_in_ms: i64,
    /// Time between two questions, in milliseconds.
    pub interval_ms: i64,
}

impl fmt::Debug for SignInStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInStarted")
            .field("verification_uri", &self.verification_uri)
            .finish_non_exhaustive()
    }
}

/// Asks what became of a sign-in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollSignIn {
    /// From the start.
    pub handle: String,
}

impl fmt::Debug for PollSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PollSignIn(…)")
    }
}

/// What became of a sign-in. Refused: `forbidden` (the person or the server said no), `token_expired` (the code ended),
/// `unauthenticated` (no such sign-in, or its token was told before).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SignInState {
    /// The person has not done it yet.
    Waiting {
        /// Time until the next question, in milliseconds.
        interval_ms: i64,
    },
    /// Done.
    Done {
        /// The secret, told once.
        token: String,
        /// What it is.
        about: Box<Token>,
        /// Whose it is.
        owner: String,
    },
}

impl fmt::Debug for SignInState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { interval_ms } => f
                .debug_struct("Waiting")
                .field("interval_ms", interval_ms)
                .finish(),
            Self::Done { about, owner, .. } => f
                .debug_struct("Done")
                .field("about", about)
                .field("owner", owner)
                .finish_non_exhaustive(),
        }
    }
}
