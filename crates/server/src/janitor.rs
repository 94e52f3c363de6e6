//! Cleans up what nobody will finish: by age, by reason, and only what this installation wrote.
//!
//! A run reads the facts from the ledger and the storages, decides by [`plan`] alone, and carries the steps out one by one;
//! a dry run ends after the plan. Each step looks again whether its fact still holds, in the transaction that changes it
//! and writes the audit row. Bytes are given up in a commit of their own before the first of them is deleted: whatever
//! dies in between, the next run finds them condemned and goes on. What carries our mark and no row knows is never
//! deleted: it is told, and an admin decides.

pub mod plan;
