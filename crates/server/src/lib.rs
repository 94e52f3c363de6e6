//! Keeps the ledger: which sessions exist, where their objects are, and what proves them.
//!
//! A request passes [`routes`] (who may ask, what is well-formed), then [`service`] (what it means), which writes to a
//! [`store::Store`] (the ledger; one place for SQL) and asks an [`storage::ObjectStorage`] (a folder or a bucket). No
//! transaction is open while a storage is asked: intent is written first, the storage is asked, the answer is written by a
//! guarded update. So whatever dies in between is asked again, and the ledger ends the same.
//!
//! [`embedded`] starts all of it inside another program, on loopback, for one person. What survives kill -9: the ledger,
//! the objects, the parts. What does not: the secret of the launch, the signed URLs made with it, keys kept in memory.

pub mod clock;
pub mod embedded;
mod failure;
pub mod naming;
pub mod routes;
pub mod secrets;
pub mod service;
pub mod storage;
pub mod store;
