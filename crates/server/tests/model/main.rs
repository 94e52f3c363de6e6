//! Groups, files and rights of `windlass serve` through HTTP, on both databases.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

#[path = "../serve/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of the server, which use all of it"
)]
mod support;

mod bucket;
mod desk;
mod duplicates;
mod examples;
mod figures;
mod files;
mod groups;
mod legacy;
mod places;
mod public;
mod records;
mod status;
