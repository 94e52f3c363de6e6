//! The plan of a launch: total, sound, idempotent, and told as people read it.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test that can't go on says so"
)]

#[path = "reconcile/cases.rs"]
mod cases;
#[path = "reconcile/property.rs"]
mod property;
#[path = "reconcile/queue.rs"]
mod queue;
#[path = "reconcile/table.rs"]
mod table;
#[path = "reconcile/world.rs"]
mod world;
