//! `windlass` as people and scripts meet it: the built program, in a data folder of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "support functions of tests panic as tests do; they are outside of #[test] functions"
)]

mod computer;
mod doors;
mod help;
mod history;
mod socket;
mod together;
mod upload;
