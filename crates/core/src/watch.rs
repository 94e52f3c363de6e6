//! Watched folders: when a file of one goes, and why it does not.
//!
//! A file is seen, stands still for a while that grows with its size ([`settle`]), is held against the rules ([`names`],
//! [`Left`]) and against what went before ([`decide`]), and goes up once a version. After its proof its original may be moved or
//! thrown away ([`after`]). Files that arrive together make a group ([`group`]). Nothing in here looks at a disk or a clock: the
//! engine's watcher does, and carries out what is decided.

mod after;
mod decide;
mod group;
mod names;
mod settle;
mod words;

pub use after::{AfterFacts, AfterStep, after};
pub use decide::{Decision, Facts, Kind, Known, Writer, decide};
pub use group::{group_is_over, group_key, group_name};
pub use names::left_by_name;
pub use settle::{NEVER_STILL_MS, Stand, changed_lately, given_goes, settle_ms};
pub use words::{After, EntryState, GroupRule, Left, WatchMode, Why};
