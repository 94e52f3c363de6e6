//! The machine's decisions one by one: an event goes in, effects come out.

#![expect(clippy::expect_used, reason = "a test that can't go on says so")]

#[path = "machine/bench.rs"]
mod bench;
#[path = "machine/conditions.rs"]
mod conditions;
#[path = "machine/destinations.rs"]
mod destinations;
#[path = "machine/ends.rs"]
mod ends;
#[path = "machine/intents.rs"]
mod intents;
#[path = "machine/parts.rs"]
mod parts;
#[path = "machine/sources.rs"]
mod sources;
