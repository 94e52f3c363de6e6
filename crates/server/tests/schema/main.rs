//! The ledger's schema by itself, on both databases: what plain SQL may not do, whoever writes it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

mod base;

mod gates;
mod kept;
mod migration;
mod plans;
mod steps;
mod work;
