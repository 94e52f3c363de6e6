//! `windlass` as people and scripts meet it: the built program, in a data folder of its own.

mod computer;
mod doors;
mod help;
mod socket;
mod together;
mod upload;
