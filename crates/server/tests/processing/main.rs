//! The processing track as clients and workers see it: jobs, runs, the feed of changes, webhooks, processors.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

#[path = "../outgoing/receiver.rs"]
#[expect(dead_code, reason = "it serves other tests too")]
mod receiver;
#[path = "../serve/support.rs"]
#[expect(dead_code, reason = "it serves other tests too")]
mod support;

mod changes;
mod clocks;
mod desk;
mod ends;
mod jobs;
mod learnt;
mod passed_on;
mod processors;
mod runs;
mod search;
mod tracks;
mod webhooks;
