//! What leaves the server, and what storages tell it: real sockets on loopback, and a real radosgw.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

mod embedding;
mod guard;
mod receiver;
mod storage_events;
mod webhook;
