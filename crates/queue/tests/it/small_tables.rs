//! small_tables
