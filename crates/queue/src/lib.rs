//! Remembers: the desktop's queue in SQLite.
//!
//! The queue is the truth of what the person wants and what this machine did. It is one file, born at the first
//! launch ([`Queue::open`]), owned by one process, and written by one thread: closures come in strict order, those
//! that wait are committed together, and each gets its answer only after the commit (I10, I11). Readers are apart
//! and can't write. kill -9 at any moment loses nothing that was answered.
//!
//! What is in it is reached by plain functions over a connection, one module a noun ([`files`], [`groups`],
//! [`receipts`], …); they run inside [`Queue::write`] or [`Queue::read`]. States move only by [`changes::apply`], by
//! [`retry`] and by [`groups::remove`]; the triggers of the file refuse every other step (I7). No network and no await fits
//! into a transaction.
//!
//! A queue opens whole or is set aside whole, its three files together, and the caller is told (I14). One that a newer
//! Windlass wrote is refused without a byte written (I15).

pub mod acts;
mod aside;
pub mod cancelled;
pub mod changes;
mod connection;
mod create;
pub mod destinations;
mod error;
pub mod events;
pub mod files;
pub mod folders;
pub mod given;
pub mod groups;
pub mod hash_cache;
mod header;
pub mod history;
pub mod insights;
pub mod installation;
mod migrate;
mod open;
pub mod processing;
mod queue;
mod readers;
pub mod receipts;
pub mod reconcile;
pub mod regroup;
pub mod retry;
mod row;
pub mod samples;
pub mod search;
pub mod servers;
pub mod settings;
pub mod spans;
pub mod totals;
pub mod watched;
mod words;
mod writer;

pub use error::QueueError;
pub use queue::{Opened, Pending, Queue};
pub use rusqlite::Connection;
