//! The control plane as a program of its own: `windlass serve`.
//!
//! Born from [`settings::Settings`], which were checked before anything is opened: a ledger (SQLite in the data folder, or
//! PostgreSQL), the shipped destinations, a listener. Ended by [`Server::shutdown`]: takes no more connections, lets
//! requests and the work that they began end, closes the ledger. After kill -9 the next start, or another replica, finds
//! everything that was answered.
//!
//! A request passes [`listen`] (connections, TLS, slow heads), [`front`] (request id, time, panics, limits, metrics,
//! CORS), the guard ([`gate`]), then the routes.

pub mod address;
pub mod admin;
mod body;
pub mod front;
pub mod gate;
pub mod health;
pub mod janitor;
pub mod listen;
pub mod places;
pub mod settings;
mod start;
mod tls;
mod upkeep;

pub use start::{Server, start, start_with};
