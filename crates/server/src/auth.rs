//! Who asks, and what they may.
//!
//! A request's `Authorization: Bearer …` is looked up once, by the guard, and becomes a [`Principal`] that travels with the
//! request. A route names what it wants as its first argument: [`Scoped<Upload>`](Scoped), or [`Principal`] for whoever is
//! known. There is no other way to learn whose rows to look at, so no route can forget to ask.
//!
//! Of a token only the SHA-256 is kept. Taking one back, or disabling its owner, counts within [`keeper::TRUSTED_MS`].

pub mod keeper;
pub mod limiter;
pub mod principal;
pub mod scoped;
pub mod secret;

pub use principal::{Kind, Principal, Scopes};
pub use scoped::{Admin, Delete, Known, Process, Read, Scoped, Upload};
