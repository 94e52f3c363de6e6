//! The queue through its public doors, on real files.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod changes;
mod commit;
mod crash;
mod damage;
mod disk;
mod groups;
mod history;
mod intake;
mod launch;
mod migration;
mod narrow;
mod pages;
mod power;
mod random;
mod receipts;
mod regroup;
mod retry;
mod servers;
mod small_tables;
mod spans;
mod speed;
mod support;
mod transitions;
mod watched;
