//! Decides. No I/O, no clock, no chance but what it is handed.
//!
//! What may happen is found here: which states there are and which steps between them ([`states`]), how a file is cut
//! ([`part_plan`]), whether it is still the file that was read ([`fingerprint`]), what proves its bytes ([`checksum`],
//! [`complete`]), what an error allows ([`error`], [`retry`]), what a launch has to do ([`reconcile`]), what stands
//! against sending just now ([`conditions`]), what is told outside the window ([`herald`]) and, above all, the
//! [`machine`]: it takes events and answers with effects; the engine carries them out and decides nothing.

pub mod accepts;
pub mod checksum;
pub mod complete;
pub mod conditions;
pub mod display;
pub mod error;
pub mod filesystems;
pub mod fingerprint;
pub mod herald;
pub mod ids;
pub mod limits;
pub mod machine;
pub mod names;
pub mod part_plan;
pub mod progress;
pub mod reconcile;
pub mod retry;
pub mod spans;
pub mod states;
pub mod time;
pub mod units;
pub mod watch;
