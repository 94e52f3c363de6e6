//! Keeps the ledger: which sessions exist, where their objects are, and what proves them.
//!
//! A request passes [`routes`] (who may ask, what is well-formed), then [`service`] (what it means), which writes to the
//! [`store::Ledger`] (one place for SQL, on either database of [`db`]) and asks an [`storage::ObjectStorage`] (a folder or
//! a bucket). No transaction is open while a storage is asked: intent is written first, the storage is asked, the answer is
//! written by a guarded update. So whatever dies in between is asked again, and the ledger ends the same.
//!
//! [`serve`] is all of it as a program for a team: tokens, settings, TLS, figures. Who asks is found by [`auth`].
//! [`embedded`] starts all of it inside another program, on loopback, for one person. What survives kill -9: the ledger,
//! the objects, the parts. What does not: the secret of the launch, the signed URLs made with it, keys kept in memory.

pub mod auth;
pub mod clock;
pub mod compat;
pub mod db;
pub mod embedded;
pub mod embedding;
pub mod events;
mod failure;
pub mod janitor;
pub mod metrics;
pub mod naming;
pub mod oidc;
pub mod outgoing;
pub mod processing;
pub mod routes;
pub mod seal;
pub mod secrets;
pub mod serve;
pub mod service;
pub mod storage;
pub mod store;
mod text;
pub mod traces;
