//! The routes in the words of the sources, as their callers use them: no header but the content type, no checksum.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]
#![allow(dead_code, reason = "the shared helpers serve other tests too")]

#[path = "../serve/support.rs"]
mod support;

mod bench;
mod companion;
mod foreign;
mod groups;
mod records;
mod tracks;
mod training;
