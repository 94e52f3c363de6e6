//! Drives.

pub mod view;
