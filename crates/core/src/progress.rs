//! Rates and time left.
