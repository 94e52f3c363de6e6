//! Calls that this server makes to addresses that somebody typed in: webhooks, and endpoints that embed.
//!
//! Whoever may name an address could make the server talk to its own neighbours, to the machine it runs on, or to the
//! keys of its cloud (A84). So a call leaves only by [`Outgoing`], which
//! - takes `https` alone, and parsed addresses alone: no user-info, no number that is an address in disguise;
//! - resolves names itself and connects only to what it resolved and found public, so that a name that changes between
//!   the look and the call gains nothing (A85);
//! - follows no redirect and knows no proxy;
//! - bounds time and length of the answer (A87), and hands no answer on to whom it may not concern (A86).
//!
//! What the operator wrote into the settings ([`Origin`]: scheme, host and port, compared exactly) is excepted. The client
//! holds no state but open connections; nothing survives a kill, and the caller asks again by its own record.
//!
//! [`webhook`] signs and delivers events.

mod address;
mod client;
mod origin;
pub mod webhook;

pub use address::is_public;
pub use client::{Call, Limits, Outgoing, Reply, Resolve, SystemResolver};
pub use origin::Origin;
