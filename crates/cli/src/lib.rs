//! `windlass`: Windlass from a terminal.
//!
//! A command is read ([`args`]), finds the data folder ([`place`]) and becomes a [`session`]: with an engine of its own when
//! the folder is free, else by asking the program that has it. Then its [`verbs`] says the same to either. What it says
//! comes from [`output`] and [`show`]; how it ends is an [`exit::Exit`].
//!
//! A command ends by itself, or by a signal: its engine then stops in order, and nothing is lost. Killed in any other way, the
//! next command tells what waits.

pub mod args;
pub mod exit;
pub mod human;
