//! `windlass serve` in this process: settings, tokens, rights, limits, health, the shutdown.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

mod support;

mod anonymous;
mod bucket;
mod content;
mod ending;
mod front;
mod health;
mod janitor;
mod limits;
mod owners;
mod rights;
mod settings;
mod tls;
mod tokens;
