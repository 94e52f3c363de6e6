//! The control plane through its own door: a real embedded server, its typed client, and plain PUTs.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

#[macro_use]
mod databases;
mod support;

mod conformance;
mod db;
mod dedup;
mod destinations;
mod drill;
mod folder;
mod guard;
mod janitor;
mod ledger;
mod s3;
mod watch;
