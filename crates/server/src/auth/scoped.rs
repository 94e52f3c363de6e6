//! What a route wants of who asks, as the type of an argument.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use windlass_core::error::ErrorCode;
use windlass_protocol::tokens::Scope;

use super::principal::{Kind, Principal};
use crate::failure::Refusal;
use crate::routes::Problems;

/// A scope as a type.
pub trait Wanted: Send + Sync + 'static {
    /// Which.
    const SCOPE: Scope;
}

macro_rules! wanted {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $($(#[$doc])* #[derive(Debug, Clone, Copy)] pub struct $name;
        impl Wanted for $name { const SCOPE: Scope = Scope::$name; })+
    };
}

wanted! {
    /// Making groups, announcing, sending and completing files.
    Upload,
    /// Reading.
    Read,
    /// Cancelling and deleting.
    Delete,
    /// Jobs and runs.
    Process,
    /// What admins do.
    Admin,
}

/// Who asks; they have the scope. Reads like the [`Principal`] that it is.
#[derive(Debug, Clone)]
pub struct Scoped<S>(pub Principal, PhantomData<S>);

impl<S> Deref for Scoped<S> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<S: Wanted, T: Send + Sync> FromRequestParts<T> for Scoped<S> {
    type Rejection = Problems;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problems> {
        let who = found(parts)?;
        who.require(S::SCOPE)?;
        Ok(Self(who, PhantomData))
    }
}

/// Whoever is known, whatever they may.
#[derive(Debug, Clone)]
pub struct Known(pub Principal);

impl Deref for Known {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<T: Send + Sync> FromRequestParts<T> for Known {
    type Rejection = Problems;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problems> {
        let who = found(parts)?;
        match who.kind {
            Kind::Newcomer(_) => Err(unknown().into()),
            Kind::Launch | Kind::Token | Kind::Anonymous => Ok(Self(who)),
        }
    }
}

/// As the guard found them; a route that the guard leaves open has nobody.
fn found(parts: &Parts) -> Result<Principal, Refusal> {
    parts.extensions.get::<Principal>().cloned().ok_or_else(unknown)
}

fn unknown() -> Refusal {
    Refusal::new(ErrorCode::Unauthenticated, "a token is needed")
}
