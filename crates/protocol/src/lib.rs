//! Speaks: the wire types of the control plane and a typed client for it.
//!
//! Base `/v1`, JSON, `Authorization: Bearer …`. Ids are made by the client and are the idempotency key: the same id and
//! the same facts get the same answer, so a lost answer is asked again. A batch answers 200 with one result an item; one
//! bad item harms no other. Errors are RFC 9457 problem details with a stable `code` ([`problem`]).
//!
//! One thing's life on the wire: [`groups`] are made, their files [`sessions`] are announced (`init`), signed for (`sign`),
//! completed (`complete`) and asked about (`query`); [`destinations`] are added, tested and removed.

pub mod changes;
pub mod client;
pub mod destinations;
pub mod files;
pub mod groups;
pub mod janitor;
pub mod jobs;
pub mod owners;
pub mod places;
pub mod problem;
pub mod runs;
pub mod search;
pub mod sessions;
pub mod signin;
pub mod tokens;
pub mod webhooks;

pub use client::{ControlClient, Endpoint};
pub use problem::Problem;
